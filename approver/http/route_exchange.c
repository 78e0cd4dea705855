/* route_exchange.c: POST /v1/credentials/exchange: a CI job's identity token for a short-lived credential.
 *
 * No operator is needed: the token is the proof, and the private key of the credential never comes here.
 * Whoever fails often is told to go away, but a good token is never turned away for what others did.  Nothing
 * of a token is logged or answered.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/http/attempts.h"
#include "approver/identity/exchange_work.h"
#include "approver/identity/exchanger.h"
#include "approver/http/refusals.h"
#include "approver/http/routes.h"
#include "common/jwk.h"
#include "common/json.h"
#include "common/secure.h"
#include "common/text.h"
#include <stdio.h>
#include <string.h>

enum { MAX_EXCHANGE = 16 * 1024, FAILURES_ALLOWED = 30, LATER_S = 1 };

static bool refused(struct request *r, enum problem problem, const char *why, const char *agent)
{
	static struct attempts failures = ATTEMPTS_INIT;
	char address[ADDRESS_SIZE], reason[JUDGE_WHY + 64];
	request_address(r, address);
	if (attempts_too_many(&failures, address, FAILURES_ALLOWED)) {
		answer_problem(r, PROBLEM_RATE, "too many refused identity tokens from this address");
		r->retry_after = ATTEMPTS_WINDOW_S;
		return true;
	}
	snprintf(reason, sizeof reason, "the identity token was refused: %s", why);
	return refuse(r, problem, reason, agent, NULL);
}

static bool later(struct request *r, const char *why)
{
	answer_problem(r, PROBLEM_UNAVAILABLE, why);
	r->retry_after = LATER_S;
	return true;
}

/* The token is good for that agent; is the agent? */
static bool accept(struct request *r, struct judgement *judgement, const char *token,
		   const unsigned char key[KEY_BYTES])
{
	char hash[S256_LEN + 1];
	struct agent *agent = registry_agent(r->server->registry, judgement->agent);
	if (!agent || agent->disabled) {
		refused(r, agent ? PROBLEM_REVOKED : PROBLEM_IDENTITY,
			agent ? "its rule's agent is disabled" : "its rule's agent is not enrolled",
			judgement->agent);
		judgement_finish(judgement);
		return true;
	}
	s256(token, (size_t)(strrchr(token, '.') - token), hash);
	exchange_work_push(r, judgement, hash, key);
	return false;
}

static bool exchange(struct request *r, const cJSON *json)
{
	const char *token = json_string(json, "token"), *agent = json_string(json, "agent");
	unsigned char key[KEY_BYTES];
	struct judgement judgement;
	char why[JUDGE_WHY] = "";
	if (!token || !*token)
		return answer_problem(r, PROBLEM_MALFORMED, "token is not a text");
	if (cJSON_GetObjectItemCaseSensitive(json, "agent") && (!agent || !name_valid(agent)))
		return answer_problem(r, PROBLEM_MALFORMED, "agent is not the name of an agent");
	if (!jwk_ed25519(json_object(json, "jwk"), key))
		return answer_problem(r, PROBLEM_MALFORMED, "jwk is not a usable Ed25519 public key");
	if (r->server->ending)
		return answer_unavailable(r);
	switch (exchanger_check(r->server->exchanger, token, strlen(token), agent, &judgement, why)) {
	case EXCHANGE_OFF:
		return answer_problem(r, PROBLEM_NOT_FOUND,
				      "the exchange of identity tokens is not configured");
	case EXCHANGE_LATER:
		return later(r, why);
	case EXCHANGE_REFUSED:
		return refused(r, PROBLEM_IDENTITY, why, NULL);
	case EXCHANGE_TAKEN:
		break;
	}
	return accept(r, &judgement, token, key);
}

bool route_credentials_exchange(struct request *r)
{
	static const char *const names[] = {"token", "jwk", "agent", NULL};
	if (r->body.len > MAX_EXCHANGE)
		return answer_problem(r, PROBLEM_TOO_LARGE, "an exchange may have 16 KiB");
	cJSON *json = request_json(r, names);
	if (!json)
		return true;
	char *token = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "token"));
	bool answered = exchange(r, json); /* when false, the request may be another thread's by now */
	if (token)
		secure_wipe(token, strlen(token));
	cJSON_Delete(json);
	return answered;
}
