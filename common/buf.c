/* buf.c: a byte buffer that grows, and remembers having failed.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/buf.h"
#include "common/secure.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_finish(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf)BUF_INIT;
}

void buf_wipe(struct buf *buf)
{
	if (buf->data)
		secure_wipe(buf->data, buf->cap);
	buf_finish(buf);
}

void buf_clear(struct buf *buf)
{
	buf->len = 0;
	if (buf->data)
		buf->data[0] = '\0';
}

bool buf_reserve(struct buf *buf, size_t more)
{
	if (buf->failed)
		return false;
	if (more < buf->cap - buf->len && buf->data)
		return true;
	if (more > SIZE_MAX / 2 - buf->len - 1) {
		buf->failed = true;
		return false;
	}
	size_t cap = buf->cap ? buf->cap : 64;
	while (cap < buf->len + more + 1)
		cap *= 2;
	/* Not realloc: it would leave a copy of a secret behind where buf_wipe cannot reach it. */
	char *data = malloc(cap);
	if (!data) {
		buf->failed = true;
		return false;
	}
	if (buf->data) {
		memcpy(data, buf->data, buf->len);
		secure_wipe(buf->data, buf->len);
		free(buf->data);
	}
	data[buf->len] = '\0';
	buf->data = data;
	buf->cap = cap;
	return true;
}

void buf_add(struct buf *buf, const void *bytes, size_t len)
{
	if (!buf_reserve(buf, len))
		return;
	if (len)
		memcpy(buf->data + buf->len, bytes, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void buf_adds(struct buf *buf, const char *string)
{
	buf_add(buf, string, strlen(string));
}

void buf_add_integer(struct buf *buf, int64_t value)
{
	char digits[24], *at = digits + sizeof digits;
	uint64_t v = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	do
		*--at = (char)('0' + v % 10);
	while (v /= 10);
	if (value < 0)
		*--at = '-';
	buf_add(buf, at, (size_t)(digits + sizeof digits - at));
}

void buf_addc(struct buf *buf, char byte)
{
	buf_add(buf, &byte, 1);
}

void buf_addf(struct buf *buf, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0)
		buf->failed = true;
	if (len < 0 || !buf_reserve(buf, (size_t)len + 1))
		return;
	va_start(args, format);
	vsnprintf(buf->data + buf->len, (size_t)len + 1, format, args);
	va_end(args);
	buf->len += (size_t)len;
}

void buf_drop(struct buf *buf, size_t len)
{
	if (!buf->data)
		return;
	if (len > buf->len)
		len = buf->len;
	memmove(buf->data, buf->data + len, buf->len - len + 1);
	buf->len -= len;
}

char *buf_take(struct buf *buf)
{
	if (!buf_reserve(buf, 1))
		return NULL;
	char *data = buf->data;
	*buf = (struct buf)BUF_INIT;
	return data;
}
