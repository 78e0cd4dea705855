"""OpenSSH's own ways of running something on an account whose shell is whosh, beside an account whose shell is bash."""
import re
import socket

from lib.reviewer import Reviewer
from lib.sides import BASH, POLICY
from lib.sshd import Sshd


class Two:
    """One sshd for an account with bash, and one for an account with whosh whose credential the broker holds."""

    def __init__(self, t, bash=True, **sshd):
        t.need_root()
        self.t = t
        self.a = t.approver(policy=POLICY)
        self.token = self.a.agent("deploy-agent")
        self.b = t.broker(self.a, {})
        self.a.dir.chmod(0o755)
        self.reviewer = Reviewer(self.a, deny="shred")
        self.s = Sshd(t, t.program("whosh"), environment={"WHOSH_CONFIG": self.b.conf, "WHOSH_TASK": "deploy-4711"}, **sshd)
        self.hold(self.s.user)
        self.bash = Sshd(t, BASH, name="with-bash", **sshd) if bash else None

    def hold(self, user):
        target = self.b.dir / "credentials" / (user + ".json")
        target.write_bytes(self.token.read_bytes())
        target.chmod(0o400)

    def plain(self, s, data):
        """Without what differs between two accounts and two connections."""
        for text, name in ((str(s.home), "HOME"), (s.user, "USER"), (s.dir.name, "SSHD"), (str(s.port), "PORT"),
                           (self.s.t.program("whosh"), "bash"), (BASH, "bash")):
            data = data.replace(text.encode(), name.encode())
        data = re.sub(rb"^-?bash: line \d+: ", b"bash: line N: ", data, flags=re.M)
        return re.sub(rb"/dev/pts/\d+|127\.0\.0\.1 \d+", b"T", data)

    def master(self, s):
        """The options of one connection that the account's lines share."""
        path = self.t.tmp / ("m" + s.user[-3:])
        if not path.exists():
            self.t.spawn(["ssh", "-p", s.port, *s.options(), "-o", "ControlPath=%s" % path, "-M", "-N", s.user + "@127.0.0.1"])
            self.t.eventually(path.exists, "the master's socket")
            self.t.cleanups.append(lambda: self.t.run(["ssh", "-o", "ControlPath=%s" % path, "-O", "exit", "x"]))
        return ("-o", "ControlPath=%s" % path)

    def same(self, *args, stdin=b"", options=(), err=True):
        sides = []
        for s in (self.bash, self.s):
            r = s.ssh(*args, stdin=stdin, options=options if "-tt" in options else (*options, *self.master(s)))
            sides.append((r.code, self.plain(s, r.out), self.plain(s, r.err) if err else b"", r))
        assert sides[0][:3] == sides[1][:3], sides
        return sides[1][3]

    def rows(self, n):
        rows = self.a.ended(n)
        for x in rows:
            assert (x["agent"], x["human"], x["user"], x["task"]) == ("deploy-agent", "alice", self.s.user, "deploy-4711"), x
        return rows


LINES = [
    "echo out; echo err >&2; exit 7",
    "cd /tmp && pwd; echo \"$HOME\" '$HOME' $((6*7)) | tr 4 5; echo \"$0|$#|$-\"",
    "printf '%s\\n' \"two words\" 'it'\\''s'; tty || true; echo \"$SSH_CONNECTION\" | wc -w",
    "cat > up && wc -c < up && rm up",
    "no-such-command; echo $?",
    "for i in 1 2; do\n  echo line $i\ndone",
    "kill -TERM $$",
    "head -c 3; sleep 60 > /dev/null 2>&1 & disown; exit 2",
    "if then",
    "umask; ulimit -n; echo ${BASH_VERSINFO[0]} $SHLVL",
]


def test_ssh_exec(t):
    """A line by ssh, without and with -T, gives what it gives an account whose shell is bash."""
    w = Two(t)
    for i, line in enumerate(LINES):
        w.same(line, stdin=b"some input\n", options=("-T",) if i % 2 else ())
    rows = w.rows(len(LINES))
    assert [x["line"] for x in rows] == LINES and all(x["tty"] is None for x in rows if "tty" in x), rows
    r = w.s.ssh("cat /etc/hostname && shred ~/notes")
    assert r.code == 126 and r.out == b"" and "whosh: denied: shred ~/notes" in r.errors, r


def test_ssh_terminal(t):
    """ssh -t: the line has a terminal of its size, Ctrl-C reaches it, and a denial is shown there."""
    w = Two(t)
    for line in ("tty > /dev/null && echo a terminal; stty size; [ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo all three",
                 "read -r x; echo \"got <$x>\"; exit 3", "stty -a | head -n 1; echo $TERM", "ls --color=auto /etc/hostname; exit 1"):
        # Where the terminal's echo comes between two outputs is chance.
        w.same(line, stdin=b"typed\n" if line.startswith("read") else b"", options=("-tt",))
    for s in (w.bash, w.s):
        p = t.spawn(["ssh", "-tt", "-p", s.port, *s.options(), s.user + "@127.0.0.1",
                     "echo ready; sleep 60; echo after"], stdin=-1, stdout=-1)
        ready = p.stdout.readline()
        assert ready == b"ready\r\n", ready
        out, _ = p.communicate(b"\x03", timeout=30)
        assert (out, p.returncode) == (b"^C", 255), (out, p.returncode)
    rows = w.rows(5)
    assert rows[1]["exit"] == 3 and rows[-1]["signal"] in (2, "INT", "SIGINT"), rows
    r = w.s.ssh("shred x", options=("-tt",))
    assert r.code == 126 and b"whosh: denied: shred x" in r.out, r


def test_ssh_hang_up(t):
    """When the client of a terminal goes, what it ran ends by SIGHUP, as with bash, and the record says so."""
    w = Two(t, bash=False)
    for n, (line, typed) in enumerate((("echo ready; sleep 600; echo after", b""), (None, b"echo re''ady; sleep 600; echo after\n"),
                                       ("exec sh -c 'echo ready; sleep 600; echo after'", b""))):
        p = t.spawn(["ssh", "-tt", "-p", w.s.port, *w.s.options(), w.s.user + "@127.0.0.1", *([line] if line else [])], stdin=-1, stdout=-1)
        p.stdin.write(typed)
        p.stdin.flush()
        while not p.stdout.readline().endswith(b"ready\r\n"):
            pass
        # In the moment before sleep has started bash, too, may miss it.
        runs = lambda: [x for x in t.run(["ps", "-u", w.s.user, "-o", "stat=,args="]).text.splitlines()  # noqa: E731
                        if "sleep 600" in x.split(None, 1)[1][:9] and not x.startswith("Z")]
        t.eventually(runs, "sleep running")
        p.kill()
        t.eventually(lambda: not runs(), "the end of what ran")
        row = w.rows(n + 1)[-1]
        assert row["signal"] in (1, "HUP", "SIGHUP"), row


def test_ssh_control_master(t):
    """Many lines over one connection (ControlMaster), also at once: each its own answer, each its own record."""
    w = Two(t)
    for s in (w.bash, w.s):
        control = w.master(s)
        at_once = [t.spawn(["ssh", "-p", s.port, *s.options(), *control, s.user + "@127.0.0.1", "read x; echo %d $x; exit %d" % (i, i)],
                           stdin=-1, stdout=-1) for i in range(8)]
        for i, p in enumerate(at_once):
            out, _ = p.communicate(b"input\n", timeout=30)
            assert (out, p.returncode) == (b"%d input\n" % i, i), (out, p.returncode)
        r = s.ssh("echo after", options=control)
        assert (r.code, r.out, r.err) == (0, b"after\n", b""), r
        gone = t.run(["ssh", "-p", s.port, *s.options(), *control, "-O", "exit", s.user + "@127.0.0.1"])
        assert gone.code == 0, gone
    rows = w.rows(9)
    assert sorted(x["exit"] for x in rows) == [0, 0, 1, 2, 3, 4, 5, 6, 7], rows


def test_ssh_proxy_jump(t):
    """An account behind whosh is a jump host (-J needs no shell there), and so is reached through one."""
    w = Two(t, bash=False)
    jump = Sshd(t, t.program("whosh"), name="jumping")
    proxy = "ProxyCommand=ssh -p %s %s -W %%h:%%p %s@127.0.0.1" % (
        jump.port, " ".join(str(x) for x in jump.options()), jump.user)
    r = w.s.ssh("echo through; exit 4", options=("-o", proxy))
    assert (r.code, r.out, r.err) == (4, b"through\n", b""), r
    config = t.tmp / "ssh_config"
    config.write_text("".join(
        "Host %s\n HostName 127.0.0.1\n Port %d\n User %s\n IdentityFile %s/client\n StrictHostKeyChecking no\n"
        " UserKnownHostsFile /dev/null\n LogLevel ERROR\n BatchMode yes\n" % (name, s.port, s.user, s.dir)
        for name, s in (("jump", jump), ("target", w.s))))
    r = t.run(["ssh", "-F", config, "-J", "jump", "target", "echo by -J; shred x"])
    assert r.code == 126 and "denied" in r.errors, r
    assert [x["line"] for x in w.rows(2)] == ["echo through; exit 4", "echo by -J; shred x"]


def test_ssh_forwarding(t):
    """Port forwarding and -N ask for no shell and work."""
    w = Two(t, bash=False)
    with socket.socket() as listening, socket.socket() as free:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        p = t.spawn(["ssh", "-N", "-p", w.s.port, *w.s.options(), "-o", "ExitOnForwardFailure=yes", "-L",
                     "127.0.0.1:%d:127.0.0.1:%d" % (port, listening.getsockname()[1]), w.s.user + "@127.0.0.1"])

        def connect():
            s = socket.socket()
            if s.connect_ex(("127.0.0.1", port)):
                s.close()
                return None
            return s
        with t.eventually(connect, "the forwarded port") as near:
            far = listening.accept()[0]
            near.sendall(b"hello")
            assert far.recv(5) == b"hello"
            far.close()
        p.terminate()
    assert w.a.who() == []


HEREDOC = b"""cd /tmp
x='kept between lines'
pwd; echo "$x"
f() { echo "f $1"; }
f arg; false
echo "status $?"
while read -r line; do echo "<$line>"; done <<EOF
one
two $x
EOF
read -r next
this is read and not run
echo "next: $next"
if [ -n "$x" ]; then
  echo multi
fi
no-such-command
exit 5
echo never
"""


def test_ssh_heredoc(t):
    """`ssh host <<EOF`: a session from standard input, each line its own record, state kept, as with bash."""
    w = Two(t)
    r = w.same(stdin=HEREDOC, options=("-T",))
    assert r.code == 5 and b"next: this is read and not run" in r.out and b"never" not in r.out, r
    lines = [x["line"].rstrip("\n") for x in w.rows(11)]
    assert "cd /tmp" in lines and "f arg; false" in lines and "exit 5" in lines, lines
    assert not any(x.startswith("this is read") for x in lines), lines
    # bash -s with arguments, and a script piped to it, as in `ssh host bash -s -- a b < script`.
    r = w.same("bash -s -- 'a b' c", stdin=b"echo \"$1|$2|$#\"\nexit 6\n")
    assert r.code == 6 and r.out == b"a b|c|2\n", r
    r = w.s.ssh(stdin=b"echo one\nshred x\necho \"two $?\"\n", options=("-T",))
    assert r.code == 0 and r.out == b"one\ntwo 126\n" and "whosh: denied: shred x" in r.errors, r
    r = w.s.ssh(stdin=b"set -e\necho one\nshred x\necho never\n", options=("-T",))
    assert r.code == 126 and r.out == b"one\n", r
