"""whoctl report: what the records say to a standard's controls, counted again by the test."""
import base64
import collections
import csv
import hashlib
import io
import json
import os
import pty
import random
import re
import time

from integration.test_incident import FORBIDDEN, strict_html, text_of
from lib.fake import Fake
from lib.past import DAY, command, denied, event, put, reviewed

STANDARDS = {
    "soc2": ["CC6.1", "CC6.2", "CC6.3", "CC7.2", "CC8.1"],
    "iso27001": ["A.5.15", "A.5.16", "A.5.17", "A.5.18", "A.8.2", "A.8.15", "A.8.16", "A.8.32"],
    "hipaa": ["164.308(a)(1)(ii)(D)", "164.312(a)(2)(i)", "164.312(b)", "164.312(d)"],
    "pci-dss": ["7.2", "8.2", "8.6", "10.2", "10.3", "10.4"],
    "nist-800-53": ["AC-2", "AC-3", "AC-6(9)", "AU-2", "AU-3", "AU-6", "AU-9", "AU-10", "AU-12", "IA-4", "IA-5"],
    "eu-ai-act": ["Art. 12", "Art. 14", "Art. 19", "Art. 26"]}


def utc(day):
    return int(time.mktime(time.strptime(day, "%Y-%m-%d")) - time.timezone) * 1000


FROM, TO = utc("2026-03-01"), utc("2026-04-01")


def month(seed):
    """A month of commands of every kind, some before and after it."""
    dice, out = random.Random(seed), []
    out.append(event(FROM - 3 * DAY, "log_started", version="0.1.0", policy_s256="P" * 43))
    times = sorted(dice.randrange(FROM - 2 * DAY, TO + 2 * DAY) for _ in range(600))
    times[:2], times[-2:] = [FROM - 1, FROM], [TO - 1, TO]
    for i, ts in enumerate(sorted(times)):
        agent = dice.choice(["a-one", "a-two", "a-three"])
        line = dice.choice(["git status", "=cmd|'/c calc'!A1", "make \"x\", y", "@SUM(1)"]) + " %d" % i
        kind = dice.randrange(10)
        more = {"agent": agent, "human": dice.choice(["alice", "carol"]), "host": "h-%d" % dice.randrange(4)}
        if kind < 4:
            out.append(command(ts, line, exit=dice.choice([0, 0, 1]), **more))
        elif kind == 4:
            out.append(denied(ts, line, **more))
        elif kind < 7:
            out.append(reviewed(ts, line, [dice.choice(["alice", "bob"])], dice.randrange(1000, 900000), **more))
        elif kind == 7:
            out.append(denied(ts, line, rule="ask", **{**more, "cause": "timeout"}))
        elif kind == 8:
            out.append(command(ts, line, outcome="lost", exit=None, ended=None, task=None, model=None, **more))
        else:
            out.append(command(ts, line, outcome="signaled", exit=None, signal="KILL", chain=None, **more))
    return out


def counted(entries):
    n = collections.Counter()
    for c in entries:
        if "line" not in c or not FROM <= c["ts"] < TO:
            continue
        n["commands"] += 1
        n[c["verdict"]] += 1
        reviewed_by = json.loads(c["reviewers"]) if c["cause"] == "review" else []
        n["approved_by_rule"] += c["verdict"] == "approved" and c["cause"] == "policy"
        n["approved_by_review"] += bool(reviewed_by)
        n["denied_by_rule"] += c["verdict"] == "denied" and c["cause"] == "policy"
        n["unreviewed"] += c["cause"] == "timeout"
        n["approved_by_own_human"] += reviewed_by == [c["human"]]
        n["exit_0"] += c.get("exit") == 0
        n["exit_not_0"] += c.get("exit", 0) != 0
        n["signaled"] += c.get("signal") is not None
        n["outcome_unknown"] += c.get("outcome") == "lost"
        n["with_model"] += "model" in c
        n["with_task"] += "task" in c
        n["delegated"] += "chain" in c
    return n


def facts(report):
    return {x["name"]: x["value"] for x in report["facts"]}


def of_month(a, *args, standard="soc2"):
    return a.ctl("report", standard, "--from", "2026-03-01", "--to", "2026-03-31", *args)


def thumbprint(x):
    """RFC 7638, of an Ed25519 key."""
    digest = hashlib.sha256(b'{"crv":"Ed25519","kty":"OKP","x":"%s"}' % x.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def told(t, entries):
    a = t.approver(start=False)
    put(t, a, entries)
    return a.start()


def test_numbers_are_those_of_the_records(t):
    """A report whose numbers are off by one is worse than none: it is signed and handed on."""
    entries = month(1)
    a = told(t, entries)
    report = json.loads(of_month(a, "--json").out)
    said, wanted = facts(report), counted(entries)
    for name in wanted:
        assert said[name] == wanted[name], (name, said[name], wanted[name])
    inside = [c for c in entries if "line" in c and FROM <= c["ts"] < TO]
    assert {(x["agent"], x["commands"], x["denied"], x["reviewed"], x["outcome_unknown"]) for x in report["agents"]} == {
        (agent, sum(c["agent"] == agent for c in inside),
         sum(c["agent"] == agent and c["verdict"] == "denied" for c in inside),
         sum(c["agent"] == agent and c["cause"] == "review" for c in inside),
         sum(c["agent"] == agent and c.get("outcome") == "lost" for c in inside)) for agent in ("a-one", "a-two", "a-three")}
    waits = sorted(c["decided"] - c["ts"] for c in inside if c["cause"] == "review")
    assert report["review_ms"] == {"median": waits[(len(waits) + 1) // 2 - 1], "longest": waits[-1],
                                   "p95": waits[-(-len(waits) * 95 // 100) - 1]}, (report["review_ms"], len(waits))
    assert said["log_missing"] == 0 and said["log_events"] == report["log_size"], said
    reviewers = collections.Counter(n for c in inside if c["cause"] == "review" for n in json.loads(c["reviewers"]))
    by = " and ".join("%s (%d)" % x for x in reviewers.most_common())
    assert any("by %s." % by in x for c in report["controls"] for x in c["answer"]), by


def test_nobody_picks_the_samples(t):
    """An auditor must be able to draw the same records from the log, or the approver could show its best ones."""
    entries = month(2)
    a = t.approver(start=False)
    ids = put(t, a, entries)
    a.start()
    report = json.loads(of_month(a, "--json", "--sample", "7").out)
    commands = [c for c in entries if "line" in c]
    assert len(commands) == len(ids)

    def drawn(seed, wanted):
        kept = [(hashlib.sha256(("%s\n%d" % (seed, index)).encode()).digest(), index, name)
                for (name, index), c in zip(ids, commands) if FROM <= c["ts"] < TO and wanted(c)]
        return len(kept), [(name, index) for _, index, name in sorted(kept)[:7]]
    classes = {"any command": lambda c: True, "denied": lambda c: c["verdict"] == "denied",
               "reviewed by a person": lambda c: c["cause"] == "review", "outcome not known": lambda c: c.get("outcome") == "lost"}
    seen = set()
    for control in report["controls"]:
        for sample in control["samples"]:
            if sample["class"] in classes:
                seen.add(sample["class"])
                of, first = drawn(report["seed"], classes[sample["class"]])
                assert sample["of"] == of and [(x["id"], x["log_index"]) for x in sample["commands"]] == first, sample
    assert seen == set(classes), seen
    again = json.loads(of_month(a, "--json", "--sample", "7", "--seed", report["seed"]).out)

    def shown(x):
        return [y["id"] for s in x["controls"][0]["samples"] for y in s["commands"]]
    assert shown(again) == shown(report)
    other = json.loads(of_month(a, "--json", "--seed", "0" * 64).out)
    assert shown(other) != shown(report) and "given by" in other["seed_of"], other["seed_of"]


def leaf_hashes(log, size):
    """RFC 6962 hashes of the leaves, from the log's own files."""
    hashes = []
    for n in range((size + 255) // 256):
        width = min(256, size - n * 256)
        data = (log / "tile" / "entries" / ("%03d" % n + (".p/%d" % width if width < 256 else ""))).read_bytes()
        for _ in range(width):
            length = int.from_bytes(data[:2], "big")
            hashes.append(hashlib.sha256(b"\0" + data[2:2 + length]).digest())
            data = data[2 + length:]
    return hashes


def root_from(leaf, index, size, path):
    """RFC 9162 section 2.1.3.2."""
    fn, sn, r = index, size - 1, leaf
    for p in path:
        assert sn, "the path is too long"
        if fn & 1 or fn == sn:
            r = hashlib.sha256(b"\1" + p + r).digest()
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = hashlib.sha256(b"\1" + r + p).digest()
        fn, sn = fn >> 1, sn >> 1
    assert not sn, "the path is too short"
    return r


def test_samples_are_proven(t):
    """An auditor who holds a checkpoint must be able to check that what was shown is in that log, without us."""
    a = told(t, month(5))
    report = json.loads(of_month(a, "--json", standard="nist-800-53").out)
    page = text_of(strict_html(of_month(a, "--format", "html", standard="nist-800-53").out))
    rows = csv.DictReader(io.StringIO(of_month(a, "--format", "csv", standard="nist-800-53").out.decode(), newline=""))
    a.stop()
    lines = report["checkpoint"].split("\n")
    size, root = int(lines[1]), base64.b64decode(lines[2])
    assert size == report["log_size"] and root.hex() == report["seed"] and lines[0].startswith("whoshd:"), lines
    now = int((a.dir / "log" / "checkpoint").read_text().split("\n")[1])
    leaves, n = leaf_hashes(a.dir / "log", now), 0
    for control in report["controls"]:
        for sample in control["samples"]:
            for x in sample.get("commands", sample.get("events")):
                path = [base64.b64decode(p) for p in x["proof"]]
                assert root_from(leaves[x["log_index"]], x["log_index"], size, path) == root, x
                n += 1
    assert n > 20 and "whoshd:" in page
    sample = next(x for x in rows if x["kind"] == "sample" and x["proof"])
    assert all(len(base64.b64decode(p)) == 32 for p in sample["proof"].split())


def test_every_standard_in_every_form(t):
    """What is handed to an auditor must be whole, readable, harmless, and say what it is not."""
    a = told(t, month(3))
    for standard, controls in STANDARDS.items():
        report = json.loads(of_month(a, "--json", standard=standard).out)
        assert [x["id"] for x in report["controls"]] == controls, standard
        for control in report["controls"]:
            assert control["question"].endswith("?") and control["answer"] and control["samples"] and control["cannot"], control
            assert not any(bad in x for x in control["answer"] for bad in ("%", "[", "|")), control
        tree = strict_html(of_month(a, "--format", "html", standard=standard).out)
        page = text_of(tree)
        assert "an aid, not advice" in page and re.search("The seed is [0-9a-f]{64}: the root hash of the log's signed checkpoint of size", page), standard
        assert all(x["question"] in page and x["cannot"] in page for x in report["controls"])
        assert [text_of(x).split(" · ")[0] for x in tree.iter("h2")][:len(controls)] == controls
        text = of_month(a, standard=standard).text
        assert "an aid, not advice" in " ".join(text.split()) and not FORBIDDEN.search(text)
        assert all(x + "  " in text for x in controls)


def test_csv(t):
    """A spreadsheet that runs an agent's line as a formula, or breaks at its quotes, cannot be given to anybody."""
    a = told(t, month(4))
    out = t.tmp / "report.csv"
    report = json.loads(of_month(a, "--json", "--sample", "60").out)
    of_month(a, "--out", out, "--sample", "60", "--seed", report["seed"])
    raw = out.read_bytes()
    assert raw.count(b"\r\n") == raw.count(b"\n"), "RFC 4180 ends its rows with CR LF"
    rows = list(csv.DictReader(io.StringIO(raw.decode(), newline=""), strict=True))
    assert all(None not in x and len(x) == 20 for x in rows)
    assert not any(v[:1] in ("=", "+", "-", "@") for x in rows for v in x.values())
    for control in report["controls"]:
        mine = [x for x in rows if x["control"] == control["id"]]
        steady = [n for n in control["facts"] if n not in ("log_events", "sign_ins")]  # asking adds to these
        assert {x["name"]: int(x["value"]) for x in mine if x["kind"] == "fact" and x["name"] in steady} == {
            n: facts(report)[n] for n in steady}, control["id"]
        assert {x["name"] for x in mine if x["kind"] == "fact"} == set(control["facts"]), control["id"]
        assert [x["value"] for x in mine if x["kind"] == "answer"][:2] == control["answer"][:2]
        samples = [(r["id"], str(r["log_index"]), r["line"]) for s in control["samples"] for r in s.get("commands", ())]
        assert [(x["command"], x["log_index"], x["line"].removeprefix("'")) for x in mine
                if x["kind"] == "sample" and x["command"]] == samples, control["id"]
    assert any(x["line"].startswith("'=cmd") for x in rows) and rows[0]["kind"] == "note" and "aid" in rows[0]["value"]


def test_a_real_day(t):
    """Keys, kills, policies and refusals are what auditors ask for first: they must be counted as they happened."""
    policy = {"version": 1, "default": "review", "rules": [
        {"name": "safe", "verdict": "approve", "commands": [["echo", "**"]]},
        {"name": "no", "verdict": "deny", "commands": [["rm", "**"]]}]}
    a = t.approver(policy=policy)
    token = a.agent("worker")
    a.ctl("operator", "add", "bob", "--role", "reviewer", "--out", t.tmp / "bob")
    assert t.whosh(a, token, "-c", "echo x").code == 0
    assert t.whosh(a, token, "-c", "rm x").code == 126
    p = t.whosh_start(a, token, "-c", "true")
    a.ctl("approve", a.pending()[0]["id"], "--token-file", t.tmp / "bob")
    assert p.wait(30) == 0
    a.ctl("credential", "rotate", "worker", "--out", t.tmp / "second")
    a.ctl("credential", "rotate", "worker", "--out", t.tmp / "third")
    last = json.loads((t.tmp / "third").read_text())["jwk"]["x"]
    last = next(x["id"] for x in a.json("credential", "list") if x["id"] == thumbprint(last))
    a.ctl("credential", "revoke", last)
    assert t.whosh(a, t.tmp / "third", "-c", "echo x").code == 77
    a.ctl("kill", "agent", "worker", "--reason", "enough", "--for", "1h")
    a.ctl("unkill", "agent", "worker")
    a.ctl("policy", "load", t.json("p.json", {**policy, "default": "deny"}))
    a.ended(3)
    a.restart()
    a.ctl("operator", "add", "eve", "--role", "viewer", "--out", t.tmp / "eve")  # in the log behind its start
    a.kill()
    a.start()
    a.ctl("operator", "add", "zoe", "--role", "viewer", "--out", t.tmp / "zoe")
    today = time.strftime("%Y-%m-%d", time.gmtime())
    report = json.loads(a.ctl("report", "soc2", "--from", today, "--to", today, "--json").out)
    said = facts(report)
    wanted = {"commands": 3, "approved": 2, "denied": 1, "approved_by_rule": 1, "approved_by_review": 1, "denied_by_rule": 1,
              "exit_0": 2, "agents": 1, "agents_added": 1, "credentials_issued": 1, "credentials_rotated": 2,
              "credentials_revoked": 1, "kills": 2, "kills_lifted": 1, "reviews": 1, "reviewers": 1, "operator_changes": 3, "viewers": 2,
              "log_starts": 3, "log_stops": 1, "log_breaks": 1, "log_missing": 0, "admins": 1, "may_review": 1,
              "approved_by_own_human": 0}
    wrong = {k: (said[k], v) for k, v in wanted.items() if said[k] != v}
    events = {x["kind"] for c in report["controls"] for s in c["samples"] for x in s.get("events", ())}
    assert {"agent_added", "credential_issued", "credential_revoked", "policy_loaded", "kill"} <= events, events
    assert said["refused"] >= 1 and said["sign_ins"] >= 2 and said["policy_loads"] >= 1, said
    assert not wrong, wrong
    assert len(report["gaps"]) >= 1 and [x["orderly"] for x in report["gaps"]].count(False) <= 1, report["gaps"]


def test_what_cannot_be_asked(t):
    """A wrong word must be told with those that are right, and never make an empty report."""
    a = t.approver()
    r = a.ctl("report", "sox", "--from", "2026-03-01", "--to", "2026-03-31", check=False)
    assert r.code == 2 and all(x in r.errors for x in STANDARDS), r
    status, _, body = a.api("GET", "/v1/reports/sox?from=2026-03-01&to=2026-03-31")
    assert status == 404 and all(x in body.decode() for x in STANDARDS), body
    for bad in (("soc2",), ("soc2", "--from", "2026-03-01"), ("soc2", "--from", "March", "--to", "2026-03-31"),
                ("soc2", "--from", "2026-03-31", "--to", "2026-03-01"), ("soc2", "--from", "2026-03-01", "--to", "2026-03-31",
                 "--sample", "61"), ("soc2", "--from", "2026-03-01", "--to", "2026-03-31", "--seed", "x"), ("so",),
                ("soc2", "--from", "2026-03-01", "--to", "2026-03-31", "--format", "pdf"), ()):
        r = a.ctl("report", *bad, check=False)
        assert r.code in (1, 2) and r.errors.startswith("whoctl: ") and not r.out, r
    assert a.api("GET", "/v1/reports/soc2?from=2026-03-01&to=2026-03-31", token=None)[0] == 401
    one_day = json.loads(a.ctl("report", "soc2", "--from", "2026-03-01", "--to", "2026-03-01", "--json").out)
    assert (one_day["from"], one_day["to"]) == ("2026-03-01T00:00:00.000Z", "2026-03-02T00:00:00.000Z")
    assert "No command was decided by a person" in of_month(a).text, "a quiet month is a report as well"


REPORT_PATH = "/v1/reports/soc2?from=2026-03-01T00%3A00%3A00.000Z&to=2026-04-01T00%3A00%3A00.000Z"


def fake_options(a, fake):
    return "--url", "https://127.0.0.1:%d" % fake.port, "--ca", a.dir / "ca.pem", "--token-file", a.dir / "admin.token"


def test_an_answer_that_breaks_off(t):
    """Half a report that looks like a whole one would be filed; an approver that gives up must be heard."""
    a = t.approver(start=False)
    fake = Fake(t, a)
    out = t.tmp / "report.html"
    for body, code, words in (('{"done":5,"of":10}\n', 69, "broke off"), ('{"report":{"title":"x"', 69, "broke off"), ("", 69, "broke off"),
                              ('{"done":5,"of":10}\n{"problem":"the records could not be read"}\n', 1, "could not be read"),
                              ('{"report":[]}\n', 69, "broke off")):
        fake.paths[REPORT_PATH] = lambda _, body=body: (200, "application/x-ndjson", body)
        r = t.run([t.program("whoctl"), *fake_options(a, fake), "report", "soc2", "--from", "2026-03-01", "--to", "2026-03-31", "--out", out])
        assert r.code == code and words in r.errors and not out.exists(), (body, r, fake.requests[-1:])


def test_progress_on_a_terminal(t):
    """Who waits for a long report without a word ends it; who redirects it must not find the words in the file."""
    a = t.approver(start=False)
    fake = Fake(t, a)
    fake.paths[REPORT_PATH] = lambda _: (200, "application/x-ndjson", '\n{"done":50,"of":200}\n\n{"done":150,"of":100}\n{"report":{}}\n')
    argv = [t.program("whoctl"), *fake_options(a, fake), "report", "soc2", "--from", "2026-03-01", "--to", "2026-03-31", "--json"]
    quiet = t.run(argv)
    assert quiet.err == b"" and quiet.out == b"{}\n", quiet
    master, slave = pty.openpty()
    with open(t.tmp / "out", "wb") as out:
        p = t.spawn(argv, stdout=out, stderr=slave)
    os.close(slave)
    said = b""
    while True:
        try:
            said += os.read(master, 4096)
        except OSError:  # the other side is gone
            break
    os.close(master)
    assert p.wait(60) == 0 and (t.tmp / "out").read_bytes() == b"{}\n"
    assert said == b"\r\x1b[K50 records read, 25 %\r\x1b[K150 records read\r\x1b[K", said
