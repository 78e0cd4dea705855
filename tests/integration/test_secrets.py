"""Secrets in what agents send: who is shown them, who is not, and that one can be recognised.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import hashlib
import hmac
import json
import os
import re
import signal

from lib import auditlog, jose
from lib.bare import POLICY, ask, audit, enrol, jti, operator, outcome, post, review

PASSWORD, TOKEN = "Sw0rdf1sh-77", "ghp_" + "aB3dE6gH9j" * 4
LINE = "ls --password %s https://bob:%s@x.example/ # %s" % (PASSWORD, PASSWORD, TOKEN)


def mark(a, secret):
    key = (a.dir / "mask.key").read_bytes()
    return "‹secret:%s›" % hmac.new(key, secret.encode(), hashlib.sha256).hexdigest()[:10]


def clean(answer):
    text = answer if isinstance(answer, str) else json.dumps(answer)
    return PASSWORD not in text and TOKEN not in text


def events(a, count, token, **headers):
    """The data of the first events after the beginning of the log."""
    c = a.connection(10)
    c.request("GET", "/v1/events", headers={"Authorization": "Bearer " + token, "Last-Event-ID": "0"})
    answer, found = c.getresponse(), []
    while len(found) < count:
        line = answer.readline().decode()
        assert line, found
        if line.startswith("data: "):
            found.append(json.loads(line[6:]))
    c.close()
    return found


def test_people_are_shown_marks(t):
    """A password that an agent wrote into a line would be read by everyone who may look at the log."""
    a = t.approver(policy=POLICY)
    agent, viewer, reviewer = enrol(a), operator(a, "victor", "viewer"), operator(a, "rita")
    jws = agent.command(LINE, task="use " + TOKEN, command={
        "mode": "script", "line": LINE, "argv": ["--token", PASSWORD], "cwd": "/srv/" + TOKEN, "user": "u", "uid": 1,
        "host": "h", "interpreter": "/bin/bash"})
    status, _ = post(a, jws)
    if status == 202:
        assert review(a, jws, "approve", "password=%s is fine" % PASSWORD)[0] == 200
    outcome(a, agent, jws)
    shown = "ls --password %s https://bob:%s@x.example/ # %s" % (mark(a, PASSWORD), mark(a, PASSWORD), mark(a, TOKEN))
    for token in (viewer, reviewer, "admin"):
        status, found = ask(a, "GET", "/v1/audit", token=token)
        record = found["commands"][0]
        assert status == 200 and clean(found) and record["line"] == shown and record["masked"] is True, record
        assert record["task"] == "use " + mark(a, TOKEN) and record["cwd"] == "/srv/" + mark(a, TOKEN), record
        assert record["argv"] == ["--token", mark(a, PASSWORD)], record
        status, record = ask(a, "GET", "/v1/audit/%s?evidence=0&around=3" % jti(jws), token=token)
        assert status == 200 and clean(record) and record["line"] == shown and record["command_jws"] is None, record
    for event in events(a, 2, (a.dir / "admin.token").read_text().strip()):
        assert clean(event) and event["line"] == shown and event["masked"] is True, event
    status, _ = ask(a, "POST", "/v1/delegations/start", {"to": "worker", "task": "use " + TOKEN, "expires_s": 60})
    listed = ask(a, "GET", "/v1/delegations", token=viewer)[1]["delegations"]
    assert status == 201 and listed[0]["task"] == "use " + mark(a, TOKEN), listed
    plain = agent.command("ls /tmp")
    assert post(a, plain)[0] == 200
    assert "masked" not in audit(a, plain)


def test_reviewers_decide_on_what_a_line_does(t):
    """The queue would show a password; or hide a command that calls itself one."""
    a = t.approver(policy=POLICY)
    agent = enrol(a)
    secret = agent.command("make PASSWORD=%s" % PASSWORD)
    sly = agent.command("env 'A=1 PASSWORD=' rm -rf / ''; make PASSWORD=$(rm -rf ~)")
    assert post(a, secret)[0] == 202 and post(a, sly)[0] in (200, 202)
    reviews = ask(a, "GET", "/v1/reviews")[1]["reviews"]
    assert clean(reviews) and "PASSWORD=" + mark(a, PASSWORD) in json.dumps(reviews[0], ensure_ascii=False), reviews
    record = audit(a, sly)
    assert record["line"] == jose.claims(sly)["command"]["line"] and "masked" not in record, record
    found = ask(a, "GET", "/v1/audit?match=" + PASSWORD)[1]["commands"]
    assert [x["id"] for x in found] == [jti(secret)], "who ran the line with this leaked password?"


def test_the_real_bytes_on_request(t):
    """Nobody could check a signature, or see which password leaked; or everybody could, unseen."""
    a = t.approver(policy=POLICY)
    agent, viewer, reviewer = enrol(a), operator(a, "victor", "viewer"), operator(a, "rita")
    jws = agent.command("ls PASSWORD=" + PASSWORD)
    assert post(a, jws)[0] == 200
    path = "/v1/audit/" + jti(jws)
    for query in ("?evidence=1", "?unmask=1"):
        status, problem = ask(a, "GET", path + query, token=viewer)
        assert status == 403 and problem["type"] == "urn:whosh:problem:forbidden", problem
    assert ask(a, "GET", path, token=viewer)[1]["command_jws"] is None
    assert ask(a, "GET", path, token=reviewer)[1]["command_jws"] is None
    record = ask(a, "GET", path + "?evidence=1", token=reviewer)[1]
    assert record["command_jws"] == jws and PASSWORD not in record["line"] and record["permit_jws"], record
    assert ask(a, "GET", path)[1]["command_jws"] == jws, "an admin's programs read the evidence"
    assert "whosh_unmasked_total 0\n" in ask(a, "GET", "/metrics", token=None)[1]
    record = ask(a, "GET", path + "?unmask=1", token=reviewer)[1]
    assert record["line"].endswith(PASSWORD) and "masked" not in record and record["command_jws"] is None, record
    assert "whosh_unmasked_total 1\n" in ask(a, "GET", "/metrics", token=None)[1]
    assert re.search(r'secrets shown unmasked"? operator=rita id=' + jti(jws), a.log.read_text()), "it is written down"
    assert auditlog.bodies(a, jti(jws)) == [{"command": jti(jws), "operator": "rita"}], "and in the log, for good"
    assert PASSWORD not in a.log.read_text()
    for query in ("?unmask=yes", "?evidence=2", "?around=-1", "?around=21", "?around=x"):
        assert ask(a, "GET", path + query)[0] == 400, query


def test_the_key_is_kept_and_kept_from_others(t):
    """Marks that change with each start match nothing; a key that others read lets them try words on marks."""
    a = t.approver(policy=POLICY)
    agent = enrol(a)
    jws = agent.command("ls PASSWORD=" + PASSWORD)
    post(a, jws)
    before = audit(a, jws)["line"]
    key = a.dir / "mask.key"
    assert key.stat().st_mode & 0o777 == 0o600 and key.stat().st_size == 32
    a.restart()
    assert audit(a, jws)["line"] == before == "ls PASSWORD=" + mark(a, PASSWORD)
    a.stop()
    for spoil in (lambda: key.chmod(0o640), lambda: (key.chmod(0o600), key.write_bytes(b"short")),
                  lambda: (key.unlink(), os.symlink("/dev/zero", key))):
        spoil()
        a.start(wait=False)
        assert a.process.wait(10) == 78, "it must not serve with such a key"
    assert "mask.key" in a.log.read_text()


def test_operators_add_patterns(t):
    """A company's own tokens would be shown; or a slip in the file would silently mask nothing."""
    a = t.approver(policy=POLICY, start=False)
    own = a.dir / "secrets.json"
    own.write_text((t.source / "examples/secrets.json").read_text())
    pattern = json.loads(own.read_text())["patterns"][0]
    a.start()
    agent, secret = enrol(a), "acme_Zk39fjw02mmQ"
    jws = agent.command("ls " + secret)
    post(a, jws)
    assert audit(a, jws)["line"] == "ls " + mark(a, secret)
    gauge = 'whosh_secret_patterns{from="secrets.json"} %d\n'
    metrics = ask(a, "GET", "/metrics", token=None)[1]
    assert gauge % 1 in metrics and 'whosh_secret_patterns{from="built-in"}' in metrics
    assert re.search(r"patterns of secrets loaded.*patterns=1", a.log.read_text())

    def reload(text, said):
        own.write_text(text)
        before = a.log.read_text().count(said)
        a.process.send_signal(signal.SIGHUP)
        t.eventually(lambda: a.log.read_text().count(said) > before, said)
    reload("{", "the patterns of secrets in force stay")
    assert audit(a, jws)["line"] == "ls " + mark(a, secret)
    reload(json.dumps({"version": 1, "patterns": []}), "patterns=0")
    assert audit(a, jws)["line"] == "ls " + secret
    a.stop()
    own.write_text(json.dumps({"version": 1, "patterns": [{**pattern, "regex": ".*"}]}))
    a.start(wait=False)
    assert a.process.wait(10) == 78 and 'unknown member' in a.log.read_text()
