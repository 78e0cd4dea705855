"""`whoctl verify`: a log that is whole verifies, and whatever was done to it is found."""
import json
import os
import re
import shutil
import subprocess

from lib import jose, outside, tlog


def verify(t, path, *options, code=None):
    r = t.run([t.program("whoctl"), "verify", "--log", path, *options])
    assert code is None or r.code == code, r
    return r


def caught(t, path, *words, options=()):
    """It is found, in one plain line that has these words."""
    r = verify(t, path, *options, code=1)
    for word in words:
        assert any(re.search(word, line) for line in r.text.splitlines()), (word, r)
    assert "NOT VERIFIED" in r.text and "verified: nothing" not in r.text, r
    return r


def made(t, name="log", **kw):
    log, jws = tlog.day(**kw)
    log.write(t.tmp / name)
    return log, jws, t.tmp / name


def bend(log, index, path, **changes):
    """Replace a leaf by its owner's successor: with the log's key, tiles and checkpoint made anew."""
    log.leaves[index] = {**log.leaves[index], **changes}
    log.write(path)


def find(log, kind, n=0):
    return [x["n"] for x in log.leaves if x["kind"] == kind][n]


# ── what is whole ──────────────────────────────────────────────────────────────────────────────────────────

def test_a_whole_log_verifies(t):
    """An auditor could not tell a good log from a bad one, or would have to ask the approver."""
    log, jws, path = made(t)
    pub = t.tmp / "approver.pub"
    pub.write_text(jose.b64(log.approver.public) + "\n")
    r = verify(t, path, "--vkey", log.key.vkey, "--approver-key", pub, code=0)
    assert "verified: nothing is wrong" in r.text and "copy's own word" not in r.text, r
    said = json.loads(verify(t, path / "log", "--json", code=0).out)
    assert said["verified"] and said["entries"] == said["checked"] == len(log.leaves), said
    assert (said["commands"], said["denied"], said["lost"], said["reviews"], said["delegations"]) == (125, 1, 1, 1, 2), said
    assert said["own_key"] and said["findings"] == [] and said["open"] == [], said
    assert "copy's own word" in verify(t, path).text
    assert verify(t, path, "--tree-only", code=0).text.count("commands") == 0
    r = outside.check(t, log.key.vkey, path / "log")
    assert r.code == 0 and r.text.split()[:2] == ["ok", str(len(log.leaves))], r
    assert r.text.split()[2] == said["root"], (r, said)


def test_trees_of_every_shape(t):
    """A log would verify today and not tomorrow, when its last tile has become full."""
    log, _, path = made(t, commands=300)
    for size in (1, 2, 3, 255, 256, 257, 511, 512, 513, 900):
        log.write(path, size=size)
        said = json.loads(verify(t, path, "--json", code=0).out)
        assert said["entries"] == size == said["checked"] and not said["wrong"], said
        r = outside.check(t, log.key.vkey, path / "log")
        assert r.code == 0 and r.text.split()[2] == said["root"], (size, r, said)


def test_a_partial_tile_whose_full_one_has_come(t):
    """While a log grows quickly, its last checkpoint could not be verified by the files that there are."""
    log, _, path = made(t, commands=200)
    whole = t.tmp / "whole"
    shutil.copytree(path, whole)
    log.write(path, size=100)
    for name in ("tile/entries/000", "tile/0/000"):
        shutil.rmtree(path / "log" / (name + ".p"))
        shutil.copy(whole / "log" / name, path / "log" / name)
    assert json.loads(verify(t, path, "--json", code=0).out)["checked"] == 100
    assert outside.check(t, log.key.vkey, path / "log").code == 0


def test_what_runs_is_open(t):
    """A command that still runs would be told as an error, or one that nobody knows the end of not at all."""
    log, _, path = made(t)
    jws = log.request(log.agents["boss"], "sleep 1h")
    log.permit(jws)
    log.write(path)
    said = json.loads(verify(t, path, "--json", code=0).out)
    assert [x["id"] for x in said["open"]] == [tlog.json_id(jws)], said
    r = verify(t, path, code=0)
    assert tlog.json_id(jws) in r.text and "1 approved and without an outcome yet" in r.text, r


def test_rotated_keys_and_people(t):
    """After a rotation, or with delegations that people signed, an honest log would not verify."""
    log = tlog.Log()
    old = log.enrol("boss")
    worker = log.enrol("worker")
    alice = jose.Token()
    thumb = jose.s256('{"crv":"Ed25519","kty":"OKP","x":"%s"}' % jose.b64(alice.public))
    log.add("key_enrolled", subject=thumb, body={"key": thumb, "person": "alice"},
            rows=[["key", {"id": thumb, "person": "alice", "key": jose.b64(alice.public), "issued": 1, "expires": 10**14}]])
    first = log.hop(alice, "alice", old)
    jws = log.request(old)
    log.permit(jws)
    new = log.enrol("boss", replaces=old)
    log.outcome(jws, old)
    second = log.hop(new, "boss", worker, parent=first)
    log.run(worker, chain=first[0] + "~" + second[0])
    log.run(new)
    log.write(t.tmp / "log")
    verify(t, t.tmp / "log", code=0)


# ── what somebody did to the files ─────────────────────────────────────────────────────────────────────────

def test_a_flipped_bit(t):
    """A disk that rots, or a hand that slips, would change what happened."""
    log, _, path = made(t)
    keep = t.tmp / "keep"
    shutil.copytree(path, keep)
    blob = next((path / "log/blob").glob("*/*"))
    for name, words in ((path / "log/tile/entries/000", "tile/entries/000|entry \\d+: it is not what the tree holds"),
                        (path / "log/tile/0/000", "tile/0/000 is not what the entries hash to"),
                        (path / "log/tile/1/000.p/1", "tile/1/000.p/1 is not what"),
                        (blob, "entry \\d+: the blob [0-9a-f]{64} is not what its name says"),
                        (path / "log/checkpoint", "checkpoint is not signed|not those that the checkpoint signs")):
        tlog.flip(name, at=-20)
        if name.name == "checkpoint":
            r = verify(t, path)
            assert r.code == 1, r
        else:
            caught(t, path, words)
        shutil.rmtree(path)
        shutil.copytree(keep, path)
    for tile in sorted((path / "log/tile").rglob("*")):
        if tile.is_file():
            for at in (0, -1, tile.stat().st_size // 2):
                tlog.flip(tile, at)
                assert verify(t, path).code == 1, tile
                tlog.flip(tile, at)
    verify(t, path, code=0)


def test_a_dropped_or_truncated_log(t):
    """The last hour, or the one line that matters, could be taken out of a log unseen."""
    log, _, path = made(t)
    whole = (path / "log/checkpoint").read_bytes()
    dropped = list(log.leaves)
    log.leaves = dropped[:100] + [{**x, "n": x["n"] - 1} for x in dropped[101:]]
    log.write(path)
    (path / "log/checkpoint").write_bytes(whole)
    caught(t, path, "is missing|holds \\d+ whole entries")
    log.leaves = dropped[:300]
    log.write(path)
    (path / "log/checkpoint").write_bytes(whole)
    caught(t, path, "is missing")
    log.leaves = dropped
    log.write(path)
    (path / "log/tile/entries/000").unlink()
    caught(t, path, "tile/entries/000 is missing: entries 0 to 255 are gone")
    log.write(path)
    bundle = path / "log/tile/entries/000"
    bundle.write_bytes(bundle.read_bytes()[:-30])
    caught(t, path, "tile/entries/000 holds 255 whole entries where the tree has 256")
    log.write(path)
    (path / "log/tile/0/000").unlink()
    caught(t, path, "tile/0/000 is missing")
    log.write(path)
    shutil.rmtree(path / "log/blob")
    caught(t, path, "entry \\d+: the blob [0-9a-f]{64} that holds it is missing")


def test_a_fork_and_a_replayed_checkpoint(t):
    """Whoever holds the log's key could show the auditor another past than everybody else."""
    log, _, path = made(t)
    old, fork = t.tmp / "old", t.tmp / "fork"
    log.write(path, size=200)
    shutil.copy(path / "log/checkpoint", old)
    log.write(path)
    r = verify(t, path, "--old", old, code=0)
    assert "from the older checkpoint's 200 entries" in r.text, r
    assert outside.check(t, log.key.vkey, path / "log", "-old", old).code == 0
    now = t.tmp / "now"
    shutil.copy(path / "log/checkpoint", now)
    # Another past, honestly signed.
    log.leaves[150] = {**log.leaves[150], "ms": log.leaves[150]["ms"] + 1}
    log.write(fork)
    verify(t, fork, code=0)
    caught(t, fork, "the log was rewritten: its first 200 entries", options=("--old", old))
    caught(t, fork, "the log was rewritten", options=("--old", now))
    assert outside.check(t, log.key.vkey, fork / "log", "-old", old).code != 0
    # The old one again.
    log.write(fork, size=200)
    caught(t, fork, "the log has shrunk: it had %d entries, and has 200" % len(log.leaves), options=("--old", now))
    shutil.copy(old, path / "log/checkpoint")
    r = verify(t, path)
    assert "also holds entries of a larger tree" in r.text or r.code == 1, r


def test_another_key(t):
    """A log made by somebody else, under the same name, would pass for the approver's."""
    log, _, path = made(t)
    other = tlog.NoteKey(log.name)
    log.write(path, key=other)
    caught(t, path, "the checkpoint is not signed by the log's key")
    (path / "log.vkey").write_text(other.vkey + "\n")
    verify(t, path, code=0)  # its own word, as it says
    caught(t, path, "the checkpoint is not signed by the log's key", options=("--vkey", log.key.vkey))
    stranger = tlog.NoteKey("whoshd:other")
    caught(t, path, "of another log", options=("--vkey", stranger.vkey))
    assert outside.check(t, log.key.vkey, path / "log").code != 0


def test_a_leaf_replaced_without_the_key(t):
    """Whoever can write the files could rewrite one line, and make every hash fit again."""
    log, _, path = made(t)
    signed = (path / "log/checkpoint").read_text().split("\n\n")[1]
    text = bend(log, 20, path, ms=log.leaves[20]["ms"] + 1) or (path / "log/checkpoint").read_text().split("\n\n")[0]
    (path / "log/checkpoint").write_text(text + "\n\n" + signed)
    caught(t, path, "the checkpoint is not signed by the log's key")


# ── what the log's own writer could have done ──────────────────────────────────────────────────────────────

def test_messages_that_do_not_fit(t):
    """The approver's operator could write into the log what no agent ever signed, or the approver never decided."""
    name = t.tmp / "log"

    def day():
        log, jws = tlog.day(commands=20)
        return log, jws, tlog.json_id(jws[3])

    log, jws, _ = day()  # a permit for another command
    at = [x["n"] for x in log.leaves if x["kind"] == "command_decided"][3]
    other = log.leaves[at - 3]["jws"]
    log.leaves[at]["jws"] = other
    log.write(name)
    caught(t, name, "entry %d, command [0-9a-f-]{36}: its permit says that it is another entry" % at, "is decided twice")

    log, jws, one = day()  # for other bytes
    log.leaves[at]["jws"] = log.approver.sign("whosh-permit+jwt", {**jose.claims(log.leaves[at]["jws"]), "command_s256": jose.s256("x")})
    log.write(name)
    caught(t, name, "entry %d, command %s: its permit is for other bytes" % (at, one))

    log, jws, one = day()  # by another key
    log.leaves[at]["jws"] = jose.Token().sign("whosh-permit+jwt", jose.claims(log.leaves[at]["jws"]))
    log.write(name)
    caught(t, name, "entry %d, command %s: its permit is not signed by the approver's key" % (at, one))

    log, jws, one = day()  # an outcome by another key
    log.leaves[at + 1]["jws"] = log.agents["boss"].sign("whosh-outcome+jwt", jose.claims(log.leaves[at + 1]["jws"]))
    log.write(name)
    caught(t, name, "entry %d, command %s: its outcome is not signed by the key that asked" % (at + 1, one))

    log, jws, one = day()  # a command by another key
    log.leaves[at - 1]["jws"] = log.agents["boss"].sign("whosh-command+jwt", jose.claims(log.leaves[at - 1]["jws"]))
    log.write(name)
    caught(t, name, "entry %d, command %s: it is signed by no key that other had" % (at - 1, one))

    log, jws, one = day()  # a line that was changed inside
    head, payload, signature = log.leaves[at - 1]["jws"].split(".")
    payload = jose.b64(jose.unb64(payload).replace(b"echo 3", b"echo 9"))
    log.leaves[at - 1]["jws"] = ".".join((head, payload, signature))
    log.write(name)
    caught(t, name, "entry %d, command %s: it is signed by no key" % (at - 1, one))

    log, jws, one = day()  # an outcome that nobody approved
    denied = tlog.json_id(jws[-2])
    log.outcome(jws[-2], log.agents["other"])
    log.write(name)
    caught(t, name, "command %s: it has run, and was never approved" % denied)

    log, jws, one = day()  # a review that never was
    log.leaves[find(log, "review")]["body"]["operator"] = "mallory"
    log.write(name)
    caught(t, name, "names a reviewer whose approval is not in the log")

    log, jws, one = day()  # the approver's key was swapped
    log.add("log_started", body={"version": "0.1.0", "approver_key": jose.b64(jose.Token().public), "name": log.name})
    log.write(name)
    caught(t, name, "has another key than the one before")
    caught(t, name, "has another key than the one given", "permit is not signed by the approver's key",
           options=("--approver-key", jose.b64(jose.Token().public)))


def test_keys_that_were_not_good(t):
    """A command of a key that was revoked, or not yet enrolled, would be as good as any."""
    name = t.tmp / "log"
    log, _ = tlog.day(commands=4)
    log.add("credential_revoked", subject=log.agents["boss"].id, body={"credential": log.agents["boss"].id})
    jws = log.run(log.agents["boss"])
    log.write(name)
    caught(t, name, "command %s: the key %s that signed it was revoked" % (tlog.json_id(jws), log.agents["boss"].id))
    log, _ = tlog.day(commands=4)
    late = log.enrol("late", expires=log.ms + 50)
    log.ms += 1000
    jws = log.run(late)
    log.write(name)
    caught(t, name, "command %s: the key .* had expired" % tlog.json_id(jws))
    log, _ = tlog.day(commands=4)
    log.add("agent_disabled", subject="boss", body={"agent": "boss"})
    jws = log.run(log.agents["boss"])
    log.write(name)
    caught(t, name, "command %s: its agent boss had been disabled" % tlog.json_id(jws))
    log, _ = tlog.day(commands=4)
    stranger = jose.Token()
    stranger.data = {"sub": "nobody", "aud": log.name}
    jws = log.run(stranger)
    log.write(name)
    caught(t, name, "command %s: no key of its agent was ever enrolled" % tlog.json_id(jws))


def test_delegations_that_do_not_follow(t):
    """A chain could be spliced, widened or backdated by whoever writes the log."""
    name = t.tmp / "log"

    def hop(words, signer=None, **changes):
        log, _ = tlog.day(commands=2)
        first = log.hop(log.approver, log.name, log.agents["boss"], exp=log.ms // 1000 + 60,
                        scope={"hosts": ["dev-*"]}, max_depth=1)
        log.hop(signer(log) if signer else log.agents["boss"], "boss", log.agents["worker"], parent=first,
                **{"exp": log.ms // 1000 + 50, "max_depth": 1, **changes})
        log.write(name)
        if words:
            caught(t, name, words)
        else:
            verify(t, name, code=0)
    hop(None)
    hop("not signed by whoever", signer=lambda log: log.agents["other"])
    hop("outlives the hop before", exp=1_700_100_000)
    hop("scope reaches further", scope={"hosts": ["*"]})
    hop("goes deeper", max_depth=3)
    hop("another person", sub="mallory")
    hop("issuer is not whom", iss="other")
    hop("parent was never logged", par_hash=jose.s256("nothing"))
    log, jws = tlog.day(commands=2)
    chain = jose.claims(jws[2])["chain"]
    log.add("delegation_revoked", subject="x", body={"delegation": tlog.json_id(chain.split("~")[0])})
    jws = log.run(log.agents["worker"], chain=chain)
    log.write(name)
    caught(t, name, "command %s: a hop of its principal chain had been revoked" % tlog.json_id(jws))
    log, jws = tlog.day(commands=2)
    jws = log.run(log.agents["other"], chain=chain)
    log.write(name)
    caught(t, name, "command %s: its principal chain has a hop that was never logged" % tlog.json_id(jws))


def test_leaves_that_are_not_in_form(t):
    """What two readers understand differently could hide what happened from one of them."""
    name = t.tmp / "log"
    for change, words in (({"n": 7}, "it says that it is entry 7"), ({"ms": 5}, "its time is before"),
                          ({"kind": "nonsense"}, "no known kind"), ({"v": 2}, "version is not 1"),
                          ({"extra": 1}, "unknown member \"extra\""), ({"rows": [["credential"], 3]}, "malformed")):
        log, _ = tlog.day(commands=2)
        bend(log, 6, name, **change)
        caught(t, name, "entry 6: .*" + words)
    log, _ = tlog.day(commands=2)
    text = json.dumps(log.leaves[6]).replace('"n": 6', '"n": 6, "n": 6').encode()
    log.leaves[6] = text
    log.write(name)
    caught(t, name, "entry 6: it is not strict JSON")


def test_archived_entries_are_stated(t):
    """After the retention time, a log would not verify any more, or would not say what is gone."""
    log, _, path = made(t, commands=300)
    (path / "log/tile/entries/000").unlink()
    (path / "log/tile/entries/001").unlink()
    (path / "log/archived").write_text("512\n")
    r = verify(t, path, code=1)
    assert "entries 0 to 511 are archived; hashes verified only" in r.text, r
    assert r.text.count("does not say that they were archived") == 1 and "1 thing is wrong" in r.text, "here nobody said so"
    assert json.loads(verify(t, path, "--json").out)["archived"] == 512
    tlog.flip(path / "log/tile/0/001")
    caught(t, path, "another root")


def test_progress_on_a_terminal_alone(t):
    """Nobody would know whether a verification of hours is alive, or a log file would fill with it."""
    _, _, path = made(t, commands=10)
    assert verify(t, path, code=0).err == b""
    ours, theirs = os.openpty()
    process = subprocess.Popen([t.program("whoctl"), "verify", "--log", path], stdout=subprocess.PIPE, stderr=theirs)
    out, _ = process.communicate(timeout=30)
    os.close(theirs)
    told = os.read(ours, 4096).decode()
    os.close(ours)
    assert process.returncode == 0 and b"verifying:" not in out, out
    assert re.search(r"verifying: \d+ of \d+ entries \(100 %\)", told) and told.endswith("\r\x1b[K"), told


def test_usage(t):
    """A script could not tell a log that is wrong from a command line that is."""
    log, _, path = made(t, commands=2)
    assert t.run([t.program("whoctl"), "verify", "--nonsense"]).code == 2
    assert t.run([t.program("whoctl"), "verify"], env={"PATH": "/usr/bin"}).code == 2
    (path / "log.vkey").unlink()
    r = verify(t, path, code=2)
    assert "--vkey is needed" in r.errors, r
    assert verify(t, t.tmp / "nowhere", "--vkey", log.key.vkey, code=1).errors.count("no log is there") == 1
    assert verify(t, path, "--vkey", "rubbish+x", code=1).errors.count("no verifier key") == 1
