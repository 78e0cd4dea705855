/* settle.c: the end of waiting, by a reviewer, by time, by the agent itself or by a kill.
 *
 * Whichever of them the writer reaches first takes the entry of the live table; one that comes while that is
 * being written is applied again in the next group, where it finds how it ended.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/command/settle.h"
#include "approver/identity/chain.h"
#include "approver/identity/identity.h"
#include "approver/kill/kill_check.h"
#include "approver/command/live.h"
#include "approver/http/metrics.h"
#include "approver/command/permit.h"
#include "common/json.h"
#include "common/log.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct settle_work {
	struct work work;
	char id[UUID_LEN + 1], operator_name[68];
	enum settle_by by;
	bool approve, final, forbidden;
	const char *taken_away;   /* why it can only be denied: static */
	struct kill *killed;      /* in force: the approval is refused */
	char *reason;             /* the reviewer's, which may be NULL, or the kill's */
	struct buf names, permit; /* JSON array of who approved so far; the permit when it is final */
};

static void work_free(struct settle_work *w)
{
	free(w->reason);
	kill_release(w->killed);
	buf_finish(&w->names);
	buf_finish(&w->permit);
	free(w);
}

/* ["alice","bob"] and one more, who may be among them already; who was removed since no longer counts.  How
 * many they are then. */
static int add_name(struct buf *out, struct registry *registry, const char *names, const char *name)
{
	cJSON *tree JSON_AUTO = names ? json_parse(names, strlen(names), NULL) : NULL;
	const cJSON *child;
	int count = 1;
	buf_clear(out);
	buf_addc(out, '[');
	cJSON_ArrayForEach(child, tree)
	{
		if (!cJSON_IsString(child) || !strcmp(child->valuestring, name))
			continue;
		const struct operator_account *o = registry_operator(registry, child->valuestring);
		if (!o || o->disabled)
			continue;
		json_add_string(out, child->valuestring, strlen(child->valuestring));
		buf_addc(out, ',');
		count++;
	}
	json_add_string(out, name, strlen(name));
	buf_addc(out, ']');
	return count;
}

static bool in_chain(const char *chain, const char *name)
{
	cJSON *tree JSON_AUTO = chain ? json_parse(chain, strlen(chain), NULL) : NULL;
	const cJSON *principal;
	cJSON_ArrayForEach(principal, tree)
	{
		const char *id = json_string(principal, "id");
		if (id && !strcmp(id, name))
			return true;
	}
	return !tree; /* a chain that cannot be read excludes everyone */
}

static int append_review(struct settle_work *w, struct group *group)
{
	struct buf body BUF_AUTO = BUF_INIT;
	buf_addf(&body, "{\"command\":\"%s\",\"operator\":", w->id);
	json_add_string(&body, w->operator_name, strlen(w->operator_name));
	buf_addf(&body, ",\"verdict\":\"%s\",\"reason\":", w->approve ? "approve" : "deny");
	json_add_string(&body, w->reason ? w->reason : "", w->reason ? strlen(w->reason) : 0);
	buf_addc(&body, '}');
	if (body.failed)
		return -1;
	return store_append(group->store, EVENT_REVIEW, group->now, w->id, body.data, body.len) < 0 ? -1 : 0;
}

/* One reviewer's word.  Sets w->final when it ends the waiting. */
static enum work_end apply_review(struct settle_work *w, struct group *group, struct command_row *row)
{
	if (row->not_in_chain && in_chain(row->chain, w->operator_name)) {
		w->forbidden = true;
		return WORK_DROPPED;
	}
	struct registry *registry = group->server->registry;
	if (w->approve) {
		const struct operator_account *by = registry_operator(registry, w->operator_name);
		w->taken_away = !by || by->disabled ? "who approves it was removed since"
				: identity_taken_away(registry_credential(registry, row->credential))
				    ? "its credential was revoked, or its agent disabled, since"
				    : chain_record_fallen(group->server, row->chain);
		if (w->taken_away)
			return WORK_DROPPED;
	}
	int killed = w->approve ? kill_of_row(group->server, group->reader, row, &w->killed) : 0;
	if (killed)
		return killed < 0 ? WORK_FAILED : WORK_DROPPED;
	char *names = NULL;
	if (store_reviews(group->reader, w->id, &names))
		return WORK_FAILED;
	int have = add_name(&w->names, registry, w->approve ? names : NULL, w->operator_name);
	free(names);
	if (w->names.failed || append_review(w, group))
		return WORK_FAILED;
	w->final = !w->approve;
	if (!w->approve)
		return WORK_KEPT;
	w->final = have >= row->reviewers_needed;
	return store_review_add(group->store, w->id, w->operator_name, group->now) < 0 ? WORK_FAILED
										       : WORK_KEPT;
}

static void waited(char out[96], const struct command_row *row, int64_t now)
{
	long long s = (long long)(now - row->ts + 500) / 1000;
	if (s >= 60 && s % 60 == 0)
		snprintf(out, 96, "nobody reviewed this line in time (%lldm)", s / 60);
	else
		snprintf(out, 96, "nobody reviewed this line in time (%llds)", s);
}

static enum work_end end_it(struct settle_work *w, struct group *group, struct command_row *row)
{
	static const char *const causes[] = {"review", "timeout", "withdrawn", "killed"};
	char text[96];
	struct decision d = {w->by == SETTLE_REVIEW && w->approve, causes[w->by], w->reason, "[]"};
	if (w->by == SETTLE_REVIEW) {
		d.reviewers = w->names.data;
		if (!d.reason) {
			snprintf(text, sizeof text, "approved by %s", w->operator_name);
			d.reason = text;
		}
	} else if (w->by == SETTLE_TIMEOUT) {
		waited(text, row, group->now);
		d.reason = text;
	} else if (w->by == SETTLE_WITHDRAWN) {
		d.reason = "withdrawn by the agent before it was reviewed";
	}
	/* The row's own strings are replaced by borrowed ones: work on a copy. */
	struct command_row decided = *row;
	buf_clear(&w->permit);
	if (permit_decide(group, &decided, &d, &w->permit) || store_command_decide(group->store, &decided))
		return WORK_FAILED;
	return WORK_KEPT;
}

static enum work_end apply(struct work *work, struct group *group)
{
	struct settle_work *w = (struct settle_work *)work;
	struct live *live = group->server->live;
	w->final = w->by != SETTLE_REVIEW;
	if (w->approve && group->taken_away)
		return WORK_AGAIN;
	switch (live_take(live, w->id, LIVE_PENDING)) {
	case LIVE_BUSY:
		return WORK_AGAIN;
	case LIVE_NOT:
		return WORK_DROPPED;
	case LIVE_TOOK:
		break;
	}
	struct command_row row;
	enum work_end end = WORK_FAILED;
	if (store_command(group->reader, w->id, &row) == 1) {
		end = w->by == SETTLE_REVIEW ? apply_review(w, group, &row) : WORK_KEPT;
		if (end == WORK_KEPT && w->final)
			end = end_it(w, group, &row);
		command_row_finish(&row);
	}
	if (end == WORK_DROPPED)
		live_give_back(live, w->id);
	return end;
}

/* How it ended before, to whoever came too late (on the HTTP thread). */
static bool answer_ended(struct request *r)
{
	struct store_reader *reader = server_reader(r->server);
	struct command_row row;
	bool withdrawing = r->context != NULL;
	int found = reader ? store_command(reader, r->param, &row) : -1;
	if (found < 0)
		return answer_unavailable(r);
	if (!found)
		return withdrawing ? answer_empty(r)
				   : answer_problem(r, PROBLEM_NOT_FOUND, "no such command");
	if (withdrawing && row.cause && !strcmp(row.cause, "withdrawn"))
		answer_empty(r); /* said twice */
	else
		answer_problemf(r, PROBLEM_CONFLICT, "decided already: %s by %s%s%.200s",
				row.verdict ? row.verdict : "?",
				!row.cause                     ? "?"
				: !strcmp(row.cause, "killed") ? "a kill"
							       : row.cause,
				row.reviewers && row.reviewers[1] != ']' ? " of " : "",
				row.reviewers && row.reviewers[1] != ']' ? row.reviewers : "");
	command_row_finish(&row);
	return true;
}

static void answer(struct settle_work *w, struct request *r, enum work_end end)
{
	if (end == WORK_FAILED) {
		answer_unavailable(r);
	} else if (w->forbidden) {
		answer_problemf(r, PROBLEM_FORBIDDEN,
				"%s is part of this command's chain and may not review it", w->operator_name);
	} else if (w->taken_away) {
		answer_problemf(r, PROBLEM_REVOKED, "%s: it can only be denied", w->taken_away);
	} else if (w->killed) {
		struct buf why BUF_AUTO = BUF_INIT;
		kill_sentence(&why, w->killed);
		buf_adds(&why, ": it can only be denied");
		answer_problem(r, PROBLEM_REVOKED, why.failed ? "it was killed" : why.data);
	} else if (end == WORK_DROPPED) {
		r->context = w->by == SETTLE_WITHDRAWN ? r : NULL;
		r->resumed = answer_ended;
	} else if (w->by == SETTLE_WITHDRAWN) {
		answer_empty(r);
	} else {
		buf_addf(&r->out, "{\"state\":\"%s\",\"approved_by\":",
			 !w->final    ? "pending"
			 : w->approve ? "approved"
				      : "denied");
		buf_add(&r->out, w->approve ? w->names.data : "[]", w->approve ? w->names.len : 2);
		buf_addc(&r->out, '}');
		answer_json(r, 200);
	}
}

static void done(struct work *work, struct group *group, enum work_end end)
{
	struct settle_work *w = (struct settle_work *)work;
	struct server *server = group->server;
	if (end == WORK_KEPT && w->final) {
		bool approved = w->by == SETTLE_REVIEW && w->approve;
		live_decided(server->live, w->id, approved, &w->permit,
			     (server->settings.lease_s + LEASE_GRACE_S) * 1000, &group->wake);
		metric_add(w->by == SETTLE_TIMEOUT     ? METRIC_TIMED_OUT
			   : w->by == SETTLE_WITHDRAWN ? METRIC_WITHDRAWN
			   : w->by == SETTLE_KILLED    ? METRIC_REVIEW_KILLED
			   : approved                  ? METRIC_REVIEW_APPROVED
						       : METRIC_REVIEW_DENIED,
			   1);
		log_line(LOG_LEVEL_INFO, "review ended", "id", w->id, "verdict",
			 approved ? "approved" : "denied", "by",
			 w->by == SETTLE_REVIEW    ? w->operator_name
			 : w->by == SETTLE_KILLED  ? "kill"
			 : w->by == SETTLE_TIMEOUT ? "timeout"
						   : "agent",
			 NULL);
		if (approved)
			kill_newcomer(server, w->id, &group->wake);
	} else if (end != WORK_DROPPED) {
		live_give_back(server->live, w->id);
	}
	if (work->request)
		answer(w, work->request, end);
	work_free(w);
}

void settle_push(struct server *server, const struct settle_ask *ask, struct request *request)
{
	static const struct work_kind kind = {apply, done};
	struct settle_work *w = calloc(1, sizeof *w);
	if (w && ask->reason && !(w->reason = strdup(ask->reason))) {
		free(w);
		w = NULL;
	}
	if (!w) {
		if (request) {
			answer_unavailable(request);
			request_resume(request);
		}
		return; /* a timeout comes round again */
	}
	w->work.kind = &kind;
	w->work.request = request;
	w->by = ask->by;
	w->approve = ask->approve;
	snprintf(w->id, sizeof w->id, "%s", ask->id);
	snprintf(w->operator_name, sizeof w->operator_name, "%s",
		 ask->operator_name ? ask->operator_name : "");
	writer_push(server->writer, &w->work);
}
