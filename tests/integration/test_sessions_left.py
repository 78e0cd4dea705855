"""What a line of a session leaves behind is its own, and not its session's shell nor another line's."""
import json
import os
import statistics
import subprocess
import sys

from lib.bare import cpu_ms
from lib.killing import ME, alive, all_gone, daemon, pids_in, world


class Shell:
    """lib/session_shell.py, driven."""

    def __init__(self, t, b):
        self.t = t
        self.process = t.spawn([sys.executable, t.source / "tests/lib/session_shell.py", t.source, b.socket], cwd=t.tmp,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.bash = self.answer()["bash"]
        t.cleanups.append(lambda: alive(self.bash) and os.kill(self.bash, 9))

    def answer(self):
        return json.loads(self.process.stdout.readline())

    def begin(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def line(self, line):
        self.begin(line)
        return self.answer()

    def job(self, name):
        """A line that leaves one process; (its command, the process)."""
        command = self.line("sleep 600 & echo $! > %s; : &" % name)["id"]
        return command, pids_in(self.t, self.t.tmp / name, 1)[0]


def test_each_line_has_its_own(t):
    """A kill of one line's background job would end another line's, or the session with it."""
    fake, b, _ = world(t)
    shell = Shell(t, b)
    first, one = shell.job("one")
    assert shell.line("true")["status"] == "0"
    second, two = shell.job("two")
    third = shell.line(daemon("three") + "until [ -s three ]; do :; done; : &")["id"]
    three = pids_in(t, t.tmp / "three", 2)
    assert [fake.outcome(x)["left"] for x in (first, second, third)] == [1, 1, 2], fake.outcomes
    assert "left" not in fake.outcome(fake.command("true"))
    fake.named(third, "left")
    os.mkfifo(t.tmp / "go")
    shell.begin("sleep 601 & echo $! > four; read x < go")
    [four] = pids_in(t, t.tmp / "four", 1)
    fake.kill(second)
    all_gone(t, [two])
    assert alive(one) and alive(four) and alive(shell.bash) and all(alive(x) for x in three)
    fake.kill(third)
    all_gone(t, three)
    assert alive(one) and alive(four) and alive(shell.bash)
    with open(t.tmp / "go", "w") as f:
        f.write("x\n")
    assert shell.answer()["status"] == "0"
    assert shell.line("true")["status"] == "0"


def test_descent(t):
    """What a background job starts later is that line's too, however long the session goes on."""
    fake, b, _ = world(t)
    shell = Shell(t, b)
    os.mkfifo(t.tmp / "go")
    command = shell.line("(echo $BASHPID > job; read x < go; sleep 600 & echo $! > later; wait) &")["id"]
    job = pids_in(t, t.tmp / "job", 1)
    fake.named(command, "left")
    shell.line("true")
    with open(t.tmp / "go", "w") as f:
        f.write("x\n")
    later = pids_in(t, t.tmp / "later", 1)
    other, mine = shell.job("other")
    assert fake.outcome(other)["left"] == 1, "an earlier line's process was counted with it"
    fake.kill(command)
    all_gone(t, job + later)
    assert alive(mine) and alive(shell.bash)


def test_running_line_is_killed_with_its_session(t):
    """A kill of what runs must leave nothing: the line runs in the session's own shell, so that ends as well."""
    fake, b, _ = world(t)
    shell = Shell(t, b)
    _, one = shell.job("one")
    shell.begin("echo $BASHPID > running; while :; do sleep 1; done")
    pids_in(t, t.tmp / "running", 1)
    running = fake.command("echo $BASHPID > running; while :; do sleep 1; done")
    fake.named(running)
    fake.kill(running)
    all_gone(t, [one, shell.bash])
    assert shell.answer()["status"] == ""
    assert fake.outcome(running)["outcome"] == "signaled"


def test_agent_killed_between_lines(t):
    """A killed agent's background jobs must end; its idle shell need not, it gets no further line."""
    a = t.approver()
    b = t.broker(a, {ME: a.agent("worker")})
    shell = Shell(t, b)
    _, one = shell.job("one")
    _, two = shell.job("two")
    shell.line("true")
    t.eventually(lambda: "whosh_polls 1\n" in a.api("GET", "/metrics", token=None)[2].decode(), "a poll that names them")
    a.ctl("kill", "agent", "worker", "--reason", "rogue")
    all_gone(t, [one, two])
    assert alive(shell.bash)
    assert shell.line("touch ran") == {"refused": 77}
    assert alive(shell.bash) and not (t.tmp / "ran").exists()


def test_shell_that_has_gone(t):
    """What is left when a session ends goes on, and can be killed, as after any other command."""
    fake, b, _ = world(t)
    shell = Shell(t, b)
    command, one = shell.job("one")
    shell.process.stdin.close()
    shell.process.wait(10)
    all_gone(t, [shell.bash])
    fake.named(command, "left")
    fake.kill(command)
    all_gone(t, [one])


def test_pid_of_a_stranger(t):
    """A shell that names another process as its own must not have that, or what it started, ended in its place."""
    fake, b, _ = world(t)
    shell = Shell(t, b)
    stranger = t.spawn(["bash", "-c", "sleep 600 & echo $! > strange; wait"], cwd=t.tmp, stderr=subprocess.DEVNULL)
    strange = pids_in(t, t.tmp / "strange", 1)
    liar = t.spawn([sys.executable, "-c", LIAR % (str(t.source / "tests"), str(t.source), str(b.socket), stranger.pid)],
                   cwd=t.tmp)
    [mine] = pids_in(t, t.tmp / "mine", 1)
    command = fake.command("lie")
    assert fake.outcome(command)["left"] == 1
    fake.named(command, "left")
    fake.kill(command)
    all_gone(t, [mine])
    assert alive(stranger.pid) and alive(strange[0]) and alive(shell.bash)
    os.kill(strange[0], 9)
    liar.wait(10)


LIAR = """
import pathlib, subprocess, sys, types
sys.path.insert(0, %r)
from lib.wire import Session
session = Session(types.SimpleNamespace(source=pathlib.Path(%r)), types.SimpleNamespace(socket=%r))
session.ask("lie", mode="command").expect("PERMIT")
child = subprocess.Popen(["sleep", "600"])
session.started(%d).outcome(left=True)
session.expect("DONE")
print(child.pid, file=open("mine", "w"), flush=True)
child.wait()
"""


def test_cheap(t):
    """A session with one background job must not pay for it with each of a thousand lines, nor wait for the count."""
    fake, b, _ = world(t)
    shell = Shell(t, b)
    waits = []
    for k in range(5):
        shell.begin("sleep 600 & echo $! > job%d; : &" % k)
        waits.append(shell.answer()["done_ms"])
        pids_in(t, t.tmp / ("job%d" % k), 1)
    assert statistics.median(waits) < 40, waits
    before = cpu_ms(b.process.pid)
    plain = [shell.line("true")["done_ms"] for _ in range(200)]
    assert statistics.median(plain) < 2, plain
    assert cpu_ms(b.process.pid) - before < 200 * 4, "each line looks at all processes"
