/* check_command.c: a command that was requested: is it signed by a key of the agent that it names, good then,
 * and is the chain it brings made of delegations that stood?
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/audit/state.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

static struct audit_command *command_new(struct audit *audit, struct audit_item *item, const char *id)
{
	struct audit_command *command = calloc(1, sizeof *command);
	if (command) {
		strcpy(command->id, id);
		strcpy(command->s256, item->s256);
		command->index = item->entry.index;
	}
	if (command && map_put(&audit->commands, command->id, command))
		return command;
	free(command);
	audit->failed = true;
	return NULL;
}

/* Neither revoked, nor a key that it went to, nor any hop before it. */
static bool stands(const struct audit_hop *hop)
{
	for (; hop; hop = hop->parent)
		if (hop->revoked || (hop->key && (hop->key->revoked || hop->key->agent->disabled)))
			return false;
	return true;
}

const char *audit_noted_credential(const struct audit_item *item)
{
	const cJSON *row;
	cJSON_ArrayForEach(row, item->leaf.rows)
	{
		const char *table = row->child->valuestring;
		if (strcmp(table, "asked") == 0 || strcmp(table, "answered") == 0 ||
		    strcmp(table, "command") == 0)
			return json_string(row->child->next, "credential");
	}
	return NULL;
}

static void check_chain(struct audit *audit, struct audit_item *item, const char *id, const char *agent)
{
	struct hop_text text[CHAIN_MAX_HOPS];
	char hash[S256_LEN + 1];
	const char *chain = json_string(item->claims, "chain");
	int n = chain ? chain_split(chain, strlen(chain), text) : 0;
	if (chain && n == 0)
		WRONG(audit, item, id, "its principal chain is none");
	struct audit_hop *before = NULL;
	for (int i = 0; i < n; i++) {
		s256(text[i].text, text[i].len, hash);
		struct audit_hop *hop = map_get(&audit->hops_by_s256, hash);
		if (!hop) {
			audit_missing(audit, item, id, "its principal chain has a hop that was never logged");
			return;
		}
		if (hop->parent != before || hop->depth != i)
			WRONG(audit, item, id,
			      "hop %d of its principal chain does not follow from the one before", i);
		if (hop->expires * 1000 <= item->leaf.ms)
			WRONG(audit, item, id, "hop %d of its principal chain had expired", i);
		before = hop;
	}
	if (!before)
		return;
	if (!stands(before))
		WRONG(audit, item, id,
		      "a hop of its principal chain had been revoked, or a key that it went to");
	if (strcmp(before->agent, agent) != 0)
		WRONG(audit, item, id, "its principal chain ends at %s, and it is from %s", before->agent,
		      agent);
	item->hop = before;
}

void check_command(struct audit *audit, struct audit_item *item)
{
	const char *id = json_string(item->claims, "jti"), *agent = json_string(item->claims, "sub");
	audit->counts.commands++;
	if (!id || !uuid_valid(id) || !agent) {
		WRONG(audit, item, NULL, "the command has no ID or names no agent");
		return;
	}
	if (map_get(&audit->commands, id)) {
		WRONG(audit, item, id, "a command of this ID was requested before");
		return;
	}
	audit_audience(audit, item, id, json_string(item->claims, "aud"));
	item->command = command_new(audit, item, id);
	if (!item->command)
		return;
	item->command->agent = map_get(&audit->ring.agents, agent);
	check_chain(audit, item, id, agent);
	if (!item->command->agent || !item->command->agent->keys) {
		audit_missing(audit, item, id, "no key of its agent was ever enrolled");
		return;
	}
	if (item->command->agent->disabled)
		WRONG(audit, item, id, "its agent %s had been disabled", agent);
	audit_candidates(audit, item, item->command->agent);
}

void conclude_command(struct audit *audit, struct audit_item *item)
{
	struct audit_command *command = item->command;
	if (!command || !item->n)
		return;
	if (item->signer < 0) {
		WRONG(audit, item, command->id, "it is signed by no key that %s had", command->agent->id);
		return;
	}
	const struct audit_candidate *by = &item->candidates[item->signer];
	command->signer = by->key;
	command->agent->recent = by->key;
	const char *noted = audit_noted_credential(item);
	if (noted && strcmp(noted, by->key->id) != 0)
		WRONG(audit, item, command->id, "it is put down to another credential than signed it");
	if (by->unusable)
		WRONG(audit, item, command->id, "the key %s that signed it %s", by->key->id, by->unusable);
	if (item->hop && item->hop->key && !key_same_line(item->hop->key, by->key))
		WRONG(audit, item, command->id,
		      "it is signed by another key of %s than its principal chain names", command->agent->id);
}
