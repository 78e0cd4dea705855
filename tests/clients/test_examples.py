"""What stands in examples/ is copied by people: each file does what it says, with the real program that reads it."""
import os
import pwd
import re

from lib.sshd import Sshd

ECHO = {"version": 1, "default": "deny", "rules": [
    {"name": "echo", "verdict": "approve", "commands": [["echo", "**"], ["false"]]}]}


def example(t, name):
    return (t.source / "examples" / name).read_text()


def test_github_actions(t):
    """A CI step runs under the command that the runner makes of `shell`: its whole script is one request, and it ends
    at the first failure, or a broken build passes."""
    shell = re.search(r"^\s*shell: (.+)$", example(t, "ci/github-actions.yml"), re.M).group(1)
    assert "{0}" in shell, shell
    a = t.approver(policy=ECHO)
    token = a.agent("ci")
    step = t.tmp / "step.sh"
    for script, code, out in (("echo one\necho two\n", 0, b"one\ntwo\n"), ("echo one\nfalse\necho two\n", 1, b"one\n"),
                              ("echo one\ntouch %s/forbidden\n" % t.tmp, 126, b"")):
        step.write_text(script)
        words = shell.replace("{0}", str(step)).split()
        assert words[0] == "whosh", words
        r = t.whosh(a, token, *words[1:])
        assert (r.code, r.out) == (code, out), (script, r)
        row = a.who()[0]
        assert (row["line"], row["mode"]) == (script, "script"), row
    assert not (t.tmp / "forbidden").exists()


def test_forced_command(t):
    """With ForceCommand no line of the account may pass by whosh, though its login shell is another."""
    t.need_root()
    a = t.approver(policy=ECHO)
    token = a.agent("worker", owner="alice")
    b = t.broker(a, {})
    text = example(t, "sshd/forced.conf")
    assert "Match User agent\n" in text and "ForceCommand /usr/local/bin/whosh\n" in text, text
    text = text.replace("User agent", "User @USER@").replace("/usr/local/bin/whosh", t.program("whosh"))
    a.dir.chmod(0o755)
    s = Sshd(t, "/bin/bash", environment={"WHOSH_CONFIG": b.conf}, config=text)
    target = b.dir / "credentials" / (s.user + ".json")
    target.write_bytes(token.read_bytes())
    target.chmod(0o400)
    r = s.ssh("echo out; echo more")
    assert (r.code, r.out) == (0, b"out\nmore\n"), r
    row = a.who()[0]
    assert (row["line"], row["mode"], row["user"], row["agent"]) == ("echo out; echo more", "ssh", s.user, "worker"), row
    r = s.ssh("touch %s/forbidden" % s.home)
    assert r.code == 126 and r.out == b"" and not (s.home / "forbidden").exists(), r
    r = s.ssh("echo out", options=["-tt"])
    assert r.code == 255 and b"PTY allocation request failed" in r.err, "the example permits no terminal: %s" % r


def test_installed_under_another_prefix(t):
    """A packager builds once and installs elsewhere; the shell there would look for its broker in the wrong place."""
    t.need("make")
    build, prefix = t.tmp / "build", t.tmp / "usr"
    t.run(["cp", "-a", t.build, build])
    make = ["make", "-s", "BUILD=%s" % build, "PREFIX=%s" % prefix]
    r = t.run([*make, "install"], cwd=t.source, timeout=170, env={**os.environ, "MAKEFLAGS": ""})
    assert r.code == 0, r
    a = t.approver()
    r = t.run([prefix / "bin/whosh", "-c", "echo ran"], env=t.env(a, a.agent("worker")), cwd=t.tmp)
    assert (r.code, r.out, r.err) == (0, b"ran\n", b""), r
    for page in ("man1/whosh.1", "man5/whosh.conf.5", "man8/whoshd.8"):
        assert (prefix / "share/man" / page).exists(), page
    assert t.run([*make, "uninstall"], cwd=t.source).code == 0
    left = [x for x in prefix.rglob("*") if not x.is_dir()]
    assert not left, left


def units(t, folder, values):
    """The unit files as `make install` writes them, with this build's programs."""
    folder.mkdir()
    for path in sorted((t.source / "examples/systemd").iterdir()):
        text = path.read_text()
        for name, value in values.items():
            text = text.replace(name, value)
        assert not re.search("@[A-Z]+@", text), text
        (folder / path.name).write_text(text)
    return folder


def test_units_are_understood(t):
    """A misspelt setting of a unit is ignored by systemd, and with it what it was to protect."""
    t.need("systemd-analyze")
    folder = units(t, t.tmp / "units", {"@LIBEXECDIR@": str(t.build), "@SBINDIR@": str(t.build), "@BINDIR@": str(t.build)})
    for path in sorted(folder.iterdir()):
        r = t.run(["systemd-analyze", "verify", "--man=no", path], env={**os.environ, "SYSTEMD_UNIT_PATH": "%s:" % folder})
        about = [x for x in r.errors.splitlines() if "whosh" in x]
        assert r.code == 0 and about == [], r


def test_socket_activation(t):
    """The broker must serve the socket that systemd holds for it, or an upgrade of the broker refuses shells."""
    t.need("systemd-socket-activate")
    a = t.approver(policy=ECHO)
    token = a.agent("worker")
    b = t.broker(a, {pwd.getpwuid(os.geteuid()).pw_name: token}, start=False)
    folder = units(t, t.tmp / "units", {"@LIBEXECDIR@": str(t.build), "@SBINDIR@": str(t.build), "@BINDIR@": str(t.build),
                                        "/etc/whosh/whosh.conf": str(b.conf), "/run/whosh/broker.sock": str(b.socket)})
    start = re.search(r"^ExecStart=(.+)$", (folder / "whosh-broker.service").read_text(), re.M).group(1).split()
    listen = re.search(r"^ListenStream=(.+)$", (folder / "whosh-broker.socket").read_text(), re.M).group(1)
    with open(b.log, "wb") as log:
        activated = t.spawn(["systemd-socket-activate", "-l", listen, *start], stdout=log, stderr=log)
    t.eventually(b.socket.exists, "the socket")
    assert "whosh-broker" not in open("/proc/%d/cmdline" % activated.pid).read().split("\0")[0], "started too early"
    r = t.whosh(b, None, "-c", "echo out")
    assert (r.code, r.out) == (0, b"out\n"), (r, b.log.read_text())
    assert open("/proc/%d/cmdline" % activated.pid).read().split("\0")[0] == start[0]
    assert a.who()[0]["agent"] == "worker"
    activated.terminate()
    assert activated.wait(15) == 0 and b.socket.exists(), "the socket is systemd's to remove"
