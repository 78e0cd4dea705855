"""The kill switch from whoctl to the last process: real shells, brokers and approver."""
import concurrent.futures
import json
import os
import signal
import time

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from lib import chains, jose
from lib.bare import ask, enrol
from lib.fixture import APPROVE_ALL
from lib.killing import ME, all_gone, alive, daemon, pids_in

# Ignores signals, has a child in the foreground, and has started a daemon that has a child.
STUBBORN = "#!/bin/bash\n%s\ntrap '' TERM INT HUP; echo $$ >> %s; while :; do sleep 1; done\n"


def started(t, a, token, line, mark, n=1, **kw):
    """A shell that runs the line, and the n pids that it wrote."""
    shell = t.whosh_start(a, token, "-c", line, **kw)
    return shell, pids_in(t, mark, n)


def kill(a, kind, name, *more, check=True):
    return a.ctl("kill", kind, name, "--reason", "runaway loop", *more, check=check)


def test_one_of_200_agents(t):
    """One agent gone wild could not be stopped in a second, or the other 199 would be stopped with it."""
    a = t.approver(policy=APPROVE_ALL)
    tokens = []
    for i in range(200):
        token = enrol(a, "agent%d" % i)
        path = t.tmp / ("agent%d.token" % i)
        now = int(time.time())
        d = token.key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        path.write_text(json.dumps({"v": 1, "sub": "agent%d" % i, "aud": token.data["aud"], "nbf": now - 5, "exp": now + 900,
                                    "jwk": {**chains.jwk(token), "d": jose.b64(d)}}))
        path.chmod(0o400)
        tokens.append(path)

    def run(i):
        mark = t.tmp / ("pid%d" % i)
        return t.whosh_start(a, tokens[i], "-c", "echo $$ > %s; sleep 600 & wait" % mark, stdout=-3, stderr=-3)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        shells = list(pool.map(run, range(200)))
    inside = [pids_in(t, t.tmp / ("pid%d" % i), 1)[0] for i in range(200)]
    t.eventually(lambda: "whosh_running 200\n" in ask(a, "GET", "/metrics", token=None)[1], "200 running", 60)
    began = time.monotonic()
    r = kill(a, "agent", "agent77", "--json")
    took = time.monotonic() - began
    assert shells[77].wait(5) in (-signal.SIGTERM, -signal.SIGKILL)
    all_gone(t, [inside[77]])
    told = json.loads(r.out)
    assert [x["agent"] for x in told["targets"]] == ["agent77"], told
    assert took < 6, took
    assert all(alive(x) for i, x in enumerate(inside) if i != 77) and all(s.poll() is None for i, s in enumerate(shells) if i != 77)
    for x in inside:
        if alive(x):
            os.kill(x, signal.SIGKILL)
    for i, s in enumerate(shells):
        s.wait(20)


def test_tree_and_all(t):
    """What daemonised or ignores signals would go on after a kill, and the log would say that it ended."""
    a = t.approver(policy=APPROVE_ALL)
    token, neighbour = a.agent("wild"), a.agent("tame")
    for system in (False, True):
        broker = t.broker(a, {ME: token}, name="broker%d" % system) if system else None
        mark, other = t.tmp / ("wild%d" % system), t.tmp / ("tame%d" % system)
        script = t.tmp / ("stubborn%d" % system)
        script.write_text(STUBBORN % (daemon(mark), mark))
        script.chmod(0o755)
        shell, pids = started(t, broker or a, None if system else token, str(script), mark, 3)
        quiet, [tame] = started(t, a, neighbour, "echo $$ > %s; sleep 600 & wait" % other, other)
        began = time.monotonic()
        r = kill(a, "agent", "wild")
        assert r.code == 0 and "wild" in r.text, r
        all_gone(t, pids, 2.5)
        assert time.monotonic() - began < 4
        assert shell.wait(5) < 0 and b"killed: runaway loop (by admin)" in shell.stderr.read()
        assert alive(tame) and quiet.poll() is None
        r = t.whosh(a, token, "-c", ":")
        assert r.code == 77 and "runaway loop" in r.errors and "admin" in r.errors, r
        assert t.whosh(a, neighbour, "-c", "true").code == 0
        record = t.eventually(lambda: [x for x in a.who("--agent", "wild") if x["outcome_reason"]], "the outcome")[0]
        assert record["signal"] in ("TERM", "KILL") and record["outcome_reason"].startswith("killed: runaway loop"), record
        a.ctl("unkill", "agent", "wild")
        assert t.whosh(a, token, "-c", "true").code == 0
        os.kill(tame, signal.SIGKILL)
        quiet.wait(10)


def test_down_the_chain(t):
    """Killing the person or the orchestrator would leave at work what they had handed on."""
    a = t.approver(policy=APPROVE_ALL)
    files = {name: a.agent(name, "carol") for name in ("boss", "worker", "bystander")}
    for kind, name in (("human", "admin"), ("agent", "boss")):
        chain = chains.start(a, "boss")
        chain = chains.add(a, chain, jose.Token(files["boss"]), "boss", "worker", jose.Token(files["worker"]))
        marks = {n: t.tmp / (kind + n) for n in files}
        line = "echo $$ > %s; sleep 600 & wait"
        below, [pid] = started(t, a, files["worker"], line % marks["worker"], marks["worker"], env={"WHOSH_PRINCIPAL_CHAIN": chain})
        own, [kept] = started(t, a, files["bystander"], line % marks["bystander"], marks["bystander"])
        kill(a, kind, name)
        all_gone(t, [pid], 2.5)
        assert below.wait(5) < 0 and alive(kept) and own.poll() is None
        r = t.whosh(a, files["worker"], "-c", ":", env={"WHOSH_PRINCIPAL_CHAIN": chain})
        assert r.code == 77 and "killed" in r.errors, r
        assert t.whosh(a, files["worker"], "-c", ":").code == 0, "its own standing, for carol, is untouched"
        a.ctl("unkill", kind, name)
        assert t.whosh(a, files["worker"], "-c", ":", env={"WHOSH_PRINCIPAL_CHAIN": chain}).code == 0
        os.kill(kept, signal.SIGKILL)
        own.wait(10)


def test_across_a_restart(t):
    """An approver that was restarted in the moment of a kill would forget it, and the command would go on."""
    a = t.approver(policy=APPROVE_ALL)
    token = a.agent("wild")
    mark = t.tmp / "wild"
    shell, pids = started(t, a, token, "echo $$ > %s; sleep 600 & wait" % mark, mark)
    os.kill(shell.pid, 0)
    broker_stopped = [int(p) for p in os.listdir("/proc") if p.isdigit() and _is_private_broker(p, shell)]
    for p in broker_stopped:
        os.kill(p, signal.SIGSTOP)
    try:
        r = kill(a, "agent", "wild", "--wait", "1s", check=False)
        assert r.code == 1 and "still" in (r.text + r.errors), r
        a.process.kill()
        a.process.wait()
        a.start()
    finally:
        for p in broker_stopped:
            os.kill(p, signal.SIGCONT)
    all_gone(t, pids, 20)
    assert shell.wait(10) < 0
    assert t.whosh(a, token, "-c", ":").code == 77


def _is_private_broker(pid, shell):
    """Is it the private broker of this test's shells?  Its environment names our configuration."""
    try:
        with open("/proc/%s/comm" % pid) as f:
            if f.read().strip() != "whosh-broker":
                return False
        with open("/proc/%s/environ" % pid, "rb") as f:
            return shell.args and os.fsencode(str(shell_conf(shell))) in f.read()
    except OSError:
        return False


def shell_conf(shell):
    with open("/proc/%d/environ" % shell.pid, "rb") as f:
        for entry in f.read().split(b"\0"):
            if entry.startswith(b"WHOSH_CONFIG="):
                return os.fsdecode(entry.partition(b"=")[2])
    return "nowhere"


def test_what_waits_is_refused(t):
    """A shell that waits for a person would wait on for an agent that nobody may let work any more."""
    a = t.approver(policy={"version": 1, "default": "review", "rules": []})
    shell = t.whosh_start(a, a.agent("wild"), "-c", "touch %s" % (t.tmp / "ran"))
    a.pending()
    kill(a, "agent", "wild")
    assert shell.wait(10) == 77 and b"wild was killed by admin: runaway loop" in shell.stderr.read()
    assert not (t.tmp / "ran").exists() and a.json("pending") == []


def test_what_is_revoked_or_disabled_ends(t):
    """Who revokes a stolen key would leave running what the thief has started."""
    a = t.approver(policy=APPROVE_ALL)
    tokens = {name: a.agent(name) for name in ("stolen", "off", "tame")}
    shells = {name: started(t, a, token, "echo $$ > %s; sleep 600 & wait" % (t.tmp / name), t.tmp / name)
              for name, token in tokens.items()}
    credential = [x["id"] for x in a.json("credential", "list") if x["agent"] == "stolen"][0]
    a.ctl("credential", "revoke", credential)
    a.ctl("agent", "disable", "off")
    for name, reason in (("stolen", "its credential was revoked"), ("off", "the agent was disabled")):
        shell, pids = shells[name]
        all_gone(t, pids, 2.5)
        assert shell.wait(5) < 0 and ("killed: %s (by admin)" % reason).encode() in shell.stderr.read()
        assert t.whosh(a, tokens[name], "-c", ":").code == 77
    assert alive(shells["tame"][1][0]) and shells["tame"][0].poll() is None
    assert sorted((k["kind"], k["name"]) for k in a.json("kills")) == [("agent", "off"), ("credential", credential)]
    a.stop()
    a.start()
    assert len(a.json("kills")) == 2 and t.whosh(a, tokens["tame"], "-c", "true").code == 0
    os.kill(shells["tame"][1][0], signal.SIGKILL)
    shells["tame"][0].wait(20)
