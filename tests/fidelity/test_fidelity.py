"""Snippets of shell in every way a shell is called: whosh must be bash to them.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import json

from fidelity import fidelity, snippets

# What may differ, and why: {snippet: (modes, reason)}.  At most five.
MAY_DIFFER = {
    "read-nul-bytes": (("file",), "whosh refuses a script that holds a NUL byte: no two programs read such a text alike"),
}


def test_every_snippet_as_bash_runs_it(t):
    """Scripts, builds and agents that work with bash would do something else with whosh."""
    every = snippets.read_all()
    names = {s.name for s in every}
    assert len(every) >= 600, len(every)
    assert len(MAY_DIFFER) <= 5 and set(MAY_DIFFER) <= names, "the table of differences is too long, or out of date"
    world = fidelity.World(t)
    different, counts = fidelity.compare_all(every, snippets.MODES, t.tmp / "run", world.shell, world.broker.conf)
    assert min(counts[m] for m in ("c", "file", "stdin")) >= 600, counts
    unexpected = [text for name, mode, text in different
                  if name not in MAY_DIFFER or mode not in MAY_DIFFER[name][0]]
    assert not unexpected, "%d of %s differ\n%s" % (len(unexpected), json.dumps(counts), "\n".join(unexpected))


def test_snippets_are_files_that_can_be_read(t):
    """A newcomer would find one file too long to read, or two snippets of one name."""
    for path in snippets.FOLDER.glob("*.snippets"):
        assert path.stat().st_size < 24000, path
        assert path.read_bytes().startswith(b"# "), "%s does not say what it is about" % path
