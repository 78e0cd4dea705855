"""whoctl kill, unkill and kills, against a real approver and a broker that the test plays.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import json

from lib import jose
from lib.bare import POLICY, ask, enrol, in_thread, jti, operator, polls_open, post
from lib.kills import died, kill, orders, poll, running


def broker(a, token, commands):
    """Poll, carry out every order, tell the outcome; the IDs that were killed."""
    answer = poll(a, running=commands, wait_s=25)
    killed = [x for x in commands if jti(x) in answer["kills"]]
    poll(a, running=commands, killed=killed, wait_s=0)
    for jws in killed:
        died(a, token, jws)
    return {jti(x) for x in killed}


def test_kill_is_watched_to_its_end(t):
    """Whoever pulls the switch would not see what it reached, or would be told that all is well when it is not."""
    a = t.approver(policy=POLICY)
    worker = enrol(a)
    mine, waits = running(a, worker), worker.command("make")
    assert post(a, waits)[0] == 202
    playing = in_thread(lambda: broker(a, worker, [mine]))
    t.eventually(lambda: polls_open(a, 1), "the broker to wait")
    r = a.ctl("kill", "agent", "worker", "--reason", "runaway \x1b[2Jloop", "--for", "1h")
    assert playing.result(30) == {jti(mine)}
    assert r.text.startswith("agent worker, killed by admin: runaway \\x1b[2Jloop (until 20"), r
    rows = {line.split()[0]: line for line in r.text.splitlines() if line[:4] in (jti(mine)[:4],)}
    assert rows[jti(mine)].rstrip().endswith("signal KILL") and rows[jti(mine)].count("+") >= 3, r
    assert rows[jti(waits)].rstrip().endswith("denied"), r
    # The same again answers at once with the same; one that reached nothing says so.
    assert a.json("kill", "agent", "worker", "--reason", "x")["targets"][0]["agent"] == "worker"
    r = a.ctl("kill", "session", jose.uuid7(), "--reason", "x")
    assert "nothing of it was running or waiting" in r.text, r


def test_what_does_not_end_is_said(t):
    """A host that is away would pass for one that has killed."""
    a = t.approver(policy=POLICY)
    worker = enrol(a)
    jws = running(a, worker)
    r = a.ctl("kill", "command", jti(jws)[-10:], "--reason", "x", "--wait", "1s", check=False)
    assert r.code == 1, r
    assert "still running" in r.text and "1 of 1 still running; the leases of their hosts lapse by 20" in r.text, r
    r = a.ctl("kill", "command", jti(jws), "--reason", "x", "--wait", "0", "--json", check=False)
    assert r.code == 1 and json.loads(r.out)["targets"][0]["state"] == "running", r
    assert orders(poll(a, running=[jws], wait_s=5)) == {jti(jws)}
    died(a, worker, jws)
    assert a.ctl("kill", "command", jti(jws), "--reason", "x").code == 0
    story = a.ctl("show", jti(jws)).text
    assert "killed: because" in story, story
    assert "killed by SIGKILL (killed: because)" in a.ctl("who", "--agent", "worker").text


def test_unkill_and_lists(t):
    """A kill could not be found again, or the wrong one be lifted."""
    a = t.approver(policy=POLICY)
    enrol(a)
    enrol(a, "other")
    a.ctl("kill", "agent", "worker", "--reason", "one")
    a.ctl("kill", "model", "lab/*@2", "--reason", "two")
    a.ctl("kill", "human", "worker", "--reason", "three")
    assert [(k["kind"], k["name"]) for k in a.json("kills")] == [("human", "worker"), ("model", "lab/*@2"),
                                                               ("agent", "worker")]
    text = a.ctl("kills").text
    assert text.startswith("KILL") and "lab/*@2" in text and "active" in text and "two" in text, text
    assert "kills        3 in force" in a.ctl("status").text
    assert a.json("status")["kills"] == 3
    assert a.ctl("unkill", "agent", "worker").text.startswith("lifted: agent worker, killed by admin: one\n")
    last = a.ctl("kills", "--quiet").out.decode().split()[1]
    assert a.ctl("unkill", last[-12:]).text.startswith("lifted: model lab/*@2")
    assert [k["name"] for k in a.json("kills")] == ["worker"]
    r = a.ctl("unkill", "agent", "worker", check=False)
    assert r.code == 1 and b"whoctl kills lists them" in r.err, r
    assert [k["state"] for k in a.json("kills", "--all")] == ["active", "lifted", "lifted"]
    assert "lifted by admin" in a.ctl("kills", "--all").text
    assert a.ctl("kills", last).text.startswith("model lab/*@2, killed by admin: two, lifted\n")
    a.ctl("unkill", "human", "worker")
    assert a.ctl("kills").text == "nothing is killed\n"


def test_wrong_use(t):
    """A slip would kill nothing without a word, or somebody without a reason or the right."""
    a = t.approver(policy=POLICY)
    enrol(a)
    token = t.tmp / "vera.token"
    token.write_text(operator(a, "vera", "viewer"))
    token.chmod(0o400)
    for code, words, said in (
            (2, ("agent", "worker"), b"--reason"), (2, ("agent", "worker", "--reason", ""), b"--reason"),
            (2, ("robot", "worker", "--reason", "x"), b"cannot be killed"), (2, ("agent",), b"missing"),
            (2, ("agent", "worker", "--reason", "x", "--for", "soon"), b"is no time"),
            (2, ("agent", "worker", "--reason", "x", "--for", "0"), b"one second or more"),
            (1, ("agent", "nobody", "--reason", "x"), b'no agent is called "nobody"'),
            (1, ("session", "x", "--reason", "x"), b"UUID"),
            (1, ("agent", "worker", "--reason", "x" * 2000), b"at most 1024 bytes"),
            (77, ("agent", "worker", "--reason", "x", "--token-file", token), b"reviewer")):
        r = a.ctl("kill", *words, check=False)
        assert r.code == code and said in r.err, r
    assert a.json("kills") == []


def test_watch_tells(t):
    """Whoever watches would not see that somebody was killed, or who lifted it."""
    a = t.approver(policy=POLICY)
    enrol(a)
    out = t.tmp / "watch.out"
    with open(out, "wb") as f:
        watcher = t.spawn([t.program("whoctl"), "--dir", a.dir, "watch"], stdout=f)
    t.eventually(lambda: "whosh_event_streams 1\n" in ask(a, "GET", "/metrics", token=None)[1], "the watcher")
    kill(a, "agent", "worker", "why \x1b[2J", for_s=60)
    t.read_line_matching(out, r"  kill: agent worker by admin: why \\x1b\[2J \(until 20", process=watcher)
    a.ctl("unkill", "agent", "worker")
    t.read_line_matching(out, r"  unkill: agent worker by admin$", process=watcher)
