"""Editing, completion and history at whosh's prompt are bash's own."""
import re
import select

from lib.sessions import around
from lib.terminal import Terminal
from lib.typist import PS, Alike



def test_terminal_completion(t):
    """Tab would not find files, commands, functions and variables, or ring and list otherwise than in bash."""
    w = Alike(t)
    work = t.tmp / "work"
    (work / "dir").mkdir(parents=True)
    for name in ("alpha one", "alphabet", "beta.txt"):
        (work / name).write_text(name + "\n")

    def talk(x):
        x.line("cd %s; vari_able_x=5; myfunc_unique() { echo called; }" % work)
        for typed, completed in (("cat be", "ta.txt "), ("cat alphab", "et "), ("cat alpha\\ ", "one "), ("cd d", "ir/"), ("cd ..; unal", "ias "),
                                 ("myfunc_u", "nique "), ("echo $vari_a", "ble_x "), ("echo ~roo", "t/")):
            x.keys(typed, typed)
            x.keys("\t", completed)
            x.keys("\n", PS)
        x.line("cd " + str(work))
        x.keys("cat alp\t", "ha")
        x.keys("\t", "\x07")
        x.keys("\t", "alphabet", "cat alpha")
        x.keys("\x15\n", PS)
        x.line("complete -W 'uno due tre' myfunc_unique; _own() { COMPREPLY=(from-function); }; complete -F _own own")
        x.keys("myfunc_unique d\t", "ue ")
        x.keys("\x15own \t", "from-function ")
        x.keys("\x15echo be*\x18*", "ta.txt ")
        x.keys("\n", PS)
        x.leave("exit\n")
    w.same(talk)


def test_terminal_keys(t):
    """A person's own keys (INPUTRC, bind, vi) would not do at whosh's prompt what they do everywhere else."""
    w = Alike(t)
    inputrc = t.tmp / "inputrc"
    inputrc.write_text('"\\C-o": "echo from-inputrc\\n"\nset completion-ignore-case on\n')

    def talk(x):
        x.keys("\x0f", re.compile(rb"\rfrom-inputrc\r\n.*@@ ", re.S))
        x.line("bind -v | grep ignore-case; bind '\"\\C-o\": \"echo again\\n\"'")
        x.keys("\x0f", re.compile(rb"\ragain\r\n.*@@ ", re.S))
        x.line("bind -x '\"\\C-p\": echo bound command'")
        x.keys("\x10", "bound command\r\n")
        x.keys("\n", PS)
        x.keys("echo one two\x01\x1bf\x1bf\x17", "one")  # to its beginning, two words on, kill
        x.keys("\x05\x19\n", PS)
        x.line("set -o vi")
        x.keys("echo abc def", "def")
        x.keys("\x1b0wcwxyz\x1b", "xyz")
        x.keys("\n", "\r\n", PS)
        x.keys("\x1bk", "echo")
        x.keys("A!\x1b", "!")
        x.keys("\n", "\r\n", PS)
        x.line("set -o emacs")
        x.keys("e" * 200)
        x.keys("\x01echo \x05\n", PS)
        x.leave("exit 2\n")
    w.same(talk, env={"INPUTRC": str(inputrc)})


def test_terminal_paste(t):
    """Several lines pasted at once would be lost in part, or be run as one."""
    w = Alike(t)

    def talk(x):
        x.keys("\x1b[200~echo a\nfor i in 1; do\necho b\ndone\x1b[201~", "done")
        x.keys("\n", "\rdone\r\n", PS)
        x.line("bind 'set enable-bracketed-paste off'; stty -echo")
        x.keys("echo 1\necho 2\necho 3; stty echo\n", "1\r\n", "2\r\n", "3\r\n", PS)
        x.leave("exit\n")
    w.same(talk)
    lines = w.asked()
    for one in ("echo a\n", "for i in 1; do\necho b\ndone\n", "echo 1\n", "echo 2\n", "echo 3; stty echo\n"):
        assert lines.count(one) == 1, (one, lines)


def test_terminal_history(t):
    """Arrow up, Ctrl-R, !! and !$ would not bring back what was typed; or something else would be approved than runs."""
    w = Alike(t)

    def talk(x):
        for text in ("echo one", "echo two three", "true"):
            x.line(text)
        for typed in ("!!", "!echo", "echo !$ !echo:1", "^three^four^", "!nosuch", "!!:p", "echo \"a b\"; echo 'a!b' a\\!b"):
            x.keys(typed + "\n", typed + "\r\n", PS)
        x.keys("\x1b[A\x1b[A", "four two")
        x.keys("\n", "\r\n", PS)
        x.keys("\x12", "(reverse-i-search)")
        x.keys("thr", "ee")
        x.keys("\n", "\r\n", PS)
        x.line("history; fc -l -3")
        x.line("history -s 'echo planted'")
        x.keys("!!\n", "\nplanted\r\n", PS)
        x.line("set +H; echo !!; set -H; shopt -s histverify")
        x.keys("!echo\n", "\r\n", PS, "echo")
        x.keys("\n", "\r\n", PS)
        x.line("shopt -u histverify; history -c; HISTCONTROL=ignorespace")
        x.line(" echo hidden")
        x.keys("for i in 1\n", "> ")
        x.keys("do echo $i\n", "> ")
        x.line("done")
        x.keys("\x1b[A", "done")
        x.keys("\n", "\r1\r\n", PS)
        x.line("history; echo $HISTCMD $HISTSIZE $HISTFILESIZE")
        x.keys("fc -s for\n", "\n1\r\n", PS)
        x.leave("exit\n")
    w.same(talk)
    asked = w.asked()
    assert "!!\n" not in asked and "echo three two\n" in asked and "echo four two\n" in asked, asked


def test_terminal_expand_interrupted(t):
    """Ctrl-C while a word is expanded would end the session: bash 5.2 by itself frees the matches of the last time twice."""
    _, b, _ = around(t)
    p = Terminal(t, b)
    p.until(r"[$#] ")
    p.type("cd %s\r" % t.tmp)
    p.until(r"[$#] ")
    words = [start % "$(touch f)" for start in (
        "ls $((x[%s0]))/", "ls ${x[%s0]}/", "ls ${x:-%s}/", "ls `%s`/", "ls %s/", "ls q$[x[%s0]]/", "ls \"${x[%s0]}/", "ls <(%s)/", "$((x[%s0]))/",
        "ls ${y:x[%s0]}/", "ls ${!x[%s0]}/", "ls ~/${x[%s0]}/", "cd ${x[%s0]}/", "echo $((x[%s0]))/*", "ls ${x[`%s`0]}/", "echo \"$((x[%s0]))/")]
    for keys in ("\t\t", "\x18*"):
        for word in words:
            # A Ctrl-C is to come while the one before it is not yet looked at: what is typed is not waited for.
            p.type(word + keys)
            select.select([], [], [], 0.04)
            p.type("\x03")
        select.select([], [], [], 0.1)
    p.type("\x03\r")
    p.until(r"[$#] ")
    p.type("\recho al''ive\r")
    p.until("alive")
