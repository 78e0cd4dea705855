"""whoctl against an approver that answers as the test says: what it shows, sends, believes and refuses."""
import base64
import json
import os
import pty
import re
import ssl
import stat
import subprocess
import threading
import time

from lib.scripted import Scripted

SECRET = b"scripted-secret-token"
RECORD = {
    "id": "01930000-0000-7000-8000-0000deadbeef", "ts": "2026-11-23T03:47:12.345Z", "agent": "db-migration-agent",
    "agent_version": "2.3", "credential": "c", "session": "01930000-0000-7000-8000-000000000000", "seq": 3,
    "parent": None, "human": "alice", "model": "anthropic/claude-x@1", "task": "Drop old sessions", "user": "deploy",
    "host": "prod-1", "cwd": "/srv", "mode": "command", "line": "psql -c 'DROP TABLE sessions'", "verdict": "denied",
    "rule": "no-ddl", "policy": "p", "reviewers": [], "reason": "drops a table", "exit": None, "signal": None,
    "started": None, "ended": None, "log_index": 7, "state": "denied", "cause": "policy",
    "chain": [{"type": "human", "id": "alice", "task": None, "authorized_at": "2026-11-01T00:00:00Z", "proof": "attested"},
              {"type": "agent", "id": "db-migration-agent", "task": "Drop old sessions", "proof": "proven"}],
    "attributes": {"agent": {"value": "db-migration-agent", "grade": "proven", "source": "signature"},
                   "agent_version": {"value": "2.3", "grade": "proven", "source": "token"},
                   "model": {"value": "anthropic/claude-x@1", "grade": "claimed", "source": "WHOSH_MODEL"},
                   "task": {"value": "Drop old sessions", "grade": "claimed", "source": "WHOSH_TASK"}}}
SENTENCE = ('db-migration-agent 2.3 (model anthropic/claude-x@1, claimed) for alice, task "Drop old sessions" (claimed), '
            "denied by rule no-ddl: psql -c 'DROP TABLE sessions'")


def with_ids(*ids):
    return [{**RECORD, "id": i} for i in ids]


def test_who_reads_out(t):
    """At three in the morning someone reads a screen and must learn which agent, for whom, on what task."""
    s = Scripted(t)
    s.answers["GET /v1/audit"] = {"commands": [RECORD]}
    r = s.ctl("who", "--match", "DROP TABLE")
    assert r.code == 0 and r.err == b"", r
    assert r.text.splitlines()[0] == "2026-11-23 03:47:12  " + SENTENCE, r
    assert RECORD["id"] in r.text and "reason: drops a table" in r.text, r
    assert s.requests[-1][1] == "/v1/audit?match=DROP%20TABLE&limit=100", s.requests


def test_who_json(t):
    """Programs rely on every promised member, newest first; a terminal must not act on what they print either."""
    s = Scripted(t)
    s.answers["GET /v1/audit"] = {"commands": [{**RECORD, "task": "a\u202eb\x9b", "line": "echo \x1b[2J"}]}
    r = s.ctl("who", "--json")
    rows = json.loads(r.out)
    promised = ("id ts agent agent_version credential session seq parent human chain model task user host cwd mode line "
                "verdict rule policy reviewers reason exit signal started ended log_index").split()
    assert list(rows[0])[:len(promised)] == promised, rows
    assert rows[0]["task"] == "a\u202eb\x9b" and rows[0]["line"] == "echo \x1b[2J", rows
    assert all(0x20 <= c < 0x7f or c == 0x0a for c in r.out), r
    s.answers["GET /v1/audit"] = {"commands": []}
    r = s.ctl("who", "--json")
    assert (r.code, json.loads(r.out)) == (0, []), r


def test_who_filters(t):
    """A filter that is lost on the way answers for the wrong agent."""
    s = Scripted(t)
    s.answers["GET /v1/audit"] = {"commands": []}
    r = s.ctl("--json", "who", "--agent=a", "--human", "h", "--model", "m/x@1", "--session", "s", "--verdict", "denied",
              "--host", "w", "--user", "u", "--since", "2026-11-23T04:47:12+01:00", "--until", "2026-11-24",
              "--limit", "7", "--before", "b")
    assert r.code == 0, r
    query = dict(x.split("=") for x in s.requests[-1][1].split("?")[1].split("&"))
    assert query == {"agent": "a", "human": "h", "model": "m%2Fx%401", "session": "s", "verdict": "denied", "host": "w",
                     "user": "u", "limit": "7", "before": "b", "since": "2026-11-23T03%3A47%3A12.000Z",
                     "until": "2026-11-24T00%3A00%3A00.000Z"}, query
    for wrong in (("--since", "teatime"), ("--limit", "0"), ("--limit", "x"), ("--verdict", "approve")):
        r = s.ctl("who", *wrong)
        assert r.code == 2 and wrong[0] in r.errors, r


def test_show_grades(t):
    """Someone answers for an incident with what an agent merely claimed."""
    s = Scripted(t)
    s.answers["GET /v1/audit/*"] = {**RECORD, "line": "a\nb \x1b[2J", "detail": {"tty": "pts/1", "argv": []},
                                    "events": [{"index": 6, "kind": "command_requested", "ts": RECORD["ts"]}]}
    r = s.ctl("show", RECORD["id"])
    rows = [x.split() for x in r.text.splitlines()]
    assert ["model", "anthropic/claude-x@1", "claimed", "WHOSH_MODEL"] in rows, r
    assert ["agent", "db-migration-agent", "proven", "signature"] in rows, r
    assert ["tty", "pts/1", "claimed"] in rows, r
    assert "alice (human, attested), 2026-11-01 00:00:00\n" in r.text, r
    assert "(agent, proven), claims the task" in r.text, r
    assert "  │ a\n  │ b \\x1b[2J\n" in r.text and "command_requested" in r.text, r
    assert json.loads(s.ctl("show", RECORD["id"], "--json").out)[0]["detail"]["tty"] == "pts/1"


def test_show_keeps_claims_in_their_column(t):
    """A model that is called like the columns behind it would look proven."""
    s = Scripted(t)
    s.answers["GET /v1/audit/*"] = {**RECORD, "attributes": {**RECORD["attributes"], "model": {
        "value": 'm    proven   "key"', "grade": "claimed", "source": "WHOSH_MODEL"}}}
    r = s.ctl("show", RECORD["id"])
    assert re.search(r'"m    proven   \\"key\\"" +claimed +WHOSH_MODEL', r.text), r


def test_ids_by_their_end(t):
    """Nobody types 36 characters; and nobody may approve another command than the one meant."""
    s = Scripted(t)
    one, two = "01930000-0000-7000-8000-0000aaaaaaaa", "01930000-0000-7000-8000-0000bbbbbbbb"
    s.answers["GET /v1/reviews"] = {"reviews": with_ids(one, two)}
    s.answers["POST /v1/reviews/*"] = {"state": "approved", "approved_by": ["admin"]}
    r = s.ctl("approve", "bbbbbbbb")
    assert r.code == 0 and two in r.text, r
    assert s.requests[-1][1] == "/v1/reviews/" + two and json.loads(s.requests[-1][3]) == {"verdict": "approve"}
    for typed, code in (("01930000", 1), ("cccccccc", 1), ("bbbbbbb", 2), ("../../x", 2), ("*", 2)):
        r = s.ctl("approve", typed)
        assert r.code == code, (typed, r)
        assert s.requests[-1][0] == "GET", (typed, s.requests[-1])
    assert s.ctl("deny", one).code == 2, "without a reason"
    assert s.ctl("deny", one, "--reason", "not today").code == 0
    assert json.loads(s.requests[-1][3]) == {"verdict": "deny", "reason": "not today"}
    s.answers["POST /v1/reviews/*"] = {"state": "pending", "approved_by": ["admin"]}
    r = s.ctl("approve", one)
    assert r.code == 0 and "more approvals are needed" in r.text, r


def test_pending_shows_what_a_reviewer_needs(t):
    """A reviewer decides blindly without line, agent, lineage, model, rule and the time that is left."""
    s = Scripted(t)
    expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 605))
    old, new = {**RECORD, "verdict": None, "expires": expires, "reviewers_needed": 1}, {**RECORD, "id": RECORD["id"][:-1] + "0"}
    s.answers["GET /v1/reviews"] = {"reviews": [old, new]}
    text = s.ctl("pending").text
    for needed in ("psql -c 'DROP TABLE sessions'", "db-migration-agent 2.3", "alice (human, attested)", "claude-x@1, claimed",
                   "no-ddl", "10 m ", "deploy on prod-1 in /srv"):
        assert needed in text, (needed, text)
    assert text.index(old["id"]) < text.index(new["id"]), "the oldest first"
    assert [x["id"] for x in json.loads(s.ctl("pending", "--json").out)] == [new["id"], old["id"]], "newest first"
    assert s.ctl("pending", "-q").text == "%s\n%s\n" % (old["id"], new["id"])


def test_exit_statuses(t):
    """Scripts act on the status: unreachable, not permitted, refused and misused must differ, each with one clear line."""
    s = Scripted(t)
    for answer, code, said in (
            ((401, {"detail": "no such token"}), 77, "not permitted: no such token"),
            ((403, {"detail": "viewers may not"}), 77, "not permitted: viewers may not"),
            ((409, {"detail": "exists"}), 1, "the approver refused: exists"),
            ((500, b"<html>"), 1, "HTTP 500"),
            ((503, {"detail": "disk full"}), 69, "disk full"),
            ((302, b""), 1, "HTTP 302"),
            ((200, b"garbage"), 69, "does not answer as an approver"),
            ((200, b'{"agents":[],"agents":[]}'), 69, "does not answer as an approver"),
            ((200, {"other": []}), 69, "does not answer as an approver"),
            ((200, None), 69, "unreachable"),
            ((409, {"detail": "two\nlines \x1b[2J"}), 1, "two\\nlines \\x1b[2J")):
        s.answers["GET /v1/agents"] = answer
        r = s.ctl("agent", "list")
        assert r.code == code and said in r.errors and r.out == b"", (answer, r)
        assert r.errors.startswith("whoctl: ") and r.errors.count("\n") == 1, r
        assert SECRET not in r.err, r
    for wrong in ((), ("stop", "x"), ("kill", "x"), ("agent",), ("agent", "kill"), ("agent", "add"), ("agent", "list", "x"),
                  ("agent", "list", "--reason", "x"), ("who", "--jso"), ("agent", "add", "bad/name")):
        r = s.ctl(*wrong)
        assert r.code == 2 and r.out == b"", (wrong, r)
    assert "agent disable" in s.ctl("agent", "kill").errors and "pending" in s.ctl("stop").errors and "kill" in s.ctl("stop").errors
    with open("/dev/full", "wb") as full:
        s.answers["GET /v1/agents"] = {"agents": []}
        p = subprocess.run([t.program("whoctl"), "--dir", s.dir, "agent", "list"], stdout=full, stderr=subprocess.PIPE)
    assert p.returncode == 1 and b"standard output" in p.stderr, p


def test_only_the_right_approver_gets_the_token(t):
    """Whoever answers at the approver's address would be handed an operator's token."""
    real, other = Scripted(t), Scripted(t, "other")
    two = ssl.TLSVersion.TLSv1_2
    old = Scripted(t, "old", versions=(two, two))
    elsewhere = Scripted(t, "elsewhere", names="DNS:elsewhere.example")
    for where, ca in ((other, real), (old, old), (elsewhere, elsewhere)):
        r = real.ctl("agent", "list", "--url", where.url, "--ca", ca.dir / "ca.pem")
        assert r.code == 69 and "unreachable" in r.errors and not where.requests, r
    assert real.ctl("agent", "list", "--url", real.url.replace("https", "http")).code == 2
    real.answers["GET /v1/agents"] = {"agents": []}
    proxied = real.ctl("agent", "list", env={"https_proxy": "http://127.0.0.1:1", "HTTPS_PROXY": "http://127.0.0.1:1"})
    assert proxied.code == 0, proxied
    real.server.shutdown()
    real.server.server_close()
    r = real.ctl("agent", "list")
    assert r.code == 69 and "unreachable" in r.errors and SECRET not in r.err, r


def test_token_file_is_checked(t):
    """A token that others on the machine can read is no token any more; its owner must be told before it is used."""
    s = Scripted(t)
    s.answers["GET /v1/agents"] = {"agents": []}
    token = s.dir / "admin.token"
    for mode in (0o440, 0o404, 0o644, 0o420):
        token.chmod(mode)
        r = s.ctl("agent", "list")
        assert r.code == 77 and "refused" in r.errors and SECRET not in r.err, r
    token.chmod(0o400)
    link = t.tmp / "link"
    link.symlink_to(token)
    assert s.ctl("agent", "list", "--token-file", link).code == 77
    missing = s.ctl("agent", "list", "--token-file", t.tmp / "none")
    assert missing.code == 1 and "No such file" in missing.errors, missing
    assert not s.requests
    assert s.ctl("agent", "list").code == 0
    assert s.requests[-1][2]["Authorization"] == "Bearer " + SECRET.decode()


def test_which_approver(t):
    """An operator of two approvers must never act on the wrong one."""
    one, two = Scripted(t, "one"), Scripted(t, "two")
    for s in (one, two):
        s.answers["GET /v1/agents"] = {"agents": []}

    def asked(*args, **env):
        before = len(one.requests), len(two.requests)
        r = t.run([t.program("whoctl"), *args, "agent", "list"], env=one.env(**{k: str(v) for k, v in env.items()}))
        assert r.code == 0, r
        return len(one.requests) - before[0], len(two.requests) - before[1]
    single = {"WHOCTL_URL": two.url, "WHOCTL_CA": two.dir / "ca.pem", "WHOCTL_TOKEN_FILE": two.dir / "admin.token"}
    assert asked("--dir", one.dir) == (1, 0)
    assert asked(WHOCTL_DIR=one.dir) == (1, 0)
    assert asked(**single) == (0, 1)
    assert asked("--dir", one.dir, **single) == (1, 0), "an option wins over the environment"
    assert asked("--dir", two.dir, WHOCTL_DIR=one.dir) == (0, 1)
    assert asked("--url", two.url, "--ca", two.dir / "ca.pem", WHOCTL_DIR=one.dir) == (0, 1), "one value over the folder's"
    r = t.run([t.program("whoctl"), "agent", "list", "--url", one.url], env=one.env())
    assert r.code in (1, 2) and "which approver" in r.errors or os.path.exists("/var/lib/whosh"), r


def credential_answer(request):
    """A credential as an approver issues it."""
    import hashlib
    body = json.loads(request[3])
    jwk = '{"crv":"Ed25519","kty":"OKP","x":"%s"}' % body["jwk"]["x"]
    thumbprint = base64.urlsafe_b64encode(hashlib.sha256(jwk.encode()).digest()).rstrip(b"=").decode()
    now = int(time.time())
    return 201, {"id": thumbprint, "agent": body["agent"], "issued": now * 1000, "not_before": now * 1000,
                 "expires": (now + body["expires_s"]) * 1000, "revoked": 0, "aud": "whoshd:test"}


def test_credential_issue(t):
    """The private key must exist in one file that only its owner can read, and never travel."""
    from lib import jose
    s = Scripted(t)
    s.answers["POST /v1/credentials"] = credential_answer
    out = t.tmp / "worker.token"
    r = s.ctl("credential", "issue", "worker", "--out", out, "--expires", "12h", "--agent-version", "2.3")
    assert r.code == 0, r
    data = json.loads(out.read_text())
    assert stat.S_IMODE(out.stat().st_mode) == 0o400 and out.stat().st_nlink == 1
    assert [x.name for x in t.tmp.iterdir() if x.name.startswith(".whoctl")] == [], "no second copy"
    sent = json.loads(s.requests[-1][3])
    assert sent["jwk"] == {k: data["jwk"][k] for k in ("kty", "crv", "x")} and sent["expires_s"] == 12 * 3600, sent
    assert jose.b64(jose.Token(out).public) == data["jwk"]["x"], "the key pair belongs together"
    secret = data["jwk"]["d"].encode()
    assert secret not in r.out + r.err + b"".join(x[3] for x in s.requests)
    assert (data["v"], data["sub"], data["aud"], data["agent_version"]) == (1, "worker", "whoshd:test", "2.3"), data
    assert 12 * 3600 - 60 < data["exp"] - time.time() <= 12 * 3600, data

    asked, text = len(s.requests), out.read_text()
    r = s.ctl("credential", "issue", "worker", "--out", out)
    assert r.code == 1 and "--force" in r.errors and out.read_text() == text and len(s.requests) == asked, r
    assert s.ctl("credential", "issue", "worker", "--out", t.tmp / "no" / "where").code == 1 and len(s.requests) == asked
    for wrong in ((), ("--out", "-"), ("--out", t.tmp / "x", "--expires", "soon"), ("--out", t.tmp / "x", "--expires", "0")):
        assert s.ctl("credential", "issue", "worker", *wrong).code == 2, wrong
    assert s.ctl("credential", "issue", "worker", "--out", out, "--force").code == 0
    assert out.read_text() != text and stat.S_IMODE(out.stat().st_mode) == 0o400


def test_credential_without_a_file_is_revoked(t):
    """A credential whose file could not be written would be good for months, and nobody would know."""
    s = Scripted(t)
    out = t.tmp / "worker.token"

    def meanwhile(request):
        out.write_text("somebody else's")
        return credential_answer(request)
    s.answers["POST /v1/credentials"] = meanwhile
    s.answers["DELETE /v1/credentials/*"] = (204, b"")
    r = s.ctl("credential", "issue", "worker", "--out", out)
    assert r.code == 1 and out.read_text() == "somebody else's" and "revoked" in r.errors, r
    assert s.requests[-1][0] == "DELETE", s.requests
    s.answers["POST /v1/credentials"] = lambda q: (201, {**credential_answer(q)[1], "id": "A" * 43})
    other = t.tmp / "other.token"
    r = s.ctl("credential", "issue", "worker", "--out", other)
    assert r.code == 69 and not other.exists(), "a credential for another key is no credential"
    assert [x.name for x in t.tmp.iterdir() if x.name.startswith(".whoctl")] == []


def test_operator_token_is_handed_over_once(t):
    """A new operator's token on a shared terminal, or in a file others can read, is everyone's."""
    s = Scripted(t)
    s.answers["POST /v1/operators"] = (201, {"name": "bob", "role": "viewer", "token": "bobs-new-token"})
    out = t.tmp / "bob.token"
    r = s.ctl("operator", "add", "bob", "--role", "viewer", "--out", out)
    assert r.code == 0 and b"bobs-new-token" not in r.out + r.err, r
    assert out.read_text() == "bobs-new-token\n" and stat.S_IMODE(out.stat().st_mode) == 0o400
    assert json.loads(s.requests[-1][3]) == {"name": "bob", "role": "viewer"}
    r = s.ctl("operator", "add", "bob")
    assert r.code == 0 and r.out == b"bobs-new-token\n" and b"bobs-new-token" not in r.err, r
    assert json.loads(s.ctl("operator", "add", "bob", "--json").out)["token"] == "bobs-new-token"
    assert s.ctl("operator", "add", "bob", "--role", "root").code == 2


def event(number, kind, record):
    return ("id: %d\nevent: %s\ndata: %s\n\n" % (number, kind, json.dumps(record))).encode()


def test_watch_goes_on_after_a_lost_connection(t):
    """A reviewer who watches would miss what came while the approver restarted."""
    s = Scripted(t)
    done = threading.Event()
    t.cleanups.append(done.set)
    streams = [[b": hello\n\n", event(4, "review", {**RECORD, "verdict": None, "task": "t\x1b[2J"})],
               [event(5, "decided", RECORD)]]

    def reply(handler, request):
        s.last = request[2].get("Last-Event-ID")
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Connection", "close")
        handler.end_headers()
        for piece in streams.pop(0):
            handler.wfile.write(piece)
            handler.wfile.flush()
        if not streams:
            done.wait(30)
        handler.close_connection = True
    s.reply = reply
    p = t.spawn([t.program("whoctl"), "--dir", s.dir, "watch"], env=s.env(), stdout=subprocess.PIPE,
                stderr=subprocess.PIPE)
    seen = b""
    while b"denied by rule no-ddl" not in seen:
        piece = os.read(p.stdout.fileno(), 4096)
        assert piece, (seen, p.stderr.read())
        seen += piece
    assert b"waiting: " + RECORD["id"].encode() in seen and b"t\\x1b[2J" in seen and b"\x1b" not in seen, seen
    assert s.last == "4", "the approver was told where to go on"
    assert p.poll() is None
    p.terminate()


def test_watch_says_when_it_may_not(t):
    """A watch that silently retries a refused token looks like a quiet day."""
    s = Scripted(t)
    s.answers["GET /v1/events"] = (403, {"detail": "disabled"})
    r = s.ctl("watch", timeout=20)
    assert r.code == 77 and "disabled" in r.errors, r
    s.server.shutdown()
    s.server.server_close()
    assert s.ctl("watch", timeout=20).code == 69


def test_a_rotation_whose_answer_is_lost(t):
    """The old key would end with its window, and nobody would know that the new one is nobody's."""
    s = Scripted(t)
    s.answers["POST /v1/credentials"] = b"<html>"
    for verb, more in (("rotate", "rotate once more before then"), ("issue", "may have been done all the same")):
        r = s.ctl("credential", verb, "worker", "--out", t.tmp / "new")
        assert r.code == 69 and more in r.errors and "credential list" in r.errors, r
        assert not (t.tmp / "new").exists() and list(t.tmp.glob(".whoctl-*")) == []
    s.answers["POST /v1/credentials"] = (409, {"detail": "the agent is disabled"})
    r = s.ctl("credential", "rotate", "worker", "--out", t.tmp / "new")
    assert r.code == 1 and "may have been" not in r.errors, r


def test_status(t):
    """Monitoring, and whoever is called at night, must see at once whether commands are decided and what will break next."""
    s = Scripted(t)
    health = {"status": "ok", "version": "0.1.0", "name": "whoshd:x", "pending": 2, "running": 1, "log_size": 9,
              "policy_s256": "h" * 43, "uptime_s": 90000, "disk_free": 5 << 30}
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3 * 86400 + 60))
    past = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60))
    s.answers["GET /healthz"] = health
    s.answers["GET /v1/credentials"] = {"credentials": [{"id": "c", "agent": "worker", "expires": soon, "revoked": None},
                                                        {"id": "d", "agent": "gone", "expires": soon, "revoked": soon},
                                                        {"id": "e", "agent": "gone", "expires": soon, "replaced_by": "f"},
                                                        {"id": "f", "agent": "gone", "expires": soon, "source": "exchange"},
                                                        {"id": "g", "agent": "gone", "expires": past},
                                                        {"id": "h", "agent": "late", "expires": past},
                                                        {"id": "i", "agent": "off", "expires": past, "agent_disabled": True}]}
    s.answers["GET /v1/alerts*"] = {"alerts": [{"alert": "x", "reason": "the key c was seen twice", "ts": soon}], "count": 1}
    r = s.ctl("status")
    assert r.code == 0, r
    for needed in ("ok", "0.1.0", "h" * 43, "5.0 GiB", "1 d 1 h", "worker: 3 d 0 h left", "credential rotate worker",
                   "1 in 24 h", "ALERT: the key c was seen twice"):
        assert needed in r.text, (needed, r)
    assert "gone" not in r.text, "revoked, replaced and exchanged ones do not expire"
    assert "late: expired" in r.text and "off:" not in r.text, "what ended with nothing in its place"
    assert json.loads(s.ctl("status", "--json").out)["credentials_expiring"][0]["agent"] == "worker"
    s.answers["GET /healthz"] = (503, {**health, "status": "read-only", "disk_free": 1 << 20})
    r = s.ctl("status")
    assert r.code == 1 and "read-only" in r.text and "low" in r.text, r
    s.server.shutdown()
    s.server.server_close()
    assert s.ctl("status").code == 69


def on_terminal(t, s, *args, **env):
    """What whoctl writes when standard output is a terminal of 80 columns."""
    parent, child = pty.openpty()
    p = t.spawn([t.program("whoctl"), "--dir", s.dir, *args], stdout=child, env=s.env(**{"TERM": "xterm", **env}))
    os.close(child)
    seen = b""
    while True:
        try:
            piece = os.read(parent, 4096)
        except OSError:
            break
        if not piece:
            break
        seen += piece
    os.close(parent)
    assert p.wait(20) == 0
    return seen


def test_colour_only_for_people(t):
    """Escape sequences in a pipe break scripts; NO_COLOR is some people's only way to read."""
    s = Scripted(t)
    s.answers["GET /v1/audit"] = {"commands": [RECORD]}
    assert b"\x1b[31mdenied\x1b[0m" in on_terminal(t, s, "who")
    assert b"\x1b" not in on_terminal(t, s, "who", NO_COLOR="1")
    assert b"\x1b" not in on_terminal(t, s, "who", TERM="dumb")
    assert b"\x1b" not in s.ctl("who").out


def test_tables_fit(t):
    """A row that wraps cannot be read down its columns; a pipe must get everything."""
    s = Scripted(t)
    s.answers["GET /v1/agents"] = {"agents": [{"id": "a" * 60, "owner": "b" * 60, "created": RECORD["ts"],
                                               "last_used": None, "credentials": 1, "disabled": False}]}
    lines = on_terminal(t, s, "agent", "list", NO_COLOR="1").decode().split("\r\n")
    assert all(len(x) <= 80 for x in lines) and "…" in lines[1], lines
    assert "a" * 60 in s.ctl("agent", "list").text


def test_completion(t):
    """Completion that offers what does not exist, or runs what an approver sent, is worse than none."""
    s = Scripted(t)
    s.answers["GET /v1/agents"] = {"agents": [{"id": "worker"}, {"id": "writer"}, {"id": "$(touch %s/ran)" % t.tmp}]}
    script = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
_whoctl; printf '%s\\n' "${COMPREPLY[@]}"
"""

    def complete(*words):
        r = t.run(["bash", "-c", script, "bash", t.source / "approver/whoctl/whoctl.bash", t.program("whoctl"), *words],
                  env=s.env())
        assert r.err == b"", r
        return r.text.split()
    verbs = complete("")
    assert {"who", "show", "pending", "approve", "deny", "watch", "agent", "credential", "operator", "policy",
            "status", "delegate", "delegation", "key", "kill", "unkill", "kills", "compare-models", "verify", "prove",
            "witness", "export", "incident", "report"} == set(verbs), verbs
    assert "--tree-only" in complete("verify", "--") and "--new-key" in complete("witness", "--")
    assert complete("report", "is") == ["iso27001"] and complete("report", "soc2", "--format", "c") == ["csv"]
    assert complete("incident", "--format", "c") == [] and complete("--dir", s.dir, "report", "soc2", "--to", "w") == []
    assert complete("kill", "") == ["agent", "credential", "session", "human", "model", "command"]
    assert complete("--dir", s.dir, "kill", "agent", "w") == ["worker", "writer"]
    assert "--for" in complete("kill", "agent", "x", "--") and "--for" not in complete("unkill", "--")
    assert complete("agent", "") == ["add", "disable", "list", "show"]
    assert complete("policy", "e") == ["explain"]
    assert complete("delegation", "") == ["list", "revoke"] and complete("key", "") == ["list", "new", "revoke"]
    assert complete("--dir", s.dir, "delegate", "--to", "wr") == ["writer"]
    assert "--owner" in complete("agent", "add", "x", "--") and "--reason" not in complete("agent", "add", "--")
    assert complete("operator", "add", "x", "--role", "v") == ["viewer"]
    assert complete("export", "--format", "o") == ["ocsf", "otel"] and "--after" in complete("export", "--a")
    assert complete("--dir", s.dir, "agent", "show", "w") == ["worker", "writer"]
    assert complete("--dir", s.dir, "who", "--agent", "wr") == ["writer"]
    complete("--dir", s.dir, "agent", "show", "")
    assert not (t.tmp / "ran").exists()
