/* chain_record.c: does the chain of a command that waits for a person still stand?
 *
 * The command keeps its principals as people are told of them; each that was delegated to names its hop.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/identity/chain.h"
#include "approver/identity/delegations.h"
#include "common/clock.h"
#include <stdio.h>
#include <string.h>

/* The key that signed a hop: of an agent, or a person's own. */
static bool signer_fallen(struct server *server, const char *id)
{
	const struct credential *credential = registry_credential(server->registry, id);
	const struct person_key *person = credential ? NULL : people_key(server->people, id);
	return credential ? credential->revoked != 0 : !person || person->revoked;
}

static const char *agent_fallen(struct server *server, const cJSON *principal)
{
	struct delegation logged;
	const char *id = json_string(principal, "id"), *hop = json_string(principal, "hop");
	const char *thumbprint = json_string(principal, "credential"),
		   *signer = json_string(principal, "signer");
	const struct agent *agent = id ? registry_agent(server->registry, id) : NULL;
	const struct credential *credential =
	    thumbprint ? registry_credential(server->registry, thumbprint) : NULL;
	if (!hop)
		return NULL; /* nothing was delegated to it */
	if (!delegation_by_jti(server->delegations, hop, &logged) || logged.expires <= clock_wall_ms())
		return "the delegation has expired since";
	if (logged.revoked)
		return "the delegation was revoked since";
	if (!agent || agent->disabled)
		return "an agent it was delegated through was disabled since";
	if (!credential || credential->revoked)
		return "a credential it was delegated through was revoked since";
	if (signer && signer_fallen(server, signer))
		return "the key that signed the delegation was revoked since";
	return NULL;
}

const char *chain_record_fallen(struct server *server, const char *principals)
{
	const char *why = NULL;
	cJSON *tree JSON_AUTO = principals ? json_parse(principals, strlen(principals), NULL) : NULL;
	const cJSON *principal;
	bool delegated = false;
	cJSON_ArrayForEach(principal, tree)
	{
		delegated = delegated || json_string(principal, "hop");
		why = why ? why : agent_fallen(server, principal);
	}
	int64_t authorized;
	const char *human = delegated ? json_string(tree->child, "id") : NULL;
	const struct operator_account *o = human ? registry_operator(server->registry, human) : NULL;
	if (!why && o && o->disabled)
		return "the person it was done for is no longer an operator here";
	const char *when = o ? json_string(tree->child, "authorized_at") : NULL;
	const char *grade = o ? json_string(tree->child->next, "task_grade") : NULL;
	bool enrolment = grade && !strcmp(grade, "claimed"); /* authorised when the agent was enrolled */
	if (!why && o && !enrolment && when && rfc3339_parse(when, &authorized) &&
	    o->created / 1000 > authorized / 1000)
		return "the person it was done for was enrolled anew since";
	return tree ? why : "its principals cannot be read";
}
