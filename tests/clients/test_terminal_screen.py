"""The terminal itself: its size, what kind it is, whether it is one; and programs that take all of it."""
import re

from lib.typist import PS, Alike


def test_terminal_size(t):
    """A window made larger would leave programs and editing at the old size."""
    w = Alike(t)

    def talk(x):
        x.line("stty size; echo $LINES $COLUMNS; bash -c 'stty size'")
        x.keys("echo " + "word " * 40)
        x.resize(30, 100)
        x.keys("more")
        x.keys("\n", PS)
        x.line("stty size; echo $LINES $COLUMNS")
        x.line("trap 'echo WINCH' WINCH")
        x.type("sleep 60\n")
        x.in_front("sleep")
        x.resize(20, 50)
        x.keys("\x03", PS)
        x.line("stty size; echo $LINES $COLUMNS; trap - WINCH; shopt -u checkwinsize")
        x.leave("\x04")
    w.same(talk)


def test_terminal_kinds(t):
    """On a terminal that can nothing, or whose kind nobody names, the prompt would be unusable."""
    w = Alike(t)

    def talk(x):
        x.line("echo \"<$TERM>\"; false")
        x.keys("echo abcd\x7f\x7fxy\n", "abxy\r\n", PS)
        x.keys("echo " + "long " * 30)
        x.keys("\n", PS)
        x.leave("\x04")
    for term in ("dumb", "", "vt100", "no-such-terminal"):
        w.same(talk, env={"TERM": term})


def test_terminal_login(t):
    """A login shell would not know itself as one, or not say `logout`."""
    w = Alike(t)

    def talk(x):
        x.line("shopt login_shell; suspend; echo $- $0")
        x.leave("\x04")
    assert b"logout" in w.same(talk, name="-bash")


def test_terminal_none(t):
    """-i without a terminal, and a terminal that is nobody's yet, would not behave as with bash."""
    w = Alike(t)
    text = b"echo hi; echo $-\nfalse\necho $?\nfor i in 1; do\n echo $i\ndone\necho x | cat\nexit 4\n"
    sides = [t.run(argv, stdin=text, env=w.env(), cwd=t.tmp) for argv in (
        ["/bin/bash", "--norc", "--noprofile", "-i"], [t.program("whosh"), "-i"])]
    plain = [re.sub(r"\(-?\d+\)|(bash-5.2|worker@\S*)(?=[$#] )", "", r.errors) for r in sides]
    assert sides[0].code == sides[1].code == 4 and sides[0].out == sides[1].out and plain[0] == plain[1], sides

    def talk(x):
        x.line("echo hi; tty | cut -c1-8; sleep 0.1; jobs")
        x.keys("abc")
        x.keys("\x03", PS)
        x.leave("exit 3\n")
    w.same(talk, controlling=False)


def screen(x, start, program, *steps):
    x.type(start + "\n")
    x.in_front(program)
    for keys, shown in steps[:-1]:
        x.wait(shown)
        x.idle()
        x.type(keys)
    keys, prompt = steps[-1]
    x.wait(prompt)
    x.idle()


def test_terminal_full_screen(t):
    """vim, less and top would find the terminal in another state than from bash, or leave it in one."""
    t.need("vim", "less", "top")
    w = Alike(t)
    (t.tmp / "text").write_text("".join("line %d\n" % i for i in range(200)))

    def talk(x):
        screen(x, "less text", "less", (" ", "line 22"), ("/150\n", "line 40"), ("\x1a", "line 172"), ("", PS))
        screen(x, "fg", "less", ("G", "line 172"), ("q", "(END)"), ("", PS))
        screen(x, "vim -u NONE -i NONE -n new", "vim", ("ihello from vim", "new"), ("\x1b", "from vim"), (":wq\n", ""),
               ("", re.compile(rb"written.*@@ ", re.S)))
        x.line("cat new; rm new; stty -a | md5sum")
        screen(x, "vim -u NONE -i NONE -n text", "vim", (":!echo from a shell\n", "line 1"), ("\n", "Press ENTER"), (":q!\n", "line 1"), ("", PS))
        screen(x, "man() { less text; }; man", "less", ("q", "line 22"), ("", PS))
        x.leave("exit\n")
    shown = w.same(talk)
    assert b"hello from vim" in shown and b"from a shell" in shown
    x = w.whosh()
    x.line("stty -a > before")
    screen(x, "top -d 60", "top", ("q", "COMMAND"), ("", PS))
    x.line("stty -a | diff before - && echo same")
    assert x.leave("exit\n") == 0 and b"\rsame\r\n" in x.seen, x.seen[-500:]
    assert b"\x1b[?1049h" not in x.seen.rpartition(b"\x1b[?1049l")[2]


def test_terminal_tmux(t):
    """tmux started at whosh's prompt: its window, keys to it, detaching from it, and the screen as it was."""
    t.need("tmux")
    w = Alike(t)
    x = w.whosh()
    (t.tmp / "conf").write_text("set -g assume-paste-time 0\nset -g escape-time 0\n")
    tmux = "tmux -S socket -f conf"
    t.cleanups.append(lambda: t.run(["tmux", "-S", t.tmp / "socket", "kill-server"], env=w.env()))
    x.type("%s new 'read -p ready x; echo \"got <$x>\"; sleep 600'\n" % tmux)
    x.wait("ready")
    x.type("typed\n")
    x.wait("got <typed>")
    x.type("\x02d")
    x.wait("[detached (from session 0)]", PS)
    x.idle()
    assert "0: 1 windows" in x.line(tmux + " ls")
    x.type(tmux + " attach\n")
    x.wait("got <typed>")
    x.type("\x02&")
    x.wait("kill-window")
    x.type("y")
    x.wait("[exited]", PS)
    x.idle()
    assert x.leave("exit 5\n") == 5
