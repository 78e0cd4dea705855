/* test_scope.c: hops' claims, and scopes: what is inside, and what narrows.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/policy/scope.h"
#include "common/codec.h"
#include "common/hop.h"
#include "common/text.h"
#include "tests/unit/check.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static cJSON *parse(const char *text)
{
	cJSON *json = json_parse(text, strlen(text), NULL);
	if (!json)
		abort();
	return json;
}

static void narrows(const char *parent, const char *child, bool expected)
{
	cJSON *p JSON_AUTO = parse(parent), *c JSON_AUTO = parse(child);
	bool commands = cJSON_IsArray(p->child);
	char *wider = commands ? scope_commands_widen(p, c) : scope_texts_widen(p, c);
	char lost[200];
	snprintf(lost, sizeof lost, "a delegate gets %s than its parent's: %s under %s",
		 expected ? "less" : "more", child, parent);
	holds(lost, !wider == expected);
	free(wider);
}

static void test_narrowing(void)
{
	static const struct {
		const char *parent, *child;
		bool narrows;
	} cases[] = {
	    {"[\"*\"]", "[\"x*\",\"*\",\"[ab]?\"]", true},
	    {"[\"a*\"]", "[\"a\",\"ab*\",\"a?c\",\"a[xy]*\"]", true},
	    {"[\"a*\"]", "[\"*a\"]", false},
	    {"[\"a*\"]", "[\"?a\"]", false},
	    {"[\"a?c\"]", "[\"abc\",\"a[bd]c\",\"a?c\"]", true},
	    {"[\"a?c\"]", "[\"ac\"]", false},
	    {"[\"a?c\"]", "[\"a*c\"]", false},
	    {"[\"[abc]\"]", "[\"b\",\"[abc]\"]", true},
	    {"[\"[abc]\"]", "[\"d\"]", false},
	    {"[\"[abc]\"]", "[\"?\"]", false},
	    {"[\"[!a]x\"]", "[\"bx\"]", true},
	    {"[\"[!a]x\"]", "[\"ax\"]", false},
	    {"[\"/srv/*\"]", "[\"/srv/app/*\",\"/srv/\"]", true},
	    {"[\"/srv/*\"]", "[\"/srv\"]", false},
	    {"[\"a\",\"b*\"]", "[\"b1\",\"a\"]", true},
	    {"[\"a\",\"b*\"]", "[\"a\",\"c\"]", false},
	    {"[\"ä?\"]", "[\"äö\"]", true},
	    {"[\"*a*b\"]", "[\"xab\",\"a*b\",\"*aa*bb\"]", true},
	    {"[\"*a*b\"]", "[\"*b*a\"]", false},
	    {"[[\"git\",\"**\"]]", "[[\"git\"],[\"git\",\"log\",\"**\"],[\"git\",\"*\"]]", true},
	    {"[[\"git\",\"**\"]]", "[[\"**\"]]", false},
	    {"[[\"git\",\"**\"]]", "[[[\"git\",\"rm\"],\"**\"]]", false},
	    {"[[\"git\",[\"log\",\"st*\"]]]", "[[\"git\",\"status\"],[\"git\",[\"log\",\"stash\"]]]", true},
	    {"[[\"git\",[\"log\",\"st*\"]]]", "[[\"git\",\"log\",\"-p\"]]", false},
	    {"[[\"git\",[\"log\",\"st*\"]]]", "[[\"git\",\"**\"]]", false},
	    {"[[\"git\",[\"log\",\"st*\"]]]", "[[\"git\"]]", false},
	    {"[[\"a\"],[\"b\",\"**\"]]", "[[\"a\"],[\"b\",\"c\"]]", true},
	    {"[[\"a\"],[\"b\",\"**\"]]", "[[\"a\",\"c\"]]", false},
	    {"[[\"**\"]]", "[[\"**\"],[\"rm\",\"-rf\",\"*\"]]", true},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		narrows(cases[i].parent, cases[i].child, cases[i].narrows);
}

/* Whatever pattern is called narrower lets through nothing else: looked for with patterns and texts over few
 * letters, always the same ones. */
static void test_narrowing_is_sound(void)
{
	static const char *const pieces[] = {"a", "b", "?", "*", "[ab]", "[!a]", "[a-b]", "["};
	unsigned seed = 7;
	int wrong = 0, narrower = 0;
	for (int round = 0; round < 20000; round++) {
		char text[2][40] = {"", ""}, quoted[2][64];
		for (int side = 0; side < 2; side++) {
			for (int n = rand_r(&seed) % 5; n >= 0; n--)
				strcat(text[side], pieces[rand_r(&seed) % 8]);
			snprintf(quoted[side], sizeof quoted[side], "[\"%s\"]", text[side]);
		}
		cJSON *p JSON_AUTO = parse(quoted[0]), *c JSON_AUTO = parse(quoted[1]);
		char *wider = scope_texts_widen(p, c);
		narrower += !wider;
		for (int letters = 0; !wider && letters < 300; letters++) {
			char word[8] = "";
			for (int n = letters, at = 0; n && at < 6; n /= 4)
				word[at++] = "ab[c"[n % 4];
			if (glob_match(text[1], word) && !glob_match(text[0], word) && !wrong++)
				printf("# %s under %s lets %s through\n", text[1], text[0], word);
		}
		free(wider);
	}
	holds("a narrower pattern lets something through that its parent does not", wrong == 0);
	holds("nothing was ever narrower: the test has tested nothing", narrower > 500);
}

static void inside(const char *scope_text, const char *line, const char *cwd, const char *host,
		   const char *expected)
{
	char *error, *why = NULL, lost[200];
	cJSON *json JSON_AUTO = parse(scope_text);
	struct scope *scope = scope_new(json, &error);
	const struct policy_request request = {
	    .line = line, .line_len = strlen(line), .cwd = cwd, .host = host};
	int is = scope ? scope_covers(scope, &request, &why) : -1;
	snprintf(lost, sizeof lost, "%s by %s: not %s", line, scope_text, expected ? expected : "inside");
	holds(lost, expected ? is == 0 && why && !strncmp(why, expected, strlen(expected)) : is == 1);
	free(why);
	free(error);
	scope_free(scope);
}

static void test_inside(void)
{
	static const char both[] = "{\"commands\":[[\"ls\",\"**\"]],\"cwd\":[\"/srv*\"]}";
	inside("{\"hosts\":[\"h1\"]}", "rm -rf /", "/", "h1", NULL);
	inside("{\"hosts\":[\"h1\"]}", "ls", "/", "h2", "scope.hosts: h2");
	inside("{\"hosts\":[\"h1\"]}", "ls", "/", NULL, "scope.hosts");
	inside(both, "ls -l", "/srv", "h", NULL);
	inside(both, "ls -l", "/tmp", "h", "scope.cwd: /tmp");
	inside(both, "ls -l", NULL, "h", "scope.cwd");
	inside(both, "rm x", "/srv", "h", "scope.commands: rm x: nothing in it covers this");
	inside(both, "ls `rm x`", "/srv", "h", "scope.commands");
	inside(both, "ls \"${x@P}\"", "/srv", "h", "scope.commands");
	inside(both, "ls 'a", "/srv", "h", "scope.commands");
	inside("{\"cwd\":[\"/srv\"]}", "cd /; ls", "/srv", "h", "scope.cwd");
	inside("{\"cwd\":[\"/srv\"]}", "ls", "/srv", "h", NULL);
}

/* A text of `n` times `part`; free() it. */
static char *times(const char *part, size_t n)
{
	struct buf text = BUF_INIT;
	while (n--)
		buf_adds(&text, part);
	return buf_take(&text);
}

/* Whoever delegates chooses the patterns, and whoever was delegated to the line: neither may keep the
 * approver busy for more than a moment. */
static void test_time(void)
{
	static const char *const many = "[\"a*a*b\"],";
	char *patterns = times(many, 250), *sets = times("[", 1000), *letters = times("a", 1000),
	     *commands = times("a;", 20000), *word = times("a", 1000000), *brackets = times("[", 2000);
	char *text[4] = {NULL}, *error = NULL, *why = NULL;
	bool made = asprintf(&text[0], "{\"commands\":[%s[\"a\"]]}", patterns) > 0 &&
		    asprintf(&text[1], "{\"commands\":[[\"ls\",\"*%sb\"],[\"ls\",\"*\"]]}", letters) > 0 &&
		    asprintf(&text[2], "[\"*%sx\",\"*%sx\",\"*%sx\",\"*\"]", sets, sets, sets) > 0 &&
		    asprintf(&text[3], "[\"%s\"]", brackets) > 0;
	if (!made)
		abort();
	for (int i = 0; i < 2; i++) {
		char *line = NULL;
		cJSON *json JSON_AUTO = parse(text[i]);
		struct scope *scope = scope_new(json, &error);
		size_t steps = SCOPE_STEPS;
		if (!scope || asprintf(&line, i ? "ls %s" : "%s", i ? word : commands) < 0)
			abort();
		const struct policy_request request = {
		    .line = line, .line_len = strlen(line), .cwd = "/", .host = "h", .steps = &steps};
		int is = scope_covers(scope, &request, &why);
		holds("it is compared for as long as it takes",
		      is == 0 && !strncmp(why, "scope.commands: it takes too long", 33) && steps == 0);
		free(why);
		steps = SCOPE_STEPS;
		const struct policy_request plain = {
		    .line = "ls x", .line_len = i ? 4 : 0, .cwd = "/", .host = "h", .steps = &steps};
		holds("a plain line takes too long", scope_covers(scope, &plain, &why) == 1 && steps);
		free(why);
		free(line);
		scope_free(scope);
	}
	cJSON *parent JSON_AUTO = parse(text[2]), *child JSON_AUTO = parse(text[3]);
	clock_t began = clock();
	holds("brackets that are not closed are not themselves", !scope_texts_widen(parent, child));
	holds("sets that are not closed take cubic time", clock() - began < CLOCKS_PER_SEC);
	char *const texts[] = {patterns, sets,    letters, commands, word,
			       brackets, text[0], text[1], text[2],  text[3]};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		free(texts[i]);
}

/* A hop's payload with `from` replaced by `to`. */
static bool taken(const char *from, const char *to, char why[160])
{
	static const char good[] =
	    "{\"jti\":\"01a21039-c986-71e7-a1a8-c10bb37150ba\",\"iss\":\"boss\",\"sub\":\"alice\",\"aud\":"
	    "\"whoshd:"
	    "x\",\"iat\":1795000000,\"exp\":1795003600,\"act\":{\"sub\":\"worker\"},\"cnf\":{\"jwk\":{"
	    "\"kty\":"
	    "\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}},\"task\":"
	    "\"do "
	    "it\",\"depth\":1,\"max_depth\":3,\"par_hash\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\","
	    "\"scope\":{\"hosts\":[\"a\"]},\"txn\":\"t\"}";
	char text[2048];
	struct hop hop;
	const char *at = strstr(good, from);
	if (!at)
		abort();
	snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, to, at + strlen(from));
	bool is = hop_parse(&hop, text, strlen(text), why);
	hop_finish(&hop);
	return is;
}

static void test_claims(void)
{
	char why[160];
	static const char *const bad[][2] = {
	    {"\"depth\":1", "\"depth\":0"},          /* a par_hash in hop 0 */
	    {"\"par_hash\":\"11qY", "\"par_h\":\""}, /* unknown member */
	    {"\"depth\":1", "\"depth\":8"},
	    {"1795003600", "1795000000"},
	    {"\"worker\"", "\"wor ker\""},
	    {"\"worker\"", "\"worker\",\"act\":{}"},
	    {"\"OKP\"", "\"okp\""},
	    {"URo\"}}", "URp\"}}"}, /* stray bits in the last character */
	    {"\"do it\"", "\"\""},
	    {"\"alice\"", "\"al\\u0000ice\""},
	    {"\"a\"]", "\"\"]"},
	    {"{\"hosts\":[\"a\"]}", "{\"hosts\":[\"a\"],\"host\":[\"b\"]}"},
	    {"\"txn\":\"t\"", "\"txn\":7"},
	    {"1795000000", "-1"},
	};
	holds("a right hop is refused", taken("do it", "do it", why));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		char lost[200];
		*why = '\0';
		snprintf(lost, sizeof lost, "a hop with %s for %s is believed", bad[i][1], bad[i][0]);
		holds(lost, !taken(bad[i][0], bad[i][1], why) && *why);
	}
}

static void test_split(void)
{
	struct hop_text hops[CHAIN_MAX_HOPS];
	holds("three hops are not three", chain_split("a~bb~c", 6, hops) == 3 && hops[1].len == 2);
	holds("nine hops are taken", chain_split("a~a~a~a~a~a~a~a~a", 17, hops) == 0);
	holds("eight hops are not taken", chain_split("a~a~a~a~a~a~a~a", 15, hops) == 8);
	holds("an empty hop is taken", !chain_split("a~~b", 4, hops) && !chain_split("~a", 2, hops) &&
					   !chain_split("a~", 2, hops) && !chain_split("", 0, hops));
}

int main(void)
{
	test_narrowing();
	test_narrowing_is_sound();
	test_inside();
	test_time();
	test_claims();
	test_split();
	return checks_end();
}
