"""A session's lines one after the other: what a refusal is to bash, hostile and large lines, how it ends, what it has redefined."""
import json
import os
import pathlib
import time

from lib import jose
from lib.killing import pids_in, world
from lib.sessions import Live, around, careful, lines

DENIED = "whosh: denied: "


def test_refusal_is_a_status(t):
    """A denied line must be to the script what a failed command is: in $?, PIPESTATUS, ERR, errexit, and the last status."""
    a, b, _ = around(t)
    for text, code, out in (
            ("forbidden\necho $? ${PIPESTATUS[@]}\n", 0, "126 126\n"),
            ("forbidden ||\necho or\necho $?\n", 0, "126\n"),
            ("true | false | true\nforbidden | true\necho ${PIPESTATUS[@]}\n", 0, "126\n"),
            ("forbidden\n[ $? = 126 ] && echo yes || echo no\n", 0, "yes\n"),
            ("! forbidden\necho $?\n", 0, "126\n"),
            ("set -e\nforbidden\necho on\n", 126, ""),
            ("set -e\n! forbidden\necho on\n", 126, ""),
            ("trap 'echo err $?' ERR\nforbidden\necho $?\n", 0, "err 126\n126\n"),
            ("trap 'echo bye $?' EXIT\nset -e\nforbidden\n", 126, "bye 126\n"),
            ("trap 'echo debug' DEBUG\nforbidden\ntrap - DEBUG\n", 0, "debug\n"),
            ("x=1\nx=2 forbidden\necho $x\n", 0, "1\n"),
            ("cat <<E\nforbidden\nE\necho $?\n", 0, "126\n"),
            ("f() {\nforbidden\n}\ntype -t f\necho $?\n", 0, "1\n"),
            ("read x\nforbidden as input\necho $x\n", None, None),
            ("true\nforbidden", 126, ""), ("forbidden\nexit\n", 126, ""), ("forbidden\n)\n", 2, ""), ("set -u\nforbidden $y\necho on\n", 0, "on\n")):
        r = t.whosh(b, None, stdin=text)
        if code is not None:
            assert (r.code, r.text) == (code, out) and DENIED in r.errors, (text, r)
    assert t.whosh(b, None, "-e", stdin="forbidden\necho on\n").code == 126
    r = t.whosh(b, None, stdin="read x\nabc\necho $x\nforbidden\n")
    assert r.text == "abc\n" and r.code == 126, r
    assert not [x for x in lines(a) if "forbidden" in x[0] and x[1] == "approved"]


def test_withdrawn_and_unreviewed(t):
    """A line that nobody reviewed in time, or that its session takes back, is a failed one, and the session goes on."""
    a, b, _ = around(t, conf="review_timeout = 1s")
    r = t.whosh(b, None, stdin=": careful\necho $?\nset -e\n: careful\necho on\n")
    assert r.code == 75 and r.text == "75\n", r
    assert [x["cause"] for x in a.who() if "careful" in x["line"]] == ["timeout"] * 2


def test_hostile_bytes(t):
    """Bytes of every kind must reach approver and bash alike; and none may act on whoever reads the log."""
    a, b, _ = around(t)
    every = bytes(x for x in range(1, 256) if x not in b"\n'")
    text = b"printf %s '" + every + b"' | od -An -v -tx1 | tr -d ' \\n'\n"
    for odd in (text, b"echo a\0b\n", b"\xff\xfe\n", b"echo \xe2\x80\xae \x1b[2J\x07\n", b"\r\necho a\r\n", b"\n\n# \xff\n  \n", b"echo $'\\xff\\0x'\n",
                b"ech\0o \0\n", b"echo 'a\0\n\0b'\n", b"cat <<E\n\xc3\0\x28\nE\n", b"\xef\xbb\xbfecho bom\n", b";;\n", b"echo \x01\x7f | od -c\n"):
        plain = t.run(["bash"], stdin=odd, cwd=t.tmp, env=t.env())
        r = t.whosh(b, None, stdin=odd)
        assert (r.code, r.out) == (plain.code, plain.out), (odd, r, plain)
        assert r.err == plain.err, (odd, r, plain)
    for page in (a.ctl("who").out, a.ctl("who", "--json").out):
        assert b"\x1b" not in page and b"\x07" not in page and b"\xe2\x80\xae" not in a.ctl("who").out
    r = t.whosh(b, None, stdin=b"for\0bidden\necho $?\nforbidden\xff\n")
    assert r.text == "126\n" and r.code == 126, "a NUL hides nothing"


def test_large_lines(t):
    """A line that is too large for an approver is refused, whatever its size, and the session goes on."""
    a, b, _ = around(t)
    for size, code in ((600_000, 0), (720_000, 126), (2_200_000, 126), (10_000_000, 126)):
        s = Live(t, b)
        s.process.stdin.write(b": > ran; : " + b"x" * size + b"\n")
        s.process.stdin.flush()
        assert s.ask("echo $?") == str(code), size
        assert (t.tmp / "ran").exists() == (not code), size
        if not code:
            (t.tmp / "ran").unlink()
        r = s.end()
        assert r.code == 0 and r.errors.count("\n") == (1 if code else 0) and r.errors.startswith(DENIED if code else ""), r
    r = t.whosh(b, None, stdin=b"cat > f <<'X'\n" + b"line\n" * 150_000 + b"X\necho $?; ls f\n")
    assert r.text == "126\n" and not (t.tmp / "f").exists(), r
    # What belongs to the line counts with it.
    r = t.whosh(b, None, stdin=b"f () { : '" + b"x" * 500_000 + b"'; }\nf '" + b"y" * 500_000 + b"'\necho $?\ntrue; echo $?\n")
    assert r.text == "126\n0\n", r


def test_many_lines(t):
    """A long session must neither slow down nor lose a line of the record."""
    a, b, _ = around(t)
    r = t.whosh(b, None, stdin="".join("echo %d\n" % n for n in range(2000)))
    assert r.out == b"".join(b"%d\n" % n for n in range(2000)) and r.err == b"", r
    t.eventually(lambda: all(x[2] == "exited" for x in lines(a)), "the outcomes")
    assert [x[0] for x in lines(a)] == ["echo %d" % n for n in range(2000)]
    assert [x["seq"] for x in a.who("--limit", "5000")] == list(range(2000, 0, -1))


def test_many_sessions(t):
    """Sessions beside each other must each get their own answers."""
    a, b, _ = around(t)
    script = t.tmp / "lines"
    script.write_text("echo $N\nx=$N\nforbidden 2> /dev/null\necho $x $?\n")
    r = t.run(["bash", "-c", "for N in {1..200}; do N=$N %s < lines 2> /dev/null & done; wait" % t.program("whosh")], cwd=t.tmp, env=t.env(b))
    assert sorted(r.text.splitlines()) == sorted(["%d" % n for n in range(1, 201)] + ["%d 126" % n for n in range(1, 201)]), r
    t.eventually(lambda: all(x[2] or x[1] == "denied" for x in lines(a)), "the outcomes")
    assert len(lines(a)) == 800 and len({x["session"] for x in a.who("--limit", "5000")}) == 200


def test_many_jobs(t):
    """A thousand background jobs must not cost a session its next line, nor be forgotten in the record."""
    fake, b, _ = world(t)
    s = Live(t, b)
    assert s.ask("for i in {1..1000}; do sleep 600 & done; echo started") == "started"
    began = time.monotonic()
    assert s.ask("jobs | wc -l") == "1000"
    for n in range(20):
        assert s.ask("echo %d" % n) == str(n)
    assert time.monotonic() - began < 5
    got = fake.outcome(fake.command("for i in {1..1000}; do sleep 600 & done; echo started\n"))
    assert got["left"] == 1000, got
    assert s.ask("kill $(jobs -p); wait; echo done") == "done"
    assert s.end().code == 0


def outcomes(fake):
    """{line: (outcome, exit or signal, left)} when all have come."""
    def all_of():
        asked = {c["jti"]: c["command"]["line"].rstrip("\n") for c in (
            jose.claims(x) for m, p, x in list(fake.requests) if (m, p) == ("POST", "/v1/commands"))}
        told = {x["command"]: x for x in list(fake.outcomes)}
        return set(told) == set(asked) and {asked[x]: (y["outcome"], y.get("exit", y.get("signal")), y.get("left")) for x, y in told.items()}
    return fake.t.eventually(all_of, "the outcome of every line")


def test_how_it_ends(t):
    """exec, exit, the end of input, a trap, a signal: the session ends as bash does, and the log says how its last line did."""
    for system in (True, False):
        fake, b, token = world(t, system=system, name=str(system))
        for text, code, out, last in (
                ("exec sh -c 'echo gone; exit 4'\necho no\n", 4, "gone\n", ("exited", 4, None)),
                ("exec /nowhere 2> /dev/null\necho no\n", 127, "", ("exited", 127, None)),
                ("exit 5\necho no\n", 5, "", ("exited", 5, None)),
                ("(exit 6)\n", 6, "", ("exited", 6, None)),
                ("false", 1, "", ("exited", 1, None)),
                ("trap 'echo bye; exit 7' EXIT; true\n", 7, "bye\n", ("exited", 0, None)),
                ("trap 'echo bye' EXIT; exit 8\n", 8, "bye\n", ("exited", 8, None)),
                ("kill -TERM $$\n", -15, "", ("signaled", "TERM", None)),
                ("kill -9 $$\n", -9, "", ("signaled", "KILL", None)),
                ("exec 0< /dev/null\necho no\n", 0, "", ("exited", 0, None)),
                ("echo 'echo other' > o; exec < o; true\necho no\n", 0, "other\n", None),
                ("set -o nounset; echo $nothing\necho no\n", 1, "", ("exited", 1, None)),
                ("sleep 600 > /dev/null 2>&1 & echo $! > pids1\n", 0, "", ("exited", 0, 1)),
                ("sleep 601 > /dev/null 2>&1 & echo $! > pids2; exit 9\n", 9, "", ("exited", 9, 1)),
                ("(sleep 602 & echo $! > pids3) > /dev/null 2>&1; exec true\n", 0, "", ("exited", 0, 1))):
            r = t.whosh(b, token, stdin=text)
            plain = t.run(["bash"], stdin=text.replace("pids", "plain"), cwd=t.tmp)
            assert (r.code, r.text) == (code, out) == (plain.code, plain.text), (text, r, plain)
            assert not last or outcomes(fake)[text.split("\necho no")[0].rstrip("\n")] == last, text
        for name in ("pids1", "pids2", "pids3", "plain1", "plain2", "plain3"):
            [os.kill(pid, 9) for pid in pids_in(t, t.tmp / name, 1)]


READ_ONLY = {"version": 1, "default": "review", "rules": [
    {"name": "careful", "verdict": "review", "commands": [["**"]], "line_matches": "careful"},
    {"name": "read-only", "verdict": "approve", "commands": [["cat", "**"], ["true"], ["echo", "**"], ["tidy", "**"]]}]}


def test_redefined(t):
    """A line that a pattern approves must go to a person once the session has made something else of its words."""
    (t.tmp / "x").mkdir()
    (t.tmp / "x/cat").write_text("#!/bin/sh\necho other\n")
    (t.tmp / "x/cat").chmod(0o755)
    a, b, _ = around(t, policy=READ_ONLY)
    asked = a.reviewer.seen
    for change, line, said in (
            ("cat () { id -un; }", "cat f", "function cat"),
            ("cat () { id -un; }", "c\\\nat f", "function cat"),
            ("cat () { id -un; }", ": \\\ncat; cat f # c\\", "function cat"),
            ("cat () { id -un; }; f () { echo `$'c\\x61t' f`; }", "f", "function cat"),
            ("shopt -s expand_aliases; alias cat='id -un'", "cat f", "alias cat"),
            ("shopt -s expand_aliases; alias cat='id -un'", "c\\\nat f", "alias cat"),
            ("shopt -s expand_aliases; alias cat='id -un;true'", "true; cat f", "alias cat"),
            ("PATH=$PWD/x:$PATH", "cat f", "variable PATH"),
            ("hash -p x/cat cat", "cat f", "hash cat"),
            ("hash -p x/cat cat", "c\\at f", "hash cat"),
            ("enable -n echo", "echo f", "builtin echo"),
            ("function echo { cat x/cat; }; echo () { builtin id -un; }", "'echo' f", "function echo"),
            ("tidy () { cat f; rm -f f; }", "tidy", "function tidy"),
            ("trap 'builtin id -un' DEBUG", "echo f", "trap DEBUG"),
            ("trap 'cat () { builtin id -un; }' CHLD", "cat f", "trap SIGCHLD"),
            ("trap 'builtin id -un $d' EXIT", "d=1", "trap EXIT"),
            ("declare -n y=PATH", "y=1 true", "attribute y"),
            ("export LD_PRELOAD=/nowhere.so 2> /dev/null", "cat /dev/null", "variable LD_PRELOAD"),
            ("export BASH_ENV=f", "cat /dev/null", "variable BASH_ENV"),
            ("command_not_found_handle () { id -un; }", "tidy", "function command_not_found_handle"),
            ("set -k", "cat f PATH=x", "option keyword")):
        (t.tmp / "f").write_text("file\n")
        s = Live(t, b, None)
        assert s.ask("echo plain") == "plain"
        if line == "cat f":
            assert s.ask(line) == "file"
        s.line(change)
        s.line(line)
        r = s.end()
        record = [x for x in asked if x["line"] == line + "\n"]
        assert record, (change, line, r, [x["line"] for x in asked])
        assert said in ["%s %s" % (m["kind"], m["name"]) for m in record[-1]["meaning"]], (change, record[-1]["meaning"])
        asked.clear()
    (t.tmp / "f").write_text("file\n")
    r = t.whosh(b, None, stdin="x=1; y () { true; }; unset -f y\ncat f\nalias cat='echo other'\ncat f\n")
    assert r.text == "file\nfile\n", r
    assert not [x for x in asked if x["line"] == "cat f\n"], "what a line does not use keeps nobody"


def test_enabled_builtin(t):
    """One loaded builtin would be told as a change of all that stand behind it in bash's table: people read noise."""
    folder = pathlib.Path("/usr/lib/bash")
    a, b, _ = around(t, policy=READ_ONLY)
    s = Live(t, b, None)
    s.line("enable -f %s/basename basename" % folder)
    s.line("id -un; basename cat")
    r = s.end()
    told = [m["name"] for x in a.reviewer.seen if x["line"] == "id -un; basename cat\n" for m in x.get("meaning", [])
            if m["kind"] == "builtin"]
    assert told == ["basename"], (told, r)


def test_denied_redefinition(t):
    """A function that the reviewer says no to is not run by a harmless name."""
    a, b, _ = around(t, policy=READ_ONLY)
    s = Live(t, b)
    s.line("cat () { echo careful; touch ran; }")
    a.ctl("approve", careful(t, a)["id"])
    s.line("cat f")
    waiting = careful(t, a)
    assert waiting["line"] == "cat f\n" and "careful" in json.dumps(waiting["meaning"]), waiting
    a.ctl("deny", waiting["id"], "--reason", "not that cat")
    s.line("echo $?")
    r = s.end()
    assert r.text == "126\n" and "not that cat" in r.errors and not (t.tmp / "ran").exists(), r
