/* witness.c: `whoctl witness`: another host vouches that this log only ever grew.
 *
 * The idea.  Whoever holds the log's key can sign two logs, one for each who asks.  A witness remembers the
 * last checkpoint that it cosigned, and cosigns another only when that one's tree is the beginning of the new
 * one's; so two logs cannot both be cosigned.  What it remembers is on disk before the cosignature is given
 * out: a crash between the two costs a cosignature, never a second log.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/api.h"
#include "approver/whoctl/logkeys.h"
#include "approver/whoctl/witness_key.h"
#include "common/clock.h"
#include "common/io.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* ── the log's files, from its address ────────────────────────────────────────────────────────────────── */

static int read_from_url(void *arg, const char *path, struct buf *out)
{
	struct ctl *ctl = arg;
	struct buf address BUF_AUTO = BUF_INIT;
	long code = 0;
	buf_addf(&address, "/%s", path);
	if (address.failed || api_perform(ctl, "GET", address.data, NULL, out, &code) != 0)
		return -1;
	return code == 200 ? 1 : 0;
}

/* ── what it has seen ─────────────────────────────────────────────────────────────────────────────────── */

/* Nobody else cosigns with this state meanwhile.  -1 after saying why. */
static int lock_state(const char *path)
{
	struct buf name BUF_AUTO = BUF_INIT;
	buf_addf(&name, "%s.lock", path);
	int fd = name.failed ? -1 : open(name.data, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0 && flock(fd, LOCK_EX) == 0)
		return fd;
	complain(EXIT_FAILED, "%s.lock: %s", path, strerror(errno));
	fd_close(&fd);
	return -1;
}

/* The last checkpoint cosigned: 1 there is one, 0 none yet, -1 after saying what is wrong. */
static int load_state(const char *path, struct signed_checkpoint *last)
{
	*last = (struct signed_checkpoint){0};
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return 0;
	return checkpoint_load(path, last) == 0 ? 1 : -1;
}

/* Is the new tree what became of the old one?  0, or 1 after saying that it is not. */
static int check_growth(const struct log_source *source, const struct signed_checkpoint *last,
			const struct signed_checkpoint *next)
{
	const struct checkpoint *old = &last->head, *now = &next->head;
	struct source_tree tree = {source, now->size};
	struct hash path[2 * MERKLE_HEIGHT];
	if (strcmp(old->origin, now->origin) != 0)
		return complain(EXIT_FAILED, "refused: this is the log %s, and the state is of %s",
				now->origin, old->origin);
	if (now->size < old->size)
		return complain(EXIT_FAILED,
				"refused: the log has shrunk: it had %" PRId64 " entries, and has %" PRId64
				" (or an old checkpoint was put in its place)",
				old->size, now->size);
	if (now->size == old->size)
		return hash_same(&old->root, &now->root)
			   ? 0
			   : complain(EXIT_FAILED,
				      "refused: the log was forked: two trees of %" PRId64
				      " entries are signed, with different roots",
				      now->size);
	int n = merkle_consistency(old->size, now->size, source_hash, &tree, path);
	if (n < 0)
		return complain(EXIT_FAILED,
				"refused: the log does not show how it grew from %" PRId64
				" entries to %" PRId64 ": tiles are missing",
				old->size, now->size);
	if (!merkle_consistent(old->size, &old->root, now->size, &now->root, path, n))
		return complain(EXIT_FAILED,
				"refused: the log was rewritten: its first %" PRId64
				" entries are not those that were cosigned",
				old->size);
	return 0;
}

/* ── cosigning ────────────────────────────────────────────────────────────────────────────────────────── */

static int fetch(const struct log_source *source, const struct note_verifier *key,
		 struct signed_checkpoint *next)
{
	struct buf text BUF_AUTO = BUF_INIT;
	const char *why;
	*next = (struct signed_checkpoint){0};
	int found = source->read(source->arg, "checkpoint", &text);
	if (found != 1)
		return complain(found ? EXIT_UNREACHABLE : EXIT_FAILED,
				"the log has no checkpoint to be read");
	if (!signed_read(next, text.data ? text.data : "", text.len, &why))
		return complain(EXIT_FAILED, "the log's checkpoint: %s", why);
	if (strcmp(next->head.origin, key->name) != 0)
		return complain(EXIT_FAILED,
				"refused: the checkpoint is of another log (%s) than the key (%s)",
				next->head.origin, key->name);
	if (signed_by(next, key, NULL) != 1)
		return complain(EXIT_FAILED, "refused: the checkpoint is not signed by the log's key");
	return 0;
}

static int cosign(const struct ctl *ctl, const struct note_signer *signer,
		  const struct signed_checkpoint *next)
{
	const char *state = ctl->option[OPT_STATE], *file = ctl->option[OPT_OUT];
	struct buf note BUF_AUTO = BUF_INIT;
	/* Cosignatures of others stay where they are. */
	buf_add(&note, next->bytes.data, next->bytes.len);
	note_sign(&note, next->bytes.data, next->text_len, signer, clock_now());
	if (note.failed)
		return complain(EXIT_FAILED, "out of memory");
	if (write_file_durable(state, note.data, note.len, 0644) != 0)
		return complain(EXIT_FAILED, "%s: %s: nothing is cosigned", state, strerror(errno));
	if (!file || strcmp(file, "-") == 0)
		return output(&note);
	if (write_file_durable(file, note.data, note.len, 0644) != 0)
		return complain(EXIT_FAILED, "%s: %s", file, strerror(errno));
	return 0;
}

static int witness_log(struct ctl *ctl, const struct log_source *source, const struct log_folder *folder)
{
	const char *state = ctl->option[OPT_STATE];
	struct note_signer signer = {0};
	struct log_keys keys;
	struct signed_checkpoint last = {0}, next = {0};
	int status = log_keys_load(ctl, folder, &keys);
	if (status != 0)
		return status;
	status = witness_key_load(ctl->option[OPT_KEY], &signer);
	if (status != 0)
		return status;
	int lock FD_AUTO = lock_state(state);
	if (lock < 0)
		status = EXIT_FAILED;
	int seen = status == 0 ? load_state(state, &last) : 0;
	if (seen < 0)
		status = EXIT_FAILED;
	if (status == 0)
		status = fetch(source, &keys.log, &next);
	if (status == 0 && seen == 1)
		status = check_growth(source, &last, &next);
	if (status == 0)
		status = cosign(ctl, &signer, &next);
	note_signer_wipe(&signer);
	signed_finish(&last);
	signed_finish(&next);
	return status;
}

static int witness(struct ctl *ctl)
{
	struct log_folder folder = {0};
	if (given(ctl, OPT_NEW_KEY))
		return witness_key_new(ctl);
	if (ctl->operands)
		return complain_usage(ctl, "a NAME is for --new-key");
	if (!given(ctl, OPT_KEY) || !given(ctl, OPT_STATE))
		return complain_usage(ctl, "--key and --state are needed");
	if (!given(ctl, OPT_LOG)) {
		struct log_source address = {read_from_url, ctl};
		return witness_log(ctl, &address, NULL);
	}
	int status = log_folder_of(ctl, &folder);
	if (status == 0) {
		struct log_source source = log_folder_source(&folder);
		status = witness_log(ctl, &source, &folder);
		log_folder_finish(&folder);
	}
	return status;
}

const struct verb verb_witness = {
    .name = "witness",
    .operands = "[NAME]",
    .help = "cosign the log's checkpoint, if all that was cosigned before is still in it",
    .most = 1,
    .options = OPTION(LOG) | OPTION(VKEY) | OPTION(KEY) | OPTION(STATE) | OPTION(OUT) | OPTION(NEW_KEY),
    .anonymous = true,
    .run = witness,
};
