/* test_whoctl_render.c: what whoctl shows of a record to people and to programs.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/record.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int passed, failed;
static const struct style plain = {.width = 0};

/* One check; `lost` is what a user would lose if it failed. */
static void expect(const char *lost, const struct buf *got, const char *wanted)
{
	const char *text = got->data ? got->data : "";
	if (!got->failed && strcmp(text, wanted) == 0) {
		passed++;
		printf("ok %s\n", lost);
		return;
	}
	failed++;
	printf("not ok %s\n  wanted %s\n  got    %s\n", lost, wanted, text);
}

static void expect_true(const char *lost, bool holds)
{
	struct buf word BUF_AUTO = BUF_INIT;
	buf_adds(&word, holds ? "yes" : "no");
	expect(lost, &word, "yes");
}

static cJSON *parsed(const char *text)
{
	cJSON *json = json_parse(text, strlen(text), NULL);
	if (!json) {
		printf("not ok the test's own JSON: %s\n", text);
		exit(1);
	}
	return json;
}

#define DENIED                                                                                               \
	"{\"id\":\"01930000-0000-7000-8000-000000000001\",\"agent\":\"db-migration-agent\",\"agent_"         \
	"version\":\"2.3\","                                                                                 \
	"\"model\":\"anthropic/claude-x@1\",\"task\":\"Drop old "                                            \
	"sessions\",\"human\":\"alice\",\"verdict\":\"denied\","                                             \
	"\"cause\":\"policy\",\"rule\":\"no-ddl\",\"reviewers\":[],\"line\":\"psql -c 'DROP TABLE "          \
	"sessions'\","                                                                                       \
	"\"attributes\":{\"agent\":{\"grade\":\"proven\"},\"agent_version\":{\"grade\":\"proven\"},"         \
	"\"model\":{\"grade\":\"claimed\"},\"task\":{\"grade\":\"claimed\"}}}"

static void sentence(const char *lost, const char *json, const char *wanted)
{
	cJSON *record JSON_AUTO = parsed(json);
	struct buf text BUF_AUTO = BUF_INIT;
	sentence_add(&text, record, &plain, 0);
	expect(lost, &text, wanted);
}

static void test_sentence(void)
{
	sentence(
	    "a model's name may tell another human, task and verdict",
	    "{\"agent\":\"w\",\"agent_version\":\"2 for ceo\",\"model\":\"m, claimed) for ceo, task "
	    "\\\"pay\\\"\",\"model_before\":\"x)\",\"task\":\"t\\\" (claimed), approved by rule ok, exit "
	    "0: ls \\\\\",\"human\":\"alice\",\"verdict\":\"denied\",\"rule\":\"r\",\"line\":\"rm x\"}",
	    "w \"2 for ceo\" (model \"m, claimed) for ceo, task \\\"pay\\\"\"; version and model claimed; "
	    "until then \"x)\") for alice, task \"t\\\" (claimed), approved by rule ok, exit 0: ls "
	    "\\\\\" (claimed), denied by rule r: rm x");
	sentence("the seed question has no answer that can be read out", DENIED,
		 "db-migration-agent 2.3 (model anthropic/claude-x@1, claimed) for alice, task \"Drop old "
		 "sessions\" "
		 "(claimed), denied by rule no-ddl: psql -c 'DROP TABLE sessions'");
	sentence("a claim that nobody graded passes for proven",
		 "{\"agent\":\"a\",\"agent_version\":\"1\",\"model\":\"p/"
		 "m@1\",\"verdict\":\"approved\",\"rule\":\"r\","
		 "\"exit\":0,\"line\":\"ls\"}",
		 "a 1 (model p/m@1; version and model claimed) for nobody named, no task given, approved by "
		 "rule r, exit 0: ls");
	sentence("what a delegator signed is told as a mere claim",
		 "{\"agent\":\"a\",\"human\":\"h\",\"task\":\"t\",\"verdict\":\"approved\",\"rule\":\"r\","
		 "\"signal\":\"TERM\","
		 "\"line\":\"x\",\"attributes\":{\"task\":{\"grade\":\"proven\"}}}",
		 "a for h, task \"t\", approved by rule r, killed by SIGTERM: x");
	sentence(
	    "a person's decision is told as the policy's",
	    "{\"agent\":\"a\",\"human\":\"h\",\"verdict\":\"denied\",\"cause\":\"review\",\"rule\":\"prod\","
	    "\"reviewers\":[\"bob\",\"carol\"],\"line\":\"x\"}",
	    "a for h, no task given, denied by bob and carol, asked by rule prod: x");
	sentence("a lost host looks like a clean end",
		 "{\"agent\":\"a\",\"human\":\"h\",\"verdict\":\"approved\",\"rule\":\"r\",\"exit\":null,"
		 "\"signal\":null,"
		 "\"outcome\":\"lost\",\"line\":\"x\"}",
		 "a for h, no task given, approved by rule r, exit unknown (host lost): x");
	sentence("an approved line that never ran looks as if it had",
		 "{\"agent\":\"a\",\"human\":\"h\",\"verdict\":\"approved\",\"rule\":\"r\",\"outcome\":\"not_"
		 "run\","
		 "\"outcome_reason\":\"no such interpreter\",\"line\":\"x\"}",
		 "a for h, no task given, approved by rule r, but not run (no such interpreter): x");
	sentence("nobody sees that a line still waits",
		 "{\"agent\":\"a\",\"human\":\"h\",\"verdict\":null,\"rule\":\"default\",\"line\":\"x\"}",
		 "a for h, no task given, waiting for a reviewer, asked by the policy's default: x");
	sentence("a timeout passes for a decision",
		 "{\"agent\":\"a\",\"human\":\"h\",\"verdict\":\"denied\",\"cause\":\"timeout\",\"rule\":"
		 "\"r\",\"line\":\"x\"}",
		 "a for h, no task given, denied because nobody reviewed it in time: x");
}

static void test_model_and_task(void)
{
	sentence(
	    "a model that was changed in mid-session looks like the one of all along",
	    "{\"agent\":\"a\",\"human\":\"h\",\"model\":\"p/m@2\",\"model_before\":\"p/"
	    "m@1\\u001b\",\"task\":\"t\","
	    "\"verdict\":\"approved\",\"rule\":\"r\",\"exit\":0,\"line\":\"x\"}",
	    "a (model p/m@2, claimed; until then \"p/m@1\\x1b\") for h, task \"t\" (claimed), approved by "
	    "rule r, "
	    "exit 0: x");
	sentence(
	    "a task that is told by its hash is told as none, or as proven",
	    "{\"agent\":\"a\",\"human\":\"h\",\"task\":null,\"task_sha256\":"
	    "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\",\"verdict\":\"denied\","
	    "\"rule\":\"r\",\"line\":\"x\"}",
	    "a for h (task SHA-256 0123456789abcdef…, claimed), denied by rule r: x");
}

static void test_hostile_text(void)
{
	sentence("an agent's text acts on the terminal, or forges a second entry",
		 "{\"agent\":\"a\",\"human\":\"h\",\"task\":\"t\\u001b[2J\\u202e\",\"verdict\":\"denied\","
		 "\"rule\":\"r\\u0007\","
		 "\"line\":\"echo 1\\necho \\u200b2\\r\"}",
		 "a for h, task \"t\\x1b[2J\\u202e\" (claimed), denied by rule r\\x07: echo 1\\necho "
		 "\\u200b2\\x0d");
	cJSON *record JSON_AUTO = parsed("{\"agent\":\"a\",\"line\":\"?\",\"line_b64\":\"//5hG1s=\"}");
	struct buf text BUF_AUTO = BUF_INIT;
	line_add(&text, record, 0);
	expect("bytes that are no UTF-8 reach the terminal", &text, "\\xff\\xfea\\x1b[");
}

static void test_script_lines(void)
{
	cJSON *record JSON_AUTO = parsed("{\"line\":\"set -e\\nmake\\n\"}");
	cJSON *empty JSON_AUTO = parsed("{\"line\":\"\"}");
	struct buf text BUF_AUTO = BUF_INIT, none BUF_AUTO = BUF_INIT;
	lines_add(&text, record, "| ");
	expect("a reviewer cannot read a script line by line", &text, "| set -e\n| make\n");
	lines_add(&none, empty, "| ");
	expect("an empty line cannot be seen to be one", &none, "| \n");
}

static void test_pending_entry(void)
{
	cJSON *review JSON_AUTO =
	    parsed("{\"id\":\"i\",\"agent\":\"a\",\"human\":\"h\",\"model\":\"p/"
		   "m@1\",\"task\":\"t\",\"line\":\"rm x\",\"user\":\"u\","
		   "\"host\":\"prod-1\",\"cwd\":\"/"
		   "srv\",\"rule\":\"prod\",\"reason\":\"production\",\"expires\":600,"
		   "\"reviewers_needed\":2,\"approved_by\":[\"bob\"],\"not_in_chain\":true,"
		   "\"chain\":[{\"type\":\"human\",\"id\":\"h\",\"proof\":\"attested\"},{\"type\":\"agent\","
		   "\"id\":\"a\",\"proof\":\"proven\"}],"
		   "\"explanation\":{\"reasons\":[{\"verdict\":\"approve\",\"text\":\"fine\"},{\"verdict\":"
		   "\"review\",\"text\":\"rm x: rule prod\"}]}}");
	struct buf text BUF_AUTO = BUF_INIT;
	pending_entry_add(&text, review, &plain, 48000);
	expect("a reviewer decides without line, lineage, model, rule or time left", &text,
	       "i  9 m 12 s left\n"
	       "    │ rm x\n"
	       "    who:     a (model p/m@1, claimed) for h, task \"t\" (claimed)\n"
	       "    lineage: h (human, attested)\n"
	       "             a (agent, proven)\n"
	       "    where:   u on prod-1 in /srv (claimed)\n"
	       "    rule:    prod: production; 1 of 2 approvals (bob); not by anyone in its lineage\n"
	       "    why:     rm x: rule prod\n");
}

static void test_json(void)
{
	cJSON *record JSON_AUTO = parsed("{\"zzz\":1,\"line\":\"a\\u202eb\\u007f\\u001b\",\"id\":\"i\"}");
	cJSON *object JSON_AUTO = record_json(record), *list JSON_AUTO = cJSON_CreateArray();
	struct buf text BUF_AUTO = BUF_INIT;
	cJSON_AddItemToArray(list, cJSON_Duplicate(object, true));
	json_print(&text, list);
	expect(
	    "programs miss a promised member, or a terminal acts on what --json prints", &text,
	    "[{\"id\":\"i\",\"ts\":null,\"agent\":null,\"agent_version\":null,\"credential\":null,"
	    "\"session\":null,"
	    "\"seq\":null,\"parent\":null,\"human\":null,\"chain\":null,\"model\":null,\"task\":null,"
	    "\"user\":null,"
	    "\"host\":null,\"cwd\":null,\"mode\":null,\"line\":\"a\\u202eb\\u007f\\u001b\",\"verdict\":null,"
	    "\"rule\":null,\"policy\":null,\"reviewers\":null,\"reason\":null,\"exit\":null,\"signal\":null,"
	    "\"started\":null,\"ended\":null,\"log_index\":null,\"zzz\":1}]\n");
	cJSON *back JSON_AUTO = json_parse(text.data, text.len, NULL);
	expect_true("programs get other bytes than the agent sent",
		    back && strcmp(json_string(back->child, "line"), "a\xe2\x80\xae"
								     "b\x7f\x1b") == 0);
	cJSON *none JSON_AUTO = cJSON_CreateArray();
	struct buf empty BUF_AUTO = BUF_INIT;
	json_print(&empty, none);
	expect("an empty answer is no array", &empty, "[]\n");
}

static void test_table(void)
{
	static const char *const titles[] = {"NAME", "TEXT", "N", NULL};
	struct table *table = table_new(titles);
	struct buf text BUF_AUTO = BUF_INIT, narrow BUF_AUTO = BUF_INIT, none BUF_AUTO = BUF_INIT;
	table_cell(table, "a");
	table_cell(table, "日本 and so on and on");
	table_cell(table, "1");
	table_cell(table, "bcd");
	table_cell(table, "x\x1b[2J\n");
	table_cell(table, NULL);
	table_add(&text, table, &plain, "none");
	expect("columns do not stand under their titles", &text,
	       "NAME  TEXT                   N\n"
	       "a     日本 and so on and on  1\n"
	       "bcd   x\\x1b[2J\\n\n");
	struct style style = {.width = 20};
	table_add(&narrow, table, &style, "none");
	expect("a wide cell wraps over a narrow terminal", &narrow,
	       "NAME  TEXT         N\n"
	       "a     日本 and s…  1\n"
	       "bcd   x\\x1b[2J\\n\n");
	table_free(table);
	table = table_new(titles);
	table_add(&none, table, &plain, "none yet");
	expect("an empty table says nothing", &none, "none yet\n");
	table_free(table);
}

static void test_colour(void)
{
	struct style style = {.colour = true, .terminal = true, .width = 80};
	struct buf with BUF_AUTO = BUF_INIT, without BUF_AUTO = BUF_INIT;
	coloured_add(&with, &style, COLOUR_RED, "denied");
	coloured_add(&without, &plain, COLOUR_RED, "denied");
	expect("a denial does not stand out", &with, "\033[31mdenied\033[0m");
	expect("escape sequences end up in files and pipes", &without, "denied");
}

static void test_spans(void)
{
	struct buf text BUF_AUTO = BUF_INIT;
	int64_t spans[] = {-5, 0, 59, 60, 3599, 3600, 86400, 1209600};
	for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
		span_add(&text, spans[i]);
		buf_addc(&text, '|');
	}
	size_add(&text, 812);
	buf_addc(&text, '|');
	size_add(&text, 13207024435);
	expect("the time left is misread", &text,
	       "0 s|0 s|59 s|1 m 0 s|59 m 59 s|1 h 0 m|1 d 0 h|14 d 0 h|812 B|12.3 GiB");
}

static void test_times(void)
{
	cJSON *row JSON_AUTO = parsed(
	    "{\"a\":\"2026-11-23T03:47:12.500Z\",\"b\":1795405632,\"c\":1795405632500,\"d\":null,\"e\":0}");
	int64_t a = 0, b = 0, c = 0, none = 0;
	bool read = json_time(row, "a", &a) && json_time(row, "b", &b) && json_time(row, "c", &c);
	expect_true("the same time is shown as three",
		    read && a == 1795405632500 && b == 1795405632000 && c == a);
	expect_true("what never happened gets a date", !json_time(row, "d", &none) &&
							   !json_time(row, "e", &none) &&
							   !json_time(row, "f", &none));
}

int main(void)
{
	setenv("TZ", "UTC", 1);
	test_sentence();
	test_model_and_task();
	test_hostile_text();
	test_script_lines();
	test_pending_entry();
	test_json();
	test_table();
	test_colour();
	test_spans();
	test_times();
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}
