"""whoctl delegate with a broker or an approver that is hostile, that hangs, or that is gone in mid-answer."""
import json
import os
import signal
import socket
import subprocess
import time

from lib import chains, jose
from lib.delegating import USER, chain_of, delegate, delegations, start
from lib.fake import Fake
from lib.wire import Wire


def test_frames_out_of_order_or_malformed(t):
    """A program of the agent's that speaks to the broker itself would get signed what whoctl would not send."""
    a = t.approver()
    orchestrator = a.agent("orchestrator")
    a.agent("worker")
    b = t.broker(a, {USER: orchestrator})
    good = [("TO", b"worker"), ("TASK", b"t")]
    wire = Wire(t, b).send("DELEGATE", *good)
    kind, fields = wire.read()
    assert kind == wire.numbers["WIRE_DELEGATED"] and fields[wire.numbers["WIRE_CHAIN"]].count(b"~") == 1, fields
    assert wire.read() is None, "one delegation for each connection"
    before = len(delegations(a, "--all"))
    first = start(a).encode()
    for fields in ([("TO", b"worker")], [("TASK", b"t")], good + [("TO", b"worker")], good + [("TASK", b"u")],
                   good + [("CHAIN", first), ("CHAIN", first)], good + [("CHAIN", first + b"\0")],
                   [("TO", b"wor\0ker"), ("TASK", b"t")], [("TO", b"worker"), ("TASK", b"\xff")],
                   [("TO", b"worker"), ("TASK", b"t" * 5000)], good + [("SCOPE", b"{}")], good + [("SCOPE", b"[]}")],
                   good + [("SCOPE", b'{"hosts":["a"]},"max_depth":7')], good + [("EXPIRES", b"-1")],
                   good + [("EXPIRES", b"99999999999")], good + [("DEPTH", b"9")], good + [("CHAIN", b"x" * 200000)],
                   good + [("ENV", b"WHOSH_COMMAND_ID=not-an-id")]):
        status, reason = Wire(t, b).send("DELEGATE", *fields).refused()
        assert status == b"77" and reason, (fields, status, reason)
    assert len(delegations(a, "--all")) == before + 1, "something was delegated"
    for second in ("ASK", "DELEGATE", "STARTED", "OUTCOME", "CHECK"):
        wire = Wire(t, b).send("DELEGATE", *good).send(second)
        answers = iter(wire.read, None)
        assert all(kind != wire.numbers["WIRE_PERMIT"] for kind, _ in answers)
    assert t.whosh(b, None, "-c", "true").code == 0, "the broker serves on"


def test_gone_before_the_answer(t):
    """A delegator that was interrupted would leave the broker waiting, or make it stumble."""
    a = t.approver()
    orchestrator = a.agent("orchestrator")
    a.agent("worker")
    b = t.broker(a, {USER: orchestrator})
    for _ in range(50):
        Wire(t, b).send("DELEGATE", ("TO", b"worker"), ("TASK", b"t")).socket.close()
    assert chain_of(delegate(t, b, None, "--to", "worker", "--task", "x"))
    assert b.process.poll() is None
    assert b.stop() == 0


def test_approver_that_hangs(t):
    """A line that captures the chain would wait for ever, or go on without one."""
    a = t.approver()
    orchestrator = a.agent("orchestrator")
    a.agent("worker")
    b = t.broker(a, {USER: orchestrator})
    a.process.send_signal(signal.SIGSTOP)
    t.cleanups.append(lambda: a.process.send_signal(signal.SIGCONT))
    began = time.monotonic()
    r = delegate(t, b, None, "--to", "worker", "--task", "x")
    assert r.code == 69 and r.out == b"" and time.monotonic() - began < 40, r


def test_broker_that_is_stopped(t):
    """A delegation under way when the host's broker is upgraded would hang, or hold the upgrade up."""
    a = t.approver()
    orchestrator = a.agent("orchestrator")
    a.agent("worker")
    b = t.broker(a, {USER: orchestrator})
    a.process.send_signal(signal.SIGSTOP)
    t.cleanups.append(lambda: a.process.send_signal(signal.SIGCONT))
    waiting = [Wire(t, b).send("DELEGATE", ("TO", b"worker"), ("TASK", b"t")) for _ in range(3)]
    process = t.spawn([t.program("whoctl"), "delegate", "--to", "worker", "--task", "x"], env=t.env(b),
                      stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    t.eventually(lambda: len(os.listdir("/proc/%d/fd" % process.pid)) > 3, "whoctl connected")
    began = time.monotonic()
    b.process.terminate()
    out, err = process.communicate(timeout=20)
    assert process.returncode == 69 and out == b"" and b"approver unreachable" in err, (process.returncode, out, err)
    assert all(w.refused()[0] == b"69" for w in waiting)
    b.process.wait(20)
    assert time.monotonic() - began < 20


def lying(t):
    """An approver whose answers are the test's: (fake, its agents' tokens, hop 0 for the orchestrator)."""
    a = t.approver()
    tokens = {name: a.agent(name) for name in ("orchestrator", "worker")}
    first = start(a)
    a.stop()
    fake = Fake(t, a)
    keys = {name: jose.Token(path) for name, path in tokens.items()}
    before = jose.claims(first)
    fake.leave = {"now": int(time.time()), "depth": 1, "max_depth": 7, "expires": before["exp"], "human": "admin",
                  "cnf": {"jwk": chains.jwk(keys["worker"])}, "chain": first}
    fake.paths["/v1/delegations/prepare"] = lambda body: (200, "application/json", json.dumps(fake.leave))
    fake.paths["/v1/delegations"] = lambda hop: (201, "application/json", json.dumps(
        {"jti": jose.claims(hop)["jti"], "log_index": 7}))
    a.conf = fake.conf
    return fake, a, tokens, first


def posted(fake):
    return [body for method, path, body in fake.requests if path == "/v1/delegations"]


def test_answer_lost_on_its_way(t):
    """A hop that was logged, and whose answer was lost, would be made a second time, or be lost to the delegate."""
    fake, a, tokens, first = lying(t)
    good = fake.paths["/v1/delegations"]
    answers = [lambda hop: None, lambda hop: (503, "text/plain", b""), good]
    fake.paths["/v1/delegations"] = lambda hop: answers.pop(0)(hop)
    chain = chain_of(delegate(t, a, tokens["orchestrator"], "--to", "worker", "--task", "x",
                              env={"WHOSH_PRINCIPAL_CHAIN": first}))
    hops = posted(fake)
    assert len(hops) == 3 and len(set(hops)) == 1 and chain == first + "~" + hops[0], hops


def test_approver_that_lies(t):
    """Who sits on the approver's address would have an agent's key sign what nobody asked for."""
    fake, a, tokens, first = lying(t)
    env = {"WHOSH_PRINCIPAL_CHAIN": first}
    right = dict(fake.leave)
    other = jose.Token().sign("whosh-hop+jwt", jose.claims(first))
    for change in ({"chain": other}, {"chain": None}, {"human": "eve"}, {"depth": 0}, {"depth": 2}, {"cnf": {}},
                   {"expires": right["expires"] + 1}, {"max_depth": 8}, {"now": "soon"}):
        fake.leave = {**right, **change}
        r = delegate(t, a, tokens["orchestrator"], "--to", "worker", "--task", "x", env=env)
        assert r.code == 69 and r.out == b"" and "cannot be trusted" in r.errors, (change, r)
    fake.leave = {**right, "chain": other}
    r = delegate(t, a, tokens["orchestrator"], "--to", "worker", "--task", "x")
    assert r.code == 69 and "cannot be trusted" in r.errors, "a hop 0 that the approver did not sign: %r" % r
    assert posted(fake) == []
    fake.leave = right
    for body in (b"", b"{}", b'{"jti":"01a21040-dc89-7483-b08b-0580fc47e3fe","log_index":1}'):
        fake.paths["/v1/delegations"] = lambda hop, body=body: (201, "application/json", body)
        r = delegate(t, a, tokens["orchestrator"], "--to", "worker", "--task", "x", env=env)
        assert r.code == 69 and r.out == b"", r
    fake.paths["/v1/delegations"] = lambda hop: (401, "application/problem+json", json.dumps(
        {"type": "urn:whosh:problem:identity", "detail": "no\x1b[2J\n\u202e"}))
    r = delegate(t, a, tokens["orchestrator"], "--to", "worker", "--task", "x", env=env)
    assert r.code == 77 and r.out == b"" and r.err.count(b"\n") == 1 and b"\x1b" not in r.err, r
