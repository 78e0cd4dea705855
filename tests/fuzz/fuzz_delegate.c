/* fuzz_delegate.c: any bytes as the approver's answer to "what may my hop say?", and as a chain to go on
 * from: what is signed fits what was asked for, and is a hop.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/exits.h"
#include "common/hop_make.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void as_answer(const struct hop_wanted *wanted, const struct hop_signer *signer, const char *text,
		      size_t len)
{
	struct buf chain BUF_AUTO = BUF_INIT;
	struct hop hop;
	char *error = NULL;
	size_t at = 0;
	int status = hop_make(&chain, &at, wanted, signer, text, len, &error);
	if (status != 0 && status != EXIT_IDENTITY && status != EXIT_UNREACHABLE)
		abort();
	if (status == 0) {
		if (!chain_last(&hop, chain.data) || strcmp(hop.act, wanted->to) ||
		    strcmp(hop.task, wanted->task) || strcmp(hop.iss, signer->name) ||
		    hop.exp - hop.iat > DELEGATE_DEFAULT_S || (signer->person && hop.depth))
			abort();
		hop_finish(&hop);
	}
	free(error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned char d[KEY_BYTES] = {1};
	static struct signing_key *key;
	if (!key)
		key = signing_key_new(d, NULL);
	struct hop_signer signer = {.name = "alice", .aud = "approver", .person = true, .key = key};
	struct hop_wanted wanted = {.to = "worker", .task = "t", .more_depth = -1};
	as_answer(&wanted, &signer, (const char *)data, size);
	signer.person = false;
	as_answer(&wanted, &signer, (const char *)data, size);
	hop_logged((const char *)data, size, (const char *)data, size);

	struct buf text BUF_AUTO = BUF_INIT;
	char *error = NULL;
	buf_add(&text, data, size);
	wanted.chain = wanted.scope = text.data ? text.data : "";
	hop_wanted_check(&wanted, &signer, &error);
	free(error);
	return 0;
}
