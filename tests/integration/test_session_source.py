"""`.` and source in a session: what a file holds is approved with the line, or asked about when it is run."""
import os

from lib.sessions import Live, around, careful, ended
from lib.terminal import Terminal


def records(a, mode="source"):
    return [x for x in reversed(a.who("--limit", "5000")) if x["mode"] == mode]


def settled(t, a, n):
    """Wait until n files that were asked about aside have ended; their records."""
    def look():
        found = [x for x in records(a) if x["outcome"] or x["verdict"] == "denied"]
        return found if len(found) >= n else None
    return t.eventually(look, "%d ended files" % n)


def file(t, name, text):
    (t.tmp / name).write_bytes(text if isinstance(text, bytes) else text.encode())


def test_shown_with_its_line(t):
    """A reviewer who sees `. lib.sh` and not what is in it approves anything."""
    a, b, _ = around(t)
    file(t, "one.sh", "x=1; echo one $1\n")
    r = t.whosh(b, None, stdin=". ./one.sh a\nsource one.sh b\ncommand . -- './one.sh' c; echo $x\n{ . \"one.sh\"; }\nfor i in 1; do . ./one.sh; done\n"
                "builtin source ./one.sh d & wait\n(. ./one.sh e)\n")
    assert r.text == "one a\none b\none c\n1\none\none\none d\none e\n" and r.err == b"", r
    lines = records(a, "stdin")
    assert len(lines) == 7 and not records(a), lines
    for x in lines:
        assert [s["text"] for s in x["sourced"]] == ["x=1; echo one $1\n"], x
    assert lines[0]["sourced"][0]["path"] == "./one.sh" and lines[1]["sourced"][0]["path"] == "one.sh"


def test_found_when_it_runs(t):
    """A name that is made up while the line runs must be asked about before one byte of the file is run."""
    a, b, _ = around(t)
    file(t, "one.sh", "x=1; echo one\n")
    forms = (". ./$f", "(. ./$f)", "echo $(. ./$f)", ". ./$f | cat", "cat <(. ./$f)", "eval '. ./one.sh'", "g () { . \"$1\"; }; g ./one.sh",
             ". <(cat one.sh)", "cat one.sh | . /dev/stdin", ". /dev/stdin < one.sh", ". /dev/stdin <<< 'echo one'", "source /dev/fd/0 < one.sh",
             "mkfifo p; cat one.sh > p & . ./p; wait", "coproc . ./$f; cat <&${COPROC[0]}", ". ./on[e].sh", ". {./one.sh,}", ". ~+/one.sh")
    r = t.whosh(b, None, stdin="f=one.sh\n" + "\n".join(forms) + "\n")
    assert r.text == "one\n" * len(forms) and r.code == 0, r
    found = settled(t, a, len(forms))
    assert len(found) == len(forms), [x["line"] for x in found]
    parents = {x["id"]: x["line"] for x in records(a, "stdin")}
    assert [parents[x["parent"]].rstrip("\n") for x in found] == list(forms), found
    assert {(x["outcome"], x["exit"]) for x in found} == {("exited", 0)}
    assert {x["line"] for x in found} <= {"x=1; echo one\n", "echo one\n"}


def test_denied(t):
    """A file that is denied must not run, in no process of the line, and the line must learn of it."""
    a, b, _ = around(t)
    file(t, "bad.sh", "touch ran # forbidden\n")
    text = "f=bad.sh\n"
    forms = (". ./$f", "(. ./$f)", "x=$(. ./$f)", ". ./$f | cat", "eval '. ./bad.sh'", ". <(cat bad.sh)", "cat bad.sh | . /dev/stdin",
             ". /dev/stdin < bad.sh", "! . ./$f", "g () { builtin source \"$1\"; }; g ./bad.sh", "command . ./$f", "(. ./$f) & wait $!")
    for form in forms:
        text += form + "\necho \"$?,${PIPESTATUS[*]}\"\n"
    r = t.whosh(b, None, stdin=text)
    assert not (t.tmp / "ran").exists()
    assert r.text == "1,1\n" * 3 + "0,1 0\n" + "1,1\n" * 2 + "1,0 1\n" + "1,1\n" + "0,1\n" + "1,1\n" * 3, r
    assert r.errors.count("whosh: denied: ") == r.errors.count("Permission denied") == len(forms), r
    assert len([x for x in records(a) if x["verdict"] == "denied"]) == len(forms)
    for options, out in (("set -e", ""), ("trap 'echo err $?' ERR", "err 1\non\n"), ("set -o posix", "")):
        r = t.whosh(b, None, stdin=options + "; f=bad.sh\n. ./$f\necho on\n")
        assert r.text == out and not (t.tmp / "ran").exists(), (options, r)
    r = t.whosh(b, None, stdin=". ./bad.sh\necho $?\n")
    assert r.text == "126\n" and not (t.tmp / "ran").exists(), r


def test_denied_with_its_line(t):
    """A file whose line was denied must not be run by a trap that sources it as if it had been approved."""
    a, b, _ = around(t)
    file(t, "bad.sh", "touch ran # forbidden\n")
    for trap in ("ERR", "EXIT", "DEBUG", "USR1"):
        r = t.whosh(b, None, stdin="trap 'n=./bad.sh; . $n' %s\n. ./bad.sh\n%s\ntrue\n" % (trap, "kill -USR1 $$" if trap == "USR1" else ":"))
        assert not (t.tmp / "ran").exists(), (trap, r)
        assert r.errors.count("whosh: denied: ") > 1, (trap, r)
    # The same at a prompt, when the line was taken back.
    p = Terminal(t, b)
    p.until(r"[$#] ")
    file(t, "held.sh", "touch %s/ran # careful\n" % t.tmp)
    p.ask("cd %s; n=./held.sh; PROMPT_COMMAND='[ -e armed ] && . $n'; echo set" % t.tmp, "set")
    p.type(". ./held.sh\r")
    p.until("waiting for a reviewer")
    careful(t, a)
    file(t, "armed", "")
    p.type("\x03")
    t.eventually(lambda: [x for x in a.json("pending") if x["mode"] == "source"], "the question of the file itself")
    assert not (t.tmp / "ran").exists()
    file(t, "good.sh", "echo good\n")
    assert t.whosh(b, None, stdin="trap 'n=./good.sh; . $n' EXIT\n. ./good.sh\n").text == "good\ngood\n"
    assert settled(t, a, 1)[-1]["line"] == "echo good\n", "a line that has ended answers for nothing that is run later"


def test_changed_meanwhile(t):
    """A file that is another when it is run than when it was shown is asked about again, and never run unseen."""
    a, b, _ = around(t)
    file(t, "f.sh", "echo careful\n")
    for change, ran in ((lambda: file(t, "f.sh", "echo other\n"), "other\n"),
                        (lambda: os.replace(t.tmp / "new", t.tmp / "f.sh"), "new\n"),
                        (lambda: file(t, "f.sh", "touch ran # forbidden\n"), "")):
        file(t, "f.sh", "echo careful\n")
        file(t, "new", "echo new\n")
        s = Live(t, b)
        s.line(". ./f.sh")
        waiting = careful(t, a)
        assert waiting["sourced"] == [{"path": "./f.sh", "text": "echo careful\n"}], waiting
        change()
        a.ctl("approve", waiting["id"])
        r = s.end()
        assert r.text == ran and not (t.tmp / "ran").exists(), r
        aside = records(a)[-1]
        assert aside["parent"] == waiting["id"] and aside["line"] == (t.tmp / "f.sh").read_text(), aside
    # Replaced while the line runs, before it comes to it.
    file(t, "f.sh", "echo first\n")
    r = t.whosh(b, None, stdin="echo 'echo second' > f.sh; . ./f.sh; echo 'echo first' > f.sh; . ./f.sh\n")
    assert r.text == "second\nfirst\n", r
    assert [x["line"] for x in settled(t, a, 4)][-1] == "echo second\n", records(a)


def test_sealed(t):
    """What is run is the text that was approved, even if the file changes while a person looks at it or it runs."""
    a, b, _ = around(t)
    file(t, "f.sh", "echo careful\necho end\n")
    s = Live(t, b)
    s.line("n=f.sh; . ./$n; echo $?")
    waiting = careful(t, a)
    assert waiting["mode"] == "source" and waiting["line"] == "echo careful\necho end\n", waiting
    with open(t.tmp / "f.sh", "r+b") as f:
        f.write(b"touch ran #")
    a.ctl("approve", waiting["id"])
    assert [s.read(), s.read(), s.read()] == ["careful", "end", "0"]
    file(t, "g.sh", "echo 'touch ran' >> g.sh; echo go\n")
    assert s.ask(". ./g.sh") == "go"
    assert s.end().code == 0 and not (t.tmp / "ran").exists()


def test_nested(t):
    """A file that sources another must not carry that in unseen."""
    a, b, _ = around(t)
    file(t, "n1.sh", ". ./n2.sh; echo n1\n")
    file(t, "n2.sh", "echo n2; . ./n3.sh; return 4\n")
    file(t, "n3.sh", "echo n3\n")
    s = Live(t, b)
    assert [s.ask(". ./n1.sh; echo $?"), s.read(), s.read(), s.read()] == ["n2", "n3", "n1", "0"]
    assert [(x["line"], x["exit"]) for x in settled(t, a, 2)] == [("echo n2; . ./n3.sh; return 4\n", 4), ("echo n3\n", 0)]
    file(t, "n3.sh", "touch ran; echo forbidden\n")
    assert [s.ask(". ./n1.sh"), s.read()] == ["n2", "n1"]
    assert s.end().code == 0 and not (t.tmp / "ran").exists()


def test_how_a_file_ends(t):
    """The log must say how a file ended that returned, exited, failed, or took its shell with it."""
    a, b, _ = around(t)
    ends = (("true\n", 0), ("false\n", 1), ("return 5\n", 5), ("f () { return 3; }; f\n", 3), ("f () { return 3; }; f; ls / > /dev/null\n", 0),
            ("exit 6\n", 6), ("set -e; false; true\n", 1), ("(exit 7)\n", 7), ("exec true\n", None))
    for n, (text, status) in enumerate(ends):
        file(t, "f.sh", text)
        t.whosh(b, None, stdin="n=f.sh; . ./$n\n")
        row = settled(t, a, n + 1)[-1]
        if status is not None:
            assert (row["line"], row["outcome"], row["exit"]) == (text, "exited", status), row
    file(t, "f.sh", "(exit 9); (exit 8) & wait; (return 7); echo end\n")
    assert t.whosh(b, None, stdin="n=f.sh; . ./$n\n").text == "end\n"
    row = settled(t, a, len(ends) + 1)[-1]
    assert (row["outcome"], row["exit"]) == ("exited", 0), "a child has spoken for the file"


def test_at_once(t):
    """Subshells that source at the same time must each get the answer to their own question."""
    a, b, _ = around(t)
    for n in range(30):
        file(t, "f%d.sh" % n, "echo %s %d\n" % ("forbidden" if n % 3 == 2 else "ran", n))
    r = t.whosh(b, None, stdin="for n in {0..29}; do f=f$n.sh; { . ./$f || echo no $n; } 2> /dev/null & done; wait\necho on\n")
    out = r.text.split("\n")
    assert sorted(out[:30]) == sorted("%s %d" % ("no" if n % 3 == 2 else "ran", n) for n in range(30)), r
    assert out[30] == "on" and len(settled(t, a, 30)) == 30


def test_odd_files(t):
    """What cannot be read, is too large, or is no text must end in a plain message, and not in a run."""
    a, b, _ = around(t)
    file(t, "nul.sh", b"echo a\0b\n\xff\xfe 2> /dev/null; echo c\n")
    file(t, "big.sh", b"# " + b"x" * 900000 + b"\ntouch ran\n")
    file(t, "mid.sh", b"# " + b"x" * 600000 + b"\necho mid\n")
    file(t, "empty.sh", b"")
    for form in (". ./%s", "f=%s; . ./$f"):
        for name, out in (("nul.sh", "ab\nc\n0\n"), ("big.sh", "1\n"), ("mid.sh", "mid\n0\n"), ("empty.sh", "0\n"), ("nowhere.sh", "1\n"),
                          ("../..", "1\n")):
            r = t.whosh(b, None, stdin=form % name + "; echo $?\n")
            assert r.text == out and not (t.tmp / "ran").exists(), (form, name, r)
            plain = t.run(["bash"], stdin=form % name + "; echo $?; rm -f ran\n", cwd=t.tmp)
            assert name == "big.sh" or r.errors == plain.errors, (form, name, r, plain)


def test_fc(t):
    """What an editor makes of an old line is a new one, and must be asked about."""
    a, b, _ = around(t)
    file(t, "ed", "#!/bin/sh\necho 'touch ran # forbidden' > $1\n")
    file(t, "ok", "#!/bin/sh\necho 'echo edited' > $1\n")
    for name in ("ed", "ok"):
        (t.tmp / name).chmod(0o755)
    r = t.whosh(b, None, stdin="set -o history; echo one\nfc -e ./ok\nfc -e ./ed\necho $?\n")
    assert r.text == "one\nedited\n1\n" and not (t.tmp / "ran").exists(), r
    assert [x["verdict"] for x in records(a)] == ["approved", "denied"]


def test_no_file_at_the_end(t):
    """A login session's ~/.bash_logout was approved by nobody."""
    a, b, _ = around(t)
    for name in (".bash_logout", ".bash_profile", ".bash_login", ".profile", ".bashrc"):
        file(t, name, "echo %s\n" % name)
    for args in (("-l",), ("-s",), ()):
        r = t.whosh(b, None, *args, stdin="echo on\nexit 3\n", env={"HOME": t.tmp})
        assert (r.code, r.text, r.err) == (3, "on\n", b""), r
    r = t.whosh(b, None, "-l", stdin=". ~/.bash_logout\n", env={"HOME": t.tmp})
    assert ended(t, a, ". ~/.bash_logout")["exit"] == 0 or r.errors, r


def test_interrupted_wait(t):
    """Ctrl-C while a file waits for a person must take the question back, and run nothing."""
    a, b, _ = around(t)
    file(t, "f.sh", "touch ran # careful\n")
    s = Live(t, b)
    bash = s.bash
    s.line("n=f.sh; . ./$n")
    careful(t, a)
    os.kill(bash, 2)
    r = s.end()
    assert r.code == -2 and not (t.tmp / "ran").exists(), r
    t.eventually(lambda: not a.json("pending"), "the withdrawal")
    assert records(a)[-1]["cause"] == "withdrawn", records(a)
