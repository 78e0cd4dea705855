"""A real sshd on loopback, with an account of its own whose login shell is whosh.

Needs root: the account is made with useradd and removed again at the end of the test.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import os
import pwd
import shutil
import socket

from lib.account import remove_account


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Sshd:
    """shell: the account's login shell; environment: variables sshd sets in every session (SetEnv);
    config: more of sshd_config, with @USER@ for the account."""

    def __init__(self, t, shell, environment=None, config="", authorized_prefix="", name="sshd"):
        t.need_root()
        t.need("sshd", "ssh", "useradd", "ssh-keygen")
        self.t = t
        self.dir = t.tmp / name
        self.dir.mkdir()
        self.user = "wt%d%s" % (os.getpid() % 100000, name[-3:])
        self.home = self.dir / "home"
        made = t.run(["useradd", "-M", "-d", self.home, "-s", shell, self.user])
        assert made.code == 0, made
        t.cleanups.append(lambda: remove_account(t, self.user))
        # An account without a password is locked; sshd refuses locked ones.
        assert t.run(["usermod", "-p", "*", self.user]).code == 0
        entry = pwd.getpwnam(self.user)
        self.uid, self.gid = entry.pw_uid, entry.pw_gid
        (self.home / ".ssh").mkdir(parents=True, mode=0o700)
        for key in ("host", "client"):
            made = t.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.dir / key])
            assert made.code == 0, made
        public = (self.dir / "client.pub").read_text()
        (self.home / ".ssh/authorized_keys").write_text(authorized_prefix + public)
        self.home.chmod(0o755)
        self.own(self.home)
        self.port = free_port()
        os.makedirs("/run/sshd", exist_ok=True)
        setenv = " ".join("%s=%s" % item for item in (environment or {}).items())
        (self.dir / "sshd_config").write_text("""
ListenAddress 127.0.0.1:%d
HostKey %s/host
PidFile %s/pid
AuthorizedKeysFile %s/.ssh/authorized_keys
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
PermitUserEnvironment no
AcceptEnv WHOSH_*
MaxStartups 200
LogLevel ERROR
Subsystem sftp %s
%s
%s
""" % (self.port, self.dir, self.dir, self.home, self.sftp_server(), "SetEnv " + setenv if setenv else "",
       config.replace("@USER@", self.user)))
        with open(self.dir / "log", "wb") as log:
            self.process = t.spawn([shutil.which("sshd", path="/usr/sbin:/sbin"), "-D", "-e", "-f",
                                    self.dir / "sshd_config"], stderr=log, stdout=log)
        t.eventually(self.listening, "sshd listening")

    @staticmethod
    def sftp_server():
        for path in ("/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/lib/sftp-server"):
            if os.path.exists(path):
                return path
        return "internal-sftp"

    def own(self, top):
        os.chown(top, self.uid, self.gid)
        for folder, folders, files in os.walk(top):
            for x in folders + files:
                os.lchown(os.path.join(folder, x), self.uid, self.gid)

    def listening(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def options(self):
        return ["-F", "/dev/null", "-i", self.dir / "client", "-o", "StrictHostKeyChecking=no",
                "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "BatchMode=yes",
                "-o", "IdentitiesOnly=yes"]

    def command(self):
        """The ssh command with its options as one string, for rsync -e and GIT_SSH_COMMAND."""
        return " ".join(str(x) for x in ["ssh", "-p", self.port, *self.options()])

    def ssh(self, *args, options=(), **kw):
        return self.t.run(["ssh", "-p", self.port, *self.options(), *options, self.user + "@127.0.0.1", *args], **kw)
