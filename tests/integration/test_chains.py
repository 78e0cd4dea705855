"""Principal chains: who authorised this?  An answer that cannot be forged."""
import calendar
import json
import sqlite3
import time

from lib import chains, jose
from lib.fixture import APPROVE_ALL
from lib.bare import ask, audit, cpu_ms, enrol, in_thread, jti, operator, permit_of, post, resident_kb, review, serve

POLICY = {"version": 1, "default": "review", "rules": [
    {"name": "reads", "verdict": "approve", "commands": [["ls", "**"], ["true"], ["echo", "**"], ["cd", "**"]]},
    {"name": "sql", "verdict": "review", "commands": [["psql", "**"]]},
    {"name": "via", "verdict": "approve", "when": {"chain_includes": ["orchestrator"]}, "commands": [["deploy", "**"]]}]}


def world(t, **settings):
    """An approver, and three agents with a chain from a person to each: (a, agents' tokens, the chains)."""
    a = serve(t, POLICY, **settings)
    tokens = {name: enrol(a, name, owner="alice") for name in ("orchestrator", "migrator", "worker")}
    first = chains.start(a, "orchestrator", "stage release 4.2")
    second = chains.add(a, first, tokens["orchestrator"], "orchestrator", "migrator", tokens["migrator"],
                        task="apply pending migrations")
    third = chains.add(a, second, tokens["migrator"], "migrator", "worker", tokens["worker"], task="check the tables")
    return a, tokens, [first, second, third]


def run(a, token, line="true", **claims):
    """Post one command: (status, the permit's claims or the answer)."""
    jws = token.command(line, **claims)
    status, answer = post(a, jws)
    return status, permit_of(a, jws, answer) if status == 200 else answer, jws


def test_lineage_is_told_whole(t):
    """Who authorised it, for what, when, and how that is known, would not be answered for each principal."""
    a, tokens, (first, second, third) = world(t)
    status, permit, jws = run(a, tokens["worker"], chain=third, task="something else")
    assert status == 200 and permit["verdict"] == "approved", permit
    record = audit(a, jws)
    assert [(p["type"], p["id"], p.get("task"), p["proof"]) for p in record["chain"]] == [
        ("human", "admin", None, "attested"), ("agent", "orchestrator", "stage release 4.2", "attested"),
        ("agent", "migrator", "apply pending migrations", "signed"),
        ("agent", "worker", "check the tables", "signed")], record["chain"]
    assert all(p["authorized_at"].startswith("20") for p in record["chain"])
    assert record["human"] == "admin" and record["task"] == "check the tables", record
    attributes = record["attributes"]
    assert attributes["task"] == {"value": "check the tables", "grade": "proven", "source": "delegation by migrator"}
    assert attributes["human"]["grade"] == "attested", attributes
    assert record["detail"]["delegation"] == {"hops": 3, "by": "migrator", "task": "signed", "human": "attested",
                                              "claimed_task": "something else"}, record["detail"]


def test_hop_is_logged_when_it_is_made(t):
    """A delegation that was never used would leave no trace, and one that was never logged would be believed."""
    a, tokens, (first, second, _) = world(t)
    hop = tokens["migrator"].sign("whosh-hop+jwt", chains.claims(a, "migrator", "worker", tokens["worker"], second))
    status, answer, _ = run(a, tokens["worker"], chain=second + "~" + hop)
    assert status == 401 and "never logged" in answer["detail"], answer
    status, logged = chains.log(a, hop)
    assert status == 201 and chains.log(a, hop) == (201, logged), "said again it is the same"
    assert run(a, tokens["worker"], chain=second + "~" + hop)[0] == 200
    listed = ask(a, "GET", "/v1/delegations")[1]["delegations"]
    assert [d["log_index"] for d in listed][0] == logged["log_index"] and len(listed) == 4, listed
    a.restart()
    assert run(a, tokens["worker"], chain=second + "~" + hop)[0] == 200, "the log is not memory alone"


def test_policy_and_reviewers_see_the_chain(t):
    """Rules about who is behind a command would look at its agent only, and who authorised it could approve it."""
    a, tokens, (_, second, third) = world(t)
    assert run(a, tokens["worker"], "deploy web", chain=third)[1]["rule"] == "via"
    assert run(a, tokens["worker"], "deploy web")[0] == 202
    status, _, jws = run(a, tokens["migrator"], "psql -c 'ALTER TABLE x'", chain=second)
    assert status == 202
    pending = [p for p in ask(a, "GET", "/v1/reviews")[1]["reviews"] if p["id"] == jti(jws)][0]
    assert [p["id"] for p in pending["chain"]] == ["admin", "orchestrator", "migrator"], pending
    assert pending["task"] == "apply pending migrations", pending


SCOPED = {"commands": [["ls", "**"], ["psql", ["-c", "-f"], "*"], ["echo", "**"], ["cd", "/srv/app"]],
          "hosts": ["staging-*"], "cwd": ["/srv/app", "/srv/app/*"]}


def scoped(t, scope=SCOPED):
    a = serve(t, APPROVE_ALL)
    orchestrator, worker = enrol(a, "orchestrator"), enrol(a, "worker")
    first = chains.start(a, "orchestrator", scope=scope)
    second = chains.add(a, first, orchestrator, "orchestrator", "worker", worker)
    return a, orchestrator, worker, first, second


def where(line, host="staging-1", cwd="/srv/app", **more):
    return {"command": {"mode": "command", "line": line, "argv": [], "cwd": cwd, "user": "u", "uid": 1000, "host": host,
                        "interpreter": "/bin/bash", **more}}


def test_scope_holds_for_everyone_below(t):
    """A worker could do what the hop above it may not, whatever policy says."""
    a, orchestrator, worker, first, second = scoped(t)
    for line, host, cwd, clause in (
            ("ls -l", "staging-1", "/srv/app", None), ("psql -c 'ALTER TABLE x ADD y int'", "staging-2", "/srv/app/db", None),
            ("psql -f migrate.sql", "staging-2", "/srv/app/db", "scope.commands"),
            ("ls | echo x", "staging-1", "/srv/app", None), ("rm -rf x", "staging-1", "/srv/app", "scope.commands"),
            ("ls; rm x", "staging-1", "/srv/app", "scope.commands"), ("ls", "prod-1", "/srv/app", "scope.hosts"),
            ("ls", "staging-1", "/etc", "scope.cwd"), ("ls $(rm x)", "staging-1", "/srv/app", "scope.commands"),
            ("eval ls", "staging-1", "/srv/app", "scope.commands"), ("ls > out", "staging-1", "/srv/app", "scope.commands"),
            ("psql -c $X", "staging-1", "/srv/app", "scope.commands"), ("ls 'unclosed", "staging-1", "/srv/app", "scope.commands"),
            ("cd /srv/app && ls", "staging-1", "/srv/app", "scope.cwd"), ("ls", "STAGING-1", "/srv/app", "scope.hosts"),
            ("ls", "staging-1", "/srv/app2", "scope.cwd"), ("bash -c 'rm x'", "staging-1", "/srv/app", "scope.commands"),
            ("timeout 5 rm x", "staging-1", "/srv/app", "scope.commands"), ("timeout 5 ls", "staging-1", "/srv/app", None)):
        for token, chain in ((orchestrator, first), (worker, second)):
            status, permit, jws = run(a, token, chain=chain, **where(line, host, cwd))
            assert status == 200, permit
            if clause is None:
                assert permit["verdict"] == "approved", (line, permit)
                continue
            assert permit["verdict"] == "denied" and permit["rule"] == "delegation", (line, permit)
            assert "hop 0 (" in permit["reason"] and clause + ":" in permit["reason"], (line, permit["reason"])
            assert audit(a, jws)["reason"] == permit["reason"]


def test_scope_only_narrows(t):
    """A delegate could hand on more than it was given."""
    a, orchestrator, worker, first, _ = scoped(t)
    narrow = {"commands": [["ls", "-l"], ["psql", "-c", "*"]], "hosts": ["staging-7"], "cwd": ["/srv/app/db*"]}
    chain = chains.add(a, first, orchestrator, "orchestrator", "worker", worker, scope=narrow)
    status, permit, _ = run(a, worker, chain=chain, **where("ls -a", "staging-7", "/srv/app/db"))
    assert permit["verdict"] == "denied" and "hop 1 (orchestrator to worker)" in permit["reason"], permit
    for wider in ({"hosts": ["*"]}, {"hosts": ["staging-*", "prod-1"]}, {"hosts": ["stag*"]}, {"hosts": ["?taging-*"]},
                  {"cwd": ["/srv/*"]}, {"cwd": ["/"]}, {"cwd": ["/srv/app*"]}, {"commands": [["**"]]},
                  {"commands": [["ls", "**"], ["rm", "**"]]}, {"commands": [["psql", "**"]]},
                  {"commands": [["psql", ["-c", "-x"], "*"]]}, {"commands": [["*", "**"]]},
                  {"commands": [["psql", "-c"]]}, {"commands": [["psql", "-c", "*", "*"]]},
                  {"commands": [["l[s]", "**"]]}, {"commands": [["cd", "/srv/app", "**"]]}):
        hop = orchestrator.sign("whosh-hop+jwt", chains.claims(a, "orchestrator", "worker", worker, first, scope=wider))
        status, answer = chains.log(a, hop)
        assert status == 401 and "reaches further" in answer["detail"], (wider, answer)


def test_what_a_hop_leaves_open_stays_limited(t):
    """Leaving the scope out of a hop would be a way to lose the limits above it."""
    a = serve(t, APPROVE_ALL)
    tokens = [enrol(a, "agent%d" % i) for i in range(3)]
    chain = chains.start(a, "agent0", scope={"hosts": ["h1"]})
    chain = chains.add(a, chain, tokens[0], "agent0", "agent1", tokens[1])
    hop = tokens[1].sign("whosh-hop+jwt", chains.claims(a, "agent1", "agent2", tokens[2], chain, scope={"hosts": ["h2"]}))
    assert chains.log(a, hop)[0] == 401
    chain = chains.add(a, chain, tokens[1], "agent1", "agent2", tokens[2], scope={"commands": [["ls"]]})
    assert run(a, tokens[2], chain=chain, **where("ls", "h1"))[1]["verdict"] == "approved"
    assert "scope.hosts" in run(a, tokens[2], chain=chain, **where("ls", "h2"))[1]["reason"]


def test_review_cannot_revive_what_fell(t):
    """A reviewer could let a command run whose delegation was revoked while it waited."""
    a, tokens, (first, second, third) = world(t)
    _, _, jws = run(a, tokens["worker"], "psql -l", chain=third)
    _, _, other = run(a, tokens["orchestrator"], "psql -l", chain=first)
    hop = jose.claims(second.split("~")[1])["jti"]
    assert ask(a, "DELETE", "/v1/delegations/" + hop)[0] == 204
    status, answer = review(a, jws, "approve")
    assert status == 403 and "revoked" in answer["detail"], answer
    assert review(a, jws, "deny", "revoked")[0] == 200
    assert review(a, other, "approve")[0] == 200, "what is above the revoked hop is not touched"


def test_review_cannot_revive_what_a_revoked_key_signed(t):
    """A key that was stolen and revoked would still have what it signed approved, if it only waited for a person."""
    a, tokens, _ = world(t)
    bob, key = operator(a, "bob"), jose.Token()
    row = ask(a, "POST", "/v1/keys", {"jwk": chains.jwk(key)}, token=bob)[1]
    chain = key.sign("whosh-hop+jwt", chains.claims(a, "bob", "orchestrator", tokens["orchestrator"], human="bob"))
    assert chains.log(a, chain)[0] == 201
    _, _, jws = run(a, tokens["orchestrator"], "psql -l", chain=chain)
    assert audit(a, jws)["chain"][1]["signer"] == row["id"]
    assert ask(a, "DELETE", "/v1/keys/" + row["id"], token=bob)[0] == 204
    status, answer = review(a, jws, "approve")
    assert status == 403 and "signed the delegation was revoked" in answer["detail"], answer
    # A hop that the delegator's old key signed, for a chain that names its new one.
    old, first = tokens["orchestrator"], chains.start(a, "orchestrator")
    status, new = ask(a, "POST", "/v1/credentials", {
        "agent": "orchestrator", "replaces": "current", "overlap_s": 600, "jwk": chains.jwk(jose.Token())})
    assert status == 201, new
    first = chains.start(a, "orchestrator")
    chain = chains.add(a, first, old, "orchestrator", "worker", tokens["worker"])
    _, _, jws = run(a, tokens["worker"], "psql -l", chain=chain)
    assert ask(a, "DELETE", "/v1/credentials/" + old.data["credential"])[0] == 204
    t.eventually(lambda: audit(a, jws)["state"] == "denied", "that it waits no more")
    assert "its credential was revoked" in audit(a, jws)["reason"]
    assert review(a, jws, "approve")[0] == 409


def test_revoked_ancestor(t):
    """Taking a delegation back would leave all that came of it at work; and it must hold after a restart."""
    a, tokens, (first, second, third) = world(t)
    assert run(a, tokens["worker"], chain=third)[0] == 200
    viewer = operator(a, "victor", "viewer")
    middle = jose.claims(second.split("~")[1])["jti"]
    assert ask(a, "DELETE", "/v1/delegations/" + middle, token=viewer)[0] == 403
    assert ask(a, "DELETE", "/v1/delegations/" + middle)[0] == 204
    for _ in range(2):
        for name, chain, good in (("orchestrator", first, True), ("migrator", second, False), ("worker", third, False)):
            status, answer, _ = run(a, tokens[name], chain=chain)
            assert (status == 200) == good, (name, answer)
            assert good or ("revoked" in answer["detail"] and "orchestrator to migrator" in answer["detail"]), answer
        a.restart()
    hop = tokens["worker"].sign("whosh-hop+jwt", chains.claims(a, "worker", "orchestrator", tokens["orchestrator"], third))
    assert chains.log(a, hop)[0] == 401, "nobody delegates from it any more"


def test_revoked_in_the_same_moment(t):
    """The log would show what was revoked first, and then a command, an approval and a delegation that it had authorised."""
    for what in ("delegation", "credential", "agent", "operator"):
        a = t.approver(policy=POLICY, name=what)
        tokens = {name: enrol(a, name) for name in ("orchestrator", "worker", "other")}
        bob = operator(a, "bob")
        first = chains.start(a, "orchestrator", operator=bob)
        chain = chains.add(a, first, tokens["orchestrator"], "orchestrator", "worker", tokens["worker"])
        _, _, waiting = run(a, tokens["worker"], "psql -l", chain=chain)
        command = tokens["worker"].command("true", chain=chain)
        hop = tokens["worker"].sign("whosh-hop+jwt", chains.claims(a, "worker", "other", tokens["other"], chain))
        revoke = {"delegation": ("DELETE", "/v1/delegations/" + jose.claims(first)["jti"]),
                  "credential": ("DELETE", "/v1/credentials/" + tokens["orchestrator"].data["credential"]),
                  "agent": ("POST", "/v1/agents/orchestrator/disable", {}), "operator": ("DELETE", "/v1/operators/bob")}[what]
        hold = sqlite3.connect(a.dir / "whosh.db", isolation_level=None)
        hold.execute("BEGIN IMMEDIATE")  # what comes meanwhile is one group
        plain = in_thread(lambda: post(a, tokens["other"].command("true")))
        time.sleep(0.3)
        revoked = in_thread(lambda: ask(a, *revoke))
        time.sleep(0.3)
        later = [in_thread(lambda: post(a, command)), in_thread(lambda: review(a, waiting, "approve")),
                 in_thread(lambda: chains.log(a, hop))]
        time.sleep(0.5)
        hold.execute("ROLLBACK")
        hold.close()
        assert plain.result(30)[0] == 200 and revoked.result(30)[0] == 204, (what, revoked.result())
        answers = [x.result(30) for x in later]
        assert [status for status, _ in answers] == [403, 403, 409], (what, answers)


def test_who_is_killed_delegates_nothing(t):
    """A rogue agent could hand its task on while it is killed, for when the kill is over."""
    a, tokens, (first, _, _) = world(t)
    hop = tokens["orchestrator"].sign("whosh-hop+jwt", chains.claims(a, "orchestrator", "worker", tokens["worker"], first))
    for kind, name in (("agent", "orchestrator"), ("human", "admin"), ("credential", tokens["orchestrator"].data["credential"])):
        status, killed = ask(a, "POST", "/v1/kills", {"kind": kind, "name": name, "reason": "rogue"})
        assert status == 201, killed
        status, answer = chains.log(a, hop)
        assert status == 403 and "rogue" in answer["detail"], (kind, answer)
        assert ask(a, "DELETE", "/v1/kills/" + killed["id"])[0] in (200, 204)
    assert chains.log(a, hop)[0] == 201


def test_chain_falls_with_whoever_stands_in_it(t):
    """Disabling an agent, revoking a key or removing the person would not reach what they had handed on."""
    for fall in ("agent", "credential", "human"):
        a = t.approver(policy=POLICY, name=fall)
        tokens = {name: enrol(a, name) for name in ("orchestrator", "worker")}
        bob = operator(a, "bob")
        chain = chains.start(a, "orchestrator", operator=bob)
        chain = chains.add(a, chain, tokens["orchestrator"], "orchestrator", "worker", tokens["worker"])
        assert run(a, tokens["worker"], chain=chain)[0] == 200
        if fall == "agent":
            assert ask(a, "POST", "/v1/agents/orchestrator/disable", {})[0] == 204
        elif fall == "credential":
            assert ask(a, "DELETE", "/v1/credentials/" + tokens["orchestrator"].data["credential"])[0] == 204
        else:
            assert ask(a, "DELETE", "/v1/operators/bob")[0] == 204
        status, answer, _ = run(a, tokens["worker"], chain=chain)
        assert status == 401 and "no longer stands" in answer["detail"], (fall, answer)
        assert run(a, tokens["worker"])[0] == 200, "the worker's own standing is untouched"


def test_many_keys_of_others(t):
    """Whoever enrols many keys could make those of others count no more, or every forged chain cost as many signatures."""
    a, tokens, _ = world(t)
    bob, eve, key = operator(a, "bob"), operator(a, "eve"), jose.Token()
    assert ask(a, "POST", "/v1/keys", {"jwk": chains.jwk(key)}, token=bob)[0] == 201
    hop = key.sign("whosh-hop+jwt", chains.claims(a, "bob", "orchestrator", tokens["orchestrator"], human="bob"))
    assert chains.log(a, hop)[0] == 201
    a.stop()
    store = sqlite3.connect(a.dir / "whosh.db")
    now = int(time.time() * 1000)
    with store:  # enrolled and revoked, one after the other
        store.executemany("INSERT INTO person_keys(id,person,key,issued,expires,revoked) VALUES(?,?,?,?,?,?)", [
            (jose.s256(b"%d" % n), "eve", jose.Token().public, now, now + 1000, now) for n in range(1030)])
    store.close()
    a.start()
    for chain in (hop, chains.add(a, hop, tokens["orchestrator"], "orchestrator", "worker", tokens["worker"])):
        name = jose.claims(chain.split("~")[-1])["act"]["sub"]
        assert run(a, tokens[name], chain=chain)[0] == 200, name
    before = cpu_ms(a.process.pid)
    for _ in range(20):
        forged = jose.Token().sign("whosh-hop+jwt", chains.claims(a, "eve", "worker", tokens["worker"], human="eve"))
        status, answer, _ = run(a, tokens["worker"], chain=forged)
        assert status == 401 and "signed neither" in answer["detail"], answer
    assert cpu_ms(a.process.pid) - before < 500, "forged chains cost %d ms each" % ((cpu_ms(a.process.pid) - before) / 20)
    assert eve


def test_name_that_is_given_again(t):
    """Who was removed could still delegate, by a key or a chain kept, as the next person with that name."""
    a, tokens, _ = world(t)
    bob, key = operator(a, "bob"), jose.Token()
    assert ask(a, "POST", "/v1/keys", {"jwk": chains.jwk(key)}, token=bob)[0] == 201

    def hop():
        return key.sign("whosh-hop+jwt", chains.claims(a, "bob", "orchestrator", tokens["orchestrator"], human="bob"))
    attested, signed = chains.start(a, "orchestrator", operator=bob), hop()
    assert chains.log(a, signed)[0] == 201
    made = time.time()
    waiting = [run(a, tokens["orchestrator"], "psql -l", chain=chain)[2] for chain in (attested, signed)]
    assert ask(a, "DELETE", "/v1/operators/bob")[0] == 204
    t.eventually(lambda: time.time() > made + 1.1, "the next second")
    another = operator(a, "bob")
    for _ in range(2):
        for chain in (attested, signed):
            status, answer, _ = run(a, tokens["orchestrator"], chain=chain)
            assert status == 401 and "enrolled anew" in answer["detail"], answer
        status, answer = chains.log(a, hop())
        assert status == 401 and "had this name before" in answer["detail"], answer
        a.restart()
    for jws in waiting:
        status, answer = review(a, jws, "approve")
        assert status == 403 and "enrolled anew" in answer["detail"], answer
    assert run(a, tokens["orchestrator"], chain=chains.start(a, "orchestrator", operator=another))[0] == 200
    operator(a, "alice")  # an agent's owner becomes an operator
    now = int(time.time())
    question = {"jti": jose.uuid7(), "iat": now, "exp": now + 60, "aud": chains.aud(a), "sub": "orchestrator", "to": "worker",
                "task": "x"}
    begun = ask(a, "POST", "/v1/delegations/prepare", tokens["orchestrator"].sign("whosh-delegate+jwt", question), token=None)
    status, _, jws = run(a, tokens["orchestrator"], "psql -l", chain=begun[1]["chain"])
    assert status == 202 and review(a, jws, "approve")[0] == 200


def test_person_signs_hop_0(t):
    """Whether the approver vouches for a person or the person's own key does would look the same."""
    a, tokens, _ = world(t)
    bob = operator(a, "bob")
    key = jose.Token()
    status, row = ask(a, "POST", "/v1/keys", {"jwk": chains.jwk(key)}, token=bob)
    assert status == 201 and row["person"] == "bob", row
    hop = key.sign("whosh-hop+jwt", chains.claims(a, "bob", "orchestrator", tokens["orchestrator"], human="bob"))
    assert chains.log(a, hop)[0] == 201
    _, _, jws = run(a, tokens["orchestrator"], chain=hop)
    record = audit(a, jws)
    assert [(p["id"], p["proof"]) for p in record["chain"]] == [("bob", "signed"), ("orchestrator", "signed")], record
    assert record["attributes"]["human"]["grade"] == "proven" and record["attributes"]["task"]["source"] == "delegation by bob"
    for changes in ({"human": "alice"}, {"human": "bob", "iss": "alice"}):
        forged = key.sign("whosh-hop+jwt", chains.claims(a, "bob", "orchestrator", tokens["orchestrator"], **changes))
        assert chains.log(a, forged)[0] == 401, changes
    viewer = operator(a, "victor", "viewer")
    assert ask(a, "POST", "/v1/keys", {"jwk": chains.jwk(jose.Token())}, token=viewer)[0] == 403
    assert ask(a, "POST", "/v1/keys", {"jwk": chains.jwk(key)})[0] == 409, "a key is one person's"
    assert ask(a, "POST", "/v1/keys", {"jwk": chains.jwk(tokens["worker"])}, token=bob)[0] == 409, "nor an agent's"
    assert ask(a, "POST", "/v1/credentials", {"agent": "worker", "jwk": chains.jwk(key)})[0] == 409
    assert ask(a, "DELETE", "/v1/keys/" + row["id"], token=bob)[0] == 204
    assert run(a, tokens["orchestrator"], chain=hop)[0] == 401, "a revoked key's chain stands no more"


def test_session_with_and_without_chain_are_told_apart(t):
    """An agent enrolled with an owner works without a chain as before, and is not shown as delegated."""
    a, tokens, _ = world(t)
    _, permit, jws = run(a, tokens["worker"], task="own errand")
    record = audit(a, jws)
    assert [(p["id"], p["proof"]) for p in record["chain"]] == [("alice", "attested"), ("worker", "proven")], record
    assert record["attributes"]["task"]["grade"] == "claimed" and "delegation" not in record["detail"], record


def test_prepare_answers_what_a_hop_may_say(t):
    """Without it nobody could make a hop: its key, its place, its latest end."""
    a, tokens, (first, _, _) = world(t)

    def prepare(token, sub, to, **more):
        now = int(time.time())
        body = token.sign("whosh-delegate+jwt", {"jti": jose.uuid7(), "iat": now, "exp": now + 60, "aud": chains.aud(a),
                                                 "sub": sub, "to": to, "task": "more", **more})
        return ask(a, "POST", "/v1/delegations/prepare", body, token=None)
    status, answer = prepare(tokens["orchestrator"], "orchestrator", "worker", chain=first)
    assert status == 200 and answer["depth"] == 1 and answer["expires"] == jose.claims(first)["exp"], answer
    assert answer["cnf"]["jwk"] == chains.jwk(tokens["worker"]) and answer["chain"] == first and answer["human"] == "admin"
    status, answer = prepare(tokens["orchestrator"], "orchestrator", "worker")
    begun = jose.claims(answer["chain"])
    assert status == 200 and begun["sub"] == "alice" and begun["act"] == {"sub": "orchestrator"} and answer["depth"] == 1
    chain = chains.add(a, answer["chain"], tokens["orchestrator"], "orchestrator", "worker", tokens["worker"])
    assert audit(a, run(a, tokens["worker"], chain=chain)[2])["human"] == "alice"
    for token, sub, to, more, status in (
            (tokens["worker"], "orchestrator", "worker", {}, 401), (jose.Token(), "worker", "orchestrator", {}, 401),
            (tokens["worker"], "worker", "nobody", {}, 404), (tokens["worker"], "worker", "migrator", {"chain": first}, 401),
            (tokens["worker"], "worker", "migrator", {"exp": int(time.time()) - 500}, 401),
            (tokens["worker"], "worker", "migrator", {"aud": "other"}, 401),
            (tokens["worker"], "worker", "migrator", {"extra": 1}, 400),
            (tokens["worker"], "worker", "migrator", {"task": ""}, 400)):
        got, answer = prepare(token, sub, to, **more)
        assert got == status, (sub, to, more, got, answer)


def test_id_of_a_command(t):
    """An agent that gives its delegation the ID of somebody's command could write itself into that command's story."""
    a, tokens, (first, _, third) = world(t)
    _, _, jws = run(a, tokens["worker"], chain=third)
    before = audit(a, jws)["events"]
    chains.add(a, first, tokens["orchestrator"], "orchestrator", "worker", tokens["worker"], jti=jti(jws))
    assert ask(a, "DELETE", "/v1/delegations/" + jti(jws))[0] == 204
    assert audit(a, jws)["events"] == before, audit(a, jws)["events"]


def test_id_of_a_past_delegation(t):
    """An agent that takes the ID of a delegation that is past could make the approver say it can record nothing."""
    a, tokens, (first, _, _) = world(t)
    past = chains.claims(a, "orchestrator", "worker", tokens["worker"], first)
    past["exp"] = past["iat"] + 2
    assert chains.log(a, tokens["orchestrator"].sign("whosh-hop+jwt", past))[0] == 201
    t.eventually(lambda: time.time() > past["exp"], "the delegation is past")
    a.restart()
    again = chains.claims(a, "orchestrator", "worker", tokens["worker"], first, jti=past["jti"])
    status, answer = chains.log(a, tokens["orchestrator"].sign("whosh-hop+jwt", again))
    assert status == 409 and "had this ID" in answer["detail"], answer
    assert ask(a, "GET", "/healthz", token=None)[0] == 200
    assert chains.add(a, first, tokens["orchestrator"], "orchestrator", "worker", tokens["worker"])


def test_what_an_agent_says_for_its_owner_is_claimed(t):
    """An agent could make it look as if its owner had just authorised whatever task it likes."""
    a, tokens, _ = world(t)
    before = ask(a, "GET", "/v1/agents")[1]["agents"]
    created = next(x["created"] for x in before if x["id"] == "orchestrator")
    t.eventually(lambda: time.time() > calendar.timegm(time.strptime(created[:19], "%Y-%m-%dT%H:%M:%S")) + 1.1, "the enrolment is in the past")
    now = int(time.time())
    question = {"jti": jose.uuid7(), "iat": now, "exp": now + 60, "aud": chains.aud(a), "sub": "orchestrator", "to": "worker",
                "task": "drop production, alice said so"}
    body = tokens["orchestrator"].sign("whosh-delegate+jwt", question)
    first = ask(a, "POST", "/v1/delegations/prepare", body, token=None)[1]["chain"]
    record = audit(a, run(a, tokens["orchestrator"], chain=first)[2])
    assert record["attributes"]["task"] == {"value": question["task"], "grade": "claimed",
                                            "source": "delegation by orchestrator"}, record["attributes"]
    assert record["detail"]["delegation"]["task"] == "claimed", record["detail"]
    assert record["chain"][0]["authorized_at"][:19] == created[:19], "alice authorised nothing since: %r" % record["chain"]
    assert record["chain"][1]["task_grade"] == "claimed", record["chain"]
    assert 'claims the task "drop production' in a.ctl("show", record["id"]).text
    chain = chains.add(a, first, tokens["orchestrator"], "orchestrator", "worker", tokens["worker"], task="drop it")
    record = audit(a, run(a, tokens["worker"], chain=chain)[2])
    assert [p.get("task_grade") for p in record["chain"]] == [None, "claimed", "proven"], record["chain"]
    listed = ask(a, "GET", "/v1/delegations?agent=orchestrator")[1]["delegations"]
    made = next(d for d in listed if d["jti"] == jose.claims(first)["jti"])
    assert made["issuer"] == "orchestrator" and made["proof"] == "attested", made


def test_one_agent_cannot_fill_the_memory(t):
    """An agent gone wild could make the approver remember delegations without end."""
    a, tokens, (first, _, _) = world(t)
    connection = a.connection()
    refused = None
    for i in range(4200):
        hop = tokens["orchestrator"].sign("whosh-hop+jwt", chains.claims(a, "orchestrator", "worker", tokens["worker"], first,
                                                                         aud=jose.claims(first)["aud"]) if i == 0 else
                                          {**base, "jti": jose.uuid7(), "iat": int(time.time())})
        base = jose.claims(hop)
        connection.request("POST", "/v1/delegations", body=hop)
        answer = connection.getresponse()
        data = answer.read()
        if answer.status != 201:
            refused = (answer.status, json.loads(data))
            break
    assert refused and refused[0] == 429, refused
    assert run(a, tokens["orchestrator"], chain=first)[0] == 200


def test_many_at_once_are_one_group(t):
    """An agent that delegates on many connections at once would keep everybody's commands waiting, one commit for each hop."""
    a, tokens, (first, _, _) = world(t)

    def groups():
        metrics = ask(a, "GET", "/metrics", token=None)[1]
        return int(next(x.split()[1] for x in metrics.splitlines() if x.startswith("whosh_commit_group_items_count")))
    hops = [tokens["orchestrator"].sign("whosh-hop+jwt", chains.claims(a, "orchestrator", "worker", tokens["worker"], first))
            for _ in range(30)]
    before = groups()
    hold = sqlite3.connect(a.dir / "whosh.db", isolation_level=None)
    hold.execute("BEGIN IMMEDIATE")  # what comes meanwhile is one group
    posts = [in_thread(lambda x=x: chains.log(a, x)) for x in hops + hops[:2]]
    time.sleep(1)
    command = in_thread(lambda: run(a, tokens["orchestrator"], chain=first))
    time.sleep(0.3)
    hold.execute("ROLLBACK")
    hold.close()
    answers = [x.result(30) for x in posts]
    assert all(status == 201 for status, _ in answers), answers
    assert answers[30:] == answers[:2] and len({x["log_index"] for _, x in answers}) == 30, "the same hop is logged once"
    assert command.result(30)[0] == 200 and groups() - before < 8, groups() - before
    assert run(a, tokens["worker"], chain=first + "~" + hops[-1])[0] == 200


def test_long_chains_cannot_fill_the_memory(t):
    """A few agents with as many patterns as a chain can hold could make the approver keep half a gigabyte of them."""
    a = serve(t, POLICY)
    tokens = [enrol(a, "agent%d" % n) for n in range(6)]
    scope = {"commands": [["ls", "**"]] + [["%c" % (97 + n % 26)] for n in range(250)], "cwd": ["*"]}
    chain = chains.start(a, "agent0", scope=scope)
    for n in range(1, 5):
        chain = chains.add(a, chain, tokens[n - 1], "agent%d" % (n - 1), "agent%d" % n, tokens[n], scope=scope)
    claims = chains.claims(a, "agent4", "agent5", tokens[5], chain, scope=scope)
    connection, before = a.connection(), resident_kb(a)
    for _ in range(600):
        hop = tokens[4].sign("whosh-hop+jwt", {**claims, "jti": jose.uuid7(), "iat": int(time.time())})
        assert ask(a, "POST", "/v1/delegations", hop, token=None, connection=connection)[0] == 201
        status, _ = post(a, tokens[5].command("ls -l", chain=chain + "~" + hop), connection=connection)
        assert status == 200
    assert resident_kb(a) - before < 160000, resident_kb(a) - before


def credential(a, name):
    """The first credential of an agent that is enrolled already."""
    token = jose.Token()
    status, row = ask(a, "POST", "/v1/credentials", {"agent": name, "jwk": chains.jwk(token)})
    assert status == 201, row
    token.data = {"aud": row["aud"], "sub": name, "credential": row["id"]}
    return token


def test_agent_on_delegation_only(t):
    """An agent could shed the limits of its chain by leaving the chain out, or by attesting itself a new one."""
    a = serve(t, POLICY)
    orchestrator, worker = enrol(a, "orchestrator"), enrol(a, "free")
    assert ask(a, "POST", "/v1/agents", {"id": "bound", "owner": "alice", "delegated": True})[0] == 201
    bound = credential(a, "bound")
    for _ in range(2):
        status, answer, _ = run(a, bound)
        assert status == 401 and "on a delegation only" in answer["detail"], answer
        now = int(time.time())
        question = {"jti": jose.uuid7(), "iat": now, "exp": now + 60, "aud": chains.aud(a), "sub": "bound", "to": "free",
                    "task": "more"}
        assert ask(a, "POST", "/v1/delegations/prepare", bound.sign("whosh-delegate+jwt", question), token=None)[0] == 401
        chain = chains.start(a, "orchestrator")
        chain = chains.add(a, chain, orchestrator, "orchestrator", "bound", bound)
        assert run(a, bound, chain=chain)[0] == 200 and run(a, worker)[0] == 200
        a.restart()
    assert [x["delegated"] for x in a.json("agent", "list")] == [True, False, False], "and whoctl tells it"
    assert a.ctl("agent", "add", "other", "--delegated") and a.json("agent", "show", "other")["delegated"]
