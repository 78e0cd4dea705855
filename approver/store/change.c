/* change.c: changes of tables, made and noted, or made again from their notes.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/change.h"
#include "approver/store/leaf.h"
#include "common/codec.h"
#include "common/json.h"
#include "common/log.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct change_form {
	enum statement statement;
	const char *name;
	/* Of the parameters, in order, each with its type: t text, m name, n number, b bytes (base64url). */
	const char *columns[17];
};

static const struct change_form kinds[] = {
    {ST_SESSION_PUT, "session", {"tid", "tagent", "tcredential", "nseq", "tmodel", "twas", "thanded"}},
    {ST_COMMAND_DECIDE,
     "decide",
     {"nstate", "mverdict", "mcause", "mrule", "mpolicy", "treason", "mreviewers", "ndecided", "nlog_index",
      "tid"}},
    {ST_COMMAND_OUTCOME,
     "outcome",
     {"nstate", "nhas_exit", "nexit", "msignal", "moutcome", "moutcome_reason", "nstarted", "nended", "tid"}},
    {ST_REVIEW_ADD, "review", {"tcommand", "toperator", "nms"}},
    {ST_AGENT_PUT, "agent", {"tid", "towner", "ncreated", "ndisabled", "ndelegated"}},
    {ST_CREDENTIAL_PUT,
     "credential",
     {"tid", "tagent", "bkey", "nissued", "nnot_before", "nexpires", "nrevoked", "nlast_used", "tissued_by",
      "trevoked_by", "treplaces", "tsource"}},
    {ST_OPERATOR_PUT, "operator", {"tname", "trole", "ttoken_s256", "ncreated", "ndisabled"}},
    {ST_POLICY_PUT, "policy", {"ts256", "btext", "nms", "tby"}},
    {ST_HOP_PUT,
     "hop",
     {"tid", "thash", "ts256", "tparent", "tissuer", "thuman", "tagent", "ttask", "tsigner", "ndepth",
      "nissued", "nexpires", "nrevoked", "nlog_index", "trevoked_by"}},
    {ST_HOP_REVOKE, "hop_revoke", {"nrevoked", "trevoked_by", "tid"}},
    {ST_KEY_PUT, "key", {"tid", "tperson", "bkey", "nissued", "nexpires", "nrevoked", "trevoked_by"}},
    {ST_EXCHANGE_PUT, "exchange", {"ttoken", "tissuer", "tjti", "tcredential", "nuntil"}},
    {ST_EXCHANGE_REPLAYED, "exchange_replayed", {"ttoken", "tissuer", "tjti"}},
    {ST_EXCHANGES_DROP, "exchanges_drop", {"nuntil"}},
    {ST_KILL_PUT, "kill", {"tid", "tkind", "tname", "treason", "tby", "nts", "nexpires"}},
    {ST_KILL_LIFT, "kill_lift", {"nlifted", "tlifted_by", "tid"}},
    {ST_KILL_REACHED, "kill_reached", {"nms", "tcommand", "tkill"}},
    {ST_KILL_TOLD, "kill_told", {"nms", "tcommand"}},
    {ST_KILL_ACKNOWLEDGED, "kill_acknowledged", {"nms", "tcommand"}},
    {ST_KILL_LEFT, "kill_left", {"nms", "tcommand"}},
    {ST_KILL_OVER, "kill_over", {"nms", "tcommand"}},
    {ST_KILL_LAPSED, "kill_lapsed", {"nms", "tcommand"}},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static void note_name(struct change *change)
{
	struct buf *out = &change->store->pending.rows;
	const char *column = change->kind->columns[change->at - 1];
	buf_adds(out, out->data[out->len - 1] == '{' ? "\"" : ",\"");
	buf_adds(out, column + 1);
	buf_adds(out, "\":");
}

static bool noted(const struct change *change)
{
	return !change->store->replaying && !change->store->pending.rows.failed;
}

void change_begin(struct change *change, struct store *store, enum statement which)
{
	const struct change_form *kind = kinds;
	struct buf *out = &store->pending.rows;
	while (kind->statement != which)
		kind++;
	*change = (struct change){store, statement_use(store, which), kind, 0, out->len, false};
	if (store->replaying)
		return;
	buf_adds(out, out->len ? ",[\"" : "[\"");
	buf_adds(out, kind->name);
	buf_adds(out, "\",{");
}

void change_text(struct change *change, const char *value)
{
	sqlite3_bind_text(change->statement, ++change->at, value, -1, SQLITE_STATIC);
	if (!value || !noted(change))
		return;
	note_name(change);
	json_add_string(&change->store->pending.rows, value, strlen(value));
}

void change_name(struct change *change, const char *value)
{
	int64_t number = name_number(change->store, value);
	change_text(change, value);
	sqlite3_bind_int64(change->statement, change->at, number);
	change->failed = change->failed || number < 0;
}

void change_number(struct change *change, int64_t value)
{
	sqlite3_bind_int64(change->statement, ++change->at, value);
	if (!value || !noted(change))
		return;
	note_name(change);
	buf_add_integer(&change->store->pending.rows, value);
}

void change_bytes(struct change *change, const void *bytes, size_t len)
{
	sqlite3_bind_blob64(change->statement, ++change->at, bytes ? bytes : "", len, SQLITE_STATIC);
	if (!noted(change))
		return;
	note_name(change);
	buf_addc(&change->store->pending.rows, '"');
	base64url_encode(&change->store->pending.rows, bytes, len);
	buf_addc(&change->store->pending.rows, '"');
}

int change_make(struct change *change, const char *what)
{
	struct store *store = change->store;
	struct buf *out = &store->pending.rows;
	if (change->failed || statement_finish(store, change->statement, what))
		return -1;
	int changes = sqlite3_changes(store->db);
	if (store->replaying)
		return changes;
	buf_adds(out, "}]");
	if (!changes)
		pending_cut(out, change->mark);
	return changes;
}

void change_signed(struct change *change, bool by_message)
{
	struct buf *out = &change->store->pending.rows;
	if (!by_message || change->store->replaying || out->len <= change->mark)
		return;
	pending_cut(out, change->mark);
	buf_addf(out, "%s[\"%s\"]", out->len ? "," : "", change->kind->name);
}

/* ── again ─────────────────────────────────────────────────────────────────────────────────────────────── */

static bool bind(struct change *change, const char *column, const cJSON *values, struct buf *bytes)
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(values, column + 1);
	int64_t number = 0;
	if (*column == 'n') {
		if (value && !json_integer(values, column + 1, &number))
			return false;
		change_number(change, number);
		return true;
	}
	if (value && !cJSON_IsString(value))
		return false;
	if (*column == 't') {
		change_text(change, value ? value->valuestring : NULL);
		return true;
	}
	if (*column == 'm') {
		change_name(change, value ? value->valuestring : NULL);
		return true;
	}
	if (value && !base64url_decode(bytes, value->valuestring, strlen(value->valuestring)))
		return false;
	change_bytes(change, bytes->data, bytes->len);
	return !bytes->failed;
}

int change_again(struct store *store, const char *name, const cJSON *values)
{
	struct buf bytes BUF_AUTO = BUF_INIT;
	for (int i = 0; i < KINDS; i++) {
		if (strcmp(name, kinds[i].name) != 0)
			continue;
		struct change change;
		change_begin(&change, store, kinds[i].statement);
		for (const char *const *column = kinds[i].columns; *column; column++)
			if (!bind(&change, *column, values, &bytes))
				return -1;
		return change_make(&change, "a change is made again") < 0 ? -1 : 0;
	}
	return -1;
}
