"""The outside verifier: a Go program on golang.org/x/mod's note and tlog (tests/interop/tlogcheck.go).

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import fcntl
import os
import pathlib

SOURCE = pathlib.Path(__file__).resolve().parents[1] / "interop" / "tlogcheck.go"


def program(t):
    """Built once, under the build folder; its path."""
    made = t.build / "tests" / "tlogcheck"
    made.parent.mkdir(parents=True, exist_ok=True)
    with open(made.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists() or made.stat().st_mtime < SOURCE.stat().st_mtime:
            r = t.run(["go", "build", "-o", made, SOURCE], timeout=170, env={
                **os.environ, "GOPATH": "/usr/share/gocode", "GO111MODULE": "off", "GOFLAGS": "",
                "GOCACHE": str(t.build / "tests" / "gocache"), "HOME": str(t.tmp)})
            assert r.code == 0, r
    return made


def check(t, vkey, where, *options):
    """Verify a folder or an https:// address; the Result."""
    return t.run([program(t), *options, vkey, where])
