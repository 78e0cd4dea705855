/* mask.c: the marks, and what one thing's texts know of each other.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/secrets/find.h"
#include "approver/secrets/masking.h"
#include "approver/secrets/value.h"
#include "common/secure.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { KNOWN = 32, KNOWN_MOST = 8192 };

struct known {
	char *bytes;
	size_t len;
};

struct masking {
	const struct secrets *secrets;
	size_t marks; /* made so far */
	struct known known[KNOWN];
	size_t n;
};

struct masking *masking_new(const struct secrets *secrets)
{
	struct masking *m = calloc(1, sizeof *m);
	if (m)
		m->secrets = secrets;
	return m;
}

void masking_free(struct masking *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->n; i++) {
		secure_wipe(m->known[i].bytes, m->known[i].len);
		free(m->known[i].bytes);
	}
	free(m);
}

size_t masking_marks(const struct masking *m)
{
	return m->marks;
}

/* Only what is neither a word nor a path: another word of the line must not vanish with it. */
static void remember(struct masking *m, const char *bytes, size_t len)
{
	if (len > KNOWN_MOST || m->n == KNOWN || !looks_random(bytes, len) || memchr(bytes, '/', len))
		return;
	for (size_t i = 0; i < m->n; i++)
		if (m->known[i].len == len && memcmp(m->known[i].bytes, bytes, len) == 0)
			return;
	char *copy = malloc(len);
	if (!copy)
		return;
	memcpy(copy, bytes, len);
	m->known[m->n++] = (struct known){copy, len};
}

/* A key in PEM is one key however its lines are broken and indented. */
static void digest(const struct secrets *secrets, const char *bytes, size_t len,
		   unsigned char out[crypto_auth_hmacsha256_BYTES])
{
	crypto_auth_hmacsha256_state state;
	crypto_auth_hmacsha256_init(&state, secrets_key(secrets), MASK_KEY_BYTES);
	bool lines = memchr(bytes, '\n', len) || memmem(bytes, len, "\\n", 2);
	for (size_t i = 0, from = 0; i <= len; i++) {
		size_t gap = i == len                                                        ? 1
			     : !lines                                                        ? 0
			     : strchr(" \t\r\n", bytes[i]) && bytes[i]                       ? 1
			     : bytes[i] == '\\' && i + 1 < len && strchr("rn", bytes[i + 1]) ? 2
											     : 0;
		if (!gap)
			continue;
		crypto_auth_hmacsha256_update(&state, (const unsigned char *)bytes + from, i - from);
		i += gap - 1;
		from = i + 1;
	}
	crypto_auth_hmacsha256_final(&state, out);
}

static void mark(struct masking *m, struct buf *out, const char *bytes, size_t len)
{
	unsigned char mac[crypto_auth_hmacsha256_BYTES];
	digest(m->secrets, bytes, len, mac);
	buf_adds(out, "‹secret:");
	for (int i = 0; i < MASK_DIGITS / 2; i++)
		buf_addf(out, "%02x", mac[i]);
	buf_adds(out, "›");
	m->marks++;
}

/* The first of the known ones in [from, to): which, and where; KNOWN: none.  `next` keeps where each was
 * found, or `to`, so that each is looked for once on the way. */
static size_t find_known(const struct masking *m, const char *text, size_t from, size_t to, size_t *next)
{
	size_t best = KNOWN;
	for (size_t i = 0; i < m->n; i++) {
		if (next[i] < from) {
			const char *at = memmem(text + from, to - from, m->known[i].bytes, m->known[i].len);
			next[i] = at ? (size_t)(at - text) : to;
		}
		if (next[i] < to && (best == KNOWN || next[i] < next[best]))
			best = i;
	}
	return best;
}

/* What is between two findings: as it is, but for what is known from elsewhere. */
static void add_between(struct masking *m, struct buf *out, const char *text, size_t from, size_t to)
{
	size_t next[KNOWN], which;
	for (size_t i = 0; i < m->n && from < to; i++) {
		const char *at = memmem(text + from, to - from, m->known[i].bytes, m->known[i].len);
		next[i] = at ? (size_t)(at - text) : to;
	}
	while (from < to && (which = find_known(m, text, from, to, next)) != KNOWN) {
		buf_add(out, text + from, next[which] - from);
		from = next[which] + m->known[which].len;
		mark(m, out, text + next[which], m->known[which].len);
	}
	buf_add(out, text + from, to - from);
}

bool mask_find(struct masking *m, struct findings *found, const char *text, size_t len)
{
	if (m->secrets && len)
		find_secrets(found, secrets_patterns(m->secrets), text, len);
	for (size_t i = 0; i < found->n; i++)
		remember(m, text + found->list[i].start, found->list[i].end - found->list[i].start);
	return !found->failed;
}

void mask_part(struct masking *m, const struct findings *found, struct buf *out, const char *text,
	       size_t from, size_t to)
{
	for (size_t i = 0; i < found->n && from < to; i++) {
		struct finding f = found->list[i];
		if (f.end <= from)
			continue;
		if (f.start >= to)
			break;
		f.start = f.start < from ? from : f.start;
		f.end = f.end > to ? to : f.end;
		add_between(m, out, text, from, f.start);
		mark(m, out, text + f.start, f.end - f.start);
		from = f.end;
	}
	add_between(m, out, text, from, to);
}

void mask_text(struct masking *m, struct buf *out, const char *text, size_t len)
{
	struct findings found = {0};
	out->failed |= !mask_find(m, &found, text, len);
	mask_part(m, &found, out, text, 0, len);
	findings_finish(&found);
}
