/* signed.c: a checkpoint as somebody else hands it over; see signed.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/audit/signed.h"

bool signed_read(struct signed_checkpoint *checkpoint, const char *bytes, size_t len, const char **why)
{
	struct buf *kept = &checkpoint->bytes;
	*checkpoint = (struct signed_checkpoint){.head.size = -1};
	buf_add(kept, bytes, len);
	*why = "out of memory";
	if (kept->failed)
		return false;
	*why = "it is no signed tree head: a name, a number of entries, a hash, and signatures";
	return kept->len && kept->len <= NOTE_MAX &&
	       checkpoint_parse(&checkpoint->head, kept->data, kept->len, &checkpoint->text_len);
}

int signed_by(const struct signed_checkpoint *checkpoint, const struct note_verifier *key, int64_t *time)
{
	return note_verify(checkpoint->bytes.data, checkpoint->bytes.len, checkpoint->text_len, key, time);
}

void signed_finish(struct signed_checkpoint *checkpoint)
{
	buf_finish(&checkpoint->bytes);
}
