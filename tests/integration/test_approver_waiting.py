"""Commands that wait for a person, hosts that wait for news, and hosts that fall silent."""
import json
import socket
import sqlite3
import ssl
import struct
import time

from lib import jose
from lib.bare import (POLICY, ask, audit, enrol, in_thread, jti, live, open_poll, operator, outcome,
                      permit_of, polls_open, post, ref, review, serve,
                      withdraw)


def test_review_wakes_the_poll(t):
    """An agent would wait long after its line was approved: the permit must reach its host at once."""
    a = t.approver(policy=POLICY)
    token = enrol(a)
    jws = token.command("make")
    assert post(a, jws)[0] == 202
    pending = ask(a, "GET", "/v1/reviews")[1]["reviews"]
    assert [x["id"] for x in pending] == [jti(jws)] and pending[0]["explanation"]["verdict"] == "review", pending
    poll = in_thread(lambda: (live(a, [jws]), time.monotonic()))
    t.eventually(lambda: polls_open(a, 1), "the poll to wait")
    assert review(a, jws, "deny")[0] == 400, "a denial needs a reason"
    status, answer = review(a, jws, "approve")
    began = time.monotonic()
    assert status == 200 and answer == {"state": "approved", "approved_by": ["admin"]}, answer
    answer, woken = poll.result(30)
    assert woken - began < 1, woken - began
    permit = permit_of(a, jws, answer["permits"][jti(jws)])
    assert permit["verdict"] == "approved" and permit["cause"] == "review" and permit["reviewers"] == ["admin"], permit
    status, problem = review(a, jws, "deny", "too late")
    assert status == 409 and "admin" in problem["detail"], problem
    assert live(a, [jws])["permits"], "a poll that comes later finds it too"


def test_two_reviewers_and_not_of_the_chain(t):
    """One person alone, or the one whose agent it is, could let a line pass that needs two others."""
    a = t.approver(policy=POLICY)
    token = enrol(a, owner="alice")
    alice, bob, carol = operator(a, "alice"), operator(a, "bob"), operator(a, "carol")
    viewer = operator(a, "victor", "viewer")
    jws = token.command("deploy prod")
    assert post(a, jws)[1]["reviewers"] == {"count": 2, "not_in_chain": True}
    assert review(a, jws, "approve", token=viewer)[0] == 403
    assert review(a, jws, "approve", token=alice)[0] == 403
    assert review(a, jws, "approve", token=bob)[1] == {"state": "pending", "approved_by": ["bob"]}
    assert review(a, jws, "approve", token=bob)[1]["state"] == "pending", "the same person twice is one"
    a.restart()
    assert ask(a, "GET", "/v1/reviews")[1]["reviews"][0]["approved_by"] == ["bob"]
    assert review(a, jws, "approve", token=carol)[1] == {"state": "approved", "approved_by": ["bob", "carol"]}
    assert audit(a, jws)["reviewers"] == ["bob", "carol"]
    second = token.command("deploy prod")
    post(a, second)
    assert review(a, second, "approve", token=bob)[1]["state"] == "pending"
    assert review(a, second, "deny", "not on a Friday", token=carol)[1]["state"] == "denied", "the first no is a no"
    assert audit(a, second)["reason"] == "not on a Friday"


def test_reviewer_removed_before_the_second(t):
    """A stolen token's approval would still be one of the two that a line needs, after its operator was removed."""
    a = t.approver(policy=POLICY)
    token = enrol(a)
    bob, carol, dave = operator(a, "bob"), operator(a, "carol"), operator(a, "dave")
    jws = token.command("deploy prod")
    assert post(a, jws)[0] == 202
    assert review(a, jws, "approve", token=bob)[1] == {"state": "pending", "approved_by": ["bob"]}
    assert ask(a, "DELETE", "/v1/operators/bob")[0] == 204
    assert review(a, jws, "approve", token=carol)[1] == {"state": "pending", "approved_by": ["carol"]}
    assert review(a, jws, "approve", token=dave)[1] == {"state": "approved", "approved_by": ["carol", "dave"]}


def test_reviewers_at_the_same_moment(t):
    """Two reviewers who disagree at once: exactly one decides, and the other is told."""
    a = t.approver(policy=POLICY)
    token = enrol(a)
    bob, carol = operator(a, "bob"), operator(a, "carol")
    for _ in range(10):
        jws = token.command("make")
        assert post(a, jws)[0] == 202
        yes = in_thread(lambda: review(a, jws, "approve", token=bob))
        no = in_thread(lambda: review(a, jws, "deny", "no", token=carol))
        assert sorted((yes.result()[0], no.result()[0])) == [200, 409]
        decided = [e for e in audit(a, jws)["events"] if e["kind"] == "command_decided"]
        assert len(decided) == 1, decided


def test_revoked_while_it_waits(t):
    """A stolen key's line would still run, because a reviewer approved it after the key was revoked; or it would wait for
    nothing until its time was over."""
    a = t.approver(policy=POLICY)
    token, other = enrol(a), enrol(a, "other")
    jws, late = token.command("make"), other.command("make")
    assert post(a, jws)[0] == 202 and post(a, late)[0] == 202
    assert ask(a, "DELETE", "/v1/credentials/" + token.data["credential"])[0] == 204
    assert ask(a, "POST", "/v1/agents/other/disable")[0] == 204
    for waiting in (jws, late):
        permit = permit_of(a, waiting, live(a, [waiting])["permits"][jti(waiting)])
        assert (permit["verdict"], permit["cause"]) == ("denied", "killed"), permit
        status, problem = review(a, waiting, "approve")
        assert status == 409 and "denied" in problem["detail"], (status, problem)
        assert audit(a, waiting)["state"] == "denied"


def test_nobody_reviews_in_time(t):
    """A line that nobody looked at must be denied, also when the approver was restarted meanwhile."""
    a = t.approver(policy=POLICY)
    token = enrol(a)
    jws = token.command("make", review_timeout=1)
    assert post(a, jws)[0] == 202
    answer = live(a, [jws])
    permit = permit_of(a, jws, answer["permits"][jti(jws)])
    assert permit["verdict"] == "denied" and permit["cause"] == "timeout", permit
    jws = token.command("make", review_timeout=2)
    assert post(a, jws)[0] == 202
    a.restart()
    permit = permit_of(a, jws, live(a, [jws])["permits"][jti(jws)])
    assert permit["verdict"] == "denied" and permit["cause"] == "timeout", permit


def test_withdrawn(t):
    """Ctrl-C would leave a line that a reviewer could still approve, with nobody there to run it."""
    a = t.approver(policy=POLICY)
    token = enrol(a)
    jws = token.command("make")
    assert post(a, jws)[0] == 202
    assert withdraw(a, jws)[0] == 204
    assert withdraw(a, jws)[0] == 204
    assert review(a, jws, "approve")[0] == 409
    assert audit(a, jws)["cause"] == "withdrawn"
    decided = token.command("ls")
    post(a, decided)
    assert withdraw(a, decided)[0] == 409
    assert withdraw(a, token.command("ls"))[0] == 204, "one that never came"


def test_withdrawn_by_somebody_else(t):
    """Whoever may look at what waits, or has seen an ID, could end it, and the log would say that the agent did."""
    a = t.approver(policy=POLICY)
    token, other = enrol(a), enrol(a, "other")
    viewer = operator(a, "victor", "viewer")
    jws, decided = token.command("make"), token.command("ls")
    assert post(a, jws)[0] == 202 and post(a, decided)[0] == 200
    seen = ask(a, "GET", "/v1/audit/" + jti(jws), token=viewer)
    assert seen[0] == 200 and jws[-16:] not in json.dumps(seen[1]), "a viewer is not given the proof"
    assert ask(a, "GET", "/v1/audit/" + jti(decided), token=viewer)[1]["command_jws"] is None, "nor signed bytes"
    assert ask(a, "GET", "/v1/audit/" + jti(decided))[1]["command_jws"] == decided
    for path in ("/v1/commands/%s?tail=%s" % (jti(jws), other.command("make")[-16:]),
                 "/v1/commands/%s?tail=%s" % (jti(jws), "A" * 17)):
        assert ask(a, "DELETE", path, token=None)[0] == 401, path
    elsewhere = a.connection(source=("127.0.0.2", 0))
    assert ask(a, "DELETE", "/v1/commands/" + jti(jws), connection=elsewhere)[0] == 401
    elsewhere.close()
    status, problem = ask(a, "DELETE", "/v1/commands/%s?tail=%s" % (jti(decided), "A" * 16), token=None)
    assert status == 401 and "approved" not in problem["detail"], problem
    assert review(a, jws, "approve")[0] == 200


def test_withdrawn_without_the_tail(t):
    """A harness that knows only the contract's DELETE by ID could not take its question back."""
    a = t.approver(policy=POLICY)
    token = enrol(a)
    jws, denied = token.command("make"), token.command("make")
    bare = lambda j: ask(a, "DELETE", "/v1/commands/" + jti(j), token=None)[0]
    assert post(a, jws)[0] == 202 and post(a, denied)[0] == 202
    assert (bare(jws), bare(jws)) == (204, 204)
    assert audit(a, jws)["cause"] == "withdrawn"
    assert review(a, denied, "deny", "no")[0] == 200 and bare(denied) == 409
    again = token.command("make")
    assert post(a, again)[0] == 202
    a.restart()
    assert bare(again) == 401, "who posted it is not known any more"
    assert withdraw(a, again)[0] == 204


def test_polls(t):
    """A host would miss permits, get other hosts' permits, or hold sockets for ever."""
    a = t.approver(policy=POLICY)
    token = enrol(a)
    jws, unknown = token.command("make"), token.command("make")
    assert post(a, jws)[0] == 202
    assert live(a, [unknown])["gone"] == [jti(unknown)]
    stranger = jws[:-16] + "A" * 16
    answer = live(a, [stranger], wait_s=1)
    assert answer == {"permits": {}, "gone": [], "kills": {}, "lease_s": 30}, "without the proof a poll learns nothing"
    first = in_thread(lambda: live(a, [jws]))
    t.eventually(lambda: polls_open(a, 1), "the first poll to wait")
    second = in_thread(lambda: live(a, [jws]))
    assert first.result(30)["permits"] == {}, "the newer poll takes over, and the older one ends soon"
    assert review(a, jws, "approve")[0] == 200
    assert jti(jws) in second.result(30)["permits"]
    other = token.command("make")
    post(a, other)
    c = a.connection()
    c.request("POST", "/v1/live", json.dumps({"pending": [ref(other)], "running": [], "wait_s": 25}))
    t.eventually(lambda: polls_open(a, 1), "the poll to wait")
    c.sock.close()
    c.close()
    t.eventually(lambda: polls_open(a, 0), "the approver to notice that the client is gone")


def test_polls_that_are_cut_off(t):
    """Each host that dies while it waits would cost the approver memory for good, and permits would go to the dead."""
    a = t.approver(policy=POLICY)
    token = enrol(a)
    jws = token.command("make")
    assert post(a, jws)[0] == 202
    context = ssl.create_default_context(cafile=str(a.dir / "ca.pem"))
    for _ in range(3):
        polls = [open_poll(a, context, [jws]) for _ in range(100)]
        t.eventually(lambda: not polls_open(a, 0), "polls to wait")
        for s in polls:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.close()
        t.eventually(lambda: polls_open(a, 0), "the polls to end", 10)
    assert review(a, jws, "approve")[0] == 200
    assert jti(jws) in live(a, [jws])["permits"]


def test_host_lost_and_found(t):
    """The log would call a command still running whose host died, or forget how it ended when the host came back."""
    a = serve(t, lease="1s")
    token = enrol(a)
    kept, jws = token.command("ls"), token.command("ls")
    assert post(a, jws)[0] == 200 and post(a, kept)[0] == 200
    end = time.monotonic() + 40

    def lost():
        live(a, running=[kept], wait_s=1)
        assert time.monotonic() < end
        return audit(a, jws)["state"] == "lost"
    t.eventually(lost, "the lease to lapse", 45)
    record = audit(a, jws)
    assert record["exit"] is None and "host lost" in record["outcome_reason"], record
    assert audit(a, kept)["state"] == "approved", "a renewed lease holds"
    assert outcome(a, token, jws, exit=3) == (204, "")
    record = audit(a, jws)
    assert record["state"] == "exited" and record["exit"] == 3, record


def test_outcomes(t):
    """How a command ended could be told by a stranger, or told twice."""
    a = t.approver(policy=POLICY)
    token, other = enrol(a), enrol(a, "other")
    jws, denied = token.command("ls"), token.command("rm x")
    post(a, jws)
    post(a, denied)
    assert outcome(a, token, jws, signer=other)[0] == 401
    assert outcome(a, other, jws)[0] == 401
    assert outcome(a, token, jws, command_s256=jose.s256("x"))[0] == 400
    assert outcome(a, token, token.command("ls"))[0] == 404
    assert outcome(a, token, jws, exit=None)[0] == 400
    assert outcome(a, token, jws, outcome="signaled", exit=None, signal="TERM")[0] == 400  # null is not absent
    assert outcome(a, token, jws, exit=7) == (204, "")
    assert outcome(a, token, jws, exit=8) == (204, "")
    record = audit(a, jws)
    assert record["exit"] == 7 and record["state"] == "exited", record
    assert len([e for e in record["events"] if e["kind"] == "command_outcome"]) == 1, record["events"]
    assert outcome(a, token, denied)[0] == 204
    assert ask(a, "DELETE", "/v1/credentials/" + token.data["credential"])[0] == 204
    assert outcome(a, token, denied)[0] == 204, "a key that was revoked is heard, but not again and again"
    record = audit(a, denied)
    assert record["state"] == "denied" and record["exit"] is None, "what was denied stays denied"
    told = [e for e in record["events"] if e["kind"] == "command_outcome"]
    assert len(told) == 1, ("but that something ran is in the log", told)


def test_outcome_under_an_id_that_another_claims(t):
    """Another agent could take the place of a finished command: its outcome refused, or told by that agent."""
    a = t.approver(policy=POLICY)
    token, thief = enrol(a), enrol(a, "thief")
    jws = token.command("ls")
    assert post(a, jws)[0] == 200
    assert outcome(a, token, jws, exit=7) == (204, "")
    stolen = thief.command("ls", jti=jti(jws))
    hold = sqlite3.connect(a.dir / "whosh.db", isolation_level=None)
    hold.execute("BEGIN IMMEDIATE")  # the writer waits: what was claimed stays claimed
    claimed = in_thread(lambda: post(a, stolen))
    time.sleep(0.5)
    told = in_thread(lambda: outcome(a, thief, stolen, exit=0))
    again = in_thread(lambda: outcome(a, token, jws, exit=7))
    time.sleep(0.5)
    hold.execute("ROLLBACK")
    hold.close()
    assert claimed.result(30)[0] == 409
    assert told.result(30)[0] == 401, told.result()
    assert again.result(30) == (204, ""), again.result()


def test_outcome_told_before_its_time(t):
    """An agent could put a success of its own making in front of how its command really ended."""
    a = t.approver(policy=POLICY)
    token = enrol(a)
    jws = token.command("make")
    assert post(a, jws)[0] == 202
    assert outcome(a, token, jws, exit=0) == (204, "")
    assert audit(a, jws)["state"] == "pending"
    assert review(a, jws, "approve")[0] == 200
    assert outcome(a, token, jws, exit=3) == (204, "")
    record = audit(a, jws)
    assert record["exit"] == 3 and jose.claims(record["outcome_jws"])["exit"] == 3, record
