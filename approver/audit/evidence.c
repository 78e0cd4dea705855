/* evidence.c: which entries are the evidence of one command; see evidence.h.
 *
 * Entries are taken apart on all cores and looked at in order.  Keys, policies and delegations are remembered
 * by where they are, so that when the command comes by what it rests on is known.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/audit/evidence.h"
#include "approver/audit/keyring.h"
#include "approver/audit/pool.h"
#include "approver/audit/source.h"
#include "common/hop.h"
#include <stdlib.h>
#include <string.h>

/* A text and the entry that it is in; the value of a map by that text. */
struct place {
	int64_t index;
	int64_t rests_on[2]; /* of a delegation: the keys it is signed with and made out to; -1 */
	char name[];
};

struct item {
	const struct audit_entry *entry;
	struct audit_leaf leaf;
	struct buf blob, payload;
	cJSON *claims; /* NULL: it is nothing that is looked for here */
};

struct evidence {
	const struct log_source *source;
	struct pool *pool;
	const char *command;
	struct proof_entries *found;
	struct keyring ring;
	struct findings ignored;
	struct map keys, policies, hops; /* of places */
	bool complete, failed;
	struct item *items;
	size_t room;
};

struct evidence *evidence_new(const struct log_source *source, struct pool *pool, const char *command,
			      struct proof_entries *found)
{
	struct evidence *e = calloc(1, sizeof *e);
	if (!e)
		return NULL;
	e->source = source;
	e->pool = pool;
	e->command = command;
	e->found = found;
	return e;
}

static void places_free(struct map *map)
{
	for (size_t i = 0; i < map->room; i++)
		free(map->slots[i].value);
	map_finish(map);
}

void evidence_free(struct evidence *e)
{
	if (!e)
		return;
	places_free(&e->keys);
	places_free(&e->policies);
	places_free(&e->hops);
	keyring_finish(&e->ring);
	audit_findings_finish(&e->ignored);
	free(e->items);
	free(e);
}

bool evidence_complete(const struct evidence *e)
{
	return e->complete;
}

/* ── on any thread ────────────────────────────────────────────────────────────────────────────────────── */

static void open_item(size_t i, void *arg)
{
	struct evidence *e = arg;
	struct item *item = &e->items[i];
	char why[160];
	bool good = audit_leaf_parse(&item->leaf, item->entry->bytes, item->entry->len, why);
	if (good && item->leaf.blob) {
		struct audit_leaf small = item->leaf;
		good = log_source_blob((void *)(uintptr_t)e->source, small.blob, &item->blob) == 1 &&
		       item->blob.len && audit_leaf_parse(&item->leaf, item->blob.data, item->blob.len, why);
		if (item->leaf.tree != small.tree)
			audit_leaf_finish(&small);
	}
	const char *jws = good ? item->leaf.jws : NULL;
	if (jws && jws_open(jws, strlen(jws), item->leaf.typ, &item->payload) && item->payload.len)
		item->claims = json_parse(item->payload.data, item->payload.len, NULL);
	if (!good) {
		audit_leaf_finish(&item->leaf);
		item->leaf = (struct audit_leaf){.kind = LEAF_OTHER};
	}
}

/* ── in order ─────────────────────────────────────────────────────────────────────────────────────────── */

static struct place *put(struct evidence *e, struct map *map, const char *name, int64_t index)
{
	struct place *place = map_get(map, name);
	if (place) {
		place->index = index;
		return place;
	}
	place = malloc(sizeof *place + strlen(name) + 1);
	if (place) {
		*place = (struct place){.index = index, .rests_on = {-1, -1}};
		strcpy(place->name, name);
	}
	if (!place || !map_put(map, place->name, place)) {
		free(place);
		e->failed = true;
		return NULL;
	}
	return place;
}

static int64_t at(const struct map *map, const char *name)
{
	const struct place *place = name ? map_get(map, name) : NULL;
	return place ? place->index : -1;
}

static void add(struct evidence *e, int64_t index)
{
	if (index >= 0)
		proof_entry(e->found, index);
}

/* Which of these keys signed it?  Its ID. */
static const char *signer_of(const char *jws, const struct audit_key *key)
{
	while (key && !jws_verify(jws, strlen(jws), key->key))
		key = key->older;
	return key ? key->id : NULL;
}

static void delegation(struct evidence *e, const struct item *item)
{
	struct hop hop;
	char why[160], hash[S256_LEN + 1], thumbprint[S256_LEN + 1];
	const char *jws = item->leaf.jws;
	if (hop_parse(&hop, item->payload.data, item->payload.len, why)) {
		s256(jws, strlen(jws), hash);
		key_thumbprint(hop.key, thumbprint);
		struct place *place = put(e, &e->hops, hash, item->entry->index);
		const struct audit_agent *agent = map_get(&e->ring.agents, hop.iss);
		const struct audit_person *person = map_get(&e->ring.people, hop.iss);
		const char *signer = hop.depth ? signer_of(jws, agent ? agent->keys : NULL)
					       : signer_of(jws, person ? person->keys : NULL);
		if (place) {
			place->rests_on[0] = at(&e->keys, signer);
			place->rests_on[1] = at(&e->keys, thumbprint);
		}
	}
	hop_finish(&hop);
}

static void request(struct evidence *e, const struct item *item)
{
	struct hop_text text[CHAIN_MAX_HOPS];
	char hash[S256_LEN + 1];
	const char *chain = json_string(item->claims, "chain"), *name = json_string(item->claims, "sub");
	const struct audit_agent *agent = name ? map_get(&e->ring.agents, name) : NULL;
	int n = chain ? chain_split(chain, strlen(chain), text) : 0;
	add(e, 0);
	add(e, item->entry->index);
	add(e, at(&e->keys, signer_of(item->leaf.jws, agent ? agent->keys : NULL)));
	for (int i = 0; i < n; i++) {
		s256(text[i].text, text[i].len, hash);
		const struct place *place = map_get(&e->hops, hash);
		add(e, place ? place->index : -1);
		add(e, place ? place->rests_on[0] : -1);
		add(e, place ? place->rests_on[1] : -1);
	}
	e->complete = true;
}

/* Keys that come with this entry. */
static void rows(struct evidence *e, const struct item *item)
{
	const cJSON *row;
	if (!item->leaf.rows)
		return;
	keyring_rows(&e->ring, item->leaf.rows, item->entry->index, &e->ignored);
	cJSON_ArrayForEach(row, item->leaf.rows)
	{
		const char *table = row->child->valuestring, *id = json_string(row->child->next, "id");
		bool key = strcmp(table, "credential") == 0 || strcmp(table, "key") == 0;
		if (key && id && !map_get(&e->keys, id))
			put(e, &e->keys, id, item->entry->index);
	}
}

static bool is_about(const struct evidence *e, const char *id)
{
	return id && strcmp(id, e->command) == 0;
}

static void look(struct evidence *e, const struct item *item)
{
	const struct audit_leaf *leaf = &item->leaf;
	const char *policy;
	switch (leaf->kind) {
	case LEAF_COMMAND_REQUESTED:
		if (is_about(e, json_string(item->claims, "jti")))
			request(e, item);
		break;
	case LEAF_COMMAND_DECIDED:
		if (!is_about(e, json_string(item->claims, "id")))
			break;
		add(e, item->entry->index);
		add(e, at(&e->policies, json_string(item->claims, "policy_s256")));
		break;
	case LEAF_COMMAND_OUTCOME:
		if (is_about(e, json_string(item->claims, "command")))
			add(e, item->entry->index);
		break;
	case LEAF_DELEGATION:
		if (item->claims)
			delegation(e, item);
		break;
	case LEAF_POLICY_LOADED:
		policy = json_string(leaf->body, "policy_s256");
		if (policy)
			put(e, &e->policies, policy, item->entry->index);
		break;
	default:
		if (is_about(e, leaf->subject) || is_about(e, json_string(leaf->body, "command")))
			add(e, item->entry->index);
	}
	rows(e, item);
}

bool evidence_entries(void *evidence, const struct audit_entry *entries, size_t n)
{
	struct evidence *e = evidence;
	if (n == 0)
		return true;
	if (n > e->room) {
		free(e->items);
		e->items = calloc(n, sizeof *e->items);
		e->room = e->items ? n : 0;
		if (!e->items)
			return false;
	}
	memset(e->items, 0, n * sizeof *e->items);
	for (size_t i = 0; i < n; i++)
		e->items[i].entry = &entries[i];
	pool_each(e->pool, n, open_item, e);
	for (size_t i = 0; i < n; i++) {
		look(e, &e->items[i]);
		cJSON_Delete(e->items[i].claims);
		audit_leaf_finish(&e->items[i].leaf);
		buf_finish(&e->items[i].blob);
		buf_finish(&e->items[i].payload);
	}
	return !e->failed && !e->ring.failed && !e->found->failed;
}
