"""make with SHELL=whosh: what it builds, prints and reports is what it is with bash."""
from lib.sides import Sides

MAKEFILE = r"""
SHELL := %(shell)s
.SHELLFLAGS := -eu -o pipefail -c
VERSION := $(shell echo 1.2; echo ignored >&2)
STATUS := $(.SHELLSTATUS)
export EXPORTED = from make
.PHONY: all quoting pipes fails keep sub lines one

all: quoting pipes lines sub out.txt
	@echo "version $(VERSION) status $(STATUS) and $(shell printf '%%s' "a  b")"

quoting:
	@echo "double \"inner\" $$HOME" | sed "s|$$HOME|HOME|"; echo 'single "inner" $$x'
	@printf '%%s\n' "$$EXPORTED" 'tab	here' "it's" \
		"continued"
	echo shown with its command

pipes:
	@set -- one two; for x in "$$@"; do echo "$$x"; done | tr a-z A-Z
	@{ echo group; echo err >&2; } 2>&1 | sort -r
	@diff <(echo same) <(echo same) && echo process substitution

lines: a.o b.o c.o
	@cat $^ > $@.txt

%%.o:
	@echo "object $* $@" > $@

out.txt: one
	@date -u -d @0 +%%Y > $@

sub:
	@+$(MAKE) --no-print-directory -C nested SHELL=$(SHELL) deep

fails:
	-@false | cat
	@echo $$UNSET_VARIABLE
	@echo never

one:
	-@exit 4
	@test -n "$(MAKEFLAGS)" || true

keep: bad good
bad:
	@exit 7
good:
	@echo good
"""
ONESHELL = """
SHELL = %(shell)s
.ONESHELL:
all:
	@x=kept
	cd /
	echo "$$x in $$PWD"
	cat <<EOF
	heredoc  line
	EOF
	false
	echo last
"""


def prepare(w, text, shell=None):
    (w.work / "nested").mkdir()
    (w.work / "nested/Makefile").write_text("deep: x y z\n\t@echo deep $(MAKELEVEL)\nx y z:\n\t@echo nested $@ > $@\n")
    (w.work / "Makefile.in").write_text(text)


def make(w, *args):
    def run(shell, env):
        text = (w.work / "Makefile.in").read_text()
        (w.work / "Makefile.in").unlink()
        (w.t.tmp / "Makefile").write_text(text % {"shell": shell})
        return w.t.run(["make", "-f", w.t.tmp / "Makefile", *args], env=env, cwd=w.work)
    return run


def test_make_serial(t):
    """Recipes, $(shell), flags and sub-makes give the same files and output, and each line is one record."""
    t.need("make")
    w = Sides(t)
    r = w.same(make(w, "all"), lambda: prepare(w, MAKEFILE))
    assert r.code == 0 and b"process substitution" in r.out and b"version 1.2 status 0" in r.out, r
    assert (w.work / "lines.txt").read_text() == "object a a.o\nobject b b.o\nobject c c.o\n"
    lines = w.lines(n=18)
    assert 'echo "object a a.o" > a.o' in lines and "echo nested x > x" in lines, lines
    # What make prints of its own about failures.
    for args, status in ((["fails"], 2), (["-k", "keep"], 2), (["one"], 0), (["-n", "quoting"], 0), (["-s", "pipes"], 0)):
        r = w.same(make(w, *args), lambda: prepare(w, MAKEFILE))
        assert r.code == status, (args, r)
    r = w.same(make(w), lambda: prepare(w, ONESHELL))
    assert b"kept in /\nheredoc  line\nlast" in r.out, r


def test_make_parallel(t):
    """With -j the jobserver's pipe, --output-sync and a failing job are as with bash."""
    t.need("make")
    w = Sides(t)
    text = MAKEFILE + "\n.PHONY: many\nmany: $(foreach i,1 2 3 4 5 6 7 8 9,job$(i)) sub lines\njob%%:\n\t@echo $@; echo $@ > $@\n"
    args = ["-j4", "-Oline", "many"]
    in_order = lambda data: b"\n".join(sorted(data.split(b"\n")))  # noqa: E731
    r = w.same(make(w, *args), lambda: prepare(w, text), plain=in_order)
    assert r.code == 0 and b"jobserver" not in r.err and b"jobserver" not in r.out, r
    assert all((w.work / ("job%d" % i)).exists() for i in range(1, 10))
    made = [x for x in w.lines(n=16) if x.startswith("echo job")]
    assert len(made) == 9, made
    r = w.same(make(w, "-j2", "-k", "keep"), lambda: prepare(w, MAKEFILE), plain=in_order)
    assert r.code == 2 and b"Error 7" in r.err and b"good" in r.out, r


def test_make_denied(t):
    """A recipe that is denied fails the build where it stands, with whosh's reason beside make's own message."""
    t.need("make")
    w = Sides(t)
    w.fresh()
    (w.work / "Makefile").write_text("all:\n\t@echo first\n\t@shred disk\n\t@echo never\n")
    r = t.run(["make", "-j2", "SHELL=" + w.whosh], env=w.env(), cwd=w.work)
    assert r.code == 2 and r.out == b"first\n", r
    assert "whosh: denied: shred disk" in r.errors and "Makefile:3: all] Error 126" in r.errors, r
    assert w.denied() == ["shred disk"]
