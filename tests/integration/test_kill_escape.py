"""What a hostile command tries so that a kill does not find it."""
import time

from lib.killing import pids_in, world

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
