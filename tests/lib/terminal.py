"""A session at a terminal of the test's own.

    p = Terminal(t, b)                    # whosh -i
    p.until("$ "); p.type("echo hi\\r"); p.until("hi")

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import os
import pty
import re
import select
import time


class Terminal:
    def __init__(self, t, conf, token=None, argv=None, env=None):
        self.t, self.seen, self.at = t, "", 0
        ours, its = pty.openpty()
        self.fd = ours
        t.cleanups.append(self.hang_up)

        def own():
            os.setsid()
            import fcntl
            import termios
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        self.process = t.spawn(argv or [t.program("whosh"), "-i"], stdin=its, stdout=its, stderr=its, preexec_fn=own, cwd=t.tmp,
                               env=t.env(conf, token, TERM="dumb", **(env or {})))
        os.close(its)
        self.pid = self.process.pid

    def until(self, pattern, timeout=20):
        """Read until the pattern is seen after what was seen before; the match."""
        end = time.monotonic() + timeout
        while True:
            found = re.compile(pattern, re.S).search(self.seen, self.at)
            if found:
                self.at = found.end()
                return found
            left = end - time.monotonic()
            assert left > 0, "no %r in %r" % (pattern, self.seen[self.at:])
            if select.select([self.fd], [], [], left)[0]:
                try:
                    got = os.read(self.fd, 65536)
                except OSError:
                    got = b""
                assert got, "the terminal was closed without %r in %r" % (pattern, self.seen[self.at:])
                self.seen += got.decode("utf-8", "replace")

    def type(self, text):
        os.write(self.fd, text.encode())
        return self

    def ask(self, line, pattern):
        """Type a line, and wait for what it prints, at the beginning of a line or where a wait was shown, and for the next prompt."""
        self.type(line + "\r")
        found = self.until(r"(?:\n| \r)(?:%s)" % pattern)
        self.until(r"[$#] ")
        return found

    def hang_up(self):
        if self.fd >= 0:
            os.close(self.fd)
        self.fd = -1
