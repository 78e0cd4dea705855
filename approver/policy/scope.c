/* scope.c: is a request inside what was delegated?
 *
 * Commands and directories become a policy of one rule that approves, and a default that denies: so a line is
 * read by the one parser, and what that doubts, what no pattern may approve, and a `cd` before a command are
 * outside.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/policy/scope.h"
#include "common/error.h"
#include "common/json.h"
#include "common/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct scope {
	struct policy *commands; /* NULL: every command */
	struct policy *moves;    /* with the directories as well; NULL: any directory */
	cJSON *cwd, *hosts;      /* lists, or NULL */
};

/* {"version":1,"default":"deny","rules":[{…"commands":COMMANDS,"when":{"cwd":CWD}}]} */
static struct policy *as_policy(const cJSON *commands, const cJSON *cwd, char **error)
{
	cJSON *document JSON_AUTO = cJSON_CreateObject(), *rule = cJSON_CreateObject();
	cJSON *everything JSON_AUTO = cJSON_Parse("[[\"**\"]]");
	cJSON_AddNumberToObject(document, "version", 1);
	cJSON_AddStringToObject(document, "default", "deny");
	cJSON_AddItemToArray(cJSON_AddArrayToObject(document, "rules"), rule);
	cJSON_AddStringToObject(rule, "name", "scope");
	cJSON_AddStringToObject(rule, "verdict", "approve");
	cJSON_AddItemToObject(rule, "commands", cJSON_Duplicate(commands ? commands : everything, true));
	if (cwd)
		cJSON_AddItemToObject(cJSON_AddObjectToObject(rule, "when"), "cwd",
				      cJSON_Duplicate(cwd, true));
	char *text = cJSON_PrintUnformatted(document), *wrong = NULL;
	struct policy *policy = text ? policy_parse(text, strlen(text), &wrong) : NULL;
	free(text);
	if (!policy) /* "rules[0].commands[2]: …" */
		error_set(error, "scope.%s",
			  !wrong                           ? "commands: out of memory"
			  : strncmp(wrong, "rules[0].", 9) ? wrong
							   : wrong + 9);
	free(wrong);
	return policy;
}

struct scope *scope_new(const cJSON *json, char **error)
{
	const cJSON *commands = json_array(json, "commands"), *cwd = json_array(json, "cwd"),
		    *hosts = json_array(json, "hosts");
	struct scope *scope = calloc(1, sizeof *scope);
	*error = NULL;
	if (!scope)
		return NULL;
	scope->cwd = cwd ? cJSON_Duplicate(cwd, true) : NULL;
	scope->hosts = hosts ? cJSON_Duplicate(hosts, true) : NULL;
	if (commands)
		scope->commands = as_policy(commands, NULL, error);
	if (cwd)
		scope->moves = as_policy(commands, cwd, error);
	if (!commands == !scope->commands && !cwd == !scope->moves && !cwd == !scope->cwd &&
	    !hosts == !scope->hosts)
		return scope;
	scope_free(scope);
	return NULL;
}

void scope_free(struct scope *scope)
{
	if (!scope)
		return;
	policy_free(scope->commands);
	policy_free(scope->moves);
	cJSON_Delete(scope->cwd);
	cJSON_Delete(scope->hosts);
	free(scope);
}

static bool among(const cJSON *list, const char *value, size_t *steps)
{
	const cJSON *item;
	if (!value)
		return false;
	size_t len = strlen(value);
	cJSON_ArrayForEach(item, list)
	{
		/* As a condition of the policy it is compared twice more. */
		size_t most = 3 * (strlen(item->valuestring) + 1) * (len + 1);
		if (steps && most > *steps) {
			*steps = 0;
			return false;
		}
		if (steps)
			*steps -= most;
		if (glob_match(item->valuestring, value))
			return true;
	}
	return false;
}

static int outside(char **why, const char *clause, const char *value)
{
	struct buf text BUF_AUTO = BUF_INIT;
	buf_addf(&text, "scope.%s: ", clause);
	visible_add(&text, value, strnlen(value, 200));
	buf_adds(&text, " is not in it");
	*why = buf_take(&text);
	return *why ? 0 : -1;
}

/* Does the policy approve?  If not, its reason after `clause`. */
static int judged(const struct policy *policy, const struct policy_request *request, const char *clause,
		  char **why)
{
	static const char uncovered[] = "no rule covers it";
	struct policy_decision decision;
	if (policy_decide(policy, request, &decision))
		return -1;
	int inside = decision.verdict == VERDICT_APPROVE;
	if (!inside) {
		const char *reason = decision.reason;
		size_t len = strlen(reason), tail = sizeof uncovered - 1;
		bool plain = len >= tail && !strcmp(reason + len - tail, uncovered);
		if (request->steps && !*request->steps) {
			reason = "it takes too long to compare the line with all that was delegated";
			len = strlen(reason);
			plain = false;
		}
		if (asprintf(why, "scope.%s: %.*s%s", clause, (int)(plain ? len - tail : len), reason,
			     plain ? "nothing in it covers this" : "") < 0)
			inside = -1;
	}
	policy_decision_finish(&decision);
	return inside;
}

int scope_covers(const struct scope *scope, const struct policy_request *request, char **why)
{
	*why = NULL;
	if (scope->hosts && !among(scope->hosts, request->host, request->steps))
		return outside(why, "hosts", request->host ? request->host : "an unknown host");
	if (scope->cwd && !among(scope->cwd, request->cwd, request->steps))
		return outside(why, "cwd", request->cwd ? request->cwd : "an unknown directory");
	int inside = scope->commands ? judged(scope->commands, request, "commands", why) : 1;
	if (inside == 1 && scope->moves)
		inside = judged(scope->moves, request, "cwd", why);
	return inside;
}
