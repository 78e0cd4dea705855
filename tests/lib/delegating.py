"""whoctl delegate as tests call it: by a person, and by an agent through its broker."""
import os
import pwd

USER = pwd.getpwuid(os.geteuid()).pw_name


def delegate(t, a, token, *args, env=None, **kw):
    """whoctl delegate as an agent: by the broker that the configuration names, or a private one."""
    return t.run([t.program("whoctl"), "delegate", *args], env=t.env(a, token, **(env or {})), **kw)


def chain_of(r):
    """The one line on standard output, and nothing else."""
    assert r.code == 0 and r.err == b"" and r.out.endswith(b"\n") and r.out.count(b"\n") == 1, r
    return r.text.strip()


def start(a, agent="orchestrator", task="stage release 4.2", *args):
    """The chain of the signed-in person's delegation to an agent."""
    return chain_of(a.ctl("delegate", "--to", agent, "--task", task, *args))


def delegations(a, *args):
    """What the approver says was delegated."""
    return a.json("delegation", "list", *args)
