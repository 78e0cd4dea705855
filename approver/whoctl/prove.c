/* prove.c: `whoctl prove ID`: one command's evidence, in a file to keep.
 *
 * Of the approver, or from a log's folder without it.  What is written has been checked as `whoctl verify
 * --proof` would: a proof that does not verify is nothing to keep.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/audit/evidence.h"
#include "approver/audit/pool.h"
#include "approver/audit/tree.h"
#include "approver/whoctl/find.h"
#include "approver/whoctl/logkeys.h"
#include "common/io.h"
#include "common/text.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* From the folder: every entry is looked at, and the tree checked on the way. */
static int collect(const struct log_source *source, const struct signed_checkpoint *checkpoint,
		   const char *id, struct proof_entries *found)
{
	struct findings findings = {0};
	struct pool *pool = pool_new();
	struct evidence *evidence = pool ? evidence_new(source, pool, id, found) : NULL;
	struct tree_walk walk = {.source = source,
				 .pool = pool,
				 .findings = &findings,
				 .size = checkpoint->head.size,
				 .old_size = -1,
				 .entries = evidence_entries,
				 .arg = evidence};
	int status = evidence && tree_walk(&walk) ? 0 : complain(EXIT_FAILED, "out of memory");
	if (status == 0 && (findings.all || !hash_same(&walk.root, &checkpoint->head.root)))
		status =
		    complain(EXIT_FAILED,
			     "this log is not what its checkpoint says: whoctl verify tells what is wrong");
	if (status == 0 && !evidence_complete(evidence))
		status = complain(EXIT_FAILED, "no command %s is in this log", id);
	evidence_free(evidence);
	pool_free(pool);
	audit_findings_finish(&findings);
	proof_sort(found);
	return status;
}

static int prove_from(const struct log_folder *folder, const struct log_keys *keys, const char *id,
		      struct buf *out)
{
	struct signed_checkpoint checkpoint;
	struct proof_entries found = {0};
	struct log_source source = log_folder_source(folder);
	struct buf path BUF_AUTO = BUF_INIT, vkey BUF_AUTO = BUF_INIT;
	char *error = NULL;
	buf_addf(&path, "%s/checkpoint", folder->path);
	note_vkey_add(&vkey, &keys->log);
	if (path.failed || vkey.failed)
		return complain(EXIT_FAILED, "out of memory");
	int status = checkpoint_load(path.data, &checkpoint);
	if (status != 0)
		return status;
	status = collect(&source, &checkpoint, id, &found);
	if (status == 0 && !proof_make(out, &source, &checkpoint, id, &found, vkey.data, &error))
		status = complain(EXIT_FAILED, "%s", error ? error : "out of memory");
	free(error);
	proof_entries_finish(&found);
	signed_finish(&checkpoint);
	return status;
}

static int prove_offline(struct ctl *ctl, struct buf *out)
{
	const char *id = ctl->operand[0];
	struct log_folder folder;
	struct log_keys keys;
	if (!uuid_valid(id))
		return complain(EXIT_USAGE_ERROR, "\"%s\" is no command ID: all of it is needed", id);
	int status = log_folder_of(ctl, &folder);
	if (status != 0)
		return status;
	status = log_keys_load(ctl, &folder, &keys);
	if (status == 0)
		status = prove_from(&folder, &keys, id, out);
	log_folder_finish(&folder);
	return status;
}

static int prove_online(struct ctl *ctl, struct buf *out)
{
	char id[UUID_LEN + 1];
	struct buf path BUF_AUTO = BUF_INIT;
	int status = find_command(ctl, ctl->operand[0], true, id);
	if (status != 0)
		return status;
	buf_adds(&path, "/v1/audit");
	path_add(&path, id);
	buf_adds(&path, "/proof");
	return api_bytes(ctl, "GET", path.data, NULL, out);
}

/* Is every entry in the tree of its checkpoint? */
static int check(const struct buf *text)
{
	struct findings findings = {0};
	struct proof proof;
	const char *why;
	int status = 0;
	if (!proof_read(&proof, text->data ? text->data : "", text->len, &why))
		status = complain(EXIT_UNREACHABLE, "the answer is no proof: %s", why);
	else
		proof_check(&proof, &findings);
	if (findings.all)
		status = complain(EXIT_FAILED, "the proof does not verify: %s", findings.kept[0].text);
	audit_findings_finish(&findings);
	proof_finish(&proof);
	return status;
}

static int prove(struct ctl *ctl)
{
	const char *file = ctl->option[OPT_OUT];
	struct buf text BUF_AUTO = BUF_INIT;
	int status = given(ctl, OPT_LOG) ? prove_offline(ctl, &text) : prove_online(ctl, &text);
	if (status == 0)
		status = check(&text);
	if (status != 0)
		return status;
	if (!file || strcmp(file, "-") == 0)
		return output(&text);
	if (write_file_durable(file, text.data, text.len, 0644) != 0)
		return complain(EXIT_FAILED, "%s: %s", file, strerror(errno));
	return 0;
}

const struct verb verb_prove = {
    .name = "prove",
    .operands = "ID",
    .help = "one command's evidence with the proof that the log holds it, for an auditor to keep",
    .least = 1,
    .most = 1,
    .options = OPTION(OUT) | OPTION(LOG) | OPTION(VKEY),
    .run = prove,
};
