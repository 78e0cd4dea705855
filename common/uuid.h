/* uuid.h: UUIDv7 (RFC 9562): IDs that sort by the time they were made and cannot be guessed.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_UUID_H
#define WHOSH_UUID_H

#define UUID_LEN 36

/* Write a new UUIDv7 and a NUL.  74 bits are random (getrandom); aborts only if the kernel has no entropy
 * call. */
void uuid_new(char out[UUID_LEN + 1]);

#endif
