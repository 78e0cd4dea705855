"""whoctl delegate: who hands what on to whom, from a person's first word to the last agent's command."""
import json
import os
import pwd
import stat

from lib import chains, jose
from lib.bare import ask

USER = pwd.getpwuid(os.geteuid()).pw_name


def delegate(t, a, token, *args, env=None, **kw):
    """whoctl delegate as an agent: by the broker that the configuration names, or a private one."""
    return t.run([t.program("whoctl"), "delegate", *args], env=t.env(a, token, **(env or {})), **kw)


def chain_of(r):
    """The one line on standard output, and nothing else."""
    assert r.code == 0 and r.err == b"" and r.out.endswith(b"\n") and r.out.count(b"\n") == 1, r
    return r.text.strip()


def start(a, agent="orchestrator", task="stage release 4.2", *args):
    return chain_of(a.ctl("delegate", "--to", agent, "--task", task, *args))


def principals(record):
    return [(p["type"], p["id"], p.get("task"), p["proof"]) for p in record["chain"]]


LINEAGE = [("human", "admin", None, "attested"), ("agent", "orchestrator", "stage release 4.2", "attested"),
           ("agent", "worker", "check the tables", "signed")]


def handed_down(t, a, where, orchestrator, worker):
    """operator -> orchestrator -> worker; the worker's command and its record."""
    env = {"WHOSH_PRINCIPAL_CHAIN": start(a)}
    chain = chain_of(delegate(t, where, orchestrator, "--to", "worker", "--task", "check the tables", env=env))
    assert [jose.claims(h)["act"]["sub"] for h in chain.split("~")] == ["orchestrator", "worker"]
    r = t.whosh(a, worker, "-c", "echo $WHOSH_PRINCIPAL_CHAIN", env={"WHOSH_PRINCIPAL_CHAIN": chain})
    assert r.code == 0 and r.text.strip() == chain, r
    return a.who("--agent", "worker")[0]


def test_handed_down_by_a_private_broker(t):
    """In CI, where no broker runs, an agent could not hand its task on with its own key."""
    a = t.approver()
    orchestrator, worker = a.agent("orchestrator"), a.agent("worker")
    record = handed_down(t, a, a, orchestrator, worker)
    assert principals(record) == LINEAGE, record
    assert record["human"] == "admin" and record["task"] == "check the tables", record
