"""The approver's bare protocol, spoken without our own clients: for tests of what it believes, answers and records.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import concurrent.futures
import json
import os
import socket
import time

from lib import jose

POLICY = {"version": 1, "default": "review", "rules": [
    {"name": "reads", "verdict": "approve", "commands": [["ls", "**"], ["true"]]},
    {"name": "no-rm", "verdict": "deny", "commands": [["rm", "**"]]},
    {"name": "two", "verdict": "review", "commands": [["deploy", "**"]],
     "reviewers": {"count": 2, "not_in_chain": True}}]}


def serve(t, policy=POLICY, **settings):
    """An approver with lines of server.conf of the test's own."""
    a = t.approver(policy=policy, start=False)
    with open(a.dir / "server.conf", "a") as f:
        for key, value in settings.items():
            f.write("%s = %s\n" % (key, value))
    return a.start()


def ask(a, method, path, body=None, token="admin", connection=None, timeout=40):
    """(status, JSON or text) of one request; over `connection` when it is given."""
    if connection is None:
        status, _, data = a.api(method, path, body, token=token, timeout=timeout)
    else:
        connection.request(method, path, body=json.dumps(body) if isinstance(body, dict) else body)
        answer = connection.getresponse()
        status, data = answer.status, answer.read()
    try:
        return status, json.loads(data)
    except ValueError:
        return status, data.decode("utf-8", "replace")


def enrol(a, name="worker", owner="alice", expires_s=3600, new=True):
    """An agent with a key made here (not new: one that replaces the agent's last); the token to sign with."""
    token = jose.Token()
    if new:
        assert ask(a, "POST", "/v1/agents", {"id": name, "owner": owner})[0] == 201
    status, row = ask(a, "POST", "/v1/credentials", {
        **({} if new else {"replaces": "current"}), "agent": name, "expires_s": expires_s, "jwk": {"kty": "OKP", "crv": "Ed25519", "x": jose.b64(token.public)}})
    assert status == 201, row
    token.data = {"aud": row["aud"], "sub": name, "credential": row["id"]}
    return token


def post(a, jws, **kw):
    return ask(a, "POST", "/v1/commands", jws, token=None, **kw)


def post_named(a, jws, credential):
    """The same with the header that says whose signature it is."""
    status, _, data = a.api("POST", "/v1/commands", jws, token=None, headers={"Whosh-Credential": credential})
    return status, data.decode()


def jti(jws):
    return jose.claims(jws)["jti"]


def ref(jws):
    return jti(jws) + ":" + jws[-16:]


def live(a, pending=(), running=(), wait_s=25, **kw):
    body = {"pending": [ref(x) for x in pending], "running": [ref(x) for x in running], "wait_s": wait_s}
    status, answer = ask(a, "POST", "/v1/live", body, token=None, **kw)
    assert status == 200, answer
    return answer


def withdraw(a, jws):
    return ask(a, "DELETE", "/v1/commands/%s?tail=%s" % (jti(jws), jws[-16:]), token=None)


def outcome(a, token, jws, signer=None, **changes):
    now = int(time.time())
    claims = {"jti": jose.uuid7(), "iat": now, "aud": token.data["aud"], "sub": token.data["sub"], "command": jti(jws),
              "command_s256": jose.s256(jws), "outcome": "exited", "exit": 0, "started": now * 1000,
              "ended": now * 1000 + 7}
    claims.update(changes)
    return ask(a, "POST", "/v1/commands/%s/outcome" % jti(jws),
               (signer or token).sign("whosh-outcome+jwt", claims), token=None)


def audit(a, jws):
    status, record = ask(a, "GET", "/v1/audit/" + jti(jws))
    assert status == 200, record
    return record


def permit_of(a, jws, text):
    """The permit's claims, verified with the approver's public key; it must be for these bytes."""
    public = jose.unb64((a.dir / "approver.pub").read_text().strip())
    claims = jose.verify(text, public)
    assert claims["id"] == jti(jws) and claims["command_s256"] == jose.s256(jws), claims
    return claims


def review(a, jws, verdict, reason=None, token="admin"):
    body = {"verdict": verdict}
    if reason:
        body["reason"] = reason
    return ask(a, "POST", "/v1/reviews/" + jti(jws), body, token=token)


def operator(a, name, role="reviewer"):
    status, row = ask(a, "POST", "/v1/operators", {"name": name, "role": role})
    assert status == 201, row
    return row["token"]


def open_poll(a, context, commands, wait_s=30):
    """A live poll that a broker has opened and nobody has answered; its socket."""
    s = context.wrap_socket(socket.create_connection(("127.0.0.1", a.port)), server_hostname="localhost")
    body = json.dumps({"pending": [ref(x) for x in commands], "running": [], "wait_s": wait_s})
    s.sendall(("POST /v1/live HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body).encode())
    return s


def queued(a, token, count):
    """That many commands, each waiting for a reviewer."""
    commands = [token.command("make %d" % k) for k in range(count)]
    connection = a.connection()
    for jws in commands:
        status, answer = post(a, jws, connection=connection)
        assert status == 202, answer
    return commands


def cpu_ms(pid):
    """The processor time that a process has used, milliseconds (in steps of a clock tick)."""
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 // os.sysconf("SC_CLK_TCK")


def resident_kb(a):
    return int([x for x in open("/proc/%d/status" % a.process.pid) if x.startswith("VmRSS")][0].split()[1])


def in_thread(fn):
    """Run fn at once beside us; the result by .result()."""
    pool = concurrent.futures.ThreadPoolExecutor(1)
    future = pool.submit(fn)
    pool.shutdown(wait=False)
    return future


def polls_open(a, n):
    return ("whosh_polls %d\n" % n) in ask(a, "GET", "/metrics", token=None)[1]
