"""What a hostile command tries so that a kill does not find it."""
import os
import signal
import time

from lib.killing import alive, all_gone, daemon, pids_in, world

# Forks and exits, and so on in the child, for 4 s at most.  It tells how far it has come.
HOPPER = r"""
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	time_t end = time(NULL) + 4;
	for (int i = 1; i < 65; i++)
		signal(i, SIG_IGN);
	for (unsigned long n = 1;; n++) {
		if (fork() > 0)
			_exit(0);
		if (argv[1])
			setsid();
		if (time(NULL) > end)
			_exit(0);
		if (n % 100)
			continue;
		int fd = open("hops", O_CREAT | O_WRONLY | O_TRUNC, 0644);
		dprintf(fd, "%lu\n", n);
		close(fd);
	}
}
"""


def hopper(t, option):
    t.need("cc")
    (t.tmp / "hopper.c").write_text(HOPPER)
    assert t.run(["cc", "-O2", "-o", t.tmp / "hopper", t.tmp / "hopper.c"]).code == 0
    fake, conf, token = world(t)
    line = "./hopper%s & echo $$ >> pids; exec sleep 600" % option
    p = t.whosh_start(conf, token, "-c", line)
    command = fake.command(line)
    pids_in(t, t.tmp / "pids", 1)
    fake.named(command)
    began = time.monotonic()
    fake.kill(command)
    claims = fake.outcome(command)
    assert time.monotonic() - began < 2, time.monotonic() - began
    hops = (t.tmp / "hops").read_text()
    assert p.wait(10) < 0 and "left" not in claims, claims
    seen = time.monotonic()
    t.eventually(lambda: time.monotonic() - seen > 0.3, "a while in which it would go on")
    assert (t.tmp / "hops").read_text() == hops


def test_a_process_that_only_forks_and_exits(t):
    """A process that has another pid whenever one looks is in no list of processes: it would outlive every kill."""
    hopper(t, "")


def test_the_same_in_another_session_each_time(t):
    """Nor does its session tell where it is."""
    hopper(t, " setsid")


def test_a_whosh_held_back_before_it_starts_anything(t):
    """An agent that stops its whosh while the kill looks for its processes, and lets it go on after, would start them then."""
    fake, conf, token = world(t)
    held = []

    def answer(body):
        held[0].send_signal(signal.SIGSTOP)
        return 200, "application/jose", fake.permit(body)
    fake.answer = answer
    line = daemon("pids") + "echo $$ >> pids; exec sleep 600"
    held.append(t.whosh_start(conf, token, "-c", line))
    command = fake.command(line)
    fake.named(command)
    fake.kill(command)

    ordered, patience = None, time.monotonic() + 20
    while not ordered or time.monotonic() < ordered + 0.2:  # faster than it can be let go on
        held[0].send_signal(signal.SIGSTOP)
        if not ordered and "a command is ended" in conf.log.read_text():
            ordered = time.monotonic()
        assert time.monotonic() < patience, "the order did not come"
    held[0].send_signal(signal.SIGCONT)
    claims = fake.outcome(command)
    said = held[0].wait(10), held[0].stderr.read()
    assert said == (77, b"whosh: killed: rogue (by bob)\n"), said
    assert (claims["outcome"], claims["reason"]) == ("not_run", "killed: rogue (by bob)"), claims
    assert not (t.tmp / "pids").exists()


# A whosh that is slow by the will of the agent: ordered to end what it has not started yet, it starts it.
SLOW = r"""
import ctypes, os, signal, socket, struct, subprocess, sys, time
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
signal.signal(signal.SIGTERM, signal.SIG_IGN)
def frame(kind, *fields):
    body = b"".join(struct.pack(">HI", tag, len(value)) + value for tag, value in fields)
    return struct.pack(">IB", 1 + len(body), kind) + body
link = socket.socket(socket.AF_UNIX)
link.connect(sys.argv[1])
link.sendall(frame(2, (2, b"command"), (3, b"a line"), (5, b"/"), (7, b"/bin/bash")))
said = b""
while b"rogue" not in said:
    said += link.recv(65536)
time.sleep(0.3)
while True:
    subprocess.run(["bash", "-c", "(trap '' TERM; setsid bash -c 'echo $$ >> pids; sleep 600' &)"])
    time.sleep(0.05)
"""


def test_what_is_started_after_the_order(t):
    """That nothing was found below a whosh must not end the search while that may still start something."""
    fake, b, _ = world(t)
    p = t.spawn(["python3", "-c", SLOW, b.socket], cwd=t.tmp)
    command = fake.command("a line")
    fake.named(command)
    fake.kill(command)
    assert fake.outcome(command)["signal"] == "KILL" and p.wait(10) == -signal.SIGKILL
    pids = [int(x) for x in (t.tmp / "pids").read_text().split()] if (t.tmp / "pids").exists() else []
    t.cleanups.append(lambda: [os.kill(x, 9) for x in pids if alive(x)])
    assert not any(alive(x) for x in pids), pids


def broker_lost(t, line, n, conf="", **kw):
    """Kill a command, and its broker as soon as the order has arrived; (whosh, the pids)."""
    fake, b, _ = world(t, conf=conf)
    p = t.whosh_start(b, None, "-c", line, **kw)
    pids = pids_in(t, t.tmp / "pids", n)
    command = fake.command(line)
    fake.named(command)
    fake.kill(command)
    t.eventually(lambda: command in fake.acknowledged, "the acknowledgement")
    b.kill()
    assert any(alive(x) for x in pids)
    return p, pids


def test_the_broker_lost_in_the_middle_of_a_kill(t):
    """An order that has arrived must be carried out, if its broker dies of it: an agent's host may be short of memory."""
    p, pids = broker_lost(t, daemon("pids") + "trap '' TERM; echo $$ >> pids; while :; do sleep 1; done", 3,
                          "on_lease_lapse = finish")
    all_gone(t, pids)
    assert p.wait(10) == -signal.SIGKILL and p.stderr.read() == b"whosh: killed: rogue (by bob)\n"


def test_the_same_when_only_daemons_are_left(t):
    """Nor may a daemon live on, whose command has ended by the order already."""
    p, pids = broker_lost(t, "(trap '' TERM; setsid bash -c 'echo $$ >> pids; while :; do sleep 1; done' > /dev/null 2>&1 &); "
                             "echo $$ >> pids; exec sleep 600", 2)
    all_gone(t, pids)
    assert p.wait(10) == -signal.SIGTERM
