"""The same client twice, with bash for its shell and with whosh: a client must not notice the difference.

    w = Sides(t)
    r = w.same(lambda shell, env: t.run(["make", "SHELL=" + shell], env=env, cwd=w.work), prepare)
    assert w.lines() == ["echo hello"]

Both run in the same folder, made anew and filled by `prepare` each time.  Compared are the status, both outputs, and every
file that is left.  The approver approves everything but `shred`, which policy denies, and which the reviewer
denies where it is hidden in something that no pattern approves.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import os
import pwd
import shutil
import stat

from lib.fixture import Failed
from lib.reviewer import Reviewer

BASH = "/bin/bash"
POLICY = {"version": 1, "default": "review", "rules": [
    {"name": "never", "verdict": "deny", "commands": [["shred", "**"]]},
    {"name": "all", "verdict": "approve", "commands": [["**"]]}]}


def me():
    return pwd.getpwuid(os.geteuid()).pw_name


def tree(top):
    """{path: what is there} for every file below a folder: its kind, whether it may be executed, its bytes."""
    found = {}
    for folder, folders, files in os.walk(top):
        for name in folders + files:
            path = os.path.join(folder, name)
            mode = os.lstat(path).st_mode
            if stat.S_ISLNK(mode):
                content = os.readlink(path)
            elif stat.S_ISREG(mode):
                with open(path, "rb") as f:
                    content = f.read()
            else:
                content = b""
            found[os.path.relpath(path, top)] = (stat.S_IFMT(mode), mode & 0o111, content)
    return found


class Sides:
    def __init__(self, t, agent="client-agent", review=True, policy=POLICY, model="anthropic/claude-opus@4.8"):
        self.t, self.agent = t, agent
        self.a = t.approver(policy=policy)
        self.token = self.a.agent(agent)
        self.broker = t.broker(self.a, {me(): self.token})
        self.reviewer = Reviewer(self.a, deny="shred") if review else None
        self.whosh, self.work, self.home = t.program("whosh"), t.tmp / "work", t.tmp / "home"
        self.home.mkdir()
        self.model = model

    def env(self, **extra):
        return self.t.env(self.broker, **{"HOME": self.home, "WHOSH_MODEL": self.model, "WHOSH_TASK": "clients", **extra})

    def fresh(self, prepare=None):
        if self.work.exists():
            shutil.rmtree(self.work)
        self.work.mkdir()
        if prepare:
            prepare()

    def plain(self, data):
        """An output without the name under which the shell was called."""
        return data.replace(self.whosh.encode(), b"bash").replace(BASH.encode(), b"bash")

    def same(self, run, prepare=None, files=True, plain=None, err=True):
        """run(shell, env) under bash and then under whosh, which must end alike; the second Result.
        plain: what else is taken out of the outputs before they are compared."""
        sides = []
        for shell in (BASH, self.whosh):
            self.fresh(prepare)
            r = run(shell, self.env())
            wash = lambda data: plain(self.plain(data)) if plain else self.plain(data)  # noqa: E731
            sides.append((r, wash(r.out), wash(r.err), tree(self.work) if files else None))
        (b, out, errors, left), (r, *mine) = sides
        assert r.code == b.code, ("status", b, r)
        assert mine[0] == out, ("standard output", b, r)
        assert not err or mine[1] == errors, ("standard error", b, r)
        if files:
            differ = sorted(k for k in left.keys() | mine[2].keys() if left.get(k) != mine[2].get(k))
            assert not differ, ("files", differ, [(left.get(k), mine[2].get(k)) for k in differ[:3]])
        return r

    def rows(self, *args, n=1):
        """The approver's records, oldest first, when all are ended; every one must name the agent and its human."""
        rows = []

        def ended():
            rows[:] = self.a.who("--limit", "1000", *args)
            return len(rows) >= n and all(x["ended"] or x["state"] == "lost" or x["verdict"] == "denied" for x in rows)
        try:
            self.t.eventually(ended, "the outcome of each of %d lines" % n)
        except Failed as e:
            raise Failed("%s: %r" % (e, [(x["line"], x["verdict"], x["exit"], x["ended"]) for x in rows]))
        for x in rows:
            assert x["agent"] == self.agent and x["human"] == "alice" and x["model"] == self.model, x
        return rows[::-1]

    def lines(self, *args, n=1):
        return [x["line"] for x in self.rows(*args, n=n)]

    def denied(self, *args):
        rows = [x for x in self.rows(*args) if x["verdict"] == "denied"]
        assert all(x["exit"] is None for x in rows), rows
        return [x["line"] for x in rows]
