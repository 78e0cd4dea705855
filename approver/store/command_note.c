/* command_note.c: a command's row as a leaf notes it.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/command_note.h"
#include "approver/store/sqlite.h"
#include "common/codec.h"
#include "common/json.h"
#include <string.h>

/* Which message says a column: the part of column C is P_C. */
enum part {
	OWN,
	REQUEST,
	TASK,
	DETAIL,
	DECISION,
	CHAIN,
	P_id = REQUEST,
	P_ts = OWN,
	P_agent = REQUEST,
	P_agent_version = REQUEST,
	P_credential = OWN,
	P_session = REQUEST,
	P_parent = REQUEST,
	P_human = OWN,
	P_seq = DECISION,
	P_chain = CHAIN,
	P_chain_since = OWN,
	P_model = REQUEST,
	P_task = TASK,
	P_user = REQUEST,
	P_host = REQUEST,
	P_cwd = REQUEST,
	P_mode = REQUEST,
	P_line = REQUEST,
	P_detail = DETAIL,
	P_state = DECISION,
	P_verdict = DECISION,
	P_cause = DECISION,
	P_rule = DECISION,
	P_policy = DECISION,
	P_reason = DECISION,
	P_reviewers = DECISION,
	P_reviewers_needed = OWN,
	P_not_in_chain = OWN,
	P_expires = OWN,
	P_decided = DECISION,
	P_has_exit = OWN,
	P_exit = OWN,
	P_signal = OWN,
	P_outcome = OWN,
	P_outcome_reason = OWN,
	P_started = OWN,
	P_ended = OWN,
	P_log_index = DECISION,
	P_command_s256 = REQUEST,
	P_live_tail = REQUEST
};

static bool noted(const struct command_row *row, enum part part)
{
	switch (part) {
	case REQUEST:
		return !(row->as_signed & ROW_REQUEST);
	case TASK:
		return !(row->as_signed & ROW_TASK);
	case DETAIL:
		return !(row->as_signed & ROW_DETAIL);
	case CHAIN:
		return !row->chain_since;
	case DECISION:
		return !(row->as_signed & ROW_DECISION);
	default:
		return true;
	}
}

static void add_name(struct buf *out, const char *column)
{
	buf_adds(out, out->data && out->data[out->len - 1] == '{' ? "\"" : ",\"");
	buf_adds(out, column);
	buf_adds(out, "\":");
}

static void note_text(struct buf *out, const char *column, const char *value)
{
	if (!value)
		return;
	add_name(out, column);
	json_add_string(out, value, strlen(value));
}

static void note_number(struct buf *out, const char *column, int64_t value)
{
	if (!value)
		return;
	add_name(out, column);
	buf_add_integer(out, value);
}

static void note_bytes(struct buf *out, const char *column, const void *bytes, size_t len)
{
	add_name(out, column);
	buf_addc(out, '"');
	base64url_encode(out, bytes, len);
	buf_addc(out, '"');
}

void command_note(struct buf *rows, const struct command_row *row)
{
	bool request = row->as_signed & ROW_REQUEST, decision = row->as_signed & ROW_DECISION;
	buf_addf(rows, "%s[\"%s\",{", rows->len ? "," : "",
		 request && decision ? "answered"
		 : request           ? "asked"
				     : "command");
#define NOTE_TEXT(column)                                                                                    \
	if (noted(row, P_##column))                                                                          \
		note_text(rows, #column, row->column);
#define NOTE_NUMBER(column)                                                                                  \
	if (noted(row, P_##column))                                                                          \
		note_number(rows, #column, (int64_t)row->column);
#define NOTE_BYTES(column)                                                                                   \
	if (noted(row, P_##column))                                                                          \
		note_bytes(rows, #column, row->column, row->column##_len);
	COMMAND_COLUMNS(NOTE_TEXT, NOTE_TEXT, NOTE_NUMBER, NOTE_BYTES)
	buf_adds(rows, "}]");
}

static bool get_text(const cJSON *note, const char *column, char **into)
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(note, column);
	if (value && !cJSON_IsString(value))
		return false;
	if (value)
		*into = value->valuestring;
	return true;
}

static bool get_number(const cJSON *note, const char *column, int64_t *into)
{
	return !cJSON_GetObjectItemCaseSensitive(note, column) || json_integer(note, column, into);
}

static bool get_bytes(const cJSON *note, const char *column, struct buf *bytes, char **into, size_t *len)
{
	const char *text = json_string(note, column);
	if (!text)
		return !cJSON_GetObjectItemCaseSensitive(note, column);
	if (!base64url_decode(bytes, text, strlen(text)))
		return false;
	*into = bytes->data;
	*len = bytes->len;
	return !bytes->failed;
}

bool command_noted(struct command_row *row, const cJSON *note, struct buf *bytes)
{
	bool good = cJSON_IsObject(note);
#define GET_NOTED_TEXT(column) good = good && get_text(note, #column, &row->column);
#define GET_NOTED_NUMBER(column)                                                                             \
	{                                                                                                    \
		int64_t number = (int64_t)row->column;                                                       \
		good = good && get_number(note, #column, &number);                                           \
		row->column = (__typeof__(row->column))number;                                               \
	}
#define GET_NOTED_BYTES(column)                                                                              \
	good = good && get_bytes(note, #column, bytes, &row->column, &row->column##_len);
	COMMAND_COLUMNS(GET_NOTED_TEXT, GET_NOTED_TEXT, GET_NOTED_NUMBER, GET_NOTED_BYTES)
	return good;
}
