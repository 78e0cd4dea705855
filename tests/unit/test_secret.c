/* test_secret.c: frames that nobody else can have a hand in.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/secret.h"
#include "tests/unit/check.h"
#include <string.h>

/* A frame for `line` with these at its beginning and end; NULL: none there. */
static void frame(struct buf *out, const struct secret *first, const char *line, const struct secret *last)
{
	size_t mark;
	wire_begin(out, WIRE_ASK, &mark);
	if (first)
		wire_add(out, WIRE_SECRET, first->bytes, sizeof first->bytes);
	wire_adds(out, WIRE_LINE, line);
	if (last)
		wire_add(out, WIRE_SECRET, last->bytes, sizeof last->bytes);
	wire_end(out, mark);
}

static bool believed(const struct secret *secret, const struct secret *first, const struct secret *last)
{
	struct buf out BUF_AUTO = BUF_INIT;
	struct wire_message message;
	size_t size;
	frame(&out, first, "true", last);
	return wire_next(&out, &message, &size) == 1 && secret_in(secret, &message);
}

static bool taken(const struct secret *first, const struct secret *last)
{
	struct buf out BUF_AUTO = BUF_INIT;
	struct wire_message message;
	struct secret found;
	size_t size;
	frame(&out, first, "true", last);
	return wire_next(&out, &message, &size) == 1 && secret_take(&found, &message);
}

/* A frame of which somebody has sent the head: its fields are taken for the contents of a field of theirs. */
static bool swallowed(const struct secret *secret)
{
	struct buf real BUF_AUTO = BUF_INIT, all BUF_AUTO = BUF_INIT;
	struct wire_message message;
	size_t size, mark;
	frame(&real, secret, "rm", secret);
	wire_begin(&all, WIRE_ASK, &mark);
	wire_adds(&all, WIRE_LINE, "true");
	/* The last field is the real one's. */
	wire_add(&all, WIRE_HINT, real.data, real.len - 6 - SECRET_LEN);
	buf_add(&all, real.data + real.len - 6 - SECRET_LEN, 6 + SECRET_LEN);
	wire_end(&all, mark);
	return wire_next(&all, &message, &size) == 1 &&
	       (secret_in(secret, &message) || secret_take(&(struct secret){{0}}, &message));
}

int main(void)
{
	struct secret one, two;
	holds("there is no secret", secret_new(&one) && secret_new(&two));
	holds("two questions have the same secret", memcmp(one.bytes, two.bytes, sizeof one.bytes) != 0);
	holds("a shell's own frame is refused", believed(&one, &one, &one) && taken(&one, &one));
	holds("the answer to another question is believed", !believed(&one, &two, &two));
	holds("a frame without a secret is believed", !believed(&one, NULL, NULL) && !taken(NULL, NULL));
	holds("bytes that were put before a frame are believed",
	      !believed(&one, NULL, &one) && !taken(NULL, &one));
	holds("bytes that were put into a frame are believed",
	      !believed(&one, &one, NULL) && !taken(&one, NULL));
	holds("a frame of two halves is believed", !believed(&one, &one, &two) && !taken(&one, &two));
	holds("a frame inside another's is believed", !swallowed(&one));
	return checks_end();
}
