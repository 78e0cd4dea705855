/* check_permit.c: a decision: is it the approver's, for these bytes, the only one, and borne out by reviews
 * where it says so?
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/audit/state.h"
#include <string.h>

static bool reviewed_by(const struct audit_command *command, const char *name)
{
	const struct audit_review *review = command->reviews;
	while (review && strcmp(review->operator_name, name) != 0)
		review = review->next;
	return review != NULL;
}

static void check_reviewers(struct audit *audit, struct audit_item *item)
{
	const struct audit_command *command = item->command;
	const cJSON *name, *names = json_array(item->claims, "reviewers");
	const char *cause = json_string(item->claims, "cause");
	if (cause && strcmp(cause, "review") == 0 && cJSON_GetArraySize(names) == 0)
		WRONG(audit, item, command->id, "it was approved by review, and by nobody");
	cJSON_ArrayForEach(name, names)
	{
		if (!cJSON_IsString(name) || !reviewed_by(command, name->valuestring))
			audit_missing(audit, item, command->id,
				      "it names a reviewer whose approval is not in the log");
	}
}

static void check_binding(struct audit *audit, struct audit_item *item)
{
	const struct audit_command *command = item->command;
	const char *hash = json_string(item->claims, "command_s256"),
		   *agent = json_string(item->claims, "aud"),
		   *policy = json_string(item->claims, "policy_s256");
	int64_t index;
	if (!hash || strcmp(hash, command->s256) != 0)
		WRONG(audit, item, command->id, "its permit is for other bytes than were requested");
	if (!json_integer(item->claims, "log_index", &index) || index != item->entry.index)
		WRONG(audit, item, command->id, "its permit says that it is another entry of the log");
	if (command->agent && (!agent || strcmp(agent, command->agent->id) != 0))
		WRONG(audit, item, command->id, "its permit is for another agent");
	if (command->state != AUDIT_REQUESTED)
		WRONG(audit, item, command->id, "it is decided twice (before: entry %lld)",
		      (long long)command->decided_index);
	if (!policy || !map_get(&audit->policies, policy))
		audit_missing(audit, item, command->id, "it was decided by a policy that was never loaded");
}

void check_permit(struct audit *audit, struct audit_item *item)
{
	const char *id = json_string(item->claims, "id"), *verdict = json_string(item->claims, "verdict");
	bool approved = verdict && strcmp(verdict, "approved") == 0;
	audit->counts.permits++;
	item->by_approver = true;
	item->command = id ? map_get(&audit->commands, id) : NULL;
	if (!approved && (!verdict || strcmp(verdict, "denied") != 0))
		WRONG(audit, item, id, "its permit has no verdict");
	if (!item->command) {
		audit_missing(audit, item, id, "it was decided, and never requested");
		return;
	}
	check_binding(audit, item);
	if (item->command->state != AUDIT_REQUESTED)
		return;
	if (approved)
		check_reviewers(audit, item);
	*(approved ? &audit->counts.approved : &audit->counts.denied) += 1;
	item->command->state = approved ? AUDIT_APPROVED : AUDIT_DENIED;
	item->command->decided_index = item->entry.index;
	item->command->decided_ms = item->leaf.ms;
}

void conclude_permit(struct audit *audit, struct audit_item *item)
{
	if (item->by_approver && audit->approver && item->signer != SIGNED_BY_APPROVER)
		WRONG(audit, item, json_string(item->claims, "id"),
		      "its permit is not signed by the approver's key");
	const char *noted = audit_noted_credential(item);
	if (noted && item->command && item->command->signer && strcmp(noted, item->command->signer->id) != 0)
		WRONG(audit, item, item->command->id, "it is put down to another credential than signed it");
}
