/* fuzz_hop.c: any bytes as a chain, as a hop's claims, as a scope: what is taken is whole, what we write we
 * read, and a scope is no wider than itself.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/policy/scope.h"
#include "common/hop.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void as_chain(const char *text, size_t len)
{
	struct hop_text hops[CHAIN_MAX_HOPS];
	int n = chain_split(text, len, hops);
	size_t total = 0;
	for (int i = 0; i < n; i++) {
		struct buf payload BUF_AUTO = BUF_INIT;
		char hash[S256_LEN + 1];
		total += hops[i].len + 1;
		if (!hops[i].len || memchr(hops[i].text, '~', hops[i].len))
			abort();
		hop_hash(hops[i].text, hops[i].len, hash);
		jws_open(hops[i].text, hops[i].len, JWS_HOP, &payload);
	}
	if (n && total != len + 1)
		abort();
}

static void as_scope(const cJSON *json)
{
	char *error, *why, *wider[2];
	struct scope *scope = scope_new(json, &error);
	const struct policy_request request = {.line = "ls -l", .line_len = 5, .cwd = "/srv", .host = "h"};
	free(error);
	if (scope && scope_covers(scope, &request, &why) == 0)
		free(why);
	scope_free(scope);
	const cJSON *commands = json_array(json, "commands"), *hosts = json_array(json, "hosts");
	wider[0] = commands ? scope_commands_widen(commands, commands) : NULL;
	wider[1] = hosts ? scope_texts_widen(hosts, hosts) : NULL;
	if (wider[0] || wider[1])
		abort();
}

static void as_claims(const char *text, size_t len)
{
	struct hop hop, again;
	struct buf written BUF_AUTO = BUF_INIT;
	char why[160];
	if (hop_parse(&hop, text, len, why)) {
		char *scope = hop.scope ? cJSON_PrintUnformatted(hop.scope) : NULL;
		hop_format(&written, &hop, scope);
		free(scope);
		if (!hop_parse(&again, written.data, written.len, why) || strcmp(hop.act, again.act) ||
		    strcmp(hop.task, again.task) || hop.exp != again.exp || hop.depth != again.depth ||
		    memcmp(hop.key, again.key, KEY_BYTES))
			abort();
		hop_finish(&again);
		if (hop.scope)
			as_scope(hop.scope);
	}
	hop_finish(&hop);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char why[160];
	as_chain((const char *)data, size);
	as_claims((const char *)data, size);
	cJSON *json = json_parse((const char *)data, size, NULL);
	if (json && scope_valid(json, why))
		as_scope(json);
	cJSON_Delete(json);
	return 0;
}
