"""A credential's life: one an agent, rotated without a failure, and told of when it is seen in two hands."""
import concurrent.futures
import json
import os
import pwd
import re
import sqlite3
import threading
import time

from lib import auditlog, chains, jose
from lib.bare import ask, audit, enrol, in_thread, operator, post, post_named, review, serve


def issue(a, agent, token, **more):
    """POST /v1/credentials for a key of the test's own."""
    return ask(a, "POST", "/v1/credentials", {"agent": agent, "expires_s": 3600, "jwk": {
        "kty": "OKP", "crv": "Ed25519", "x": jose.b64(token.public)}, **more})


def credentials(a, agent="worker"):
    """The agent's credentials, oldest first."""
    return sorted((c for c in a.json("credential", "list") if c["agent"] == agent), key=lambda c: c["issued"])


def requests(a):
    return int(re.search(r"(?m)^whosh_requests_total (\d+)$", ask(a, "GET", "/metrics", token=None)[1]).group(1))


def alerts(a, kind):
    return [x for x in ask(a, "GET", "/v1/alerts")[1]["alerts"] if x["alert"] == kind]


def test_one_credential_an_agent(t):
    """With a second key that nobody remembers, revoking the first would stop nothing."""
    a = t.approver()
    token = a.agent("worker")
    r = a.ctl("credential", "issue", "worker", "--out", t.tmp / "second", check=False)
    assert r.code == 1 and "rotate" in r.errors and not (t.tmp / "second").exists(), r
    a.ctl("agent", "add", "racer", "--owner", "alice")
    keys = [jose.Token() for _ in range(16)]
    with concurrent.futures.ThreadPoolExecutor(17) as pool:
        with sqlite3.connect(a.dir / "whosh.db") as held:
            held.execute("BEGIN IMMEDIATE")  # the writer waits, with an agent, and all the keys come in one group
            first = pool.submit(ask, a, "POST", "/v1/agents", {"id": "first", "owner": "alice"})
            before, looks = requests(a), iter(range(1, 10000))
            asked = [pool.submit(issue, a, "racer", key) for key in keys]
            t.eventually(lambda: requests(a) >= before + 16 + next(looks), "the requests to be there")
        assert first.result(30)[0] == 201
        got = sorted(x.result(30)[0] for x in asked)
    assert got == [201] + [409] * 15, got
    assert len(credentials(a, "racer")) == 1
    a.restart()
    assert issue(a, "racer", jose.Token())[0] == 409
    first = credentials(a)[0]["id"]
    a.ctl("credential", "revoke", first)
    gone = credentials(a)[0]
    assert gone["revoked"] and gone["revoked_by"] == "admin" and gone["id"] == first, gone
    a.ctl("credential", "issue", "worker", "--out", t.tmp / "second")
    assert t.whosh(a, t.tmp / "second", "-c", "true").code == 0 and t.whosh(a, token, "-c", "true").code == 77
    a.ctl("agent", "add", "short", "--owner", "alice")
    assert issue(a, "short", jose.Token(), expires_s=1)[0] == 201
    t.eventually(lambda: issue(a, "short", jose.Token())[0] == 201, "the first to expire and the next to be issued")


def test_rotation(t):
    """A rotated key must work at once, the old one until its window ends and never again, and the record must say so."""
    a = t.approver()
    old, new = a.agent("worker"), t.tmp / "new.token"
    before = credentials(a)[0]
    r = a.ctl("credential", "rotate", "worker", "--out", new, "--overlap", "2s", "--expires", "30d",
              "--agent-version", "3.1")
    assert "good until" in r.text and before["id"] in r.text, r
    assert json.loads(new.read_text())["agent_version"] == "3.1"
    ends = time.time() + 2
    assert t.whosh(a, new, "-c", "true").code == 0
    first, second = credentials(a)
    assert first["id"] == before["id"] and second["replaces"] == first["id"] and first["replaced_by"] == second["id"]
    assert first["expires"] < before["expires"] and second["replaced_by"] is None, (first, second)
    assert (second["owner"], second["issued_by"], second["source"]) == ("alice", "admin", "operator"), second
    assert 0 <= second["age_s"] < 60 and second["last_used"] and second["revoked"] is None, second
    r = t.whosh(a, old, "-c", "true")
    assert r.code == 0 or time.time() > ends, r
    t.eventually(lambda: t.whosh(a, old, "-c", "true").code == 77, "the window to end")
    assert "replaced" in t.whosh(a, old, "-c", "true").errors
    a.restart()
    assert t.whosh(a, old, "-c", "true").code == 77 and t.whosh(a, new, "-c", "true").code == 0
    events = [e for e in map(json.loads, audit_bodies(a)) if e.get("replaces")]
    assert [e["replaces"] for e in events] == [first["id"]] and events[0]["operator"] == "admin", events
    text = a.ctl("credential", "list").text
    assert "REPLACES" in text and "replaced" in text and "OWNER" in text, text


def audit_bodies(a):
    """The bodies of the log's JSON events."""
    return [json.dumps(x, separators=(",", ":")) for x in auditlog.bodies(a)]


def test_rotation_without_overlap(t):
    """A key that may be in other hands must be good for nothing the moment it is replaced."""
    a = t.approver()
    old, new = a.agent("worker"), t.tmp / "new.token"
    r = a.ctl("credential", "rotate", "worker", "--out", new, "--overlap", "0")
    assert "refused from now on" in r.text, r
    assert t.whosh(a, old, "-c", "true").code == 77 and t.whosh(a, new, "-c", "true").code == 0


def behind(t, a, *batches):
    """Requests that come while the store is held: the first of them alone in a group, all others in the next, in the
    order of the batches.  Their answers, a list a batch."""
    with concurrent.futures.ThreadPoolExecutor(33) as pool, sqlite3.connect(a.dir / "whosh.db") as held:
        held.execute("BEGIN IMMEDIATE")
        futures = []
        for batch in batches:
            before, looks = requests(a), iter(range(1, 10000))
            futures.append([pool.submit(*x) for x in batch])
            t.eventually(lambda: requests(a) >= before + len(batch) + next(looks), "the requests to be there")
        held.rollback()
        return [[x.result(30) for x in batch] for batch in futures]


def test_a_command_on_its_way_when_its_key_ends(t):
    """Whoever holds an old key could have one more line approved after a rotation was answered that ended it at once."""
    a = serve(t)
    old, new = enrol(a), jose.Token()
    (rotated,), late = behind(t, a, [(lambda: issue(a, "worker", new, replaces="current", overlap_s=0),)],
                              [(post, a, old.command("ls")) for _ in range(8)])
    assert rotated[0] == 201
    for status, problem in late:
        assert status == 401 and "replaced" in problem["detail"], problem
    new.data = old.data
    assert post(a, new.command("ls"))[0] == 200


def test_the_log_has_nothing_of_a_key_behind_its_end(t):
    """In one group of the writer, a line could be approved behind the event that took its key away: the log would say
    that a revoked key ran something."""
    a = serve(t)
    keys = [enrol(a, "agent-%d" % n) for n in range(4)]
    waiting, other = keys[0].command("wait for a person"), keys[3].command("wait too")
    assert post(a, waiting)[0] == post(a, other)[0] == 202
    bob = operator(a, "bob")
    chain = chains.start(a, "agent-0")
    hop = keys[0].sign("whosh-hop+jwt", chains.claims(a, "agent-0", "agent-3", keys[3], chain))
    first, ends, late = behind(
        t, a, [(ask, a, "POST", "/v1/agents", {"id": "first", "owner": "alice"})],
        [(ask, a, "DELETE", "/v1/credentials/" + keys[0].data["credential"]), (ask, a, "POST", "/v1/agents/agent-1/disable"),
         (ask, a, "DELETE", "/v1/operators/bob"),
         (lambda: issue(a, "agent-2", jose.Token(), replaces="current", overlap_s=0),)],
        [(post, a, key.command("ls")) for key in keys[:3]] + [(review, a, waiting, "approve"), (chains.log, a, hop),
                                                              (review, a, other, "approve", None, bob)])
    assert [x[0] for x in first + ends] == [201, 204, 204, 204, 201], (first, ends)
    assert late[3][0] in (403, 409), "before it was denied, as what a revoked key signed, or after"
    assert [x[0] for x in late[:3] + late[4:]] == [403, 403, 401, 409, 403], late
    t.eventually(lambda: audit(a, waiting)["state"] == "denied", "that it waits no more")


def test_what_waits_for_a_reviewer_outlives_the_window(t):
    """A command must not be lost because its key was rotated while a person was thinking; a revoked one must be."""
    a = t.approver(policy={"version": 1, "default": "review", "rules": []})
    token, new = a.agent("worker"), t.tmp / "new.token"
    waiting = t.whosh_start(a, token, "-c", "echo out")
    a.pending()
    a.ctl("credential", "rotate", "worker", "--out", new, "--overlap", "0")
    a.ctl("approve", a.json("pending")[0]["id"])
    out, err = waiting.communicate(timeout=30)
    assert (waiting.returncode, out) == (0, b"out\n"), err
    t.eventually(lambda: a.who()[0]["exit"] == 0, "its outcome, signed by the old key")
    waiting = t.whosh_start(a, new, "-c", "echo out")
    a.pending()
    a.ctl("credential", "revoke", credentials(a)[1]["id"])
    out, err = waiting.communicate(timeout=30)
    assert (waiting.returncode, out) == (77, b"") and b"its credential was revoked" in err, err


def test_two_keys_at_the_most(t):
    """Each rotation in a hurry would otherwise leave one more key that is good for an hour; and one whose file was
    lost on the way must not cut off the one that is in use."""
    a = t.approver()
    tokens = [a.agent("worker")] + [t.tmp / ("%d.token" % n) for n in range(4)]

    def works():
        return [n for n, token in enumerate(tokens) if token.exists() and t.whosh(a, token, "-c", "true").code == 0]
    assert works() == [0]
    a.ctl("credential", "rotate", "worker", "--out", tokens[1])
    r = a.ctl("credential", "rotate", "worker", "--out", tokens[2])
    ended = jose.s256(json.dumps({k: json.loads(tokens[1].read_text())["jwk"][k] for k in ("crv", "kty", "x")},
                                 separators=(",", ":")))
    assert "ended at once" in r.text and ended in r.text, r
    assert works() == [0, 2], "the second was never used: the first, in use, keeps its window"
    a.ctl("credential", "rotate", "worker", "--out", tokens[3])
    assert works() == [2, 3]
    chain = credentials(a)
    assert [c["replaces"] for c in chain] == [None] + [c["id"] for c in chain[:3]], chain
    a.ctl("credential", "rotate", "worker", "--out", tokens[3], "--force")
    assert works() == [3] and sum(t.whosh(a, x, "-c", "true").code == 0 for x in tokens[:3]) == 0, "3's file is the fourth's"


def test_a_first_use_survives_a_crash(t):
    """After a power cut the key in use would look as if its file had been lost on the way, and the next rotation would
    end it at once under the commands of its host."""
    a = serve(t)
    first = enrol(a)
    assert post(a, first.command("ls"))[0] == 200
    a.restart()
    second = enrol(a, new=False)
    assert post(a, second.command("ls"))[0] == 200
    a.kill()
    a.start()
    assert all(c["last_used"] for c in credentials(a)), credentials(a)
    enrol(a, new=False)
    assert post(a, second.command("ls"))[0] == 200 and post(a, first.command("ls"))[0] == 401


def test_rotation_that_cannot_be(t):
    """A mistyped or late rotation must say what to do, and change nothing."""
    a = serve(t, policy={"version": 1, "default": "deny", "rules": []})
    a.ctl("agent", "add", "worker", "--owner", "alice")
    out = t.tmp / "out"
    r = a.ctl("credential", "rotate", "worker", "--out", out, check=False)
    assert r.code == 1 and "issue" in r.errors and not out.exists(), r
    for wrong in ((), ("--out", out, "--overlap", "soon"), ("--out", out, "--overlap", "-1h")):
        assert a.ctl("credential", "rotate", "worker", *wrong, check=False).code == 2, wrong
    assert a.ctl("credential", "rotate", "worker", "--out", out, "--overlap", "365d", check=False).code == 1
    key = jose.Token()
    for more in ({"replaces": "x"}, {"replaces": 1}, {"overlap_s": 5}, {"replaces": "current", "overlap_s": -1},
                 {"replaces": "current", "overlap_s": "1"}):
        assert issue(a, "worker", key, **more)[0] == 400, more
    assert issue(a, "worker", key, expires_s=1)[0] == 201
    t.eventually(lambda: "expired" in a.ctl("status").text, "it to expire")
    assert "whoctl credential rotate worker --out FILE" in a.ctl("status").text
    r = a.ctl("credential", "rotate", "worker", "--out", out)
    assert len(credentials(a)) == 2 and "expired" not in a.ctl("status").text, "what has expired can be rotated too"
    out.unlink()
    a.ctl("agent", "disable", "worker")
    assert "disabled" in a.ctl("credential", "rotate", "worker", "--out", out, check=False).errors and not out.exists()


def test_a_use_does_not_lengthen_a_window(t):
    """The old key's last use is written a minute later: that must not make it good again."""
    a = t.approver()
    old, new = a.agent("worker"), t.tmp / "new.token"
    assert t.whosh(a, old, "-c", "true").code == 0
    a.ctl("credential", "rotate", "worker", "--out", new, "--overlap", "1s")
    t.whosh(a, old, "-c", "true")
    ends = credentials(a)[0]["expires"]
    a.restart()  # which saves the uses
    a.restart()
    assert credentials(a)[0]["expires"] == ends and credentials(a)[0]["last_used"]
    t.eventually(lambda: t.whosh(a, old, "-c", "true").code == 77, "the window to end")


def test_session_goes_on_with_the_successor(t):
    """A rotation would end every session under way; but a session must never fall to another key."""
    a = t.approver()
    one, stranger = enrol(a, "one"), enrol(a, "stranger")
    sid, early = jose.uuid7(), one.command("ls")
    late = one.command("ls", sid=sid)
    assert post(a, one.command("ls", sid=sid))[0] == 200
    next_one = enrol(a, "one", new=False)
    third = enrol(a, "one", new=False)
    assert post(a, stranger.command("ls", sid=sid))[0] == 401
    assert post(a, third.command("ls", sid=sid))[0] == 200, "over two rotations"
    status, problem = post(a, one.command("ls", sid=sid))
    assert status == 401 and "goes on with" in problem["detail"], problem
    assert post(a, late)[0] == 200, "signed before, and overtaken on the way"
    assert post(a, third.command("ls", sid=sid))[0] == 200
    assert post(a, next_one.command("ls", sid=sid))[0] == 401
    other = jose.uuid7()
    assert post(a, third.command("ls", sid=other))[0] == 200
    assert post(a, one.command("ls", sid=other))[0] == 401, "a session of the new key is not the old one's"
    assert post(a, early)[0] == 200
    a.restart()
    assert post(a, third.command("ls", sid=sid))[0] == 200 and post(a, one.command("ls", sid=sid))[0] == 401
    found = alerts(a, "session_of_two_keys")
    assert len(found) == 1 and found[0]["agent"] == "stranger" and found[0]["other_agent"] == "one", found
    assert found[0]["session"] == sid, found


def test_key_of_two_agents(t):
    """Two agents with one key are one agent with two names: nobody could say who did it."""
    a = serve(t)
    one = enrol(a, "one")
    a.ctl("agent", "add", "two", "--owner", "bob")
    status, problem = issue(a, "two", one)
    assert status == 409 and "one" in problem["detail"], problem
    found = t.eventually(lambda: alerts(a, "key_enrolled_twice"), "the alert")
    assert found[0]["agent"] == "one" and found[0]["other_agent"] == "two", found
    assert issue(a, "one", one)[0] == 409 and len(alerts(a, "key_enrolled_twice")) == 1, "its own is no alert"
    assert 'whosh_alerts_total{alert="key_enrolled_twice"} 1' in ask(a, "GET", "/metrics", token=None)[1]
    for since, count in (("2000-01-01T00:00:00Z", 1), ("2100-01-01T00:00:00Z", 0)):
        assert ask(a, "GET", "/v1/alerts?since=" + since)[1]["count"] == count
    assert ask(a, "GET", "/v1/alerts?since=soon")[0] == 400 and ask(a, "GET", "/v1/alerts", token=None)[0] == 401


def test_key_used_as_another_agent(t):
    """A stolen token file that was edited is refused; but who looks after agents must hear that it was stolen."""
    a = t.approver()
    token, _ = a.agent("worker"), a.agent("deployer")
    watch = t.spawn([t.program("whoctl"), "--dir", a.dir, "watch"], env=t.env(), stdout=open(t.tmp / "watch", "wb"))
    t.eventually(lambda: b"whosh_event_streams 1\n" in a.api("GET", "/metrics", token=None)[2], "the stream")
    data = json.loads(token.read_text())
    data["sub"] = "deployer"
    stolen = t.tmp / "stolen"
    stolen.write_text(json.dumps(data))
    stolen.chmod(0o400)
    r = t.whosh(a, stolen, "-c", "echo out")
    assert r.code == 77 and r.out == b"" and "worker" not in r.errors, r
    found = t.eventually(lambda: alerts(a, "key_of_another_agent"), "the alert")
    assert found[0]["agent"] == "worker" and found[0]["other_agent"] == "deployer", found
    assert found[0]["reason"] == "the key %s of agent worker was used as agent deployer" % found[0]["credential"]
    text = a.ctl("status").text
    assert "1 in 24 h" in text and found[0]["reason"] in text, text
    assert a.json("status")["alerts_24h"] == 1
    t.read_line_matching(t.tmp / "watch", "ALERT: the key .* was used as agent deployer", process=watch)
    t.read_line_matching(a.log, "alert.*key_of_another_agent")
    assert data["jwk"]["d"] not in a.log.read_text()


def test_alerts_are_limited_but_none_is_first_lost(t):
    """A flood of one kind would fill the log, or hide the first sign of another."""
    a = serve(t)
    one, two = enrol(a, "one"), enrol(a, "two")
    a.ctl("agent", "add", "three", "--owner", "bob")
    for _ in range(60):
        assert issue(a, "three", one)[0] == 409
    assert issue(a, "three", two)[0] == 409
    found = t.eventually(lambda: [x for x in alerts(a, "key_enrolled_twice") if x["agent"] == "two"], "the other's alert")
    assert len(found) == 1 and len(alerts(a, "key_enrolled_twice")) < 40
    assert 'whosh_alerts_total{alert="key_enrolled_twice"} 61' in ask(a, "GET", "/metrics", token=None)[1]


def test_a_flood_hides_no_later_alert(t):
    """Whoever holds one stolen key could keep the approver so busy with it that nothing of another is told."""
    a = serve(t)
    one, two = enrol(a, "one"), enrol(a, "two")
    a.ctl("agent", "add", "three", "--owner", "bob")
    seen = lambda: len([x for x in alerts(a, "key_enrolled_twice") if x["agent"] == "two"])
    assert issue(a, "three", two)[0] == 409
    t.eventually(seen, "the other's first alert")
    flooding, until = threading.Event(), time.monotonic() + 11

    def flood():
        while not flooding.is_set():
            issue(a, "three", one)
    floods = [in_thread(flood) for _ in range(2)]
    t.eventually(lambda: time.monotonic() > until, "the first to be a while ago")
    issue(a, "three", two)
    t.eventually(lambda: seen() == 2, "the other's second alert", 5)
    flooding.set()
    for f in floods:
        f.result(30)


def test_rubbish_hides_no_stolen_key(t):
    """A stolen key would not be told of when its holder has sent rubbish first, so that nothing is searched for any more."""
    a = serve(t)
    stolen = enrol(a, "one")
    enrol(a, "two")
    nobody = jose.Token()
    nobody.data = {**stolen.data, "sub": "two"}
    for _ in range(20):
        assert post(a, nobody.command("ls"))[0] == 401
    assert post_named(a, stolen.command("ls", sub="two"), stolen.data["credential"])[0] == 401
    found = t.eventually(lambda: alerts(a, "key_of_another_agent"), "the alert", 5)
    assert found[0]["agent"] == "one" and found[0]["other_agent"] == "two", found


def test_an_alert_that_could_not_be_kept_is_kept_later(t):
    """The first alert must not be lost to a full disk that came at the same time."""
    a = serve(t)
    one = enrol(a, "one")
    a.ctl("agent", "add", "two", "--owner", "bob")
    db = sqlite3.connect(a.dir / "whosh.db")
    db.execute("CREATE TRIGGER away BEFORE INSERT ON alerts BEGIN SELECT raise(ABORT, 'away'); END")
    db.commit()
    for n in range(1, 31):  # more than the limit lets by: each is the first again
        issue(a, "two", one)
        t.eventually(lambda n=n: a.log.read_text().count("an alert could not be recorded") == n, "number %d" % n, 5)
    db.execute("DROP TRIGGER away")
    db.commit()
    db.close()
    t.eventually(lambda: issue(a, "two", one)[0] == 409 and alerts(a, "key_enrolled_twice"), "the alert to be kept")


def test_rotating_past_one_that_expired(t):
    """A short-lived key that ended before the one that it replaced must not break the row: its sessions would."""
    a = serve(t)
    first = enrol(a)
    short, sid = enrol(a, expires_s=1, new=False), jose.uuid7()
    if post(a, short.command("ls", sid=sid))[0] != 200:
        t.skip("this machine took longer than the key's second")
    t.eventually(lambda: post(a, short.command("ls"))[0] == 401, "the second to expire")
    assert post(a, first.command("ls"))[0] == 200, "it is within its window"
    third = enrol(a, new=False)
    assert credentials(a)[2]["replaces"] == short.data["credential"]
    assert post(a, third.command("ls", sid=sid))[0] == 200 and post(a, first.command("ls"))[0] == 200


def test_a_key_of_long_ago(t):
    """A host that was forgotten in many rotations must hear that its key was replaced, not that it is nobody's."""
    a = serve(t)
    first = enrol(a)
    for _ in range(12):
        enrol(a, new=False)
    status, problem = post(a, first.command("ls"))
    assert status == 401 and "replaced" in problem["detail"], problem
    assert ask(a, "GET", "/v1/alerts")[1]["count"] == 0


class Load:
    """Shells in a loop, several at once, until stopped; each failure is kept."""

    def __init__(self, t, b, shells, **env):
        self.t, self.b, self.env, self.failed, self.done = t, b, env, [], 0
        self.stopping = threading.Event()
        self.loops = [in_thread(self.loop) for _ in range(shells)]

    def loop(self):
        while not self.stopping.is_set():
            r = self.t.whosh(self.b, None, "-c", "true", env=self.env)
            self.done += 1
            if r.code != 0:
                self.failed.append(r)

    def more(self, n):
        """Wait until n more have run."""
        aim = self.done + n
        self.t.eventually(lambda: self.done >= aim, "%d more commands" % n, 60)

    def stop(self):
        self.stopping.set()
        for loop in self.loops:
            loop.result(60)
        assert self.failed == [], self.failed[:3]
        return self.done


def test_rotation_under_load(t):
    """Rotating a key must not fail a single command: the file is replaced under shells that share a session."""
    a = t.approver()
    token, user = a.agent("worker"), pwd.getpwuid(os.geteuid()).pw_name
    b = t.broker(a, {user: token})
    place = b.dir / "credentials" / (user + ".json")
    one, two = Load(t, b, 2, WHOSH_SESSION_ID=jose.uuid7()), Load(t, b, 2)
    one.more(10)
    for _ in range(3):
        a.ctl("credential", "rotate", "worker", "--out", place, "--force", "--overlap", "6s")
        one.more(15)
        two.more(15)
    t.eventually(lambda: sum(c["expires"] > iso(time.time()) for c in credentials(a)) == 1, "the windows to end", 30)
    one.more(10)
    assert one.stop() + two.stop() > 100
    r = t.whosh(a, token, "-c", "true")
    assert r.code == 77 and "replaced" in r.errors, r
    assert [bool(c["last_used"]) for c in credentials(a)] == [True] * 4, "each of the keys was taken up"
    assert alerts(a, "session_of_two_keys") == []


def iso(when):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(when))


def test_new_file_that_is_bad(t):
    """What the operator put there counts: the old key must not go on behind a file that is wrong; and mending the
    file is all that is needed."""
    a = t.approver()
    token, user = a.agent("worker"), pwd.getpwuid(os.geteuid()).pw_name
    b = t.broker(a, {user: token})
    place = b.dir / "credentials" / (user + ".json")
    data = json.loads(token.read_text())

    def put(text, mode=0o400):
        beside = place.with_suffix(".new")
        beside.write_text(text)
        beside.chmod(mode)
        beside.rename(place)
        return t.whosh(b, None, "-c", "true")
    assert t.whosh(b, None, "-c", "true").code == 0
    future = put(json.dumps({**data, "nbf": int(time.time()) + 600}))
    assert future.code == 77 and "not valid yet" in future.errors, future
    assert put("{}").code == 77 and put("").code == 77 and put(token.read_text(), 0o404).code == 77
    assert put(token.read_text()).code == 0
    place.unlink()
    assert t.whosh(b, None, "-c", "true").code == 77


def test_rotated_file_keeps_its_owner(t):
    """Root rotates, the broker runs as another user: a new file of root's alone would stop every command."""
    t.need_root()
    a = t.approver()
    token = a.agent("worker")
    nobody = pwd.getpwnam("nobody")
    os.chown(token, nobody.pw_uid, -1)
    a.ctl("credential", "rotate", "worker", "--out", token, "--force")
    st = token.stat()
    assert (st.st_uid, st.st_mode & 0o7777) == (nobody.pw_uid, 0o400), st
    shared = t.tmp / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    trap = shared / "worker.token"
    trap.write_text("")
    os.chown(trap, nobody.pw_uid, -1)
    a.ctl("credential", "rotate", "worker", "--out", trap, "--force")
    assert trap.stat().st_uid == 0, "who put a file where root is to write a secret was not to be given it"
