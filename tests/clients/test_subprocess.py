"""whosh where a program asks for "a shell": Python's subprocess, a Dockerfile's SHELL, vim's :!"""
import sys

from lib.sides import Sides

PYTHON = r"""
import json, os, subprocess, sys
shell = sys.argv[1]
def say(*args, **kw):
    r = subprocess.run(*args, shell=True, executable=shell, capture_output=True, **kw)
    print(json.dumps([r.returncode, r.stdout.decode(), r.stderr.decode().replace(shell, "bash")]))
say("echo $((6*7)); echo err >&2; exit 3")
say("cat; pwd", input=b"in\0put\n", cwd="/")
say("echo $ONE", env={**os.environ, "ONE": "two words"})
say(["echo $0 $1 $#", "zero", "a b"])
say("kill -TERM $$")
say("no-such-command-here")
say("(exit 9) | true; echo ${PIPESTATUS[*]} <(:) | sed 's/[0-9]*$//'")
r, w = os.pipe()
say("echo through >&%d" % w, pass_fds=[w]); os.close(w); print(os.read(r, 99))
p = subprocess.Popen("read x; echo got $x; sleep 60", shell=True, executable=shell, stdin=-1, stdout=-1,
                     start_new_session=True)
p.stdin.write(b"hello\n"); p.stdin.flush()
print(p.stdout.readline(), os.getpgid(p.pid) == p.pid)
os.killpg(p.pid, 15)
print(p.wait())
try:
    subprocess.check_output("echo partial; exit 5", shell=True, executable=shell)
except subprocess.CalledProcessError as e:
    print(e.returncode, e.output)
try:
    subprocess.run("echo before; exec sleep 60", shell=True, executable=shell, timeout=0.3, stdout=-1)
except subprocess.TimeoutExpired as e:
    print("timeout", e.stdout)
"""


def test_python_subprocess(t):
    """A Python program's shell=True with executable= is answered as by bash: output, status, signals, descriptors."""
    w = Sides(t)
    r = w.same(lambda shell, env: t.run([sys.executable, "-c", PYTHON, shell], env=env, cwd=w.work))
    assert r.code == 0 and '[3, "42\\n", "err\\n"]' in r.text and "timeout b'before\\n'" in r.text, r
    lines = w.lines(n=11)
    assert lines[0] == "echo $((6*7)); echo err >&2; exit 3" and len(lines) == 11, lines
    assert [x["exit"] for x in w.rows("--match", "6*7")] == [3]
    r = t.run([sys.executable, "-c", "import subprocess, sys; r = subprocess.run('shred x', shell=True, "
               "executable=sys.argv[1], capture_output=True); print([r.returncode, r.stdout, r.stderr.split()[1]])",
               w.whosh], env=w.env())
    assert r.out == b"[126, b'', b'denied:']\n", r
    assert w.denied() == ["shred x"]


def docker(w, shell, options, line, work="/", **env):
    """RUN, HEALTHCHECK, and the shell form of CMD: the words of SHELL, then the text as one argument, PATH and HOME."""
    base = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(w.home), "HOSTNAME": "0123456789ab"}
    config = {k: v for k, v in w.env().items() if k.startswith("WHOSH_")}
    return w.t.run([shell, *options, line], env={**base, **config, **env}, cwd=work)


RUN = [
    ["-c", "echo \"hello $(id -u)\" && mkdir -p /dev/null/x || echo 'no such folder'"],
    ["-c", "set -eux; \tsavedAptMark=\"$(echo one two)\"; \tfor x in $savedAptMark; do \t\techo \"$x\"; \tdone; \t[ -z \"${y:-}\" ]"],
    ["-o", "pipefail", "-c", "false | cat; echo ${PIPESTATUS[0]}; false | cat"],
    ["-euxo", "pipefail", "-c", "echo start; (exit 3) > /dev/null; echo not here"],
    ["-eo", "pipefail", "-c", "echo {a,b}{1..3} > list && wc -w < list"],
    ["-c", "cat <<'EOF' > conf\nkey = \"value\"  # $not expanded\nEOF\nsed -e 's/value/other/' conf"],
    # RUN <<EOF: the heredoc's text is the argument.
    ["-c", "echo first\nif [ -d /etc ]; then\n  echo second\nfi\n"],
    # ENTRYPOINT and CMD in shell form, and a HEALTHCHECK.
    ["-c", "exec printf '%s\\n' \"$HOSTNAME\" \"$#\""],
    ["-c", "test -e /nonexistent || exit 1"],
    ["-c", "kill -9 $$"],
]


def test_docker_shell(t):
    """An image whose Dockerfile says SHELL ["whosh","-c"] is built as with bash, and each RUN is in the record."""
    w = Sides(t)
    for words in RUN:
        *options, line = words
        w.same(lambda shell, env: docker(w, shell, options, line, w.work))
    lines = w.lines(n=len(RUN))
    assert lines == [words[-1] for words in RUN], lines
    assert all(x["cwd"] == str(w.work) for x in w.rows()), w.rows()
    r = docker(w, w.whosh, ["-o", "pipefail", "-c"], "apt-get update && shred -u /root/.ssh/id && rm -rf x")
    assert r.code == 126 and r.out == b"" and b"denied" in r.err, r


VIM = ["vim", "-u", "NONE", "-i", "NONE", "-n", "-es", "-T", "dumb"]


def vim(w, shell, env, *commands):
    """vim in silent Ex mode, told on standard input which shell to use and what to do."""
    options = ["set shell=%s shellcmdflag=-c shellredir=>%%s\\ 2>&1 shellpipe=2>&1\\|\\ tee" % shell]
    script = "\n".join([*options, "set shelltemp", *commands, "qa!", ""])
    return w.t.run([*VIM, "file"], stdin=script, env={**env, "TERM": "dumb"}, cwd=w.work)


def test_vim_shell_commands(t):
    """From vim, :!, :r !, a filter and system() do what they do with bash."""
    t.need("vim")
    w = Sides(t)

    def prepare():
        (w.work / "file").write_text("cherry\napple\nbanana\n")

    w.same(lambda shell, env: vim(
        w, shell, env, "%!sort", "$r !echo \"one  two\"; echo err >&2", "call writefile([system('echo $((1+2)); exit 3'), "
        "v:shell_error], 'status')", "call writefile(systemlist('cat', ['a', 'b']), 'list')",
        "!echo \"shown\" | tee shown; exit 4", "call writefile([v:shell_error], 'bang')", "w !tr a-z A-Z > upper",
        "let &makeprg = 'echo made; false'", "silent make", "call writefile([v:shell_error], 'made')", "wq"), prepare)
    assert (w.work / "file").read_text() == "apple\nbanana\ncherry\none  two\nerr\n", (w.work / "file").read_text()
    assert (w.work / "status").read_bytes() == b"3\0\n3\n"
    assert (w.work / "bang").read_text() == "4\n" and (w.work / "upper").read_text().startswith("APPLE")
    lines = w.lines(n=7)
    assert len(lines) == 7 and any(x.startswith("(sort)") for x in lines), lines
    w.fresh(prepare)
    r = vim(w, w.whosh, w.env(), "r !shred secret", "wq")
    assert "whosh: denied: shred secret" in r.errors and "cherry" in (w.work / "file").read_text(), r
    assert len(w.denied()) == 1
