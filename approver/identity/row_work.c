/* row_work.c: one changed row on its way to the store.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/identity/row_work.h"
#include "approver/identity/registry.h"
#include "approver/kill/kill_work.h"
#include "approver/command/writer.h"
#include "common/log.h"
#include "common/secure.h"
#include <stdlib.h>
#include <string.h>

struct row_work {
	struct work work;
	struct row_change change;
	char *subject;
	bool exists;
};

static char *copied(const char *text, bool *failed)
{
	char *copy = text ? strdup(text) : NULL;
	*failed = *failed || (text && !copy);
	return copy;
}

static bool copy_row(struct row_change *change)
{
	bool failed = false;
	if (change->kind == ROW_AGENT) {
		struct agent_row *row = &change->row.agent;
		row->id = copied(row->id, &failed);
		row->owner = copied(row->owner, &failed);
	} else if (change->kind == ROW_CREDENTIAL) {
		struct credential_row *row = &change->row.credential;
		row->id = copied(row->id, &failed);
		row->agent = copied(row->agent, &failed);
		row->issued_by = copied(row->issued_by, &failed);
		row->revoked_by = copied(row->revoked_by, &failed);
		row->replaces = copied(row->replaces, &failed);
		row->source = copied(row->source, &failed);
	} else {
		struct operator_row *row = &change->row.account;
		row->name = copied(row->name, &failed);
		row->role = copied(row->role, &failed);
		row->token_s256 = copied(row->token_s256, &failed);
	}
	return !failed;
}

static void work_free(struct row_work *w)
{
	struct row_change *c = &w->change;
	if (c->kind == ROW_AGENT)
		agent_row_finish(&c->row.agent);
	else if (c->kind == ROW_CREDENTIAL)
		credential_row_finish(&c->row.credential);
	else
		operator_row_finish(&c->row.account);
	kill_release(c->kill);
	buf_finish(&c->body);
	if (c->context)
		secure_wipe(c->context, strlen(c->context));
	free(c->context);
	free(w->subject);
	free(w);
}

static bool is_there(struct group *group, const struct row_change *c)
{
	struct registry *registry = group->server->registry;
	if (c->kind == ROW_AGENT)
		return registry_agent(registry, c->row.agent.id) != NULL;
	if (c->kind == ROW_CREDENTIAL)
		return registry_key_known(registry, group->reader, c->row.credential.id) != 0;
	struct operator_account *o = registry_operator(registry, c->row.account.name);
	return o && !o->disabled;
}

static enum work_end apply(struct work *work, struct group *group)
{
	struct row_work *w = (struct row_work *)work;
	struct row_change *c = &w->change;
	/* Whether one that comes with another new one is new, or killed already, the next group will see. */
	if ((c->must_be_new || c->kill) && group->new_row)
		return WORK_AGAIN;
	w->exists = c->must_be_new && is_there(group, c);
	if (w->exists)
		return WORK_DROPPED;
	int failed = c->kind == ROW_AGENT        ? store_agent_put(group->store, &c->row.agent)
		     : c->kind == ROW_CREDENTIAL ? store_credential_put(group->store, &c->row.credential)
						 : store_operator_put(group->store, &c->row.account);
	if (failed)
		return WORK_FAILED;
	if (c->kill && kill_revoked_keep(group, c->kill))
		return WORK_FAILED;
	group->new_row = group->new_row || c->must_be_new || c->kill;
	if (c->event == EVENT_KINDS)
		return WORK_KEPT;
	group->taken_away = group->taken_away || !c->must_be_new;
	return c->body.failed || store_append(group->store, c->event, group->now, w->subject, c->body.data,
					      c->body.len) < 0
		   ? WORK_FAILED
		   : WORK_KEPT;
}

static void take_over(struct registry *registry, const struct row_change *c)
{
	int failed = c->kind == ROW_AGENT        ? registry_put_agent(registry, &c->row.agent)
		     : c->kind == ROW_CREDENTIAL ? registry_put_credential(registry, &c->row.credential)
						 : registry_put_operator(registry, &c->row.account);
	if (failed)
		log_line(LOG_LEVEL_ERROR, "stored, but not in memory until the approver starts again", NULL);
}

static void done(struct work *work, struct group *group, enum work_end end)
{
	struct row_work *w = (struct row_work *)work;
	struct request *r = work->request;
	if (end == WORK_KEPT) {
		take_over(group->server->registry, &w->change);
		if (w->change.kill)
			kill_revoked_begin(group->server, w->change.kill, &group->wake);
		if (w->change.event != EVENT_KINDS)
			log_line(LOG_LEVEL_INFO, event_kind_name(w->change.event), "subject", w->subject,
				 "by", r && r->operator_account ? r->operator_account->name : NULL, NULL);
	}
	if (r) {
		if (end == WORK_FAILED)
			answer_unavailable(r);
		else if (end == WORK_DROPPED)
			answer_problem(r, PROBLEM_CONFLICT, "it exists already");
		else if (w->change.answer)
			w->change.answer(r, &w->change);
		else
			answer_empty(r);
	}
	work_free(w);
}

void row_change_push(struct server *server, const struct row_change *change, struct request *r)
{
	static const struct work_kind kind = {apply, done};
	struct row_work *w = calloc(1, sizeof *w);
	bool failed = !w;
	if (r)
		request_suspend(r);
	if (w) {
		w->work.kind = &kind;
		w->work.request = r;
		w->change = *change;
		w->subject = copied(change->subject, &failed);
		failed = !copy_row(&w->change) || failed;
	}
	if (!failed) {
		writer_push(server->writer, &w->work);
		return;
	}
	if (w)
		work_free(w);
	if (r) {
		answer_unavailable(r);
		request_resume(r);
	}
}
