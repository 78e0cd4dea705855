/* main.c: whoctl, the command for people: enrol agents, review, kill, ask who ran what.
 *
 * This file is the table of verbs and the way from argv to one of them.  See whoctl(1).
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/whoctl.h"
#include "approver/whoctl/api.h"
#include "common/io.h"
#include "common/secure.h"
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VERB_COLUMNS 34 /* of the list of verbs, up to what each is for */

static const struct verb *const verbs[] = {
    &verb_who,
    &verb_show,
    &verb_incident,
    &verb_report,
    &verb_compare_models,
    &verb_verify,
    &verb_prove,
    &verb_witness,
    &verb_export,
    &verb_pending,
    &verb_approve,
    &verb_deny,
    &verb_watch,
    &verb_kill,
    &verb_unkill,
    &verb_kills,
    &verb_agent_add,
    &verb_agent_list,
    &verb_agent_show,
    &verb_agent_disable,
    &verb_credential_issue,
    &verb_credential_rotate,
    &verb_credential_exchange,
    &verb_credential_list,
    &verb_credential_revoke,
    &verb_operator_add,
    &verb_operator_list,
    &verb_operator_remove,
    &verb_delegate,
    &verb_delegation_list,
    &verb_delegation_revoke,
    &verb_key_new,
    &verb_key_list,
    &verb_key_revoke,
    &verb_policy_check,
    &verb_policy_explain,
    &verb_policy_test,
    &verb_policy_diff,
    &verb_policy_load,
    &verb_policy_show,
    &verb_status,
};
enum { N_VERBS = sizeof verbs / sizeof *verbs };

#define GLOBAL (OPTION(DIR) | OPTION(URL) | OPTION(TOKEN_FILE) | OPTION(CA) | OPTION(HELP) | OPTION(VERSION))

static void help_add(struct buf *text)
{
	buf_adds(text, "usage: whoctl [--dir DIR | --url URL --token-file FILE --ca FILE] VERB …\n\n");
	for (int i = 0; i < N_VERBS; i++) {
		struct buf left BUF_AUTO = BUF_INIT;
		buf_addf(&left, "%s%s%s", verbs[i]->name, *verbs[i]->operands ? " " : "", verbs[i]->operands);
		left_add(text, left.data, VERB_COLUMNS);
		buf_addf(text, "%s\n", verbs[i]->help);
	}
	buf_adds(text, "\n");
	options_explain(text, GLOBAL);
	buf_adds(text, "\n`whoctl VERB --help` says what a verb takes; whoctl(1) says the rest.\n");
}

static int help(void)
{
	struct buf text BUF_AUTO = BUF_INIT;
	help_add(&text);
	return output(&text);
}

/* No verb at all: the same, but as the error that it is. */
static int no_verb(void)
{
	struct buf text BUF_AUTO = BUF_INIT;
	help_add(&text);
	if (!text.failed)
		write_all(STDERR_FILENO, text.data, text.len);
	return EXIT_USAGE_ERROR;
}

/* How many words of the verb's name the operands begin with: 0 unless all. */
static int words_matching(const struct verb *verb, const struct ctl *ctl)
{
	const char *name = verb->name;
	for (int i = 0; i < ctl->operands; i++) {
		size_t len = strcspn(name, " ");
		if (strlen(ctl->operand[i]) != len || strncmp(ctl->operand[i], name, len) != 0)
			return 0;
		if (!name[len])
			return i + 1;
		name += len + 1;
	}
	return 0;
}

/* Nothing is called that: list what there is, of the same first word when some are. */
static int unknown_verb(const struct ctl *ctl)
{
	struct buf some BUF_AUTO = BUF_INIT;
	size_t len = strlen(ctl->operand[0]);
	for (int pass = 0; pass < 2 && !some.len; pass++) {
		for (int i = 0; i < N_VERBS; i++) {
			bool akin =
			    strncmp(verbs[i]->name, ctl->operand[0], len) == 0 && verbs[i]->name[len] == ' ';
			if (akin || pass == 1)
				buf_addf(&some, "%s%s", some.len ? ", " : "", verbs[i]->name);
		}
	}
	bool akin = some.data && strncmp(some.data, ctl->operand[0], len) == 0 && some.data[len] == ' ';
	if (akin && ctl->operands < 2)
		return complain(EXIT_USAGE_ERROR, "%s what? there are: %s", ctl->operand[0], some.data);
	return complain(EXIT_USAGE_ERROR, "unknown verb \"%s%s%s\"; there are: %s", ctl->operand[0],
			akin ? " " : "", akin ? ctl->operand[1] : "", some.data ? some.data : "");
}

static int run(struct ctl *ctl)
{
	if (given(ctl, OPT_VERSION)) {
		struct buf text BUF_AUTO = BUF_INIT;
		buf_adds(&text, "whoctl " WHOSH_VERSION "\n");
		return output(&text);
	}
	bool wanted = given(ctl, OPT_HELP);
	if (ctl->operands > 0 && strcmp(ctl->operand[0], "help") == 0) {
		wanted = true;
		ctl->operand++;
		ctl->operands--;
	}
	if (ctl->operands == 0)
		return wanted ? help() : no_verb();

	int words = 0;
	for (int i = 0; i < N_VERBS && words == 0; i++) {
		words = words_matching(verbs[i], ctl);
		ctl->verb = verbs[i];
	}
	if (words == 0)
		return unknown_verb(ctl);
	ctl->operand += words;
	ctl->operands -= words;
	if (wanted) {
		struct buf text BUF_AUTO = BUF_INIT;
		verb_usage(&text, ctl->verb, true);
		return output(&text);
	}
	int status = options_allowed(ctl);
	if (status != 0)
		return status;
	if (ctl->operands < ctl->verb->least)
		return complain_usage(ctl, "%s is missing something", ctl->verb->name);
	if (ctl->verb->most >= 0 && ctl->operands > ctl->verb->most)
		return complain_usage(ctl, "%s does not take \"%s\"", ctl->verb->name,
				      ctl->operand[ctl->verb->most]);
	ctl->tokenless = ctl->verb->anonymous;
	return ctl->verb->run(ctl);
}

int main(int argc, char **argv)
{
	setlocale(LC_CTYPE, "");
	secure_process(false);
	struct ctl ctl = {.style = style_of_stdout()};
	const char **operands = calloc((size_t)argc + 1, sizeof *operands);
	if (!operands)
		return complain(EXIT_FAILED, "out of memory");
	ctl.operand = operands;
	int status = options_parse(&ctl, argc, argv);
	if (status == 0)
		status = run(&ctl);
	api_free(ctl.api);
	free(operands);
	return status;
}
