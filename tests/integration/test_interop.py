"""What we sign, verified by another implementation of JOSE, and what that one signs, believed by us."""
import hashlib
import json

from lib import bare, chains, interop, jose

COMMAND, PERMIT, OUTCOME, HOP = "whosh-command+jwt", "whosh-permit+jwt", "whosh-outcome+jwt", "whosh-hop+jwt"


def test_others_verify_what_we_sign(t):
    """An auditor can check the evidence with our own programs only, and has to take our word for it."""
    a = t.approver()
    token = a.agent("worker")
    r = t.whosh(a, token, "-c", "exit 3 # é", env={"WHOSH_MODEL": "p/m@1", "WHOSH_TASK": "tidy \U0001f9f9"})
    assert r.code == 3, r
    row = a.who()[0]

    def ended():
        record = json.loads(a.api("GET", "/v1/audit/" + row["id"])[2])
        return record if record["outcome_jws"] else None
    record = t.eventually(ended, "the outcome")
    agent = interop.public(json.loads(token.read_text())["jwk"]["x"])
    approver = interop.public((a.dir / "approver.pub").read_text().strip())
    head, payload, signature = record["command_jws"].split(".")
    altered = jose.b64(jose.unb64(payload).replace(b"exit 3", b"exit 4"))
    command, permit, outcome, *wrong, credential = interop.run(t, [
        interop.verify(COMMAND, agent, record["command_jws"]),
        interop.verify(PERMIT, approver, record["permit_jws"]),
        interop.verify(OUTCOME, agent, record["outcome_jws"]),
        interop.verify(COMMAND, approver, record["command_jws"]),
        interop.verify(PERMIT, agent, record["permit_jws"]),
        interop.verify(OUTCOME, agent, record["command_jws"]),
        interop.verify(COMMAND, agent, "%s.%s.%s" % (head, altered, signature)),
        interop.thumbprint(agent)])
    assert command["claims"]["command"]["line"] == "exit 3 # é" and command["claims"]["jti"] == row["id"], command
    assert (command["claims"]["model"], command["claims"]["task"]) == ("p/m@1", "tidy \U0001f9f9"), command
    assert permit["claims"]["verdict"] == "approved" and permit["claims"]["id"] == row["id"], permit
    bound = jose.b64(hashlib.sha256(record["command_jws"].encode()).digest())
    assert permit["claims"]["command_s256"] == outcome["claims"]["command_s256"] == bound, (permit, outcome)
    assert outcome["claims"]["exit"] == 3 and outcome["claims"]["command"] == row["id"], outcome
    assert all("error" in x for x in wrong) and len(wrong) == 4, wrong
    assert credential["thumbprint"] == row["credential"], credential


def test_we_believe_what_others_sign(t):
    """An agent platform that speaks the protocol with a JOSE library of its own is turned away."""
    a = t.approver()
    path = a.agent("worker")
    token = jose.Token(path)
    commands = [jose.claims(token.command("true %d" % k)) for k in range(3)]
    key = token.data["jwk"]
    signed = interop.run(t, [
        interop.sign(COMMAND, key, commands[0]),
        interop.sign(COMMAND, key, commands[1], header={"typ": COMMAND, "alg": "Ed25519"}),
        interop.sign(COMMAND, key, commands[2], header={"alg": "Ed25519", "typ": COMMAND, "kid": "x"})])
    jws = [x["jws"] for x in signed]
    permits = []
    for one in jws[:2]:
        status, permit = bare.post(a, one)
        assert status == 200, permit
        permits.append(permit)
    assert bare.post(a, jws[2])[0] == 400, "headers are compared, not parsed"
    approver = interop.public((a.dir / "approver.pub").read_text().strip())
    end = {"jti": jose.uuid7(), "iat": commands[0]["iat"], "aud": token.data["aud"], "sub": "worker",
           "command": commands[0]["jti"], "command_s256": jose.s256(jws[0]), "outcome": "exited", "exit": 7}
    first, second, outcome = interop.run(t, [interop.verify(PERMIT, approver, permits[0]),
                                             interop.verify(PERMIT, approver, permits[1]),
                                             interop.sign(OUTCOME, key, end)])
    assert [x["claims"]["command_s256"] for x in (first, second)] == [jose.s256(x) for x in jws[:2]]
    status, answer = bare.ask(a, "POST", "/v1/commands/%s/outcome" % end["command"], outcome["jws"], token=None)
    assert status == 204, answer
    assert [(x["line"], x["exit"]) for x in a.who()] == [("true 1", None), ("true 0", 7)], a.who()


def test_chains_between_implementations(t):
    """A chain could be made and read by our own programs only, and nobody else could say who authorised a command."""
    a = t.approver()
    boss, worker = jose.Token(a.agent("boss")), jose.Token(a.agent("worker"))
    first = chains.start(a, "boss", "release 4.2", scope={"hosts": ["h*"]})
    claims = chains.claims(a, "boss", "worker", worker, first, task="migrate \u00e9")
    made, wrong = interop.run(t, [
        interop.sign(HOP, boss.data["jwk"], claims),
        interop.sign(HOP, boss.data["jwk"], {**claims, "jti": jose.uuid7()}, header={"alg": "Ed25519", "typ": HOP, "kid": "x"})])
    assert chains.log(a, wrong["jws"])[0] == 400, "headers are compared, not parsed"
    status, answer = chains.log(a, made["jws"])
    assert status == 201, answer
    chain = first + "~" + made["jws"]
    status, permit = bare.post(a, worker.command(chain=chain))
    assert status == 200, permit
    approver = interop.public((a.dir / "approver.pub").read_text().strip())
    hop0, hop1, permitted, thumb = interop.run(t, [
        interop.verify(HOP, approver, chain.split("~")[0]),
        interop.verify(HOP, interop.public(boss.data["jwk"]["x"]), chain.split("~")[1]),
        interop.verify(PERMIT, approver, permit), interop.thumbprint(hop_key(first))])
    assert hop0["claims"]["sub"] == "admin" and hop0["claims"]["act"] == {"sub": "boss"}, hop0
    assert hop0["claims"]["scope"] == {"hosts": ["h*"]} and hop0["claims"]["depth"] == 0, hop0
    assert hop1["claims"] == claims and permitted["claims"]["verdict"] == "approved", (hop1, permitted)
    credentials = {c["agent"]: c["id"] for c in a.json("credential", "list")}
    assert thumb["thumbprint"] == credentials["boss"], "cnf names the delegate's enrolled key"


def hop_key(hop):
    return jose.claims(hop)["cnf"]["jwk"]
