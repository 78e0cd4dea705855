"""Commands that make processes of every shape, and whether those live.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import os
import pwd

from lib.fake import Fake

ME = pwd.getpwuid(os.geteuid()).pw_name
# A daemon as daemons are made: a session of its own, its parent gone.  It writes its pid, and has a child.
DAEMON = "(setsid bash -c '(echo $BASHPID >> %s; sleep 600 & echo $! >> %s; wait) & disown' > /dev/null 2>&1 &) ; "


def daemon(pids):
    return DAEMON % (pids, pids)


def alive(pid):
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def pids_in(t, path, n):
    """Wait until n pids are in the file; they are ended with the test if nobody else does."""
    def look():
        try:
            with open(path) as f:
                text = f.read()
        except FileNotFoundError:
            return None
        found = [int(x) for x in text.split()] if text.endswith("\n") else []
        return found if len(found) >= n else None
    pids = t.eventually(look, "%d pids in %s" % (n, path))
    t.cleanups.append(lambda: [os.kill(x, 9) for x in pids if alive(x)])
    return pids


def all_gone(t, pids, timeout=5.0):
    t.eventually(lambda: not any(alive(x) for x in pids), "the end of %r" % pids, timeout)


def world(t, conf="", system=True, start=True, name="", **permit):
    """A fake approver that approves all, and a broker in front of it (or a configuration for private ones):
    (fake, whosh's configuration, token)."""
    a = t.approver(name="approver" + name, start=False)
    a.start()
    token = a.agent("worker")
    a.stop()
    fake = Fake(t, a).approve_all(**permit)
    a.conf = fake.conf
    if system:
        return fake, t.broker(a, {ME: token}, name="broker" + name, conf=conf, start=start), None
    with open(fake.conf, "a") as f:
        f.write(conf + "\n")
    return fake, a, token
