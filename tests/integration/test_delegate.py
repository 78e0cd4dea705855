"""whoctl delegate: who hands what on to whom, from a person's first word to the last agent's command."""
import json
import os
import stat

from lib import chains, jose
from lib.delegating import USER, chain_of, delegate, delegations, start


def principals(record):
    return [(p["type"], p["id"], p.get("task"), p["proof"]) for p in record["chain"]]


LINEAGE = [("human", "admin", None, "attested"), ("agent", "orchestrator", "stage release 4.2", "attested"),
           ("agent", "worker", "check the tables", "signed")]


def handed_down(t, a, where, orchestrator, worker):
    """operator -> orchestrator -> worker; the worker's command and its record."""
    env = {"WHOSH_PRINCIPAL_CHAIN": start(a)}
    chain = chain_of(delegate(t, where, orchestrator, "--to", "worker", "--task", "check the tables", env=env))
    assert [jose.claims(h)["act"]["sub"] for h in chain.split("~")] == ["orchestrator", "worker"]
    r = t.whosh(a, worker, "-c", "echo $WHOSH_PRINCIPAL_CHAIN", env={"WHOSH_PRINCIPAL_CHAIN": chain})
    assert r.code == 0 and r.text.strip() == chain, r
    return a.who("--agent", "worker")[0]


def test_handed_down_by_a_private_broker(t):
    """In CI, where no broker runs, an agent could not hand its task on with its own key."""
    a = t.approver()
    orchestrator, worker = a.agent("orchestrator"), a.agent("worker")
    record = handed_down(t, a, a, orchestrator, worker)
    assert principals(record) == LINEAGE, record
    assert record["human"] == "admin" and record["task"] == "check the tables", record


def test_handed_down_by_the_hosts_broker(t):
    """Where the host's broker holds the keys, an agent that cannot read its own could not hand its task on."""
    a = t.approver()
    orchestrator, worker = a.agent("orchestrator"), a.agent("worker")
    b = t.broker(a, {USER: orchestrator})
    record = handed_down(t, a, b, None, worker)
    assert principals(record) == LINEAGE, record
    assert record["chain"][2]["credential"] and record["chain"][2]["hop"], record


def test_broker_alone_is_named(t):
    """On a host whose shells know nothing but the broker's socket, an agent would be taken for an operator."""
    a = t.approver()
    b = t.broker(a, {USER: a.agent("orchestrator")})
    a.agent("worker")
    conf = t.tmp / "socket.conf"
    conf.write_text("broker_socket = %s\n" % b.socket)
    assert "~" in chain_of(delegate(t, None, None, "--to", "worker", "--task", "x", env={"WHOSH_CONFIG": conf}))
    r = delegate(t, None, None, "--to", "worker", "--task", "x")
    assert r.code == 2 and "which approver?" in r.errors, r


def test_begins_at_the_owner(t):
    """An agent that nobody gave a chain could not delegate, or its worker would not name whom it is for."""
    a = t.approver()
    orchestrator, worker = a.agent("orchestrator", "alice"), a.agent("worker", "bob")
    r = delegate(t, a, orchestrator, "--to", "worker", "--task", "x", "--json")
    made = json.loads(r.out)
    assert (made["human"], made["agent"], made["depth"], made["task"]) == ("alice", "worker", 1, "x"), made
    t.whosh(a, worker, "-c", "true", env={"WHOSH_PRINCIPAL_CHAIN": made["chain"]})
    record = a.who("--agent", "worker")[0]
    assert [(p["id"], p["proof"]) for p in record["chain"]] == [
        ("alice", "attested"), ("orchestrator", "attested"), ("worker", "signed")], record
    a.ctl("agent", "add", "bound", "--delegated")
    token = t.tmp / "bound.token"
    a.ctl("credential", "issue", "bound", "--out", token)
    r = delegate(t, a, token, "--to", "worker", "--task", "x")
    assert r.code == 77 and r.out == b"" and "on a delegation only" in r.errors, "it sheds its limits: %r" % r
    assert "worker" in a.ctl("who").text and " for alice via orchestrator, task" in a.ctl("who").text


def test_inside_an_approved_line(t):
    """The main case: an approved line of the orchestrator starts the worker's shell, and both must be traced."""
    a = t.approver()
    orchestrator, worker = a.agent("orchestrator"), a.agent("worker")
    other = t.tmp / "as-worker"
    other.write_text("#!/bin/sh\nWHOSH_TOKEN_FILE=%s exec %s -c \"$1\"\n" % (worker, t.program("whosh")))
    other.chmod(0o755)
    line = ("WHOSH_PRINCIPAL_CHAIN=$(%s delegate --to worker --task 'check the tables') %s 'echo done by $WHOSH_AGENT_ID'"
            % (t.program("whoctl"), other))
    r = t.whosh(a, orchestrator, "-c", line, env={"WHOSH_PRINCIPAL_CHAIN": start(a)})
    assert r.code == 0 and r.text == "done by worker\n", r
    inner, outer = a.who("--agent", "worker")[0], a.who("--agent", "orchestrator")[0]
    assert principals(inner) == LINEAGE, inner
    assert inner["parent"] == outer["id"] and inner["session"] != outer["session"], (inner, outer)
    story = a.ctl("show", inner["id"]).text
    assert "worker (agent, signed), 20" in story and "(proven, delegation by orchestrator) check the tables" in story, story


def test_names_the_command_it_was_made_in(t):
    """Which command of the orchestrator made the delegation could not be found out."""
    a = t.approver()
    orchestrator = a.agent("orchestrator")
    a.agent("worker")
    line = "%s delegate --to worker --task x; echo $WHOSH_COMMAND_ID" % t.program("whoctl")
    r = t.whosh(a, orchestrator, "-c", line)
    chain, command = r.text.split()
    assert jose.claims(chain.split("~")[1])["txn"] == command, r


def test_signed_by_a_person(t):
    """Who wants no one, not even the approver, to be able to say he authorised something would have no key for it."""
    a = t.approver()
    orchestrator, worker = a.agent("orchestrator"), a.agent("worker")
    key = t.tmp / "admin.key"
    assert "enrolled" in a.ctl("key", "new", "--out", key).text
    file = json.loads(key.read_text())
    assert stat.S_IMODE(key.stat().st_mode) == 0o400, "others can read it"
    assert list(file) == ["v", "person", "aud", "exp", "jwk"] and file["person"] == "admin" and "d" in file["jwk"], file
    assert a.ctl("key", "new", "--out", key, check=False).code == 1, "an existing key was replaced unasked"
    url, ca = "https://127.0.0.1:%d" % a.port, a.dir / "ca.pem"
    env = {"PATH": "/usr/bin:/bin", "WHOCTL_TOKEN_FILE": str(t.tmp / "none")}
    r = t.run([t.program("whoctl"), "delegate", "--url", url, "--ca", ca, "--key", key, "--to", "orchestrator", "--task",
               "stage release 4.2"], env=env)
    chain = chain_of(r)
    assert jose.verify(chain, jose.Token(key).public)["iss"] == "admin"
    limited = ("--depth", "0", "--expires", "90s", "--scope", "-")
    r = t.run([t.program("whoctl"), "delegate", "--dir", a.dir, "--key", key, "--to", "worker", "--task", "y", *limited],
              env=env, stdin='{"hosts": ["h"]}')
    hop = jose.claims(chain_of(r))
    assert (hop["depth"], hop["max_depth"], hop["exp"] - hop["iat"], hop["scope"]) == (0, 0, 90, {"hosts": ["h"]}), hop
    chain = chain_of(delegate(t, a, orchestrator, "--to", "worker", "--task", "check the tables",
                              env={"WHOSH_PRINCIPAL_CHAIN": chain}))
    assert t.whosh(a, worker, "-c", "true", env={"WHOSH_PRINCIPAL_CHAIN": chain}).code == 0
    record = a.who("--agent", "worker")[0]
    assert principals(record) == [("human", "admin", None, "signed"), ("agent", "orchestrator", "stage release 4.2", "signed"),
                                  ("agent", "worker", "check the tables", "signed")], record
    keys = a.json("key", "list")
    assert [k["person"] for k in keys] == ["admin"] and keys[0]["id"] in a.ctl("key", "list").text
    a.ctl("key", "revoke", keys[0]["id"])
    r = t.whosh(a, worker, "-c", "true", env={"WHOSH_PRINCIPAL_CHAIN": chain})
    assert r.code == 77 and "revoked" in r.errors, r
    r = a.ctl("delegate", "--key", key, "--to", "worker", "--task", "x", check=False)
    assert r.code == 77 and r.out == b"" and "revoked" in r.errors, r


def test_key_files_are_told_apart(t):
    """An agent's token used as a person's key, or a key that others can read, would sign in somebody else's name."""
    a = t.approver()
    worker = a.agent("worker")
    key = t.tmp / "k"
    a.ctl("key", "new", "--out", key)
    r = a.ctl("delegate", "--key", worker, "--to", "worker", "--task", "x", check=False)
    assert r.code == 77 and r.out == b"" and "an agent's token file" in r.errors, r
    r = t.whosh(a, key, "-c", "true")
    assert r.code == 77 and r.out == b"", r
    key.chmod(0o440)
    r = a.ctl("delegate", "--key", key, "--to", "worker", "--task", "x", check=False)
    assert r.code == 77 and "chmod 400" in r.errors, r
    secret = json.loads(key.read_text())["jwk"]["d"]
    for kind in ("{}", "[]", "", "{\"v\":2}", key.read_text().replace(secret, secret[:-2] + "AA")):
        other = t.tmp / "other"
        other.unlink(missing_ok=True)
        other.write_text(kind)
        other.chmod(0o400)
        r = a.ctl("delegate", "--key", other, "--to", "worker", "--task", "x", check=False)
        assert r.code == 77 and r.out == b"" and secret[:-2] not in r.errors, r


def test_revoked(t):
    """What was handed on could not be taken back, nor what came of it."""
    a = t.approver()
    orchestrator, worker = a.agent("orchestrator"), a.agent("worker")
    first = start(a)
    env = {"WHOSH_PRINCIPAL_CHAIN": first}
    chain = chain_of(delegate(t, a, orchestrator, "--to", "worker", "--task", "check", env=env))
    listed = delegations(a)
    assert [(d["issuer"], d["agent"], d["proof"], d["depth"]) for d in listed][0] == ("orchestrator", "worker", "signed", 1)
    assert [d["agent"] for d in delegations(a, "--agent", "worker")] == ["worker"]
    text = a.ctl("delegation", "list").text
    assert "orchestrator" in text and "left" in text and "check" in text, text
    r = a.ctl("delegation", "revoke", listed[1]["jti"])
    assert "all that came of it" in r.text, r
    r = t.whosh(a, worker, "-c", "true", env={"WHOSH_PRINCIPAL_CHAIN": chain})
    assert r.code == 77 and r.out == b"" and "revoked" in r.errors, r
    r = delegate(t, a, orchestrator, "--to", "worker", "--task", "again", env=env)
    assert r.code == 77 and r.out == b"" and "revoked" in r.errors, r
    assert listed[1]["jti"] in a.ctl("delegation", "list", "--all", "--quiet").text
    assert "revoked by admin" in a.ctl("delegation", "list", "--all").text
    assert a.ctl("delegation", "revoke", "x", check=False).code == 2


def test_ends_at_another_agent(t):
    """An agent with somebody else's chain would only be told no, and not who must do what."""
    a = t.approver()
    a.agent("orchestrator")
    worker = a.agent("worker")
    env = {"WHOSH_PRINCIPAL_CHAIN": start(a)}
    r = delegate(t, a, worker, "--to", "orchestrator", "--task", "x", env=env)
    assert r.code == 77 and r.out == b"", r
    assert "the chain ends at orchestrator, not at this agent: have orchestrator run whoctl delegate --to worker" in r.errors, r
    r = delegate(t, a, worker, "--to", "orchestrator", "--task", "x", env={"WHOSH_PRINCIPAL_CHAIN": "a~b"})
    assert r.code == 77 and "not a chain" in r.errors, r
    r = delegate(t, a, worker, "--to", "orchestrator", "--task", "x", env={"WHOSH_AGENT_ID": "orchestrator"})
    assert r.code == 77 and "WHOSH_AGENT_ID" in r.errors, r
    missing = {"WHOSH_PRINCIPAL_CHAIN": "@%s" % (t.tmp / "none")}
    assert delegate(t, a, worker, "--to", "orchestrator", "--task", "x", env=missing).code == 78


def test_chain_from_a_file(t):
    """A chain too long for an environment could not be handed on."""
    a = t.approver()
    orchestrator = a.agent("orchestrator")
    a.agent("worker")
    file = t.tmp / "chain"
    file.write_text(start(a) + "\n")
    r = delegate(t, a, orchestrator, "--to", "worker", "--task", "x", env={"WHOSH_PRINCIPAL_CHAIN": "@%s" % file})
    assert chain_of(r).startswith(file.read_text().strip() + "~")
    for rubbish in ("", "\n", "a\0b", "x" * 20000):
        file.write_text(rubbish)
        r = delegate(t, a, orchestrator, "--to", "worker", "--task", "x", env={"WHOSH_PRINCIPAL_CHAIN": "@%s" % file})
        assert r.code == 77 and r.out == b"", "the chain's limits were shed: %r" % r
    os.mkfifo(t.tmp / "fifo")
    for held in ("fifo", "."):
        r = delegate(t, a, orchestrator, "--to", "worker", "--task", "x", env={"WHOSH_PRINCIPAL_CHAIN": "@%s" % (t.tmp / held)})
        assert r.code == 78 and r.out == b"" and "not a regular file" in r.errors, r


def test_empty_chain(t):
    """After a delegation that failed, the next one in the line would begin anew at the owner, without the chain's limits."""
    a = t.approver()
    orchestrator = a.agent("orchestrator")
    a.agent("worker")
    b = t.broker(a, {USER: orchestrator})
    for where, token in ((a, orchestrator), (b, None)):
        r = delegate(t, where, token, "--to", "worker", "--task", "x", env={"WHOSH_PRINCIPAL_CHAIN": ""})
        assert r.code == 77 and r.out == b"" and "WHOSH_PRINCIPAL_CHAIN is empty" in r.errors, r
    assert a.json("delegation", "list", "--all") == []


def test_no_longer_than_the_parent(t):
    """A delegate would keep what it was given after its delegator lost it, or be cut short unasked."""
    a = t.approver()
    orchestrator = a.agent("orchestrator")
    a.agent("worker")
    env = {"WHOSH_PRINCIPAL_CHAIN": start(a, "orchestrator", "x", "--expires", "20m")}
    r = delegate(t, a, orchestrator, "--to", "worker", "--task", "x", "--expires", "2h", env=env)
    assert r.code == 77 and r.out == b"", r
    assert "expires would outlive the parent (until 20" in r.errors and "--expires 19m at most" in r.errors, r
    chain = chain_of(delegate(t, a, orchestrator, "--to", "worker", "--task", "x", env=env)).split("~")
    assert jose.claims(chain[1])["exp"] == jose.claims(chain[0])["exp"]
    chain = chain_of(delegate(t, a, orchestrator, "--to", "worker", "--task", "x", "--expires", "90s", env=env)).split("~")
    assert jose.claims(chain[1])["exp"] - jose.claims(chain[1])["iat"] == 90
    chain = chain_of(delegate(t, a, orchestrator, "--to", "worker", "--task", "x", "--expires", "3h")).split("~")
    assert jose.claims(chain[1])["exp"] - jose.claims(chain[1])["iat"] > 3 * 3600 - 5, "hop 0 is not made to fit"
    assert delegate(t, a, orchestrator, "--to", "worker", "--task", "x", "--expires", "31d").code == 2


def test_depth(t):
    """Who hands a task to one agent would not be able to keep it from going further."""
    a = t.approver()
    orchestrator, worker = a.agent("orchestrator"), a.agent("worker")
    env = {"WHOSH_PRINCIPAL_CHAIN": start(a, "orchestrator", "x", "--depth", "1")}
    r = delegate(t, a, orchestrator, "--to", "worker", "--task", "x", "--depth", "1", env=env)
    assert r.code == 77 and "--depth 0 at most" in r.errors and r.out == b"", r
    chain = chain_of(delegate(t, a, orchestrator, "--to", "worker", "--task", "x", env=env))
    r = delegate(t, a, worker, "--to", "orchestrator", "--task", "x", env={"WHOSH_PRINCIPAL_CHAIN": chain})
    assert r.code == 77 and r.out == b"" and "depth is used up" in r.errors, r
    env = {"WHOSH_PRINCIPAL_CHAIN": start(a, "orchestrator", "x", "--depth", "0")}
    r = delegate(t, a, orchestrator, "--to", "worker", "--task", "x", env=env)
    assert r.code == 77 and "depth is used up" in r.errors, r
    tokens = [a.agent("agent%d" % n) for n in range(9)]
    chain = start(a, "agent0")
    for n in range(7):
        chain = chain_of(delegate(t, a, tokens[n], "--to", "agent%d" % (n + 1), "--task", "x",
                                  env={"WHOSH_PRINCIPAL_CHAIN": chain}))
    assert t.whosh(a, tokens[7], "-c", "true", env={"WHOSH_PRINCIPAL_CHAIN": chain}).code == 0
    r = delegate(t, a, tokens[7], "--to", "agent8", "--task", "x", env={"WHOSH_PRINCIPAL_CHAIN": chain})
    assert r.code == 77 and r.out == b"" and "depth is used up" in r.errors, r
    assert [p["id"] for p in a.who("--agent", "agent7")[0]["chain"]] == ["admin"] + ["agent%d" % n for n in range(8)]


def test_approver_away(t):
    """A line that captures the chain would go on with rubbish in it when there is none."""
    a = t.approver()
    orchestrator = a.agent("orchestrator")
    b = t.broker(a, {USER: orchestrator})
    key = t.tmp / "k"
    a.ctl("key", "new", "--out", key)
    a.stop()
    for where, token in ((a, orchestrator), (b, None)):
        r = delegate(t, where, token, "--to", "worker", "--task", "x")
        assert r.code == 69 and r.out == b"" and r.errors.startswith("whoctl: approver unreachable: "), r
    for more in ((), ("--key", key)):
        r = a.ctl("delegate", "--to", "worker", "--task", "x", *more, check=False)
        assert r.code == 69 and r.out == b"", r
    b.stop()
    r = delegate(t, b, None, "--to", "worker", "--task", "x")
    assert r.code == 69 and r.out == b"" and str(b.socket) in r.errors, r


def test_nobody_to_hand_it_to(t):
    """A delegation to an agent that has no key, or does not exist, could be used by whoever gets one later."""
    a = t.approver()
    orchestrator = a.agent("orchestrator")
    a.ctl("agent", "add", "keyless")
    for to, said in (("keyless", "credential"), ("nobody", "nobody")):
        for r in (delegate(t, a, orchestrator, "--to", to, "--task", "x"),
                  a.ctl("delegate", "--to", to, "--task", "x", check=False)):
            assert r.code == 77 and r.out == b"" and (said in r.errors or "no such agent" in r.errors), r


def test_without_credential_or_configuration(t):
    """Whoever calls it in the wrong place would not learn what is missing."""
    a = t.approver()
    a.agent("worker")
    b = t.broker(a, {})
    r = delegate(t, b, None, "--to", "worker", "--task", "x")
    assert r.code == 77 and "no credential for user" in r.errors and "--token-file" in r.errors, r
    r = delegate(t, a, t.tmp / "none", "--to", "worker", "--task", "x")
    assert r.code == 77 and r.out == b"", r
    conf = t.tmp / "bad.conf"
    conf.write_text("approver = nonsense\n")
    r = delegate(t, None, None, "--to", "worker", "--task", "x", env={"WHOSH_CONFIG": conf})
    assert r.code == 78 and r.out == b"", r
    viewer = t.tmp / "viewer"
    a.ctl("operator", "add", "vic", "--role", "viewer", "--out", viewer)
    r = a.ctl("--token-file", viewer, "delegate", "--to", "worker", "--task", "x", check=False)
    assert r.code == 77 and r.out == b"", r


def test_hostile_task(t):
    """A task would lose bytes on its way, or act on the terminal of whoever reads it."""
    a = t.approver()
    orchestrator, worker = a.agent("orchestrator"), a.agent("worker")
    task = "a\x1b[2J\x07\u202eb\u200b\"\\\n    │ ls\r~.%s"
    env = {"WHOSH_PRINCIPAL_CHAIN": start(a, "orchestrator", task)}
    chain = chain_of(delegate(t, a, orchestrator, "--to", "worker", "--task", task, env=env))
    assert [jose.claims(h)["task"] for h in chain.split("~")] == [task, task]
    r = t.whosh(a, worker, "-c", "true", env={"WHOSH_PRINCIPAL_CHAIN": chain, "WHOSH_TASK": task + "!"})
    assert r.code == 0, r
    record = a.who("--agent", "worker")[0]
    assert record["task"] == task, record
    for verb in (("who",), ("show", record["id"]), ("delegation", "list")):
        out = a.ctl(*verb).out
        assert all(c >= 0x20 or c == 0x0a for c in out) and "\u202e".encode() not in out, out
    assert "claims another task: a" in a.ctl("who").text
    longest = "x" * 4096
    assert jose.claims(start(a, "worker", longest))["task"] == longest
    for bad in (b"\xff\xfe", b"", b"x" * 4097):
        for r in (delegate(t, a, orchestrator, "--to", "worker", "--task", bad),
                  a.ctl("delegate", "--to", "worker", "--task", bad, check=False)):
            assert r.code == 2 and r.out == b"", r
    # Two tasks of 4 KiB fit a chain, many do not: and then nothing is handed out.
    chain = start(a, "orchestrator", longest)
    for n in range(7):
        token, to = ((orchestrator, "worker"), (worker, "orchestrator"))[n % 2]
        r = delegate(t, a, token, "--to", to, "--task", longest, env={"WHOSH_PRINCIPAL_CHAIN": chain})
        if r.code:
            break
        chain = chain_of(r)
    assert r.code == 77 and r.out == b"" and n > 0 and "16 KiB" in r.errors, (n, r)


def test_scope(t):
    """A scope with a slip in it would be signed as it is, or read differently than it was written."""
    a = t.approver()
    orchestrator, worker = a.agent("orchestrator"), a.agent("worker")
    scope = {"commands": [["echo", ["a", "b"], "**"]], "hosts": ["*"], "cwd": ["/", "/*"]}
    file = t.json("scope.json", scope)
    first = start(a, "orchestrator", "x", "--scope", file)
    narrower = {"commands": [["echo", "a"]]}
    r = delegate(t, a, orchestrator, "--to", "worker", "--task", "y", "--scope", "-", stdin=json.dumps(narrower, indent=2),
                 env={"WHOSH_PRINCIPAL_CHAIN": first})
    chain = chain_of(r)
    assert [jose.claims(h)["scope"] for h in chain.split("~")] == [scope, narrower]
    env = {"WHOSH_PRINCIPAL_CHAIN": chain}
    assert t.whosh(a, worker, "-c", "echo a", env=env).text == "a\n"
    r = t.whosh(a, worker, "-c", "echo b", env=env)
    assert r.code == 126 and "scope.commands" in r.errors, r
    wider = t.json("wider.json", {"commands": [["**"]]})
    r = delegate(t, a, orchestrator, "--to", "worker", "--task", "y", "--scope", wider, env={"WHOSH_PRINCIPAL_CHAIN": first})
    assert r.code == 77 and r.out == b"" and "reaches further" in r.errors, r
    before = len(delegations(a, "--all"))
    for number, bad in enumerate(('{}', '[]', '{"commands":[]}', '{"commands":["ls"]}', '{"command":[["ls"]]}', "", "{",
                                  '{"hosts":["a"],"hosts":["b"]}', '{"hosts":["a\\u0000"]}', '{"hosts":[""]}',
                                  '{"cwd":["%s"]}' % ("x" * 5000), '{"hosts":["a"]} x', '{"cwd":["\xff"]}')):
        file = t.tmp / ("bad%d" % number)
        file.write_bytes(bad.encode("latin-1"))
        for r in (delegate(t, a, orchestrator, "--to", "worker", "--task", "y", "--scope", file),
                  a.ctl("delegate", "--to", "worker", "--task", "y", "--scope", file, check=False)):
            assert r.code == 2 and r.out == b"", (bad, r)
    assert len(delegations(a, "--all")) == before, "something was sent"
    hidden = {"hosts": ["a\x1b[2J\u202e"]}
    start(a, "worker", "x", "--scope", t.json("hidden.json", hidden))


def test_wrong_use(t):
    """A slip on the command line would delegate something else than was meant."""
    a = t.approver()
    orchestrator = a.agent("orchestrator")
    for args in ((), ("--to", "worker"), ("--task", "x"), ("--to", "no such name", "--task", "x"),
                 ("--to", "w", "--task", "x", "--expires", "0"), ("--to", "w", "--task", "x", "--expires", "soon"),
                 ("--to", "w", "--task", "x", "--depth", "8"), ("--to", "w", "--task", "x", "--depth", "-1"),
                 ("--to", "w", "--task", "x", "--depth", "1x"), ("w", "--task", "x")):
        r = delegate(t, a, orchestrator, *args)
        assert r.code == 2 and r.out == b"", r


def test_check_reads_the_chain(t):
    """With the wrong chain, or an old one, whosh --check would say that all is well."""
    a = t.approver()
    orchestrator, worker = a.agent("orchestrator"), a.agent("worker")
    first = start(a)
    chain = chain_of(delegate(t, a, orchestrator, "--to", "worker", "--task", "x", env={"WHOSH_PRINCIPAL_CHAIN": first}))

    def line(token, chain):
        r = t.whosh(a, token, "--check", env={"WHOSH_PRINCIPAL_CHAIN": chain})
        return [x for x in r.text.splitlines() if x[6:].startswith("chain ")][0]
    good = line(worker, chain)
    assert good.startswith("ok ") and "for admin → orchestrator → worker, good until 20" in good, good
    assert "as read" in good and good.endswith('; task "x"'), good
    other = line(orchestrator, chain)
    assert other.startswith("warn ") and "does not end at orchestrator" in other, other
    old = chains.claims(a, "approver", "worker", jose.Token(worker), iat=1000, exp=2000)
    assert "expired 1970-" in line(worker, jose.Token().sign("whosh-hop+jwt", old))
    assert line(worker, "rubbish").startswith("warn ")


def test_policy_can_approve_it(t):
    """No rule could let an orchestrator delegate by itself, and a reviewer would be asked each time."""
    policy = t.json("p.json", {"version": 1, "default": "review", "rules": [
        {"name": "delegate", "verdict": "approve", "commands": [["whoctl", "delegate", "**"], ["ssh", "worker@host", "**"]]}]})

    def explain(line):
        r = t.run([t.program("whoctl"), "policy", "explain", policy, line], env={"PATH": "/usr/bin:/bin"})
        return r.text.split()[0]
    assert explain("whoctl delegate --to worker --task 'check the tables'") == "approve"
    assert explain("WHOSH_PRINCIPAL_CHAIN=$(whoctl delegate --to worker --task 'x') ssh worker@host make check") == "approve"
    assert explain("chain=$(whoctl delegate --to worker --task x) && WHOSH_PRINCIPAL_CHAIN=$chain ssh worker@host ls") == "approve"
    assert explain("WHOSH_PRINCIPAL_CHAIN=$(rm -rf x) ssh worker@host ls") == "review"
    assert explain("WHOSH_CONFIG=x whoctl delegate --to worker --task x") == "review"
