/* codec.h: bytes as text: base64url for JOSE (RFC 7515, no padding), base64 for lines (RFC 4648 section 4),
 * hex.
 *
 * Decoders are strict: no other alphabet, no white space, no stray bits in the last character, so that each
 * byte string has exactly one spelling.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_CODEC_H
#define WHOSH_CODEC_H

#include "common/buf.h"

/* Append the encoding of `len` bytes to `out`. */
void base64url_encode(struct buf *out, const void *bytes, size_t len);
void base64_encode(struct buf *out, const void *bytes, size_t len);
void hex_encode(struct buf *out, const void *bytes, size_t len);

/* Append the decoding of `len` characters to `out`; false (out unchanged) when they are not a canonical
 * encoding.  A failed allocation shows in out->failed. */
bool base64url_decode(struct buf *out, const char *text, size_t len);
bool base64_decode(struct buf *out, const char *text, size_t len);

#endif
