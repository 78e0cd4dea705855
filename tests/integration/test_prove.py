"""Proofs that an auditor keeps, witnesses that cosign, and the log as a real approver writes and serves it."""
import json
import shutil
import threading

from lib import outside, tlog


def ctl(t, *args, **kw):
    return t.run([t.program("whoctl"), *args], **kw)


def worked(t):
    """A real approver after some real work; (approver, its commands)."""
    a = t.approver(policy={"version": 1, "default": "deny", "rules": [
        {"name": "all", "verdict": "approve", "commands": [["echo", "**"], ["true", "**"], ["false", "**"]]}]})
    token = a.agent("worker")
    for i in range(6):
        t.whosh(a, token, "-c", "echo %d" % i)
    t.whosh(a, token, "-c", "echo " + "x" * 70000)
    assert t.whosh(a, token, "-c", "rm -rf /tmp/nothing").code == 126
    return a, a.ended(8)


def vkey(a):
    return (a.dir / "log.vkey").read_text().strip()


def test_a_real_log_verifies(t):
    """The log that the approver writes could not be verified by anybody, here or with the tools of others."""
    a, commands = worked(t)
    url = "https://127.0.0.1:%d" % a.port
    r = outside.check(t, vkey(a), url, "-ca", a.dir / "ca.pem", "-bearer", a.dir / "admin.token")
    assert r.code == 0 and r.text.startswith("ok "), r
    before = t.tmp / "before"
    before.write_bytes(a.api("GET", "/checkpoint")[2])
    assert a.stop() == 0
    r = ctl(t, "verify", "--dir", a.dir, "--old", before, "--approver-key", a.dir / "approver.pub", "--json")
    said = json.loads(r.out)
    assert r.code == 0 and said["verified"] and said["database"], (said, r)
    assert said["commands"] == len(commands) == 8 and said["denied"] == 1 and said["outcomes"] == 7, said
    r = outside.check(t, vkey(a), a.dir / "log", "-old", before)
    assert r.code == 0, r
    copy = t.tmp / "copy"
    shutil.copytree(a.dir / "log", copy)
    assert ctl(t, "verify", "--log", copy, "--vkey", vkey(a)).code == 0


def test_a_database_that_was_edited(t):
    """Whoever edits the database would change what whoctl who answers, and nobody would notice."""
    a, commands = worked(t)
    assert a.stop() == 0
    keep = t.tmp / "keep"
    shutil.copytree(a.dir, keep)
    approved = [x["id"] for x in commands if x["verdict"] == "approved"][2]
    for sql, words in (
            ("UPDATE commands SET state=2 WHERE id='%s'" % approved, "%s: the database says that it ended otherwise" % approved),
            ("UPDATE commands SET command_s256='x' WHERE id='%s'" % approved, "%s: the database has it with other bytes" % approved),
            ("UPDATE commands SET log_index=3 WHERE id='%s'" % approved, "the database has its decision as another entry"),
            ("DELETE FROM commands WHERE id='%s'" % approved, "1 commands of the log are missing from the database"),
            ("UPDATE applied SET n=n+5", "entries are missing, or its checkpoint is an old one")):
        shutil.rmtree(a.dir)
        shutil.copytree(keep, a.dir)
        assert t.run(["sqlite3", a.dir / "whosh.db", sql]).code == 0
        r = ctl(t, "verify", "--dir", a.dir)
        assert r.code == 1 and words in r.text, (sql, r)
    shutil.rmtree(a.dir)
    shutil.copytree(keep, a.dir)
    assert ctl(t, "verify", "--dir", a.dir).code == 0


def test_the_log_is_served(t):
    """A monitor could not follow the log, a cache would keep what changes, or command lines would be anybody's."""
    a, commands = worked(t)
    status, head, body = a.api("GET", "/checkpoint", token=None)
    assert status == 200 and head["Content-Type"] == "text/plain; charset=utf-8", (status, head)
    size = int(body.decode().split("\n")[1])
    assert size < 256 and head["Cache-Control"] == "no-cache", (size, head)
    status, head, tile = a.api("GET", "/tile/0/000.p/%d" % size, token=None)
    assert status == 200 and len(tile) == 32 * size and head["Content-Type"] == "application/octet-stream", head
    assert a.api("HEAD", "/tile/0/000.p/%d" % size, token=None)[0] == 200
    assert a.api("GET", "/tile/0/000.p/%d" % (size - 1), token=None)[2] == tile[:-32]
    assert a.api("GET", "/tile/entries/000.p/%d" % size, token=None)[0] == 401
    status, head, bundle = a.api("GET", "/tile/entries/000.p/%d" % size)
    assert status == 200 and tlog.leaf_hash(bundle[2:2 + int.from_bytes(bundle[:2], "big")]) == tile[:32]
    at, blob = 0, None
    while at < len(bundle):
        n = int.from_bytes(bundle[at:at + 2], "big")
        blob = json.loads(bundle[at + 2:at + 2 + n]).get("blob") or blob
        at += 2 + n
    assert a.api("GET", "/blob/%s/%s" % (blob[:2], blob), token=None)[0] == 401
    assert tlog.sha(a.api("GET", "/blob/%s/%s" % (blob[:2], blob))[2]).hex() == blob
    for path in ("/tile/0/000.p/%d" % (size + 40), "/tile/9/000", "/tile/0/../../admin.token", "/tile/x", "/blob/aa/zz", "/tile/"):
        assert a.api("GET", path)[0] == 404, path
    a.ctl("operator", "add", "vera", "--role", "viewer", "--out", t.tmp / "vera")
    viewer = (t.tmp / "vera").read_text().strip()
    assert a.api("GET", "/tile/entries/000.p/%d" % size, token=viewer)[0] == 403
    assert a.api("GET", "/v1/audit/%s/proof" % commands[0]["id"], token=viewer)[0] == 403
    assert a.api("GET", "/v1/audit/%s/proof" % tlog.uuid7())[0] == 404


def test_prove_online_and_offline(t):
    """An auditor could keep no evidence of one command, or only believe it with the whole log at hand."""
    a, commands = worked(t)
    online = {}
    for row in commands:
        out = t.tmp / (row["id"] + ".proof")
        a.ctl("prove", row["id"], "--out", out)
        online[row["id"]] = out
        r = ctl(t, "verify", "--proof", out, "--vkey", vkey(a), "--approver-key", a.dir / "approver.pub", "--json")
        said = json.loads(r.out)
        assert r.code == 0 and said["verified"] and said["command"] == row["id"] and said["commands"] == 1, (said, r)
        assert said["unchecked"] == 0 and said["outcomes"] + said["denied"] == 1, said
    assert a.ctl("prove", commands[0]["id"][-12:]).code == 0
    assert a.stop() == 0
    for row in commands:
        r = ctl(t, "prove", row["id"], "--log", a.dir)
        assert r.code == 0, r
        here, there = json.loads(r.out), json.loads(online[row["id"]].read_text())
        assert [x["entry"] for x in here["entries"]] == [x["entry"] for x in there["entries"]], row
        path = t.tmp / "offline"
        path.write_bytes(r.out)
        assert ctl(t, "verify", "--proof", path, "--vkey", vkey(a)).code == 0
    assert "no command" in ctl(t, "prove", tlog.uuid7(), "--log", a.dir).errors


def test_a_proof_that_was_changed(t):
    """A proof could be made to say what never happened."""
    log, jws = tlog.day()
    log.write(t.tmp / "log")
    chained = tlog.json_id(jws[-5])
    good = json.loads(ctl(t, "prove", chained, "--log", t.tmp / "log").out)
    path = t.tmp / "proof"

    def told(changed, key=log.key.vkey):
        path.write_text(changed if isinstance(changed, str) else json.dumps(changed))
        return ctl(t, "verify", "--proof", path, "--vkey", key)
    assert told(good).code == 0 and "delegations  2" in told(good).text
    entries = good["entries"]

    def with_entry(i, **changes):
        return {**good, "entries": entries[:i] + [{**entries[i], **changes}] + entries[i + 1:]}
    last = len(entries) - 1
    r = told(with_entry(last, entry=entries[last]["entry"].replace('"ms":1', '"ms":2')))
    assert r.code == 1 and "it is not in the log whose checkpoint this is" in r.text, r
    assert told(with_entry(last, proof=entries[last]["proof"].replace("index ", "index 1"))).code == 1
    assert told(with_entry(last, proof=entries[last - 1]["proof"])).code == 1
    r = told({**good, "command": tlog.json_id(jws[0])})
    assert r.code == 1 and "not what the proof is of" in r.text, r
    assert "not signed by the log's key" in told(good, tlog.NoteKey(log.name).vkey).text
    forged = tlog.NoteKey(log.name)
    other = tlog.day()[0]
    assert told({**good, "vkey": forged.vkey}).code == 0  # the key that counts is the one given
    assert ctl(t, "verify", "--proof", path, "--vkey", other.key.vkey).code == 1
    for rubbish in ("", "{}", "[]", json.dumps({**good, "entries": []}), json.dumps({**good, "more": 1})):
        assert told(rubbish).code == 1
    line = entries[0]["proof"].split("\n")
    assert line[0] == "c2sp.org/tlog-proof@v1" and line[1] == "index 0", line


# ── witnesses ──────────────────────────────────────────────────────────────────────────────────────────────

def test_a_witness_cosigns_what_grows(t):
    """The log's owner could sign two logs; nobody else would ever have seen that they differ."""
    log, _ = tlog.day()
    path, state, out = t.tmp / "log", t.tmp / "state", t.tmp / "cosigned"
    r = ctl(t, "witness", "--new-key", t.tmp / "w.key", "w1.example")
    assert r.code == 0 and r.text.startswith("w1.example+"), r
    (t.tmp / "w.vkey").write_text(r.text)
    assert (t.tmp / "w.key").stat().st_mode & 0o777 == 0o400
    assert ctl(t, "witness", "--new-key", t.tmp / "w.key", "w1.example").code == 1

    def witness(*more):
        return ctl(t, "witness", "--log", path, "--vkey", log.key.vkey, "--key", t.tmp / "w.key", "--state", state, *more)
    for size in (1, 255, 256, 300, 300, len(log.leaves)):
        log.write(path, size=size)
        r = witness("--out", out)
        assert r.code == 0, r
        assert out.read_text() == state.read_text() and out.read_text().count("\n— ") == 2
    shutil.copy(out, path / "log/checkpoint")
    r = ctl(t, "verify", "--log", path, "--witness", t.tmp / "w.vkey")
    assert r.code == 0 and "cosigned     by w1.example at 20" in r.text, r
    assert outside.check(t, log.key.vkey, path / "log").code == 0
    # Without its line, with another's, and with a bit of it flipped.
    log.write(path)
    assert "not cosigned by w1.example" in ctl(t, "verify", "--log", path, "--witness", t.tmp / "w.vkey").text
    r = ctl(t, "verify", "--log", path, "--witness", t.tmp / "w.vkey", "--old", out)
    assert r.code == 0 and "cosigned     by w1.example" in r.text, r
    text = out.read_text()
    (path / "log/checkpoint").write_text(text[:-12] + ("A" if text[-12] != "A" else "B") + text[-11:])
    r = ctl(t, "verify", "--log", path, "--witness", t.tmp / "w.vkey")
    assert r.code == 1 and "the cosignature of w1.example does not verify" in r.text, r
    # An independent witness's cosignature is one as well.
    other = tlog.NoteKey("w2.example", algorithm=4)
    body = log.write(path)
    with open(path / "log/checkpoint", "a") as f:
        f.write(other.sign(body, at=1_700_000_000))
    r = ctl(t, "verify", "--log", path, "--witness", other.vkey)
    assert r.code == 0 and "by w2.example at 2023-11-14" in r.text, r


def test_a_witness_refuses(t):
    """A log that was rewritten, shortened or forked would be cosigned like any other."""
    log, _ = tlog.day()
    path, state = t.tmp / "log", t.tmp / "state"
    assert ctl(t, "witness", "--new-key", t.tmp / "w.key", "w1.example").code == 0

    def witness(key=log.key.vkey):
        return ctl(t, "witness", "--log", path, "--vkey", key, "--key", t.tmp / "w.key", "--state", state)

    def refused(words, **kw):
        before = state.read_bytes()
        r = witness(**kw)
        assert r.code == 1 and words in r.errors and not r.out, r
        assert state.read_bytes() == before
    log.write(path, size=300)
    assert witness().code == 0
    log.write(path, size=299)
    refused("the log has shrunk: it had 300 entries, and has 299")
    keep = log.leaves[10]
    log.leaves[10] = {**keep, "ms": keep["ms"] + 1}
    log.write(path, size=300)
    refused("the log was forked: two trees of 300 entries are signed")
    log.write(path)
    refused("the log was rewritten: its first 300 entries")
    log.leaves[10] = keep
    log.write(path)
    next((path / "log/tile/0").glob("001.p/*")).unlink()
    refused("the log does not show how it grew")
    log.write(path, key=tlog.NoteKey(log.name))
    refused("not signed by the log's key")
    log.write(path)
    refused("of another log", key=tlog.NoteKey("whoshd:else").vkey)
    state.write_text("rubbish\n")
    refused("no signed tree head")


def test_a_witness_far_away(t):
    """A witness would need the approver's disk, or an operator's token, to vouch for its log."""
    a, _ = worked(t)
    assert ctl(t, "witness", "--new-key", t.tmp / "w.key", "far.example").code == 0
    where = ("--url", "https://127.0.0.1:%d" % a.port, "--ca", a.dir / "ca.pem", "--vkey", a.dir / "log.vkey",
             "--key", t.tmp / "w.key", "--state", t.tmp / "state")
    first = ctl(t, "witness", *where)
    assert first.code == 0 and first.text.count("\n— ") == 2, first
    token = a.agent("second")
    t.whosh(a, token, "-c", "echo more")
    second = ctl(t, "witness", *where)
    assert second.code == 0 and second.text.split("\n")[1] > first.text.split("\n")[1], second


def test_a_clock_that_is_set_back(t):
    """After a clock was set back, the log's times would be out of order, and an honest log would not verify."""
    a, _ = worked(t)
    assert a.stop() == 0
    ahead = t.tmp / "ahead.so"
    source = t.tmp / "ahead.c"
    source.write_text("""
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t clock, struct timespec *ts)
{
	int result = (int)syscall(SYS_clock_gettime, clock, ts);
	if (clock == CLOCK_REALTIME)
		ts->tv_sec += 40;
	return result;
}
""")
    assert t.run(["gcc", "-shared", "-fPIC", "-o", ahead, source]).code == 0
    a.env = {"LD_PRELOAD": str(ahead)}
    a.start()
    a.agent("second")
    assert a.stop() == 0
    a.env = None
    a.start()
    token = a.agent("third")
    t.whosh(a, token, "-c", "echo later")
    a.ended(9)
    assert a.stop() == 0
    r = ctl(t, "verify", "--dir", a.dir)
    assert r.code == 0, r
    ms = [json.loads(x)["ms"] for x in entries_of(a)]
    assert ms == sorted(ms) and ms[-1] - ms[0] > 35000, ms


def entries_of(a):
    """Every entry of a log that was published."""
    out = []
    for path in sorted((a.dir / "log/tile/entries").glob("*")):
        for part in [path] if path.is_file() else [max(path.iterdir(), key=lambda x: int(x.name))]:
            data = part.read_bytes()
            while data:
                n = int.from_bytes(data[:2], "big")
                out.append(data[2:2 + n])
                data = data[2 + n:]
    return out


def test_a_log_that_was_not_closed(t):
    """Of an approver that runs, or was killed, the last moments could not be verified, or looked like an edit."""
    a = t.approver()
    early = t.tmp / "early"
    shutil.copytree(a.dir / "log", early)
    token = a.agent("worker")
    for i in range(4):
        t.whosh(a, token, "-c", "echo %d" % i)
    t.whosh(a, token, "-c", "echo " + "x" * 70000)
    a.ended(5)
    live = ctl(t, "verify", "--dir", a.dir)
    assert live.code == 0, live
    a.kill()
    r = ctl(t, "verify", "--dir", a.dir, "--json")
    assert r.code == 0 and json.loads(r.out)["commands"] == 5, r
    # As if nothing had been published since: the journal has it.
    for name in ("tile", "blob"):
        shutil.rmtree(a.dir / "log" / name, ignore_errors=True)
    shutil.copytree(early / "tile", a.dir / "log/tile")
    shutil.copy(early / "checkpoint", a.dir / "log/checkpoint")
    r = ctl(t, "verify", "--dir", a.dir, "--json")
    said = json.loads(r.out)
    assert r.code == 0 and said["commands"] == said["outcomes"] == 5 and said["unpublished"] >= 15, (said, r)
    assert said["checked"] == said["entries"] + said["unpublished"] and said["database"], said
    journal = a.dir / "log/journal"
    whole = journal.read_bytes()
    data = bytearray(whole)
    data[data.index(b'"kind":"command_requested"') - 2] ^= 1
    journal.write_bytes(data)
    r = ctl(t, "verify", "--dir", a.dir)
    assert r.code == 1 and "the journal does not go on from the checkpoint" in r.text, r
    journal.write_bytes(whole[:whole.rindex(b'whoshlg1')])  # torn: the last group was never promised
    r = ctl(t, "verify", "--log", a.dir / "log", "--vkey", a.dir / "log.vkey", "--json")
    assert json.loads(r.out)["unpublished"] < said["unpublished"], r


def test_a_log_that_grows_meanwhile(t):
    """Whoever verifies the log of an approver that works would be told of errors that are none."""
    a = t.approver()
    token = a.agent("worker")
    stop = threading.Event()
    ran = []

    def work():
        while not stop.is_set():
            ran.append(t.whosh(a, token, "-c", "echo %d; echo more" % len(ran)).code)
    workers = [threading.Thread(target=work) for _ in range(2)]
    for one in workers:
        one.start()
    try:
        t.eventually(lambda: len(ran) > 5, "some work")
        for _ in range(25):
            r = ctl(t, "verify", "--dir", a.dir, "--json")
            said = json.loads(r.out)
            assert r.code == 0 and said["database"], (said["findings"][:2], {k: v for k, v in said.items() if k not in ("findings", "open")})
    finally:
        stop.set()
        for one in workers:
            one.join()
    assert set(ran) == {0} and said["commands"] > 5, (ran, said)
