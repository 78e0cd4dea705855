/* check_outcome.c: how a command ended: told by the key that asked, of the same bytes, once, of something
 * that was approved.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/audit/state.h"
#include <string.h>

/* What the outcome makes of the command. */
static void take(struct audit *audit, struct audit_item *item)
{
	struct audit_command *command = item->command;
	const char *outcome = json_string(item->claims, "outcome");
	bool ran = outcome && (strcmp(outcome, "exited") == 0 || strcmp(outcome, "signaled") == 0);
	if (!ran && (!outcome || (strcmp(outcome, "not_run") != 0 && strcmp(outcome, "lost") != 0)))
		WRONG(audit, item, command->id, "its outcome is none");
	switch (command->state) {
	case AUDIT_APPROVED:
	case AUDIT_UNKNOWN: /* a broker that was away came back */
		command->state = AUDIT_ENDED;
		return;
	case AUDIT_ENDED:
		WRONG(audit, item, command->id, "how it ended is told twice");
		return;
	case AUDIT_REQUESTED:
	case AUDIT_DENIED:
		if (ran)
			WRONG(audit, item, command->id, "it has run, and was never approved");
		return;
	}
}

void check_outcome(struct audit *audit, struct audit_item *item)
{
	const char *id = json_string(item->claims, "command"),
		   *hash = json_string(item->claims, "command_s256"),
		   *agent = json_string(item->claims, "sub");
	audit->counts.outcomes++;
	item->command = id ? map_get(&audit->commands, id) : NULL;
	if (!item->command) {
		audit_missing(audit, item, id, "it ended, and was never requested");
		return;
	}
	audit_audience(audit, item, id, json_string(item->claims, "aud"));
	if (!hash || strcmp(hash, item->command->s256) != 0)
		WRONG(audit, item, id, "its outcome is of other bytes than were requested");
	struct audit_agent *asked = item->command->agent;
	if (asked && (!agent || strcmp(agent, asked->id) != 0))
		WRONG(audit, item, id, "its outcome is from another agent");
	take(audit, item);
	if (item->command->signer)
		audit_candidate(audit, item, item->command->signer);
	else if (asked)
		audit_candidates(audit, item, asked);
}

void conclude_outcome(struct audit *audit, struct audit_item *item)
{
	const struct audit_command *command = item->command;
	if (!command || !item->n)
		return;
	if (item->signer < 0 || (command->signer && item->candidates[item->signer].key != command->signer))
		WRONG(audit, item, command->id, "its outcome is not signed by the key that asked");
}
