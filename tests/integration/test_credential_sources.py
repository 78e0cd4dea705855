"""Where a token may lie: a file, systemd's credentials, a projected volume; and nothing that merely looks like them."""
import json
import os
import pwd
import re
import struct
import subprocess
import threading
import time

from lib.bare import in_thread


def user():
    return pwd.getpwuid(os.geteuid()).pw_name


def access_list(path, owner, named, mask, group=0, other=0, extra=()):
    """Set an access list as linux/posix_acl_xattr.h writes it; named: [(uid, perm)]."""
    none = 0xFFFFFFFF
    entries = [(1, owner, none), *((2, perm, uid) for uid, perm in named), (4, group, none), *extra, (16, mask, none),
               (32, other, none)]
    os.setxattr(path, "system.posix_acl_access", struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *e) for e in entries))


def systemd_folder(t, token, name, where="systemd"):
    """A folder as systemd lays it out for a service that runs as root, or where there are no access lists."""
    folder = t.tmp / where
    folder.mkdir(mode=0o700)
    (folder / name).write_bytes(token.read_bytes())
    (folder / name).chmod(0o400)
    folder.chmod(0o500)
    t.cleanups.append(lambda: folder.chmod(0o700))
    return folder


def check(t, a, **env):
    r = t.whosh(a, None, "--check", env=env)
    return r, r.text


def test_systemd_credential_of_a_service(t):
    """A service that is given its token by LoadCredential= would need a second copy of it on disk."""
    a = t.approver()
    token = a.agent("worker")
    folder = systemd_folder(t, token, "whosh-token")
    env = {"CREDENTIALS_DIRECTORY": folder}
    r = t.whosh(a, None, "-c", "echo out", env=env)
    assert (r.code, r.out, r.err) == (0, b"out\n", b""), r
    r, text = check(t, a, **env)
    assert r.code == 0 and "systemd's credential whosh-token" in text and str(folder / "whosh-token") in text, r
    other = a.agent("other")
    r = t.whosh(a, other, "-c", "true", env=env)
    assert r.code == 0 and a.who()[0]["agent"] == "other", "a configured token file wins"
    for wrong in ("systemd", "", folder / "nowhere"):
        r = t.whosh(a, None, "-c", "true", env={"CREDENTIALS_DIRECTORY": wrong})
        assert r.code == 77 and r.errors.startswith("whosh: "), r
    assert "absolute" in t.whosh(a, None, "-c", "true", env={"CREDENTIALS_DIRECTORY": "systemd"}).errors


def test_systemd_credential_that_others_can_read(t):
    """Whatever is not exactly as systemd makes it may have been made by somebody else."""
    a = t.approver()
    token = a.agent("worker")
    folder = systemd_folder(t, token, "whosh-token")
    path = folder / "whosh-token"

    def code():
        r = t.whosh(a, None, "-c", "true", env={"CREDENTIALS_DIRECTORY": folder})
        assert r.code == 0 or ("systemd's credentials" in r.errors or "link" in r.errors), r
        return r.code
    assert code() == 0
    for mode in (0o440, 0o404, 0o600, 0o500, 0o4400):
        path.chmod(mode)
        assert code() == 77, oct(mode)
    path.chmod(0o400)
    for mode in (0o550, 0o505, 0o700, 0o1500, 0o755):
        folder.chmod(mode)
        assert code() == 77, oct(mode)
    folder.chmod(0o700)
    os.link(path, folder / "second")
    folder.chmod(0o500)
    assert code() == 77
    folder.chmod(0o700)
    (folder / "second").unlink()
    path.rename(folder / "real")
    path.symlink_to("real")
    folder.chmod(0o500)
    assert code() == 77
    if t.root:
        folder.chmod(0o700)
        path.unlink()
        (folder / "real").rename(path)
        folder.chmod(0o500)
        assert code() == 0
        os.chown(folder, 65534, -1)
        assert code() == 77
        os.chown(folder, 0, -1)
        os.chown(path, 65534, -1)
        assert code() == 77


def test_systemd_credential_by_access_list(t):
    """A service that runs as another user is let in by an access list; its mask looks like a group's permission, and a
    list that lets somebody else in must not pass for one."""
    t.need_root()
    a = t.approver()
    token = a.agent("worker")
    a.dir.chmod(0o755)
    nobody = pwd.getpwnam("nobody")
    folder = systemd_folder(t, token, "whosh-token")
    path = folder / "whosh-token"
    home = t.tmp / "home"
    home.mkdir()
    os.chown(home, nobody.pw_uid, -1)
    env = t.env(a, None, CREDENTIALS_DIRECTORY=folder, HOME=home)

    def code():
        r = t.run([t.program("whosh"), "-c", "true"], env=env, cwd="/", user=nobody.pw_uid, group=nobody.pw_gid,
                  extra_groups=[])
        assert r.code in (0, 77), r
        return r.code
    try:
        access_list(folder, 5, [(nobody.pw_uid, 5)], 5)
    except OSError as e:
        t.skip("no access lists in %s: %s" % (t.tmp, e))
    access_list(path, 4, [(nobody.pw_uid, 4)], 4)
    assert (folder.stat().st_mode & 0o7777, path.stat().st_mode & 0o7777) == (0o550, 0o440)
    assert code() == 0
    for named, mask, more in (([(nobody.pw_uid, 4), (12345, 4)], 4, {}), ([(nobody.pw_uid, 6)], 6, {}),
                              ([(nobody.pw_uid, 4)], 4, {"group": 4}), ([(nobody.pw_uid, 4)], 4, {"other": 4}),
                              ([(nobody.pw_uid, 4)], 4, {"extra": [(8, 4, 0)]}), ([(nobody.pw_uid, 4)], 6, {})):
        access_list(path, 4, named, mask, **more)
        assert code() == 77, (named, mask, more)
    access_list(path, 4, [(nobody.pw_uid, 4)], 4)
    assert code() == 0
    access_list(folder, 5, [(nobody.pw_uid, 5), (12345, 5)], 5)
    assert code() == 77
    os.removexattr(folder, "system.posix_acl_access")
    folder.chmod(0o500)
    os.chown(folder, nobody.pw_uid, -1)
    os.removexattr(path, "system.posix_acl_access")
    path.chmod(0o400)
    os.chown(path, nobody.pw_uid, -1)
    assert code() == 0, "as systemd does it where there are no access lists"


def system_broker(t, a, credentials, folder, conf=""):
    """A system broker whose `credentials` are at their default."""
    b = t.broker(a, credentials, start=False)
    lines = [x for x in b.conf.read_text().splitlines() if not x.startswith("credentials")]
    b.conf.write_text("\n".join(lines) + "\n" + conf)
    with open(b.log, "ab") as log:
        b.process = t.spawn([t.program("whosh-broker"), "--config", b.conf], stdout=log, stderr=log,
                            env={"PATH": "/usr/bin:/bin", "CREDENTIALS_DIRECTORY": str(folder)})
    t.read_line_matching(b.log, "listening", process=b.process)
    return b


def test_systemd_credential_of_the_broker(t):
    """The host's broker finds each user's token among systemd's credentials, unless it was told of another folder."""
    a = t.approver()
    token = a.agent("worker")
    folder = systemd_folder(t, token, user() + ".json")
    b = system_broker(t, a, {}, folder)
    r = t.whosh(b, None, "-c", "echo out")
    assert (r.code, r.out) == (0, b"out\n"), r
    assert "systemd's credential %s.json" % user() in check(t, b)[1]
    (folder / (user() + ".json")).chmod(0o404)
    r = t.whosh(b, None, "-c", "true")
    assert r.code == 77 and str(folder) in r.errors, "a loose one is refused, not passed over: %s" % r
    folder.chmod(0o700)
    (folder / (user() + ".json")).unlink()
    folder.chmod(0o500)
    r = t.whosh(b, None, "-c", "true")
    assert r.code == 77 and "/etc/whosh/credentials" in r.errors, r
    b.stop()
    told = t.broker(a, {user(): token}, name="told", start=False)
    elsewhere = systemd_folder(t, a.agent("elsewhere"), user() + ".json", "elsewhere")
    with open(told.log, "ab") as log:
        told.process = t.spawn([t.program("whosh-broker"), "--config", told.conf], stdout=log, stderr=log,
                               env={"PATH": "/usr/bin:/bin", "CREDENTIALS_DIRECTORY": str(elsewhere)})
    t.read_line_matching(told.log, "listening", process=told.process)
    assert t.whosh(told, None, "-c", "true").code == 0 and a.who()[0]["agent"] == "worker"


class Volume:
    """A secret as kubelet mounts it, and its update."""

    def __init__(self, t, names=("token",)):
        self.path, self.n, self.names = t.tmp / "volume", 0, names
        self.path.mkdir(mode=0o777)
        self.path.chmod(0o1777)
        self.old = None

    def write(self, content, mode=0o400):
        self.n += 1
        version = self.path / ("..2026_01_02_15_04_05.%09d" % self.n)
        version.mkdir(mode=0o755)
        for name in self.names:
            (version / name).write_bytes(content)
            (version / name).chmod(mode)
        (self.path / "..data_tmp").symlink_to(version.name)
        (self.path / "..data_tmp").rename(self.path / "..data")
        for name in self.names:
            if not (self.path / name).is_symlink():
                (self.path / name).symlink_to("..data/" + name)
        if self.old:
            for name in self.names:
                (self.old / name).unlink()
            self.old.rmdir()
        self.old = version
        return self.path / self.names[0]


def test_projected_volume(t):
    """In a pod the token is a mounted secret: behind two links, and still nobody else's."""
    a = t.approver()
    token = a.agent("worker")
    volume = Volume(t)
    link = volume.write(token.read_bytes())
    r = t.whosh(a, link, "-c", "echo out")
    assert (r.code, r.out) == (0, b"out\n"), r
    assert "a projected volume" in t.whosh(a, link, "--check").text
    if t.root:
        volume.write(token.read_bytes(), 0o440)  # fsGroup: root's file, one of our groups
        assert t.whosh(a, link, "-c", "true").code == 0
        os.chown(volume.old / "token", 0, 12345)
        r = t.whosh(a, link, "-c", "true")
        assert r.code == 77 and "chmod" in r.errors, "a group that is not ours"
        r = t.run([t.program("whosh"), "-c", "true"], env=t.env(a, link), cwd=t.tmp, extra_groups=[12345])
        assert r.code == 0, r
        os.chown(volume.old / "token", 65534, 0)
        assert t.whosh(a, link, "-c", "true").code == 77
        a.dir.chmod(0o755)
        home = t.tmp / "home"
        home.mkdir()
        os.chown(home, 65534, -1)
        for owner, code in ((0, 0), (65534, 77)):
            os.chown(volume.old / "token", owner, 65534)
            r = t.run([t.program("whosh"), "-c", "true"], env=t.env(a, link, HOME=home), cwd="/", user=65534, group=65534,
                      extra_groups=[])
            assert r.code == code, ("its own file is its own alone", r)
    for mode in (0o404, 0o460, 0o450, 0o444):
        volume.write(token.read_bytes(), mode)
        assert t.whosh(a, link, "-c", "true").code == 77, oct(mode)


def test_links_that_are_no_projected_volume(t):
    """Any other link could be turned to another file by who made it."""
    a = t.approver()
    token = a.agent("worker")
    content = token.read_bytes()

    def refused(make):
        volume = Volume(t)
        link = volume.write(content)
        assert t.whosh(a, link, "-c", "true").code == 0
        make(volume.path, volume.old)
        r = t.whosh(a, link, "-c", "true")
        assert r.code == 77 and r.errors.startswith("whosh: "), (make, r)
        t.run(["rm", "-rf", volume.path])

    def relink(name, target):
        def make(path, _):
            target_now = target(path) if callable(target) else target
            (path / name).unlink()
            (path / name).symlink_to(target_now)
        return make
    refused(relink("token", lambda path: path / "..data" / "token"))
    refused(relink("token", "./..data/token"))
    refused(relink("token", "..data/../..data/token"))
    refused(relink("token", lambda path: os.readlink(path / "..data") + "/token"))
    refused(relink("token", "..data/other"))
    refused(relink("token", "..data/"))
    refused(relink("..data", lambda path: path / os.readlink(path / "..data")))
    refused(relink("..data", lambda path: "../volume/" + os.readlink(path / "..data")))
    refused(relink("..data", lambda path: os.readlink(path / "..data") + "/"))
    refused(relink("..data", ".."))
    refused(relink("..data", "..data"))

    def plain_name(path, old):
        old.rename(path / "version")
        relink("..data", "version")(path, old)

    def folder_not_link(path, old):
        (path / "..data").unlink()
        old.rename(path / "..data")

    def another_link(path, old):
        (old / "token").rename(path / "real")
        (old / "token").symlink_to("../real")

    def second_name(path, old):
        os.link(old / "token", path / "second")

    def version_is_a_link(path, old):
        old.rename(path / "..real")
        (path / old.name).symlink_to("..real")
    for make in (plain_name, folder_not_link, another_link, second_name, version_is_a_link):
        refused(make)
    if t.root:
        for name in ("token", "..data"):
            refused(lambda path, _, name=name: os.lchown(path / name, 65534, 65534))
        refused(lambda _, old: os.chown(old, 65534, 65534))


def test_projected_volume_is_swapped_under_load(t):
    """An update of the secret must be taken up, and fail no command while the links are being changed."""
    a = t.approver()
    token = a.agent("worker")
    content, name = token.read_bytes(), user() + ".json"
    volume = Volume(t, [name])
    volume.write(content)
    b = t.broker(a, {}, conf="")
    b.stop()
    b.conf.write_text(re.sub(r"(?m)^credentials = .*$", "credentials = %s" % volume.path, b.conf.read_text()))
    b.start()
    failed, done, stopping = [], [0], threading.Event()

    def shells():
        while not stopping.is_set():
            r = t.whosh(b, None, "-c", "true")
            done[0] += 1
            if r.code:
                failed.append(r)
    loops = [in_thread(shells) for _ in range(3)]
    new = t.tmp / "new.token"
    end, swaps = time.monotonic() + 4, 0
    while time.monotonic() < end:
        volume.write(content)
        swaps += 1
        if swaps == 50:
            a.ctl("credential", "rotate", "worker", "--out", new)
            content = new.read_bytes()
    stopping.set()
    for loop in loops:
        loop.result(60)
    assert failed == [], failed[:3]
    assert done[0] > 50 and swaps > 100, (done, swaps)
    used = [c for c in a.json("credential", "list") if c["last_used"]]
    assert len(used) == 2, "the new key was taken up"


def test_check_of_a_credential_that_ends(t):
    """Who is to renew a credential must learn in time, and what to type."""
    a = t.approver()
    token = a.agent("worker", "alice", "--expires", "13d")
    r = t.whosh(a, token, "--check")
    line = [x for x in r.text.splitlines() if " credential " in x][0]
    assert r.code == 0 and line.startswith("warn") and "whoctl credential rotate worker --out FILE" in line, r
    assert re.search(r"good from \d{4}-\d\d-\d\dT.* expires soon, \d{4}-", line), line
    assert "from WHOSH_TOKEN_FILE" in r.text, r
    fresh = t.tmp / "fresh"
    a.ctl("credential", "rotate", "worker", "--out", fresh, "--expires", "15d")
    line = [x for x in t.whosh(a, fresh, "--check").text.splitlines() if " credential " in x][0]
    assert line.startswith("ok"), line
    data = json.loads(token.read_text())
    for change, word in (({"exp": int(time.time()) - 5}, "expired"), ({"nbf": int(time.time()) + 900}, "not good before")):
        token.unlink()
        token.write_text(json.dumps({**data, **change}))
        token.chmod(0o400)
        r = t.whosh(a, token, "--check")
        line = [x for x in r.text.splitlines() if " credential " in x][0]
        assert r.code == 77 and line.startswith("fail") and word in line, r


def test_unit_that_loads_a_credential(t):
    """The example must name its credential as whosh looks for it, or the service finds none."""
    text = (t.source / "examples/systemd/whosh-agent.service").read_text()
    name = re.search(r"(?m)^LoadCredential=([^:]+):", text).group(1)
    a = t.approver()
    folder = systemd_folder(t, a.agent("worker"), name)
    assert t.whosh(a, None, "-c", "true", env={"CREDENTIALS_DIRECTORY": folder}).code == 0


def test_systemd_itself(t):
    """Against the real thing: what systemd lays out is what is accepted."""
    t.need("systemd-run")
    state = subprocess.run(["systemctl", "is-system-running"], stdout=subprocess.PIPE, text=True).stdout.strip()
    if state not in ("running", "degraded"):
        t.skip("systemd does not run here (%s)" % (state or "no answer"))
    t.need_root()
    a = t.approver()
    token = a.agent("worker")
    a.dir.chmod(0o755)
    for account in ("root", "nobody"):
        r = t.run(["systemd-run", "--wait", "--pipe", "--quiet", "-p", "User=" + account, "-p",
                   "LoadCredential=whosh-token:%s" % token, "-p", "Environment=WHOSH_CONFIG=%s HOME=/tmp" % a.conf,
                   t.program("whosh"), "-c", "echo out"])
        assert (r.code, r.out) == (0, b"out\n"), r
