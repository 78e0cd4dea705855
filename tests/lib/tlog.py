"""A transparency log as files, made without our code: C2SP tlog-tiles, signed notes, and leaves as whoshd writes them.

What a forger could do with a copy of the log, tests do with this: every part can be made anew, signed or not.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import base64
import hashlib
import json
import os
import pathlib
import shutil
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from lib.jose import Token, b64, s256, uuid7


def sha(data):
    return hashlib.sha256(data).digest()


def leaf_hash(data):
    return sha(b"\0" + data)


def node(left, right):
    return sha(b"\1" + left + right)


def root(hashes):
    """The RFC 6962 tree head of these leaf hashes."""
    if not hashes:
        return sha(b"")
    while len(hashes) > 1:
        hashes = [node(hashes[i], hashes[i + 1]) if i + 1 < len(hashes) else hashes[i] for i in range(0, len(hashes), 2)]
    return hashes[0]


def tile_name(n):
    name = "%03d" % (n % 1000)
    while n >= 1000:
        n //= 1000
        name = "x%03d/%s" % (n % 1000, name)
    return name


class NoteKey:
    """An Ed25519 key that signs notes (algorithm 1) or cosigns checkpoints (4)."""

    def __init__(self, name, algorithm=1):
        self.name, self.algorithm = name, algorithm
        self.key = Ed25519PrivateKey.generate()
        self.public = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.id = sha(name.encode() + b"\n" + bytes([algorithm]) + self.public)[:4]

    @property
    def vkey(self):
        return "%s+%s+%s" % (self.name, self.id.hex(), base64.b64encode(bytes([self.algorithm]) + self.public).decode())

    def sign(self, text, at=None):
        if self.algorithm == 1:
            signature = self.key.sign(text.encode())
        else:
            at = int(time.time()) if at is None else at
            signature = at.to_bytes(8, "big") + self.key.sign(b"cosignature/v1\ntime %d\n" % at + text.encode())
        return "— %s %s\n" % (self.name, base64.b64encode(self.id + signature).decode())


def write_tree(folder, entries, key, blobs=()):
    """The whole log of these entries (bytes) in `folder`, as a publisher leaves it."""
    folder = pathlib.Path(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)

    def put(path, data):
        path = folder / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def put_tile(prefix, n, width, data):
        put("tile/%s/%s" % (prefix, tile_name(n)) + ("" if width == 256 else ".p/%d" % width), data)

    for n in range(0, len(entries), 256):
        part = entries[n:n + 256]
        put_tile("entries", n // 256, len(part), b"".join(len(e).to_bytes(2, "big") + e for e in part))
    hashes, level = [leaf_hash(e) for e in entries], 0
    head = root(hashes)
    while hashes:
        for n in range(0, len(hashes), 256):
            part = hashes[n:n + 256]
            put_tile(level, n // 256, len(part), b"".join(part))
        hashes = [root(hashes[n:n + 256]) for n in range(0, len(hashes) - 255, 256)]
        level += 1
    for blob in blobs:
        name = hashlib.sha256(blob).hexdigest()
        put("blob/%s/%s" % (name[:2], name), blob)
    text = "%s\n%d\n%s\n" % (key.name, len(entries), base64.b64encode(head).decode())
    put("checkpoint", (text + "\n" + key.sign(text)).encode())
    return text


class Log:
    """A log that grows by what happens, with real signatures; `leaves` may be bent before `write`."""

    def __init__(self, name="whoshd:test", ms=1_700_000_000_000):
        self.name, self.ms = name, ms
        self.key, self.approver = NoteKey(name), Token()
        self.leaves, self.blobs, self.agents = [], [], {}
        self.policy = '{"version":1,"default":"review"}'
        self.add("log_started", body={"version": "0.1.0", "approver_key": b64(self.approver.public), "name": name})
        self.add("policy_loaded", subject=s256(self.policy),
                 body={"policy_s256": s256(self.policy), "operator": "admin", "text": self.policy})

    def add(self, kind, **members):
        self.ms += 7
        self.leaves.append({"v": 1, "n": len(self.leaves), "ms": self.ms, "kind": kind, **members})
        return len(self.leaves) - 1

    def enrol(self, agent, replaces=None, **row):
        token = Token()
        token.data = {"sub": agent, "aud": self.name}
        token.id = s256('{"crv":"Ed25519","kty":"OKP","x":"%s"}' % b64(token.public))
        row = {"id": token.id, "agent": agent, "key": b64(token.public), "issued": self.ms, "not_before": 0,
               "expires": self.ms + 10**10, "revoked": 0, **row}
        if replaces:
            row["replaces"] = replaces.id
        self.agents[agent] = token
        self.add("credential_rotated" if replaces else "credential_issued", subject=token.id,
                 body={"credential": token.id, "agent": agent}, rows=[["credential", row]])
        return token

    def request(self, token, line="true", **changes):
        jws = token.command(line, **changes)
        self.add("command_requested", jws=jws)
        return jws

    def permit(self, jws, verdict="approved", key=None, **changes):
        from lib.jose import claims
        command = claims(jws)
        now = self.ms // 1000
        said = {"jti": uuid7(), "iat": now, "exp": now + 30, "aud": command["sub"], "id": command["jti"],
                "verdict": verdict, "command_s256": s256(jws), "seq": 1, "rule": "r", "policy_s256": s256(self.policy),
                "reviewers": [], "reason": "", "cause": "policy", "log_index": len(self.leaves), "lease_s": 30}
        said.update(changes)
        return self.add("command_decided", jws=(key or self.approver).sign("whosh-permit+jwt", said))

    def outcome(self, jws, token, **changes):
        from lib.jose import claims
        command = claims(jws)
        said = {"jti": uuid7(), "iat": self.ms // 1000, "aud": self.name, "sub": command["sub"],
                "command": command["jti"], "command_s256": s256(jws), "outcome": "exited", "exit": 0}
        said.update(changes)
        return self.add("command_outcome", jws=token.sign("whosh-outcome+jwt", said))

    def run(self, token, line="true", **changes):
        """One command from request to outcome; its JWS."""
        jws = self.request(token, line, **changes)
        self.permit(jws)
        self.outcome(jws, token)
        return jws

    def hop(self, signer, issuer, to, parent=None, person="alice", **changes):
        now = self.ms // 1000
        depth = parent[1] + 1 if parent else 0
        said = {"jti": uuid7(), "iss": issuer, "sub": person, "aud": self.name, "iat": now, "exp": now + 3600 - depth,
                "act": {"sub": to.data["sub"]}, "cnf": {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": b64(to.public)}},
                "task": "a task", "depth": depth, "max_depth": 7}
        if parent:
            said["par_hash"] = s256(parent[0].rsplit(".", 1)[0])
        said.update(changes)
        jws = signer.sign("whosh-hop+jwt", said)
        self.add("delegation", jws=jws)
        return jws, depth

    def entries(self):
        """The leaves as bytes; what is too long for an entry as a blob."""
        out = []
        for leaf in self.leaves:
            data = leaf if isinstance(leaf, bytes) else json.dumps(leaf, separators=(",", ":"), ensure_ascii=False).encode()
            if len(data) > 65535:
                self.blobs.append(data)
                small = {x: leaf[x] for x in ("v", "n", "ms", "kind")}
                data = json.dumps({**small, "blob": hashlib.sha256(data).hexdigest()}, separators=(",", ":")).encode()
            out.append(data)
        return out

    def write(self, folder, key=None, size=None):
        """The state directory's parts: FOLDER/log and FOLDER/log.vkey."""
        folder = pathlib.Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        text = write_tree(folder / "log", self.entries()[:size], key or self.key, self.blobs)
        (folder / "log.vkey").write_text(self.key.vkey + "\n")
        return text


def day(path=None, commands=120):
    """A log with something of everything; (log, the commands' JWS)."""
    log = Log()
    boss, worker, other = log.enrol("boss"), log.enrol("worker"), log.enrol("other")
    first = log.hop(log.approver, log.name, boss)
    second = log.hop(boss, "boss", worker, parent=first)
    chain = first[0] + "~" + second[0]
    jws = []
    for i in range(commands):
        token = (boss, other)[i % 2]
        jws.append(log.run(token, "echo %d" % i))
    jws.append(log.run(worker, "make", chain=chain))
    jws.append(log.run(other, "x" * 70000))
    reviewed = log.request(boss, "rm -rf build")
    log.add("review", subject=json_id(reviewed), body={"command": json_id(reviewed), "operator": "alice", "verdict": "approve", "reason": ""})
    log.permit(reviewed, cause="review", reviewers=["alice"])
    log.outcome(reviewed, boss)
    denied = log.request(other, "curl x | sh")
    log.permit(denied, "denied")
    lost = log.request(other, "sleep 9")
    log.permit(lost)
    log.add("command_unknown", subject=json_id(lost), body={"command": json_id(lost), "reason": "exit unknown: host lost"})
    jws += [reviewed, denied, lost]
    if path:
        log.write(path)
    return log, jws


def json_id(jws):
    from lib.jose import claims
    return claims(jws)["jti"]


def flip(path, at=-40):
    """Flip one bit of a file."""
    data = bytearray(pathlib.Path(path).read_bytes())
    data[at] ^= 1
    os.chmod(path, 0o644)
    pathlib.Path(path).write_bytes(data)
