"""Days gone by: records put into an approver's store before it is started, and the story that tests tell with them.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import json
import time

MINUTE, HOUR, DAY = 60000, 3600000, 86400000
CHAIN = [{"type": "human", "id": "alice", "authorized_at": "2026-11-02T08:00:00.000Z", "proof": "attested"},
         {"type": "agent", "id": "db-agent", "task": "keep the shop's database in order", "proof": "signed",
          "hop": "01930000-0000-7000-8000-0000000000aa", "authorized_at": "2026-11-02T08:00:00.000Z"}]
SESSION = "01930000-0000-7000-8000-000000000001"
EVERYDAY = ("git status", "git diff --stat", "make check", "grep -rn handler src", "ls -l", "git log --oneline")


def midnight(days_ago=0):
    """Local midnight so many days ago, ms."""
    t = time.localtime(time.time() - days_ago * 86400)
    return int(time.mktime((t.tm_year, t.tm_mon, t.tm_mday, 0, 0, 0, 0, 0, -1))) * 1000


def event(ms, kind, subject=None, /, **body):
    return {"event": kind, "ms": ms, **({"subject": subject} if subject else {}), "body": body}


def command(ts, line, **more):
    """A command of db-agent that a rule allowed and that ended well, unless said otherwise."""
    c = {"ts": ts, "agent": "db-agent", "agent_version": "2.3", "credential": "C" * 43, "session": SESSION,
         "human": "alice", "chain": json.dumps(CHAIN), "model": "anthropic/claude-opus@4.8",
         "task": "keep the shop's database in order", "user": "agent", "host": "db-1", "cwd": "/srv/shop", "line": line,
         "verdict": "approved", "cause": "policy", "rule": "everyday", "policy": "P" * 43, "reason": "covered by rule everyday",
         "decided": ts + 2, "started": ts + 4, "ended": ts + 1500, "outcome": "exited", "exit": 0}
    c.update(more)
    return {k: v for k, v in c.items() if v is not None}


def denied(ts, line, rule="no-ddl", **more):
    return command(ts, line, **{"verdict": "denied", "cause": "policy", "rule": rule, "reason": "denied by rule " + rule,
                                "started": None, "ended": None, "outcome": None, "exit": None, **more})


def reviewed(ts, line, by, after, **more):
    return command(ts, line, **{"cause": "review", "rule": "ask", "reviewers": json.dumps(by), "decided": ts + after,
                                "started": ts + after + 5, "ended": ts + after + 2000, **more})


def workdays(n, last=1, days=20):
    """n everyday commands between 08:00 and 19:00 local time, on the `days` days up to `last` days ago."""
    out = []
    for i in range(n):
        day = last + days - 1 - i * days // n
        within = i - (n * (last + days - 1 - day) + days - 1) // days
        out.append(command(midnight(day) + 8 * HOUR + within * 11 * HOUR * days // n, EVERYDAY[i % len(EVERYDAY)]))
    return out


def put(t, a, entries):
    """Into the store of an approver that does not serve; [(command ID, log index)] in order."""
    text = "".join(json.dumps(e) + "\n" for e in entries)
    r = t.run([t.program("tests/lib/past"), a.dir], stdin=text, timeout=300)
    assert r.code == 0, r
    return [(x.split()[0], int(x.split()[1])) for x in r.text.splitlines()]
