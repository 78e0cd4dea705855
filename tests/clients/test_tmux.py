"""tmux with default-shell whosh: the commands of windows and panes, and typing at its prompt.

run-shell, if-shell and #(...) are /bin/sh's, whatever default-shell says."""
from lib.fixture import Result
from lib.sides import Sides
from lib.tmux import Tmux


def test_tmux_commands(t):
    """What tmux runs in a window or pane by its default-shell does what it does with bash, and is on record."""
    w = Sides(t)

    def run(shell, env):
        x = Tmux(t, shell, env, w.work, "tmux-" + shell.rsplit("/", 1)[1])
        # What a program says just before its end tmux sometimes drops: each stays until it is told to go.
        x("new-window", "-t", "main:1", "echo \"window $((6*7))\"; stty size; tty > /dev/null && echo a terminal; read -r go; exit 5")
        out = x.wait_screen("main:1", "a terminal")
        x("split-window", "-t", "main:1", "echo split; no-such-command; read -r go")
        out += x.wait_screen("main:1.1", "not found")
        x("new-window", "-t", "main:2", "read x; echo \"typed <$x>\"; read -r go")
        x.type("main:2", "some  text")
        out += x.wait_screen("main:2", "typed <some  text>")
        x("new-window", "-t", "main:3", "-e", "NEW=value", "-c", "/", "echo \"$NEW $PWD\"; read -r go")
        out += x.wait_screen("main:3", "value /")
        for pane in ("main:1.0", "main:1.1", "main:2", "main:3"):
            x.type(pane, "")
            x.wait_dead(pane)
        x("kill-server")
        return Result([], 0, out.encode(), b"")
    r = w.same(run)
    assert b"window 42\n30 100\na terminal" in r.out and b"value /" in r.out, r
    lines = w.lines(n=5)
    assert "echo split; no-such-command; read -r go" in lines and "sleep 600" in lines, lines
    ends = {x["line"].split(";")[0]: (x["exit"], x["signal"]) for x in w.rows()}
    assert ends['echo "window $((6*7))"'] == (5, None) and ends["sleep 600"][1] in ("HUP", 1), ends
    x = Tmux(t, w.whosh, w.env(), w.work, "denied")
    x("new-window", "-t", "main:1", "read -r go")

    def shown():
        x("respawn-pane", "-k", "-t", "main:1", "shred disk")
        x.wait_dead("main:1")
        return "whosh: denied: shred disk" in x.screen("main:1")
    t.eventually(shown, "a denial in its window")


def test_tmux_prompt(t):
    """Typed at a pane's prompt, by a person or by an agent's send-keys, each line is approved and runs in one shell."""
    w = Sides(t)
    w.fresh()
    x = Tmux(t, w.whosh, w.env(), w.work)
    x("new-window", "-t", "main:1")
    x.wait_prompt("main:1")
    lines = ["cd /tmp; x=kept", "echo \"<$x> in $PWD\"", "for i in 1 2; do", "echo loop $i", "done", "false", "echo status=$?",
             "sleep 600 & jobs", "kill %1; wait; echo gone", "printf '%s\\n' \"__END__$?\""]
    for line in lines:
        x.enter("main:1", line)
    screen = x.wait_screen("main:1", "\n__END__0")
    for text in ("<kept> in /tmp", "loop 1\nloop 2", "status=1", "[1]+  Running                 sleep 600 &", "\ngone"):
        assert text in screen, (text, screen)
    x.enter("main:1", "shred disk")
    assert "whosh: denied: shred disk" in x.screen("main:1"), x.screen("main:1")
    x.type("main:1", "vim -u NONE -n -c 'set showmode' +startinsert file")
    x.wait_screen("main:1", "INSERT")
    x("send-keys", "-t", "main:1", "-l", "written in vim")
    x("send-keys", "-t", "main:1", "Escape")
    x.type("main:1", ":wq")
    x.wait_prompt("main:1")
    x.type("main:1", "cat file; rm file; exit 7")
    x.wait_dead("main:1")
    assert "written in vim" in x.screen("main:1")
    x("kill-server")
    rows = [r for r in w.rows(n=10) if r["mode"] == "prompt"]
    assert [r["line"].strip() for r in rows][:2] == lines[:2] and len({r["session"] for r in rows}) == 1, rows
    assert "for i in 1 2; do\necho loop $i\ndone" in [r["line"].strip() for r in rows], rows
