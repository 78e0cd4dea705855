"""The broker's half of a session: one connection, line after line, each a command of its own."""
import os
import time

from lib import jose
from lib.bare import polls_open
from lib.killing import ME, world
from lib.wire import Session, private


def lines_of(a):
    return [x["line"] for x in reversed(a.who())]


def claims(fake, line):
    return [jose.claims(body) for method, path, body in list(fake.requests)
            if (method, path) == ("POST", "/v1/commands") and jose.claims(body)["command"].get("line") == line]


def test_line_after_line(t):
    """Each line of a session must be a command of its own, decided and recorded, whatever became of the last."""
    for system in (True, False):
        fake, b, token = world(t, system=system, name=str(system))
        process, ours = (b.process, b) if system else private(t, b, token)
        fake.answer = lambda body: (200, "application/jose", fake.permit(
            body, verdict="denied" if jose.claims(body)["command"]["line"] == "rm x" else "approved"))
        session = Session(t, ours)
        ids = [session.line("true", status=k) for k in range(3)]
        session.ask("rm x")
        assert session.refusal() == (126, "because")
        session.ask("nobody could start it").expect("PERMIT")
        session.send("OUTCOME", ("NOT_RUN", b"gone"), ("STARTED_MS", b"1"), ("ENDED_MS", b"2"))
        session.expect("DONE")
        ids.append(session.line("echo 4", status=9))
        assert len(set(ids)) == 4
        assert [fake.outcome(x)["exit"] for x in ids] == [0, 1, 2, 9]
        session.line("exit", more=None)
        assert session.closed(), "a line without MORE is the last one"
        if not system:
            assert process.wait(10) == 0


def test_pipelined(t):
    """A next line that comes before the last one's outcome is safe must wait for it, and not be lost."""
    for system in (True, False):
        fake, b, token = world(t, system=system, name=str(system))
        _, ours = (None, b) if system else private(t, b, token)
        session = Session(t, ours)
        session.ask("first").expect("PERMIT")
        tail = session.frame("STARTED", ("PID", b"1")) + session.frame(
            "OUTCOME", ("EXIT", b"3"), ("STARTED_MS", b"1"), ("ENDED_MS", b"2"))
        both = tail + session.ask_frame("second")
        for cut in (len(both), len(tail) + 7, len(tail) - 3):
            session.socket.sendall(both[:cut])
            session.socket.sendall(both[cut:])
            session.expect("DONE")
            session.expect("PERMIT")
        session.started().outcome()
        session.expect("DONE")
        assert len(claims(fake, "second")) == 3


def test_strict(t):
    """A peer that speaks out of turn could have one line's permit taken for another's."""
    fake, b, _ = world(t)
    for bad in ("STARTED", "OUTCOME", "CHECK", "DELEGATE", "PERMIT", "DONE"):
        session = Session(t, b)
        session.line("true")
        session.send(bad, ("EXIT", b"0"))
        assert session.closed(), bad
    session = Session(t, b)
    session.ask("true").expect("PERMIT")
    session.ask("early")
    assert session.closed(), "a line was taken while another ran"
    assert not claims(fake, "early")
    session = Session(t, b)
    session.line("true")
    session.socket.sendall(b"\xff\xff\xff\xff")
    assert session.closed()


def test_idle(t):
    """A person who thinks for longer than ten seconds must find the session there; half a frame has no such time."""
    fake, b, _ = world(t)
    idle, half = Session(t, b), Session(t, b)
    idle.line("true")
    half.line("true")
    half.socket.sendall(idle.ask_frame("late")[:40])
    began = time.monotonic()
    assert half.closed()
    assert 8 < time.monotonic() - began < 15
    idle.line("still there")


def test_stop(t):
    """A session that idles must not hold up an upgrade of the broker, nor one that runs be refused its outcome."""
    fake, b, _ = world(t)
    idle, busy, running = Session(t, b), Session(t, b), Session(t, b)
    idle.line("true")
    running.ask("sleep").expect("PERMIT")
    running.started()
    busy.line("true")
    busy.socket.sendall(busy.ask_frame("half")[:20])
    b.process.terminate()
    assert idle.closed() and busy.closed()
    running.outcome(7)
    running.expect("DONE")
    assert running.closed(), "it waits for a next line while it is being stopped"
    assert b.process.wait(3) == 0
    assert fake.outcome(fake.command("sleep"))["exit"] == 7


def test_gone_between_lines(t):
    """A shell that dies between two lines leaves nothing open: not a command, not a shell of those it may have."""
    fake, b, token = world(t)
    for _ in range(60):
        session = Session(t, b)
        session.line("true")
        session.socket.close()
    t.eventually(lambda: len(os.listdir("/proc/%d/fd" % b.process.pid)) < 40, "the end of their connections")
    assert all(x["outcome"] == "exited" for x in fake.outcomes)
    assert b.stop() == 0
    fake, conf, token = world(t, system=False, name="private")
    process, ours = private(t, conf, token)
    session = Session(t, ours)
    session.line("true")
    session.socket.close()
    assert process.wait(10) == 0


def test_meaning_and_sourced(t):
    """A reviewer who is not shown what `ls` means by now, or what the file holds, approves something else."""
    fake, b, _ = world(t)
    session = Session(t, b)
    session.line("ls; . x", ("MEANING", 'function\tls\tls () \n{ \n    rm -rf "$@"\n}'), ("MEANING", "variable\tPATH"),
                 ("MEANING", b"alias\tll\tls \xff"), ("SOURCED", b"/tmp/x\0echo \xc3\xa9\n"), ("SOURCED", b"y\0\xff"))
    command = claims(fake, "ls; . x")[0]["command"]
    assert command["meaning"] == [
        {"kind": "function", "name": "ls", "text": 'ls () \n{ \n    rm -rf "$@"\n}'}, {"kind": "variable", "name": "PATH"},
        {"kind": "alias", "name": "ll", "text_b64": "bHMg/w=="}], command
    assert command["sourced"] == [{"path": "/tmp/x", "text": "echo \u00e9\n"}, {"path": "y", "text_b64": "/w=="}], command
    session.line("true")
    assert not {"meaning", "sourced"} & set(claims(fake, "true")[0]["command"])
    session.ask("bad", ("MEANING", "spell\tx\ty"))
    assert session.refusal()[0] == 78
    session.ask("big", ("SOURCED", b"x\0" + b"#" * 900000))
    status, reason = session.refusal()
    assert status == 126 and "too long" in reason, reason
    session.line("true")


def test_modes(t):
    """The log must tell a line typed at a prompt from one of a script that is read, and both from a -c."""
    fake, b, _ = world(t)
    session = Session(t, b)
    for mode in ("command", "prompt", "stdin", "source"):
        session.line(": " + mode, mode=mode)
        assert claims(fake, ": " + mode)[0]["command"]["mode"] == mode
    session.ask("true", mode="other")
    assert session.refusal()[0] == 69


def test_killed_while_it_idles(t):
    """A session of a killed agent must not run another line; the next one is refused as what it is."""
    a = t.approver()
    b = t.broker(a, {ME: a.agent("worker")})
    for kind in ("session", "agent"):
        session = Session(t, b)
        session.ask("true", mode="command")
        permit = session.expect("PERMIT")
        session.started().outcome()
        session.expect("DONE")
        name = permit["SESSION_ID"] if kind == "session" else "worker"
        env = ["WHOSH_SESSION_ID=" + permit["SESSION_ID"]]
        a.ctl("kill", kind, name, "--reason", "rogue")
        session.ask("true", mode="command", env=env)
        status, reason = session.refusal()
        assert status == 77 and "rogue" in reason, reason
        session.ask("true", mode="command", env=env)
        assert session.refusal()[0] == 77, "the session's end is the shell's to decide"
        a.ctl("unkill", kind, name)
        session.line("true", mode="command", env=env)
    assert polls_open(a, 0)
