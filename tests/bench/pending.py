"""What commands that wait for a person cost the approver, and how fast they learn.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import resource
import ssl
import time

from lib import bare

BROKERS = 20


def resident_mb(a):
    return bare.resident_kb(a) / 1024


def waiting(t, name, count):
    a = t.approver(policy={"version": 1, "rules": []}, name=name)
    commands = bare.queued(a, bare.enrol(a), count)
    return a, commands, ssl.create_default_context(cafile=str(a.dir / "ca.pem"))


def woken_ms(a, poll, jws):
    """From the reviewer's click to the answer at the one that waits."""
    began = time.monotonic()
    assert bare.review(a, jws, "approve")[0] == 200
    assert poll.recv(12).startswith(b"HTTP/1.1 200")
    return (time.monotonic() - began) * 1000


def behind_brokers(t, table, count):
    a, commands, context = waiting(t, "brokers", count)
    chunks = [commands[k::BROKERS] for k in range(BROKERS)]
    polls = [bare.open_poll(a, context, x, wait_s=55) for x in chunks]
    t.eventually(lambda: bare.polls_open(a, BROKERS), "the polls to wait")
    mb = resident_mb(a)
    table.add("%d pending behind %d brokers" % (count, BROKERS), "%.0f MB" % mb, "", None, "≤ 60 MB", mb <= 60)
    ms = max(woken_ms(a, s, x[0]) for s, x in zip(polls, chunks))
    table.add("approved, until its broker knows", "%.0f ms" % ms, "the slowest of %d" % BROKERS, None, "≤ 1 s", ms <= 1000)
    a.stop()


def as_connections(t, table, count):
    a, commands, context = waiting(t, "connections", count)
    polls = [bare.open_poll(a, context, [x], wait_s=55) for x in commands]
    t.eventually(lambda: bare.polls_open(a, count), "the polls to wait", 30)
    mb = resident_mb(a)
    table.add("%d pending as %d connections" % (count, count), "%.0f MB" % mb, "", None, "≤ 500 MB", mb <= 500)
    ms = max(woken_ms(a, polls[k], commands[k]) for k in range(0, count, count // 20))
    table.add("approved, until its shell knows", "%.0f ms" % ms, "the slowest of 20", None, "≤ 1 s", ms <= 1000)
    a.stop()
    for s in polls:
        s.close()


def measure(t, table, count=10000):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    behind_brokers(t, table, count)
    as_connections(t, table, count)
