"""whoctl compare-models: what an agent does otherwise since its model changed."""
import json
import os
import pty
import re
import subprocess
import urllib.parse

from lib import bare, jose
from lib.scripted import Scripted

A, B = "anthropic/claude-x@1", "anthropic/claude-x@2"


def record(n, **changes):
    return {"id": "01930000-0000-7000-8000-%012x" % n, "ts": "2026-11-23T03:47:12Z", "agent": "worker", "line": "git status",
            "session": "01930000-0000-7000-8000-%012x" % (n % 4), "verdict": "approved", "cause": "policy", "state": "exited",
            "outcome": "exited", "exit": 0, "started": "2026-11-23T03:47:12.000Z", "ended": "2026-11-23T03:47:12.%03dZ" % (10 + n % 50),
            **changes}


def paged(models):
    """GET /v1/audit over the given records of each model, the newest (last) first."""
    def answer(request):
        query = dict(urllib.parse.parse_qsl(request[1].partition("?")[2]))
        rows = sorted(models[query["model"]], key=lambda x: x["id"], reverse=True)
        rows = [x for x in rows if "before" not in query or x["id"] < query["before"]]
        return 200, json.dumps({"commands": rows[:int(query["limit"])]}).encode()
    return answer


def test_an_upgrade_is_seen(t):
    """After an upgrade nobody can say whether the new model is denied more often, runs other programs, or fails."""
    a = bare.serve(t)
    token = bare.enrol(a)
    for model, lines in ((A, ["ls -l", "true"] * 15), (B, ["ls", "rm -r x"] * 15 + ["make all", "curl $X | sh"])):
        sid = jose.uuid7()
        for line in lines:
            jws = token.command(line, model=model, sid=sid)
            status, _ = bare.post(a, jws)
            if status == 200 and "rm" not in line:
                assert bare.outcome(a, token, jws, exit=1 if line == "ls" else 0)[0] == 204
    other = bare.enrol(a, "other")
    assert bare.post(a, other.command("rm x", model=A))[0] == 200
    r = a.ctl("compare-models", "worker", A, B)
    rows = {re.split(r" {2,}", x.strip())[0]: re.split(r" {2,}", x.strip())[1:] for x in r.text.splitlines()[2:] if x}
    assert r.text.splitlines()[0] == "worker by what it claims to be, A: model %s (claimed), B: model %s (claimed)" % (A, B), r
    assert rows["lines"] == ["30", "32"] and rows["sessions"] == ["1", "1"], rows
    assert rows["lines per session"] == ["30.0", "32.0", "+2.0", "not tested"], rows
    assert rows["denied"] == ["0.0 % (0 of 30)", "50.0 % (15 of 30)", "+50.0 points", "differs (p < 0.001)"], rows
    assert rows["by the policy"] == rows["denied"], rows
    assert rows["sent to a reviewer"] == ["0.0 % (0 of 30)", "6.2 % (2 of 32)", "+6.2 points", "too few to say"], rows
    assert rows["exit status not 0"] == ["0.0 % (0 of 30)", "100.0 % (15 of 15)", "+100.0 points", "differs (p < 0.001)"], rows
    assert rows["rm"][:2] == ["0.0 % (0 of 30)", "46.9 % (15 of 32)"], rows
    assert rows["ls"][3] == "within chance" and rows["true"][3] == "differs (p < 0.001)", rows
    assert "(not understood)" not in rows, rows
    one = json.loads(a.ctl("compare-models", "worker", A, B, "--json").out)
    assert one["agent"] == "worker" and one["model_grade"] == "claimed", one
    assert (one["a"]["model"], one["a"]["lines"], one["b"]["sessions"], one["b"]["complete"]) == (A, 30, 1, True), one
    denied = next(x for x in one["measures"] if x["name"] == "denied_by_policy")
    assert denied == {"name": "denied_by_policy", "a": {"count": 0, "of": 30}, "b": {"count": 15, "of": 30},
                      "finding": "differs", "p_below": 0.001}, denied
    assert {"program": "rm", "class": None, "a": {"count": 0, "of": 30}, "b": {"count": 15, "of": 32},
            "finding": "differs", "p_below": 0.001} in one["programs"], one
    whole = json.loads(a.ctl("compare-models", "worker", "anthropic/claude-x", "*x@2", "--json").out)
    assert (whole["a"]["lines"], whole["b"]["lines"]) == (62, 32), whole
    ahead = a.ctl("compare-models", "worker", A, B, "--until", "2001-01-01")
    assert "there is no line of A" in ahead.errors and "there is no line of B" in ahead.errors, ahead
    shown = a.ctl("who", "--model", "anthropic/*@2", "--limit", "3", "--json").out
    assert [x["model"] for x in json.loads(shown)] == [B] * 3


def test_every_page_is_read_and_no_more(t):
    """The comparison rests on the first page alone, or on lines that were counted twice."""
    s = Scripted(t)
    s.answers["GET /v1/audit"] = paged({A: [record(n) for n in range(1234)], B: [record(n, exit=1) for n in range(500)]})
    one = json.loads(s.ctl("compare-models", "worker", A, B, "--since", "3000d", "--json").out)
    assert (one["a"]["lines"], one["b"]["lines"], one["a"]["sessions"]) == (1234, 500, 4), one
    assert one["a"]["complete"] and one["b"]["complete"], one
    assert len({dict(urllib.parse.parse_qsl(x[1].partition("?")[2]))["since"] for x in s.requests}) == 1, s.requests
    assert all("agent=worker" in x[1] for x in s.requests), s.requests
    r = s.ctl("compare-models", "worker", A, B, "--limit", "700", "--json")
    one = json.loads(r.out)
    assert (one["a"]["lines"], one["a"]["complete"], one["b"]["lines"], one["b"]["complete"]) == (700, False, 500, True), one
    assert "of A only the newest 700 lines were read" in r.errors and "of B" not in r.errors, r


def test_pages_that_are_too_large(t):
    """One agent that sent long scripts can no longer be looked into."""
    s = Scripted(t)
    rows = paged({A: [record(n) for n in range(90)], B: [record(n) for n in range(30)]})
    s.answers["GET /v1/audit"] = lambda request: rows(request) if int(re.search(r"limit=(\d+)", request[1])[1]) <= 40 else (
        413, {"detail": "these commands are more than 32 MiB: ask with a smaller limit"})
    one = json.loads(s.ctl("compare-models", "worker", A, B, "--json").out)
    assert (one["a"]["lines"], one["b"]["lines"]) == (90, 30), one
    s.answers["GET /v1/audit"] = (413, {"detail": "this search takes too long: name a time"})
    r = s.ctl("compare-models", "worker", A, B)
    assert r.code == 1 and "takes too long" in r.errors and r.out == b"", r
    for answer in ({"commands": [{}]}, {"commands": [1]}, {"commands": [record(1)] * 501}, {"other": []}, b"x"):
        s.answers["GET /v1/audit"] = (200, answer)
        r = s.ctl("compare-models", "worker", A, B)
        assert r.code == 69 and r.errors.count("\n") == 1 and r.out == b"", (answer, r)


def test_names_from_outside_stay_names(t):
    """A program that an agent named for the purpose passes for a class of lines, or acts on the terminal."""
    s = Scripted(t)
    hostile = [record(1, line="'(not understood)' x"), record(2, line="'a\x1b[2J'"), record(3, line="a\\ \\ 100%")]
    s.answers["GET /v1/audit"] = paged({A: hostile, B + "\u202e": [record(4, line="$x")]})
    r = s.ctl("compare-models", "worker", A, B + "\u202e")
    assert '"(not understood)" ' in r.text and re.search(r"^\(not understood\) .*100\.0 % \(1 of 1\)", r.text, re.M), r
    assert "\x1b" not in r.text and "\\x1b[2J" in r.text and "\u202e" not in r.text and "\\u202e (claimed)" in r.text, r
    names = [x["program"] for x in json.loads(s.ctl("compare-models", "worker", A, B + "\u202e", "--json").out)["programs"]]
    assert set(names) == {None, "(not understood)", "a\x1b[2J", "a  100%"}, names


def test_wrong_use(t):
    """A typing error looks like a finding: that nothing changed."""
    s = Scripted(t)
    for words in (("worker", A), ("worker", A, A), ("worker", A, ""), ("no agent!", A, B), ("worker", A, B, "--limit", "0"),
                  ("worker", A, B, "--limit", "100001"), ("worker", A, B, "--since", "teatime"), ("worker", A, B, "--match", "x")):
        r = s.ctl("compare-models", *words)
        assert r.code == 2 and r.out == b"", (words, r)
    # One is part of the other: the same lines on both sides differ in nothing.
    for one, other in (("p/m", "p/m@2"), ("p/*", "p/m@1"), ("p/m@[12]", "p/m@2"), ("p/*", "p/m*")):
        for words in ((one, other), (other, one)):
            r = s.ctl("compare-models", "worker", *words)
            assert r.code == 2 and "the same lines" in r.errors, (words, r)
    assert not s.requests, s.requests
    s.answers["GET /v1/audit"] = {"commands": []}
    for words in (("p/m@1", "p/m@2"), ("p/m", "p/mini"), ("p/m@1*", "p/m@2*"), ("p/a[1]", "p/b")):
        assert s.ctl("compare-models", "worker", *words).code == 0, words


def test_progress_for_people_only(t):
    """A script's log fills with progress, or a person takes a long comparison for a hang."""
    s = Scripted(t)
    s.answers["GET /v1/audit"] = paged({A: [record(n) for n in range(600)], B: [record(1)]})
    r = s.ctl("compare-models", "worker", A, B)
    assert r.code == 0 and r.err == b"", r
    master, slave = pty.openpty()
    p = t.spawn([t.program("whoctl"), "--dir", s.dir, "compare-models", "worker", A, B], stdout=subprocess.PIPE, stderr=slave,
                env={"PATH": "/usr/bin:/bin", "TERM": "xterm"})
    os.close(slave)
    out = p.communicate(timeout=30)[0]
    told = b""
    try:
        while chunk := os.read(master, 4096):
            told += chunk
    except OSError:
        pass  # the other end is closed
    os.close(master)
    assert b"500 lines of A are read" in told and told.endswith(b"\r\x1b[K"), told
    assert b"lines of" not in out and out.startswith(b"worker by what"), out
