#!/usr/bin/env python3
"""Runs every test and closes with `N passed, N failed`.

A stage is one kind of test: style, unit, sanitized, policy, fuzz, integration, clients, fidelity.  Name stages or
parts of test names to run only those: `make check TESTS="unit denied"`.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import argparse
import concurrent.futures
import importlib.util
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from lib.fixture import Fixture, Skip  # noqa: E402

CLOSING = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", re.M)


class Tally:
    def __init__(self):
        self.passed, self.failures, self.skipped = 0, [], []

    def add(self, name, state, detail="", seconds=0.0):
        took = " (%.1f s)" % seconds if seconds >= 1 else ""
        if state == "ok":
            self.passed += 1
            print("ok      %s%s" % (name, took), flush=True)
        elif state == "skip":
            self.skipped.append(name)
            print("skip    %s: %s" % (name, detail), flush=True)
        else:
            self.failures.append(name)
            print("FAILED  %s%s\n%s" % (name, took, "\n".join("    " + x for x in detail.splitlines())), flush=True)


def run_program(tally, name, argv, timeout=900, **kw):
    """A test program that closes with the line itself, or one that passes by exiting 0."""
    began = time.monotonic()
    try:
        p = subprocess.run([str(x) for x in argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, timeout=timeout, **kw)
    except subprocess.TimeoutExpired as e:
        tally.add(name, "failed", "no end within %d s\n%s" % (timeout, (e.stdout or b"").decode("utf-8", "replace")[-2000:]))
        return
    text = p.stdout.decode("utf-8", "replace")
    seconds = time.monotonic() - began
    closing = CLOSING.findall(text)
    if not closing:
        tally.add(name, "ok" if p.returncode == 0 else "failed", text[-4000:], seconds)
        return
    passed, failed = int(closing[-1][0]), int(closing[-1][1])
    if p.returncode == 0 and failed == 0:
        tally.passed += passed
        print("ok      %s: %d (%.1f s)" % (name, passed, seconds), flush=True)
        return
    tally.passed += passed
    bad = re.findall(r"^(?:not ok|FAILED).*(?:\n[ #\t].*)*", text, re.M)
    tally.add(name, "failed", "\n".join(bad)[-4000:] or text[-4000:], seconds)
    tally.failures.extend([name] * (max(failed, 1) - 1))


def one(path, function, build, soak):
    """This process is one test; its state is the last line of standard output, as JSON."""
    path = pathlib.Path(path)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    t = Fixture(build, soak)
    state = ("ok", "")
    try:
        spec.loader.exec_module(module)
        getattr(module, function)(t)
    except Skip as e:
        state = ("skip", str(e))
    except BaseException:
        logs = ""
        for log in sorted(t.tmp.glob("*.log")) + sorted(t.tmp.glob("*/log")):
            if log.is_file():  # an approver has a folder of that name
                logs += "\n--- %s\n%s" % (log.name, log.read_text("utf-8", "replace")[-1500:])
        state = ("failed", traceback.format_exc()[-5000:] + logs)
    finally:
        t.finish()
    print(json.dumps(state), flush=True)
    os._exit(0)  # threads that a test left behind do not hold it up


def run_function(path, function, build, soak):
    """One test in a process of its own, so that nothing of it outlives it."""
    began = time.monotonic()
    child = subprocess.Popen([sys.executable, __file__, "--one", str(path), function, "--build", str(build)] +
                             (["--soak"] if soak else []), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             start_new_session=True)
    limit = 1800 if soak else 180
    try:
        out, _ = child.communicate(timeout=limit)
        state = json.loads(out.decode().strip().splitlines()[-1])
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        state = ("failed", "no end within %d s" % limit)
    except (ValueError, IndexError):
        state = ("failed", "the test's process died with %s" % child.returncode)
    return state[0], state[1], time.monotonic() - began


def functions_of(path, soak):
    text = path.read_text()
    for match in re.finditer(r'^def ((test|soak)_\w+)\(t\):\n\s+(r?"""|)', text, re.M):
        if match.group(2) == "soak" and not soak:
            continue
        if not match.group(3):
            raise SystemExit("%s: %s does not say what a user would lose" % (path, match.group(1)))
        yield match.group(1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    parser.add_argument("--soak", action="store_true")
    parser.add_argument("--jobs", type=int, default=int(os.environ.get("WHOSH_JOBS", "2")))
    parser.add_argument("--one", nargs=2)
    parser.add_argument("tests", nargs="*")
    args = parser.parse_args()
    if args.one:
        one(args.one[0], args.one[1], args.build, args.soak)
    root = HERE.parent
    build = (root / args.build).resolve() if not os.path.isabs(args.build) else pathlib.Path(args.build)
    os.chdir(root)
    tally = Tally()
    stages = {"style", "unit", "sanitized", "policy", "fuzz", "integration", "clients", "fidelity"}
    words = [w for w in args.tests if w not in stages]
    chosen = {w for w in args.tests if w in stages} or (stages if not words else {"unit", "integration", "clients", "fidelity"})
    wanted = lambda name: not words or any(w in name for w in words)  # noqa: E731
    began = time.monotonic()

    if "style" in chosen:
        run_program(tally, "style", [HERE / "lib" / "lint.sh"])
    if "unit" in chosen:
        for program in sorted((build / "unit").glob("test_*")):
            if program.suffix == "" and wanted(program.name):
                run_program(tally, "unit " + program.name, [program])
    if "sanitized" in chosen:
        sane = build / "san"
        run_program(tally, "sanitized build", ["make", "-s", "-j2", "SAN=1", "BUILD=%s" % sane, "all", "unit"])
        env = {**os.environ, "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0", "UBSAN_OPTIONS": "print_stacktrace=1"}
        for program in sorted((sane / "unit").glob("test_*")):
            if program.suffix == "":
                run_program(tally, "sanitized " + program.name, [program], env=env)
    if "policy" in chosen:
        for script in sorted((HERE / "policy").glob("*.py")):
            run_program(tally, "policy " + script.name, [sys.executable, script, "--build", build])
    if "fuzz" in chosen:
        seconds = os.environ.get("FUZZ_SECONDS", "3600") if args.soak else "3"
        run_program(tally, "fuzz build", ["make", "-s", "-j2", "BUILD=%s" % build, "fuzzers"])
        run_program(tally, "fuzz", [HERE / "fuzz" / "run.sh", build / "fuzz", seconds], timeout=86400)

    work = []
    for stage in ("integration", "clients", "fidelity"):
        if stage in chosen:
            for path in sorted((HERE / stage).glob("test_*.py")):
                work += [(stage, path, f) for f in functions_of(path, args.soak) if wanted("%s/%s.%s" % (stage, path.stem, f))]
    with concurrent.futures.ThreadPoolExecutor(max(1, args.jobs)) as pool:
        running = {pool.submit(run_function, path, f, build, args.soak): "%s %s.%s" % (stage, path.stem, f)
                   for stage, path, f in work}
        for done in concurrent.futures.as_completed(running):
            state, detail, seconds = done.result()
            tally.add(running[done], state, detail, seconds)

    print("\n%d s" % (time.monotonic() - began))
    for name in tally.failures:
        print("failed: " + name)
    skipped = ", %d skipped" % len(tally.skipped) if tally.skipped else ""
    print("%d passed, %d failed%s" % (tally.passed, len(tally.failures), skipped))
    return 1 if tally.failures or not tally.passed else 0


if __name__ == "__main__":
    sys.exit(main())
