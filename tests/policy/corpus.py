#!/usr/bin/env python3
"""Lines against examples/policies/agent-dev.json: no trick is approved; few everyday lines are held up.

A user would lose the gate to a trick, or their patience to a policy that asks about everything.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import argparse
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
POLICY = HERE.parents[1] / "examples/policies/agent-dev.json"


def verdict(build, line):
    r = subprocess.run([build / "whoctl", "policy", "explain", POLICY, "--json", "--", line],
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert r.stdout, (line, r)
    answer = json.loads(r.stdout)
    return (answer[0] if isinstance(answer, list) else answer)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    build = pathlib.Path(parser.parse_args().build).resolve()
    tricks = (HERE / "tricks.txt").read_text().rstrip("\n").split("\n%%\n")
    everyday = (HERE / "everyday.txt").read_text().rstrip("\n").split("\n%%\n")
    passed = failed = 0
    assert len(tricks) >= 150 and len(everyday) >= 80, (len(tricks), len(everyday))
    for line in tricks:
        answer = verdict(build, line)
        if answer["verdict"] == "approve":
            failed += 1
            print("not ok trick approved: %r\n  %s" % (line, answer["reason"]))
        else:
            passed += 1
    held = [(x, a["reason"]) for x in everyday for a in [verdict(build, x)] if a["verdict"] != "approve"]
    for line, why in held:
        print("# held up: %r: %s" % (line, why))
    if len(held) * 10 < len(everyday):
        passed += 1
    else:
        failed += 1
        print("not ok %d of %d everyday lines are held up" % (len(held), len(everyday)))
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
