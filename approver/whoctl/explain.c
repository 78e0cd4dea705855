/* explain.c: `whoctl policy explain FILE LINE`: what a policy says of a line, and why, without a server.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/policy/policy.h"
#include "approver/policy/policy_session.h"
#include "approver/whoctl/human.h"
#include "approver/whoctl/policy_file.h"
#include "approver/whoctl/table.h"
#include "common/clock.h"
#include "common/io.h"
#include "common/text.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES (1u << 20)
#define SESSION_MAX_BYTES (4u << 20)
#define NAMES_MAX 64

static enum colour colour_of(enum verdict verdict)
{
	return verdict == VERDICT_APPROVE ? COLOUR_GREEN
	       : verdict == VERDICT_DENY  ? COLOUR_RED
					  : COLOUR_YELLOW;
}

static void shown(struct buf *out, const char *text)
{
	visible_add(out, text ? text : "", text ? strlen(text) : 0);
}

/* Append blanks up to `columns` after `used` of them, and two more. */
static void gap_add(struct buf *out, size_t used, size_t columns)
{
	do
		buf_addc(out, ' ');
	while (used++ < columns + 1);
}

/* "  approve  read-only  git status: covered by this rule" */
static void reason_add(struct buf *out, const struct policy_reason *reason, size_t columns,
		       const struct style *style)
{
	const char *verdict = verdict_name(reason->verdict), *rule = reason->rule ? reason->rule : "-";
	buf_adds(out, "  ");
	coloured_add(out, style, colour_of(reason->verdict), verdict);
	gap_add(out, strlen(verdict), strlen("approve"));
	shown(out, rule);
	gap_add(out, strlen(rule), columns);
	shown(out, reason->text);
	buf_addc(out, '\n');
}

static void reasons_add(struct buf *out, const struct policy_decision *decision, const struct style *style)
{
	size_t columns = 1;
	for (size_t i = 0; i < decision->n_reasons; i++) {
		const char *rule = decision->reasons[i].rule;
		if (rule && strlen(rule) > columns)
			columns = strlen(rule);
	}
	for (size_t i = 0; i < decision->n_reasons; i++)
		reason_add(out, &decision->reasons[i], columns, style);
}

static void decision_add(struct buf *out, const struct policy_decision *decision, const struct style *style)
{
	bool by_default = !decision->rule || strcmp(decision->rule, "default") == 0;
	coloured_add(out, style, colour_of(decision->verdict), verdict_name(decision->verdict));
	buf_adds(out, by_default ? " by the policy's default" : " by rule ");
	if (!by_default)
		shown(out, decision->rule);
	if (decision->reason && *decision->reason) {
		buf_adds(out, ": ");
		shown(out, decision->reason);
	}
	buf_addc(out, '\n');
	if (decision->verdict == VERDICT_REVIEW &&
	    (decision->reviewers.count > 1 || decision->reviewers.not_in_chain))
		buf_addf(out, "  %d reviewer%s%s\n", decision->reviewers.count,
			 decision->reviewers.count == 1 ? "" : "s",
			 decision->reviewers.not_in_chain ? ", nobody of its lineage" : "");
	reasons_add(out, decision, style);
	for (size_t i = 0; i < decision->n_shadows; i++) {
		buf_adds(out, "  shadow   rule ");
		shown(out, decision->shadows[i].rule);
		buf_addf(out, " would have said %s\n", verdict_name(decision->shadows[i].verdict));
	}
}

/* Split "A,B" in place; how many, at most NAMES_MAX. */
static size_t split(char *list, const char **names)
{
	size_t n = 0;
	for (char *save = NULL, *name = list ? strtok_r(list, ",", &save) : NULL; name && n < NAMES_MAX;
	     name = strtok_r(NULL, ",", &save))
		names[n++] = name;
	return n;
}

/* Whom the request is from, as far as the options say. */
static int request_from(struct ctl *ctl, struct policy_request *request)
{
	const char *at = ctl->option[OPT_AT], *mode = ctl->option[OPT_MODE];
	int64_t now = clock_wall_ms();
	if (at && !when_parse(at, now, &now))
		return complain_usage(ctl, "--at: \"%s\" is no time", at);
	*request = (struct policy_request){
	    .agent = ctl->option[OPT_AGENT],
	    .agent_version = ctl->option[OPT_AGENT_VERSION],
	    .human = ctl->option[OPT_HUMAN],
	    .model = ctl->option[OPT_MODEL],
	    .task = ctl->option[OPT_TASK],
	    .host = ctl->option[OPT_HOST],
	    .user = ctl->option[OPT_USER],
	    .cwd = ctl->option[OPT_CWD],
	    .mode = mode ? mode : "command",
	    .now = (time_t)(now / 1000),
	};
	return 0;
}

/* --session FILE: what a session has changed before the line.  0 with *json, which the session borrows from.
 */
static int session_load(struct ctl *ctl, cJSON **json, struct policy_session *session)
{
	static const char *const members[] = {"meaning", "sourced", NULL};
	const char *path = ctl->option[OPT_SESSION], *why = "it is empty", *other;
	struct buf text BUF_AUTO = BUF_INIT;
	char wrong[160];
	*session = (struct policy_session){0};
	if (!path)
		return 0;
	if (read_file(path, SESSION_MAX_BYTES, &text) != 0)
		return complain(EXIT_FAILED, "%s: %s", path, strerror(errno));
	if (text.len == 0 || !(*json = json_parse(text.data, text.len, &why)))
		return complain(EXIT_FAILED, "%s: not JSON: %s", path, why);
	if (!cJSON_IsObject(*json) || !json_only(*json, members, &other))
		return complain(EXIT_FAILED, "%s: not an object with \"meaning\" and \"sourced\"", path);
	if (!policy_session_read(session, *json, wrong))
		return complain(EXIT_FAILED, "%s: %s", path, wrong);
	return 0;
}

static int explain_line(struct ctl *ctl, const struct policy *policy, const struct policy_session *session,
			const char *line, size_t len)
{
	struct policy_request request;
	struct policy_decision decision;
	const char *kept[NAMES_MAX], *chain[2];
	int status = request_from(ctl, &request);
	if (status != 0)
		return status;
	char *names = ctl->option[OPT_ENV_KEPT] ? strdup(ctl->option[OPT_ENV_KEPT]) : NULL;
	request.env_kept = kept;
	request.n_env_kept = split(names, kept);
	if (request.human)
		chain[request.n_chain++] = request.human;
	if (request.agent)
		chain[request.n_chain++] = request.agent;
	request.chain = chain;
	request.argv = ctl->operand + 2;
	request.n_argv = ctl->operands > 2 ? (size_t)ctl->operands - 2 : 0;
	request.session = session;
	request.line = line;
	request.line_len = len;
	int judged = policy_decide(policy, &request, &decision);
	free(names);
	if (judged != 0)
		return complain(EXIT_FAILED, "out of memory");

	if (given(ctl, OPT_JSON)) {
		cJSON *json JSON_AUTO = policy_decision_json(&decision, line, len);
		status = json_output(json);
	} else {
		struct buf text BUF_AUTO = BUF_INIT;
		decision_add(&text, &decision, &ctl->style);
		status = output(&text);
	}
	policy_decision_finish(&decision);
	return status;
}

static int explain(struct ctl *ctl)
{
	const char *line = ctl->operand[1];
	struct buf input BUF_AUTO = BUF_INIT;
	struct policy *policy = NULL;
	struct policy_session session;
	cJSON *json JSON_AUTO = NULL;
	int status = policy_file_load(ctl->operand[0], &policy);
	if (status != 0)
		return status;
	bool typed = strcmp(line, "-") == 0;
	status = session_load(ctl, &json, &session);
	if (status == 0 && typed && read_all(STDIN_FILENO, LINE_MAX_BYTES, &input) != 0)
		status = complain(EXIT_FAILED, "standard input: %s", strerror(errno));
	else if (status == 0 && typed)
		status = explain_line(ctl, policy, &session, input.data ? input.data : "", input.len);
	else if (status == 0)
		status = explain_line(ctl, policy, &session, line, strlen(line));
	policy_session_finish(&session);
	policy_free(policy);
	return status;
}

const struct verb verb_policy_explain = {
    .name = "policy explain",
    .operands = "FILE LINE [ARG…]",
    .help = "what a policy says of a line, and why (LINE \"-\": standard input)",
    .least = 2,
    .most = -1,
    .options = OPTION(AGENT) | OPTION(AGENT_VERSION) | OPTION(HUMAN) | OPTION(MODEL) | OPTION(TASK) |
	       OPTION(HOST) | OPTION(USER) | OPTION(CWD) | OPTION(MODE) | OPTION(AT) | OPTION(ENV_KEPT) |
	       OPTION(SESSION) | OPTION(JSON),
    .run = explain,
};
