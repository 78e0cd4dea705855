"""whoctl incident: what ran around 03:47, on whose authority, and what of it was unusual."""
import json
import re
import time

import html5lib

from lib import past
from lib.past import DAY, HOUR, MINUTE, command, denied, event, midnight, put, reviewed, workdays

HOSTILE = ("psql -c 'DROP TABLE sessions' # </pre></article><script>alert(1)</script><img src=x onerror=alert(2)> "
           "\x1b[31mred\x1b[0m \u202etxt.exe\u202c \u200bzero &amp; \"q\" 'x' \u0301")
FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")


def night():
    """The last 03:47 in local time, ms."""
    at = midnight(0) + 3 * HOUR + 47 * MINUTE
    return at if at <= time.time() * 1000 else midnight(1) + 3 * HOUR + 47 * MINUTE


def story(at):
    """412 commands between 08:00 and 19:00, and then that night."""
    return workdays(412, last=2) + [
        command(at - 9 * MINUTE, "cat db.conf", cwd="/etc/shop"),
        command(at - 4 * MINUTE, "psql -d shop -c 'SELECT 1'", model="openai/gpt@6"),
        denied(at - MINUTE, "psql -d shop -c 'DROP  table sessions'"),
        event(at - 30000, "operator_sign_in", "bob", operator="bob", role="reviewer", **{"from": "192.0.2.7"}),
        reviewed(at, HOSTILE, ["bob"], 41000, task="free <b>some</b> space"),
        command(at + 3 * MINUTE, "git status", agent="ci-agent", host="ci-7", cwd="/build"),
        command(at + 8 * MINUTE, "make check", outcome="lost", exit=None, ended=None, outcome_reason="exit unknown: host lost"),
        event(at + 11 * MINUTE, "kill", "k", id="k", kind="agent", name="db-agent", by="carol", reason="it dropped sessions")]


def told(t, entries):
    a = t.approver(start=False)
    put(t, a, entries)
    return a.start()


def strict_html(page):
    """The page as a tree, read by a parser that forgives nothing; and that it stands alone and does nothing."""
    text = page.decode("utf-8")
    assert not FORBIDDEN.search(text), FORBIDDEN.search(text)
    tree = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)
    for element in tree.iter():
        if not isinstance(element.tag, str):
            continue
        assert element.tag not in ("script", "img", "iframe", "object", "embed", "link", "base", "form"), element.tag
        for name, value in element.attrib.items():
            assert not name.startswith("on") and name not in ("src", "srcset", "action"), (element.tag, name)
            assert name != "href" or value.startswith("#"), value
    assert "url(" not in text and "@import" not in text
    return tree


def text_of(element):
    return "".join(element.itertext())


def test_the_night_of_the_dropped_table(t):
    """Somebody is woken: without the reason, the authority and what is unusual they search for an hour."""
    at = night()
    a = told(t, story(at))
    r = a.ctl("incident", "--at", "03:47", "--format", "json")
    found = json.loads(r.out)
    assert [x["line"] for x in found["commands"]][2:4] == ["psql -d shop -c 'DROP  table sessions'", HOSTILE], found
    dropped = found["commands"][3]
    assert (dropped["agent"], dropped["human"], dropped["verdict"], dropped["reviewers"], dropped["exit"]) == (
        "db-agent", "alice", "approved", ["bob"], 0), dropped
    assert [(x["id"], x["proof"]) for x in dropped["chain"]] == [("alice", "attested"), ("db-agent", "signed")], dropped
    said = {(x["kind"], x["scope"]): x for x in dropped["unusual"]}
    assert said["program", "agent"]["text"] == "first `psql` of this agent in 412 commands", said
    assert said["phrase", "host"]["text"] == "first command with DROP TABLE on this host in 412 commands", said
    assert said["hour", "agent"]["text"].startswith("03:47; it works 08:00 to 19:00 (0 of 412 commands"), said
    assert all(x["of"] == 412 and x["seen"] == 0 for x in dropped["unusual"]), dropped
    by_line = {x["line"]: x for x in found["commands"]}
    assert "directory" in {x["kind"] for x in by_line["cat db.conf"]["unusual"]}
    assert "model" in {x["kind"] for x in by_line["psql -d shop -c 'SELECT 1'"]["unusual"]}
    assert {x["kind"] for x in by_line["make check"]["unusual"]} == {"hour"}, by_line["make check"]
    assert not by_line["git status"]["unusual"], "an agent without a history has no habits to leave"
    assert [x["kind"] for x in found["events"]] == ["operator_sign_in", "kill"], found["events"]
    assert found["agents"][0]["compared"] == 412 and found["agents"][0]["hours"] == "08:00 to 19:00", found["agents"]
    text = a.ctl("incident", "--at", "03:47").text
    for wanted in ("approved by bob after 41 s, asked by rule ask", "alice (human, attested)", "db-agent (agent, signed)",
                   "model openai/gpt@6", "the host fell silent", "first `psql` of this agent in 412 commands",
                   "agent db-agent killed by carol", "ci-agent: no earlier command", "6 commands of 2 agents; 1 denied"):
        assert wanted in text, (wanted, text)
    assert not FORBIDDEN.search(text), text


def test_page_is_whole_and_harmless(t):
    """The page holds what an agent wrote: it must not run, fetch, hide or break out, and must be handed on as one file."""
    a = told(t, story(night()))
    out = t.tmp / "incident.html"
    a.ctl("incident", "--at", "03:47", "--out", out)
    assert out.stat().st_mode & 0o777 == 0o600
    tree = strict_html(out.read_bytes())
    shown = [text_of(x) for x in tree.iter("pre")]
    assert shown[3] == ("psql -c 'DROP TABLE sessions' # </pre></article><script>alert(1)</script><img src=x onerror=alert(2)> "
                        "\\x1b[31mred\\x1b[0m \\u202etxt.exe\\u202c \\u200bzero &amp; \"q\" 'x' \\u0301"), shown[3]
    marked = [text_of(x) for x in tree.iter("span") if x.get("class") == "esc"]
    assert {"\\x1b", "\\u202e", "\\u202c", "\\u200b"} <= set(marked), marked
    cards = {x.get("id"): x for x in tree.iter("article")}
    assert len(cards) == 6 and len([x for x in tree.iter("a") if (x.get("class") or "").startswith("dot")]) == 6
    assert all(x.get("href")[1:] in cards for x in tree.iter("a")), "each mark leads to its command"
    assert "free <b>some</b> space" in text_of(cards["c4"]) and "approved by bob after 41 s" in text_of(cards["c4"])
    again = a.ctl("incident", "--at", "03:47", "--out", out, check=False)
    assert again.code == 1 and "--force" in again.errors, again
    a.ctl("incident", "--at", "03:47", "--out", out, "--force")
    assert a.ctl("incident", "--at", "03:47", "--format", "html").out.count(b"<article") == 6


def test_real_shells_against_their_past(t):
    """What real shells do must be compared with what their agent did before, or the page is a theory."""
    a = told(t, workdays(412, last=2))
    token = a.agent("db-agent")
    assert t.whosh(a, token, "-c", "echo 'DROP TABLE sessions'").code == 0
    assert t.whosh(a, token, "-c", "git --version").code == 0
    rows = a.ended(2)
    when = [x["ts"] for x in a.who("--limit", "2")][-1]
    found = json.loads(a.ctl("incident", "--at", when, "--around", "1m", "--json").out)
    ours = {x["id"]: x for x in found["commands"]}
    drop, git = ours[rows[-2]["id"]], ours[rows[-1]["id"]]
    kinds = {x["kind"]: x["text"] for x in drop["unusual"]}
    assert kinds["program"] == "first `echo` of this agent in 412 commands", kinds
    assert kinds["phrase"].startswith("first command with DROP TABLE of this agent in 412"), kinds
    assert "host" in kinds and "directory" in kinds, kinds
    assert "program" not in {x["kind"] for x in git["unusual"]}, git
    assert drop["attributes"]["agent"]["grade"] == "proven"


def test_which_0347_is_meant(t):
    """At 02:00 "03:47" is yesterday's; read as another day's the page shows a quiet night."""
    a = t.approver()

    def window(*args, tz="UTC"):
        x = json.loads(a.ctl("incident", "--json", *args, tz=tz).out)
        return x["since"], x["at"], x["until"]
    now = time.time()
    later = time.strftime("%H:%M", time.gmtime(now + 3600))
    for typed, ago in ((time.strftime("%H:%M", time.gmtime(now - 60)), 60), (later, 82800)):
        since, at, until = window("--at", typed)
        seconds = time.mktime(time.strptime(at[:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone
        assert -1 <= now - seconds - ago <= 120, (typed, at)
    assert window("--at", "03:47", "--date", "2026-03-01", tz="Europe/Berlin") == (
        "2026-03-01T02:17:00.000Z", "2026-03-01T02:47:00.000Z", "2026-03-01T03:17:00.000Z")
    assert window("--at", "03:47:12", "--date", "2026-07-01", "--around", "2h", tz="Europe/Berlin")[1:] == (
        "2026-07-01T01:47:12.000Z", "2026-07-01T03:47:12.000Z")
    assert window("--at", "2026-03-01T03:47:00+05:30")[1] == "2026-02-28T22:17:00.000Z"
    text = a.ctl("incident", "--at", "03:47", "--date", "2026-07-01", tz="Europe/Berlin").text
    assert "Incident at 2026-07-01 03:47:00 CEST (01:47:00 UTC)" in text and "0 commands" in text, text
    for bad in (("--at", "3:47"), ("--at", "25:00"), ("--at", "03:47", "--date", "2026-13-01"), ("--at", "noon"),
                ("--at", "2026-03-01T03:47:00Z", "--date", "2026-03-01"), ("--at", "03:47", "--around", "0"), (),
                ("--at", "03:47", "--around", "30d"), ("--at", "03:47", "--format", "csv"), ("--at", "03:47", "--agent", "a b")):
        r = a.ctl("incident", *bad, check=False)
        assert r.code in (1, 2) and r.errors.startswith("whoctl: ") and not r.out, r


def test_few_records_prove_nothing(t):
    """"First ever" of five commands is noise; who is told so stops reading."""
    at = night()
    a = told(t, [command(at - 40 * MINUTE + i, "git status") for i in range(19)] + [command(at, "psql -c 'DROP TABLE x'")])
    found = json.loads(a.ctl("incident", "--at", "03:47", "--json").out)
    assert [x["kind"] for x in found["commands"][0]["unusual"]] == ["phrase"], found["commands"][0]["unusual"]
    assert "too few to say what is usual" in a.ctl("incident", "--at", "03:47").text


def test_task_and_shape(t):
    """An agent that may do much must still be seen to leave its task, or to push with force for the first time."""
    at = night()
    usual = [command(at - DAY + i * 1000, "git push origin main" if i % 2 else "psql -c 'SELECT 1'",
                     task="release" if i % 2 else "tidy the database") for i in range(100)]
    a = told(t, usual + [command(at, "git push --force origin main", task="release"),
                         command(at + 1, "timeout 5 psql -c 'SELECT 2'", task="release")])
    force, strange = json.loads(a.ctl("incident", "--at", "03:47", "--json").out)["commands"]
    texts = [x["text"] for x in force["unusual"]]
    assert "first `git push --force` of this agent; it ran `git` in 50 of 100 commands, in 1 other shape" in texts, texts
    assert [(x["scope"], x["text"]) for x in strange["unusual"]] == [
        ("task", "first `psql` on this task in 50 commands")], strange["unusual"]


def test_filters_and_a_busy_night(t):
    """Of thousands of commands those nearest to the moment matter, and that others were left out must be said."""
    at = night()
    a = told(t, [command(at - 20 * MINUTE + i * 1000, "echo %d" % i, agent="busy") for i in range(2000)]
             + [command(at, "echo needle")])
    found = json.loads(a.ctl("incident", "--at", "03:47", "--json").out)
    assert found["found"] == 2001 and found["shown"] == 500 == len(found["commands"]), (found["found"], found["shown"])
    far = max(abs(past_ms(x["ts"]) - at) for x in found["commands"])
    assert far <= 251000, far
    assert "the 500 nearest to the moment shown" in a.ctl("incident", "--at", "03:47").text
    assert [x["line"] for x in json.loads(a.ctl("incident", "--at", "03:47", "--match", "needle", "--json").out)["commands"]] == [
        "echo needle"]
    assert json.loads(a.ctl("incident", "--at", "03:47", "--agent", "db-agent", "--json").out)["found"] == 1


def past_ms(text):
    return int((time.mktime(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone) * 1000)


def test_who_may_ask(t):
    """A viewer on call must see it; somebody without a token must not, nor make the approver work for long."""
    a = t.approver()
    a.ctl("operator", "add", "vera", "--role", "viewer", "--out", t.tmp / "vera")
    assert a.ctl("incident", "--at", "03:47", "--token-file", t.tmp / "vera").code == 0
    query = "/v1/reports/incident?at=2026-03-01T03:47:00Z&since=%s&until=2026-03-01T04:47:00Z"
    assert a.api("GET", query % "2026-03-01T02:47:00Z", token=None)[0] == 401
    status, headers, body = a.api("GET", query % "2026-03-01T02:47:00Z")
    assert status == 200 and headers["Content-Type"] == "application/x-ndjson", headers
    assert json.loads(body.split(b"\n")[-2])["incident"]["commands"] == [] and body.endswith(b"\n")
    for wrong in ("2026-03-01T03:48:00Z", "2026-01-01T00:00:00Z", "x", ""):
        assert a.api("GET", query % wrong)[0] == 400, wrong
    assert a.api("GET", query % "2026-03-01T02:47:00Z" + "&offset=900")[0] == 400
    assert a.api("GET", query % "2026-03-01T02:47:00Z" + "&agent=a%20b")[0] == 400


def test_secrets_stay_hidden(t):
    """A page that is handed around must not carry the password that an agent typed."""
    at = night()
    secret = "hunter2Zq8LmXw4"
    line = "psql 'postgres://shop:%s@db/shop' -c 'DROP TABLE x'" % secret
    a = told(t, workdays(60, last=2) + [command(at, line, cwd="/srv/token=ghp_" + "a1B2c3D4" * 4 + "x9Yz", task="use " + line)])
    for form in ("text", "json", "html"):
        out = a.ctl("incident", "--at", "03:47", "--format", form).text
        assert "DROP TABLE" in out and secret not in out and "a1B2c3D4a1B2" not in out, (form, out)
    day = time.strftime("%Y-%m-%d", time.gmtime(at / 1000))
    for form in ("text", "json", "html", "csv"):
        out = a.ctl("report", "soc2", "--from", day, "--to", day, "--format", form).text
        assert "DROP TABLE" in out and secret not in out and "a1B2c3D4a1B2" not in out, (form, out)
