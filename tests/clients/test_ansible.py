"""Ansible on a host whose account has whosh: raw, command and shell, with pipelining and without."""
import json
import os
import re

from clients.test_openssh import Two
from lib.sides import Sides


class Control:
    """The machine that Ansible runs on: an inventory with one host for each account."""

    def __init__(self, t, w):
        self.t, self.w = t, w
        # Its connections last for a minute, unless they are told to end.
        t.cleanups.append(lambda: [t.run(["ssh", "-o", "ControlPath=%s" % x, "-O", "exit", "x"]) for x in (t.tmp / "cp").glob("*")])
        self.inventory = t.tmp / "inventory"
        self.inventory.write_text("".join(
            "%s ansible_host=127.0.0.1 ansible_port=%d ansible_user=%s ansible_ssh_private_key_file=%s/client "
            "ansible_ssh_common_args='-F /dev/null -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR "
            "-o IdentitiesOnly=yes' ansible_python_interpreter=/usr/bin/python3\n" % (name, s.port, s.user, s.dir)
            for name, s in (("with-bash", w.bash), ("with-whosh", w.s))))

    def run(self, argv, **extra):
        path = "/usr/bin:" + os.environ["PATH"]
        env = {**self.t.env(), "PATH": path, "ANSIBLE_HOME": str(self.t.tmp / "ansible"), "ANSIBLE_NOCOLOR": "1",
               "ANSIBLE_LOCAL_TEMP": str(self.t.tmp / "ansible-tmp"), "ANSIBLE_SSH_CONTROL_PATH_DIR": str(self.t.tmp / "cp"), "ANSIBLE_FORKS": "2", **extra}
        return self.t.run([*argv, "-i", self.inventory], env=env, timeout=120)

    def play(self, name, tasks, **extra):
        """The results of each task, by host; nothing of them may differ but times and names of the account."""
        book = self.t.tmp / (name + ".yml")
        kept = [{**task, "register": "r%d" % i} for i, task in enumerate(tasks)]
        show = [{"debug": {"msg": "RESULT {{ [%s] | to_json }}" % ", ".join("r%d" % i for i in range(len(tasks)))}}]
        book.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": kept + show}]))
        r = self.run(["ansible-playbook", book], ANSIBLE_STDOUT_CALLBACK="minimal", **extra)
        found = dict(re.findall(r'^(\S+) \| SUCCESS => \{\s+"msg": ("RESULT .*")\s+\}', r.text, re.M))
        assert len(found) == 2, r
        answers = {host: json.loads(json.loads(text)[len("RESULT "):]) for host, text in found.items()}
        results = []
        for i in range(len(tasks)):
            hosts = {}
            for host, s in (("with-bash", self.w.bash), ("with-whosh", self.w.s)):
                result = answers[host][i]
                for key in ("start", "end", "delta", "invocation", "uid", "gid", "owner", "group", "src"):
                    result.pop(key, None)
                text = json.dumps(result, sort_keys=True)
                for value, word in ((str(s.home), "HOME"), (s.user, "USER"), (s.dir.name, "SSHD")):
                    text = text.replace(value, word)
                hosts[host] = text.replace(self.t.program("whosh"), "/bin/bash")
            assert hosts["with-bash"] == hosts["with-whosh"], (hosts, r)
            results.append(json.loads(hosts["with-whosh"]))
        return results


def tasks(shell):
    return [
        {"raw": "echo raw; echo \"it's $((6*7))\" | tr i I; exit 3", "ignore_errors": True},
        {"command": "printf '%s\\n' '$NOT expanded' \"two words\""},
        {"shell": "echo {a,b} | tr a-z A-Z; echo err >&2; cd /tmp && pwd; echo café", "args": {"executable": shell}},
        {"shell": "cat; echo \"$GREETING\"; exit 4", "args": {"stdin": "fed"}, "environment": {"GREETING": "good day"},
         "ignore_errors": True},
        {"copy": {"content": "line one\nline two\n", "dest": "made.txt", "mode": "0640"}},
        {"slurp": {"src": "made.txt"}}]


def test_ansible(t):
    """A play's results are the same for the account with whosh, and every line that Ansible sent is on record."""
    t.need("ansible-playbook")
    w = Two(t)
    c = Control(t, w)
    results = c.play("pipelining", tasks("/bin/bash"), ANSIBLE_PIPELINING="True")
    assert results[0]["rc"] == 3 and results[0]["stdout_lines"][0] == "raw", results[0]
    assert results[1]["stdout_lines"] == ["$NOT expanded", "two words"], results[1]
    assert results[2]["stdout_lines"] == ["A B", "/tmp", "café"] and results[2]["stderr"] == "err", results[2]
    assert results[3]["rc"] == 4 and results[3]["stdout"] == "fed\ngood day", results[3]
    assert results[5]["content"], results[5]
    # Without pipelining a module is copied over and then run.
    copied = c.play("copying", [tasks("/bin/bash")[2]], ANSIBLE_PIPELINING="False")
    assert copied == results[2:3], copied
    lines = [x["line"] for x in w.rows(8)]
    assert any(x.startswith("echo raw; ") for x in lines), lines
    assert any(x.startswith("/bin/sh -c '") and "AnsiballZ_command.py" in x for x in lines), lines


def test_ansible_shell_executable(t):
    """With whosh as a task's executable the very line of the task is approved, and a denial is the task's failure."""
    t.need("ansible")
    w = Two(t)
    c = Control(t, w)
    r = c.run(["ansible", "with-whosh", "-m", "shell", "-a", "echo \"$((6*7))\" executable=" + t.program("whosh")],
              ANSIBLE_PIPELINING="True", ANSIBLE_STDOUT_CALLBACK="minimal")
    assert r.code == 0 and b"CHANGED | rc=0 >>\n42\n" in r.out, r
    rows = w.rows(2)
    inner = [x for x in rows if x["line"] == 'echo "$((6*7))"']
    assert len(inner) == 1 and inner[0]["parent"] in [x["id"] for x in rows], rows
    r = c.run(["ansible", "with-whosh", "-m", "raw", "-a", "shred disk"], ANSIBLE_STDOUT_CALLBACK="minimal")
    assert r.code == 2 and b"FAILED | rc=126" in r.out and b"whosh: denied: shred disk" in r.out, r


def test_ansible_local(t):
    """On the agent's own machine, ansible_connection=local with ansible_shell_executable=whosh: each line is approved."""
    t.need("ansible")
    w = Sides(t)

    def run(shell, env):
        return t.run(["ansible", "-i", "localhost,", "localhost", "-c", "local", "-m", "shell", "-a", "echo one; echo err >&2; pwd",
                      "-e", "ansible_shell_executable=%s ansible_python_interpreter=/usr/bin/python3" % shell], cwd=w.work, timeout=120,
                     env={**env, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_PIPELINING": "True", "ANSIBLE_EXECUTABLE": shell,
                          "ANSIBLE_LOCAL_TEMP": str(t.tmp / "ansible-tmp")})
    r = w.same(run)
    assert r.code == 0 and b"CHANGED | rc=0 >>\none" in r.out, r
    assert any("AnsiballZ" in x or "python3" in x for x in w.lines()), w.lines()
