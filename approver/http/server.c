/* server.c: the approver's start, reload and end.
 *
 * Start: memory is filled from the store (who is known, what is pending, what runs), the policy is read, then
 * the writer, the HTTP threads and housekeeping begin.  An approver that was away counts as a renewal of
 * every lease.
 *
 * End: no new connections; what is here is answered (polls with what there is, streams by their end); the
 * writer writes what it has and that the log stops; then the threads end.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/http/server.h"
#include "approver/identity/chain.h"
#include "approver/http/connections.h"
#include "approver/identity/delegations.h"
#include "approver/http/events.h"
#include "approver/identity/exchanger.h"
#include "approver/http/handler.h"
#include "approver/http/housekeeping.h"
#include "approver/kill/kill_work.h"
#include "approver/identity/lineage.h"
#include "approver/command/live.h"
#include "approver/identity/people.h"
#include "approver/command/policy_box.h"
#include "approver/http/refusals.h"
#include "approver/identity/registry.h"
#include "approver/http/request.h"
#include "approver/command/writer.h"
#include "approver/secrets/secrets.h"
#include "common/clock.h"
#include "common/codec.h"
#include "common/json.h"
#include "common/log.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { END_WAIT_MS = 1500 };

static bool restore(const struct command_row *row, void *arg)
{
	struct server *server = arg;
	bool pending = row->state == COMMAND_PENDING;
	struct credential *credential =
	    row->credential ? registry_credential(server->registry, row->credential) : NULL;
	int64_t ms =
	    pending ? row->expires - clock_wall_ms() : (server->settings.lease_s + LEASE_GRACE_S) * 1000;
	char *lineage = lineage_of_chain(row->chain);
	const struct live_about about = {row->session, row->parent, row->model, lineage};
	if (!credential || !row->command_s256 || strlen(row->command_s256) != S256_LEN || !row->live_tail ||
	    strlen(row->live_tail) != TAIL_LEN ||
	    !live_restore(server->live, row->id, row->command_s256, row->live_tail, credential, &about,
			  pending ? LIVE_PENDING : LIVE_RUNNING, ms))
		log_line(LOG_LEVEL_ERROR, "a command of the store cannot be taken up again", "id", row->id,
			 NULL);
	free(lineage);
	return true;
}

static struct policy *load_policy(const struct server *server)
{
	char path[4096], *error = NULL;
	snprintf(path, sizeof path, "%s/policy.json", server->settings.dir);
	struct policy *policy = policy_load(path, &error);
	if (!policy)
		log_line(LOG_LEVEL_ERROR, "policy refused", "file", path, "error", error, NULL);
	free(error);
	return policy;
}

static int load(struct server *server)
{
	struct store_reader *reader = server_reader(server);
	struct policy *policy = reader ? load_policy(server) : NULL;
	if (!policy)
		return -1;
	server->policy = policy_box_new(policy);
	server->registry = registry_new(reader);
	server->people = people_new(reader);
	server->delegations = delegations_new(reader);
	server->chains = chain_cache_new();
	unsigned char x[KEY_BYTES];
	signing_key_export(server->settings.permit_key, NULL, x);
	server->permit_public = public_key_new(x);
	server->kills = kills_new();
	server->live = live_new(server->settings.max_live);
	server->connections = connections_new(server->settings.slow_s * 1000);
	server->log_size = store_next_index(server->store);
	server->events = events_new(server);
	server->exchanger = exchanger_new(server->settings.dir);
	server->secrets = secrets_open(server->settings.dir);
	if (!server->people || !server->delegations || !server->chains || !server->permit_public)
		return -1;
	if (!server->policy || !server->registry || !server->kills || !server->live || !server->connections ||
	    !server->events || !server->exchanger || !server->secrets)
		return -1;
	return kills_load(server, reader) || store_in_state(reader, COMMAND_PENDING, restore, server) ||
		       store_in_state(reader, COMMAND_APPROVED, restore, server)
		   ? -1
		   : 0;
}

/* What every later event rests on: that the log goes on here, under which policy. */
static void log_start(struct server *server)
{
	struct buf body BUF_AUTO = BUF_INIT;
	struct held_policy *held = policy_hold(server->policy);
	const char *hash = policy_s256(policy_held(held));
	unsigned char x[KEY_BYTES];
	signing_key_export(server->settings.permit_key, NULL, x);
	buf_addf(&body, "{\"version\":\"%s\",\"name\":", WHOSH_VERSION);
	json_add_string(&body, server->settings.name, strlen(server->settings.name));
	buf_addf(&body, ",\"policy_s256\":\"%s\",\"approver_key\":\"", hash);
	base64url_encode(&body, x, sizeof x);
	buf_adds(&body, "\"}");
	record_event(server, EVENT_LOG_STARTED, NULL, &body);
	char *text = NULL, *error = NULL;
	size_t len;
	if (store_policy(server_reader(server), hash, &text, &len) == 0) {
		const char *now = policy_text(policy_held(held), &len);
		struct policy *again = policy_parse(now, len, &error);
		if (again)
			policy_enforce(server, again, "start", NULL);
		free(error);
	}
	free(text);
	policy_release(held);
}

static void forget(struct server *server)
{
	exchanger_free(server->exchanger);
	secrets_free(server->secrets);
	writer_free(server->writer);
	events_free(server->events);
	connections_free(server->connections);
	live_free(server->live);
	chain_cache_free(server->chains);
	delegations_free(server->delegations);
	people_free(server->people);
	public_key_free(server->permit_public);
	kills_free(server->kills);
	registry_free(server->registry);
	policy_box_free(server->policy);
	server_readers_free();
	free(server);
}

struct server *server_new(const struct server_settings *settings, struct store *store)
{
	struct server *server = calloc(1, sizeof *server);
	if (!server)
		return NULL;
	server->settings = *settings;
	server->store = store;
	server->log = store_log(store);
	server->started = clock_wall_ms();
	if (load(server) || !(server->writer = writer_new(server))) {
		forget(server);
		return NULL;
	}
	log_start(server);
	if (!kills_resume(server, server_reader(server)) && !handler_start(server)) {
		server->housekeeping = housekeeping_new(server);
		if (server->housekeeping)
			return server;
		handler_stop(server);
	}
	writer_stop(server->writer);
	forget(server);
	return NULL;
}

void server_reload(struct server *server)
{
	exchanger_reload(server->exchanger);
	secrets_reload(server->secrets);
	struct policy *policy = load_policy(server);
	if (!policy) {
		log_line(LOG_LEVEL_WARNING, "the policy in force stays", NULL);
		return;
	}
	policy_enforce(server, policy, "reload", NULL);
}

static void wait_for_answers(struct server *server)
{
	int64_t until = clock_mono_ms() + END_WAIT_MS;
	while (server->active > 0 && clock_mono_ms() < until)
		nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
}

void server_free(struct server *server)
{
	struct poll *wake = NULL;
	struct buf body BUF_AUTO = BUF_INIT;
	handler_quiesce(server);
	server->ending = true;
	housekeeping_free(server->housekeeping);
	live_wake_all(server->live, &wake);
	while (wake) {
		struct poll *next = wake->wake_next;
		request_resume(wake->request);
		wake = next;
	}
	events_end(server->events);
	wait_for_answers(server);
	housekeeping_save_uses(server);
	buf_addf(&body, "{\"reason\":\"shutdown\",\"unanswered\":%lld}", (long long)server->active);
	record_event(server, EVENT_LOG_STOPPED, NULL, &body);
	writer_stop(server->writer);
	wait_for_answers(
	    server); /* of what the writer had until now: a disk may be slower than the first wait */
	handler_stop(server);
	forget(server);
}
