"""Live feeds: syslog over TLS, journald, webhook: what they bring, and that nothing is missing.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import http.client
import json
import re
import time

from lib import jose
from lib.bare import ask, enrol, outcome, post, serve
from lib.exporting import HOSTILE, check_ecs, check_ocsf, check_otel, eventful, exported
from lib.receivers import SECRET, Journal, Syslog, Webhook, configure, metrics, place


def fed(t, *feeds, **settings):
    """An approver with these feeds, serving."""
    a = t.approver(policy={"version": 1, "default": "review", "rules": [
        {"name": "reads", "verdict": "approve", "commands": [["ls", "**"], ["true"]]},
        {"name": "no-rm", "verdict": "deny", "commands": [["rm", "**"]]}]}, start=False)
    configure(a, *[x(a) if callable(x) else x for x in feeds])
    return a.start()


def arrived(t, a, receiver, timeout=20.0):
    """Wait until the receiver has the log's last record; the records by index, the last of each."""
    last = exported(a)[-1]["index"]
    t.eventually(lambda: last in receiver.indexes(), "record %d arriving" % last, timeout)
    return last


def whole(a, indexes, first=0):
    """Every record of the log from `first` on is among the indexes."""
    return [x["index"] for x in exported(a) if x["index"] >= first and x["index"] not in indexes
            and x["kind"] != "operator_sign_in"]


def test_syslog_brings_every_event(t):
    """The SIEM would miss what agents did, or take our messages for something else."""
    siem = Syslog(t)
    a = fed(t, lambda a: siem.entry(a, **{"from": "start"}))
    token = enrol(a)
    good, bad = token.command("ls -l", model="anthropic/claude-x@1"), token.command("rm -rf /")
    post(a, good)
    post(a, bad)
    assert outcome(a, token, good, exit=3)[0] == 204
    arrived(t, a, siem)
    assert not siem.faults and siem.accepted == 1, siem.faults
    kinds = [x["msgid"] for x in siem.messages]
    assert kinds[0] == "log_started" and {"policy_loaded", "agent_added", "credential_issued", "command"} <= set(kinds), kinds
    indexes = siem.indexes()
    assert indexes == sorted(set(indexes)) and not whole(a, indexes)
    commands = [x for x in siem.messages if x["msgid"] == "command"]
    denied = [x for x in commands if x["record"]["verdict"] == "denied"][0]
    last = [x for x in commands if x["record"]["id"] == jose.claims(good)["jti"]][-1]
    assert denied["severity"] == 4 and denied["facility"] == 10 and denied["record"]["line"] == "rm -rf /"
    assert last["severity"] == 6 and last["record"]["exit"] == 3 and last["record"]["agent"] == "worker"
    for x in siem.messages:
        assert x["app"] == "whoshd" and x["sd"].startswith('[origin software="whosh"'), x["sd"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", x["time"]), x["time"]
    t.eventually(lambda: metrics(a, "siem").get("lag") == 0, "no lag")
    found = metrics(a, "siem")
    assert found["up"] == 1 and found["failures_total"] == 0 and found["error"] is None, found
    assert found["records_total"] >= len(kinds) - 1
    t.eventually(lambda: place(a, "siem") >= indexes[-1], "the place being kept")


def test_syslog_hostile_lines(t):
    """An agent's line would begin a message of its own, hide in the log's window, or be cut without a word."""
    siem = Syslog(t)
    a = fed(t, lambda a: siem.entry(a, max_message=4096))
    token = enrol(a)
    for line in HOSTILE:
        post(a, token.command(line))
    huge = token.command("ls " + "\u20ac\x01" * 20000, task="T" * 60000)
    post(a, huge)
    arrived(t, a, siem)
    assert not siem.faults, siem.faults
    records = [x["record"] for x in siem.messages if x["msgid"] == "command"]
    lines = [x["line"] for x in records]
    for wanted in HOSTILE:
        assert wanted in lines, wanted
    for x in siem.messages:
        assert re.fullmatch(rb"[ -~]*", x["raw"]), "something that acts or has an encoding"
        assert len(x["raw"]) <= 4096, len(x["raw"])
    short = [x for x in records if x["id"] == jose.claims(huge)["jti"]][0]
    assert short["cut"] is True and short["line"].startswith("ls \u20ac\x01") and len(short["task"]) == 128, short
    assert not any(x.get("cut") for x in records if x["id"] != short["id"])


def test_feed_formats(t):
    """A feed in the SIEM's own format would be ours after all."""
    hooks = {fmt: Webhook(t, fmt) for fmt in ("ocsf", "ecs", "otel")}
    a = fed(t, *[lambda a, f=f, h=h: h.entry(a, format=f, **{"from": "start"}) for f, h in hooks.items()])
    token = enrol(a)
    post(a, token.command("ls"))
    checks = {"ocsf": check_ocsf, "ecs": check_ecs, "otel": check_otel}
    for fmt, hook in hooks.items():
        t.eventually(lambda: len(hook.records()) >= 6, fmt)
        assert not hook.faults
        for x in hook.records():
            checks[fmt](x)


def test_webhook_is_signed(t):
    """Anybody who knows the hook's address could tell it that an agent ran something, or play an old batch back."""
    hook = Webhook(t)
    a = fed(t, lambda a: hook.entry(a, batch=5, **{"from": "start"}))
    token = enrol(a)
    for i in range(12):
        post(a, token.command("ls %d \u20ac \x1b" % i))
    arrived(t, a, hook)
    assert not hook.faults, hook.faults[:1]
    name = ask(a, "GET", "/healthz", token=None)[1]["name"]
    indexes = hook.indexes()
    assert indexes == sorted(set(indexes)) and not whole(a, indexes)
    for x in hook.posts:
        assert x["approver"] == name and len(x["records"]) <= 5
        assert x["first"] == x["records"][0]["index"] and x["last"] == x["records"][-1]["index"]
    assert max(len(x["records"]) for x in hook.posts) > 1, "no batches"
    x = hook.posts[0]
    then = int(re.match(r"t=(\d+)", x["signature"]).group(1))
    assert Webhook.genuine(x["signature"], x["body"], then) and not Webhook.genuine(x["signature"], x["body"], then + 400)
    assert not Webhook.genuine(x["signature"], x["body"] + b" ", then)
    assert not Webhook.genuine(x["signature"].replace("t=%d" % then, "t=%d" % (then + 100)), x["body"], then + 100)
    log = a.log.read_text()
    assert SECRET not in log and b"secret" not in b"".join(open("/proc/%d/cmdline" % a.process.pid, "rb"))


def test_webhook_is_tried_again(t):
    """A hook that hiccups once would lose that batch for ever, or get the next one first."""
    hook = Webhook(t)
    hook.fail = [(503, {"Retry-After": "1"}), (500, {}), (302, {"Location": "/elsewhere"}), (404, {})]
    a = fed(t, lambda a: hook.entry(a, **{"from": "start"}))
    token = enrol(a)
    post(a, token.command("ls"))
    arrived(t, a, hook)
    assert not hook.faults and not hook.fail
    indexes = hook.indexes()
    assert indexes == sorted(set(indexes)) and not whole(a, indexes), indexes
    found = metrics(a, "hook")
    assert found["failures_total"] == 4 and found["error"] == "answer" and found["up"] == 1, found
    text = a.log.read_text()
    assert text.count("a feed does not deliver") == 1 and text.count("delivers again") == 1, "said for each attempt"


def test_journald_fields(t):
    """journalctl WHOSH_AGENT=… would find nothing, or a line could forge a field."""
    journal = Journal(t)
    a = fed(t, journal.entry(**{"from": "start"}))
    token = enrol(a)
    forged = "ls 'x\nPRIORITY=0\nWHOSH_AGENT=root\n'"
    first = token.command(forged, model="anthropic/claude-x@1", task="Clean up")
    post(a, first)
    assert outcome(a, token, first, exit=4)[0] == 204
    post(a, token.command("rm -rf /"))
    claims = jose.claims(first)
    claims.update(jti=jose.uuid7(), sid=jose.uuid7())
    claims["command"].pop("line")
    claims["command"]["line_b64"] = "bHMg//4="
    post(a, token.sign("whosh-command+jwt", claims))
    arrived(t, a, journal)
    assert not journal.faults, journal.faults
    commands = [x for x in journal.entries if x["WHOSH_KIND"] == b"command"]
    x = [x for x in commands if x["WHOSH_LINE"] == forged.encode()][-1]
    assert x["WHOSH_AGENT"] == b"worker" and x["PRIORITY"] == b"6" and x["SYSLOG_IDENTIFIER"] == b"whoshd"
    assert x["WHOSH_EXIT"] == b"4" and x["WHOSH_MODEL"] == b"anthropic/claude-x@1" and x["WHOSH_HUMAN"] == b"alice"
    assert b"\n" not in x["MESSAGE"] and b"worker for alice" in x["MESSAGE"] and rb"\nPRIORITY=0" in x["MESSAGE"]
    assert json.loads(x["WHOSH_RECORD"])["line"] == forged
    denied = [x for x in commands if x.get("WHOSH_VERDICT") == b"denied"][0]
    assert denied["PRIORITY"] == b"4" and denied["WHOSH_RULE"] == b"no-rm"
    assert [x for x in commands if x["WHOSH_LINE"] == b"ls \xff\xfe"], "exact bytes"
    added = [x for x in journal.entries if x["WHOSH_KIND"] == b"agent_added"][0]
    assert added["WHOSH_OPERATOR"] == b"admin" and added["WHOSH_AGENT"] == b"worker"


def test_journald_takes_what_no_datagram_holds(t):
    """A script of half a megabyte would stop the feed for good at that command."""
    journal = Journal(t)
    a = fed(t, journal.entry())
    token = enrol(a)
    line = "ls " + "x" * 500000
    post(a, token.command(line))
    post(a, token.command("ls after"))
    arrived(t, a, journal)
    assert not journal.faults and journal.large >= 1, journal.faults
    lines = [x.get("WHOSH_LINE") for x in journal.entries]
    assert line.encode() in lines and b"ls after" in lines


def test_feed_begins_where_it_is_told(t):
    """A new SIEM would be flooded with last year, or never get it when that was asked for."""
    now, start = Webhook(t, "now"), Webhook(t, "start")
    a = serve(t)
    token = enrol(a)
    post(a, token.command("ls before"))
    a.stop()
    configure(a, now.entry(a), start.entry(a, **{"from": "start"}))
    a.start()
    post(a, token.command("ls after"))
    arrived(t, a, now)
    arrived(t, a, start)
    lines = lambda hook: [x["line"] for x in hook.records() if x["kind"] == "command"]  # noqa: E731
    assert lines(now) == ["ls after"] and lines(start) == ["ls before", "ls after"]
    assert start.indexes()[0] == exported(a)[0]["index"]


def test_feed_tells_each_state(t):
    """Who watches the feed would hear of a review when it is over, or never how the command ended."""
    hook = Webhook(t)
    a = fed(t, lambda a: hook.entry(a))
    token = enrol(a)
    jws = token.command("make it")
    assert post(a, jws)[0] == 202
    states = lambda: [x["state"] for x in hook.records() if x["kind"] == "command"]  # noqa: E731
    t.eventually(lambda: states() == ["pending"], "the pending command")
    a.ctl("approve", jose.claims(jws)["jti"])
    t.eventually(lambda: states() == ["pending", "approved"], "its approval")
    assert outcome(a, token, jws, exit=0)[0] == 204
    t.eventually(lambda: states() == ["pending", "approved", "exited"], "its end")
    assert [x["kind"] for x in hook.records() if x["kind"] in ("review", "command")] == ["command", "review", "command", "command"]


def test_feeds_of_everything(t):
    """One kind of event would stop a feed for ever, with all that comes after it."""
    siem, hook, journal = Syslog(t), Webhook(t), Journal(t)
    a, rows = eventful(t)
    a.stop()
    configure(a, siem.entry(a, **{"from": "start"}), hook.entry(a, **{"from": "start"}), journal.entry(**{"from": "start"}))
    a.start()
    for receiver in (siem, hook, journal):
        arrived(t, a, receiver)
        assert not receiver.faults and not whole(a, receiver.indexes()), receiver.faults
    records = {x["index"]: x for x in exported(a)}
    for x in hook.records():
        assert x == records[x["index"]] or x["kind"] == "command" and x["state"] == "pending", x


def test_webhook_example(t):
    """The receiver that the manual shows would take anything, keep a record twice, or nothing at all."""
    hook = Webhook(t, listen=False)
    a = fed(t, lambda a: hook.entry(a, batch=3, **{"from": "start"}))
    out = t.tmp / "out.jsonl"
    argv = [t.source / "examples/webhook/receiver.py", "127.0.0.1", hook.port, hook.issuer.certificate,
            a.dir / "hook.secret", out]
    token = enrol(a)
    for round in range(2):
        receiver = t.spawn(argv, stderr=open(t.tmp / "receiver.log", "ab"))
        post(a, token.command("ls %d" % round))
        t.eventually(lambda: out.exists() and b"ls %d" % round in out.read_bytes(), "the record being kept")
        receiver.kill()
        receiver.wait()
    a.stop()
    (a.dir / "feeds" / "hook.at").write_text("-1\n")  # all of it again
    a.start()
    t.spawn(argv, stderr=open(t.tmp / "receiver.log", "ab"))
    post(a, token.command("ls last"))
    t.eventually(lambda: b"ls last" in out.read_bytes(), "the last record")
    indexes = [json.loads(x)["index"] for x in out.read_bytes().splitlines()]
    assert indexes == sorted(set(indexes)) and indexes[0] == exported(a)[0]["index"], indexes
    context = __import__("ssl").create_default_context(cafile=hook.issuer.ca)
    for signature in (None, "t=1,v1=" + "0" * 64, "t=%d,v1=%s" % (time.time(), "0" * 64)):
        connection = http.client.HTTPSConnection("127.0.0.1", hook.port, context=context, timeout=10)
        connection.request("POST", "/", b'{"records":[{"index":99999}]}', {"X-Whosh-Signature": signature} if signature else {})
        assert connection.getresponse().status == 401
        connection.close()
    assert b"99999" not in out.read_bytes()


def test_feeds_example(t):
    """The configuration that the manual shows would be refused."""
    siem, hook = Syslog(t, "siem", listen=False), Webhook(t, listen=False)
    a = serve(t)
    a.stop()
    siem.ca_for(a)
    hook.entry(a)
    (a.dir / "hook-ca.pem").write_bytes(hook.issuer.ca.read_bytes())
    text = (t.source / "examples/feeds.json").read_text()
    manual = (t.source / "man/whoshd.8").read_text()
    shown = re.search(r"(?s)^(\{\"version\":1, \"feeds\".*?)^\.Ed", manual, re.M).group(1)
    assert json.loads(shown) == json.loads(text), "the manual shows another one"
    # Their hosts are not ours to call: the same, on this machine.
    (a.dir / "feeds.json").write_text(text.replace("logs.example.org", "127.0.0.1").replace("hooks.example.org", "127.0.0.1:1"))
    a.start()
    assert {x: metrics(a, x)["lag"] >= 0 for x in ("siem", "journal", "hook")} == {"siem": True, "journal": True, "hook": True}
