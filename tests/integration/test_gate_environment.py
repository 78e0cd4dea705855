"""Who calls the gate chooses its environment: none of it may put other bytes in the place of the approved ones."""
import ctypes
import fcntl
import os
import pathlib
import pty
import termios

REVIEW_ALL = {"version": 1, "default": "review", "rules": []}


def reviewed(t, a, token, line, env):
    """A line that a person approves: its standard output and error."""
    p = t.whosh_start(a, token, "-c", line, env=env)
    a.ctl("approve", a.pending()[0]["id"])
    return p.communicate(timeout=20)


def test_script_typed_at_the_terminal(t):
    """bash opens /dev/tty before its script: if they are one file, the approved text must not be used up by
    that, and what is typed next must not run."""
    a = t.approver()
    token = a.agent("worker")
    master, slave = pty.openpty()
    p = t.whosh_start(a, token, "/dev/tty", stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                      preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
    os.close(slave)
    os.write(master, b"echo appro''ved\n\x04")
    t.eventually(a.who, "the approval")
    os.write(master, b"echo swap''ped\nexit\n")
    p.wait(20)
    shown = os.read(master, 65536)
    os.close(master)
    assert b"approved" in shown and b"swapped" not in shown, shown


def test_script_from_path_is_the_one_bash_finds(t):
    """What is approved must be the file that bash takes from PATH: the first that can be read, executable or
    not, with ~ for the home folder."""
    a = t.approver()
    token = a.agent("worker")
    for name, mode in (("one", 0o644), ("two", 0o755)):
        (t.tmp / name).mkdir()
        (t.tmp / name / "job").write_text("echo %s\n" % name)
        (t.tmp / name / "job").chmod(mode)
    for path in ("%s/one:%s/two", "~/one:%s/one:%s/two", "%s/one/:%s/two", "/nowhere:%s/one:%s"):
        r = t.whosh(a, token, "job", env={"PATH": path % (t.tmp, t.tmp) + ":/usr/bin:/bin"}, cwd="/")
        assert (r.code, r.out) == (0, b"one\n"), (path, r)
        line = a.who()[0]["line"]
        assert line == "echo one\n", (path, line)


def test_script_from_path_that_moves(t):
    """A file that appears earlier in PATH after the approval was read by nobody: it must not run."""
    a = t.approver(policy=REVIEW_ALL)
    token = a.agent("worker")
    for name in ("one", "two"):
        (t.tmp / name).mkdir()
    (t.tmp / "two" / "job").write_text("echo approved\n")
    p = t.whosh_start(a, token, "job", cwd="/",
                      env={"PATH": "%s/one:%s/two:/usr/bin:/bin" % (t.tmp, t.tmp)})
    a.pending()
    (t.tmp / "one" / "job").write_text("echo swapped\n")
    a.ctl("approve", a.pending()[0]["id"])
    out, err = p.communicate(timeout=20)
    assert out == b"" and p.returncode == 78 and b"another script" in err, (p.returncode, out, err)
    assert a.who()[0]["outcome"] == "not_run", a.who()[0]


def test_rules_of_posix(t):
    """By POSIX's rules bash expands aliases in a line: a word that policy takes for one program is another."""
    a = t.approver(policy=REVIEW_ALL)
    token = a.agent("worker")
    line = "alias ls='echo other'\nls -d /"
    for name in ("POSIXLY_CORRECT", "POSIX_PEDANTIC"):
        out, err = reviewed(t, a, token, line, {name: "1"})
        assert out == b"/\n", (name, out, err)


def test_translations(t):
    """A translation of a $"..." may hold a command: it must not come from a catalogue of the caller's choice."""
    t.need("msgfmt")
    a = t.approver(policy=REVIEW_ALL)
    token = a.agent("worker")
    folder = t.tmp / "xx" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (t.tmp / "po").write_text('msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n'
                              'msgid "hello"\nmsgstr "$(echo other >&2)"\n')
    t.run(["msgfmt", "-o", folder / "mine.mo", t.tmp / "po"])
    line = 'echo $"hello"'
    for env in ({"TEXTDOMAINDIR": t.tmp, "LANGUAGE": "xx"}, {"LANGUAGE": "../../../.." + str(t.tmp / "xx")}):
        out, err = reviewed(t, a, token, line, {"LC_ALL": "C.UTF-8", "TEXTDOMAIN": "mine", **env})
        assert (out, err) == (b"hello\n", b""), (env, out, err)


def test_script_that_is_a_message_catalogue(t):
    """bash opens its catalogue before its script: if they are one file, the approved text must not go to the
    catalogue and the replaced one to bash."""
    a = t.approver(policy=REVIEW_ALL)
    token = a.agent("worker")
    catalogue = t.tmp / "xx" / "LC_MESSAGES" / "bash.mo"
    catalogue.parent.mkdir(parents=True)
    catalogue.write_text("echo approved\n")
    up = "../../../.." + str(t.tmp / "xx")
    p = t.whosh_start(a, token, "/usr/share/locale/%s/LC_MESSAGES/bash.mo" % up,
                      env={"LC_ALL": "C.UTF-8", "LANGUAGE": up, "SHLVL": "99999"})
    a.pending()
    catalogue.write_text("echo swapped\n")
    a.ctl("approve", a.pending()[0]["id"])
    out, err = p.communicate(timeout=20)
    assert (p.returncode, out) == (0, b"approved\n"), (p.returncode, out, err)


def test_charset_in_which_a_backslash_is_half_a_character(t):
    """In GBK the backslash of the line below belongs to the character before it, and the semicolon that it seems
    to quote ends a command."""
    t.need("localedef")
    if not pathlib.Path("/usr/share/i18n/charmaps/GBK.gz").exists():
        t.skip("there is no charmap to make a locale from")
    a = t.approver(policy=REVIEW_ALL)
    token = a.agent("worker")
    (t.tmp / "locales").mkdir()
    t.run(["localedef", "-f", "GBK", "-i", "zh_CN", t.tmp / "locales" / "zh_CN.GBK"])
    line = "echo \u201c\\; echo other"
    # LOCPATH stands for a host on which the locale is installed.
    a.conf.write_text(a.conf.read_text() + "keep_env = LOCPATH\n")
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        out, err = reviewed(t, a, token, line, {"LANG": None, "LOCPATH": t.tmp / "locales", name: "zh_CN.GBK"})
        assert out == "\u201c; echo other\n".encode(), (name, out, err)


def test_programs_that_load_code_by_a_variable(t):
    """An approved `git status` that runs what a variable names is not what was approved."""
    t.need("git", "make", "tar")
    a = t.approver()
    token = a.agent("worker")
    work = t.tmp / "work"
    work.mkdir()
    ran = t.tmp / "ran"
    touch = "touch %s" % ran
    t.run(["git", "init", "-q", "."], cwd=work)
    (work / "file").touch()
    t.run(["tar", "cf", "all.tar", "file"], cwd=work)
    (work / "Makefile").write_text("all:;@true\n")
    (t.tmp / "before.mk").write_text("$(shell %s)\n" % touch)
    (t.tmp / "gitconfig").write_text("[core]\nfsmonitor = %s\n" % touch)
    for line, env in (("git status", {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.fsmonitor",
                                      "GIT_CONFIG_VALUE_0": touch}),
                      ("git status", {"GIT_CONFIG_GLOBAL": t.tmp / "gitconfig"}),
                      ("make", {"MAKEFILES": t.tmp / "before.mk"}),
                      ("tar xf all.tar", {"TAR_OPTIONS": "--to-command=touch\\ %s" % ran})):
        env = {**env, "GIT_CONFIG_NOSYSTEM": "1"}
        t.run(["sh", "-c", line], cwd=work, env=t.env(**env))
        assert ran.exists(), "without whosh %r runs it" % (env,)
        ran.unlink()
        r = t.whosh(a, token, "-c", line, env=env, cwd=work)
        assert r.code == 0 and not ran.exists(), (env, r)


def test_names_given_twice(t):
    """Of two variables of one name bash believes the last, getenv the first: a command must be told its own ID
    by both, or what it writes to other logs leads to another command."""
    a = t.approver()
    token = a.agent("worker")
    entries = ["%s=%s" % entry for entry in t.env(a, token).items()]
    entries += ["WHOSH_COMMAND_ID=01a20c61-fbb6-75b0-9286-50d6a4a18552", "WHOSH_AGENT_ID=worker",
                "WHOSH_COMMAND_ID=another", "WHOSH_AGENT_ID=another"]
    argv = [t.program("whosh"), "-c", "env | grep -E '^WHOSH_(AGENT|COMMAND)_ID=' | sort"]

    def array(texts):
        return (ctypes.c_char_p * (len(texts) + 1))(*[text.encode() for text in texts], None)
    execve, arguments, environment = ctypes.CDLL(None).execve, array(argv), array(entries)
    r = t.run(["true"], preexec_fn=lambda: execve(arguments[0], arguments, environment))
    assert r.text == "WHOSH_AGENT_ID=worker\nWHOSH_COMMAND_ID=%s\n" % a.who()[0]["id"], r


def test_everyday_variables_stay(t):
    """An agent whose locale, path or time zone is taken away gets other results than without whosh."""
    a = t.approver()
    token = a.agent("worker")
    for entry in ("LC_ALL=ja_JP.UTF-8", "LANG=zh_CN.utf8", "LC_CTYPE=de_DE.ISO-8859-1", "LANG=kok_IN.UTF-8",
                  "LANGUAGE=de:en", "TZ=Europe/Berlin", "PYTHONUNBUFFERED=1", "MAKEFLAGS=-j2", "PAGER=cat"):
        name, value = entry.split("=", 1)
        r = t.whosh(a, token, "-c", "env", env={name: value})
        assert entry.encode() + b"\n" in r.out, (entry, r)
