#!/usr/bin/env python3
"""Sessions against bash itself: what a line that policy approved runs there, policy approves.

Lines that define functions, aliases, variables and traps run in one real bash; then what they changed is asked of
bash and given to policy with a last line.  When that is approved, bash runs it too, with an empty PATH, so that every
command that is not a builtin or a function comes to command_not_found_handle, which records it.  Policy approves only
commands whose names begin with "ok", builtins and wrappers.

A user would lose the gate: `ls` would be approved and run what an earlier line made of it.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile

BUILTINS = ["cd", "command", "builtin", "unset", "exec", "echo", "test", "[", "read", "export", "set", "exit", "return", "local",
            ":", "true", "false", "source", ".", "time", "env", "timeout", "bash"]
POLICY = {"version": 1, "default": "review", "rules": [
    {"name": "ok", "verdict": "approve", "commands": [["ok*", "**"], [BUILTINS, "**"]]}]}
NAMES = ["oka", "okb", "okc", "ok-d", "ok.e", "helper", "cd", "command", "unset", "echo", "read", "env", "exit", "ok=f", "okg+",
         "ok/h", "ok@i"]
BODIES = ["evil", "okb", "okc \"$@\"", "\"$@\"", "$1", "command okb", "command evil", "builtin unset -f oka", "unset helper", "unset -f okb",
          "unset okc", "okb() { evil; }", "oka() { okc; }; oka", "function okc { evil; }; okc", "evil() { okb; }; evil", "oka", "helper",
          "local okx=1; okb $okx", "local PATH=/tmp; okb", "local IFS=k; okb", "okb <<E\n$(evil)\nE\n", "okb <<'E'\nevil\nE\n",
          "if okb; then okc; else evil; fi", "while read -r x; do $x; done <<< evil", "case $1 in evil) evil ;; *) okb ;; esac", "( okb )",
          "okb | okc", "okb & wait", ":", "x=$(evil)", "x=$(okc)", "trap evil EXIT", "eval evil", "okb; return; evil", "set -- evil; \"$1\"",
          "exec okb", "env evil", "time okb", "! okb", "{ okb; } 2>&1", "for i in evil; do $i; done", "coproc evil", "ok\\\nb"]
OTHERS = ["x=evil", "okx=evil", "alias oka=evil", "alias okb='okc '", "alias okc=evil helper=oka", "alias time=evil", "trap evil DEBUG",
          "unset -f oka", "unset -f okb okc", "shopt -s extglob", "shopt -s expand_aliases", "set -o posix", "set -k", "set -- evil",
          "PATH=/tmp", "IFS=k", "declare -n x=PATH", "declare -i n", "export -f oka 2>/dev/null", "enable -n cd", "hash -p /bin/true okb",
          "declare -f okb >/dev/null", "command_not_found_handle2() { evil; }", "set -f", "shopt -s nullglob", "eval 'oka() { evil; }'"]
LINES = ["oka", "ok\\a", "'oka'", "o\"k\"a x", "$'ok\\x61'", "ok\\\na", "\\oka", "oka; okb", "oka && okb || okc", "okb | oka", "oka | okb",
         "( oka )", "{ oka; }", "okb $(oka)", "okb \"$(oka)\"", "okb `oka`", "x=$(oka)", "! oka", "time oka", "time -p okb", "x=1 oka",
         "oka evil", "okb evil", "oka $x", "helper", "helper evil", "helper oka", "ok-d", "ok.e", "ok=f", "\\ok=f", "okg+", "ok/h", "ok@i",
         "unset -f oka; oka", "unset oka; oka", "unset -f okb; helper", "unset -f helper; helper", "oka; helper", "builtin unset -f oka; oka", "command oka", "command okb evil",
         "exec oka", "env oka", "timeout 5 oka", "builtin oka", "bash -c oka", "bash -c 'okb; oka'", "eval oka", "okb() { evil; }; okb",
         "okb() { okc; }; okb", "oka() { okb; }; oka; okc", "function helper { oka; }; helper", "helper() { oka; }; okb() { helper; }; okb",
         "for i in 1 2; do oka; done", "while oka; do okb; break; done", "if oka; then okb; fi", "case x in x) oka ;; esac", "oka &",
         "oka & wait", "okb <(oka)", "cd /; oka", "cd x || okb", "echo x | oka", "read x <<< evil; $x", "read x <<< y; okb", "n='a[$(evil)]'; okb",
         "x=/tmp; okb", "set -e; oka", "[ -n x ] && oka", "test -e x; oka", "exit 3; oka", ": ; oka", "!(oka)", "okg+() { oka; }", "source x",
         "oka >/dev/null 2>&1", "oka </dev/null", "okb <<E\n$(oka)\nE", "okb <<< \"$(oka)\"", "okb # x; evil", "okb \"${x:-$(oka)}\"",
         "PATH=x oka", "IFS= oka", "okx oka", "export x; oka", "local x", "okb oka", "okb 'oka'", "\\time oka", "'time' oka", "\"if\" oka"]
# Written behind the lines: what the session has changed, as a host would say it.
TELL = r"""
{ PATH_NOW=$PATH IFS_NOW=$IFS IFS=$' \t\n'
  while builtin read -r _ _ f; do
    [[ $f == command_not_found_handle ]] || printf 'function\0%s\0%s\0' "$f" "$(declare -f -- "$f")"
  done < <(declare -F)
  while builtin read -r _ _ f; do printf 'variable\0BASH_FUNC_%s%%%%\0\0' "$f"; done < <(declare -Fx)
  for a in "${!BASH_ALIASES[@]}"; do printf 'alias\0%s\0%s\0' "$a" "${BASH_ALIASES[$a]}"; done
  [[ $PATH_NOW == /nonexistent ]] || printf 'variable\0PATH\0\0'
  [[ $IFS_NOW == $' \t\n' ]] || printf 'variable\0IFS\0\0'
  [[ -z $(trap -p DEBUG) ]] || printf 'trap\0DEBUG\0x\0'
  for o in posix keyword noglob; do [[ -o $o ]] && printf 'option\0%s\0\0' "$o"; done
  for o in extglob nullglob expand_aliases; do shopt -q "$o" && printf 'option\0%s\0\0' "$o"; done
  while builtin read -r _ l v; do [[ $l == *[in]* ]] && printf 'attribute\0%s\0%s\0' "${v%%=*}" "$l"; done < <(declare -p x n 2>/dev/null)
  [[ $(hash -l 2>/dev/null) == */bin/true* ]] && printf 'hash\0okb\0/bin/true\0'
  [[ $(enable -n) ]] && printf 'builtin\0cd\0\0'
  IFS=$IFS_NOW
} > "$TELL_FILE" 2>/dev/null
"""
RECORD = r"""FUNCNEST=12
command_not_found_handle() { printf '%s\0' "$1" >> "$RECORD_FILE"; return 0; }
"""
NO_TEXT = ("variable", "builtin", "option")


def history(r):
    lines = []
    for _ in range(r.randrange(4)):
        if r.random() < 0.75:
            form = r.choice(["%s() { %s\n}", "%s () { %s\n}", "function %s { %s\n}"])
            lines.append(form % (r.choice(NAMES[:6]) if r.random() < 0.75 else r.choice(NAMES), r.choice(BODIES)))
        else:
            lines.append(r.choice(OTHERS))
    return lines


def bash(folder, lines, last):
    """Run them in one bash; what had changed before the last, and what it ran."""
    tell, record = folder / "tell", folder / "record"
    for file in (tell, record):
        file.write_bytes(b"")
    script = RECORD + "\n".join(lines) + "\n" + TELL + ": > \"$RECORD_FILE\"\n" + last + "\n"
    try:
        subprocess.run(["/bin/bash", "--norc"], input=script.encode(), cwd=folder, timeout=10, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, env={"PATH": "/nonexistent", "TELL_FILE": str(tell), "RECORD_FILE": str(record),
                                                       "LC_ALL": "C.UTF-8", "HOME": str(folder)})
    except subprocess.TimeoutExpired:
        pass
    fields = tell.read_bytes().decode("utf-8", "replace").split("\0")
    meaning = {}
    for kind, name, text in zip(fields[0::3], fields[1::3], fields[2::3]):
        meaning[kind, name] = {"kind": kind, "name": name, **({} if kind in NO_TEXT else {"text": text})}
    return list(meaning.values()), [x for x in record.read_bytes().decode("utf-8", "replace").split("\0") if x]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=1500)
    args = parser.parse_args()
    r = random.Random(args.seed)
    cases, ran = [], []
    with tempfile.TemporaryDirectory() as top:
        folder = pathlib.Path(top)
        for _ in range(args.count):
            lines, last = history(r), r.choice(LINES)
            meaning, records = bash(folder, lines, last)
            cases.append({"line": last, "verdict": "approve", "mode": "stdin", "meaning": meaning})
            ran.append((lines, records))
        (folder / "policy.json").write_text(json.dumps(POLICY))
        answers = []
        for at in range(0, len(cases), 200):
            (folder / "cases.json").write_text(json.dumps(cases[at:at + 200]))
            p = subprocess.run([pathlib.Path(args.build).resolve() / "whoctl", "policy", "test", "--json", folder / "policy.json", folder / "cases.json"],
                               stdout=subprocess.PIPE)
            answers += json.loads(p.stdout)
    passed = failed = approved = 0
    for case, (lines, records), answer in zip(cases, ran, answers):
        assert answer["line"] == case["line"]
        bad = [x for x in records if not x.startswith("ok") and x not in BUILTINS]
        approved += answer["got"] == "approve"
        if answer["got"] == "approve" and bad:
            failed += 1
            print("not ok after %r, %r was approved and ran %r" % (lines, case["line"], bad))
        else:
            passed += 1
    print("# %d of %d lines were approved, %d ran what is not" % (approved, len(cases), sum("evil" in q for _, q in ran)))
    if approved * 5 < len(cases):
        failed += 1
        print("not ok hardly a line is approved: this shows nothing")
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
