"""How long a kill takes on one host: from its arrival at the broker to the end of the last process.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import subprocess
import time

from lib.killing import alive, pids_in, world

COMMANDS = 200


def one(t, name, line, budget, table):
    """COMMANDS commands of that line are killed at once."""
    fake, conf, token = world(t, name=name.replace(" ", "-"))
    shells = [t.whosh_start(conf, token, "-c", line + "; : %d" % k, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
              for k in range(COMMANDS)]
    pids = pids_in(t, t.tmp / "pids", COMMANDS)
    commands = [fake.command(line + "; : %d" % k) for k in range(COMMANDS)]
    for command in commands:
        fake.named(command)
    began = time.perf_counter()
    fake.kill(*commands)
    while any(alive(x) for x in pids):
        time.sleep(0.002)
    took = (time.perf_counter() - began) * 1000
    table.at_most("a kill reaches %d running commands, %s" % (COMMANDS, name), "%.0f ms" % took, "2,000 ms", took / 2000, budget)
    for shell in shells:
        shell.wait(20)
    (t.tmp / "pids").unlink()
    conf.stop()


def measure(t, table):
    one(t, "plain", "echo $$ >> pids; sleep 600", 1, table)
    one(t, "ignoring SIGTERM", "trap '' TERM; echo $$ >> pids; sleep 600", 1, table)
