"""Keys at a prompt: completing a word runs nothing, and still completes."""
from lib.sessions import around, lines
from lib.terminal import Terminal


def test_completion_runs_nothing(t):
    """A Tab would run a substitution that nobody was asked about, from a line that is never entered."""
    a, b, _ = around(t)
    p = Terminal(t, b)
    p.until(r"[$#] ")
    p.ask("cd %s; x='a[$(touch ran)]'; echo th''ere" % t.tmp, "there")
    (t.tmp / "a-long-name").write_text("con" + "tent\n")
    number = 0
    for keys in ("\t", "\t\t", "\x1b/", "\x1b?", "\x1b*", "\x1b!", "\x1bg", "\x18/"):
        for word in ('"${y[$(touch ran)0]}/', '"$((y[$(touch ran)0]))/', '"$((x))/', '"${z:x}/', '"${y[`touch ran`0]}/', "$((x))/", "${x@P}/"):
            number += 1
            p.type("\x15ls " + word + keys + "\x15echo o''n%d\r" % number)
            p.until(r"\non%d\r" % number)
            assert not (t.tmp / "ran").exists(), (word, keys)
    p.type("cat a-lo\t\r")
    p.until("content")
    p.type("n=$PWD\rcat $n/a-lo\t\r")
    p.until("content")
    assert not [x for x in lines(a) if "touch" in x[0] and not x[0].startswith("cd ")], lines(a)
