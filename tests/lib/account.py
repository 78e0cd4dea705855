"""An account of the machine's, made for one test and removed after it, whose login shell is the test's to choose.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import os
import pwd
import signal


def remove_account(t, user):
    """End what the account has left, and remove it as soon as the last of it has gone."""
    uid = pwd.getpwnam(user).pw_uid
    left = t.run(["ps", "-U", str(uid), "-o", "pid=,stat="]).text.split("\n")
    for pid in [int(x.split()[0]) for x in left if x.strip() and "Z" not in x.split()[1]]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    try:
        t.eventually(lambda: t.run(["userdel", user]).code == 0, "userdel " + user, 2)
    except AssertionError:
        t.run(["userdel", "-f", user])  # a process that nobody reaps counts as one, too


class Account:
    def __init__(self, t, shell, name="acc"):
        t.need_root()
        t.need("useradd", "userdel")
        self.t = t
        self.user = "wt%d%s" % (os.getpid() % 100000, name)
        self.home = t.tmp / ("home-" + name)
        self.home.mkdir(mode=0o755)
        made = t.run(["useradd", "-M", "-d", self.home, "-s", shell, self.user])
        assert made.code == 0, made
        t.cleanups.append(lambda: remove_account(t, self.user))
        entry = pwd.getpwnam(self.user)
        os.chown(self.home, entry.pw_uid, entry.pw_gid)
        self.uid, self.gid = entry.pw_uid, entry.pw_gid

    def hold(self, broker, token):
        """The broker holds this account's credential, which the account cannot read."""
        target = broker.dir / "credentials" / (self.user + ".json")
        target.write_bytes(token.read_bytes())
        target.chmod(0o400)
