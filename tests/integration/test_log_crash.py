"""The log when the approver is killed, again and again, under load; and when the disk is full."""
import http.client
import json
import os
import random
import re
import threading
import time

from lib import auditlog, jose
from lib.bare import POLICY, ask, audit, enrol, jti, outcome, post
from lib.tables import copied, rebuilt, same, tables, verified


class Load:
    """Commands and outcomes from some connections, each as fast as it is answered; what was answered."""

    def __init__(self, a, token, clients=4):
        self.a, self.token, self.stop = a, token, threading.Event()
        self.decided, self.ended = {}, []
        self.threads = [threading.Thread(target=self.client, args=(n,)) for n in range(clients)]
        for x in self.threads:
            x.start()

    def client(self, n):
        connection, session = self.a.connection(), jose.uuid7()
        while not self.stop.is_set():
            line = random.choice(("ls", "ls " + "b" * random.randint(1, 3000), "rm x", "rm " + "c" * 70000))
            jws = self.token.command(line, sid=session)
            try:
                status, permit = post(self.a, jws, connection=connection)
                if status != 200:
                    continue
                self.decided[jti(jws)] = permit
                if n % 2 and line[:2] == "ls" and outcome(self.a, self.token, jws)[0] in (200, 204):
                    self.ended.append(jti(jws))
            except (OSError, http.client.HTTPException):
                return

    def end(self):
        self.stop.set()
        for x in self.threads:
            x.join()


def logged(entries, folder):
    """By command: its decision as it is in the log, and whether its outcome is."""
    decided, ended = {}, set()
    for n, text in enumerate(entries):
        leaf = auditlog.blob(folder / "log", json.loads(text))
        assert leaf["n"] == n, leaf
        if leaf["kind"] == "command_decided":
            decided[jose.claims(leaf["jws"])["id"]] = leaf["jws"]
        elif leaf["kind"] == "command_outcome":
            ended.add(jose.claims(leaf["jws"])["command"])
    return decided, ended


def killed(t, rounds):
    """Rounds of a kill under load; after each start everything that was acknowledged is there."""
    a = t.approver(policy=POLICY)
    token = enrol(a)
    decided, ended = {}, set()
    for n in range(rounds):
        load = Load(a, token)
        enough = random.randint(5, 60)
        t.eventually(lambda: len(load.decided) >= enough, "some decisions")
        time.sleep(random.random() / 10)  # a moment that nothing announces: that is the test
        a.kill()
        load.end()
        decided.update(load.decided)
        ended.update(load.ended)
        a.start()
        for command in random.sample(sorted(load.decided), 5):
            assert ask(a, "GET", "/v1/audit/" + command)[1]["verdict"] in ("approved", "denied")
        if n % 10 and n + 1 < rounds:
            continue
        # What a copy of its folder says, all of it, and by the tree.
        a.stop()
        entries = verified(a.dir)
        told, over = logged(entries, a.dir)
        missing = [x for x in decided if told.get(x) != decided[x]]
        assert not missing, "round %d: %d acknowledged decisions of %d are missing" % (n, len(missing), len(decided))
        assert not ended - over, "round %d: %d outcomes are missing" % (n, len(ended - over))
        kept = tables(a.dir / "whosh.db")
        assert not set(decided) - {x["id"] for x in kept["commands"]}
        same(kept, rebuilt(t, a))
        a.start()
    print("# %d rounds, %d decisions" % (rounds, len(decided)))


def test_killed_under_load(t):
    """After a crash the log would lack what was decided, or its tables would tell something else than it does."""
    killed(t, 20)


def soak_killed_under_load(t):
    """A crash in a rare moment would lose a decision, and nobody would ever know which."""
    killed(t, 200)


def soak_power_loss(t):
    """A power loss in a rare moment of a long history would lose decisions, or keep the approver from starting."""
    r = t.run([t.program("unit/test_log_crash")], env={**os.environ, "WHOSH_CRASH_ROUNDS": "2000"}, timeout=1500)
    assert r.code == 0 and b"0 failed" in r.out, r


def small_disk(t, size):
    t.need_root()
    t.need("mount", "umount")
    small = t.tmp / "small"
    small.mkdir()
    if t.run(["mount", "-t", "tmpfs", "-o", "size=" + size, "tmpfs", small]).code != 0:
        t.skip("cannot mount a tmpfs here")
    t.cleanups.append(lambda: t.run(["umount", "-l", small]))
    return small


def fill(path):
    with open(path, "wb", buffering=0) as f:
        try:
            while True:
                f.write(bytes(4096))
        except OSError:
            pass


def test_full_disk_is_said_and_left_again(t):
    """A full disk would lose decisions, or be noticed by nobody, or need a restart when there is room again."""
    small = small_disk(t, "6m")
    a = t.approver(policy=POLICY, name="small/approver")
    token, shell = enrol(a), a.agent("sheller")
    decided = {}
    for turn in range(3):
        fill(small / "ballast")
        refused = 0
        for _ in range(4000):
            jws = token.command("ls", task="x" * 2000)
            status, answer = post(a, jws)
            if status == 200:
                decided[jti(jws)] = answer
            else:
                assert status == 503 and answer["type"] == "urn:whosh:problem:unavailable", (status, answer)
                refused += 1
            if refused > 5:
                break
        assert refused > 5
        status, health = ask(a, "GET", "/healthz", token=None)
        assert status == 503 and health["status"] == "read-only", health
        metrics = ask(a, "GET", "/metrics", token=None)[1]
        assert re.search(r"^whosh_store_errors_total [1-9]", metrics, re.M), metrics
        if not turn:
            r = t.whosh(a, shell, "-c", "ls " + "x" * 2000)
            assert r.code == 69 and not r.out, r
        assert a.log.read_text().count("nothing can be recorded: decisions are refused") == turn + 1, "said once"
        (small / "ballast").unlink()
        t.eventually(lambda: post(a, token.command("ls"))[0] == 200, "the approver to recover")
        assert ask(a, "GET", "/healthz", token=None)[0] == 200
        assert a.log.read_text().count("recording again") == turn + 1
    known = audit(a, jws)["verdict"] if jti(jws) in decided else None
    assert known in (None, "approved")
    # Killed while it is full, it has all of it at the next start.
    fill(small / "ballast")
    a.kill()
    (small / "ballast").unlink()
    a.start()
    a.stop()
    told, _ = logged(verified(a.dir), a.dir)
    assert not [x for x in decided if told.get(x) != decided[x]], "acknowledged decisions are missing"
    kept = tables(a.dir / "whosh.db")
    assert copied(t, a, "copy").is_dir()
    same(kept, rebuilt(t, a))
