"""scp, sftp, rsync and git over ssh: bytes, names and modes as with bash, what is denied is denied, and who shows it."""
import os

from clients.test_openssh import Two
from lib.sides import tree


def files(top):
    (top / "deep/er").mkdir(parents=True)
    (top / "deep/er/a file with blanks").write_bytes(os.urandom(200_000))
    (top / "deep/it's $HOME `x`").write_bytes(bytes(range(256)))
    (top / "run").write_text("#!/bin/sh\n")
    (top / "run").chmod(0o755)
    (top / "link").symlink_to("deep/er")
    (top / "empty").touch()


def test_scp_names_and_modes(t):
    """scp -r and scp -O -r carry a folder there and back with odd names, modes and bytes; a refused line is an error."""
    w = Two(t, bash=False)
    files(t.tmp / "up")
    (t.tmp / "up/link").unlink()
    where = "%s@127.0.0.1:" % w.s.user
    for flags in (["-rp"], ["-O", "-rp"]):
        name = "there" + flags[0]
        scp = ["scp", "-q", *flags, "-P", w.s.port, *w.s.options(), *w.master(w.s)]
        r = t.run([*scp, t.tmp / "up", where + name])
        assert r.code == 0 and r.err == b"", r
        r = t.run([*scp, where + name, t.tmp / name])
        assert r.code == 0, r
        assert tree(t.tmp / "up") == tree(w.s.home / name) == tree(t.tmp / name)
    r = t.run([*scp, where + "nothing-there", t.tmp / "x"])
    assert r.code == 1 and "No such file" in r.errors, r
    lines = [x["line"] for x in w.rows(5)]
    assert sum("sftp-server" in x for x in lines) == 2 and "scp -r -p -t 'there-O'" in lines or "scp -r -p -t there-O" in lines, lines
    w.a.write_policy({"version": 1, "default": "deny", "rules": []})
    w.a.restart()
    for flags in ([], ["-O"]):
        r = t.run(["scp", *flags, "-P", w.s.port, *w.s.options(), t.tmp / "up/run", where + "refused"])
        # sshd throws away what a subsystem says on standard error: there only "Connection closed" is left.
        said = "whosh: denied: " if flags else "Connection closed"
        assert r.code != 0 and said in r.errors and not (w.s.home / "refused").exists(), r


def test_sftp_server_subsystem(t):
    """sftp with the sftp-server program: all that a session does is one command of the agent's, and it may be denied."""
    w = Two(t, bash=False)
    files(t.tmp / "up")
    batch = ("mkdir new\nput -Rp %s/deep new\nrename new newer\nls -l newer/deep\nchmod 600 newer/deep/er/a\\ file\\ with\\ blanks\n"
             "get -Rp newer %s/back\nrm newer/deep/er/a\\ file\\ with\\ blanks\nsymlink newer link\n-get none\n!true\n" % (t.tmp / "up", t.tmp))
    (t.tmp / "back").mkdir()
    r = t.run(["sftp", "-q", "-b", "-", "-P", w.s.port, *w.s.options(), w.s.user + "@127.0.0.1"], stdin=batch)
    assert r.code == 0 and "not found" in r.errors, r
    assert (t.tmp / "back/newer/deep/it's $HOME `x`").read_bytes() == bytes(range(256)), r
    rows = w.rows(1)
    assert [x["line"] for x in rows] == [w.s.sftp_server()] and rows[0]["exit"] == 0, rows
    w.a.write_policy({"version": 1, "default": "deny", "rules": []})
    w.a.restart()
    r = t.run(["sftp", "-b", "-", "-P", w.s.port, *w.s.options(), w.s.user + "@127.0.0.1"], stdin="ls\n")
    assert r.code == 255 and "Connection closed" in r.errors, r
    assert [x["verdict"] for x in w.rows(2)] == ["approved", "denied"]


def test_internal_sftp(t):
    """sshd answers `Subsystem sftp internal-sftp` itself and asks no shell: only with ForceCommand does whosh see it.

    So the manual must not promise a record there; with ForceCommand the line is "internal-sftp", which no shell has."""
    w = Two(t, bash=False)
    text = (w.s.dir / "sshd_config").read_text()
    other = w.s.dir / "sshd_config.internal"
    port = w.s.port
    w.s.process.terminate()
    w.s.process.wait()
    other.write_text(text.replace(w.s.sftp_server(), "internal-sftp"))
    w.s.process = t.spawn(["/usr/sbin/sshd", "-D", "-e", "-f", other], stderr=open(w.s.dir / "log", "ab"))
    t.eventually(w.s.listening, "sshd listening again")
    (t.tmp / "file").write_text("content\n")
    r = t.run(["sftp", "-q", "-b", "-", "-P", port, *w.s.options(), w.s.user + "@127.0.0.1"], stdin="put %s/file there\n" % t.tmp)
    assert r.code == 0 and (w.s.home / "there").read_text() == "content\n", r
    assert w.a.who() == []
    w.s.process.terminate()
    w.s.process.wait()
    other.write_text(other.read_text() + "\nForceCommand %s\n" % t.program("whosh"))
    w.s.process = t.spawn(["/usr/sbin/sshd", "-D", "-e", "-f", other], stderr=open(w.s.dir / "log", "ab"))
    t.eventually(w.s.listening, "sshd listening again")
    r = t.run(["sftp", "-b", "-", "-P", port, *w.s.options(), w.s.user + "@127.0.0.1"], stdin="put %s/file second\n" % t.tmp)
    assert r.code != 0 and not (w.s.home / "second").exists(), r
    assert [(x["line"], x["exit"]) for x in w.rows(1)] == [("internal-sftp", 127)]


def test_rsync_trees(t):
    """rsync keeps trees alike in both directions, with -s and without, deletes, and reports a denial."""
    t.need("rsync")
    w = Two(t, bash=False)
    files(t.tmp / "up")
    shell = w.s.command() + " " + " ".join(w.master(w.s))
    for flags in (["-a"], ["-as", "--delete"], ["-rlptz", "--checksum"]):
        r = t.run(["rsync", *flags, "-e", shell, str(t.tmp / "up") + "/", w.s.user + "@127.0.0.1:the copy/"])
        assert r.code == 0 and r.err == b"", r
        assert tree(t.tmp / "up") == tree(w.s.home / "the copy"), flags
        (t.tmp / "up/run").write_text("changed %s\n" % flags)
    r = t.run(["rsync", "-a", "-e", shell, w.s.user + "@127.0.0.1:the*copy/deep", t.tmp / "back"])
    assert r.code == 0 and tree(t.tmp / "up/deep") == tree(t.tmp / "back/deep"), r
    rows = w.rows(4)
    assert all(x["line"].startswith("rsync --server ") and x["exit"] == 0 for x in rows), rows
    assert [" --sender " in x["line"] for x in rows] == [False, False, False, True], rows
    w.a.write_policy({"version": 1, "default": "deny", "rules": []})
    w.a.restart()
    r = t.run(["rsync", "-a", "-e", shell, str(t.tmp / "up"), w.s.user + "@127.0.0.1:other/"])
    assert r.code != 0 and "whosh: denied: " in r.errors and not (w.s.home / "other").exists(), r
