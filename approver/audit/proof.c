/* proof.c: one command's evidence, written and read; see proof.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/audit/proof.h"
#include "approver/audit/leaf.h"
#include "common/codec.h"
#include "common/error.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRY_MAX = 65535 }; /* what a bundle can hold */
/* An inclusion proof, from the leaf's sibling up. */
struct path {
	int n;
	struct hash hash[2 * MERKLE_HEIGHT];
};
static const char first_line[] = "c2sp.org/tlog-proof@v1\n";

/* ── which entries ────────────────────────────────────────────────────────────────────────────────────── */

void proof_entry(struct proof_entries *entries, int64_t index)
{
	if (entries->n == entries->room) {
		size_t room = entries->room ? 2 * entries->room : 16;
		int64_t *more = reallocarray(entries->index, room, sizeof *more);
		if (!more) {
			entries->failed = true;
			return;
		}
		entries->index = more;
		entries->room = room;
	}
	entries->index[entries->n++] = index;
}

static int by_number(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

void proof_sort(struct proof_entries *entries)
{
	size_t kept = 0;
	if (entries->n)
		qsort(entries->index, entries->n, sizeof *entries->index, by_number);
	for (size_t i = 0; i < entries->n; i++)
		if (!kept || entries->index[kept - 1] != entries->index[i])
			entries->index[kept++] = entries->index[i];
	entries->n = kept;
}

void proof_entries_finish(struct proof_entries *entries)
{
	free(entries->index);
	*entries = (struct proof_entries){0};
}

/* ── writing ──────────────────────────────────────────────────────────────────────────────────────────── */

/* Not there, unreadable, or archived. */
static bool cannot(char **error, int64_t index, int found)
{
	return error_set(error, "entry %" PRId64 " cannot be proved: %s", index,
			 found ? strerror(errno) : "a part of the log that it needs is missing or archived");
}

static bool read_entry(const struct log_source *source, int64_t size, int64_t index, struct buf *out,
		       char **error)
{
	struct buf bundle BUF_AUTO = BUF_INIT;
	int64_t n = index / TILE_WIDTH;
	struct tile tile = {TILE_ENTRIES, n, tile_width(TILE_ENTRIES, n, size)};
	int found = tile.width ? source_tile(source, &tile, &bundle) : 0;
	if (found != 1)
		return cannot(error, index, found);
	size_t at = 0, len;
	const char *entry;
	for (int64_t i = index % TILE_WIDTH; bundle_next(bundle.data, bundle.len, &at, &entry, &len); i--)
		if (i == 0) {
			buf_add(out, entry, len);
			return !out->failed || error_set(error, "out of memory");
		}
	errno = EBADMSG;
	return cannot(error, index, -1);
}

static bool add_blob(struct buf *out, const struct log_source *source, const struct buf *entry, int64_t index,
		     char **error)
{
	struct audit_leaf leaf;
	struct buf blob BUF_AUTO = BUF_INIT;
	char why[160];
	int found = 1;
	bool named = audit_leaf_parse(&leaf, entry->data, entry->len, why) && leaf.blob;
	if (named)
		found = log_source_blob((void *)(uintptr_t)source, leaf.blob, &blob);
	audit_leaf_finish(&leaf);
	if (!named)
		return true;
	if (found != 1)
		return cannot(error, index, found);
	buf_adds(out, ",\"blob\":");
	json_add_string(out, blob.data ? blob.data : "", blob.len);
	return true;
}

static bool add_entry(struct buf *out, const struct log_source *source,
		      const struct signed_checkpoint *checkpoint, int64_t index, char **error)
{
	struct buf entry BUF_AUTO = BUF_INIT, proof BUF_AUTO = BUF_INIT;
	struct path path;
	struct source_tree tree = {source, checkpoint->head.size};
	if (!read_entry(source, checkpoint->head.size, index, &entry, error))
		return false;
	path.n = merkle_inclusion(index, tree.size, source_hash, &tree, path.hash);
	if (path.n < 0)
		return cannot(error, index, 0);
	buf_addf(&proof, "%sindex %" PRId64 "\n", first_line, index);
	for (int i = 0; i < path.n; i++) {
		base64_encode(&proof, path.hash[i].bytes, HASH_BYTES);
		buf_addc(&proof, '\n');
	}
	buf_addc(&proof, '\n');
	buf_add(&proof, checkpoint->bytes.data, checkpoint->bytes.len);
	if (proof.failed)
		return error_set(error, "out of memory");
	buf_adds(out, "{\"entry\":");
	json_add_string(out, entry.data, entry.len);
	if (!add_blob(out, source, &entry, index, error))
		return false;
	buf_adds(out, ",\"proof\":");
	json_add_string(out, proof.data, proof.len);
	buf_addc(out, '}');
	return true;
}

bool proof_make(struct buf *out, const struct log_source *source, const struct signed_checkpoint *checkpoint,
		const char *command, const struct proof_entries *entries, const char *vkey, char **error)
{
	buf_addf(out, "{\"whosh_proof\":1,\"command\":\"%s\"", command);
	if (vkey) {
		buf_adds(out, ",\"vkey\":");
		json_add_string(out, vkey, strlen(vkey));
	}
	buf_adds(out, ",\"entries\":[\n");
	for (size_t i = 0; i < entries->n; i++) {
		if (i)
			buf_adds(out, ",\n");
		if (!add_entry(out, source, checkpoint, entries->index[i], error))
			return false;
	}
	buf_adds(out, "]}\n");
	return (!out->failed && !entries->failed) || error_set(error, "out of memory");
}

/* ── reading ──────────────────────────────────────────────────────────────────────────────────────────── */

/* The lines of a tlog-proof: its index, its hashes, and where the checkpoint begins. */
static bool lines_read(const char *proof, int64_t *index, struct path *path, const char **checkpoint)
{
	size_t head = sizeof first_line - 1;
	if (strncmp(proof, first_line, head) != 0 || strncmp(proof + head, "index ", 6) != 0)
		return false;
	char *end;
	const char *digits = proof + head + 6;
	errno = 0;
	*index = strtoll(digits, &end, 10);
	if (errno || *digits < '0' || *digits > '9' || (*digits == '0' && end != digits + 1) || *end != '\n')
		return false;
	path->n = 0;
	for (const char *at = end + 1;;) {
		const char *newline = strchr(at, '\n');
		struct buf hash BUF_AUTO = BUF_INIT;
		if (!newline)
			return false;
		if (newline == at) {
			*checkpoint = newline + 1;
			return true;
		}
		if (path->n == MERKLE_HEIGHT || !base64_decode(&hash, at, (size_t)(newline - at)) ||
		    hash.len != HASH_BYTES)
			return false;
		memcpy(path->hash[path->n++].bytes, hash.data, HASH_BYTES);
		at = newline + 1;
	}
}

static bool parts_read(struct proof *p, const cJSON *entries, const char **why)
{
	static const char *const names[] = {"entry", "blob", "proof", NULL};
	struct path path;
	const cJSON *one;
	int count = cJSON_GetArraySize(entries);
	*why = "it has no entries, or too many";
	if (count < 1 || count > PROOF_ENTRIES_MAX)
		return false;
	p->parts = calloc((size_t)count, sizeof *p->parts);
	if (!p->parts)
		return false;
	cJSON_ArrayForEach(one, entries)
	{
		struct proof_part *part = &p->parts[p->n];
		const char *proof = json_string(one, "proof"), *checkpoint, *other;
		part->entry = json_string(one, "entry");
		part->blob = json_string(one, "blob");
		*why = "one of its entries is malformed";
		if (!cJSON_IsObject(one) || !json_only(one, names, &other) || !part->entry || !proof ||
		    strlen(part->entry) > ENTRY_MAX || !lines_read(proof, &part->index, &path, &checkpoint))
			return false;
		if (p->n == 0 && !signed_read(&p->checkpoint, checkpoint, strlen(checkpoint), why))
			return false;
		*why = "its entries are proved by different checkpoints, or are out of order";
		if (strcmp(checkpoint, p->checkpoint.bytes.data) != 0 ||
		    (p->n && part->index <= part[-1].index))
			return false;
		p->n++;
	}
	return true;
}

bool proof_read(struct proof *p, const char *text, size_t len, const char **why)
{
	static const char *const names[] = {"whosh_proof", "command", "vkey", "entries", NULL};
	const char *other;
	int64_t version;
	*p = (struct proof){0};
	p->tree = json_parse(text, len, why);
	if (!p->tree)
		return false;
	*why = "it is no proof of whoctl's";
	if (!cJSON_IsObject(p->tree) || !json_only(p->tree, names, &other) ||
	    !json_integer(p->tree, "whosh_proof", &version) || version != 1)
		return false;
	p->command = json_string(p->tree, "command");
	p->vkey = json_string(p->tree, "vkey");
	*why = "it does not say which command it is of";
	return p->command && parts_read(p, json_array(p->tree, "entries"), why);
}

void proof_check(const struct proof *p, struct findings *findings)
{
	struct path path;
	struct hash leaf;
	const struct checkpoint *head = &p->checkpoint.head;
	const cJSON *one = json_array(p->tree, "entries")->child;
	for (size_t i = 0; i < p->n; i++, one = one->next) {
		const struct proof_part *part = &p->parts[i];
		const char *checkpoint;
		int64_t index;
		hash_leaf(part->entry, strlen(part->entry), &leaf);
		if (!lines_read(json_string(one, "proof"), &index, &path, &checkpoint) ||
		    !merkle_included(&leaf, index, head->size, path.hash, path.n, &head->root))
			audit_finding_add(findings, part->index, NULL,
					  "it is not in the log whose checkpoint this is");
	}
}

void proof_finish(struct proof *p)
{
	signed_finish(&p->checkpoint);
	cJSON_Delete(p->tree);
	free(p->parts);
}
