/* policy.h: a policy document, and what it says of one request.
 *
 * See whosh-policy(5) for the document.  A policy is immutable once loaded: a reload builds a new one and
 * swaps the pointer, so a request is judged by one whole policy, old or new.  All functions are thread-safe
 * on one const policy.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_POLICY_POLICY_H
#define WHOSH_POLICY_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

struct cJSON;
struct policy;
struct policy_session;

enum verdict { VERDICT_APPROVE, VERDICT_REVIEW, VERDICT_DENY }; /* in order of strictness */

/* "approve", "review" or "deny". */
const char *verdict_name(enum verdict verdict);

/* What a request is judged by.  Strings are NUL-terminated UTF-8 and may be NULL when unknown (a condition
 * on an unknown attribute does not hold for "approve" rules and holds for "review"/"deny" rules); `line` is
 * raw bytes.  Nothing is owned or kept. */
struct policy_request {
	const char *agent, *agent_version;
	const char *human;        /* the chain's first principal */
	const char *const *chain; /* every principal's ID, human first */
	size_t n_chain;
	const char *model, *task, *host, *user, *cwd,
	    *mode; /* mode: "command", "login", "ssh",
			      "script", "prompt", "stdin", "source" */
	const char *line;
	size_t line_len;
	const char *const *argv; /* ARG0 ARG… given beside the line */
	size_t n_argv;
	const char *const *env_kept; /* names of loader variables that keep_env let through */
	size_t n_env_kept;
	const struct policy_session *session; /* what it has changed, and the files the line reads; may be
						 NULL */
	time_t now;                           /* for "hours" (UTC unless the condition names a zone) */
	size_t *steps; /* how much may be compared, counted down; with none left nothing is sure.  NULL: as
			  much as it takes */
};

struct policy_reviewers {
	int count;
	bool not_in_chain;
};

/* One thing the evaluation saw, in order, for people (policy explain, the reviewer). */
struct policy_reason {
	size_t start, end; /* the bytes of the line it speaks of; 0,0 for the whole */
	enum verdict verdict;
	char *rule; /* name, or NULL when no rule */
	char *text; /* "rm -rf /: covered by rule cleanup", "$x: the command's name is not literal" */
};

struct policy_shadow {
	char *rule;
	enum verdict verdict;
};

struct policy_decision {
	enum verdict verdict;
	char *rule;   /* the rule that decided, or "default" */
	char *reason; /* one line for the agent and reviewer */
	struct policy_reviewers reviewers;
	struct policy_reason *reasons;
	size_t n_reasons;
	struct policy_shadow *shadows; /* what shadow rules would have said */
	size_t n_shadows;
};

/* Parse and validate a policy document (strict JSON, no unknown keys, every regular expression compiled).
 * NULL on error, with a message for a person ("rules[2].commands[0][1]: …") in *error (malloc'd, owned by the
 * caller). */
struct policy *policy_parse(const char *json, size_t len, char **error);
struct policy *policy_load(const char *path, char **error);
void policy_free(struct policy *policy);

/* The SHA-256 of the document's bytes, base64url without padding (43 characters). */
const char *policy_s256(const struct policy *policy);
/* The document's bytes as loaded. */
const char *policy_text(const struct policy *policy, size_t *len);

/* Judge one request.  0, or -1 when out of memory (the caller then refuses).  Finish with
 * policy_decision_finish. */
int policy_decide(const struct policy *policy, const struct policy_request *request,
		  struct policy_decision *decision);
void policy_decision_finish(struct policy_decision *decision);

/* The decision as JSON for --json: {"verdict","rule","reason","reviewers","reasons":[…],"shadows":[…]}.
 * NULL when out of memory; the caller frees it with cJSON_Delete. */
struct cJSON *policy_decision_json(const struct policy_decision *decision, const char *line, size_t line_len);

/* The starter policy that whoshd init writes. */
extern const char policy_starter[];
extern const size_t policy_starter_len;

#endif
