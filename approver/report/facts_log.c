/* facts_log.c: what the log's events and the state at the end say; see facts.h.
 *
 * Recording is known to have stopped between a log_stopped, or the last event before a log_started without
 * one, and that log_started: these are the gaps.  Nothing runs while the approver is away, so a gap is time
 * without commands, not commands without a record.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/report/facts.h"

#define DAY_MS ((int64_t)86400 * 1000)
/* One more, so that 0, where a kind is not listed, is none. */
#define FACT(name) (FACT_##name + 1)
#define CLASS(name) (PICK_##name + 1)
enum { NO_FACT = 0, NO_CLASS = 0 };

static const struct {
	signed char fact, class;
} kinds[EVENT_KINDS] = {
    [EVENT_LOG_STARTED] = {FACT(STARTS), CLASS(LOG)},
    [EVENT_LOG_STOPPED] = {FACT(STOPS), CLASS(LOG)},
    [EVENT_REVIEW] = {FACT(REVIEWS), NO_CLASS},
    [EVENT_AGENT_ADDED] = {FACT(AGENTS_ADDED), CLASS(ACCESS)},
    [EVENT_AGENT_DISABLED] = {FACT(AGENTS_DISABLED), CLASS(ACCESS)},
    [EVENT_CREDENTIAL_ISSUED] = {FACT(ISSUED), CLASS(CREDENTIAL)},
    [EVENT_CREDENTIAL_REVOKED] = {FACT(REVOKED), CLASS(CREDENTIAL)},
    [EVENT_CREDENTIAL_ROTATED] = {FACT(ROTATED), CLASS(CREDENTIAL)},
    [EVENT_POLICY_LOADED] = {FACT(POLICY_LOADS), CLASS(POLICY)},
    [EVENT_OPERATOR_SIGN_IN] = {FACT(SIGN_INS), CLASS(SIGN_IN)},
    [EVENT_OPERATOR_CHANGED] = {FACT(OPERATOR_CHANGES), CLASS(ACCESS)},
    [EVENT_MODEL_CHANGED] = {FACT(MODEL_CHANGES), NO_CLASS},
    [EVENT_REFUSED] = {FACT(REFUSED), CLASS(KILL)},
    [EVENT_DELEGATION] = {FACT(DELEGATIONS), CLASS(ACCESS)},
    [EVENT_DELEGATION_REVOKED] = {FACT(DELEGATIONS_REVOKED), CLASS(ACCESS)},
    [EVENT_KEY_ENROLLED] = {FACT(KEYS_ENROLLED), CLASS(ACCESS)},
    [EVENT_KEY_REVOKED] = {FACT(KEYS_REVOKED), CLASS(ACCESS)},
    [EVENT_ALERT] = {FACT(ALERTS), CLASS(KILL)},
    [EVENT_KILL] = {FACT(KILLS), CLASS(KILL)},
    [EVENT_UNKILL] = {FACT(UNKILLS), CLASS(KILL)},
};

static void note_gap(struct facts *f, int64_t from, int64_t to, bool orderly)
{
	if (from < f->from)
		from = f->from;
	if (to > f->to)
		to = f->to;
	if (from >= to)
		return;
	f->gap_ms += to - from;
	if (f->n_gaps < GAPS_MAX)
		f->gaps[f->n_gaps++] = (struct gap){from, to, orderly};
}

void facts_event(struct facts *f, int64_t n, enum event_kind kind, int64_t ms)
{
	bool within = ms >= f->from && ms < f->to;
	f->n[FACT_EVENTS]++;
	f->n[FACT_MISSING] += n - f->expected;
	f->expected = n + 1;
	if (kind == EVENT_LOG_STARTED && f->started) {
		note_gap(f, f->last_ms, ms, f->stopped);
		f->n[FACT_CRASHES] += within && !f->stopped;
	}
	if (f->n[FACT_EVENTS] == 1)
		f->first_ms = ms;
	f->started |= kind == EVENT_LOG_STARTED;
	if (kind != EVENT_NOTED) /* what is noted may be written behind the end */
		f->stopped = kind == EVENT_LOG_STOPPED;
	f->last_ms = ms;
	if (!within || kinds[kind].fact == NO_FACT)
		return;
	f->n[kinds[kind].fact - 1]++;
	if (kinds[kind].class == NO_CLASS)
		return;
	unsigned char rank[32];
	pick_rank(&f->picks, n, rank);
	pick_offer(&f->picks, (enum pick_class)(kinds[kind].class - 1), rank, n, "");
}

/* ── the state at the end ──────────────────────────────────────────────────────────────────────────────── */

static int64_t end_of(const struct facts *f)
{
	return f->to < f->now ? f->to : f->now;
}

static bool count_credential(const struct credential_row *row, void *arg)
{
	struct facts *f = arg;
	int64_t end = end_of(f);
	if (row->issued >= end || (row->revoked && row->revoked < end) ||
	    (row->expires && row->expires < end))
		return true;
	f->n[FACT_VALID]++;
	f->n[FACT_ENDLESS] += !row->expires;
	f->n[FACT_UNUSED] += (row->last_used ? row->last_used : row->issued) < end - 90 * DAY_MS;
	if ((end - row->issued) / DAY_MS > f->n[FACT_OLDEST])
		f->n[FACT_OLDEST] = (end - row->issued) / DAY_MS;
	return true;
}

static bool count_agent(const struct agent_row *row, void *arg)
{
	struct facts *f = arg;
	f->n[FACT_ENROLLED] += !row->disabled && row->created < end_of(f);
	return true;
}

static bool count_operator(const struct operator_row *row, void *arg)
{
	struct facts *f = arg;
	if (row->disabled || row->created >= end_of(f))
		return true;
	f->n[row->role[0] == 'a' ? FACT_ADMINS : row->role[0] == 'r' ? FACT_MAY_REVIEW : FACT_VIEWERS]++;
	return true;
}

int facts_state(struct facts *f, struct store_reader *reader)
{
	return store_credentials(reader, count_credential, f) || store_agents(reader, count_agent, f) ||
		       store_operators(reader, count_operator, f)
		   ? -1
		   : 0;
}
