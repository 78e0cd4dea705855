"""Jobs of GitHub Actions and GitLab, called as the two runners call their shell."""
import os
import shlex
import uuid

from lib.sides import Sides

STEP = r"""echo "::group::Build of $GITHUB_REPOSITORY"
echo "version=1.2.3" >> "$GITHUB_OUTPUT"
{
  echo 'notes<<EOF'
  printf '%s\n' "first \"quoted\"" 'second $line'
  echo EOF
} >> $GITHUB_OUTPUT
echo "COLOUR=blue" >> $GITHUB_ENV
echo "$PWD/bin" >> $GITHUB_PATH
for os in ubuntu debian; do
  [[ $os == deb* ]] && echo "::notice file=app.js,line=1::$os" || echo "skip $os"
done
cat > deploy.yaml <<-'YAML'
	name: deploy
	on: [push]
	YAML
function cleanup() { echo "cleanup $?"; }
trap cleanup EXIT
echo "$0" | sed 's|.*/||; s|[0-9a-f-]*\.sh|GUID.sh|' ; echo "$# $-"
echo "### Summary :rocket: café" >> $GITHUB_STEP_SUMMARY
echo "::endgroup::"
"""
FAILING = "echo one\nfalse | true\necho two\n(exit 3)\necho three\n"


def step(w, shell, text, options, env):
    """The runner writes the text of `run:` to _temp/GUID.sh and runs `SHELL OPTIONS PATH`; its own variables are there."""
    temp = w.t.tmp / "_temp"
    temp.mkdir(exist_ok=True)
    script = temp / (str(uuid.uuid4()) + ".sh")
    script.write_text(text)
    files = {name: str(w.work / name.lower()) for name in
             ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STEP_SUMMARY")}
    for path in files.values():
        open(path, "a").close()
    argv = [shell, *[x.replace("{0}", str(script)) for x in shlex.split(options)]]
    r = w.t.run(argv, cwd=w.work, env={**env, **files, "GITHUB_ACTIONS": "true", "CI": "true", "GITHUB_REPOSITORY": "o/r",
                                       "GITHUB_WORKSPACE": str(w.work), "RUNNER_TEMP": str(temp)})
    script.unlink()
    return r


def test_github_actions(t):
    """`shell: whosh -e {0}` and the other forms run a step as bash does: its outputs, its status, one record a step."""
    w = Sides(t)
    for options in ("-e {0}", "--noprofile --norc -e -o pipefail {0}", "--noprofile --norc -eo pipefail {0}", "{0}",
                    "-euo pipefail {0}", "-ex {0}", "--login -e {0}", "-l {0}"):
        # A login shell of bash's own reads /etc/profile, which nobody approved: bash is kept from it.
        whole = lambda shell: options if shell == w.whosh else options.replace("--login", "").replace("-l ", "")  # noqa: E731
        r = w.same(lambda shell, env: step(w, shell, STEP, whole(shell), env), files=True,
                   plain=lambda b: b.replace(str(t.tmp).encode(), b"TMP"), err="x" not in options)
        assert r.code == 0 and b"cleanup 0\n" in r.out, r
        r = w.same(lambda shell, env: step(w, shell, FAILING, whole(shell), env), err="x" not in options)
        assert r.code == (0 if options in ("{0}", "-l {0}") else 1 if "pipefail" in options else 3), r
    rows = w.rows(n=16)
    assert rows[0]["line"] == STEP and rows[0]["mode"] == "script", rows[0]
    w.fresh()
    r = step(w, w.whosh, "echo before\nshred secrets\n", "-e {0}", w.env())
    assert r.code == 126 and r.out == b"" and "whosh: denied: shred secrets" in r.errors, r


def escaped(text):
    """The runner's ShellEscape: $'…' around everything that is not plain."""
    out, plain = "", True
    for byte in text.encode():
        c = chr(byte)
        if c.isascii() and (c.isalnum() or c in "_@%+:,./-="):
            out += c
            continue
        plain = plain and c in "_"
        out += {"\n": "\\n", "\t": "\\t", "\r": "\\r", "'": "\\'", "\\": "\\\\"}.get(
            c, c if c.isascii() and c.isprintable() else "\\x%02x" % byte)
    return "$'%s'" % out if not plain or out != text else text or "''"


JOB = [
    "git init -q . && git config user.email a@b && git config user.name a",
    "echo \"building $CI_COMMIT_REF_NAME in $PWD\" | sed \"s|$PWD|PWD|\"",
    "test -f .env && . ./.env || true",
    "export VERSION=$(git describe --always 2>/dev/null || echo 'none')",
    "echo \"it's $VERSION\" > artefact.txt",
    "if [ \"$CI\" = true ]; then\n  echo \"multi\n    line\"\nfi",
    "cat <<'EOF' > café.txt\nkept: $HOME \\n\nEOF",
    "read -r line || echo \"nothing on standard input\"",
]


def job(commands, variables, masked="\x1b[32;1m", strict="set -eo pipefail\n"):
    """What the runner writes for a step: every line is shown in green, then run, all of it in one eval."""
    body = "".join("export %s=%s\n" % (k, escaped(v)) for k, v in variables.items())
    body += "cd $PWD\n"
    for command in commands:
        first, *rest = command.split("\n")
        shown = first + (" # collapsed multi-line command" if rest else "")
        body += "echo %s\n%s\n" % (escaped("%s$ %s\x1b[0;m" % (masked, shown)), command)
    return ("#!/usr/bin/env bash\n\ntrap exit 1 TERM\n\n" + strict +
            "set +o noclobber\n: | eval %s\nexit 0\n" % escaped(body))


VARIABLES = {"CI": "true", "CI_COMMIT_REF_NAME": "feature/it's", "CI_JOB_TOKEN": "[MASKED]", "EMPTY": "",
             "MULTI": "two\nlines\t\\x"}
STRICT = "if set -o | grep pipefail > /dev/null; then set -o pipefail; fi; set -o errexit\n"


def gitlab(w, form):
    script = job(JOB, VARIABLES) if form != "old" else job(JOB, VARIABLES, strict=STRICT)

    def run(shell, env):
        if form == "file":  # the docker executors copy the script and run the file
            path = w.t.tmp / "script"
            path.write_text(script)
            return w.t.run([shell, path], env=env, cwd=w.work)
        # bash is not asked for a login shell: it would read /etc/profile, which nobody approved.
        options = ["-l"] if form == "login" and shell == w.whosh else []
        return w.t.run([shell, *options], stdin=script, env=env, cwd=w.work)
    return run


def test_gitlab_script_file(t):
    """A job of GitLab's that is run as a file does what it does with bash, and its text is in the record."""
    w = Sides(t)
    r = w.same(gitlab(w, "file"), files=False)
    assert r.code == 0 and b"nothing on standard input" in r.out and b"building feature/it's in PWD" in r.out, r
    assert (w.work / "artefact.txt").read_text() == "it's none\n"
    assert (w.work / "café.txt").read_text() == "kept: $HOME \\n\n"
    # Its token is masked for people, and is what it was for those who may see it.
    assert [w.a.json("show", x["id"], "--unmask")[0]["line"] for x in w.rows()] == [job(JOB, VARIABLES)]
    assert [x["reviewers"] for x in w.rows()] == [["admin"]], "eval is approved by no pattern"
    (t.tmp / "bad").write_text(job(["echo before", "shred x"], {}))
    r = t.run([w.whosh, t.tmp / "bad"], env=w.env(), cwd=w.work)
    assert r.code == 126 and r.out == b"" and "whosh: denied: not this one" in r.errors, r


def test_gitlab_shell_executor(t):
    """GitLab's shell executor pipes the job into its shell, also as a login shell: outputs and status are bash's."""
    w = Sides(t)
    for form in ("stdin", "old", "login"):
        r = w.same(gitlab(w, form), files=False)
        assert r.code == 0 and b"nothing on standard input" in r.out, r
        assert (w.work / "café.txt").read_text() == "kept: $HOME \\n\n"
    rows = w.rows(n=12)
    assert any(": | eval" in x["line"] for x in rows) and all(x["mode"] == "stdin" for x in rows), rows
    # A command that fails ends the job with its status; one that is denied is such a command.
    failing = job(["echo before", "(exit 3)", "echo never"], VARIABLES)
    r = w.same(lambda shell, env: t.run([shell], stdin=failing, env=env, cwd=w.work), files=False)
    assert r.code == 1 and b"before" in r.out and b"\nnever" not in r.out, r
    r = t.run([w.whosh], stdin=job(["echo before", "shred x"], {}), env=w.env(), cwd=w.work)
    assert r.code == 126 and b"\nbefore" not in r.out and "whosh: denied: not this one" in r.errors, r
    assert len(w.denied()) == 1


def test_gitlab_su(t):
    """A runner that serves another account goes through su: `su -s SHELL USER -c "SHELL -l"`, the job on standard input."""
    t.need_root()
    t.need("su")
    w = Sides(t)
    script = job(["echo one", "id -u", "cat <<EOF\n$((6*7))\nEOF"], VARIABLES)
    argv = lambda shell: ["su", "-s", shell, "root", "-c", shell + (" -l" if shell == w.whosh else "")]  # noqa: E731
    r = w.same(lambda shell, env: t.run(argv(shell), stdin=script, env=env, cwd=w.work))
    assert r.code == 0 and b"one\n" in r.out and b"42\n" in r.out, r
    rows = w.rows(n=2)
    assert rows[0]["line"] == w.whosh + " -l" and rows[1]["parent"] == rows[0]["id"], rows
    assert os.path.basename(rows[0]["cwd"]) == "work", rows
