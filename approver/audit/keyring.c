/* keyring.c: who may have signed what; see keyring.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/audit/keyring.h"
#include "common/codec.h"
#include <stdlib.h>
#include <string.h>

static struct audit_agent *agent_of(struct keyring *ring, const char *id)
{
	struct audit_agent *agent = map_get(&ring->agents, id);
	if (agent)
		return agent;
	agent = calloc(1, sizeof *agent);
	if (agent)
		agent->id = strdup(id);
	if (agent && agent->id && map_put(&ring->agents, agent->id, agent))
		return agent;
	if (agent)
		free(agent->id);
	free(agent);
	ring->failed = true;
	return NULL;
}

static struct audit_person *person_of(struct keyring *ring, const char *id)
{
	struct audit_person *person = map_get(&ring->people, id);
	if (person)
		return person;
	person = calloc(1, sizeof *person);
	if (person)
		person->id = strdup(id);
	if (person && person->id && map_put(&ring->people, person->id, person))
		return person;
	if (person)
		free(person->id);
	free(person);
	ring->failed = true;
	return NULL;
}

/* The key that a row brings: its bytes must be usable, and have this thumbprint. */
static struct public_key *row_key(const cJSON *row, const char *id)
{
	const char *text = json_string(row, "key");
	char thumbprint[S256_LEN + 1];
	struct buf bytes BUF_AUTO = BUF_INIT;
	if (!text || !base64url_decode(&bytes, text, strlen(text)) || bytes.failed || bytes.len != KEY_BYTES)
		return NULL;
	key_thumbprint((const unsigned char *)bytes.data, thumbprint);
	return strcmp(thumbprint, id) == 0 ? public_key_new((const unsigned char *)bytes.data) : NULL;
}

static struct audit_key *key_new(struct keyring *ring, const cJSON *row, const char *id, const char *owner,
				 bool of_agent, struct public_key *public)
{
	const char *replaces = json_string(row, "replaces");
	struct audit_key *key = calloc(1, sizeof *key);
	struct audit_agent *agent = of_agent ? agent_of(ring, owner) : NULL;
	struct audit_person *person = of_agent ? NULL : person_of(ring, owner);
	if (key)
		strcpy(key->id, id);
	if (!key || (!agent && !person) || !map_put(&ring->keys, key->id, key)) {
		ring->failed = true;
		free(key);
		public_key_free(public);
		return NULL;
	}
	struct audit_key **keys = agent ? &agent->keys : &person->keys;
	key->key = public;
	key->agent = agent;
	key->person = person ? person->id : NULL;
	key->older = *keys;
	key->replaces = replaces ? map_get(&ring->keys, replaces) : NULL;
	*keys = key;
	return key;
}

static void take_times(struct audit_key *key, const cJSON *row)
{
	int64_t value;
	if (json_integer(row, "not_before", &value))
		key->not_before = value;
	if (json_integer(row, "expires", &value) && value > 0 && (!key->expires || value < key->expires))
		key->expires = value;
	if (json_integer(row, "revoked", &value) && value > 0 && !key->revoked)
		key->revoked = value;
}

static void key_row(struct keyring *ring, const cJSON *row, bool of_agent, int64_t index,
		    struct findings *findings)
{
	const char *id = json_string(row, "id"), *owner = json_string(row, of_agent ? "agent" : "person");
	const char *what = of_agent ? "credential" : "person's key";
	if (!id || strlen(id) != S256_LEN || !owner) {
		audit_finding_add(findings, index, NULL, "it has the row of a %s without an ID or an owner",
				  what);
		return;
	}
	struct audit_key *key = map_get(&ring->keys, id);
	if (!key) {
		struct public_key *public = row_key(row, id);
		if (!public) {
			audit_finding_add(findings, index, NULL,
					  "the %s %s comes with a key that is not its own", what, id);
			return;
		}
		key = key_new(ring, row, id, owner, of_agent, public);
		if (!key)
			return;
	} else if ((key->agent != NULL) != of_agent ||
		   strcmp(key->agent ? key->agent->id : key->person, owner) != 0) {
		audit_finding_add(findings, index, NULL, "the %s %s changes hands: it is %s's", what, id,
				  key->agent ? key->agent->id : key->person);
		return;
	}
	take_times(key, row);
}

void keyring_rows(struct keyring *ring, const cJSON *rows, int64_t index, struct findings *findings)
{
	const cJSON *row;
	cJSON_ArrayForEach(row, rows)
	{
		const char *table = row->child->valuestring;
		const cJSON *value = row->child->next; /* NULL: the message says it */
		if (strcmp(table, "credential") == 0 || strcmp(table, "key") == 0) {
			key_row(ring, value, table[0] == 'c', index, findings);
		} else if (strcmp(table, "agent") == 0) {
			const char *id = json_string(value, "id");
			int64_t disabled;
			if (id && (json_true(value, "disabled") ||
				   (json_integer(value, "disabled", &disabled) && disabled)))
				keyring_disable(ring, id);
		}
	}
}

void keyring_revoke(struct keyring *ring, const char *id, int64_t ms)
{
	struct audit_key *key = map_get(&ring->keys, id);
	if (key && !key->revoked)
		key->revoked = ms ? ms : 1;
}

void keyring_disable(struct keyring *ring, const char *agent)
{
	struct audit_agent *found = agent_of(ring, agent);
	if (found)
		found->disabled = true;
}

const char *key_unusable(const struct audit_key *key, int64_t ms)
{
	if (key->revoked)
		return "was revoked";
	if (key->expires && ms >= key->expires)
		return "had expired";
	if (ms < key->not_before)
		return "was not valid yet";
	return NULL;
}

static bool succeeds(const struct audit_key *late, const struct audit_key *early)
{
	while (late && late != early)
		late = late->replaces;
	return late != NULL;
}

bool key_same_line(const struct audit_key *a, const struct audit_key *b)
{
	return succeeds(a, b) || succeeds(b, a);
}

void keyring_finish(struct keyring *ring)
{
	for (size_t i = 0; i < ring->keys.room; i++) {
		struct audit_key *key = ring->keys.slots[i].value;
		if (key)
			public_key_free(key->key);
		free(key);
	}
	for (size_t i = 0; i < ring->agents.room; i++) {
		struct audit_agent *agent = ring->agents.slots[i].value;
		if (agent)
			free(agent->id);
		free(agent);
	}
	for (size_t i = 0; i < ring->people.room; i++) {
		struct audit_person *person = ring->people.slots[i].value;
		if (person)
			free(person->id);
		free(person);
	}
	map_finish(&ring->keys);
	map_finish(&ring->agents);
	map_finish(&ring->people);
}
