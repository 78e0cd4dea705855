"""A session whose reader is not there, or whose way to whosh the session itself tampers with: nothing unapproved runs."""
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess

from lib.killing import alive
from lib.sessions import Live, around, careful, lines
from lib.terminal import Terminal

LOST = "whosh: approver unreachable: the session's way to whosh was lost; nothing more is run\n"
GONE = "a session needs bash 5.2 with whosh-reader.so, which did not start in it; nothing was run\n"


def copied(t):
    """The programs in a folder of the test's own, where the reader can be spoilt."""
    place = t.tmp / "programs"
    place.mkdir()
    for name in ("whosh", "whosh-broker", "whosh-reader.so"):
        shutil.copy(t.program(name), place / name)
    return place


def nothing_ran(t, r):
    """78, and one line of ours; the dynamic linker may have said one of its own."""
    assert r.code == 78 and r.out == b"" and not (t.tmp / "ran").exists(), r
    assert GONE in r.errors and r.errors.count("whosh: configuration: ") == 1 and r.errors.count("\n") <= 2, r


def test_reader_that_cannot_be_loaded(t):
    """A half-done upgrade would leave sessions whose lines nobody is asked about."""
    a, b, _ = around(t)
    place = copied(t)
    reader = place / "whosh-reader.so"
    whole = reader.read_bytes()

    def run(*args, stdin=": > ran\necho out\n"):
        return t.run([place / "whosh", *args], stdin=stdin, env=t.env(b), cwd=t.tmp)
    assert run(stdin="echo out\n").out == b"out\n"
    for spoilt in (whole[:len(whole) // 8], whole[:4096], b"", b"\x7fELF" + b"\0" * 200):
        reader.write_bytes(spoilt)
        for args in ((), ("-s", "one"), ("-l",), ("-e",)):
            nothing_ran(t, run(*args))
    reader.unlink()
    reader.mkdir()
    nothing_ran(t, run())
    reader.rmdir()  # then it is the installed one, where there is one
    reader.symlink_to("/nowhere")
    r = run()
    assert r.code in (0, 78) and (r.code == 0 or GONE in r.errors), r
    assert all(x[0] == "echo out" for x in lines(a)), lines(a)


def test_reader_in_another_shell(t):
    """An interpreter that the reader does not know must not read lines by itself."""
    a, b, _ = around(t)
    other = t.tmp / "other"
    whole = pathlib.Path("/bin/bash").read_bytes()
    other.write_bytes(re.sub(rb"\x005\.2\x00", b"\x005.1\x00", whole))
    other.chmod(0o755)
    source = t.tmp / "static.c"
    source.write_text("#include <stdlib.h>\n#include <stdio.h>\nint main(void) { while (getchar() >= 0) system(\"touch ran; echo out\"); }\n")
    made = t.run(["gcc", "-static", "-o", t.tmp / "static", source])  # nothing can be loaded into it
    assert made.code == 0, made
    for interpreter in ("/bin/dash", "/bin/cat", other, t.tmp / "static", "/nowhere/bash", t.tmp):
        text = b.conf.read_text()
        b.conf.write_text(text + "interpreter = %s\n" % interpreter)
        r = t.whosh(b, None, stdin=": > ran\necho out\n")
        assert r.code == 78 and r.out == b"" and not (t.tmp / "ran").exists(), (interpreter, r)
        assert r.errors.count("whosh: configuration: ") == 1 and r.errors.count("\n") <= 2, r
        b.conf.write_text(text)
    assert not lines(a), lines(a)


def test_small_limits(t):
    """A session with few descriptors must work, or say in one line why not."""
    a, b, _ = around(t)
    for limit, works in ((200, True), (40, True), (20, True)):
        r = t.run(["bash", "-c", "ulimit -n %d; exec %s" % (limit, t.program("whosh"))], stdin="x=5\necho $x\n", env=t.env(b))
        assert (r.code, r.out, r.err) == (0, b"5\n", b""), (limit, r)
    for limit in (11, 10, 8, 6, 5, 4):
        r = t.run(["bash", "-c", "ulimit -n %d; exec %s" % (limit, t.program("whosh"))], stdin=": > ran\necho out\n", env=t.env(b),
                  cwd=t.tmp)
        assert r.code in (69, 78) and r.out == b"" and not (t.tmp / "ran").exists(), (limit, r)
        assert r.errors.count("whosh: ") == 1, (limit, r)


def test_preload_beside_it(t):
    """An operator's own preloaded library must neither keep the reader out nor be lost."""
    source = t.tmp / "other.c"
    source.write_text("#include <fcntl.h>\n__attribute__((constructor)) static void in(void) { creat(\"in\", 0600); }\n")
    made = t.run(["gcc", "-shared", "-fPIC", "-o", t.tmp / "other.so", source])
    assert made.code == 0, made
    a, b, _ = around(t, conf="keep_env = LD_PRELOAD")
    r = t.whosh(b, None, stdin="[ -e in ]; echo $?; rm in; bash -c ': in; echo $LD_PRELOAD'; [ -e in ]; echo $?\n",
                env={"LD_PRELOAD": t.tmp / "other.so"})
    assert r.text.split() == ["0", str(t.tmp / "other.so"), "0"], r
    r = t.whosh(b, None, stdin="echo on\n", env={"LD_PRELOAD": "/nowhere.so"})
    assert r.code == 0 and r.out == b"on\n", r


def test_traced(t):
    """Under strace, as people look for faults, every line is still asked about."""
    t.need("strace")
    a, b, _ = around(t)
    r = t.run(["strace", "-f", "-o", "/dev/null", t.program("whosh")], stdin="echo one\nforbidden\necho $?\n", env=t.env(b))
    assert r.code == 0 and r.out == b"one\n126\n", r
    assert [x[1] for x in lines(a)] == ["approved", "denied", "approved"]


# ── the session against its own descriptors ──

def numbers(t):
    text = re.sub(r"/\*.*?\*/", "", (t.source / "common/wire.h").read_text(), flags=re.S)
    found = {}
    for body in re.findall(r"enum wire_(?:type|tag) \{(.*?)\}", text, re.S):
        found.update({x.split("=")[0].strip(): n for n, x in enumerate(body.split(","), 1)})
    return found


def frame(t, kind, *fields, more=0):
    """A frame, and as printf writes it; with `more`, one whose last field swallows so many bytes that follow."""
    known = numbers(t)
    body = b"".join(struct.pack(">HI", known["WIRE_" + tag], len(value)) + value for tag, value in fields)
    if more:
        body += struct.pack(">HI", known["WIRE_HINT"], more)
    return struct.pack(">IB", 1 + len(body) + more, known["WIRE_" + kind]) + body


def octal(data):
    return "".join("\\%03o" % x for x in data)


def test_forged_question(t):
    """A line that writes the end of itself and a harmless question to whosh would have the next line run by the permit
    for that."""
    a, b, _ = around(t)
    end = frame(t, "OUTCOME", ("EXIT", b"0"))
    guess = ("SECRET", b"0123456789abcdef")
    sealed_end = frame(t, "OUTCOME", guess, ("EXIT", b"0"), guess)
    ask = frame(t, "ASK", ("MODE", b"stdin"), ("LINE", b"true"), ("CWD", b"/"))
    sealed = frame(t, "ASK", guess, ("MODE", b"stdin"), ("LINE", b"true"), ("CWD", b"/"), guess)
    for number, forged in enumerate((
            end + ask, sealed_end + sealed, ask, sealed, end, sealed_end, frame(t, "WITHDRAW"), frame(t, "HELLO") * 3,
            frame(t, "PERMIT", guess, guess), end + frame(t, "ASK", ("LINE", b"true"), more=61), b"\0", b"\xff" * 9,
            frame(t, "ASK", ("LINE", b"true"), more=61), frame(t, "OUTCOME", ("EXIT", b"0"), more=61))):
        r = t.whosh(b, None, stdin="echo one\nprintf '%s' >&230\n: forbidden > ran\necho $?\n" % octal(forged))
        assert not (t.tmp / "ran").exists(), (number, r)
        assert r.out in (b"one\n", b"one\n126\n"), (number, r)
        if r.out == b"one\n":
            assert r.code == 69 and r.errors == LOST, (number, r)
    assert not [x for x in lines(a) if x[0] == "true"], lines(a)


def test_forged_beside_a_wait(t):
    """A background job that keeps the session's socket could answer for a line that waits for a person."""
    a, b, _ = around(t)
    s = Live(t, b)
    ask = frame(t, "ASK", ("MODE", b"stdin"), ("LINE", b"true"), ("CWD", b"/"))
    s.line("mkfifo go; exec 9>&230; { read x < go; printf '%s' >&9; echo x > gone; } 9>&9 &" %
           octal(frame(t, "OUTCOME", ("EXIT", b"0")) + ask))
    s.line(": careful > ran")
    careful(t, a)
    (t.tmp / "go").write_text("x\n")
    t.eventually((t.tmp / "gone").exists, "the forged frames")
    s.line("echo on")
    a.ctl("deny", a.pending()[0]["id"], "--reason", "no") if a.json("pending") else None
    r = s.end()
    assert not (t.tmp / "ran").exists(), r
    assert not [x for x in lines(a) if x[0] == "true"], lines(a)


def test_forged_greeting(t):
    """A second greeting could end whosh's conversation with the broker, and with it every way to kill what runs."""
    a, b, _ = around(t)
    p = Terminal(t, b)
    p.until(r"[$#] ")
    os.mkfifo(t.tmp / "go")
    p.ask("cd %s; echo there" % t.tmp, "there")
    line = "printf '%s' >&230; echo up; read x < go; : > ran" % octal(frame(t, "HELLO", ("VERSION_TAG", b"1")))
    p.type(line + "\r")
    p.until(r"\nup")
    row = t.eventually(lambda: [x for x in a.who() if x["line"].rstrip("\n") == line], "the line")[0]
    t.eventually(lambda: "whosh_polls 1\n" in a.api("GET", "/metrics", token=None)[2].decode(), "a poll that names it")
    a.ctl("kill", "command", row["id"], "--reason", "rogue")
    assert p.process.wait(10) in (-15, -9)
    assert not (t.tmp / "ran").exists()


def test_bytes_put_into_a_question(t):
    """A job that writes into a long question while it is sent could have another line approved than is run."""
    a, b, _ = around(t)
    line = ": %s; : > ran # forbidden\n" % ("x" * 600_000)
    for number in range(6):
        r = t.whosh(b, None, stdin="exec 9>&230\n{ for i in {1..20000}; do printf '\\0\\0\\0\\1'; done >&9; } 2> /dev/null 9>&9 &\n%secho $?\n" % line)
        assert not (t.tmp / "ran").exists() and r.code in (0, 69) and r.text in ("", "126\n"), (number, r.code, r.text, r.errors[-300:])
    sent = {x[0] for x in lines(a)}
    assert len(sent) <= 4 and all(x == line.rstrip("\n") or len(x) < 200 for x in sent), [x[:80] for x in sent]
    assert not [x for x in lines(a) if x[0].startswith(": x") and x[1] != "denied"]


FILTER = """
import ctypes, os, struct, sys
code = [(0x20, 0, 0, 0), (0x15, 0, 1, int(sys.argv[1])), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7fff0000)]
program = b"".join(struct.pack("<HBBI", *x) for x in code)
text = ctypes.create_string_buffer(program)
head = struct.pack("<HxxxxxxQ", len(code), ctypes.addressof(text))
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, ctypes.create_string_buffer(head)) == 0
os.execv(sys.argv[2], sys.argv[2:])
"""


def test_system_calls_refused(t):
    """In a sandbox that takes system calls away a session works or says why not, and never runs what was not approved."""
    if os.uname().machine != "x86_64":
        t.skip("numbers of x86_64")
    a, b, _ = around(t)
    (t.tmp / "f").write_text(": > ran # forbidden\n")
    script = t.tmp / "filter.py"
    script.write_text(FILTER)
    calls = {"poll": 7, "sendto": 44, "recvfrom": 45, "sendmsg": 46, "recvmsg": 47, "socketpair": 53, "getcwd": 79,
             "prctl": 157, "waitid": 247, "newfstatat": 262, "signalfd4": 289, "pipe2": 293, "memfd_create": 319}
    for name, number in calls.items():
        r = t.run(["python3", script, number, t.program("whosh")], env=t.env(b), cwd=t.tmp,
                  stdin="echo one\n: > ran # forbidden\n. ./f\nn=f; . ./$n\necho two\n")
        assert not (t.tmp / "ran").exists() and r.text in ("", "one\n", "one\ntwo\n"), (name, r)
        assert r.text == "one\ntwo\n" or (r.code != 0 and b"whosh: " in r.err), (name, r)


def test_session_that_closes_its_way(t):
    """A loop over all descriptors, as daemons have, must end the session plainly, and nothing may run behind it."""
    a, b, token = around(t, system=False)
    loop = "for f in /proc/self/fd/*; do f=${f##*/}; [ $f -gt 2 ] && eval \"exec $f>&-\"; done; echo $?"
    for line, said in (("exec 230>&-; echo closed", "closed"), (loop, "0"), ("exec 9>&230 230>&-; echo moved", "moved")):
        r = t.whosh(a, token, stdin="%s\n: > ran\necho no\n" % line)
        assert r.code == 69 and r.text == said + "\n" and r.errors == LOST and not (t.tmp / "ran").exists(), (line, r)
        assert t.eventually(lambda: lines(a)[-1][2], "the outcome") == "exited"
    # What bash keeps for itself it puts back; in a child only the child has lost it.
    for line in ("exec 230<>/dev/null", "(exec 230>&- 231>&-; %s) > /dev/null" % loop, "echo x > /proc/$$/fd/230; :",
                 "exec 231>&-"):
        r = t.whosh(a, token, stdin="%s 2> /dev/null\necho on\nforbidden 2> /dev/null\n" % line)
        assert r.code == 126 and r.text == "on\n", (line, r)


def test_door_closed(t):
    """Without a way to ask aside no file is sourced that was not shown; and whosh must not spin."""
    a, b, _ = around(t)
    (t.tmp / "f").write_text(": > ran\n")
    s = Live(t, b)
    assert s.ask("exec 231>&-; echo closed") == "closed"
    assert s.ask("n=f; . ./$n; echo $?") == "1"
    before = sum(int(x) for x in open("/proc/%d/stat" % s.pid).read().rpartition(")")[2].split()[11:13])
    for _ in range(30):
        assert s.ask("sleep 0.01; echo on") == "on"
    after = sum(int(x) for x in open("/proc/%d/stat" % s.pid).read().rpartition(")")[2].split()[11:13])
    assert after - before < 15, "whosh is busy"
    assert not (t.tmp / "ran").exists()
    assert s.ask(". ./f; echo $?") == "0", "what was shown with the line needs no further question"
    assert s.end().code == 0


def test_children_have_no_way(t):
    """What a line starts must find none of the session's descriptors, neither a program nor a subshell."""
    a, b, _ = around(t)
    count = "ls /proc/self/fd | wc -l"
    plain = t.run(["bash"], stdin=count + "\n", cwd=t.tmp).text
    r = t.whosh(b, None, stdin=count + "\n(: >&230) 2> /dev/null; echo $?\nexec 3>&-; %s\n" % count)
    assert r.text == plain + "1\n" + plain, r


def test_sourced_file_with_descriptors(t):
    """A file that uses descriptors by number must not close the conversation about it, nor write into it."""
    a, b, _ = around(t)
    (t.tmp / "f").write_text("exec 3> out 4>&3 5>&3; echo hi >&4; for f in 6 7 8 9; do echo x >&$f; done 2> /dev/null; return 7\n")
    r = t.whosh(b, None, stdin="n=f\n. ./$n\necho $?\ncat out\n")
    assert r.text == "7\nhi\n", r
    row = t.eventually(lambda: [x for x in a.who() if x["mode"] == "source" and x["outcome"]], "the outcome")[0]
    assert (row["outcome"], row["exit"]) == ("exited", 7), row


def test_not_without_a_greeting(t):
    """A shell that dies before the reader is ready has run nothing; that is said, and with 78."""
    a, b, _ = around(t)
    stopper = t.tmp / "bash"
    stopper.write_text("#!/bin/sh\nkill -9 $$\n")
    stopper.chmod(0o755)
    b.conf.write_text(b.conf.read_text() + "interpreter = %s\n" % stopper)
    r = t.whosh(b, None, stdin=": > ran\n")
    assert r.code == 78 and r.out == b"" and not (t.tmp / "ran").exists() and r.errors.endswith(GONE), r


def test_shell_stopped(t):
    """kill -STOP of a session's bash stops whosh as any job, and both go on together."""
    a, b, _ = around(t)
    s = Live(t, b)
    bash = s.bash

    def state():
        return open("/proc/%d/stat" % s.pid).read().rpartition(")")[2].split()[0]
    os.kill(bash, signal.SIGSTOP)
    t.eventually(lambda: state() == "T", "whosh stopped")
    os.kill(s.pid, signal.SIGCONT)
    assert s.ask("echo on") == "on"
    assert s.end().code == 0 and not alive(bash)
