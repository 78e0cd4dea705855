#!/usr/bin/env python3
"""The parser against bash itself: what bash runs, the parser must have said.

Each line runs in real bash in a scratch folder, with an empty PATH, so that every command that is not a builtin comes
to command_not_found_handle, which records its words.  Every record must be covered by a command that the parser
listed: literal words equal, ONE any one word with that beginning, ANY any number; unless the parser had a doubt.

A user would lose the gate: a line read one way by policy and another by bash runs what nobody approved.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import argparse
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
# Newlines become \1, so that a record is one write even beside others in a pipeline.
RECORD = r"""command_not_found_handle() { set -- "${@//$'\n'/$'\1'}"; { printf '%s\0' "$#" "$@"; } >> "$RECORD_FILE"; return 0; }
"""

ATOMS = ["cmda", "cmdb x", "cmdc 'a b' c", 'cmdd "x y"', "cmde $X", 'cmdf "$X"', "cmdg a\\ b", "cmdh $(cmdi)", "cmdj `cmdk z`",
         "cmdl \"$(cmdm 'q r')\"", "V=1 cmdn", "cmdo 2>&1", "cmdp >/dev/null", "cmdq > out1", "cmdr >> out2", "cmds <<< text",
         "cmdt {a,b}", "cmdu *", "cmdv ~", "cmdw $'a\\tb'", "cmdx a\"b\"'c'd", "cmdy \"a\\\"b\"", "cmdz <(cmdaa)", "cmdab ${X:-d}",
         "cmdac \"${X:-e f}\"", "cmdad $((1+2))", "cmdae \"$@\"", "cmdaf ${#X}", "cmdag ${X%b}", "cmdah -- -x", "cmdai a=b",
         "cmdaj x # c", "cmdak x#y", "cmdal '#'", "cmdam {}", "cmdan {", "cmdao }", "cmdap !", "cmdaq a{1..3}b", "cmdar [ab]",
         "cmdas ]", "cmdat if then", "cmdau \\\n z", "cmdav 'a\nb'", "cmdaw \"a$\"", "cmdax $", "cmday a$'b'c", "cmdaz \\$X",
         "cmdba \"`cmdbb`\"", "cmdbc ''", 'cmdbd ""', "cmdbe a''b", "cmdbf {x", "cmdbg x}", "cmdbh =x", "cmdbi a=~", "cmdbj %x",
         "cmdbk ^x", "cmdbl a@b", "cmdbm --opt=v", "cmdbn 3>&1", "cmdbo 3", "cmdbp 3 >out3", "cmdbq &>out4", "cmdbr >|out5",
         "cmdbs a,b", "cmdbt {a,b", "cmdbu a,b}", "cmdbv {,}", "cmdbw {a..c}", "cmdbx x{}y", "cmdby \"{a,b}\"", "cmdbz {a\\,b}",
         "!(cmdca)", "! (cmdcb)", "cmdcc+() { cmdcd; }", "cmdce @(a|b)", "?(cmdcf)", "cmdcg*(x)", "[[ a == +(a) ]]", "! cmdch !(x)"]
JOINTS = [" ; ", " && ", " || ", " | ", " |& ", "\n", " & ", ";"]
FRAMES = ["%s", "( %s )", "{ %s; }", "if %s; then cmdfa; fi", "if cmdfb; then %s; else cmdfc; fi", "while %s; do break; done",
          "for i in a b; do %s; done", "case x in x) %s ;; esac", "case x in (y) cmdfd ;; x|z) %s;; esac", "f() { %s\n}; f",
          "function g { %s\n}\ng 1", "! %s", "cmdfe $(%s)", "cmdff \"$(%s)\"", "[[ -n x ]] && %s", "[[ a == a* && ! -f q ]]; %s",
          "cat <<E\nbody $(%s) x\nE\n", "cat <<'E'\n$(cmdquoted)\nE\n%s", "cat <<-E\n\tx\n\tE\n%s", "%s > out6", "{ %s; } 2>&1",
          "time %s", "until ! %s; do break; done", "%s # $(cmdcomment)", "X=$(%s)", "a=(1 \"$(%s)\")", "echo hi | while read -r l; do %s; done",
          "set -e\n%s", "export A=b; %s", "%s\n# comment ' with quote\ncmdfz", "cmdfg <(%s)", "cmdfj \"$(cat <<'E'\n$(cmdquoted)\nE\n)\"; %s",
          "cmdfk $(cat <<E\n$(%s)\nE\n)", "cmdfl $(cat <<E\nx\nE\n%s)", "cmdfm $( (cat <<E\nx\nE\n) && %s)", "if [ x = x ]; then\n  %s\nelif cmdfh; then :\nfi"]


def generated(seed, count):
    r = random.Random(seed)
    for _ in range(count):
        line = r.choice(ATOMS)
        for _ in range(r.randrange(3)):
            line += r.choice(JOINTS) + r.choice(ATOMS)
        for _ in range(r.randrange(3)):
            line = r.choice(FRAMES).replace("%s", line, 1)
        if r.random() < 0.15:  # damage: the parser must then doubt, or still be right
            at = r.randrange(len(line))
            line = line[:at] + r.choice("'\"\\$`(){}[]<>|&;#!~*?= \n") + line[at + r.randrange(2):]
        yield line


def covered(words, argv):
    """Do the parser's words cover what bash ran?"""
    if not words:
        return not argv
    certainty, text = words[0][0], bytes.fromhex(words[0][1]).replace(b"\n", b"\1")
    if certainty == 2:
        return any(covered(words[1:], argv[i:]) for i in range(len(argv) + 1))
    if not argv:
        return False
    same = argv[0] == text if certainty == 0 else argv[0].startswith(text)
    return same and covered(words[1:], argv[1:])


# What an earlier line of a session may have set, and policy calls harmless.
SESSION = "shopt -s extglob globstar dotglob nocaseglob nullglob; set -o pipefail\n"


def run(line, top, number):
    # A folder for each line: what it left in the background must not write into the next one's.
    folder = "%s/%d" % (top, number)
    record = folder + "/record"
    work = folder + "/work"
    os.makedirs(work)
    open(work + "/file1", "w").close()
    open(record, "wb").close()
    env = {"PATH": "/nonexistent", "BASH_ENV": top + "/env%d" % (number % 2), "RECORD_FILE": record, "X": "a b", "HOME": "/home/x",
           "LC_ALL": "C.UTF-8"}
    # A group of its own: what a line leaves running (an endless loop in the background) is ended with it.
    bash = subprocess.Popen(["/bin/bash", "--norc", "-c", line, "bash", "p1", "p 2"], cwd=work, env=env, stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        bash.wait(timeout=5)
    except subprocess.TimeoutExpired:
        pass
    try:
        os.killpg(bash.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    bash.wait()
    data = open(record, "rb").read().split(b"\0")[:-1]
    records, at = [], 0
    while at < len(data):
        if not data[at].isdigit():
            break  # two jobs wrote at once
        n = int(data[at])
        records.append(data[at + 1:at + 1 + n])
        at += 1 + n
    files = set(os.listdir(work)) - {"file1"}
    shutil.rmtree(folder, ignore_errors=True)
    return records, files


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=3000)
    args = parser.parse_args()
    lines = [x for x in ATOMS for _ in range(2)] + [f.replace("%s", "cmda x") for f in FRAMES]
    lines += (HERE / "lines.txt").read_text().split("\n%%\n") if (HERE / "lines.txt").exists() else []
    lines += generated(args.seed, args.count)
    lines = [x for x in lines if "\0" not in x]
    said = subprocess.run([pathlib.Path(args.build) / "tests/policy/syntax_dump"], input="\0".join(lines).encode() + b"\0",
                          stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()
    assert len(said) == len(lines), (len(said), len(lines))
    passed = failed = doubts = 0
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "env0").write_text(RECORD)
        pathlib.Path(folder, "env1").write_text(RECORD + SESSION)
        for number, (line, answer) in enumerate(zip(lines, said)):
            answer = json.loads(answer)
            if answer["doubt"]:
                doubts += 1
                passed += 1
                continue
            records, files = run(line, folder, number)
            commands = [c["words"] for c in answer["commands"] if c["words"]]
            writes = {bytes.fromhex(w[1]).decode("utf-8", "replace") for c in answer["commands"] for w in c["writes"] if w[0] == 0}
            bad = [r for r in records if not any(covered(c, r) for c in commands)]
            every = all(w[0] == 0 for c in answer["commands"] for w in c["writes"])
            odd = files - writes if every else set()
            if bad or odd:
                failed += 1
                print("not ok %r\n  bash ran %r, wrote %r\n  the parser said %r" % (line, bad, odd, commands))
            else:
                passed += 1
    print("# %d of %d lines had a doubt" % (doubts, len(lines)))
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
