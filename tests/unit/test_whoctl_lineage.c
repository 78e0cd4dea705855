/* test_whoctl_lineage.c: what people are shown of a principal chain, whatever is in it.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/lineage.h"
#include "approver/whoctl/record.h"
#include "tests/unit/check.h"
#include <stdlib.h>
#include <string.h>

static const struct style plain = {.width = 0};
static const struct style colour = {.colour = true, .terminal = true, .width = 80};

enum what { LINEAGE, VIA, TASK, PENDING, WHO };

static char *shown(enum what what, const char *json, const struct style *style)
{
	struct buf out = BUF_INIT;
	const char *why = "";
	cJSON *record JSON_AUTO = json_parse(json, strlen(json), &why);
	if (!record) {
		printf("not ok the test's own JSON: %s: %s\n", why, json);
		exit(1);
	}
	if (what == LINEAGE)
		lineage_add(&out, record, style, "  ");
	else if (what == VIA)
		via_add(&out, record);
	else if (what == TASK)
		delegated_task_add(&out, record, style, "  ");
	else if (what == PENDING)
		pending_entry_add(&out, record, style, 0);
	else
		who_entry_add(&out, record, style);
	return buf_take(&out);
}

static void shows(const char *lost, enum what what, const char *json, const char *wanted)
{
	char *text = shown(what, json, &plain);
	bool same = text && strcmp(text, wanted) == 0;
	if (!same)
		printf("# wanted %s\n# got    %s\n", wanted, text ? text : "nothing");
	holds(lost, same);
	free(text);
}

/* Nothing that could act on a terminal, and no more lines than `most`. */
static void harmless(const char *lost, enum what what, const char *json, int most)
{
	char *text = shown(what, json, &plain);
	int lines = 0;
	bool good = text != NULL;
	for (const char *c = text; c && *c; c++) {
		lines += *c == '\n';
		good = good && (*c == '\n' || (unsigned char)*c >= 0x20) && *c != 0x7f;
	}
	good = good && !strstr(text, "\xe2\x80\xae") && !strstr(text, "\xe2\x80\x8b") && lines <= most;
	if (!good)
		printf("# got %s\n", text ? text : "nothing");
	holds(lost, good);
	free(text);
}

#define HUMAN                                                                                                \
	"{\"type\":\"human\",\"id\":\"alice\",\"authorized_at\":\"2026-11-24T09:12:03Z\",\"proof\":"         \
	"\"signed\"}"
#define FIRST                                                                                                \
	"{\"type\":\"agent\",\"hop\":\"h0\",\"id\":\"orchestrator-v2\",\"task\":\"stage "                    \
	"release\",\"authorized_at\":"                                                                       \
	"\"2026-11-24T09:12:03Z\",\"proof\":\"signed\",\"scope\":{\"commands\":[[\"git\",[\"status\","       \
	"\"log\"],\"**\"],[\"ls\"]],\"cwd\":[\"/srv\",\"/srv/*\"],\"hosts\":[\"staging-*\"]}}"
#define LAST                                                                                                 \
	"{\"type\":\"agent\",\"hop\":\"h1\",\"id\":\"worker\",\"task\":\"check\",\"authorized_at\":"         \
	"\"2026-11-24T09:14:40Z\",\"proof\":\"signed\"}"
#define CHAIN "\"chain\":[" HUMAN "," FIRST "," LAST "]"

static void test_told(void)
{
	shows("who authorised what, when and within which limits is not told line by line", LINEAGE,
	      "{" CHAIN "}",
	      "alice (human, signed), 2026-11-24 09:12:03\n"
	      "  orchestrator-v2 (agent, signed), 2026-11-24 09:12:03; commands: git status|log **, ls; cwd: "
	      "/srv, /srv/*; hosts: staging-*; task \"stage release\"\n"
	      "  worker (agent, signed), 2026-11-24 09:14:40, task \"check\"\n");
	shows("who's sentence does not say through whom it came", VIA, "{" CHAIN "}", " via orchestrator-v2");
	shows("an agent that works for its owner is said to come through somebody", VIA,
	      "{\"chain\":[" HUMAN "," LAST "]}", "");
	shows("a record without a chain shows nothing, or a crash", LINEAGE, "{}", "nobody named\n");
	shows("what waits is not read in its lineage and with its task above it", PENDING,
	      "{\"id\":\"i\",\"agent\":\"worker\",\"human\":\"alice\",\"line\":\"rm x\",\"user\":\"u\","
	      "\"host\":\"h\",\"cwd\":\"/\",\"rule\":\"r\"," CHAIN
	      ",\"task\":\"check\",\"attributes\":{\"task\":{\"value\":\"check\",\"grade\":\"proven\","
	      "\"source\":\"delegation by orchestrator-v2\"},\"claimed_task\":{\"value\":\"drop all\","
	      "\"grade\":\"claimed\"}}}",
	      "i\n"
	      "    claims another task: drop all\n"
	      "    task:    (proven, delegation by orchestrator-v2) check\n"
	      "    │ rm x\n"
	      "    who:     worker for alice via orchestrator-v2, task \"check\"\n"
	      "    lineage: alice (human, signed), 2026-11-24 09:12:03\n"
	      "             orchestrator-v2 (agent, signed), 2026-11-24 09:12:03; commands: git status|log "
	      "**, ls; cwd: /srv, /srv/*; hosts: staging-*; task \"stage release\"\n"
	      "             worker (agent, signed), 2026-11-24 09:14:40, task \"check\"\n"
	      "    where:   u on h in / (claimed)\n"
	      "    rule:    r\n");
	char *text =
	    shown(TASK, "{\"detail\":{\"delegation\":{\"claimed_task\":\"drop all\"}},\"task\":\"check\"}",
		  &colour);
	holds("another task than was delegated does not stand out",
	      text && !strcmp(text, "  \033[31mclaims another task: drop all\033[0m\n"));
	free(text);
	shows("a claimed task is told as a delegated one", TASK,
	      "{\"task\":\"t\",\"attributes\":{\"task\":{\"grade\":\"claimed\",\"source\":\"WHOSH_TASK\"}}}",
	      "");
}

#define PRINCIPAL(member) "{\"chain\":[" HUMAN ",{\"type\":\"agent\",\"id\":\"a\"," member "}]}"

static void test_hostile(void)
{
	harmless("an escape sequence in a task acts", LINEAGE, PRINCIPAL("\"task\":\"\\u001b[2J\\u0007\""),
		 2);
	harmless("a newline in a task forges a principal", LINEAGE,
		 PRINCIPAL("\"task\":\"x\\n  eve (human, signed)\""), 2);
	harmless("a carriage return writes over the line", LINEAGE, PRINCIPAL("\"task\":\"x\\rok\""), 2);
	harmless("bidi text turns the line around", LINEAGE, PRINCIPAL("\"task\":\"a\\u202eb\\u200bc\""), 2);
	harmless("a C1 control acts", LINEAGE, PRINCIPAL("\"task\":\"\\u009b2J\\u0085\""), 2);
	harmless("a name acts", LINEAGE,
		 "{\"chain\":[{\"type\":\"human\",\"id\":\"\\u001b]0;x\\u0007\\n\"}]}", 1);
	harmless("a kind of principal acts", LINEAGE, "{\"chain\":[{\"type\":\"hu\\nman\",\"id\":\"a\"}]}",
		 1);
	harmless("a proof acts", LINEAGE, PRINCIPAL("\"proof\":\"\\u001b[1msigned\\n\""), 2);
	harmless(
	    "a scope acts", LINEAGE,
	    PRINCIPAL("\"scope\":{\"hosts\":[\"\\n\\u001b[A\"],\"commands\":[[\"a\\u202e\",[\"\\n\"]]]}"), 2);
	harmless("names on the way act in the sentence", VIA,
		 "{\"chain\":[1,{\"id\":\"a\\n\\u001b[A\"},{\"id\":\"b\"}]}", 0);
	harmless("a claimed task acts", TASK,
		 "{\"attributes\":{\"claimed_task\":{\"value\":\"a\\nb\\u001b[A\\u202e\"}}}", 1);
	harmless("a delegator's name acts", TASK,
		 "{\"task\":\"t\",\"attributes\":{\"task\":{\"grade\":\"\\n\",\"source\":\"delegation by "
		 "\\n\\u001b\"}}}",
		 1);
	harmless("a delegated task forges the line that waits", TASK,
		 "{\"task\":\"t\\n    │ ls\",\"attributes\":{\"task\":{\"grade\":\"proven\",\"source\":"
		 "\"delegation by a\"}}}",
		 1);
	shows("a task passes for a scope, or for what stands behind it", LINEAGE,
	      PRINCIPAL(
		  "\"hop\":\"h\",\"proof\":\"signed\",\"task\":\"x\\\"; hosts: staging-*; task \\\"y\\\\\""),
	      "alice (human, signed), 2026-11-24 09:12:03\n"
	      "  a (agent, signed), task \"x\\\"; hosts: staging-*; task \\\"y\\\\\"\n");
	shows("a pattern passes for a limit that is not there", LINEAGE,
	      PRINCIPAL("\"proof\":\"signed\",\"scope\":{\"commands\":[[\"ls\",[\"a\",\"b, c\"]],[\"x; "
			"hosts: h\"]]}"),
	      "alice (human, signed), 2026-11-24 09:12:03\n"
	      "  a (agent, signed); commands: ls a|\"b, c\", \"x; hosts: h\"\n");
	shows("a task, a version or a model passes for the rest of who's sentence", PENDING,
	      "{\"id\":\"i\",\"agent\":\"worker\",\"human\":\"alice\",\"agent_version\":\"1 for "
	      "bob\",\"model\":"
	      "\"m) for bob\",\"line\":\"rm "
	      "x\",\"user\":\"u\",\"host\":\"h\",\"cwd\":\"/\",\"rule\":\"r\",\"task\":"
	      "\"x\\\", approved by rule safe: ls\",\"attributes\":{\"task\":{\"grade\":\"proven\"}}}",
	      "i\n"
	      "    │ rm x\n"
	      "    who:     worker \"1 for bob\" (model \"m) for bob\"; version and model claimed) for "
	      "alice, task "
	      "\"x\\\", approved by rule safe: ls\"\n"
	      "    lineage: nobody named\n"
	      "    where:   u on h in / (claimed)\n"
	      "    rule:    r\n");
	shows("a proof that is missing is taken for one", LINEAGE, PRINCIPAL("\"proof\":null"),
	      "alice (human, signed), 2026-11-24 09:12:03\n  a (agent, claimed)\n");
	shows("members of other types are trusted to be text", LINEAGE,
	      "{\"chain\":[{\"type\":7,\"id\":[],\"task\":{},\"authorized_at\":\"soon\",\"proof\":false,"
	      "\"scope\":[]}]}",
	      "? (?, claimed)\n");
	shows("what is no principal is skipped, and the next takes its place", LINEAGE,
	      "{\"chain\":[\"alice\",null,7]}", "? (?, claimed)\n  ? (?, claimed)\n  ? (?, claimed)\n");
	shows("a chain that is no list ends whoctl", LINEAGE, "{\"chain\":{\"id\":\"alice\"}}",
	      "nobody named\n");
	shows("a scope with holes ends whoctl", LINEAGE,
	      PRINCIPAL("\"scope\":{\"commands\":[[],7,[null,[3]]],\"cwd\":{},\"hosts\":[]}"),
	      "alice (human, signed), 2026-11-24 09:12:03\n  a (agent, claimed); commands: , ?,  ?\n");
	shows("a task passes for the limits of the delegation", LINEAGE,
	      PRINCIPAL("\"task\":\"x\\\"; hosts: one\",\"scope\":{\"hosts\":[\"*\"]}"),
	      "alice (human, signed), 2026-11-24 09:12:03\n  a (agent, claimed); hosts: *; claims the task "
	      "\"x\\\"; hosts: one\"\n");
	shows("a task that nobody delegated is shown as if somebody had", LINEAGE,
	      PRINCIPAL("\"proof\":\"proven\",\"task\":\"t\""),
	      "alice (human, signed), 2026-11-24 09:12:03\n  a (agent, proven), claims the task \"t\"\n");
}

static void test_long(void)
{
	struct buf json BUF_AUTO = BUF_INIT, task BUF_AUTO = BUF_INIT;
	for (int i = 0; i < 4096; i++)
		buf_addc(&task, 'x');
	buf_adds(&json, "{\"chain\":[" HUMAN);
	for (int i = 0; i < 8; i++)
		buf_addf(&json, ",{\"type\":\"agent\",\"id\":\"agent%d\",\"task\":\"%s\"}", i, task.data);
	buf_adds(&json, "]}");
	char *text = shown(LINEAGE, json.data, &plain);
	holds("eight tasks of 4 KiB push the line off the screen",
	      text && strlen(text) < 2600 && strstr(text, "agent7") && !strstr(text, "more than"));
	free(text);
	buf_clear(&json);
	buf_adds(&json, "{\"chain\":[" HUMAN);
	for (int i = 0; i < 5000; i++)
		buf_addf(&json, ",{\"id\":\"agent%d\"}", i);
	buf_adds(&json, "]}");
	text = shown(LINEAGE, json.data, &plain);
	holds("a chain of thousands scrolls everything else away",
	      text && strlen(text) < 600 && strstr(text, "and 4992 more than a chain can have"));
	free(text);
	text = shown(VIA, json.data, &plain);
	holds("… or fills the sentence", text && strlen(text) < 300);
	free(text);
	buf_clear(&json);
	buf_addf(&json, "{\"task\":\"%s\",\"attributes\":{\"task\":{\"source\":\"delegation by a\"},",
		 task.data);
	buf_addf(&json, "\"claimed_task\":{\"value\":\"%s\"}}}", task.data);
	text = shown(TASK, json.data, &plain);
	holds("a reviewer decides without the whole task that was delegated",
	      text && strstr(text, task.data) && strlen(text) < 4096 + 600);
	free(text);
}

int main(void)
{
	setenv("TZ", "UTC", 1);
	test_told();
	test_hostile();
	test_long();
	return checks_end();
}
