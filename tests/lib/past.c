/* past.c: records of days gone by, for tests: put what standard input says into a store, as the approver
 * would have.
 *
 *     past DIR < ENTRIES
 *
 * Each line is a JSON object: {"event":KIND,"ms":MS,"subject":ID,"body":{…}}, or a
 * command
 * {"ts":MS,"agent":…,"line":…,…} with the members below, of which only these three must be there; or
 * {"agent_row":ID,"owner":…,"ms":MS}, or
 * {"credential_row":ID,"agent":…,"issued":MS,"expires":MS,"revoked":MS}. Prints each command's ID and its
 * number in the log.  No approver may serve the directory meanwhile.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/store.h"
#include "approver/whoshd/log_key.h"
#include "approver/whoshd/serve_load.h"
#include "common/json.h"
#include "common/uuid.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GROUP = 200 };

static void die(const char *what)
{
	fprintf(stderr, "past: %s\n", what);
	exit(1);
}

static char *text(const cJSON *json, const char *name)
{
	return (char *)(uintptr_t)json_string(json, name);
}

static int64_t number(const cJSON *json, const char *name)
{
	int64_t value = 0;
	json_integer(json, name, &value);
	return value;
}

static enum event_kind kind_named(const char *name)
{
	for (int kind = 0; kind < EVENT_KINDS; kind++)
		if (!strcmp(event_kind_name((enum event_kind)kind), name))
			return (enum event_kind)kind;
	die("no such kind of event");
	return EVENT_KINDS;
}

static void put_event(struct store *store, const cJSON *json)
{
	char *body = cJSON_PrintUnformatted(json_object(json, "body"));
	if (!body || store_append(store, kind_named(text(json, "event")), number(json, "ms"),
				  text(json, "subject"), body, strlen(body)) < 0)
		die("an event cannot be kept");
	free(body);
}

static bool is(const char *a, const char *b)
{
	return a && !strcmp(a, b);
}

static void put_command(struct store *store, const cJSON *json)
{
	static const char jws[] = "e30.e30.AA";
	char id[UUID_LEN + 1];
	int64_t ts = number(json, "ts");
	struct command_row row = {.id = id,
				  .ts = ts,
				  .agent = text(json, "agent"),
				  .agent_version = text(json, "agent_version"),
				  .credential = text(json, "credential"),
				  .session = text(json, "session"),
				  .human = text(json, "human"),
				  .seq = 1,
				  .chain = text(json, "chain"),
				  .model = text(json, "model"),
				  .task = text(json, "task"),
				  .user = text(json, "user"),
				  .host = text(json, "host"),
				  .cwd = text(json, "cwd"),
				  .mode = (char *)(uintptr_t) "command",
				  .line = text(json, "line"),
				  .verdict = text(json, "verdict"),
				  .cause = text(json, "cause"),
				  .rule = text(json, "rule"),
				  .policy = text(json, "policy"),
				  .reason = text(json, "reason"),
				  .reviewers = text(json, "reviewers"),
				  .decided = number(json, "decided"),
				  .signal = text(json, "signal"),
				  .outcome = text(json, "outcome"),
				  .outcome_reason = text(json, "outcome_reason"),
				  .started = number(json, "started"),
				  .ended = number(json, "ended")};
	if (!row.agent || !row.line)
		die("a command without agent or line");
	uuid_new(id);
	row.line_len = strlen(row.line);
	row.has_exit = cJSON_HasObjectItem(json, "exit");
	row.exit = (int)number(json, "exit");
	row.state = !row.verdict                ? COMMAND_PENDING
		    : is(row.verdict, "denied") ? COMMAND_DENIED
		    : is(row.outcome, "lost")   ? COMMAND_LOST
		    : row.outcome               ? COMMAND_EXITED
						: COMMAND_APPROVED;
	if (store_append(store, EVENT_COMMAND_REQUESTED, ts, id, jws, sizeof jws - 1) < 0)
		die("a request cannot be kept");
	row.log_index = store_append(store, EVENT_COMMAND_DECIDED, row.decided ? row.decided : ts, id, jws,
				     sizeof jws - 1);
	if (row.log_index < 0 || store_command_insert(store, &row))
		die("a command cannot be kept");
	if (row.ended && store_append(store, EVENT_COMMAND_OUTCOME, row.ended, id, jws, sizeof jws - 1) < 0)
		die("an outcome cannot be kept");
	printf("%s %" PRId64 "\n", id, row.log_index);
}

static void put_credential(struct store *store, const cJSON *json)
{
	struct credential_row row = {.id = text(json, "credential_row"),
				     .agent = text(json, "agent"),
				     .issued = number(json, "issued"),
				     .not_before = number(json, "issued"),
				     .expires = number(json, "expires"),
				     .revoked = number(json, "revoked"),
				     .issued_by = (char *)(uintptr_t) "admin"};
	memset(row.key, (int)row.issued & 0xff, sizeof row.key);
	if (store_credential_put(store, &row))
		die("a credential cannot be kept");
}

static void put(struct store *store, const cJSON *json)
{
	struct agent_row agent = {
	    .id = text(json, "agent_row"), .owner = text(json, "owner"), .created = number(json, "ms")};
	if (json_string(json, "event"))
		put_event(store, json);
	else if (json_string(json, "credential_row"))
		put_credential(store, json);
	else if (!agent.id)
		put_command(store, json);
	else if (store_agent_put(store, &agent))
		die("an agent cannot be kept");
}

int main(int argc, char **argv)
{
	char *error = NULL, *line = NULL;
	size_t room = 0;
	ssize_t len;
	char path[4096];
	struct serve_files files = {0};
	struct note_signer *signer = argc == 2 && serve_files_load(&files, argv[1], &error)
					 ? log_key_load(argv[1], files.name, &error)
					 : NULL;
	snprintf(path, sizeof path, "%s/whosh.db", argc == 2 ? argv[1] : "");
	struct store *store = signer ? store_open(path, signer, &error) : NULL;
	if (!store)
		die(error ? error : "usage: past DIR < ENTRIES");
	int64_t n = 0;
	for (; (len = getline(&line, &room, stdin)) > 0; n++) {
		cJSON *json = json_parse(line, (size_t)len, NULL);
		if (!json)
			die("a line is not JSON");
		if (n % GROUP == 0 && store_begin(store))
			die("a group cannot begin");
		put(store, json);
		cJSON_Delete(json);
		if (n % GROUP == GROUP - 1 && store_commit(store))
			die("a group cannot be kept");
		if (n % GROUP == GROUP - 1)
			while (store_index_some(store, GROUP) > 0)
				continue;
	}
	if (n % GROUP && store_commit(store))
		die("a group cannot be kept");
	store_close(store);
	log_key_free(signer);
	serve_files_finish(&files);
	free(line);
	return 0;
}
