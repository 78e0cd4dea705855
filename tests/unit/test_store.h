/* test_store.h: what the store's tests share.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_TESTS_STORE_H
#define WHOSH_TESTS_STORE_H

#include "approver/log/note.h"
#include "approver/store/store.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Whose checkpoints the tests' logs have. */
static inline const struct note_signer *test_signer(void)
{
	static struct note_signer signer;
	static const unsigned char seed[32] = "of the tests, and of nobody else";
	if (!signer.verifier.kind && !note_signer_make(&signer, "whoshd:tests", NOTE_ED25519, seed))
		exit(1);
	return &signer;
}

static inline struct store *store_at(const char *dir, const char *name, char *path, size_t size)
{
	char *error = NULL;
	snprintf(path, size, "%s/%s", dir, name);
	mkdir(path, 0700);
	snprintf(path, size, "%s/%s/whosh.db", dir, name);
	struct store *store = store_open(path, test_signer(), &error);
	if (!store) {
		fprintf(stderr, "%s\n", error ? error : "out of memory");
		exit(1);
	}
	return store;
}

/* Keep an approved command; `like`, when given, has its other fields. */
static inline int put_command(struct store *store, const char *id, const char *line,
			      const struct command_row *like)
{
	struct command_row row = like ? *like : (struct command_row){.agent = (char *)(size_t) "a"};
	row.id = (char *)(size_t)id;
	row.line = (char *)(size_t)line;
	row.line_len = strlen(line);
	if (!row.verdict && row.state != COMMAND_PENDING)
		row.verdict = (char *)(size_t) "approved";
	return store_command_insert(store, &row);
}

static inline bool count_command(const struct command_row *row, void *arg)
{
	(void)row;
	++*(int *)arg;
	return true;
}

#endif
