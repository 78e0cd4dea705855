/* test_retain.c: what the log says of entries that are gone, and that nothing goes which does not agree.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/log/archive.h"
#include "approver/store/retention.h"
#include "tests/unit/check.h"
#include "tests/unit/test_store.h"
#include <unistd.h>

static void fill(struct store *store, int n, const char *large, size_t large_len)
{
	store_begin(store);
	store_append(store, EVENT_REFUSED, 1, NULL, large, large_len);
	for (int i = 1; i < n; i++)
		store_append(store, EVENT_REFUSED, 1, NULL, "{}", 2);
	holds("a group is kept", store_commit(store) == 0);
}

static int file_of(struct store *store, const char *path)
{
	struct buf out BUF_AUTO = BUF_INIT;
	return log_file(store_log(store), path, &out);
}

int main(void)
{
	char dir[] = "/tmp/whosh-retain-XXXXXX", path[300], command[500], *error = NULL, *archive;
	enum { LARGE = 100000, ENTRIES = 700 };
	char *large = malloc(LARGE + 16);
	if (!mkdtemp(dir) || !large)
		return 1;
	int large_len = sprintf(large, "{\"x\":\"%0*d\"}", LARGE, 1);
	struct store *store = store_at(dir, "s", path, sizeof path);
	fill(store, ENTRIES, large, (size_t)large_len);
	snprintf(command, sizeof command,
		 "echo '{\"version\":1,\"entries\":{\"keep\":\"1d\",\"archive\":\"%s/old\"}}' > "
		 "%s/s/retention.json",
		 dir, dir);
	holds("a policy is written", system(command) == 0);
	struct hash before, after;
	struct retained r;
	holds("the tree has a node", log_hash(8, 0, &before, store_log(store)));

	/* A bundle that does not agree with the tree is neither copied nor removed. */
	log_settle(store_log(store));
	snprintf(command, sizeof command,
		 "cd %s/s/log/tile/entries && cp 001 ../../../good && sed -i 's/{}/[]/' 001", dir);
	holds("an entry is changed", system(command) == 0);
	holds("a changed bundle is archived", store_retain(store, 9, false, &r, &error) == -1 && error);
	holds("something is removed after an error", file_of(store, "tile/entries/000") == 1);
	free(error);
	error = NULL;
	snprintf(command, sizeof command, "cp %s/s/good %s/s/log/tile/entries/001", dir, dir);
	holds("the entry is put back", system(command) == 0);

	holds("two full bundles are not archived", store_retain(store, 9, false, &r, &error) == 0 &&
						       r.from == 0 && r.to == 511 &&
						       log_archived(store_log(store)) == 2);
	struct buf out BUF_AUTO = BUF_INIT;
	holds("an archived entry is not said to be so",
	      log_entry_read(store_log(store), 5, &out) == LOG_ARCHIVED &&
		  file_of(store, "tile/entries/001") == LOG_ARCHIVED &&
		  file_of(store, "tile/entries/001.p/7") == LOG_ARCHIVED);
	holds("what is not archived is said to be", file_of(store, "tile/entries/002.p/9") == 1 &&
							file_of(store, "tile/entries/009") == 0 &&
							file_of(store, "tile/0/000") == 1);
	holds("the tree is another", log_hash(8, 0, &after, store_log(store)) && hash_same(&before, &after));
	struct store_reader *reader = store_reader_new(store);
	enum event_kind kind;
	int64_t ms;
	char *body = NULL;
	size_t len;
	holds("an archived event is an error", store_event(reader, 5, &kind, &ms, &body, &len) == 0);
	holds("where it went is not known", store_archived(reader, 5, &archive) == ARCHIVED_IN &&
						!strncmp(archive, dir, strlen(dir)) &&
						strstr(archive, "/old"));
	free(archive);
	holds("an entry that is here went away", store_archived(reader, 600, &archive) == 0);
	holds("that it was archived is not a leaf",
	      store_event(reader, ENTRIES, &kind, &ms, &body, &len) == 1 && kind == EVENT_ENTRIES_ARCHIVED);
	free(body);
	store_reader_free(reader);
	store_close(store);
	snprintf(command, sizeof command,
		 "test -z \"$(find %s/s/log/blob -type f)\" && find %s/old/blob -type f | grep -q .", dir,
		 dir);
	holds("a blob is left behind", system(command) == 0);
	snprintf(command, sizeof command, "rm %s/s/whosh.db*", dir);
	holds("the tables are removed", system(command) == 0);
	store = store_at(dir, "s", path, sizeof path);
	holds("the tables are not made again from the archive", store_next_index(store) == ENTRIES + 1);
	store_close(store);
	free(large);
	snprintf(command, sizeof command, "rm -rf %s", dir);
	return (system(command) != 0) | checks_end();
}
