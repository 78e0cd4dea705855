/* permit.c: is this answer a permit for exactly the command that was asked?
 *
 * One straight line of checks, each of which ends in a refusal; `approved` is set on the last line only, by
 * comparing with the one word that means yes.  The signature comes first: nothing unsigned is interpreted.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/broker/permit.h"
#include "common/json.h"
#include "common/text.h"
#include "common/uuid.h"
#include <stdlib.h>
#include <string.h>

struct taken {
	char jti[UUID_LEN + 1];
	int64_t until; /* may be forgotten after */
	struct taken *next;
};

enum { BUCKETS = 1024 };

struct permit_book {
	struct taken *bucket[BUCKETS];
};

struct permit_book *permit_book_new(void)
{
	return calloc(1, sizeof(struct permit_book));
}

void permit_book_free(struct permit_book *book)
{
	for (size_t i = 0; book && i < BUCKETS; i++)
		for (struct taken *entry = book->bucket[i], *next; entry; entry = next) {
			next = entry->next;
			free(entry);
		}
	free(book);
}

/* Write the ID down; false when it is there already (or there is no memory to remember it).  Entries of the
 * same bucket whose permits are long past are dropped on the way. */
static bool book_take(struct permit_book *book, const char *jti, int64_t until, int64_t now)
{
	uint32_t hash = 2166136261u;
	for (const char *c = jti; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	struct taken **at = &book->bucket[hash % BUCKETS];
	while (*at) {
		struct taken *entry = *at;
		if (!strcmp(entry->jti, jti))
			return false;
		if (entry->until >= now) {
			at = &entry->next;
			continue;
		}
		*at = entry->next;
		free(entry);
	}
	struct taken *entry = calloc(1, sizeof *entry);
	if (!entry)
		return false;
	memcpy(entry->jti, jti, UUID_LEN);
	entry->until = until;
	*at = entry;
	return true;
}

void permit_finish(struct permit *permit)
{
	free(permit->rule);
	free(permit->reason);
	*permit = (struct permit){0};
}

static bool equals(const cJSON *claims, const char *name, const char *value)
{
	const char *text = json_string(claims, name);
	return text && strlen(text) == strlen(value) && !memcmp(text, value, strlen(value));
}

static char *copy(const cJSON *claims, const char *name)
{
	const char *text = json_string(claims, name);
	return text && *text ? strdup(text) : NULL;
}

const char *permit_check(struct permit_book *book, const char *jws, size_t len,
			 const struct permit_expected *expected, struct permit *permit)
{
	*permit = (struct permit){0};
	struct buf payload BUF_AUTO = BUF_INIT;
	if (!jws_open(jws, len, JWS_PERMIT, &payload) || payload.failed)
		return "it is not a permit";
	if (!jws_verify(jws, len, expected->approver))
		return "the permit is signed by another key than approver_key";
	cJSON *claims JSON_AUTO = json_parse(payload.data, payload.len, NULL);
	if (!claims || !cJSON_IsObject(claims))
		return "the permit is malformed";
	int64_t iat, exp;
	if (!json_integer(claims, "iat", &iat) || !json_integer(claims, "exp", &exp) || exp < iat)
		return "the permit has no times";
	if (iat > expected->now + PERMIT_TOLERANCE)
		return "the permit is from the future; compare the clocks";
	if (expected->now > exp + PERMIT_TOLERANCE)
		return "the permit has expired; compare the clocks";
	if (!equals(claims, "id", expected->command_id))
		return "the permit is for another command";
	if (!equals(claims, "command_s256", expected->command_s256))
		return "the permit is for other bytes";
	if (!equals(claims, "aud", expected->agent))
		return "the permit is for another agent";
	bool approved = equals(claims, "verdict", "approved");
	if (!approved && !equals(claims, "verdict", "denied"))
		return "the permit has an unknown verdict";
	const char *jti = json_string(claims, "jti");
	if (!jti || !uuid_valid(jti))
		return "the permit has no ID";
	if (!book_take(book, jti, exp + PERMIT_TOLERANCE, expected->now))
		return "the permit was used before";
	permit->rule = copy(claims, "rule");
	permit->reason = copy(claims, "reason");
	if (!json_integer(claims, "lease_s", &permit->lease_s) || permit->lease_s < 0)
		permit->lease_s = 0;
	permit->unreviewed = !approved && equals(claims, "cause", "timeout");
	permit->killed = !approved && equals(claims, "cause", "killed");
	permit->approved = approved;
	return NULL;
}
