"""An issuer of identity tokens that a test runs itself: keys and tokens by python3-cryptography, HTTPS by a CA of its own.

    i = Issuer(t)                       # listening; i.url is its name, i.ca the CA file
    token = i.token(sub="repo:acme/app:ref:refs/heads/main")

It also answers like the GitHub runner's address for tokens: GET /token?audience=… with `Authorization: bearer`.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import datetime
import hashlib
import hmac
import http.server
import ipaddress
import json
import ssl
import threading
import time
import urllib.parse

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.x509.oid import NameOID

from lib import jose

SUBJECT = "repo:acme/app:ref:refs/heads/main"
WORKFLOW = "acme/app/.github/workflows/deploy.yml@refs/heads/main"
REQUEST_TOKEN = "request-token-of-the-runner"


def number(n):
    return jose.b64(n.to_bytes((n.bit_length() + 7) // 8, "big"))


class Key:
    """A key pair of an issuer: kind is RSA, EC or OKP."""

    def __init__(self, kid, kind="RSA", bits=2048):
        self.kid, self.kind = kid, kind
        self.key = {"RSA": lambda: rsa.generate_private_key(65537, bits),
                    "EC": lambda: ec.generate_private_key(ec.SECP256R1()),
                    "OKP": ed25519.Ed25519PrivateKey.generate}[kind]()
        self.alg = {"RSA": "RS256", "EC": "ES256", "OKP": "EdDSA"}[kind]

    def jwk(self, **changes):
        public = self.key.public_key()
        if self.kind == "RSA":
            parts = {"n": number(public.public_numbers().n), "e": number(public.public_numbers().e)}
        elif self.kind == "EC":
            numbers = public.public_numbers()
            parts = {"crv": "P-256", "x": jose.b64(numbers.x.to_bytes(32, "big")),
                     "y": jose.b64(numbers.y.to_bytes(32, "big"))}
        else:
            parts = {"crv": "Ed25519", "x": jose.b64(public.public_bytes(serialization.Encoding.Raw,
                                                                         serialization.PublicFormat.Raw))}
        jwk = {"kty": self.kind, "kid": self.kid, "use": "sig", "alg": self.alg, **parts, **changes}
        return {k: v for k, v in jwk.items() if v is not None}

    def pem(self):
        return self.key.public_key().public_bytes(serialization.Encoding.PEM,
                                                  serialization.PublicFormat.SubjectPublicKeyInfo)

    def sign(self, data):
        if self.kind == "RSA":
            return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        if self.kind == "OKP":
            return self.key.sign(data)
        r, s = utils.decode_dss_signature(self.key.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def compact(header, payload, sign):
    """header and payload: dicts, or the exact bytes; sign: bytes to bytes."""
    parts = [x if isinstance(x, bytes) else json.dumps(x, separators=(",", ":")).encode() for x in (header, payload)]
    signed = ".".join(jose.b64(x) for x in parts)
    return signed + "." + jose.b64(sign(signed.encode()))


def hs256(secret):
    return lambda data: hmac.new(secret, data, hashlib.sha256).digest()


class Issuer:
    def __init__(self, t, name="issuer", listen=True, port=0):
        self.t, self.keys, self.fetches = t, [Key("rsa-1")], 0
        self.dir = t.tmp / name
        self.dir.mkdir()
        self.ca, self.certificate = self.dir / "ca.pem", self.dir / "server.pem"
        self._certificates()
        self.answer = None  # what /jwks says instead of the keys: (status, bytes)
        self.gate = None    # an Event that /jwks waits for
        self.given = []     # audiences asked for at /token
        self.server = None
        self.port = port
        if listen:
            self.listen()
        elif not port:
            with __import__("socket").socket() as s:
                s.bind(("127.0.0.1", 0))
                self.port = s.getsockname()[1]

    @property
    def url(self):
        return "https://127.0.0.1:%d" % self.port

    def _certificates(self):
        now = datetime.datetime.utcnow()
        ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "issuer's CA")])

        def builder(subject, public):
            return (x509.CertificateBuilder().subject_name(subject).issuer_name(ca_name).public_key(public)
                    .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(hours=1))
                    .not_valid_after(now + datetime.timedelta(days=1)))
        ca = builder(ca_name, ca_key.public_key()).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(ca_key, hashes.SHA256())
        leaf = builder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "issuer")]), key.public_key()).add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False).sign(
                ca_key, hashes.SHA256())
        self.ca.write_bytes(ca.public_bytes(serialization.Encoding.PEM))
        self.certificate.write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
            + leaf.public_bytes(serialization.Encoding.PEM))

    def listen(self):
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                url = urllib.parse.urlparse(self.path)
                if url.path == "/jwks":
                    issuer.fetches += 1
                    if issuer.gate:
                        issuer.gate.wait(30)
                    self.reply(*(issuer.answer or (200, issuer.jwks())))
                elif url.path == "/elsewhere":
                    self.send_response(302)
                    self.send_header("Location", "/jwks")
                    self.end_headers()
                elif url.path == "/token" and self.headers.get("Authorization") == "bearer " + REQUEST_TOKEN:
                    audience = urllib.parse.parse_qs(url.query)["audience"][0]
                    issuer.given.append(audience)
                    self.reply(200, json.dumps({"count": 1, "value": issuer.token(aud=audience)}).encode())
                else:
                    self.reply(401, b"{}")

            def reply(self, status, data):
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, address):
                pass  # who does not like our certificate

        self.server = Server(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_address[1]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.t.cleanups.append(self.server.shutdown)
        return self

    def jwks(self):
        return json.dumps({"keys": [k.jwk() for k in self.keys]}).encode()

    # ── tokens ─────────────────────────────────────────────────────────────────────────────────────────
    def claims(self, **changes):
        """As GitHub's; changes replace claims (None leaves one out)."""
        now = int(time.time())
        claims = {"jti": jose.uuid7(), "iss": self.url, "aud": "whosh", "sub": SUBJECT, "iat": now, "nbf": now - 10,
                  "exp": now + 300, "job_workflow_ref": WORKFLOW, "repository_owner_id": "123", "ref": "refs/heads/main"}
        claims.update(changes)
        return {k: v for k, v in claims.items() if v is not None}

    def token(self, key=None, header=None, payload=None, **changes):
        """A signed token; header replaces members of the header (None leaves one out)."""
        key = key or self.keys[0]
        head = {"typ": "JWT", "alg": key.alg, "kid": key.kid, **(header or {})}
        head = {k: v for k, v in head.items() if v is not None}
        return compact(head, self.claims(**changes) if payload is None else payload, key.sign)

    # ── the approver's side ────────────────────────────────────────────────────────────────────────────
    def rule(self, **changes):
        rule = {"agent": "ci", "subject": SUBJECT,
                "claims": {"job_workflow_ref": WORKFLOW, "repository_owner_id": "123"}, "expires": "1h", **changes}
        return {k: v for k, v in rule.items() if v is not None}

    def entry(self, a, url=True, rules=None, **changes):
        """What exchange.json says of this issuer; its files are put into the approver's folder."""
        entry = {"issuer": self.url, "audience": "whosh", "rules": rules or [self.rule()]}
        name = self.dir.name
        if url:
            (a.dir / (name + ".pem")).write_bytes(self.ca.read_bytes())
            entry.update(jwks_url=self.url + "/jwks", ca=name + ".pem")
        else:
            (a.dir / (name + ".jwks")).write_bytes(self.jwks())
            entry["jwks_file"] = name + ".jwks"
        entry.update(changes)
        return {k: v for k, v in entry.items() if v is not None}


def configure(a, *entries):
    """Write exchange.json."""
    (a.dir / "exchange.json").write_text(json.dumps({"version": 1, "issuers": list(entries)}))


def exchange(a, token, key=None, **more):
    """POST it with the public key of `key` (a jose.Token): (status, answer)."""
    key = key or jose.Token()
    body = {"token": token, "jwk": {"kty": "OKP", "crv": "Ed25519", "x": jose.b64(key.public)}, **more}
    status, headers, data = a.api("POST", "/v1/credentials/exchange", body, token=None)
    return status, json.loads(data)


def exchanged(t, a, token, key=None, **more):
    """The same, asked again while the issuer's keys are on their way, as the answer says."""
    def ask():
        status, answer = exchange(a, token, key, **more)
        return None if status == 503 else (status, answer)
    return t.eventually(ask, "the issuer's keys")
