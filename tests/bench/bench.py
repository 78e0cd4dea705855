#!/usr/bin/env python3
"""Measures, never judges: each figure is a ratio of two commands run in turn.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import argparse
import pathlib
import pwd
import os
import shutil
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from lib.fixture import Fixture  # noqa: E402


def once(argv, env):
    began = time.perf_counter()
    subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return (time.perf_counter() - began) * 1000


def pair(name, argv, env, other, runs):
    a, b = [], []
    for _ in range(runs):
        a.append(once(argv, env))
        b.append(once(other, None))
    ma, mb = statistics.median(a[5:]), statistics.median(b[5:])
    print("%-44s %7.2f ms | %-22s %7.2f ms | ratio %.2f" % (name, ma, " ".join(other), mb, ma / mb))


def parallel(t, env, count):
    began = time.perf_counter()
    script = "for ((i = 0; i < %d; i++)); do %s -c true & done; wait" % (count, t.program("whosh"))
    subprocess.run(["bash", "-c", script], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - began
    print("%5d shells at once %26s %7.2f ms each" % (count, "", seconds * 1000 / count))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    parser.add_argument("--runs", type=int, default=100)
    args = parser.parse_args()
    t = Fixture(args.build)
    try:
        a = t.approver()
        token = a.agent("bench")
        b = t.broker(a, {pwd.getpwuid(os.geteuid()).pw_name: token})
        whosh = [t.program("whosh"), "-c", "true"]
        pair("whosh -c true, system broker, durable log", whosh, t.env(b), ["bash", "-c", "true"], args.runs)
        if shutil.which("sudo"):
            pair("whosh -c true, system broker, durable log", whosh, t.env(b), ["sudo", "-n", "true"], args.runs)
        pair("whosh -c true, private broker", whosh, t.env(a, token), ["bash", "-c", "true"], args.runs)
        for count in (1, 10, 100, 1000):
            parallel(t, t.env(b), count)
    finally:
        t.finish()


if __name__ == "__main__":
    main()
