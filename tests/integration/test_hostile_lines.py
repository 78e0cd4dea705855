"""Lines that try to be shown as something else, or to break what reads them."""
import os
import socket
import ssl
import time

from lib import jose

REVIEW_ALL = {"version": 1, "default": "review", "rules": []}


def test_control_characters_are_shown(t):
    """What an agent wrote could move the cursor and hide what a reviewer is asked to approve."""
    a = t.approver(policy=REVIEW_ALL)
    token = a.agent("worker")
    line = "echo \x1b[2J\x1b]0;x\x07 \u202egpj.sh\u2066 \u200b \x7f # \r harmless"
    p = t.whosh_start(a, token, "-c", line, env={"WHOSH_TASK": "task\x1b[31m\u202e"})
    a.pending()
    shown = a.ctl("pending").out
    for hidden in (b"\x1b", b"\x07", b"\r", b"\x7f", "\u202e".encode(), "\u2066".encode(), "\u200b".encode()):
        assert hidden not in shown, (hidden, shown)
    assert b"\\x1b" in shown and b"\\u202e" in shown, shown
    command = a.json("pending")[0]
    assert command["line"] == line, "programs get the exact bytes"
    a.ctl("deny", command["id"], "--reason", "no \x1b[2J")
    assert p.wait(20) == 126
    assert b"\x1b" not in p.stderr.read()
    for view in (("who",), ("show", command["id"])):
        assert b"\x1b" not in a.ctl(*view).out, view


def test_lines_that_are_not_text(t):
    """Bytes that are no UTF-8 must run unchanged and be kept unchanged."""
    a = t.approver(policy=REVIEW_ALL)
    token = a.agent("worker")
    p = t.whosh_start(a, token, b"-c", b"printf '%s' '\xff\xfe\x80'")
    a.ctl("approve", a.pending()[0]["id"])
    out, err = p.communicate(timeout=20)
    assert (p.returncode, out) == (0, b"\xff\xfe\x80"), (p.returncode, out, err)
    row = a.who()[0]
    import base64
    assert base64.b64decode(row["line_b64"]) == b"printf '%s' '\xff\xfe\x80'", row


def test_nul_in_a_script(t):
    """bash drops NULs, others stop at them: two readers of one script would see two scripts."""
    a = t.approver()
    token = a.agent("worker")
    script = t.tmp / "s"
    script.write_bytes(b"echo one\0\necho two\n")
    r = t.whosh(a, token, script)
    assert r.code == 126 and r.out == b"" and b"NUL" in r.err, r


def test_ten_megabytes(t):
    """A line too large to be approved is refused in one clear line, and nothing grows without bound."""
    a = t.approver()
    token = a.agent("worker")
    script = t.tmp / "s"
    script.write_bytes(b"# " + b"x" * 10_000_000 + b"\necho ran\n")
    r = t.whosh(a, token, script)
    assert r.code == 126 and r.out == b"" and r.errors.startswith("whosh: ") and len(r.err) < 500, r
    status, _, _ = a.api("POST", "/v1/commands", body=b"x" * 10_000_000, token=None, timeout=60)
    assert status == 413, status
    assert t.whosh(a, token, "-c", "echo fine").out == b"fine\n"


def test_half_a_megabyte_script_runs(t):
    """Agents send long heredocs: far beyond what an argument can carry must work."""
    a = t.approver()
    token = a.agent("worker")
    script = t.tmp / "s"
    script.write_bytes(b"cat <<'EOF' | wc -c\n" + (b"y" * 99 + b"\n") * 5000 + b"EOF\necho $0\n")
    r = t.whosh(a, token, script)
    assert (r.code, r.out) == (0, b"500000\n%s\n" % str(script).encode()), r


def test_slow_and_broken_clients(t):
    """A client that sends half a request and waits must not keep others from being served."""
    a = t.approver()
    token = a.agent("worker")
    context = ssl.create_default_context(cafile=str(a.dir / "ca.pem"))
    held = []
    for i in range(64):
        raw = socket.create_connection(("127.0.0.1", a.port))
        if i % 2:
            raw = context.wrap_socket(raw, server_hostname="127.0.0.1")
            raw.sendall(b"POST /v1/commands HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc")
        held.append(raw)
    began = time.monotonic()
    assert t.whosh(a, token, "-c", "echo served").out == b"served\n"
    assert time.monotonic() - began < 10
    for s in held:
        s.close()
    assert a.api("GET", "/healthz", token=None)[0] == 200


def test_garbage_on_the_port(t):
    """Whatever is sent to it, the approver keeps serving."""
    a = t.approver()
    token = a.agent("worker")
    context = ssl.create_default_context(cafile=str(a.dir / "ca.pem"))
    requests = [b"\0" * 100, b"GET / HTTP/9.9\r\n\r\n", b"POST /v1/commands HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                b"POST /v1/commands HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n", b"GET /v1/audit/%00%ff HTTP/1.1\r\nHost: x\r\n\r\n",
                b"X" * 70_000, os.urandom(5000), b"PUT /v1/policy HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"]
    for data in requests:
        raw = context.wrap_socket(socket.create_connection(("127.0.0.1", a.port)), server_hostname="127.0.0.1")
        raw.settimeout(15)
        try:
            raw.sendall(data)
            raw.recv(4096)
        except OSError:
            pass  # being cut off is a fair answer
        raw.close()
    assert t.whosh(a, token, "-c", "echo served").out == b"served\n"
    assert a.process.poll() is None


def test_people_need_a_token_and_a_role(t):
    """An agent, a stranger or a viewer must not approve, enrol or change policy."""
    a = t.approver(policy=REVIEW_ALL)
    agent = jose.Token(a.agent("worker"))
    viewer = a.json("operator", "add", "vera", "--role", "viewer")["token"]
    reviewer = a.json("operator", "add", "rob", "--role", "reviewer")["token"]
    jws = agent.command("echo x")
    assert a.api("POST", "/v1/commands", body=jws, token=None)[0] == 202
    command = jose.claims(jws)["jti"]
    approve = {"verdict": "approve", "reason": ""}
    paths = [("GET", "/v1/agents", None), ("GET", "/v1/credentials", None), ("GET", "/v1/reviews", None),
             ("GET", "/v1/audit", None), ("GET", "/v1/audit/" + command, None), ("GET", "/v1/policy", None),
             ("GET", "/v1/operators", None), ("GET", "/v1/events", None),
             ("POST", "/v1/reviews/" + command, approve), ("POST", "/v1/agents", {"id": "x", "owner": "y"}),
             ("PUT", "/v1/policy", REVIEW_ALL), ("DELETE", "/v1/credentials/x", None)]
    for method, path, body in paths:
        for token in (None, "whosh_op_" + "A" * 43, "", "x" * 5000):
            assert a.api(method, path, body=body, token=token)[0] in (401, 429), (method, path, token)
    for method, path, body in paths[8:]:
        assert a.api(method, path, body=body, token=viewer)[0] == 403, (method, path)
    for method, path, body in paths[9:]:
        assert a.api(method, path, body=body, token=reviewer)[0] == 403, (method, path)
    assert a.json("pending"), "still pending after all that"
    assert a.api("POST", "/v1/reviews/" + command, body=approve, token=reviewer)[0] == 200
