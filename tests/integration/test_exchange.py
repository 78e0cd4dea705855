"""CI jobs exchange their identity tokens for short-lived credentials: what is taken, and all that is not."""
import base64
import datetime
import json
import os
import signal
import sqlite3
import threading
import time

from lib import auditlog, chains, jose
from lib.bare import ask, audit, cpu_ms, enrol, in_thread, post, post_named
from lib.oidc import SUBJECT, WORKFLOW, Issuer, Key, compact, configure, exchange, exchanged, hs256


def world(t, url=False, rules=None, agent=True, **changes):
    """An issuer and an approver that takes its tokens for the agent `ci`."""
    i = Issuer(t, listen=url)
    a = t.approver(start=False)
    configure(a, i.entry(a, url=url, rules=rules, **changes))
    a.start()
    if agent:
        a.ctl("agent", "add", "ci", "--owner", "alice")
    return i, a


def issued(a, credential):
    rows = [c for c in ask(a, "GET", "/v1/credentials")[1]["credentials"] if c["id"] == credential]
    assert len(rows) == 1, rows
    return rows[0]


def events(a, credential):
    """What the log says of a credential."""
    return auditlog.bodies(a, credential)


def test_a_job_gets_a_credential(t):
    """A CI job could not act at all without a secret that somebody had to keep in the CI system for ever."""
    i, a = world(t)
    key = jose.Token()
    status, row = exchange(a, i.token(), key)
    assert status == 201 and row["agent"] == "ci" and row["source"] == "exchange", row
    assert row["issued_by"] == "oidc:%s %s" % (i.url, SUBJECT) and row["aud"].startswith("whoshd:"), row
    assert issued(a, row["id"])["expires"] == row["expires"]
    expires, at = (datetime.datetime.fromisoformat(row[x].replace("Z", "+00:00")) for x in ("expires", "issued"))
    assert (expires - at).total_seconds() == 3600, row
    key.data = {"aud": row["aud"], "sub": "ci"}
    jws = key.command("ls")
    assert post(a, jws)[0] == 200
    record = audit(a, jws)
    assert record["attributes"]["credential_issued_by"]["value"] == row["issued_by"], record
    assert record["human"] == "alice" and record["credential"] == row["id"], record
    event = events(a, row["id"])[0]
    assert (event["issuer"], event["subject"], event["rule"], event["agent"]) == (i.url, SUBJECT, 1, "ci"), event
    assert event["exchange_s256"] == jose.s256((a.dir / "exchange.json").read_bytes()), event
    assert event["claims"]["job_workflow_ref"] == WORKFLOW and event["source"] == "exchange", event
    assert "whosh_exchanges_total 1\n" in ask(a, "GET", "/metrics", token=None)[1]


def test_each_kind_of_key(t):
    """An issuer with keys of another kind, or of several, could not be used."""
    i = Issuer(t, listen=False)
    i.keys = [Key("r"), Key("e", "EC"), Key("o", "OKP"), Key("r3", bits=3072)]
    a = t.approver(start=False)
    configure(a, i.entry(a, url=False))
    a.start()
    a.ctl("agent", "add", "ci")
    for key in i.keys:
        assert exchange(a, i.token(key))[0] == 201, key.kid
    assert exchange(a, i.token(i.keys[2], header={"alg": "Ed25519"}))[0] == 201
    assert exchange(a, i.token(aud=["other", "whosh"]))[0] == 201
    assert exchange(a, i.token(header={"x5t": "abc"}))[0] == 201
    assert exchange(a, i.token(header={"typ": None}))[0] == 201
    assert exchange(a, i.token(header={"kid": None}))[0] == 401, "which of four keys?"
    # A job that has no jti (GitLab's has one) is still good for one credential only.
    token = i.token(jti=None)
    assert exchange(a, token)[0] == 201 and exchange(a, token)[0] == 401


def test_forged_tokens(t):
    """Anyone could become an agent with a token that its issuer never signed."""
    i, a = world(t)
    good, other, wrong = i.keys[0], Key("other"), Key("rsa-1")
    small = Key("rsa-1", bits=1024)
    edge = Key("rsa-1", "EC")
    claims = i.claims()
    head = {"typ": "JWT", "alg": "RS256", "kid": "rsa-1"}
    signed = i.token().split(".")
    payload = jose.b64(json.dumps(claims).encode())
    none = jose.b64(b'{"alg":"none","kid":"rsa-1"}')
    pad = lambda x: x + "=" * (-len(x) % 4 or 4)
    deep = b'{"iss":"%s","a":%s1%s}' % (i.url.encode(), b"[" * 40, b"]" * 40)
    cases = {
        "unsigned": none + "." + payload + ".",
        "alg none with a signature": none + "." + payload + "." + signed[2],
        "alg None": compact({**head, "alg": "None"}, claims, good.sign),
        "HS256 with the public key": compact({**head, "alg": "HS256"}, claims, hs256(good.pem())),
        "HS256 with the modulus": compact({**head, "alg": "HS256"}, claims, hs256(jose.unb64(good.jwk()["n"]))),
        "RS512": compact({**head, "alg": "RS512"}, claims, good.sign),
        "PS256": compact({**head, "alg": "PS256"}, claims, good.sign),
        "no alg": compact({"kid": "rsa-1"}, claims, good.sign),
        "ES256 for the RSA key": compact({**head, "alg": "ES256"}, claims, edge.sign),
        "EdDSA for the RSA key": compact({**head, "alg": "EdDSA"}, claims, good.sign),
        "an EC key of that name": i.token(edge),
        "a key that is not published": i.token(other),
        "another key of that name": i.token(wrong),
        "a short key of that name": i.token(small),
        "its key in jwk": i.token(wrong, header={"jwk": wrong.jwk()}),
        "jku": i.token(header={"jku": i.url + "/jwks"}),
        "x5u": i.token(header={"x5u": i.url + "/x"}),
        "x5c": i.token(header={"x5c": ["MIIB"]}),
        "crit": i.token(header={"crit": ["exp"]}),
        "b64": i.token(header={"b64": False}),
        "zip": i.token(header={"zip": "DEF"}),
        "another type": i.token(header={"typ": "at+jwt"}),
        "kid is a number": i.token(header={"kid": 1}),
        "kid is a path": i.token(header={"kid": "../../dev/null"}),
        "two algs": compact(b'{"alg":"RS256","kid":"rsa-1","alg":"none"}', claims, good.sign),
        "two subjects": compact(head, json.dumps(claims).encode()[:-1] + b',"sub":"x"}', good.sign),
        "a subject spelt with an escape": compact(head, json.dumps(claims).encode()[:-1] + b',"s\\u0075b":"x"}', good.sign),
        "a NUL": compact(head, json.dumps({**claims, "sub": SUBJECT + "\0"}).encode(), good.sign),
        "not UTF-8": compact(head, b'{"iss":"\xff"}', good.sign),
        "a list": compact(head, b'[]', good.sign),
        "text after": compact(head, json.dumps(claims).encode() + b" {}", good.sign),
        "nested": compact(head, deep, good.sign),
        "padding": ".".join(pad(x) for x in signed),
        "standard base64": ".".join((signed[0], signed[1], base64.b64encode(jose.unb64(signed[2])).decode())),
        "stray bits": signed[0] + "." + signed[1] + "." + signed[2][:-1] + chr(ord(signed[2][-1]) + 1),
        "blank": " " + ".".join(signed),
        "newline": ".".join(signed) + "\n",
        "four parts": ".".join(signed) + ".x",
        "five parts": "a.b.c.d.e",
        "two parts": ".".join(signed[:2]),
        "no parts": "x",
        "dots": "..",
        "another payload": ".".join((signed[0], payload, signed[2])),
        "a cut signature": ".".join(signed)[:-4],
        "zeroes": ".".join(signed[:2]) + "." + jose.b64(bytes(256)),
    }
    for what, token in cases.items():
        status, problem = exchange(a, token)
        assert status in (401, 429), (what, status, problem)
        if status == 401:
            assert problem["type"] == "urn:whosh:problem:identity", (what, problem)
            assert "refused: " in problem["detail"] and SUBJECT not in problem["detail"], (what, problem)
    assert ask(a, "GET", "/v1/credentials")[1]["credentials"] == []
    log = a.log.read_text()
    assert signed[1][:40] not in log and signed[2][:40] not in log and SUBJECT not in log, log
    # The address has failed so often that it is told to go away; what is good is still good.
    status, headers, _ = a.api("POST", "/v1/credentials/exchange", {
        "token": "x", "jwk": {"kty": "OKP", "crv": "Ed25519", "x": jose.b64(jose.Token().public)}}, token=None)
    assert (status, headers["Retry-After"]) == (429, "60"), headers
    assert exchange(a, i.token())[0] == 201


def test_wrong_claims(t):
    """A token that was signed for something else, or for another repository, branch or workflow, or long ago, would do."""
    i, a = world(t)
    now = int(time.time())
    cases = {
        "another audience": i.token(aud="sts.amazonaws.com"),
        "an audience that begins so": i.token(aud="whosh2"),
        "audiences without it": i.token(aud=["a", "b"]),
        "an audience that is no text": i.token(aud=["whosh", 1]),
        "no audience": i.token(aud=None),
        "another issuer": i.token(iss="https://token.example.org"),
        "the issuer with a slash": i.token(iss=i.url + "/"),
        "another branch": i.token(sub="repo:acme/app:ref:refs/heads/feature"),
        "another repository": i.token(sub="repo:acme/app2:ref:refs/heads/main"),
        "a pull request": i.token(sub="repo:acme/app:pull_request"),
        "another case": i.token(sub=SUBJECT.upper()),
        "no subject": i.token(sub=None),
        "a subject that is no text": i.token(sub=[SUBJECT]),
        "another workflow": i.token(job_workflow_ref=WORKFLOW.replace("deploy", "evil")),
        "the workflow on a branch": i.token(job_workflow_ref=WORKFLOW.replace("main", "feature")),
        "no workflow": i.token(job_workflow_ref=None),
        "another owner of that name": i.token(repository_owner_id="124"),
        "an owner that is a number": i.token(repository_owner_id=123),
        "expired": i.token(iat=now - 700, nbf=now - 700, exp=now - 100),
        "not good yet": i.token(nbf=now + 100),
        "dated ahead": i.token(iat=now + 100),
        "too long": i.token(exp=now + 86400 + 100),
        "no end": i.token(exp=None),
        "no beginning": i.token(iat=None),
        "an end before its beginning": i.token(iat=now, exp=now - 1),
        "times that are texts": i.token(exp=str(now + 300)),
        "an end that is no whole number": i.token(exp=now + 300.5),
        "a jti that is no text": i.token(jti=7),
    }
    assert len(cases) < 30  # fewer than would have us told to go away
    for what, token in cases.items():
        status, problem = exchange(a, token)
        assert status == 401 and problem["type"] == "urn:whosh:problem:identity", (what, status, problem)
    assert ask(a, "GET", "/v1/credentials")[1]["credentials"] == []
    assert exchange(a, i.token(iat=now - 100, nbf=None, exp=now - 30))[0] == 201, "two clocks may differ by a minute"


def test_a_branch_that_is_called_like_a_workflow(t):
    """Whoever may push any branch would get what only the workflows on the protected one are to have, by calling it
    x@refs/heads/main."""
    i = Issuer(t, listen=False)
    a = t.approver(start=False)
    file, main = "acme/app/.github/workflows/", "refs/heads/main"
    configure(a, i.entry(a, url=False, rules=[
        i.rule(subject="repo:acme/app:ref:refs/heads/*", claims={"job_workflow_ref": file + "*@" + main}),
        i.rule(subject="project_path:acme/*", claims={"ci_config_ref_uri": "gitlab.com/acme/*@" + main}),
        i.rule(subject="repo:acme/whole:*", claims={"workflow_ref": "acme/whole/*"})]))
    a.start()
    a.ctl("agent", "add", "ci")
    sub, evil = "repo:acme/app:ref:refs/heads/", "x@" + main
    assert exchange(a, i.token(sub=sub + evil, job_workflow_ref=file + "own.yml@refs/heads/" + evil))[0] == 401
    assert exchange(a, i.token(sub=sub + "main", job_workflow_ref=file + "own.yml"))[0] == 401
    assert exchange(a, i.token(sub=sub + "x", job_workflow_ref=file + "a.yml@" + main))[0] == 201
    sub, file = "project_path:acme/app:ref_type:branch:ref:", "gitlab.com/acme/app//.gitlab-ci.yml@"
    assert exchange(a, i.token(sub=sub + evil, ci_config_ref_uri=file + "refs/heads/" + evil))[0] == 401
    assert exchange(a, i.token(sub=sub + "main", ci_config_ref_uri=file + main))[0] == 201
    assert exchange(a, i.token(sub="repo:acme/whole:x", workflow_ref="acme/whole/.github/workflows/a.yml@any"))[0] == 201


def test_malformed_requests(t):
    """A request that is understood by half would enrol something that nobody asked for."""
    i, a = world(t)
    good = {"kty": "OKP", "crv": "Ed25519", "x": jose.b64(jose.Token().public)}
    for what, body, status in (
            ("nothing", b"", 400), ("a list", [], 400), ("no token", {"jwk": good}, 400),
            ("a number", {"token": 1, "jwk": good}, 400), ("no key", {"token": i.token()}, 400),
            ("a private key", {"token": i.token(), "jwk": {**good, "d": good["x"]}}, 400),
            ("a weak key", {"token": i.token(), "jwk": {**good, "x": "A" * 43}}, 400),
            ("an agent that is none", {"token": i.token(), "jwk": good, "agent": "../x"}, 400),
            ("another member", {"token": i.token(), "jwk": good, "expires_s": 999999}, 400),
            ("too large", {"token": "x" * 17000, "jwk": good}, 413)):
        got = a.api("POST", "/v1/credentials/exchange", body, token=None)
        assert got[0] == status, (what, got)
    assert a.api("GET", "/v1/credentials/exchange")[0] in (404, 405)
    assert ask(a, "GET", "/v1/credentials")[1]["credentials"] == []


def test_one_token_one_credential(t):
    """Whoever reads a token in a log, or catches it on its way, could have a credential of his own for it."""
    i, a = world(t)
    key, thief = jose.Token(), jose.Token()
    token = i.token()
    first = exchange(a, token, key)
    assert first[0] == 201
    assert exchange(a, token, key) == first, "a job that did not get the answer must get it again"
    for _ in range(2):
        status, problem = exchange(a, token, thief)
        assert status == 401 and "another key" in problem["detail"], problem
    # The same job's token signed anew is no second token.
    claims = jose.claims(token)
    status, problem = exchange(a, i.token(payload={**claims, "run_attempt": "2"}), thief)
    assert status == 401 and "another key" in problem["detail"], problem
    a.restart()
    assert exchange(a, token, key) == first, "after a restart too"
    assert exchange(a, token, thief)[0] == 401
    told = [e for e in events(a, first[1]["id"]) if "reason" in e]
    assert len(told) == 1 and told[0]["subject"] == SUBJECT and told[0]["agent"] == "ci", told
    # The key of a credential is not enrolled a second time by another token.
    assert exchange(a, i.token(), key)[0] == 409
    # What was revoked does not come back by asking again.
    assert ask(a, "DELETE", "/v1/credentials/" + first[1]["id"])[0] == 204
    assert exchange(a, token, key)[0] == 403
    assert len(ask(a, "GET", "/v1/credentials")[1]["credentials"]) == 1


def test_more_jobs_at_once_than_are_tried(t):
    """A large build would shut out its own first jobs, and the key that an operator gave the agent."""
    i = Issuer(t, listen=False)
    i.keys = [Key("o", "OKP")]
    a = t.approver(start=False)
    configure(a, i.entry(a, url=False))
    a.start()
    first = a.agent("ci")
    keys = [jose.Token(first)]
    chain = chains.start(a, "ci")
    keys[0].data["credential"] = ask(a, "GET", "/v1/credentials")[1]["credentials"][0]["id"]
    for _ in range(300):
        key = jose.Token()
        status, row = exchange(a, i.token(), key)
        assert status == 201, row
        key.data = {"aud": row["aud"], "sub": "ci", "credential": row["id"]}
        keys.append(key)
    for n in (300, 0, 1, 44, 150, 1, 0):
        jws = keys[n].command("ls")
        status, answer = post_named(a, jws, keys[n].data["credential"])
        assert status == 200, (n, answer)
        assert audit(a, jws)["credential"] == keys[n].data["credential"]
    # Our own broker names it.
    assert t.whosh(a, first, "-c", "true").code == 0
    # A hop says itself whose key makes the next one.
    other, jws = enrol(a, "other"), keys[1].command("ls")
    chains.add(a, chain, keys[0], "ci", "other", other)
    # What the header says is believed of nobody.
    for name in (keys[2].data["credential"], other.data["credential"], "x", "", "A" * 5000):
        assert post_named(a, jws, name)[0] == 401, name
    assert post_named(a, other.command("ls", sub="ci"), keys[1].data["credential"])[0] == 401
    assert post_named(a, keys[300].command("ls"), keys[1].data["credential"])[0] == 200


def test_rubbish_for_an_agent_of_many_keys(t):
    """A stranger could keep the approver's processors busy: each line of rubbish would be held against every key of the
    agent that it names."""
    i = Issuer(t, listen=False)
    i.keys = [Key("o", "OKP")]
    a = t.approver(start=False)
    configure(a, i.entry(a, url=False))
    a.start()
    a.ctl("agent", "add", "ci")
    for _ in range(200):
        key = jose.Token()
        assert exchange(a, i.token(), key)[0] == 201
    nobody = jose.Token()
    nobody.data = {"aud": ask(a, "GET", "/healthz", token=None)[1]["name"], "sub": "ci"}
    connection, before = a.connection(), cpu_ms(a.process.pid)
    for _ in range(600):
        assert post(a, nobody.command("ls"), connection=connection)[0] == 401
    assert cpu_ms(a.process.pid) - before < 4000  # all keys each time: 120,000 checks of 62 µs
    key.data = nobody.data
    assert post(a, key.command("ls"))[0] == 200


def test_a_replay_at_the_end_of_a_token(t):
    """A thief who is early enough to be believed and late enough for the first use to be forgotten would have a
    credential of his own."""
    i, a = world(t)
    exp = int(time.time()) - 57  # a minute's tolerance: three seconds are left
    token, free = i.token(iat=exp - 300, nbf=None, exp=exp), threading.Event()
    assert exchange(a, token)[0] == 201

    def hold():  # the writer waits for a new agent, and the thief behind it
        with sqlite3.connect(a.dir / "whosh.db") as held:
            held.execute("BEGIN IMMEDIATE")
            held_now.set()
            free.wait(30)
            held.rollback()
    held_now = threading.Event()
    holder = in_thread(hold)
    held_now.wait(10)
    first = in_thread(lambda: ask(a, "POST", "/v1/agents", {"id": "first", "owner": "alice"}))
    thief = in_thread(lambda: exchange(a, token))
    t.eventually(lambda: time.time() > exp + 60, "the token's end")
    free.set()
    holder.result(30)
    assert first.result(30)[0] == 201
    status, problem = thief.result(30)
    assert status == 401, problem
    assert len(ask(a, "GET", "/v1/credentials")[1]["credentials"]) == 1


def test_whose_token_it_was_cannot_be_claimed(t):
    """A host could pass its own lines off as those of somebody's CI job."""
    i, a = world(t)
    key = jose.Token()
    row = exchange(a, i.token(), key)[1]
    key.data = {"aud": row["aud"], "sub": "ci"}
    for token, told in ((enrol(a, "plain"), None), (key, row["issued_by"])):
        jws = token.command("ls")
        assert post(a, jws)[0] == 200
        attributes = audit(a, jws)["attributes"]
        assert attributes.get("credential_issued_by", {}).get("value") == told, attributes
        said = {**jose.claims(jws)["command"], "credential_issued_by": "oidc:forged"}
        assert post(a, token.command(command=said))[0] == 400
        assert post(a, token.command(credential_issued_by="oidc:forged"))[0] == 400


def test_old_credentials_of_jobs(t):
    """Thousands of jobs a day would fill the approver's memory with credentials that ended long ago; or a key that was
    forgotten so could be enrolled again."""
    i, a = world(t)
    old, new = jose.Token(), jose.Token()
    rows = [exchange(a, i.token(), key)[1] for key in (old, new)]
    kept = enrol(a, "kept")
    a.stop()
    with sqlite3.connect(a.dir / "whosh.db") as db:
        ago = int(time.time() - 31 * 86400) * 1000
        db.execute("UPDATE credentials SET expires=? WHERE id IN (?,?)", (ago, rows[0]["id"], kept.data["credential"]))
    a.start()
    listed = {c["id"] for c in ask(a, "GET", "/v1/credentials")[1]["credentials"]}
    assert listed == {rows[1]["id"], kept.data["credential"]}, listed
    assert exchange(a, i.token(), old)[0] == 409
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": jose.b64(old.public)}
    assert ask(a, "POST", "/v1/credentials", {"agent": "ci", "jwk": jwk})[0] == 409
    assert ask(a, "POST", "/v1/keys", {"jwk": jwk})[0] == 409


def test_ecdsa_signature_in_another_spelling(t):
    """An ECDSA signature can be rewritten by anyone into another that is good; that must not make a second token of one."""
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    i = Issuer(t, listen=False)
    i.keys = [Key("e", "EC")]
    a = t.approver(start=False)
    configure(a, i.entry(a, url=False))
    a.start()
    a.ctl("agent", "add", "ci")
    token = i.token(jti=None)
    signed, _, signature = token.rpartition(".")
    raw = jose.unb64(signature)
    other = raw[:32] + (order - int.from_bytes(raw[32:], "big")).to_bytes(32, "big")
    key = jose.Token()
    first = exchange(a, token, key)
    assert first[0] == 201
    again = signed + "." + jose.b64(other)
    assert exchange(a, again, key) == first, "it is the same token, and was good"
    assert exchange(a, again)[0] == 401


def test_a_token_posted_many_times_at_once(t):
    """Racing requests with one token would make several credentials."""
    i, a = world(t)
    token = i.token()
    futures = [in_thread(lambda: exchange(a, token)) for _ in range(12)]
    statuses = sorted(f.result()[0] for f in futures)
    assert statuses == [201] + [401] * 11, statuses
    jobs = [in_thread(lambda: exchange(a, i.token())) for _ in range(8)]
    assert {f.result()[0] for f in jobs} == {201}, "jobs that run at once"
    assert len(ask(a, "GET", "/v1/credentials")[1]["credentials"]) == 9


def test_agents(t):
    """A rule for an agent that is gone would bring it back; a job could choose an agent that it has no rule for."""
    i = Issuer(t, listen=False)
    a = t.approver(start=False)
    configure(a, i.entry(a, url=False, rules=[i.rule(), i.rule(agent="deploy", subject="repo:acme/*", expires="5m")]))
    a.start()
    status, problem = exchange(a, i.token())
    assert status == 401 and "not enrolled" in problem["detail"], problem
    a.ctl("agent", "add", "ci")
    a.ctl("agent", "add", "deploy")
    assert exchange(a, i.token())[1]["agent"] == "ci", "the first rule that matches"
    assert exchange(a, i.token(), agent="deploy")[1]["agent"] == "deploy"
    assert exchange(a, i.token(sub="repo:acme/app:ref:x"))[1]["agent"] == "deploy"
    assert exchange(a, i.token(), agent="other")[0] == 401
    token, key = i.token(), jose.Token()
    assert exchange(a, token, key, agent="ci")[0] == 201
    assert exchange(a, token, key, agent="deploy")[0] == 401
    a.ctl("agent", "disable", "ci")
    assert exchange(a, i.token())[0] == 403
    assert exchange(a, token, key)[0] == 403


def test_not_configured(t):
    """An approver that nobody told to trust an issuer would trust one."""
    a = t.approver()
    i = Issuer(t, listen=False)
    status, problem = exchange(a, i.token())
    assert status == 404 and "not configured" in problem["detail"], problem


def reload(t, a, said):
    offset = a.log.stat().st_size
    a.process.send_signal(signal.SIGHUP)
    t.eventually(lambda: said in a.log.read_text()[offset:], said)


def test_configuration_is_strict(t):
    """A slip of the pen in exchange.json would let in more than was meant, or would go unnoticed."""
    i = Issuer(t, listen=False)
    a = t.approver(start=False)
    file = a.dir / "exchange.json"
    e = i.entry(a, url=False)

    def rules(**changes):
        return {**e, "rules": [i.rule(**changes)]}

    wide = "*"
    cases = [
        ("not JSON", "{"), ("a list", "[]"), ("no version", {"issuers": [e]}), ("version 2", {"version": 2, "issuers": [e]}),
        ("no issuers", {"version": 1, "issuers": []}), ("unknown", {"version": 1, "issuers": [e], "x": 1}),
        ("an issuer twice", {"version": 1, "issuers": [e, e]}),
        *((what, {"version": 1, "issuers": [entry]}) for what, entry in (
            ("http", {**e, "issuer": "http://127.0.0.1"}), ("no audience", {k: v for k, v in e.items() if k != "audience"}),
            ("unknown member", {**e, "jwks": {}}), ("no keys", {k: v for k, v in e.items() if k != "jwks_file"}),
            ("both", {**e, "jwks_url": i.url, "ca": "ca.pem"}), ("no CA", {**i.entry(a), "ca": None}),
            ("a CA that is not there", {**i.entry(a), "ca": "gone.pem"}),
            ("a CA that is none", {**i.entry(a), "ca": "policy.json"}),
            ("keys over http", {**i.entry(a), "jwks_url": "http://127.0.0.1/"}),
            ("keys with a user", {**i.entry(a), "jwks_url": "https://u@127.0.0.1/"}),
            ("a key file that is not there", {**e, "jwks_file": "gone"}),
            ("a key file that is none", {**e, "jwks_file": "policy.json"}),
            ("no rules", {**e, "rules": []}), ("a rule with more", rules(x=1)), ("no agent", rules(agent=None)),
            ("every subject", rules(subject=wide)), ("every repository", rules(subject="repo:*")),
            ("a beginning of an owner", rules(subject="repo:acme*")), ("any owner's app", rules(subject="repo:*/app:*")),
            ("any owner of a set", rules(subject="repo:[a-z]cme/app:*")), ("no subject", rules(subject=None)),
            ("no workflow", rules(claims={"repository_owner_id": "123"})), ("no claims", rules(claims=None)),
            ("every workflow", rules(claims={"job_workflow_ref": wide})),
            ("a workflow of anyone", rules(claims={"workflow_ref": "acme*"})),
            ("a project without its branch", rules(claims={"project_path": "acme/app"})),
            ("a project with every branch", rules(claims={"project_path": "acme/app", "ref": wide})),
            ("a branch or a tag of that name", rules(claims={"project_path": "acme/app", "ref": "main"})),
            ("any type of ref", rules(claims={"project_path": "acme/app", "ref": "main"},
                                      subject="project_path:acme/app:ref_type:*")),
            ("every project of a GitLab", rules(claims={"ci_config_ref_uri": "gitlab.example.org/*"})),
            ("a claim that is a number", rules(claims={"job_workflow_ref": WORKFLOW, "x": 1})),
            ("too long", rules(expires="13h")), ("no time", rules(expires="0")), ("a number", rules(expires=60)))),
    ]
    for what, value in cases:
        if isinstance(value, dict):
            value = json.dumps({k: ([{n: m for n, m in x.items() if m is not None} for x in v] if k == "issuers" else v)
                                for k, v in value.items()})
        file.write_text(value)
        r = t.run([t.program("whoshd"), "serve", "--dir", a.dir, "--listen", "127.0.0.1:0"], timeout=20)
        assert r.code == 78 and "exchange.json refused" in r.errors, (what, r)
    configure(a, e)
    os.chmod(file, 0o666)
    r = t.run([t.program("whoshd"), "serve", "--dir", a.dir, "--listen", "127.0.0.1:0"], timeout=20)
    assert r.code == 78 and "others may write" in r.errors, r
    os.chmod(file, 0o600)
    for good in (dict(claims={"ci_config_ref_uri": "gitlab.com/acme/app//.gitlab-ci.yml@refs/heads/main"}),
                 dict(claims={"project_path": "acme/app", "ref": "main"}, subject="project_path:acme/app:ref_type:tag:*"),
                 dict(claims={"project_path": "acme/app", "ref": "v*", "ref_type": "tag"}),
                 dict(claims={"workflow_ref": "acme/app/.github/workflows/*@refs/heads/main"}), dict(expires="12h")):
        configure(a, {**e, "rules": [i.rule(**good)]})
        a.start()
        a.stop()


def test_changed_while_serving(t):
    """A rule that is taken out, or a mistake in a new one, must not need a restart, and must not shut out all jobs."""
    i, a = world(t)
    e = i.entry(a, url=False)
    assert exchange(a, i.token())[0] == 201
    (a.dir / "exchange.json").write_text("{")
    reload(t, a, "the issuers in force stay")
    assert exchange(a, i.token())[0] == 201
    configure(a, {**e, "audience": "other"})
    reload(t, a, "identity tokens are exchanged")
    assert exchange(a, i.token())[0] == 401 and exchange(a, i.token(aud="other"))[0] == 201
    (a.dir / "exchange.json").unlink()
    reload(t, a, "no longer exchanged")
    assert exchange(a, i.token(aud="other"))[0] == 404


def test_keys_roll_over(t):
    """When an issuer changes its keys (GitHub does without notice) no job could get a credential until a restart."""
    i, a = world(t, url=True)
    assert exchanged(t, a, i.token())[0] == 201
    fetches = i.fetches
    new = Key("rsa-2", "EC")
    i.keys.append(new)
    status, problem = exchange(a, i.token(new))
    assert status == 503 and "fetched" in problem["detail"], problem
    assert exchanged(t, a, i.token(new))[0] == 201 and exchange(a, i.token())[0] == 201
    assert i.fetches == fetches + 1, "one fetch"
    # Names of keys can be made up: no more than one fetch a minute for them.
    for n in range(5):
        assert exchange(a, i.token(header={"kid": "made-up-%d" % n}))[0] == 401
    assert i.fetches == fetches + 1
    i.keys = [new]
    assert exchange(a, i.token(Key("rsa-1")))[0] == 401
    # A changed configuration does not lose the keys that are here.
    i.answer = (500, b"")
    configure(a, i.entry(a, rules=[i.rule(expires="2h")]))
    reload(t, a, "identity tokens are exchanged")
    t.eventually(lambda: "cannot be fetched" in a.log.read_text(), "the failure in the log")
    assert exchange(a, i.token(new))[0] == 201


def test_the_issuer_is_down_at_the_start(t):
    """An approver that starts while the issuer is away would not serve, or not take tokens when it is back."""
    i = Issuer(t, listen=False)
    a = t.approver(start=False, env={"HTTPS_PROXY": "http://127.0.0.1:1", "https_proxy": "http://127.0.0.1:1"})
    configure(a, i.entry(a))
    a.start()
    a.ctl("agent", "add", "ci")
    status, headers, data = a.api("POST", "/v1/credentials/exchange", {
        "token": i.token(), "jwk": {"kty": "OKP", "crv": "Ed25519", "x": jose.b64(jose.Token().public)}}, token=None)
    assert status == 503 and headers["Retry-After"] == "1" and b"could not be fetched" in data, data
    t.eventually(lambda: "cannot be fetched" in a.log.read_text(), "the failure in the log")
    i.listen()
    assert exchanged(t, a, i.token())[0] == 201
    assert a.log.read_text().count("cannot be fetched") == 1, "said once"
    assert "fetched again" in a.log.read_text()
    assert 'whosh_key_fetches_total{result="failed"}' in ask(a, "GET", "/metrics", token=None)[1]


def test_a_slow_issuer_holds_up_nobody(t):
    """An issuer that does not answer would hold up every shell of the house, or the end of the approver."""
    import threading
    i = Issuer(t)
    i.gate = threading.Event()
    t.cleanups.append(i.gate.set)
    a = t.approver(start=False)
    configure(a, i.entry(a))
    a.start()
    a.ctl("agent", "add", "ci")
    t.eventually(lambda: i.fetches, "the fetch begun")
    began = time.monotonic()
    assert exchange(a, i.token())[0] == 503
    assert ask(a, "GET", "/healthz", token=None)[0] == 200
    assert time.monotonic() - began < 5
    assert a.stop(timeout=8) == 0


def test_whom_the_fetch_believes(t):
    """Someone between the approver and the issuer could hand it keys of his own, and be any agent."""
    for what in ("another CA", "another host", "a redirect", "no keys", "too large", "not JSON", "weak keys", "status"):
        i = Issuer(t, what.replace(" ", "-"))
        a = t.approver(name="approver-" + i.dir.name, start=False)
        entry = i.entry(a)
        if what == "another CA":
            (a.dir / entry["ca"]).write_bytes((a.dir / "ca.pem").read_bytes())
        if what == "another host":
            entry["jwks_url"] = entry["jwks_url"].replace("127.0.0.1", "localhost")
        if what == "a redirect":
            entry["jwks_url"] = i.url + "/elsewhere"
        i.answer = {"no keys": (200, b'{"keys":[]}'), "too large": (200, b'{"keys":[' + b" " * 300000 + b"]}"),
                    "not JSON": (200, b"<html>"), "status": (404, i.jwks()),
                    "weak keys": (200, json.dumps({"keys": [Key("rsa-1", bits=1024).jwk(), i.keys[0].jwk(use="enc"),
                                                            i.keys[0].jwk(alg="RS512"), i.keys[0].jwk(n="AQAB"),
                                                            Key("e", "EC").jwk(y=jose.b64(bytes(32)))]}).encode())}.get(what)
        configure(a, entry)
        a.start()
        t.eventually(lambda: "cannot be fetched" in a.log.read_text(), "the failure, " + what)
        assert exchange(a, i.token())[0] == 503, what
        a.stop()


def test_the_credential_works_and_ends(t):
    """The whole way: a job runs its line as the agent, everyone can see whose token it was, and after its time it is over."""
    i, a = world(t, url=True, rules=None)
    out = t.tmp / "job.token"
    env = {"PATH": "/usr/bin:/bin", "HOME": str(t.tmp), "WHOSH_CONFIG": str(a.conf)}
    t.eventually(lambda: i.fetches, "the keys")
    r = t.run([t.program("whoctl"), "credential", "exchange", "--out", out], env={**env, "WHOSH_ID_TOKEN": i.token()})
    assert r.code == 0 and "issued" in r.text and "ci" in r.text, r
    assert out.stat().st_mode & 0o777 == 0o400
    ran = t.whosh(a, out, "-c", "echo ran")
    assert (ran.code, ran.out) == (0, b"ran\n"), ran
    row = a.who()[0]
    by = row["attributes"]["credential_issued_by"]
    assert (row["agent"], row["human"]) == ("ci", "alice"), row
    assert by == {"value": "oidc:%s %s" % (i.url, SUBJECT), "grade": "proven", "source": "exchange of an identity token"}, by
    assert SUBJECT in a.ctl("show", row["id"]).text
    assert SUBJECT in a.ctl("credential", "list").text
    configure(a, i.entry(a, rules=[i.rule(expires="1s")]))
    reload(t, a, "identity tokens are exchanged")
    short = t.tmp / "short.token"
    r = t.run([t.program("whoctl"), "credential", "exchange", "--out", short], env={**env, "WHOSH_ID_TOKEN": i.token()})
    assert r.code == 0, r

    def over():
        r = t.whosh(a, short, "-c", "echo ran")
        return r if r.code == 77 else None
    assert t.eventually(over, "the credential to expire").out == b""


def test_whoctl_takes_the_token_from(t):
    """A job on GitHub or GitLab must find its token without anyone copying it, and it must not be seen on the way."""
    i, a = world(t, url=True)
    t.eventually(lambda: i.fetches, "the keys")
    base = {"PATH": "/usr/bin:/bin", "HOME": str(t.tmp)}
    found = ["--url", "https://127.0.0.1:%d" % a.port, "--ca", a.dir / "ca.pem"]
    runner = {"ACTIONS_ID_TOKEN_REQUEST_URL": i.url + "/token?api-version=2.0",
              "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "request-token-of-the-runner", "https_proxy": "http://127.0.0.1:1"}
    file = t.tmp / "id.token"

    def run(name, *args, env=None, stdin=b"", code=0):
        r = t.run([t.program("whoctl"), "credential", "exchange", "--out", t.tmp / name, *args],
                  env={**base, **(env or {})}, stdin=stdin)
        assert r.code == code, r
        for text in (r.text, r.errors):
            assert "eyJ" not in text and "request-token" not in text, r
        assert (t.tmp / name).exists() == (code == 0)
        return r
    file.write_text(i.token() + "\n")
    run("1", *found, "--id-token", file)
    run("2", *found, "--id-token", "-", stdin=i.token())
    run("3", *found, env={"WHOSH_ID_TOKEN": i.token()})
    run("4", env={"WHOSH_ID_TOKEN": i.token(), "WHOCTL_URL": found[1], "WHOCTL_CA": str(found[3])})
    r = run("5", *found, "--id-token-ca", i.ca, "--json", "--agent", "ci", env=runner)
    assert i.given == ["whosh"] and json.loads(r.out)["token_file"] == str(t.tmp / "5"), (i.given, r)
    run("6", *found, "--id-token-ca", i.ca, "--audience", "other place", env=runner, code=77)
    assert i.given == ["whosh", "other place"], i.given
    # Refused, each with its reason and nothing left behind.
    run("7", *found, env=runner, code=69)  # the system does not know this CA
    run("8", *found, "--id-token-ca", i.ca, env={**runner, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "wrong"}, code=69)
    run("9", *found, "--id-token-ca", i.ca, env={**runner, "ACTIONS_ID_TOKEN_REQUEST_URL": "http://127.0.0.1:1/"}, code=2)
    assert "id-token" in run("10", *found, code=2).errors
    assert "which approver" in run("11", env={"WHOSH_ID_TOKEN": i.token()}, code=2).errors
    run("12", *found, "--id-token", t.tmp / "gone", code=1)
    run("13", *found, env={"WHOSH_ID_TOKEN": "not a token"}, code=77)
    run("14", *found, env={"WHOSH_ID_TOKEN": "x" * 20000}, code=77)
    run("15", *found, env={"WHOSH_ID_TOKEN": i.token(aud="x")}, code=77)
    assert not list(t.tmp.glob(".whoctl-*"))


def test_whoctl_waits_for_the_keys(t):
    """A job that comes first after a change of keys would fail, though a second later all is well."""
    i, a = world(t, url=True)
    assert exchanged(t, a, i.token())[0] == 201
    new = Key("rsa-2")
    i.keys = [new]
    r = t.run([t.program("whoctl"), "credential", "exchange", "--out", t.tmp / "x"],
              env={"PATH": "/usr/bin:/bin", "WHOSH_CONFIG": str(a.conf), "WHOSH_ID_TOKEN": i.token(new)})
    assert r.code == 0, r
