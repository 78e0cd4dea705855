/* test_broker_request.c: what is signed is exactly what was asked, by whom the kernel says, and nothing else.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/codec.h"
#include "common/exits.h"
#include "shell/broker/request.h"
#include "tests/unit/test_broker.h"

#define OUTER "01890a5d-ac96-774b-bcce-b302099a8057"
#define SESSION "01890a5d-ac96-774b-bcce-b302099a80AB"

static struct token token;
static struct public_key *public;
static struct buf frame;
static size_t mark;
static struct request request;
static struct refusal why;
static cJSON *claims;

static void begin(void)
{
	buf_clear(&frame);
	wire_begin(&frame, WIRE_ASK, &mark);
}

static void usual(const char *line)
{
	begin();
	wire_adds(&frame, WIRE_MODE, "command");
	wire_adds(&frame, WIRE_LINE, line);
	wire_adds(&frame, WIRE_CWD, "/home/agent");
	wire_adds(&frame, WIRE_INTERPRETER, "/bin/bash");
}

static bool build(void)
{
	struct wire_message message;
	size_t size;
	const struct request_context context = {.token = &token,
						.user = "agent-user",
						.host = "host1",
						.uid = 4242,
						.now = 1795000000,
						.review_timeout = 600};
	wire_end(&frame, mark);
	EXPECT(wire_next(&frame, &message, &size) == 1);
	refusal_finish(&why);
	cJSON_Delete(claims);
	claims = NULL;
	if (!request_build(&request, &message, &context, &why))
		return false;
	struct buf payload BUF_AUTO = BUF_INIT;
	EXPECT(jws_open(request.jws.data, request.jws.len, JWS_COMMAND, &payload));
	EXPECT(jws_verify(request.jws.data, request.jws.len, public));
	claims = json_parse(payload.data, payload.len, NULL);
	EXPECT(claims != NULL);
	char hash[S256_LEN + 1];
	s256(request.jws.data, request.jws.len, hash);
	EXPECT(!strcmp(hash, request.s256));
	EXPECT(!strcmp(request.tail, request.jws.data + request.jws.len - REQUEST_TAIL));
	request_finish(&request);
	return true;
}

static const cJSON *command(void)
{
	return json_object(claims, "command");
}

/* The line must reach the approver byte for byte, or what is approved is not what runs. */
static void test_line_is_exact(void)
{
	static const char *const lines[] = {
	    "true", "", "echo \"a\\b\"\t'\x01\x1b[2J'\n# \xc3\xa9 \xe2\x80\xae </script>"};
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		usual(lines[i]);
		EXPECT(build() && text_is(json_string(command(), "line"), lines[i]));
		EXPECT(!cJSON_HasObjectItem(command(), "line_b64"));
	}
	usual("echo \xff\xfe");
	EXPECT(build() && !cJSON_HasObjectItem(command(), "line"));
	struct buf bytes BUF_AUTO = BUF_INIT;
	const char *coded = json_string(command(), "line_b64");
	EXPECT(coded && base64_decode(&bytes, coded, strlen(coded)) && bytes.len == 7 &&
	       !memcmp(bytes.data, "echo \xff\xfe", 7));
}

/* bash would stop reading at a NUL: the approver would see more than runs. */
static void test_nul_is_refused(void)
{
	begin();
	wire_adds(&frame, WIRE_MODE, "command");
	wire_add(&frame, WIRE_LINE, "true\0; rm x", 11);
	EXPECT(!build() && why.status == EXIT_DENIED);
	usual("true");
	wire_add(&frame, WIRE_ARG, "a\0b", 3);
	EXPECT(!build() && why.status == EXIT_DENIED);
}

/* What cannot be shown to a reviewer as it is must not slip through in another form. */
static void test_not_utf8_is_refused(void)
{
	static const enum wire_tag tags[] = {WIRE_ARG, WIRE_TTY, WIRE_SCRIPT, WIRE_INTERPRETER_OPTION};
	for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
		usual("true");
		wire_adds(&frame, tags[i], "x\xff");
		EXPECT(!build() && why.status == EXIT_DENIED);
	}
	usual("true");
	wire_adds(&frame, WIRE_ENV_KEPT, "LD_PRELOAD=\xff");
	EXPECT(!build() && why.status == EXIT_DENIED);
}

/* The gate runs as the agent; if it could name the user, one agent could act in another account's name. */
static void test_user_is_the_peer(void)
{
	usual("true");
	wire_adds(&frame, WIRE_ENV, "USER=root");
	wire_adds(&frame, WIRE_ENV, "LOGNAME=root");
	EXPECT(build() && text_is(json_string(command(), "user"), "agent-user"));
	int64_t uid = 0;
	EXPECT(json_integer(command(), "uid", &uid) && uid == 4242);
	EXPECT(text_is(json_string(command(), "host"), "host1"));
	EXPECT(text_is(json_string(claims, "sub"), "worker") &&
	       text_is(json_string(claims, "aud"), "whoshd:test"));
}

/* A lying WHOSH_AGENT_ID, or one agent's environment with another's token, must not pass. */
static void test_agent_must_agree(void)
{
	usual("true");
	wire_adds(&frame, WIRE_ENV, "WHOSH_AGENT_ID=someone-else");
	EXPECT(!build() && why.status == EXIT_IDENTITY && strstr(why.reason, "someone-else"));
	usual("true");
	wire_adds(&frame, WIRE_ENV, "WHOSH_AGENT_ID=worker");
	EXPECT(build());
}

/* A whosh inside another agent's command starts a session of its own, and says whose command it is part of.
 */
static void test_inside_another_command(void)
{
	usual("true");
	wire_adds(&frame, WIRE_ENV, "WHOSH_AGENT_ID=someone-else");
	wire_adds(&frame, WIRE_ENV, "WHOSH_COMMAND_ID=" OUTER);
	wire_adds(&frame, WIRE_ENV, "WHOSH_SESSION_ID=" SESSION);
	EXPECT(build() && text_is(json_string(claims, "parent"), OUTER));
	EXPECT(!text_is(json_string(claims, "sid"), "01890a5d-ac96-774b-bcce-b302099a80ab"));
	usual("true");
	wire_adds(&frame, WIRE_ENV, "WHOSH_COMMAND_ID=nonsense");
	EXPECT(!build() && why.status == EXIT_IDENTITY);
}

/* All lines of a session must be found under one ID, however the harness spells it. */
static void test_session(void)
{
	usual("true");
	wire_adds(&frame, WIRE_ENV, "WHOSH_SESSION_ID=" SESSION);
	EXPECT(build() && text_is(json_string(claims, "sid"), "01890a5d-ac96-774b-bcce-b302099a80ab"));
	EXPECT(text_is(json_string(json_object(claims, "sources"), "session"), "WHOSH_SESSION_ID"));
	usual("true");
	wire_adds(&frame, WIRE_ENV, "WHOSH_SESSION_ID=my session");
	EXPECT(!build() && why.status == EXIT_IDENTITY);
	usual("true");
	EXPECT(build() && text_is(json_string(json_object(claims, "sources"), "session"), "generated"));
}

/* A harness that changes its model in mid-session says so in the context file; the environment is older. */
static void test_context_file(void)
{
	usual("true");
	wire_adds(&frame, WIRE_ENV, "WHOSH_MODEL=acme/old@1");
	wire_adds(&frame, WIRE_ENV, "WHOSH_TASK=the task");
	wire_adds(&frame, WIRE_CONTEXT_FILE, "{\"model\":\"acme/new@2\",\"other\":[1]}");
	EXPECT(build() && text_is(json_string(claims, "model"), "acme/new@2"));
	EXPECT(text_is(json_string(claims, "task"), "the task"));
	EXPECT(text_is(json_string(json_object(claims, "sources"), "model"), "WHOSH_CONTEXT_FILE"));
	EXPECT(text_is(json_string(json_object(claims, "sources"), "task"), "WHOSH_TASK"));
	static const char *const bad[] = {"", "[]", "{\"model\":1}", "{\"model\":\"a\",\"model\":\"b\"}",
					  "{} x"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		usual("true");
		wire_adds(&frame, WIRE_CONTEXT_FILE, bad[i]);
		EXPECT(!build() && why.status == EXIT_CONFIGURATION);
	}
}

/* A reviewer decides by these; a variable that appears twice could be read one way and used another. */
static void test_kept_environment(void)
{
	usual("true");
	wire_adds(&frame, WIRE_ENV_KEPT, "BASH_ENV=/etc/x=y");
	wire_adds(&frame, WIRE_ENV_KEPT, "BASH_ENVX=");
	EXPECT(build() && text_is(json_string(json_object(command(), "env_kept"), "BASH_ENV"), "/etc/x=y"));
	EXPECT(text_is(json_string(json_object(command(), "env_kept"), "BASH_ENVX"), ""));
	usual("true");
	wire_adds(&frame, WIRE_ENV_KEPT, "BASH_ENV=/etc/x");
	wire_adds(&frame, WIRE_ENV_KEPT, "BASH_ENV=/tmp/y");
	EXPECT(!build() && why.status == EXIT_DENIED);
}

static int64_t time_of(int kept)
{
	usual("true");
	for (int i = 0; i < 300000; i++)
		wire_adds(&frame, WIRE_ENV, "");
	for (int i = 0; i < kept; i++) {
		char entry[16];
		snprintf(entry, sizeof entry, "A%d=", i);
		wire_adds(&frame, WIRE_ENV_KEPT, entry);
	}
	int64_t began = clock_mono_ms();
	EXPECT(build());
	return clock_mono_ms() - began;
}

/* The broker serves all accounts one after the other: a request that is made to be slow is slow for all. */
static void test_many_fields(void)
{
	int64_t few = time_of(1), many = time_of(250);
	EXPECT(many <= 3 * few + 30);
}

/* One that is too long for the approver is refused here, with words, and not by a dropped connection. */
static void test_too_long(void)
{
	char *line = malloc(900001);
	memset(line, 'x', 900000);
	line[900000] = 0;
	usual(line);
	EXPECT(!build() && why.status == EXIT_DENIED && strstr(why.reason, "too long"));
	line[700000] = 0;
	usual(line);
	EXPECT(build());
	free(line);
}

/* The approver refuses members it does not know: one too many, and no line of any agent would run. */
static void test_members(void)
{
	usual("true");
	static const char *const variables[] = {
	    "WHOSH_AGENT_ID=worker",
	    "WHOSH_MODEL=a/b@1",
	    "WHOSH_TASK=t",
	    "WHOSH_AGENT_VERSION=2",
	    "WHOSH_COMMAND_ID=" OUTER,
	    "SSH_CONNECTION=192.0.2.1 5 192.0.2.2 22",
	    "SSH_ORIGINAL_COMMAND=ls",
	    "CLAUDECODE=1",
	    "TRACEPARENT=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"};
	for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
		wire_adds(&frame, WIRE_ENV, variables[i]);
	wire_adds(&frame, WIRE_ARG, "whosh");
	wire_adds(&frame, WIRE_TTY, "/dev/pts/0");
	wire_adds(&frame, WIRE_INTERPRETER_OPTION, "-e");
	wire_adds(&frame, WIRE_SCRIPT, "./x.sh");
	wire_adds(&frame, WIRE_CHAIN, "a.b.c~d.e.f");
	wire_add_number(&frame, WIRE_REVIEW_TIMEOUT, 120);
	EXPECT(build());
	static const char *const top[] = {
	    "jti",         "iat",  "exp",   "aud",     "sub",   "sid",     "parent",  "agent_version",
	    "model",       "task", "chain", "command", "trace", "harness", "sources", "review_timeout",
	    "task_sha256", NULL};
	static const char *const inner[] = {"mode",    "line",   "argv",     "cwd", "user",
					    "uid",     "host",   "tty",      "ssh", "interpreter",
					    "options", "script", "env_kept", NULL};
	const char *other = NULL;
	EXPECT(!cJSON_HasObjectItem(command(), "meaning") && !cJSON_HasObjectItem(command(), "sourced"));
	EXPECT(json_only(claims, top, &other));
	EXPECT(json_only(command(), inner, &other));
	EXPECT(text_is(json_string(json_object(command(), "ssh"), "client"), "192.0.2.1"));
	EXPECT(text_is(json_string(claims, "harness"), "claude-code"));
	EXPECT(
	    text_is(json_string(claims, "trace"), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
	int64_t exp = 0;
	EXPECT(json_integer(claims, "exp", &exp) && exp == 1795000000 + 120 + 60);
	usual("true");
	wire_adds(&frame, WIRE_ENV, "TRACEPARENT=nonsense");
	EXPECT(build() && !cJSON_HasObjectItem(claims, "trace"));
}

static bool with(enum wire_tag tag, const char *bytes, size_t len)
{
	usual("ls");
	wire_add(&frame, tag, bytes, len);
	return build();
}

static const cJSON *first_of(const char *name)
{
	return cJSON_GetArrayItem(json_array(command(), name), 0);
}

/* What a session made of a line's words reaches the approver whole and exact, or the line does not run. */
static void test_meaning(void)
{
	static const char ls[] = "function\tls\tls () \n{ \n\trm \"$@\"\n}";
	static const char *const good[] = {"variable\tx",   "variable\tx\t", "builtin\techo",
					   "option\tposix", "alias\tll\t",   "hash\tls\t/tmp/ls",
					   "trap\tDEBUG\t:"};
	static const char *const bad[] = {"",
					  "function",
					  "function\tls",
					  "spell\tx\ty",
					  "alias\t\tls",
					  "variable\tx\t1",
					  "functions\tx\ty",
					  "\tx\ty"};
	EXPECT(with(WIRE_MEANING, ls, sizeof ls - 1));
	const cJSON *item = first_of("meaning");
	EXPECT(text_is(json_string(item, "kind"), "function") && text_is(json_string(item, "name"), "ls"));
	EXPECT(text_is(json_string(item, "text"), ls + sizeof "function\tls\t" - 1));
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		EXPECT(with(WIRE_MEANING, good[i], strlen(good[i])) && first_of("meaning"));
	EXPECT(with(WIRE_MEANING, "variable\tx", 10) && !cJSON_HasObjectItem(first_of("meaning"), "text"));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		EXPECT(!with(WIRE_MEANING, bad[i], strlen(bad[i])) && why.status == EXIT_CONFIGURATION);
	EXPECT(!with(WIRE_MEANING, "alias\tx\ta\0b", 11) && why.status == EXIT_CONFIGURATION);
	EXPECT(!with(WIRE_MEANING, "alias\t\xff\ta", 9) && why.status == EXIT_DENIED);
	EXPECT(with(WIRE_MEANING, "alias\tx\t\xff", 9) &&
	       text_is(json_string(first_of("meaning"), "text_b64"), "/w=="));
}

/* The text of a file that is read must be what the reviewer saw. */
static void test_sourced(void)
{
	EXPECT(with(WIRE_SOURCED, "./x\0a\n", 6));
	EXPECT(text_is(json_string(first_of("sourced"), "path"), "./x") &&
	       text_is(json_string(first_of("sourced"), "text"), "a\n"));
	EXPECT(with(WIRE_SOURCED, "x\0", 2) && text_is(json_string(first_of("sourced"), "text"), ""));
	EXPECT(with(WIRE_SOURCED, "x\0\xff", 3) &&
	       text_is(json_string(first_of("sourced"), "text_b64"), "/w=="));
	EXPECT(!with(WIRE_SOURCED, "x", 1) && why.status == EXIT_CONFIGURATION);
	EXPECT(!with(WIRE_SOURCED, "\0a", 2) && why.status == EXIT_CONFIGURATION);
	EXPECT(!with(WIRE_SOURCED, "x\0a\0b", 5) && why.status == EXIT_DENIED);
	EXPECT(!with(WIRE_SOURCED, "\xff\0a", 3) && why.status == EXIT_DENIED);
}

int main(void)
{
	unsigned char d[KEY_BYTES], x[KEY_BYTES];
	token = (struct token){
	    .sub = strdup("worker"), .aud = strdup("whoshd:test"), .key = signing_key_generate()};
	signing_key_export(token.key, d, x);
	public = public_key_new(x);
	RUN(test_line_is_exact);
	RUN(test_nul_is_refused);
	RUN(test_not_utf8_is_refused);
	RUN(test_user_is_the_peer);
	RUN(test_agent_must_agree);
	RUN(test_inside_another_command);
	RUN(test_session);
	RUN(test_context_file);
	RUN(test_kept_environment);
	RUN(test_many_fields);
	RUN(test_too_long);
	RUN(test_members);
	RUN(test_meaning);
	RUN(test_sourced);
	cJSON_Delete(claims);
	refusal_finish(&why);
	buf_finish(&frame);
	public_key_free(public);
	signing_key_free(token.key);
	free(token.sub);
	free(token.aud);
	return finish_tests();
}
