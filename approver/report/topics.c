/* topics.c: what the counted facts say, in sentences; see topics.h.
 *
 * A sentence says what was counted, never what to think of it; where something was not found it says that
 * nothing was found and not that nothing was there.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/report/topics.h"
#include "approver/report/sentence.h"
#include "approver/report/text.h"

enum { NAMES_SHOWN = 8 };

static const char *text_of(const struct buf *buf)
{
	return buf->data ? buf->data : "";
}

static void decisions(struct buf *out, const struct facts *f)
{
	const int64_t *n = f->n;
	struct buf rules BUF_AUTO = BUF_INIT;
	sentence(out,
		 "%n [command was|commands were] asked for, and each was decided before it could run: %n "
		 "approved (%n by a rule, "
		 "%n by a person), %n denied, %n still waiting.",
		 n[FACT_COMMANDS], n[FACT_APPROVED], n[FACT_BY_RULE], n[FACT_BY_PEOPLE], n[FACT_DENIED],
		 n[FACT_WAITING]);
	if (n[FACT_DENIED])
		sentence(out,
			 "Of those denied, %n [was|were] denied by a rule, %n by a person, %n because nobody "
			 "reviewed in "
			 "time, %n because of a kill, and %n [was|were] withdrawn.",
			 n[FACT_DENIED_BY_RULE], n[FACT_DENIED_BY_PEOPLE], n[FACT_UNREVIEWED],
			 n[FACT_STOPPED], n[FACT_WITHDRAWN]);
	ranking_add(&rules, &f->rules, NAMES_SHOWN, f->secrets);
	if (rules.len)
		sentence(out, "The rules that decided: %s.", text_of(&rules));
	if (f->policies.count)
		sentence(out,
			 "%n [policy was|policies were] in force for these decisions; each record names its "
			 "policy by hash.",
			 (int64_t)f->policies.count);
}

static void agents(struct buf *out, const struct facts *f)
{
	const int64_t *n = f->n;
	struct buf names BUF_AUTO = BUF_INIT, people BUF_AUTO = BUF_INIT;
	ranking_add(&names, &f->agents, NAMES_SHOWN, f->secrets);
	ranking_add(&people, &f->humans, NAMES_SHOWN, f->secrets);
	sentence(out,
		 "%n [agent was|agents were] at work with %n [credential|credentials] on %n [host|hosts]; "
		 "each command "
		 "carries its agent's signature.",
		 n[FACT_AGENTS], n[FACT_CREDENTIALS], n[FACT_HOSTS]);
	if (names.len)
		sentence(out, "Agents by commands: %s.", text_of(&names));
	if (people.len)
		sentence(out, "The people they worked for, by commands: %s.", text_of(&people));
	if (n[FACT_WITHOUT_HUMAN])
		sentence(out, "%n [command names|commands name] no person.", n[FACT_WITHOUT_HUMAN]);
	sentence(out,
		 "In the period %n [agent was|agents were] enrolled and %n disabled; %n [is|are] enrolled "
		 "and not disabled.",
		 n[FACT_AGENTS_ADDED], n[FACT_AGENTS_DISABLED], n[FACT_ENROLLED]);
}

static void credentials(struct buf *out, const struct facts *f)
{
	const int64_t *n = f->n;
	sentence(out, "%n [credential was|credentials were] issued, %n rotated and %n revoked in the period.",
		 n[FACT_ISSUED], n[FACT_ROTATED], n[FACT_REVOKED]);
	if (n[FACT_VALID])
		sentence(out,
			 "At its end %n [credential is|credentials are] good; the oldest is %n [day|days] "
			 "old, %n [has|have] no "
			 "end, and %n [was|were] not used for 90 days.",
			 n[FACT_VALID], n[FACT_OLDEST], n[FACT_ENDLESS], n[FACT_UNUSED]);
	else
		sentence(out, "At its end no credential is good.");
	sentence(out,
		 "A credential is an Ed25519 key of one agent; the approver holds the public half only.");
}

static void refused(struct buf *out, const struct facts *f)
{
	sentence(out,
		 "%n [request was|requests were] noted as refused because an identity did not hold, and %n "
		 "[alert was|alerts were] raised of a key or a session in two hands.",
		 f->n[FACT_REFUSED], f->n[FACT_ALERTS]);
}

static void reviews(struct buf *out, const struct facts *f)
{
	const int64_t *n = f->n;
	struct buf names BUF_AUTO = BUF_INIT;
	int64_t decided = n[FACT_BY_PEOPLE] + n[FACT_DENIED_BY_PEOPLE];
	if (!decided) {
		sentence(out, "No command was decided by a person in the period.");
	} else {
		ranking_add(&names, &f->reviewers, NAMES_SHOWN, f->secrets);
		sentence(
		    out,
		    "%n [command was|commands were] decided by a person: %n approved and %n denied; by %s.",
		    decided, n[FACT_BY_PEOPLE], n[FACT_DENIED_BY_PEOPLE], text_of(&names));
		sentence(out,
			 "Half of these decisions came within %t, 95 of 100 within %t; the longest took %t.",
			 facts_wait(f, 50), facts_wait(f, 95), facts_wait(f, 100));
	}
	if (n[FACT_UNREVIEWED])
		sentence(out, "%n [command|commands] did not run because nobody reviewed in time.",
			 n[FACT_UNREVIEWED]);
	if (n[FACT_OWN_REVIEW])
		sentence(out, "%n [was|were] approved by nobody but the person that the agent works for.",
			 n[FACT_OWN_REVIEW]);
	else if (n[FACT_BY_PEOPLE])
		sentence(out, "None was approved by the person that the agent works for alone.");
}

static void outcomes(struct buf *out, const struct facts *f)
{
	const int64_t *n = f->n;
	sentence(out,
		 "Of %n [command|commands] approved, %n ended with exit status 0, %n with another, %n by a "
		 "signal; %n [was|were] "
		 "not run after all, and of %n no outcome has come yet.",
		 n[FACT_APPROVED], n[FACT_ENDED_GOOD], n[FACT_ENDED_BAD], n[FACT_SIGNALED], n[FACT_NOT_RUN],
		 n[FACT_RUNNING]);
	if (n[FACT_UNKNOWN])
		sentence(out,
			 "How %n [command|commands] ended is not known: the host fell silent while they ran.",
			 n[FACT_UNKNOWN]);
	else
		sentence(out, "There is no command of which the outcome was lost.");
}

static void changes(struct buf *out, const struct facts *f)
{
	const int64_t *n = f->n;
	sentence(out,
		 "A policy was put in force %n [time|times]; %n [operator was|operators were] added or "
		 "removed; %n "
		 "[agent was|agents were] enrolled or disabled.",
		 n[FACT_POLICY_LOADS], n[FACT_OPERATOR_CHANGES],
		 n[FACT_AGENTS_ADDED] + n[FACT_AGENTS_DISABLED]);
	sentence(
	    out,
	    "Each of these is an event of the log with who did it; a policy's text is kept with its hash.");
}

static void kills(struct buf *out, const struct facts *f)
{
	sentence(out,
		 "The kill switch was used %n [time|times] (revoking a credential or disabling an agent is "
		 "one) and lifted %n [time|times]; %n [command "
		 "was|commands were] denied "
		 "because of one.",
		 f->n[FACT_KILLS], f->n[FACT_UNKILLS], f->n[FACT_STOPPED]);
}

static void the_log(struct buf *out, const struct facts *f)
{
	const int64_t *n = f->n;
	sentence(out,
		 "The log holds %n [event|events], the first of %d, the last of %d; %n [number is|numbers "
		 "are] missing.",
		 n[FACT_EVENTS], f->first_ms, f->last_ms, n[FACT_MISSING]);
	sentence(out,
		 "In the period recording began %n [time|times] and ended %n [time|times] in good order; %n "
		 "[time|times] it began "
		 "again without having ended.",
		 n[FACT_STARTS], n[FACT_STOPS], n[FACT_CRASHES]);
	if (f->n_gaps)
		sentence(
		    out,
		    "While the approver was away (%n [gap|gaps], %t in all) no command could be approved.",
		    (int64_t)f->n_gaps, f->gap_ms);
	for (size_t i = 0; i < f->n_gaps && i < 5; i++)
		sentence(out, "Gap of %t: %d to %d, %s.", f->gaps[i].to - f->gaps[i].from, f->gaps[i].from,
			 f->gaps[i].to,
			 f->gaps[i].orderly ? "ended in good order" : "not ended in good order");
}

static void record(struct buf *out, const struct facts *f)
{
	sentence(out,
		 "Each of the %n [record|records] says when, which agent with which credential in which "
		 "session, for whom, on "
		 "which host and account, in which directory, the exact line, the decision with its rule or "
		 "reviewer, and "
		 "the outcome.",
		 f->n[FACT_COMMANDS]);
	sentence(out, "Agent, credential and session are proven by signature; host, account and directory "
		      "are what the agent's host "
		      "says; model and task are claimed by the agent unless delegated.");
}

static void people(struct buf *out, const struct facts *f)
{
	const int64_t *n = f->n;
	sentence(out,
		 "At the end %n [operator may|operators may] administer, %n may review and %n may only look; "
		 "%n [sign-in|sign-ins] of "
		 "operators were noted in the period.",
		 n[FACT_ADMINS], n[FACT_MAY_REVIEW], n[FACT_VIEWERS], n[FACT_SIGN_INS]);
}

static void models(struct buf *out, const struct facts *f)
{
	const int64_t *n = f->n;
	struct buf names BUF_AUTO = BUF_INIT;
	ranking_add(&names, &f->models, NAMES_SHOWN, f->secrets);
	sentence(out,
		 "%n of %n commands name their model and %n state a task; the model is claimed by the "
		 "agent's harness.",
		 n[FACT_WITH_MODEL], n[FACT_COMMANDS], n[FACT_WITH_TASK]);
	if (names.len)
		sentence(out, "Models by commands: %s.", text_of(&names));
	sentence(out, "%n [time|times] the model changed within a session.", n[FACT_MODEL_CHANGES]);
}

static void delegations(struct buf *out, const struct facts *f)
{
	const int64_t *n = f->n;
	sentence(out,
		 "%n [delegation was|delegations were] made and %n revoked; %n of %n commands ran under one. "
		 "%n [key|keys] of "
		 "people's own [was|were] enrolled, %n revoked.",
		 n[FACT_DELEGATIONS], n[FACT_DELEGATIONS_REVOKED], n[FACT_DELEGATED], n[FACT_COMMANDS],
		 n[FACT_KEYS_ENROLLED], n[FACT_KEYS_REVOKED]);
}

/* ── the table ─────────────────────────────────────────────────────────────────────────────────────────── */

enum { FACTS_EACH = 16 };
#define F(name) FACT_##name
static const struct {
	void (*tell)(struct buf *out, const struct facts *f);
	enum fact facts[FACTS_EACH];
} topics[TOPICS] = {
    [TOPIC_DECISIONS] = {decisions,
			 {F(COMMANDS), F(APPROVED), F(BY_RULE), F(BY_PEOPLE), F(DENIED), F(DENIED_BY_RULE),
			  F(DENIED_BY_PEOPLE), F(UNREVIEWED), F(STOPPED), F(WITHDRAWN), F(WAITING), FACTS}},
    [TOPIC_AGENTS] = {agents,
		      {F(AGENTS), F(HUMANS), F(HOSTS), F(CREDENTIALS), F(WITHOUT_HUMAN), F(AGENTS_ADDED),
		       F(AGENTS_DISABLED), F(ENROLLED), FACTS}},
    [TOPIC_CREDENTIALS] = {credentials,
			   {F(ISSUED), F(ROTATED), F(REVOKED), F(VALID), F(OLDEST), F(ENDLESS), F(UNUSED),
			    FACTS}},
    [TOPIC_REFUSED] = {refused, {F(REFUSED), F(ALERTS), FACTS}},
    [TOPIC_REVIEWS] = {reviews,
		       {F(BY_PEOPLE), F(DENIED_BY_PEOPLE), F(REVIEWERS), F(REVIEWS), F(UNREVIEWED),
			F(OWN_REVIEW), FACTS}},
    [TOPIC_OUTCOMES] = {outcomes,
			{F(APPROVED), F(ENDED_GOOD), F(ENDED_BAD), F(SIGNALED), F(NOT_RUN), F(RUNNING),
			 F(UNKNOWN), FACTS}},
    [TOPIC_CHANGES] = {changes,
		       {F(POLICY_LOADS), F(OPERATOR_CHANGES), F(AGENTS_ADDED), F(AGENTS_DISABLED), FACTS}},
    [TOPIC_KILLS] = {kills, {F(KILLS), F(UNKILLS), F(STOPPED), FACTS}},
    [TOPIC_LOG] = {the_log, {F(EVENTS), F(MISSING), F(STARTS), F(STOPS), F(CRASHES), FACTS}},
    [TOPIC_RECORD] = {record, {F(COMMANDS), FACTS}},
    [TOPIC_PEOPLE] = {people, {F(ADMINS), F(MAY_REVIEW), F(VIEWERS), F(SIGN_INS), FACTS}},
    [TOPIC_MODELS] = {models, {F(COMMANDS), F(WITH_MODEL), F(WITH_TASK), F(MODELS), F(MODEL_CHANGES), FACTS}},
    [TOPIC_DELEGATIONS] = {delegations,
			   {F(DELEGATIONS), F(DELEGATIONS_REVOKED), F(DELEGATED), F(KEYS_ENROLLED),
			    F(KEYS_REVOKED), FACTS}},
};
#undef F

void topic_answer(struct buf *out, enum topic topic, const struct facts *facts)
{
	topics[topic].tell(out, facts);
}

const enum fact *topic_facts(enum topic topic)
{
	return topics[topic].facts;
}
