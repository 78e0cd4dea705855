/* signed.h: a checkpoint as somebody else hands it over: to be read first, and believed once its signatures
 * have been looked at.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_AUDIT_SIGNED_H
#define WHOSH_AUDIT_SIGNED_H

#include "approver/log/note.h"

enum { NOTE_MAX = 64 << 10 };

struct signed_checkpoint {
	struct buf bytes; /* the whole note */
	size_t text_len;  /* of it, what is signed */
	struct checkpoint head;
};

/* Take a copy apart; false with the reason, a literal, in *why.  Finish it either way. */
bool signed_read(struct signed_checkpoint *checkpoint, const char *bytes, size_t len, const char **why);
/* Is it signed with this key?  1; 0: there is no such signature; -1: there is one that does not verify. *time
 * (may be NULL) is a cosignature's, in seconds. */
int signed_by(const struct signed_checkpoint *checkpoint, const struct note_verifier *key, int64_t *time);
void signed_finish(struct signed_checkpoint *checkpoint);

#endif
