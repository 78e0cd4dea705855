"""Commands of coding agents in the wrappings of today's harnesses: run by whosh in bash's place they must not differ by a byte."""
import concurrent.futures
import copy
import os
import random
import re
import string

from lib import harness
from lib.fixture import Result
from lib.sides import BASH, Sides


class Agent:
    """bash and whosh, each under the name of bash in the first folder of PATH, as a harness would find it."""

    def __init__(self, t, sides=None, name="harness"):
        self.t, self.w, self.top = t, sides or Sides(t), t.tmp / name
        self.top.mkdir()
        (self.top / "snapshot.sh").write_text(harness.snapshot())
        (self.top / "bashrc").write_text("alias ll='ls -A'\ngreeting() { echo \"greeting: $1\"; }\n")
        (self.top / "state").write_text(harness.snapshot() + harness.CURSOR_STATE)
        for shell in (BASH, self.w.whosh):
            if not sides:
                self.folder(shell).mkdir()
                (self.folder(shell) / "bash").symlink_to(shell)

    def another(self, name):
        """The same world, with folders of its own: for commands that run at the same time."""
        sides = copy.copy(self.w)
        sides.work = self.t.tmp / name / "work"
        return Agent(self.t, sides, name)

    def folder(self, shell):
        return self.t.tmp / ("bin-of-" + os.path.basename(shell))

    def prepare(self):
        (self.w.work / "src").mkdir()
        (self.w.work / "src/app.py").write_text("# \"old\"\nprint(\"app\")\n")
        (self.w.work / "package.json").write_text('{"version": "1.0.0", "note": "it\'s", "scripts": {"test": "echo tested $((6*7))"}}\n')

    def env(self, shell, env):
        return {**env, "PATH": "%s:%s" % (self.folder(shell), env["PATH"]), "TERM": "dumb", "CLAUDECODE": "1"}

    def run(self, form, command, shell, env):
        arguments = form(command, self.top)
        if shell == BASH:
            # A login shell of bash's own reads /etc/profile, which nobody approved for whosh: bash is kept from it.
            arguments = ["-c" if x == "-lc" else x for x in arguments if x != "-l"]
        if form is not harness.cursor:
            return self.t.run(["bash", *arguments], stdin=b"typed\n", env=self.env(shell, env), cwd=self.w.work,
                              executable=self.folder(shell) / "bash")
        with open(self.top / "state", "rb") as state, open(self.top / "dump", "w+b") as dump:
            # The two descriptors are 3 and 4, whatever they are here.
            script = "exec bash \"$@\" 3<&%d 4>&%d" % (state.fileno(), dump.fileno())
            r = self.t.run([BASH, "--norc", "-c", script, "bash", *arguments], stdin=b"typed\n", env=self.env(shell, env),
                           cwd=self.w.work, pass_fds=[state.fileno(), dump.fileno()])
            dump.seek(0)
            return Result(r.argv, r.code, r.out + b"\n" + dump.read(), r.err)

    def same(self, form, command):
        def wash(data):
            data = re.sub(rb"(line \d+: ) *\d+ (Killed)", rb"\1PID \2", data)
            return data.replace(str(self.folder(self.w.whosh)).encode(), str(self.folder(BASH)).encode())
        try:
            r = self.w.same(lambda shell, env: self.run(form, command, shell, env), self.prepare, plain=wash)
        except AssertionError as e:
            raise AssertionError("%s: %s\n%s" % (form.__name__, command, e))
        cwd = self.top / "claude-1a2b-cwd"
        if cwd.exists():
            assert cwd.read_text() in ("%s\n" % self.w.work, "%s/src\n" % self.w.work), (command, cwd.read_text())
            cwd.unlink()
        return r

    def corpus(self, *forms, commands=None):
        """Each command in the next of the forms, four at a time: most of the time goes by waiting for the reviewer."""
        work = list(enumerate(commands or harness.commands()))
        failed, n = [], len(work)

        def worker(agent):
            while True:
                try:
                    i, (name, command) = work.pop(0)
                except IndexError:
                    return
                try:
                    agent.same(forms[i % len(forms)], command)
                except Exception as e:
                    failed.append("%s, %s" % (name, str(e)[:1500]))
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for agent in [self.another("worker%d" % i) for i in range(4)]:
                pool.submit(worker, agent)
        assert not failed, "%d of %d differ:\n%s" % (len(failed), n, "\n\n".join(failed))
        rows = self.w.rows(n=n)
        assert len(rows) >= n and {x["agent"] for x in rows} == {"client-agent"}, len(rows)
        return rows

    def refused(self, form):
        self.w.fresh(self.prepare)
        r = self.run(form, "echo before; shred src/app.py", self.w.whosh, self.w.env())
        assert r.code == 126 and r.out.strip() == b"" and b"whosh: denied: " in r.err, (form.__name__, r)
        assert (self.w.work / "src/app.py").exists()


def test_harness_claude_code(t):
    """Claude Code's snapshot, eval and working-directory file around every command of the corpus."""
    a = Agent(t)
    rows = a.corpus(harness.claude_code)
    assert all("eval '" in x["line"] for x in rows if x["parent"] is None) and rows[0]["reviewers"] == ["admin"], rows[0]
    a.refused(harness.claude_code)


def test_harness_codex(t):
    """Codex's bash -lc around every command of the corpus: the line on record is the command itself."""
    a = Agent(t)
    rows = a.corpus(harness.codex)
    tops = [x for x in rows if x["parent"] is None]
    assert sorted(x["line"] for x in tops) == sorted(command for _, command in harness.commands()), tops
    assert {x["mode"] for x in tops} == {"login"}, tops
    a.refused(harness.codex)


def test_harness_others(t):
    """The wrappings of Gemini CLI, OpenCode, Claude Code as login shell, Codex with a snapshot, and plain bash -c."""
    a = Agent(t)
    forms = (harness.claude_code_login, harness.gemini, harness.opencode, harness.plain, harness.codex_snapshot,
             harness.rc_and_eval, harness.gemini_short)
    a.corpus(*forms)
    for form in forms:
        a.refused(form)


def test_harness_cursor(t):
    """Cursor's agent, whose command is an argument, and whose shell's state comes and goes by descriptors 3 and 4."""
    a = Agent(t)
    commands = harness.commands()[::2]
    rows = a.corpus(harness.cursor, commands=commands)
    tops = [x for x in rows if x["parent"] is None]
    # The line is always the same and runs "$1": a reviewer must see what that is, and that the line is read otherwise.
    assert sorted(x["argv"] for x in tops) == sorted(["--", command] for _, command in commands), tops[0]
    assert all({"kind": "option", "name": "extglob"} in x["meaning"] and x["reviewers"] == ["admin"] for x in tops), tops[0]
    assert all(x["argv"][0] == "--" for x in a.w.reviewer.seen if "argv" in x), a.w.reviewer.seen
    story = a.w.a.ctl("show", [x["id"] for x in tops if x["argv"][1] == commands[0][1]][0]).text
    assert "is given the argument" in story and commands[0][1] in story, story
    a.refused(harness.cursor)


def test_harness_large(t):
    """100 KB in one command, as a here-document, in base64 and quoted, arrives whole in every wrapping."""
    a = Agent(t)
    random.seed(4)
    text = "".join(random.choice(string.printable[:95] + "é→\n") for _ in range(95_000)).replace("\nEOF\n", "\n")
    commands = ("cat > big.txt <<'EOF'\n%s\nEOF\nwc -c < big.txt; md5sum big.txt" % text.replace("'", "."),
                "echo %s | base64 -d > big.bin && md5sum < big.bin" % "".join(random.choice(string.ascii_letters) for _ in range(100_000)))
    for form in (harness.claude_code, harness.codex, harness.opencode, harness.gemini, harness.rc_and_eval):
        for command in commands[:1] if form is harness.opencode else commands:
            r = a.same(form, command)
            assert b"  -\n" in r.out or b"big.txt" in r.out or form is harness.opencode, r
    rows = a.w.rows(n=9)
    assert max(len(x["line"]) for x in rows) > 95_000
