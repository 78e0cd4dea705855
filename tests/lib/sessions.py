"""Sessions of a real whosh: an approver and a broker around them, and lines put in one by one.

    a, b, _ = around(t)                    # denies "forbidden", leaves "careful" to a person, approves the rest
    s = Live(t, b)
    s.line("x=1"); assert s.ask("echo $x") == "1"
    r = s.end()                            # end of input; a Result

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import json
import os
import subprocess

from lib.fixture import Result
from lib.killing import ME
from lib.reviewer import Reviewer

POLICY = {"version": 1, "default": "review", "rules": [
    {"name": "careful", "verdict": "review", "commands": [["**"]], "line_matches": "careful"},
    {"name": "all", "verdict": "approve", "commands": [["**"]]}]}


class Holding(Reviewer):
    """Leaves what holds the word "careful" for the test to decide, denies "forbidden", approves the rest at once."""

    def decide(self, record):
        if "careful" in json.dumps(record):
            self.seen.append(record)
        else:
            super().decide(record)


def around(t, system=True, name="", conf="", policy=POLICY):
    """(approver, whosh's configuration, token); with a system broker, or private ones."""
    rules = [{"name": "no", "verdict": "deny", "commands": [["**"]], "line_matches": "forbidden"}] + policy["rules"]
    a = t.approver(name="approver" + name, policy={**policy, "rules": rules})
    a.reviewer = Holding(a, deny="forbidden")
    token = a.agent("worker")
    if system:
        return a, t.broker(a, {ME: token}, name="broker" + name, conf=conf), None
    with open(a.conf, "a") as f:
        f.write(conf + "\n")
    return a, a, token


class Live:
    """One session, with its standard input in the test's hands."""

    def __init__(self, t, conf, token=None, *args, **kw):
        self.t = t
        self.process = t.whosh_start(conf, token, *args, stdin=subprocess.PIPE, **kw)
        self.pid = self.process.pid
        self.number, self.before = 0, b""

    def line(self, text):
        """Put a line in, and wait for nothing; a session that has ended takes none."""
        try:
            os.write(self.process.stdin.fileno(), (text.encode() if isinstance(text, str) else text) + b"\n")
        except BrokenPipeError:
            pass
        return self

    def read(self):
        """The next line of its standard output; None at its end."""
        got = self.process.stdout.readline()
        self.before += got
        return got.decode().rstrip("\n") if got else None

    def ask(self, text):
        self.line(text)
        return self.read()

    @property
    def bash(self):
        """The pid of its bash."""
        return int(self.ask("echo $$"))

    def end(self, timeout=20):
        """Close its input and wait for its end."""
        try:
            out, err = self.process.communicate(timeout=timeout)
        except BrokenPipeError:
            out, err = self.process.stdout.read(), self.process.stderr.read()
            self.process.wait(timeout)
        return Result(self.process.args, self.process.returncode, self.before + out, err)


def careful(t, a):
    """Wait until a line with that word waits for a person; its record."""
    return t.eventually(lambda: [x for x in a.json("pending") if "careful" in json.dumps(x)], "a careful line")[0]


def lines(a):
    """What the log has, oldest first: [(line, verdict, outcome, exit)]."""
    return [(x["line"].rstrip("\n"), x["verdict"], x["outcome"], x["exit"]) for x in reversed(a.who("--limit", "5000"))]


def ended(t, a, line):
    """Wait until that line has ended; its record."""
    def look():
        found = [x for x in a.who() if x["line"].rstrip("\n") == line and x["outcome"]]
        return found and found[0]
    return t.eventually(look, "the end of %r" % line)
