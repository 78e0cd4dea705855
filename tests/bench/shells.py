"""What one shell costs: whosh beside sudo, bash, and a program that speaks HTTPS itself.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import os
import pwd
import shutil
import statistics
import subprocess
import time

from lib import bare, jose

WARM_UP = 5


def pair(t, env, a, b, runs):
    """(median ms of a, median ms of b, median of the ratios)."""
    out = subprocess.run([t.program("tests/bench/pair"), str(runs + WARM_UP), *a, "--", *b], env=env, check=True,
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE).stdout.decode()
    times = [tuple(map(float, line.split())) for line in out.splitlines()][WARM_UP:]
    return (statistics.median(x for x, _ in times), statistics.median(y for _, y in times),
            statistics.median(x / y for x, y in times))


def ms(value):
    return "%.2f ms" % value


def system_broker(t, table, env, runs):
    whosh = [t.program("whosh"), "-c", "true"]
    a, b, ratio = pair(t, env, whosh, ["bash", "-c", "true"], runs)
    table.add("whosh -c true, system broker", ms(a), "bash -c true %s" % ms(b), ratio)
    if not shutil.which("sudo"):
        print("  (no sudo here: its pair is left out)")
        return
    a, b, ratio = pair(t, env, whosh, ["sudo", "-n", "true"], runs)
    table.at_most("whosh -c true, system broker", ms(a), "sudo -n true %s" % ms(b), ratio, 0.8)


def private_broker(t, table, a, token, runs):
    """Beside fresh_curl: the same two requests to the same approver, without identity, check or record of its own."""
    folder = t.tmp / "bodies"
    folder.mkdir()
    key = bare.enrol(a, "floor")
    for i in range(runs + WARM_UP):
        jws = key.command("true")
        claims = {"jti": jose.uuid7(), "iat": int(time.time()), "aud": key.data["aud"], "sub": "floor",
                  "command": bare.jti(jws), "command_s256": jose.s256(jws), "outcome": "exited", "exit": 0,
                  "started": 1, "ended": 2}
        (folder / ("%d.command" % i)).write_text(jws)
        (folder / ("%d.outcome" % i)).write_text(key.sign("whosh-outcome+jwt", claims))
        (folder / ("%d.id" % i)).write_text(bare.jti(jws))
    env = t.env(a, token)
    one, floor, ratio = pair(t, env, [t.program("whosh"), "-c", "true"],
                             [t.program("tests/bench/fresh_curl"), "https://localhost:%d" % a.port, str(a.dir / "ca.pem"),
                              str(folder), "{}"], runs)
    table.at_most("whosh -c true, private broker", ms(one), "libcurl POST, dash, POST %s" % ms(floor), ratio, 1.15)


def session_lines(t, table, b, runs):
    """What a session's line costs in all but its shell: the same request and outcome, and no new process."""
    lines = subprocess.run([t.program("tests/bench/session_lines"), b.socket, str(10 * runs)], check=True,
                           stdout=subprocess.PIPE).stdout.split()
    permit, done, line = (float(x) / 1000 for x in lines)
    fresh, _, _ = pair(t, t.env(b), [t.program("whosh"), "-c", "true"], ["bash", "-c", "true"], runs)
    table.add("a session's line, without its shell", "%s (%.2f + %.2f)" % (ms(line), permit, done),
              "whosh -c true %s" % ms(fresh), line / fresh)


def growth(t, table, env):
    """Many shells at once, each its own process."""
    script = "for ((i = 0; i < $1; i++)); do \"$2\" -c true & done; wait"
    before = None
    for count in (1, 10, 100, 1000):
        seconds = {}
        for shell in (t.program("whosh"), "bash"):
            best = None
            for _ in range(3 if count < 1000 else 1):
                began = time.perf_counter()
                subprocess.run(["bash", "-c", script, "bench", str(count), shell], env=env, check=True,
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
                took = time.perf_counter() - began
                best = took if best is None else min(best, took)
            seconds[shell] = best
        each = seconds[t.program("whosh")] * 1000 / count
        floor = seconds["bash"] * 1000 / count
        table.add("%d shells at once, each" % count, ms(each), "bash -c true %s" % ms(floor), each / floor,
                  "" if before is None else "before %.2f" % before)
        before = each


def measure(t, table, runs):
    a = t.approver()
    token = a.agent("bench")
    b = t.broker(a, {pwd.getpwuid(os.geteuid()).pw_name: token})
    system_broker(t, table, t.env(b), runs)
    session_lines(t, table, b, runs)
    private_broker(t, table, a, token, runs)
    growth(t, table, t.env(b))
    b.stop()
    a.stop()
