/* policy_document.h: a loaded policy's rules, for the files that match them.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_POLICY_DOCUMENT_H
#define WHOSH_POLICY_DOCUMENT_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include "approver/policy/policy.h"
#include "approver/policy/syntax.h"
#include <pcre2.h>

struct strings {
	char **items;
	size_t n;
};

/* One word of a pattern is any of its alternatives (globs). */
struct pattern {
	struct strings *words;
	size_t n;
	bool rest; /* ended by "**" */
};

enum attribute {
	BY_AGENT,
	BY_AGENT_VERSION,
	BY_HUMAN,
	BY_CHAIN,
	BY_MODEL,
	BY_HOST,
	BY_USER,
	BY_CWD,
	BY_MODE,
	BY_HOURS,
	BY_TASK,
	BY_ENV_KEPT,
	ATTRIBUTES
};

struct rule {
	char *name;
	enum verdict verdict;
	struct pattern *patterns;
	size_t n_patterns;
	struct strings when[ATTRIBUTES], unless[ATTRIBUTES];
	pcre2_code *line_matches;
	struct policy_reviewers reviewers;
	bool shadow;
};

struct policy {
	struct rule *rules;
	size_t n_rules;
	enum verdict otherwise;
	char *text;
	size_t len;
	char hash[44];
};

enum match { MATCH_NO, MATCH_MAYBE, MATCH_YES };

/* policy_conditions.c: do when and unless of the rule let it speak about this request? */
enum match rule_applies(const struct rule *rule, const struct policy_request *request);
/* policy_match.c: does a pattern cover these words?  `steps` as in policy_request. */
enum match pattern_match(const struct pattern *pattern, const struct sh_word *words, size_t n, size_t *steps);
/* Where bash finds it without PATH being able to differ: "git" for "/usr/bin/git"; else the word itself. */
const char *program_name(const struct sh_word *word);

/* policy_hazard.c: why no pattern may approve this simple command, or what a wrapper in it runs; NULL when a
 * pattern may. */
const char *hazard(const struct sh_command *command, const struct sh_word *words, size_t n);
/* The same for the assignments before it, whatever its words are. */
const char *hazard_assignments(const struct sh_command *command);
/* Why this variable may not be set by a line; NULL when it may. */
const char *hazard_variable(const char *name);
/* policy_program.c: the same for programs that are given code. */
const char *hazard_program(const char *name, const struct sh_word *words, size_t n);
/* policy_option.c: the same for programs whose options run programs. */
const char *hazard_options(const char *name, const struct sh_word *words, size_t n);
/* policy_git.c: the same for git's subcommands. */
const char *hazard_git(const struct sh_word *words, size_t n);
/* policy_client.c: the same for a database client's statements. */
const char *hazard_client(const char *name, const struct sh_word *words, size_t n);

/* policy_wrapper.c: how many leading words are a wrapper (env, timeout, nice …) around another command; 0
 * when none. *why is set when it is a wrapper that is not understood. */
size_t wrapper_words(const struct sh_word *words, size_t n, const char **why);
/* Does it hand words of its own to the command (xargs)? */
bool wrapper_appends(const struct sh_word *words);

#endif
