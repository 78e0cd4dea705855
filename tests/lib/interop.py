"""Another implementation of JOSE (npm: jose, by interop.mjs), to verify what we sign and to sign what we verify.

The package comes from npm, by its version and hash; without node, or without a network and a copy in the build folder,
the test is skipped.

    claims = interop.run(t, [interop.verify("whosh-permit+jwt", interop.public(x), jws)])[0]["claims"]

Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
"""
import base64
import hashlib
import json
import pathlib
import subprocess
import tempfile

from lib import jose

PACKAGE, VERSION = "jose", "6.2.18"
SHA512 = "doV4thUwgkrycJH4yLeqwTGIIZphHl+pk7CPReuMIhYhncmgzdko85MaCG4YQFTxqMFr1/oEH32tZuKKovcDEg=="
SCRIPT = pathlib.Path(__file__).with_name("interop.mjs")


def fetch(folder):
    """The package in a folder of its own under `folder`; None when it is not to be had."""
    there = folder / ("%s-%s" % (PACKAGE, VERSION))
    if there.exists():
        return there
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as partial:
        try:
            subprocess.run(["npm", "pack", "--silent", "--fetch-retries=0", "%s@%s" % (PACKAGE, VERSION)], cwd=partial,
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        except subprocess.TimeoutExpired:
            return None
        archive = pathlib.Path(partial) / ("%s-%s.tgz" % (PACKAGE, VERSION))
        if not archive.exists():
            return None
        digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        assert digest == SHA512, "%s is not the package this was written with: %s" % (archive, digest)
        subprocess.run(["tar", "xzf", archive.name], cwd=partial, check=True)
        try:
            (pathlib.Path(partial) / "package").rename(there)
        except OSError:  # another test was faster
            assert there.exists()
    return there


def run(t, jobs):
    """Each job's result, in order."""
    t.need("node", "npm")
    package = fetch(t.build / "interop")
    if package is None:
        t.skip("%s %s is neither here nor to be had" % (PACKAGE, VERSION))
    r = t.run(["node", "--no-warnings", SCRIPT, package], stdin=json.dumps(jobs))
    assert r.code == 0, r
    return json.loads(r.out)


def public(x):
    """A JWK of 32 bytes, or of their base64url."""
    return {"kty": "OKP", "crv": "Ed25519", "x": x if isinstance(x, str) else jose.b64(x)}


def verify(typ, jwk, jws):
    return {"do": "verify", "typ": typ, "jwk": jwk, "jws": jws}


def sign(typ, jwk, claims, **more):
    return {"do": "sign", "typ": typ, "jwk": jwk, "claims": claims, **more}


def thumbprint(jwk):
    return {"do": "thumbprint", "jwk": jwk}
