/* secrets.h: what people are shown instead of a secret.
 *
 * Tokens, keys and passwords in what an agent sent are shown as ‹secret:4f9a1c2b7d›.  The ten digits are the
 * first 40 bits of HMAC-SHA-256 of the secret under a key that only the approver has (DIR/mask.key), so that
 * two uses of one secret can be seen to be of one, and nobody can try words on it.  What is stored and signed
 * stays as it was; this is about what leaves the approver for people and their programs.
 *
 * It finds what patterns.c, names.c and program.c know and what the operator adds in DIR/secrets.json; a
 * secret that looks like a word and bears no name is not found.  What may be hidden is limited: find.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_SECRETS_H
#define WHOSH_SECRETS_H

#include "common/buf.h"

struct secrets;
struct cJSON;

enum { MASK_KEY_BYTES = 32, MASK_DIGITS = 10 };

/* From DIR/mask.key (made when absent, mode 0600) and DIR/secrets.json (may be absent).  NULL after logging
 * why: a key that others can read, a document that is not understood. */
struct secrets *secrets_open(const char *dir);
/* With a key at hand and no patterns of an operator: for tests and tools.  NULL: out of memory. */
struct secrets *secrets_with_key(const unsigned char key[MASK_KEY_BYTES]);
/* Read DIR/secrets.json again; what is not understood changes nothing, with the reason in the log.  Any
 * thread, while others mask. */
void secrets_reload(struct secrets *secrets);
void secrets_free(struct secrets *secrets);
/* How many patterns of the operator are in force. */
size_t secrets_own(const struct secrets *secrets);

/* One thing that is told to people: a command, an event.  A secret that one of its texts gave away is masked
 * in the others, too, where no name stands beside it; but only one that looks random: `PASSWORD=shutdown`
 * must not hide what a later word does. */
struct masking;
/* NULL: out of memory.  `secrets` NULL: nothing will be masked. */
struct masking *masking_new(const struct secrets *secrets);
void masking_free(struct masking *masking);
/* How many marks were made so far. */
size_t masking_marks(const struct masking *masking);

/* Append the text with its secrets masked.  When memory runs out, out->failed. */
void mask_text(struct masking *masking, struct buf *out, const char *text, size_t len);
/* Mask every string in a tree, in place; names of members stay.  A list of strings is read as the words of
 * one line.  false: out of memory. */
bool mask_tree(struct masking *masking, struct cJSON *tree);
/* A JSON text, its strings masked: a malloc'd copy, or NULL when nothing in it is (or out of memory, which
 * *failed says). */
char *mask_json(struct masking *masking, const char *json, bool *failed);

#endif
