/* facts.h: what the records of a period say, as numbers: counted once, used by every control of a report.
 *
 * Commands count by when the approver received them (from <= ts < to), events by their own time; state (which
 * credentials are good, who may review) is that at the end of the period, or now when that is still to come.
 * Memory is bounded whatever the period holds: see tally.h and pick.h; review times are kept up to WAITS_MAX.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_REPORT_FACTS_H
#define WHOSH_REPORT_FACTS_H

#include "approver/report/pick.h"
#include "approver/report/tally.h"
#include "approver/store/store.h"
#include "common/buf.h"

/* Each number: its name in JSON and CSV, and what it is. */
#define FACTS_LIST(F)                                                                                        \
	F(COMMANDS, "commands", "commands asked for")                                                        \
	F(APPROVED, "approved", "approved")                                                                  \
	F(DENIED, "denied", "denied")                                                                        \
	F(WAITING, "waiting", "still waiting for a person")                                                  \
	F(BY_RULE, "approved_by_rule", "approved by a rule, no person asked")                                \
	F(BY_PEOPLE, "approved_by_review", "approved by a person")                                           \
	F(DENIED_BY_RULE, "denied_by_rule", "denied by a rule")                                              \
	F(DENIED_BY_PEOPLE, "denied_by_review", "denied by a person")                                        \
	F(UNREVIEWED, "unreviewed", "not run because nobody reviewed in time")                               \
	F(WITHDRAWN, "withdrawn", "withdrawn by the agent while they waited")                                \
	F(STOPPED, "killed_waiting", "denied because of a kill")                                             \
	F(OWN_REVIEW, "approved_by_own_human", "approved by nobody but the person the agent works for")      \
	F(ENDED_GOOD, "exit_0", "ended with exit status 0")                                                  \
	F(ENDED_BAD, "exit_not_0", "ended with another exit status")                                         \
	F(SIGNALED, "signaled", "ended by a signal")                                                         \
	F(NOT_RUN, "not_run", "approved but not run")                                                        \
	F(UNKNOWN, "outcome_unknown", "outcome not known: the host fell silent")                             \
	F(RUNNING, "running", "approved, no outcome yet")                                                    \
	F(WITH_MODEL, "with_model", "commands that name the model (claimed by the agent's harness)")         \
	F(WITH_TASK, "with_task", "commands that state a task")                                              \
	F(DELEGATED, "delegated", "commands on a signed or attested delegation")                             \
	F(WITHOUT_HUMAN, "without_human", "commands for which no person is named")                           \
	F(AGENTS, "agents", "agents that were at work")                                                      \
	F(HUMANS, "humans", "people they worked for")                                                        \
	F(HOSTS, "hosts", "hosts")                                                                           \
	F(CREDENTIALS, "credentials_used", "credentials used")                                               \
	F(MODELS, "models", "models named")                                                                  \
	F(REVIEWERS, "reviewers", "people who reviewed")                                                     \
	F(REVIEWS, "reviews", "decisions by people in the log")                                              \
	F(REFUSED, "refused",                                                                                \
	  "requests refused because an identity did not hold (the approver notes 1 a second, 20 at once)")   \
	F(ALERTS, "alerts", "alerts of a key or session in two hands")                                       \
	F(SIGN_INS, "sign_ins", "sign-ins of operators")                                                     \
	F(OPERATOR_CHANGES, "operator_changes", "operators added or removed")                                \
	F(AGENTS_ADDED, "agents_added", "agents enrolled")                                                   \
	F(AGENTS_DISABLED, "agents_disabled", "agents disabled")                                             \
	F(ISSUED, "credentials_issued", "credentials issued")                                                \
	F(ROTATED, "credentials_rotated", "credentials rotated")                                             \
	F(REVOKED, "credentials_revoked", "credentials revoked")                                             \
	F(POLICY_LOADS, "policy_loads", "times that a policy was put in force")                              \
	F(KILLS, "kills", "kills (a revoked credential and a disabled agent are one each)")                  \
	F(UNKILLS, "kills_lifted", "kills lifted")                                                           \
	F(DELEGATIONS, "delegations", "delegations made")                                                    \
	F(DELEGATIONS_REVOKED, "delegations_revoked", "delegations revoked")                                 \
	F(KEYS_ENROLLED, "keys_enrolled", "people's own keys enrolled")                                      \
	F(KEYS_REVOKED, "keys_revoked", "people's own keys revoked")                                         \
	F(MODEL_CHANGES, "model_changes", "changes of model within a session")                               \
	F(STARTS, "log_starts", "times that recording began")                                                \
	F(STOPS, "log_stops", "times that recording ended in good order")                                    \
	F(CRASHES, "log_breaks", "times that recording began again without having ended in good order")      \
	F(EVENTS, "log_events", "events in the whole log")                                                   \
	F(MISSING, "log_missing", "numbers missing in the whole log")                                        \
	F(VALID, "credentials_valid", "credentials good at the end")                                         \
	F(ENDLESS, "credentials_endless", "of these, without an end")                                        \
	F(UNUSED, "credentials_unused_90d", "of these, not used for 90 days")                                \
	F(OLDEST, "credential_oldest_days", "age of the oldest of these, in days")                           \
	F(ENROLLED, "agents_enrolled", "agents enrolled and not disabled at the end")                        \
	F(ADMINS, "admins", "operators who may administer")                                                  \
	F(MAY_REVIEW, "may_review", "operators who may review but not administer")                           \
	F(VIEWERS, "viewers", "operators who may only look")

enum fact {
#define FACT_NUMBER(symbol, name, label) FACT_##symbol,
	FACTS_LIST(FACT_NUMBER)
#undef FACT_NUMBER
	    FACTS
};

enum { WAITS_MAX = 1 << 20, GAPS_MAX = 50 };

/* While nothing was recorded. */
struct gap {
	int64_t from, to; /* ms */
	bool orderly;
};

struct facts {
	int64_t from, to, now;
	const struct secrets *secrets; /* what is masked in sentences; borrowed */
	int64_t n[FACTS];
	struct tally agents; /* commands, denied, reviewed, outcome unknown */
	struct tally humans, hosts, credentials, models, rules, reviewers, policies;
	uint32_t *waits; /* until a person decided, ms; sorted by facts_close */
	size_t n_waits, room_waits;
	struct gap gaps[GAPS_MAX];
	size_t n_gaps;
	int64_t gap_ms;            /* in all of the period */
	int64_t first_ms, last_ms; /* of all events */
	int64_t expected;          /* the number that the next event should have */
	bool stopped, started;     /* recording ended in good order last; it ever began */
	struct picks picks;
	bool failed; /* out of memory */
};

const char *fact_name(enum fact fact);
const char *fact_label(enum fact fact);

/* Count in a command of the period, or any event of the log (its order). */
void facts_command(struct facts *facts, const struct command_row *row);
void facts_event(struct facts *facts, int64_t n, enum event_kind kind, int64_t ms);
/* Count in the state: 0 or -1. */
int facts_state(struct facts *facts, struct store_reader *reader);
/* All is counted: sort, and count what was told apart. */
void facts_close(struct facts *facts);
/* The review time below which `percent` of them are, ms; -1 when there was none. */
int64_t facts_wait(const struct facts *facts, int percent);
void facts_finish(struct facts *facts);

#endif
