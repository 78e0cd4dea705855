"""whosh stays beside its command: signals, job control and orphans are as they are under any other shell."""
import os
import signal
import subprocess

from lib.killing import alive, pids_in, world


def start(t, line, **kw):
    _, conf, token = world(t, system=False)
    return t.whosh_start(conf, token, "-c", line, **kw)


def state(pid):
    with open("/proc/%d/stat" % pid) as f:
        return f.read().rpartition(")")[2].split()[0]


def test_stops_and_goes_on_with_its_command(t):
    """A stopped command whose shell went on would leave its caller waiting, and a continued one must go on."""
    p = start(t, "echo $$ >> pids; kill -STOP $$; echo on; exit 4")
    pid, = pids_in(t, t.tmp / "pids", 1)
    t.eventually(lambda: state(pid) == "T" and state(p.pid) == "T", "both stopped")
    p.send_signal(signal.SIGCONT)
    assert p.wait(10) == 4 and p.stdout.read() == b"on\n"


def test_passes_signals_on(t):
    """A signal for the shell is one for its command, which may have its own answer."""
    p = start(t, "trap 'echo usr1' USR1; trap 'echo term; exit 7' TERM; echo $$ >> pids; while :; do sleep 0.05; done")
    pids_in(t, t.tmp / "pids", 1)
    p.send_signal(signal.SIGUSR1)
    t.eventually(lambda: os.read(p.stdout.fileno(), 100) == b"usr1\n", "the first answer")
    p.send_signal(signal.SIGTERM)
    assert p.wait(10) == 7 and p.stdout.read() == b"term\n"


def test_reaps_orphans(t):
    """A long line that starts many daemons must not fill the host with zombies."""
    p = start(t, "for i in $(seq 50); do (sleep 0.01 &); done; echo $$ >> pids; read x; exit 5", stdin=subprocess.PIPE)
    pid, = pids_in(t, t.tmp / "pids", 1)

    def children():
        found = []
        for entry in os.listdir("/proc"):
            try:
                with open("/proc/%s/stat" % entry) as f:
                    if entry.isdigit() and f.read().rpartition(")")[2].split()[1] == str(p.pid):
                        found.append(int(entry))
            except (OSError, IndexError):
                pass
        return found
    t.eventually(lambda: children() == [pid], "only the command below whosh")
    assert alive(pid)
    p.stdin.write(b"\n")
    p.stdin.close()
    assert p.wait(10) == 5


def test_background_goes_on(t):
    """What runs in the background when a line ends goes on, and the line's end does not wait for it."""
    p = start(t, "(sleep 600 > /dev/null 2>&1 & echo $! >> pids); exit 6")
    pid, = pids_in(t, t.tmp / "pids", 1)
    assert p.wait(10) == 6 and alive(pid)
