"""Credentials that must not be believed, and requests that were not made by who they say."""
import json
import os
import time

from lib import jose


def refused(t, a, token, code=77, **env):
    mark = t.tmp / "ran"
    r = t.whosh(a, token, "-c", ": > %s" % mark, env=env)
    assert not mark.exists(), r
    assert r.code == code and r.out == b"" and r.errors.startswith("whosh: "), r
    return r


def test_token_file_that_is_a_symlink(t):
    """An agent could be made to use a file that someone else can swap."""
    a = t.approver()
    token = a.agent("worker")
    link = t.tmp / "link"
    link.symlink_to(token)
    assert "symbolic link" in refused(t, a, link).errors


def test_token_file_open_to_others(t):
    """A credential that others can read is not one agent's any more."""
    a = t.approver()
    token = a.agent("worker")
    for mode in (0o404, 0o440, 0o602):
        token.chmod(mode)
        assert "chmod 400" in refused(t, a, token).errors


def test_token_file_with_two_names(t):
    """A second hard link keeps a credential alive that was thought removed."""
    a = t.approver()
    token = a.agent("worker")
    os.link(token, t.tmp / "second")
    assert "link" in refused(t, a, token).errors


def test_token_file_malformed(t):
    """Truncated, oversized, empty or edited files must be refused with the reason, never crash the broker."""
    a = t.approver()
    token = a.agent("worker")
    good = token.read_bytes()
    for content in (b"", good[:-20], good + b" " * 5000, b"\0" * 100, b"[" * 2000, good.replace(b'"v":1', b'"v":2'),
                    good.replace(b'"sub"', b'"sub":"other","sub"', 1), good.replace(b"OKP", b"RSA"), b"null"):
        bad = t.tmp / "bad"
        if bad.exists():
            bad.unlink()
        bad.write_bytes(content)
        bad.chmod(0o400)
        r = refused(t, a, bad)
        key = json.loads(good)["jwk"]["d"]
        assert key not in r.errors, "the private key was printed"


def test_token_missing(t):
    """A wrong path must be told as such."""
    a = t.approver()
    a.agent("worker")
    refused(t, a, t.tmp / "nowhere")


def test_token_of_another_agent(t):
    """WHOSH_AGENT_ID says who the caller believes it is: another agent's token is refused."""
    a = t.approver()
    token = a.agent("worker")
    r = refused(t, a, token, WHOSH_AGENT_ID="somebody-else")
    assert "somebody-else" in r.errors or "worker" in r.errors, r
    assert t.whosh(a, token, "-c", "true", env={"WHOSH_AGENT_ID": "worker"}).code == 0


def test_token_with_anothers_name(t):
    """An agent that edits its token's name must not become that other agent."""
    a = t.approver()
    token, other = a.agent("worker"), a.agent("admin-agent")
    data = json.loads(token.read_text())
    data["sub"] = "admin-agent"
    forged = t.tmp / "forged"
    forged.write_text(json.dumps(data))
    forged.chmod(0o400)
    refused(t, a, forged)
    assert all(x["agent"] != "admin-agent" for x in a.who()), a.who()


def test_token_of_another_approver(t):
    """A credential of one approver is nothing at another."""
    a, other = t.approver(), t.approver(name="other")
    token = other.agent("worker")
    a.ctl("agent", "add", "worker", "--owner", "alice")
    refused(t, a, token)


def test_revoked_credential(t):
    """Revocation works at once, and the neighbours never notice."""
    a = t.approver()
    token, neighbour = a.agent("worker"), a.agent("neighbour")
    assert t.whosh(a, token, "-c", "true").code == 0
    credential = [c for c in a.json("credential", "list") if c["agent"] == "worker"][0]["id"]
    a.ctl("credential", "revoke", credential)
    assert "revoked" in refused(t, a, token).errors
    assert t.whosh(a, neighbour, "-c", "true").code == 0
    a.restart()
    assert "revoked" in refused(t, a, token).errors


def test_disabled_agent(t):
    """A disabled agent runs nothing, whatever credentials it still has."""
    a = t.approver()
    token = a.agent("worker")
    a.ctl("agent", "disable", "worker")
    assert "disabled" in refused(t, a, token).errors


def test_expired_credential(t):
    """An expired credential is refused, and the agent is told that it expired."""
    a = t.approver()
    token = a.agent("worker", "alice", "--expires", "1s")
    t.eventually(lambda: time.time() > json.loads(token.read_text())["exp"], "expiry")
    assert "expired" in refused(t, a, token).errors


def test_chain_that_was_never_logged(t):
    """A principal chain nobody can vouch for must not be shown as if it were true."""
    a = t.approver()
    token = a.agent("worker")
    r = refused(t, a, token, WHOSH_PRINCIPAL_CHAIN="eyJhbGciOiJub25lIn0.e30.")
    assert "chain" in r.errors, r


def test_command_requests_forged(t):
    """Every altered request is refused, and none of them appears as a command of the agent."""
    a = t.approver()
    token = jose.Token(a.agent("worker"))
    other = jose.Token()
    now = int(time.time())
    good = token.command()

    def post(body):
        return a.api("POST", "/v1/commands", body=body, token=None)[0]
    assert post(good) == 200
    head, payload, signature = good.split(".")
    edited = jose.b64(jose.unb64(payload).replace(b'"true"', b'"rm x"'))
    none = jose.b64(b'{"alg":"none","typ":"whosh-command+jwt"}')
    stranger = jose.Token()
    stranger.data = token.data
    bad = {
        "edited": ".".join((head, edited, signature)),
        "no signature": head + "." + payload + ".",
        "alg none": ".".join((none, payload, "")),
        "other key": stranger.command(),
        "permit as command": token.sign("whosh-permit+jwt", jose.claims(good)),
        "expired": token.command(iat=now - 900, exp=now - 300),
        "future": token.command(iat=now + 900, exp=now + 1800),
        "other audience": token.command(aud="elsewhere"),
        "unknown agent": token.command(sub="ghost"),
        "no jti": token.command(jti=None),
        "bad jti": token.command(jti="1"),
        "no session": token.command(sid=None),
        "unknown member": token.command(surprise=1),
        "no command": token.command(command=None),
        "command of another type": token.command(command=[1]),
        "replayed jti, other bytes": token.command("other", jti=jose.claims(good)["jti"]),
        "duplicate": token.sign("whosh-command+jwt", json.dumps(jose.claims(token.command()))[:-1] + ',"sub":"worker"}'),
        "deep": token.sign("whosh-command+jwt", '{"command":' + "[" * 40 + "]" * 40 + "}"),
        "not json": token.sign("whosh-command+jwt", "hello"),
        "NUL": token.command("a\0b"),
        "padding": good + "=",
        "blank": good + "\n",
        "two": good + good,
        "empty": "",
        "dots": "....",
    }
    before = len(a.who("--limit", "1000"))
    for name, body in bad.items():
        status = post(body)
        assert 400 <= status < 500, (name, status)
    assert len(a.who("--limit", "1000")) == before == 1
    assert other is not None


def test_the_same_request_again_is_a_retry(t):
    """A broker that lost the answer asks again: it must get the same permit, and the log one command."""
    a = t.approver()
    token = jose.Token(a.agent("worker"))
    jws = token.command("echo once")
    answers = [a.api("POST", "/v1/commands", body=jws, token=None) for _ in range(3)]
    assert [x[0] for x in answers] == [200] * 3
    assert len({x[2] for x in answers}) == 1
    assert len(a.who()) == 1
    public = jose.unb64((a.dir / "approver.pub").read_text().strip())
    permit = jose.verify(answers[0][2].decode(), public)
    assert permit["verdict"] == "approved" and permit["command_s256"] == jose.s256(jws), permit


def test_session_of_another_key(t):
    """One agent could otherwise write its commands into another's session."""
    a = t.approver()
    one, two = jose.Token(a.agent("one")), jose.Token(a.agent("two"))
    sid = jose.uuid7()
    assert a.api("POST", "/v1/commands", body=one.command(sid=sid), token=None)[0] == 200
    status, _, body = a.api("POST", "/v1/commands", body=two.command(sid=sid), token=None)
    assert status in (401, 403) and b"session" in body, (status, body)


def test_outcome_forged(t):
    """Nobody but the agent's own key may say how its command ended."""
    a = t.approver()
    one, two = jose.Token(a.agent("one")), jose.Token(a.agent("two"))
    jws = one.command("echo x")
    assert a.api("POST", "/v1/commands", body=jws, token=None)[0] == 200
    jti = jose.claims(jws)["jti"]
    now = int(time.time())

    def outcome(token, **changes):
        claims = {"jti": jose.uuid7(), "iat": now, "aud": token.data["aud"], "sub": token.data["sub"], "command": jti,
                  "command_s256": jose.s256(jws), "outcome": "exited", "exit": 0, "started": now * 1000,
                  "ended": now * 1000, **changes}
        return a.api("POST", "/v1/commands/%s/outcome" % jti, body=token.sign("whosh-outcome+jwt", claims), token=None)[0]
    assert outcome(two) >= 400
    assert outcome(two, sub="one") >= 400
    assert outcome(one, command=jose.uuid7()) >= 400
    assert outcome(one, command_s256=jose.s256("x")) >= 400
    assert a.who()[0]["ended"] is None
    assert outcome(one) == 204 and outcome(one) == 204
    assert a.who()[0]["exit"] == 0
