/* test_store.c: what the store promises: whole groups, a log that only grows, and answers that miss nothing.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/store.h"
#include "tests/unit/check.h"
#include "tests/unit/test_store.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static bool sql(const char *path, const char *text)
{
	sqlite3 *db;
	bool good =
	    sqlite3_open(path, &db) == SQLITE_OK && sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK;
	sqlite3_close(db);
	return good;
}

static void test_groups(const char *dir)
{
	char path[256];
	struct store *store = store_at(dir, "groups.db", path, sizeof path);
	store_begin(store);
	holds("events are numbered from 0", store_append(store, EVENT_LOG_STARTED, 1, NULL, "{}", 2) == 0);
	store_item_begin(store);
	store_append(store, EVENT_REFUSED, 2, NULL, "{\"reason\":\"bad\"}", 16);
	put_command(store, "00000000-0000-7000-8000-000000000001", "lost", NULL);
	store_item_end(store, false);
	holds("an item that is dropped leaves no gap in the log", store_next_index(store) == 1);
	store_item_begin(store);
	holds("its neighbour takes its number",
	      store_append(store, EVENT_COMMAND_REQUESTED, 3, "subject", "jws", 3) == 1);
	store_item_end(store, true);
	holds("a group is kept", store_commit(store) == 0);
	store_begin(store);
	store_append(store, EVENT_LOG_STOPPED, 4, NULL, "{}", 2);
	store_rollback(store);
	holds("a group that is rolled back gives its numbers back", store_next_index(store) == 2);
	struct store_reader *reader = store_reader_new(store);
	struct command_row row;
	holds("nothing of a dropped item can be read",
	      store_command(reader, "00000000-0000-7000-8000-000000000001", &row) == 0);
	enum event_kind kind;
	int64_t ms;
	char *body;
	size_t len;
	holds("an event is read as it was written", store_event(reader, 1, &kind, &ms, &body, &len) == 1 &&
							kind == EVENT_COMMAND_REQUESTED && ms == 3 &&
							len == 3 && !memcmp(body, "jws", 3));
	free(body);
	holds("an event that is not there is not invented",
	      store_event(reader, 2, &kind, &ms, &body, &len) == 0);
	store_reader_free(reader);
	store_close(store);
	store = store_at(dir, "groups.db", path, sizeof path);
	holds("the log goes on where it was after a restart", store_next_index(store) == 2);
	store_close(store);
}

static void test_sessions(const char *dir)
{
	char path[256], *last;
	int64_t seq;
	struct store *store = store_at(dir, "sessions.db", path, sizeof path);
	store_begin(store);
	bool first =
	    store_session_next(store, "s", "a", "k1", "c1", "m1", &seq, &last) == 1 && seq == 1 && !last;
	holds("a session's first command is its first", first);
	bool second = store_session_next(store, "s", "a", "k1", "c2", "m2", &seq, &last) == 1 && seq == 2 &&
		      last && !strcmp(last, "m1");
	free(last);
	holds("a change of model in a session is seen", second);
	bool none = store_session_next(store, "s", "a", "k1", "c2a", NULL, &seq, &last) == 1 && last &&
		    !strcmp(last, "m2");
	free(last);
	bool third = store_session_next(store, "s", "a", "k1", "c2b", "m3", &seq, &last) == 1 && last &&
		     !strcmp(last, "m2");
	free(last);
	holds("a command without a model does not hide a change of it", none && third);
	bool other = store_session_next(store, "s", "a", "k2", "c3", "m2", &seq, &last) == 0 && !last;
	holds("another key cannot speak in a session", other);
	store_commit(store);
	store_close(store);
}

/* Each use of a credential is written from a copy of its row, which may be older than its revocation. */
static void test_revoked(const char *dir)
{
	char path[256];
	struct store *store = store_at(dir, "revoked.db", path, sizeof path);
	struct agent_row agent = {.id = (char *)(size_t) "a", .owner = (char *)(size_t) "alice"};
	struct credential_row used = {.id = (char *)(size_t) "k", .agent = agent.id, .expires = 90};
	struct agent_row disabled = agent;
	struct credential_row revoked = used;
	disabled.disabled = true;
	revoked.revoked = 50;
	revoked.revoked_by = (char *)(size_t) "ann";
	used.last_used = 49;
	store_begin(store);
	store_agent_put(store, &agent);
	store_agent_put(store, &disabled);
	store_agent_put(store, &agent);
	store_credential_put(store, &used);
	store_credential_put(store, &revoked);
	store_credential_put(store, &used);
	store_commit(store);
	struct store_reader *reader = store_reader_new(store);
	bool found = store_credential(reader, "k", &used) == 1;
	holds("a use that is written late does not give a revoked credential back",
	      found && used.revoked == 50 && used.revoked_by && !strcmp(used.revoked_by, "ann"));
	holds("and is written all the same", found && used.last_used == 49);
	credential_row_finish(&used);
	found = store_agent(reader, "a", &agent) == 1;
	holds("nor does it enable a disabled agent", found && agent.disabled);
	agent_row_finish(&agent);
	store_reader_free(reader);
	store_close(store);
}

static void test_command(const char *dir)
{
	static const char id[] = "00000000-0000-7000-8000-00000000000a";
	char path[256];
	struct store *store = store_at(dir, "command.db", path, sizeof path);
	store_begin(store);
	struct command_row row = {.id = (char *)(size_t)id,
				  .agent = (char *)(size_t) "a",
				  .line = (char *)(size_t) "l\0\xff",
				  .line_len = 3,
				  .state = COMMAND_PENDING,
				  .reviewers_needed = 2,
				  .not_in_chain = true,
				  .expires = 99};
	holds("a command is kept", store_command_insert(store, &row) == 0);
	holds("a repeated request is known for one", store_command_insert(store, &row) == 1);
	store_review_add(store, id, "ann", 1);
	holds("one reviewer counts once", store_review_add(store, id, "ann", 2) == 1);
	holds("two reviewers are two", store_review_add(store, id, "bob", 3) == 2);
	store_commit(store);
	struct store_reader *reader = store_reader_new(store);
	struct command_row got;
	bool same = store_command(reader, id, &got) == 1;
	holds("a line comes back byte for byte",
	      same && got.line_len == 3 && !memcmp(got.line, "l\0\xff", 3));
	holds("what a review needs comes back",
	      same && got.reviewers_needed == 2 && got.not_in_chain && got.expires == 99 && !got.verdict);
	command_row_finish(&got);
	char *names;
	holds("who has approved so far can be asked",
	      !store_reviews(reader, id, &names) && !strcmp(names, "[\"ann\",\"bob\"]"));
	free(names);
	row.state = COMMAND_APPROVED;
	row.verdict = (char *)(size_t) "approved";
	row.log_index = 7;
	store_begin(store);
	store_command_decide(store, &row);
	row.state = COMMAND_EXITED;
	row.has_exit = true;
	row.exit = 3;
	row.outcome = (char *)(size_t) "exited";
	store_command_outcome(store, &row);
	store_commit(store);
	same = store_command(reader, id, &got) == 1;
	holds("a decision and an outcome are kept", same && !strcmp(got.verdict, "approved") &&
							got.log_index == 7 && got.has_exit && got.exit == 3 &&
							got.line_len == 3);
	command_row_finish(&got);
	int pending = 0;
	store_in_state(reader, COMMAND_PENDING, count_command, &pending);
	holds("a decided command waits no more", pending == 0);
	store_reader_free(reader);
	store_close(store);
}

/* Write groups of eight for ever, and say after each commit how many there are. */
static void write_until_killed(const char *dir, int out)
{
	char path[256], id[40];
	struct store *store = store_at(dir, "killed.db", path, sizeof path);
	for (int n = 0;;) {
		store_begin(store);
		for (int i = 0; i < 8; i++, n++) {
			snprintf(id, sizeof id, "00000000-0000-7000-8000-%012d", n);
			store_append(store, EVENT_COMMAND_REQUESTED, n, id, "jws", 3);
			put_command(store, id, "true", NULL);
		}
		if (store_commit(store) || write(out, &n, sizeof n) != sizeof n)
			_exit(1);
	}
}

static void test_killed(const char *dir)
{
	int ends[2], said = 0, n;
	if (pipe(ends))
		exit(1);
	pid_t child = fork();
	if (!child)
		write_until_killed(dir, ends[1]);
	close(ends[1]);
	while (said < 800 && read(ends[0], &n, sizeof n) == sizeof n)
		said = n;
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	while (read(ends[0], &n, sizeof n) == sizeof n)
		said = n;
	close(ends[0]);
	char path[256];
	struct store *store = store_at(dir, "killed.db", path, sizeof path);
	struct store_reader *reader = store_reader_new(store);
	int commands = 0;
	store_who(reader, &(struct who_filter){.limit = 1000000}, count_command, &commands);
	holds("what was committed outlives kill -9", said >= 800 && store_next_index(store) >= said);
	holds("of a group all is there or nothing", store_next_index(store) % 8 == 0);
	holds("the index agrees with the log after kill -9", commands == store_next_index(store));
	store_reader_free(reader);
	store_close(store);
}

static int put_large(struct store *store)
{
	enum { LARGE = 1 << 15 };
	static char body[LARGE];
	memset(body, 'x', sizeof body);
	memcpy(body, "{\"reason\":\"", 11);
	memcpy(body + LARGE - 2, "\"}", 2);
	if (store_begin(store))
		return -1;
	errno = 0;
	if (store_item_begin(store) || store_append(store, EVENT_REFUSED, 1, NULL, body, sizeof body) < 0 ||
	    store_item_end(store, true)) {
		int saved = errno;
		store_rollback(store);
		errno = saved;
		return -1;
	}
	return store_commit(store);
}

/* A file that may not grow stands for a disk that is full. */
static void test_full(const char *dir)
{
	char path[256];
	struct store *store = store_at(dir, "full.db", path, sizeof path);
	struct rlimit before, tight = {1 << 20, RLIM_INFINITY};
	getrlimit(RLIMIT_FSIZE, &before);
	tight.rlim_max = before.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	int kept = 0;
	setrlimit(RLIMIT_FSIZE, &tight);
	while (kept < 100 && !put_large(store))
		kept++;
	int why = errno;
	bool steady = store_next_index(store) == kept && put_large(store) && store_next_index(store) == kept;
	setrlimit(RLIMIT_FSIZE, &before);
	signal(SIGXFSZ, SIG_DFL);
	holds("a full disk is said to be one", kept > 0 && kept < 100 && why == ENOSPC);
	holds("a full disk changes nothing of what is there", steady);
	holds("recording goes on when there is room again",
	      !put_large(store) && store_next_index(store) == kept + 1);
	store_close(store);
	store = store_at(dir, "full.db", path, sizeof path);
	holds("and nothing was lost by it", store_next_index(store) == kept + 1);
	store_close(store);
}

static void test_versions(const char *dir)
{
	char path[256], *error = NULL;
	struct store *store = store_at(dir, "old.db", path, sizeof path);
	store_close(store);
	sql(path, "PRAGMA user_version=99");
	store = store_open(path, test_signer(), &error);
	holds("a database of a newer whoshd is left alone, and the message says why",
	      !store && error && strstr(error, "newer"));
	free(error);
	sql(path, "PRAGMA user_version=3");
	store = store_open(path, test_signer(), &error);
	holds("one from before the log was a tree is left alone, and the message says what to do",
	      !store && error && strstr(error, "whoshd init"));
	free(error);
}

/* Is it remembered, and for which credential?  -1: an error. */
static int found(struct store *store, const struct exchange *exchange, int64_t now, const char *credential)
{
	char *first = NULL;
	int result = store_exchange_find(store, exchange, now, &first);
	bool same = first && !strcmp(first, credential);
	free(first);
	return result == 1 ? same : result == 0 ? 0 : -1;
}

static void test_exchanges(const char *dir)
{
	char path[256];
	struct store *store = store_at(dir, "exchanges.db", path, sizeof path);
	struct exchange one = {.token = "t", .issuer = "i", .jti = "j", .credential = "c", .until = 100};
	struct exchange bare = {.token = "u", .issuer = "i", .credential = "d", .until = 200};
	store_begin(store);
	holds("a token is known before it came", found(store, &one, 1, "c") == 0);
	holds("an exchange is not kept",
	      !store_exchange_put(store, &one) && !store_exchange_put(store, &bare));
	holds("a token makes two credentials within a group", store_exchange_put(store, &one) != 0);
	store_rollback(store);
	store_begin(store);
	store_exchange_put(store, &one);
	store_exchange_put(store, &bare);
	store_commit(store);
	store_close(store);
	store = store_at(dir, "exchanges.db", path, sizeof path);
	store_begin(store);
	holds("after a restart a token is new again", found(store, &one, 1, "c") == 1);
	struct exchange anew = {.token = "v", .issuer = "i", .jti = "j"};
	holds("a token with a jti that was used is new", found(store, &anew, 1, "c") == 1);
	anew.issuer = "another";
	holds("a jti of another issuer is taken for the same", found(store, &anew, 1, "c") == 0);
	anew = (struct exchange){.token = "w", .issuer = "i"};
	holds("tokens without a jti are taken for one", found(store, &anew, 1, "c") == 0);
	holds("a replay is not noted once",
	      store_exchange_replayed(store, &one) == 1 && store_exchange_replayed(store, &one) == 0);
	holds("old tokens are kept for ever", found(store, &one, 100, "c") == 0);
	holds("a token is forgotten before its time", found(store, &bare, 199, "d") == 1);
	store_commit(store);
	store_close(store);
}

int main(void)
{
	char dir[] = "/tmp/whosh-store-XXXXXX", command[64];
	if (!mkdtemp(dir))
		return 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	test_groups(dir);
	test_sessions(dir);
	test_revoked(dir);
	test_command(dir);
	test_killed(dir);
	test_full(dir);
	test_versions(dir);
	test_exchanges(dir);
	snprintf(command, sizeof command, "rm -rf %s", dir);
	return (system(command) != 0) | checks_end();
}
