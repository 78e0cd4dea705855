/* exchange_work.c: decide, in the order of the log, whether a token was used before; keep the credential.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/identity/exchange_work.h"
#include "approver/identity/credential_work.h"
#include "approver/identity/identity.h"
#include "approver/identity/people.h"
#include "approver/http/metrics.h"
#include "approver/http/record.h"
#include "approver/http/refusals.h"
#include "approver/identity/registry.h"
#include "approver/command/writer.h"
#include "common/log.h"
#include <stdlib.h>
#include <string.h>

enum { ISSUED_BY_MAX = 200 };
/* A token is remembered for longer than it is good: one that was believed may wait for the writer past its
 * end, and the clock may be set back. */
#define REMEMBERED_ON_MS INT64_C(86400000)

enum found {
	FOUND_NEW,
	FOUND_SAME,     /* the same token with the same key: a retry */
	FOUND_REPLAY,   /* the same token with another key */
	FOUND_ENROLLED, /* the key is enrolled by another way */
	FOUND_PERSONS,  /* the key is a person's own */
	FOUND_DISABLED
};

struct exchange_work {
	struct work work;
	struct judgement judgement;
	char token[S256_LEN + 1], id[S256_LEN + 1];
	unsigned char key[KEY_BYTES];
	struct agent *agent;
	char issued_by[ISSUED_BY_MAX + 1];
	struct credential_row row; /* its strings are those above */
	enum found found;
};

static void work_free(struct exchange_work *w)
{
	judgement_finish(&w->judgement);
	free(w);
}

/* "oidc:ISSUER SUBJECT", ended before the character that would be too much. */
static void name_issuer(struct exchange_work *w)
{
	struct buf text BUF_AUTO = BUF_INIT;
	buf_addf(&text, "oidc:%s %s", w->judgement.issuer, w->judgement.subject);
	size_t len = text.len < ISSUED_BY_MAX ? text.len : ISSUED_BY_MAX;
	while (len && len < text.len && ((unsigned char)text.data[len] & 0xc0) == 0x80)
		len--;
	if (len)
		memcpy(w->issued_by, text.data, len);
}

static void fill_row(struct exchange_work *w, int64_t now)
{
	static char source[] = "exchange";
	w->row = (struct credential_row){.id = w->id,
					 .agent = w->agent->id,
					 .issued = now,
					 .not_before = now - CLOCK_TOLERANCE_S * 1000,
					 .expires = now + w->judgement.expires_s * 1000,
					 .issued_by = w->issued_by,
					 .source = source};
	memcpy(w->row.key, w->key, KEY_BYTES);
}

static void describe(struct buf *body, const struct exchange_work *w)
{
	const struct judgement *j = &w->judgement;
	buf_addf(body, "{\"credential\":\"%s\"", w->id);
	record_text(body, "agent", w->agent->id);
	record_time(body, "expires", w->row.expires);
	record_text(body, "source", w->row.source);
	record_text(body, "issuer", j->issuer);
	record_text(body, "subject", j->subject);
	record_text(body, "jti", j->jti);
	record_text(body, "exchange_s256", j->trust_s256);
	buf_addf(body, ",\"rule\":%zu,\"claims\":%s}", j->rule, j->claims.data);
}

static enum work_end append(struct group *group, enum event_kind kind, const char *subject,
			    const struct buf *body)
{
	return body->failed ||
		       store_append(group->store, kind, group->now, subject, body->data, body->len) < 0
		   ? WORK_FAILED
		   : WORK_KEPT;
}

/* It goes into the log once for each token, and then surely: not by way of the refusals, of which anyone can
 * cause so many that only some are kept. */
static enum work_end note_replay(struct exchange_work *w, struct group *group,
				 const struct exchange *exchange, const char *first)
{
	struct buf body BUF_AUTO = BUF_INIT;
	int new = store_exchange_replayed(group->store, exchange);
	if (new != 1)
		return new ? WORK_FAILED : WORK_DROPPED;
	buf_addf(&body, "{\"reason\":\"an identity token came again with another key\",\"credential\":\"%s\"",
		 first);
	record_text(&body, "agent", w->agent->id);
	record_text(&body, "issuer", w->judgement.issuer);
	record_text(&body, "subject", w->judgement.subject);
	buf_addc(&body, '}');
	return append(group, EVENT_REFUSED, first, &body);
}

static enum work_end keep(struct exchange_work *w, struct group *group, const struct exchange *exchange)
{
	struct buf body BUF_AUTO = BUF_INIT;
	fill_row(w, group->now);
	describe(&body, w);
	if (store_credential_put(group->store, &w->row) || store_exchange_put(group->store, exchange))
		return WORK_FAILED;
	group->new_row = true;
	return append(group, EVENT_CREDENTIAL_ISSUED, w->id, &body);
}

static enum work_end apply(struct work *work, struct group *group)
{
	struct exchange_work *w = (struct exchange_work *)work;
	struct exchange exchange = {.token = w->token,
				    .issuer = w->judgement.issuer,
				    .jti = w->judgement.jti,
				    .credential = w->id,
				    .until = w->judgement.token_until + REMEMBERED_ON_MS};
	/* Whether a key that comes with another new one is new, the next group will see. */
	if (group->new_row)
		return WORK_AGAIN;
	char *first = NULL;
	int used = store_exchange_find(group->store, &exchange, group->now, &first);
	if (used < 0)
		return WORK_FAILED;
	enum work_end end = WORK_DROPPED;
	int known = used ? 0 : registry_key_known(group->server->registry, group->reader, w->id);
	if (known < 0)
		return WORK_FAILED;
	if (used)
		w->found = strcmp(first, w->id) != 0 ? FOUND_REPLAY : FOUND_SAME;
	else
		w->found = w->agent->disabled                         ? FOUND_DISABLED
			   : known                                    ? FOUND_ENROLLED
			   : people_key(group->server->people, w->id) ? FOUND_PERSONS
								      : FOUND_NEW;
	if (w->found == FOUND_REPLAY)
		end = note_replay(w, group, &exchange, first);
	else if (w->found == FOUND_NEW)
		end = keep(w, group, &exchange);
	free(first);
	return end;
}

static bool answer_credential(struct request *r, struct credential *credential)
{
	credential_emit(&r->out, credential);
	record_text(&r->out, "aud", r->server->settings.name);
	buf_addc(&r->out, '}');
	return answer_json(r, 201);
}

/* The credential that the same request made before, if it is still good. */
static bool answer_same(struct request *r, struct exchange_work *w, int64_t now)
{
	struct credential *credential = registry_credential(r->server->registry, w->id);
	bool revoked = false;
	if (!credential)
		return answer_unavailable(r);
	if (credential->agent != w->agent)
		return refuse(r, PROBLEM_IDENTITY, "the identity token was used already, for another agent",
			      w->agent->id, w->id);
	const char *why = identity_unusable(credential, now, &revoked);
	if (why)
		return refuse(r, revoked ? PROBLEM_REVOKED : PROBLEM_IDENTITY, why, w->agent->id, w->id);
	if (credential->agent->disabled)
		return refuse(r, PROBLEM_REVOKED, "the agent is disabled", w->agent->id, w->id);
	return answer_credential(r, credential);
}

static bool answer(struct request *r, struct exchange_work *w, struct group *group)
{
	switch (w->found) {
	case FOUND_SAME:
		return answer_same(r, w, group->now);
	case FOUND_REPLAY:
		metric_add(METRIC_REFUSED, 1);
		log_line(LOG_LEVEL_WARNING, "identity refused", "reason",
			 "an identity token came again with another key", "agent", w->agent->id, NULL);
		return answer_problem(r, PROBLEM_IDENTITY,
				      "the identity token was used already, with another key");
	case FOUND_ENROLLED: {
		struct credential *known = registry_credential(r->server->registry, w->id);
		return known ? refuse_known_key(r, known, w->agent)
			     : answer_problem(r, PROBLEM_CONFLICT, "this key was enrolled before");
	}
	case FOUND_PERSONS:
		return answer_problem(r, PROBLEM_CONFLICT, "this key is a person's");
	case FOUND_DISABLED:
		return refuse(r, PROBLEM_REVOKED, "the agent is disabled", w->agent->id, NULL);
	case FOUND_NEW:
		break;
	}
	struct credential *credential = registry_put_credential(r->server->registry, &w->row)
					    ? NULL
					    : registry_credential(r->server->registry, w->id);
	if (!credential) {
		log_line(LOG_LEVEL_ERROR, "stored, but not in memory until the approver starts again", NULL);
		return answer_unavailable(r);
	}
	metric_add(METRIC_EXCHANGES, 1);
	log_line(LOG_LEVEL_INFO, "credential_issued", "subject", w->id, "agent", w->agent->id, "by",
		 w->issued_by, NULL);
	return answer_credential(r, credential);
}

static void done(struct work *work, struct group *group, enum work_end end)
{
	struct exchange_work *w = (struct exchange_work *)work;
	if (end == WORK_FAILED)
		answer_unavailable(work->request);
	else
		answer(work->request, w, group);
	work_free(w);
}

void exchange_work_push(struct request *r, struct judgement *judgement, const char token[S256_LEN + 1],
			const unsigned char key[KEY_BYTES])
{
	static const struct work_kind kind = {apply, done};
	struct exchange_work *w = calloc(1, sizeof *w);
	request_suspend(r);
	if (!w) {
		judgement_finish(judgement);
		answer_unavailable(r);
		request_resume(r);
		return;
	}
	w->work.kind = &kind;
	w->work.request = r;
	w->judgement = *judgement;
	w->agent = registry_agent(r->server->registry, judgement->agent);
	memcpy(w->token, token, S256_LEN + 1);
	memcpy(w->key, key, KEY_BYTES);
	key_thumbprint(key, w->id);
	name_issuer(w);
	writer_push(r->server->writer, &w->work);
}
