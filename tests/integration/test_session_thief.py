"""A job that kept the session's socket and reads what is meant for its shell: nothing runs by the permit of another line."""
from integration.test_session_reader import numbers
from lib.sessions import around, lines

THIEF = """
import socket, struct, sys
ASK, REFUSED, SECRET, MODE, LINE, CWD = map(int, sys.argv[1:])
way = socket.socket(fileno=0)
def field(tag, value):
    return struct.pack(">HI", tag, len(value)) + value
seen = b""
print("up", flush=True)
while True:
    got = way.recv(65536)
    if not got:
        break
    seen += got
    at = seen.find(struct.pack(">BHI", REFUSED, SECRET, 16))
    if at >= 0 and len(seen) >= at + 23:
        secret = field(SECRET, seen[at + 7:at + 23])
        body = secret + secret + field(MODE, b"stdin") + field(LINE, b"true") + field(CWD, b"/") + secret
        way.sendall(struct.pack(">IB", 1 + len(body), ASK) + body)
        break
"""


def test_stolen_answer(t):
    """A job that takes a refusal from the socket, and its secret with it, could ask for a harmless line in the name of the
    refused one, whose permit the shell would then believe."""
    a, b, _ = around(t)
    known = numbers(t)
    (t.tmp / "thief.py").write_text(THIEF)
    args = " ".join(str(known["WIRE_" + x]) for x in ("ASK", "REFUSED", "SECRET", "MODE", "LINE", "CWD"))
    stolen = 0
    for _ in range(12):
        # It waits in recv before the shell asks, and so is often woken first.
        start = "exec 9>&230; exec {up}< <(exec python3 thief.py %s <&9); read -u $up x\n" % args
        r = t.whosh(b, None, stdin=start + ": > ran # forbidden\n" * 5)
        assert not (t.tmp / "ran").exists(), r
        stolen += r.code == 69
        if stolen == 2:
            break
    assert stolen, "it never came first"
    assert not [x for x in lines(a) if x[0] == "true"], lines(a)
