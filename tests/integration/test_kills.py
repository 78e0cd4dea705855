"""The kill switch at the approver, spoken to as a broker: what comes next is refused, what runs is told to end.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import datetime
import time

from lib import jose
from lib.bare import (POLICY, ask, audit, enrol, in_thread, jti, operator, permit_of, polls_open, post, ref, review)
from lib.kills import died, kill, orders, poll, refused, running, target, targets, unkill


def test_what_comes_next_is_refused(t):
    """A runaway agent would go on after it was killed, or the killing of one would stop its neighbours."""
    a = t.approver(policy=POLICY)
    worker, other = enrol(a), enrol(a, "other", owner="bob")
    session = jose.uuid7()
    row = ask(a, "GET", "/v1/credentials")[1]["credentials"]
    credential = [x for x in row if x["agent"] == "worker"][0]["id"]
    first = running(a, worker, sid=session)
    cases = [("agent", "worker", {}), ("human", "alice", {}), ("credential", credential, {}),
             ("session", session, {"sid": session}), ("model", "lab/big-*@2*", {"model": "lab/big-model@2.1"}),
             ("command", jti(first), {"parent": jti(first)})]
    for kind, name, claims in cases:
        assert post(a, worker.command("true", **claims))[0] == 200, kind
        k = kill(a, kind, name, "runaway loop")
        why = refused(post(a, worker.command("true", **claims)))
        assert "was killed by admin: runaway loop" in why and kind in why, why
        assert post(a, other.command("true"))[0] == 200, "a neighbour is not touched by the kill of " + kind
        if claims:
            assert post(a, worker.command("true"))[0] == 200, "only that %s is killed" % kind
            assert post(a, worker.command("true", model="lab/small@1"))[0] == 200
        unkill(a, k)
        assert post(a, worker.command("true", **claims))[0] == 200, "the kill of %s was lifted" % kind


def test_running_is_told_over_the_hanging_poll(t):
    """What runs on a host would run on after the kill, or a host would be sent round in circles by it."""
    a = t.approver(policy=POLICY)
    worker, other = enrol(a), enrol(a, "other", owner="bob")
    mine, theirs = running(a, worker), running(a, other)
    waiting = in_thread(lambda: poll(a, running=[mine, theirs]))
    t.eventually(lambda: polls_open(a, 1), "the poll to wait for running commands")
    began = time.monotonic()
    k = kill(a, "agent", "worker", "runaway loop")
    answer = waiting.result(30)
    took = time.monotonic() - began
    assert answer["kills"] == {jti(mine): {"reason": "runaway loop", "by": "admin"}}, answer
    assert took < 1, "told after %.2f s" % took
    assert [x["command"] for x in k["targets"]] == [jti(mine)], k
    # Acknowledged: not told again, and a poll that has nothing else to say waits its time.
    began = time.monotonic()
    answer = poll(a, running=[mine, theirs], killed=[mine], wait_s=3)
    assert answer["kills"] == {} and time.monotonic() - began > 2, "a poll of acknowledged ones spins"
    lapses = datetime.datetime.fromisoformat(target(a, k, mine)["lapses"].replace("Z", "+00:00")).timestamp()
    assert 44 < lapses - time.time() < 46, "an answer renews the lease as well as the question"
    died(a, worker, mine, "killed: runaway loop")
    one = target(a, k, mine)
    for name in ("reached", "told", "acknowledged", "ended"):
        assert one[name], one
    assert one["state"] == "ended" and one["how"] == "signal KILL" and one["agent"] == "worker" and one["host"] == "h"
    record = audit(a, mine)
    assert record["outcome_reason"] == "killed: runaway loop" and record["signal"] == "KILL"
    assert audit(a, theirs)["state"] == "approved"


def test_told_in_the_next_poll_and_again(t):
    """A host between two polls, or whose answer was lost, would never learn of the kill; an old broker would spin."""
    a = t.approver(policy=POLICY)
    worker = enrol(a)
    mine = running(a, worker)
    kill(a, "agent", "worker")
    assert orders(poll(a, running=[mine], wait_s=10)) == {jti(mine)}
    began = time.monotonic()
    assert orders(poll(a, running=[mine], wait_s=10)) == {jti(mine)}, "it was not acknowledged"
    assert 0.5 < time.monotonic() - began < 3, "told again soon, but not at once"
    stranger = ref(mine)[:-16] + "A" * 16
    assert orders(poll(a, running=[stranger], killed=[stranger], wait_s=0)) == set()
    assert orders(poll(a, running=[mine], wait_s=10)) == {jti(mine)}, "a stranger cannot acknowledge"
    assert orders(poll(a, running=[mine], killed=[mine], wait_s=0)) == set()
    # An acknowledgement that comes after the end counts too, if it is the broker's.
    quicker = enrol(a, "quick", owner="bob")
    quick = running(a, quicker)
    k = kill(a, "command", jti(quick))
    assert orders(poll(a, running=[quick], wait_s=5)) == {jti(quick)}
    died(a, quicker, quick)
    poll(a, killed=[ref(quick)[:-16] + "A" * 16], wait_s=0)
    assert not target(a, k, quick)["acknowledged"]
    poll(a, killed=[quick], wait_s=0)
    t.eventually(lambda: target(a, k, quick)["acknowledged"], "the acknowledgement to be recorded")


def test_one_of_two_hundred(t):
    """Killing one of many agents on a busy host would end others' work as well, or be slow."""
    a = t.approver(policy=POLICY)
    connection = a.connection()
    commands = []
    for i in range(200):
        commands.append(running(a, enrol(a, "agent-%d" % i, owner="owner-%d" % i), connection=connection))
    waiting = in_thread(lambda: poll(a, running=commands))
    t.eventually(lambda: polls_open(a, 1), "the poll to wait")
    began = time.monotonic()
    kill(a, "agent", "agent-77")
    answer = waiting.result(30)
    assert time.monotonic() - began < 1
    assert orders(answer) == {jti(commands[77])}, answer
    assert orders(poll(a, running=commands, killed=[commands[77]], wait_s=0)) == set()


def test_pending_is_denied(t):
    """A reviewer could let a killed agent's line run, or its shell would wait for a verdict that cannot come."""
    a = t.approver(policy=POLICY)
    worker, other = enrol(a), enrol(a, "other", owner="bob")
    mine, theirs = worker.command("make"), other.command("make")
    assert post(a, mine)[0] == post(a, theirs)[0] == 202
    waiting = in_thread(lambda: poll(a, pending=[mine, theirs]))
    t.eventually(lambda: polls_open(a, 1), "the poll to wait")
    k = kill(a, "human", "alice", "she said so", for_s=600)
    permit = permit_of(a, mine, waiting.result(30)["permits"][jti(mine)])
    assert permit["verdict"] == "denied" and permit["cause"] == "killed", permit
    assert permit["reason"].startswith("human alice was killed by admin: she said so (until "), permit
    assert review(a, mine, "approve")[0] == 409
    one = target(a, k, mine)
    assert one["state"] == "ended" and one["how"] == "denied" and one["ended"], one
    assert review(a, theirs, "approve")[0] == 200, "who works for another is not touched"
    assert audit(a, mine)["cause"] == "killed"


def test_descent(t):
    """What an orchestrator started would live on after it: commands inside a killed command or session."""
    a = t.approver(policy=POLICY)
    boss, worker = enrol(a, "boss"), enrol(a, "worker", owner="bob")
    session = jose.uuid7()
    top = running(a, boss, sid=session)
    middle = running(a, worker, parent=jti(top))
    bottom = running(a, worker, parent=jti(middle))
    aside = running(a, worker)
    pending = worker.command("make", parent=jti(middle))
    assert post(a, pending)[0] == 202
    k = kill(a, "command", jti(top))
    assert targets(k) == {jti(x) for x in (top, middle, bottom, pending)}, k
    assert orders(poll(a, running=[top, middle, bottom, aside], wait_s=0)) == {jti(x) for x in (top, middle, bottom)}
    assert "command " + jti(top) in refused(post(a, worker.command("true", parent=jti(bottom))))
    assert post(a, worker.command("true", parent=jti(aside)))[0] == 200
    unkill(a, k)
    assert post(a, worker.command("true", parent=jti(bottom)))[0] == 200
    k = kill(a, "session", session)
    assert targets(k) >= {jti(x) for x in (top, middle, bottom)} and jti(aside) not in targets(k), k
    refused(post(a, worker.command("true", parent=jti(bottom))))
    # Parents that name each other in a circle, and one that nobody knows, end the search.
    one, two = jose.uuid7(), jose.uuid7()
    assert post(a, worker.command("true", jti=one, parent=two))[0] == 200
    assert post(a, worker.command("true", jti=two, parent=one))[0] == 200
    assert post(a, worker.command("true", parent=one))[0] == 200


def test_too_deep_to_follow(t):
    """Whoever nests deep enough would get out of the reach of a kill of the session around him."""
    a = t.approver(policy=POLICY)
    worker = enrol(a)
    connection = a.connection()
    kill(a, "session", jose.uuid7())
    parent, refusals = None, 0
    for _ in range(70):
        jws = worker.command("true", parent=parent)
        status, _ = post(a, jws, connection=connection)
        refusals += status == 403
        if status != 200:
            break
        parent = jti(jws)
    assert refusals == 1, "at some depth the answer is no"


def test_review_of_a_killed_one(t):
    """A command that a kill did not find pending would still run once somebody approved it."""
    a = t.approver(policy=POLICY)
    worker = enrol(a)
    jws = worker.command("deploy x")
    bob, carol = operator(a, "bob"), operator(a, "carol")
    assert post(a, jws)[0] == 202
    assert review(a, jws, "approve", token=bob)[0] == 200
    kill(a, "agent", "worker")
    status, problem = review(a, jws, "approve", token=carol)
    assert status in (403, 409), problem
    assert audit(a, jws)["verdict"] == "denied"


def test_time_and_extension(t):
    """A kill for a while would last for ever, or end early because a second one was shorter."""
    a = t.approver(policy=POLICY)
    worker = enrol(a)
    k = kill(a, "agent", "worker", for_s=2)
    refused(post(a, worker.command("true")))
    t.eventually(lambda: post(a, worker.command("true"))[0] == 200, "the kill to be over")
    assert ask(a, "GET", "/v1/kills/" + k["id"])[1]["state"] == "expired"
    assert ask(a, "GET", "/v1/kills")[1]["kills"] == []
    assert [x["id"] for x in ask(a, "GET", "/v1/kills?all=1")[1]["kills"]] == [k["id"]]
    assert "whosh_kills 0\n" in ask(a, "GET", "/metrics", token=None)[1]
    kill(a, "agent", "worker", for_s=1)
    kill(a, "agent", "worker", for_s=600, status=200)
    k2 = kill(a, "human", "nobody", for_s=1)
    t.eventually(lambda: ask(a, "GET", "/v1/kills/" + k2["id"])[1]["state"] == "expired", "as long as the first")
    refused(post(a, worker.command("true")))
    a.restart()
    refused(post(a, worker.command("true")))
    unkill(a, ask(a, "GET", "/v1/kills")[1]["kills"][0])
    first = kill(a, "agent", "worker", for_s=600)
    assert first["id"] != k["id"], "one that is over is not the same"
    again = kill(a, "agent", "worker", "another reason", for_s=60, status=200)
    assert again["id"] == first["id"] and again["expires"] == first["expires"], "one kill, and not shorter"
    assert kill(a, "agent", "worker", for_s=1200, status=200)["expires"] > first["expires"]
    assert kill(a, "agent", "worker", status=200)["expires"] is None
    assert kill(a, "agent", "worker", for_s=60, status=200)["expires"] is None
    assert "whosh_kills 1\n" in ask(a, "GET", "/metrics", token=None)[1]


def test_shell_of_a_killed_agent(t):
    """The agent would not learn that it was killed, by whom and why, or its line would run all the same."""
    a = t.approver()
    token = a.agent("worker")
    assert t.whosh(a, token, "-c", "true").code == 0
    a.ctl("kill", "human", "alice", "--reason", "runaway loop")
    r = t.whosh(a, token, "-c", "touch ran")
    assert r.code == 77 and not (t.tmp / "ran").exists(), r
    assert b"human alice was killed by admin: runaway loop" in r.err and r.out == b"", r


def test_roles_and_bodies(t):
    """A viewer could stop everybody's work, a reviewer undo an admin's kill, or a slip of the pen reach nobody."""
    a = t.approver(policy=POLICY)
    enrol(a)
    viewer, bob, carol = operator(a, "vera", "viewer"), operator(a, "bob"), operator(a, "carol")
    body = {"kind": "agent", "name": "worker", "reason": "r"}
    assert ask(a, "POST", "/v1/kills", body, token=None)[0] == 401
    assert ask(a, "POST", "/v1/kills", body, token=viewer)[0] == 403
    k = kill(a, "agent", "worker", token=bob)
    assert ask(a, "GET", "/v1/kills/" + k["id"], token=viewer)[1]["by"] == "bob"
    assert ask(a, "GET", "/v1/kills", token=viewer)[1]["kills"][0]["id"] == k["id"]
    assert ask(a, "DELETE", "/v1/kills/" + k["id"], token=viewer)[0] == 403
    assert ask(a, "DELETE", "/v1/kills/" + k["id"], token=carol)[0] == 403
    assert ask(a, "DELETE", "/v1/kills/" + k["id"], token=bob)[0] == 204
    assert ask(a, "DELETE", "/v1/kills/" + k["id"], token=bob)[0] == 204, "lifted once"
    assert ask(a, "GET", "/v1/kills/" + k["id"])[1]["lifted_by"] == "bob"
    unkill(a, kill(a, "agent", "worker", token=bob))
    for status, changes in ((404, {"name": "nobody"}), (404, {"kind": "credential", "name": "x"}),
                            (404, {"kind": "command", "name": jose.uuid7()}), (404, {"kind": "command", "name": "x"}),
                            (400, {"kind": "session", "name": "x"}), (400, {"kind": "human", "name": "a b\x1b[2J"}),
                            (400, {"kind": "human", "name": ""}), (400, {"kind": "model", "name": ""}),
                            (400, {"kind": "model", "name": "m" * 257}), (400, {"kind": "root"}), (400, {"kind": 1}),
                            (400, {"reason": ""}), (400, {"reason": None}), (400, {"reason": "x" * 1025}),
                            (400, {"for_s": 0}), (400, {"for_s": -1}), (400, {"for_s": 1.5}), (400, {"for_s": 10 ** 12}),
                            (400, {"for_s": "1h"}), (400, {"name": None}), (400, {"extra": 1})):
        got = ask(a, "POST", "/v1/kills", {**body, **changes})
        assert got[0] == status and got[1]["detail"], (changes, got)
    for path in ("/v1/kills/x", "/v1/kills/" + jose.uuid7(), "/v1/kills/%2e%2e"):
        assert ask(a, "GET", path)[0] == ask(a, "DELETE", path)[0] == 404, path
    for broken in ({"killed": 1}, {"left": ["x"]}, {"killed": [{}]}, {"left": {}}, {"ended": []}):
        assert ask(a, "POST", "/v1/live", {"wait_s": 0, **broken}, token=None)[0] == 400, broken
    assert ask(a, "GET", "/v1/kills")[1]["kills"] == [], "nothing of that has become a kill"
    assert kill(a, "model", "*", "\x1b]0;x\x07'\"\\ –")["reason"] == "\x1b]0;x\x07'\"\\ –"


def test_log(t):
    """Nobody could say afterwards who killed whom, and why, and who lifted it."""
    a = t.approver(policy=POLICY)
    enrol(a)
    stream = a.connection()
    stream.request("GET", "/v1/events", headers={"Authorization": "Bearer " + (a.dir / "admin.token").read_text().strip()})
    answer = stream.getresponse()
    assert answer.readline() == b": whosh\n"
    k = kill(a, "agent", "worker", "why\nnot", for_s=60)
    unkill(a, k)
    lines = []
    while sum(x.startswith(b"data") for x in lines) < 2:
        lines.append(answer.readline())
    text = b"".join(lines).decode()
    assert "event: kill\n" in text and "event: unkill\n" in text and '"reason":"why\\nnot"' in text, text
    stream.close()
