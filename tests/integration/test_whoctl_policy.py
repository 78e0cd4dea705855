"""whoctl's policy verbs: check, explain, test, diff, without an approver and with recorded lines."""
import json

from lib.scripted import Scripted

POLICY = {"version": 1, "default": "review", "rules": [
    {"name": "read-only", "verdict": "approve", "commands": [["git", ["status", "log"], "**"], ["ls", "**"]]},
    {"name": "no-ddl", "verdict": "deny", "unless": {"agents": ["db-migration-agent"]}, "commands": [["psql", "**"]],
     "line_matches": "(?i)drop\\s+table"}]}
DROP = "psql -c 'DROP TABLE sessions'"


def policy(t, *args, stdin=b""):
    """Without a home, a state directory or an approver."""
    return t.run([t.program("whoctl"), "policy", *args], stdin=stdin, env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"})


def test_check(t):
    """A policy with a slip in it must be refused where it is written, and the place named."""
    good = t.json("good.json", POLICY)
    r = policy(t, "check", good)
    assert r.code == 0 and "2 rules" in r.text, r
    hash_ = json.loads(policy(t, "check", good, "--json").out)["policy_s256"]
    assert hash_ in r.text and len(hash_) == 43, r
    for number, (change, named) in enumerate((({"default": "maybe"}, "default"), ({"rulez": []}, "rulez"),
                                              ({"rules": [{"name": "x"}]}, "rules[0]"))):
        bad = t.json("bad%d.json" % number, {**POLICY, **change})
        r = policy(t, "check", bad)
        assert r.code == 1 and named in r.errors and r.out == b"", r
        assert json.loads(policy(t, "check", bad, "--json").out)["ok"] is False
    assert policy(t, "check", t.tmp / "none.json").code == 1


def test_explain(t):
    """Whoever writes a policy must see the verdict first and then why, word by word, or will guess."""
    file = t.json("p.json", POLICY)
    r = policy(t, "explain", file, "git status && rm -rf x")
    lines = r.text.splitlines()
    assert r.code == 0 and lines[0].startswith("review "), r
    assert any(x.split()[:2] == ["approve", "read-only"] and "git status" in x for x in lines), r
    assert any("rm -rf x" in x and x.split()[0] == "review" for x in lines[1:]), r
    assert policy(t, "explain", file, "git status").text.startswith("approve by rule read-only")
    assert policy(t, "explain", file, DROP, "--agent", "worker").text.startswith("deny by rule no-ddl")
    assert policy(t, "explain", "--agent", "db-migration-agent", file, DROP).text.startswith("review ")
    assert policy(t, "explain", file, "-", stdin=b"git status\n").text.startswith("approve")
    decision = json.loads(policy(t, "explain", file, DROP, "--agent", "worker", "--json").out)
    assert decision["verdict"] == "deny" and decision["rule"] == "no-ddl", decision
    assert b"\x1b" not in policy(t, "explain", file, "rm '\x1b[2J'").out
    assert policy(t, "explain", file).code == 2 and policy(t, "explain", file, "ls", "--at", "teatime").code == 2


def test_kept_variables(t):
    """A variable that loads code changes what every command does: only a rule that names it may let it pass."""
    commands = [["ls", "**"]]
    plain = t.json("plain.json", {"version": 1, "rules": [{"name": "ls", "verdict": "approve", "commands": commands}]})
    named = t.json("named.json", {"version": 1, "rules": [
        {"name": "ls", "verdict": "approve", "when": {"env_kept": ["PYTHON*", "PERL5LIB"]}, "commands": commands},
        {"name": "no-preload", "verdict": "deny", "when": {"env_kept": ["LD_*"]}}]})
    for file, kept, verdict in ((plain, None, "approve"), (plain, "PYTHONPATH", "review"), (named, "PYTHONPATH", "approve"),
                                (named, "PYTHONPATH,PERL5LIB", "approve"), (named, "PYTHONPATH,BASH_ENV", "review"),
                                (named, "PYTHONPATH,LD_PRELOAD", "deny"), (named, None, "review")):
        r = policy(t, "explain", file, "ls", *(["--env-kept", kept] if kept else []))
        assert r.text.startswith(verdict + " "), (file, kept, r)
    assert policy(t, "explain", plain, "A=b", "--env-kept", "LD_PRELOAD").text.startswith("review ")


def test_cases(t):
    """A policy is changed by people who do not remember why each rule is there; the cases do."""
    file = t.json("p.json", POLICY)
    good = [{"line": "git log -3", "verdict": "approve", "rule": "read-only"},
            {"line": DROP, "agent": "worker", "verdict": "deny"}, {"line": "make", "verdict": "review"}]
    r = policy(t, "test", file, t.json("good.json", good))
    assert r.code == 0 and r.text == "3 as meant, 0 not\n", r
    r = policy(t, "test", file, t.json("one.json", good + [{"line": "ls \x1b", "verdict": "deny"}]))
    assert r.code == 1 and "3 as meant, 1 not" in r.text and "wanted deny, got approve by read-only" in r.text, r
    assert b"\x1b" not in r.out
    rows = json.loads(policy(t, "test", file, t.tmp / "one.json", "--json").out)
    assert [x["as_meant"] for x in rows] == [True, True, True, False], rows
    for number, wrong in enumerate(([], {}, [{"line": "ls"}], [{"line": "ls", "verdict": "yes"}],
                                    [{"line": "ls", "verdict": "deny", "hots": "x"}], [{"line": "ls", "verdict": "deny", "host": 1}])):
        r = policy(t, "test", file, t.json("wrong%d.json" % number, wrong))
        assert r.code == 1 and r.errors.startswith("whoctl: ") and r.out == b"", (wrong, r)


def test_examples_keep_their_word(t):
    """The example policies are what people start from; their cases say what they promise."""
    tested = 0
    for cases in sorted((t.source / "examples/policies").glob("*.cases.json")):
        r = policy(t, "test", str(cases).replace(".cases", ""), cases)
        assert r.code == 0, r
        tested += 1
    assert tested


def test_diff(t):
    """Before a policy is put in force someone must see what it changes, best on lines that were really sent."""
    s = Scripted(t)
    old = t.json("old.json", POLICY)
    changed = {**POLICY, "default": "deny", "rules": [
        {**POLICY["rules"][0], "commands": [["git", ["status"], "**"]]},
        {"name": "make", "verdict": "approve", "commands": [["make", "**"]]}]}
    new = t.json("new.json", changed)
    r = policy(t, "diff", old, new)
    assert r.code == 0 and "- default \"review\"\n+ default \"deny\"\n" in r.text, r
    for sign, name in (("-", "read-only"), ("+", "read-only"), ("-", "no-ddl"), ("+", "make")):
        assert any(x.startswith(sign + " rule ") and '"name":"%s"' % name in x for x in r.text.splitlines()), (sign, name, r)
    assert policy(t, "diff", old, old).text == "no difference\n"

    def record(line):
        return {"id": "i", "ts": "2026-11-23T03:47:12Z", "agent": "worker", "human": "alice", "line": line}
    s.answers["GET /v1/policy"] = old.read_bytes()
    s.answers["GET /v1/audit"] = {"commands": [record("git log"), record("git status"), record(DROP), record("make")]}
    r = s.ctl("policy", "diff", new, "--last", "4")
    assert r.code == 0 and "2 of the last 4 lines would be judged otherwise" in r.text, r
    assert "approve → deny by default, worker: git log" in r.text and "review → approve by make, worker: make" in r.text, r
    found = json.loads(s.ctl("policy", "diff", new, "--last", "4", "--json").out)
    assert [x["line"] for x in found["verdicts"]] == ["git log", "make"] and found["default"]["new"] == "deny", found
    assert s.ctl("policy", "diff", new, "--last", "none").code == 2
