"""What a command leaves behind is known, is named to the approver, and can be killed."""
import os
import signal
import subprocess
import time

from lib.killing import ME, alive, all_gone, daemon, pids_in, world


def left(t, line, n, **kw):
    """Run a line that ends and leaves n processes; (fake, the command, their pids, the outcome)."""
    fake, conf, token = world(t, **kw)
    line += "until [ \"$(grep -c . pids 2>/dev/null)\" = %d ]; do :; done; echo out; exit 3" % n
    r = t.whosh(conf, token, "-c", line)
    assert (r.code, r.out, r.err) == (3, b"out\n", b""), r
    pids = pids_in(t, t.tmp / "pids", n)
    assert all(alive(x) for x in pids)
    command = fake.command(line)
    return fake, command, pids, fake.outcome(command)


def test_a_daemon_is_known(t):
    """A daemon must not vanish from the approver's sight with the command that started it."""
    fake, command, pids, claims = left(t, daemon("pids"), 2)
    assert (claims["exit"], claims["left"]) == (3, 2) and "reason" not in claims, claims
    fake.named(command, "left")
    assert not any(x.startswith(command) for x in fake.polls[-1].get("running", []))


def test_nothing_left(t):
    """A command that leaves nothing must not be said to."""
    fake, conf, token = world(t)
    for line in ("true", "true & wait", "(true &); sleep 0.1", "sleep 0.1 & sleep 0.3", "(setsid true &) ; sleep 0.3"):
        assert t.whosh(conf, token, "-c", line).code == 0
        assert "left" not in fake.outcome(fake.command(line)), line


def test_a_private_broker_is_nothing_left(t):
    """The private broker of a whosh inside a whosh tidies up for a moment: that is no daemon to worry people with."""
    fake, conf, token = world(t, system=False)
    for k in range(5):
        line = ": %d; %s -c 'echo x'" % (k, t.program("whosh"))
        assert t.whosh(conf, token, "-c", line).out == b"x\n"
        assert "left" not in fake.outcome(fake.command(line)), fake.outcomes


def test_until_it_has_gone(t):
    """A daemon that has ended is not named any more: the approver would wait for it for ever."""
    fake, command, pids, _ = left(t, daemon("pids"), 2, lease_s=4)
    fake.named(command, "left")
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    seen = [len(fake.polls), time.monotonic()]

    def silent():
        if len(fake.polls) > seen[0]:
            seen[:] = [len(fake.polls), time.monotonic()]
        return time.monotonic() - seen[1] > 4
    t.eventually(silent, "the end of the polls", 20)


def test_killed(t):
    """A kill of a command that has ended must end what it left behind, and what that has started since."""
    fake, command, pids, _ = left(t, daemon("pids"), 2)
    fake.named(command, "left")
    fake.kill(command)
    all_gone(t, pids)

    def over():
        last = fake.polls[-1]
        return last.get("killed", []) and not last.get("left", []) and last["killed"][0].startswith(command)
    t.eventually(over, "a poll that says that it is over")


def test_killed_after_it_has_moved_on(t):
    """A daemon whose first process has ended since, and whose later ones ignore signals, must be found all the same."""
    line = ("(setsid bash -c 'echo $$ >> pids; until [ -e go ]; do sleep 0.05; done; "
            "(trap \"\" TERM; (bash -c \"echo \\$\\$ >> later; while :; do sleep 1; done\" &) )' > /dev/null 2>&1 &) ; ")
    fake, command, pids, claims = left(t, line, 1)
    assert claims["left"] >= 1, claims
    (t.tmp / "go").touch()
    later = pids_in(t, t.tmp / "later", 1)
    all_gone(t, pids)
    fake.named(command, "left")
    fake.kill(command)
    all_gone(t, later)


def test_lapse(t):
    """What was left behind has no more right to go on without the approver than the command had."""
    fake, command, pids, _ = left(t, daemon("pids"), 2, lease_s=3)
    fake.named(command, "left")
    fake.live_status = 503
    all_gone(t, pids, 8)


def test_private_broker_stays(t):
    """Without a system broker too: the private one lives on for as long as there is something to kill."""
    fake, command, pids, claims = left(t, daemon("pids"), 2, system=False)
    assert claims["left"] == 2, claims
    fake.named(command, "left")
    fake.kill(command)
    all_gone(t, pids)


def test_neighbours_of_what_is_left(t):
    """A process of the caller's session is nobody's daemon, whatever was left in it."""
    fake, conf, token = world(t)
    line = "sleep 600 & echo $! >> pids; true"
    script = "sleep 601 & echo $! >> others; %s -c '%s'; echo $? >> status; wait" % (t.program("whosh"), line)
    t.spawn(["bash", "-c", script], env=t.env(conf, token), cwd=t.tmp, start_new_session=True, stderr=subprocess.DEVNULL)
    command = fake.command(line)
    pids, others = pids_in(t, t.tmp / "pids", 1), pids_in(t, t.tmp / "others", 1)
    assert fake.outcome(command)["left"] == 1
    fake.named(command, "left")
    fake.kill(command)
    all_gone(t, pids)
    assert alive(others[0])


# Commands by the hundred that leave one and the same process behind; prints after how many it is refused.
LEAVER = r"""
import os, socket, struct, subprocess, sys
def frame(kind, *fields):
    body = b"".join(struct.pack(">HI", tag, len(value)) + value for tag, value in fields)
    return struct.pack(">IB", 1 + len(body), kind) + body
def get(link, n):
    got = b""
    while len(got) < n:
        more = link.recv(n - len(got))
        if not more:
            raise ConnectionError
        got += more
    return got
def next_frame(link):
    size, kind = struct.unpack(">IB", get(link, 5))
    return kind, get(link, size - 1)
child = subprocess.Popen(["sleep", "600"], stdout=subprocess.DEVNULL)
print(child.pid, file=open("pids", "a"), flush=True)
def ask():
    link = socket.socket(socket.AF_UNIX)
    link.connect(sys.argv[1])
    link.sendall(frame(2, (2, b"command"), (3, b"true"), (5, b"/"), (7, b"/bin/bash")))
    return link
def some():
    links = [ask() for _ in range(256)]
    for link in links:
        kind, body = next_frame(link)
        while kind != 4:
            if kind == 5:
                raise ConnectionError
            kind, body = next_frame(link)
        link.sendall(frame(6, (24, b"1")) + frame(7, (25, b"0"), (27, b"1"), (28, b"2"), (37, b"1")))
    for link in links:
        assert next_frame(link)[0] == 8
n = 0
try:
    while n < 8192:
        some()
        n += 256
except ConnectionError:
    print(n, "and no more", flush=True)
child.wait()
"""


def test_more_than_can_be_named(t):
    """An account that leaves thousands of commands behind would fill the poll of its host, whose leases then all lapse."""
    a = t.approver()
    b = t.broker(a, {ME: a.agent("worker")})
    p = t.spawn(["python3", "-c", LEAVER, b.socket], cwd=t.tmp, stdout=subprocess.PIPE)
    pids_in(t, t.tmp / "pids", 1)
    assert p.stdout.readline() == b"4096 and no more\n"
    r = t.whosh(b, None, "-c", "true")
    assert r.code == 69 and b"left processes behind" in r.err, r
    p.kill()
    p.wait()
