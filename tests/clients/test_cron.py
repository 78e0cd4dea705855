"""A real cron daemon whose crontab says SHELL=whosh, on a spool, a /run and a sendmail of its own."""
import re
import shlex

from lib.sides import Sides

JOBS = [
    r'echo "one $((6*7))"; echo err >&2; exit 3',
    r'cat; echo "$LOGNAME in $PWD"%first line%second \% line',
    r'printf "\%s\n" {a,b} | tr a-z A-Z; pwd | wc -l',
    r'no-such-command-of-cron',
    r'kill -TERM $$',
    r'echo hidden > /dev/null; echo "$0 $#"',
]

# In a view of the file system of its own: nothing of the machine's cron is read, written or run.
NAMESPACE = """
set -e
mount -t tmpfs none /run
mount --bind {top}/spool /var/spool/cron/crontabs
chown root:crontab /var/spool/cron/crontabs
chmod 1730 /var/spool/cron/crontabs
mount --bind {top}/empty /etc/crontab
mount -t tmpfs none /etc/cron.d
mount --bind {top}/sbin /usr/sbin
exec {top}/cron -f
"""


class Cron:
    """@reboot jobs run when the daemon starts, by the way on which all jobs run: nobody waits for the minute."""

    def __init__(self, t, name, shell, jobs, environment):
        self.t, self.top = t, t.tmp / name
        for folder in ("spool", "sbin", "mail"):
            (self.top / folder).mkdir(parents=True)
        (self.top / "empty").touch()
        (self.top / "cron").write_bytes(open("/usr/sbin/cron", "rb").read())
        (self.top / "cron").chmod(0o755)
        sendmail = self.top / "sbin/sendmail"
        sendmail.write_text("#!/bin/sh\ncat > %s/mail/.$$ && mv %s/mail/.$$ %s/mail/$$\n" % (self.top, self.top, self.top))
        sendmail.chmod(0o755)
        table = self.top / "spool/root"
        table.write_text("SHELL=%s\nMAILTO=agents\n" % shell + "".join("%s=%s\n" % x for x in environment.items()) +
                         "".join("@reboot %s\n" % x for x in jobs))
        table.chmod(0o600)
        (self.top / "enter").write_text(NAMESPACE.format(top=shlex.quote(str(self.top))))
        self.log = open(self.top / "log", "wb")
        self.process = t.spawn(["unshare", "-m", "sh", self.top / "enter"], stdout=self.log, stderr=self.log,
                               env={"PATH": "/usr/sbin:/usr/bin:/bin"})

    def mails(self, n):
        """{job: what it said}: one mail for each job that said something."""
        def come():
            found = [x for x in (self.top / "mail").iterdir() if not x.name.startswith(".")]
            assert self.process.poll() is None, (self.top / "log").read_text()
            return found if len(found) >= n else None
        mails = {}
        for path in self.t.eventually(come, "%d mails of cron's" % n):
            head, _, body = path.read_text().partition("\n\n")
            mails[re.search(r"^Subject: Cron <[^>]*> (.*)$", head, re.M).group(1)] = body
        return mails


def ready(t):
    t.need_root()
    t.need("cron", "unshare")
    if t.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/run"]).code:
        t.skip("no private mounts here")


def test_cron(t):
    """Jobs run by a crontab's SHELL=whosh mail what they mail with bash, get their input, and are on record."""
    ready(t)
    w = Sides(t)
    env = {k: v for k, v in w.env().items() if k.startswith("WHOSH_")}
    sides = []
    for name, shell in (("with-bash", "/bin/bash"), ("with-whosh", w.whosh)):
        mails = Cron(t, name, shell, JOBS, env).mails(5)
        sides.append({job: w.plain(text.encode()) for job, text in mails.items()})
    assert sides[0] == sides[1], sides
    assert sides[1]['echo "one $((6*7))"; echo err >&2; exit 3'] == b"one 42\nerr\n", sides
    assert b"first line\nsecond % line" in sides[1]['cat; echo "$LOGNAME in $PWD"'], sides
    rows = {x["line"]: x for x in w.rows(n=6)}
    assert rows['echo "one $((6*7))"; echo err >&2; exit 3']["exit"] == 3, rows
    assert rows["no-such-command-of-cron"]["exit"] == 127 and rows["kill -TERM $$"]["signal"], rows
    assert 'printf "%s\\n" {a,b} | tr a-z A-Z; pwd | wc -l' in rows, rows


def test_cron_denied(t):
    """A job that is denied does not run, and the mail that cron sends says why."""
    ready(t)
    w = Sides(t)
    env = {k: v for k, v in w.env().items() if k.startswith("WHOSH_")}
    body = Cron(t, "denied", w.whosh, ["echo before; shred %s/x" % t.tmp], env).mails(1).popitem()[1]
    assert body.startswith("whosh: denied: shred ") and "whosh: rule: never\n" in body and "before" not in body, body
    assert w.denied() == ["echo before; shred %s/x" % t.tmp]
