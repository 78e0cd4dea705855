"""Exports in each format: right by the format's own rules, complete, and whatever stands in a line.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import base64
import json
import re

from lib import jose
from lib.exporting import (FORMATS, HOSTILE, TRACE, check_ecs, check_ocsf, check_otel, eventful, exported, index_of)


def kinds_logged(a):
    """The events of the log by their names, without what belongs to a command's own record."""
    records = exported(a)
    return {x["kind"] for x in records}, records


def by_id(records):
    found = {}
    for x in records:
        assert x["id"] not in found, "a command appears twice"
        found[x["id"]] = x
    return found


def of(rows, name):
    return jose.claims(rows[name])["jti"]


def test_export_jsonl_has_everything_once(t):
    """An auditor's copy would lack events, or have a command without its decision or its end."""
    a, rows = eventful(t)
    kinds, records = kinds_logged(a)
    wanted = {"log_started", "policy_loaded", "operator_sign_in", "agent_added", "agent_disabled", "credential_issued",
              "credential_revoked", "credential_rotated", "review", "model_changed", "operator_changed", "refused", "delegation",
              "delegation_revoked", "key_enrolled", "key_revoked", "alert", "kill", "unkill", "command_outcome", "command"}
    assert kinds == wanted, kinds ^ wanted
    commands = by_id([x for x in records if x["kind"] == "command"])
    assert set(commands) == {jose.claims(x)["jti"] for x in rows.values()}
    whole = {x["id"]: x for x in a.who("--limit", "1000")}
    for id, record in commands.items():
        for name in ("agent", "line", "verdict", "rule", "policy", "exit", "signal", "started", "ended", "log_index", "chain"):
            assert record[name] == whole[id][name], (name, record, whole[id])
    assert commands[of(rows, "exited")]["exit"] == 3 and commands[of(rows, "exited")]["verdict"] == "approved"
    assert commands[of(rows, "pending")]["state"] == "pending" and commands[of(rows, "running")]["state"] == "approved"
    assert base64.b64decode(commands[of(rows, "bytes")]["line_b64"]) == b"ls \xff\xfe \xc3("
    delegation = [x for x in records if x["kind"] == "delegation"][0]
    assert delegation["body"]["act"]["sub"] == "other" and delegation["body"]["task"] == 'stage "4.2"', delegation
    indexes = [x["index"] for x in records]
    assert indexes == sorted(set(indexes)), "not in the order of the log"
    assert ".eyJ" not in a.ctl("export").text, "a signed message went out with its texts as they were"


def test_export_every_format_tells_the_same(t):
    """A format would leave records out that the others have, or name another place to go on from."""
    a, rows = eventful(t)
    a.stop()
    a.start()
    first = None
    for fmt in FORMATS:
        lines = a.ctl("export", "--format", fmt).out.splitlines(keepends=True)
        if fmt == "csv":
            assert lines.pop(0).startswith(b"index,kind,ts,id,agent,")
        assert all(x.endswith(b"\r\n" if fmt == "csv" else b"\n") for x in lines)
        indexes = [index_of(x) for x in lines]
        first = first or indexes
        assert indexes[:len(first)] == first and len(indexes) <= len(first) + len(FORMATS), fmt  # sign-ins came since


def test_export_ocsf_is_valid(t):
    """A SIEM that validates OCSF would drop the events, and nobody would see it."""
    a, rows = eventful(t)
    records = exported(a, "ocsf")
    for x in records:
        check_ocsf(x)
    classes = {x["class_uid"] for x in records}
    assert classes == {1007, 2004, 3001, 3002, 3004, 6002}, classes
    commands = {x["process"]["uid"]: x for x in records if x["class_uid"] == 1007}
    x = commands[of(rows, "exited")]
    assert x["process"]["cmd_line"] == "ls -l /tmp" and x["exit_code"] == 3 and x["duration"] == 1000, x
    assert x["actor"]["user"]["name"] == "worker" and x["actor"]["app_name"] == "claude-code"
    assert x["process"]["user"] == {"name": "u", "uid": "1000", "type_id": 1, "type": "User"}
    assert x["device"]["hostname"] == "h" and x["action"] == "Allowed" and x["status"] == "Success"
    assert x["unmapped"]["model"] == "anthropic/claude-x@1" and "model" in x["unmapped"]["claimed"]
    assert x["unmapped"]["human"] == "alice" and x["policy"]["name"] == "reads"
    states = {"denied": ("Denied", "Blocked", "Failure"), "rejected": ("Denied", "Rejected", "Failure"),
              "reviewed": ("Allowed", "Approved", "Success"), "pending": ("Unknown", "Delayed", "Unknown"),
              "not_run": ("Allowed", "Allowed", "Failure")}
    for name, expected in states.items():
        x = commands[of(rows, name)]
        assert (x["action"], x["disposition"], x["status"]) == expected, (name, x)
    assert base64.b64decode(commands[of(rows, "bytes")]["unmapped"]["line_b64"]) == b"ls \xff\xfe \xc3("
    refused = [x for x in records if x["class_uid"] == 3002 and x["status"] == "Failure"]
    assert refused and refused[0]["status_detail"], refused
    findings = {x["finding_info"]["title"] for x in records if x["class_uid"] == 2004}
    assert "key_enrolled_twice" in findings and len(findings) == 2, findings


def test_export_ocsf_rules_can_fail(t):
    """The check that stands between us and a SIEM would pass whatever we wrote."""
    a, rows = eventful(t)
    good = [x for x in exported(a, "ocsf") if x["class_uid"] == 1007][0]
    spoil = [lambda x: x.pop("device"), lambda x: x["process"].pop("uid"), lambda x: x.update(severity_id=7),
             lambda x: x.update(type_uid=1), lambda x: x.update(nonsense=1), lambda x: x.update(time="now"),
             lambda x: x.update(time=x["time"] // 1000), lambda x: x["device"].pop("type_id"),
             lambda x: x.update(status="Fine"), lambda x: x["metadata"].pop("product"),
             lambda x: x.update(activity_id=77, type_uid=100777), lambda x: x["actor"]["user"].update(type="")]
    for i, change in enumerate(spoil):
        x = json.loads(json.dumps(good))
        check_ocsf(x)
        change(x)
        try:
            check_ocsf(x)
        except (AssertionError, KeyError):
            continue
        raise AssertionError("change %d was not seen" % i)


def test_export_ecs_names_only_what_ecs_has(t):
    """Elasticsearch would map our fields by itself, or refuse the document for a field of the wrong type."""
    a, rows = eventful(t)
    records = exported(a, "ecs")
    for x in records:
        check_ecs(x)
    commands = {x["process"]["entity_id"]: x for x in records if x["whosh"]["kind"] == "command"}
    x = commands[of(rows, "exited")]
    assert x["process"]["command_line"] == "ls -l /tmp" and x["process"]["exit_code"] == 3, x
    assert x["event"]["duration"] == 10**9 and x["event"]["type"] == ["end"] and x["event"]["outcome"] == "failure"
    assert x["user"] == {"name": "u"} and x["host"]["name"] == "h"
    assert {"worker", "alice", "u"} == set(x["related"]["user"])
    assert x["trace"]["id"] == TRACE.split("-")[1] and x["span"]["id"] == TRACE.split("-")[2]
    assert x["whosh"]["agent"] == "worker" and x["whosh"]["agent_version"] == "2.3"
    assert commands[of(rows, "denied")]["event"]["action"] == "command-denied"
    assert commands[of(rows, "pending")]["event"]["outcome"] == "unknown"
    assert any(x["event"]["kind"] == "alert" for x in records)
    sign_in = [x for x in records if x["whosh"]["kind"] == "operator_sign_in"][0]
    assert sign_in["source"]["ip"] == "127.0.0.1" and sign_in["user"]["name"] == "admin"


def test_export_otel_is_otlp(t):
    """A collector would refuse the lines, or dashboards on gen_ai.* and process.* would stay empty."""
    a, rows = eventful(t)
    found = [check_otel(x) for x in exported(a, "otel")]
    commands = {x["gen_ai.tool.call.id"]: x for x in found if "gen_ai.tool.call.id" in x}
    x = commands[of(rows, "exited")]
    assert x["gen_ai.agent.id"] == "worker" and x["gen_ai.agent.version"] == "2.3"
    assert x["gen_ai.provider.name"] == "anthropic" and x["gen_ai.request.model"] == "claude-x@1"
    assert x["gen_ai.conversation.id"] == jose.claims(rows["exited"])["sid"]
    assert x["process.command_line"] == "ls -l /tmp" and x["process.exit.code"] == 3 and x["process.user.id"] == 1000
    assert x["record"]["traceId"] == TRACE.split("-")[1] and x["record"]["eventName"] == "whosh.command"
    assert commands[of(rows, "denied")]["record"]["severityNumber"] == 13
    assert {x["whosh.kind"] for x in found} > {"agent_added", "kill", "alert"}


def unfold(text):
    """The escapes of the visible form undone, where the text has no backslash of its own."""
    return re.sub(r"\\(?:x(..)|u(....)|U(.{8})|([nt]))",
                  lambda m: {"n": "\n", "t": "\t"}[m.group(4)] if m.group(4) else chr(int(m.group(1) or m.group(2) or m.group(3), 16)),
                  text)


def test_export_csv_is_safe_in_a_spreadsheet(t):
    """Opening last night's log would run a formula that an agent wrote."""
    a, rows = eventful(t)
    raw = a.ctl("export", "--format", "csv").out
    text = raw.decode("utf-8")
    assert not re.search("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f\u0080-\u009f\u202a-\u202e\u200b\u2028\ufeff]", text)
    records = exported(a, "csv")
    for x in records:
        assert None not in x and None not in x.values(), "a row has another number of fields than the head"
        for name, value in x.items():
            assert not value or value[0] not in "=+-@\t\r \uff1d\uff0b\uff0d\uff20", (name, value)
    found = {x["id"]: x for x in records if x["kind"] == "command"}
    for i, line in enumerate(HOSTILE):
        x = found[of(rows, "hostile%d" % i)]
        exact = base64.b64decode(x["line_b64"]).decode() if x["line_b64"] else re.sub("^'", "", x["line"])
        assert exact == line, (line, x)
        if "\\" not in line:
            assert unfold(re.sub("^'", "", x["line"])) == line, (line, x["line"])
    assert found[of(rows, "hostile4")]["line"].startswith("'=") and found[of(rows, "hostile8")]["line"] == "''quoted"
    assert base64.b64decode(found[of(rows, "bytes")]["line_b64"]) == b"ls \xff\xfe \xc3("
    assert found[of(rows, "exited")]["exit"] == "3" and found[of(rows, "exited")]["line"] == "ls -l /tmp"
    agents = [x for x in records if x["kind"] == "agent_added"]
    assert agents[0]["agent"] == "worker" and agents[0]["operator"] == "admin" and json.loads(agents[0]["body"])["owner"] == "alice"


def test_export_hostile_lines_in_json(t):
    """A line with control characters or quotes would break the record, or the terminal of who looks at it."""
    a, rows = eventful(t)
    where = {"jsonl": lambda x: x.get("line"), "ocsf": lambda x: x.get("process", {}).get("cmd_line"),
             "ecs": lambda x: x.get("process", {}).get("command_line"),
             "otel": lambda x: check_otel(x).get("process.command_line")}
    for fmt, line in where.items():
        raw = a.ctl("export", "--format", fmt).out
        assert not re.search(rb"[\x00-\x09\x0b-\x1f]", raw), fmt
        lines = [line(x) for x in exported(a, fmt)]
        for wanted in HOSTILE:
            assert wanted in lines, (fmt, wanted)


def test_export_huge_line(t):
    """One huge command would be cut, lost, or end the export for everything after it."""
    from lib.bare import enrol, post, serve
    a = serve(t)
    token = enrol(a)
    line = "ls " + "\"x\u20ac\x01" * 40000  # 240,000 bytes, most of which need an escape
    jws = token.command(line)
    assert len(jws) < 1 << 20 and post(a, jws)[0] in (200, 202)
    post(a, token.command("ls after"))
    for fmt in FORMATS:
        records = exported(a, fmt)
        raw = a.ctl("export", "--format", fmt).out
        assert b"ls after" in raw.splitlines()[-1] or b"ls after" in raw.splitlines()[-2], fmt
        if fmt == "jsonl":
            assert [x["line"] for x in records if x["kind"] == "command"] == [line, "ls after"]
        if fmt == "csv":
            x = [x for x in records if x["kind"] == "command"][0]
            assert base64.b64decode(x["line_b64"]).decode() == line
