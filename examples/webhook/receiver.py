#!/usr/bin/env python3
"""A receiver for whoshd's webhook feed: checks each signature, keeps each record once, one JSON line each.

    receiver.py ADDRESS PORT CERTIFICATE_AND_KEY.pem SECRET_FILE OUT.jsonl

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import hashlib
import hmac
import http.server
import json
import os
import re
import ssl
import sys
import threading
import time

WINDOW_S = 300  # what is older was recorded by somebody, and is played back


def genuine(signature, body, secret, now):
    found = re.fullmatch(r"t=(\d{1,12}),v1=([0-9a-f]{64})", signature or "")
    if not found or abs(now - int(found.group(1))) > WINDOW_S:
        return False
    mac = hmac.new(secret, found.group(1).encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(mac, found.group(2))


def last_index(path):
    """Records come in order, so the last one kept tells which are repeated; a command that comes again later has a new index."""
    try:
        with open(path, "rb") as f:
            lines = f.read().splitlines()
        return json.loads(lines[-1])["index"] if lines else -1
    except FileNotFoundError:
        return -1


def main(address, port, certificate, secret_file, out):
    secret = open(secret_file, "rb").read().strip()
    kept = open(out, "ab")
    state, lock = {"last": last_index(out)}, threading.Lock()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if not genuine(self.headers.get("X-Whosh-Signature"), body, secret, time.time()):
                self.answer(401)
                return
            with lock:
                for record in json.loads(body)["records"]:
                    if record["index"] > state["last"]:
                        kept.write(json.dumps(record).encode() + b"\n")
                        state["last"] = record["index"]
                kept.flush()
                os.fsync(kept.fileno())  # only what is kept is acknowledged
            self.answer(204)

        def answer(self, status):
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

    server = http.server.ThreadingHTTPServer((address, int(port)), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.serve_forever()


if __name__ == "__main__":
    if len(sys.argv) != 6:
        sys.exit(__doc__)
    main(*sys.argv[1:])
