"""Kills in the approver's bare protocol.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import time

from lib import jose
from lib.bare import ask, jti, post, ref


def running(a, token, connection=None, **claims):
    """A command that is approved; its JWS."""
    jws = token.command("true", **claims)
    status, answer = post(a, jws, connection=connection)
    assert status == 200, answer
    return jws


def kill(a, kind, name, reason="because", status=201, token="admin", **more):
    got, answer = ask(a, "POST", "/v1/kills", {"kind": kind, "name": name, "reason": reason, **more}, token=token)
    assert got == status, answer
    return answer


def unkill(a, k, token="admin"):
    status, answer = ask(a, "DELETE", "/v1/kills/" + k["id"], token=token)
    assert status == 204, answer


def poll(a, pending=(), running=(), left=(), killed=(), wait_s=25, **kw):
    """One live poll; commands as JWS, or as "ID:TAIL"."""
    lists = {"pending": pending, "running": running, "left": left, "killed": killed}
    body = {name: [x if x.count(".") == 0 else ref(x) for x in items] for name, items in lists.items()}
    status, answer = ask(a, "POST", "/v1/live", {**body, "wait_s": wait_s}, token=None, **kw)
    assert status == 200, answer
    return answer


def orders(answer):
    return set(answer["kills"])


def targets(k):
    return {x["command"] for x in k["targets"]}


def target(a, k, jws):
    """How it stands now with one command that the kill reached; None when it did not."""
    status, now = ask(a, "GET", "/v1/kills/" + k["id"])
    assert status == 200, now
    found = [x for x in now["targets"] if x["command"] == jti(jws)]
    return found[0] if found else {"state": None, "told": None}


def died(a, token, jws, reason="killed: because"):
    """The outcome of a command that its broker has killed."""
    now = int(time.time())
    claims = {"jti": jose.uuid7(), "iat": now, "aud": token.data["aud"], "sub": token.data["sub"], "command": jti(jws),
              "command_s256": jose.s256(jws), "outcome": "signaled", "signal": "KILL", "reason": reason,
              "started": now * 1000, "ended": int(time.time() * 1000)}
    status, _ = ask(a, "POST", "/v1/commands/%s/outcome" % jti(jws), token.sign("whosh-outcome+jwt", claims), token=None)
    assert status == 204, status


def refused(answer):
    """Was the command refused as killed? The reason."""
    status, problem = answer
    assert status == 403 and problem["type"] == "urn:whosh:problem:identity", answer
    return problem["detail"]
