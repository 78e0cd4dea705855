"""What the log costs: appends in groups of 100 and of one, beside an fdatasync of as many bytes, from 10,000 leaves to a million.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import json
import os
import pathlib
import shutil
import statistics
import tempfile
import time


def bare(folder, size, n=300):
    """The median of a write of `size` bytes into blocks that are there, and its fdatasync: ms."""
    fd = os.open(folder / "bare", os.O_RDWR | os.O_CREAT, 0o600)
    os.pwrite(fd, bytes(size * n), 0)
    os.fdatasync(fd)
    took = []
    for i in range(n):
        began = time.perf_counter()
        os.pwrite(fd, b"x" * size, i * size)
        os.fdatasync(fd)
        took.append((time.perf_counter() - began) * 1e3)
    os.close(fd)
    return statistics.median(took)


def measure(t, table):
    # Not in /tmp when that is memory: a sync costs nothing there.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="whosh-bench-", dir=t.build))
    t.cleanups.append(lambda: shutil.rmtree(folder, ignore_errors=True))

    def run(name, *args):
        r = t.run([t.program("tests/bench/bench_log"), folder / name, *args], timeout=600)
        assert r.code == 0, r
        return json.loads(r.out)
    group, one = bare(folder, 73000), bare(folder, 1000)
    first = None
    for leaves in (10000, 100000, 1000000):
        got = run("log-%d" % leaves, leaves)
        shutil.rmtree(folder / ("log-%d" % leaves))
        first = first or got["per_s"]
        table.add("append %d leaves, groups of 100" % leaves, "%.0f leaves/s" % got["per_s"],
                  "write and sync alone: %.0f/s" % (100e3 / group), got["per_s"] / first, "≥ 40000", got["per_s"] >= 40000)
    got = run("one", "one", 3000)
    table.add("append a group of one, p50", "%.3f ms" % got["p50_ms"], "write and sync alone: %.3f ms" % one,
              got["p50_ms"] / one)
    table.add("append a group of one, p99", "%.3f ms" % got["p99_ms"])
