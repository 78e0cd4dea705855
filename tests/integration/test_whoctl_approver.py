"""whoctl and a real approver: enrol, run, ask, review, change the policy, revoke."""
import json
import os
import re
import subprocess

POLICY = {"version": 1, "default": "review", "rules": [
    {"name": "read-only", "verdict": "approve", "commands": [["echo", "**"]]},
    {"name": "no-ddl", "verdict": "deny", "commands": [["psql", "**"]], "line_matches": "(?i)drop\\s+table"}]}
DROP = "psql -c 'DROP TABLE sessions'"


def test_the_seed_question(t):
    """The one question whosh is for: which agent ran it, for whom, with which model, on what task?"""
    a = t.approver(policy=POLICY)
    token = t.tmp / "token"
    a.ctl("agent", "add", "db-migration-agent", "--owner", "alice")
    a.ctl("credential", "issue", "db-migration-agent", "--out", token, "--agent-version", "2.3", "--expires", "30d")
    context = {"WHOSH_MODEL": "anthropic/claude-x@1", "WHOSH_TASK": "Drop old sessions"}
    assert t.whosh(a, token, "-c", "echo hello", env=context).out == b"hello\n"
    assert t.whosh(a, token, "-c", DROP, env=context).code == 126
    r = a.ctl("who", "--match", "drop table")
    sentence = r.text.splitlines()[0]
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  db-migration-agent 2\.3 \(model anthropic/claude-x@1[^)]*\) for alice, "
                    r'task "Drop old sessions"( \(claimed\))?, denied by rule no-ddl: ' + re.escape(DROP) + "$", sentence), r
    row = a.who("--match", "drop table", "--verdict", "denied", "--human", "alice", "--since", "1h")[0]
    assert (row["agent"], row["human"], row["model"], row["task"], row["line"], row["rule"]) == (
        "db-migration-agent", "alice", "anthropic/claude-x@1", "Drop old sessions", DROP, "no-ddl"), row
    assert a.who("--agent", "nobody") == [] and a.who("--until", "1h") == [] and a.who("--human", "bob") == []
    shown = a.ctl("show", row["id"][-12:]).text
    assert re.search(r"^model +anthropic/claude-x@1 +claimed", shown, re.M), shown
    assert re.search(r"^agent +db-migration-agent +proven", shown, re.M), shown
    assert "command_requested" in shown and "command_decided" in shown, shown
    assert [x["line"] for x in a.who()] == [DROP, "echo hello"], "newest first"
    page = a.who("--limit", "1")
    assert [x["line"] for x in a.who("--before", page[0]["id"])] == ["echo hello"]


def test_review_by_hand(t):
    """A person must be able to let one line run and to stop another, and the agent must learn why."""
    a = t.approver(policy=POLICY)
    token = a.agent("worker")
    watch = t.spawn([t.program("whoctl"), "--dir", a.dir, "watch", "--json"], stdout=subprocess.PIPE,
                    env={"PATH": "/usr/bin:/bin"})
    one = t.whosh_start(a, token, "-c", "touch one")
    found = a.pending()[0]
    assert "touch one" in a.ctl("pending").text
    a.ctl("approve", found["id"][-12:])
    assert one.wait(30) == 0 and (t.tmp / "one").exists()
    two = t.whosh_start(a, token, "-c", "touch two")
    a.ctl("deny", a.pending()[0]["id"], "--reason", "not on a Friday")
    assert two.wait(30) == 126 and not (t.tmp / "two").exists()
    assert b"not on a Friday" in two.stderr.read()
    late = a.ctl("approve", found["id"], check=False)
    assert late.code == 1 and "refused" in late.errors, late
    seen = b""
    while seen.count(b"\n") < 3:
        piece = os.read(watch.stdout.fileno(), 65536)
        assert piece, seen
        seen += piece
    events = [json.loads(x) for x in seen.splitlines()[:3]]
    assert {"review", "decided"} <= {x["event"] for x in events}, events
    watch.terminate()


def test_roles(t):
    """A viewer who could approve, or a reviewer who could enrol, would make the roles a decoration."""
    a = t.approver(policy=POLICY)
    token = a.agent("worker")
    for name, role in (("vera", "viewer"), ("rob", "reviewer")):
        a.ctl("operator", "add", name, "--role", role, "--out", t.tmp / name)

    def as_person(name, *args):
        return a.ctl(*args, "--token-file", t.tmp / name, check=False)
    p = t.whosh_start(a, token, "-c", "touch x")
    command = a.pending()[0]["id"]
    assert as_person("vera", "who").code == 0 and as_person("vera", "pending").code == 0
    for name, args in (("vera", ("approve", command)), ("vera", ("agent", "add", "x")), ("rob", ("agent", "add", "x")),
                       ("rob", ("operator", "add", "x", "--role", "admin")), ("rob", ("credential", "revoke", "A" * 43)),
                       ("rob", ("policy", "load", t.json("p.json", POLICY)))):
        r = as_person(name, *args)
        assert r.code == 77 and r.errors.startswith("whoctl: not permitted: "), (name, args, r)
    assert as_person("rob", "approve", command).code == 0
    assert p.wait(30) == 0
    assert a.who()[0]["reviewers"] == ["rob"], a.who()
    a.ctl("operator", "remove", "rob")
    assert as_person("rob", "who").code == 77
    assert sorted(x["name"] for x in a.json("operator", "list")) == ["admin", "vera"]


def test_agents_and_credentials(t):
    """What the lists say of agents and credentials is what someone revokes by."""
    a = t.approver(policy=POLICY)
    token = a.agent("worker", "alice", "--expires", "3d")
    assert a.ctl("agent", "add", "worker", check=False).code == 1, "there is one already"
    assert t.whosh(a, token, "-c", "echo x").code == 0
    agent = [x for x in a.json("agent", "list") if x["id"] == "worker"][0]
    assert agent["owner"] == "alice" and agent["credentials"] == 1 and not agent["disabled"], agent
    assert "worker" in a.ctl("agent", "list").text and "echo x" in a.ctl("agent", "show", "worker").text
    credential = a.json("credential", "list")[0]
    assert "worker: 2 d 23 h left" in a.ctl("status").text
    a.ctl("credential", "revoke", credential["id"])
    assert t.whosh(a, token, "-c", "echo x").code == 77
    assert "revoked" in a.ctl("credential", "list").text and "worker:" not in a.ctl("status").text
    a.ctl("agent", "disable", "worker")
    assert "disabled" in a.ctl("agent", "list").text
    for gone in (("credential", "revoke", "A" * 43), ("agent", "disable", "nobody"), ("operator", "remove", "nobody"),
                 ("agent", "show", "nobody"), ("show", "01930000-0000-7000-8000-000000000000")):
        assert a.ctl(*gone, check=False).code == 1, gone


def test_policy_in_force(t):
    """A policy that is not the one that was checked, or was half loaded, decides what nobody intended."""
    a = t.approver(policy=POLICY)
    token = a.agent("worker")
    assert json.loads(a.ctl("policy", "show").out) == POLICY
    strict = t.json("strict.json", {"version": 1, "default": "deny", "rules": []})
    assert t.whosh(a, token, "-c", "echo x").code == 0
    changed = a.ctl("policy", "diff", strict).text
    assert "read-only" in changed and "no-ddl" in changed, changed
    loaded = a.json("policy", "load", strict)
    assert loaded["policy_s256"] in a.ctl("status").text
    assert t.whosh(a, token, "-c", "echo x").code == 126
    bad = t.json("bad.json", {"version": 1, "default": "maybe", "rules": []})
    r = a.ctl("policy", "load", bad, check=False)
    assert r.code == 1 and "bad.json" in r.errors, r
    assert a.ctl("policy", "show").out == strict.read_bytes()


def test_root_looks_after_a_service_account(t):
    """The approver runs as an account of its own; root must be able to ask it by its directory, others must not."""
    t.need_root()
    a = t.approver(policy=POLICY)
    a.stop()
    t.tmp.chmod(0o711)
    assert t.run(["chown", "-R", "nobody", a.dir]).code == 0
    a.start(prefix=["setpriv", "--reuid=nobody", "--clear-groups", "--"])
    assert a.ctl("status").code == 0
    assert a.ctl("agent", "add", "worker", "--owner", "alice").code == 0
    r = t.run(["setpriv", "--reuid=daemon", "--clear-groups", "--", t.program("whoctl"), "--dir", a.dir, "status"])
    assert r.code != 0 and "ermission denied" in r.errors, r


def test_the_whole_story(t):
    """Someone called at night must see in one page who let it run, how late, what came of it, and what was done around it."""
    a = t.approver(policy=POLICY)
    token = a.agent("worker")
    a.ctl("operator", "add", "rita", "--role", "reviewer", "--out", t.tmp / "rita")
    session = {"WHOSH_SESSION_ID": "01930000-0000-7000-8000-00000000abcd"}
    for n in range(4):
        assert t.whosh(a, token, "-c", "echo before %d" % n, env=session).code == 0
    p = t.whosh_start(a, token, "-c", "touch x --password Sw0rdf1sh-77; false", env=session)
    command = a.pending()[0]["id"]
    waiting = a.ctl("show", command).text
    assert re.search(r"^waits +for 1 more reviewer, until \d{4}-", waiting, re.M), waiting
    a.ctl("approve", command, "--reason", "asked for", "--token-file", t.tmp / "rita")
    p.wait(30)
    for n in range(4):
        assert t.whosh(a, token, "-c", "echo after %d" % n, env=session).code == 0
    assert t.whosh(a, token, "-c", "echo elsewhere").code == 0
    a.ended(10)
    r = a.ctl("show", command)
    text = r.text
    assert re.search(r"^reviewed +rita approved it after [\d.]+ (ms|s) \(\d{4}-[^)]*\): asked for$", text, re.M), text
    assert re.search(r"^decided .* after it was received$", text, re.M), text
    assert re.search(r"^ended .* after it began$", text, re.M), text
    assert re.search(r"^rule +default$", text, re.M) and re.search(r"^policy +\S{43,64}$", text, re.M), text
    assert re.search(r"^log index +\d+, of the decision$", text, re.M) and "of the request" in waiting, text
    around = re.findall(r"^([> ]) (\d+) +\d{4}-\S+ \S+ +exit (\d+) +\S{36} +(.*)$", text, re.M)
    assert [x[:2] for x in around] == [(" ", "2"), (" ", "3"), (" ", "4"), (">", "5"), (" ", "6"), (" ", "7"), (" ", "8")], text
    assert [x[3] for x in around][:3] == ["echo before 1", "echo before 2", "echo before 3"] and around[3][2] == "1", text
    assert around[-1][3] == "echo after 2" and "elsewhere" not in text, text
    assert "Sw0rdf1sh" not in text and "--password ‹secret:" in text and "secrets are masked" in text, text
    row = a.json("show", command)[0]
    assert row["command_jws"] is None and row["masked"] and len(row["neighbours"]["before"]) == 3, row
    assert [x["operator"] for x in row["events"] if x["kind"] == "review"] == ["rita"], row["events"]
    unmasked = a.ctl("show", command, "--unmask", "--token-file", t.tmp / "rita").text
    assert "--password Sw0rdf1sh-77; false" in unmasked and "signed bytes" not in unmasked, unmasked
    evidence = a.ctl("show", command, "--evidence", "--token-file", t.tmp / "rita").text
    assert re.search(r"^command +eyJ\S+\.\S+\.\S+$", evidence, re.M) and re.search(r"^outcome +eyJ", evidence, re.M), evidence
    a.ctl("operator", "add", "vera", "--role", "viewer", "--out", t.tmp / "vera")
    for flag in ("--unmask", "--evidence"):
        assert a.ctl("show", command, flag, "--token-file", t.tmp / "vera", check=False).code == 77, flag
    assert "rita approved it" in a.ctl("show", command, "--token-file", t.tmp / "vera").text
