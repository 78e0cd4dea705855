/* row.c: mask a row, text by text; the line first, since it says what is a secret in the others.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/secrets/row.h"
#include <stdlib.h>
#include <string.h>

/* Replace *text, when there is a secret in it, by a copy that `owned` keeps.  false: out of memory. */
static bool mask_bytes(struct masked_row *m, char **text, size_t *len, char **owned)
{
	struct buf out BUF_AUTO = BUF_INIT;
	size_t before = masking_marks(m->masking);
	if (!*text || !*len)
		return true;
	mask_text(m->masking, &out, *text, *len);
	if (out.failed)
		return false;
	if (masking_marks(m->masking) == before)
		return true;
	*len = out.len;
	*text = *owned = buf_take(&out);
	return *text != NULL;
}

static bool mask_string(struct masked_row *m, char **text, char **owned)
{
	size_t len = *text ? strlen(*text) : 0;
	return mask_bytes(m, text, &len, owned);
}

static bool mask_document(struct masked_row *m, char **json, char **owned)
{
	bool failed = false;
	char *masked = *json && **json ? mask_json(m->masking, *json, &failed) : NULL;
	if (masked)
		*json = *owned = masked;
	return !failed;
}

bool masked_row_init(struct masked_row *m, const struct command_row *row, const struct secrets *secrets)
{
	*m = (struct masked_row){.row = *row};
	if (!secrets)
		return true;
	m->masking = masking_new(secrets);
	bool good =
	    m->masking && mask_bytes(m, &m->row.line, &m->row.line_len, &m->owned[0]) &&
	    mask_document(m, &m->row.detail, &m->owned[1]) && mask_string(m, &m->row.task, &m->owned[2]) &&
	    mask_string(m, &m->row.cwd, &m->owned[3]) && mask_string(m, &m->row.reason, &m->owned[4]) &&
	    mask_string(m, &m->row.outcome_reason, &m->owned[5]) &&
	    mask_document(m, &m->row.chain, &m->owned[6]) && mask_string(m, &m->row.model, &m->owned[7]);
	m->marks = m->masking ? masking_marks(m->masking) : 0;
	return good;
}

void masked_row_finish(struct masked_row *m)
{
	for (int i = 0; i < MASKED_TEXTS; i++)
		free(m->owned[i]);
	masking_free(m->masking);
	*m = (struct masked_row){0};
}
