"""The approver when things go wrong: killed, stopped, disk full, slow clients, many waiting."""
import base64
import http.client
import json
import os
import signal
import socket
import sqlite3
import ssl
import threading
import time

from lib import jose
from lib.bare import (POLICY, ask, audit, cpu_ms, enrol, in_thread, jti, live, open_poll, polls_open, post, queued, ref,
                      resident_kb, review, serve)


def test_killed_approver_has_what_it_answered(t):
    """After a power cut the log would lack decisions that were answered, or pending lines would be forgotten."""
    a = t.approver(policy=POLICY)
    token = enrol(a)
    answered, stop = [], threading.Event()

    def client():
        c = a.connection()
        while not stop.is_set():
            jws = token.command("ls")
            try:
                status, permit = post(a, jws, connection=c)
            except (OSError, http.client.HTTPException):
                return
            if status == 200:
                answered.append((jws, permit))
    threads = [threading.Thread(target=client) for _ in range(4)]
    for x in threads:
        x.start()
    t.eventually(lambda: len(answered) > 200, "200 decisions")
    waiting = token.command("make")
    assert post(a, waiting)[0] == 202
    a.kill()
    stop.set()
    for x in threads:
        x.join()
    a.start()
    known = {}
    before = None
    while True:
        page = ask(a, "GET", "/v1/audit?limit=1000" + ("&before=" + before if before else ""))[1]["commands"]
        if not page:
            break
        known.update({c["id"]: c for c in page})
        before = page[-1]["id"]
    for jws, permit in answered:
        assert known[jti(jws)]["verdict"] == "approved", jti(jws)
    assert review(a, waiting, "approve")[0] == 200
    numbers = sorted(c["log_index"] for c in known.values())
    assert len(set(numbers)) == len(numbers), "two commands with one place in the log"


def test_stop_answers_what_it_has(t):
    """A stop for an update would cut off polls and lose decisions."""
    a = t.approver(policy=POLICY)
    token = enrol(a)
    jws = token.command("make")
    post(a, jws)
    poll = in_thread(lambda: live(a, [jws]))
    t.eventually(lambda: polls_open(a, 1), "the poll to wait")
    began = time.monotonic()
    assert a.stop() == 0
    assert time.monotonic() - began < 5
    assert poll.result(10)["permits"] == {}
    a.start()
    assert ask(a, "GET", "/v1/reviews")[1]["reviews"][0]["id"] == jti(jws)


def test_stop_waits_for_a_slow_disk(t):
    """A stop while the disk is slow would decide lines and tell nobody: they would be as good as lost."""
    a = t.approver(policy=POLICY)
    token = enrol(a)
    waiting = token.command("make")
    assert post(a, waiting)[0] == 202
    hold = sqlite3.connect(a.dir / "whosh.db", isolation_level=None)
    hold.execute("BEGIN IMMEDIATE")
    asked = [in_thread(lambda: post(a, token.command("ls"))) for _ in range(8)]
    reviewed = in_thread(lambda: review(a, waiting, "approve"))
    time.sleep(0.5)
    a.process.send_signal(signal.SIGTERM)
    time.sleep(2.5)
    hold.execute("ROLLBACK")
    hold.close()
    assert a.process.wait(20) == 0
    assert {x.result(10)[0] for x in asked} == {200}, [x.result() for x in asked]
    assert reviewed.result(10)[0] == 200


def test_slow_client(t):
    """Clients that never finish their requests would use up the approver's connections."""
    a = serve(t, slow_client="1s")
    context = ssl.create_default_context(cafile=str(a.dir / "ca.pem"))
    silent = socket.create_connection(("127.0.0.1", a.port))
    half = context.wrap_socket(socket.create_connection(("127.0.0.1", a.port)), server_hostname="localhost")
    half.send(b"POST /v1/commands HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc")
    token = enrol(a)
    assert post(a, token.command("ls"))[0] == 200, "others are served meanwhile"
    for s in (silent, half):
        s.settimeout(20)
        try:
            assert s.recv(1) == b""
        except ConnectionError:
            pass
        s.close()


def test_half_a_handshake(t):
    """Six bytes from anyone, and the approver turned in a circle until that client's time was over; each handshake
    of a good one was slowed by it as well."""
    a = t.approver()
    context = ssl.create_default_context(cafile=str(a.dir / "ca.pem"))
    half = socket.create_connection(("127.0.0.1", a.port))
    half.send(b"\x16\x03\x01\x02\x00\x01")
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    hello = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    try:
        hello.do_handshake()
    except ssl.SSLWantReadError:
        pass
    silent = socket.create_connection(("127.0.0.1", a.port))
    silent.send(outgoing.read())
    assert silent.recv(1), "the approver's answer"
    before = cpu_ms(a.process.pid)
    time.sleep(0.5)  # what it does meanwhile is the question
    spent = cpu_ms(a.process.pid) - before
    half.close()
    silent.close()
    assert spent < 200, "%d ms of 500" % spent


def test_only_tls_1_3(t):
    """An old protocol's weaknesses would stand between brokers and the approver."""
    a = t.approver(policy=POLICY)
    context = ssl.create_default_context(cafile=str(a.dir / "ca.pem"))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.wrap_socket(socket.create_connection(("127.0.0.1", a.port)), server_hostname="localhost")
    except ssl.SSLError:
        pass
    else:
        raise AssertionError("TLS 1.2 was taken")
    assert ask(a, "GET", "/healthz", token=None)[0] == 200


def test_full_disk(t):
    """Lines would be approved that the log can never show; or the approver would need a restart to recover."""
    t.need_root()
    t.need("mount", "umount")
    small = t.tmp / "small"
    small.mkdir()
    if t.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", small]).code != 0:
        t.skip("cannot mount a tmpfs here")
    t.cleanups.append(lambda: t.run(["umount", "-l", small]))
    a = t.approver(policy=POLICY, name="small/approver")
    token = enrol(a)
    assert post(a, token.command("ls"))[0] == 200
    ballast = small / "ballast"
    with open(ballast, "wb", buffering=0) as f:
        try:
            while True:
                f.write(os.urandom(4096))
        except OSError:
            pass
    refused = None
    for _ in range(2000):
        jws = token.command("ls", task="x" * 2000)
        status, answer = post(a, jws)
        if status != 200:
            refused = jws
            break
        assert audit(a, jws)["verdict"] == "approved"
    assert refused and status == 503, (status, answer)
    assert answer["type"] == "urn:whosh:problem:unavailable", answer
    status, health = ask(a, "GET", "/healthz", token=None)
    assert status == 503 and health["status"] == "read-only", health
    ballast.unlink()
    t.eventually(lambda: ask(a, "GET", "/healthz", token=None)[0] == 200, "the approver to recover")
    assert post(a, refused)[0] == 200
    a.stop()


def test_ten_thousand_pending(t):
    """Approvals would be slow to arrive, or the approver would outgrow its host, when many wait for people."""
    n = 10000 if t.soak else 2000
    a = t.approver(policy=POLICY)
    token = enrol(a)
    commands = queued(a, token, n)
    chunks = [commands[k::20] for k in range(20)]
    polls = [in_thread(lambda x=x: (live(a, x, timeout=60), time.monotonic())) for x in chunks]
    t.eventually(lambda: polls_open(a, 20), "the polls to wait")
    rss = resident_kb(a)
    assert rss < 60 * 1024, "%d KB" % rss
    for chunk in chunks:
        assert review(a, chunk[0], "approve")[0] == 200
    began = time.monotonic()
    for poll, chunk in zip(polls, chunks):
        answer, woken = poll.result(30)
        assert list(answer["permits"]) == [jti(chunk[0])] and woken - began < 1


def soak_ten_thousand_connections(t):
    """10,000 private brokers that wait for people would bring the approver down."""
    a = t.approver(policy=POLICY)
    token = enrol(a)
    commands = queued(a, token, 10000)
    context = ssl.create_default_context(cafile=str(a.dir / "ca.pem"))
    waiting = [open_poll(a, context, [jws]) for jws in commands]
    rss = resident_kb(a)
    assert rss < 500 * 1024, "%d KB" % rss
    began = time.monotonic()
    assert a.stop() == 0
    assert time.monotonic() - began < 5
    for s in waiting:
        assert s.recv(12).startswith(b"HTTP/1.1 200")
        s.close()


def test_lists_of_very_long_lines(t):
    """One agent's long lines would make the approver run out of memory when a reviewer looks, and nobody could review."""
    a = t.approver(policy=POLICY)
    token = enrol(a)
    line = base64.b64encode(b"\xff" * 500000).decode()
    first = None
    for _ in range(14):
        command = jose.claims(token.command("x"))["command"]
        del command["line"]
        jws = token.command(command={**command, "line_b64": line})
        assert post(a, jws)[0] == 202
        first = first or jws
    status, _, data = a.api("GET", "/v1/reviews")
    assert status == 200 and len(data) < 48 << 20, (status, len(data))
    waiting = json.loads(data)["reviews"]
    assert 0 < len(waiting) < 14 and waiting[0]["id"] == jti(first), len(waiting)
    assert review(a, first, "deny", "too long")[0] == 200
    status, problem = ask(a, "GET", "/v1/audit")
    assert status == 413 and "limit" in problem["detail"], (status, str(problem)[:200])
    assert len(ask(a, "GET", "/v1/audit?limit=2")[1]["commands"]) == 2


def test_poll_that_names_one_command_often(t):
    """A poll could have the approver make hundreds of megabytes of answer from one permit."""
    a = t.approver(policy=POLICY)
    token = enrol(a)
    jws = token.command("make")
    assert post(a, jws)[0] == 202
    assert review(a, jws, "deny", "r" * 4000)[0] == 200
    status, _, data = a.api("POST", "/v1/live", {"pending": [ref(jws)] * 16000, "running": [], "wait_s": 1}, token=None)
    assert status == 200 and len(data) < 10 << 20, (status, len(data))
    assert live(a, [jws])["permits"], "an honest one gets its permit"


def test_search_that_takes_too_long(t):
    """One question over lines that were made for it would keep the approver from deciding for hours."""
    a = t.approver(policy=POLICY)
    token = enrol(a)
    assert ask(a, "GET", "/v1/audit?match=" + "a" * 257)[0] == 400
    c = a.connection()
    for _ in range(60):
        assert post(a, token.command("rm " + "a" * 700000), connection=c)[0] == 200
    began = time.monotonic()
    status, problem = ask(a, "GET", "/v1/audit?match=" + "a" * 255 + "b")
    took = time.monotonic() - began
    assert took < 15, took
    assert status == 413 and "too long" in problem["detail"] or status == 200 and took < 5.5, (status, problem)
    assert post(a, token.command("ls"))[0] == 200
    assert len(ask(a, "GET", "/v1/audit?match=ls&limit=1")[1]["commands"]) == 1, "the next search has its own time"
