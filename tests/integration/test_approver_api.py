"""The approver decides: what it believes, what it answers, what it records."""
import base64
import json
import time

from lib import jose
from lib.bare import POLICY, ask, audit, enrol, in_thread, jti, outcome, permit_of, post


def test_approved_denied_and_pending_are_recorded(t):
    """Nobody could say afterwards what was decided, by which rule and for whom."""
    a = t.approver(policy=POLICY)
    token = enrol(a)
    for line, status, verdict in (("ls -l", 200, "approved"), ("rm -rf /", 200, "denied"), ("make", 202, None)):
        jws = token.command(line, model="anthropic/claude@4", task="tidy up")
        got, answer = post(a, jws)
        assert got == status, answer
        record = audit(a, jws)
        assert record["line"] == line and record["verdict"] == verdict and record["human"] == "alice", record
        assert record["agent"] == "worker" and record["task"] == "tidy up", record
        assert record["attributes"]["agent"]["grade"] == "proven", record
        assert record["attributes"]["model"]["grade"] == "claimed", record
        assert record["command_jws"] == jws
        if verdict:
            permit = permit_of(a, jws, answer)
            assert permit["verdict"] == verdict and permit["cause"] == "policy", permit
            assert permit["log_index"] == record["log_index"] and record["permit_jws"] == answer, record
        else:
            assert answer["state"] == "pending" and record["state"] == "pending", answer


def test_the_same_request_again_gets_the_same_answer(t):
    """A broker that retries after a lost answer would have its line decided, numbered and logged twice."""
    a = t.approver(policy=POLICY)
    token = enrol(a)
    jws = token.command("ls")
    first = post(a, jws)
    size = ask(a, "GET", "/healthz", token=None)[1]["log_size"]
    assert post(a, jws) == first
    assert outcome(a, token, jws) == (204, "")
    assert post(a, jws) == first  # also when it has ended
    a.restart()
    assert post(a, jws) == first
    waiting = token.command("make")
    assert post(a, waiting)[0] == 202 and post(a, waiting)[0] == 202
    assert len(ask(a, "GET", "/v1/audit")[1]["commands"]) == 2
    assert ask(a, "GET", "/healthz", token=None)[1]["log_size"] > size


def test_one_request_posted_many_times_at_once(t):
    """Racing retries of one line must become one command with one number."""
    a = t.approver(policy=POLICY)
    token = enrol(a)
    jws = token.command("ls")
    futures = [in_thread(lambda: post(a, jws)) for _ in range(16)]
    answers = [f.result() for f in futures]
    assert answers[0][0] == 200 and answers == [answers[0]] * 16, answers
    assert audit(a, jws)["seq"] == 1 and len(ask(a, "GET", "/v1/audit")[1]["commands"]) == 1


def test_another_command_under_a_used_id(t):
    """A permit's ID could be made to stand for another line."""
    a = t.approver(policy=POLICY)
    token = enrol(a)
    used = jose.uuid7()
    assert post(a, token.command("ls", jti=used))[0] == 200
    status, problem = post(a, token.command("rm x", jti=used))
    assert status == 409 and problem["type"] == "urn:whosh:problem:replay", problem
    waiting = jose.uuid7()
    assert post(a, token.command("make", jti=waiting))[0] == 202
    assert post(a, token.command("make all", jti=waiting))[0] == 409


def test_identity_is_checked(t):
    """Someone without an enrolled, current key of that very agent could have commands approved in its name."""
    a = t.approver(policy=POLICY)
    token, other = enrol(a), enrol(a, "other")
    now = int(time.time())
    forged = jose.Token()
    forged.data = token.data
    short = enrol(a, "short", expires_s=1)
    sid = jose.uuid7()
    assert post(a, token.command("ls", sid=sid))[0] == 200
    cases = [
        ("no such agent", token.command("ls", sub="nobody"), 401),
        ("another agent's name", token.command("ls", sub="other"), 401),
        ("a key that is not enrolled", forged.command("ls"), 401),
        ("for another approver", token.command("ls", aud="whoshd:elsewhere"), 401),
        ("dated ahead", token.command("ls", iat=now + 600, exp=now + 700), 401),
        ("expired", token.command("ls", iat=now - 900, exp=now - 300), 401),
        ("a session of another key", other.command("ls", sid=sid), 401),
        ("a chain that was never logged", token.command("ls", chain="e30.e30.e30"), 401),
    ]
    for what, jws, status in cases:
        got, problem = post(a, jws)
        assert got == status and problem["status"] == status, (what, problem)
    t.eventually(lambda: post(a, short.command("ls"))[0] == 401, "the credential to expire")
    jws = token.command("ls")
    tampered = jws[:-2] + ("AA" if jws[-2:] != "AA" else "BA")
    assert post(a, tampered)[0] in (400, 401)
    assert len(ask(a, "GET", "/v1/audit?agent=worker")[1]["commands"]) == 1


def test_revoked_and_disabled(t):
    """A lost key would keep working after it was taken away."""
    a = t.approver(policy=POLICY)
    token = enrol(a)
    second = enrol(a, new=False)
    running = token.command("ls")
    assert post(a, running)[0] == 200
    assert ask(a, "DELETE", "/v1/credentials/" + token.data["credential"])[0] == 204
    status, problem = post(a, token.command("ls"))
    assert status == 403 and "revoked" in problem["detail"], problem
    assert outcome(a, token, running) == (204, ""), "what ran must be recorded, its key revoked or not"
    assert post(a, second.command("ls"))[0] == 200, "the agent's other key is as good as before"
    a.restart()
    assert post(a, token.command("ls"))[0] == 403
    assert ask(a, "POST", "/v1/agents/worker/disable")[0] == 204
    assert post(a, second.command("ls"))[0] == 403


def test_malformed_requests(t):
    """Two readers of one signed text could understand different things; or the approver could be brought down."""
    a = t.approver(policy=POLICY)
    token = enrol(a)
    good = {"mode": "command", "line": "ls", "cwd": "/", "user": "u", "host": "h"}
    text = jose.claims(token.command("ls"))
    sign = lambda x: token.sign("whosh-command+jwt", x)  # noqa: E731
    flat = json.dumps(text)
    bad = [
        b"", b"x", b"a.b.c", b"\x00" * 100, "." * 1000, token.command("ls") + ".", token.command("ls") + "\n",
        token.sign("whosh-permit+jwt", flat), token.sign("", flat, header='{"alg":"none","typ":"whosh-command+jwt"}'),
        sign(flat[:-1]), sign(flat + " x"), sign("[]"), sign("{}"), sign('{"jti":"a",' + flat[1:]),
        sign(json.dumps({**text, "surprise": 1})), sign(json.dumps({**text, "jti": "1"})),
        sign(json.dumps({**text, "iat": "1"})), sign(json.dumps({**text, "iat": 1.5})),
        sign(json.dumps({**text, "exp": text["iat"] + 10 ** 6})),
        sign(json.dumps({**text, "command": {**good, "line": "a\u0000b"}})),
        sign(json.dumps({**text, "command": {**good, "line_b64": "bHM="}})),
        sign(json.dumps({**text, "command": {**good, "line": None}})),
        sign(json.dumps({**text, "command": {**good, "mode": "other"}})),
        sign(json.dumps({**text, "command": {**good, "argv": [1]}})),
        sign(json.dumps({**text, "task": "\ud800"})),
        sign('{"a":' * 100 + "1" + "}" * 100), sign(json.dumps(text).encode() [:-1] + b',"task":"\xff"}'),
    ]
    for body in bad:
        status, problem = ask(a, "POST", "/v1/commands", body, token=None)
        assert status == 400, (body[:80], status, problem)
    status, problem = ask(a, "POST", "/v1/commands", b"a" * (3 << 20), token=None)
    assert status == 413 and problem["type"] == "urn:whosh:problem:too-large", problem
    assert ask(a, "GET", "/v1/audit")[1]["commands"] == []
    assert post(a, token.command("ls"))[0] == 200


def test_line_that_is_not_utf8(t):
    """Bytes that a reviewer cannot see as they are must still be recorded exactly, and shown harmlessly."""
    a = t.approver(policy=POLICY)
    token = enrol(a)
    raw = b"ls \xff\xfe \x1b[2J"
    command = {"mode": "command", "line_b64": base64.b64encode(raw).decode(), "cwd": "/", "user": "u", "host": "h"}
    jws = token.command(command=command)
    assert post(a, jws)[0] in (200, 202)
    record = audit(a, jws)
    assert base64.b64decode(record["line_b64"]) == raw and "\x1b" not in record["line"], record
