"""The tables are only an index of the log: made again from it they are the same."""
import base64
import json
import os
import shutil

from lib import chains, jose
from lib.bare import POLICY, ask, enrol, operator, outcome, post, review, withdraw
from lib.kills import died, kill, poll, running, unkill
from lib.oidc import Issuer, configure, exchange
from lib.tables import copied, rebuilt, same, tables, verified


def everything(t):
    """An approver after a day on which all kinds of things happened."""
    i = Issuer(t)
    a = t.approver(policy=POLICY, start=False)
    configure(a, i.entry(a, url=False, rules=None))
    a.start()
    token, other = enrol(a), enrol(a, "other", owner="bob")
    operator(a, "ann")
    bob = operator(a, "bob")
    # Commands that are decided at once, with and without an outcome, and lines that are not text or very long.
    session = jose.uuid7()
    for model in ("claude-5", "claude-5", "other-model"):
        jws = token.command("ls", sid=session, model=model, task="tidy up — ✓")
        assert post(a, jws)[0] == 200
        assert outcome(a, token, jws, exit=3)[0] in (200, 204)
    assert post(a, token.command("rm -rf /"))[0] == 200
    raw = jose.claims(token.command())["command"]
    del raw["line"]
    assert post(a, token.command(command={**raw, "line_b64": base64.b64encode(b"ls \xff\x01\xfe").decode()}))[0] == 202
    assert post(a, token.command("rm " + "a" * 300000))[0] == 200
    # Reviews: one, two of two, denied, withdrawn, and one that still waits.
    waiting = [token.command(x) for x in ("make", "make b", "deploy x", "make c", "make d")]
    for jws in waiting:
        assert post(a, jws)[0] == 202
    assert review(a, waiting[0], "approve", "looks good")[0] == 200
    assert review(a, waiting[1], "deny", "no")[0] == 200
    assert review(a, waiting[2], "approve", token=bob)[0] == 200
    assert withdraw(a, waiting[3])[0] in (200, 204)
    # Kills: lifted, told, and died of.
    ran = running(a, other)
    one = kill(a, "agent", "other")
    poll(a, running=[ran], wait_s=1)
    died(a, other, ran)
    unkill(a, one)
    kill(a, "session", jose.claims(jws)["sid"])
    # Rotation, and a key that is revoked.
    fresh = enrol(a, "worker", expires_s=7200, new=False)
    assert post(a, fresh.command("ls"))[0] == 200
    third = enrol(a, "third")
    assert post(a, third.command("ls"))[0] == 200
    assert ask(a, "DELETE", "/v1/credentials/" + third.data["credential"])[0] in (200, 204)
    # Delegations.
    chain = chains.add(a, chains.start(a, "worker"), fresh, "worker", "other", other)
    assert post(a, other.command("ls", chain=chain))[0] in (200, 202, 403)
    assert ask(a, "DELETE", "/v1/delegations/" + jose.claims(chain.split("~")[0])["jti"])[0] in (200, 204)
    # An exchanged credential, and its token again with another key.
    a.ctl("agent", "add", "ci", "--owner", "alice")
    identity = i.token()
    assert exchange(a, identity, jose.Token())[0] == 201
    exchange(a, identity, jose.Token())
    # Another policy.
    a.write_policy({**POLICY, "default": "deny"})
    a.restart()
    assert post(a, fresh.command("make e"))[0] == 200
    # A stranger's key, which is refused.
    stranger = jose.Token()
    stranger.data = dict(fresh.data)
    assert post(a, stranger.command("ls"))[0] in (401, 403)
    return a, fresh


def answers(a):
    found = {x[0]: a.json(*x) for x in (("who", "--limit", "1000"), ("agent", "list"), ("kills",), ("delegation", "list"))}
    found["credentials"] = ask(a, "GET", "/v1/credentials")[1]
    found["matched"] = [x["id"] for x in ask(a, "GET", "/v1/audit?match=aaaa")[1]["commands"]]
    found["pending"] = [x["id"] for x in ask(a, "GET", "/v1/reviews")[1]["reviews"]]
    return found


def test_tables_made_again_are_the_same(t):
    """What the tables hold and the log does not say would be gone with the database, and nobody would know what it was."""
    a, token = everything(t)
    before = answers(a)
    a.stop()
    kinds = {json.loads(x)["kind"] for x in verified(a.dir)}
    for kind in ("command_requested", "command_decided", "command_outcome", "review", "kill", "unkill", "model_changed",
                 "credential_rotated", "delegation", "delegation_revoked", "policy_loaded", "credential_revoked"):
        assert kind in kinds, (kind, kinds)
    assert os.listdir(a.dir / "log" / "blob"), "the long line is a blob"
    kept = tables(a.dir / "whosh.db")
    assert len(kept["commands"]) >= 15 and all(kept[x] for x in ("hops", "kills", "kill_targets", "exchanges", "reviews"))
    same(kept, rebuilt(t, a))
    r = t.run([t.program("whoshd"), "reindex", "--dir", a.dir])
    assert r.code == 0, r
    same(kept, tables(a.dir / "whosh.db"))
    a.start()
    after = answers(a)
    for name in before:
        assert after[name] == before[name], "%s:\n%r\n%r" % (name, before[name], after[name])
    assert post(a, token.command("ls"))[0] == 200, "it goes on"


def test_database_of_yesterday(t):
    """A database that was put back from a backup, or lost, would miss what has happened since."""
    a = t.approver(policy=POLICY)
    token = enrol(a)
    assert post(a, token.command("ls"))[0] == 200
    a.stop()
    shutil.copy(a.dir / "whosh.db", t.tmp / "old.db")
    a.start()
    later = [token.command(x) for x in ("ls b", "make", "rm x")]
    for jws in later:
        assert post(a, jws)[0] in (200, 202)
    second = enrol(a, "second")
    assert outcome(a, token, later[0])[0] in (200, 204)
    a.kill()
    kept = tables(a.dir / "whosh.db")
    for old in (t.tmp / "old.db", None):
        for end in ("", "-wal", "-shm"):
            (a.dir / ("whosh.db" + end)).unlink(missing_ok=True)
        if old:
            shutil.copy(old, a.dir / "whosh.db")
        a.start()
        same({k: [x for x in v] for k, v in kept.items() if k not in ("applied", "policies")},
             {k: v for k, v in tables(a.dir / "whosh.db").items() if k not in ("applied", "policies")})
        assert post(a, second.command("ls"))[0] == 200
        a.kill()
        kept = tables(a.dir / "whosh.db")


def test_one_approver_a_folder(t):
    """Two approvers, or one and a reindex, would write two logs into one file."""
    a = t.approver(policy=POLICY)
    token = enrol(a)
    for argv in (["reindex", "--dir", a.dir], ["serve", "--dir", a.dir, "--listen", "127.0.0.1:0"]):
        r = t.run([t.program("whoshd"), *argv])
        assert r.code not in (0, None) and b"another whoshd works on it" in r.err, r
    assert post(a, token.command("ls"))[0] == 200
    a.stop()
    verified(a.dir)


def test_log_that_is_not_this_databases(t):
    """An older log put under a newer database would be taken for all there is; the key of another would sign on."""
    a = t.approver(policy=POLICY)
    token = enrol(a)
    a.stop()
    shutil.copytree(a.dir / "log", t.tmp / "old-log")
    a.start()
    assert post(a, token.command("ls"))[0] == 200
    a.stop()
    whole = copied(t, a, "whole")

    def refuses(what, said):
        r = t.run([t.program("whoshd"), "serve", "--dir", a.dir, "--listen", "127.0.0.1:0"], timeout=20)
        assert r.code not in (0, None) and said in r.err + r.out, (what, r)
        shutil.rmtree(a.dir / "log")
        shutil.copytree(whole / "log", a.dir / "log")
    shutil.rmtree(a.dir / "log")
    shutil.copytree(t.tmp / "old-log", a.dir / "log")
    refuses("an older log", b"whosh.db")
    (a.dir / "log" / "journal").unlink()
    refuses("no journal", b"entries are missing")
    with open(a.dir / "log" / "journal", "r+b") as f:
        f.seek(300)
        was = f.read(1)
        f.seek(300)
        f.write(bytes([was[0] ^ 1]))
    refuses("a bit of the journal", b"damaged")
    note = (a.dir / "log" / "checkpoint").read_text("utf-8").split("\n")
    note[2] = jose.base64.b64encode(bytes(32)).decode()
    (a.dir / "log" / "checkpoint").write_text("\n".join(note), "utf-8")
    refuses("a forged checkpoint", b"not signed")
    other = t.approver(policy=POLICY, name="other")
    other.stop()
    (a.dir / "log.key").unlink()
    shutil.copy(other.dir / "log.key", a.dir / "log.key")
    refuses("another key", b"another key")
    (a.dir / "log.key").unlink()
    shutil.copy(whole / "log.key", a.dir / "log.key")
    a.start()
    assert post(a, token.command("ls"))[0] == 200
