"""A person at a terminal, who waits for what each key brings; and the same dialogue with bash and with whosh.

    w = Alike(t)
    w.same(talk)        # def talk(x): x.line("echo hello"); x.leave("exit 3\\n")

Every byte on the terminal must be the same, from the first prompt that is set alike to the end, and the status.
Numbers of processes may differ.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import difflib
import errno
import fcntl
import os
import re
import select
import struct
import subprocess
import termios
import time

from lib import jose
from lib.fake import Fake
from lib.fixture import Failed
from lib.sides import me

PS = "@@ "
PIDS = re.compile(rb"(?<=\[\d\] )\d+|(?<=process group )\d+|(?<=job \d\[)\d+|(?<=\[\d\][+-] ) *\d+(?= (Running|Stopped))")


class Terminal:
    def __init__(self, t, argv, env, cwd, executable=None, echo=True, rows=24, columns=80, controlling=True):
        self.ours, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        if not echo:
            modes = termios.tcgetattr(theirs)
            modes[3] &= ~termios.ECHO
            termios.tcsetattr(theirs, termios.TCSANOW, modes)
        self.all = b""

        def lead():
            os.setsid()
            if controlling:
                fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        self.process = t.spawn(argv, stdin=theirs, stdout=theirs, stderr=theirs, env=env, cwd=cwd, executable=executable, preexec_fn=lead)
        os.close(theirs)
        t.cleanups.append(lambda: os.close(self.ours))

    def type(self, text):
        os.write(self.ours, text.encode() if isinstance(text, str) else text)

    def until(self, text, timeout=20):
        """All that is shown up to and with a text, since the last call; None for the text: up to the end."""
        text = text.encode() if isinstance(text, str) else text
        end = time.monotonic() + timeout
        while text is None or text not in self.all:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.ours], [], [], left)[0]:
                raise Failed("%r was not shown, but %r" % (text, self.all))
            try:
                data = os.read(self.ours, 65536)
            except OSError as e:
                data = b""
                if e.errno != errno.EIO:
                    raise
            if not data:
                if text is None:
                    break
                raise Failed("%r was not shown, but this and then the end: %r" % (text, self.all))
            self.all += data
        at = len(self.all) if text is None else self.all.index(text) + len(text)
        shown, self.all = self.all[:at], self.all[at:]
        return shown

    def prompt(self, timeout=20):
        """Until what looks like a prompt is the last that is shown."""
        end = time.monotonic() + timeout
        while not self.all.endswith((b"$ ", b"# ", b"> ")):
            if not select.select([self.ours], [], [], max(0, end - time.monotonic()))[0]:
                raise Failed("no prompt, but %r" % self.all)
            self.all += os.read(self.ours, 65536)
        shown, self.all = self.all, b""
        return shown

    def end(self, timeout=20):
        """What is shown until the program is over, and its status."""
        shown = self.until(None, timeout)
        return shown, self.process.wait(timeout)


class Typist(Terminal):
    def __init__(self, t, argv, env, cwd=None, name=None, **kw):
        """name: argv[0], where it is another than the program."""
        super().__init__(t, [name or argv[0], *argv[1:]], {"TERM": "xterm", **env}, cwd or t.tmp, executable=argv[0], **kw)
        self.t, self.seen, self.gone = t, b"", False
        number = struct.unpack("I", fcntl.ioctl(self.ours, 0x80045430, b"\0\0\0\0"))[0]
        self.path = "/dev/pts/%d" % number

    # ── what a person does ─────────────────────────────────────────────────────────────────────────────
    def type(self, text):
        super().type(text.replace("\n", "\r") if isinstance(text, str) else text)  # as the key that ends a line does

    def line(self, text, prompt=PS):
        """A line, to the next prompt; what was shown between the two."""
        self.type(text + "\n")
        self.wait(text + "\r\n")
        shown = self.wait(prompt)
        self.idle()
        return shown[:-len(prompt)].decode("utf-8", "replace")

    def keys(self, keys, *wanted):
        """What each key brings; without a text to wait for, until all are taken."""
        self.type(keys)
        shown = self.wait(*wanted)
        self.idle()
        return shown

    def resize(self, rows, columns):
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def hang_up(self):
        os.close(self.ours)
        self.ours, self.gone = os.open("/dev/null", os.O_RDONLY), True

    def leave(self, keys):
        """The last that is typed; the status it ends with."""
        self.type(keys)
        return self.over()

    # ── what a person sees ─────────────────────────────────────────────────────────────────────────────
    def read(self, timeout):
        if self.gone or not select.select([self.ours], [], [], timeout)[0]:
            return
        try:
            data = os.read(self.ours, 65536)
        except OSError:
            data = b""
        self.gone = not data
        self.seen += data
        self.all += data

    def wait(self, *wanted, timeout=20.0):
        """Until each has come, one after the other (text, or a compiled expression); all up to the last one's end."""
        passed = b""
        for what in wanted:
            pattern = what if isinstance(what, re.Pattern) else re.compile(re.escape(what.encode()))
            end = time.monotonic() + timeout
            while not (found := pattern.search(self.all)):
                left = end - time.monotonic()
                if left <= 0 or self.gone:
                    raise Failed("no %r on the terminal%s, but %r after %r" % (
                        what, ", which has gone" if self.gone else "", self.all[-2000:],
                        self.seen[:len(self.seen) - len(self.all)][-1000:]))
                self.read(left)
            passed += self.all[:found.end()]
            self.all = self.all[found.end():]
        return passed

    def over(self, timeout=20.0):
        """Until the terminal has gone, and the status."""
        end = time.monotonic() + timeout
        while not self.gone and time.monotonic() < end and self.process.poll() is None:
            self.read(0.1)
        while select.select([self.ours], [], [], 0)[0] and not self.gone:
            self.read(0)
        try:
            return self.process.wait(max(0.1, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise Failed("the shell has not ended; the terminal's last: %r" % self.seen[-2000:])

    def in_front(self, name):
        """Until that program has the terminal: before it has, Ctrl-C would reach the shell, or nobody."""
        def look():
            try:
                with open("/proc/%d/comm" % os.tcgetpgrp(self.ours)) as f:
                    return f.read().strip() == name
            except (FileNotFoundError, ProcessLookupError):
                return False
        self.t.eventually(look, name + " in front")

    def without(self, name):
        """Until the shell at whose prompt one is has no child of that name any more."""
        def look():
            shell = os.tcgetpgrp(self.ours)
            with open("/proc/%d/task/%d/children" % (shell, shell)) as f:
                children = f.read().split()
            for child in children:
                try:
                    with open("/proc/%s/stat" % child) as f:
                        if "(%s) Z" % name not in (stat := f.read()) and "(%s)" % name in stat:
                            return False
                except FileNotFoundError:
                    pass
            return True
        self.t.eventually(look, "the end of %s below the shell" % name)

    def idle(self):
        """Until whoever has the terminal waits for input: a Ctrl-C just before is lost, in bash too."""
        seen = []

        def look():
            try:
                with open("/proc/%d/stat" % os.tcgetpgrp(self.ours)) as f:
                    seen.append(f.read().rpartition(")")[2].split()[0] == "S" and not self.typed())
            except (FileNotFoundError, ProcessLookupError):
                return False
            self.read(0)
            return seen[-2:] == [True, True]
        self.t.eventually(look, "a shell that waits; the terminal's last: %r" % self.seen[-500:], 5)

    def typed(self):
        """How many bytes it has not read yet."""
        fd = os.open(self.path, os.O_RDWR | os.O_NOCTTY)
        try:
            return struct.unpack("i", fcntl.ioctl(fd, termios.FIONREAD, b"\0\0\0\0"))[0]
        finally:
            os.close(fd)


class Alike:
    """An approver that approves all, so that both sides only differ in what they are."""

    def __init__(self, t):
        a = t.approver()
        token = a.agent("worker")
        a.stop()
        self.t, self.fake = t, Fake(t, a).approve_all()
        a.conf = self.fake.conf
        self.broker = t.broker(a, {me(): token})
        self.home = t.tmp / "home"
        self.home.mkdir()

    def env(self, **extra):
        return self.t.env(self.broker, **{"HOME": self.home, "HISTFILE": "/dev/null", **extra})

    def bash(self, env=(), name="bash", prompt=True, args=("-i",), **kw):
        x = Typist(self.t, ["/bin/bash", "--norc", "--noprofile", *args], self.env(**dict(env)), name=name, **kw)
        return self.set_prompt(x) if prompt else x

    def whosh(self, env=(), name=None, prompt=True, args=(), **kw):
        name = name and name.replace("bash", "whosh")
        x = Typist(self.t, [self.t.program("whosh"), *args], self.env(**dict(env)), name=name, **kw)
        return self.set_prompt(x) if prompt else x

    def asked(self):
        """What the approver was asked for, line by line."""
        return [jose.claims(body)["command"]["line"] for method, path, body in self.fake.requests if path == "/v1/commands"]

    @staticmethod
    def set_prompt(x):
        x.wait(re.compile(rb"[$#] $"))
        x.idle()
        x.line("PS1='%s'" % PS)
        return x

    def plain(self, data):
        data = data[data.index(b"PS1='"):].replace(self.t.program("whosh").encode(), b"bash")
        return PIDS.sub(b"PID", data)

    def same(self, talk, wash=lambda data: data, **kw):
        """talk(x) with either, which must show and end alike; what whosh showed."""
        sides = []
        for shell in (self.bash, self.whosh):
            x = shell(**kw)
            talk(x)
            status = x.over()
            sides.append((wash(self.plain(x.seen)), status))
        if sides[0] != sides[1]:
            differ = difflib.unified_diff(*[[repr(y) for y in x[0].split(b"\n")] for x in sides], "bash", "whosh", lineterm="", n=2)
            raise Failed("%s: bash ends with %s, whosh with %s\n%s" % (talk.__name__, sides[0][1], sides[1][1], "\n".join(differ)))
        return sides[1][0]
