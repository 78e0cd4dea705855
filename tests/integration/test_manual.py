"""What the manual pages give as bytes and numbers is what the programs use."""
import json
import re

from cryptography.exceptions import InvalidSignature
from lib import chains, jose

# RFC 8032, section 7.1, tests 1 to 3: the private keys.
PRIVATE = ("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
           "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
           "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7")


def examples(t):
    """{name: the lines of the literal block} of whosh-protocol(7)."""
    text = (t.source / "man/whosh-protocol.7").read_text()
    found = re.findall(r'^\.\\" example: (.*)\n\.Bd -literal.*\n((?:.*\n)*?)\.Ed$', text, re.M)
    return {name: [line.removeprefix("\\&") for line in block.splitlines()] for name, block in found}


def rfc8032():
    tokens = []
    for seed in PRIVATE:
        token = jose.Token()
        token.key = jose.Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))
        tokens.append(token)
    return tokens


def test_worked_example(t):
    """Whoever writes another program by the manual would find, byte by byte, that the manual is wrong."""
    example = examples(t)
    keys = rfc8032()
    assert [jose.b64(k.public) for k in keys] == example["keys"]
    assert [jose.s256('{"crv":"Ed25519","kty":"OKP","x":"%s"}' % x) for x in example["keys"]] == example["thumbprints"]
    payloads = ["".join(example[name]) for name in ("hop 0", "hop 1")]
    hops = [k.sign("whosh-hop+jwt", p) for k, p in zip(keys, payloads)]
    assert "~".join(hops) == "".join(example["chain"])
    assert [jose.claims(h) for h in hops] == [json.loads(p) for p in payloads]
    for hop, key, other in zip(hops, keys, keys[1:]):
        jose.verify(hop, key.public)
        try:
            jose.verify(hop, other.public)
            raise AssertionError("any key will do")
        except InvalidSignature:
            pass
    first, second = (jose.claims(h) for h in hops)
    assert chains.parent_hash(hops[0]) == example["par_hash"][0] == second["par_hash"]
    assert first["cnf"]["jwk"]["x"] == example["keys"][1] and second["cnf"]["jwk"]["x"] == example["keys"][2]
    assert second["exp"] <= first["exp"] and second["depth"] == 1 <= first["max_depth"]


def test_programs_read_the_example(t):
    """The example would be one that no program of the house takes for a chain."""
    a = t.approver()
    chain = "".join(examples(t)["chain"])
    r = t.whosh(a, a.agent("worker"), "--check", env={"WHOSH_PRINCIPAL_CHAIN": chain})
    line = [x for x in r.text.splitlines() if x[6:].startswith("chain ")][0]
    assert "for alice → orchestrator → worker, " in line and "1970" not in line, r
    assert "2026-11-18T11:" in line, line


def test_frames_are_numbered_as_in_the_code(t):
    """A broker or shell written by the manual would send one field for another."""
    page = (t.source / "man/whosh-protocol.7").read_text()
    code = re.sub(r"/\*.*?\*/", "", (t.source / "common/wire.h").read_text(), flags=re.S)
    for kind, section in (("type", "Types"), ("tag", "Tags")):
        names = re.search(r"enum wire_%s \{(.*?)\}" % kind, code, re.S).group(1).split(",")
        names = [n.split("=")[0].strip().removeprefix("WIRE_").removesuffix("_TAG") for n in names if n.strip()][:-1]
        block = page.split(".Ss %s\n" % section)[1].split("\n.El\n")[0]
        told = re.findall(r"^\.It (\d+) ([A-Z0-9_]+)$", block, re.M)
        assert told == [(str(n), name) for n, name in enumerate(names, 1)], (told, names)
