"""whosh as SHELL of make, as npm's script-shell, and as the shell of a CI step."""
import os
import pathlib
import shutil

from lib.fixture import APPROVE_ALL


def me():
    import pwd
    return pwd.getpwuid(os.geteuid()).pw_name


def test_make_j4(t):
    """A parallel build under whosh must give the same files, share make's job slots, and attribute every recipe line."""
    t.need("make")
    a = t.approver()
    b = t.broker(a, {me(): a.agent("builder")})
    (t.tmp / "Makefile").write_text("""
all: $(foreach i,1 2 3 4 5 6 7 8,out$(i)) sub
out%:
	@test -n "$$MAKEFLAGS" && echo made $@ > $@
sub:
	+@$(MAKE) --no-print-directory -C nested
""")
    (t.tmp / "nested").mkdir()
    (t.tmp / "nested/Makefile").write_text("all: x y\nx y:\n\t@echo nested $@ > $@\n")
    r = t.run(["make", "-j4", "SHELL=" + t.program("whosh")], env=t.env(b), cwd=t.tmp)
    assert r.code == 0 and b"jobserver" not in r.err, r
    assert all((t.tmp / ("out%d" % i)).read_text() == "made out%d\n" % i for i in range(1, 9))
    lines = sorted(x["line"] for x in a.who("--limit", "100"))
    for i in range(1, 9):
        assert any("made out%d" % i in x for x in lines), lines
    assert sum("nested" in x and "echo" in x for x in lines) == 2, lines
    assert len({x["session"] for x in a.who("--limit", "100")}) <= len(lines)


def test_make_error_status(t):
    """make must see a failing recipe and a denied one as failures, and stop."""
    a = t.approver(policy={"version": 1, "default": "deny", "rules": [
        {"name": "ok", "verdict": "approve", "commands": [["echo", "**"], ["exit", "**"]]}]})
    token = a.agent("builder")
    (t.tmp / "Makefile").write_text("fail:\n\t@exit 3\ndenied:\n\t@touch x\n\t@echo after\n")
    for goal, status in (("fail", 3), ("denied", 126)):
        r = t.run(["make", goal, "SHELL=" + t.program("whosh")], env=t.env(a, token), cwd=t.tmp)
        assert r.code == 2 and ("Error %d" % status) in r.errors, r
        assert b"after" not in r.out and not (t.tmp / "x").exists(), r


def test_npm_script_shell(t):
    """npm scripts run through whosh, with their status and output as they were."""
    t.need("npm")
    a = t.approver()
    token = a.agent("builder")
    (t.tmp / "package.json").write_text(
        '{"name":"x","version":"1.0.0","scripts":{"hello":"echo from npm; exit 4"}}')
    r = t.run(["npm", "--silent", "--script-shell=" + t.program("whosh"), "run", "hello"],
              env={**t.env(a, token), "PATH": os.environ["PATH"], "npm_config_update_notifier": "false"}, cwd=t.tmp)
    assert r.code == 4 and b"from npm\n" in r.out, r
    assert [x["line"] for x in a.who()] == ["echo from npm; exit 4"], a.who()


def test_ci_step(t):
    """`shell: whosh -e {0}`: the whole step is one request, stops at the first failure, and the log has its text."""
    a = t.approver()
    token = a.agent("ci")
    step = t.tmp / "step.sh"
    step.write_text("echo one\nfalse\necho two\n")
    r = t.whosh(a, token, "-e", step)
    assert (r.code, r.out, r.err) == (1, b"one\n", b""), r
    row = a.who()[0]
    assert row["line"] == step.read_text() and row["mode"] == "script", row


def test_demo_project_builds(t):
    """A real C project configured and built under whosh gives a working program."""
    t.need("make", "gcc")
    a = t.approver()
    b = t.broker(a, {me(): a.agent("builder")})
    src = t.tmp / "src"
    shutil.copytree(t.source / "examples/build-project", src)
    r = t.run(["make", "-j2", "-C", src, "SHELL=" + t.program("whosh")], env=t.env(b), timeout=120)
    assert r.code == 0, r
    assert t.run([src / "hello"]).out == b"hello\n"
    rows = a.who("--match", "gcc")
    assert rows and all(x["agent"] == "builder" and x["exit"] == 0 for x in rows), rows
