/* route_live.c: POST /v1/live: one long poll for a whole host.
 *
 * First everything that is decided already, or unknown, is answered at once.  If there is nothing of that
 * kind the connection is suspended first and the poll hung on its commands after, so that a decision which
 * falls in between finds either nothing to wake (and the poll then sees that it missed it) or a poll that is
 * ready to be woken.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/http/live.h"
#include "approver/http/routes.h"
#include "common/json.h"
#include "common/text.h"
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

/* An answer that has ANSWER_FULL bytes is given: what is left is for the broker's next poll.  A permit may be
 * long, and a poll may name one command many times. */
enum { MAX_WAIT_S = 30, MAX_IDS = 16384, ANSWER_FULL = 8 << 20 };

/* What one poll says; the refs borrow from the tree. */
struct said {
	cJSON *tree;
	struct live_ref *pending, *running;
	size_t n_pending, n_running;
	int64_t wait_s;
};

static void said_finish(struct said *said)
{
	cJSON_Delete(said->tree);
	free(said->pending);
	free(said->running);
}

/* ["ID:TAIL",…]; false when it is something else. */
static bool read_refs(const cJSON *list, struct live_ref **refs, size_t *n)
{
	int count = cJSON_GetArraySize(list);
	if (count > MAX_IDS)
		return false;
	*refs = calloc((size_t)count + 1, sizeof **refs);
	if (!*refs)
		return false;
	const cJSON *item;
	cJSON_ArrayForEach(item, list)
	{
		const char *text = cJSON_GetStringValue(item);
		if (!text || strlen(text) != UUID_LEN + 1 + TAIL_LEN || text[UUID_LEN] != ':')
			return false;
		(*refs)[(*n)++] = (struct live_ref){.id = text, .tail = text + UUID_LEN + 1};
	}
	return true;
}

static bool read_said(struct request *r, struct said *said)
{
	static const char *const names[] = {"pending", "running", "wait_s", NULL};
	memset(said, 0, sizeof *said);
	said->tree = request_json(r, names);
	if (!said->tree)
		return false;
	said->wait_s = MAX_WAIT_S;
	json_integer(said->tree, "wait_s", &said->wait_s);
	if (said->wait_s < 0 || said->wait_s > MAX_WAIT_S)
		said->wait_s = MAX_WAIT_S;
	if (read_refs(json_array(said->tree, "pending"), &said->pending, &said->n_pending) &&
	    read_refs(json_array(said->tree, "running"), &said->running, &said->n_running))
		return true;
	answer_problem(r, PROBLEM_MALFORMED, "pending and running are lists of \"ID:TAIL\"");
	return false;
}

/* `gone` may be empty; permits are `"ID":"JWS",…` with a comma at the end. */
static bool answer_live(struct request *r, const struct buf *permits, const struct buf *gone)
{
	struct buf *out = &r->out;
	buf_reserve(out, permits->len + gone->len + 64);
	buf_adds(out, "{\"permits\":{");
	if (permits->len)
		buf_add(out, permits->data, permits->len - 1);
	buf_adds(out, "},\"gone\":[");
	if (gone->len)
		buf_add(out, gone->data, gone->len - 1);
	buf_addf(out, "],\"lease_s\":%lld}", (long long)r->server->settings.lease_s);
	if (permits->failed || gone->failed)
		return answer_unavailable(r);
	return answer_json(r, 200);
}

/* A command that is not waiting here: decided, or unknown.  -1: the store could not be read. */
static int look_in_store(struct request *r, struct live_ref *ref, struct buf *permits, struct buf *gone)
{
	struct store_reader *reader = server_reader(r->server);
	char id[UUID_LEN + 1];
	memcpy(id, ref->id, UUID_LEN);
	id[UUID_LEN] = '\0';
	struct command_row row;
	int found = !uuid_valid(id) ? 0 : reader ? store_command(reader, id, &row) : -1;
	if (found < 0)
		return -1;
	if (!found) {
		buf_addc(gone, '"');
		visible_add(gone, id, strcspn(id, "\"\\"));
		buf_adds(gone, "\",");
		return 0;
	}
	if (row.permit && row.live_tail && !memcmp(row.live_tail, ref->tail, TAIL_LEN))
		buf_addf(permits, "\"%s\":\"%s\",", id, row.permit);
	command_row_finish(&row);
	return 0;
}

/* Answer what can be answered now; false when there is nothing. */
static bool answer_now(struct request *r, struct said *said)
{
	struct live *live = r->server->live;
	struct buf permits BUF_AUTO = BUF_INIT, gone BUF_AUTO = BUF_INIT;
	live_look(live, said->pending, said->n_pending, 0);
	for (size_t i = 0; i < said->n_pending && permits.len < ANSWER_FULL; i++) {
		struct live_ref *ref = &said->pending[i];
		if (ref->state == LIVE_ABSENT || (ref->state == LIVE_RUNNING && ref->trusted))
			if (look_in_store(r, ref, &permits, &gone))
				return answer_unavailable(r);
	}
	if (!permits.len && !gone.len && said->wait_s > 0 && !r->server->ending)
		return false;
	return answer_live(r, &permits, &gone);
}

/* ── waiting ───────────────────────────────────────────────────────────────────────────────────────────── */

static void end_poll(struct request *r)
{
	struct poll *poll = r->context;
	live_leave(r->server->live, poll);
	buf_finish(&poll->permits);
	free(poll);
	r->context = NULL;
}

static bool live_resumed(struct request *r)
{
	struct poll *poll = r->context;
	const struct buf none = BUF_INIT;
	live_leave(r->server->live, poll);
	bool again = poll->missed && !poll->permits.len && !r->server->ending;
	if (!again)
		answer_live(r, &poll->permits, &none);
	end_poll(r);
	return again ? route_live_post(r) : true;
}

static void wait_for_news(struct request *r, struct poll *poll, const struct said *said)
{
	struct poll *wake = NULL;
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(r->http, MHD_CONNECTION_INFO_CONNECTION_FD);
	poll->request = r;
	poll->fd = info ? info->connect_fd : -1;
	r->context = poll;
	r->resumed = live_resumed;
	r->abandoned = end_poll;
	struct live *live = r->server->live;
	request_suspend(r);
	live_wait(live, poll, said->pending, said->n_pending, said->wait_s * 1000, &wake);
	if (wake)
		request_resume(wake->request);
}

bool route_live_post(struct request *r)
{
	struct said said;
	bool answered = true;
	r->resumed = NULL;
	if (read_said(r, &said)) {
		/* Renewing first: even a poll that is answered at once is a sign of life. */
		live_look(r->server->live, said.running, said.n_running,
			  (r->server->settings.lease_s + LEASE_GRACE_S) * 1000);
		answered = answer_now(r, &said);
		struct poll *poll = answered ? NULL : calloc(1, sizeof *poll);
		if (poll)
			wait_for_news(r, poll, &said);
		else if (!answered)
			answered = answer_unavailable(r);
	}
	said_finish(&said);
	return answered;
}
