"""whosh beside bash: the same line, the same way of calling, and nobody can tell which of them ran it.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import os
import resource
import signal
import subprocess
import sys
import threading

from lib.bare import ask
from lib.fixture import APPROVE_ALL
from lib.reviewer import Reviewer

REVIEW = {"version": 1, "default": "review", "rules": []}

# Run by both; what they print, say and end with must be equal.
LINES = [
    "true", "false", "exit 7", "exit 300", "exit -1", "(exit 3)", "kill -TERM $$", "kill -KILL $$", "kill -INT $$", "kill -PIPE $$",
    "kill -SEGV $$", "sh -c 'kill -QUIT $$' 2>&1 | sed 's/[0-9]* Quit/Quit/'; echo $?", "sh -c 'kill -9 $$'", "nonexistent-command", "/etc/passwd", "cd /nonexistent",
    "echo out; echo err >&2", "printf 'no newline'", "printf '\\0\\1\\377'", "head -c 300000 /dev/zero | tr '\\0' x", "echo 'a", "fi", "echo $((",
    "cat", "cat >&2", "read x; echo \"[$x]\"; cat", "ls /dev/fd", "echo $0 $# \"$@\"", "echo $- $SHLVL $PWD", "echo \"$_\"",
    "set -e; false; echo not", "exec echo replaced", "exec false", "sleep 0.05 & wait $!; echo $?", "ulimit -n; ulimit -s; umask", "type cd; type -t [",
    "for i in 1 2; do echo $i; done | tail -n 1", "echo ä € \"$(printf '\\303\\244')\"", "cat <<E\n$((1+1))\nE\n", "# only a comment", "", "   ",
    "f() { return 4; }; f", "trap 'echo bye' EXIT; exit 3", "echo a\necho b\n", "echo a \\\n b", "[ -t 0 ]; echo $?", "exit", "echo $PPID >/dev/null",
]


def both(t, a, token, args, stdin=b"in 1\nin \x00\xff2", **kw):
    ours = t.whosh(a, token, *args, stdin=stdin, **kw)
    env = dict(t.env(a, token), SHELL=t.program("whosh"))
    theirs = t.run(["bash", *args], stdin=stdin, env=env, cwd=t.tmp, **kw)
    return ours, theirs


def generous(t):
    """An approver where what no pattern may approve is approved at once by a person who never sleeps."""
    a = t.approver(policy=REVIEW)
    ended = threading.Event()

    def review():
        while not ended.wait(0.01):  # between two looks
            for waiting in ask(a, "GET", "/v1/reviews")[1]["reviews"]:
                ask(a, "POST", "/v1/reviews/" + waiting["id"], {"verdict": "approve"})

    person = threading.Thread(target=review)
    person.start()
    t.cleanups.append(lambda: (ended.set(), person.join()))
    return a, a.agent("worker")


def test_every_line_as_bash_runs_it(t):
    """An agent or a build would fail, or behave otherwise, because of whosh."""
    a, token = generous(t)
    different = []
    for line in LINES:
        ours, theirs = both(t, a, token, ["-c", line])
        if (ours.code, ours.out, ours.err) != (theirs.code, theirs.out, theirs.err):
            different.append((line, ours, theirs))
    assert not different, "\n".join("%r\n%r\n%r" % x for x in different)


def test_arguments_after_the_line(t):
    """$0 and the arguments would be missing, or shifted by one."""
    a, token = generous(t)
    show = "printf '<%s>' \"$0\" \"$@\"; echo $#"
    for args in (["-c", show], ["-c", show, "zero"], ["-c", show, "zero", "one", "", "t w o", "-x", "--"], ["-ec", show, "a", "b"],
                 ["-c", "--", show, "z"], ["-eu", "-o", "pipefail", "-c", "false | true; echo not"], ["-uc", "echo $none"], ["-xc", "echo x"],
                 ["-c", "echo {1..3}", "+B"], ["+B", "-c", "echo {1..3}"]):
        ours, theirs = both(t, a, token, args)
        assert (ours.code, ours.out, ours.err) == (theirs.code, theirs.out, theirs.err), (args, ours, theirs)


def test_what_a_process_inherits(t):
    """A build's jobserver, a job's limits or a caller's signals would not reach the command, or whosh's own would."""
    a, token = generous(t)
    look = ("grep -E '^(Sig(Blk|Ign|Cgt)|Cap|NoNewPrivs|Umask)' /proc/self/status; ulimit -a; umask; nice; "
            "ls -l /proc/self/fd | sed 's/.* \\([0-9]* ->\\)/\\1/' | grep -v '/proc/\\|pipe:'")

    def strange():
        os.umask(0o027)
        os.nice(3)
        resource.setrlimit(resource.RLIMIT_NOFILE, (123, 456))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 4096))
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1, signal.SIGWINCH})
        for number in (7, 9, 100):
            os.dup2(os.open("/dev/zero", os.O_RDONLY), number)
            os.set_inheritable(number, True)

    ours, theirs = both(t, a, token, ["-c", look], preexec_fn=strange, close_fds=False, stdin=subprocess.DEVNULL)
    assert ours.code == theirs.code == 0 and b"/dev/zero" in theirs.out, theirs
    assert ours.out == theirs.out, (ours, theirs)


def test_descriptors_that_are_closed(t):
    """A file that the command opens would become its standard output, and a secret could be written into it."""
    a, token = generous(t)
    seen = t.tmp / "seen"
    p = t.spawn([t.program("whosh"), "-c", "ls -l /proc/self/fd > %s" % seen], env=t.env(a, token), preexec_fn=lambda: os.closerange(0, 3),
                stdin=None, close_fds=False)
    assert p.wait(30) == 0
    lines = seen.read_text()
    assert " 0 -> /dev/null" in lines and " 2 -> /dev/null" in lines, lines


def test_called_without_even_a_name(t):
    """argc of 0 has been a way into privileged programs; a kernel that mends it gives an empty name."""
    a = t.approver(policy=APPROVE_ALL)
    token = a.agent("worker")
    call = ("import ctypes, os\nl = ctypes.CDLL(None, use_errno=True)\ne = [(k + '=' + v).encode() for k, v in os.environ.items()]\n"
            "l.execve(%r, (ctypes.c_char_p * 1)(None), (ctypes.c_char_p * (len(e) + 1))(*e, None))\nraise SystemExit(99)"
            % t.program("whosh").encode())
    r = t.run([sys.executable, "-c", call], env=t.env(a, token))
    assert (r.code, r.out, r.err) == (0, b"", b""), r
    assert not a.who(), "nothing was asked, so nothing ran"


def test_script_text_is_what_was_approved(t):
    """Between a reviewer's look and the run the file would be replaced, and what nobody saw would run."""
    a = t.approver(policy=REVIEW)
    token = a.agent("worker")
    script = t.tmp / "job.sh"
    script.write_text("echo \"$0\" \"$@\"\necho approved >&2\nexit 5\n")
    p = t.whosh_start(a, token, "-e", "job.sh", "one", "t wo")
    waiting = a.pending(1)[0]
    assert "echo approved" in waiting["line"], waiting
    script.write_text("touch evil\n")
    assert a.ctl("approve", waiting["id"]).code == 0
    out, err = p.communicate(timeout=30)
    assert (p.returncode, out, err.splitlines()[-1]) == (5, b"job.sh one t wo\n", b"approved"), (p.returncode, out, err)
    assert not (t.tmp / "evil").exists()


def test_check_tells_a_newcomer(t):
    """Somebody new would not learn what whosh uses, or which of it is wrong."""
    a = t.approver(policy=APPROVE_ALL)
    token = a.agent("worker")
    r = t.whosh(a, token, "--check", env={"WHOSH_MODEL": "maker/model@1"})
    assert r.code == 0, r
    for word in ("config", "token", "agent", "chain", "model", "broker", "approver", "worker", "maker/model@1", str(a.port)):
        assert word in r.text, (word, r)
    assert not a.who(), "a look is not a command"
    token.chmod(0o644)
    r = t.whosh(a, token, "--check")
    assert r.code != 0 and "fail" in r.text.lower() and token.name in r.text, r
    token.chmod(0o400)
    a.stop()
    r = t.whosh(a, token, "--check")
    assert r.code == 69 and "approver" in r.text, r


def test_large_and_binary_through_pipes(t):
    """Archives that pass through a line would be damaged."""
    a, token = generous(t)
    data = bytes(range(256)) * 20000
    r = t.whosh(a, token, "-c", "cat; cat >&2", stdin=data)
    assert (r.code, r.out == data, r.err) == (0, True, b"")
    row = a.who()[0]
    assert (row["exit"], row["signal"], row["line"]) == (0, None, "cat; cat >&2"), row


def test_options_that_read_otherwise(t):
    """A script for POSIX mode could not run at all; or be approved by a pattern for what bash reads in its own mode."""
    a = t.approver(policy={"version": 1, "default": "review", "rules": [{"name": "all", "verdict": "approve", "commands": [["**"]]}]})
    token = a.agent("worker")
    Reviewer(a)
    for options in (["--posix"], ["-o", "posix"], ["-k"], ["-O", "xpg_echo"], ["+O", "sourcepath"], ["-o", "vi"], ["-O", "nocasematch"]):
        line = r"echo ${POSIXLY_CORRECT-no} $-; printenv x x=1; case a in A) echo any;; esac; echo 'a\tb' x=1"
        r = t.whosh(a, token, *options, "-c", line, timeout=30)
        plain = t.run(["bash", *options, "-c", line])
        assert (r.code, r.text) == (plain.code, plain.text), (options, r, plain)
        told = a.who()[0]
        assert (told["reviewers"] == ["admin"]) == (options[-1] in ("--posix", "posix", "-k", "xpg_echo", "sourcepath")), told


def test_its_name(t):
    """A script that starts its shell by another name (exec -a, a link named sh) would see another $0, or bash's own mode."""
    a = t.approver(policy={"version": 1, "default": "review", "rules": [{"name": "all", "verdict": "approve", "commands": [["**"]]}]})
    token = a.agent("worker")
    Reviewer(a)
    links = {shell: t.tmp / shell for shell in ("whosh", "bash")}
    for shell, folder in links.items():
        folder.mkdir()
        for name in ("sh", "mine"):
            (folder / name).symlink_to(t.program("whosh") if shell == "whosh" else "/bin/bash")
    for name in ("sh", "mine"):
        for text in ("echo ${0##*/} $BASH_VERSION ${POSIXLY_CORRECT-no}; nosuchcommand\n", "f() { return 3; }; f; echo $?; ( exit 4 )\n"):
            for how in (["-c", text], ["-s"]):
                r = t.run([links["whosh"] / name, *how], stdin=text, env=t.env(a, token), cwd=t.tmp)
                plain = t.run([links["bash"] / name, *how], stdin=text, cwd=t.tmp)
                assert (r.code, r.text) == (plain.code, plain.text), (name, how, r, plain)
                assert r.errors.replace("/whosh/", "/bash/") == plain.errors, (name, how, r, plain)
        posix = [{"kind": "option", "name": "posix"}] if name == "sh" else []
        told = [x for x in ask(a, "GET", "/v1/audit/" + a.who()[0]["id"])[1]["detail"].get("meaning", []) if x["kind"] == "option"]
        assert told == posix, told
    assert t.run(["bash", "-c", "exec -a rbash " + str(t.program("whosh")) + " -c true"], env=t.env(a, token)).code == 2
