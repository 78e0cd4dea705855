"""Secrets in exports and live feeds: masked in every format and for every receiver, whatever text they stand in.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import base64
import hashlib
import hmac
import json
import re
import signal

from lib import chains, jose
from lib.bare import POLICY, enrol, outcome, post, review
from lib.exporting import FORMATS, check_ecs, check_ocsf, check_otel, ended, exported
from lib.receivers import Journal, Syslog, Webhook, configure

PASSWORD, TOKEN = "Sw0rdf1sh-77", "ghp_" + "aB3dE6gH9j" * 4
LINE = "ls --password %s https://bob:%s@x.example/ # %s" % (PASSWORD, PASSWORD, TOKEN)


def mark(a, secret):
    key = (a.dir / "mask.key").read_bytes()
    return "‹secret:%s›" % hmac.new(key, secret.encode(), hashlib.sha256).hexdigest()[:10]


def secretive(t, a):
    """Secrets in everything that anybody may write: lines, arguments, tasks, directories, reasons, delegations, outcomes."""
    token = enrol(a, "worker")
    first = token.command(LINE, task="use " + TOKEN, command={
        "mode": "script", "line": LINE, "argv": ["--token", PASSWORD], "cwd": "/srv/" + TOKEN, "user": "u", "uid": 1,
        "host": "h", "interpreter": "/bin/bash"})
    assert post(a, first)[0] == 200
    asked = token.command("make it")
    assert post(a, asked)[0] == 202 and review(a, asked, "deny", "password=%s, and %s" % (PASSWORD, TOKEN))[0] == 200
    outcome(a, token, first)
    gone = token.command("ls x")
    post(a, gone)
    assert ended(a, token, gone, outcome="not_run", reason="no such token " + TOKEN) == 204
    claims = jose.claims(first)
    claims.update(jti=jose.uuid7(), sid=jose.uuid7())
    claims["command"].pop("line")
    claims["command"]["line_b64"] = base64.b64encode(b"ls \xff " + TOKEN.encode()).decode()
    assert post(a, token.sign("whosh-command+jwt", claims))[0] in (200, 202)
    chains.start(a, "worker", "deploy with " + TOKEN)
    a.ctl("kill", "session", jose.uuid7(), "--reason", "leaked " + TOKEN, "--wait", "0s", check=False)
    return first


def clean(data, where):
    """Neither as it is nor in base64, whose alignment may be any of three."""
    data = data if isinstance(data, bytes) else data.encode()
    for secret in (PASSWORD, TOKEN):
        assert secret.encode() not in data, "%s is in %s" % (secret, where)
    for blob in re.findall(rb"[A-Za-z0-9+/]{24,}={0,2}", data):
        try:
            plain = base64.b64decode(blob + b"=" * (-len(blob) % 4))
        except ValueError:
            continue
        assert TOKEN.encode() not in plain and PASSWORD.encode() not in plain, "in base64, in " + where


def test_exports_are_masked(t):
    """The file that goes to a consultant would hold every password that an agent ever typed."""
    a = t.approver(policy=POLICY)
    secretive(t, a)
    for fmt in FORMATS:
        data = a.ctl("export", "--format", fmt).out
        clean(data, fmt)
        assert mark(a, TOKEN).encode() in data and mark(a, PASSWORD).encode() in data, fmt
    records = exported(a)
    command = [x for x in records if x["kind"] == "command" and "password" in x["line"]][0]
    assert command["masked"] is True and command["line"].count(mark(a, PASSWORD)) == 2, command
    for kind in ("review", "delegation", "kill"):
        found = [x for x in records if x["kind"] == kind]
        assert found and found[0]["masked"] is True and mark(a, TOKEN) in str(found), (kind, found)
    for name, check in (("ocsf", check_ocsf), ("ecs", check_ecs), ("otel", check_otel)):
        for x in exported(a, name):
            check(x)


def test_what_identifies_is_no_secret(t):
    """IDs, thumbprints and hashes look random: masked, nobody could tell which credential or policy it was."""
    a = t.approver(policy=POLICY)
    token = enrol(a, "worker")
    post(a, token.command("ls"))
    a.ctl("credential", "revoke", token.data["credential"])
    records = exported(a)
    assert not [x for x in records if x.get("masked")], [x for x in records if x.get("masked")]
    assert [x for x in records if x["kind"] == "credential_issued"][0]["body"]["credential"] == token.data["credential"]
    assert len([x for x in records if x["kind"] == "policy_loaded"][0]["body"]["policy_s256"]) == 43


def test_feeds_are_masked(t):
    """The SIEM, the hook or the journal would keep secrets that the approver itself hides from people."""
    siem, hook, journal = Syslog(t), Webhook(t), Journal(t)
    a = t.approver(policy=POLICY, start=False)
    configure(a, siem.entry(a), hook.entry(a, format="ocsf"), journal.entry())
    a.start()
    secretive(t, a)
    last = exported(a)[-1]["index"]
    t.eventually(lambda: last in siem.indexes() and last in journal.indexes(), "the last record")
    t.eventually(lambda: last in [x["metadata"]["sequence"] for x in hook.records()], "the last record")
    clean(b"".join(x["raw"] for x in siem.messages), "syslog")
    clean(b"".join(x["body"] for x in hook.posts), "the webhook")
    for entry in journal.entries:
        clean(b"".join(entry.values()), "the journal")
    assert [x for x in journal.entries if mark(a, TOKEN).encode() in x.get("WHOSH_LINE", b"")]
    assert [x for x in siem.messages if mark(a, TOKEN) in str(x["record"])]
    assert not siem.faults and not hook.faults and not journal.faults


def test_a_new_pattern_masks_the_next_export(t):
    """A secret of the house's own kind would stay in exports until a restart that nobody dares."""
    a = t.approver(policy=POLICY)
    token = enrol(a)
    own = "acme_" + "Q7w" * 10
    post(a, token.command("ls " + own))
    assert own in a.ctl("export").text
    (a.dir / "secrets.json").write_text(json.dumps({"version": 1, "patterns": [
        {"name": "acme", "prefix": "acme_", "chars": "A-Za-z0-9", "min": 20, "max": 64}]}))
    (a.dir / "secrets.json").chmod(0o600)
    a.process.send_signal(signal.SIGHUP)
    t.eventually(lambda: own not in a.ctl("export").text, "the pattern")
