"""Durable, signed decisions a second and core, beside what Ed25519 alone allows there.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import os
import re
import subprocess

POLICY = {"version": 1, "default": "review", "rules": [
    {"name": "reads", "verdict": "approve", "commands": [["git", ["status", "diff", "log"], "**"], ["ls", "**"]]},
    {"name": "no-ddl", "verdict": "deny", "commands": [["psql", "**"]], "line_matches": "(?i)drop\\s+table"}]}


def ed25519_limit():
    """One verification and one signature a decision, by `openssl speed`."""
    out = subprocess.run(["openssl", "speed", "-seconds", "2", "ed25519"], stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout.decode()
    sign, verify = map(float, re.search(r"Ed25519\)\s+\S+s\s+\S+s\s+([\d.]+)\s+([\d.]+)", out).groups())
    return 1 / (1 / sign + 1 / verify)


def cpu_seconds(pid):
    fields = open("/proc/%d/stat" % pid).read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(t, table, count=20000, connections=64):
    a = t.approver(policy=POLICY, name="decisions")
    token = a.agent("load")
    load = t.spawn([t.program("tests/bench/load"), "https://localhost:%d" % a.port, a.dir / "ca.pem", token, count,
                    connections], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert load.stdout.readline() == b"ready\n"
    # Half of the limit before and half after: what else this machine does is then the same for both.
    limit = ed25519_limit()
    before = cpu_seconds(a.process.pid)
    load.stdin.write(b"\n")
    load.stdin.flush()
    seconds = float(load.stdout.readline())
    assert load.wait() == 0
    cpu = cpu_seconds(a.process.pid) - before
    limit = (limit + ed25519_limit()) / 2
    table.at_least("decisions a second and core", "%.0f (%.0f µs of CPU)" % (count / cpu, cpu * 1e6 / count),
                   "Ed25519 verify + sign: %.0f" % limit, count / cpu / limit, 0.7)
    table.add("decisions a second, %d connections" % connections, "%.0f" % (count / seconds), "client on the same cores")
    a.stop()
