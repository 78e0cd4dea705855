/* test_broker_spool.c: an outcome on disk is delivered once, in order, and no bad file stands in its way.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/io.h"
#include "common/log.h"
#include "shell/broker/outcome.h"
#include "shell/broker/spool.h"
#include "tests/unit/test_broker.h"
#include <sys/stat.h>
#include <unistd.h>

#define COMMAND "01890a5d-ac96-774b-bcce-b302099a8057"

static struct token token;
static char root[] = "/tmp/whosh-spool-XXXXXX", folder[128];
static struct buf seen;

static void note(void *arg, const char *id, const char *command_id, struct buf *jws)
{
	(void)arg;
	EXPECT(!strcmp(command_id, COMMAND));
	EXPECT(jws->len > 0);
	buf_addf(&seen, "%s ", id);
}

static void look(void)
{
	buf_clear(&seen);
	spool_each(folder, note, NULL);
}

static void make(struct buf *jws, char id[UUID_LEN + 1], int code)
{
	const struct outcome outcome = {.kind = OUTCOME_EXITED, .exit = code};
	buf_clear(jws);
	EXPECT(outcome_sign(jws, id, &outcome, COMMAND, "s256", &token));
}

static bool there(const char *id, const char *suffix)
{
	char path[256];
	snprintf(path, sizeof path, "%s/%s.jws%s", folder, id, suffix);
	return access(path, F_OK) == 0;
}

/* Outcomes of a day without the approver must arrive as they happened, and none be sent again after its
 * delivery. */
static void test_order(void)
{
	struct buf jws BUF_AUTO = BUF_INIT, expected BUF_AUTO = BUF_INIT;
	char id[3][UUID_LEN + 1];
	for (int i = 0; i < 3; i++) {
		uuid_new(id[i]);
		id[i][7] = (char)('2' - i); /* written newest first */
		EXPECT(spool_prepare(folder) == 0);
		struct buf text BUF_AUTO = BUF_INIT;
		buf_clear(&jws);
		buf_addf(&text, "{\"jti\":\"%s\",\"command\":\"" COMMAND "\",\"exit\":%d}", id[i], i);
		EXPECT(jws_sign(&jws, JWS_OUTCOME, text.data, text.len, token.key));
		EXPECT(spool_write(folder, id[i], &jws) == 0);
	}
	for (int i = 2; i >= 0; i--)
		buf_addf(&expected, "%s ", id[i]);
	look();
	EXPECT(text_is(seen.data, expected.data));
	for (int i = 0; i < 3; i++)
		spool_remove(folder, id[i]);
	look();
	EXPECT(seen.len == 0);
	spool_remove(folder, id[0]); /* another broker was faster: not an error */
}

/* A file cut short by a crash must not keep the others from being delivered, nor be thrown away. */
static void test_corrupt(void)
{
	struct buf jws BUF_AUTO = BUF_INIT;
	char id[UUID_LEN + 1], first[UUID_LEN + 1], path[256];
	make(&jws, first, 1);
	first[0] = '0';
	struct buf half = {.data = jws.data, .len = jws.len / 2};
	EXPECT(spool_write(folder, first, &half) == 0);
	const char *empty = "01000000-0000-7000-8000-000000000001",
		   *renamed = "01000000-0000-7000-8000-000000000002";
	EXPECT(spool_write(folder, empty, &(struct buf){.data = (char[]){""}, .len = 0}) == 0);
	EXPECT(spool_write(folder, renamed, &jws) == 0); /* holds another outcome than it says */
	snprintf(path, sizeof path, "%s/01000000-0000-7000-8000-000000000003.jws", folder);
	EXPECT(symlink("/etc/passwd", path) == 0);
	snprintf(path, sizeof path, "%s/notes.txt", folder);
	EXPECT(write_file_durable(path, "x", 1, 0600) == 0);
	make(&jws, id, 2);
	EXPECT(spool_write(folder, id, &jws) == 0);
	look();
	EXPECT(seen.len == UUID_LEN + 1 && !strncmp(seen.data, id, UUID_LEN));
	EXPECT(there(first, ".corrupt") && there(empty, ".corrupt") && there(renamed, ".corrupt"));
	EXPECT(!there(first, "") && access(path, F_OK) == 0);
	look();
	EXPECT(seen.len == UUID_LEN + 1);
	spool_set_aside(folder, id, ".refused");
	EXPECT(there(id, ".refused") && !there(id, ""));
}

/* Somebody else's folder, or one that all may write to, would let others remove outcomes or fill in their
 * own. */
static void test_folder(void)
{
	char other[160];
	snprintf(other, sizeof other, "%s/a/b/c", root);
	EXPECT(spool_prepare(other) == 0);
	struct stat info;
	EXPECT(stat(other, &info) == 0 && (info.st_mode & 07777) == 0700);
	EXPECT(chmod(other, 0777) == 0 && spool_prepare(other) == -1);
	EXPECT(chmod(other, 0700) == 0 && spool_prepare(other) == 0);
	snprintf(other, sizeof other, "%s/file", root);
	EXPECT(write_file_durable(other, "x", 1, 0600) == 0 && spool_prepare(other) == -1);
	EXPECT(spool_write("/nonexistent/spool", COMMAND, &(struct buf){.data = (char[]){"x"}, .len = 1}) ==
	       -1);
}

/* What the shell says of the end is what the log will say; nonsense must not become an exit status. */
static void test_outcomes(void)
{
	static const struct {
		enum wire_tag tag;
		const char *value, *expected; /* NULL: refused */
	} cases[] = {
	    {WIRE_EXIT, "0", "\"exit\":0"}, {WIRE_EXIT, "255", "\"exit\":255"},
	    {WIRE_EXIT, "256", NULL},       {WIRE_EXIT, "-1", NULL},
	    {WIRE_EXIT, "x", NULL},         {WIRE_SIGNAL, "15", "\"signal\":\"TERM\""},
	    {WIRE_SIGNAL, "9999", NULL},    {WIRE_NOT_RUN, "no \x1b[2J", "\"reason\":\"no \\\\x1b[2J\""},
	    {WIRE_PID, "1", NULL}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf frame BUF_AUTO = BUF_INIT, jws BUF_AUTO = BUF_INIT, payload BUF_AUTO = BUF_INIT;
		struct wire_message message;
		struct outcome outcome;
		size_t mark, size;
		char id[UUID_LEN + 1];
		wire_begin(&frame, WIRE_OUTCOME, &mark);
		wire_adds(&frame, cases[i].tag, cases[i].value);
		wire_end(&frame, mark);
		EXPECT(wire_next(&frame, &message, &size) == 1);
		EXPECT(outcome_read(&outcome, &message) == (cases[i].expected != NULL));
		if (cases[i].expected) {
			EXPECT(outcome_sign(&jws, id, &outcome, COMMAND, "s256", &token));
			EXPECT(jws_open(jws.data, jws.len, JWS_OUTCOME, &payload));
			EXPECT(strstr(payload.data, cases[i].expected) != NULL);
		}
		outcome_finish(&outcome);
	}
}

/* An outcome with a time that no JSON reader takes is refused by the approver: it would stay in the spool for
 * ever, one file for each line that an account cares to send, until the disk is full for all of them. */
static void test_outcome_times(void)
{
	static const struct {
		const char *ms;
		bool good;
	} cases[] = {{"1795000600000", true},
		     {"9007199254740991", true},
		     {"9007199254740992", false},
		     {"9223372036854775807", false}};
	static const enum wire_tag tags[] = {WIRE_STARTED_MS, WIRE_ENDED_MS};
	for (size_t i = 0; i < sizeof cases / sizeof *cases * 2; i++) {
		struct buf frame BUF_AUTO = BUF_INIT;
		struct wire_message message;
		struct outcome outcome;
		size_t mark, size;
		wire_begin(&frame, WIRE_OUTCOME, &mark);
		wire_adds(&frame, WIRE_EXIT, "0");
		wire_adds(&frame, tags[i % 2], cases[i / 2].ms);
		wire_end(&frame, mark);
		EXPECT(wire_next(&frame, &message, &size) == 1);
		EXPECT(outcome_read(&outcome, &message) == cases[i / 2].good);
		outcome_finish(&outcome);
	}
}

int main(void)
{
	token = (struct token){
	    .sub = strdup("worker"), .aud = strdup("whoshd:test"), .key = signing_key_generate()};
	log_set_level(LOG_LEVEL_ERROR);
	if (!mkdtemp(root))
		return 1;
	snprintf(folder, sizeof folder, "%s/spool", root);
	RUN(test_order);
	RUN(test_corrupt);
	RUN(test_folder);
	RUN(test_outcomes);
	RUN(test_outcome_times);
	char command[64];
	snprintf(command, sizeof command, "rm -rf %s", root);
	EXPECT(system(command) == 0);
	buf_finish(&seen);
	signing_key_free(token.key);
	free(token.sub);
	free(token.aud);
	return finish_tests();
}
