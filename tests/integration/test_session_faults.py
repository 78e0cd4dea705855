"""Hang-ups and deaths in a session: it goes on or says in one line why not, nothing runs unapproved, the log says what is known."""
import os
import signal
import subprocess

from lib.killing import ME, alive, pids_in, world
from lib.sessions import Live, around, careful, ended, lines
from lib.sshd import Sshd
from lib.terminal import Terminal

BLOCK = "echo up; read x < go; echo end; echo x >> ran"


def blocked(t, conf, token=None):
    """A session in the middle of a line, which goes on when something is written to `go`: (session, its bash)."""
    if not (t.tmp / "go").exists():
        os.mkfifo(t.tmp / "go")
    s = Live(t, conf, token)
    bash = s.bash
    assert s.ask(BLOCK) == "up"
    return s, bash


def go(t):
    (t.tmp / "go").write_text("x\n")


def named(t, a):
    t.eventually(lambda: "whosh_polls 1\n" in a.api("GET", "/metrics", token=None)[2].decode(), "a poll that names it")


def test_killed_whosh(t):
    """A session whose whosh is killed must not go on behind the approver's back, at whatever point that was."""
    for system in (True, False):
        a, b, token = around(t, system=system, name=str(system))
        s, bash = blocked(t, b, token)
        os.kill(s.pid, signal.SIGKILL)
        assert s.end().code == -9
        t.eventually(lambda: not alive(bash), "bash's end")
        row = ended(t, a, BLOCK)
        assert (row["outcome"], row["exit"]) == ("lost", None), row
        s = Live(t, b, token)
        bash = s.bash
        assert s.ask("true; echo idle") == "idle"
        os.kill(s.pid, signal.SIGKILL)
        assert s.line("echo x >> ran").end().code == -9
        t.eventually(lambda: not alive(bash), "bash's end")
        s = Live(t, b, token)
        bash = s.bash
        s.line(": careful; echo x >> ran")
        careful(t, a)
        os.kill(s.pid, signal.SIGKILL)
        assert s.end().code == -9
        t.eventually(lambda: not alive(bash) and not a.json("pending"), "the withdrawal")
        assert a.who()[0]["cause"] == "withdrawn", a.who()[0]
        assert not (t.tmp / "ran").exists() and lines(a)[-1][0] == ": careful; echo x >> ran"


def test_killed_bash(t):
    """A session whose bash is killed ends as that did, and its line is recorded as what it is."""
    for system in (True, False):
        a, b, token = around(t, system=system, name=str(system))
        s, bash = blocked(t, b, token)
        os.kill(bash, signal.SIGKILL)
        r = s.end()
        assert r.code == -9 and r.err == b"", r
        row = ended(t, a, BLOCK)
        assert (row["outcome"], row["signal"]) == ("signaled", "KILL"), row
        s = Live(t, b, token)
        bash = s.bash
        assert s.ask("echo idle") == "idle"
        os.kill(bash, signal.SIGKILL)
        assert s.end().code == -9 and ended(t, a, "echo $$")["exit"] == 0
        s = Live(t, b, token)
        bash = s.bash
        s.line(": careful; echo x >> ran")
        careful(t, a)
        os.kill(bash, signal.SIGKILL)
        assert s.end().code == -9
        t.eventually(lambda: not a.json("pending"), "the withdrawal")
        assert not (t.tmp / "ran").exists()


def test_signals(t):
    """Signals must do to a session what they do to bash: end it, or nothing."""
    a, b, _ = around(t)
    for number, ends in ((signal.SIGHUP, True), (signal.SIGTERM, True), (signal.SIGINT, True), (signal.SIGUSR1, True), (signal.SIGQUIT, False)):
        for whom in ("whosh", "bash"):
            for at in ("idle", "running", "waiting"):
                if at == "running":
                    s, bash = blocked(t, b)
                else:
                    s = Live(t, b)
                    bash = s.bash
                if at == "waiting":
                    s.line(": careful")
                    careful(t, a)
                os.kill(s.pid if whom == "whosh" else bash, number)
                if not ends and at == "running":
                    go(t)
                if not ends and at == "waiting":
                    a.ctl("approve", careful(t, a)["id"])
                if ends:
                    s.process.wait(20)
                r = s.end() if ends else s.line("echo on").end()
                assert r.code == (-number if ends else 0) and r.text.endswith("on\n") != ends and r.err == b"", (number, whom, at, r)
                assert not alive(bash)
                t.eventually(lambda: not a.json("pending"), "the withdrawal")
    s, bash = blocked(t, b)
    os.kill(s.pid, signal.SIGPIPE)  # of whosh's own writing, which the session has no part in
    go(t)
    assert s.read() == "end" and s.end().code == 0
    s = Live(t, b)
    bash = s.bash
    s.line("trap 'echo hup; exit 9' HUP; echo set")
    assert s.read() == "set"
    os.kill(bash, signal.SIGHUP)  # like any bash, it runs the trap when it has a next line
    r = s.line(":").end()
    assert r.code == 9 and r.text.endswith("set\nhup\n"), r


def test_broker_dies_and_is_back(t):
    """An upgrade of the broker must not cost a session more than the line that was waiting."""
    a, b, _ = around(t)
    s = Live(t, b)
    assert s.ask("x=1; echo one") == "one"
    b.kill()
    b.start()
    assert s.ask("echo $x") == "1", "between lines nothing is lost"
    assert s.ask(BLOCK.replace("echo up", "mkfifo go; echo up")) == "up"
    b.kill()
    b.start()
    go(t)
    assert s.read() == "end" and s.ask("echo on") == "on", "a running line goes on"
    b.stop()
    b.start()
    assert s.ask("echo stopped") == "stopped"
    s.line(": careful; echo x >> ran2")
    careful(t, a)
    b.kill()
    b.start()
    r = s.line("echo no").end()
    assert r.code == 69 and r.errors == "whosh: approver unreachable: the broker did not answer; nothing was run\n", r
    assert not (t.tmp / "ran2").exists() and r.text.endswith("stopped\n")


def test_broker_gone_for_good(t):
    """Without a broker a running line has its lease; the next line is refused in one line, and the session ends with 69."""
    a, b, _ = around(t, conf="lease = 2s")
    s, bash = blocked(t, b)
    b.kill()
    go(t)
    assert s.read() == "end"
    r = s.line(": > no").end()
    assert r.code == 69 and r.errors.startswith("whosh: approver unreachable: the broker at ") and r.errors.count("\n") == 1, r
    assert not (t.tmp / "no").exists() and not alive(bash)
    b.start()
    s, bash = blocked(t, b)
    b.kill()
    r = s.end()
    assert r.code in (-15, -9) and r.errors == "whosh: killed: lease lapsed: the broker was not heard of for 2 s\n", r
    assert not alive(bash)


def test_prompt_goes_on(t):
    """A person at a prompt must not lose their session because a broker restarts or an approver is away."""
    a, b, _ = around(t)
    p = Terminal(t, b)
    p.until(r"[$#] ")
    p.ask("x=5; echo $((x+1))", "6")
    b.kill()
    p.ask(": > ran", r"whosh: approver unreachable: the broker at [^\n]*nothing was run\r")
    b.start()
    p.ask("echo $x", "5")
    p.type(": careful; echo x > ran\r")
    careful(t, a)
    b.kill()
    p.until("whosh: approver unreachable: the broker did not answer; nothing was run")
    b.start()
    p.until(r"[$#] ")
    p.ask("echo st$?", "st69")
    a.reviewer.finish()
    a.stop()
    p.ask(": > ran", r"whosh: approver unreachable: [^\n]*nothing was run\r")
    a.start()
    p.ask("echo $x", "5")
    assert not (t.tmp / "ran").exists()
    bash = int(p.ask("echo pid$$.", r"pid(\d+)\.").group(0)[4:-1])
    p.hang_up()
    p.process.wait(10)
    t.eventually(lambda: not alive(bash), "bash's end")


def test_trapped_interrupt(t):
    """Ctrl-C takes a line back also where the session traps it; the trap then runs, and the session goes on."""
    a, b, _ = around(t)
    (t.tmp / "f").write_text(": > ran # careful\n")
    s = Live(t, b)
    bash = s.bash
    s.line("trap 'echo int' INT; echo set")
    assert s.read() == "set"
    for line, status in ((": > ran # careful", "130"), ("n=f; . ./$n", "1")):
        s.line(line)
        careful(t, a)
        os.kill(bash, signal.SIGINT)
        s.line("echo $?")
        assert {s.read(), s.read()} == {"int", status}, line
        t.eventually(lambda: not a.json("pending"), "the withdrawal")
        assert [x for x in a.who() if "careful" in x["line"]][0]["cause"] == "withdrawn"
    r = s.end()
    assert r.code == 0 and not (t.tmp / "ran").exists() and "unreachable" not in r.errors, r


def test_approver_away(t):
    """An approver that restarts must not be noticed by a session; one that stays away ends it plainly."""
    a, b, _ = around(t)
    a.reviewer.finish()
    s, bash = blocked(t, b)
    a.kill()
    go(t)
    assert s.read() == "end"
    s.line("echo two")
    a.start()
    assert s.read() == "two"
    s.line(": careful; echo three")
    waiting = careful(t, a)["id"]
    a.kill()
    a.start()
    a.ctl("approve", waiting)
    assert s.read() == "three"
    a.stop()
    r = s.line(": > no").end(60)
    assert r.code == 69 and r.errors.startswith("whosh: approver unreachable: ") and r.errors.count("\n") == 1, r
    assert not (t.tmp / "no").exists()
    a.start()
    assert ended(t, a, BLOCK)["exit"] == 0


def test_wrong_ca(t):
    """A proxy with a CA of its own must not get one line of a session approved."""
    a, b, _ = around(t)
    other = t.approver(name="other")
    b.stop()
    b.conf.write_text(b.conf.read_text().replace(str(a.dir / "ca.pem"), str(other.dir / "ca.pem")))
    b.start()
    r = t.whosh(b, None, stdin=": > ran\necho no\n")
    assert r.code == 69 and r.out == b"" and not (t.tmp / "ran").exists(), r
    assert "certificate" in r.errors and r.errors.count("\n") == 1, r


def test_bad_permits(t):
    """In a session too, what is no permit for just this line runs nothing."""
    fake, b, _ = world(t)
    good = fake.answer
    bad = (lambda body: (200, "application/jose", b"garbage"), lambda body: (200, "application/jose", fake.permit(body, verdict="approve")),
           lambda body: (200, "application/jose", fake.permit(body, exp=1)), lambda body: (200, "application/jose", fake.permit(body)[:-9]),
           lambda body: (200, "application/jose", fake.permit(body, command_s256="x" * 43)))
    for number, answer in enumerate(bad):
        fake.answer = good
        s = Live(t, b)
        assert s.ask("echo one") == "one"
        fake.answer = answer
        r = s.line(": > ran").line("echo no").end(60)
        assert r.code == 69 and r.text == "one\n" and not (t.tmp / "ran").exists(), (number, r)
        assert r.errors.startswith("whosh: ") and r.errors.count("\n") == 1, (number, r)


def test_killed_and_revoked(t):
    """A session of a killed or revoked agent must be ended in mid-line, and get no further line."""
    for system in (True, False):
        for how in ("session", "credential", "command"):
            a, b, token = around(t, system=system, name="%s%s" % (system, how))
            s, bash = blocked(t, b, token)
            named(t, a)
            row = a.who()[0]
            if how == "credential":
                a.ctl("credential", "revoke", row["credential"])
            else:
                a.ctl("kill", how, row["session"] if how == "session" else row["id"], "--reason", "rogue")
            r = s.line("echo x >> ran").end()
            assert r.code in (-15, -9) and r.text.endswith("up\n") and r.errors.startswith("whosh: killed: "), r
            assert r.errors.count("\n") == 1 and not alive(bash) and not (t.tmp / "ran").exists(), r
            assert ended(t, a, BLOCK)["outcome"] == "signaled"
    a, b, _ = around(t)
    for how in ("session", "agent", "credential"):
        s = Live(t, b)
        assert s.ask("echo one") == "one"
        row = a.who()[0]
        if how == "credential":
            a.ctl("credential", "revoke", row["credential"])
        else:
            a.ctl("kill", how, row[how], "--reason", "rogue")
        r = s.line("echo x >> ran").line("echo no").end()
        assert r.code == 77 and r.text == "one\n" and r.errors.startswith("whosh: identity refused: ") and r.errors.count("\n") == 1, r
        assert not (t.tmp / "ran").exists()
        if how != "credential":
            a.ctl("unkill", how, row[how])


def test_killed_while_a_file_is_sourced(t):
    """Whoever kills what a sourced file does must not be told that it has ended while it goes on."""
    (t.tmp / "f.sh").write_text("sleep 600 & echo $! > pids; wait; : > ran\n")
    for system in (True, False):
        a, b, token = around(t, system=system, name=str(system))
        s = Live(t, b, token)
        bash = s.bash
        s.line("n=f.sh; . ./$n; : > ran")
        pids = pids_in(t, t.tmp / "pids", 1)
        (t.tmp / "pids").unlink()
        [row] = t.eventually(lambda: [x for x in a.who() if x["mode"] == "source"], "the file")
        a.ctl("kill", "command", row["id"], "--reason", "rogue")
        r = s.end()
        assert r.code in (-15, -9) and r.errors == "whosh: killed: rogue (by admin)\n", r
        assert not alive(bash) and not (t.tmp / "ran").exists()
        t.eventually(lambda: not alive(pids[0]), "its child's end")


def test_full_disk(t):
    """With no room for the spool a session goes on, and its outcomes are told when the approver is back."""
    t.need_root()
    (t.tmp / "disk").mkdir()
    made = t.run(["mount", "-t", "tmpfs", "-o", "size=256k,mode=755", "whosh-test", t.tmp / "disk"])
    if made.code:
        t.skip("cannot mount a tmpfs: %s" % made.errors.strip())
    t.cleanups.append(lambda: t.run(["umount", "-l", t.tmp / "disk"]))
    a = t.approver()
    b = t.broker(a, {ME: a.agent("worker")}, name="disk/broker")
    s, _ = blocked(t, b)
    with open(t.tmp / "disk/filler", "wb", buffering=0) as f:
        try:
            while True:
                f.write(b"x" * 4096)
        except OSError:
            pass
    a.kill()
    go(t)
    assert s.read() == "end"
    s.line("echo on")
    a.start()
    assert s.read() == "on"
    assert s.end().code == 0
    assert ended(t, a, BLOCK)["exit"] == 0 and ended(t, a, "echo on")["exit"] == 0


def test_ssh_client_gone(t):
    """A client that loses its network must not leave a session behind that runs further lines."""
    t.need_root()
    a, b, _ = around(t)
    b.stop()
    s = Sshd(t, t.program("whosh"), environment={"WHOSH_CONFIG": b.conf}, config="ClientAliveInterval 1\nClientAliveCountMax 1")
    for parent in (t.build, *t.build.parents):
        if not os.stat(parent).st_mode & 1:
            t.skip("%s cannot be entered by the test's account" % parent)
    a.dir.chmod(0o755)
    (b.dir / "credentials" / (s.user + ".json")).write_bytes((t.tmp / "approver-worker.token").read_bytes())
    (b.dir / "credentials" / (s.user + ".json")).chmod(0o400)
    b.start()
    r = s.ssh(stdin="x=4\necho $x\nforbidden\necho $?\nexit 3\n", options=("-T",))
    assert (r.code, r.text) == (3, "4\n126\n"), r
    for options in (("-T",), ("-tt",)):
        os.mkfifo(t.tmp / ("go" + options[0]))
        (t.tmp / ("go" + options[0])).chmod(0o666)
        p = t.spawn(["ssh", *options, "-p", s.port, *s.options(), s.user + "@127.0.0.1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        line = "echo pid$$.; read x < %s/go%s; : > ~/ran" % (t.tmp, options[0])
        p.stdin.write((line + "\n: > ~/ran\n").encode())
        p.stdin.flush()
        seen = ""
        while "pid" not in seen.replace("pid$$", "") or "." not in seen.rpartition("pid")[2]:
            seen += p.stdout.read1().decode()
        bash = int(seen.rpartition("pid")[2].partition(".")[0])
        p.kill()
        p.wait()
        if options == ("-T",):
            (t.tmp / "go-T").write_text("x\n")  # without a terminal nobody hangs up: the lines that have come are carried out, as by bash
            t.eventually(lambda: not alive(bash), "bash's end")
            continue
        t.eventually(lambda: not alive(bash), "bash's end")
        row = ended(t, a, line)
        assert (row["outcome"], row["signal"]) == ("signaled", "HUP"), row
