"""Principal chains made without our own code, hop by hop, rightly or (for tests of what is refused) wrongly.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import time

from lib import jose
from lib.bare import ask


def parent_hash(hop):
    """What a child's par_hash must be: SHA-256 of the parent's header.payload."""
    return jose.s256(hop.rpartition(".")[0])


def jwk(token):
    return {"kty": "OKP", "crv": "Ed25519", "x": jose.b64(token.public)}


def claims(a, issuer, to, to_key, parent=None, human="admin", **changes):
    """The claims of a hop as a right one has them; changes replace them (None leaves one out)."""
    now = int(time.time())
    depth = 0
    exp = now + 600
    if parent is not None:
        before = jose.claims(parent.split("~")[-1])
        depth, exp, human = before["depth"] + 1, min(exp, before["exp"]), before["sub"]
    result = {"jti": jose.uuid7(), "iss": issuer, "sub": human, "aud": aud(a), "iat": now, "exp": exp,
              "act": {"sub": to}, "cnf": {"jwk": jwk(to_key)}, "task": "do it", "depth": depth, "max_depth": 7}
    if parent is not None:
        result["par_hash"] = parent_hash(parent.split("~")[-1])
    for name, value in changes.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = value
    return result


def aud(a):
    return ask(a, "GET", "/healthz", token=None)[1]["name"]


def start(a, to, task="release 4.2", operator="admin", **more):
    """Hop 0, as the approver attests it for a signed-in person."""
    status, answer = ask(a, "POST", "/v1/delegations/start", {"to": to, "task": task, **more}, token=operator)
    assert status == 201, answer
    return answer["chain"]


def log(a, hop):
    """Have a hop logged: (status, answer)."""
    return ask(a, "POST", "/v1/delegations", hop, token=None)


def add(a, chain, signer, issuer, to, to_key, **changes):
    """The chain with one more hop, signed by `signer` and logged."""
    hop = signer.sign("whosh-hop+jwt", claims(a, issuer, to, to_key, chain, **changes))
    status, answer = log(a, hop)
    assert status == 201, answer
    return chain + "~" + hop
