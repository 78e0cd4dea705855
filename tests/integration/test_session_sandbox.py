"""A session inside a sandbox whose system-call filter forbids what it needs: it says so."""
import platform
import sys

from lib.sessions import around

NUMBERS = {"x86_64": {"fcntl": 72, "memfd_create": 319, "socketpair": 53},
           "aarch64": {"fcntl": 25, "memfd_create": 279, "socketpair": 199}}
# Answer EPERM to one system call (seccomp), then become the program.
FORBID = r"""
import ctypes, os, struct, sys
class Program(ctypes.Structure):
    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
steps = [(0x20, 0, 0, 0), (0x15, 0, 1, int(sys.argv[1])), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7fff0000)]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *x) for x in steps))
program = Program(len(steps), ctypes.cast(code, ctypes.c_void_p))
libc = ctypes.CDLL(None)
assert not libc.prctl(38, 1, 0, 0, 0) and not libc.prctl(22, 2, ctypes.byref(program), 0, 0)
os.execv(sys.argv[2], sys.argv[2:])
"""


def test_a_filter_that_forbids_a_call(t):
    """A session in a strict container would end with 78 and not a word, and nobody would know what to allow."""
    a, b, _ = around(t)
    (t.tmp / "lib.sh").write_text("echo sourced\n")
    for call, code, out, said in (
            ("fcntl", 78, "", "whosh: configuration: fcntl: Operation not permitted; nothing was run\n"),
            ("socketpair", 78, "", "whosh: configuration: /bin/bash: a session needs socketpair, which is not permitted here; nothing was run\n"),
            ("memfd_create", 0, "done\n", "bash: line 1: ./lib.sh: Operation not permitted\n")):
        number = NUMBERS[platform.machine()][call]
        r = t.run([sys.executable, "-c", FORBID, str(number), t.program("whosh")], stdin=". ./lib.sh\necho done\n", cwd=t.tmp,
                  env=t.env(b, None))
        assert (r.code, r.text) == (code, out) and r.err.decode() == said, (call, r)
