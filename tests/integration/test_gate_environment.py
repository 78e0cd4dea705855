"""Who calls the gate chooses its environment: none of it may put other bytes in the place of the approved ones."""
import fcntl
import os
import pty
import termios

REVIEW_ALL = {"version": 1, "default": "review", "rules": []}


def test_script_typed_at_the_terminal(t):
    """bash opens /dev/tty before its script: if they are one file, the approved text must not be used up by
    that, and what is typed next must not run."""
    a = t.approver()
    token = a.agent("worker")
    master, slave = pty.openpty()
    p = t.whosh_start(a, token, "/dev/tty", stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                      preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
    os.close(slave)
    os.write(master, b"echo appro''ved\n\x04")
    t.eventually(a.who, "the approval")
    os.write(master, b"echo swap''ped\nexit\n")
    p.wait(20)
    shown = os.read(master, 65536)
    os.close(master)
    assert b"approved" in shown and b"swapped" not in shown, shown


def test_script_from_path_is_the_one_bash_finds(t):
    """What is approved must be the file that bash takes from PATH: the first that can be read, executable or
    not, with ~ for the home folder."""
    a = t.approver()
    token = a.agent("worker")
    for name, mode in (("one", 0o644), ("two", 0o755)):
        (t.tmp / name).mkdir()
        (t.tmp / name / "job").write_text("echo %s\n" % name)
        (t.tmp / name / "job").chmod(mode)
    for path in ("%s/one:%s/two", "~/one:%s/one:%s/two", "%s/one/:%s/two", "/nowhere:%s/one:%s"):
        r = t.whosh(a, token, "job", env={"PATH": path % (t.tmp, t.tmp) + ":/usr/bin:/bin"}, cwd="/")
        assert (r.code, r.out) == (0, b"one\n"), (path, r)
        line = a.who()[0]["line"]
        assert line == "echo one\n", (path, line)


def test_script_from_path_that_moves(t):
    """A file that appears earlier in PATH after the approval was read by nobody: it must not run."""
    a = t.approver(policy=REVIEW_ALL)
    token = a.agent("worker")
    for name in ("one", "two"):
        (t.tmp / name).mkdir()
    (t.tmp / "two" / "job").write_text("echo approved\n")
    p = t.whosh_start(a, token, "job", cwd="/",
                      env={"PATH": "%s/one:%s/two:/usr/bin:/bin" % (t.tmp, t.tmp)})
    a.pending()
    (t.tmp / "one" / "job").write_text("echo swapped\n")
    a.ctl("approve", a.pending()[0]["id"])
    out, err = p.communicate(timeout=20)
    assert out == b"" and p.returncode == 78 and b"another script" in err, (p.returncode, out, err)
    assert a.who()[0]["outcome"] == "not_run", a.who()[0]
