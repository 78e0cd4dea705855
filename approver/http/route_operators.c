/* route_operators.c: the people who may look, review and administer.
 *
 * A token is shown once, when it is made, and kept as its SHA-256.  Removing an operator disables the entry:
 * the log still names who once reviewed what.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/http/record.h"
#include "approver/http/routes.h"
#include "approver/identity/row_work.h"
#include "common/clock.h"
#include "common/codec.h"
#include "common/json.h"
#include "common/secure.h"
#include "common/text.h"
#include <string.h>

static void list_one(struct operator_account *o, void *arg)
{
	struct buf *out = arg;
	if (o->disabled)
		return;
	if (out->data[out->len - 1] != '[')
		buf_addc(out, ',');
	buf_adds(out, "{\"name\":");
	json_add_string(out, o->name, strlen(o->name));
	record_text(out, "role", role_name((enum role)o->role));
	record_time(out, "created", o->created);
	buf_addc(out, '}');
}

bool route_operators_list(struct request *r)
{
	buf_adds(&r->out, "{\"operators\":[");
	registry_operators(r->server->registry, list_one, &r->out);
	buf_adds(&r->out, "]}");
	return answer_json(r, 200);
}

static void answer_operator(struct request *r, const struct row_change *change)
{
	buf_adds(&r->out, "{\"name\":");
	json_add_string(&r->out, change->row.account.name, strlen(change->row.account.name));
	record_text(&r->out, "role", change->row.account.role);
	record_text(&r->out, "token", change->context);
	buf_addc(&r->out, '}');
	answer_json(r, 201);
}

static void describe(struct buf *out, const char *name, const char *role, bool removed, const char *by)
{
	buf_addf(out, "{\"change\":\"operator_%s\",\"name\":", removed ? "removed" : "added");
	json_add_string(out, name, strlen(name));
	record_text(out, "role", role);
	record_text(out, "operator", by);
	buf_addc(out, '}');
}

bool route_operators_add(struct request *r)
{
	static const char *const names[] = {"name", "role", NULL};
	cJSON *json JSON_AUTO = request_json(r, names);
	if (!json)
		return true;
	const char *name = json_string(json, "name"), *role = json_string(json, "role");
	if (!name || !name_valid(name))
		return answer_problem(
		    r, PROBLEM_MALFORMED,
		    "a name is 1 to 64 of A-Z a-z 0-9 . _ - @, beginning with a letter or digit");
	if (role_parse(role) == ROLE_NOBODY)
		return answer_problem(r, PROBLEM_MALFORMED, "role is viewer, reviewer or admin");
	unsigned char random[KEY_BYTES];
	char hash[S256_LEN + 1];
	struct buf token = BUF_INIT;
	secure_random(random, sizeof random);
	base64url_encode(&token, random, sizeof random);
	secure_wipe(random, sizeof random);
	s256(token.data, token.len, hash);
	struct row_change change = {.kind = ROW_OPERATOR,
				    .must_be_new = true,
				    .event = EVENT_OPERATOR_CHANGED,
				    .subject = name,
				    .answer = answer_operator,
				    .context = buf_take(&token)};
	change.row.account = (struct operator_row){.name = (char *)(uintptr_t)name,
						   .role = (char *)(uintptr_t)role,
						   .token_s256 = hash,
						   .created = clock_wall_ms()};
	describe(&change.body, name, role, false, r->operator_account->name);
	row_change_push(r->server, &change, r);
	return false;
}

bool route_operators_remove(struct request *r)
{
	struct operator_account *o = registry_operator(r->server->registry, r->param);
	if (!o || o->disabled)
		return answer_problem(r, PROBLEM_NOT_FOUND, "no such operator");
	if (o == r->operator_account)
		return answer_problem(r, PROBLEM_CONFLICT, "you cannot remove yourself");
	struct row_change change = {
	    .kind = ROW_OPERATOR, .event = EVENT_OPERATOR_CHANGED, .subject = o->name};
	change.row.account = (struct operator_row){.name = o->name,
						   .role = (char *)(uintptr_t)role_name((enum role)o->role),
						   .token_s256 = o->token_s256,
						   .created = o->created,
						   .disabled = true};
	describe(&change.body, o->name, role_name((enum role)o->role), true, r->operator_account->name);
	row_change_push(r->server, &change, r);
	return false;
}
