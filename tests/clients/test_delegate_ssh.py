"""A task that is handed on over a real ssh: the chain travels with it, and the far end's record names everyone."""
import pathlib

from clients.test_ssh import world
from lib.fixture import APPROVE_ALL


def test_delegated_over_ssh(t):
    """The far end of an ssh would only say that the worker did it, and not who had it do so."""
    source = t.source / "examples/sshd"
    server = (source / "delegation.conf").read_text()
    assert "Match User worker\n" in server and "/usr/local/bin/whosh\n" in server
    a, b, s = world(t, APPROVE_ALL, config=server.replace("User worker", "User @USER@")
                    .replace("/usr/local/bin/whosh", t.program("whosh")))
    orchestrator = a.agent("orchestrator", "alice")
    client = t.tmp / "ssh_config"
    client.write_text((source / "delegation.ssh_config").read_text()
                      .replace("HostName worker.example.org", "HostName 127.0.0.1\n\tPort %d" % s.port)
                      .replace("User worker", "User " + s.user))
    ssh = t.tmp / "ssh"
    options = [str(x) for x in s.options()[2:]]
    ssh.write_text("#!/bin/sh\nexec /usr/bin/ssh -F %s %s \"$@\"\n" % (client, " ".join(options)))
    ssh.chmod(0o755)
    line = ("WHOSH_PRINCIPAL_CHAIN=$(%s delegate --to deploy-agent --task 'check the tables') %s worker-host "
            "'echo $WHOSH_AGENT_ID; echo $WHOSH_PRINCIPAL_CHAIN | tr -cd \"~\"'" % (t.program("whoctl"), ssh))
    r = t.whosh(a, orchestrator, "-c", line)
    assert r.code == 0 and r.text == "deploy-agent\n~\n"[:-1], r
    record = a.who("--agent", "deploy-agent")[0]
    assert [(p["id"], p["proof"]) for p in record["chain"]] == [
        ("alice", "attested"), ("orchestrator", "attested"), ("deploy-agent", "signed")], record
    assert record["task"] == "check the tables" and record["human"] == "alice" and record["user"] == s.user, record
    assert record["attributes"]["claimed_task"]["value"] == "deploy-4711", record["attributes"]
    # And in an account that cannot read its own credential: only the host's broker can sign there.
    a.agent("third")
    r = s.ssh("%s delegate --to third --task x" % t.program("whoctl"))
    assert r.code == 0 and r.out.count(b"~") == 1 and r.err == b"", r
    assert not pathlib.Path(s.home / ".local").exists(), "no private broker was started"
