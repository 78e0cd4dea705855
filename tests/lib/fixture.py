"""The fixture `t` that each black-box test is handed.

It starts real programs (whoshd, whosh-broker, whosh, whoctl, sshd …) in a temporary folder of the test's own,
on loopback, and ends every one of them by its pid when the test is over.

    def test_denied_line_does_not_run(t):
        \"\"\"A user would lose …\"\"\"
        a = t.approver(policy={...})
        token = a.agent("worker", owner="alice")
        r = t.whosh(a, token, "-c", "touch x")
        assert r.code == 126, r

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

from lib.approver import Approver
from lib.broker import Broker


class Skip(Exception):
    """The test cannot be run on this machine; the reason is printed."""


class Failed(AssertionError):
    pass


class Result:
    """How a program ended: code is negative for death by a signal, out and err are bytes."""

    def __init__(self, argv, code, out, err):
        self.argv, self.code, self.out, self.err = argv, code, out, err

    @property
    def text(self):
        return self.out.decode("utf-8", "replace")

    @property
    def errors(self):
        return self.err.decode("utf-8", "replace")

    def __repr__(self):
        return "exit %s\nargv %r\nout  %r\nerr  %r" % (self.code, self.argv, self.out[-2000:], self.err[-3000:])


APPROVE_ALL = {"version": 1, "default": "deny", "rules": [
    {"name": "all", "verdict": "approve", "commands": [["**"]]}]}


class Fixture:
    def __init__(self, build, soak=False):
        self.build = pathlib.Path(build).resolve()
        self.source = pathlib.Path(__file__).resolve().parents[2]
        self.soak = soak
        self.tmp = pathlib.Path(tempfile.mkdtemp(prefix="whosh-test-"))
        self.tmp.chmod(0o755)
        self.processes = []
        self.cleanups = []
        self.root = os.geteuid() == 0

    # ── programs ───────────────────────────────────────────────────────────────────────────────────────
    def program(self, name):
        return str(self.build / name)

    def spawn(self, argv, **kw):
        """Start a process that the fixture ends. stdout and stderr default to files under tmp."""
        argv = [x if isinstance(x, bytes) else str(x) for x in argv]
        kw.setdefault("stdin", subprocess.DEVNULL)
        process = subprocess.Popen(argv, **kw)
        self.processes.append(process)
        return process

    def run(self, argv, stdin=b"", timeout=60, **kw):
        """Run to its end; a Result. Its whole process group is killed when it takes too long."""
        argv = [x if isinstance(x, bytes) else str(x) for x in argv]
        if isinstance(stdin, str):
            stdin = stdin.encode()
        give = {"stdin": subprocess.PIPE} if isinstance(stdin, bytes) else {"stdin": stdin}
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   start_new_session=True, **give, **kw)
        self.processes.append(process)
        try:
            out, err = process.communicate(stdin if isinstance(stdin, bytes) else None, timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            raise Failed("took longer than %d s: %r\n%r\n%r" % (timeout, argv, out[-2000:], err[-2000:]))
        self.processes.remove(process)
        return Result(argv, process.returncode, out, err)

    # ── whosh and its world ────────────────────────────────────────────────────────────────────────────
    def approver(self, policy=APPROVE_ALL, name="approver", start=True, init=(), serve=(), **kw):
        a = Approver(self, self.tmp / name, policy, init, serve, **kw)
        if start:
            a.start()
        return a

    def broker(self, a, credentials, name="broker", **kw):
        """A system broker; credentials: {user name: token path}."""
        return Broker(self, a, credentials, self.tmp / name, **kw)

    def env(self, a=None, token=None, **extra):
        """A clean environment that names the approver's client.conf (or a broker's) and the token."""
        env = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": str(self.tmp), "LANG": "C.UTF-8"}
        if a is not None:
            env["WHOSH_CONFIG"] = str(a.conf)
        if token is not None:
            env["WHOSH_TOKEN_FILE"] = str(token)
        for key, value in extra.items():
            if value is None:
                env.pop(key, None)
            else:
                env[key] = str(value)
        return env

    def whosh(self, a, token, *args, env=None, stdin=b"", timeout=60, **kw):
        return self.run([self.program("whosh"), *args], stdin=stdin, timeout=timeout,
                        env=self.env(a, token, **(env or {})), **{"cwd": self.tmp, **kw})

    def whosh_start(self, a, token, *args, env=None, **kw):
        """As whosh, but returns the running Popen (pipes for stdout and stderr)."""
        kw.setdefault("stdout", subprocess.PIPE)
        kw.setdefault("stderr", subprocess.PIPE)
        return self.spawn([self.program("whosh"), *args], env=self.env(a, token, **(env or {})),
                          **{"cwd": self.tmp, **kw})

    # ── waiting ────────────────────────────────────────────────────────────────────────────────────────
    def eventually(self, fn, what="it", timeout=20.0):
        """Call fn until it returns something true; that is returned."""
        end = time.monotonic() + timeout
        while True:
            value = fn()
            if value:
                return value
            if time.monotonic() > end:
                raise Failed("%s did not happen within %g s" % (what, timeout))
            time.sleep(0.02)  # between two looks at an event that nothing announces

    def read_line_matching(self, path, pattern, timeout=20.0, process=None):
        """Wait until a log file has a line matching the pattern; the match."""
        def look():
            try:
                text = pathlib.Path(path).read_text("utf-8", "replace")
            except FileNotFoundError:
                text = ""
            found = re.search(pattern, text, re.M)
            if not found and process is not None and process.poll() is not None:
                raise Failed("%r ended with %s:\n%s" % (process.args, process.returncode, text[-3000:]))
            return found
        return self.eventually(look, "a line %r in %s" % (pattern, path), timeout)

    def skip(self, why):
        raise Skip(why)

    def need(self, *programs):
        path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
        for p in programs:
            if not shutil.which(p, path=path):
                self.skip(p + " is not installed")

    def need_root(self):
        if not self.root:
            self.skip("needs root")

    def json(self, name, value):
        path = self.tmp / name
        path.write_text(json.dumps(value))
        return path

    def finish(self):
        for fn in reversed(self.cleanups):
            try:
                fn()
            except Exception as e:  # the next clean-up must still run
                print("# clean-up: %s" % e)
        for process in reversed(self.processes):
            if process.poll() is None:
                process.terminate()
        for process in reversed(self.processes):
            try:
                process.wait(3)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe:
                    pipe.close()
        if os.environ.get("WHOSH_KEEP"):
            print("# kept " + str(self.tmp))
        else:
            shutil.rmtree(self.tmp, ignore_errors=True)
