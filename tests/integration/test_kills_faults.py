"""The kill switch when something else happens as well: a restart, a lost host, an approval, a full house.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import json
import re
import sqlite3
import time

from lib import jose
from lib.bare import (POLICY, ask, audit, enrol, in_thread, jti, outcome, polls_open, post, queued, ref, review,
                      serve)
from lib.kills import died, kill, orders, poll, refused, running, target, targets, unkill


def change_store(a, sql):
    """While the approver is stopped."""
    store = sqlite3.connect(a.dir / "whosh.db")
    store.execute(sql)
    store.commit()
    store.close()


def test_restart(t):
    """Whoever is killed would be free again when the approver restarts, and what runs would be forgotten."""
    a = t.approver(policy=POLICY)
    worker, other = enrol(a), enrol(a, "other", owner="bob")
    mine, known, theirs = running(a, worker), running(a, worker), running(a, other)
    lifted = running(a, other, sid=jose.uuid7())
    k = kill(a, "agent", "worker", "stop")
    assert orders(poll(a, running=[known, theirs], wait_s=5)) == {jti(known)}
    assert orders(poll(a, running=[known, theirs], killed=[known], wait_s=0)) == set()
    unkill(a, kill(a, "command", jti(lifted)))
    a.restart()
    refused(post(a, worker.command("true")))
    assert post(a, other.command("true"))[0] == 200
    answer = poll(a, running=[mine, known, theirs, lifted], wait_s=5)
    assert orders(answer) == {jti(mine), jti(lifted)}, "told once more, but for what was acknowledged: %r" % answer
    assert answer["kills"][jti(mine)] == {"reason": "stop", "by": "admin"}
    assert targets(ask(a, "GET", "/v1/kills/" + k["id"])[1]) == {jti(mine), jti(known)}
    unkill(a, k)
    a.restart()
    assert post(a, worker.command("true"))[0] == 200, "and one that was lifted stays so"


def test_pending_at_a_start(t):
    """An approver that died between a kill and its carrying out would ask a reviewer about a killed agent's line."""
    a = t.approver(policy=POLICY)
    worker = enrol(a)
    jws = worker.command("make")
    assert post(a, jws)[0] == 202
    a.stop()
    change_store(a, "INSERT INTO kills VALUES('0190aaaa-0000-7000-8000-000000000001','human','alice','why','bob',1,0,0,"
                    "NULL)")
    a.start()
    t.eventually(lambda: audit(a, jws)["verdict"] == "denied", "the denial")
    assert audit(a, jws)["cause"] == "killed"
    refused(post(a, worker.command("true")))


def test_nested_at_a_start(t):
    """What runs inside a killed session would be forgotten at a start; or the start, with many kills, outlast a lease."""
    a = t.approver(policy=POLICY)
    boss, worker, connection = enrol(a, "boss"), enrol(a), a.connection()
    sessions = [jose.uuid7(), jose.uuid7()]
    outer = [running(a, boss, connection, sid=sessions[0])]
    aside = [running(a, boss, connection)]
    for _ in range(60):  # each inside the one before
        outer.append(running(a, worker, connection, parent=jti(outer[-1])))
        aside.append(running(a, worker, connection, parent=jti(aside[-1])))
    a.stop()
    for i in range(990):
        sessions.append(jose.uuid7())
    change_store(a, "INSERT INTO kills VALUES" + ",".join(
        "('0190aaaa-0000-7000-8000-%012d','session','%s','why','bob',1,0,0,NULL)" % (i, x) for i, x in enumerate(sessions)))
    began = time.monotonic()
    a.start()
    took = time.monotonic() - began
    assert orders(poll(a, running=outer + aside, wait_s=5)) == {jti(x) for x in outer}
    assert took < 3, took


def test_lineage(t):
    """A human's or an orchestrator's workers would go on after all that they work for was killed."""
    a = t.approver(policy=POLICY)
    worker = enrol(a, owner="bob")
    mine, waits, aside = running(a, worker), worker.command("make"), running(a, worker)
    assert post(a, waits)[0] == 202
    a.stop()
    change_store(a, 'INSERT INTO names(text) VALUES(\'[{"type":"human","id":"carol"},{"type":"agent","id":"boss","credential":'
                    '"b0ss"},{"type":"agent","id":"worker"}]\')')
    change_store(a, 'UPDATE commands SET chain_since=0,chain=(SELECT max(id) FROM names) WHERE id IN ("%s","%s")' % (jti(mine), jti(waits)))
    a.start()
    enrol(a, "boss", owner="carol")
    k = kill(a, "agent", "boss")
    assert targets(k) == {jti(mine), jti(waits)}, k
    t.eventually(lambda: audit(a, waits)["cause"] == "killed", "the denial")
    assert targets(kill(a, "human", "carol")) == {jti(mine)}
    assert jti(aside) in targets(kill(a, "human", "bob")), "the owner's word counts as well"
    assert orders(poll(a, running=[mine, aside], wait_s=5)) == {jti(mine), jti(aside)}


def test_left_behind(t):
    """A daemon that a command left behind would be out of the reach of every kill."""
    a = t.approver(policy=POLICY)
    worker = enrol(a)
    daemon, clean, later = running(a, worker), running(a, worker), running(a, worker)
    assert outcome(a, worker, daemon, left=2)[0] == 204
    assert outcome(a, worker, clean)[0] == 204
    assert outcome(a, worker, later, left=0)[0] == 400, "left is more than none, or not there"
    assert outcome(a, worker, later, left=1)[0] == 204
    assert audit(a, daemon)["state"] == "exited"
    assert "whosh_running 0\n" in ask(a, "GET", "/metrics", token=None)[1]
    waiting = in_thread(lambda: poll(a, left=[daemon]))
    t.eventually(lambda: polls_open(a, 1), "the poll to wait for what was left")
    k = kill(a, "agent", "worker")
    assert targets(k) == {jti(daemon), jti(later)}, "and not what has ended: %r" % k
    assert orders(waiting.result(30)) == {jti(daemon)}
    assert target(a, k, daemon)["state"] == "running"
    assert orders(poll(a, left=[daemon], killed=[daemon], wait_s=0)) == set()
    assert target(a, k, daemon)["state"] == "running", "still named"
    assert orders(poll(a, killed=[daemon], wait_s=0)) == set()
    t.eventually(lambda: target(a, k, daemon)["state"] == "ended", "what was left to be over")
    # After a restart the approver learns of it from the poll again, and a wrong tail teaches it nothing.
    a.restart()
    stranger = ref(later)[:-16] + "A" * 16
    assert orders(poll(a, left=[stranger], wait_s=0)) == set()
    assert orders(poll(a, left=[later], wait_s=5)) == {jti(later)}, "the order stands"
    t.eventually(lambda: target(a, k, later)["told"], "its telling to be recorded")


def test_lost_and_found(t):
    """A host that was cut off while its agent was killed would come back and never be told."""
    a = serve(t, lease="1s")
    worker = enrol(a)
    jws = running(a, worker)
    t.eventually(lambda: audit(a, jws)["state"] == "lost", "the lease to lapse", timeout=40)
    k = kill(a, "agent", "worker")
    assert targets(k) == set()
    assert orders(poll(a, running=[jws], wait_s=5)) == {jti(jws)}
    assert orders(poll(a, running=[jws], killed=[jws], wait_s=0)) == set()
    died(a, worker, jws)
    t.eventually(lambda: target(a, k, jws)["state"] == "ended", "its end")


def test_same_group(t):
    """A command that is decided in the very moment of the kill would run on unseen."""
    a = t.approver(policy=POLICY)
    worker = enrol(a)
    for _ in range(12):
        commands = [worker.command(line) for line in ("true", "make") * 3]
        posts = [in_thread(lambda x=x: (x, post(a, x))) for x in commands]
        killing = in_thread(lambda: kill(a, "agent", "worker"))
        answers = [p.result(30) for p in posts]
        alive = [jws for jws, (status, _) in answers if status == 200]
        waits = [jws for jws, (status, _) in answers if status == 202]
        k = killing.result(30)
        assert orders(poll(a, running=alive, wait_s=5) if alive else {"kills": {}}) == {jti(x) for x in alive}
        t.eventually(lambda: all(audit(a, x)["cause"] == "killed" for x in waits), "what waits to be denied")
        t.eventually(lambda: targets(ask(a, "GET", "/v1/kills/" + k["id"])[1]) == {jti(x) for x in alive + waits}, "targets")
        for jws in alive:
            assert outcome(a, worker, jws)[0] == 204
        unkill(a, k)


def test_approval_in_the_same_moment(t):
    """A line that is approved in the very moment of the kill would run on unseen, or for ever wait."""
    a = t.approver(policy=POLICY)
    worker = enrol(a)
    for _ in range(12):
        commands = [worker.command("make") for _ in range(4)]
        for jws in commands:
            assert post(a, jws)[0] == 202
        reviews = [in_thread(lambda x=x: review(a, x, "approve")) for x in commands]
        k = kill(a, "agent", "worker")
        assert all(r.result(30)[0] in (200, 403, 409) for r in reviews)
        t.eventually(lambda: all(audit(a, x)["verdict"] for x in commands), "every verdict")
        alive = [x for x in commands if audit(a, x)["verdict"] == "approved"]
        assert all(audit(a, x)["cause"] == "killed" for x in commands if x not in alive)
        assert orders(poll(a, running=alive, wait_s=5) if alive else {"kills": {}}) == {jti(x) for x in alive}
        assert targets(k) <= {jti(x) for x in commands}
        for jws in alive:
            assert outcome(a, worker, jws)[0] == 204
        unkill(a, k)


def test_on_the_way_when_the_kill_is_written(t):
    """An approval, or a command, that was believed before the kill was written would start a killed agent's line."""
    a = t.approver(policy=POLICY)
    worker = enrol(a)
    commands = queued(a, worker, 4)

    def requests():
        text = ask(a, "GET", "/metrics", token=None)[1]
        return int(re.search(r"^whosh_requests_total (\d+)$", text, re.M).group(1))
    hold = sqlite3.connect(a.dir / "whosh.db", isolation_level=None)
    hold.execute("BEGIN IMMEDIATE")  # the kill is being written for as long as this lasts
    before, looks = requests(), [0]
    killing = in_thread(lambda: kill(a, "agent", "worker"))

    def came():
        looks[0] += 1
        return requests() > before + looks[0]
    t.eventually(came, "the kill to be on its way")
    before, looks = requests(), [0]
    coming = [in_thread(lambda x=x: review(a, x, "approve")) for x in commands]
    coming += [in_thread(lambda: post(a, worker.command("true"))) for _ in range(4)]

    def all_came():
        looks[0] += 1
        return requests() >= before + looks[0] + len(coming)
    t.eventually(all_came, "the rest to be on its way")
    hold.execute("ROLLBACK")
    hold.close()
    for answer in (x.result(30) for x in coming):
        assert answer[0] == 403 and "agent worker was killed by admin" in answer[1]["detail"], answer
    assert targets(killing.result(30)) == {jti(x) for x in commands}
    t.eventually(lambda: all(audit(a, x)["cause"] == "killed" for x in commands), "the denials")


def test_when_nothing_can_be_recorded(t):
    """A full disk at the approver would be the end of the kill switch as well."""
    a = t.approver(policy=POLICY)
    worker = enrol(a)
    mine = running(a, worker)
    waiting = in_thread(lambda: poll(a, running=[mine]))
    t.eventually(lambda: polls_open(a, 1), "the poll to wait")
    hold = sqlite3.connect(a.dir / "whosh.db", isolation_level=None)
    hold.execute("BEGIN IMMEDIATE")
    status, problem = ask(a, "POST", "/v1/kills", {"kind": "agent", "name": "worker", "reason": "r"})
    assert status == 503 and "told to end all the same" in problem["detail"], problem
    assert orders(waiting.result(30)) == {jti(mine)}
    hold.execute("ROLLBACK")
    hold.close()
    t.eventually(lambda: ask(a, "GET", "/healthz", token=None)[0] == 200, "the approver to record again")
    assert ask(a, "GET", "/v1/kills")[1]["kills"] == [], "what was not recorded is not in force"
    assert jti(mine) in targets(kill(a, "agent", "worker"))


def test_full(t):
    """So many kills that every command must be held against would bring the approver to a stop."""
    a = t.approver(policy=POLICY)
    connection = a.connection()
    token = {"Authorization": "Bearer " + (a.dir / "admin.token").read_text().strip()}
    seen = set()
    for i in range(1001):
        connection.request("POST", "/v1/kills", json.dumps({"kind": "human", "name": "h%d" % i, "reason": "r"}), token)
        answer = connection.getresponse()
        answer.read()
        seen.add((i == 1000, answer.status))
    assert seen == {(False, 201), (True, 409)}, seen
    worker = enrol(a)
    assert post(a, worker.command("true"))[0] == 200
