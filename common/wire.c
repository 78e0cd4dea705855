/* wire.c: frames and fields between whosh and whosh-broker.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/wire.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD = 5, FIELD_HEAD = 6 };

static void put32(char *at, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		at[i] = (char)(v >> (24 - 8 * i));
}

static uint32_t get32(const char *at)
{
	const unsigned char *u = (const unsigned char *)at;
	return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

static uint32_t get16(const char *at)
{
	const unsigned char *u = (const unsigned char *)at;
	return (uint32_t)u[0] << 8 | u[1];
}

void wire_begin(struct buf *out, enum wire_type type, size_t *mark)
{
	*mark = out->len;
	char head[HEAD] = {0, 0, 0, 0, (char)type};
	buf_add(out, head, sizeof head);
}

void wire_add(struct buf *out, enum wire_tag tag, const void *bytes, size_t len)
{
	if (len > WIRE_MAX_FRAME) {
		out->failed = true;
		return;
	}
	char head[FIELD_HEAD] = {(char)(tag >> 8), (char)tag};
	put32(head + 2, (uint32_t)len);
	buf_add(out, head, sizeof head);
	buf_add(out, bytes, len);
}

void wire_adds(struct buf *out, enum wire_tag tag, const char *string)
{
	wire_add(out, tag, string, strlen(string));
}

void wire_add_number(struct buf *out, enum wire_tag tag, int64_t number)
{
	struct buf text BUF_AUTO = BUF_INIT;
	buf_addf(&text, "%lld", (long long)number);
	if (text.failed)
		out->failed = true;
	else
		wire_add(out, tag, text.data, text.len);
}

void wire_end(struct buf *out, size_t mark)
{
	if (out->failed)
		return;
	if (out->len - mark - 4 > WIRE_MAX_FRAME) {
		out->failed = true;
		return;
	}
	put32(out->data + mark, (uint32_t)(out->len - mark - 4));
}

void wire_pass(struct buf *out, const struct wire_message *message)
{
	size_t mark;
	wire_begin(out, message->type, &mark);
	buf_add(out, message->fields, message->len);
	wire_end(out, mark);
}

static bool fields_well_formed(const char *at, size_t len)
{
	while (len) {
		if (len < FIELD_HEAD)
			return false;
		uint32_t tag = get16(at), size = get32(at + 2);
		if (tag == 0 || tag >= WIRE_TAGS || size > len - FIELD_HEAD)
			return false;
		at += FIELD_HEAD + size;
		len -= FIELD_HEAD + size;
	}
	return true;
}

int wire_next(const struct buf *in, struct wire_message *message, size_t *size)
{
	if (in->len < 4)
		return 0;
	uint32_t len = get32(in->data);
	if (len < 1 || len > WIRE_MAX_FRAME)
		return -1;
	if (in->len - 4 < len)
		return 0;
	unsigned char type = (unsigned char)in->data[4];
	if (type < WIRE_HELLO || type >= WIRE_TYPES || !fields_well_formed(in->data + HEAD, len - 1))
		return -1;
	*message = (struct wire_message){(enum wire_type)type, in->data + HEAD, len - 1};
	*size = 4 + len;
	return 1;
}

bool wire_field(const struct wire_message *message, size_t *at, enum wire_tag *tag, const char **bytes,
		size_t *len)
{
	if (*at >= message->len)
		return false;
	const char *field = message->fields + *at;
	*tag = (enum wire_tag)get16(field);
	*len = get32(field + 2);
	*bytes = field + FIELD_HEAD;
	*at += FIELD_HEAD + *len;
	return true;
}

const char *wire_bytes(const struct wire_message *message, enum wire_tag tag, size_t *len)
{
	size_t at = 0;
	enum wire_tag found;
	const char *bytes;
	while (wire_field(message, &at, &found, &bytes, len))
		if (found == tag)
			return bytes;
	*len = 0;
	return NULL;
}

char *wire_string(const struct wire_message *message, enum wire_tag tag)
{
	size_t len;
	const char *bytes = wire_bytes(message, tag, &len);
	return !bytes || memchr(bytes, '\0', len) ? NULL : strndup(bytes, len);
}

int64_t wire_number(const struct wire_message *message, enum wire_tag tag, int64_t otherwise)
{
	char *text = wire_string(message, tag);
	if (!text)
		return otherwise;
	char *end;
	errno = 0;
	long long number = strtoll(text, &end, 10);
	/* strtoll alone would take blanks and a plus sign. */
	char first = text[*text == '-'];
	bool good = first >= '0' && first <= '9' && !*end && !errno;
	free(text);
	return good ? number : otherwise;
}
