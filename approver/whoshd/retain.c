/* retain.c: `whoshd retain`: archive what the policy keeps no longer, of an approver that is stopped.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/retention.h"
#include "approver/whoshd/log_key.h"
#include "approver/whoshd/serve_load.h"
#include "approver/whoshd/state_lock.h"
#include "approver/whoshd/whoshd.h"
#include "common/exits.h"
#include "common/secure.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char usage[] = "usage: whoshd retain --dir DIR [--dry-run]\n";

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "whoshd: retain: %s: %s\n", what, why);
	return EXIT_CONFIGURATION;
}

static int retain(const char *dir, const struct note_signer *signer, bool dry)
{
	char path[4200], *error = NULL;
	struct retained r;
	snprintf(path, sizeof path, "%s/whosh.db", dir);
	struct store *store = store_open(path, signer, &error);
	bool good = store && !store_retain(store, INT_MAX, dry, &r, &error);
	store_close(store);
	if (!good) {
		int status = fail(dir, error ? error : "the log cannot be read");
		free(error);
		return status;
	}
	if (!r.policy.given)
		puts("there is no retention.json: everything is kept");
	else if (r.to < r.from)
		puts("nothing is older than the policy keeps");
	else
		printf("entries %lld to %lld %s%s%s\n", (long long)r.from, (long long)r.to,
		       dry ? "would be " : "", *r.policy.archive ? "archived in " : "deleted",
		       r.policy.archive);
	return 0;
}

int whoshd_retain(int argc, char **argv)
{
	struct serve_files files;
	char *error = NULL;
	bool dry = argc == 3 && !strcmp(argv[2], "--dry-run");
	if ((argc != 2 && !dry) || strcmp(argv[0], "--dir") != 0) {
		fputs(usage, stderr);
		return EXIT_USAGE_ERROR;
	}
	struct note_signer *signer = state_take(&files, argv[1], &error);
	int status = signer ? retain(files.dir, signer, dry) : fail(argv[1], error ? error : "out of memory");
	log_key_free(signer);
	serve_files_finish(&files);
	free(error);
	return status;
}
