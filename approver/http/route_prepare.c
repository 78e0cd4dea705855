/* route_prepare.c: POST /v1/delegations/prepare: what may my hop say?
 *
 * Whoever wants to add a hop must know the delegate's key, which place the hop will have, and until when it
 * can be good; an agent without a chain needs hop 0 first, from its owner to itself, which the approver
 * attests.  The question is signed (JWS_DELEGATE) by the key that will sign the hop.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/identity/delegation_work.h"
#include "approver/identity/delegations.h"
#include "approver/identity/identity.h"
#include "approver/http/record.h"
#include "approver/http/refusals.h"
#include "approver/http/routes.h"
#include "common/clock.h"
#include "common/codec.h"
#include "common/text.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_EXPIRES_S = 3600, LONGEST_QUESTION_S = 300 };

struct question {
	cJSON *tree;
	const char *aud, *sub, *to, *chain, *task;
	int64_t iat, exp, expires_s;
	struct credential *credential; /* of the agent that asks, or */
	struct person_key *person;     /* of the person */
	struct credential *delegate;   /* of the agent that it will be handed to */
};

/* What answer_prepared needs when hop 0 is logged. */
struct prepared {
	struct credential *delegate;
};

static void answer_question(struct request *r, const struct chain *chain, const struct credential *delegate)
{
	int64_t now = clock_now(), latest = now + CHAIN_LONGEST_S, deepest = CHAIN_MAX_HOPS - 1;
	for (int i = 0; chain && i < chain->n; i++)
		latest = chain->hops[i].exp < latest ? chain->hops[i].exp : latest;
	if (chain)
		deepest = chain->hops[chain->n - 1].max_depth;
	buf_addf(&r->out,
		 "{\"now\":%" PRId64 ",\"depth\":%d,\"max_depth\":%" PRId64 ",\"expires\":%" PRId64
		 ",\"cnf\":{\"jwk\":{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"",
		 now, chain ? chain->n : 0, deepest, latest);
	base64url_encode(&r->out, delegate->x, KEY_BYTES);
	buf_adds(&r->out, "\"}}");
	record_text(&r->out, "human", chain ? chain->human : NULL);
	record_text(&r->out, "chain", chain ? chain->text : NULL);
	buf_addc(&r->out, '}');
	answer_json(r, 200);
}

static void answer_prepared(struct request *r, const struct chain *chain, int64_t log_index, void *context)
{
	(void)log_index;
	answer_question(r, chain, ((struct prepared *)context)->delegate);
}

static bool claims(struct question *q, const struct buf *payload)
{
	static const char *const names[] = {"jti", "iat",   "exp",  "aud",       "sub",
					    "to",  "chain", "task", "expires_s", NULL};
	const char *other, *jti;
	q->tree = json_parse(payload->data ? payload->data : "", payload->len, NULL);
	if (!cJSON_IsObject(q->tree) || !json_only(q->tree, names, &other))
		return false;
	jti = json_string(q->tree, "jti");
	q->aud = json_string(q->tree, "aud");
	q->sub = json_string(q->tree, "sub");
	q->to = json_string(q->tree, "to");
	q->chain = json_string(q->tree, "chain");
	q->task = json_string(q->tree, "task");
	q->expires_s = DEFAULT_EXPIRES_S;
	return jti && uuid_valid(jti) && q->aud && q->sub && name_valid(q->sub) && q->to &&
	       name_valid(q->to) && q->task && *q->task && strlen(q->task) <= HOP_MAX_TASK &&
	       json_integer(q->tree, "iat", &q->iat) && json_integer(q->tree, "exp", &q->exp) &&
	       (!cJSON_HasObjectItem(q->tree, "chain") || q->chain) &&
	       (!cJSON_HasObjectItem(q->tree, "expires_s") ||
		(json_integer(q->tree, "expires_s", &q->expires_s) && q->expires_s >= 1 &&
		 q->expires_s <= CHAIN_LONGEST_S));
}

/* Whose key signed it?  False when nobody's, or one that may not be used. */
static bool find_asker(struct request *r, struct question *q, const char **reason)
{
	int64_t now = clock_wall_ms();
	bool revoked;
	struct agent *agent = registry_agent(r->server->registry, q->sub);
	*reason = "the signature is by no key of this agent or person";
	q->credential = agent ? identity_signer(agent, identity_named(r), r->body.data, r->body.len) : NULL;
	if (!q->credential)
		q->person = people_signer(r->server->people, q->sub, r->body.data, r->body.len);
	if (!q->credential && !q->person)
		return false;
	*reason = q->credential ? identity_unusable(q->credential, now, &revoked) : NULL;
	if (q->credential && agent->disabled)
		*reason = "the agent is disabled";
	if (q->person && (q->person->revoked || q->person->expires <= now))
		*reason = "the key was revoked, or has expired";
	return *reason == NULL;
}

/* Is it meant for us, and now? */
static const char *misdirected(const struct request *r, const struct question *q)
{
	int64_t now = clock_now();
	if (strcmp(q->aud, r->server->settings.name) != 0)
		return "the question is for another approver";
	if (q->iat > now + CLOCK_TOLERANCE_S || q->exp <= now - CLOCK_TOLERANCE_S ||
	    q->exp - q->iat > LONGEST_QUESTION_S)
		return "the question is not of now; compare the clocks";
	return NULL;
}

/* With the chain that came, or (agents) with a hop 0 from the owner. */
static bool answer_for_agent(struct request *r, struct question *q)
{
	char why[CHAIN_WHY];
	struct agent *agent = q->credential->agent;
	if (q->chain) {
		struct chain *chain = chain_take(r->server, q->chain, strlen(q->chain), why);
		if (!chain || !chain_ends_at(chain, q->credential, why))
			refuse(r, PROBLEM_IDENTITY, why, q->sub, q->credential->id);
		else
			answer_question(r, chain, q->delegate);
		chain_release(chain);
		return true;
	}
	if (agent->delegated)
		return refuse(r, PROBLEM_IDENTITY,
			      "this agent works on a delegation only, and has none to pass on", q->sub,
			      q->credential->id);
	if (!delegations_room(r->server->delegations, agent->id))
		return answer_problem(r, PROBLEM_RATE,
				      "too many delegations are good at once: let some expire");
	const struct attested attested = {.human = agent->owner,
					  .task = q->task,
					  .credential = q->credential,
					  .expires_s = q->expires_s,
					  .max_depth = CHAIN_MAX_HOPS - 1,
					  .enrolment = true};
	struct chain *chain = delegation_attest(r->server, &attested, why);
	struct prepared *prepared = chain ? calloc(1, sizeof *prepared) : NULL;
	if (!chain)
		return refuse(r, PROBLEM_IDENTITY, why, q->sub, q->credential->id);
	if (!prepared) {
		chain_release(chain);
		return answer_unavailable(r);
	}
	prepared->delegate = q->delegate;
	return delegation_log(r, chain, answer_prepared, prepared);
}

static bool answer_asker(struct request *r, struct question *q)
{
	const char *reason = misdirected(r, q);
	if (reason || !find_asker(r, q, &reason))
		return refuse(r, PROBLEM_IDENTITY, reason, q->sub, NULL);
	struct agent *to = registry_agent(r->server->registry, q->to);
	q->delegate = to && !to->disabled ? delegation_credential(to) : NULL;
	if (!to)
		return answer_problemf(r, PROBLEM_NOT_FOUND, "no agent %s is enrolled here", q->to);
	if (!q->delegate)
		return answer_problemf(r, PROBLEM_CONFLICT, "%s is disabled, or has no usable credential",
				       q->to);
	if (q->credential)
		return answer_for_agent(r, q);
	if (q->chain)
		return answer_problem(r, PROBLEM_MALFORMED, "a person begins a chain");
	answer_question(r, NULL, q->delegate);
	return true;
}

bool route_delegations_prepare(struct request *r)
{
	struct buf payload BUF_AUTO = BUF_INIT;
	struct question q = {0};
	bool answered;
	if (!r->body.len || r->body.len > 3 * CHAIN_MAX_BYTES ||
	    !jws_open(r->body.data, r->body.len, JWS_DELEGATE, &payload) || payload.failed)
		return answer_problem(r, PROBLEM_MALFORMED, "the body is not a signed question");
	/* What is read before the signature is checked only says whose key to try. */
	if (claims(&q, &payload))
		answered = answer_asker(r, &q);
	else
		answered =
		    answer_problem(r, PROBLEM_MALFORMED, "the question's claims are not what they must be");
	cJSON_Delete(q.tree);
	return answered;
}
