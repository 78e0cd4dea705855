"""Principal chains of every hostile kind: each is refused with 77 and a reason that a person understands, nothing runs, and
nothing of it is recorded as a command."""
import json
import time

from lib import auditlog, chains, jose
from lib.bare import ask, enrol, operator
from lib.fixture import APPROVE_ALL

# Keys of small order and spellings that are not canonical, all taken by one library or another (RFC 8032 section 5.1.3;
# the eight points of small order, and y >= p).
BAD_POINTS = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"]


class World:
    """Three enrolled agents with token files for real shells, an outsider's key, another approver, and a good chain."""

    def __init__(self, t):
        self.t = t
        self.a, self.other = t.approver(policy=APPROVE_ALL), t.approver(policy=APPROVE_ALL, name="other")
        self.files = {name: self.a.agent(name) for name in ("boss", "lead", "worker")}
        self.boss, self.lead, self.worker = (jose.Token(self.files[n]) for n in ("boss", "lead", "worker"))
        self.outsider = jose.Token()
        self.first = chains.start(self.a, "boss", scope={"hosts": ["*"], "commands": [["touch", "**"], [":", "**"]]})
        self.second = chains.add(self.a, self.first, self.boss, "boss", "lead", self.lead)
        self.good = chains.add(self.a, self.second, self.lead, "lead", "worker", self.worker)

    def last(self, signer=None, header=None, typ="whosh-hop+jwt", to_key=None, **changes):
        """The good chain but for its last hop."""
        claims = chains.claims(self.a, "lead", "worker", to_key or self.worker, self.second, **changes)
        return self.second + "~" + (signer or self.lead).sign(typ, claims, header)

    def raw(self, payload):
        return self.second + "~" + self.lead.sign("whosh-hop+jwt", payload)

    def text(self, **changes):
        return json.dumps(chains.claims(self.a, "lead", "worker", self.worker, self.second, **changes),
                          separators=(",", ":"))


def flip(text, at):
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1:]


def spellings(w):
    """Form, encoding, header."""
    hop0, hop1, hop2 = w.good.split("~")
    head, payload, signature = hop2.split(".")
    alg = '{"alg":"%s","typ":"whosh-hop+jwt"%s}'
    yield "one bit of the signature", "~".join((hop0, hop1, flip(hop2, -10)))
    yield "one bit of the payload", "~".join((hop0, hop1, head + "." + flip(payload, 40) + "." + signature))
    yield "one bit of an ancestor", "~".join((flip(hop0, 200), hop1, hop2))
    yield "no signature", "~".join((hop0, hop1, head + "." + payload + "."))
    yield "two parts", "~".join((hop0, hop1, head + "." + payload))
    yield "four parts", w.good + "." + signature
    yield "padding", w.good + "="
    yield "a second spelling of the signature", w.good[:-1] + chr(ord(w.good[-1]) + 1)
    yield "a tilde at the end", w.good + "~"
    yield "a tilde at the beginning", "~" + w.good
    yield "an empty hop", "~".join((hop0, "", hop1, hop2))
    yield "only a tilde", "~"
    yield "not base64url", w.good.replace("-", "+")[:-1] + "/"
    yield "white space", hop0 + " ~" + hop1 + "~" + hop2
    yield "alg none", w.last(header=alg % ("none", "")).rpartition(".")[0] + "."
    yield "alg none with a signature", w.last(header=alg % ("none", ""))
    yield "alg HS256", w.last(header=alg % ("HS256", ""))
    yield "alg EdDSA", w.last(header=alg % ("EdDSA", ""))
    yield "a kid", w.last(header=alg % ("Ed25519", ',"kid":"' + w.lead.data["jwk"]["x"] + '"'))
    yield "a kid that is a path", w.last(header=alg % ("Ed25519", ',"kid":"../../../../dev/null"'))
    yield "a jku", w.last(w.outsider, alg % ("Ed25519", ',"jku":"https://127.0.0.1:1/keys"'))
    yield "a jwk in the header", w.last(w.outsider, alg % ("Ed25519", ',"jwk":' + json.dumps(chains.jwk(w.outsider))))
    yield "crit", w.last(header=alg % ("Ed25519", ',"crit":["exp"]'))
    yield "b64 false", w.last(header=alg % ("Ed25519", ',"b64":false'))
    yield "a blank in the header", w.last(header='{"alg": "Ed25519","typ":"whosh-hop+jwt"}')
    yield "alg twice", w.last(header='{"alg":"none","alg":"Ed25519","typ":"whosh-hop+jwt"}')
    yield "no typ", w.last(header='{"alg":"Ed25519"}')
    for typ in ("whosh-command+jwt", "whosh-permit+jwt", "whosh-outcome+jwt", "whosh-delegate+jwt", "JWT"):
        yield "type confusion: " + typ, w.last(typ=typ)


def members(w):
    """Claims: strict JSON, known members, their forms."""
    good = w.text()
    yield "a duplicate member", w.raw(good[:-1] + ',"exp":9999999999}')
    yield "an escaped duplicate", w.raw(good[:-1] + ',"e\\u0078p":9999999999}')
    yield "a duplicate in act", w.raw(good.replace('"act":{"sub":"worker"}', '"act":{"sub":"boss","sub":"worker"}'))
    yield "an unknown member", w.last(role="admin")
    yield "an unknown member in act", w.last(act={"sub": "worker", "role": "admin"})
    yield "nested too deeply", w.raw(good[:-1] + ',"scope":' + "[" * 40 + "]" * 40 + "}")
    yield "an array", w.raw("[" + good + "]")
    yield "text after it", w.raw(good + "x")
    yield "a NUL", w.raw(good.replace("do it", "do\\u0000it"))
    yield "not UTF-8", w.raw(good.encode().replace(b"do it", b"do\xffit"))
    yield "empty", w.raw("")
    for name in ("jti", "iss", "sub", "aud", "iat", "exp", "act", "cnf", "task", "depth", "par_hash"):
        yield "no " + name, w.last(**{name: None})
    yield "exp as text", w.last(exp="9999999999")
    yield "exp with a fraction", w.last(exp=time.time() + 60.5)
    yield "exp beyond numbers", w.raw(good.replace('"exp":', '"exp":1e99,"x":', 1))
    yield "a jti that is no UUID", w.last(jti="1")
    yield "an empty task", w.last(task="")
    yield "a task of 5,000 bytes", w.last(task="x" * 5000)
    yield "depth as text", w.last(depth="2")
    yield "a negative depth", w.last(depth=-1)
    yield "aud as a list", w.last(aud=[chains.aud(w.a)])
    yield "another kind of key", w.last(cnf={"jwk": {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}})
    yield "a key with its private part", w.last(cnf={"jwk": w.worker.data["jwk"]})
    for point in BAD_POINTS:
        yield "the key " + point[:8], w.last(cnf={"jwk": {"kty": "OKP", "crv": "Ed25519",
                                                         "x": jose.b64(bytes.fromhex(point))}})


def authority(w):
    """Who, for whom, how far, until when."""
    hop0, hop1, hop2 = w.good.split("~")
    now = int(time.time())
    other = chains.start(w.a, "boss", task="another errand")
    elsewhere = operator(w.other, "bob")
    for name, token in (("boss", w.boss), ("lead", w.lead), ("worker", w.worker)):
        ask(w.other, "POST", "/v1/agents", {"id": name, "owner": "alice"})
        ask(w.other, "POST", "/v1/credentials", {"agent": name, "jwk": chains.jwk(token)})
    foreign = chains.start(w.other, "boss", operator=elsewhere)
    yield "the first hop left out", "~".join((hop1, hop2))
    yield "the middle left out", "~".join((hop0, hop2))
    yield "two hops swapped", "~".join((hop0, hop2, hop1))
    yield "a hop twice", "~".join((hop0, hop1, hop1, hop2))
    yield "the whole chain twice", w.good + "~" + w.good
    yield "spliced onto another beginning", "~".join((other, hop1, hop2))
    yield "another approver's", foreign
    yield "another approver's beginning", "~".join((foreign, hop1, hop2))
    yield "signed by an outsider", w.last(w.outsider)
    yield "signed by the delegate itself", w.last(w.worker)
    yield "signed by the boss in the lead's place", w.last(w.boss)
    yield "re-signed by an outsider", "~".join((w.outsider.sign("whosh-hop+jwt", jose.claims(hop0)), hop1, hop2))
    yield "an outsider's beginning", w.outsider.sign("whosh-hop+jwt", chains.claims(w.a, "admin", "worker", w.worker))
    yield "an agent's beginning", w.worker.sign("whosh-hop+jwt", chains.claims(w.a, "worker", "worker", w.worker, human="alice"))
    yield "an agent as the approver", w.worker.sign("whosh-hop+jwt", chains.claims(w.a, chains.aud(w.a), "worker", w.worker))
    yield "never logged", w.last()
    yield "issued in another's name", w.last(iss="boss")
    yield "for another person", w.last(sub="root")
    yield "for another approver", w.last(aud="whoshd:AAAAAAAAAAAAAAAA")
    yield "to the lead itself", w.last(act={"sub": "lead"}, to_key=w.lead)
    yield "to the boss again", w.last(act={"sub": "boss"}, to_key=w.boss)
    yield "to an agent that is not enrolled", w.last(act={"sub": "ghost"})
    yield "with a key of nobody", w.last(to_key=w.outsider)
    yield "with another agent's key", w.last(to_key=w.boss)
    yield "outliving its parent", w.last(exp=jose.claims(hop1)["exp"] + 1)
    yield "expired", w.last(exp=now - 1, iat=now - 30)
    yield "from the future", w.last(iat=now + 90, exp=now + 95)
    yield "older than its parent", w.last(iat=now - 4000)
    yield "exp before iat", w.last(iat=now, exp=now)
    yield "another depth", w.last(depth=1)
    yield "a deeper depth", w.last(depth=3)
    yield "the parent's hash of another", w.last(par_hash=chains.parent_hash(other))
    yield "the parent's hash of the whole JWS", w.last(par_hash=jose.s256(hop1))
    yield "more depth than allowed", w.last(max_depth=8)
    yield "wider commands", w.last(scope={"commands": [["**"]]})
    yield "an empty scope", w.last(scope={})
    yield "an empty list in the scope", w.last(scope={"hosts": []})
    yield "an unknown limit", w.last(scope={"users": ["root"]})
    yield "a scope that is text", w.last(scope="*")
    yield "ending at another agent", w.second


def all_kinds(w):
    yield from spellings(w)
    yield from members(w)
    yield from authority(w)
    yield "eight tildes", "~".join(["a"] * 9)
    yield "huge", "A" * 17000
    yield "huge and of hops", "~".join([w.good] * 20)


def refused(w, name, chain, **env):
    mark = w.t.tmp / "ran"
    r = w.t.whosh(w.a, w.files["worker"], "-c", "touch %s" % mark, env={"WHOSH_PRINCIPAL_CHAIN": chain, **env})
    assert not mark.exists(), (name, r)
    assert r.code == 77 and r.out == b"", (name, r)
    lines = r.errors.splitlines()
    assert len(lines) == 1 and lines[0].startswith("whosh: identity refused: "), (name, lines)
    assert "chain" in lines[0].lower() and len(lines[0]) < 700 and all(" " <= c <= "~" or ord(c) > 160 for c in lines[0]), (name, lines)
    return lines[0]


def test_hostile_chains_are_refused(t):
    """A forged, spliced, widened, outliving, re-signed or malformed chain would make a command look authorised."""
    w = World(t)
    r = t.whosh(w.a, w.files["worker"], "-c", "touch %s" % (t.tmp / "good"), env={"WHOSH_PRINCIPAL_CHAIN": w.good})
    assert r.code == 0 and (t.tmp / "good").exists(), r
    count = 0
    for name, chain in all_kinds(w):
        refused(w, name, chain)
        count += 1
    assert count >= 60, count
    assert len(w.a.who()) == 1, "nothing of all this is a command"


def test_hostile_hops_are_not_logged(t):
    """What is logged once is believed later: the log must refuse what a command would be refused for."""
    w = World(t)
    before = ask(w.a, "GET", "/v1/delegations")[1]
    for name, chain in all_kinds(w):
        if name in ("the first hop left out", "the middle left out", "two hops swapped", "a hop twice",
                    "the whole chain twice", "spliced onto another beginning", "ending at another agent",
                    "one bit of an ancestor", "another approver's beginning", "re-signed by an outsider", "an empty hop",
                    "a tilde at the beginning", "huge and of hops", "white space", "never logged"):
            continue  # their last hop is good by itself
        hop = chain.split("~")[-1]
        status, answer = chains.log(w.a, hop)
        assert status in (400, 401), (name, status, answer)
    assert len(ask(w.a, "GET", "/v1/delegations")[1]["delegations"]) == len(before["delegations"]) + 1, "and bob's errand"


def test_what_is_refused_is_told_legibly(t):
    """A refused hop could put bytes in the log that no reader of JSON takes, or text that hides what stands around it."""
    w = World(t)
    for changes in ({"iss": "x" + "\u00e9" * 60}, {"x" + "\u00e9" * 60: 1}, {"iss": "boss\u202e\u200b"}, {"\u202e\u200b": 1}):
        hop = w.last(**changes).split("~")[-1]
        assert chains.log(w.a, hop)[0] in (400, 401)
        w.t.whosh(w.a, w.files["worker"], "-c", ":", env={"WHOSH_PRINCIPAL_CHAIN": w.second + "~" + hop})
    refusals = [x for x in auditlog.bodies(w.a) if "reason" in x]
    assert len(refusals) >= 4 and any("lead to worker" in x["reason"] for x in refusals), refusals
    assert all(" " <= c <= "~" or ord(c) > 160 and c not in "\u202e\u200b" for x in refusals for c in x["reason"]), refusals


def test_chain_files(t):
    """A chain given as @file that is empty, too long, missing or full of NULs must not be a way to go without one."""
    w = World(t)
    path = t.tmp / "chain"
    for name, content, code in (("good", w.good + "\n", 0), ("empty", "", 77), ("newline", "\n", 77), ("NUL", "\0", 77),
                                ("NUL behind", w.good + "\0", 77), ("huge", "A" * 20000, 77), ("bad", w.good + "x", 77)):
        path.write_text(content)
        r = t.whosh(w.a, w.files["worker"], "-c", ": ran", env={"WHOSH_PRINCIPAL_CHAIN": "@%s" % path})
        assert r.code == code, (name, r)
    assert "empty" in refused(w, "empty", "")
    r = t.whosh(w.a, w.files["worker"], "-c", ": ran", env={"WHOSH_PRINCIPAL_CHAIN": "@%s" % (t.tmp / "none")})
    assert r.code == 78 and "none" in r.errors, r


def test_expiry_is_looked_at_each_time(t):
    """A chain that was believed once would be good for ever, since it is kept."""
    w = World(t)
    chain = chains.start(w.a, "worker", expires_s=2)
    env = {"WHOSH_PRINCIPAL_CHAIN": chain}
    assert t.whosh(w.a, w.files["worker"], "-c", ":", env=env).code == 0
    t.eventually(lambda: time.time() > jose.claims(chain)["exp"], "expiry")
    assert "expired" in refused(w, "expired", chain)
