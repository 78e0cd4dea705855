/* masking.h: what the parts of this folder share of struct secrets.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_SECRETS_MASKING_H
#define WHOSH_SECRETS_MASKING_H

#include "approver/secrets/find.h"
#include "approver/secrets/secrets.h"

const unsigned char *secrets_key(const struct secrets *secrets);
const struct own_patterns *secrets_patterns(const struct secrets *secrets);

/* Find what is in a text, and know it from now on; false: out of memory. */
bool mask_find(struct masking *masking, struct findings *found, const char *text, size_t len);
/* Append a part of that text, what was found masked: of a finding that reaches beyond it, what is in it. */
void mask_part(struct masking *masking, const struct findings *found, struct buf *out, const char *text,
	       size_t from, size_t to);

#endif
