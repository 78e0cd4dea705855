#!/usr/bin/env python3
"""The parser against another one (tree-sitter-bash): no command that only the other one sees.

bash as the judge (differential.py) says nothing of a branch that was not taken; another parser reads them all.  It
calls reserved words commands where bash does not (`time if …`): those are left out.  What else it sees and ours does
not is to be looked at by a person, and made a line of tricks.txt if it was right.

The grammar comes from npm, by its hash; without a network and without a copy in the build folder the comparison is
skipped, and says so.  A user would lose the gate in a branch that only runs in production.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import argparse
import base64
import hashlib
import json
import pathlib
import re
import subprocess
import sys

from differential import ATOMS, FRAMES, HERE, generated

PACKAGE = "tree-sitter-bash@0.23.3"  # language ABI 14, as Debian 12's libtree-sitter has it
SHA512 = "36cg/GQ2YmIbeiBeqeuh4fBJ6i4kgVouDaqTxqih5ysPag+zHufyIaxMOFeM8CeplwAK/Luj1o5XHqgdAfoCZg=="
RESERVED = set("time ! for do done if then else elif fi while until case esac function { } in [[ ]] select coproc".split())


def grammar(folder):
    """The grammar as a shared object; None when it cannot be fetched."""
    library = folder / "grammar.so"
    if library.exists():
        return library
    folder.mkdir(parents=True, exist_ok=True)
    fetched = subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=folder, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    archive = folder / "tree-sitter-bash-0.23.3.tgz"
    if fetched.returncode or not archive.exists():
        print("# %s" % fetched.stderr.decode("utf-8", "replace").strip().splitlines()[-1:])
        return None
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    assert digest == SHA512, "%s is not the package this was written with: %s" % (archive, digest)
    subprocess.run(["tar", "xzf", archive.name], cwd=folder, check=True)
    source = folder / "package/src"
    partial = folder / "grammar.part"
    subprocess.run(["gcc", "-O1", "-fPIC", "-shared", "-w", "-I", source, "-o", partial, source / "parser.c", source / "scanner.c"],
                   check=True)
    partial.rename(library)
    return library


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=5000)
    args = parser.parse_args()
    build = pathlib.Path(args.build).resolve()
    library = grammar(build / "tree-sitter-bash")
    if not library:
        print("# skipped: %s is neither here nor to be had" % PACKAGE)
        print("0 passed, 0 failed")
        return 0
    lines = ATOMS + [f.replace("%s", "cmda x") for f in FRAMES] + list(generated(args.seed, args.count))
    for name in ("tricks.txt", "everyday.txt"):
        lines += (HERE / name).read_text().rstrip("\n").split("\n%%\n")
    said = subprocess.run([build / "tests/policy/other_parser", library], input="\0".join(lines).encode() + b"\0",
                          stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()
    said = [json.loads(x) for x in said]
    compared, failed = said.pop()["compared"], set()
    for x in said:
        line = lines[x["line"]].encode()
        word = re.match(rb"[^\s;&|()<>]*", line[x["at"]:]).group().decode("utf-8", "replace")
        if word not in RESERVED:
            failed.add(x["line"])
            print("not ok only the other parser sees a command in %r, at %r" % (line.decode(), line[x["at"]:].decode("utf-8", "replace")))
    assert compared > len(lines) / 2, (compared, len(lines))
    print("%d passed, %d failed" % (compared - len(failed), len(failed)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
