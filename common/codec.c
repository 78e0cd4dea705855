/* codec.c: bytes as text: base64url, base64, hex.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/codec.h"

static const char url_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char std_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void encode(struct buf *out, const unsigned char *bytes, size_t len, const char *digits, bool pad)
{
	if (!buf_reserve(out, (len + 2) / 3 * 4))
		return;
	char *at = out->data + out->len;
	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		uint32_t v = (uint32_t)bytes[i] << 16;
		if (n > 1)
			v |= (uint32_t)bytes[i + 1] << 8;
		if (n > 2)
			v |= bytes[i + 2];
		*at++ = digits[v >> 18];
		*at++ = digits[(v >> 12) & 63];
		if (n > 1)
			*at++ = digits[(v >> 6) & 63];
		else if (pad)
			*at++ = '=';
		if (n > 2)
			*at++ = digits[v & 63];
		else if (pad)
			*at++ = '=';
	}
	*at = '\0';
	out->len = (size_t)(at - out->data);
}

static int digit_value(char c, const char extra[2])
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == extra[0])
		return 62;
	if (c == extra[1])
		return 63;
	return -1;
}

/* Unpadded text; the unused bits of the last character must be zero. */
static bool decode(struct buf *out, const char *text, size_t len, const char extra[2])
{
	if (len % 4 == 1)
		return false;
	size_t before = out->len;
	if (!buf_reserve(out, len / 4 * 3 + 3))
		return true;
	uint32_t v = 0;
	int bits = 0;
	unsigned char *at = (unsigned char *)out->data + before;
	for (size_t i = 0; i < len; i++) {
		int d = digit_value(text[i], extra);
		if (d < 0)
			goto refuse;
		v = (v << 6 | (uint32_t)d) & 0xffffff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			*at++ = (unsigned char)(v >> bits);
		}
	}
	if (v & ((1u << bits) - 1))
		goto refuse;
	out->len = (size_t)((char *)at - out->data);
	out->data[out->len] = '\0';
	return true;
refuse:
	out->data[before] = '\0';
	return false;
}

void base64url_encode(struct buf *out, const void *bytes, size_t len)
{
	encode(out, bytes, len, url_digits, false);
}

void base64_encode(struct buf *out, const void *bytes, size_t len)
{
	encode(out, bytes, len, std_digits, true);
}

bool base64url_decode(struct buf *out, const char *text, size_t len)
{
	return decode(out, text, len, "-_");
}

bool base64_decode(struct buf *out, const char *text, size_t len)
{
	if (len % 4 != 0)
		return false;
	if (len && text[len - 1] == '=')
		len -= text[len - 2] == '=' ? 2 : 1;
	return decode(out, text, len, "+/");
}

void hex_encode(struct buf *out, const void *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *in = bytes;
	for (size_t i = 0; i < len; i++) {
		buf_addc(out, digits[in[i] >> 4]);
		buf_addc(out, digits[in[i] & 15]);
	}
}
