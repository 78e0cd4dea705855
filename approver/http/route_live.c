/* route_live.c: POST /v1/live: one long poll for a whole host.
 *
 * First everything that is decided or killed already, or unknown, is answered at once.  If there is nothing
 * of that kind the connection is suspended first and the poll hung on its commands after, so that a decision
 * which falls in between finds either nothing to wake (and the poll then sees that it missed it) or a poll
 * that is ready to be woken.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/command/live_absent.h"
#include "approver/command/live_kill.h"
#include "approver/http/routes.h"
#include "common/json.h"
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

/* An answer that has ANSWER_FULL bytes is given: what is left is for the broker's next poll.  A permit may be
 * long, and a poll may name one command many times. */
enum { MAX_WAIT_S = 30, MAX_IDS = 16384, ANSWER_FULL = 8 << 20 };

/* What one poll says; the refs borrow from the tree. */
struct said {
	cJSON *tree;
	struct live_ref *refs;
	size_t n;
	int64_t wait_s;
};

static void said_finish(struct said *said)
{
	cJSON_Delete(said->tree);
	free(said->refs);
}

/* ["ID:TAIL",…]; false when it is something else. */
static bool read_refs(struct said *said, const char *name, enum live_named named)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(said->tree, name), *item;
	if (list && !cJSON_IsArray(list))
		return false;
	int count = cJSON_GetArraySize(list);
	if (count > MAX_IDS)
		return false;
	struct live_ref *refs = reallocarray(said->refs, said->n + (size_t)count + 1, sizeof *refs);
	if (!refs)
		return false;
	said->refs = refs;
	cJSON_ArrayForEach(item, list)
	{
		const char *text = cJSON_GetStringValue(item);
		if (!text || strlen(text) != UUID_LEN + 1 + TAIL_LEN || text[UUID_LEN] != ':')
			return false;
		refs[said->n++] = (struct live_ref){.id = text, .tail = text + UUID_LEN + 1, .named = named};
	}
	return true;
}

static bool read_said(struct request *r, struct said *said)
{
	static const char *const names[] = {"pending", "running", "left", "killed", "wait_s", NULL};
	memset(said, 0, sizeof *said);
	said->tree = request_json(r, names);
	if (!said->tree)
		return false;
	said->wait_s = MAX_WAIT_S;
	json_integer(said->tree, "wait_s", &said->wait_s);
	if (said->wait_s < 0 || said->wait_s > MAX_WAIT_S)
		said->wait_s = MAX_WAIT_S;
	if (read_refs(said, "pending", REF_PENDING) && read_refs(said, "running", REF_RUNNING) &&
	    read_refs(said, "left", REF_LEFT) && read_refs(said, "killed", REF_KILLED))
		return true;
	answer_problem(r, PROBLEM_MALFORMED, "pending, running, left and killed are lists of \"ID:TAIL\"");
	return false;
}

/* Append a list without its last comma. */
static void list_add(struct buf *out, const struct buf *list)
{
	if (list->len)
		buf_add(out, list->data, list->len - 1);
}

/* Each may be empty; permits are `"ID":"JWS",…`, gone `"ID",…` and kills `"ID":{…},…`. */
static bool answer_live(struct request *r, const struct buf *permits, const struct buf *gone,
			const struct buf *kills)
{
	struct buf *out = &r->out;
	buf_reserve(out, permits->len + gone->len + kills->len + 64);
	buf_adds(out, "{\"permits\":{");
	list_add(out, permits);
	buf_adds(out, "},\"gone\":[");
	list_add(out, gone);
	buf_adds(out, "],\"kills\":{");
	list_add(out, kills);
	buf_addf(out, "},\"lease_s\":%lld}", (long long)r->server->settings.lease_s);
	if (permits->failed || gone->failed || kills->failed)
		return answer_unavailable(r);
	return answer_json(r, 200);
}

static int64_t lease_ms(const struct request *r)
{
	return (r->server->settings.lease_s + LEASE_GRACE_S) * 1000;
}

/* Answer what can be answered now; false when there is nothing. */
static bool answer_now(struct request *r, struct said *said)
{
	struct live *live = r->server->live;
	struct buf permits BUF_AUTO = BUF_INIT, gone BUF_AUTO = BUF_INIT, kills BUF_AUTO = BUF_INIT;
	struct kill_notes notes = {0};
	/* Renewing: even a poll that is answered at once is a sign of life. */
	live_look(live, said->refs, said->n, lease_ms(r));
	int failed = live_absent(r, said->refs, said->n, &permits, &gone, ANSWER_FULL, &notes);
	live_acknowledge(live, said->refs, said->n, &notes);
	live_orders(live, said->refs, said->n, &kills, ANSWER_FULL, &notes);
	kill_notes_push(r->server, &notes, NULL, NULL);
	if (failed)
		return answer_unavailable(r);
	if (!permits.len && !gone.len && !kills.len && said->wait_s > 0 && !r->server->ending)
		return false;
	return answer_live(r, &permits, &gone, &kills);
}

/* ── waiting ───────────────────────────────────────────────────────────────────────────────────────────── */

static void end_poll(struct request *r)
{
	struct poll *poll = r->context;
	live_leave(r->server->live, poll, 0);
	buf_finish(&poll->permits);
	buf_finish(&poll->kills);
	free(poll);
	r->context = NULL;
}

static bool live_resumed(struct request *r)
{
	struct poll *poll = r->context;
	const struct buf none = BUF_INIT;
	live_leave(r->server->live, poll, lease_ms(r));
	bool again = (poll->missed || poll->again) && !poll->permits.len && !poll->kills.len && !poll->gone &&
		     !r->server->ending;
	if (!again)
		answer_live(r, &poll->permits, &none, &poll->kills);
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
	live_wait(live, poll, said->refs, said->n, said->wait_s * 1000, &wake);
	if (wake)
		request_resume(wake->request);
}

bool route_live_post(struct request *r)
{
	struct said said;
	bool answered = true;
	r->resumed = NULL;
	if (read_said(r, &said)) {
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
