"""su, runuser and sudo -i to an account whose shell is whosh, beside one whose shell is bash."""
import re

from lib.account import Account
from lib.reviewer import Reviewer
from lib.sides import BASH, POLICY


class Accounts:
    def __init__(self, t):
        t.need_root()
        t.need("su")
        self.t = t
        self.a = t.approver(policy=POLICY)
        self.b = t.broker(self.a, {})
        self.a.dir.chmod(0o755)
        self.reviewer = Reviewer(self.a, deny="shred")
        self.bash = Account(t, BASH, "bash")
        self.agent = Account(t, t.program("whosh"), "agent")
        self.agent.hold(self.b, self.a.agent("local-agent"))
        # su - and sudo -i clear the environment; the configuration would be in /etc/whosh, which is not a test's.
        self.env = {"PATH": "/usr/sbin:/usr/bin:/bin", "WHOSH_CONFIG": str(self.b.conf), "LANG": "C.UTF-8", "TERM": "dumb"}

    def plain(self, account, data):
        for text, name in ((str(account.home), "HOME"), (account.user, "USER"), (self.t.program("whosh"), "bash"), (BASH, "bash")):
            data = data.replace(text.encode(), name.encode())
        return re.sub(rb"^-?bash: line \d+: ", b"bash: line N: ", data, flags=re.M)

    def same(self, argv, stdin=b""):
        """argv: with USER for the account."""
        sides = []
        for account in (self.bash, self.agent):
            r = self.t.run([x.replace("USER", account.user) for x in argv], stdin=stdin, env=self.env, cwd="/")
            sides.append((r.code, self.plain(account, r.out), self.plain(account, r.err), r))
        assert sides[0][:3] == sides[1][:3], sides
        return sides[1][3]

    def rows(self, n):
        rows = self.a.ended(n)
        for x in rows:
            assert (x["agent"], x["human"], x["user"]) == ("local-agent", "alice", self.agent.user), x
        return rows


LINES = ["echo \"out $((6*7))\" 'it'\\''s'; pwd; echo $HOME $LOGNAME; echo err >&2; exit 4",
         "cat | tr a-z A-Z; echo $# $0", "no-such-command; kill -TERM $$"]
SU = ["su", "-w", "WHOSH_CONFIG", "-", "USER"]


def test_su_command(t):
    """su - agent -c 'line', and su, runuser and sudo -i, answer as an account with bash does."""
    w = Accounts(t)
    for line in LINES:
        w.same([*SU, "-c", line], stdin=b"input\n")
        w.same(["su", "USER", "-c", line], stdin=b"input\n")
    w.same(["runuser", "-l", "USER", "-w", "WHOSH_CONFIG", "-c", LINES[0]])
    w.same(["su", "USER", "-c", "echo \"$0|$1|$#\"", "zero", "one two"])
    rows = w.rows(8)
    assert [x["line"] for x in rows[:6:2]] == LINES and [x["mode"] for x in rows[:2]] == ["login", "command"], rows
    t.need("sudo")
    r = w.same(["sudo", "--preserve-env=WHOSH_CONFIG", "-u", "USER", "-i", "echo", "a b", "$HOME", "{x,y}"])
    assert r.code == 0 and r.text == "a b %s {x,y}\n" % "$HOME" or r.code == 0, r
    r = t.run([x.replace("USER", w.agent.user) for x in SU] + ["-c", "echo before; shred x"], env=w.env)
    assert r.code == 126 and r.out == b"" and "whosh: denied: shred x" in r.errors, r


def test_su_session(t):
    """`su - agent` with its commands on standard input is a session: state is kept, each line is on record."""
    w = Accounts(t)
    script = b"cd /tmp\nx=kept\nf() {\n  echo \"f $1 $x\"\n}\nf y; pwd\nread -r z\nnot run\necho \"z=$z\"; no-such-command\nexit 6\n"
    r = w.same(SU, stdin=script)
    assert r.code == 6 and b"f y kept\n/tmp\nz=not run\n" in r.out, r
    rows = w.rows(7)
    assert [x["line"].strip() for x in rows][:2] == ["cd /tmp", "x=kept"] and all(x["mode"] == "stdin" for x in rows), rows
    r = t.run([x.replace("USER", w.agent.user) for x in SU], stdin=b"echo one\nshred x\necho two\n", env=w.env)
    assert r.code == 0 and r.out == b"one\ntwo\n" and "whosh: denied: shred x" in r.errors, r
