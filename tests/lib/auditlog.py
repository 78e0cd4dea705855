"""The audit log as any reader of tlog-tiles sees it: DIR/log's files, and nothing else.

    leaves(a)     every leaf, as an object, once all that the approver has logged is published
    bodies(a)     what the leaves without a signed message say
    entries(dir)  the entries of a log's folder, as bytes, up to its checkpoint

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import json

from lib.bare import ask


def checkpoint_size(folder):
    try:
        return int((folder / "checkpoint").read_text("utf-8").split("\n")[1])
    except FileNotFoundError:
        return 0


def path(n):
    parts = ["%03d" % (n % 1000)]
    while n >= 1000:
        n //= 1000
        parts.insert(0, "x%03d" % (n % 1000))
    return "/".join(parts)


def entries(folder):
    size, found = checkpoint_size(folder), []
    while len(found) < size:
        n, width = divmod(len(found), 256)[0], min(256, size - len(found))
        name = folder / "tile" / "entries" / path(n)
        data = name.read_bytes() if width == 256 else (name.parent / (name.name + ".p") / str(width)).read_bytes()
        for _ in range(width):
            length = int.from_bytes(data[:2], "big")
            found.append(data[2:2 + length])
            data = data[2 + length:]
        assert not data, "a bundle is longer than its entries"
    return found


def blob(folder, leaf):
    """The leaf itself, when the entry is only its hash."""
    if "blob" not in leaf:
        return leaf
    return json.loads((folder / "blob" / leaf["blob"][:2] / leaf["blob"]).read_bytes())


def leaves(a):
    folder = a.dir / "log"

    def published():
        """A writer that rests publishes; a partial bundle may be replaced while it is read."""
        if checkpoint_size(folder) < ask(a, "GET", "/healthz", token=None)[1]["log_size"]:
            return None
        try:
            return entries(folder)
        except FileNotFoundError:
            return None
    return [blob(folder, json.loads(x)) for x in a.t.eventually(published, "the log to be published")]


def bodies(a, subject=None):
    return [x["body"] for x in leaves(a) if "body" in x and subject in (None, x.get("subject"))]
