"""An approver that answers people as the test says: for what whoctl makes of answers that a real one seldom gives.

    s = Scripted(t)
    s.answers["GET /v1/agents"] = {"agents": []}                    # 200, JSON
    s.answers["POST /v1/reviews/*"] = (409, {"detail": "decided"})  # status and JSON, bytes, or text; * is the rest
    s.answers["GET /healthz"] = lambda request: (200, b"…")         # or a function of (method, path, headers, body)
    r = s.ctl("agent", "list")

Every request is kept in s.requests as (method, path, headers, body).

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import fnmatch
import http.server
import json
import ssl
import threading

TLS13 = ssl.TLSVersion.TLSv1_3


class Scripted:
    def __init__(self, t, name="scripted", versions=(TLS13, TLS13), names="DNS:localhost,IP:127.0.0.1"):
        self.t, self.answers, self.requests = t, {}, []
        self.dir = t.tmp / name
        self.dir.mkdir()
        self.certify(names)
        scripted = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def any_method(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                request = (self.command, self.path, dict(self.headers), body)
                scripted.requests.append(request)
                scripted.reply(self, request)

            do_GET = do_POST = do_DELETE = do_PUT = any_method

            def log_message(self, *args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, address):
                pass  # clients that refuse us are the point of some tests

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version, context.maximum_version = versions
        context.load_cert_chain(self.dir / "server.pem", self.dir / "server.key")
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                 do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        self.url = "https://127.0.0.1:%d" % self.port
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        t.cleanups.append(self.server.shutdown)
        (self.dir / "client.conf").write_text("approver = %s\nca = ca.pem\n" % self.url)
        (self.dir / "admin.token").write_text("scripted-secret-token\n")
        (self.dir / "admin.token").chmod(0o400)

    def certify(self, names):
        extension = self.dir / "extension"
        extension.write_text("subjectAltName=%s\nextendedKeyUsage=serverAuth\n" % names)
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        for argv in (["openssl", "req", "-x509", *curve, "-keyout", self.dir / "ca.key", "-out", self.dir / "ca.pem",
                      "-subj", "/CN=test CA", "-days", "2"],
                     ["openssl", "req", *curve, "-keyout", self.dir / "server.key", "-subj", "/CN=server",
                      "-out", self.dir / "csr"],
                     ["openssl", "x509", "-req", "-in", self.dir / "csr", "-CA", self.dir / "ca.pem", "-CAkey",
                      self.dir / "ca.key", "-CAcreateserial", "-extfile", extension, "-days", "2",
                      "-out", self.dir / "server.pem"]):
            made = self.t.run(argv)
            assert made.code == 0, made

    def answer(self, request):
        where = "%s %s" % (request[0], request[1].split("?")[0])
        for pattern, answer in self.answers.items():
            if fnmatch.fnmatchcase(where, pattern):
                answer = answer(request) if callable(answer) else answer
                return answer if isinstance(answer, tuple) else (200, answer)
        return 404, {"detail": "no such thing as " + where}

    def reply(self, handler, request):
        status, body = self.answer(request)
        if body is None:
            handler.close_connection = True
            return
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        body = body.encode() if isinstance(body, str) else body
        handler.send_response(status)
        if status != 204:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def env(self, **more):
        return {"PATH": "/usr/bin:/bin", "HOME": str(self.t.tmp), "LANG": "C.UTF-8", "TZ": "UTC", **more}

    def ctl(self, *args, env=None, **kw):
        return self.t.run([self.t.program("whoctl"), "--dir", self.dir, *args], env=self.env(**(env or {})), **kw)
