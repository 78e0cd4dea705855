"""The log at rest: sealed leaves, and entries that are archived by written policy."""
import hashlib
import json

from lib import auditlog
from lib.bare import POLICY, ask, enrol, jti, outcome, post


def whoshd(a, *args):
    """A verb of whoshd while the approver is stopped."""
    r = a.t.run([a.t.program("whoshd"), *args, "--dir", a.dir] if args[-1] != "--dry-run" else
                [a.t.program("whoshd"), *args[:-1], "--dir", a.dir, args[-1]])
    assert r.code == 0, r
    return r.out.decode()


def refused(a, verb):
    """What it says when it cannot do it."""
    r = a.t.run([a.t.program("whoshd"), verb, "--dir", a.dir])
    assert r.code != 0, r
    return r.err.decode()


def bytes_below(folder):
    return b"".join(p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file())


def keep(a, entries, **more):
    (a.dir / "retention.json").write_text(json.dumps({"version": 1, "entries": entries, **more}))


def fill(a):
    """Commands enough for a full bundle, all ended but the first: that one, and what ends it."""
    token = enrol(a)
    first = token.command("ls first")
    for jws in [first] + [token.command("ls") for _ in range(100)]:
        status, permit = post(a, jws)
        assert status == 200, permit
        assert jws is first or outcome(a, token, jws)[0] == 204
    return first, lambda: outcome(a, token, first)


def test_sealed_log_shows_nothing_without_its_key(t):
    """A copy of a sealed log would show what ran; or with its key the approver could not read it any more."""
    a = t.approver(policy=POLICY, init=["--seal"])
    assert (a.dir / "seal.key").stat().st_mode & 0o777 == 0o400
    token = enrol(a, name="sealed-worker")
    jws = token.command("ls /very/secret/place")
    assert post(a, jws)[0] == 200
    for leaf in auditlog.leaves(a):
        assert set(leaf) <= {"v", "n", "ms", "kind", "sealed"}, leaf
    shown = ask(a, "GET", "/v1/audit/" + jti(jws))[1]
    assert shown["command_jws"] == jws, shown
    a.stop()
    text = bytes_below(a.dir / "log")
    assert b"sealed-worker" not in text and jws[-40:].encode() not in text
    whoshd(a, "reindex")
    key = a.dir / "seal.key"
    kept = key.read_text()
    key.rename(a.dir / "away")
    said = refused(a, "reindex")
    assert "is sealed, and" in said and "is not there" in said and kept.strip() not in said, said
    (a.dir / "away").rename(key)
    a.start()
    assert ask(a, "GET", "/v1/audit/" + jti(jws))[1] == shown
    assert kept.strip() not in a.log.read_text()


def test_policy_that_is_not_one_is_refused(t):
    """A slip in retention.json would delete entries, or keep for ever what the policy says goes."""
    a = t.approver(policy=POLICY)
    a.stop()
    for bad in ({"keep": "1"}, {"keep": "1w"}, {"keep": "1d", "archive": "here"}, {"keep": "1d", "archive": 1},
                {"keep": "1d", "x": 1}, {"keep": "-1d"}, {}):
        keep(a, bad)
        assert "retention.json" in refused(a, "retain"), bad


def archived(t, a, first, archive):
    """What holds after the first bundle has gone."""
    gone = a.dir / "log/tile/entries/000"
    assert not gone.exists() and (a.dir / "log/tile/0/000").exists()
    hashes = (a.dir / "log/tile/0/000").read_bytes()
    if archive:
        data, at, i = (archive / "tile/entries/000").read_bytes(), 0, 0
        while at < len(data):
            length = int.from_bytes(data[at:at + 2], "big")
            entry = data[at + 2:at + 2 + length]
            assert hashlib.sha256(b"\0" + entry).digest() == hashes[32 * i:32 * i + 32]
            at, i = at + 2 + length, i + 1
        assert i == 256
    shown = ask(a, "GET", "/v1/audit/" + jti(first))[1]
    assert shown["line"] == "ls first" and shown["command_jws"] is None, shown
    assert [e["kind"] for e in shown["events"]] == ["command_outcome"], "what is left is told"
    assert shown["archived"] == {"archive": archive and str(archive), "deleted": not archive}, shown["archived"]
    said = a.ctl("show", jti(first)).out.decode()
    assert ("archived in %s" % archive if archive else "deleted by the retention policy") in said, said


def test_old_entries_are_archived(t):
    """Entries would be lost on their way to the archive, or the approver would not start without them."""
    a = t.approver(policy=POLICY)
    first, end = fill(a)
    a.stop()
    archive = t.tmp / "archive"
    keep(a, {"keep": "400d", "archive": str(archive)})
    assert "nothing is older" in whoshd(a, "retain")
    keep(a, {"keep": "0d", "archive": str(archive)})
    assert "nothing is older" in whoshd(a, "retain"), "a command is still open"
    a.start()
    assert end()[0] == 204
    a.stop()
    before = bytes_below(a.dir / "log/tile")
    said = whoshd(a, "retain", "--dry-run")
    assert "entries 0 to 255 would be archived" in said and bytes_below(a.dir / "log/tile") == before, said
    assert not archive.exists()
    said = whoshd(a, "retain")
    assert "entries 0 to 255 archived in %s" % archive in said, said
    a.start()
    archived(t, a, first, archive)
    whole = a.ctl("verify", "--log", a.dir)
    assert "entries 0 to 255 are archived" in whole.text, whole
    size = ask(a, "GET", "/healthz", token=None)[1]["log_size"]
    who = ask(a, "GET", "/v1/audit?limit=1000")[1]
    assert len(who["commands"]) == 101 and size > 256
    a.stop()
    whoshd(a, "reindex")
    a.start()
    assert ask(a, "GET", "/v1/audit?limit=1000")[1] == who
    a.stop()
    archive.rename(t.tmp / "elsewhere")
    said = refused(a, "reindex")
    assert "are archived and are not in the archive" in said, said
    a.start()
    assert ask(a, "GET", "/v1/audit?limit=1000")[1] == who


def test_the_writer_that_rests_archives(t):
    """A policy would be followed only by those who remember to stop the approver."""
    a = t.approver(policy=POLICY)
    first, end = fill(a)
    assert end()[0] == 204
    a.stop()
    keep(a, {"keep": "0d"})
    a.start()
    t.eventually(lambda: not (a.dir / "log/tile/entries/000").exists(), "the first bundle to be deleted")
    archived(t, a, first, None)
    a.stop()
    last = (a.dir / "log/tile/entries/001.p")
    text = b"".join(p.read_bytes() for p in last.iterdir())
    assert a.ctl("verify", "--log", a.dir).code == 0
    (a.dir / "log/archived").write_text("512\n")
    cut = a.ctl("verify", "--log", a.dir, check=False)
    assert cut.code == 1 and "does not say that they were archived" in cut.text + cut.errors, cut
    assert b'"kind":"entries_archived"' in text and b'{"from":0,"to":255,"archive":null,"policy_s256":"' in text
