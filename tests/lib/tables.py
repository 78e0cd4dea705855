"""The approver's tables as they are, to be compared with the same made again from the log.

    tables(path)         {table: rows}, with texts in the place of the numbers of names
    rebuilt(t, a)        the same of a copy of the approver's folder after `whoshd reindex`
    verified(folder)     the log's entries, after the tree over them was found to be the checkpoint's

What who searches (facets, words) is left out: it follows when the writer rests.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import base64
import hashlib
import shutil
import sqlite3

from lib import auditlog, jose

NAMES = ("agent agent_version credential session human chain model task user host cwd mode detail verdict cause rule "
         "policy reviewers signal outcome outcome_reason").split()
LEFT_OUT = ("names", "facets", "words", "sqlite_sequence")


def tables(path):
    # Not `mode=ro`: what is in the write-ahead log belongs to it.
    db = sqlite3.connect(path)
    try:
        found = {}
        names = dict(db.execute("SELECT id, text FROM names"))
        for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type='table'").fetchall():
            if table in LEFT_OUT or table.startswith("words_"):
                continue
            cursor = db.execute('SELECT * FROM "%s"' % table)
            columns = [x[0] for x in cursor.description]
            resolve = set(NAMES) if table == "commands" else set()
            rows = [{c: (names[v] if v else None) if c in resolve else v for c, v in zip(columns, row)} for row in cursor]
            found[table] = sorted(rows, key=repr)
        return found
    finally:
        db.close()


def copied(t, a, name):
    """A copy of the folder of an approver that has ended, without its lock."""
    to = t.tmp / name
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(a.dir, to, ignore=shutil.ignore_patterns("lock"))
    return to


def rebuilt(t, a, name="rebuilt"):
    folder = copied(t, a, name)
    r = t.run([t.program("whoshd"), "reindex", "--dir", folder])
    assert r.code == 0 and b"made again from" in r.out, r
    return tables(folder / "whosh.db")


def same(before, after):
    assert set(before) == set(after), set(before) ^ set(after)
    for table, rows in before.items():
        missing = [x for x in rows if x not in after[table]]
        invented = [x for x in after[table] if x not in rows]
        assert not missing and not invented, "%s:\nonly before %r\nonly after  %r" % (table, missing[:2], invented[:2])


def root(leaves):
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return hashlib.sha256(b"\1" + root(leaves[:k]) + root(leaves[k:])).digest()


def verified(folder):
    """The published log of an approver's folder: its entries agree with its checkpoint, which its key has signed."""
    note = (folder / "log" / "checkpoint").read_text("utf-8")
    text, _, signature = note.partition("\n\n")
    origin, size, said = text.split("\n")
    public = base64.b64decode((folder / "log.vkey").read_text().strip().split("+", 2)[2])[1:]
    signed = base64.b64decode(signature.split("\n")[0].rpartition(" ")[2])[4:]
    jose.Ed25519PublicKey.from_public_bytes(public).verify(signed, (text + "\n").encode())
    entries = auditlog.entries(folder / "log")
    assert len(entries) == int(size), (len(entries), size)
    assert root(entries) == base64.b64decode(said), "%s: the tree is another" % origin
    return entries
