"""The whole of a prompt in one expect script: it shows who and where, waits, is approved, withdraws, is denied, stops, and lets vim be."""
from clients.test_terminal_review import Prompt

SCRIPT = r"""
set timeout 20
set whoctl [list $env(WHOCTL) --dir $env(APPROVER)]
proc need {what} {
  expect {
    -re $what {}
    timeout { puts "\n<<< $what was not shown >>>"; exit 90 }
    eof { puts "\n<<< the end before $what >>>"; exit 91 }
  }
}
proc prompt {} { need "worker@\[^ :]+:\[^ ]+\[$#] $" }
proc enter {line} { send -- "$line\r"; need "\r\n" }
# What waits, as whoctl names it to a person.
proc pending {} {
  global whoctl
  for {set i 0} {$i < 200} {incr i} {
    if {[regexp {"id": *"([0-9a-f-]{36})"} [exec {*}$whoctl pending --json] all id]} { return $id }
    after 20
  }
  puts "\n<<< nothing is pending >>>"; exit 92
}
spawn -noecho $env(WHOSH)
prompt
enter "echo hello"
need {\nhello\r\n|\rhello\r\n}
prompt
enter "cat <<EOF"
need "> $"
enter "in a document"
need "> $"
enter "EOF"
need "in a document\r\n"
prompt
enter "touch approved; echo it ran"
need {whosh: waiting for a reviewer \(rule ask-first[^\r]*, 0 s, Ctrl-C withdraws}
need {, 1 s, Ctrl-C withdraws}
if {[file exists approved]} { puts "<<< ran unapproved >>>"; exit 93 }
exec {*}$whoctl approve [pending]
need "it ran\r\n"
prompt
enter "touch withdrawn"
need {Ctrl-C withdraws}
send "\003"
need {whosh: withdrawn: nothing was run\r\n}
prompt
enter {echo "status $?"}
need "status 130\r\n"
prompt
enter "mkdir denied"
need {whosh: waiting for 2 reviewers \(rule two-people}
exec {*}$whoctl deny [pending] --reason "ask bob first"
need {whosh: denied: ask bob first\r\nwhosh: rule: two-people\r\nwhosh: command: [0-9a-f-]+\r\n}
prompt
enter "shred x"
need {whosh: denied: shred x: [^\r]+\r\nwhosh: rule: never\r\n}
prompt
enter "echo up; cat"
need {\nup\r\n|\rup\r\n}
send "to cat\r"
need "to cat\r\nto cat\r\n"
send "\032"
need {Stopped}
prompt
enter "jobs"
need {\[1\]\+  Stopped}
prompt
enter "echo on"
prompt
enter "exit"
need "There are stopped jobs."
prompt
enter "vim -u NONE -i NONE -n file"
need {Ctrl-C withdraws}
exec {*}$whoctl approve [pending]
need {New}
send "ifrom vim\033:wq\r"
need {written}
prompt
enter "cat file"
need "from vim\r\n"
prompt
enter "exit 9"
need "There are stopped jobs."
prompt
send "exit 9\r"
expect eof
lassign [wait] pid spawn error status
exit $status
"""


def test_terminal_expect(t):
    """Any step of what a person or an agent's harness meets at the prompt, seen by a program other than our own."""
    t.need("expect", "vim")
    w = Prompt(t)
    path = t.tmp / "prompt.exp"
    path.write_text(SCRIPT)
    env = t.env(w.broker, WHOSH=t.program("whosh"), WHOCTL=t.program("whoctl"), APPROVER=w.a.dir, TERM="xterm")
    r = t.run(["expect", path], env=env, cwd=t.tmp)
    assert r.code == 9, (r.code, r.text[-3000:])
    rows = {x["line"].strip(): x for x in w.a.who()}
    assert rows["touch approved; echo it ran"]["exit"] == 0 and rows["mkdir denied"]["reason"] == "ask bob first", rows
    assert "withdrawn" in rows["touch withdrawn"]["reason"] and rows["touch withdrawn"]["exit"] is None, rows
    assert (t.tmp / "approved").exists() and not (t.tmp / "withdrawn").exists() and not (t.tmp / "denied").exists()
