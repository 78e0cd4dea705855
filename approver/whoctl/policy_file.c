/* policy_file.c: `whoctl policy check|load|show`: policy documents, here and at the approver.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/policy_file.h"
#include "approver/whoctl/api.h"
#include "approver/whoctl/human.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

int policy_file_load(const char *path, struct policy **policy)
{
	char *error = NULL;
	*policy = policy_load(path, &error);
	if (*policy)
		return 0;
	complain(EXIT_FAILED, "%s: %s", path, error ? error : "out of memory");
	free(error);
	return EXIT_FAILED;
}

int policy_server_load(struct ctl *ctl, struct policy **policy)
{
	struct buf text BUF_AUTO = BUF_INIT;
	char *error = NULL;
	int status = api_bytes(ctl, "GET", "/v1/policy", NULL, &text);
	if (status != 0)
		return status;
	*policy = policy_parse(text.len ? text.data : "", text.len, &error);
	if (*policy)
		return 0;
	complain(EXIT_FAILED, "the policy in force at %s: %s", api_url(ctl), error ? error : "out of memory");
	free(error);
	return EXIT_FAILED;
}

int policy_rules(const struct policy *policy)
{
	size_t len;
	const char *text = policy_text(policy, &len);
	cJSON *document JSON_AUTO = json_parse(text, len, NULL);
	return document ? cJSON_GetArraySize(json_array(document, "rules")) : 0;
}

static int check_json(const char *error, const struct policy *policy)
{
	cJSON *object JSON_AUTO = cJSON_CreateObject();
	cJSON_AddBoolToObject(object, "ok", policy != NULL);
	if (policy) {
		cJSON_AddNumberToObject(object, "rules", policy_rules(policy));
		cJSON_AddStringToObject(object, "policy_s256", policy_s256(policy));
	} else {
		cJSON_AddStringToObject(object, "error", error ? error : "out of memory");
	}
	return json_output(object);
}

static int check(struct ctl *ctl)
{
	char *error = NULL;
	struct policy *policy = policy_load(ctl->operand[0], &error);
	int status = policy ? 0 : EXIT_FAILED;
	if (given(ctl, OPT_JSON)) {
		int written = check_json(error, policy);
		status = status != 0 ? status : written;
	} else if (policy) {
		struct buf text BUF_AUTO = BUF_INIT;
		visible_add(&text, ctl->operand[0], strlen(ctl->operand[0]));
		buf_addf(&text, ": good, %d rules, SHA-256 %s\n", policy_rules(policy), policy_s256(policy));
		status = output(&text);
	} else {
		complain(status, "%s: %s", ctl->operand[0], error ? error : "out of memory");
	}
	free(error);
	policy_free(policy);
	return status;
}

/* The file is checked here first, so that what is wrong is said without the approver. */
static int load(struct ctl *ctl)
{
	struct policy *policy = NULL;
	struct buf body BUF_AUTO = BUF_INIT, text BUF_AUTO = BUF_INIT;
	cJSON *answer JSON_AUTO = NULL;
	size_t len;
	int64_t rules = 0;
	int status = policy_file_load(ctl->operand[0], &policy);
	if (status != 0)
		return status;
	const char *document = policy_text(policy, &len);
	buf_add(&body, document, len);
	char hash[64];
	snprintf(hash, sizeof hash, "%s", policy_s256(policy));
	policy_free(policy);
	status = body.failed ? complain(EXIT_FAILED, "out of memory")
			     : api_json(ctl, "PUT", "/v1/policy", &body, &answer);
	if (status != 0)
		return status;
	const char *loaded = answer ? json_string(answer, "policy_s256") : NULL;
	if (!loaded || strcmp(loaded, hash) != 0)
		return complain(EXIT_UNREACHABLE, "the approver loaded another policy than %s", hash);
	if (given(ctl, OPT_JSON))
		return json_output(answer);
	json_integer(answer, "rules", &rules);
	buf_addf(&text, "in force: %lld rules, SHA-256 %s\n", (long long)rules, hash);
	return output(&text);
}

static int show(struct ctl *ctl)
{
	struct buf text BUF_AUTO = BUF_INIT, visible BUF_AUTO = BUF_INIT;
	int status = api_bytes(ctl, "GET", "/v1/policy", NULL, &text);
	if (status != 0)
		return status;
	if (!ctl->style.terminal)
		return output(&text); /* byte for byte, so that it can be saved, compared and loaded again */
	visible_add_lines(&visible, text.len ? text.data : "", text.len);
	if (!visible.len || visible.data[visible.len - 1] != '\n')
		buf_addc(&visible, '\n');
	return output(&visible);
}

const struct verb verb_policy_check = {
    .name = "policy check",
    .operands = "FILE",
    .help = "is a policy well formed",
    .least = 1,
    .most = 1,
    .options = OPTION(JSON),
    .run = check,
};

const struct verb verb_policy_load = {
    .name = "policy load",
    .operands = "FILE",
    .help = "put a policy in force",
    .least = 1,
    .most = 1,
    .options = OPTION(JSON),
    .run = load,
};

const struct verb verb_policy_show = {
    .name = "policy show",
    .operands = "",
    .help = "print the policy in force",
    .most = 0,
    .options = OPTION(JSON),
    .run = show,
};
