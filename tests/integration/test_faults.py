"""Something is down, dies or is full: nothing unapproved runs, and the log says what is known and what is not."""
import os
import signal
import socket
import struct
import subprocess
import threading
import time

from lib import jose
from lib.fake import Fake

REVIEW_ALL = {"version": 1, "default": "review", "rules": []}


def me():
    import pwd
    return pwd.getpwuid(os.geteuid()).pw_name


def frame(kind, *fields):
    """As in whosh-protocol(7), THE BROKER'S SOCKET."""
    body = b"".join(struct.pack(">HI", tag, len(value)) + value for tag, value in fields)
    return struct.pack(">IB", 1 + len(body), kind) + body


def test_approver_down(t):
    """With no approver nothing may run; the agent is told in one line and gets 69."""
    a = t.approver()
    token = a.agent("worker")
    a.stop()
    began = time.monotonic()
    r = t.whosh(a, token, "-c", ": > ran; echo out")
    assert r.code == 69 and r.out == b"" and r.errors.startswith("whosh: approver unreachable"), r
    assert r.err.count(b"\n") == 1 and not (t.tmp / "ran").exists(), r
    assert time.monotonic() - began < 15


def test_approver_back_before_patience_ends(t):
    """An approver that restarts (an upgrade) must not fail the agents' lines."""
    a = t.approver()
    token = a.agent("worker")
    b = t.broker(a, {me(): token})
    assert t.whosh(b, None, "-c", "true").code == 0
    a.restart()
    assert t.whosh(b, None, "-c", "echo again").out == b"again\n"


def test_broker_down_where_one_is_configured(t):
    """Where the system broker is away, its account has no credential: nothing runs, 69."""
    a = t.approver()
    token = a.agent("worker")
    b = t.broker(a, {me(): token})
    b.kill()
    r = t.whosh(b, None, "-c", "echo out")
    assert r.code in (69, 77, 78) and r.out == b"" and r.errors.startswith("whosh: "), r


def test_shells_that_come_and_go(t):
    """Shells that ask and leave at once must not fill the broker's queue: those of other accounts would wait behind
    requests that nobody wants any more, until they are turned away."""
    a = t.approver()
    token = a.agent("worker")
    fake = Fake(t, a)
    go = threading.Event()

    def answer(body):
        go.wait(20)
        return 200, "application/jose", fake.permit(body)
    fake.answer = answer
    a.conf = fake.conf
    b = t.broker(a, {me(): token})
    asked = frame(2, (2, b"command"), (3, b"true"), (5, b"/"), (7, b"/bin/bash"))
    shells = []
    for _ in range(300):
        shells.append(socket.socket(socket.AF_UNIX))
        shells[-1].connect(str(b.socket))
        shells[-1].sendall(asked)
    posts = lambda: [path for method, path, _ in fake.requests if (method, path) == ("POST", "/v1/commands")]
    t.eventually(lambda: len(posts()) >= 32, "as many requests as may be under way")
    for shell in shells:
        shell.close()
    t.eventually(lambda: len(os.listdir("/proc/%d/fd" % b.process.pid)) < 150, "the broker seeing them go")
    p = t.whosh_start(b, None, "-c", "echo mine")
    go.set()
    assert p.communicate(timeout=30)[0] == b"mine\n" and p.returncode == 0
    assert len(posts()) <= 32 + 1, len(posts())


def test_caller_that_ignores_its_children(t):
    """Daemons that let the kernel reap their children pass that on: whosh must run lines for them too, and the
    line must find it as it came."""
    a = t.approver()
    token = a.agent("worker")
    line = "grep SigIgn /proc/self/status"
    plain = t.whosh(a, token, "-c", line)
    r = t.whosh(a, token, "-c", line, preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
    assert r.code == 0, r
    ignored = int(r.text.split()[1], 16) ^ int(plain.text.split()[1], 16)
    assert ignored == 1 << (signal.SIGCHLD - 1), (plain, r)


def test_broker_that_speaks_garbage(t):
    """A process that sits on the broker's socket must not make whosh run anything."""
    a = t.approver()
    token = a.agent("worker")
    b = t.broker(a, {me(): token}, start=False)
    for answer in (b"", b"\0\0\0\1\xff", b"\xff" * 100, b"HTTP/1.1 200 OK\r\n\r\n", b"\0\0\0\x05\x04\0\x01\0\0"):
        if b.socket.exists():
            b.socket.unlink()
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(b.socket))
        listener.listen()

        def serve():
            peer, _ = listener.accept()
            peer.sendall(answer)
            peer.shutdown(socket.SHUT_WR)
            try:
                while peer.recv(65536):
                    pass
            except OSError:
                pass
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        r = t.whosh(b, None, "-c", "echo out")
        assert r.code == 69 and r.out == b"" and r.errors.startswith("whosh: "), (answer, r)
        listener.close()


def test_kill_whosh_while_pending(t):
    """A shell that is gone must not leave a request for a person to waste time on."""
    a = t.approver(policy=REVIEW_ALL)
    token = a.agent("worker")
    p = t.whosh_start(a, token, "-c", ": > ran")
    a.pending()
    p.kill()
    p.wait()
    t.eventually(lambda: not a.json("pending"), "the withdrawal")
    row = a.who()[0]
    assert row["verdict"] == "denied" and "withdrawn" in (row["cause"], row["reason"]), row
    assert not (t.tmp / "ran").exists()


def test_ctrl_c_withdraws(t):
    """Ctrl-C while waiting takes the request back and ends as a shell interrupted would."""
    a = t.approver(policy=REVIEW_ALL)
    token = a.agent("worker")
    p = t.whosh_start(a, token, "-c", ": > ran")
    a.pending()
    p.send_signal(signal.SIGINT)
    assert p.wait(10) == -signal.SIGINT
    t.eventually(lambda: not a.json("pending"), "the withdrawal")
    assert a.who()[0]["cause"] == "withdrawn", a.who()


def test_kill_whosh_while_running(t):
    """A killed shell is seen: its command ends with it, and the log says that the ending is not known."""
    a = t.approver()
    token = a.agent("worker")
    b = t.broker(a, {me(): token})
    p = t.whosh_start(b, None, "-c", "echo $$ > pid; exec sleep 300")
    t.eventually(lambda: (t.tmp / "pid").exists() and (t.tmp / "pid").read_text().strip(), "the command")
    pid = int((t.tmp / "pid").read_text())
    p.kill()
    p.wait()

    def gone():
        try:
            return open("/proc/%d/stat" % pid).read().split(")")[1].split()[0] == "Z"
        except FileNotFoundError:
            return True
    t.eventually(gone, "the command's end")
    row = t.eventually(lambda: a.who()[0]["outcome"] and a.who()[0], "the outcome")
    assert row["outcome"] == "lost" and row["exit"] is None, row


def test_kill_broker_while_running(t):
    """The command goes on without its broker; the approver notices the silence and says so, and does not invent an end."""
    a = t.approver()
    token = a.agent("worker")
    b = t.broker(a, {me(): token})
    p = t.whosh_start(b, None, "-c", "echo $$ > pid; read x; exit 5", stdin=subprocess.PIPE)
    t.eventually(lambda: (t.tmp / "pid").exists() and (t.tmp / "pid").read_text().strip(), "the command")
    b.kill()
    p.stdin.write(b"\n")
    p.stdin.close()
    assert p.wait(20) == 5
    row = a.who()[0]
    assert row["verdict"] == "approved" and row["exit"] is None and row["ended"] is None, row
    b.start()
    assert t.whosh(b, None, "-c", "echo next").out == b"next\n"


def test_kill_approver_while_pending(t):
    """An approver killed while a person thinks: after its restart the request is still there, can be approved, and runs once."""
    a = t.approver(policy=REVIEW_ALL)
    token = a.agent("worker")
    p = t.whosh_start(a, token, "-c", "echo ran >> ran; echo out")
    command = a.pending()[0]["id"]
    a.kill()
    a.start()
    assert [x["id"] for x in a.json("pending")] == [command]
    a.ctl("approve", command)
    assert p.wait(30) == 0, p.stderr.read()
    assert (t.tmp / "ran").read_text() == "ran\n"


def test_kill_approver_while_running(t):
    """The outcome of a command that ends while the approver is away is spooled, survives the broker's death, and arrives once."""
    a = t.approver()
    token = a.agent("worker")
    b = t.broker(a, {me(): token})
    p = t.whosh_start(b, None, "-c", "echo up > up; read x; exit 6", stdin=subprocess.PIPE)
    t.eventually((t.tmp / "up").exists, "the command")
    a.kill()
    p.stdin.write(b"\n")
    p.stdin.close()
    assert p.wait(20) == 6
    t.eventually(b.spooled, "the outcome in the spool")
    b.kill()
    a.start()
    b.start()
    row = t.eventually(lambda: a.who()[0]["ended"] and a.who()[0], "the outcome", 60)
    assert row["exit"] == 6 and row["outcome"] == "exited", row
    t.eventually(lambda: not b.spooled(), "the spool's end")
    events = a.json("show", row["id"])
    events = events[0] if isinstance(events, list) else events
    assert sum(e["kind"] == "command_outcome" for e in events["events"]) == 1, events["events"]


def test_private_broker_spools(t):
    """Without a system broker too: an outcome that cannot be told now is told by the next line of the same account."""
    a = t.approver()
    token = a.agent("worker")
    p = t.whosh_start(a, token, "-c", "echo up > up; read x; exit 6", stdin=subprocess.PIPE)
    t.eventually((t.tmp / "up").exists, "the command")
    a.kill()
    p.stdin.write(b"\n")
    p.stdin.close()
    assert p.wait(60) == 6
    a.start()
    assert t.whosh(a, token, "-c", "true").code == 0
    t.eventually(lambda: [x for x in a.who() if x["exit"] == 6], "the outcome")


def test_review_timeout(t):
    """Nobody looks: after the time the line is denied with 75, and stays denied."""
    a = t.approver(policy=REVIEW_ALL)
    token = a.agent("worker")
    conf = t.tmp / "quick.conf"
    conf.write_text(a.conf.read_text() + "\nreview_timeout = 1s\n")
    conf.chmod(0o644)
    r = t.whosh(a, token, "-c", ": > ran", env={"WHOSH_CONFIG": conf})
    assert r.code == 75 and r.out == b"" and not (t.tmp / "ran").exists(), r
    row = a.who()[0]
    assert row["verdict"] == "denied" and row["cause"] == "timeout", row


def test_deny_with_reason(t):
    """The agent must learn who said no by which rule and why, and nothing else on standard output."""
    a = t.approver(policy=REVIEW_ALL)
    token = a.agent("worker")
    p = t.whosh_start(a, token, "-c", "echo ran")
    command = a.pending()[0]["id"]
    a.ctl("deny", command, "--reason", "not on a Friday")
    assert p.wait(10) == 126
    out, err = p.stdout.read(), p.stderr.read().decode()
    assert out == b"" and "not on a Friday" in err and command in err and err.count("\n") == 3, err
    late = a.ctl("approve", command, check=False)
    assert late.code != 0 and b"denied" in late.err + late.out, late


def test_clean_shutdown_loses_nothing(t):
    """SIGTERM in the middle of many decisions: every line that ran is in the log, and whoshd ends with 0."""
    a = t.approver()
    token = a.agent("worker")
    b = t.broker(a, {me(): token})
    shells = [t.whosh_start(b, None, "-c", "echo %d >> ran" % i) for i in range(40)]
    t.eventually(lambda: (t.tmp / "ran").exists(), "the first")
    assert a.stop() == 0
    for s in shells:
        s.communicate(timeout=60)
    ran = set((t.tmp / "ran").read_text().split())
    a.start()
    logged = {x["line"].split()[1] for x in a.who("--limit", "1000") if x["verdict"] == "approved"}
    assert ran <= logged, ran - logged
    assert ran == {str(i) for i, s in enumerate(shells) if s.returncode == 0}


def test_kill_nine_under_load(t):
    """kill -9 of the approver at any moment: what ran is in the log, and the log is whole."""
    a = t.approver()
    token = a.agent("worker")
    b = t.broker(a, {me(): token})
    total = 0
    for round_number in range(20 if t.soak else 4):
        shells = [t.whosh_start(b, None, "-c", "echo r%d-%d >> ran" % (round_number, i)) for i in range(25)]
        total += len(shells)
        t.eventually(lambda: (t.tmp / "ran").exists() and
                     "r%d-" % round_number in (t.tmp / "ran").read_text(), "the first of a round")
        a.kill()
        a.start()
        for s in shells:
            s.communicate(timeout=60)
    ran = set((t.tmp / "ran").read_text().split())
    rows = a.who("--limit", "1000")
    logged = {x["line"].split()[1] for x in rows if x["verdict"] == "approved"}
    assert ran <= logged, ran - logged
    assert len(rows) == len({x["id"] for x in rows}) <= total
    check = t.run(["sqlite3", a.dir / "whosh.db", "PRAGMA integrity_check"])
    assert check.out.strip() == b"ok", check


def small_disk(t, path, size):
    t.need_root()
    t.need("mount")
    path.mkdir(exist_ok=True)
    made = t.run(["mount", "-t", "tmpfs", "-o", "size=%s,mode=755" % size, "whosh-test", path])
    if made.code:
        t.skip("cannot mount a tmpfs: %s" % made.errors.strip())
    t.cleanups.append(lambda: t.run(["umount", "-l", path]))


def test_full_disk_of_the_approver(t):
    """With no room for the log nothing is approved, /healthz says so, and it recovers without a restart."""
    small_disk(t, t.tmp / "disk", "6m")
    a = t.approver(name="disk/approver")
    token = a.agent("worker")
    assert t.whosh(a, token, "-c", "true").code == 0
    filler = t.tmp / "disk/filler"
    with open(filler, "wb", buffering=0) as f:
        try:
            while True:
                f.write(b"x" * 65536)
        except OSError:
            pass
        try:
            while True:
                f.write(b"x")
        except OSError:
            pass

    def full():
        r = t.whosh(a, token, "-c", "echo %s >> %s/ran" % ("x" * 20000, t.tmp))
        return r if r.code == 69 else None
    r = t.eventually(full, "a refusal", 60)
    assert r.out == b"" and r.errors.startswith("whosh: "), r
    ran = len((t.tmp / "ran").read_text().split()) if (t.tmp / "ran").exists() else 0
    assert a.api("GET", "/healthz", token=None)[0] == 503
    filler.unlink()
    t.eventually(lambda: t.whosh(a, token, "-c", "true").code == 0, "recovery")
    t.eventually(lambda: a.api("GET", "/healthz", token=None)[0] == 200, "health")
    approved = [x for x in a.who("--limit", "1000") if x["line"].startswith("echo xxx") and x["verdict"] == "approved"]
    assert len(approved) >= ran


def test_full_disk_of_the_broker(t):
    """With no room for the spool an outcome waits in memory and is told when the approver is back."""
    small_disk(t, t.tmp / "disk", "256k")
    a = t.approver()
    token = a.agent("worker")
    b = t.broker(a, {me(): token}, name="disk/broker")
    p = t.whosh_start(b, None, "-c", "echo up > %s/up; read x; exit 6" % t.tmp, stdin=subprocess.PIPE)
    t.eventually((t.tmp / "up").exists, "the command")
    with open(t.tmp / "disk/filler", "wb", buffering=0) as f:
        try:
            while True:
                f.write(b"x" * 4096)
        except OSError:
            pass
    a.kill()
    p.stdin.write(b"\n")
    p.stdin.close()
    assert p.wait(20) == 6
    a.start()
    t.eventually(lambda: a.who()[0]["exit"] == 6, "the outcome", 60)


def test_two_thousand_shells_at_once(t):
    """A burst of agents must be served whole: each line decided once, run once, and its end recorded."""
    a = t.approver()
    token = a.agent("worker")
    b = t.broker(a, {me(): token})
    r = t.run(["bash", "-c", "ulimit -u unlimited 2>/dev/null; for i in $(seq 2000); do %s -c \"echo $i\" & done; wait"
               % t.program("whosh")], env=t.env(b), timeout=170)
    got = sorted(int(x) for x in r.out.split())
    assert got == list(range(1, 2001)), (len(got), r.err[-2000:])
    assert r.err == b"", r.err[-2000:]

    def settled():
        rows = a.who("--limit", "5000")
        return len(rows) == 2000 and all(x["exit"] == 0 for x in rows)
    t.eventually(settled, "2,000 outcomes", 60)


def test_policy_reload_takes_all_or_nothing(t):
    """A broken policy must not leave the approver without one, or with half of one."""
    a = t.approver()
    token = a.agent("worker")
    assert t.whosh(a, token, "-c", "echo x").code == 0
    before = a.api("GET", "/v1/policy")[1]["ETag"]
    for bad in ("{", '{"version":1,"rules":[{"name":"x","verdict":"maybe"}]}', '{"version":2,"rules":[]}',
                '{"version":1,"default":"deny","default":"review","rules":[]}', ""):
        a.write_policy(bad)
        a.process.send_signal(signal.SIGHUP)
        status, _, body = a.api("PUT", "/v1/policy", body=bad.encode())
        assert status == 400, (bad, status, body)
        assert a.api("GET", "/v1/policy")[1]["ETag"] == before
    assert t.whosh(a, token, "-c", "echo x").code == 0
    new = t.json("new.json", {"version": 1, "default": "deny", "rules": []})
    a.ctl("policy", "load", new)
    assert t.whosh(a, token, "-c", "echo x").code == 126
    a.restart()
    assert t.whosh(a, token, "-c", "echo x").code == 126


def test_two_reviewers(t):
    """A rule that asks for two people must not be satisfied by one who clicks twice."""
    a = t.approver(policy={"version": 1, "default": "deny", "rules": [
        {"name": "two", "verdict": "review", "commands": [["echo", "**"]], "reviewers": {"count": 2, "not_in_chain": True}}]})
    token = a.agent("worker", "alice")
    names = {n: a.json("operator", "add", n, "--role", "reviewer")["token"] for n in ("alice", "bob", "carol")}
    p = t.whosh_start(a, token, "-c", "echo ran")
    command = a.pending()[0]["id"]

    def approve(name):
        return a.api("POST", "/v1/reviews/" + command, body={"verdict": "approve", "reason": "ok"}, token=names[name])
    assert approve("alice")[0] == 403, "alice owns the agent: she is in its chain"
    assert approve("bob")[0] == 200
    approve("bob")
    assert p.poll() is None and a.json("pending"), "one person is not two"
    assert approve("carol")[0] == 200
    assert p.wait(10) == 0
    assert sorted(a.who()[0]["reviewers"]) == ["bob", "carol"], a.who()


def test_live_needs_possession(t):
    """Whoever only knows a command's ID must neither fetch its permit nor keep its lease alive."""
    a = t.approver(policy=REVIEW_ALL)
    token = jose.Token(a.agent("worker"))
    jws = token.command("echo x")
    assert a.api("POST", "/v1/commands", body=jws, token=None)[0] == 202
    jti = jose.claims(jws)["jti"]
    a.ctl("approve", jti)
    import json
    right = {"pending": ["%s:%s" % (jti, jws[-16:])], "running": [], "wait_s": 0}
    wrong = {"pending": ["%s:%s" % (jti, "A" * 16)], "running": [], "wait_s": 0}
    assert jti in json.loads(a.api("POST", "/v1/live", body=right, token=None)[2])["permits"]
    answer = json.loads(a.api("POST", "/v1/live", body=wrong, token=None)[2])
    assert jti not in answer["permits"], answer
