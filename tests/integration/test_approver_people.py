"""What operators may do with the approver, and what they see."""
import json
import signal
import sqlite3
import time

from lib import jose
from lib.bare import POLICY, ask, audit, enrol, in_thread, jti, operator, outcome, permit_of, post, review


def test_roles(t):
    """A viewer could approve, a reviewer could enrol agents, anyone could read what agents run."""
    a = t.approver(policy=POLICY)
    tokens = {"viewer": operator(a, "v", "viewer"), "reviewer": operator(a, "r"), None: None, "wrong": "x" * 43}
    wanted = [
        ("GET", "/v1/agents", None, {"viewer": 200, "reviewer": 200, None: 401, "wrong": 401}),
        ("GET", "/v1/audit", None, {"viewer": 200, "reviewer": 200, None: 401, "wrong": 401}),
        ("GET", "/v1/reviews", None, {"viewer": 200, None: 401}),
        ("GET", "/v1/policy", None, {"viewer": 200, None: 401}),
        ("POST", "/v1/reviews/" + jose.uuid7(), {"verdict": "approve"}, {"viewer": 403, "reviewer": 404, None: 401}),
        ("POST", "/v1/agents", {"id": "x", "owner": "y"}, {"viewer": 403, "reviewer": 403, None: 401}),
        ("POST", "/v1/operators", {"name": "x", "role": "admin"}, {"viewer": 403, "reviewer": 403, None: 401}),
        ("PUT", "/v1/policy", POLICY, {"viewer": 403, "reviewer": 403, None: 401}),
        ("DELETE", "/v1/operators/v", None, {"viewer": 403, "reviewer": 403, None: 401}),
        ("GET", "/v1/events", None, {None: 401, "wrong": 401}),
    ]
    for method, path, body, answers in wanted:
        for who, status in answers.items():
            got, answer = ask(a, method, path, body, token=tokens[who])
            assert got == status, (method, path, who, got, answer)
    assert ask(a, "DELETE", "/v1/operators/v")[0] == 204
    assert ask(a, "GET", "/v1/agents", token=tokens["viewer"])[0] == 401, "a removed operator's token"
    a.restart()
    assert ask(a, "GET", "/v1/agents", token=tokens["viewer"])[0] == 401
    assert ask(a, "GET", "/v1/agents", token=tokens["reviewer"])[0] == 200
    raw = (a.dir / "whosh.db").read_bytes()
    assert tokens["reviewer"].encode() not in raw, "tokens are stored hashed"


def test_guessing_tokens_is_slowed_and_locks_nobody_out(t):
    """Guesses would fill the log, or a guesser could keep the administrators out."""
    a = t.approver(policy=POLICY)
    statuses = [ask(a, "GET", "/v1/agents", token="guess%d" % n)[0] for n in range(20)]
    assert statuses[0] == 401 and statuses[-1] == 429, statuses
    assert ask(a, "GET", "/v1/agents")[0] == 200


def test_policy_changes_whole_or_not_at_all(t):
    """A slip in an edited policy would leave half a policy, or none, in force."""
    a = t.approver(policy=POLICY)
    token = enrol(a)
    before = ask(a, "GET", "/healthz", token=None)[1]["policy_s256"]
    for bad in ("{", "{}", json.dumps({**POLICY, "surprise": 1}), json.dumps({"version": 1, "rules": [{"name": 1}]})):
        status, problem = ask(a, "PUT", "/v1/policy", bad)
        assert status == 400 and problem["detail"], problem
    assert ask(a, "GET", "/healthz", token=None)[1]["policy_s256"] == before
    assert post(a, token.command("ls"))[0] == 200
    closed = {"version": 1, "default": "deny", "rules": []}
    status, answer = ask(a, "PUT", "/v1/policy", json.dumps(closed))
    assert status == 200 and answer["policy_s256"] == jose.s256(json.dumps(closed)) and answer["rules"] == 0, answer
    jws = token.command("ls")
    assert permit_of(a, jws, post(a, jws)[1])["verdict"] == "denied"
    assert json.loads((a.dir / "policy.json").read_text()) == closed
    a.restart()
    assert ask(a, "GET", "/v1/policy")[1] == closed
    a.write_policy("{ not a policy")
    a.process.send_signal(signal.SIGHUP)
    t.read_line_matching(a.log, "policy refused")
    assert ask(a, "GET", "/v1/policy")[1] == closed
    a.write_policy(POLICY)
    a.process.send_signal(signal.SIGHUP)
    t.eventually(lambda: ask(a, "GET", "/v1/policy")[1] == POLICY, "the new policy")
    assert post(a, token.command("ls"))[0] == 200


def test_events_stream(t):
    """A reviewer's watch would miss lines that wait for him, also those that came while he was away."""
    a = t.approver(policy=POLICY)
    token = enrol(a)

    def stream(last=None):
        headers = {"Authorization": "Bearer " + (a.dir / "admin.token").read_text().strip()}
        if last:
            headers["Last-Event-ID"] = last
        c = a.connection(40)
        c.request("GET", "/v1/events", headers=headers)
        answer = c.getresponse()
        assert answer.status == 200 and answer.headers["Content-Type"] == "text/event-stream"
        return answer

    def next_event(answer):
        event = {}
        while True:
            line = answer.readline().decode()
            assert line, "the stream ended"
            if line == "\n" and event:
                return event
            if line[0] not in ":\n":
                name, _, value = line.rstrip("\n").partition(": ")
                event[name] = json.loads(value) if name == "data" else value
    first = stream()
    jws, plain = token.command("make"), token.command("ls")
    post(a, jws)
    event = next_event(first)
    assert event["event"] == "review" and event["data"]["id"] == jti(jws) and event["data"]["expires"], event
    post(a, plain)
    event = next_event(first)
    assert event["event"] == "decided" and event["data"]["id"] == jti(plain), event
    last = event["id"]
    first.close()
    outcome(a, token, plain)
    review(a, jws, "deny", "no")
    again = stream(last)
    assert next_event(again)["event"] == "outcome"
    event = next_event(again)
    assert event["event"] == "decided" and event["data"]["verdict"] == "denied", event
    ended = in_thread(again.read)
    assert a.stop() == 0
    ended.result(10)


def test_events_stream_of_a_removed_operator(t):
    """Someone who has left would go on reading every agent's lines for as long as the connection stood."""
    a = t.approver(policy=POLICY)
    token = enrol(a)
    c = a.connection(40)
    c.request("GET", "/v1/events", headers={"Authorization": "Bearer " + operator(a, "victor", "viewer")})
    stream = c.getresponse()
    assert stream.status == 200
    assert post(a, token.command("ls before"))[0] == 200
    while "ls before" not in (line := stream.readline().decode()):
        assert line, "the stream ended too early"
    assert ask(a, "DELETE", "/v1/operators/victor")[0] == 204
    assert post(a, token.command("ls after"))[0] == 200
    while line := stream.readline().decode():
        assert "ls after" not in line, line


def test_one_name_given_twice_at_once(t):
    """Two administrators would each be told that theirs was made, and one had a dead token or an agent of another's."""
    a = t.approver(policy=POLICY)
    hold = sqlite3.connect(a.dir / "whosh.db", isolation_level=None)
    ask(a, "GET", "/v1/agents")
    hold.execute("BEGIN IMMEDIATE")  # what comes meanwhile is one group
    first = in_thread(lambda: ask(a, "POST", "/v1/agents", {"id": "first", "owner": "o"}))
    time.sleep(0.3)
    agents = [in_thread(lambda o=o: ask(a, "POST", "/v1/agents", {"id": "x", "owner": o})) for o in ("alice", "bob")]
    people = [in_thread(lambda: ask(a, "POST", "/v1/operators", {"name": "p", "role": "viewer"})) for _ in range(2)]
    time.sleep(0.5)
    hold.execute("ROLLBACK")
    hold.close()
    assert first.result(30)[0] == 201
    for both in (agents, people):
        assert sorted(x.result(30)[0] for x in both) == [201, 409], [x.result() for x in both]
    token = [x.result()[1]["token"] for x in people if x.result()[0] == 201][0]
    assert ask(a, "GET", "/v1/agents", token=token)[0] == 200
    owner = [x.result()[1]["owner"] for x in agents if x.result()[0] == 201][0]
    a.restart()
    assert ask(a, "GET", "/v1/agents/x")[1]["owner"] == owner
