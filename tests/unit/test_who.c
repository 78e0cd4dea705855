/* test_who.c: who ran what: every filter over commands that are indexed, not indexed, and half of each.
 *
 * What is true of one command must be found by every question it answers, and by no other: a question is
 * put to a plain loop over the same commands, and both must agree, wherever the indexer has got to.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/check.h"
#include "tests/unit/test_store.h"
#include <fnmatch.h>
#include <unistd.h>

enum { COMMANDS = 3000 };

static const char *const agents[] = {"db-migration-agent", "builder", "a"};
static const char *const humans[] = {"ann", "bob"};
static const char *const models[] = {"p/m@1", "p/m@2", NULL, "p/mm@1", "p/m", "q/m@1 beta", "q/m[1m]@1"};
static const char *const hosts[] = {"db1", "web1", "web2", "web3"};
static const char *const lines[] = {
    "DROP TABLE sessions",
    "echo 100%_done",
    "echo 100xydone",
    "printf '\"quoted\" AND NOT a*'",
    "ls -l",
    "na\xc3\xafve \xe2\x82\xac\xe2\x82\xac\xe2\x82\xac",
    "bytes \xff\xfe here",
    "drop  table",
    "C:\\temp\\new",
    "w",
    "j7",
    "\xc3\x96l",
};
static const char *const tasks[] = {"clean up sessions", "ticket OPS-7", NULL, ""};

static struct command_row rows[COMMANDS];
static char ids[COMMANDS][40];

static char *field(const char *value)
{
	return (char *)(size_t)value;
}

#define PICK(list, at) field(list[(at) % (int)(sizeof list / sizeof *list)])

static void make_rows(void)
{
	for (int i = 0; i < COMMANDS; i++) {
		snprintf(ids[i], sizeof ids[i], "00000000-0000-7000-8000-%012d", i);
		rows[i] = (struct command_row){.id = ids[i],
					       .ts = 1000 + i / 3 * 10,
					       .agent = PICK(agents, i / 2),
					       .human = PICK(humans, i / 5),
					       .model = PICK(models, i / 7),
					       .session = i % 50 ? field("s-most") : field("s-rare"),
					       .host = PICK(hosts, i / 3),
					       .user = i == 17 ? field("once") : field("agent"),
					       .credential = PICK(agents, i / 2),
					       .line = PICK(lines, i),
					       .task = PICK(tasks, i / 4),
					       .state = i % 11 ? COMMAND_EXITED : COMMAND_DENIED,
					       .verdict = i % 11 ? field("approved") : field("denied"),
					       .reason = i % 11 ? NULL : field("denied by rule no-ddl")};
		rows[i].line_len = strlen(rows[i].line);
	}
}

static bool same(const char *asked, const char *has)
{
	return !asked || (has && !strcmp(asked, has));
}

static bool same_model(const char *asked, const char *has)
{
	if (!asked || !has)
		return !asked;
	if (strpbrk(asked, "*?[") && strcmp(asked, has) != 0)
		return !fnmatch(asked, has, 0);
	size_t len = strlen(asked);
	return !strcmp(asked, has) || (!strchr(asked, '@') && !strncmp(asked, has, len) && has[len] == '@');
}

static bool has_text(const struct command_row *row, const char *match)
{
	return !match || strcasestr(row->line, match) || (row->task && strcasestr(row->task, match)) ||
	       (row->reason && strcasestr(row->reason, match));
}

static bool wanted(const struct who_filter *f, int i)
{
	const struct command_row *r = &rows[i];
	return same(f->agent, r->agent) && same(f->human, r->human) && same_model(f->model, r->model) &&
	       same(f->session, r->session) && same(f->verdict, r->verdict) && same(f->host, r->host) &&
	       same(f->user, r->user) && same(f->credential, r->credential) && has_text(r, f->match) &&
	       (!f->since || r->ts >= f->since) && (!f->until || r->ts < f->until) &&
	       (!f->before || strcmp(r->id, f->before) < 0);
}

struct answer {
	int n;
	char ids[COMMANDS][40];
};

static bool note(const struct command_row *row, void *arg)
{
	struct answer *answer = arg;
	snprintf(answer->ids[answer->n++], sizeof *answer->ids, "%s", row->id);
	return true;
}

static bool agrees(struct store_reader *reader, const struct who_filter *filter)
{
	static struct answer answer;
	answer.n = 0;
	if (store_who(reader, filter, note, &answer))
		return false;
	int at = 0, limit = filter->limit ? filter->limit : 100;
	for (int i = COMMANDS - 1; i >= 0 && at < limit; i--)
		if (wanted(filter, i) && (at >= answer.n || strcmp(answer.ids[at++], ids[i]) != 0)) {
			printf("# %s is missing or out of place\n", ids[i]);
			return false;
		}
	if (at != answer.n)
		printf("# %d rows are too many\n", answer.n - at);
	return at == answer.n;
}

static void ask_all(struct store_reader *reader, const char *where)
{
	static const struct {
		const char *lost;
		struct who_filter filter;
	} questions[] = {
	    {"the newest, a hundred of them", {.limit = 0}},
	    {"all there are", {.limit = COMMANDS}},
	    {"by agent", {.agent = "db-migration-agent", .limit = COMMANDS}},
	    {"an agent's name that is also a part of another's", {.agent = "a", .limit = COMMANDS}},
	    {"an agent that is not there", {.agent = "nobody"}},
	    {"a host by the name of an agent", {.host = "builder"}},
	    {"by human", {.human = "bob", .limit = 7}},
	    {"by model", {.model = "p/m@2", .limit = COMMANDS}},
	    {"by a model without its version", {.model = "p/m", .limit = COMMANDS}},
	    {"by a model with an empty version", {.model = "p/m@", .limit = COMMANDS}},
	    {"by a pattern of models", {.model = "p/m@*", .limit = COMMANDS}},
	    {"by a pattern with a set", {.model = "?/m*@[13]", .limit = COMMANDS}},
	    {"by a model whose name looks like a pattern", {.model = "q/m[1m]@1", .limit = COMMANDS}},
	    {"by a pattern of one model", {.model = "q*", .limit = 3}},
	    {"by a pattern of models that are not there", {.model = "z*"}},
	    {"by every model that is told", {.model = "*", .limit = COMMANDS}},
	    {"by a pattern of models, an agent and words",
	     {.model = "p/*", .agent = "builder", .match = "table", .limit = COMMANDS}},
	    {"by a pattern of models before a command",
	     {.model = "p/m*", .before = "00000000-0000-7000-8000-000000000123", .limit = COMMANDS}},
	    {"by a pattern of models in a time", {.model = "*/m@?", .since = 1500, .until = 1600}},
	    {"by session", {.session = "s-rare"}},
	    {"by verdict", {.verdict = "denied"}},
	    {"by host", {.host = "web2", .limit = COMMANDS}},
	    {"by user", {.user = "once"}},
	    {"by credential", {.credential = "builder", .limit = COMMANDS}},
	    {"since", {.since = 2500, .limit = COMMANDS}},
	    {"until", {.until = 1500, .limit = COMMANDS}},
	    {"between", {.since = 1500, .until = 1600}},
	    {"before a command", {.before = "00000000-0000-7000-8000-000000000123", .limit = COMMANDS}},
	    {"before a command that never was: all older ones or none",
	     {.before = "00000000-0000-7000-8000-000000000000"}},
	    {"several at once",
	     {.agent = "builder", .human = "ann", .verdict = "denied", .host = "db1", .limit = COMMANDS}},
	    {"several at once, with words", {.agent = "builder", .match = "table", .since = 1200}},
	    {"words in lines, whatever their case", {.match = "drop table", .limit = COMMANDS}},
	    {"words in tasks", {.match = "OPS-7", .limit = COMMANDS}},
	    {"words in reasons", {.match = "no-ddl", .limit = COMMANDS}},
	    {"words that are nowhere", {.match = "no such words"}},
	    {"a percent sign and an underscore as themselves", {.match = "100%_d", .limit = COMMANDS}},
	    {"quotes, AND and a star as themselves", {.match = "\"quoted\" AND NOT a*", .limit = COMMANDS}},
	    {"a single quote", {.match = "printf '", .limit = COMMANDS}},
	    {"a backslash as itself", {.match = "C:\\temp\\n", .limit = COMMANDS}},
	    {"two characters", {.match = "ls", .limit = COMMANDS}},
	    {"one character", {.match = "%", .limit = COMMANDS}},
	    {"two characters at the end of a line", {.match = "EW", .limit = COMMANDS}},
	    {"one character that is a whole line", {.match = "w", .limit = COMMANDS}},
	    {"two characters that are a whole line", {.match = "J7", .limit = COMMANDS}},
	    {"two characters, few of them wanted", {.match = "j7", .limit = 5}},
	    {"two characters that are nowhere", {.match = "qz"}},
	    {"a letter that only Unicode folds", {.match = "\xc3\x96", .limit = COMMANDS}},
	    {"and its other case, which LIKE does not", {.match = "\xc3\xb6", .limit = COMMANDS}},
	    {"two characters of three bytes each", {.match = "\xe2\x82\xac\xe2\x82\xac", .limit = COMMANDS}},
	    {"one byte that is not UTF-8", {.match = "\xfe", .limit = COMMANDS}},
	    {"a quote", {.match = "\"", .limit = COMMANDS}},
	    {"one character and a verdict", {.match = "j", .verdict = "denied", .limit = COMMANDS}},
	    {"two characters before a command",
	     {.match = "j7", .before = "00000000-0000-7000-8000-000000000123", .limit = COMMANDS}},
	    {"three characters of three bytes each",
	     {.match = "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac", .limit = COMMANDS}},
	    {"beside bytes that are not UTF-8", {.match = "here", .limit = COMMANDS}},
	    {"a whole long line", {.match = "printf '\"quoted\" AND NOT a*'", .limit = COMMANDS}},
	    {"a long pattern of which only the end is not there", {.match = "DROP TABLE sessionz"}},
	    {"trigrams that are all there, but not in one piece", {.match = "sessions DROP TABLE"}},
	};
	char lost[160];
	for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
		snprintf(lost, sizeof lost, "who, %s: %s", where, questions[i].lost);
		holds(lost, agrees(reader, &questions[i].filter));
	}
}

static void test_pages(struct store_reader *reader)
{
	static struct answer page;
	char before[40] = "";
	int seen = 0;
	bool ordered = true;
	do {
		page.n = 0;
		store_who(reader, &(struct who_filter){.limit = 37, .before = *before ? before : NULL}, note,
			  &page);
		for (int i = 0; i < page.n; i++)
			ordered = ordered && !strcmp(page.ids[i], ids[COMMANDS - 1 - seen++]);
		if (page.n)
			memcpy(before, page.ids[page.n - 1], sizeof before);
	} while (page.n && ordered);
	holds("paging through all commands shows each once", ordered && seen == COMMANDS);
}

/* An agent may claim another model with each command. */
static void test_many_models(const char *dir)
{
	enum { MANY = 1500 };
	char path[256], model[32];
	static struct answer answer;
	struct store *store = store_at(dir, "models.db", path, sizeof path);
	store_begin(store);
	for (int i = 0; i < MANY; i++) {
		struct command_row row = rows[i];
		snprintf(model, sizeof model, "x/%s@%d", i % 3 ? "many" : "other", i);
		row.model = model;
		store_command_insert(store, &row);
	}
	store_commit(store);
	store_index_some(store, MANY - 10);
	struct store_reader *reader = store_reader_new(store);
	answer.n = 0;
	bool asked =
	    !store_who(reader, &(struct who_filter){.model = "x/*", .limit = COMMANDS}, note, &answer);
	holds("who finds commands of more models than it lists", asked && answer.n == MANY);
	answer.n = 0;
	asked = !store_who(
	    reader,
	    &(struct who_filter){.model = "x/*", .agent = "a", .verdict = "approved", .limit = COMMANDS},
	    note, &answer);
	int wanted_now = 0;
	for (int i = 0; i < MANY; i++)
		wanted_now += !strcmp(rows[i].agent, "a") && !strcmp(rows[i].verdict, "approved");
	holds("who finds some of them by agent and verdict too",
	      asked && answer.n == wanted_now && wanted_now);
	store_reader_free(reader);
	store_close(store);
}

/* A person decides after the indexer has been there: the answer follows. */
static void test_late_decision(struct store *store, struct store_reader *reader)
{
	struct command_row *row = &rows[COMMANDS / 4];
	row->state = COMMAND_DENIED;
	row->verdict = field("denied");
	row->reason = field("ann says it is too dangerous");
	store_begin(store);
	holds("a decision is kept when its command is indexed already", !store_command_decide(store, row));
	store_commit(store);
	holds("who finds a late decision by its reason",
	      agrees(reader, &(struct who_filter){.match = "too dangerous"}));
	holds("who finds a late decision by its verdict",
	      agrees(reader, &(struct who_filter){.verdict = "denied", .limit = COMMANDS}));
	holds("who finds it no longer by the verdict it had",
	      agrees(reader, &(struct who_filter){.verdict = "approved", .limit = COMMANDS}));
	store_begin(store);
	row->reason = field("never mind");
	store_command_decide(store, row);
	store_rollback(store);
	row->reason = field("ann says it is too dangerous");
	holds("a decision that is rolled back changes no answer",
	      agrees(reader, &(struct who_filter){.match = "never mind"}) &&
		  agrees(reader, &(struct who_filter){.match = "too dangerous"}));
}

int main(void)
{
	char dir[] = "/tmp/whosh-who-XXXXXX", path[256], command[64];
	if (!mkdtemp(dir))
		return 1;
	make_rows();
	struct store *store = store_at(dir, "who.db", path, sizeof path);
	store_begin(store);
	for (int i = 0; i < COMMANDS; i++)
		store_command_insert(store, &rows[i]);
	store_commit(store);
	struct store_reader *reader = store_reader_new(store);
	holds("what is to be indexed is counted", store_unindexed(store) == COMMANDS);
	ask_all(reader, "nothing indexed");
	holds("indexing says what is left", store_index_some(store, COMMANDS / 2) == COMMANDS - COMMANDS / 2);
	ask_all(reader, "half indexed");
	test_late_decision(store, reader);
	holds("indexing comes to its end", store_index_some(store, COMMANDS) == 0 && !store_unindexed(store));
	ask_all(reader, "all indexed");
	test_pages(reader);
	test_many_models(dir);
	store_reader_free(reader);
	store_close(store);
	snprintf(command, sizeof command, "rm -rf %s", dir);
	return (system(command) != 0) | checks_end();
}
