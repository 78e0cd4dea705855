/* delegation_work.c: hops into the log.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/identity/delegation_work.h"
#include "approver/identity/delegations.h"
#include "approver/identity/identity.h"
#include "approver/kill/kill_check.h"
#include "approver/command/writer.h"
#include "common/clock.h"
#include "common/log.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct delegation_work {
	struct work work;
	struct chain *chain;
	delegation_answer *answer;
	void *context;
	int64_t log_index;
	bool known; /* the very same hop was logged meanwhile */
	char why[CHAIN_WHY];
};

static void work_free(struct delegation_work *w)
{
	chain_release(w->chain);
	free(w->context);
	free(w);
}

static void fill(const struct chain *chain, int64_t index, struct hop_row *row)
{
	const struct chain_hop *hop = &chain->hops[chain->n - 1];
	*row = (struct hop_row){.id = (char *)(uintptr_t)hop->jti,
				.hash = (char *)(uintptr_t)hop->hash,
				.s256 = (char *)(uintptr_t)hop->s256,
				.parent = chain->n > 1 ? (char *)(uintptr_t)hop[-1].hash : NULL,
				.issuer = hop->enrolment ? hop->agent->id : hop->issuer,
				.human = chain->human,
				.agent = hop->agent->id,
				.task = chain->task,
				.signer = hop->signer   ? hop->signer->id
					  : hop->person ? hop->person->id
							: NULL,
				.depth = chain->n - 1,
				.issued = hop->iat * 1000,
				.expires = hop->exp * 1000,
				.log_index = index};
}

static enum work_end apply(struct work *work, struct group *group)
{
	struct delegation_work *w = (struct delegation_work *)work;
	struct server *server = group->server;
	const struct chain_hop *hop = &w->chain->hops[w->chain->n - 1];
	struct delegation logged;
	bool revoked;
	if (group->taken_away)
		return WORK_AGAIN;
	w->known = false;
	if (delegation_by_jti(server->delegations, hop->jti, &logged)) {
		w->known = !strcmp(logged.s256, hop->s256);
		w->log_index = logged.log_index;
		snprintf(w->why, sizeof w->why, "another delegation has this ID");
		return WORK_DROPPED;
	}
	if (!chain_stands(server, w->chain, true, w->why))
		return WORK_DROPPED;
	if (hop->signer && identity_unusable(hop->signer, group->now, &revoked)) {
		snprintf(w->why, sizeof w->why, "the credential that signed it is not usable any more");
		return WORK_DROPPED;
	}
	const char *jws = memrchr(w->chain->text, '~', w->chain->len);
	jws = jws ? jws + 1 : w->chain->text;
	w->log_index = store_append(group->store, EVENT_DELEGATION, group->now, hop->jti, jws, strlen(jws));
	struct hop_row row;
	fill(w->chain, w->log_index, &row);
	int put = w->log_index < 0 ? -1 : store_hop_put(group->store, &row);
	/* Two that come together: the next group sees whether the first was the same. */
	if (put > 0 && group->new_row)
		return WORK_AGAIN;
	if (put) { /* the ID of one that is past, and in memory no more, is taken all the same */
		snprintf(w->why, sizeof w->why, "another delegation had this ID");
		return put < 0 ? WORK_FAILED : WORK_DROPPED;
	}
	group->new_row = true;
	return WORK_KEPT;
}

static void done(struct work *work, struct group *group, enum work_end end)
{
	struct delegation_work *w = (struct delegation_work *)work;
	struct request *r = work->request;
	struct hop_row row;
	fill(w->chain, w->log_index, &row);
	if (end == WORK_KEPT && delegations_put(group->server->delegations, &row))
		log_line(LOG_LEVEL_ERROR, "stored, but not in memory until the approver starts again", NULL);
	if (end == WORK_KEPT)
		log_line(LOG_LEVEL_INFO, "delegated", "by", row.issuer, "to", row.agent, "for", row.human,
			 "id", row.id, NULL);
	if (end == WORK_FAILED)
		answer_unavailable(r);
	else if (end == WORK_DROPPED && !w->known)
		answer_problem(r, PROBLEM_CONFLICT, w->why);
	else
		w->answer(r, w->chain, w->log_index, w->context);
	work_free(w);
}

bool delegation_log(struct request *r, struct chain *chain, delegation_answer *answer, void *context)
{
	static const struct work_kind kind = {apply, done};
	const struct chain_hop *last = &chain->hops[chain->n - 1];
	const struct credential *by = last->signer ? last->signer : last->credential;
	const struct command_row asked = {.agent = by->agent->id, .credential = (char *)(uintptr_t)by->id};
	/* Nobody who is killed hands anything on, to be used when the kill is over. */
	bool killed = kill_refuses(r, chain->lineage.data, &asked);
	struct delegation_work *w = killed ? NULL : calloc(1, sizeof *w);
	if (!w) {
		chain_release(chain);
		free(context);
		return killed || answer_unavailable(r);
	}
	w->work.kind = &kind;
	w->work.request = r;
	w->chain = chain;
	w->answer = answer;
	w->context = context;
	request_suspend(r);
	writer_push(r->server->writer, &w->work);
	return false;
}

struct credential *delegation_credential(struct agent *agent)
{
	int64_t now = clock_wall_ms();
	bool revoked;
	struct credential *credential = agent->credentials;
	while (credential && identity_unusable(credential, now, &revoked))
		credential = credential->older;
	return credential;
}

struct chain *delegation_attest(struct server *server, const struct attested *attested, char *why)
{
	char jti[UUID_LEN + 1];
	int64_t now = clock_now();
	struct hop hop = {.jti = jti,
			  .iss = server->settings.name,
			  .sub = attested->human,
			  .aud = server->settings.name,
			  .act = attested->credential->agent->id,
			  .task = attested->task,
			  .iat = now,
			  .txn = attested->enrolment ? HOP_ENROLMENT : NULL,
			  .exp = now + attested->expires_s,
			  .max_depth = attested->max_depth};
	struct buf payload BUF_AUTO = BUF_INIT, jws BUF_AUTO = BUF_INIT;
	uuid_new(jti);
	memcpy(hop.key, attested->credential->x, KEY_BYTES);
	hop_format(&payload, &hop, attested->scope);
	snprintf(why, CHAIN_WHY, "the delegation could not be signed");
	if (payload.failed ||
	    !jws_sign(&jws, JWS_HOP, payload.data, payload.len, server->settings.permit_key))
		return NULL;
	return chain_verify(server, jws.data, jws.len, true, why);
}
