"""Receivers of live feeds that a test runs itself: syslog over TLS, a webhook, a journal. Each keeps what came.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import array
import fcntl
import hashlib
import hmac
import http.server
import json
import os
import re
import socket
import ssl
import struct
import threading
import time

from lib import oidc

SECRET = "a secret of the hook's, long enough"
HEADER = re.compile(rb"<(\d{1,3})>1 (\S+) (\S+) (\S+) (\S+) (\S+) (-|(?:\[[^\]]*\])+) (.*)", re.S)


def configure(a, *feeds):
    (a.dir / "feeds.json").write_text(json.dumps({"version": 1, "feeds": list(feeds)}))
    (a.dir / "feeds.json").chmod(0o600)


def place(a, name):
    """Up to where a feed says that it was acknowledged; None before it says anything."""
    try:
        return int((a.dir / "feeds" / (name + ".at")).read_text())
    except FileNotFoundError:
        return None


def metrics(a, feed):
    """{metric: value} of one feed; the last error under "error"."""
    text = a.api("GET", "/metrics", token=None)[2].decode()
    found = {m.group(1): int(m.group(2)) for m in re.finditer(r'(?m)^whosh_feed_(\w+)\{feed="%s"\} (\d+)$' % feed, text)}
    error = re.search(r'whosh_feed_last_error_timestamp_seconds\{feed="%s",error="(\w+)"\}' % feed, text)
    found["error"] = error.group(1) if error else None
    return found


class TLS:
    """A name, a CA and a certificate for 127.0.0.1, and a listening port that can be shut and opened again."""

    def __init__(self, t, name):
        self.t, self.name = t, name
        self.issuer = oidc.Issuer(t, name, listen=False)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.issuer.certificate)
        self.port = self.issuer.port

    def ca_for(self, a):
        (a.dir / (self.name + "-ca.pem")).write_bytes(self.issuer.ca.read_bytes())
        return self.name + "-ca.pem"


class Syslog(TLS):
    """Parses RFC 5425 frames. `deaf`: shakes hands and reads nothing."""

    def __init__(self, t, name="siem", listen=True):
        super().__init__(t, name)
        self.messages, self.faults, self.connections, self.refused, self.accepted = [], [], [], [], 0
        self.deaf, self.listener = False, None
        if listen:
            self.listen()

    def entry(self, a, **changes):
        entry = {"name": self.name, "type": "syslog", "host": "127.0.0.1", "port": self.port, "ca": self.ca_for(a), **changes}
        return {k: v for k, v in entry.items() if v is not None}

    def listen(self):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", self.port))
        self.listener.listen()
        self.t.cleanups.append(self.shut)
        self.thread = threading.Thread(target=self.accept, args=(self.listener,), daemon=True)
        self.thread.start()

    def accept(self, listener):
        while True:
            try:
                raw, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(raw,), daemon=True).start()

    def serve(self, raw):
        try:
            connection = self.context.wrap_socket(raw, server_side=True, suppress_ragged_eofs=False)
        except (ssl.SSLError, OSError) as e:
            self.refused.append(str(e))
            raw.close()
            return
        self.accepted += 1
        self.connections.append(connection)
        if self.deaf:
            return
        data = b""
        try:
            while True:
                piece = connection.recv(65536)
                if not piece:
                    connection.unwrap()  # they said goodbye, and now we do
                    break
                data = self.frames(data + piece)
            assert not data or connection not in self.connections, "half a frame"
        except (ssl.SSLError, OSError, ValueError):
            pass  # it was ended, by them or by us
        except AssertionError as e:
            self.faults.append("frame: %s" % e)
        connection.close()

    def frames(self, data):
        """Take whole frames off the front: MSG-LEN SP SYSLOG-MSG."""
        while data:
            head = re.match(rb"([1-9]\d{0,8}) ", data)
            assert head or len(data) < 11, data[:40]
            if not head or len(data) < head.end() + int(head.group(1)):
                return data
            end = head.end() + int(head.group(1))
            self.message(data[head.end():end])
            data = data[end:]
        return data

    def message(self, raw):
        found = HEADER.fullmatch(raw)
        assert found, raw[:200]
        assert int(found.group(1)) < 192 and re.fullmatch(rb"[!-~]{1,255}", found.group(3)), raw[:200]
        record = json.loads(found.group(8))
        self.messages.append({"raw": raw, "facility": int(found.group(1)) // 8, "severity": int(found.group(1)) % 8,
                              "app": found.group(4).decode(), "msgid": found.group(6).decode(), "time": found.group(2).decode(),
                              "sd": found.group(7).decode(), "record": record})

    def shut(self, reset=False):
        """No more connections, and those that there are end; reset: as if the machine had died, whatever it had not read."""
        if self.listener:
            try:
                self.listener.shutdown(socket.SHUT_RDWR)  # wakes accept
            except OSError:
                pass
            self.thread.join(5)
            self.listener.close()
            self.listener = None
        for connection in self.connections:
            try:
                if reset:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    connection.close()
                else:
                    connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.connections = []

    def indexes(self):
        return [x["record"]["index"] for x in list(self.messages)]


class Webhook(TLS):
    """Verifies each signature as whoshd(8) says; answers the statuses in `fail` first, then 204."""

    def __init__(self, t, name="hook", listen=True):
        super().__init__(t, name)
        self.posts, self.faults, self.fail, self.connections, self.server = [], [], [], [], None
        self.seen = 0
        if listen:
            self.listen()

    def entry(self, a, **changes):
        secret = a.dir / (self.name + ".secret")
        secret.write_text(SECRET + "\n")
        secret.chmod(0o600)
        return {"name": self.name, "type": "webhook", "url": "https://127.0.0.1:%d/whosh?x=1" % self.port,
                "ca": self.ca_for(a), "secret_file": secret.name, **changes}

    @staticmethod
    def genuine(signature, body, now=None):
        """What a receiver does: within five minutes, and the HMAC of "t.body" by the secret."""
        found = re.fullmatch(r"t=(\d+),v1=([0-9a-f]{64})", signature or "")
        if not found or abs((now or time.time()) - int(found.group(1))) > 300:
            return False
        mac = hmac.new(SECRET.encode(), found.group(1).encode() + b"." + body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(mac, found.group(2))

    def listen(self):
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                signature = self.headers.get("X-Whosh-Signature")
                if len(body) < int(self.headers["Content-Length"]):
                    return  # we have ended the connection ourselves
                hook.seen += 1
                if not hook.genuine(signature, body) or self.headers["Content-Type"] != "application/json":
                    hook.faults.append((signature, body))
                status, headers = hook.fail.pop(0) if hook.fail else (204, {})
                if status < 300:
                    hook.posts.append({"signature": signature, "body": body, **json.loads(body)})
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if status != 204:
                    self.send_header("Content-Length", "4")
                self.end_headers()
                if status != 204:
                    self.wfile.write(b"text")

            def log_message(self, *args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, request, address):
                pass

            def process_request(self, request, address):
                hook.connections.append(request)
                super().process_request(request, address)

        self.server = Server(("127.0.0.1", self.port), Handler)
        self.server.socket = self.context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self.t.cleanups.append(self.shut)

    def shut(self):
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None
        for connection in self.connections:
            try:
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
            except OSError:
                pass
        self.connections = []

    def records(self):
        return [x for post in list(self.posts) for x in post["records"]]

    def indexes(self):
        return [x["index"] for x in self.records()]


class Journal:
    """Takes what journald takes: datagrams of fields, or the descriptor of sealed memory that holds them."""

    def __init__(self, t, listen=True):
        self.t, self.path = t, t.tmp / "journal.sock"
        self.entries, self.faults, self.large, self.socket = [], [], 0, None
        if listen:
            self.listen()

    def entry(self, **changes):
        return {"name": "journal", "type": "journald", "socket": str(self.path), **changes}

    def listen(self):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.t.cleanups.append(self.shut)
        threading.Thread(target=self.serve, args=(self.socket,), daemon=True).start()

    def shut(self):
        if self.socket:
            self.path.unlink()
            self.socket.shutdown(socket.SHUT_RDWR)
            self.socket.close()
            self.socket = None

    def serve(self, listener):
        while True:
            try:
                data, control, _, _ = listener.recvmsg(1 << 20, socket.CMSG_SPACE(4))
            except OSError:
                return
            if not data and not control:
                return
            for _, kind, given in control:
                assert kind == socket.SCM_RIGHTS
                fd = array.array("i", given[:4])[0]
                if fcntl.fcntl(fd, 1034) & 0xF != 0xF:  # F_GET_SEALS: journald takes only what cannot change any more
                    self.faults.append("the memory is not sealed")
                data = os.pread(fd, os.fstat(fd).st_size, 0)
                os.close(fd)
                self.large += 1
            try:
                self.entries.append(self.parse(data))
            except Exception as e:
                self.faults.append(repr(e))

    @staticmethod
    def parse(data):
        fields = {}
        while data:
            line, _, rest = data.partition(b"\n")
            name, equals, value = line.partition(b"=")
            if not equals:
                size = struct.unpack("<Q", rest[:8])[0]
                value, rest = rest[8:8 + size], rest[8 + size:]
                assert rest[:1] == b"\n" and len(value) == size, "a field's length is wrong"
                rest = rest[1:]
            assert re.fullmatch(rb"[A-Z][A-Z0-9_]{0,63}", name) and name.decode() not in fields, name
            fields[name.decode()] = value
            data = rest
        return fields

    def indexes(self):
        return [int(x["WHOSH_INDEX"]) for x in list(self.entries)]
