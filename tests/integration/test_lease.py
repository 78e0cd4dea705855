"""A command goes on without a word from the approver for as long as its lease, and no longer."""
import os
import signal
import subprocess
import time

from lib import jose
from lib.killing import ME, alive, all_gone, daemon, pids_in, world

LONG = "echo $$ >> pids; exec sleep 600"


def real(t, conf):
    """A real approver and a system broker with these lines of configuration."""
    a = t.approver()
    return a, t.broker(a, {ME: a.agent("worker")}, conf=conf)


def running(t, a, b, line=LONG, n=1):
    p = t.whosh_start(b, None, "-c", line)
    pids = pids_in(t, t.tmp / "pids", n)
    t.eventually(lambda: "whosh_polls 1\n" in a.api("GET", "/metrics", token=None)[2].decode(), "a poll that names it")
    return p, pids


def pass_by(t, seconds, still):
    """Let that long pass; `still` must hold all the while."""
    end = time.monotonic() + seconds

    def look():
        assert still()
        return time.monotonic() > end
    t.eventually(look, "the time", seconds + 10)


def spooled_outcome(t, b):
    name, = t.eventually(b.spooled, "the outcome in the spool")
    return jose.claims((b.dir / "spool" / name).read_text())


def test_approver_killed(t):
    """With the approver away nobody can kill a command: it ends with its lease, and the log learns why."""
    a, b = real(t, "lease = 3s")
    p, pids = running(t, a, b, daemon("pids") + LONG, 3)
    a.kill()
    began = time.monotonic()
    pass_by(t, 1, lambda: all(alive(x) for x in pids))
    all_gone(t, pids, 8)
    assert time.monotonic() - began < 5.5, time.monotonic() - began
    assert p.wait(10) == -signal.SIGTERM
    err = p.stderr.read().decode()
    assert err.startswith("whosh: killed: lease lapsed: the approver was not heard of for ") and err.count("\n") == 1, err
    claims = spooled_outcome(t, b)
    assert claims["outcome"] == "signaled" and claims["reason"].startswith("lease lapsed: the approver was not heard of for ")
    a.start()
    row = t.eventually(lambda: a.who()[0]["ended"] and a.who()[0], "the outcome", 60)
    assert row["outcome"] == "signaled" and row["signal"] == "TERM", row


def test_approver_restarted_within_the_lease(t):
    """An upgrade of the approver must not end what runs."""
    a, b = real(t, "lease = 4s")
    p, pids = running(t, a, b)
    a.kill()
    a.start()
    pass_by(t, 9, lambda: alive(pids[0]))
    p.terminate()
    assert p.wait(10) == -signal.SIGTERM
    row = t.eventually(lambda: a.who()[0]["ended"] and a.who()[0], "the outcome")
    assert row["outcome"] == "signaled" and not p.stderr.read(), row


def test_approver_back_after_the_lease(t):
    """What was ended stays ended, and is told once."""
    a, b = real(t, "lease = 2s")
    p, pids = running(t, a, b)
    a.kill()
    all_gone(t, pids, 8)
    assert p.wait(10) == -signal.SIGTERM
    a.start()
    row = t.eventually(lambda: a.who()[0]["ended"] and a.who()[0], "the outcome", 60)
    t.eventually(lambda: not b.spooled(), "the spool's end")
    events = a.json("show", row["id"])
    events = events[0] if isinstance(events, list) else events
    assert sum(e["kind"] == "command_outcome" for e in events["events"]) == 1, events["events"]


def test_finish(t):
    """Where a command must not be cut off it finishes, and the log learns that nobody could have stopped it."""
    a, b = real(t, "lease = 2s\non_lease_lapse = finish")
    p = t.whosh_start(b, None, "-c", "echo $$ >> pids; read x; exit 5", stdin=subprocess.PIPE)
    pids = pids_in(t, t.tmp / "pids", 1)
    a.kill()
    pass_by(t, 4, lambda: alive(pids[0]))
    p.stdin.write(b"\n")
    p.stdin.close()
    assert p.wait(10) == 5 and p.stderr.read() == b""
    claims = spooled_outcome(t, b)
    assert (claims["exit"], claims["reason"]) == (5, "lease lapsed; let finish (on_lease_lapse = finish)"), claims


def test_packets_swallowed(t):
    """A network that answers nothing, not even with an error, must not stretch the lease."""
    a, b = real(t, "lease = 4s")
    p, pids = running(t, a, b)
    os.kill(a.process.pid, signal.SIGSTOP)
    t.cleanups.append(lambda: os.kill(a.process.pid, signal.SIGCONT))
    began = time.monotonic()
    all_gone(t, pids, 10)
    assert 1 < time.monotonic() - began < 6.5, time.monotonic() - began
    assert p.wait(20) == -signal.SIGTERM


def test_packets_swallowed_for_less_than_the_lease(t):
    """A network that is away for a moment must cost nothing."""
    a, b = real(t, "lease = 6s")
    p, pids = running(t, a, b)
    for _ in range(2):
        os.kill(a.process.pid, signal.SIGSTOP)
        pass_by(t, 2, lambda: alive(pids[0]))
        os.kill(a.process.pid, signal.SIGCONT)
        pass_by(t, 3, lambda: alive(pids[0]))
    pass_by(t, 4, lambda: alive(pids[0]))
    assert p.poll() is None


def test_the_permit_says_how_long(t):
    """The approver may give less than the host's configuration says, never more."""
    fake, conf, token = world(t, conf="lease = 1h", lease_s=2)
    p = t.whosh_start(conf, token, "-c", LONG)
    pids = pids_in(t, t.tmp / "pids", 1)
    pass_by(t, 5, lambda: alive(pids[0]))
    fake.live_status = 503
    all_gone(t, pids, 6)
    assert p.wait(10) == -signal.SIGTERM
    assert fake.outcome(fake.command(LONG))["reason"].startswith("lease lapsed: "), fake.outcomes


def test_newcomers_do_not_starve_the_lease(t):
    """Each new command is a new poll in place of an old one; what has run for long must be renewed all the same."""
    fake, conf, token = world(t, conf="lease = 3s")
    p = t.whosh_start(conf, token, "-c", LONG)
    pids = pids_in(t, t.tmp / "pids", 1)
    others = []

    def another():
        if not others or others[-1][1] < time.monotonic() - 0.25:
            others.append((t.whosh_start(conf, token, "-c", "exec sleep 2"), time.monotonic()))
        return alive(pids[0])
    pass_by(t, 7, another)
    assert p.poll() is None and len(others) > 20
    for other, _ in others:
        assert other.wait(10) == 0


def test_broker_killed(t):
    """Without its broker a command can neither be killed nor confirmed: its whosh ends it with the lease, daemons too."""
    fake, b, _ = world(t, conf="lease = 2s")
    p = t.whosh_start(b, None, "-c", daemon("pids") + "trap '' TERM; echo $$ >> pids; while :; do sleep 1; done")
    pids = pids_in(t, t.tmp / "pids", 3)
    b.kill()
    began = time.monotonic()
    pass_by(t, 1, lambda: all(alive(x) for x in pids))
    all_gone(t, pids, 5)
    assert time.monotonic() - began < 4
    assert p.wait(10) == -signal.SIGKILL
    assert p.stderr.read() == b"whosh: killed: lease lapsed: the broker was not heard of for 2 s\n"


def test_broker_killed_and_finish(t):
    """Where commands are to finish they do so without their broker too."""
    fake, b, _ = world(t, conf="lease = 1s\non_lease_lapse = finish")
    p = t.whosh_start(b, None, "-c", "echo $$ >> pids; read x; exit 5", stdin=subprocess.PIPE)
    pids = pids_in(t, t.tmp / "pids", 1)
    b.kill()
    pass_by(t, 3, lambda: alive(pids[0]))
    p.stdin.write(b"\n")
    p.stdin.close()
    assert p.wait(10) == 5 and p.stderr.read() == b""


def test_private_broker_killed(t):
    """An agent that kills its private broker gains a lease, not its freedom."""
    fake, conf, token = world(t, conf="lease = 2s", system=False)
    p = t.whosh_start(conf, token, "-c", LONG)
    pids = pids_in(t, t.tmp / "pids", 1)
    own = [int(x) for x in os.listdir("/proc") if x.isdigit() and broker_of(x, t)]
    assert len(own) == 1, own
    os.kill(own[0], signal.SIGKILL)
    all_gone(t, pids, 6)
    assert p.wait(10) == -signal.SIGTERM


def broker_of(pid, t):
    try:
        with open("/proc/%s/cmdline" % pid, "rb") as f, open("/proc/%s/environ" % pid, "rb") as e:
            return f.read().startswith(b"whosh-broker\0--private") and str(t.tmp).encode() in e.read()
    except OSError:
        return False
