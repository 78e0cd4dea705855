"""A session in the small: a stand-in for whosh with one bash behind it, which a test drives line by line.

    python3 session_shell.py SOURCE SOCKET      lines on standard input; for each one line of JSON on standard output

A line is asked for, run in the one bash when it is permitted, and reported; with LEFT when it ends in `&`.

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import ctypes
import json
import pathlib
import subprocess
import sys
import time
import types

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from lib.wire import Session  # noqa: E402

SUBREAPER = 36


def main():
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    session = Session(types.SimpleNamespace(source=pathlib.Path(sys.argv[1])), types.SimpleNamespace(socket=sys.argv[2]))
    bash = subprocess.Popen(["bash", "--norc"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
    print(json.dumps({"bash": bash.pid}), flush=True)
    for line in iter(sys.stdin.readline, ""):
        session.ask(line.rstrip("\n"), mode="command")
        kind, fields = session.read()
        if kind != session.numbers["WIRE_PERMIT"]:
            print(json.dumps({"refused": int(fields[session.numbers["WIRE_STATUS"]])}), flush=True)
            continue
        session.started(bash.pid)
        bash.stdin.write(line + "echo $?\n")
        status = bash.stdout.readline().strip()
        if not status:
            session.send("OUTCOME", ("SIGNAL", b"15"), ("STARTED_MS", b"1"), ("ENDED_MS", b"2"))
        else:
            session.outcome(int(status), left=line.rstrip().endswith("&"))
        began = time.monotonic()
        kinds = {session.numbers["WIRE_KILL"]}
        while kinds == {session.numbers["WIRE_KILL"]}:
            kinds = {session.read()[0]}
        print(json.dumps({"id": fields[session.numbers["WIRE_COMMAND_ID"]].decode(), "status": status,
                          "done_ms": (time.monotonic() - began) * 1000}), flush=True)


if __name__ == "__main__":
    main()
