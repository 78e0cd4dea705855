/* pick.c: samples that nobody picks; see pick.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/report/pick.h"
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

const char *pick_class_name(enum pick_class class)
{
	static const char *const names[PICK_CLASSES] = {
	    "any command",       "denied",          "reviewed by a person", "nobody reviewed in time",
	    "outcome not known", "on a delegation", "credentials",          "access",
	    "sign-ins",          "policy",          "kills and alarms",     "the log itself"};
	return names[class];
}

bool pick_class_is_events(enum pick_class class)
{
	return class >= PICK_CREDENTIAL;
}

void pick_rank(const struct picks *picks, int64_t index, unsigned char rank[32])
{
	char text[SEED_LEN + 24];
	int len = snprintf(text, sizeof text, "%s\n%" PRId64, picks->seed, index);
	crypto_hash_sha256(rank, (const unsigned char *)text, (unsigned long long)len);
}

void pick_offer(struct picks *picks, enum pick_class class, const unsigned char rank[32], int64_t index,
		const char *id)
{
	struct pick *sample = picks->sample[class];
	int n = picks->n[class], at = n;
	picks->of[class]++;
	while (at > 0 && memcmp(rank, sample[at - 1].rank, 32) < 0)
		at--;
	if (at == picks->size)
		return;
	if (n == picks->size)
		n--;
	memmove(&sample[at + 1], &sample[at], (size_t)(n - at) * sizeof *sample);
	memcpy(sample[at].rank, rank, 32);
	sample[at].index = index;
	snprintf(sample[at].id, sizeof sample[at].id, "%s", id);
	picks->n[class] = n + 1;
}
