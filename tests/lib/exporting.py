"""A log with one of everything in it, its export read back, and the rules of the formats (tests/schemas).

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import csv
import io
import ipaddress
import json
import pathlib
import re

from lib import chains, jose
from lib.bare import ask, enrol, jti, outcome, post, review, serve

csv.field_size_limit(1 << 26)
SCHEMAS = pathlib.Path(__file__).resolve().parents[1] / "schemas"
FORMATS = ("jsonl", "ocsf", "ecs", "otel", "csv")
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

# What an agent may put into a line, each of which some reader of some format has stumbled over.
HOSTILE = ["printf '\x1b[2J\x1b]0;owned\x07'", "ls \u202e\u200b# \u2028 bidi", "ls 'a\nb\r\nc\td'", 'ls "q", \'s\', `b` \\ ,;|',
           "=cmd|' /C calc'!A0", "+1+1", "-rf", "@SUM(A1)", "'quoted", "\uff1d1+1", "ls \x7f \u0080 \ufeff \U0001f600",
           "ls '</script><!--' {{7*7}} %s %n ${jndi:ldap://x}", "ls " + "{" * 300, " =padded"]


def ended(a, token, jws, **claims):
    """An outcome of just these claims."""
    now = jose.claims(jws)["iat"]
    claims = {"jti": jose.uuid7(), "iat": now, "aud": token.data["aud"], "sub": token.data["sub"], "command": jti(jws),
              "command_s256": jose.s256(jws), **claims}
    return ask(a, "POST", "/v1/commands/%s/outcome" % jti(jws), token.sign("whosh-outcome+jwt", claims), token=None)[0]


def eventful(t, **settings):
    """(approver, {name: command JWS}): one event of each kind that people and agents cause, and a command in each state."""
    a = serve(t, **settings)
    token, rows = enrol(a, "worker"), {}
    rows["exited"] = token.command("ls -l /tmp", model="anthropic/claude-x@1", task="Clean up", agent_version="2.3",
                                   harness="claude-code", trace=TRACE)
    post(a, rows["exited"])
    session = jose.claims(rows["exited"])["sid"]
    now = jose.claims(rows["exited"])["iat"] * 1000
    assert outcome(a, token, rows["exited"], exit=3, started=now + 5, ended=now + 1005)[0] == 204
    rows["signaled"] = token.command("ls /", model="anthropic/claude-x@2", sid=session,
                                     parent=jose.claims(rows["exited"])["jti"])
    post(a, rows["signaled"])
    assert ended(a, token, rows["signaled"], outcome="signaled", signal="TERM", started=now, ended=now + 7) == 204
    rows["not_run"] = token.command("ls /x")
    post(a, rows["not_run"])
    assert ended(a, token, rows["not_run"], outcome="not_run", reason="it is gone") == 204
    rows["running"] = token.command("ls /y")
    rows["denied"] = token.command("rm -rf /")
    for name in ("running", "denied"):
        post(a, rows[name])
    assert outcome(a, token, rows["denied"])[0] == 204  # of what was never approved: an alarm
    for name, verdict in (("reviewed", "approve"), ("rejected", "deny")):
        rows[name] = token.command("make " + name)
        assert post(a, rows[name])[0] == 202
        assert review(a, rows[name], verdict, "because \"I\" say so")[0] < 300
    for i, line in enumerate(HOSTILE):
        rows["hostile%d" % i] = token.command(line, task="task " + line, sid=session)
        assert post(a, rows["hostile%d" % i])[0] in (200, 202)
    rows["bytes"] = token.command(command={**jose.claims(rows["exited"])["command"], "line": None})
    claims = jose.claims(rows["bytes"])
    claims["command"].pop("line")
    claims["command"]["line_b64"] = "bHMg//4gwyg="  # ls \xff\xfe \xc3(
    rows["bytes"] = token.sign("whosh-command+jwt", claims)
    assert post(a, rows["bytes"])[0] in (200, 202)

    a.ctl("credential", "rotate", "worker", "--out", t.tmp / "rotated")
    other = enrol(a, "other", "bob")
    chain = chains.start(a, "other", "stage \"4.2\"")
    rows["delegated"] = other.command("true", chain=chain)
    assert post(a, rows["delegated"])[0] == 200
    a.ctl("delegation", "revoke", jose.claims(chain)["jti"])
    a.ctl("key", "new", "--out", t.tmp / "key")
    key = a.json("key", "list")[0]["id"]
    a.ctl("key", "revoke", key)
    a.ctl("operator", "add", "carol", "--role", "viewer", "--out", t.tmp / "carol")
    a.ctl("operator", "remove", "carol")
    assert ask(a, "POST", "/v1/credentials", {"agent": "other", "jwk": chains.jwk(token), "expires_s": 60,
                                              "replaces": "current"})[0] == 409  # an alert: a key in two hands
    policy = json.loads((a.dir / "policy.json").read_text())
    policy["rules"][0]["commands"].append(["false"])
    a.ctl("policy", "load", t.json("policy.json", policy))
    a.ctl("kill", "agent", "other", "--reason", "runaway", "--wait", "0s", check=False)  # 1: what runs is not over yet
    a.ctl("unkill", "agent", "other")
    a.ctl("credential", "revoke", other.data["credential"])
    assert post(a, other.command("true"))[0] in (401, 403)  # an identity that is refused
    a.ctl("agent", "disable", "other")
    rows["pending"] = token.command("make it")
    assert post(a, rows["pending"])[0] == 202
    return a, rows


def index_of(line):
    """The first number in a record's line is its log index, in every format."""
    return int(re.search(rb"\d+", line).group())


def exported(a, fmt="jsonl", *args):
    """The records of an export, parsed."""
    r = a.ctl("export", "--format", fmt, *args)
    if fmt == "csv":
        return list(csv.DictReader(io.StringIO(r.out.decode("utf-8"), newline=""), strict=True))
    lines = r.out.split(b"\n")
    assert lines.pop() == b"", "the last record has no end"
    return [json.loads(x, object_pairs_hook=no_duplicates) for x in lines]


def no_duplicates(pairs):
    assert len({k for k, _ in pairs}) == len(pairs), "a member is there twice: %r" % (pairs,)
    return dict(pairs)


# ── OCSF ───────────────────────────────────────────────────────────────────────────────────────────────
OCSF = json.loads((SCHEMAS / "ocsf.json").read_text())
TYPES = {"string": str, "integer": int, "long": int, "timestamp": int, "boolean": bool, "json": dict}


def ocsf_value(value, kind, where):
    if kind == "any":
        return
    if isinstance(kind, list):
        assert isinstance(value, list) and value, "%s is no list" % where
        for x in value:
            ocsf_value(x, kind[0], where)
    elif kind == "ip":
        ipaddress.ip_address(value)
    elif kind in TYPES:
        assert isinstance(value, TYPES[kind]) and (kind == "boolean") == isinstance(value, bool), "%s: %r" % (where, value)
        assert kind != "timestamp" or 1e12 < value < 1e13, "%s is not in milliseconds: %r" % (where, value)
    else:
        ocsf_object(value, OCSF["objects"][kind], where)


def ocsf_object(value, rules, where):
    assert isinstance(value, dict) and value, "%s is no object" % where
    for name, inner in value.items():
        assert name in rules["attributes"], "%s has no attribute %s" % (where, name)
        ocsf_value(inner, rules["attributes"][name], where + "." + name)
    for name in rules["required"]:
        assert name in value, "%s lacks %s" % (where, name)
    one = rules.get("at_least_one")
    assert not one or any(x in value for x in one), "%s has none of %s" % (where, one)
    for name, captions in rules.get("enums", {}).items():
        ocsf_enum(value, name, captions, where)


def ocsf_enum(value, name, captions, where):
    if name not in value:
        return
    number, sibling = str(value[name]), re.sub("_id$", "", name)
    assert number in captions, "%s.%s is %s" % (where, name, number)
    if sibling in value and captions[number] and number != "99":
        assert value[sibling] == captions[number], "%s.%s is %r" % (where, sibling, value[sibling])
    assert number != "99" or value.get(sibling), "%s.%s is Other, and does not say what" % (where, name)


def check_ocsf(event):
    """Raises unless the event is one of its class."""
    rules = OCSF["classes"][str(event["class_uid"])]
    where = rules["caption"]
    for name in OCSF["required"]:
        assert name in event, "%s lacks %s" % (where, name)
    own = rules.get("enums", {})
    ocsf_object(event, {**rules, "enums": {**{k: v for k, v in OCSF["enums"].items() if k not in own}, **own}}, where)
    for name in rules["recommended"]:
        assert name in event or name == "exit_code" or (name == "actor" and "actor" not in event), "%s lacks %s" % (where, name)
    activity = str(event["activity_id"])
    assert rules["activities"][activity] == event["activity_name"] and rules["caption"] == event["class_name"]
    assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"]
    assert event["type_name"] == rules["caption"] + ": " + event["activity_name"]
    assert [event["category_uid"], event["category_name"]] == rules["category"]
    assert event["metadata"]["version"] == OCSF["version"]
    for profile in event["metadata"].get("profiles", []):
        assert profile in rules["profiles"], profile


# ── ECS ────────────────────────────────────────────────────────────────────────────────────────────────
ECS = json.loads((SCHEMAS / "ecs.json").read_text())


def leaves(value, at=""):
    for name, inner in value.items():
        path = at + name
        if isinstance(inner, dict) and path != "labels":
            yield from leaves(inner, path + ".")
        else:
            yield path, inner


def check_ecs(event):
    """Raises unless each field is one of ECS with a value of its type, or under whosh.*, which is ours."""
    types = {"date": str, "keyword": str, "wildcard": str, "match_only_text": str, "ip": str, "long": int, "boolean": bool}
    for path, value in leaves({k: v for k, v in event.items() if k != "whosh"}):
        assert path in ECS["fields"], "ECS has no field " + path
        kind = ECS["fields"][path]
        assert isinstance(value, list) == ("array" in kind), "%s: %r" % (path, value)
        for x in value if isinstance(value, list) else [value]:
            assert isinstance(x, types[kind[0]]), "%s: %r" % (path, x)
            assert kind[0] != "date" or re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", x), path
            if kind[0] == "ip":
                ipaddress.ip_address(x)
    assert event["@timestamp"] and event["ecs"]["version"].startswith("8."), event
    assert "agent" not in event, "agent.* is the shipper's"
    assert event["event"]["kind"] in ECS["kind"] and event["event"]["outcome"] in ECS["outcome"]
    for category in event["event"]["category"]:
        for kind in event["event"]["type"]:
            assert kind in ECS["category"][category], "%s is no type of %s" % (kind, category)


# ── OpenTelemetry ──────────────────────────────────────────────────────────────────────────────────────
OTEL = json.loads((SCHEMAS / "otel.json").read_text())


def attributes(listed):
    kinds = {"stringValue": str, "intValue": str}
    result = {}
    for x in listed:
        assert set(x) == {"key", "value"} and len(x["value"]) == 1, x
        kind, value = next(iter(x["value"].items()))
        assert isinstance(value, kinds[kind]) and x["key"] not in result, x
        result[x["key"]] = int(value) if kind == "intValue" else value
    return result


def check_otel(request):
    """Raises unless it is an ExportLogsServiceRequest with one record; its attributes."""
    (resource,) = request["resourceLogs"]
    (scope,) = resource["scopeLogs"]
    (record,) = scope["logRecords"]
    assert set(record) <= set(OTEL["record"]), set(record)
    for name in ("timeUnixNano", "observedTimeUnixNano"):
        assert isinstance(record[name], str) and 10**18 < int(record[name]) < 10**19, record[name]
    assert 1 <= record["severityNumber"] <= 24 and "stringValue" in record["body"]
    assert re.fullmatch("[0-9a-f]{32}", record.get("traceId", "0" * 32))
    assert re.fullmatch("[0-9a-f]{16}", record.get("spanId", "0" * 16))
    found = attributes(record["attributes"])
    for name, value in {**found, **attributes(resource["resource"]["attributes"])}.items():
        if not name.startswith("whosh."):
            assert name in OTEL["attributes"], "the semantic conventions have no " + name
            assert isinstance(value, {"int": int, "string": str}[OTEL["attributes"][name]]), (name, value)
    assert found.get("gen_ai.operation.name", "execute_tool") in OTEL["operation"]
    assert found.get("gen_ai.tool.type", "function") in OTEL["tool_type"]
    return {**found, "record": record}
