/* reindex.c: `whoshd reindex`: make every table again from the log.
 *
 * The new database is made beside the old one and takes its place at the end; one that is interrupted has
 * changed nothing.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/log/log.h"
#include "approver/store/store.h"
#include "approver/whoshd/log_key.h"
#include "approver/whoshd/serve_load.h"
#include "approver/whoshd/state_lock.h"
#include "approver/whoshd/whoshd.h"
#include "common/exits.h"
#include "common/io.h"
#include "common/secure.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char usage[] = "usage: whoshd reindex --dir DIR\n";

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "whoshd: reindex: %s: %s\n", what, why);
	return EXIT_CONFIGURATION;
}

static void show(int64_t done, int64_t all, void *arg)
{
	(void)arg;
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%lld of %lld leaves%s", (long long)done, (long long)all,
			done == all ? "\n" : "");
}

static void drop_database(const char *path)
{
	static const char *const endings[] = {"", "-wal", "-shm", ".reserve"};
	char name[4200];
	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
		snprintf(name, sizeof name, "%s%s", path, endings[i]);
		unlink(name);
	}
}

/* What who searches is made as well, so that the first question is answered as fast as the second. */
static int index_all(struct store *store)
{
	enum { SLICE = 2000 };
	int64_t left = store_unindexed(store), all = left;
	while (left > 0) {
		left = store_index_some(store, SLICE);
		if (isatty(STDERR_FILENO))
			fprintf(stderr, "\r%lld of %lld commands indexed%s", (long long)(all - left),
				(long long)all, left ? "" : "\n");
	}
	return left < 0 ? -1 : 0;
}

static int rebuild(const char *dir, const struct note_signer *signer)
{
	char made[4096], path[4096], wal[4110], shm[4110], *error = NULL;
	snprintf(made, sizeof made, "%s/whosh.db.new", dir);
	snprintf(path, sizeof path, "%s/whosh.db", dir);
	snprintf(wal, sizeof wal, "%s-wal", path);
	snprintf(shm, sizeof shm, "%s-shm", path);
	drop_database(made);
	struct store *store = store_open_slowly(made, signer, show, NULL, &error);
	int64_t leaves = store ? log_size(store_log(store)) : 0;
	bool good = store && !index_all(store);
	store_close(store);
	if (!good) {
		fail(made, error ? error : "it could not be made");
		free(error);
		drop_database(made);
		return EXIT_CONFIGURATION;
	}
	/* The old one's write-ahead log goes first: what is left is whole, and behind at worst. */
	if ((unlink(wal) && errno != ENOENT) || (unlink(shm) && errno != ENOENT) || rename(made, path))
		return fail(path, strerror(errno));
	(void)sync_folder(path);
	drop_database(made); /* what was beside it */
	printf("%s: made again from %lld leaves\n", path, (long long)leaves);
	return 0;
}

int whoshd_reindex(int argc, char **argv)
{
	struct serve_files files;
	char *error = NULL;
	if (argc != 2 || strcmp(argv[0], "--dir") != 0) {
		fputs(usage, stderr);
		return EXIT_USAGE_ERROR;
	}
	struct note_signer *signer = state_take(&files, argv[1], &error);
	int status = signer ? rebuild(files.dir, signer) : fail(argv[1], error ? error : "out of memory");
	log_key_free(signer);
	serve_files_finish(&files);
	free(error);
	return status;
}
