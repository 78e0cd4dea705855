"""expect scripts on a terminal: dialogues through whosh -c, a prompt, ssh -t, and su -."""
import re

from clients.test_openssh import Two
from lib.sides import Sides

DIALOGUE = r"""
set timeout 20
log_user 1
spawn -noecho [lindex $argv 0] -c {
  read -r -p "Name? " name
  read -r -s -p "Password: " secret; echo
  echo "hello $name, ${#secret} characters"
  select x in one two; do echo "chose $x"; break; done
  trap 'echo "caught"; exit 7' INT
  echo "ready, in $(stty size)"
  read -r forever
}
expect "Name? "
send "Ann O'Hara\r"
expect "Password: "
send "s3 cret\r"
expect {
  "hello Ann O'Hara, 7 characters" {}
  timeout { puts "no greeting"; exit 90 }
}
expect "#? "
send "2\r"
expect "chose two"
expect "ready"
# Just before read waits, bash takes note of the signal and waits all the same.
set timeout 1
for {set i 0} {$i < 20} {incr i} {
  send "\003"
  expect {
    "caught" break
    timeout {}
  }
}
set timeout 20
expect eof
lassign [wait] pid spawn error status
exit $status
"""

PROMPT = r"""
set timeout 20
proc need {what} {
  expect {
    -re $what {}
    timeout { puts "\n<<< $what was not shown >>>"; exit 90 }
    eof { puts "\n<<< the end before $what >>>"; exit 91 }
  }
}
eval spawn -noecho $argv
need {[$#] $}
send "cd /tmp; x=kept; pwd\r"
need {\r\n/tmp\r\n[^\r\n]*[$#] $}
send "echo \"<\$x>\"\r"
need {\r\n<kept>\r\n[^\r\n]*[$#] $}
send "cat <<EOF\r"
need {> $}
send "in a \$x document\rEOF\r"
need {\r\nin a kept document\r\n[^\r\n]*[$#] $}
send "sleep 600\r"
sleep 0.3
send "\032"
need {Stopped.*[$#] $}
send "jobs\r"
need {Stopped +sleep 600\r\n[^\r\n]*[$#] $}
send "fg\r"
need {sleep 600\r\n}
sleep 0.3
send "\003"
need {[$#] $}
send "echo \"after ctrl-c: \$?\"\r"
need {after ctrl-c: 130\r\n[^\r\n]*[$#] $}
send "echo ed"
send "\177\177edited | tr d D\r"
need {\r\neDiteD\r\n[^\r\n]*[$#] $}
send "\020\r"
need {\r\neDiteD\r\n[^\r\n]*[$#] $}
if {$env(SIDE) eq "whosh"} {
  send "shred /etc/hostname\r"
  need {whosh: denied: shred /etc/hostname: [^\r]*\r\nwhosh: rule: never\r\n.*[$#] $}
  send "echo \"denied with \$?\"\r"
  need {denied with 126\r\n[^\r\n]*[$#] $}
}
send "TERM=vt100 less /etc/passwd\r"
need {root:}
send "q"
need {[$#] $}
send "stty rows 33 cols 99; bash -c 'stty size'\r"
need {33 99\r\n[^\r\n]*[$#] $}
send "exit 6\r"
expect eof
lassign [wait] pid spawn error status
exit $status
"""


def script(t, name, text):
    path = t.tmp / name
    path.write_text(text)
    return path


def test_expect_dialogue(t):
    """An installer's dialogue driven by expect: prompts, a password without echo, a menu and Ctrl-C, as with bash."""
    t.need("expect")
    w = Sides(t)
    path = script(t, "dialogue.exp", DIALOGUE)
    waiting = lambda b: re.sub(rb"(\^C)+", b"^C", re.sub(rb"(\rwhosh: waiting [^\r]*)+\r +\r", b"", b))  # noqa: E731
    r = w.same(lambda shell, env: t.run(["expect", path, shell], env={**env, "TERM": "dumb"}, cwd=w.work), plain=waiting)
    assert r.code == 7 and b"s3 cret" not in r.out, r
    assert w.rows()[0]["exit"] == 7, w.rows()


def test_expect_prompt(t):
    """At a prompt that expect drives: state, documents, editing, history, Ctrl-Z and Ctrl-C, a pager, a denial, the status."""
    t.need("expect", "less")
    w = Sides(t)
    w.fresh()
    path = script(t, "prompt.exp", PROMPT)
    for side, argv in (("bash", ["/bin/bash", "--norc"]), ("whosh", [w.whosh])):
        r = t.run(["expect", path, *argv], env={**w.env(), "TERM": "dumb", "SIDE": side}, cwd=w.work)
        assert r.code == 6, (side, r.code, r.text)
    rows = [x for x in w.rows(n=14) if x["mode"] == "prompt"]
    lines = [x["line"].strip() for x in rows]
    assert "cat <<EOF\nin a $x document\nEOF" in lines and lines.count("echo edited | tr d D") == 2, lines
    assert len({x["session"] for x in rows}) == 1 and w.denied() == ["shred /etc/hostname\n"], rows


def test_expect_ssh(t):
    """ssh -t to an account with whosh, at its prompt, is the same dialogue as on the machine itself."""
    t.need("expect")
    w = Two(t, bash=False)
    path = script(t, "prompt.exp", PROMPT)
    argv = ["ssh", "-tt", "-p", w.s.port, *w.s.options(), w.s.user + "@127.0.0.1"]
    r = t.run(["expect", path, *argv], env={**t.env(), "TERM": "dumb", "SIDE": "whosh"})
    assert r.code == 6, (r.code, r.text)
    rows = w.rows(14)
    assert {x["mode"] for x in rows} == {"prompt"} and len({x["session"] for x in rows}) == 1, rows


def test_expect_su(t):
    """su - agent at a terminal is a session at a prompt."""
    t.need("expect", "su")
    w = Two(t, bash=False)
    path = script(t, "prompt.exp", PROMPT)
    r = t.run(["expect", path, "su", "-w", "WHOSH_CONFIG,WHOSH_TASK", "-", w.s.user],
              env={**t.env(w.b), "TERM": "dumb", "SIDE": "whosh", "WHOSH_TASK": "deploy-4711"})
    assert r.code == 6, (r.code, r.text)
    assert {x["mode"] for x in w.rows(14)} == {"prompt"}
