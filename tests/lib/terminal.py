"""A program on a pseudo-terminal: type to it, and wait for what it shows.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import errno
import fcntl
import os
import select
import struct
import termios
import time

from lib.fixture import Failed


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
