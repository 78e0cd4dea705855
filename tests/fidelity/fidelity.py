#!/usr/bin/python3
"""Runs snippets of shell under bash and under whosh, in every way a shell is called, and compares.

What must be equal: standard output, standard error, the exit status or the signal, and, where the snippet is standard
input, how much of it was left unread.  On standard input bash's messages name a line; whosh's may name another.

By hand, with a folder of built programs:

    tests/fidelity/fidelity.py --build build [--mode c|file|stdin|seek] [NAME…]   NAME: a part of a name or of a file's
    tests/fidelity/fidelity.py --self [NAME…]     bash beside bash: a snippet on which it differs from itself is no good

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import argparse
import concurrent.futures
import difflib
import getpass
import multiprocessing
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

if __name__ == "__main__":
    sys.path[0] = str(pathlib.Path(__file__).resolve().parents[1])
from fidelity import snippets  # noqa: E402
from lib.fake import Fake  # noqa: E402
from lib.fixture import Fixture  # noqa: E402

LIMIT = 20  # seconds for one run
# What a snippet that reads is given where it is not itself standard input.
INPUT = b"first line of input\nsecond line\n\tthird \\ line\nfourth\nlast, without newline"


class World:
    """An approver that approves everything at once, and one broker of the system.

    A real approver's policy approves no eval, trap or source by a pattern, and what a person approves takes the
    broker's time to gather (live.c), 0.2 s a line; so it is the one in lib/fake.py, whose permits are real.
    """

    def __init__(self, t):
        fake = Fake(t, t.approver(start=False)).approve_all()
        initialised = fake.a
        token = self.enrol(t, initialised)
        initialised.conf = fake.conf
        self.broker = t.broker(initialised, {getpass.getuser(): token})
        self.shell = t.program("whosh")

    @staticmethod
    def enrol(t, a):
        """A credential, from a real approver that runs for just this."""
        a.start()
        token = a.agent("worker")
        a.stop()
        return token


class Runner:
    """A folder in which one run after another finds the same world, empty."""

    def __init__(self, folder, shell, conf):
        self.folder, self.shell = folder, shell
        self.cwd, self.script, self.typed = folder / "cwd", folder / "script", folder / "typed"
        folder.mkdir(parents=True, exist_ok=True)
        # The identity that whosh adds is there already, so that the number of variables is the same.
        self.env = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": str(folder / "cwd"), "LANG": "C.UTF-8",
                    "SHELL": str(shell), "LOGNAME": "worker", "USER": "worker", "TERM": "dumb"}
        if conf:
            self.env["WHOSH_CONFIG"] = str(conf)

    def empty(self):
        """A new working directory, whatever the last run has left in it."""
        if self.cwd.exists():
            if any(self.cwd.iterdir()):
                subprocess.run(["chmod", "-R", "u+rwx", self.cwd], check=True)
            shutil.rmtree(self.cwd)
        self.cwd.mkdir()

    def argv(self, program, snippet, mode):
        argv = [program, *snippet.options]
        if mode == "c":
            return argv + ["-c", snippet.text, *(["zero"] + snippet.arguments if snippet.arguments else [])]
        if mode == "file":
            return argv + ["../script", *snippet.arguments]
        return argv + (["-s", *snippet.arguments] if snippet.arguments else [])

    def run(self, program, snippet, mode):
        """(status, standard output, standard error, what was left of standard input)."""
        self.empty()
        data = INPUT
        if mode == "file":
            self.script.write_bytes(snippet.text)
        elif mode != "c":
            data = snippet.text
        if mode == "seek":
            self.typed.write_bytes(data)
            ours = os.open(self.typed, os.O_RDONLY)
            writer = None
        else:
            ours, there = os.pipe()
            writer = feed(there, data)
        process = subprocess.Popen(self.argv(program, snippet, mode), stdin=ours, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   cwd=self.cwd, env=self.env, start_new_session=True)
        try:
            out, err = process.communicate(timeout=LIMIT)
            status = process.returncode
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            status = "no end within %d s" % LIMIT
        try:
            os.killpg(process.pid, signal.SIGKILL)  # what it left in the background
        except ProcessLookupError:
            pass
        left = drain(ours)
        if writer:
            writer.join()
        if mode in ("stdin", "seek"):
            err = re.sub(rb"^bash: line \d+:", b"bash: line N:", err, flags=re.M)
        return status, out, err, left if mode in ("stdin", "seek") else b""

    def compare(self, snippet, mode):
        """None, or the difference for people to read."""
        theirs = self.run("bash", snippet, mode)
        ours = self.run(self.shell, snippet, mode)
        return None if ours == theirs else describe(snippet, mode, theirs, ours)


def feed(fd, data):
    """Fill the pipe, so that whoever looks at it finds the same; a thread for what it does not hold yet."""
    os.set_blocking(fd, False)
    done = os.write(fd, data) if data else 0
    os.set_blocking(fd, True)
    if done == len(data):
        os.close(fd)
        return None
    writer = threading.Thread(target=feed_rest, args=(fd, memoryview(data)[done:]))
    writer.start()
    return writer


def feed_rest(fd, view):
    with open(fd, "wb", buffering=0) as pipe:
        while view:
            view = view[pipe.write(view):]


def drain(fd):
    data = b""
    while True:
        chunk = os.read(fd, 65536)
        if not chunk:
            os.close(fd)
            return data
        data += chunk


def describe(snippet, mode, theirs, ours, most=14):
    lines = ["%s: %s, as %s" % (snippet.where, snippet.name, mode)]
    if theirs[0] != ours[0]:
        lines.append("  status: bash %s, whosh %s" % (theirs[0], ours[0]))
    for name, a, b in zip(("stdout", "stderr", "unread"), theirs[1:], ours[1:]):
        if a != b:
            lines.append("  %s: bash -, whosh +" % name)
            texts = [ascii(x)[2:-1].replace("\\n", "\\n\n").splitlines() for x in (a[:20000], b[:20000])]
            lines += ["    " + x[:160] for x in list(difflib.unified_diff(*texts, lineterm="", n=1))[2:]]
    return "\n".join(lines[:most] + (["    …"] if len(lines) > most else []))


runner = None


def start_worker(folder, shell, conf):
    global runner
    runner = Runner(folder / ("worker-%d" % os.getpid()), shell, conf)


def work(job):
    return job[0].name, job[1], runner.compare(*job)


def compare_all(chosen, modes, folder, shell, conf, workers=2):
    """[(name, mode, difference)] of all that differ, and how many runs there were in each mode."""
    jobs = [(s, m) for s in chosen for m in s.modes() if m in modes]
    counts = {m: sum(j[1] == m for j in jobs) for m in modes}
    with concurrent.futures.ProcessPoolExecutor(workers, multiprocessing.get_context("fork"), start_worker,
                                                (folder, shell, conf)) as pool:
        results = list(pool.map(work, jobs, chunksize=4))
    return [r for r in results if r[2]], counts


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    parser.add_argument("--self", action="store_true", dest="alone")
    parser.add_argument("--mode", action="append", choices=snippets.MODES)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    modes = args.mode or list(snippets.MODES)
    chosen = [s for s in snippets.read_all() if not args.names or any(n in s.name or n in s.where for n in args.names)]
    began = time.monotonic()
    t = Fixture(args.build)
    try:
        world = None if args.alone else World(t)
        different, counts = compare_all(chosen, modes, t.tmp / "run", world.shell if world else "bash",
                                        world and world.broker.conf, args.jobs)
    finally:
        t.finish()
    for _, _, text in different:
        print(text)
    for mode in modes:
        print("%-5s %d of %d identical" % (mode, counts[mode] - sum(d[1] == mode for d in different), counts[mode]))
    print("%d snippets, %.0f s" % (len(chosen), time.monotonic() - began))
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
