"""At a terminal, what a person sees of whosh is what bash would show, byte for byte, but for the prompt and whosh's own lines."""
import re

from lib.typist import PS, Alike


def test_terminal_lines(t):
    """Whoever types would see by a stray newline, a missing prompt or another message that this is not bash."""
    w = Alike(t)

    def talk(x):
        x.line("echo hi; x=5; echo $x $? $- $# $0 $SHLVL")
        x.line("false")
        x.line("echo $? $LINENO; (exit 3)")
        for text in ("for i in 1 2", "do echo $i"):
            x.keys(text + "\n", "> ")
        x.line("done")
        for text in ("cat <<E", "a $x"):
            x.keys(text + "\n", "> ")
        x.line("E")
        x.keys("echo 'a\n", "> ")
        x.line("b'")
        x.keys("echo a \\\n", "> ")
        x.line("b")
        for text in ("nosuchcommand", "echo )", "fi", "echo ${y?unset}", "# a comment", "", "cd /nowhere", "set -o; shopt", "trap"):
            x.line(text)
        x.keys("read -e -p 'in> ' v\n", "\r\n", "in> ")
        x.keys("abc\n", PS)
        x.keys("read -s -p pw: s\n", "\r\n", "pw:")
        x.keys("secret\n", PS)
        x.keys("select i in a b; do echo $i $v $s; break; done\n", "#? ")
        x.keys("2\n", PS)
        x.line("set -x; echo $(echo traced); set +x")
        x.line("alias l='echo aliased'; l; type l; hash")
        x.line("IGNOREEOF=1; set +m; set -m")
        x.keys("\x04", "shell", PS)
        x.leave("exit 3\n")
    w.same(talk)


def test_terminal_prompts(t):
    """A prompt of one's own, with commands in it, and what runs before each prompt would not work as in bash."""
    w = Alike(t)

    def talk(x):
        x.line("PROMPT_COMMAND='echo before $?'")
        x.line("(exit 7)")
        x.line("PS1='[$?] \\u \\# \\j \\s \\v @@ '; PROMPT_COMMAND=(true 'printf X' 'printf Y')")
        x.line("(exit 3)")
        x.line("PS1='@@ '; PROMPT_COMMAND=; PS0='<\\#>\\n'; PS2='more: '")
        x.line("echo run")
        x.keys("echo 'a\n", "more: ")
        x.line("b'; PS0=")
        x.line("PS1='$(echo @@) '")
        x.line(":")
        x.line("PS1='@@ '; trap 'echo D:$BASH_COMMAND' DEBUG")
        x.line("echo 1; echo 2")
        x.line("trap - DEBUG; set -o ignoreeof; set +o ignoreeof")
        x.leave("\x04")
    w.same(talk)


def test_terminal_interrupts(t):
    """Ctrl-C, Ctrl-\\ and traps on them would act on another process, or leave another status, than in bash."""
    w = Alike(t)

    def interrupt(x, line, program, key="\x03"):
        x.type(line + "\n")
        x.wait(line + "\r\n")
        x.in_front(program)
        x.keys(key, PS)
        x.line("echo $?")

    def typed(x, text):
        x.keys(text, text)
        x.keys("\x03", PS)
        x.line("echo $?")

    def talk(x):
        typed(x, "abc")
        interrupt(x, "sleep 60", "sleep")
        interrupt(x, "while :; do sleep 60; done; echo never", "sleep")
        interrupt(x, "sleep 60", "sleep", "\x1c")
        x.keys("for i in 1 2; do\n", "> ")
        x.keys("\x03", PS)
        x.line("echo $?")
        x.type("read v\n")
        x.wait("read v\r\n\x1b[?2004l\r")
        x.idle()
        x.keys("\x03", PS)
        x.line("echo $?")
        x.line("trap 'echo INT' INT")
        typed(x, "abc")
        interrupt(x, "(sleep 60)", "sleep")
        x.line("trap '' INT")
        x.keys("abc", "abc")
        x.keys("\n", "found", PS)
        x.line("trap - INT; stty intr ^G")
        interrupt(x, "sleep 60", "sleep", "\x07")
        x.leave("exit 3\n")
    w.same(talk)


def test_terminal_jobs(t):
    """Ctrl-Z, fg, bg and what bash says of jobs that are stopped when one leaves would not be there, or be otherwise."""
    w = Alike(t)

    def stop(x, line, program):
        x.type(line + "\n")
        x.wait(line + "\r\n")
        x.in_front(program)
        x.keys("\x1a", PS)

    def talk(x):
        stop(x, "sleep 61", "sleep")
        x.line("echo $?; jobs")
        stop(x, "fg", "sleep")
        x.line("bg")
        x.line("jobs")
        x.line("kill %1; wait %1")
        x.line("jobs")
        stop(x, "sleep 62; echo after", "sleep")
        x.type("cat\n")
        x.wait("cat\r\n")
        x.in_front("cat")
        x.keys("line\n", "line\r\nline\r\n")
        x.keys("\x1a", PS)
        x.line("jobs -l")
        x.line("fg %1 >/dev/null & wait $!")
        x.line("kill -9 %2; sleep 0.2")
        x.line("set -b; (sleep 0.1; echo from behind) & wait; echo waited; set +b")
        x.line("cat & sleep 0.2")
        x.line("jobs; disown %%; kill $!")
        x.type("(until [ -e go ]; do sleep 0.01; done; rm go; echo loud) &\n")
        x.wait(PS)
        x.keys("half a li", "half a li")
        (w.t.tmp / "go").touch()
        x.wait("loud\r\n")
        x.without("bash")
        x.keys("ne\x15\n", PS)
        x.keys("exit\n", "There are stopped jobs.\r\n", PS)
        x.line("echo $?")
        x.keys("\x04", "There are stopped jobs.\r\n", PS)
        x.line(":")
        x.keys("exit 9\n", "There are stopped jobs.\r\n", PS)
        x.leave("exit 9\n")
    shown = w.same(talk)
    assert b"Stopped" in shown and b"There are stopped jobs." in shown


def test_terminal_nested(t):
    """A shell in the shell, suspended and resumed, and a program that takes whosh's place, as with bash."""
    w = Alike(t)

    def talk(x):
        x.keys("bash --norc --noprofile\n", re.compile(rb"[$#] $"))
        x.line("PS1='%% '", "%% ")
        x.type("sleep 60\n")
        x.in_front("sleep")
        x.keys("\x1a", "%% ")
        x.line("suspend", PS)
        x.line("jobs")
        x.keys("fg\n", "%% ")
        x.keys("exit\n", "There are stopped jobs.", "%% ")
        x.keys("exit\n", PS)
        x.line("bash -c 'kill -STOP $$'")
        x.line("disown; jobs")
        x.leave("exec bash --norc --noprofile -c 'echo replaced; exit 4'\n")
    w.same(talk)


def test_terminal_suspend(t):
    """whosh as a job of another shell: suspend and fg work, jobs inside it live on, and its status comes back."""
    w = Alike(t)

    def talk(x):
        x.type(("bash --norc --noprofile -i" if x.whose == "bash" else t.program("whosh")) + "\n")
        x.wait("\r\n", re.compile(rb"[$#] $"))
        x.idle()
        x.line("PS1='%% '", "%% ")
        x.line("suspend")
        x.keys("fg\n", "%% ")
        x.line("echo again", "%% ")
        x.type("sleep 60\n")
        x.in_front("sleep")
        x.keys("\x1a", "%% ")
        x.line("kill -9 %1; sleep 0.2", "%% ")
        x.keys("exit 5\n", PS)
        x.line("echo $?")
        x.leave("\x04")
    sides = []
    for whose in ("bash", "whosh"):
        x = w.bash()
        x.whose = whose
        talk(x)
        program = (t.program("whosh") if whose == "whosh" else "bash --norc --noprofile -i").encode()
        shown = w.plain(x.seen.replace(program, b"PROGRAM"))
        sides.append(re.sub(rb"(?<=\x1b\[\?2004h)[^ ]*(?=[#$] PS1)", b"", shown))
    assert sides[0] == sides[1], sides
