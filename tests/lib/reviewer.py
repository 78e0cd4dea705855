"""A person who never sleeps: approves each line that waits for a reviewer, unless it holds a word that is denied.

No pattern approves eval, source and their kin, which many clients use.  This hears of each such line from the
approver's stream of events, so that nothing polls.

    r = Reviewer(a, deny="shred")
    r.seen                            # the records that it was asked about

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import http.client
import json
import socket
import threading


class Reviewer:
    def __init__(self, a, deny=None):
        self.a, self.deny, self.seen, self.over = a, deny, [], False
        token = (a.dir / "admin.token").read_text().strip()
        self.headers = {"Authorization": "Bearer " + token, "Content-Type": "application/json"}
        self.connection = a.connection()
        stream = a.connection(timeout=None)
        stream.connect()
        self.socket = stream.sock
        stream.request("GET", "/v1/events", headers=self.headers)
        self.answer = stream.getresponse()
        assert self.answer.status == 200, self.answer.read()
        self.thread = threading.Thread(target=self.hear, daemon=True)
        self.thread.start()
        a.t.cleanups.append(self.finish)

    def hear(self):
        kind = ""
        try:
            for line in self.answer:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name == "event":
                    kind = value
                elif name == "data" and kind == "review":
                    self.decide(json.loads(value))
        except (OSError, ValueError, http.client.HTTPException):
            if not self.over:
                raise

    def decide(self, record):
        self.seen.append(record)
        denied = self.deny and self.deny in json.dumps(record)
        body = {"verdict": "deny", "reason": "not this one"} if denied else {"verdict": "approve"}
        self.connection.request("POST", "/v1/reviews/" + record["id"], json.dumps(body), self.headers)
        answer = self.connection.getresponse()
        answer.read()
        assert answer.status in (200, 204, 409), (answer.status, record)

    def finish(self):
        self.over = True
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.thread.join(5)
