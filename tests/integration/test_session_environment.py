"""What an agent puts into a session's environment must not decide what the session runs.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import os
import socket
import struct
import threading

from lib.fixture import APPROVE_ALL

PERMIT = 4


def yes_man(end):
    """Answers every frame with a permit, as a false whosh would."""
    try:
        while end.recv(65536):
            end.sendall(struct.pack(">IB", 1, PERMIT))
    except OSError:
        pass


def test_another_whosh_named(t):
    """An agent that could name the descriptors on which bash asks would approve its own lines."""
    a = t.approver(policy={"version": 1, "default": "deny", "rules": []})
    token = a.agent("worker")
    ours, its = socket.socketpair()
    door, its_door = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    threading.Thread(target=yes_man, args=(ours,), daemon=True).start()
    fds = (its.fileno(), its_door.fileno())
    for told in ("%d,%d,0" % fds, "%d,%d,0\0" % fds):
        r = t.whosh(a, token, "-s", stdin=b"touch evil\n", env={"WHOSH_READER": told.strip("\0")}, pass_fds=fds)
        assert r.code == 126 and b"denied" in r.err, r
    assert not (t.tmp / "evil").exists()
    its.close()
    ours.close()
    door.close()
    its_door.close()


def test_nothing_before_the_first_line(t):
    """A start-up file, a prompt or a mail notice of the agent's would run before anything is approved."""
    evil = t.tmp / "evil"
    start = t.tmp / "start"
    start.write_text("touch %s\n" % evil)
    for name in (".bashrc", ".bash_profile", ".profile", ".bash_login", ".bash_logout"):
        (t.tmp / name).write_text("touch %s\n" % evil)
    a = t.approver(policy=APPROVE_ALL)
    token = a.agent("worker")
    runs = "$(touch %s)" % evil
    # keep_env speaks of the lines that are approved, and not of what is before them.
    conf = t.tmp / "kept.conf"
    conf.write_text(a.conf.read_text() + "keep_env = BASH_ENV ENV PROMPT_COMMAND PS0 PS1 PS2 PS4 MAILPATH\n")
    env = {"BASH_ENV": start, "ENV": start, "PROMPT_COMMAND": "touch %s" % evil, "PS0": runs, "PS1": runs, "PS2": runs,
           "MAILPATH": "%s?%s" % (start, runs), "HISTFILE": start}
    for kept in (None, conf):
        more = dict(env, WHOSH_CONFIG=kept) if kept else env
        for args in (["-s"], ["-l", "-s"], ["-i"], ["-i", "-l"]):
            r = t.whosh(a, token, *args, stdin=b"", env=more)
            assert r.code == 0 and not evil.exists(), (args, r)
    assert not a.who()


def test_reader_leaves_no_trace(t):
    """Programs that find LD_PRELOAD or a stray descriptor behave otherwise than under bash, or load our object."""
    a = t.approver(policy=APPROVE_ALL)
    token = a.agent("worker")
    r = t.whosh(a, token, "-s", stdin=b"/usr/bin/env\nls /proc/self/fd\n/bin/grep -c whosh-reader /proc/self/maps\n")
    names = {x.split("=")[0] for x in r.text.splitlines() if "=" in x}
    assert r.code == 1 and not names & {"LD_PRELOAD", "WHOSH_READER", "HISTFILE"}, r
    assert r.text.split("\n")[-6:] == ["0", "1", "2", "3", "0", ""], r
    assert os.fsencode("WHOSH_COMMAND_ID=") in r.out, r
