"""A real system broker, and a client configuration that names its socket.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import os
import shutil
import socket


class Broker:
    def __init__(self, t, a, credentials, path, start=True, conf=""):
        self.t, self.approver, self.dir = t, a, path
        path.mkdir(mode=0o755)
        (path / "credentials").mkdir(mode=0o700)
        (path / "spool").mkdir(mode=0o700)
        for user, token in credentials.items():
            copy = path / "credentials" / (user + ".json")
            shutil.copyfile(token, copy)
            copy.chmod(0o400)
        self.socket = path / "broker.sock"
        self.conf = path / "whosh.conf"
        text = a.conf.read_text() + "broker_socket = %s\ncredentials = %s\nspool = %s\nhistory = %s\n%s\n" % (
            self.socket, path / "credentials", path / "spool", path / "history", conf)
        self.conf.write_text(text)
        self.conf.chmod(0o644)
        self.log = path / "log"
        self.process = None
        if start:
            self.start()

    def start(self, prefix=()):
        with open(self.log, "ab") as log:
            self.process = self.t.spawn([*prefix, self.t.program("whosh-broker"), "--config", self.conf],
                                        stdout=log, stderr=log, env={"PATH": "/usr/bin:/bin"})

        def ready():
            if self.process.poll() is not None:
                raise AssertionError("broker ended with %s:\n%s" % (self.process.returncode, self.log.read_text()))
            with socket.socket(socket.AF_UNIX) as s:
                try:
                    s.connect(str(self.socket))
                    return True
                except OSError:
                    return False
        self.t.eventually(ready, "the broker listening")
        return self

    def stop(self, timeout=15):
        self.process.terminate()
        return self.process.wait(timeout)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def spooled(self):
        return [f for f in os.listdir(self.dir / "spool") if not f.startswith(".") and not f.endswith(".tmp")]
