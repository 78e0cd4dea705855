"""An approver that lies: TLS and keys are real (made by `whoshd init`), the answers are the test's.

    f = Fake(t, a)                      # a: an Approver that was initialised, not started
    f.answer = lambda request: (200, "application/jose", f.permit(request, verdict="approved"))

Every request is kept in f.requests as (method, path, body), every outcome's claims in f.outcomes, every live poll
in f.polls.  With f.hang a live poll waits, as a real approver's does, until it has something to say; f.kill orders a
command killed until its broker has acknowledged it.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import http.server
import json
import ssl
import threading
import time

from lib import jose


class Fake:
    def __init__(self, t, a, certificate=None, versions=(ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3)):
        self.t, self.a, self.requests = t, a, []
        self.key = jose.Token(a.dir / "approver.key")
        self.answer = lambda body: (500, "text/plain", b"")
        self.live = {}  # command ID: permit
        self.paths = {}  # what else it answers: path: a function as `answer`
        self.outcomes, self.polls = [], []
        self.hang, self.lease_s, self.live_status = False, 30, 200
        self.kills, self.acknowledged = {}, set()
        self.changed = threading.Condition()
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # an answer is one write: two would wait for each other for 40 ms

            def handle_any(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length).decode()
                fake.requests.append((self.command, self.path, body))
                if self.path == "/v1/live":
                    text = json.dumps(fake.poll(json.loads(body)))
                    self.reply(fake.live_status, "application/json", text.encode())
                elif self.path.endswith("/outcome"):
                    with fake.changed:
                        fake.outcomes.append(jose.claims(body))
                    self.reply(204, None, b"")
                elif self.command == "DELETE":
                    self.reply(204, None, b"")
                elif self.path == "/v1/commands" or self.path in fake.paths:
                    result = fake.paths.get(self.path, fake.answer)(body)
                    if result is None:
                        self.close_connection = True
                        return
                    status, kind, data = result
                    self.reply(status, kind, data.encode() if isinstance(data, str) else data)
                else:
                    self.reply(404, "text/plain", b"")

            do_GET = do_POST = do_DELETE = do_PUT = handle_any

            def reply(self, status, kind, data):
                self.send_response(status)
                if kind:
                    self.send_header("Content-Type", kind)
                if status != 204:
                    self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, request, address):
                pass  # clients that refuse us are the point of many tests

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version, context.maximum_version = versions
        cert, key = certificate or (a.dir / "server.pem", a.dir / "server.key")
        context.load_cert_chain(cert, key)
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                 do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        t.cleanups.append(self.server.shutdown)
        conf = a.conf.read_text().splitlines()
        self.conf = t.tmp / ("fake%d.conf" % self.port)
        self.conf.write_text("\n".join("approver = https://127.0.0.1:%d" % self.port
                                       if line.split("=")[0].strip() == "approver" else line for line in conf) + "\n")
        self.conf.chmod(0o644)

    def poll(self, body):
        """What a live poll is answered."""
        named = {x.split(":")[0] for kind in ("pending", "running", "left") for x in body.get(kind, [])}
        with self.changed:
            self.polls.append(body)
            self.acknowledged.update(x.split(":")[0] for x in body.get("killed", []))

            def news():
                return any(x in named and x not in self.acknowledged for x in self.kills) or named & set(self.live)
            if self.hang:
                self.changed.wait_for(news, body["wait_s"])
            kills = {x: order for x, order in self.kills.items() if x in named and x not in self.acknowledged}
            return {"permits": self.live, "gone": [], "kills": kills, "lease_s": self.lease_s}

    def approve_all(self, **changes):
        """Approve what comes, and answer polls as a real approver does."""
        self.hang = True
        self.lease_s = changes.get("lease_s", 30)
        self.answer = lambda body: (200, "application/jose", self.permit(body, **changes))
        return self

    def command(self, line):
        """The ID under which a line was asked for."""
        def look():
            for method, path, body in list(self.requests):
                if (method, path) == ("POST", "/v1/commands"):
                    claims = jose.claims(body)
                    if claims["command"].get("line") == line:
                        return claims["jti"]
        return self.t.eventually(look, "the request of %r" % line)

    def named(self, command, kind="running"):
        """Wait until a poll names it."""
        return self.t.eventually(lambda: any(x.startswith(command) for p in list(self.polls) for x in p.get(kind, [])),
                                 "a poll that names %s as %s" % (command, kind))

    def kill(self, *commands, reason="rogue", by="bob"):
        with self.changed:
            for command in commands:
                self.kills[command] = {"reason": reason, "by": by}
            self.changed.notify_all()

    def outcome(self, command, timeout=20.0):
        """Wait for its outcome; the claims."""
        def look():
            found = [x for x in list(self.outcomes) if x["command"] == command]
            assert len({json.dumps(x) for x in found}) < 2, found
            return found and found[0]
        return self.t.eventually(look, "the outcome of %s" % command, timeout)

    def permit_claims(self, body, verdict="approved", **changes):
        command = jose.claims(body)
        now = int(time.time())
        claims = {"jti": jose.uuid7(), "iat": now, "exp": now + 30, "aud": command["sub"], "id": command["jti"],
                  "verdict": verdict, "command_s256": jose.s256(body), "seq": 1, "rule": "fake",
                  "policy_s256": jose.s256("policy"), "reviewers": [], "reason": "because", "cause": "policy",
                  "log_index": 1, "lease_s": 30}
        for name, value in changes.items():
            if value is None:
                claims.pop(name, None)
            else:
                claims[name] = value
        return claims

    def permit(self, body, key=None, header=None, **changes):
        return (key or self.key).sign("whosh-permit+jwt", self.permit_claims(body, **changes), header)
