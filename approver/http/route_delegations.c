/* route_delegations.c: /v1/delegations: a hop is logged when it is made.
 *
 *     POST   /v1/delegations         a hop that proves itself by its signature
 *     POST   /v1/delegations/start   a signed-in person begins a chain; the approver attests it
 *     GET    /v1/delegations         those that are good now
 *     DELETE /v1/delegations/JTI     no more of this one, nor of what came of it
 *
 * What a hop may say is asked beforehand: route_prepare.c.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/identity/delegation_work.h"
#include "approver/identity/delegations.h"
#include "approver/identity/identity.h"
#include "approver/http/record.h"
#include "approver/http/refusals.h"
#include "approver/http/routes.h"
#include "approver/command/writer.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "common/text.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_EXPIRES_S = 3600, MAX_LISTED = 1000 };

/* ── a hop that was signed elsewhere ── */

static void answer_logged(struct request *r, const struct chain *chain, int64_t log_index, void *context)
{
	(void)context;
	buf_addf(&r->out, "{\"jti\":\"%s\",\"log_index\":%" PRId64 "}", chain->hops[chain->n - 1].jti,
		 log_index);
	answer_json(r, 201);
}

/* Put the logged hops before `hash` in front of the chain, and itself; false when one of them is not known.
 * -1 in *failed when the log could not be read. */
static bool add_ancestors(struct request *r, const char *hash, int depth, struct buf *chain, bool *failed)
{
	struct delegation logged;
	struct store_reader *reader = server_reader(r->server);
	enum event_kind kind;
	int64_t ms;
	char *body = NULL;
	size_t len;
	if (depth >= CHAIN_MAX_HOPS || !delegation_by_hash(r->server->delegations, hash, &logged))
		return false;
	if (logged.parent[0] && !add_ancestors(r, logged.parent, depth + 1, chain, failed))
		return false;
	*failed = !reader || store_event(reader, logged.log_index, &kind, &ms, &body, &len) != 1;
	if (!*failed) {
		buf_add(chain, body, len);
		buf_addc(chain, '~');
	}
	free(body);
	return !*failed;
}

/* The whole chain that this hop is the end of.  What is read of the hop here only says where to look: nothing
 * of it is believed before chain_verify. */
static bool whole_chain(struct request *r, struct buf *chain)
{
	struct buf payload BUF_AUTO = BUF_INIT;
	struct hop hop = {0};
	char why[160] = "the body is not a hop";
	bool failed = false;
	bool good = false;
	if (!r->body.len || r->body.len > CHAIN_MAX_BYTES ||
	    !jws_open(r->body.data, r->body.len, JWS_HOP, &payload) || payload.failed ||
	    !hop_parse(&hop, payload.data ? payload.data : "", payload.len, why))
		answer_problem(r, PROBLEM_MALFORMED, why);
	/* Only that person's keys are asked here: a stranger cannot have all of them tried. */
	else if (!hop.par_hash && !people_signer(r->server->people, hop.iss, r->body.data, r->body.len))
		refuse(r, PROBLEM_IDENTITY, "hop 0 is signed by no key of its issuer that is enrolled here",
		       NULL, NULL);
	else if (!hop.par_hash || add_ancestors(r, hop.par_hash, 1, chain, &failed))
		good = true;
	else if (failed)
		answer_unavailable(r);
	else
		refuse(r, PROBLEM_IDENTITY, "the hop before (par_hash) is not known here, or has expired",
		       NULL, NULL);
	hop_finish(&hop);
	buf_add(chain, r->body.data ? r->body.data : "", r->body.len);
	return good;
}

/* May who signed it delegate now?  NULL, or why not. */
static const char *may_not(struct request *r, const struct chain *chain)
{
	const struct chain_hop *hop = &chain->hops[chain->n - 1];
	int64_t now = clock_wall_ms();
	bool revoked;
	if (hop->iat < now / 1000 - CLOCK_TOLERANCE_S)
		return "it was not made just now: a delegation is logged when it is made";
	if (!hop->signer && !hop->person)
		return "hop 0 that the approver attests is made by the approver: POST /v1/delegations/start";
	if (hop->signer && identity_unusable(hop->signer, now, &revoked))
		return "the credential that signed it is not usable";
	if (hop->signer && hop->signer->agent->disabled)
		return "the agent that signed it is disabled";
	if (hop->person && (hop->person->revoked || hop->person->expires <= now))
		return "the key that signed it is not usable";
	const struct operator_account *person =
	    hop->person ? registry_operator(r->server->registry, hop->person->person) : NULL;
	if (hop->person && (!person || person->disabled || person->role < ROLE_REVIEWER))
		return "to delegate, a person must be an operator here, as reviewer or admin";
	if (hop->person && hop->person->issued < person->created)
		return "the key that signed it is of somebody who had this name before";
	return NULL;
}

bool route_delegations_post(struct request *r)
{
	struct buf text BUF_AUTO = BUF_INIT;
	struct delegation logged;
	char why[CHAIN_WHY];
	if (!whole_chain(r, &text))
		return true;
	if (text.failed)
		return answer_unavailable(r);
	struct chain *chain = chain_verify(r->server, text.data, text.len, true, why);
	if (!chain)
		return refuse(r, PROBLEM_IDENTITY, why, NULL, NULL);
	const struct chain_hop *hop = &chain->hops[chain->n - 1];
	if (delegation_by_hash(r->server->delegations, hop->hash, &logged) &&
	    !strcmp(logged.s256, hop->s256)) { /* said again */
		answer_logged(r, chain, logged.log_index, NULL);
		chain_release(chain);
		return true;
	}
	const char *not_now = may_not(r, chain);
	bool stands = not_now || chain_stands(r->server, chain, true, why);
	if (not_now || !stands)
		refuse(r, PROBLEM_IDENTITY, not_now ? not_now : why, hop->issuer, NULL);
	else if (!delegations_room(r->server->delegations, chain->n > 1 ? hop->issuer : hop->agent->id))
		answer_problem(r, PROBLEM_RATE, "too many delegations are good at once: let some expire");
	else
		return delegation_log(r, chain, answer_logged, NULL);
	chain_release(chain);
	return true;
}

/* ── a person begins ── */

static void answer_started(struct request *r, const struct chain *chain, int64_t log_index, void *context)
{
	(void)context;
	const struct chain_hop *hop = &chain->hops[0];
	buf_addf(&r->out, "{\"jti\":\"%s\",\"chain\":\"%s\"", hop->jti, chain->text);
	record_time(&r->out, "expires", hop->exp * 1000);
	buf_addf(&r->out, ",\"log_index\":%" PRId64 "}", log_index);
	answer_json(r, 201);
}

/* An optional whole number; false when it is there and not within. */
static bool number_within(const cJSON *json, const char *name, int64_t least, int64_t most, int64_t *value)
{
	if (!cJSON_HasObjectItem(json, name))
		return true;
	return json_integer(json, name, value) && *value >= least && *value <= most;
}

bool route_delegations_start(struct request *r)
{
	static const char *const names[] = {"to", "task", "scope", "expires_s", "max_depth", NULL};
	cJSON *json JSON_AUTO = request_json(r, names);
	if (!json)
		return true;
	const char *to = json_string(json, "to"), *task = json_string(json, "task");
	const cJSON *scope = cJSON_GetObjectItemCaseSensitive(json, "scope");
	struct agent *agent = to ? registry_agent(r->server->registry, to) : NULL;
	struct attested attested = {.human = r->operator_account->name,
				    .task = task,
				    .expires_s = DEFAULT_EXPIRES_S,
				    .max_depth = CHAIN_MAX_HOPS - 1};
	char why[CHAIN_WHY];
	if (!task || !*task || strlen(task) > HOP_MAX_TASK)
		return answer_problem(r, PROBLEM_MALFORMED, "task is a text of 1 to 4096 bytes");
	if (!number_within(json, "expires_s", 1, CHAIN_LONGEST_S, &attested.expires_s))
		return answer_problem(r, PROBLEM_MALFORMED, "expires_s is 1 to thirty days of seconds");
	if (!number_within(json, "max_depth", 0, CHAIN_MAX_HOPS - 1, &attested.max_depth))
		return answer_problem(r, PROBLEM_MALFORMED, "max_depth is 0 to 7");
	if (scope && !scope_valid(scope, why))
		return answer_problem(r, PROBLEM_MALFORMED, why);
	if (!agent)
		return answer_problem(r, PROBLEM_NOT_FOUND, "no such agent");
	if (agent->disabled)
		return answer_problem(r, PROBLEM_CONFLICT, "the agent is disabled");
	attested.credential = delegation_credential(agent);
	if (!attested.credential)
		return answer_problemf(r, PROBLEM_CONFLICT,
				       "%s has no usable credential: whoctl credential issue %s", agent->id,
				       agent->id);
	if (!delegations_room(r->server->delegations, agent->id))
		return answer_problem(r, PROBLEM_RATE,
				      "too many delegations are good at once: let some expire");
	char *text = scope ? cJSON_PrintUnformatted(scope) : NULL;
	attested.scope = text;
	struct chain *chain = scope && !text ? NULL : delegation_attest(r->server, &attested, why);
	free(text);
	if (!chain)
		return answer_problem(r, PROBLEM_MALFORMED, why);
	return delegation_log(r, chain, answer_started, NULL);
}

/* ── what there is ── */

struct listing {
	struct request *request;
	const char *agent, *human;
	int n;
};

static bool list_one(const struct hop_row *row, void *arg)
{
	struct listing *listing = arg;
	struct buf *out = &listing->request->out;
	if ((listing->agent && strcmp(listing->agent, row->agent) && strcmp(listing->agent, row->issuer)) ||
	    (listing->human && strcmp(listing->human, row->human)))
		return true;
	buf_addf(out, "%s{\"jti\":\"%s\"", listing->n++ ? "," : "", row->id);
	record_text(out, "hash", row->hash);
	record_text(out, "parent", row->parent);
	record_text(out, "issuer", row->issuer);
	record_text(out, "human", row->human);
	record_text(out, "agent", row->agent);
	record_masked_text(out, "task", row->task, listing->request->server->secrets);
	buf_addf(out, ",\"depth\":%" PRId64, row->depth);
	record_time(out, "issued", row->issued);
	record_time(out, "expires", row->expires);
	record_time(out, "revoked", row->revoked);
	record_text(out, "revoked_by", row->revoked_by);
	record_text(out, "proof", row->signer ? "signed" : "attested");
	record_text(out, "credential", row->signer);
	buf_addf(out, ",\"log_index\":%" PRId64 "}", row->log_index);
	return listing->n < MAX_LISTED && out->len < LISTING_FULL;
}

bool route_delegations_list(struct request *r)
{
	struct store_reader *reader = server_reader(r->server);
	struct listing listing = {r, request_query(r, "agent"), request_query(r, "human"), 0};
	buf_adds(&r->out, "{\"delegations\":[");
	if (!reader || store_hops(reader, request_query(r, "all") ? 0 : clock_wall_ms(), list_one, &listing))
		return answer_unavailable(r);
	buf_adds(&r->out, "]}");
	return answer_json(r, 200);
}

/* ── taking one back ── */

struct revoke_work {
	struct work work;
	struct delegation is;
	char by[68];
};

static enum work_end apply_revoke(struct work *work, struct group *group)
{
	struct revoke_work *w = (struct revoke_work *)work;
	struct buf body BUF_AUTO = BUF_INIT;
	group->taken_away = true;
	buf_addf(&body, "{\"delegation\":\"%s\",\"operator\":", w->is.jti);
	json_add_string(&body, w->by, strlen(w->by));
	buf_addc(&body, '}');
	return body.failed || store_hop_revoke(group->store, w->is.jti, group->now, w->by) ||
		       store_append(group->store, EVENT_DELEGATION_REVOKED, group->now, w->is.jti, body.data,
				    body.len) < 0
		   ? WORK_FAILED
		   : WORK_KEPT;
}

static void done_revoke(struct work *work, struct group *group, enum work_end end)
{
	struct revoke_work *w = (struct revoke_work *)work;
	if (end == WORK_KEPT) {
		delegations_revoke(group->server->delegations, w->is.jti, group->now);
		log_line(LOG_LEVEL_WARNING, "a delegation was revoked", "id", w->is.jti, "by", w->by, NULL);
		answer_empty(work->request);
	} else {
		answer_unavailable(work->request);
	}
	free(w);
}

bool route_delegations_revoke(struct request *r)
{
	static const struct work_kind kind = {apply_revoke, done_revoke};
	struct delegation found;
	if (!uuid_valid(r->param) || !delegation_by_jti(r->server->delegations, r->param, &found))
		return answer_problem(r, PROBLEM_NOT_FOUND, "no such delegation is good now");
	if (found.revoked)
		return answer_empty(r);
	struct revoke_work *w = calloc(1, sizeof *w);
	if (!w)
		return answer_unavailable(r);
	w->work.kind = &kind;
	w->work.request = r;
	w->is = found;
	snprintf(w->by, sizeof w->by, "%s", r->operator_account->name);
	request_suspend(r);
	writer_push(r->server->writer, &w->work);
	return false;
}
