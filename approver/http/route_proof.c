/* route_proof.c: GET /v1/audit/ID/proof: one command's evidence for an auditor to keep; see audit/proof.h.
 *
 * It holds the signed bytes, which may hold secrets: for reviewers and admins.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/audit/proof.h"
#include "approver/http/routes.h"
#include "approver/log/log.h"
#include "common/io.h"
#include "common/log.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

enum { VKEY_MAX = 1024 };

static int read_log(void *arg, const char *path, struct buf *out)
{
	struct log *log = arg;
	static const char blob[] = "blob/hh/";
	int found = strncmp(path, blob, 5) == 0 ? log_blob_read(log, path + sizeof blob - 1, out)
						: log_file(log, path, out);
	return found == LOG_ARCHIVED ? 0 : found;
}

/* ── which entries ────────────────────────────────────────────────────────────────────────────────────── */

struct gathering {
	struct store_reader *reader;
	struct proof_entries *entries;
	enum event_kind kinds[2]; /* of those about the subject, these two; the first of them alone */
	int64_t found, before;
	bool last; /* the last before `before` instead */
	bool failed;
};

static bool every(int64_t index, enum event_kind kind, int64_t ms, const char *body, size_t len, void *arg)
{
	struct gathering *g = arg;
	(void)ms;
	(void)body;
	(void)len;
	/* A delegation's ID is its signer's to choose. */
	if (kind != EVENT_DELEGATION && kind != EVENT_DELEGATION_REVOKED)
		proof_entry(g->entries, index);
	return true;
}

static bool chosen(int64_t index, enum event_kind kind, int64_t ms, const char *body, size_t len, void *arg)
{
	struct gathering *g = arg;
	(void)ms;
	(void)body;
	(void)len;
	if ((kind != g->kinds[0] && kind != g->kinds[1]) || (g->last && index >= g->before))
		return true;
	g->found = index;
	return g->last;
}

/* The one entry about `subject` that brought it. */
static void add_origin(struct gathering *g, const char *subject, enum event_kind kind,
		       enum event_kind or_kind)
{
	g->kinds[0] = kind;
	g->kinds[1] = or_kind;
	g->found = -1;
	if (!subject)
		return;
	if (store_events_of(g->reader, subject, chosen, g))
		g->failed = true;
	if (g->found >= 0)
		proof_entry(g->entries, g->found);
}

static void add_key(struct gathering *g, const char *id)
{
	add_origin(g, id, EVENT_CREDENTIAL_ISSUED, EVENT_CREDENTIAL_ROTATED);
	if (id && g->found < 0)
		add_origin(g, id, EVENT_KEY_ENROLLED, EVENT_KEY_ENROLLED);
}

static bool gather(struct gathering *g, const struct command_row *row)
{
	cJSON *chain JSON_AUTO = row->chain ? json_parse(row->chain, strlen(row->chain), NULL) : NULL;
	const cJSON *principal;
	proof_entry(g->entries, 0); /* it names the approver's key */
	if (store_events_of(g->reader, row->id, every, g))
		return false;
	add_key(g, row->credential);
	cJSON_ArrayForEach(principal, chain)
	{
		add_origin(g, json_string(principal, "hop"), EVENT_DELEGATION, EVENT_DELEGATION);
		add_key(g, json_string(principal, "credential"));
		add_key(g, json_string(principal, "signer"));
	}
	g->last = true;
	g->before = row->log_index;
	add_origin(g, row->policy, EVENT_POLICY_LOADED, EVENT_POLICY_LOADED);
	proof_sort(g->entries);
	return !g->failed && !g->entries->failed;
}

/* ── the answer ───────────────────────────────────────────────────────────────────────────────────────── */

static void read_vkey(const struct server *server, struct buf *vkey)
{
	struct buf path BUF_AUTO = BUF_INIT;
	buf_addf(&path, "%s/log.vkey", server->settings.dir);
	if (path.failed || read_file(path.data, VKEY_MAX, vkey) != 0)
		buf_clear(vkey);
	if (vkey->len)
		vkey->data[strcspn(vkey->data, "\n")] = '\0';
}

static bool answer_proof(struct request *r, const struct proof_entries *entries)
{
	struct log_source source = {read_log, r->server->log};
	struct signed_checkpoint checkpoint = {0};
	struct buf note BUF_AUTO = BUF_INIT, vkey BUF_AUTO = BUF_INIT;
	const char *why = "it cannot be read";
	char *error = NULL;
	read_vkey(r->server, &vkey);
	bool good =
	    log_checkpoint(r->server->log, &note) == 0 &&
	    signed_read(&checkpoint, note.data, note.len, &why) &&
	    proof_make(&r->out, &source, &checkpoint, r->param, entries, vkey.len ? vkey.data : NULL, &error);
	signed_finish(&checkpoint);
	if (!good)
		log_line(LOG_LEVEL_WARNING, "a command cannot be proved", "id", r->param, "reason",
			 error ? error : why, NULL);
	free(error);
	return good ? answer_json(r, 200)
		    : answer_problem(r, PROBLEM_NOT_FOUND,
				     "it cannot be proved any more: a part of the log that it needs is gone");
}

bool route_audit_proof(struct request *r)
{
	struct store_reader *reader = server_reader(r->server);
	struct command_row row;
	struct proof_entries entries = {0};
	int found = !uuid_valid(r->param) ? 0 : reader ? store_command(reader, r->param, &row) : -1;
	if (found < 0)
		return answer_unavailable(r);
	if (!found)
		return answer_problem(r, PROBLEM_NOT_FOUND, "no such command");
	struct gathering g = {.reader = reader, .entries = &entries};
	bool gathered = gather(&g, &row);
	command_row_finish(&row);
	bool answered = gathered ? answer_proof(r, &entries) : answer_unavailable(r);
	proof_entries_finish(&entries);
	return answered;
}
