/* policy_judging.h: the judging of one request, shared by the files that take part in it.
 *
 * The files: policy_decide.c the verdict, and a unit held against the rules · policy_command.c what a simple
 * command runs · policy_changed.c what the session has made of the line · policy_input.c who would read the
 * session's next lines.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_POLICY_JUDGING_H
#define WHOSH_POLICY_JUDGING_H

#include "approver/policy/policy_document.h"
#include "approver/policy/policy_session.h"

/* What the line may run that is not in it: a function of the session's, or a file that it sources. */
struct session_text {
	const char *what, *name; /* "function", "file" */
	const char *text;
	size_t len;
	struct sh_script *script; /* NULL when there is no text */
	const char *why;          /* it cannot be relied on; NULL when it can */
	bool judged;
};

struct judging {
	const struct policy *policy;
	const struct policy_request *request;
	struct policy_decision *decision;
	enum match *applies;    /* of each rule */
	enum match *expression; /* of each rule's line_matches */
	struct session_text *texts;
	size_t n_texts, n_functions; /* the functions come first */
	bool unsets;                 /* a function may be taken away while the line runs */
	bool failed;
};

/* Where a command stands. */
struct place {
	size_t start, end;                 /* the bytes of the line that it is in, or comes of */
	const struct session_text *inside; /* the text that it is in; NULL: the line itself */
	size_t from, to;                   /* the bytes of that text */
	const struct sh_script *script;    /* that the command is one of */
	int depth;                         /* of wrappers, inner lines and functions around it */
	bool elsewhere;                    /* it is not the session's own shell that looks for its name */
};

/* How a unit comes by a rule. */
enum need {
	RULE_NEEDED,  /* a rule must cover it */
	RULE_WELCOME, /* it needs none */
	RULE_STRICT   /* no rule that approves speaks of it */
};

static inline enum match least(enum match a, enum match b)
{
	return a < b ? a : b;
}

/* policy_decide.c */
/* Say it to people; the strictest, and of these the first, decides. */
void reason(struct judging *j, const struct place *place, enum verdict verdict, const struct rule *rule,
	    const char *text);
/* Hold the words against the rules.  `danger`: why no rule may approve them, or NULL. */
void judge_unit(struct judging *j, const struct sh_word *words, size_t n, const struct place *place,
		const char *danger, enum need need);
/* A rule that is strict speaks on yes; on maybe it asks a person. */
void speak(struct judging *j, const struct rule *rule, enum match m, const struct place *place);

/* policy_command.c: all commands of a script; its places are the line's own where place->depth is 0. */
void judge_script(struct judging *j, const struct sh_script *script, const struct place *place);

/* policy_changed.c */
/* Read the texts of the session that the line may run; false when out of memory.  To be closed either way. */
bool session_open(struct judging *j, const struct sh_script *line);
void session_close(struct judging *j);
/* Say of each change for which no rule can approve the line that it is one. */
void judge_changes(struct judging *j);
/* Is this a word of some command? */
bool has_word(const struct sh_script *script, const char *text);
/* Is it a call of a function, or `. PATH` of a file that was sent along?  Then judge what that runs. */
bool judge_text(struct judging *j, const struct sh_command *command, const struct sh_word *words, size_t n,
		const struct place *place);

/* policy_input.c: why this command would take what follows in the session as its own; NULL when it does not.
 */
const char *hazard_input(const struct sh_script *script, const struct sh_command *command,
			 const struct sh_word *words, size_t n);

#endif
