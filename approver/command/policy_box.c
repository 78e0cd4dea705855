/* policy_box.c: hold, release and change the policy in force.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/command/policy_box.h"
#include "approver/http/request.h"
#include "approver/command/writer.h"
#include "common/io.h"
#include "common/json.h"
#include "common/log.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct held_policy {
	struct policy *policy;
	_Atomic int holders;
};

struct policy_box {
	pthread_mutex_t lock; /* between reading the pointer and counting oneself in */
	struct held_policy *now;
};

static struct held_policy *wrap(struct policy *policy)
{
	struct held_policy *held = calloc(1, sizeof *held);
	if (!held)
		return NULL;
	held->policy = policy;
	held->holders = 1;
	return held;
}

struct policy_box *policy_box_new(struct policy *policy)
{
	struct policy_box *box = calloc(1, sizeof *box);
	if (!box)
		return NULL;
	box->now = wrap(policy);
	if (!box->now) {
		free(box);
		return NULL;
	}
	pthread_mutex_init(&box->lock, NULL);
	return box;
}

struct held_policy *policy_hold(struct policy_box *box)
{
	pthread_mutex_lock(&box->lock);
	struct held_policy *held = box->now;
	held->holders++;
	pthread_mutex_unlock(&box->lock);
	return held;
}

const struct policy *policy_held(const struct held_policy *held)
{
	return held->policy;
}

void policy_release(struct held_policy *held)
{
	if (held && --held->holders == 0) {
		policy_free(held->policy);
		free(held);
	}
}

void policy_box_free(struct policy_box *box)
{
	if (!box)
		return;
	policy_release(box->now);
	pthread_mutex_destroy(&box->lock);
	free(box);
}

/* ── bringing one into force ───────────────────────────────────────────────────────────────────────────── */

struct policy_work {
	struct work work;
	struct held_policy *held;
	char by[68];
	bool write_file;
};

static int write_policy_file(struct server *server, const struct policy *policy)
{
	char path[4096];
	size_t len;
	const char *text = policy_text(policy, &len);
	snprintf(path, sizeof path, "%s/policy.json", server->settings.dir);
	return write_file_durable(path, text, len, 0600);
}

static int count_rules(const struct policy *policy)
{
	size_t len;
	const char *text = policy_text(policy, &len);
	cJSON *tree JSON_AUTO = json_parse(text, len, NULL);
	return cJSON_GetArraySize(json_array(tree, "rules"));
}

static enum work_end apply(struct work *work, struct group *group)
{
	struct policy_work *w = (struct policy_work *)work;
	const struct policy *policy = w->held->policy;
	size_t len;
	const char *text = policy_text(policy, &len);
	struct buf body BUF_AUTO = BUF_INIT;
	buf_addf(&body, "{\"policy_s256\":\"%s\",\"operator\":", policy_s256(policy));
	json_add_string(&body, w->by, strlen(w->by));
	buf_adds(&body, ",\"text\":");
	json_add_string(&body, text, len);
	buf_addc(&body, '}');
	if (body.failed ||
	    store_policy_put(group->store, policy_s256(policy), text, len, group->now, w->by) ||
	    store_append(group->store, EVENT_POLICY_LOADED, group->now, policy_s256(policy), body.data,
			 body.len) < 0)
		return WORK_FAILED;
	if (w->write_file && write_policy_file(group->server, policy))
		return WORK_FAILED;
	return WORK_KEPT;
}

static void done(struct work *work, struct group *group, enum work_end end)
{
	struct policy_work *w = (struct policy_work *)work;
	struct request *r = work->request;
	struct policy_box *box = group->server->policy;
	const char *hash = policy_s256(w->held->policy);
	if (end == WORK_KEPT) {
		log_line(LOG_LEVEL_INFO, "policy in force", "policy", hash, "by", w->by, NULL);
		if (r) {
			buf_addf(&r->out, "{\"policy_s256\":\"%s\",\"rules\":%d}", hash,
				 count_rules(w->held->policy));
			answer_json(r, 200);
		}
		pthread_mutex_lock(&box->lock);
		struct held_policy *before = box->now;
		box->now = w->held;
		pthread_mutex_unlock(&box->lock);
		policy_release(before);
	} else {
		log_line(LOG_LEVEL_ERROR, "policy not taken: it could not be recorded", "policy", hash, NULL);
		if (w->write_file) /* the file may be the new one already: the one in force is what a restart
				      must find */
			write_policy_file(group->server, box->now->policy);
		if (r)
			answer_unavailable(r);
		policy_release(w->held);
	}
	free(w);
}

void policy_enforce(struct server *server, struct policy *policy, const char *by, struct request *request)
{
	static const struct work_kind kind = {apply, done};
	struct policy_work *w = calloc(1, sizeof *w);
	struct held_policy *held = w ? wrap(policy) : NULL;
	if (!held) {
		free(w);
		policy_free(policy);
		log_line(LOG_LEVEL_ERROR, "policy not taken: out of memory", NULL);
		if (request) {
			answer_unavailable(request);
			request_resume(request);
		}
		return;
	}
	w->work.kind = &kind;
	w->work.request = request;
	w->held = held;
	w->write_file = request != NULL;
	snprintf(w->by, sizeof w->by, "%s", by);
	writer_push(server->writer, &w->work);
}
