/* test_whoctl_input.c: what whoctl is given: options, event streams, refusals, abbreviated IDs, token files.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/api.h"
#include "approver/whoctl/credential.h"
#include "approver/whoctl/find.h"
#include "approver/whoctl/sse.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int passed, failed;

/* One check; `lost` is what a user would lose if it failed. */
static void expect(const char *lost, bool holds)
{
	printf("%s %s\n", holds ? "ok" : "not ok", lost);
	holds ? passed++ : failed++;
}

static bool is(const struct buf *got, const char *wanted)
{
	const char *text = got->data ? got->data : "";
	bool same = !got->failed && strcmp(text, wanted) == 0;
	if (!same)
		printf("# wanted %s\n# got    %s\n", wanted, text);
	return same;
}

static int parse(struct ctl *ctl, const char **operands, char *const *argv)
{
	int argc = 0;
	while (argv[argc])
		argc++;
	*ctl = (struct ctl){.operand = operands};
	return options_parse(ctl, argc, argv);
}

static void test_options(void)
{
	struct ctl ctl;
	const char *operands[8];
	char *mixed[] = {"whoctl", "who", "--agent", "a", "--json", "x", "--dir=/d", "--", "--force", NULL};
	expect("options after the verb are not understood",
	       parse(&ctl, operands, mixed) == 0 && ctl.operands == 3 &&
		   strcmp(operands[2], "--force") == 0 && strcmp(ctl.option[OPT_AGENT], "a") == 0 &&
		   given(&ctl, OPT_JSON) && strcmp(ctl.option[OPT_DIR], "/d") == 0 &&
		   !given(&ctl, OPT_FORCE));
	char *unknown[] = {"whoctl", "--jso", NULL}, *wanting[] = {"whoctl", "--dir", NULL};
	char *flag[] = {"whoctl", "--json=1", NULL}, *twice[] = {"whoctl", "--dir", "a", "--dir", "b", NULL};
	expect("a misspelt option is taken for another", parse(&ctl, operands, unknown) == EXIT_USAGE_ERROR);
	expect("an option without its value is ignored", parse(&ctl, operands, wanting) == EXIT_USAGE_ERROR);
	expect("a flag's value is ignored", parse(&ctl, operands, flag) == EXIT_USAGE_ERROR);
	expect("of two state directories one is taken at random",
	       parse(&ctl, operands, twice) == EXIT_USAGE_ERROR);
	char *credential[] = {"whoctl", "credential", "revoke", "-rbiA34Cyb1qJ2z6S_s6w_4qx_7Gt4q21LwFOSt3hOU",
			      NULL};
	expect("one credential in 64 cannot be revoked, for its ID is taken for an option",
	       parse(&ctl, operands, credential) == 0 && ctl.operands == 3 && strlen(operands[2]) == 43);
	char *input[] = {"whoctl", "-", "-q", NULL};
	expect("standard input cannot be named",
	       parse(&ctl, operands, input) == 0 && ctl.operands == 1 && given(&ctl, OPT_QUIET));
}

static bool note_event(const char *event, const struct buf *data, void *arg)
{
	buf_addf(arg, "<%s:%s>", event, data->data);
	return true;
}

static void note_remark(const char *text, size_t len, void *arg)
{
	buf_addf(arg, "<!%.*s>", (int)len, text);
}

static void test_events(void)
{
	static const char stream[] =
	    ": 3 were left out\n:\n\nid: 7\nevent: review\ndata: {\"a\":\ndata: 1}\n\n"
	    "data:x\r\n\r\nevent: empty\n\nid: 8\rdata: last\r\revent: half\ndata: lost\n";
	for (size_t piece = 1; piece <= sizeof stream; piece += sizeof stream - 1) {
		struct buf seen BUF_AUTO = BUF_INIT;
		struct sse sse = {.take = note_event, .remark = note_remark, .arg = &seen};
		for (size_t at = 0; at < sizeof stream - 1; at += piece) {
			size_t rest = sizeof stream - 1 - at;
			sse_feed(&sse, stream + at, rest < piece ? rest : piece);
		}
		expect("an event that arrives in pieces is missed",
		       is(&seen, "<!3 were left out><review:{\"a\":\n1}><message:x><message:last>"));
		expect("after a lost connection events are missed",
		       sse_last_id(&sse) && strcmp(sse_last_id(&sse), "8") == 0);
		sse_restart(&sse);
		sse_feed(&sse, "data: new\n\n", 11);
		expect("half an event from before is glued to the next",
		       is(&seen,
			  "<!3 were left out><review:{\"a\":\n1}><message:x><message:last><message:new>"));
		sse_finish(&sse);
	}
}

static void problem(const char *lost, long code, const char *body, int status, const char *wanted)
{
	struct buf line BUF_AUTO = BUF_INIT;
	int got = problem_line(&line, code, body, strlen(body));
	expect(lost, got == status && is(&line, wanted));
}

static void test_problems(void)
{
	problem("who may not does not learn it", 403, "{\"detail\":\"role viewer may not approve\"}",
		EXIT_IDENTITY, "not permitted: role viewer may not approve");
	problem("a wrong token is told as something else", 401, "", EXIT_IDENTITY,
		"not permitted: it does not know this token");
	problem("the approver's reason is swallowed", 409,
		"{\"title\":\"Conflict\",\"detail\":\"decided by bob\"}", EXIT_FAILED,
		"the approver refused: decided by bob");
	problem("a proxy's page is printed as if the approver said it", 502, "<html>bad gateway</html>",
		EXIT_FAILED, "the approver refused (HTTP 502): it failed");
	problem("a script cannot tell busy from refused", 503, "{\"detail\":\"disk full\"}", EXIT_UNREACHABLE,
		"the approver is unavailable: disk full");
}

static void test_paths(void)
{
	struct buf path BUF_AUTO = BUF_INIT;
	buf_adds(&path, "/v1/agents");
	path_add(&path, "a/../b?c#d e\xc3\xa9");
	path_add(&path, "..");
	query_add(&path, "match", "DROP TABLE & more");
	query_add(&path, "agent", NULL);
	query_add(&path, "limit", "5");
	expect("an ID with a slash reaches another resource",
	       is(&path,
		  "/v1/agents/a%2F..%2Fb%3Fc%23d%20e%C3%A9/%2E%2E?match=DROP%20TABLE%20%26%20more&limit=5"));
}

static void test_abbreviations(void)
{
	const char *id = "01930000-0000-7000-8000-00000000abcd";
	expect("the end of an ID does not name it", id_abbreviated(id, "0000abcd"));
	expect("the beginning of an ID does not name it", id_abbreviated(id, "01930000-00"));
	expect("another command is approved than was meant",
	       !id_abbreviated(id, "0000abc") && !id_abbreviated(id, "1930000"));
}

static void test_token_files(void)
{
	char folder[] = "/tmp/whoctl-test-XXXXXX", path[64], link_path[64];
	if (!mkdtemp(folder))
		exit(1);
	snprintf(path, sizeof path, "%s/token", folder);
	snprintf(link_path, sizeof link_path, "%s/link", folder);
	FILE *file = fopen(path, "w");
	if (!file || fputs("secret-token\n", file) < 0 || fclose(file) != 0 || symlink(path, link_path) != 0)
		exit(1);
	struct buf token = BUF_INIT;
	chmod(path, 0400);
	expect("a good token file is refused",
	       operator_token_load(path, &token) == 0 && is(&token, "secret-token"));
	buf_wipe(&token);
	expect("someone else's link is followed", operator_token_load(link_path, &token) == EXIT_IDENTITY);
	chmod(path, 0440);
	expect("a token that a group could read is used", operator_token_load(path, &token) == EXIT_IDENTITY);
	chmod(path, 0602);
	expect("a token that others could write is used", operator_token_load(path, &token) == EXIT_IDENTITY);
	buf_wipe(&token);
	unlink(link_path);
	expect("a second name cannot be made", link(path, link_path) == 0);
	chmod(path, 0600);
	expect("a token with a second name is used", operator_token_load(path, &token) == EXIT_IDENTITY);
	unlink(link_path);
	file = fopen(path, "w");
	if (!file || fputs("two words\nX-Forged: header", file) < 0 || fclose(file) != 0)
		exit(1);
	expect("a token file forges a header", operator_token_load(path, &token) == EXIT_IDENTITY);
	buf_wipe(&token);
	expect("a folder is read as a token", operator_token_load(folder, &token) == EXIT_IDENTITY);
	unlink(path);
	rmdir(folder);
	buf_wipe(&token);
}

static enum credential_state state_of(const char *json)
{
	cJSON *row JSON_AUTO = json_parse(json, strlen(json), NULL);
	return credential_state(row, INT64_C(1795405632000));
}

static void test_credentials(void)
{
	expect("an agent stands still because nobody was told in time",
	       state_of("{\"expires\":\"2026-12-01T00:00:00Z\",\"revoked\":null}") == CREDENTIAL_EXPIRING);
	expect("a warning that is always there is not read",
	       state_of("{\"expires\":\"2027-12-01T00:00:00Z\"}") == CREDENTIAL_GOOD);
	expect("an expired credential looks good",
	       state_of("{\"expires\":\"2026-11-01T00:00:00Z\"}") == CREDENTIAL_EXPIRED);
	expect("a revoked credential looks good",
	       state_of("{\"expires\":\"2027-12-01T00:00:00Z\",\"revoked\":\"2026-11-01T00:00:00Z\"}") ==
		   CREDENTIAL_REVOKED);
	expect("the key of a disabled agent looks good",
	       state_of("{\"expires\":\"2027-12-01T00:00:00Z\",\"agent_disabled\":true}") ==
		   CREDENTIAL_DISABLED);
}

int main(void)
{
	test_options();
	test_events();
	test_problems();
	test_paths();
	test_abbreviations();
	test_token_files();
	test_credentials();
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}
