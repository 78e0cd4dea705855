/* policy_load.c: from JSON to rules, whole or not at all.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/policy/policy_document.h"
#include "common/error.h"
#include "common/io.h"
#include "common/json.h"
#include "common/jws.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_POLICY = 1 << 20 };

static const char *const attribute_names[ATTRIBUTES + 1] = {
    "agents", "agent_versions", "humans", "chain_includes", "models",   "hosts", "users",
    "cwd",    "modes",          "hours",  "tasks",          "env_kept", NULL};

const char *verdict_name(enum verdict verdict)
{
	return verdict == VERDICT_APPROVE ? "approve" : verdict == VERDICT_REVIEW ? "review" : "deny";
}

static bool read_verdict(const cJSON *object, const char *member, enum verdict *verdict)
{
	const char *text = json_string(object, member);
	for (int v = VERDICT_APPROVE; text && v <= VERDICT_DENY; v++)
		if (!strcmp(text, verdict_name((enum verdict)v))) {
			*verdict = (enum verdict)v;
			return true;
		}
	return false;
}

static bool add_string(struct strings *list, const cJSON *item)
{
	char **more = cJSON_IsString(item) && *item->valuestring
			  ? realloc(list->items, (list->n + 1) * sizeof *more)
			  : NULL;
	if (!more)
		return false;
	list->items = more;
	list->items[list->n] = strdup(item->valuestring);
	return list->items[list->n] && ++list->n;
}

static bool read_strings(struct strings *list, const cJSON *array, const char *where, char **error)
{
	const cJSON *item;
	if (!cJSON_IsArray(array) || !cJSON_GetArraySize(array))
		return error_set(error, "%s: must be a list of texts that is not empty", where);
	cJSON_ArrayForEach(item, array) if (!add_string(list, item)) return error_set(
	    error, "%s: must hold texts", where);
	return true;
}

static bool hours_valid(const char *text)
{
	int a, b, c, d, used = 0;
	return sscanf(text, "%2d:%2d-%2d:%2d%n", &a, &b, &c, &d, &used) == 4 && !text[used] && used == 11 &&
	       a >= 0 && a < 24 && b >= 0 && b < 60 && c >= 0 && c <= 24 && d >= 0 && d < 60;
}

static bool read_conditions(struct strings *lists, const cJSON *object, const char *where, char **error)
{
	const char *other;
	char path[256];
	if (!object)
		return true;
	if (!cJSON_IsObject(object) || !json_only(object, attribute_names, &other))
		return error_set(error, "%s: unknown condition", where);
	for (int a = 0; a < ATTRIBUTES; a++) {
		const cJSON *list = cJSON_GetObjectItemCaseSensitive(object, attribute_names[a]);
		snprintf(path, sizeof path, "%s.%s", where, attribute_names[a]);
		if (list && !read_strings(&lists[a], list, path, error))
			return false;
		for (size_t i = 0; a == BY_HOURS && i < lists[a].n; i++)
			if (!hours_valid(lists[a].items[i]))
				return error_set(error, "%s: hours look like \"08:00-18:00\" (UTC)", path);
	}
	return true;
}

static bool read_pattern(struct pattern *pattern, const cJSON *array, const char *where, char **error)
{
	const cJSON *item;
	int size = cJSON_IsArray(array) ? cJSON_GetArraySize(array) : 0;
	if (!size)
		return error_set(error, "%s: a pattern is a list of words that is not empty", where);
	pattern->words = calloc((size_t)size, sizeof *pattern->words);
	if (!pattern->words)
		return error_set(error, "out of memory");
	cJSON_ArrayForEach(item, array)
	{
		if (pattern->rest)
			return error_set(error, "%s: \"**\" stands for the rest and must be last", where);
		if (cJSON_IsString(item) && !strcmp(item->valuestring, "**")) {
			pattern->rest = true;
			continue;
		}
		struct strings *word = &pattern->words[pattern->n++];
		if (cJSON_IsString(item) ? !add_string(word, item) : !read_strings(word, item, where, error))
			return error_set(error, "%s: a word is a text or a list of texts", where);
	}
	return true;
}

static bool read_patterns(struct rule *rule, const cJSON *array, const char *where, char **error)
{
	const cJSON *item;
	char path[256];
	if (!array)
		return rule->verdict != VERDICT_APPROVE ||
		       error_set(error, "%s: a rule that approves must say which commands", where);
	if (!cJSON_IsArray(array) || !cJSON_GetArraySize(array))
		return error_set(error, "%s.commands: must be a list of patterns that is not empty", where);
	rule->patterns = calloc((size_t)cJSON_GetArraySize(array), sizeof *rule->patterns);
	if (!rule->patterns)
		return error_set(error, "out of memory");
	cJSON_ArrayForEach(item, array)
	{
		snprintf(path, sizeof path, "%s.commands[%zu]", where, rule->n_patterns);
		if (!read_pattern(&rule->patterns[rule->n_patterns++], item, path, error))
			return false;
	}
	return true;
}

static bool read_expression(struct rule *rule, const cJSON *rule_json, const char *where, char **error)
{
	const char *text = json_string(rule_json, "line_matches");
	int code;
	size_t offset;
	unsigned char message[128];
	if (!text)
		return !cJSON_HasObjectItem(rule_json, "line_matches") ||
		       error_set(error, "%s.line_matches: must be a regular expression", where);
	rule->line_matches = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, PCRE2_NEVER_BACKSLASH_C,
					   &code, &offset, NULL);
	if (rule->line_matches)
		return true;
	pcre2_get_error_message(code, message, sizeof message);
	return error_set(error, "%s.line_matches: %s (at %zu)", where, (char *)message, offset);
}

static bool read_reviewers(struct rule *rule, const cJSON *object, const char *where, char **error)
{
	static const char *const members[] = {"count", "not_in_chain", NULL};
	const char *other;
	int64_t count = 1;
	rule->reviewers.count = 1;
	if (!object)
		return true;
	if (!cJSON_IsObject(object) || !json_only(object, members, &other) ||
	    (cJSON_HasObjectItem(object, "count") && !json_integer(object, "count", &count)) || count < 1 ||
	    count > 20)
		return error_set(error, "%s.reviewers: {\"count\": 1 to 20, \"not_in_chain\": true or false}",
				 where);
	rule->reviewers = (struct policy_reviewers){(int)count, json_true(object, "not_in_chain")};
	return true;
}

static bool read_rule(struct rule *rule, const cJSON *json, size_t number, char **error)
{
	static const char *const members[] = {"name",         "verdict",   "commands", "when",    "unless",
					      "line_matches", "reviewers", "shadow",   "comment", NULL};
	char where[64], path[80];
	const char *other, *name = json_string(json, "name");
	snprintf(where, sizeof where, "rules[%zu]", number);
	if (!cJSON_IsObject(json))
		return error_set(error, "%s: must be an object", where);
	if (!json_only(json, members, &other))
		return error_set(error, "%s: unknown member \"%.40s\"", where, other);
	if (!name || !*name || strlen(name) > 100 || strpbrk(name, "\n\r\t"))
		return error_set(error, "%s.name: must be a short text", where);
	rule->name = strdup(name);
	if (!rule->name || !read_verdict(json, "verdict", &rule->verdict))
		return error_set(error, "%s.verdict: must be approve, review or deny", where);
	rule->shadow = json_true(json, "shadow");
	snprintf(path, sizeof path, "%s.when", where);
	if (!read_conditions(rule->when, cJSON_GetObjectItemCaseSensitive(json, "when"), path, error))
		return false;
	snprintf(path, sizeof path, "%s.unless", where);
	return read_conditions(rule->unless, cJSON_GetObjectItemCaseSensitive(json, "unless"), path, error) &&
	       read_patterns(rule, cJSON_GetObjectItemCaseSensitive(json, "commands"), where, error) &&
	       read_expression(rule, json, where, error) &&
	       read_reviewers(rule, cJSON_GetObjectItemCaseSensitive(json, "reviewers"), where, error);
}

static bool read_document(struct policy *policy, const cJSON *json, char **error)
{
	static const char *const members[] = {"version", "default", "rules", "comment", NULL};
	const char *other;
	int64_t version;
	const cJSON *rules = json_array(json, "rules"), *item;
	if (!cJSON_IsObject(json) || !json_integer(json, "version", &version) || version != 1)
		return error_set(error, "version: must be 1");
	if (!json_only(json, members, &other))
		return error_set(error, "unknown member \"%.40s\"", other);
	policy->otherwise = VERDICT_REVIEW;
	if (cJSON_HasObjectItem(json, "default") && !read_verdict(json, "default", &policy->otherwise))
		return error_set(error, "default: must be review or deny");
	if (policy->otherwise == VERDICT_APPROVE)
		return error_set(error,
				 "default: must be review or deny: what no rule covers is never approved");
	if (!rules)
		return error_set(error, "rules: must be a list");
	policy->rules = calloc((size_t)cJSON_GetArraySize(rules) + 1, sizeof *policy->rules);
	if (!policy->rules)
		return error_set(error, "out of memory");
	cJSON_ArrayForEach(item, rules)
	{
		if (!read_rule(&policy->rules[policy->n_rules], item, policy->n_rules, error)) {
			policy->n_rules++;
			return false;
		}
		policy->n_rules++;
	}
	for (size_t i = 0; i < policy->n_rules; i++)
		for (size_t j = 0; j < i; j++)
			if (!strcmp(policy->rules[i].name, policy->rules[j].name))
				return error_set(error, "rules[%zu].name: \"%s\" is taken already", i,
						 policy->rules[i].name);
	return true;
}

struct policy *policy_parse(const char *json, size_t len, char **error)
{
	const char *why;
	*error = NULL;
	cJSON *tree = json_parse(json, len, &why);
	if (!tree) {
		error_set(error, "not strict JSON: %s", why);
		return NULL;
	}
	struct policy *policy = calloc(1, sizeof *policy);
	bool good = policy && read_document(policy, tree, error);
	cJSON_Delete(tree);
	if (good) {
		policy->text = strndup(json, len);
		policy->len = len;
		s256(json, len, policy->hash);
	}
	if (good && policy->text)
		return policy;
	policy_free(policy);
	error_set(error, "out of memory");
	return NULL;
}

struct policy *policy_load(const char *path, char **error)
{
	struct buf text BUF_AUTO = BUF_INIT;
	*error = NULL;
	if (read_file(path, MAX_POLICY, &text)) {
		error_set(error, "%s: %s", path, strerror(errno));
		return NULL;
	}
	return policy_parse(text.data ? text.data : "", text.len, error);
}

static void strings_finish(struct strings *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->items[i]);
	free(list->items);
}

void policy_free(struct policy *policy)
{
	if (!policy)
		return;
	for (size_t i = 0; i < policy->n_rules; i++) {
		struct rule *rule = &policy->rules[i];
		for (size_t j = 0; j < rule->n_patterns; j++) {
			for (size_t k = 0; k < rule->patterns[j].n; k++)
				strings_finish(&rule->patterns[j].words[k]);
			free(rule->patterns[j].words);
		}
		for (int a = 0; a < ATTRIBUTES; a++) {
			strings_finish(&rule->when[a]);
			strings_finish(&rule->unless[a]);
		}
		pcre2_code_free(rule->line_matches);
		free(rule->patterns);
		free(rule->name);
	}
	free(policy->rules);
	free(policy->text);
	free(policy);
}

const char *policy_s256(const struct policy *policy)
{
	return policy->hash;
}

const char *policy_text(const struct policy *policy, size_t *len)
{
	*len = policy->len;
	return policy->text;
}
