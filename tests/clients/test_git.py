"""git where it runs shells: hooks, aliases, editors, rebase --exec, and clone and push over ssh."""
import pathlib
import shlex

from clients.test_openssh import Two
from lib.sides import Sides

AUTHOR = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b",
          "GIT_AUTHOR_DATE": "@0 +0000", "GIT_COMMITTER_DATE": "@0 +0000", "GIT_CONFIG_NOSYSTEM": "1"}
HOOKS = {
    "pre-commit": "if git diff --cached --name-only | grep -q '^secret'; then\n  echo 'no secrets' >&2\n  exit 1\nfi\n"
                  "echo \"pre-commit $# $PWD\" | sed 's|/.*/|/|'\n",
    "commit-msg": "sed -i -e '1s/^/[ok] /' \"$1\"\n",
    "post-commit": "printf '%s\\n' \"committed $(git log -1 --format=%s)\" >> log\n",
    "pre-push": "while read -r local oid remote other; do echo \"push $local to $remote by $1\"; done\n"}


def repository(w, shell):
    git = ["git", "-C", w.work]
    for argv in (["init", "-q", "-b", "main"], ["config", "user.name", "a"], ["config", "user.email", "a@b"]):
        assert w.t.run([*git, *argv], env=w.env(**AUTHOR)).code == 0
    for name, text in HOOKS.items():
        hook = w.work / ".git/hooks" / name
        hook.write_text("#!%s\n%s" % (shell, text))
        hook.chmod(0o755)
    for sample in (w.work / ".git/hooks").glob("*.sample"):
        sample.unlink()


def test_git_hooks(t):
    """Hooks whose first line names whosh run, read their input, and stop a commit or push as with bash."""
    t.need("git")
    w = Sides(t)

    def run(shell, env):
        repository(w, shell)
        (w.work / "a").write_text("a\n")
        script = ("git add a; git commit -qm first; git log --format=%s; git init -q --bare other.git; git push other.git main; "
                  "touch secret; git add secret; git commit -qm second; echo $?; git rev-parse HEAD; rm -rf .git/index .git/hooks")
        return t.run(["sh", "-c", script], env={**env, **AUTHOR}, cwd=w.work)
    r = w.same(run)
    assert b"[ok] first" in r.out and b"\n1\n" in r.out, r
    rows = w.rows(n=5)
    assert all(x["mode"] == "script" for x in rows), rows
    assert [x["exit"] for x in rows] == [0, 0, 0, 0, 1], rows
    assert rows[0]["line"] == "#!%s\n%s" % (w.whosh, HOOKS["pre-commit"]), rows[0]
    w.fresh(lambda: repository(w, w.whosh))
    (w.work / ".git/hooks/pre-commit").write_text("#!%s\nshred secret\n" % w.whosh)
    r = t.run(["git", "commit", "-q", "--allow-empty", "-m", "x"], env={**w.env(), **AUTHOR}, cwd=w.work)
    assert r.code == 1 and "whosh: denied: shred secret" in r.errors, r
    assert t.run(["git", "rev-parse", "HEAD"], env=w.env(), cwd=w.work).code != 0


def test_git_aliases(t):
    """git runs an alias with /bin/sh, whatever SHELL says: with whosh in sh's place it is recorded, and works as before."""
    t.need("git", "unshare")
    t.need_root()
    w = Sides(t)
    aliases = {"last": "!git log -1 --format=%s \"$@\" && :", "root": "!pwd -P; echo \"$GIT_PREFIX|$#|$1\"; false",
               "all": "!f() { for x in \"$@\"; do echo \"<$x>\"; done; }; f"}
    steps = ["git commit -q --allow-empty -m one", "git last --date=short", "cd sub; git root 'a b'", "git all 'it'\\''s' '$HOME' two",
             "git rebase -q --root --exec 'echo each {a,b} >> log; test -f log'", "GIT_EDITOR='sed -i s/one/edited/' git commit -q "
             "--allow-empty --amend; git last", "git bisect start -q; git bisect run sh -c 'exit 0' > /dev/null; echo $?"]

    def run(shell, env):
        git = ["git", "-C", w.work]
        (w.work / "sub").mkdir()
        for argv in (["init", "-q", "-b", "main"], *(["config", "alias." + k, v] for k, v in aliases.items())):
            assert t.run([*git, *argv], env={**env, **AUTHOR}).code == 0
        # Only in this run's own view of the file system is /bin/sh the shell in question.
        script = "mount --bind %s /bin/dash || exit 99\n" % shlex.quote(shell)
        script += "".join("( %s ); echo \"status $?\"\n" % x for x in steps) + "rm -rf .git\n"
        return t.run(["unshare", "-m", "/bin/bash", "-c", script], env={**env, **AUTHOR}, cwd=w.work)
    r = w.same(run)
    if r.code == 99:
        t.skip("no private mounts here")
    assert b"one\n" in r.out and b"/work\nsub/|1|a b\n" in r.out and b"<it's>\n<$HOME>\n" in r.out and b"edited" in r.out, r
    assert (w.work / "log").read_text() == "each a b\n"
    lines = w.lines(n=4)
    assert any(x.startswith("git log -1 --format=%s") for x in lines), lines


def test_git_push_over_ssh(t):
    """Clone, fetch and push over ssh, with hooks on the server that whosh runs: each is the agent's, each can be denied."""
    w = Two(t, bash=False)
    t.need("git")
    bare = w.s.home / "repo.git"
    work = t.tmp / "clone"
    env = {**t.env(), **AUTHOR, "GIT_SSH_COMMAND": w.s.command()}
    assert t.run(["git", "init", "-q", "--bare", "-b", "main", bare]).code == 0
    for name, text in (("pre-receive", "while read -r old new ref; do echo \"received $ref\"; [ \"$ref\" != refs/heads/locked ] || exit 3; done"),
                       ("post-receive", "git log -1 --format=%s \"$(git rev-parse main)\" > \"$PWD/last\"")):
        (bare / "hooks" / name).write_text("#!%s\n%s\n" % (t.program("whosh"), text))
        (bare / "hooks" / name).chmod(0o755)
    w.s.own(w.s.home)
    url = "ssh://%s@127.0.0.1%s" % (w.s.user, bare)
    r = t.run(["git", "clone", "-q", url, work], env=env)
    assert r.code == 0, r
    (work / "file").write_bytes(bytes(range(256)) * 2000)
    for argv in (["add", "file"], ["commit", "-qm", "first"], ["push", "-q", "origin", "HEAD:main"]):
        r = t.run(["git", "-C", work, *argv], env=env)
        assert r.code == 0, r
    assert "remote: received refs/heads/main" in r.errors, r
    assert (bare / "last").read_text() == "first\n"
    r = t.run(["git", "-C", work, "push", "-q", "origin", "HEAD:locked"], env=env)
    assert r.code == 1 and "pre-receive hook declined" in r.errors, r
    r = t.run(["git", "clone", "-q", url, t.tmp / "second"], env=env)
    assert r.code == 0 and (t.tmp / "second/file").read_bytes() == (work / "file").read_bytes(), r
    rows = w.rows(7)
    quoted = "'%s'" % bare
    tops = [x for x in rows if x["parent"] is None]
    assert [x["line"] for x in tops] == ["git-upload-pack " + quoted, "git-receive-pack " + quoted, "git-receive-pack " + quoted,
                                         "git-upload-pack " + quoted], tops
    hooks = [x for x in rows if x["mode"] == "script"]
    assert [(x["parent"], x["exit"]) for x in hooks] == [(tops[1]["id"], 0), (tops[1]["id"], 0), (tops[2]["id"], 3)], hooks
    w.a.write_policy({"version": 1, "default": "deny", "rules": [
        {"name": "fetch", "verdict": "approve", "commands": [["git-upload-pack", "**"]]}]})
    w.a.restart()
    r = t.run(["git", "-C", work, "fetch", "-q"], env=env)
    assert r.code == 0, r
    r = t.run(["git", "-C", work, "push", "-q", "origin", "HEAD:other"], env=env)
    assert r.code != 0 and "whosh: denied: " in r.errors, r
    assert pathlib.Path(bare / "refs/heads/other").exists() is False
