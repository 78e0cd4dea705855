/* test_seal.c: what leaves say is not in the log's files when there is a key, and is read as before with it.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/log/log.h"
#include "approver/store/seal.h"
#include "approver/store/store.h"
#include "tests/unit/check.h"
#include "tests/unit/test_store.h"
#include <unistd.h>

#define KEY_A "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define KEY_B "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"

static void write_key(const char *dir, const char *name, const char *key, mode_t mode)
{
	char path[300];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	unlink(path);
	FILE *file = fopen(path, "w");
	fprintf(file, "%s\n", key);
	fclose(file);
	chmod(path, mode);
}

static void put_refused(struct store *store, const char *body, size_t len)
{
	store_begin(store);
	store_append(store, EVENT_REFUSED, 7, "someone-secret", body, len);
	holds("a sealed group is kept", store_commit(store) == 0);
}

static bool reads(struct store *store, int64_t n, const char *body, size_t len)
{
	struct store_reader *reader = store_reader_new(store);
	enum event_kind kind;
	int64_t ms;
	char *got = NULL;
	size_t got_len = 0;
	bool good = store_event(reader, n, &kind, &ms, &got, &got_len) == 1 && kind == EVENT_REFUSED &&
		    ms == 7 && got_len == len && !memcmp(got, body, len);
	free(got);
	store_reader_free(reader);
	return good;
}

static bool stored_has(struct store *store, int64_t n, const char *text)
{
	struct buf entry BUF_AUTO = BUF_INIT;
	return log_entry_read(store_log(store), n, &entry) == 1 && strstr(entry.data, text);
}

static bool refused(const char *path, const char *why)
{
	char *error = NULL;
	struct store *store = store_open(path, test_signer(), &error);
	bool good = !store && error && strstr(error, why);
	if (!good)
		fprintf(stderr, "%s\n", error ? error : "it was opened");
	store_close(store);
	free(error);
	return good;
}

static bool is_found(struct store *store)
{
	struct store_reader *reader = store_reader_new(store);
	struct command_row row;
	int found = store_command(reader, "00000000-0000-7000-8000-000000000001", &row);
	bool good = found == 1 && row.line_len == 4 && !memcmp(row.line, "lost", 4);
	if (found == 1)
		command_row_finish(&row);
	store_reader_free(reader);
	return good;
}

int main(void)
{
	static const char body[] = "{\"reason\":\"a secret word\"}";
	char dir[] = "/tmp/whosh-seal-XXXXXX", path[300], command[400];
	enum { LARGE = 200000 };
	char *large = malloc(LARGE + 16), *error = NULL;
	if (!mkdtemp(dir) || !large)
		return 1;
	int large_len = sprintf(large, "{\"x\":\"%0*d\"}", LARGE, 1);
	write_key(dir, "seal.key", KEY_A, 0400);
	snprintf(path, sizeof path, "%s/whosh.db", dir);
	struct store *store = store_open(path, test_signer(), &error);
	holds("a store with a key is opened", store != NULL);
	if (!store)
		return 1;
	put_refused(store, body, sizeof body - 1);
	put_refused(store, large, (size_t)large_len);
	store_begin(store);
	put_command(store, "00000000-0000-7000-8000-000000000001", "lost", NULL);
	store_commit(store);
	holds("what is sealed reads as before", reads(store, 0, body, sizeof body - 1));
	holds("a blob reads as before", reads(store, 1, large, (size_t)large_len));
	holds("a sealed leaf shows its kind and time",
	      stored_has(store, 0, "{\"v\":1,\"n\":0,\"ms\":7,\"kind\":\"refused\",\"sealed\":\""));
	holds("a sealed leaf shows what it says", !stored_has(store, 0, "secret"));
	store_close(store);
	snprintf(command, sizeof command, "grep -rqE 'secret word|someone-secret|0000000001\"' %s/log", dir);
	holds("a log's file has what was to be sealed", system(command) != 0);

	snprintf(command, sizeof command, "rm %s/whosh.db*", dir);
	holds("the tables are removed", system(command) == 0);
	store = store_open(path, test_signer(), &error);
	holds("the tables are made again from sealed leaves", store && is_found(store));
	store_close(store);

	/* A new key; the old one opens what it sealed. */
	write_key(dir, "seal.key", KEY_B, 0400);
	holds("a key that opens nothing is taken", refused(path, "does not open it"));
	write_key(dir, "seal.key.1", KEY_A, 0400);
	store = store_open(path, test_signer(), &error);
	holds("an old key is not read", store && reads(store, 0, body, sizeof body - 1));
	if (store)
		put_refused(store, body, sizeof body - 1);
	holds("a new leaf cannot be read", store && reads(store, 3, body, sizeof body - 1));
	store_close(store);
	snprintf(command, sizeof command, "rm %s/seal.key.1", dir);
	holds("the old key is removed", system(command) == 0);
	holds("what the new key does not open goes unnoticed", refused(path, "does not open it"));

	snprintf(command, sizeof command, "rm %s/seal.key", dir);
	holds("all keys are removed", system(command) == 0);
	holds("a sealed log is opened without its key", refused(path, "is not there"));
	write_key(dir, "seal.key", KEY_A "A", 0400);
	holds("a key of the wrong length is taken", refused(path, "is not a key"));
	write_key(dir, "seal.key", KEY_B, 0644);
	holds("a key that others may read is taken", refused(path, "may be read by others"));
	free(large);
	snprintf(command, sizeof command, "rm -rf %s", dir);
	return (system(command) != 0) | checks_end();
}
