/* audit.c: entries in batches, through the four steps of audit.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/audit/pool.h"
#include "approver/audit/state.h"
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

struct audit *audit_new(const struct audit_settings *settings, struct pool *pool, struct findings *findings)
{
	struct audit *audit = calloc(1, sizeof *audit);
	if (!audit)
		return NULL;
	audit->settings = *settings;
	audit->pool = pool;
	audit->findings = findings;
	audit->last_index = -1;
	if (settings->approver_key) {
		memcpy(audit->approver_bytes, settings->approver_key, KEY_BYTES);
		audit->approver = public_key_new(audit->approver_bytes);
		if (!audit->approver) {
			free(audit);
			return NULL;
		}
	}
	return audit;
}

/* ── step 1: each entry on its own, on any thread ─────────────────────────────────────────────────────── */

static void hash_hex(const char *bytes, size_t len, char out[65])
{
	unsigned char hash[SHA256_DIGEST_LENGTH];
	SHA256((const unsigned char *)bytes, len, hash);
	for (int i = 0; i < SHA256_DIGEST_LENGTH; i++) {
		out[2 * i] = "0123456789abcdef"[hash[i] >> 4];
		out[2 * i + 1] = "0123456789abcdef"[hash[i] & 15];
	}
	out[64] = '\0';
}

/* The whole leaf is in a blob: it must be what the entry names, and say the same of itself. */
static void open_blob(struct audit *audit, struct audit_item *item)
{
	struct audit_leaf small = item->leaf;
	char hex[65], why[160] = "";
	item->blob_missing = !audit->settings.blob ||
			     audit->settings.blob(audit->settings.blob_arg, small.blob, &item->blob) != 1;
	if (!item->blob_missing) {
		hash_hex(item->blob.data ? item->blob.data : "", item->blob.len, hex);
		item->other_blob = strcmp(hex, small.blob) != 0;
	}
	if (item->blob_missing || item->other_blob)
		return;
	bool good =
	    audit_leaf_parse(&item->leaf, item->blob.data ? item->blob.data : "", item->blob.len, why);
	if (!good)
		memcpy(item->why, why, sizeof item->why);
	item->bad = !good             ? item->why
		    : item->leaf.blob ? "its blob is in another blob"
		    : item->leaf.n != small.n || item->leaf.ms != small.ms || item->leaf.name != small.name
			? "its blob is another entry's"
			: NULL;
	audit_leaf_finish(&small);
}

static void open_entry(size_t i, void *arg)
{
	struct audit *audit = arg;
	struct audit_item *item = &audit->items[i];
	const char *reason = "";
	if (!audit_leaf_parse(&item->leaf, item->entry.bytes, item->entry.len, item->why))
		item->bad = item->why;
	else if (item->leaf.blob)
		open_blob(audit, item);
	if (item->bad || !item->leaf.jws)
		return;
	const char *jws = item->leaf.jws;
	size_t len = strlen(jws);
	if (!jws_open(jws, len, item->leaf.typ, &item->payload) || item->payload.failed) {
		item->bad = "its jws is none of its kind";
		return;
	}
	s256(jws, len, item->s256);
	item->claims = json_parse(item->payload.data ? item->payload.data : "", item->payload.len, &reason);
	if (!cJSON_IsObject(item->claims))
		item->bad = "what was signed is not strict JSON";
}

/* ── step 2: in order ─────────────────────────────────────────────────────────────────────────────────── */

void audit_missing(struct audit *audit, const struct audit_item *item, const char *command, const char *what)
{
	if (audit->settings.partial)
		audit->counts.unchecked++;
	else
		WRONG(audit, item, command, "%s", what);
}

void audit_audience(struct audit *audit, const struct audit_item *item, const char *command,
		    const char *audience)
{
	if (!audience || strcmp(audience, audit->settings.name) != 0)
		WRONG(audit, item, command, "it is for another approver");
}

void audit_candidate(struct audit *audit, struct audit_item *item, struct audit_key *key)
{
	const char *unusable = key_unusable(key, item->leaf.ms);
	if ((item->n & (item->n - 1)) == 0) { /* 0, or full at a power of two */
		struct audit_candidate *more =
		    reallocarray(item->candidates, item->n ? 2 * item->n : 1, sizeof *more);
		if (!more) {
			audit->failed = true;
			return;
		}
		item->candidates = more;
	}
	item->candidates[item->n++] = (struct audit_candidate){key, unusable};
}

void audit_candidates(struct audit *audit, struct audit_item *item, struct audit_agent *agent)
{
	if (agent->recent)
		audit_candidate(audit, item, agent->recent);
	for (int usable = 1; usable >= 0; usable--)
		for (struct audit_key *key = agent->keys; key; key = key->older)
			if (key != agent->recent &&
			    (key_unusable(key, item->leaf.ms) == NULL) == (usable == 1))
				audit_candidate(audit, item, key);
}

/* Its number, its time, and that it could be read at all. */
static bool check_form(struct audit *audit, struct audit_item *item)
{
	const struct audit_leaf *leaf = &item->leaf;
	int64_t index = item->entry.index;
	audit->counts.entries++;
	if (item->bad) {
		WRONG(audit, item, NULL, "%s", item->bad);
		return false;
	}
	if (leaf->n != index)
		WRONG(audit, item, NULL, "it says that it is entry %lld", (long long)leaf->n);
	if (index <= audit->last_index)
		WRONG(audit, item, NULL, "it comes after entry %lld", (long long)audit->last_index);
	if (leaf->ms < audit->last_ms)
		WRONG(audit, item, NULL, "its time is before the time of the entry before");
	audit->last_index = index;
	audit->last_ms = leaf->ms;
	if (item->blob_missing)
		WRONG(audit, item, NULL, "the blob %s that holds it is missing", leaf->blob);
	if (item->other_blob)
		WRONG(audit, item, NULL, "the blob %s is not what its name says", leaf->blob);
	if (leaf->sealed)
		audit->counts.sealed++;
	return !item->blob_missing && !item->other_blob && !leaf->sealed;
}

static void check(struct audit *audit, struct audit_item *item)
{
	if (!check_form(audit, item)) {
		item->leaf.kind = LEAF_OTHER;
		return;
	}
	switch (item->leaf.kind) {
	case LEAF_COMMAND_REQUESTED:
		check_command(audit, item);
		break;
	case LEAF_COMMAND_DECIDED:
		check_permit(audit, item);
		break;
	case LEAF_COMMAND_OUTCOME:
		check_outcome(audit, item);
		break;
	case LEAF_DELEGATION:
		check_delegation(audit, item);
		break;
	default:
		check_statement(audit, item);
	}
	keyring_rows(&audit->ring, item->leaf.rows, item->entry.index, audit->findings);
}

/* ── step 3: signatures, on any thread ────────────────────────────────────────────────────────────────── */

static void try_signatures(size_t i, void *arg)
{
	struct audit *audit = arg;
	struct audit_item *item = &audit->items[i];
	const char *jws = item->leaf.jws;
	item->signer = SIGNED_BY_NOBODY;
	if (!jws)
		return;
	size_t len = strlen(jws);
	if (item->by_approver && audit->approver && jws_verify(jws, len, audit->approver)) {
		item->signer = SIGNED_BY_APPROVER;
		return;
	}
	for (size_t k = 0; k < item->n && item->signer < 0; k++)
		if (jws_verify(jws, len, item->candidates[k].key->key))
			item->signer = (int)k;
}

/* ── step 4: in order ─────────────────────────────────────────────────────────────────────────────────── */

static void conclude(struct audit *audit, struct audit_item *item)
{
	if (item->by_approver && !audit->approver) {
		audit->counts.unchecked++;
		if (!audit->keyless && !audit->settings.partial)
			WRONG(audit, item, NULL,
			      "nothing in the log says which key the approver signs with: give it "
			      "(--approver-key)");
		audit->keyless = true;
	}
	switch (item->leaf.kind) {
	case LEAF_COMMAND_REQUESTED:
		conclude_command(audit, item);
		return;
	case LEAF_COMMAND_DECIDED:
		conclude_permit(audit, item);
		return;
	case LEAF_COMMAND_OUTCOME:
		conclude_outcome(audit, item);
		return;
	case LEAF_DELEGATION:
		conclude_delegation(audit, item);
		return;
	default:
		return;
	}
}

static void item_finish(struct audit_item *item)
{
	cJSON_Delete(item->claims);
	audit_leaf_finish(&item->leaf);
	buf_finish(&item->payload);
	buf_finish(&item->blob);
	free(item->candidates);
}

bool audit_entries(struct audit *audit, const struct audit_entry *entries, size_t n)
{
	if (n == 0)
		return true;
	if (n > audit->room) {
		free(audit->items);
		audit->items = calloc(n, sizeof *audit->items);
		audit->room = audit->items ? n : 0;
		if (!audit->items)
			return false;
	}
	memset(audit->items, 0, n * sizeof *audit->items);
	for (size_t i = 0; i < n; i++)
		audit->items[i].entry = entries[i];
	pool_each(audit->pool, n, open_entry, audit);
	for (size_t i = 0; i < n; i++)
		check(audit, &audit->items[i]);
	pool_each(audit->pool, n, try_signatures, audit);
	for (size_t i = 0; i < n; i++)
		conclude(audit, &audit->items[i]);
	for (size_t i = 0; i < n; i++)
		item_finish(&audit->items[i]);
	return !audit->failed && !audit->ring.failed;
}

/* ── afterwards ───────────────────────────────────────────────────────────────────────────────────────── */

static int by_index(const void *a, const void *b)
{
	const struct audit_command *const *x = a, *const *y = b;
	return ((*x)->index > (*y)->index) - ((*x)->index < (*y)->index);
}

void audit_open(struct audit *audit, void (*fn)(const char *, int64_t, int64_t, void *), void *arg)
{
	size_t n = 0;
	struct audit_command **list = calloc(audit->commands.n + 1, sizeof *list);
	for (size_t i = 0; list && i < audit->commands.room; i++) {
		struct audit_command *command = audit->commands.slots[i].value;
		if (command && command->state == AUDIT_APPROVED)
			list[n++] = command;
	}
	if (n)
		qsort(list, n, sizeof *list, by_index);
	audit->counts.open = (int64_t)n;
	for (size_t i = 0; i < n; i++)
		fn(list[i]->id, list[i]->index, list[i]->decided_ms, arg);
	free(list);
}

const struct audit_counts *audit_counts(const struct audit *audit)
{
	return &audit->counts;
}

const unsigned char *audit_approver_key(const struct audit *audit)
{
	return audit->approver ? audit->approver_bytes : NULL;
}

bool audit_has_command(const struct audit *audit, const char *id)
{
	return map_get(&audit->commands, id) != NULL;
}

void audit_free(struct audit *audit)
{
	if (!audit)
		return;
	for (size_t i = 0; i < audit->commands.room; i++) {
		struct audit_command *command = audit->commands.slots[i].value;
		for (struct audit_review *r = command ? command->reviews : NULL, *next; r; r = next) {
			next = r->next;
			free(r);
		}
		free(command);
	}
	for (size_t i = 0; i < audit->hops_by_id.room; i++) {
		struct audit_hop *hop = audit->hops_by_id.slots[i].value;
		if (!hop)
			continue;
		free(hop->agent);
		free(hop->person);
		cJSON_Delete(hop->scope);
		free(hop);
	}
	for (size_t i = 0; i < audit->policies.room; i++)
		free(audit->policies.slots[i].value);
	map_finish(&audit->commands);
	map_finish(&audit->hops_by_hash);
	map_finish(&audit->hops_by_s256);
	map_finish(&audit->hops_by_id);
	map_finish(&audit->policies);
	keyring_finish(&audit->ring);
	public_key_free(audit->approver);
	free(audit->items);
	free(audit);
}
