"""What examples/ says of the exchange in CI jobs: its configuration is taken, and its snippets' lines do what they say."""
import json
import re

from lib.oidc import Issuer, exchange, exchanged

MAKE = {"version": 1, "default": "deny", "rules": [
    {"name": "make", "verdict": "approve", "commands": [["make", "**"]]}]}


def example(t, name):
    return (t.source / "examples" / name).read_text()


def world(t):
    """An approver with examples/exchange.json, each of whose issuers is the test's."""
    a = t.approver(policy=MAKE, start=False)
    trust = json.loads(example(t, "exchange.json"))
    issuers = []
    for number, entry in enumerate(trust["issuers"]):
        i = Issuer(t, "issuer%d" % number)
        (a.dir / entry["ca"]).write_bytes(i.ca.read_bytes())
        issuers.append((i, entry["issuer"]))
    text = json.dumps(trust)
    for i, name in issuers:
        text = text.replace(name + "/.well-known/jwks", i.url + "/jwks").replace(name + "/oauth/discovery/keys", i.url + "/jwks")
        text = text.replace('"%s"' % name, '"%s"' % i.url)
    (a.dir / "exchange.json").write_text(text)
    a.start()
    for agent in {rule["agent"] for entry in trust["issuers"] for rule in entry["rules"]}:
        a.ctl("agent", "add", agent, "--owner", "alice")
    return a, [i for i, _ in issuers], trust


def claims_of(rule):
    """The claims of a token that the rule takes."""
    return {"sub": rule["subject"].replace("*", "main"), "job_workflow_ref": None,
            **{k: v.replace("*", "build.yml") for k, v in rule["claims"].items()}}


def tools(t, a, i, *more):
    """A folder for PATH with whosh, whoctl (which believes the test's CA where a runner's would the system's) and make."""
    folder = t.tmp / "bin"
    folder.mkdir()
    (folder / "whosh").symlink_to(t.program("whosh"))
    (folder / "whosh-broker").symlink_to(t.program("whosh-broker"))
    (folder / "whoctl").write_text('#!/bin/sh\nexec %s "$@" %s\n' % (t.program("whoctl"), " ".join(more)))
    (folder / "make").write_text('#!/bin/sh\necho "made $* for $WHOSH_AGENT_ID"\n')
    for name in ("whoctl", "make"):
        (folder / name).chmod(0o755)
    return {"PATH": "%s:/usr/bin:/bin" % folder, "HOME": str(t.tmp), "WHOSH_CONFIG": str(a.conf), "TMPDIR": str(t.tmp)}


def test_exchange_json(t):
    """A configuration that is copied from the example and refused, or that takes other jobs than it says, helps nobody."""
    a, issuers, trust = world(t)
    for i, entry in zip(issuers, trust["issuers"]):
        for number, rule in enumerate(entry["rules"]):
            good = claims_of(rule)
            status, row = exchanged(t, a, i.token(**good))
            assert status == 201 and row["agent"] == rule["agent"], (rule, row)
            for name in ("sub", *rule["claims"]):
                status, row = exchange(a, i.token(**{**good, name: "x" + good[name]}))
                assert status == 401, (number, name, row)


def test_github_actions(t):
    """The step that everyone copies would leave the job without a credential, or the next step without knowing of it."""
    a, (i, _), trust = world(t)
    text = example(t, "ci/github-actions.yml")
    assert "id-token: write" in text
    rule = trust["issuers"][0]["rules"][1]
    token = i.token
    i.token = lambda **more: token(**claims_of(rule), **more)  # what the runner's address gives
    blocks = re.findall(r"^        run: \|\n((?:          .+\n)+)", text, re.M)
    assert len(blocks) == 2, blocks
    become, build = ("".join(x[10:] + "\n" for x in b.splitlines()) for b in blocks)
    variables = t.tmp / "github.env"
    env = {**tools(t, a, i, "--id-token-ca", str(i.ca)), "RUNNER_TEMP": str(t.tmp), "GITHUB_ENV": str(variables),
           "GITHUB_ACTIONS": "true", "ACTIONS_ID_TOKEN_REQUEST_URL": i.url + "/token?api-version=2.0",
           "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "request-token-of-the-runner"}
    t.eventually(lambda: i.fetches, "the issuer's keys fetched")
    r = t.run(["bash", "-e", "-c", become], env=env)
    assert r.code == 0 and "issued" in r.text and i.given == ["whosh"], r
    env.update(line.split("=", 1) for line in variables.read_text().splitlines())
    step = t.tmp / "step.sh"
    step.write_text(build)
    shell = re.search(r"^ +shell: (whosh .+)$", text, re.M).group(1).replace("{0}", str(step)).split()
    r = t.run(shell, env=env, cwd=t.tmp)
    assert (r.code, r.out) == (0, b"made  for ci-build\nmade check for ci-build\n"), r
    row = a.who()[0]
    assert row["line"] == build and rule["subject"].replace("*", "main") in row["attributes"]["credential_issued_by"]["value"]


def test_gitlab_ci(t):
    """The lines that everyone copies would leave the job without a credential."""
    a, (_, i), trust = world(t)
    text = example(t, "ci/gitlab-ci.yml")
    variable, audience = re.search(r"id_tokens:\n +(\w+):\n +aud: (\w+)\n", text).groups()
    lines = re.findall(r"^    - (.+)$", text, re.M)
    env = {**tools(t, a, i), variable: i.token(aud=audience, **claims_of(trust["issuers"][1]["rules"][0]))}
    t.eventually(lambda: i.fetches, "the issuer's keys fetched")
    r = t.run(["bash", "-e", "-c", "\n".join(lines)], env=env, cwd=t.tmp)
    assert r.code == 0 and r.out.endswith(b"made  for ci-build\nmade check for ci-build\n"), r
    assert [x["agent"] for x in a.who()] == ["ci-build"] * 2
