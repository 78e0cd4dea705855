/* check_statement.c: what the approver itself says in an entry, without anybody else's signature.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/audit/state.h"
#include "common/codec.h"
#include <stdlib.h>
#include <string.h>

/* The key that permits are signed with from here on: it must be the one that is known. */
static void log_started(struct audit *audit, struct audit_item *item)
{
	const char *text = json_string(item->leaf.body, "approver_key"),
		   *name = json_string(item->leaf.body, "name");
	struct buf bytes BUF_AUTO = BUF_INIT;
	if (name && strcmp(name, audit->settings.name) != 0)
		WRONG(audit, item, NULL, "the log is another approver's from here on: %s", name);
	if (!text)
		return;
	if (!base64url_decode(&bytes, text, strlen(text)) || bytes.len != KEY_BYTES) {
		WRONG(audit, item, NULL, "the approver's key is none");
		return;
	}
	if (!audit->approver) {
		memcpy(audit->approver_bytes, bytes.data, KEY_BYTES);
		audit->approver = public_key_new(audit->approver_bytes);
		if (!audit->approver)
			WRONG(audit, item, NULL, "the approver's key is none");
	} else if (memcmp(audit->approver_bytes, bytes.data, KEY_BYTES) != 0) {
		WRONG(audit, item, NULL, "the approver that was started has another key than %s",
		      audit->settings.approver_key ? "the one given" : "the one before");
	}
}

static void review(struct audit *audit, struct audit_item *item, struct audit_command *command)
{
	const char *by = json_string(item->leaf.body, "operator"),
		   *verdict = json_string(item->leaf.body, "verdict");
	audit->counts.reviews++;
	if (command->state != AUDIT_REQUESTED)
		WRONG(audit, item, command->id, "it was reviewed after it had been decided");
	if (!by || !verdict || strcmp(verdict, "approve") != 0)
		return;
	struct audit_review *made = malloc(sizeof *made + strlen(by) + 1);
	if (!made) {
		audit->failed = true;
		return;
	}
	strcpy(made->operator_name, by);
	made->next = command->reviews;
	command->reviews = made;
}

static void unknown(struct audit *audit, struct audit_item *item, struct audit_command *command)
{
	audit->counts.unknown++;
	if (command->state == AUDIT_APPROVED)
		command->state = AUDIT_UNKNOWN;
	else
		WRONG(audit, item, command->id, "it is given up as lost, and was not running");
}

static void of_command(struct audit *audit, struct audit_item *item)
{
	const char *id = json_string(item->leaf.body, "command");
	struct audit_command *command = id ? map_get(&audit->commands, id) : NULL;
	bool is_review = item->leaf.kind == LEAF_REVIEW;
	if (!command)
		audit_missing(audit, item, id,
			      is_review ? "it was reviewed, and never requested"
					: "it is given up as lost, and was never requested");
	else if (is_review)
		review(audit, item, command);
	else
		unknown(audit, item, command);
}

static void policy_loaded(struct audit *audit, struct audit_item *item)
{
	const char *text = json_string(item->leaf.body, "text"),
		   *named = json_string(item->leaf.body, "policy_s256");
	char hash[S256_LEN + 1];
	if (!text || !named) {
		WRONG(audit, item, NULL, "a policy without its text or its hash");
		return;
	}
	s256(text, strlen(text), hash);
	if (strcmp(hash, named) != 0)
		WRONG(audit, item, NULL, "the policy's text is not what its hash says");
	if (map_get(&audit->policies, named))
		return;
	char *kept = strdup(named);
	if (!kept || !map_put(&audit->policies, kept, kept)) {
		audit->failed = true;
		free(kept);
	}
}

static void delegation_revoked(struct audit *audit, struct audit_item *item)
{
	const char *id = json_string(item->leaf.body, "delegation");
	struct audit_hop *hop = map_get(&audit->hops_by_id, id ? id : "");
	if (hop)
		hop->revoked = true;
	else
		audit_missing(audit, item, NULL, "a delegation is revoked that was never made");
}

static void entries_archived(struct audit *audit, struct audit_item *item)
{
	int64_t to;
	if (!json_integer(item->leaf.body, "to", &to) || to < 0 || to >= item->leaf.n)
		WRONG(audit, item, NULL, "entries are said to be archived, but not which");
	else if (to + 1 > audit->counts.archived)
		audit->counts.archived = to + 1;
}

void check_statement(struct audit *audit, struct audit_item *item)
{
	const char *subject = item->leaf.subject;
	switch (item->leaf.kind) {
	case LEAF_LOG_STARTED:
		log_started(audit, item);
		return;
	case LEAF_ENTRIES_ARCHIVED:
		entries_archived(audit, item);
		return;
	case LEAF_REVIEW:
	case LEAF_COMMAND_UNKNOWN:
		of_command(audit, item);
		return;
	case LEAF_POLICY_LOADED:
		policy_loaded(audit, item);
		return;
	case LEAF_DELEGATION_REVOKED:
		delegation_revoked(audit, item);
		return;
	case LEAF_AGENT_DISABLED:
		if (subject)
			keyring_disable(&audit->ring, subject);
		return;
	case LEAF_CREDENTIAL_REVOKED:
	case LEAF_KEY_REVOKED:
		if (subject)
			keyring_revoke(&audit->ring, subject, item->leaf.ms);
		return;
	default:
		return;
	}
}
