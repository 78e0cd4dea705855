/* whoctl.h: what every verb of whoctl is given, and how it says that something went wrong.
 *
 * A verb is one `struct verb` beside the code it describes; main.c lists them all.  Options are one table
 * (options.c), and a verb names those it takes, so that --agent is spelled and explained once.  A verb's
 * `run` returns the exit status of whoctl, after having said why on standard error when it is not 0.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WHOCTL_WHOCTL_H
#define WHOSH_WHOCTL_WHOCTL_H

#include "common/buf.h"
#include "common/exits.h"
#include <stdio.h>

enum { EXIT_FAILED = 1 }; /* the others are in common/exits.h: 2 usage, 69 unreachable, 77 not permitted */

enum option {
	/* for every verb */
	OPT_DIR,
	OPT_URL,
	OPT_TOKEN_FILE,
	OPT_CA,
	OPT_HELP,
	OPT_VERSION,
	OPT_JSON,
	/* for those that name them */
	OPT_QUIET,
	OPT_OWNER,
	OPT_DELEGATED,
	OPT_OUT,
	OPT_EXPIRES,
	OPT_FORCE,
	OPT_OVERLAP,
	OPT_ROLE,
	OPT_REASON,
	OPT_MATCH,
	OPT_AGENT,
	OPT_AGENT_VERSION,
	OPT_HUMAN,
	OPT_MODEL,
	OPT_SESSION,
	OPT_VERDICT,
	OPT_TASK,
	OPT_HOST,
	OPT_USER,
	OPT_CWD,
	OPT_MODE,
	OPT_AT,
	OPT_ENV_KEPT,
	OPT_SINCE,
	OPT_UNTIL,
	OPT_LIMIT,
	OPT_BEFORE,
	OPT_LAST,
	OPT_ID_TOKEN,
	OPT_ID_TOKEN_CA,
	OPT_AUDIENCE,
	OPT_TO,
	OPT_SCOPE,
	OPT_DEPTH,
	OPT_KEY,
	OPT_FOR,
	OPT_WAIT,
	OPT_ALL,
	OPT_UNMASK,
	OPT_EVIDENCE,
	OPTIONS
};
#define OPTION(name) (1ull << OPT_##name)

/* How to write for whoever reads standard output. */
struct style {
	bool colour; /* a terminal, NO_COLOR not set */
	bool terminal;
	size_t width; /* columns; 0: as many as it takes */
};

struct api;

struct ctl {
	const char *option[OPTIONS]; /* NULL: not given; a flag's value is "" */
	const char **operand;
	int operands;
	struct style style;
	const struct verb *verb;
	bool tokenless;  /* what is asked needs no operator's token: none is read or sent */
	struct api *api; /* made by api_open when a verb first asks */
};

struct verb {
	const char *name;           /* "agent add" */
	const char *operands;       /* "ID", or "" */
	const char *help;           /* one line, after the name in the list of verbs */
	int least, most;            /* operands it takes */
	unsigned long long options; /* OPTION(…) | OPTION(…) */
	bool anonymous;             /* it asks the approver as nobody: no operator's token */
	int (*run)(struct ctl *ctl);
};

/* options.c */

/* Sort argv into ctl->option and ctl->operand (which must have room for argc pointers).  Options may stand
 * before, between and after the operands; "--" ends them.  0, or 2 after saying what is wrong. */
int options_parse(struct ctl *ctl, int argc, char *const *argv);
/* Does the verb take every option that was given?  0, or 2 after saying which it does not. */
int options_allowed(const struct ctl *ctl);
/* Append "whoctl agent add ID [--owner HUMAN] [--json]" and, with `explained`, a line for each option. */
void verb_usage(struct buf *out, const struct verb *verb, bool explained);
void options_explain(struct buf *out, unsigned long long options);
/* Append the left column of a help text: two blanks, the text, blanks up to `columns`. */
void left_add(struct buf *out, const char *text, size_t columns);
/* Was a flag given? */
bool given(const struct ctl *ctl, enum option option);

/* say.c */

/* "whoctl: MESSAGE" on standard error, one line whatever the message holds (text.h).  Returns `status`. */
int complain(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "whoctl: MESSAGE; usage: …" and 2. */
int complain_usage(const struct ctl *ctl, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Write the buffer to standard output.  0, or 1 after saying why it could not be (or that memory ran out). */
int output(const struct buf *text);
/* What standard output is: a terminal, how wide, in colour or not (NO_COLOR, TERM=dumb). */
struct style style_of_stdout(void);

extern const struct verb verb_agent_add, verb_agent_list, verb_agent_show, verb_agent_disable;
extern const struct verb verb_credential_issue, verb_credential_rotate, verb_credential_list,
    verb_credential_revoke, verb_credential_exchange;
extern const struct verb verb_operator_add, verb_operator_list, verb_operator_remove;
extern const struct verb verb_pending, verb_approve, verb_deny, verb_watch, verb_who, verb_show, verb_status;
extern const struct verb verb_delegate, verb_delegation_list, verb_delegation_revoke;
extern const struct verb verb_key_new, verb_key_list, verb_key_revoke;
extern const struct verb verb_kill, verb_unkill, verb_kills;
extern const struct verb verb_compare_models;
extern const struct verb verb_policy_check, verb_policy_explain, verb_policy_test, verb_policy_load,
    verb_policy_diff, verb_policy_show;

#endif
