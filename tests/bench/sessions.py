"""What whosh costs where a shell runs line after line: a session, and make.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import os
import pwd
import shutil
import statistics
import subprocess
import time

from lib.typist import Terminal

LINES, RECIPES, KEYS, COLUMNS = 300, 200, 400, 40


def seconds(argv, env, data=b"", cwd=None):
    began = time.perf_counter()
    subprocess.run(argv, env=env, input=data, check=True, stdout=subprocess.DEVNULL, cwd=cwd)
    return time.perf_counter() - began


def pairs(a, b, runs):
    """Each in turn, so that what else the machine does falls on both; one run to warm up."""
    both = [(a(), b()) for _ in range(runs + 1)][1:]
    return statistics.median(x for x, _ in both), statistics.median(y for _, y in both), both


def further_line(t, table, env, line, name, runs):
    """Sessions of many lines and of one: what is between them is the further lines."""
    whosh, bash = t.program("whosh"), "bash"

    def each(shell):
        def run():
            many = seconds([shell, "-s"], env, line * (LINES + 1))
            return (many - seconds([shell, "-s"], env, line)) * 1000 / LINES
        return run
    one, floor, both = pairs(each(whosh), each(bash), runs)
    over = statistics.median(x - y for x, y in both)
    table.at_most("a session's further line, %s" % name, "%.2f ms" % one, "bash %.2f ms, ms over it:" % floor, over, 1.0)


def make(t, table, env, runs):
    """Recipes that compile, as a makefile's do; and ones that run nothing but the shell, whose cost is only that."""
    names = ["r%d" % i for i in range(RECIPES)]
    for kind, recipe, budget in (("compile", "cc -c -o $@.o one.c && test -s $@.o", 1.6), ("run a builtin", "test -n $@ && echo $@ >/dev/null", None)):
        folder = t.tmp / ("make-" + kind.split()[0])
        folder.mkdir()
        (folder / "one.c").write_text("#include <stdio.h>\nint main(void) { return puts(\"one\") < 0; }\n")
        (folder / "Makefile").write_text("all: %s\n.PHONY: all %s\n" % (" ".join(names), " ".join(names)) +
                                         "".join("%s:\n\t@%s\n" % (x, recipe) for x in names))

        def all_of(shell):
            return lambda: seconds(["make", "-s", "-j2", "SHELL=" + shell], env, cwd=folder)
        whosh, bash, both = pairs(all_of(t.program("whosh")), all_of(shutil.which("bash")), runs)
        row = ("make -j2, %d recipes that %s" % (RECIPES, kind), "%.0f ms" % (whosh * 1000), "SHELL=bash %.0f ms" % (bash * 1000),
               statistics.median(x / y for x, y in both))
        if budget:
            table.at_most(*row, budget)
        else:
            table.add(*row)


def echo(t, table, env, runs):
    """From a key to its echo at the prompt, in both at once."""
    def prompt(argv):
        x = Terminal(t, argv, {**env, "TERM": "xterm"}, t.tmp)
        x.prompt()
        return x

    def keys(x):
        def run():
            took = []
            for _ in range(KEYS):
                began = time.perf_counter()
                x.type("x")
                x.until("x")
                took.append(time.perf_counter() - began)
                if len(took) % COLUMNS == 0:
                    x.type("\x15")
                    x.until("\x1b[K")
            return statistics.median(took) * 1e6
        return run
    shells = [prompt([t.program("whosh")]), prompt(["/bin/bash", "--norc", "--noprofile", "-i"])]
    whosh, bash, both = pairs(*[keys(x) for x in shells], runs)
    table.at_most("a key's echo at the prompt", "%.0f us" % whosh, "bash %.0f us" % bash, statistics.median(x / y for x, y in both), 1.2)
    for x in shells:
        x.type("exit\n")
        x.end()


def measure(t, table, runs):
    a = t.approver()
    token = a.agent("bench")
    b = t.broker(a, {pwd.getpwuid(os.geteuid()).pw_name: token})
    env = t.env(b)
    runs = max(3, runs // 20)
    further_line(t, table, env, b":\n", "a builtin", runs)
    further_line(t, table, env, b"/bin/true\n", "a program", runs)
    make(t, table, env, runs)
    echo(t, table, env, 5 * runs)
    b.stop()
    a.stop()
