"""A real PostgreSQL server whose log must say which agent and command spoke to it."""
import glob
import os
import pwd


def test_server_log_names_agent_and_command(t):
    """Without the stamp the database's own log knows only the shared account: the 03:47 question stays open."""
    binaries = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    if not binaries:
        t.skip("PostgreSQL's server is not installed")
    t.need("psql")
    where = os.path.dirname(binaries[-1])
    prefix = []
    data = t.tmp / "pg"
    data.mkdir(mode=0o700)
    if t.root:
        t.need("setpriv")
        account = pwd.getpwnam("postgres")
        os.chown(data, account.pw_uid, account.pw_gid)
        prefix = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups"]
    made = t.run([*prefix, where + "/initdb", "-D", data / "db", "-A", "trust", "-U", "postgres", "--no-sync"], timeout=120)
    assert made.code == 0, made
    log = open(t.tmp / "postgres.log", "wb")
    os.chmod(t.tmp, 0o755)
    server = t.spawn([*prefix, where + "/postgres", "-D", data / "db", "-k", data, "-c", "listen_addresses=",
                      "-c", "log_line_prefix=[%a] ", "-c", "log_statement=all", "-c", "fsync=off"],
                     stderr=log, stdout=log)
    t.read_line_matching(t.tmp / "postgres.log", "ready to accept connections", 60, server)
    a = t.approver()
    token = a.agent("db-migration-agent")
    r = t.whosh(a, token, "-c", "psql -h %s -U postgres -Atc 'SELECT 41 + 1'" % data)
    assert (r.code, r.out) == (0, b"42\n"), r
    command = a.who()[0]["id"]
    found = t.read_line_matching(t.tmp / "postgres.log", r"^\[([^]]*)\] LOG:  statement: SELECT 41")
    assert found.group(1) == ("db-migration-agent/" + command)[:63], found.group(0)
    # A name the caller chose itself is left alone.
    r = t.whosh(a, token, "-c", "psql -h %s -U postgres -Atc 'SELECT 43'" % data, env={"PGAPPNAME": "mine"})
    assert r.code == 0, r
    assert t.read_line_matching(t.tmp / "postgres.log", r"^\[mine\] LOG:  statement: SELECT 43")
    server.terminate()
    server.wait(20)
