/* check_delegation.c: one hop of a principal chain, as it was made: signed by whom it should be, following
 * from its parent, and reaching no further.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/audit/state.h"
#include "approver/policy/scope.h"
#include <stdlib.h>
#include <string.h>

#define HOP(audit, item, hop, text) WRONG(audit, item, NULL, "delegation %s: %s", (hop)->jti, text)

/* The nearest hop from here up that limits this dimension. */
static const cJSON *limit_of(const struct audit_hop *hop, const char *name)
{
	const cJSON *list = NULL;
	for (; hop && !list; hop = hop->parent)
		list = json_array(hop->scope, name);
	return list;
}

static void check_scope(struct audit *audit, struct audit_item *item, const struct hop *hop,
			const struct audit_hop *parent)
{
	static const char *const names[] = {"commands", "cwd", "hosts"};
	for (int i = 0; i < 3; i++) {
		const cJSON *mine = json_array(hop->scope, names[i]), *limit = limit_of(parent, names[i]);
		char *wider = !mine || !limit ? NULL
			      : i             ? scope_texts_widen(limit, mine)
					      : scope_commands_widen(limit, mine);
		if (wider)
			HOP(audit, item, hop, "its scope reaches further than its parent's");
		free(wider);
	}
}

static void check_parent(struct audit *audit, struct audit_item *item, const struct hop *hop,
			 const struct audit_hop *parent)
{
	if (strcmp(hop->iss, parent->agent) != 0)
		HOP(audit, item, hop, "its issuer is not whom the hop before names");
	if (strcmp(hop->sub, parent->person) != 0)
		HOP(audit, item, hop, "it is for another person than the hop before");
	if (hop->depth != parent->depth + 1 || hop->depth > parent->max_depth ||
	    hop->max_depth > parent->max_depth)
		HOP(audit, item, hop, "it goes deeper than the hop before allows");
	if (hop->exp > parent->expires)
		HOP(audit, item, hop, "it outlives the hop before");
	for (const struct audit_hop *up = parent; up; up = up->parent)
		if (up->revoked)
			HOP(audit, item, hop, "a hop before it had been revoked");
	check_scope(audit, item, hop, parent);
	/* Whoever took over from the key that the parent names may sign as well. */
	if (parent->key)
		for (struct audit_key *key = parent->key->agent->keys; key; key = key->older)
			if (key_same_line(key, parent->key))
				audit_candidate(audit, item, key);
}

static void check_first(struct audit *audit, struct audit_item *item, const struct hop *hop)
{
	item->by_approver = strcmp(hop->iss, audit->settings.name) == 0;
	if (item->by_approver)
		return;
	const struct audit_person *person = map_get(&audit->ring.people, hop->iss);
	if (strcmp(hop->iss, hop->sub) != 0)
		HOP(audit, item, hop, "it is issued by one person for another");
	if (!person)
		audit_missing(audit, item, NULL, "a delegation by a person who never enrolled a key");
	else
		for (struct audit_key *key = person->keys; key; key = key->older)
			audit_candidate(audit, item, key);
}

static void hop_free(struct audit_hop *hop)
{
	free(hop->agent);
	free(hop->person);
	cJSON_Delete(hop->scope);
	free(hop);
}

static struct audit_hop *remember(struct audit *audit, struct audit_item *item, const struct hop *hop,
				  struct audit_hop *parent)
{
	struct audit_hop *made = calloc(1, sizeof *made);
	char thumbprint[S256_LEN + 1];
	if (!made) {
		audit->failed = true;
		return NULL;
	}
	key_thumbprint(hop->key, thumbprint);
	strcpy(made->id, hop->jti);
	strcpy(made->s256, item->s256);
	hop_hash(item->leaf.jws, strlen(item->leaf.jws), made->hash);
	made->parent = parent;
	made->key = map_get(&audit->ring.keys, thumbprint);
	made->agent = strdup(hop->act);
	made->person = strdup(hop->sub);
	made->depth = hop->depth;
	made->max_depth = hop->max_depth;
	made->expires = hop->exp;
	made->scope = hop->scope ? cJSON_Duplicate(hop->scope, true) : NULL;
	if (!made->key)
		audit_missing(audit, item, NULL, "a delegation to a key that was never enrolled");
	else if (!made->key->agent || strcmp(made->key->agent->id, hop->act) != 0)
		HOP(audit, item, hop, "the key it names is not its agent's");
	if (made->key && !made->key->agent)
		made->key = NULL;
	/* by_id owns it: the others are filled only when that succeeded. */
	if (made->agent && made->person && (!hop->scope || made->scope) &&
	    map_put(&audit->hops_by_id, made->id, made)) {
		if (!map_put(&audit->hops_by_hash, made->hash, made) ||
		    !map_put(&audit->hops_by_s256, made->s256, made))
			audit->failed = true;
		return made;
	}
	hop_free(made);
	audit->failed = true;
	return NULL;
}

void check_delegation(struct audit *audit, struct audit_item *item)
{
	struct hop hop;
	char why[160];
	audit->counts.delegations++;
	if (!hop_parse(&hop, item->payload.data ? item->payload.data : "", item->payload.len, why)) {
		WRONG(audit, item, NULL, "a delegation that is none: %s", why);
		hop_finish(&hop);
		return;
	}
	audit_audience(audit, item, NULL, hop.aud);
	struct audit_hop *parent = hop.par_hash ? map_get(&audit->hops_by_hash, hop.par_hash) : NULL;
	if (map_get(&audit->hops_by_id, hop.jti)) {
		HOP(audit, item, &hop, "one of this ID was logged before");
	} else {
		item->hop = remember(audit, item, &hop, parent);
		if (hop.par_hash && !parent)
			audit_missing(audit, item, NULL, "a delegation whose parent was never logged");
		else if (parent)
			check_parent(audit, item, &hop, parent);
		else
			check_first(audit, item, &hop);
	}
	hop_finish(&hop);
}

void conclude_delegation(struct audit *audit, struct audit_item *item)
{
	if (!item->hop || (!item->n && !(item->by_approver && audit->approver)))
		return;
	if (item->signer == SIGNED_BY_NOBODY) {
		WRONG(audit, item, NULL, "delegation %s: it is not signed by whoever it says made it",
		      item->hop->id);
		return;
	}
	const char *unusable = item->signer >= 0 ? item->candidates[item->signer].unusable : NULL;
	if (unusable)
		WRONG(audit, item, NULL, "delegation %s: the key that signed it %s", item->hop->id, unusable);
}
