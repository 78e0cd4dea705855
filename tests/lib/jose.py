"""JOSE made by an independent implementation (python3-cryptography), to speak the protocol without our code.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import base64
import hashlib
import json
import os
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def s256(data):
    return b64(hashlib.sha256(data if isinstance(data, bytes) else data.encode()).digest())


def uuid7():
    ms = int(time.time() * 1000).to_bytes(6, "big")
    rest = bytearray(os.urandom(10))
    rest[0] = 0x70 | rest[0] & 0x0F
    rest[2] = 0x80 | rest[2] & 0x3F
    h = (ms + bytes(rest)).hex()
    return "-".join((h[:8], h[8:12], h[12:16], h[16:20], h[20:]))


class Token:
    """The parts of a token file (or an approver's key file)."""

    def __init__(self, path=None):
        if path is None:
            self.key = Ed25519PrivateKey.generate()
            self.data = {}
            return
        self.data = json.loads(open(path).read())
        jwk = self.data.get("jwk", self.data)
        self.key = Ed25519PrivateKey.from_private_bytes(unb64(jwk["d"]))

    @property
    def public(self):
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
        return self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def sign(self, typ, claims, header=None):
        header = header if header is not None else '{"alg":"Ed25519","typ":"%s"}' % typ
        payload = claims if isinstance(claims, (bytes, str)) else json.dumps(claims, separators=(",", ":"))
        payload = payload.encode() if isinstance(payload, str) else payload
        signed = b64(header.encode()) + "." + b64(payload)
        return signed + "." + b64(self.key.sign(signed.encode()))

    def command(self, line="true", **changes):
        """A command JWS as a broker makes it; changes replace claims (None leaves one out)."""
        now = int(time.time())
        claims = {"jti": uuid7(), "iat": now, "exp": now + 600, "aud": self.data["aud"], "sub": self.data["sub"],
                  "sid": uuid7(), "command": {"mode": "command", "line": line, "argv": [], "cwd": "/", "user": "u",
                                              "uid": 1000, "host": "h", "interpreter": "/bin/bash"}}
        for name, value in changes.items():
            if value is None:
                claims.pop(name, None)
            else:
                claims[name] = value
        return self.sign("whosh-command+jwt", claims)


def claims(jws):
    return json.loads(unb64(jws.split(".")[1]))


def verify(jws, public):
    """Raises InvalidSignature unless `public` (32 bytes) signed it; the claims."""
    signed, _, signature = jws.rpartition(".")
    Ed25519PublicKey.from_public_bytes(public).verify(unb64(signature), signed.encode())
    return claims(jws)
