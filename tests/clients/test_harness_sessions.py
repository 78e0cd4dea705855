"""Harnesses that keep one shell and feed it, by a pipe or a terminal: what they read must be what bash would write."""
import base64
import json
import os
import pathlib
import re
import select

from clients.test_harness import Agent
from lib import harness
from lib.fixture import Failed, Result
from lib.sides import BASH
from lib.typist import Terminal


WAITING = re.compile(rb"(\rwhosh: waiting [^\r]*)+\r +\r|(\r\x1b\[K(whosh: waiting [^\r]*)?)+")


class Fed:
    """bash, or whosh under its name, that reads what it is told from a pipe; both outputs come by one."""

    def __init__(self, a, shell, env, *arguments):
        self.process = a.t.spawn(["bash", *arguments], executable=a.folder(shell) / "bash", stdin=-1, stdout=-1, stderr=-2,
                                 env=a.env(shell, env), cwd=a.w.work, start_new_session=True)
        self.shown, self.taken = b"", 0

    def tell(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def until(self, pattern, timeout=20):
        while True:
            found = re.compile(pattern, re.M).search(self.shown, self.taken)
            if found:
                self.taken = found.end()
                return found
            if not select.select([self.process.stdout], [], [], timeout)[0]:
                raise Failed("%r did not come, but %r" % (pattern, self.shown))
            data = os.read(self.process.stdout.fileno(), 65536)
            if not data:
                raise Failed("%r did not come, but %r and the end (%s)" % (pattern, self.shown, self.process.wait()))
            self.shown += data

    def result(self):
        """All that was shown and the status, once its input is over."""
        self.process.stdin.close()
        while True:
            data = os.read(self.process.stdout.fileno(), 65536)
            if not data:
                return Result([], self.process.wait(20), re.sub(rb"^(bash: line )\d+", rb"\1N", self.shown, flags=re.M), b"")
            self.shown += data


# In one shell the corpus would trip over what these leave: an option, an end, a folder, an unfinished line.
ALONE = {"errexit", "syntax-error", "standard-input", "signals", "brace-and-glob"}


def turns():
    return [(name, text) for name, text in harness.commands() if name not in ALONE]


def test_piped_markers(t):
    """A shell on a pipe, each command followed by an echo of its status: the whole corpus in one session, state and all."""
    a = Agent(t)

    def run(shell, env):
        s = Fed(a, shell, env)
        s.tell("source %s/bashrc; shopt -s expand_aliases\n" % a.top)
        for name, command in turns():
            # What reads standard input would read the marker: these harnesses close it for the command.
            s.tell("cd %s\n{ %s\n} < /dev/null\necho \"__END_%s__$?\"\n" % (a.w.work, command, name))
            s.until(rb"^__END_%s__\d+\n" % name.encode())
        return s.result()
    r = a.w.same(run, a.prepare)
    assert r.out.count(b"__END_") == len(turns()), r
    rows = [x for x in a.w.rows(n=100) if x["mode"] == "stdin" and x["parent"] is None]
    assert len({x["session"] for x in rows}) == 1 and len(rows) == 1 + 3 * len(turns()), len(rows)
    assert rows[3]["line"] == 'echo "__END_list__$?"\n', rows[3]


def test_piped_eval_and_files(t):
    """A shell on a pipe that evals into files for output, status and folder, as the first terminal agents did."""
    a = Agent(t)
    files = {name: a.top / ("turn-" + name) for name in ("out", "err", "status", "cwd")}

    def run(shell, env):
        s = Fed(a, shell, env, "-l") if shell != BASH else Fed(a, shell, env)
        log = []
        for name, command in turns()[::3]:
            s.tell("cd %s\neval %s < /dev/null > %s 2> %s\nEXEC_EXIT_CODE=$?\npwd > %s\necho $EXEC_EXIT_CODE > %s\necho done\n" % (
                a.w.work, harness.quoted(command), files["out"], files["err"], files["cwd"], files["status"]))
            s.until(rb"^done\n")
            log.append((name, {k: re.sub(rb"line \d+: +(\d+ )?", b"line N: ", p.read_bytes()) for k, p in files.items()}))
        r = s.result()
        return Result([], r.code, r.out + repr(log).encode(), b"")
    a.w.same(run, a.prepare)
    assert any(x["reviewers"] == ["admin"] and "eval 'cat" in x["line"] for x in a.w.rows(n=80))


def test_piped_base64_and_large(t):
    """Commands that travel in base64, and a here-document of 100 KB fed to a shell on a pipe."""
    a = Agent(t)
    text = "".join("line %d: it's \"quoted\" $HOME `x` \\ é\n" % i for i in range(3000))

    def run(shell, env):
        s = Fed(a, shell, env)
        for command in ("x=$((40+2)); export Y=\"it's\"", "echo \"$x $Y\"; false", "cd src && pwd | sed 's|.*/||'; ls"):
            coded = base64.b64encode(command.encode()).decode()
            s.tell("eval \"$(echo %s | base64 -d)\"; printf '\\n<<exit:%%d>>\\n' $?\n" % coded)
            s.until(rb"^<<exit:\d+>>\n")
        s.tell("cat > big.txt <<'EOF_1a2b'\n%sEOF_1a2b\nwc big.txt; md5sum < big.txt; echo '<<exit>>'\n" % text)
        s.until(rb"^<<exit>>\n")
        s.tell("python3 - <<'PY' && echo \"still $x\"; exit 9\nprint(sum(len(l) for l in open('big.txt')))\nPY\n")
        return s.result()
    r = a.w.same(run, a.prepare)
    assert r.code == 9 and b"42 it's\n" in r.out and b"still 42\n" in r.out, r
    assert max(len(x["line"]) for x in a.w.rows(n=6)) > 100_000


def test_piped_background_server(t):
    """A server that one turn starts in the background runs on through the next, and its output does not mix in."""
    a = Agent(t)

    def run(shell, env):
        s = Fed(a, shell, env)
        s.tell("nohup python3 -u -m http.server 0 --bind 127.0.0.1 > server.log 2>&1 &\necho \"started $?\"; jobs -r | wc -l\n")
        s.until(rb"^started 0\n1\n")
        s.tell("until grep -qs Serving server.log; do sleep 0.02; done; port=$(sed -n 's/.*port \\([0-9]*\\) .*/\\1/p' server.log); "
               "python3 -c \"import urllib.request as u; print(u.urlopen('http://127.0.0.1:$port').status)\"\n")
        s.until(rb"^200\n")
        s.tell("kill %1; wait %1; echo \"ended $?\"; rm server.log\n")
        s.until(rb"^ended 143\n")
        r = s.result()
        return Result([], r.code, re.sub(rb"(bash: line N: ) *\d+ (Terminated)", rb"\1PID \2", r.out), b"")
    r = a.w.same(run, a.prepare)
    assert r.code == 0, r
    # Denied in a session: the line failed with 126, says why, and the session goes on.
    a.w.fresh(a.prepare)
    s = Fed(a, a.w.whosh, a.w.env())
    s.tell("shred src/app.py\necho \"__END__$?\"\nset -e\nshred src/app.py\necho never\n")
    s.until(rb"^whosh: denied: .*\n(.*\n)*__END__126\n")
    r = s.result()
    assert r.code == 126 and b"\nnever\n" not in r.out and (a.w.work / "src/app.py").exists(), r


PS1_JSON = "\n###PS1JSON###\n" + json.dumps({"pid": "$!", "exit_code": "$?", "username": "\\u", "hostname": "\\h",
                                            "working_dir": "$(pwd)"}, indent=2).replace('"', '\\"') + "\n###PS1END###\n"


def test_terminal_prompt_json(t):
    """A shell on a terminal whose prompt is JSON with status and folder (PROMPT_COMMAND sets it), as OpenHands has it."""
    a = Agent(t)

    def run(shell, env):
        s = Terminal(t, ["bash", "--norc"], a.env(shell, env), a.w.work, executable=a.folder(shell) / "bash")
        s.prompt()
        s.type("set +H; bind 'set enable-bracketed-paste off'\n")
        s.prompt()
        s.type("export PROMPT_COMMAND='export PS1=\"%s\"'; export PS2=\"\"\n" % PS1_JSON)
        shown = []
        s.until('; export PS2=""\r\n')
        s.until("###PS1END###\r\n")
        for command in ("cd src; x=kept", "pwd | sed 's|.*/||'; (exit 7)", "cat <<'EOF'\nit's \"x\"\nEOF", "echo \"$x\" | tr a-z A-Z",
                        "for i in 1 2; do echo \"é $i\"; done", "sleep 30 &", "kill $!"):
            s.type(command + "\n")
            text = WAITING.sub(b"", s.until("###PS1END###\r\n")).decode()
            block = re.search(r"###PS1JSON###\r\n(.*)\r\n###PS1END###", text, re.S)
            state = json.loads(block.group(1))
            shown.append((state["exit_code"], state["working_dir"].rsplit("/", 1)[1], state["pid"] != "",
                          # When it tells of a job that ended is the business of the moment, in bash too.
                          re.sub(r"\b\d{2,}\b", "PID", text[:block.start()]) if "kill" not in command else ""))
        s.type("exit 5\n")
        rest, code = s.end()
        return Result([], code, "\n".join(map(repr, shown)).encode(), b"")
    r = a.w.same(run, a.prepare)
    assert r.code == 5 and b"('7', 'src'," in r.out and b"KEPT" in r.out, r
    rows = [x for x in a.w.rows(n=9) if x["parent"] is None]
    assert {x["mode"] for x in rows} == {"prompt"} and "cat <<'EOF'\nit's \"x\"\nEOF" in [x["line"].strip() for x in rows], rows


def test_terminal_marker_prompt(t):
    """A shell on a terminal without echo and with a marker for prompt, as SWE-ReX keeps one: send, expect, ask for the status."""
    a = Agent(t)

    def run(shell, env):
        s = Terminal(t, ["bash"], {**a.env(shell, env), "PS1": "SHELLPS1PREFIX", "PS2": "", "PS0": "", "HISTFILE": "/dev/null"}, a.w.work,
                     executable=a.folder(shell) / "bash", echo=False)
        s.type("echo 'UNIQUESTRING29234'\n")
        s.until("UNIQUESTRING29234\r\n")
        s.type("bind 'set enable-bracketed-paste off'; export PS1='SHELLPS1PREFIX'; export PS2=''; export PS0=''\n")
        s.until("SHELLPS1PREFIX")
        shown = []
        for name, command in turns()[::2]:
            if "\n" in command or name in ("exclamation", "terminal-or-not", "quotes", "dollar-in-single"):
                continue  # history expansion, and lines that readline shows in pieces
            s.type(command + "\n")
            out = s.until("SHELLPS1PREFIX")
            s.type("echo EXITCODESTART$?EXITCODEEND; cd %s\n" % a.w.work)
            code = re.search(rb"EXITCODESTART(\d+)EXITCODEEND", s.until("EXITCODEEND\r\n")).group(1)
            s.until("SHELLPS1PREFIX")
            shown.append((name, code, re.sub(rb"\[\d+\] \d+", b"[N] PID", WAITING.sub(b"", out))))
        s.type("exit\n")
        return Result([], s.end()[1], "\n".join(map(repr, shown)).encode(), b"")
    r = a.w.same(run, a.prepare)
    assert b"'test-and-or'" in r.out and pathlib.Path(a.w.work / "src/app.py").exists(), r


def test_terminal_interactive_line(t):
    """Each command in an interactive shell of its own on a terminal (bash -i -c, bash -lic), as Aider runs them."""
    a = Agent(t)

    def run(shell, env):
        shown = []
        for i, (name, command) in enumerate(turns()[1::4]):
            arguments = [["-i", "-c"], ["-ic"], ["-lic"]][i % 3]
            if shell == BASH:  # which would read start-up files that nobody approved
                arguments = ["--norc", "-i", "-c"]
            s = Terminal(t, ["bash", *arguments, command], a.env(shell, env), a.w.work, executable=a.folder(shell) / "bash")
            out, code = s.end()
            shown.append((name, code, re.sub(rb"\[\d+\] \d+", b"[N] PID", WAITING.sub(b"", out))))
        return Result([], 0, "\n".join(map(repr, shown)).encode(), b"")
    a.w.same(run, a.prepare)
    assert all(x["tty"].startswith("/dev/pts/") for x in a.w.rows(n=9) if x.get("tty")), a.w.rows()
