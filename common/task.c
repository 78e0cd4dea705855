/* task.c: a task and its SHA-256; see task.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/task.h"
#include "common/codec.h"
#include "common/jws.h"
#include <string.h>

bool task_hash_valid(const char *hex)
{
	return strlen(hex) == TASK_HASH_LEN && strspn(hex, "0123456789abcdef") == TASK_HASH_LEN;
}

bool task_hash_agrees(const char *task, const char *hex)
{
	if (!task || !hex)
		return true;
	char hash[S256_LEN + 1];
	struct buf bytes BUF_AUTO = BUF_INIT, digits BUF_AUTO = BUF_INIT;
	s256(task, strlen(task), hash);
	if (!base64url_decode(&bytes, hash, S256_LEN) || bytes.failed)
		return false;
	hex_encode(&digits, bytes.data, bytes.len);
	return !digits.failed && !strcmp(digits.data, hex);
}
