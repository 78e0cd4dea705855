/* bench_store.c: what the store costs: decided commands a second in groups, and who over many commands.
 *
 *     bench_store [COMMANDS [DIR]]
 *
 * Prints, never judges.  The commands are made up but shaped as a busy house's are: few agents make most of
 * them, sessions are many, one in thirty is denied, and what is logged of each (request, permit, outcome) is
 * as long as the real thing.  Their signatures are only noise: the store never looks at them.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/derive.h"
#include "approver/store/store.h"
#include "common/codec.h"
#include "common/jws.h"
#include "common/uuid.h"
#include "tests/bench/bench.h"
#include "tests/unit/test_store.h"
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { AGENTS = 200, HUMANS = 50, MODELS = 8, HOSTS = 300, USERS = 40, SIGNATURE = 64 };

static uint64_t state = 88172645463325252u;

static unsigned below(unsigned n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)((state >> 11) % n);
}

/* Few are met often. */
static unsigned skewed(unsigned n)
{
	unsigned a = below(n), b = below(n), c = below(n);
	unsigned least = a < b ? a : b;
	return least < c ? least : c;
}

/* The same for a session whenever it is asked; few are met often. */
static unsigned of_session(unsigned session, unsigned n)
{
	uint64_t kept = state;
	state = 88172645463325252u + session * 2654435761u;
	below(n);
	unsigned found = skewed(n);
	state = kept;
	return found;
}

static const char *const lines[] = {
    "git status --short && git diff --stat HEAD~%u",
    "make -j4 BUILD=/tmp/build-%u check 2>&1 | tail -n 40",
    "grep -rn 'handler_%u' src include | head",
    "cd /srv/app-%u && npm test -- --watch=false",
    "psql -d shop_%u -c 'SELECT count(*) FROM sessions WHERE expired'",
    "sed -n '%u,+40p' approver/store/write.c",
    "python3 -m pytest tests/test_orders.py -k case_%u -q",
    "cat /etc/hostname; uptime; df -h /data%u",
};
static const char *const tasks[] = {
    "fix the flaky checkout test of ticket SHOP-%u",
    "upgrade the payment library and run the migrations, ticket OPS-%u",
    "find out why report %u is slow",
};

struct made {
	struct command_row row;
	char id[UUID_LEN + 1], session[UUID_LEN + 1], agent[32], human[32], model[32], host[32], user[16];
	char line[160], task[160];
	struct buf request, permit, outcome;
};

static void die(const char *what)
{
	fprintf(stderr, "bench_store: %s failed\n", what);
	exit(1);
}

static void noise(unsigned char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		bytes[i] = (unsigned char)below(256);
}

/* A compact JWS of a type, its signature noise. */
static void seem_signed(struct buf *out, const char *type, const struct buf *payload)
{
	unsigned char signature[SIGNATURE];
	char header[96];
	noise(signature, sizeof signature);
	snprintf(header, sizeof header, "{\"alg\":\"Ed25519\",\"typ\":\"%s\"}", type);
	buf_clear(out);
	base64url_encode(out, header, strlen(header));
	buf_addc(out, '.');
	base64url_encode(out, payload->data, payload->len);
	buf_addc(out, '.');
	base64url_encode(out, signature, sizeof signature);
}

static void add_string(struct buf *out, const char *name, const char *value)
{
	buf_addf(out, ",\"%s\":", name);
	json_add_string(out, value, strlen(value));
}

/* What is signed of a command: by the shell's host, by the approver, and by the host again. */
static void make_messages(struct made *m, unsigned number)
{
	struct buf text BUF_AUTO = BUF_INIT;
	const struct command_row *row = &m->row;
	long long now = (long long)row->ts / 1000;
	buf_addf(&text,
		 "{\"jti\":\"%s\",\"iat\":%lld,\"exp\":%lld,\"aud\":\"whoshd:m-yovXgt1VPTLDxd\",\"sub\":\"%"
		 "s\",\"sid\":\"%s\"",
		 m->id, now, now + 660, m->agent, m->session);
	add_string(&text, "model", m->model);
	add_string(&text, "task", m->task);
	buf_adds(&text, ",\"command\":{\"mode\":\"command\"");
	add_string(&text, "line", m->line);
	buf_addf(&text,
		 ",\"argv\":[],\"cwd\":\"/srv/"
		 "app\",\"user\":\"%s\",\"uid\":1001,\"host\":\"%s\",\"interpreter\":\"/bin/bash\"},"
		 "\"sources\":{\"session\":\"generated\"},\"review_timeout\":600}",
		 m->user, m->host);
	seem_signed(&m->request, JWS_COMMAND, &text);
	buf_clear(&text);
	buf_addf(&text,
		 "{\"jti\":\"%s\",\"iat\":%lld,\"exp\":%lld,\"aud\":\"%s\",\"id\":\"%s\",\"verdict\":\"%s\","
		 "\"command_s256\":\"%s\",\"seq\":%u,"
		 "\"rule\":\"everyday\",\"policy_s256\":\"%s\",\"reviewers\":[]",
		 m->id, now, now + 30, m->agent, m->id, row->verdict, row->command_s256, number % 50 + 1,
		 row->policy);
	add_string(&text, "reason", row->reason);
	buf_addf(&text, ",\"cause\":\"policy\",\"log_index\":%u,\"lease_s\":30}", number * 3 + 1);
	seem_signed(&m->permit, JWS_PERMIT, &text);
	buf_clear(&text);
	buf_addf(&text,
		 "{\"jti\":\"%s\",\"iat\":%lld,\"aud\":\"whoshd:m-yovXgt1VPTLDxd\",\"sub\":\"%s\","
		 "\"command\":\"%s\",\"command_s256\":\"%s\","
		 "\"outcome\":\"exited\",\"exit\":0,\"started\":%lld,\"ended\":%lld}",
		 m->id, now, m->agent, m->id, row->command_s256, (long long)row->ts + 1,
		 (long long)row->ts + 400);
	seem_signed(&m->outcome, JWS_OUTCOME, &text);
	if (m->request.failed || m->permit.failed || m->outcome.failed)
		die("make_messages");
}

static void make(struct made *m, unsigned number)
{
	static const char detail[] = "{\"argv\":[],\"uid\":1001,\"interpreter\":\"/bin/"
				     "bash\",\"sources\":{\"session\":\"generated\"}}";
	static struct buf chain = BUF_INIT;
	unsigned session = number / 50 * 7 + below(8);
	uuid_new(m->id);
	snprintf(m->session, sizeof m->session, "%08x-0000-4000-8000-%012x", session, session);
	/* An agent works for one human, and a session is one agent's, on one task. */
	unsigned agent = of_session(session, AGENTS);
	snprintf(m->agent, sizeof m->agent, "agent-%u", agent);
	snprintf(m->human, sizeof m->human, "human-%u", agent % HUMANS);
	snprintf(m->model, sizeof m->model, "provider/model-%u@1", skewed(MODELS));
	snprintf(m->host, sizeof m->host, "host-%u.example.org", below(HOSTS));
	snprintf(m->user, sizeof m->user, "user%u", skewed(USERS));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(m->line, sizeof m->line, lines[below(sizeof lines / sizeof *lines)], below(5000));
	snprintf(m->task, sizeof m->task, tasks[session % (sizeof tasks / sizeof *tasks)], session % 9000);
#pragma GCC diagnostic pop
	bool denied = below(30) == 0;
	if (number % 100000 == 7)
		strcpy(m->line, "sqlite3 prod.db 'DROP TABLE sessions'");
	buf_clear(&chain);
	derive_chain_head(&chain, m->agent, m->human, 1789999999000);
	derive_chain_end(&chain, m->task);
	m->row = (struct command_row){
	    .id = m->id,
	    .ts = 1790000000000 + (int64_t)number * 1000,
	    .agent = m->agent,
	    .credential = m->agent,
	    .session = m->session,
	    .human = m->human,
	    .seq = 1,
	    .chain = chain.data,
	    .model = m->model,
	    .task = m->task,
	    .user = m->user,
	    .host = m->host,
	    .cwd = (char *)(size_t) "/srv/app",
	    .mode = (char *)(size_t) "command",
	    .line = m->line,
	    .line_len = strlen(m->line),
	    .detail = (char *)(size_t)detail,
	    .state = denied ? COMMAND_DENIED : COMMAND_APPROVED,
	    .verdict = (char *)(size_t)(denied ? "denied" : "approved"),
	    .cause = (char *)(size_t) "policy",
	    .rule = (char *)(size_t) "everyday",
	    .policy = (char *)(size_t) "2Zb1yq0s3uVJ7mF5m7yqv1Q0yB8G4Jr0bF3q1n2p3r4",
	    .reason = (char *)(size_t)(denied ? "psql: denied by rule no-ddl" : "covered by rule everyday"),
	    .decided = 1790000000000 + (int64_t)number * 1000,
	    .command_s256 = (char *)(size_t) "2Zb1yq0s3uVJ7mF5m7yqv1Q0yB8G4Jr0bF3q1n2p3r4",
	    .live_tail = (char *)(size_t) "0123456789abcdef",
	    .as_signed = ROW_REQUEST | ROW_TASK | ROW_DETAIL | ROW_DECISION,
	    .chain_since = 1789999999000};
	make_messages(m, number);
}

/* One decided command as the writer keeps it: a savepoint, its session, two events, one row. */
static void keep(struct store *store, const struct made *m)
{
	int64_t seq;
	char *last;
	if (store_item_begin(store) ||
	    store_session_next(store, m->session, m->agent, m->session, m->id, m->model, &seq, &last) != 1)
		die("store_session_next");
	free(last);
	if (store_append(store, EVENT_COMMAND_REQUESTED, m->row.ts, m->id, m->request.data, m->request.len) <
		0 ||
	    store_append(store, EVENT_COMMAND_DECIDED, m->row.ts, m->id, m->permit.data, m->permit.len) < 0 ||
	    store_command_insert(store, &m->row) || store_item_end(store, true))
		die("store_command_insert");
}

static void end(struct store *store, const struct made *m)
{
	const struct command_row row = {.id = (char *)(size_t)m->id,
					.state = COMMAND_EXITED,
					.has_exit = true,
					.outcome = (char *)(size_t) "exited",
					.started = m->row.ts + 1,
					.ended = m->row.ts + 400,
					.as_signed = ROW_OUTCOME};
	if (m->row.state == COMMAND_APPROVED &&
	    (store_item_begin(store) ||
	     store_append(store, EVENT_COMMAND_OUTCOME, m->row.ts + 400, m->id, m->outcome.data,
			  m->outcome.len) < 0 ||
	     store_command_outcome(store, &row) || store_item_end(store, true)))
		die("store_command_outcome");
}

static void made_free(struct made *made, int n)
{
	for (int i = 0; made && i < n; i++) {
		buf_finish(&made[i].request);
		buf_finish(&made[i].permit);
		buf_finish(&made[i].outcome);
	}
	free(made);
}

static void bench_groups(struct store *store, int group, int items)
{
	struct made *made = calloc((size_t)group, sizeof *made);
	double spent = 0;
	int done = 0;
	while (made && done < items) {
		for (int i = 0; i < group; i++)
			make(&made[i], (unsigned)(done + i));
		double began = now_ms();
		if (store_begin(store))
			die("store_begin");
		for (int i = 0; i < group; i++)
			keep(store, &made[i]);
		if (store_commit(store))
			die("store_commit");
		spent += now_ms() - began;
		done += group;
	}
	made_free(made, group);
	printf("groups of %3d: %8.0f decided commands a second, durable\n", group,
	       (double)done * 1e3 / spent);
}

static bool count_row(const struct command_row *row, void *arg)
{
	(void)row;
	++*(int *)arg;
	return true;
}

static void ask(struct store_reader *reader, const char *name, struct who_filter filter)
{
	double best = 1e9, worst = 0;
	int rows = 0;
	for (int i = 0; i < 3; i++) {
		rows = 0;
		double began = now_ms();
		if (store_who(reader, &filter, count_row, &rows))
			die("store_who");
		double ms = now_ms() - began;
		best = ms < best ? ms : best;
		worst = ms > worst ? ms : worst;
	}
	printf("who %-40s %4d rows %8.2f ms (slowest of three %.2f)\n", name, rows, best, worst);
}

static void bench_who(struct store *store)
{
	struct store_reader *reader = store_reader_new(store);
	if (!reader)
		die("store_reader_new");
#define ASK(...) ask(reader, #__VA_ARGS__, (struct who_filter){__VA_ARGS__})
	ASK(.limit = 100);
	ASK(.agent = "agent-3");
	ASK(.agent = "agent-199");
	ASK(.agent = "nobody");
	ASK(.human = "human-49");
	ASK(.model = "provider/model-7@1");
	ASK(.model = "provider/model-7");
	ASK(.model = "provider/model-[67]@*");
	ASK(.model = "provider/model-*");
	ASK(.model = "*-7@?", .until = 1790000100000);
	ASK(.model = "provider/none-*");
	ASK(.model = "provider/model-*", .agent = "agent-199", .verdict = "denied");
	ASK(.model = "provider/model-[01]", .match = "case_4999");
	ASK(.session = "00000007-0000-4000-8000-000000000007");
	ASK(.host = "host-5.example.org");
	ASK(.user = "user39");
	ASK(.verdict = "denied");
	ASK(.verdict = "denied", .agent = "agent-190");
	ASK(.agent = "agent-1", .human = "human-49", .verdict = "denied");
	ASK(.model = "provider/model-0@1", .user = "user0", .human = "human-49");
	ASK(.model = "provider/model-0@1", .verdict = "approved", .until = 1790000001000);
	ASK(.until = 1790000100000);
	ASK(.until = 1790019000000);
	ASK(.until = 1790019000000, .match = "no such words at all");
	ASK(.since = 1890000000000);
	ASK(.match = "DROP TABLE");
	ASK(.match = "drop table sessions");
	ASK(.match = "git status");
	ASK(.match = "no such words at all");
	ASK(.match = "SHOP-77");
	ASK(.match = "case_4999");
	ASK(.match = "count(*) FROM sessions WHERE nothing");
	ASK(.match = "git status", .agent = "agent-199");
	ASK(.match = "git status", .verdict = "denied", .human = "human-49");
	ASK(.match = "everyday", .human = "human-0", .user = "user39");
	ASK(.match = "DROP TABLE", .verdict = "approved");
	ASK(.match = "gi");
	ASK(.match = "qz");
	ASK(.match = "Q");
	ASK(.match = "bl");
	ASK(.match = "\xc3\x9c");
	ASK(.match = "3p", .verdict = "denied");
	ASK(.match = "e", .verdict = "denied", .human = "human-0");
#undef ASK
	store_reader_free(reader);
}

static void fill(struct store *store, unsigned commands)
{
	enum { GROUP = 256 };
	struct made *made = calloc(GROUP, sizeof *made);
	double spent = 0;
	for (unsigned i = 0; made && i < commands; i += GROUP) {
		unsigned n = commands - i < GROUP ? commands - i : GROUP;
		for (unsigned k = 0; k < n; k++)
			make(&made[k], i + k);
		double began = now_ms();
		if (store_begin(store))
			die("store_begin");
		for (unsigned k = 0; k < n; k++)
			keep(store, &made[k]);
		for (unsigned k = 0; k < n; k++)
			end(store, &made[k]);
		if (store_commit(store))
			die("store_commit");
		spent += now_ms() - began;
	}
	made_free(made, GROUP);
	double began = now_ms();
	printf("%u commands kept in %.1f s\n", commands, spent / 1e3);
	double slowest = 0;
	int64_t left = 1;
	while (left > 0) {
		double slice = now_ms();
		left = store_index_some(store, 128);
		slice = now_ms() - slice;
		slowest = slice > slowest ? slice : slowest;
	}
	if (left)
		die("store_index_some");
	printf("and indexed in %.1f s; the slowest 128 took %.0f ms\n", (now_ms() - began) / 1e3, slowest);
}

static struct store *fresh(char *path, size_t size, const char *dir, const char *name)
{
	char *error;
	snprintf(path, size, "%s/%s", dir, name);
	mkdir(path, 0700);
	snprintf(path, size, "%s/%s/whosh.db", dir, name);
	struct store *store = store_open(path, test_signer(), &error);
	if (!store)
		die(error ? error : "store_open");
	return store;
}

static int64_t bytes;

static int add_up(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)at;
	/* The journal's size is the same however many there are. */
	const char *name = strrchr(path, '/');
	if (type == FTW_F && strcmp(name ? name + 1 : path, "journal") != 0)
		bytes += st->st_size;
	return 0;
}

static int drop(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

enum { FOLDERS = 16 };

static void discard(struct store *store, char *path)
{
	store_close(store);
	*strrchr(path, '/') = '\0';
	nftw(path, drop, FOLDERS, FTW_DEPTH | FTW_PHYS);
}

/* Of log and tables, all told. */
static void weigh(const char *path, unsigned commands)
{
	char folder[4096];
	snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path), path);
	bytes = 0;
	nftw(folder, add_up, FOLDERS, FTW_PHYS);
	printf("%.0f bytes on disk a command\n", (double)bytes / commands);
}

int main(int argc, char **argv)
{
	unsigned commands = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1000000;
	char dir[] = "/tmp/whosh-bench-XXXXXX", path[4096];
	const char *where = argc > 2 ? argv[2] : mkdtemp(dir);
	if (!where)
		die("mkdtemp");
	setvbuf(stdout, NULL, _IOLBF, 0);
	static const int groups[][2] = {{1, 2000}, {64, 64 * 1000}, {256, 256 * 250}};
	for (unsigned i = 0; i < sizeof groups / sizeof *groups; i++) {
		struct store *store = fresh(path, sizeof path, where, "groups.db");
		bench_groups(store, groups[i][0], groups[i][1]);
		discard(store, path);
	}
	struct store *store = fresh(path, sizeof path, where, "who.db");
	fill(store, commands);
	if (store_tidy(store))
		die("store_tidy");
	weigh(path, commands);
	bench_who(store);
	discard(store, path);
	if (argc <= 2)
		rmdir(where);
	return 0;
}
