"""A kill ends a command whole, whatever shape its processes have, and nobody else."""
import os
import signal
import socket
import struct
import subprocess
import time

from lib import bare
from lib.killing import alive, all_gone, daemon, pids_in, world


def killed(t, line, n, system=True, before=None, **kw):
    """Run the line, which writes n pids to `pids`; kill it; (whosh's process, its pids, the outcome, seconds)."""
    fake, conf, token = world(t, system=system)
    p = t.whosh_start(conf, token, "-c", line, **kw)
    command = fake.command(line)
    pids = pids_in(t, t.tmp / "pids", n)
    fake.named(command)
    if before:
        before(p)
    began = time.monotonic()
    fake.kill(command)
    all_gone(t, pids)
    took = time.monotonic() - began
    claims = fake.outcome(command)
    assert claims["reason"] == "killed: rogue (by bob)", claims
    assert took < 2, took
    t.eventually(lambda: command in fake.acknowledged or claims, "the acknowledgement")
    return p, pids, claims, took


def test_a_plain_command(t):
    """The order reaches a running command at once; the agent is told why, and the outcome says so."""
    p, _, claims, took = killed(t, "echo $$ >> pids; echo out; exec sleep 600", 1)
    assert p.wait(10) == -signal.SIGTERM
    assert p.stderr.read() == b"whosh: killed: rogue (by bob)\n" and p.stdout.read() == b"out\n"
    assert (claims["outcome"], claims["signal"]) == ("signaled", "TERM") and "left" not in claims, claims
    assert took < 1, took


def test_the_same_with_a_private_broker(t):
    """Without a system broker a kill must reach the command as well."""
    p, _, claims, _ = killed(t, daemon("pids") + "echo $$ >> pids; exec sleep 600", 3, system=False)
    assert p.wait(10) == -signal.SIGTERM and claims["signal"] == "TERM", claims
    assert p.stderr.read() == b"whosh: killed: rogue (by bob)\n"


def test_daemons(t):
    """What was daemonised (its own session, its parents gone) would go on without its command."""
    p, _, claims, _ = killed(t, daemon("pids") * 3 + "echo $$ >> pids; sleep 600; true", 7)
    assert p.wait(10) < 0 and claims["outcome"] == "signaled", claims


def test_who_ignores_signals(t):
    """A process that ignores all it can must not survive, nor may the children it starts meanwhile."""
    line = ("trap '' TERM INT HUP QUIT CONT TSTP; (while :; do sleep 0.01; done) & echo $! >> pids; "
            "echo $$ >> pids; while :; do sleep 600; done")
    p, _, claims, _ = killed(t, line, 2)
    assert p.wait(10) == -signal.SIGKILL and claims["signal"] == "KILL", claims
    assert p.stderr.read() == b"whosh: killed: rogue (by bob)\n"


def test_a_stopped_command(t):
    """A stopped process takes no signal but SIGKILL: it must go too."""
    killed(t, "(echo $BASHPID >> pids; kill -STOP $BASHPID; sleep 600) & echo $$ >> pids; wait", 2)


def test_a_process_whose_main_thread_has_ended(t):
    """The kernel shows such a process as a zombie, though its other threads go on: it must not pass for dead."""
    line = ("exec python3 -c 'import ctypes, os, signal, threading, time\n"
            "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
            "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])\n"
            "threading.Thread(target=time.sleep, args=(600,)).start()\n"
            "print(os.getpid(), file=open(\"pids\", \"a\"), flush=True)\n"
            "ctypes.CDLL(None).pthread_exit(None)'")
    fake, conf, token = world(t)
    p = t.whosh_start(conf, token, "-c", line)
    command = fake.command(line)
    pid, = pids_in(t, t.tmp / "pids", 1)
    fake.named(command)
    t.eventually(lambda: not alive(pid), "the end of the main thread")
    assert len(os.listdir("/proc/%d/task" % pid)) > 1
    fake.kill(command)
    assert fake.outcome(command)["signal"] == "KILL"
    assert p.wait(10) == -signal.SIGKILL, (p.returncode, p.stderr.read())
    assert not os.path.exists("/proc/%d" % pid)


def test_a_stopped_whosh(t):
    """An agent that stops its own whosh must not be able to keep the command."""
    p, _, claims, _ = killed(t, daemon("pids") + "echo $$ >> pids; exec sleep 600", 3,
                             before=lambda p: p.send_signal(signal.SIGSTOP))
    assert p.wait(10) < 0, p.returncode
    assert claims["outcome"] == "signaled", claims


def test_a_whosh_that_stays_stopped(t):
    """A whosh that is stopped again and again reports nothing: the broker ends it, and says itself how it ended."""
    fake, conf, token = world(t)
    line = "while :; do kill -STOP $PPID; done & echo $! >> pids; trap '' TERM; echo $$ >> pids; while :; do :; done"
    p = t.whosh_start(conf, token, "-c", line)
    command = fake.command(line)
    pids = pids_in(t, t.tmp / "pids", 2)
    fake.named(command)
    fake.kill(command)
    all_gone(t, pids)
    claims = fake.outcome(command)
    assert (claims["outcome"], claims["signal"], claims["reason"]) == ("signaled", "KILL", "killed: rogue (by bob)"), claims
    assert p.wait(10) == -signal.SIGKILL


def test_a_whosh_killed_in_the_middle(t):
    """An agent that kills its own whosh when it notices the kill must not save its daemons."""
    line = ("trap 'kill -9 $PPID' TERM; (trap '' TERM; setsid bash -c 'trap \"\" TERM; echo $$ >> pids; while :; do sleep 1; "
            "done' &); echo $$ >> pids; while :; do sleep 0.1; done")
    p, _, claims, _ = killed(t, line, 2)
    assert p.wait(10) == -signal.SIGKILL
    assert (claims["outcome"], claims["signal"]) == ("signaled", "KILL"), claims


BOMB = """exec python3 -c '
import os, random, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
take, give = os.pipe()
os.set_blocking(take, False)
os.write(give, b"x" * 250)
print(os.getpid(), file=open("pids", "a"), flush=True)
def may():
    try:
        return os.read(take, 1)
    except BlockingIOError:
        return None
first, over = True, time.monotonic() + 60
while time.monotonic() < over:
    if may() and os.fork() == 0:
        first = False
        if random.random() < 0.3:
            os.setsid()
    time.sleep(random.random() * 0.05)
    if not first and random.random() < 0.1:
        os.write(give, b"x")
        os._exit(0)
'"""


def test_a_fork_bomb(t):
    """Processes that multiply, end and change their sessions faster than they are found would outlive every kill."""
    fake, conf, token = world(t)
    p = t.whosh_start(conf, token, "-c", BOMB)
    command = fake.command(BOMB)
    pids_in(t, t.tmp / "pids", 1)

    def bombs():
        found = 0
        for entry in os.listdir("/proc"):
            try:
                with open("/proc/%s/cmdline" % entry, "rb") as f:
                    found += f.read().startswith(b"python3\0-c\0\nimport os, random") and alive(int(entry))
            except (OSError, ValueError):
                pass
        return found
    t.eventually(lambda: bombs() > 100, "a hundred processes")
    fake.named(command)
    began = time.monotonic()
    fake.kill(command)
    claims = fake.outcome(command)
    took = time.monotonic() - began
    assert bombs() == 0
    assert claims["reason"] == "killed: rogue (by bob)" and "left" not in claims, claims
    assert p.wait(10) < 0 and took < 2, took


def test_neighbours_are_untouched(t):
    """A kill must end one command: its caller, its siblings of the same session, and another shell's go on."""
    fake, conf, token = world(t)
    other = "echo $$ >> others; exec sleep 601"
    neighbour = t.whosh_start(conf, token, "-c", other)
    script = "sleep 602 & echo $! >> others; %s -c 'echo $$ >> pids; exec sleep 603'; echo $? >> status; wait" % t.program("whosh")
    caller = t.spawn(["bash", "-c", script], env=t.env(conf, token), cwd=t.tmp, start_new_session=True,
                     stderr=subprocess.DEVNULL)
    others = pids_in(t, t.tmp / "others", 2)
    pids = pids_in(t, t.tmp / "pids", 1)
    command = fake.command("echo $$ >> pids; exec sleep 603")
    fake.named(command)
    fake.kill(command)
    all_gone(t, pids)
    fake.outcome(command)
    t.eventually(lambda: (t.tmp / "status").exists() and (t.tmp / "status").read_text(), "the caller's next step")
    assert (t.tmp / "status").read_text() == "143\n"
    assert all(alive(x) for x in others) and caller.poll() is None and neighbour.poll() is None


def test_a_whosh_inside_a_whosh(t):
    """The inner command must end with the outer one, and the inner one alone when it alone is killed."""
    fake, conf, token = world(t)
    inner = "echo $$ >> pids; exec sleep 600"
    outer = "%s -c '%s'; echo $? >> status; sleep 600" % (t.program("whosh"), inner)
    p = t.whosh_start(conf, token, "-c", outer)
    first, second = fake.command(outer), fake.command(inner)
    pids = pids_in(t, t.tmp / "pids", 1)
    fake.named(second)
    fake.kill(second)
    all_gone(t, pids)
    assert fake.outcome(second)["reason"] == "killed: rogue (by bob)"
    t.eventually(lambda: (t.tmp / "status").exists() and (t.tmp / "status").read_text() == "143\n", "the outer line's next step")
    assert p.poll() is None
    fake.named(first)
    fake.kill(first)
    assert fake.outcome(first)["signal"] == "TERM" and p.wait(10) == -signal.SIGTERM


def test_a_script(t):
    """A script's bash is started another way (under ptrace): it must be killed the same way."""
    fake, conf, token = world(t)
    script = t.tmp / "script"
    script.write_text("echo $$ >> pids\nsleep 600\n")
    p = t.whosh_start(conf, token, str(script))
    command = fake.command(script.read_text())
    pids = pids_in(t, t.tmp / "pids", 1)
    fake.named(command)
    fake.kill(command)
    all_gone(t, pids)
    assert fake.outcome(command)["signal"] == "TERM" and p.wait(10) == -signal.SIGTERM


def test_an_order_that_says_nothing(t):
    """An order without a reason, or with one that would write on a terminal, is carried out all the same."""
    fake, conf, token = world(t)
    p = t.whosh_start(conf, token, "-c", "exec sleep 600")
    command = fake.command("exec sleep 600")
    fake.named(command)
    fake.kill(command, reason="\x1b[2Jgone\nwhosh: ok" + "x" * 5000, by=None)
    claims = fake.outcome(command)
    assert "\x1b" not in claims["reason"] and len(claims["reason"]) < 600, claims
    assert p.wait(10) == -signal.SIGTERM
    err = p.stderr.read()
    assert err.count(b"\n") == 1 and b"\x1b" not in err, err


def frame(kind, *fields):
    """As in whosh-protocol(7), THE BROKER'S SOCKET."""
    body = b"".join(struct.pack(">HI", tag, len(value)) + value for tag, value in fields)
    return struct.pack(">IB", 1 + len(body), kind) + body


def test_an_order_behind_the_permit(t):
    """An order that comes together with the permit must not wait in a buffer until the command has ended."""
    fake, b, _ = world(t, start=False)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(b.socket))
    listener.listen()

    def serve():
        peer, _ = listener.accept()
        peer.sendall(frame(1, (1, b"1")))
        peer.recv(65536)
        peer.sendall(frame(4, (14, b"an-id"), (15, b"a-session"), (16, b"worker"), (36, b"30000")) +
                     frame(13, (19, b"rogue (by bob)"), (38, b"1")))
        heard = b""
        while b"\x07" not in heard:
            got = peer.recv(65536)
            if not got:
                break
            heard += got
        peer.sendall(frame(8))
    bare.in_thread(serve)
    r = t.whosh(b, None, "-c", "exec sleep 600", timeout=15)
    listener.close()
    assert (r.code, r.err) == (-signal.SIGTERM, b"whosh: killed: rogue (by bob)\n"), r


def test_acknowledged_and_named_until_told(t):
    """The approver must know that its order has arrived, before the command has ended."""
    fake, conf, token = world(t)
    line = "trap '' TERM; echo $$ >> pids; while :; do sleep 600; done"
    t.whosh_start(conf, token, "-c", line)
    command = fake.command(line)
    pids_in(t, t.tmp / "pids", 1)
    fake.named(command)
    fake.kill(command)
    fake.named(command, "killed")
    assert not fake.outcomes, "acknowledged first"
    acknowledging = [p for p in fake.polls if any(x.startswith(command) for x in p.get("killed", []))]
    assert len(acknowledging) == 1 and any(x.startswith(command) for x in acknowledging[0]["running"]), acknowledging
    fake.outcome(command)


def test_short_commands_cost_no_poll(t):
    """A make of a thousand short recipes must not be a thousand polls."""
    fake, conf, token = world(t)
    for _ in range(5):
        assert t.whosh(conf, token, "-c", "true").code == 0
    assert not fake.polls, fake.polls
    p = t.whosh_start(conf, token, "-c", "exec sleep 600")
    began = time.monotonic()
    fake.named(fake.command("exec sleep 600"))
    assert time.monotonic() - began < 2
    p.terminate()


def test_two_hundred_at_once(t):
    """When an agent runs wild everywhere, the last of its commands must not live seconds longer than the first."""
    fake, conf, token = world(t)
    n = 200
    shells = [t.whosh_start(conf, token, "-c", "echo $$ >> pids; sleep 600; : %d" % k, stdout=subprocess.DEVNULL)
              for k in range(n)]
    pids = pids_in(t, t.tmp / "pids", n)
    commands = [fake.command("echo $$ >> pids; sleep 600; : %d" % k) for k in range(n)]
    for command in commands:
        fake.named(command)
    began = time.monotonic()
    fake.kill(*commands)
    all_gone(t, pids)
    assert time.monotonic() - began < 2, time.monotonic() - began
    for command in commands:
        assert fake.outcome(command)["reason"] == "killed: rogue (by bob)"
    for p in shells:
        assert p.wait(10) == -signal.SIGTERM


def as_nobody(t, *caps):
    """A system broker of another user than root, with these capabilities; the shells are root's."""
    t.need_root()
    t.need("setpriv")
    fake, b, _ = world(t, start=False)
    for path in (b.dir, b.dir / "spool", b.dir / "credentials", *(b.dir / "credentials").iterdir()):
        os.chown(path, 65534, 65534)
    (t.tmp / "approver").chmod(0o711)
    b.start(prefix=["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set", "-all,+kill",
                    *caps])
    return fake, b


def test_a_broker_with_cap_kill_only(t):
    """A broker that is not root ends other users' commands with CAP_KILL, as the unit file gives it."""
    fake, b = as_nobody(t, "--inh-caps", "+kill", "--ambient-caps", "+kill")
    p = t.whosh_start(b, None, "-c", daemon("pids") + "kill -STOP $PPID; echo $$ >> pids; exec sleep 600")
    pids = pids_in(t, t.tmp / "pids", 3)
    command = fake.command(daemon("pids") + "kill -STOP $PPID; echo $$ >> pids; exec sleep 600")
    fake.named(command)
    fake.kill(command)
    all_gone(t, pids)
    assert p.wait(10) < 0 and fake.outcome(command)["reason"] == "killed: rogue (by bob)"
    assert "CAP_KILL" not in b.log.read_text()


def test_a_broker_without_cap_kill(t):
    """A broker that may not end processes says so from the start, and the shell ends its command itself."""
    fake, b = as_nobody(t)
    assert "CAP_KILL" in b.log.read_text()
    check = t.whosh(b, None, "--check")
    assert b"CAP_KILL" in check.out, check
    p = t.whosh_start(b, None, "-c", daemon("pids") + "trap '' TERM; echo $$ >> pids; while :; do sleep 1; done")
    pids = pids_in(t, t.tmp / "pids", 3)
    command = fake.command(daemon("pids") + "trap '' TERM; echo $$ >> pids; while :; do sleep 1; done")
    fake.named(command)
    fake.kill(command)
    all_gone(t, pids)
    assert p.wait(10) == -signal.SIGKILL
    assert p.stderr.read() == b"whosh: killed: rogue (by bob)\n"
    claims = fake.outcome(command)
    assert (claims["signal"], claims["reason"]) == ("KILL", "killed: rogue (by bob)"), claims
