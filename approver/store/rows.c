/* rows.c: the names of events, and the memory of rows.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/sqlite.h"
#include <stdlib.h>
#include <string.h>

const char *event_kind_name(enum event_kind kind)
{
	static const char *const names[EVENT_KINDS] = {
	    [EVENT_LOG_STARTED] = "log_started",
	    [EVENT_LOG_STOPPED] = "log_stopped",
	    [EVENT_COMMAND_REQUESTED] = "command_requested",
	    [EVENT_COMMAND_DECIDED] = "command_decided",
	    [EVENT_COMMAND_OUTCOME] = "command_outcome",
	    [EVENT_COMMAND_UNKNOWN] = "command_unknown",
	    [EVENT_REVIEW] = "review",
	    [EVENT_AGENT_ADDED] = "agent_added",
	    [EVENT_AGENT_DISABLED] = "agent_disabled",
	    [EVENT_CREDENTIAL_ISSUED] = "credential_issued",
	    [EVENT_CREDENTIAL_REVOKED] = "credential_revoked",
	    [EVENT_POLICY_LOADED] = "policy_loaded",
	    [EVENT_OPERATOR_SIGN_IN] = "operator_sign_in",
	    [EVENT_OPERATOR_CHANGED] = "operator_changed",
	    [EVENT_MODEL_CHANGED] = "model_changed",
	    [EVENT_REFUSED] = "refused",
	    [EVENT_DELEGATION] = "delegation",
	    [EVENT_DELEGATION_REVOKED] = "delegation_revoked",
	    [EVENT_KEY_ENROLLED] = "key_enrolled",
	    [EVENT_KEY_REVOKED] = "key_revoked",
	    [EVENT_CREDENTIAL_ROTATED] = "credential_rotated",
	    [EVENT_ALERT] = "alert",
	    [EVENT_KILL] = "kill",
	    [EVENT_UNKILL] = "unkill",
	    [EVENT_UNMASKED] = "unmasked",
	    [EVENT_NOTED] = "noted",
	    [EVENT_ENTRIES_ARCHIVED] = "entries_archived",
	};
	return kind < EVENT_KINDS && names[kind] ? names[kind] : "unknown";
}

const char *command_state_name(enum command_state state)
{
	static const char *const names[] = {"pending", "approved", "denied", "exited", "lost"};
	return names[state];
}

void command_row_finish(struct command_row *row)
{
#define FREE(name) free(row->name);
#define LEAVE(name)
	COMMAND_COLUMNS(FREE, FREE, LEAVE, FREE)
	memset(row, 0, sizeof *row);
}

void agent_row_finish(struct agent_row *row)
{
	free(row->id);
	free(row->owner);
	memset(row, 0, sizeof *row);
}

void credential_row_finish(struct credential_row *row)
{
	free(row->id);
	free(row->agent);
	free(row->issued_by);
	free(row->revoked_by);
	free(row->replaces);
	free(row->source);
	memset(row, 0, sizeof *row);
}

void operator_row_finish(struct operator_row *row)
{
	free(row->name);
	free(row->role);
	free(row->token_s256);
	memset(row, 0, sizeof *row);
}

char *column_text(sqlite3_stmt *statement, int column)
{
	const char *value = (const char *)sqlite3_column_text(statement, column);
	return value ? strdup(value) : NULL;
}
