"""A real sshd on loopback whose account has whosh as its shell, and the clients that come through it."""
import os
import pathlib

from lib.sshd import Sshd

POLICY = {"version": 1, "default": "deny", "rules": [
    {"name": "shell", "verdict": "approve", "commands": [
        ["echo", "**"], ["cat", "**"], ["id", "**"], ["sh", "-c", "**"], ["printf", "**"], ["env", "**"], ["head", "**"],
        ["kill", "**"], ["exit", "**"], ["readlink", "**"], ["wc", "**"], ["sleep", "**"], ["tr", "**"]]},
    {"name": "copy", "verdict": "approve", "commands": [
        ["scp", "**"], ["/usr/lib/openssh/sftp-server", "**"], ["rsync", "--server", "**"]]},
    {"name": "git", "verdict": "approve", "commands": [["git-upload-pack", "**"]]}]}


def world(t, policy=POLICY, **sshd):
    """An approver, a system broker that holds the account's credential, and an sshd whose shell is whosh."""
    t.need_root()
    a = t.approver(policy=policy)
    token = a.agent("deploy-agent", owner="alice")
    # The account may not read the credential: the broker, run as root here, holds it.
    b = t.broker(a, {})
    t.tmp.chmod(0o755)
    a.dir.chmod(0o755)
    environment = {"WHOSH_CONFIG": b.conf, "WHOSH_TASK": "deploy-4711", "WHOSH_MODEL": "anthropic/claude-opus@4.8"}
    s = Sshd(t, t.program("whosh"), environment=environment, **sshd)
    for parent in pathlib.Path(t.program("whosh")).parents:
        if not os.stat(parent).st_mode & 1:
            t.skip("%s cannot be entered by the test's account" % parent)
    target = b.dir / "credentials" / (s.user + ".json")
    target.write_bytes(token.read_bytes())
    target.chmod(0o400)
    return a, b, s


def test_ssh_runs_an_approved_line_and_who_names_the_agent(t):
    """The main job: a line that comes by ssh runs, and afterwards the log says which agent ran it, for whom."""
    a, b, s = world(t)
    r = s.ssh("echo out; echo err >&2; exit 7")
    assert (r.code, r.out, r.err) == (7, b"out\n", b"err\n"), r

    def ended():
        found = a.who("--match", "echo out")
        return found[0] if found and found[0]["ended"] else None
    row = t.eventually(ended, "the outcome in the log")
    assert row["agent"] == "deploy-agent" and row["human"] == "alice", row
    assert row["user"] == s.user and row["task"] == "deploy-4711", row
    assert row["model"] == "anthropic/claude-opus@4.8", row
    assert row["verdict"] == "approved" and row["exit"] == 7 and row["rule"] == "shell", row
    assert row["line"] == "echo out; echo err >&2; exit 7", row


def test_denied_over_ssh(t):
    """A denied line must not run, and the client must see 126 and why, with standard output empty."""
    a, b, s = world(t)
    r = s.ssh("touch %s/forbidden" % s.home)
    assert r.code == 126 and r.out == b"", r
    lines = r.errors.splitlines()
    assert [x.split(":")[1].strip() for x in lines] == ["denied", "rule", "command"], r
    assert not (s.home / "forbidden").exists()


def test_binary_clean_pipes(t):
    """A backup sent through ssh must not lose a byte."""
    a, b, s = world(t)
    data = os.urandom(3_000_000) + bytes(range(256)) * 100
    r = s.ssh("cat", stdin=data, timeout=120)
    assert r.code == 0 and r.out == data and r.err == b"", (r.code, len(r.out), r.err)


def forced(t, how):
    t.need_root()
    whosh = t.program("whosh")
    if how == "sshd_config":
        a, b, s = world(t, config="ForceCommand " + whosh)
    else:
        a, b, s = world(t, authorized_prefix='restrict,command="%s" ' % whosh)
    r = s.ssh("echo forced; exit 3")
    assert (r.code, r.out, r.err) == (3, b"forced\n", b""), r
    r = s.ssh("touch %s/forbidden" % s.home)
    assert r.code == 126 and not (s.home / "forbidden").exists(), r
    rows = a.who()
    assert [x["line"] for x in rows] == ["touch %s/forbidden" % s.home, "echo forced; exit 3"], rows
    assert all(x["mode"] == "ssh" for x in rows), rows


def test_force_command(t):
    """With ForceCommand the client's line is what is approved and run, asked once, not the forced name."""
    forced(t, "sshd_config")


def test_authorized_keys_command(t):
    """With command= in authorized_keys the client's line is what is approved and run."""
    forced(t, "authorized_keys")


def test_standard_input_is_asked_line_by_line(t):
    """What is piped into a login without a line is not smuggled past: each line of it is approved, or denied and not run."""
    a, b, s = world(t)
    r = s.ssh(stdin=b"echo one; x=1\ntouch forbidden\necho \"$x $?\"\n")
    assert r.code == 0 and r.out == b"one\n1 126\n" and "whosh: denied: " in r.errors, r
    assert not (s.home / "forbidden").exists()
    assert [x["verdict"] for x in a.who()] == ["approved", "denied", "approved"], a.who()


def test_scp_both_protocols(t):
    """Copying must work unnoticed, both ways, in the new (sftp) and the old (-O) protocol."""
    a, b, s = world(t)
    t.need("scp")
    data = os.urandom(500_000)
    (t.tmp / "up").write_bytes(data)
    where = "%s@127.0.0.1:" % s.user
    for flag in ([], ["-O"]):
        name = "there" + "".join(flag)
        r = t.run(["scp", *flag, "-q", "-P", s.port, *s.options(), t.tmp / "up", where + name])
        assert r.code == 0, r
        assert (s.home / name).read_bytes() == data
        r = t.run(["scp", *flag, "-q", "-P", s.port, *s.options(), where + name, t.tmp / "down"])
        assert r.code == 0 and (t.tmp / "down").read_bytes() == data, r
    lines = [x["line"] for x in a.who()]
    assert any("sftp-server" in x for x in lines) and any(x.startswith("scp -t") for x in lines), lines


def test_sftp(t):
    """sftp in batch mode puts, renames and gets."""
    a, b, s = world(t)
    t.need("sftp")
    (t.tmp / "file").write_bytes(b"content")
    batch = "put %s one\nrename one two\nget two %s\nls\n" % (t.tmp / "file", t.tmp / "back")
    r = t.run(["sftp", "-q", "-b", "-", "-P", s.port, *s.options(), s.user + "@127.0.0.1"], stdin=batch)
    assert r.code == 0 and (t.tmp / "back").read_bytes() == b"content", r


def test_rsync(t):
    """rsync keeps two trees the same in both directions."""
    a, b, s = world(t)
    t.need("rsync")
    tree = t.tmp / "tree"
    (tree / "deep/er").mkdir(parents=True)
    (tree / "deep/er/file with blank").write_bytes(os.urandom(100_000))
    (tree / "top").write_text("x")
    r = t.run(["rsync", "-a", "-e", s.command(), str(tree) + "/", s.user + "@127.0.0.1:copy/"])
    assert r.code == 0, r
    r = t.run(["rsync", "-a", "-e", s.command(), s.user + "@127.0.0.1:copy/", str(t.tmp / "back") + "/"])
    assert r.code == 0, r
    assert t.run(["diff", "-r", tree, t.tmp / "back"]).code == 0


def test_git_clone(t):
    """git clone over ssh works where policy allows fetching; a push it does not allow is refused."""
    a, b, s = world(t)
    t.need("git")
    bare = s.home / "repo.git"
    env = {**t.env(), "GIT_SSH_COMMAND": s.command(), "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b",
           "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
    work = t.tmp / "work"
    for argv in (["git", "init", "-q", "--bare", bare], ["git", "init", "-q", work],
                 ["git", "-C", work, "commit", "-q", "--allow-empty", "-m", "first"],
                 ["git", "-C", work, "push", "-q", bare, "HEAD:refs/heads/main"],
                 ["git", "-C", bare, "symbolic-ref", "HEAD", "refs/heads/main"]):
        made = t.run(argv, env=env)
        assert made.code == 0, made
    s.own(s.home)
    url = "ssh://%s@127.0.0.1%s" % (s.user, bare)
    r = t.run(["git", "clone", "-q", url, t.tmp / "clone"], env=env)
    assert r.code == 0 and (t.tmp / "clone/.git").is_dir(), r
    r = t.run(["git", "-C", t.tmp / "clone", "push", "-q", "origin", "HEAD:refs/heads/other"], env=env)
    assert r.code != 0 and "denied" in r.errors, r
    lines = [x["line"] for x in a.who()]
    assert "git-upload-pack '%s'" % bare in lines, lines


def test_the_account_cannot_read_its_credential(t):
    """The agent could otherwise copy its key away and be someone it was not asked to be."""
    a, b, s = world(t)
    r = s.ssh("cat %s/credentials/%s.json" % (b.dir, s.user))
    assert r.code == 1 and b"Permission denied" in r.err and b"jwk" not in r.out, r


def test_environment_out_over_ssh(t):
    """Systems further down (PostgreSQL, AWS, traces) must be able to say who as well."""
    a, b, s = world(t)
    r = s.ssh("env")
    env = dict(x.split("=", 1) for x in r.text.splitlines() if "=" in x)
    row = a.who()[0]
    assert env["WHOSH_AGENT_ID"] == "deploy-agent" and env["WHOSH_COMMAND_ID"] == row["id"], env
    assert env["WHOSH_SESSION_ID"] == row["session"], (env, row)
    assert env["PGAPPNAME"] == ("deploy-agent/" + row["id"])[:63], env
    assert env["SHELL"] == t.program("whosh") and "TRACEPARENT" in env, env
    assert row["id"] in env["OTEL_RESOURCE_ATTRIBUTES"], env
