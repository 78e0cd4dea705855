"""How fast a log is verified, and how that grows with it.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import time

from lib import tlog

LEAF = b'{"v":1,"n":%d,"ms":1795000000000,"kind":"review","body":{"command":"x","filler":"' + b"y" * 700 + b'"}}'


def seconds(t, path, *options):
    best = None
    for _ in range(3):
        began = time.monotonic()
        r = t.run([t.program("whoctl"), "verify", "--log", path, *options], timeout=600)
        took = time.monotonic() - began
        assert r.code == 0, r
        best = took if best is None else min(best, took)
    return best


def tree(t, table, leaves):
    """As many entries as long as real ones are."""
    path, key = t.tmp / ("tree-%d" % leaves), tlog.NoteKey("whoshd:bench")
    tlog.write_tree(path / "log", [LEAF % n for n in range(leaves)], key)
    (path / "log.vkey").write_text(key.vkey + "\n")
    rate = leaves / seconds(t, path, "--tree-only")
    table.add("verify --tree-only, {:,} leaves".format(leaves), "{:,.0f} leaves/s".format(rate), "", None, "≥ 50,000/s",
              rate >= 50000)


def signatures(t, table, commands):
    log, _ = tlog.day(t.tmp / "signed", commands)
    took = seconds(t, t.tmp / "signed")
    rate = len(log.leaves) / took
    tree_only = len(log.leaves) / seconds(t, t.tmp / "signed", "--tree-only")
    table.add("verify, all signatures, {:,} leaves".format(len(log.leaves)), "{:,.0f} leaves/s".format(rate),
              "{:,.0f} leaves/s of the tree alone".format(tree_only), rate / tree_only)


def measure(t, table):
    tree(t, table, 10000)
    tree(t, table, 1000000)
    signatures(t, table, 5000)
