"""npm's script-shell, set as people set it: `npm config set script-shell whosh`."""
import json
import os
import re

from lib.sides import Sides

PACKAGE = {"name": "x", "version": "1.0.0", "scripts": {
    "prehello": "echo before",
    "hello": "node -e 'console.log(process.argv.slice(1))' -- \"$npm_package_name\"",
    "posthello": "echo after",
    "args": "printf '<%s>'",
    "fails": "echo about to fail >&2 && (exit 5) && echo never",
    "chain": "npm run -s part:a && npm run -s part:b | tr a-z A-Z",
    "part:a": "echo part a $npm_lifecycle_event",
    "part:b": "echo part b",
    "both": "npm-tool & wait; echo {1..3} $((2**10))",
    "test": "echo tested > tested",
    "preinstall": "echo preinstall >> log",
    "install": "echo install >> log",
    "postinstall": "echo postinstall >> log",
    "bad": "shred .git"}}


def npm(w, *args):
    def run(shell, env):
        (w.t.tmp / "npmrc").write_text("script-shell=%s\nupdate-notifier=false\naudit=false\nfund=false\n" % shell)
        return w.t.run(["npm", *args], cwd=w.work, env={
            **env, "PATH": os.environ["PATH"], "npm_config_userconfig": str(w.t.tmp / "npmrc"),
            "npm_config_cache": str(w.t.tmp / "cache"), "npm_config_loglevel": "error"})
    return run


def prepare(w):
    (w.work / "package.json").write_text(json.dumps(PACKAGE))
    tool = w.work / "node_modules/.bin/npm-tool"
    tool.parent.mkdir(parents=True)
    tool.write_text("#!/bin/sh\necho the tool\n")
    tool.chmod(0o755)


def test_npm_config(t):
    """npm run, its arguments, hooks, tools of the project, nested runs, npm test and npm install work as with bash."""
    t.need("npm")
    w = Sides(t)
    for args, status in ((["run", "hello"], 0), (["run", "args", "--", "a b", "$HOME", "it's"], 0), (["run", "fails"], 5),
                         (["run", "chain"], 0), (["run", "-s", "both"], 0), (["test"], 0),
                         (["install", "--offline", "--no-package-lock"], 0), (["exec", "-c", "npm-tool; echo $0"], 0)):
        r = w.same(npm(w, *args), lambda: prepare(w), plain=lambda b: re.sub(rb"in \d+m?s", b"in time", b))
        assert r.code == status, r
    lines = w.lines(n=14)
    for line in ("echo before", PACKAGE["scripts"]["hello"], "echo after", PACKAGE["scripts"]["fails"], "echo part b",
                 "echo tested > tested", "echo install >> log", "npm-tool; echo $0"):
        assert line in lines, (line, lines)
    assert [x["exit"] for x in w.rows("--match", "about to fail")] == [5]
    w.fresh(lambda: prepare(w))
    r = npm(w, "run", "bad")(w.whosh, w.env())
    assert r.code == 126 and "whosh: denied: shred .git" in r.errors, r
