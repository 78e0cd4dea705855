"""Live feeds when things go wrong: receivers that die, lie or hang, and an approver that is killed.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import json
import re
import signal
import socket
import time

from lib import jose
from lib.bare import ask, enrol, outcome, post, resident_kb, serve
from lib.exporting import exported
from lib.receivers import Journal, Syslog, Webhook, configure, metrics, place


def fed(t, *feeds):
    a = t.approver(policy={"version": 1, "default": "deny", "rules": [
        {"name": "reads", "verdict": "approve", "commands": [["ls", "**"]]}]}, start=False)
    configure(a, *[x(a) for x in feeds])
    return a.start()


def missing(a, receiver):
    """Records of the log that never came; sign-ins, which this very question makes, do not count."""
    got = set(receiver.indexes())
    return [x for x in exported(a) if x["index"] not in got and x["kind"] != "operator_sign_in"]


def commands(receiver):
    records = receiver.records() if isinstance(receiver, Webhook) else [x["record"] for x in list(receiver.messages)]
    return [x["line"] for x in records if x["kind"] == "command"]


def arrives(t, receiver, line, timeout=30.0):
    t.eventually(lambda: line in commands(receiver), "%r arriving" % line, timeout)


def test_feed_outage(t):
    """An hour without the SIEM would be an hour that is missing in it, and agents would have waited meanwhile."""
    siem, hook = Syslog(t), Webhook(t)
    a = fed(t, lambda a: siem.entry(a, **{"from": "start"}), lambda a: hook.entry(a, **{"from": "start"}))
    token = enrol(a)
    post(a, token.command("ls first"))
    for receiver in (siem, hook):
        arrives(t, receiver, "ls first")
        receiver.shut()
    connection = a.connection()
    began = time.monotonic()
    for i in range(300):
        assert post(a, token.command("ls %d" % i), connection=connection)[0] == 200
    took = time.monotonic() - began
    assert took < 10, "decisions took %.1f s for dead feeds" % took
    for name in ("siem", "hook"):
        found = t.eventually(lambda: (lambda m: m if m["up"] == 0 and m["lag"] > 300 else None)(metrics(a, name)), "the lag being told")
        assert found["failures_total"] > 0 and found["error"] in ("connect", "lost"), found
        assert re.search("does not deliver.*feed=%s" % name, a.log.read_text())
    assert ask(a, "GET", "/healthz", token=None)[0] == 200
    for receiver in (siem, hook):
        receiver.listen()
    for receiver in (siem, hook):
        arrives(t, receiver, "ls 299")
        t.eventually(lambda: not missing(a, receiver), "all of it")
        assert not receiver.faults, receiver.faults[:1]
        seen = [x for x in commands(receiver)]
        order = list(dict.fromkeys(seen))
        assert order == ["ls first"] + ["ls %d" % i for i in range(300)], "out of order"
    t.eventually(lambda: metrics(a, "siem")["lag"] == 0 == metrics(a, "hook")["lag"], "both having caught up")


def test_feed_over_kill_9(t):
    """After a crash of the approver some of what it had logged would never have been fed."""
    siem, hook = Syslog(t), Webhook(t)
    a = fed(t, lambda a: siem.entry(a, **{"from": "start"}), lambda a: hook.entry(a, batch=7, **{"from": "start"}))
    token = enrol(a)
    posted = 0
    for round in range(4):
        connection = a.connection()
        for i in range(60):
            assert post(a, token.command("ls %d" % posted), connection=connection)[0] == 200
            posted += 1
        a.kill()
        a.start()
    for receiver in (siem, hook):
        arrives(t, receiver, "ls %d" % (posted - 1))
        t.eventually(lambda: not missing(a, receiver), "all of it")
        assert set(commands(receiver)) == {"ls %d" % i for i in range(posted)}
    for receiver, name in ((siem, "siem"), (hook, "hook")):
        t.eventually(lambda: metrics(a, name)["lag"] == 0, "all being acknowledged")
    t.eventually(lambda: place(a, "siem") == place(a, "hook") >= max(siem.indexes()), "the places being kept")
    at, before = place(a, "hook"), {x.name: len(x.indexes()) for x in (siem, hook)}
    a.kill()
    a.start()
    post(a, token.command("ls last"))
    for receiver in (siem, hook):
        arrives(t, receiver, "ls last")
        assert min(receiver.indexes()[before[receiver.name]:]) > at, "what was acknowledged came again"


def test_feed_goes_on_after_a_restart(t):
    """Each restart would send the whole log again, or skip what was logged while the feed was down."""
    hook = Webhook(t)
    a = fed(t, lambda a: hook.entry(a, **{"from": "start"}))
    token = enrol(a)
    post(a, token.command("ls one"))
    arrives(t, hook, "ls one")
    a.stop()
    last = hook.records()[-1]
    assert last["kind"] == "log_stopped" and place(a, "hook") == last["index"], "that it ends is told at its end"
    before = len(hook.indexes())
    hook.shut()
    a.start()
    post(a, token.command("ls two"))
    a.stop()
    hook.listen()
    a.start()
    arrives(t, hook, "ls two")
    t.eventually(lambda: not missing(a, hook), "all of it")
    new = hook.indexes()[before:]
    assert len(set(hook.indexes())) == len(hook.indexes()) and min(new) > max(hook.indexes()[:before]), "sent again"
    assert (a.dir / "feeds" / "hook.at").stat().st_mode & 0o777 == 0o600


def test_syslog_lost_in_the_receiver(t):
    """What the receiver's kernel took before it died, and its syslog daemon never saw, would be gone."""
    siem = Syslog(t, listen=False)
    siem.deaf = True
    siem.listen()
    a = fed(t, lambda a: siem.entry(a, **{"from": "start"}))
    token = enrol(a)
    for i in range(20):
        post(a, token.command("ls %d" % i))
    t.eventually(lambda: siem.connections and metrics(a, "siem")["records_total"] > 20, "it being handed over")
    siem.shut(reset=True)
    siem.deaf = False
    siem.listen()
    post(a, token.command("ls after"))
    arrives(t, siem, "ls after")
    t.eventually(lambda: not missing(a, siem), "all of it")


def test_syslog_receiver_that_ends_well(t):
    """A receiver that is restarted now and then would cause an alarm, or a flood of repeated records, each time."""
    siem = Syslog(t)
    a = fed(t, lambda a: siem.entry(a, **{"from": "start"}))
    token = enrol(a)
    post(a, token.command("ls one"))
    arrives(t, siem, "ls one")
    t.eventually(lambda: metrics(a, "siem")["lag"] == 0, "all settled")
    before = len(siem.indexes())
    siem.shut()
    siem.listen()
    post(a, token.command("ls two"))
    arrives(t, siem, "ls two")
    assert metrics(a, "siem")["failures_total"] == 0 and "does not deliver" not in a.log.read_text()
    assert min(siem.indexes()[before:]) > max(siem.indexes()[:before]), "sent again"


def test_feed_believes_only_its_ca(t):
    """Whoever sits between the approver and the SIEM would read every agent's commands."""
    siem, hook, other = Syslog(t), Webhook(t), Syslog(t, "other", listen=False)
    a = fed(t, lambda a: siem.entry(a, ca=other.ca_for(a), **{"from": "start"}),
            lambda a: hook.entry(a, ca=other.ca_for(a), **{"from": "start"}),
            lambda a: siem.entry(a, name="named", server_name="logs.example", **{"from": "start"}))
    token = enrol(a)
    post(a, token.command("ls secret"))
    for name in ("siem", "hook", "named"):
        t.eventually(lambda: metrics(a, name)["error"] == "certificate", "%s refusing the certificate" % name)
        assert re.search("feed=%s fault=certificate" % name, a.log.read_text())
    assert not siem.messages and not hook.seen
    configure(a, siem.entry(a, **{"from": "start"}), hook.entry(a, **{"from": "start"}))
    a.process.send_signal(signal.SIGHUP)
    for receiver in (siem, hook):
        arrives(t, receiver, "ls secret")
        t.eventually(lambda: not missing(a, receiver), "all of it")


def test_feed_reload(t):
    """A changed configuration would need a restart, and a wrong one would end the feeds that are well."""
    hook, more = Webhook(t), Webhook(t, "more")
    a = fed(t, lambda a: hook.entry(a))
    token = enrol(a)
    post(a, token.command("ls one"))
    arrives(t, hook, "ls one")
    (a.dir / "feeds.json").write_text('{"version":1,"feeds":[{"name":"x","type":"carrier pigeon"}]}')
    a.process.send_signal(signal.SIGHUP)
    t.read_line_matching(a.log, "feeds.json refused.*x: .*type.*is syslog, journald or webhook")
    t.read_line_matching(a.log, "the feeds in force stay")
    post(a, token.command("ls two"))
    arrives(t, hook, "ls two")
    configure(a, hook.entry(a), more.entry(a))
    a.process.send_signal(signal.SIGHUP)
    t.eventually(lambda: "up" in metrics(a, "more"), "the new feed")
    post(a, token.command("ls three"))
    arrives(t, more, "ls three")
    arrives(t, hook, "ls three")
    assert len(set(hook.indexes())) == len(hook.indexes()), "sent again"
    (a.dir / "feeds.json").unlink()
    a.process.send_signal(signal.SIGHUP)
    t.eventually(lambda: "up" not in metrics(a, "hook"), "the feeds' end")
    # Gone from the list, it may still send what it has in hand; the policy comes after all feeds have ended.
    t.eventually(lambda: a.log.read_text().count("by=reload") == 3, "the third reload's end")
    post(a, token.command("ls four"))
    assert "whosh_feed" not in a.api("GET", "/metrics", token=None)[2].decode() and "ls four" not in commands(hook)


def test_feed_receiver_that_hangs(t):
    """A receiver that takes the connection and nothing more would fill the approver's memory, or keep it from ending."""
    siem = Syslog(t, listen=False)
    siem.deaf = True
    siem.listen()
    tarpit = socket.socket()
    tarpit.bind(("127.0.0.1", 0))
    tarpit.listen()
    hook = Webhook(t, listen=False)
    a = fed(t, lambda a: siem.entry(a, max_message=1 << 20, **{"from": "start"}),
            lambda a: hook.entry(a, url="https://127.0.0.1:%d/" % tarpit.getsockname()[1], **{"from": "start"}))
    token = enrol(a)
    connection = a.connection()
    for i in range(60):
        post(a, token.command("ls " + "x" * 200000), connection=connection)
    before = resident_kb(a)
    for i in range(60):
        assert post(a, token.command("ls " + "x" * 200000), connection=connection)[0] == 200
    assert resident_kb(a) - before < 24 * 1024
    t.eventually(lambda: metrics(a, "siem")["lag"] > 100, "the lag")
    began = time.monotonic()
    assert a.stop(20) == 0
    assert time.monotonic() - began < 8, "it would not end"
    tarpit.close()


def test_journald_away(t):
    """While the journal restarts, records would be lost."""
    journal = Journal(t, listen=False)
    a = fed(t, lambda a: journal.entry(**{"from": "start"}))
    token = enrol(a)
    post(a, token.command("ls one"))
    t.eventually(lambda: metrics(a, "journal")["error"] == "connect", "the journal's absence")
    journal.listen()
    t.eventually(lambda: b"ls one" in [x.get("WHOSH_LINE") for x in journal.entries], "the command")
    journal.shut()
    post(a, token.command("ls two"))
    t.eventually(lambda: metrics(a, "journal")["up"] == 0, "the journal's end")
    journal.listen()
    t.eventually(lambda: b"ls two" in [x.get("WHOSH_LINE") for x in journal.entries], "the next command")
    t.eventually(lambda: not missing(a, journal), "all of it")
    assert not journal.faults, journal.faults


def test_feed_place_that_is_wrong(t):
    """An edited or restored file would have the feed skip what was never sent, or keep the approver from starting."""
    hook = Webhook(t)
    a = fed(t, lambda a: hook.entry(a))
    token = enrol(a)
    post(a, token.command("ls one"))
    arrives(t, hook, "ls one")
    at, first = a.dir / "feeds" / "hook.at", exported(a)[0]["index"]
    for text in ("", "soon\n", "7", "0x7\n", "-2\n", "7\n8\n", "9" * 30 + "\n"):
        a.stop()
        at.write_text(text)
        count = hook.indexes().count(first)
        a.start()
        t.eventually(lambda: hook.indexes().count(first) > count, "everything after %r" % text)
        t.read_line_matching(a.log, "a feed's place cannot be read")
    t.eventually(lambda: metrics(a, "hook")["lag"] == 0, "it having caught up")
    a.stop()
    at.write_text("1000000\n")
    a.start()
    t.read_line_matching(a.log, "the log is shorter than what a feed has sent")
    post(a, token.command("ls two"))
    arrives(t, hook, "ls two")


def test_feeds_configuration_is_strict(t):
    """A misspelt member would be a feed that is not what its owner thinks it is."""
    siem, hook = Syslog(t, listen=False), Webhook(t, listen=False)
    a = serve(t)
    a.stop()
    s, h, j = siem.entry(a), hook.entry(a), {"name": "j", "type": "journald"}
    (a.dir / "short.secret").write_text("short")
    (a.dir / "open.secret").write_text("a secret of sixteen and more")
    (a.dir / "short.secret").chmod(0o600)
    (a.dir / "open.secret").chmod(0o666)
    (a.dir / "read.secret").write_text("a secret of sixteen and more")
    (a.dir / "read.secret").chmod(0o640)
    (a.dir / "no.pem").write_text("nothing")
    wrong = [({"version": 2, "feeds": []}, "version"), ({"version": 1}, "feeds"), ({"version": 1, "feeds": [], "x": 1}, "unknown"),
             ([1], "object"), ([{}], "name"), ([{**j, "name": "../x"}], "name"), ([{**j, "name": ".x"}], "name"),
             ([j, j], "twice"), ([{**j, "type": "mail"}], "type"), ([{**j, "host": "x"}], "has no"),
             ([{**j, "socket": "relative"}], "socket"), ([{**j, "format": "jsonl"}], "format"), ([{**j, "from": "then"}], "from"),
             ([{**s, "host": None}], "host"), ([{k: v for k, v in s.items() if k != "ca"}], "ca"), ([{**s, "ca": "absent.pem"}], "absent"),
             ([{**s, "ca": "no.pem"}], "certificate"), ([{**s, "port": 0}], "port"), ([{**s, "port": "6514"}], "port"),
             ([{**s, "port": 6514.5}], "port"), ([{**s, "facility": "kern"}], "facility"), ([{**s, "max_message": 100}], "max_message"),
             ([{**s, "cert": "x.pem"}], "x.pem"), ([{**s, "format": "csv"}], "format"), ([{**s, "host": "a\nb"}], "host"),
             ([{**h, "url": "http://127.0.0.1/"}], "url"), ([{**h, "url": "https://u:p@127.0.0.1/"}], "url"), ([{**h, "url": "https://"}], "url"),
             ([{**h, "secret_file": "short.secret"}], "16"), ([{**h, "secret_file": "open.secret"}], "open.secret"),
             ([{**h, "secret_file": "read.secret"}], "others can read"),
             ([{**h, "secret": "x"}], "has no"), ([{**h, "batch": 0}], "batch"),
             ([{"name": "j%d" % i, "type": "journald"} for i in range(17)], "at most 16")]
    for conf, word in wrong:
        conf = {"version": 1, "feeds": conf} if isinstance(conf, list) else conf
        (a.dir / "feeds.json").write_text(json.dumps(conf))
        r = t.run([t.program("whoshd"), "serve", "--dir", a.dir, "--listen", "127.0.0.1:0"], timeout=20)
        assert r.code == 78 and "feeds.json refused" in r.errors and word in r.errors, (conf, r)
    for text in ("", "{", "[]", '{"version":1,"version":1,"feeds":[]}'):
        (a.dir / "feeds.json").write_text(text)
        assert t.run([t.program("whoshd"), "serve", "--dir", a.dir, "--listen", "127.0.0.1:0"], timeout=20).code == 78
    configure(a)
    (a.dir / "feeds.json").chmod(0o666)
    assert t.run([t.program("whoshd"), "serve", "--dir", a.dir, "--listen", "127.0.0.1:0"], timeout=20).code == 78
    (a.dir / "feeds.json").chmod(0o600)
    a.start()
    assert "whosh_feed" not in a.api("GET", "/metrics", token=None)[2].decode()
