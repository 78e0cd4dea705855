"""What a person at the prompt sees of approval: waiting, taking back, denials; and that nothing runs without it."""
import os
import re
import signal

from lib.sides import me
from lib.reviewer import Reviewer
from lib.typist import Typist

POLICY = {"version": 1, "default": "review", "rules": [
    {"name": "never", "verdict": "deny", "commands": [["shred", "**"]]},
    {"name": "ask-first", "verdict": "review", "commands": [["touch", "**"]]},
    {"name": "two-people", "verdict": "review", "commands": [["mkdir", "**"]], "reviewers": {"count": 2}},
    {"name": "all", "verdict": "approve", "commands": [["**"]]}]}
AGAIN = re.compile(rb"worker@[^ ]*:[^ ]*[$#] $")


class Prompt:
    def __init__(self, t, agents=("worker",)):
        self.t = t
        self.a = t.approver(policy=POLICY)
        self.tokens = {name: self.a.agent(name) for name in agents}
        self.broker = t.broker(self.a, {me(): self.tokens["worker"]})

    def start(self, *args, rows=24, columns=80, name=None, **env):
        x = Typist(self.t, [self.t.program("whosh"), *args], self.t.env(self.broker, **env), rows=rows, columns=columns, name=name)
        x.wait(re.compile(rb"@[^ ]*:[^ ]*[$#] $"))
        x.idle()
        return x

    def run(self, x, text):
        x.type(text + "\n")
        x.wait(text + "\r\n")
        return self.again(x)

    def again(self, x):
        shown = x.wait(AGAIN).decode()
        x.idle()
        return shown

    def waiting(self):
        [record] = self.a.pending()
        return record

    def state(self, line):
        return next(r for r in self.a.who() if r["line"] == line + "\n")


def test_terminal_waits(t):
    """A person would not see who is waited for and how long, nor that the line runs once it is approved elsewhere."""
    w = Prompt(t)
    x = w.start()
    assert re.search(rb"worker@%s:~[$#] $" % os.uname().nodename.split(".")[0].encode(), x.seen), x.seen
    x.type("touch made\n")
    for seconds in range(3):
        x.wait("whosh: waiting for a reviewer (rule ask-first: ", "), %d s, Ctrl-C withdraws" % seconds)
    assert not (t.tmp / "made").exists()
    record = w.waiting()
    assert record["line"] == "touch made\n" and record["agent"] == "worker", record
    w.a.ctl("approve", record["id"])
    shown = w.again(x)
    assert (t.tmp / "made").exists() and shown.startswith("\r\x1b[K\x1b[?2004h"), shown
    x.type("mkdir made2\n")
    x.wait("waiting for 2 reviewers (rule two-people: ")
    # Every width: the line is never wider than the window, and keeps the seconds for as long as they have room.
    for columns in (120, 42, 20):
        x.resize(24, columns)
        x.wait(re.compile(rb"\r\x1b\[Kwhosh: waiting[^\r]{,%d}$" % (columns - 15)))
    x.resize(24, 80)
    w.a.ctl("deny", w.waiting()["id"], "--reason", "not in this folder")
    shown = w.again(x)
    assert "\x1b[Kwhosh: denied: not in this folder\r\nwhosh: rule: two-people\r\nwhosh: command: " in shown, shown
    assert "126\r\n" in w.run(x, "echo $?")
    shown = w.run(x, "shred made")
    assert "whosh: denied: shred made: " in shown and "\r\nwhosh: rule: never\r\n" in shown, shown
    assert x.leave("exit 3\n") == 3


def test_terminal_withdraws(t):
    """Ctrl-C while one waits would leave the request with the reviewers, and the line might run unwatched later."""
    w = Prompt(t)
    for term in ("xterm", "dumb"):
        x = w.start(TERM=term)
        x.type("touch never; echo ran\n")
        x.wait("Ctrl-C withdraws")
        x.type("\x03")
        shown = w.again(x)
        assert "whosh: withdrawn: nothing was run\r\n" in shown and "\x1b[K" not in shown or term == "xterm", shown
        assert "130\r\n" in w.run(x, "echo $?")
        assert not w.a.json("pending")
        record = w.state("touch never; echo ran")
        assert "withdrawn" in record["reason"] and record["exit"] is None, record
        # Also where the session has its own idea of Ctrl-C.
        x.type("trap 'echo INT' INT\n")
        x.wait("waiting")
        w.a.ctl("approve", w.waiting()["id"])
        w.again(x)
        x.type("mkdir never\n")
        x.wait("Ctrl-C withdraws")
        x.type("\x03")
        shown = w.again(x)
        assert "whosh: withdrawn: nothing was run\r\n" in shown and "INT\r\n" in shown, shown
        # With a trap set, no pattern approves the line any more: a person does.
        x.type("echo $?\n")
        x.wait("waiting")
        w.a.ctl("approve", w.waiting()["id"])
        assert "130\r\n" in w.again(x)
        assert not w.a.json("pending") and not (t.tmp / "never").exists()
        assert x.leave("\x04") == 0


def test_terminal_typed_ahead(t):
    """What one types while a reviewer decides would be lost, or be run before its turn."""
    w = Prompt(t)
    x = w.start()
    x.type("touch one\n")
    x.wait("waiting")
    x.type("echo second; ls one\n")
    x.type("shred third\n")
    x.type("echo fou")
    x.wait("1 s, ")
    assert not (t.tmp / "one").exists() and len(w.a.who()) == 1
    w.a.ctl("approve", w.waiting()["id"])
    x.wait("second\r\none\r\n", "whosh: denied: shred third", "echo fou")
    x.idle()
    assert "fourth\r\n" in w.run(x, "rth")
    assert [r["line"] for r in w.a.who()][::-1] == ["touch one\n", "echo second; ls one\n", "shred third\n", "echo fourth\n"]
    # A hang-up while one waits takes it back too.
    x.type("touch two\n")
    x.wait("waiting")
    x.hang_up()
    assert x.process.wait(20) == -signal.SIGHUP
    t.eventually(lambda: not w.a.json("pending"), "the request taken back")
    assert not (t.tmp / "two").exists()


def test_terminal_runs_nothing_unasked(t):
    """An environment, or a key, that makes bash run something before anybody was asked would be a way around approval."""
    w = Prompt(t)
    Reviewer(w.a)
    evil = "touch %s" % (t.tmp / "evil")
    planted = "$(%s)" % evil
    (t.tmp / "inputrc").write_text('"\\C-o": edit-and-execute-command\n"\\C-t": shell-expand-line\nset editing-mode emacs\n')
    x = w.start(PS1=planted, PS2=planted, PS0=planted, PS4=planted, PROMPT_COMMAND=evil, EDITOR=evil, VISUAL=evil, FCEDIT=evil, MAILCHECK="0",
                MAILPATH="/etc/passwd?" + planted, HISTTIMEFORMAT=planted, INPUTRC=t.tmp / "inputrc")
    x.keys("%s echo `%s`" % (planted, evil))
    for keys in ("\x18\x05", "\x1b\x05", "\x0f", "\x14", "\x1b\x18\x05"):
        x.keys(keys)
    x.keys("\x15")
    w.run(x, "echo 'still here'")
    assert x.leave("\x04") == 0
    # vi's v, which edits and runs, needs a line that is asked about; so do bind's ways to it.
    x = w.start(columns=200, INPUTRC=t.tmp / "inputrc", EDITOR=evil, VISUAL=evil)
    w.run(x, "set -o vi")
    x.keys("echo %s\x1bv" % planted)
    x.keys("\x1bddi")
    w.run(x, "bind '\"\\C-g\": edit-and-execute-command' '\"\\C-y\": shell-expand-line'")
    x.keys("i echo %s\x07" % planted)
    x.keys("\x19")
    x.keys("\x1bddi")
    w.run(x, "set -o emacs")
    x.leave("exit\n")
    assert not (t.tmp / "evil").exists()
    assert all("evil" not in r["line"] for r in w.a.who())


def test_terminal_history_is_the_agents(t):
    """What was typed yesterday would have to be typed again; or be in a file that others of the account read or write."""
    w = Prompt(t, ("worker", "other"))
    Reviewer(w.a)
    theirs = t.tmp / ".bash_history"
    theirs.write_text("echo planted by the account\n")
    x = w.start(HISTFILE=theirs)
    for line in ("echo first", "for i in a b; do", "shred denied", "cat <<E"):
        x.type(line + "\n")
        if line.startswith("for"):
            x.wait("> ")
            x.type("echo $i; done\n")
        elif line.startswith("cat"):
            x.wait("> ")
            x.type("text\nE\n")
        w.again(x)
    assert "echo first" in w.run(x, "history")
    x.leave("exit\n")
    x = w.start(HISTFILE=theirs, HISTSIZE=100)
    shown = w.run(x, "history")
    assert "planted" not in shown and "shred" not in shown and re.search(r" 1  echo first\r\n +2  for i in a b; do\r\necho \$i; done\r\n", shown), shown
    x.type("!echo\n")
    assert "echo first\r\nfirst\r\n" in w.again(x)
    x.keys("\x12for", "i in a b; do")
    x.type("\n")
    assert "a\r\nb\r\n" in w.again(x)
    x.leave("\x04")
    assert theirs.read_text() == "echo planted by the account\n"
    new = w.broker.dir / "credentials" / "new"
    new.write_bytes(w.tokens["other"].read_bytes())
    new.chmod(0o400)
    os.rename(new, w.broker.dir / "credentials" / (me() + ".json"))
    x = w.start()
    x.type("history\n")
    shown = x.wait("history\r\n", re.compile(rb"other@[^ ]*:[^ ]*[$#] $"))
    assert b"first" not in shown and b" 1  history" in shown, shown
