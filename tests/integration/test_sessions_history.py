"""What was typed at prompts is remembered for the agent that typed it, and for nobody else."""
import os
import pwd
import shutil
import socket
import stat

from lib.fake import Fake
from lib.killing import ME, world
from lib.wire import Session, private


def agents(t, *names):
    """(an approver that approves all, to be named to brokers; their tokens)"""
    a = t.approver()
    tokens = [a.agent(name) for name in names]
    a.stop()
    a.conf = Fake(t, a).approve_all().conf
    return a, tokens


def files(b):
    return [os.path.join(b.dir / "history", x) for x in os.listdir(b.dir / "history")]


def test_typed(t):
    """A person at a prompt would have to type again what was run there yesterday."""
    fake, b, _ = world(t)
    session = Session(t, b)
    assert session.history() == []
    approves = fake.answer
    for line in ("ls", "ls", "if true; then\n  echo 'a\\nb'\nfi", b"echo \xff", "ls"):
        session.line(line, mode="prompt")
    session.line("not typed", mode="stdin")
    session.line("nor this", mode="source")
    fake.answer = lambda body: (200, "application/jose", fake.permit(body, verdict="denied"))
    session.ask("rm -rf /", mode="prompt")
    assert session.refusal()[0] == 126
    fake.answer = approves
    typed = [b"ls", b"if true; then\n  echo 'a\\nb'\nfi", b"echo \xff", b"ls"]
    assert session.history() == typed
    assert Session(t, b).history() == typed, "a new session"
    session.line("pwd", mode="prompt")
    b.stop()
    b.start()
    session = Session(t, b)
    assert session.history() == typed + [b"pwd"], "a new broker"
    session.line("true", mode="prompt", more=None)
    assert session.closed()


def test_idle_before_the_first_line(t):
    """A prompt asks for its history and then waits for a person: that session may take its time as well."""
    fake, b, _ = world(t)
    session, late = Session(t, b), Session(t, b)
    session.history()
    assert late.closed(), "who asks for nothing has ten seconds"
    session.line("true", mode="prompt")


def test_not_the_accounts(t):
    """An account could read in a file what another one's people typed, or what its earlier agent was given to do."""
    a, (one, two) = agents(t, "one", "two")
    b = t.broker(a, {ME: one})
    session = Session(t, b)
    session.line("ls secret", mode="prompt")
    assert session.history() == [b"ls secret"]
    [name] = files(b)
    assert stat.S_IMODE(os.stat(name).st_mode) == 0o600 and stat.S_IMODE(os.stat(b.dir / "history").st_mode) == 0o700
    assert os.stat(name).st_uid == os.geteuid() and "one" not in name and ME not in os.path.basename(name)
    assert session.history("WHOSH_AGENT_ID=one") == [b"ls secret"]
    assert session.history("WHOSH_AGENT_ID=two") == [], "as an ASK would be refused"
    new = b.dir / "credentials" / "new"
    shutil.copyfile(two, new)
    new.chmod(0o400)
    os.rename(new, b.dir / "credentials" / (ME + ".json"))
    assert session.history() == []
    os.unlink(b.dir / "credentials" / (ME + ".json"))
    assert session.history() == [], "without a credential"
    session.ask("true")
    assert session.refusal()[0] == 77


def test_other_accounts(t):
    """Two accounts may have one agent's credential; what is typed in one is not shown in the other."""
    t.need_root()
    a, [token] = agents(t, "one")
    b = t.broker(a, {ME: token, "nobody": token})
    history = b.dir / "history"
    session = Session(t, b)
    session.line(": typed", mode="prompt")
    assert session.history() == [b": typed"]
    read = t.run(["python3", "-c", "import os, sys\nos.setuid(65534)\nprint(os.listdir(sys.argv[1]))", history])
    assert read.code != 0 and b"PermissionError" in read.err, read
    nobody = pwd.getpwnam("nobody").pw_uid
    link = socket.socket(socket.AF_UNIX)
    os.seteuid(nobody)
    try:
        link.connect(str(b.socket))
    finally:
        os.seteuid(0)
    theirs = Session(t, link)
    assert theirs.history() == []


def test_never_in_the_way(t):
    """A full disk, or a folder that is not ours, must not keep a line from being run."""
    fake, b, _ = world(t)
    (b.dir / "history").mkdir(mode=0o777)
    (b.dir / "history").chmod(0o777)
    session = Session(t, b)
    session.line("ls", mode="prompt")
    assert session.history() == []
    os.rmdir(b.dir / "history")
    (b.dir / "history").write_text("a file")
    session.line("ls", mode="prompt")
    assert session.history() == []
    assert "cannot be kept" in b.log.read_text()
    assert b.log.read_text().count("cannot be kept") == 1, "once a minute will do"


def test_private(t):
    """A private broker runs as the agent's account: it keeps nothing, and says so."""
    fake, conf, token = world(t, system=False, conf="history = %s" % (t.tmp / "history"))
    _, ours = private(t, conf, token)
    session = Session(t, ours)
    assert session.history() == []
    session.line("ls", mode="prompt")
    assert session.history() == []
    assert not (t.tmp / "history").exists()
