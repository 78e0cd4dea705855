"""A real whoshd in a folder of the test's own.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import http.client
import json
import os
import re
import signal
import ssl


class Approver:
    def __init__(self, t, path, policy, init, serve, env=None):
        self.t, self.dir, self.serve_args = t, path, list(serve)
        self.conf = path / "client.conf"
        self.log = t.tmp / (path.name + ".log")
        self.port = 0
        self.process = None
        self.env = env
        r = t.run([t.program("whoshd"), "init", "--dir", path, "--listen", "127.0.0.1:0", *init])
        assert r.code == 0, r
        if policy is not None:
            self.write_policy(policy)

    def write_policy(self, policy):
        (self.dir / "policy.json").write_text(policy if isinstance(policy, str) else json.dumps(policy))

    # ── life ───────────────────────────────────────────────────────────────────────────────────────────
    def start(self, port=None, wait=True, prefix=()):
        """Serve on loopback, on the same port as before if there was one; returns when it listens."""
        listen = "127.0.0.1:%d" % (self.port if port is None else port)
        offset = self.log.stat().st_size if self.log.exists() else 0
        with open(self.log, "ab") as log:
            self.process = self.t.spawn([*prefix, self.t.program("whoshd"), "serve", "--dir", self.dir,
                                         "--listen", listen, *self.serve_args], stderr=log, stdout=log,
                                        env={**os.environ, **(self.env or {})})
        if not wait:
            return self

        def look():
            with open(self.log, "rb") as f:
                f.seek(offset)
                text = f.read().decode("utf-8", "replace")
            found = re.search(r'msg="?listening"?.* address="?[^" ]*:(\d+)', text)
            if not found and self.process.poll() is not None:
                raise AssertionError("whoshd ended with %s:\n%s" % (self.process.returncode, text))
            return found
        self.port = int(self.t.eventually(look, "whoshd listening").group(1))
        return self

    def stop(self, timeout=10):
        """SIGTERM; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def restart(self):
        if self.process.poll() is None:
            self.stop()
        return self.start()

    # ── people ─────────────────────────────────────────────────────────────────────────────────────────
    def ctl(self, *args, check=True, tz=None, **kw):
        """whoctl --dir DIR ARGS, in a time zone if need be."""
        r = self.t.run([self.t.program("whoctl"), "--dir", self.dir, *args],
                       env={"PATH": "/usr/bin:/bin", "HOME": str(self.t.tmp), "LANG": "C.UTF-8", **({"TZ": tz} if tz else {})}, **kw)
        if check:
            assert r.code == 0, r
        return r

    def json(self, *args, **kw):
        return json.loads(self.ctl(*args, "--json", **kw).out)

    def agent(self, name, owner="alice", *issue):
        """Enrol an agent and issue its credential; the token file's path."""
        self.ctl("agent", "add", name, "--owner", owner)
        token = self.t.tmp / ("%s-%s.token" % (self.dir.name, name))
        self.ctl("credential", "issue", name, "--out", token, *issue)
        return token

    def who(self, *args):
        return self.json("who", *args)

    def ended(self, n):
        """Wait until at least n commands are known and each has ended or was denied; all of them, oldest first."""
        def look():
            rows = self.who("--limit", "1000")
            return rows if len(rows) >= n and all(x["ended"] or x["verdict"] == "denied" for x in rows) else None
        return self.t.eventually(look, "%d outcomes" % n)[::-1]

    def pending(self, n=1):
        """Wait until n commands are pending; their records."""
        def look():
            found = self.json("pending")
            return found if len(found) >= n else None
        return self.t.eventually(look, "%d pending" % n)

    # ── the bare protocol ──────────────────────────────────────────────────────────────────────────────
    def connection(self, timeout=30, source=None):
        context = ssl.create_default_context(cafile=str(self.dir / "ca.pem"))
        return http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=timeout,
                                           source_address=source)

    def api(self, method, path, body=None, token="admin", headers=None, timeout=30):
        """One request: (status, headers, bytes). token: "admin", a token's text, or None."""
        headers = dict(headers or {})
        if token == "admin":
            token = (self.dir / "admin.token").read_text().strip()
        if token:
            headers["Authorization"] = "Bearer " + token
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        connection = self.connection(timeout)
        try:
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()
