/* fuzz_log.c: any bytes as the log's journal and its base, and as a leaf: the log opens with whole groups of
 * its own and goes on, or says why not.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/log/log_inner.h"
#include "approver/store/leaf.h"
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[64];

static void end(void)
{
	char command[100];
	snprintf(command, sizeof command, "rm -rf '%s'", dir);
	if (system(command))
		_exit(1);
}

static void put(const char *name, const uint8_t *data, size_t size)
{
	char path[100];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	unlink(path);
	int fd = size ? open(path, O_WRONLY | O_CREAT, 0600) : -1;
	if (fd >= 0 && write(fd, data, size) != (ssize_t)size)
		abort();
	if (fd >= 0)
		close(fd);
}

static void opened(const struct note_signer *signer)
{
	char *error = NULL;
	struct log *log = log_open(dir, signer, &error);
	struct buf out BUF_AUTO = BUF_INIT;
	if (!log && !error)
		abort();
	free(error);
	if (log) {
		int64_t size = log_size(log);
		if (log_append(log, &(struct log_entry){"{}", 2, NULL, 0}, 1) || log_size(log) != size + 1 ||
		    log_entry_read(log, size, &out) != 1)
			abort();
		(void)log_publish(log);
	}
	log_close(log);
	put("checkpoint", NULL, 0);
}

/* An input's first byte says which file it is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned char seed[32] = "of the fuzzer, and of nobody els";
	static struct note_signer signer;
	if (!signer.verifier.kind) {
		snprintf(dir, sizeof dir, "%s/whosh-fuzz-XXXXXX",
			 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
		if (!note_signer_make(&signer, "whoshd:fuzz", NOTE_ED25519, seed) || !mkdtemp(dir))
			abort();
		atexit(end);
		journal_sizes = (struct journal_sizes){.step = 4096, .ahead = 4096, .large = 65536};
	}
	struct leaf leaf;
	leaf_parse(&leaf, 0, (const char *)data, size);
	if (leaf.body && leaf.tree && leaf.body_len > size)
		abort();
	leaf_finish(&leaf);
	if (!size)
		return 0;
	put("journal", NULL, 0);
	put("base", NULL, 0);
	put(*data == 'b' ? "base" : "journal", data + 1, size - 1);
	opened(&signer);
	return 0;
}
