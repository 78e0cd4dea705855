/* secret.c: frames that nobody else can have a hand in; see secret.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/secret.h"
#include <string.h>
#include <sys/random.h>

bool secret_new(struct secret *secret)
{
	return getrandom(secret->bytes, sizeof secret->bytes, 0) == (ssize_t)sizeof secret->bytes;
}

void secret_begin(struct buf *out, enum wire_type type, const struct secret *secret, size_t *mark)
{
	wire_begin(out, type, mark);
	wire_add(out, WIRE_SECRET, secret->bytes, sizeof secret->bytes);
}

void secret_end(struct buf *out, const struct secret *secret, size_t mark)
{
	wire_add(out, WIRE_SECRET, secret->bytes, sizeof secret->bytes);
	wire_end(out, mark);
}

bool secret_take(struct secret *secret, const struct wire_message *question)
{
	size_t at = 0, len;
	enum wire_tag tag;
	const char *bytes;
	if (!wire_field(question, &at, &tag, &bytes, &len) || tag != WIRE_SECRET ||
	    len != sizeof secret->bytes)
		return false;
	memcpy(secret->bytes, bytes, sizeof secret->bytes);
	return secret_in(secret, question);
}

bool secret_in(const struct secret *secret, const struct wire_message *message)
{
	size_t at = 0, len, fields = 0;
	enum wire_tag tag;
	const char *bytes;
	bool first = false, last = false;
	while (wire_field(message, &at, &tag, &bytes, &len)) {
		last =
		    tag == WIRE_SECRET && len == sizeof secret->bytes && !memcmp(bytes, secret->bytes, len);
		if (!fields++)
			first = last;
	}
	return first && last && fields > 1;
}
