"""The model and the task: on every command, in mid-session changes, as text or as hash, and always marked as claimed."""
import hashlib
import json
import os
import re

from lib import auditlog, bare, jose
from lib.scripted import Scripted

A, B = "anthropic/claude-x@1", "anthropic/claude-x@2"
SHA = hashlib.sha256("drop old sessions é".encode()).hexdigest()


def context(t, value):
    path = t.tmp / "context.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


def one(a, line):
    return [x for x in a.who() if x["line"] == line][0]


def test_context_file_is_read_for_every_line(t):
    """A harness changes model or task in mid-session, and the commands that follow are booked to the old ones."""
    a = t.approver()
    token = a.agent("worker")
    env = {"WHOSH_SESSION_ID": jose.uuid7(), "WHOSH_MODEL": "env/model@0", "WHOSH_TASK": "env task"}
    assert t.whosh(a, token, "-c", "true 0", env=env).code == 0
    env["WHOSH_CONTEXT_FILE"] = context(t, {"model": A, "task": "first"})
    assert t.whosh(a, token, "-c", "true 1", env=env).code == 0
    context(t, {"model": B, "task_sha256": SHA})
    assert t.whosh(a, token, "-c", "true 2", env=env).code == 0
    context(t, {"model": ""})
    assert t.whosh(a, token, "-c", "true 3", env=env).code == 0
    rows = [one(a, "true %d" % k) for k in range(4)]
    assert [x["model"] for x in rows] == ["env/model@0", A, B, "env/model@0"], rows
    assert [x["model_before"] for x in rows] == [None, "env/model@0", A, B], rows
    assert [x["task"] for x in rows] == ["env task", "first", None, "env task"], rows
    assert [x["task_sha256"] for x in rows] == [None, None, SHA, None], rows
    assert rows[1]["attributes"]["model"]["source"] == "WHOSH_CONTEXT_FILE", rows
    assert rows[2]["attributes"]["task_sha256"] == {"value": SHA, "grade": "claimed", "source": "WHOSH_CONTEXT_FILE"}, rows


def test_malformed_context_file_is_refused(t):
    """A context file that cannot be read is a hang, or a command under nobody's model, instead of a clear refusal."""
    a = t.approver()
    token = a.agent("worker")
    os.mkfifo(t.tmp / "fifo")
    for value, said in (("not json", "WHOSH_CONTEXT_FILE"), ('{"model":"a","model":"b"}', "WHOSH_CONTEXT_FILE"),
                        ("[]", "not an object"), ('{"model":1}', "model is not a string"), ("", "WHOSH_CONTEXT_FILE"),
                        ('{"task":null}', "task is not a string"), ('{"task_sha256":"ab"}', "task_sha256"),
                        ('{"model":"\xff\\ud800"}', "WHOSH_CONTEXT_FILE"),
                        ('{"x":"%s"}' % ("y" * (64 * 1024 + 1 - 8)), "too large"),
                        (json.dumps({"model": "m" * 257}), "the model is longer than 256 bytes"),
                        (t.tmp, "not a regular file"), (t.tmp / "fifo", "not a regular file"),
                        ("/dev/zero", "not a regular file"), (t.tmp / "absent", "No such file")):
        raw = isinstance(value, str) and not value.startswith("/dev")
        path = context(t, value) if raw else value
        r = t.whosh(a, token, "-c", "echo ran", env={"WHOSH_CONTEXT_FILE": path}, timeout=20)
        assert r.code == 78 and said in r.errors and r.out == b"", (value, r)
    r = t.whosh(a, token, "-c", "echo ran", env={"WHOSH_PRINCIPAL_CHAIN": "@%s" % (t.tmp / "fifo")}, timeout=20)
    assert r.code == 78 and "not a regular file" in r.errors, r
    assert a.who() == [], "nothing was even asked"
    largest = '{"x":"%s"}' % ("y" * (64 * 1024 - 8))
    assert len(largest) == 64 * 1024
    r = t.whosh(a, token, "-c", "echo ran", env={"WHOSH_CONTEXT_FILE": context(t, largest)})
    assert (r.code, r.out) == (0, b"ran\n"), r


def test_change_of_model_is_its_own_record(t):
    """The model behind an agent is swapped in mid-session, and a command that names none hides it from the log."""
    a = bare.serve(t)
    token, sid = bare.enrol(a), jose.uuid7()
    commands = [token.command("true", sid=sid, model=m) for m in (None, A, A, None, B, B)]
    commands.append(token.command("make", sid=sid, model=A))  # waits for a reviewer: it is told all the same
    for jws in commands:
        assert bare.post(a, jws)[0] in (200, 202)
    before = [bare.audit(a, jws)["model_before"] for jws in commands]
    assert before == [None, None, None, None, A, None, B], before
    record = bare.audit(a, commands[4])
    assert record["attributes"]["model_before"]["grade"] == "claimed", record
    bodies = [x for x in auditlog.bodies(a) if "from" in x and x.get("session") == sid]
    assert bodies == [{"session": sid, "command": bare.jti(commands[4]), "agent": "worker", "from": A, "to": B},
                      {"session": sid, "command": bare.jti(commands[6]), "agent": "worker", "from": B, "to": A}], bodies
    other = token.command("true", sid=jose.uuid7(), model=B)
    assert bare.post(a, other)[0] == 200 and bare.audit(a, other)["model_before"] is None, "another session"
    assert bare.post(a, commands[4])[0] == 200, "posted again"
    assert len([x for x in auditlog.bodies(a) if "from" in x and x.get("session") == sid]) == 2
    kinds = [[x["kind"] for x in bare.audit(a, jws)["events"]].count("model_changed") for jws in commands]
    assert kinds == [0, 0, 0, 0, 1, 0, 1], kinds


def stream(a, last):
    """The events after `last`, as (name, data)."""
    connection = a.connection(timeout=20)
    connection.request("GET", "/v1/events", headers={
        "Authorization": "Bearer " + (a.dir / "admin.token").read_text().strip(), "Last-Event-ID": str(last)})
    answer = connection.getresponse()
    event = {}
    while True:
        line = answer.readline().decode().rstrip("\n")
        if not line and "data" in event:
            yield event["event"], json.loads(event["data"])
            event = {}
        name, _, value = line.partition(": ")
        event[name] = value


def test_people_see_a_change_of_model(t):
    """A reviewer who watches never learns that another model now drives the agent that was trusted."""
    a = t.approver()
    token, sid = a.agent("worker"), jose.uuid7()
    log = t.tmp / "watched"
    with open(log, "wb") as out:
        watch = t.spawn([t.program("whoctl"), "--dir", a.dir, "watch"], stdout=out,
                        env={"PATH": "/usr/bin:/bin", "TZ": "UTC"})
        t.eventually(lambda: "whosh_event_streams 1\n" in bare.ask(a, "GET", "/metrics", token=None)[1], "a watcher")
        for model in (A, B):
            assert t.whosh(a, token, "-c", "true", env={"WHOSH_SESSION_ID": sid, "WHOSH_MODEL": model}).code == 0
        row = a.who()[0]
        found = t.read_line_matching(log, r"^(\S+ \S+)  (.*model changed.*)$", process=watch)
    assert found.group(2) == "worker's model changed from %s to %s (claimed), with command %s in session %s" % (
        A, B, row["id"], sid), found.group(2)
    data = next(d for name, d in stream(a, 0) if name == "model")
    assert {k: data[k] for k in ("session", "command", "agent", "from", "to", "grade")} == {
        "session": sid, "command": row["id"], "agent": "worker", "from": A, "to": B, "grade": "claimed"}, data
    assert re.match(r"\d{4}-\d\d-\d\dT.*Z$", data["ts"]), data
    first = a.ctl("who", "--limit", "1").text
    assert "worker (model %s, claimed; until then %s) for alice" % (B, A) in first, first
    shown = a.ctl("show", row["id"]).text
    assert "the model changed with this command, from %s (claimed)\n" % A in shown, shown
    old = a.who()[1]
    assert old["model_before"] is None and "model changed" not in a.ctl("show", old["id"]).text


def test_task_by_its_hash(t):
    """A task that must stay secret is named by its hash, and the log says that no task was given."""
    a = t.approver()
    token = a.agent("worker")
    r = t.whosh(a, token, "-c", "true", env={"WHOSH_TASK_SHA256": SHA.upper()})
    assert r.code == 0, r
    text, row = a.ctl("who").text, a.who()[0]
    assert "worker for alice (task SHA-256 %s…, claimed), approved" % SHA[:16] in text, text
    assert row["task"] is None and row["task_sha256"] == SHA, row
    shown = [x.split() for x in a.ctl("show", row["id"]).text.splitlines()]
    assert ["task_sha256", SHA, "claimed", "WHOSH_TASK_SHA256"] in shown, shown
    both = {"WHOSH_TASK": "drop old sessions é", "WHOSH_TASK_SHA256": SHA}
    assert t.whosh(a, token, "-c", "true both", env=both).code == 0
    assert 'task "drop old sessions é" (claimed)' in a.ctl("who").text


def test_task_and_hash_must_agree(t):
    """One task is shown to the reviewer and another one's hash to the auditor."""
    a = t.approver()
    token = a.agent("worker")
    for env, said in (({"WHOSH_TASK": "another", "WHOSH_TASK_SHA256": SHA}, "WHOSH_TASK_SHA256 is not the SHA-256 of WHOSH_TASK"),
                      ({"WHOSH_TASK_SHA256": SHA[:-1]}, "64 hexadecimal digits"),
                      ({"WHOSH_MODEL": "m" * 257}, "WHOSH_MODEL: the model is longer than 256 bytes"),
                      ({"WHOSH_TASK": "t" * 65537}, "WHOSH_TASK: the task is longer than 65536 bytes"),
                      ({"WHOSH_CONTEXT_FILE": context(t, {"task": "another", "task_sha256": SHA})}, "is not the SHA-256 of task")):
        r = t.whosh(a, token, "-c", "echo ran", env=env)
        assert r.code == 77 and said in r.errors and r.out == b"", r
    key = jose.Token(token)
    for changes, status, said in (({"task": "another", "task_sha256": SHA}, 401, "is not the SHA-256 of the task"),
                                  ({"task_sha256": SHA.upper()}, 400, "task_sha256"), ({"task_sha256": ""}, 400, "task_sha256")):
        got, problem = bare.post(a, key.command("true", **changes))
        assert got == status and said in problem["detail"], (got, problem)
    assert a.who() == []
    assert bare.post(a, key.command("true", task="drop old sessions é", task_sha256=SHA))[0] == 200


# Where whoctl shows what an agent claims, and how it must be marked there.
CLAIMS = {"agent_version": "v-claim", "model": "m/claim@1", "model_before": "m/before@0", "task": "task-claim",
          "user": "user-claim", "host": "host-claim", "cwd": "/cwd-claim", "mode": "command",
          "parent": "01930000-0000-7000-8000-00000000aaaa", "harness": "harness-claim",
          "trace": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tty": "/dev/pts/claim",
          "ssh": "192.0.2.7", "ssh_original_command": "original-claim", "interpreter": "/bin/claim"}
SENTENCE = ('worker v-claim (model m/claim@1; version and model claimed; until then m/before@0) for alice, '
            'task "task-claim" (claimed)')
PLACE = "user-claim on host-claim in /cwd-claim (claimed)"
PLACES = (
    (("who",), (SENTENCE, PLACE + ", session")),
    (("pending",), ("who:     " + SENTENCE, "where:   " + PLACE)),
    (("agent", "show", "worker"), (SENTENCE, PLACE)),
    (("show", "01930000-0000-7000-8000-0000deadbeef"),
     (SENTENCE, "the model changed with this command, from m/before@0 (claimed)")),
)


def test_every_claim_is_marked_where_it_is_shown(t):
    """Somebody answers for an incident with what an agent merely said of itself."""
    s = Scripted(t)
    record = {"id": "01930000-0000-7000-8000-0000deadbeef", "ts": "2026-11-23T03:47:12Z", "agent": "worker", "human": "alice",
              "session": "01930000-0000-7000-8000-000000000001", "seq": 1, "line": "true", "verdict": None, "rule": "r",
              "reviewers": [], "events": [], "chain": [], "detail": {}, "expires": "2026-11-23T04:47:12Z",
              **{k: CLAIMS[k] for k in ("agent_version", "model", "model_before", "task", "user", "host", "cwd", "mode", "parent")},
              "attributes": {"agent": {"value": "worker", "grade": "proven", "source": "signature"},
                             "session": {"value": "01930000-0000-7000-8000-000000000001", "grade": "proven", "source": "s"},
                             **{k: {"value": v, "grade": "claimed", "source": "x"} for k, v in CLAIMS.items()}}}
    s.answers.update({"GET /v1/audit": {"commands": [record]}, "GET /v1/reviews": {"reviews": [record]},
                      "GET /v1/audit/*": record, "GET /v1/agents/*": {"id": "worker", "owner": "alice", "credentials": 0},
                      "GET /v1/credentials": {"credentials": []}})
    for verb, marks in PLACES:
        text = s.ctl(*verb).text
        for mark in marks:
            assert mark in text, (verb, mark, text)
    rows = [x.split()[:3] for x in s.ctl("show", record["id"]).text.splitlines()]
    for name, value in CLAIMS.items():
        assert [name, value, "claimed"] in rows, (name, rows)


def test_records_grade_whatever_they_show(t):
    """A program takes the host, the directory or the task in a record for proven because nothing there says otherwise."""
    a = t.approver()
    token = a.agent("worker")
    script = t.tmp / "s.sh"
    script.write_text("true")
    env = {"WHOSH_MODEL": A, "WHOSH_TASK": "tidy", "WHOSH_AGENT_VERSION": "7", "TRACEPARENT": CLAIMS["trace"], "CLAUDECODE": "1",
           "SSH_CONNECTION": "192.0.2.7 1 192.0.2.8 22", "SSH_ORIGINAL_COMMAND": "x", "WHOSH_COMMAND_ID": CLAIMS["parent"]}
    assert t.whosh(a, token, script, env=env).code == 0
    row = a.who()[0]
    for name in ("agent", "agent_version", "credential", "session", "parent", "human", "model", "task", "user", "host", "cwd", "mode"):
        assert row["attributes"][name]["value"] == row[name] and row["attributes"][name]["grade"], (name, row)
    attributes = a.json("show", row["id"])[0]["attributes"]
    assert {k: v["grade"] for k, v in attributes.items()} == {
        "agent": "proven", "credential": "proven", "session": "proven", "human": "attested",
        **{k: "claimed" for k in ("agent_version", "model", "task", "user", "host", "cwd", "mode", "parent", "harness", "trace",
                                  "ssh", "ssh_original_command", "interpreter", "script")}}, attributes
    assert all(v["source"] and v["value"] for v in attributes.values()), attributes
    for principal in a.who()[0]["chain"]:
        assert "task" not in principal or principal["task_grade"] == "claimed", principal
    text = t.whosh(a, token, "--check", env=env).text
    for said in ("version", "parent", "model", "task", "harness"):
        assert re.search(r"%s.*claimed" % said, text), text
