"""What comes back from the approver's address is believed only when it is a permit for exactly this command."""
import json
import ssl
import time

from lib import jose
from lib.fake import Fake


def attempt(t, answer, code=69, **fake):
    """A line against a lying approver: it must not run, standard output stays empty, one clear line is printed."""
    a = t.approver()
    token = a.agent("worker")
    f = Fake(t, a, **fake)
    f.answer = lambda body: answer(f, body)
    a.conf = f.conf
    mark = t.tmp / "ran"
    r = t.whosh(a, token, "-c", "echo out; : > %s" % mark)
    assert not mark.exists(), r
    assert r.code == code, r
    assert r.out == b"", r
    assert r.errors.startswith("whosh: "), r
    return f, r


def jose_answer(f, body, **changes):
    return 200, "application/jose", f.permit(body, **changes)


def test_the_fake_is_believed_when_it_does_not_lie(t):
    """Without this, the refusals below could all be for a reason of the test's own."""
    a = t.approver()
    token = a.agent("worker")
    f = Fake(t, a)
    f.answer = lambda body: jose_answer(f, body)
    a.conf = f.conf
    r = t.whosh(a, token, "-c", "echo out")
    assert (r.code, r.out, r.err) == (0, b"out\n", b""), r
    t.eventually(lambda: any(p.endswith("/outcome") for _, p, _ in f.requests), "the outcome")


def test_permit_of_another_key(t):
    """Whoever sits on the approver's address without its key could approve anything."""
    other = jose.Token()
    attempt(t, lambda f, body: jose_answer(f, body, key=other))


def test_permit_for_another_command(t):
    """An approval of a harmless line could be replayed for a harmful one."""
    attempt(t, lambda f, body: jose_answer(f, body, command_s256=jose.s256("another")))


def test_permit_with_another_id(t):
    """A permit must name the command it is for."""
    attempt(t, lambda f, body: jose_answer(f, body, id=jose.uuid7()))


def test_expired_permit(t):
    """A recorded permit could be kept and used when the reasons for it are gone."""
    now = int(time.time())
    attempt(t, lambda f, body: jose_answer(f, body, iat=now - 600, exp=now - 300))


def test_permit_from_the_future(t):
    """A permit dated ahead would outlive its exp by as much as the clock was wrong."""
    now = int(time.time())
    attempt(t, lambda f, body: jose_answer(f, body, iat=now + 3600, exp=now + 3700))


def test_unknown_verdict(t):
    """A word we do not know must never mean yes."""
    for verdict in ("approve", "Approved", "", "pending"):
        attempt_name = verdict
        f, r = attempt_once(t, lambda f, body: jose_answer(f, body, verdict=attempt_name))
        assert r.code == 69, (verdict, r)


def attempt_once(t, answer):
    t.serial = getattr(t, "serial", 0) + 1
    a = t.approver(name="approver%d" % t.serial)
    token = a.agent("worker")
    f = Fake(t, a)
    f.answer = lambda body: answer(f, body)
    a.conf = f.conf
    mark = t.tmp / "ran"
    r = t.whosh(a, token, "-c", ": > %s" % mark)
    assert not mark.exists(), r
    return f, r


def test_used_permit(t):
    """A permit is good once: the broker of a host must not take the same jti for a second command."""
    a = t.approver()
    token = a.agent("worker")
    f = Fake(t, a)
    jti = jose.uuid7()
    f.answer = lambda body: jose_answer(f, body, jti=jti)
    a.conf = f.conf
    b = t.broker(a, {"root" if t.root else __import__("getpass").getuser(): token})
    first = t.whosh(b, None, "-c", "echo one")
    assert (first.code, first.out) == (0, b"one\n"), first
    second = t.whosh(b, None, "-c", "echo two")
    assert (second.code, second.out) == (69, b""), second


def test_permit_that_comes_twice(t):
    """The decision may come by the live poll while the shell's broker asks again: the second answer must not take
    back the first, or a line that runs is never recorded."""
    a = t.approver()
    token = a.agent("worker")
    f = Fake(t, a)
    asked = []

    def answer(body):
        asked.append(body)
        if len(asked) == 1:
            waiting = {"id": jose.claims(body)["jti"], "state": "pending", "expires": int(time.time())}
            return 202, "application/json", json.dumps(waiting)
        permit = f.permit(body)
        f.live[jose.claims(body)["jti"]] = permit
        t.eventually((t.tmp / "ran").exists, "the line running")
        return 200, "application/jose", permit
    f.answer = answer
    a.conf = f.conf
    r = t.whosh(a, token, "-c", ": > ran; sleep 2; exit 5")
    assert r.code == 5 and len(asked) == 2, (r, asked)
    posted = t.eventually(lambda: [b for _, p, b in f.requests if p.endswith("/outcome")], "the outcome", 5)
    outcome = jose.claims(posted[0])
    assert (outcome["outcome"], outcome.get("exit")) == ("exited", 5), outcome


def test_unsigned_and_malformed_answers(t):
    """Garbage, an `alg` of none, or another type must end in one clear line, not in a run or a crash."""
    answers = [
        lambda f, body: (200, "application/jose", b"garbage"),
        lambda f, body: (200, "application/jose", b""),
        lambda f, body: (200, "application/jose", b"\x00\xff" * 5000),
        lambda f, body: (200, "application/json", b'{"verdict":"approved"}'),
        lambda f, body: jose_answer(f, body, header='{"alg":"none","typ":"whosh-permit+jwt"}'),
        lambda f, body: jose_answer(f, body, header='{"alg":"Ed25519","typ":"whosh-command+jwt"}'),
        lambda f, body: (200, "application/jose", f.permit(body) + "A"),
        lambda f, body: (200, "application/jose", f.permit(body)[:-10]),
        lambda f, body: (302, "text/plain", b""),
        lambda f, body: (202, "application/json", b'{"id":"nonsense"'),
    ]
    for number, answer in enumerate(answers):
        _, r = attempt_once(t, answer)
        assert r.code == 69 and r.out == b"" and r.errors.startswith("whosh: "), (number, r)


def test_permit_with_duplicate_members(t):
    """Two verdicts in one permit: two readers could believe different ones."""
    def answer(f, body):
        import json
        text = json.dumps(f.permit_claims(body, verdict="denied"))
        return 200, "application/jose", f.key.sign("whosh-permit+jwt", text[:-1] + ',"verdict":"approved"}')
    attempt(t, answer)


def test_wrong_ca(t):
    """A proxy with a certificate of its own CA could read and answer every request."""
    a, other = t.approver(), t.approver(name="other")
    token = a.agent("worker")
    conf = t.tmp / "mixed.conf"
    conf.write_text(a.conf.read_text().replace(str(a.dir / "ca.pem"), str(other.dir / "ca.pem")))
    conf.chmod(0o644)
    a.conf = conf
    r = t.whosh(a, token, "-c", "echo ran")
    assert r.code == 69 and r.out == b"" and b"whosh: " in r.err, r
    assert "certificate" in r.errors, r


def test_certificate_of_another_host(t):
    """Any other server under the same CA could pose as the approver."""
    a = t.approver()
    key, csr, cert = t.tmp / "h.key", t.tmp / "h.csr", t.tmp / "h.pem"
    extension = t.tmp / "ext"
    extension.write_text("subjectAltName=DNS:elsewhere.example\nextendedKeyUsage=serverAuth\n")
    for argv in (["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
                  "-subj", "/CN=elsewhere.example", "-out", csr],
                 ["openssl", "x509", "-req", "-in", csr, "-CA", a.dir / "ca.pem", "-CAkey", a.dir / "ca.key",
                  "-CAcreateserial", "-CAserial", t.tmp / "serial", "-extfile", extension, "-out", cert]):
        made = t.run(argv)
        assert made.code == 0, made
    token = a.agent("worker")
    f = Fake(t, a, certificate=(cert, key))
    f.answer = lambda body: jose_answer(f, body)
    a.conf = f.conf
    r = t.whosh(a, token, "-c", "echo ran")
    assert r.code == 69 and r.out == b"", r
    assert not f.requests, "the command was sent to another host"


def test_tls_1_2_only(t):
    """An attacker in the middle could force an older protocol with its known weaknesses."""
    two = ssl.TLSVersion.TLSv1_2
    f, r = attempt(t, lambda f, body: jose_answer(f, body), versions=(two, two))
    assert not f.requests


def test_hanging_approver(t):
    """An approver that takes the request and never answers must not hold the agent for ever."""
    import threading
    gate = threading.Event()
    t.cleanups.append(gate.set)
    began = time.monotonic()

    def answer(f, body):
        gate.wait(60)
    attempt(t, answer)
    assert time.monotonic() - began < 45


def test_identity_refused(t):
    """The agent must learn that its identity, not the line, was the trouble: 77 and the reason."""
    problem = b'{"type":"urn:whosh:problem:identity","title":"Unauthorized","status":401,"detail":"no such key"}'
    _, r = attempt(t, lambda f, body: (401, "application/problem+json", problem), code=77)
    assert "no such key" in r.errors, r


def test_answers_cannot_write_to_the_terminal(t):
    """A reason with escape sequences would act on the agent's terminal or forge a line."""
    _, r = attempt(t, lambda f, body: jose_answer(f, body, verdict="denied", reason="no\x1b[2J\nwhosh: all is well"), 126)
    assert b"\x1b" not in r.err and r.err.count(b"\n") == 3, r
