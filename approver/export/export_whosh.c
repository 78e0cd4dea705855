/* export_whosh.c: see export_whosh.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/export/export_whosh.h"

/* What only the harness or the host's broker says is never told as if it were proven. */
static void put_claimed(struct buf *out, const struct export_item *item)
{
	const struct command_row *row = &item->row;
	bool delegated = json_string(json_object(item->detail, "delegation"), "by") != NULL;
	put_open(out, "claimed", '[');
	if (row->agent_version)
		put_text(out, NULL, "agent_version");
	if (row->model)
		put_text(out, NULL, "model");
	if (row->task && !delegated)
		put_text(out, NULL, "task");
	if (row->parent)
		put_text(out, NULL, "parent");
	put_close(out, ']');
}

void put_whosh_marks(struct buf *out, const struct export_item *item)
{
	if (item->masked)
		put_bool(out, "masked", true);
	if (item->cut)
		put_bool(out, "cut", true);
}

void put_whosh_command(struct buf *out, const struct export_item *item)
{
	const struct command_row *row = &item->row;
	put_text(out, "agent", row->agent);
	put_text(out, "agent_version", row->agent_version);
	put_text(out, "credential", row->credential);
	put_text(out, "session", row->session);
	put_int(out, "seq", row->seq);
	put_text(out, "parent", row->parent);
	put_text(out, "human", row->human);
	put_text(out, "model", row->model);
	put_text(out, "task", row->task);
	put_raw(out, "chain", row->chain);
	put_claimed(out, item);
	put_text(out, "cwd", row->cwd);
	put_text(out, "mode", row->mode);
	put_text(out, "state", command_state_name(row->state));
	put_text(out, "verdict", row->verdict);
	put_text(out, "cause", row->cause);
	put_text(out, "rule", row->rule);
	put_text(out, "policy", row->policy);
	put_raw(out, "reviewers", row->reviewers);
	put_text(out, "reason", row->reason);
	put_text(out, "outcome", row->outcome);
	put_text(out, "outcome_reason", row->outcome_reason);
	put_text(out, "signal", row->signal);
	put_int(out, "log_index", row->log_index);
	put_whosh_marks(out, item);
}
