"""`whoctl export` and its route: streamed, resumable, for those who may look.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import json
import os
import pty
import re
import resource
import signal
import stat

from lib import jose
from lib.bare import ask, audit, enrol, operator, outcome, post, resident_kb, review, serve
from lib.exporting import FORMATS, exported, index_of


def many(a, token, length, n):
    """n commands with a line of that length."""
    connection = a.connection()
    for _ in range(n):
        assert post(a, token.command("ls " + "x" * length), connection=connection)[0] == 200
    connection.close()


def test_export_goes_on_where_it_was(t):
    """A nightly export would leave commands out, or never tell how those ended that were still running."""
    a = serve(t)
    token = enrol(a)
    first, second = token.command("ls one"), token.command("ls two")
    post(a, first)
    assert outcome(a, token, first)[0] == 204
    post(a, second)
    one = exported(a)
    commands = [x for x in one if x["kind"] == "command"]
    assert [(x["line"], x["state"]) for x in commands] == [("ls one", "exited"), ("ls two", "approved")], commands
    assert outcome(a, token, second, exit=9)[0] == 204
    waiting = token.command("make it")
    post(a, waiting)
    two = exported(a, "jsonl", "--after", str(one[-1]["index"]))
    assert [(x["line"], x["state"], x["exit"]) for x in two if x["kind"] == "command"] == [
        ("ls two", "exited", 9), ("make it", "pending", None)], two
    assert two[0]["index"] > one[-1]["index"]
    review(a, waiting, "approve")
    three = exported(a, "jsonl", "--after", str(two[-1]["index"]))
    assert [x["kind"] for x in three if x["kind"] != "operator_sign_in"] == ["review", "command"], three
    assert exported(a, "jsonl", "--after", "1000000") == []
    for fmt in FORMATS:
        again = a.ctl("export", "--format", fmt, "--after", str(one[-1]["index"])).out.splitlines()
        assert index_of(again[0]) == two[0]["index"], (fmt, "what goes on has no head of its own", again[0])


def test_export_filters(t):
    """Whoever asks for one agent's day would get another's, or not all of it."""
    a = serve(t)
    token, other = enrol(a, "worker"), enrol(a, "other")
    for signer, line in ((token, "ls mine"), (other, "ls other")):
        jws = signer.command(line)
        post(a, jws)
        assert outcome(a, signer, jws)[0] == 204
    mine = exported(a, "jsonl", "--agent", "worker")
    assert {x["kind"] for x in mine} == {"agent_added", "credential_issued", "command"}, mine
    assert all("other" not in json.dumps(x) for x in mine)
    command = [x for x in exported(a) if x["kind"] == "command"][1]
    at = command["ts"]
    since = exported(a, "jsonl", "--since", at)
    assert all(x["ts"] >= at for x in since) and any(x.get("line") == "ls other" for x in since)
    until = exported(a, "jsonl", "--until", at)
    assert all(x["ts"] < at for x in until) and any(x.get("line") == "ls mine" for x in until)
    assert not [x for x in until if x.get("line") == "ls other"]
    assert exported(a, "jsonl", "--agent", "nobody") == []


def test_export_is_for_those_who_may_look(t):
    """Anybody who reaches the approver could carry the whole log away."""
    a = serve(t)
    enrol(a)
    viewer = operator(a, "carol", "viewer")
    path = "/v1/audit/export"
    assert ask(a, "GET", path, token=None)[0] == 401 and ask(a, "GET", path, token="wrong")[0] == 401
    status, headers, data = a.api("GET", path + "?format=csv", token=viewer)
    assert status == 200 and headers["Content-Type"].startswith("text/csv") and int(headers["Whosh-Log-Size"]) > 3
    assert headers["Cache-Control"] == "no-store" and data.startswith(b"index,kind,")
    for query in ("format=xml", "format=JSONL", "after=-1", "after=x", "after=1x", "after=%201", "after=99999999999999999999",
                  "since=yesterday", "until=x", "agent=" + "a" * 100):
        status, answer = ask(a, "GET", path + "?" + query)
        assert status == 400, (query, status, answer)
    assert ask(a, "POST", path, {})[0] == 405
    r = a.ctl("export", "--format", "xml", check=False)
    assert r.code == 2 and "jsonl" in r.errors, r
    assert a.ctl("export", "--after", "-3", check=False).code == 2 and a.ctl("export", "--after", "", check=False).code == 2


def test_export_into_a_file(t):
    """A second export would overwrite the first, others could read it, or nobody would know where to go on."""
    a = serve(t)
    enrol(a)
    out = t.tmp / "log.jsonl"
    r = a.ctl("export", "--out", out)
    assert r.out == b"" and re.search(r"(\d+) records; the next export goes on with --after (\d+)", r.errors), r
    lines = out.read_bytes().splitlines()
    count, last = map(int, re.search(r"(\d+) records.*--after (\d+)", r.errors).groups())
    assert count == len(lines) and last == index_of(lines[-1])
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    r = a.ctl("export", "--out", out, check=False)
    assert r.code == 1 and "--force" in r.errors and out.read_bytes().splitlines() == lines, r
    assert len(exported_file(a, out, "--force")) >= count
    nothing = t.tmp / "nothing"
    r = a.ctl("export", "--out", nothing, "--after", "1000000")
    assert "no record" in r.errors and nothing.read_bytes() == b"", r
    refused = t.tmp / "refused"
    assert a.ctl("export", "--out", refused, "--agent", "x" * 100, check=False).code == 1 and not refused.exists()
    full = t.run(["bash", "-c", "'%s' --dir '%s' export >/dev/full" % (t.program("whoctl"), a.dir)])
    assert full.code == 1 and "No space left" in full.errors, full


def exported_file(a, path, *args):
    a.ctl("export", "--out", path, *args)
    return [json.loads(x) for x in path.read_bytes().splitlines()]


def test_export_that_breaks_off_says_so(t):
    """Half a log would pass for the whole, and the way to the other half would be lost."""
    a = serve(t)
    token = enrol(a)
    many(a, token, 200000, 400)
    out = t.tmp / "half"
    reader, writer = os.pipe()
    with t.spawn([t.program("whoctl"), "--dir", a.dir, "export"], stdout=writer, stderr=open(t.tmp / "err", "wb")) as whoctl:
        os.close(writer)
        with os.fdopen(reader, "rb") as pipe:
            data = pipe.read(1 << 20)  # it is in the middle of it
            a.kill()
            data += pipe.read()
        assert whoctl.wait(30) == 69, (t.tmp / "err").read_text()
    assert data.endswith(b"\n"), "half a record was written"
    lines = data.splitlines()
    for x in lines:
        json.loads(x)
    found = re.search(r"(\d+) records are whole; go on with --after (\d+)", (t.tmp / "err").read_text())
    assert int(found.group(1)) == len(lines) < 400 and int(found.group(2)) == index_of(lines[-1]), found
    a.start()
    rest = exported_file(a, out, "--after", found.group(2))
    assert rest[0]["index"] > index_of(lines[-1])
    lines = len([x for x in lines if b'"kind":"command"' in x])
    assert lines + len([x for x in rest if x["kind"] == "command"]) == 400


def test_export_needs_no_memory(t):
    """An export of a big log would end the approver, and with it every agent's work, or the auditor's laptop."""
    a = serve(t)
    token = enrol(a)
    many(a, token, 400000, 300)
    a.ctl("export", "--after", "1000000")
    before = resident_kb(a)
    out = open(t.tmp / "big", "wb")
    whoctl = t.spawn([t.program("whoctl"), "--dir", a.dir, "export", "--format", "ocsf"], stdout=out)
    peak = t.eventually(lambda: (whoctl.poll() is not None) and "done" or None, "the export's end", 60)
    assert peak == "done" and whoctl.returncode == 0
    size = (t.tmp / "big").stat().st_size
    assert size > 120e6 and (t.tmp / "big").read_bytes().count(b"\n") > 300, size
    grown = resident_kb(a) - before
    assert grown < 24 * 1024, "the approver grew by %d KB" % grown
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss  # of the largest of whoctl and whoshd init
    assert used < 80 * 1024, "whoctl took %d KB" % used


def test_export_waits_for_a_slow_reader(t):
    """One auditor whose disk hangs would hold up the approver's threads, and all decisions with them."""
    a = serve(t)
    token = enrol(a)
    many(a, token, 400000, 100)
    stuck = []
    for _ in range(8):
        connection = a.connection()
        connection.request("GET", "/v1/audit/export",
                           headers={"Authorization": "Bearer " + (a.dir / "admin.token").read_text().strip()})
        answer = connection.getresponse()
        assert answer.status == 200
        stuck.append((connection, answer))
    before = resident_kb(a)
    for i in range(20):
        assert post(a, token.command("ls %d" % i))[0] == 200
    status, answer = ask(a, "GET", "/v1/audit/export")
    assert status == 503 and "exports" in answer["detail"], "too many of them are not refused"
    assert resident_kb(a) - before < 16 * 1024
    for connection, _ in stuck:
        connection.close()
    t.eventually(lambda: ask(a, "GET", "/v1/audit/export?after=1000000")[0] == 200, "places being free again")


def test_export_has_what_ends_meanwhile(t):
    """A whole export of a busy approver would lack just the commands that ended, or were decided, while it was made."""
    a = serve(t, lease="1s")
    token = enrol(a)
    many(a, token, 200000, 60)
    late = {name: token.command("ls " + name) for name in ("ending", "running")}
    late["waiting"] = token.command("make it")
    for jws in late.values():
        post(a, jws)
    connection = a.connection()
    connection.request("GET", "/v1/audit/export",
                       headers={"Authorization": "Bearer " + (a.dir / "admin.token").read_text().strip()})
    answer = connection.getresponse()
    data = answer.read(100)
    assert outcome(a, token, late["ending"], exit=7)[0] == 204
    assert review(a, late["waiting"], "approve")[0] == 200
    t.eventually(lambda: audit(a, late["running"])["state"] == "lost", "the lease to lapse", 45)
    records = [json.loads(x) for x in (data + answer.read()).splitlines()]
    last = {x["id"]: x for x in records if x["kind"] == "command"}
    assert len(last) == len([x for x in records if x["kind"] == "command"]) == 63, "a command is missing, or there twice"
    after = exported(a, "jsonl", "--after", str(records[-1]["index"]))
    for name, state in (("ending", "exited"), ("running", "lost"), ("waiting", "lost")):
        found = [x for x in after if x.get("id") == jose.claims(late[name])["jti"]]
        assert jose.claims(late[name])["jti"] in last and found and found[-1]["state"] == state, (name, found)


def test_export_ends_with_its_operator(t):
    """Who was removed would go on reading the log for as long as the connection holds."""
    a = serve(t)
    token = enrol(a)
    many(a, token, 400000, 100)
    viewer = operator(a, "carol", "viewer")
    connection = a.connection()
    connection.request("GET", "/v1/audit/export", headers={"Authorization": "Bearer " + viewer})
    answer = connection.getresponse()
    answer.read(100)
    a.ctl("operator", "remove", "carol")
    try:
        read = len(answer.read())
    except Exception as e:  # http.client says so in several ways
        assert "Incomplete" in type(e).__name__ or isinstance(e, OSError), e
    else:
        raise AssertionError("%d bytes came, and looked like all" % read)


def test_export_stops_with_its_reader(t):
    """`whoctl export | head` would hang, or complain of a pipe."""
    a = serve(t)
    token = enrol(a)
    many(a, token, 100000, 100)
    r = t.run(["bash", "-c", "'%s' --dir '%s' export | head -n 1 | wc -l; echo ${PIPESTATUS[0]}" % (t.program("whoctl"), a.dir)])
    assert r.text.split() == ["1", str(128 + signal.SIGPIPE)] and r.err == b"", r


def test_export_shows_how_far_it_is(t):
    """Nobody could tell whether an export of hours is nearly done or hangs; and a log of a cron job would be full of it."""
    a = serve(t)
    token = enrol(a)
    many(a, token, 200000, 300)
    master, slave = pty.openpty()
    reader, writer = os.pipe()
    whoctl = t.spawn([t.program("whoctl"), "--dir", a.dir, "export"], stdout=writer, stderr=slave)
    os.close(writer)
    os.close(slave)
    with os.fdopen(reader, "rb") as pipe:
        pipe.read(1 << 20)
        shown = b""

        def look():
            nonlocal shown
            pipe.read(65536)
            os.set_blocking(master, False)
            try:
                shown += os.read(master, 4096)
            except BlockingIOError:
                pass
            return re.search(rb"export: \d+ of \d+ log entries, \d+ %, \d+ s", shown)
        t.eventually(look, "progress on the terminal")
        while pipe.read(1 << 20):
            pass
    assert whoctl.wait(30) == 0
    assert a.ctl("export").err == b"", "progress where there is no terminal"
    os.close(master)
