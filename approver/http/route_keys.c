/* route_keys.c: /v1/keys: people's own keys, with which they sign the beginning of a chain themselves.
 *
 * Only who is signed in can enrol a key for himself: an administrator who could do it for others could sign
 * as they.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/identity/people.h"
#include "approver/http/record.h"
#include "approver/http/routes.h"
#include "approver/command/writer.h"
#include "common/clock.h"
#include "common/jwk.h"
#include "common/log.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_EXPIRES_S = 365 * 86400, MAX_EXPIRES_S = 3660 * 86400, KEYS_PER_PERSON = 16 };

/* The object is left open. */
static void emit_key(struct buf *out, const struct key_row *row)
{
	buf_addf(out, "{\"id\":\"%s\"", row->id);
	record_text(out, "person", row->person);
	record_time(out, "issued", row->issued);
	record_time(out, "expires", row->expires);
	record_time(out, "revoked", row->revoked);
}

static void list_one(struct person_key *key, void *arg)
{
	struct buf *out = arg;
	struct key_row row;
	person_key_to_row(key, &row);
	if (out->data[out->len - 1] != '[')
		buf_addc(out, ',');
	emit_key(out, &row);
	buf_addc(out, '}');
}

bool route_keys_list(struct request *r)
{
	buf_adds(&r->out, "{\"keys\":[");
	people_each(r->server->people, list_one, &r->out);
	buf_adds(&r->out, "]}");
	return answer_json(r, 200);
}

/* ── changes ── */

struct key_work {
	struct work work;
	struct key_row row; /* its strings are id and person */
	char id[S256_LEN + 1], person[68], by[68];
	bool enrol, taken;
};

/* Was it ever enrolled?  true too when the store cannot say. */
static bool is_known(struct server *server, struct store_reader *reader, const char *id)
{
	return people_key(server->people, id) || registry_key_known(server->registry, reader, id) != 0;
}

static enum work_end apply(struct work *work, struct group *group)
{
	struct key_work *w = (struct key_work *)work;
	struct buf body BUF_AUTO = BUF_INIT;
	if (w->enrol && group->new_row)
		return WORK_AGAIN;
	w->taken = w->enrol && is_known(group->server, group->reader, w->id);
	if (w->taken)
		return WORK_DROPPED;
	group->new_row = group->new_row || w->enrol;
	group->taken_away = group->taken_away || !w->enrol;
	buf_addf(&body, "{\"key\":\"%s\"", w->id);
	record_text(&body, "person", w->person);
	record_time(&body, "expires", w->row.expires);
	record_text(&body, "operator", w->by);
	buf_addc(&body, '}');
	return body.failed || store_key_put(group->store, &w->row) ||
		       store_append(group->store, w->enrol ? EVENT_KEY_ENROLLED : EVENT_KEY_REVOKED,
				    group->now, w->id, body.data, body.len) < 0
		   ? WORK_FAILED
		   : WORK_KEPT;
}

static void done(struct work *work, struct group *group, enum work_end end)
{
	struct key_work *w = (struct key_work *)work;
	struct request *r = work->request;
	if (end == WORK_KEPT && people_put(group->server->people, &w->row))
		log_line(LOG_LEVEL_ERROR, "stored, but not in memory until the approver starts again", NULL);
	if (end == WORK_FAILED) {
		answer_unavailable(r);
	} else if (w->taken) {
		answer_problem(r, PROBLEM_CONFLICT, "this key was enrolled before");
	} else if (!w->enrol) {
		answer_empty(r);
	} else {
		emit_key(&r->out, &w->row);
		record_text(&r->out, "aud", r->server->settings.name);
		buf_addc(&r->out, '}');
		answer_json(r, 201);
	}
	free(w);
}

static bool push(struct request *r, const struct key_row *row, bool enrol)
{
	static const struct work_kind kind = {apply, done};
	struct key_work *w = calloc(1, sizeof *w);
	if (!w)
		return answer_unavailable(r);
	w->work.kind = &kind;
	w->work.request = r;
	w->row = *row;
	w->enrol = enrol;
	snprintf(w->id, sizeof w->id, "%s", row->id);
	snprintf(w->person, sizeof w->person, "%s", row->person);
	snprintf(w->by, sizeof w->by, "%s", r->operator_account->name);
	w->row.id = w->id;
	w->row.person = w->person;
	w->row.revoked_by = enrol ? NULL : w->by;
	request_suspend(r);
	writer_push(r->server->writer, &w->work);
	return false;
}

bool route_keys_add(struct request *r)
{
	static const char *const names[] = {"jwk", "expires_s", NULL};
	cJSON *json JSON_AUTO = request_json(r, names);
	if (!json)
		return true;
	int64_t expires_s = DEFAULT_EXPIRES_S, now = clock_wall_ms();
	char id[S256_LEN + 1];
	struct key_row row = {.id = id, .person = r->operator_account->name, .issued = now};
	if (!jwk_ed25519(json_object(json, "jwk"), row.key))
		return answer_problem(r, PROBLEM_MALFORMED, "jwk is not a usable Ed25519 public key");
	if (cJSON_HasObjectItem(json, "expires_s") &&
	    (!json_integer(json, "expires_s", &expires_s) || expires_s < 1 || expires_s > MAX_EXPIRES_S))
		return answer_problem(r, PROBLEM_MALFORMED, "expires_s is 1 to ten years of seconds");
	key_thumbprint(row.key, id);
	if (is_known(r->server, server_reader(r->server), id))
		return answer_problem(r, PROBLEM_CONFLICT, "this key was enrolled before");
	if (people_count(r->server->people, row.person, now) >= KEYS_PER_PERSON)
		return answer_problem(r, PROBLEM_CONFLICT, "you have 16 keys: revoke one first");
	row.expires = now + expires_s * 1000;
	return push(r, &row, true);
}

bool route_keys_revoke(struct request *r)
{
	const struct person_key *key = people_key(r->server->people, r->param);
	struct key_row row;
	if (!key)
		return answer_problem(r, PROBLEM_NOT_FOUND, "no such key");
	if (r->operator_account->role < ROLE_ADMIN && strcmp(r->operator_account->name, key->person) != 0)
		return answer_problem(r, PROBLEM_FORBIDDEN, "a key is revoked by its person or by an admin");
	if (key->revoked)
		return answer_empty(r);
	person_key_to_row(key, &row);
	row.revoked = clock_wall_ms();
	return push(r, &row, false);
}
