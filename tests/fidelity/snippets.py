"""Reads the data files of this folder: snippets of shell, one after another.

    ==== NAME                 begins a snippet; names are unique in the whole folder
    == options -e -u          given to the shell in front of everything
    == arguments one two      $1 and $2 in every mode
    == only stdin             of the modes c, file, stdin, seek: run in these alone
    == seek                   also run with a file, which can be sought in, as standard input
    == escapes                the text holds \\r \\0 \\xHH, \\c at its end for no last newline, and {{TIMES*TEXT}}

Everything else is the snippet, byte for byte, up to the next separator.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import pathlib
import re

FOLDER = pathlib.Path(__file__).parent
MODES = ("c", "file", "stdin", "seek")
ARGUMENT_MAX = 131071  # what the kernel takes as one argument


class Snippet:
    def __init__(self, name, where):
        self.name, self.where = name, where
        self.options, self.arguments = [], []
        self.only, self.seek, self.escapes = (), False, False
        self.text = b""

    def modes(self):
        """The modes in which it can be run."""
        modes = self.only or (MODES if self.seek else MODES[:3])
        if b"\0" in self.text or len(self.text) > ARGUMENT_MAX:
            modes = [m for m in modes if m != "c"]
        return modes


def unescape(text):
    text = re.sub(rb"\{\{(\d+)\*(.*?)\}\}", lambda m: int(m.group(1)) * m.group(2), text, flags=re.S)
    if text.endswith(b"\\c\n"):
        text = text[:-3]
    known = {b"r": b"\r", b"0": b"\0", b"\\": b"\\"}
    return re.sub(rb"\\(r|0|\\|x[0-9a-f]{2})",
                  lambda m: known.get(m.group(1)) or bytes([int(m.group(1)[1:], 16)]), text)


def attribute(snippet, line):
    word, *values = line.decode().split()[1:]
    if word in ("options", "arguments", "only"):
        setattr(snippet, word, values)
    elif word in ("seek", "escapes"):
        setattr(snippet, word, True)
    else:
        raise SystemExit("%s: %s: no such attribute: %s" % (snippet.where, snippet.name, word))
    if not set(snippet.only) <= set(MODES):
        raise SystemExit("%s: %s: no such mode" % (snippet.where, snippet.name))


def read(path):
    found, head = [], False
    for line in path.read_bytes().splitlines(keepends=True):
        if line.startswith(b"==== "):
            found.append(Snippet(line[5:].decode().strip(), path.name))
            head = True
        elif head and line.startswith(b"== "):
            attribute(found[-1], line)
        elif found:
            head = False
            found[-1].text += line
        elif not line.startswith(b"#"):
            raise SystemExit("%s: text before the first snippet" % path)
    for snippet in found:
        if snippet.escapes:
            snippet.text = unescape(snippet.text)
    return found


def read_all():
    """Every snippet of the folder, in order."""
    found = [s for path in sorted(FOLDER.glob("*.snippets")) for s in read(path)]
    names = [s.name for s in found]
    twice = {n for n in names if names.count(n) > 1} if len(set(names)) != len(names) else ()
    if twice:
        raise SystemExit("two snippets of one name: " + ", ".join(sorted(twice)))
    return found
