/* buf.h: a byte buffer that grows, and remembers having failed.
 *
 * After a failed allocation the buffer is marked and every later call does nothing, so a builder can append
 * without looking and check `failed` once at the end.  The content is always NUL-terminated (the NUL is not
 * counted in `len`).
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_BUF_H
#define WHOSH_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	char *data; /* NULL until the first byte */
	size_t len, cap;
	bool failed;
};

#define BUF_INIT                                                                                             \
	{                                                                                                    \
		NULL, 0, 0, false                                                                            \
	}
/* struct buf b BUF_AUTO = BUF_INIT; frees b when it goes out of scope. */
#define BUF_AUTO __attribute__((cleanup(buf_finish)))

/* Release the bytes; the buffer is empty and usable again. */
void buf_finish(struct buf *buf);
/* As buf_finish, after overwriting the bytes: for keys and tokens. */
void buf_wipe(struct buf *buf);
/* Forget the content, keep the memory. */
void buf_clear(struct buf *buf);
/* Make room for `more` bytes beyond len; false when out of memory. */
bool buf_reserve(struct buf *buf, size_t more);
void buf_add(struct buf *buf, const void *bytes, size_t len);
void buf_adds(struct buf *buf, const char *string);
void buf_addc(struct buf *buf, char byte);
/* In decimal; for what is on a hot path, where buf_addf is slow. */
void buf_add_integer(struct buf *buf, int64_t value);
void buf_addf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Drop the first `len` bytes. */
void buf_drop(struct buf *buf, size_t len);
/* Hand the bytes to the caller (free() them); never NULL unless failed.  The buffer is empty after. */
char *buf_take(struct buf *buf);

#endif
