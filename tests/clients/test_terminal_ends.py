"""How a session at a terminal ends: a hang-up, a time-out, a kill, Ctrl-D; and what becomes of its jobs."""
import os
import re
import signal

from clients.test_terminal_review import Prompt
from lib.killing import alive
from lib.typist import PS, Alike


def children(pid):
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
            found = [int(x) for x in f.read().split()]
    except FileNotFoundError:
        return []
    return found + [y for x in found for y in children(x)]


def name(pid):
    try:
        with open("/proc/%d/cmdline" % pid) as f:
            return f.read().replace("\0", " ").strip()
    except FileNotFoundError:
        return "gone"


def ended(w, x, end):
    """Its status, and which of its processes live on."""
    below = {p: name(p) for p in children(x.process.pid)}
    sleeping = {p: text for p, text in below.items() if text.startswith("sleep")}
    w.t.cleanups.append(lambda: [os.kill(p, signal.SIGKILL) for p in sleeping if alive(p)])
    end(x)
    status = x.process.wait(20)
    gone = [p for p, text in sleeping.items() if text.startswith("sleep 60")]
    w.t.eventually(lambda: not any(alive(p) for p in gone), "the end of the jobs %r" % gone, 5)
    return status, sorted(text for p, text in sleeping.items() if alive(p))


def test_terminal_hang_up(t):
    """After a lost connection jobs would run on that bash ends, or end that it leaves; and traps on EXIT would not run."""
    w = Alike(t)
    traps = t.tmp / "traps"

    def jobs(x):
        for line in ("sleep 600 &", "(trap '' HUP; exec sleep 701) &", "nohup sleep 702 >/dev/null 2>&1 &", "sleep 703 & disown",
                     "trap 'echo exit >> %s' EXIT" % traps):
            x.line(line)
        x.type("sleep 601\n")
        x.in_front("sleep")
        x.keys("\x1a", PS)

    def busy(x):
        x.line("sleep 600 &")
        x.type("sleep 601; echo never >> %s\n" % traps)
        x.in_front("sleep")

    def trap(x):
        x.line("sleep 701 &")
        x.line("trap 'echo hup >> %s' HUP; trap 'echo exit >> %s' EXIT" % (traps, traps))
    for talk, status, left, said in ((jobs, -signal.SIGHUP, ["sleep 701", "sleep 702", "sleep 703"], "exit\n"), (busy, -signal.SIGHUP, [], ""),
                                     (trap, None, None, "hup\nexit\n")):
        sides = []
        for shell in (w.bash, w.whosh):
            traps.write_text("")
            x = shell()
            talk(x)
            found = ended(w, x, lambda x: x.hang_up())
            sides.append((*found, traps.read_text()))
        assert sides[0] == sides[1], (talk.__name__, sides)
        assert status is None or sides[1] == (status, left, said), (talk.__name__, sides)


def test_terminal_signals(t):
    """kill PID from another terminal would end a shell that bash's own would not be ended by, or the other way round."""
    w = Alike(t)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        sides = []
        for shell in (w.bash, w.whosh):
            x = shell()
            x.line("sleep 600 &")
            if number == signal.SIGHUP:
                sides.append(ended(w, x, lambda x: (os.kill(x.process.pid, signal.SIGHUP), x.over())))
                continue
            os.kill(x.process.pid, number)
            if number == signal.SIGINT:
                x.wait(PS)
                x.idle()
            x.line("echo lives; kill $!; wait")
            sides.append(x.leave("exit 7\n"))
        assert sides[0] == sides[1], (number, sides)


def test_terminal_time_out(t):
    """TMOUT would not end a prompt that nobody types at."""
    w = Alike(t)

    def talk(x):
        x.line("TMOUT=1")
    assert b"timed out waiting for input: auto-logout" in w.same(talk)


def test_terminal_nested_whosh(t):
    """A whosh started at whosh's prompt would lose the terminal, or not be known as a command's own session."""
    w = Prompt(t)
    x = w.start()
    x.type(t.program("whosh") + "\n")
    w.again(x)
    x.type("sleep 600\n")
    x.in_front("sleep")
    x.type("\x1a")
    assert "Stopped" in w.again(x)
    x.type("fg\n")
    x.wait("fg\r\n")
    x.in_front("sleep")
    x.type("\x03")
    w.again(x)
    assert "2\r\n" in w.run(x, "echo $SHLVL")
    x.type("exit 6\n")
    w.again(x)
    assert "6 1\r\n" in w.run(x, "echo $? $SHLVL")
    assert x.leave("exit 5\n") == 5
    rows = {r["line"].strip(): r for r in w.a.who()}
    assert rows["sleep 600"]["parent"] == rows[t.program("whosh")]["id"], rows


def test_terminal_kill(t):
    """A session whose credential is revoked would go on, or end without a word, at the prompt."""
    w = Prompt(t)
    x = w.start()
    w.run(x, "echo one")
    w.a.ctl("kill", "agent", "worker", "--reason", "no more today")
    x.type("echo two\n")
    status = x.over()
    assert status == 77 and b"no more today" in x.seen and b"two\r\ntwo" not in x.seen, (status, x.seen)
    assert x.seen.count(b"no more today") == 1, x.seen


def test_terminal_without_an_approver(t):
    """An approver that is away would end the session of a person at a prompt, who could try again."""
    w = Prompt(t)
    x = w.start()
    w.a.stop()
    shown = w.run(x, "echo one")
    assert re.search("whosh: approver unreachable: .*nothing was run", shown) and "\r\none" not in shown, shown
    w.a.start()
    shown = w.run(x, "echo $?")
    assert "69\r\n" in shown, shown
    w.broker.kill()
    shown = w.run(x, "echo two")
    assert re.search("whosh: approver unreachable: ", shown), shown
    w.broker.start()
    assert "\rthree\r\n" in w.run(x, "echo three")
    assert x.leave("\x04") == 0
