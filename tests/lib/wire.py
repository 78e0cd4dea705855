"""A conversation with a broker, frame by frame, with the numbers of common/wire.h.

    wire = Wire(t, b)                                    # b: a Broker; the HELLO is taken
    wire.send("ASK", ("MODE", b"command"), ("LINE", b"true"))
    kind, fields = wire.read()                           # numbers and bytes
    session = Session(t, b)                              # lines, one after the other
    session.line("true")

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import os
import re
import socket
import struct


class Wire:
    def __init__(self, t, b):
        """b: a broker, or a connected socket."""
        text = re.sub(r"/\*.*?\*/", "", (t.source / "common/wire.h").read_text(), flags=re.S)
        self.numbers = {}
        for body in re.findall(r"enum wire_(?:type|tag) \{(.*?)\}", text, re.S):
            self.numbers.update({x.split("=")[0].strip(): n for n, x in enumerate(body.split(","), 1)})
        self.socket = b
        if not isinstance(b, socket.socket):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(str(b.socket))
        self.socket.settimeout(20)
        assert self.read()[0] == self.numbers["WIRE_HELLO"]

    def frame(self, kind, *fields):
        body = b"".join(struct.pack(">HI", self.numbers["WIRE_" + tag], len(value)) + value for tag, value in fields)
        return struct.pack(">IB", 1 + len(body), self.numbers["WIRE_" + kind]) + body

    def send(self, kind, *fields):
        self.socket.sendall(self.frame(kind, *fields))
        return self

    def exactly(self, n):
        data = b""
        while len(data) < n:
            try:
                more = self.socket.recv(n - len(data))
            except ConnectionResetError:
                more = b""
            if not more:
                return None
            data += more
        return data

    def fields(self):
        """(type, [(tag, bytes)]), or None when the broker has closed."""
        head = self.exactly(4)
        if head is None:
            return None
        body = self.exactly(struct.unpack(">I", head)[0])
        at, fields = 1, []
        while at < len(body):
            tag, n = struct.unpack_from(">HI", body, at)
            fields.append((tag, body[at + 6:at + 6 + n]))
            at += 6 + n
        return body[0], fields

    def read(self):
        """The same with {tag: bytes}."""
        found = self.fields()
        return found and (found[0], dict(found[1]))

    def refused(self):
        kind, fields = self.read()
        assert kind == self.numbers["WIRE_REFUSED"], (kind, fields)
        assert self.read() is None, "the conversation goes on"
        return fields[self.numbers["WIRE_STATUS"]], fields[self.numbers["WIRE_REASON"]].decode()


def encoded(value):
    return value if isinstance(value, bytes) else str(value).encode()


class Session(Wire):
    """One session of whosh, spoken by the test."""

    def ask_frame(self, line, *fields, mode="stdin", more="1", env=()):
        own = [("MORE", more)] if more else []
        return self.frame("ASK", ("MODE", encoded(mode)), ("LINE", encoded(line)), ("CWD", b"/"),
                          ("INTERPRETER", b"/bin/bash"), *((tag, encoded(x)) for tag, x in own + list(fields)),
                          *(("ENV", encoded(x)) for x in env))

    def ask(self, line, *fields, **kw):
        self.socket.sendall(self.ask_frame(line, *fields, **kw))
        return self

    def started(self, pid=None):
        return self.send("STARTED", ("PID", encoded(pid or os.getpid())))

    def outcome(self, status=0, left=False, started=1, ended=2):
        return self.send("OUTCOME", ("EXIT", encoded(status)), ("STARTED_MS", encoded(started)),
                         ("ENDED_MS", encoded(ended)), *([("LEFT", b"1")] if left else []))

    def expect(self, kind):
        """The next frame, which must be of that kind: {name of a tag: text}."""
        found = self.read()
        assert found, "the broker has closed instead of %s" % kind
        names = [x[5:] for x in self.numbers]
        first = names.index("VERSION_TAG")
        fields = {names[first + tag - 1]: value.decode() for tag, value in found[1].items()}
        assert names[found[0] - 1] == kind, (names[found[0] - 1], fields)
        return fields

    def line(self, line, *fields, status=0, left=False, pid=None, **kw):
        """Ask, be permitted, run nothing and say that it ended; the command's ID."""
        self.ask(line, *fields, **kw)
        permit = self.expect("PERMIT")
        self.started(pid).outcome(status, left)
        self.expect("DONE")
        return permit["COMMAND_ID"]

    def refusal(self):
        fields = self.expect("REFUSED")
        return int(fields["STATUS"]), fields["REASON"]

    def history(self, *env):
        """The lines that are remembered."""
        self.send("HISTORY", *(("ENV", encoded(x)) for x in env))
        kind, fields = self.fields()
        assert kind == self.numbers["WIRE_REMEMBERED"], (kind, fields)
        return [x for tag, x in fields if tag == self.numbers["WIRE_LINE"]]

    def closed(self):
        return self.fields() is None


def private(t, conf, token):
    """A private broker, as whosh starts one: (process, our end of its socket pair)."""
    ours, its = socket.socketpair(socket.AF_UNIX)
    process = t.spawn([t.program("whosh-broker"), "--private", its.fileno()], env=t.env(conf, token),
                      pass_fds=[its.fileno()])
    its.close()
    return process, ours
