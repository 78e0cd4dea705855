"""What a principal chain of three hops adds to a decision: kept from before, and seen for the first time.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import statistics
import subprocess
import time

from decisions import POLICY, cpu_seconds
from lib import chains, jose

FRESH = 3000  # chains that nobody has used before


def prepare(a, tokens):
    """A file with one chain, and one with FRESH of them that differ in their last hop."""
    first = chains.start(a, "orchestrator", "release")
    second = chains.add(a, first, tokens["orchestrator"], "orchestrator", "lead", tokens["lead"])
    claims = chains.claims(a, "lead", "worker", tokens["worker"], second)
    connection = a.connection()
    lines = []
    for _ in range(FRESH):
        now = int(time.time())
        hop = tokens["lead"].sign("whosh-hop+jwt", {**claims, "jti": jose.uuid7(), "iat": now})
        connection.request("POST", "/v1/delegations", body=hop)
        answer = connection.getresponse()
        assert answer.status == 201, answer.read()
        answer.read()
        lines.append(second + "~" + hop)
    return lines


def load(t, a, token, count, chains_file=None):
    """CPU of the approver for each decision (ms), and the wall time of one on one connection (ms)."""
    argv = [t.program("tests/bench/load"), "https://localhost:%d" % a.port, a.dir / "ca.pem", token, count, 1]
    process = t.spawn(argv + ([chains_file] if chains_file else []), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    before = cpu_seconds(a.process.pid)
    process.stdin.write(b"\n")
    process.stdin.flush()
    seconds = float(process.stdout.readline())
    assert process.wait() == 0
    return (cpu_seconds(a.process.pid) - before) * 1e3 / count, seconds * 1e3 / count


def measure(t, table):
    a = t.approver(policy=POLICY, name="chains")
    files = {name: a.agent(name) for name in ("orchestrator", "lead", "worker")}
    lines = prepare(a, {name: jose.Token(path) for name, path in files.items()})
    one, many = t.tmp / "one", t.tmp / "many"
    one.write_text(lines[0] + "\n")
    many.write_text("\n".join(lines) + "\n")
    load(t, a, files["worker"], 500)
    fresh = load(t, a, files["worker"], FRESH, many)
    # In turn, so that what else this machine does is the same for both.
    rounds = [(load(t, a, files["worker"], 1000), load(t, a, files["worker"], 1000, one)) for _ in range(7)]
    cpu, wall = (statistics.median(none[i] for none, _ in rounds) for i in (0, 1))
    kept = [statistics.median(with_[i] - none[i] for none, with_ in rounds) + (cpu, wall)[i] for i in (0, 1)]
    for what, (c, w), budget in (("kept", kept, 0.15), ("new", fresh, 1.0)):
        table.add("a three-hop chain (%s) adds" % what, "%.3f ms (CPU %.3f ms)" % (w - wall, c - cpu),
                  "a decision without: %.3f ms" % wall, None, "≤ %g ms" % budget, w - wall <= budget)
    a.stop()
