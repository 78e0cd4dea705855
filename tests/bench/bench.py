#!/usr/bin/env python3
"""Measures, never judges: every figure stands beside another of the same run, and beside its budget.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import argparse
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]
import chain_cost  # noqa: E402
import decisions  # noqa: E402
import kill  # noqa: E402
import log_append  # noqa: E402
import pending  # noqa: E402
import sessions  # noqa: E402
import shells  # noqa: E402
import verify  # noqa: E402
from lib.fixture import Fixture  # noqa: E402
from table import Table  # noqa: E402

PARTS = {"shells": lambda t, table, runs: shells.measure(t, table, runs),
         "sessions": lambda t, table, runs: sessions.measure(t, table, runs),
         "decisions": lambda t, table, runs: decisions.measure(t, table),
         "chains": lambda t, table, runs: chain_cost.measure(t, table),
         "pending": lambda t, table, runs: pending.measure(t, table),
         "kill": lambda t, table, runs: kill.measure(t, table),
         "log": lambda t, table, runs: log_append.measure(t, table),
         "verify": lambda t, table, runs: verify.measure(t, table)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--markdown", type=pathlib.Path)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []])
    args = parser.parse_args()
    table = Table()
    for name in args.parts or PARTS:
        t = Fixture(args.build)
        print("%s:" % name)
        try:
            PARTS[name](t, table, args.runs)
        finally:
            t.finish()
    print("who, over 1,000,000 commands: %s/tests/bench/bench_store" % args.build)
    if args.json:
        args.json.write_text(table.json())
    if args.markdown:
        args.markdown.write_text(table.markdown())


if __name__ == "__main__":
    main()
