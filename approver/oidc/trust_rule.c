/* trust_rule.c: which tokens become a credential of which agent.
 *
 * What makes a rule safe is checked when it is read: "repo:*" is every repository there is, "repo:acme*" is
 * also acme-evil's, and a subject without the workflow lets every workflow of the repository act.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/oidc/trust_rule.h"
#include "common/clock.h"
#include "common/error.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_EXPIRES_S = 3600, MAX_EXPIRES_S = 12 * 3600 };

#define WILD "*?["

bool trust_pinned(const char *pattern, const char *begins)
{
	size_t plain = strcspn(pattern, WILD);
	if (!pattern[plain])
		return plain > 0;
	const char *from = begins ? strstr(pattern, begins) : pattern;
	if (!from || from >= pattern + plain)
		return false;
	from += begins ? strlen(begins) : 0;
	/* Whole: ended by what no name of an owner or project has in it. */
	size_t name = strcspn(from, "/:");
	return name > 0 && from + name < pattern + plain;
}

/* Has it anything that is not a wildcard? */
static bool says_something(const char *pattern)
{
	size_t plain = strcspn(pattern, WILD);
	return plain > 0;
}

static const struct trust_claim *claim_of(const struct trust_rule *rule, const char *name)
{
	for (size_t i = 0; i < rule->n_claims; i++)
		if (!strcmp(rule->claims[i].name, name))
			return &rule->claims[i];
	return NULL;
}

static bool pinned_claim(const struct trust_rule *rule, const char *name, const char *begins)
{
	const struct trust_claim *claim = claim_of(rule, name);
	return claim && trust_pinned(claim->pattern, begins);
}

/* Which ref, and whether it is a branch: a tag may have a branch's name, and need not be as well protected.
 */
static bool pins_ref(const struct trust_rule *rule)
{
	const struct trust_claim *ref = claim_of(rule, "ref"), *type = claim_of(rule, "ref_type");
	const char *in_subject = strstr(rule->subject, ":ref_type:");
	bool typed = type ? says_something(type->pattern) : in_subject && says_something(in_subject + 10);
	return ref && says_something(ref->pattern) && typed;
}

/* GitHub says which file of which repository it ran in either of the first two, GitLab, after its own host,
 * in the third; the project and its branch are as good there, where a project has one configuration. */
static bool pins_workflow(const struct trust_rule *rule)
{
	return pinned_claim(rule, "job_workflow_ref", NULL) || pinned_claim(rule, "workflow_ref", NULL) ||
	       pinned_claim(rule, "ci_config_ref_uri", "/") ||
	       (pinned_claim(rule, "project_path", NULL) && pins_ref(rule));
}

/* Part FILE@REF, see judge.c.  false when there is no memory. */
static bool part_workflow(struct trust_claim *claim)
{
	static const char *const workflows[] = {"job_workflow_ref", "workflow_ref", "ci_config_ref_uri"};
	char *at = strchr(claim->pattern, '@');
	for (size_t i = 0; at && i < sizeof workflows / sizeof *workflows; i++)
		if (!strcmp(claim->name, workflows[i])) {
			*at = '\0';
			claim->ref = strdup(at + 1);
			return claim->ref != NULL;
		}
	return true;
}

static bool read_claims(struct trust_rule *rule, const cJSON *claims, char **error)
{
	const cJSON *claim;
	cJSON_ArrayForEach(claim, claims)
	{
		const char *pattern = cJSON_GetStringValue(claim);
		if (rule->n_claims == TRUST_MAX_CLAIMS)
			return error_set(error, "it has more than %d claims", TRUST_MAX_CLAIMS);
		if (!pattern || !*pattern || strlen(pattern) > TRUST_MAX_TEXT || !*claim->string)
			return error_set(error, "the claim \"%.64s\" is not a text", claim->string);
		struct trust_claim *c = &rule->claims[rule->n_claims++];
		c->name = strdup(claim->string);
		c->pattern = strdup(pattern);
		if (!c->name || !c->pattern || !part_workflow(c))
			return error_set(error, "out of memory");
	}
	return pins_workflow(rule) ||
	       error_set(error,
			 "\"claims\" must pin the workflow: job_workflow_ref or workflow_ref, "
			 "ci_config_ref_uri, or project_path, ref and ref_type, with the owner's whole name "
			 "before any wildcard");
}

bool trust_rule_read(struct trust_rule *rule, const cJSON *json, char **error)
{
	static const char *const members[] = {"agent", "subject", "claims", "expires", NULL};
	const char *other, *agent = json_string(json, "agent"), *subject = json_string(json, "subject"),
			   *expires = json_string(json, "expires");
	*rule = (struct trust_rule){.expires_s = DEFAULT_EXPIRES_S};
	if (!cJSON_IsObject(json))
		return error_set(error, "it is not an object");
	if (!json_only(json, members, &other))
		return error_set(error, "unknown member \"%.64s\"", other);
	if (!agent || !name_valid(agent))
		return error_set(error, "it names no agent");
	if (!subject || strlen(subject) > TRUST_MAX_TEXT || !trust_pinned(subject, ":"))
		return error_set(error, "\"subject\" must name the owner whole before any wildcard, as "
					"\"repo:acme/app:ref:refs/heads/*\" does");
	if (cJSON_GetObjectItemCaseSensitive(json, "expires") &&
	    (!expires || !duration_parse(expires, &rule->expires_s) || rule->expires_s < 1 ||
	     rule->expires_s > MAX_EXPIRES_S))
		return error_set(error, "\"expires\" is a duration of at most 12h, such as \"1h\"");
	rule->agent = strdup(agent);
	rule->subject = strdup(subject);
	if (!rule->agent || !rule->subject)
		return error_set(error, "out of memory");
	return read_claims(rule, json_object(json, "claims"), error);
}

void trust_rule_finish(struct trust_rule *rule)
{
	for (size_t i = 0; i < rule->n_claims; i++) {
		free(rule->claims[i].name);
		free(rule->claims[i].pattern);
		free(rule->claims[i].ref);
	}
	free(rule->agent);
	free(rule->subject);
}
