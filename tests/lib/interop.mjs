// interop.mjs: our signed messages, verified and made by another implementation of JOSE (npm: jose).
//
//     node interop.mjs FOLDER-OF-THE-PACKAGE < JOBS > RESULTS
//
// JOBS is a JSON array, RESULTS one of the same length, in the same order:
//
//     {"do":"verify","typ":"whosh-permit+jwt","jwk":{…},"jws":"…"}   → {"claims":{…}} or {"error":"…"}
//     {"do":"sign","typ":"whosh-command+jwt","jwk":{…},"claims":{…}} → {"jws":"…"}; "header" replaces the usual one
//     {"do":"thumbprint","jwk":{…}}                                  → {"thumbprint":"…"}
//
// Another kind of message, a hop say, is another `typ`.
//
// Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const ALG = "Ed25519"; // RFC 9864; the older "EdDSA" is not what we speak
const jose = await import(pathToFileURL(process.argv[2] + "/dist/webapi/index.js"));

const work = {
	async verify({ typ, jwk, jws }) {
		const key = await jose.importJWK(jwk, ALG);
		const { payload, protectedHeader } = await jose.compactVerify(jws, key, { algorithms: [ALG] });
		if (protectedHeader.typ !== typ) throw new Error("typ is " + protectedHeader.typ);
		return { claims: JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload)) };
	},
	async sign({ typ, jwk, claims, header }) {
		const key = await jose.importJWK(jwk, ALG);
		const payload = new TextEncoder().encode(JSON.stringify(claims));
		return { jws: await new jose.CompactSign(payload).setProtectedHeader(header ?? { alg: ALG, typ }).sign(key) };
	},
	async thumbprint({ jwk }) {
		return { thumbprint: await jose.calculateJwkThumbprint(jwk) };
	},
};

const results = [];
for (const job of JSON.parse(readFileSync(0, "utf8")))
	results.push(await work[job.do](job).catch((e) => ({ error: String(e.message ?? e) })));
console.log(JSON.stringify(results));
