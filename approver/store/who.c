/* who.c: which commands match: the newest first, over all there are.
 *
 * The idea.  Commands newer than the index (see index.c) are few and read one by one.  For the rest one
 * condition drives, the one that leaves the fewest commands, and the others are tested on what it yields,
 * newest first, until there are enough:
 *
 *	a facet that is rare      its index, then the other facets on the same narrow row
 *	words                     the trigram index, then facets, then LIKE on the text itself
 *	nothing rare              the narrow rows themselves, from the end
 *
 * A pattern that is too short for a trigram is looked for in the newest commands first, where one that is
 * common soon has enough; for the rest, where it is not, short_match.c says which trigrams to ask for.
 *
 * Rare is found by counting: at most RARE entries of each index are looked at before the choice is made.
 * The trigram index only proposes: that the text holds the pattern in one piece is for LIKE to say, which
 * also decides for the unindexed, so both parts of an answer mean the same by "match".  All of one answer is
 * read in one transaction, so no command is missed or told twice while the indexer moves on.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/sqlite.h"
#include "common/buf.h"
#include "common/clock.h"
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
	RARE = 40000,
	DEFAULT_LIMIT = 100,
	NONE = -1,
	SEARCH_MS = 5000,
	LOOK_EVERY = 100,
	NEWEST = 2000,
	NEWEST_OF_SOME = 60000 /* where facets leave some out, before a text is read */
};

static const char columns[] = COMMAND_READ;

/* Parameters have one number each in every statement here. */
enum { P_LIKE = 1, P_WORDS, P_BELOW, P_SINCE, P_UNTIL, P_ABOVE, P_FROM, P_PATTERN, P_FACET /* and on */ };

static const struct {
	const char *column;
	size_t into;
} facets[] = {
    {"agent", offsetof(struct who_filter, agent)},
    {"human", offsetof(struct who_filter, human)},
    {"model", offsetof(struct who_filter, model)},
    {"session", offsetof(struct who_filter, session)},
    {"verdict", offsetof(struct who_filter, verdict)},
    {"host", offsetof(struct who_filter, host)},
    {"user", offsetof(struct who_filter, user)},
    {"credential", offsetof(struct who_filter, credential)},
};
enum { FACETS = sizeof facets / sizeof *facets, MODEL = 2, BY_TIME = FACETS, DRIVERS };

struct search {
	struct store_reader *reader;
	const struct who_filter *filter;
	store_command_fn *fn;
	void *arg;
	struct buf like, words;  /* the pattern for LIKE; for the trigram index, empty when it is too short */
	int64_t numbers[FACETS]; /* of the names asked for */
	struct buf models;       /* of the models, when a pattern means more than one; else empty */
	bool many_models;        /* more than are listed: by their names */
	int64_t indexed;         /* the newest command in the index */
	int64_t below, from;     /* only commands before this one, and from this one on */
	int left;                /* rows still wanted; 0: enough */
};

static const char *asked(const struct search *search, int facet)
{
	const char *value;
	memcpy(&value, (const char *)search->filter + facets[facet].into, sizeof value);
	return value;
}

static void bind(const struct search *search, sqlite3_stmt *s, bool by_number)
{
	const struct who_filter *filter = search->filter;
	sqlite3_bind_text(s, P_LIKE, search->like.data, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, P_WORDS, search->words.data, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, P_BELOW, search->below);
	sqlite3_bind_int64(s, P_FROM, search->from);
	sqlite3_bind_int64(s, P_SINCE, filter->since ? filter->since : INT64_MIN);
	sqlite3_bind_int64(s, P_UNTIL, filter->until ? filter->until : INT64_MAX);
	sqlite3_bind_int64(s, P_ABOVE, search->indexed);
	sqlite3_bind_text(s, P_PATTERN, filter->model, -1, SQLITE_STATIC);
	for (int i = 0; i < FACETS; i++)
		if (by_number)
			sqlite3_bind_int64(s, P_FACET + i, search->numbers[i]);
		else
			sqlite3_bind_text(s, P_FACET + i, asked(search, i), -1, SQLITE_STATIC);
}

/* Does a facet hold what is asked for?  By its number in `facets` (f), by its text in `commands` (c). */
static void add_facet(struct buf *sql, const struct search *search, int facet, char table)
{
	const char *column = facets[facet].column;
	if (facet == MODEL && table == 'f' && search->models.len)
		buf_addf(sql, "f.model IN (%s)", search->models.data);
	else if (facet == MODEL && table == 'f' && search->many_models)
		buf_addf(sql, "model_matches(?%d,(SELECT text FROM names WHERE id=f.model))", P_PATTERN);
	else if (facet == MODEL && table == 'c' && model_is_pattern(search->filter->model))
		buf_addf(sql, "model_matches(?%d," NAME_OF(model) ")", P_FACET + facet);
	else if (table == 'c')
		buf_addf(sql, "c.%s=(SELECT id FROM names WHERE text=?%d)", column, P_FACET + facet);
	else
		buf_addf(sql, "f.%s=?%d", column, P_FACET + facet);
}

/* What facets and time ask for, on `facets` or `commands` by its letter. */
static void add_facets(struct buf *sql, const struct search *search, char table)
{
	for (int i = 0; i < FACETS; i++)
		if (asked(search, i)) {
			buf_adds(sql, " AND ");
			add_facet(sql, search, i, table);
		}
	if (search->filter->since)
		buf_addf(sql, " AND %c.ts>=?%d", table, P_SINCE);
	if (search->filter->until)
		buf_addf(sql, " AND %c.ts<?%d", table, P_UNTIL);
}

/* What words ask for. */
static void add_match(struct buf *sql, const struct search *search)
{
	if (search->filter->match)
		buf_addf(sql,
			 " AND (CAST(c.line AS TEXT) LIKE ?%d ESCAPE '\\' OR " NAME_OF(
			     task) " LIKE ?%d ESCAPE '\\' OR "
				   "c.reason LIKE ?%d ESCAPE '\\')",
			 P_LIKE, P_LIKE, P_LIKE);
}

/* Hand out what a statement yields. */
static int tell(struct search *search, const struct buf *sql, bool by_number)
{
	sqlite3_stmt *s = sql->failed ? NULL : reader_prepare(search->reader, sql->data);
	if (!s)
		return -1;
	bind(search, s, by_number);
	int code = SQLITE_DONE;
	while (search->left && (code = sqlite3_step(s)) == SQLITE_ROW) {
		struct command_row row;
		command_fill(s, &row);
		search->left = search->fn(&row, search->arg) ? search->left - 1 : 0;
		command_row_finish(&row);
	}
	int result = code == SQLITE_ROW || code == SQLITE_DONE
			 ? 0
			 : sqlite_failed(search->reader->db, "commands are searched");
	sqlite3_finalize(s);
	return result;
}

static int tell_unindexed(struct search *search)
{
	struct buf sql BUF_AUTO = BUF_INIT;
	buf_addf(&sql, "SELECT %s FROM commands c WHERE c.n>?%d AND c.n<?%d", columns, P_ABOVE, P_BELOW);
	add_facets(&sql, search, 'c');
	add_match(&sql, search);
	buf_adds(&sql, " ORDER BY c.n DESC");
	return tell(search, &sql, false);
}

/* A pattern's models: one is as good as its name; of several the list is kept.  1, 0 or -1. */
static int find_models(struct search *search)
{
	int found = model_numbers(search->reader, search->filter->model, &search->models);
	search->many_models = found > MODELS_MAX;
	if (found == 1)
		search->numbers[MODEL] = strtoll(search->models.data, NULL, 10);
	if (found == 1 || search->many_models)
		buf_clear(&search->models);
	return found > 1 ? 1 : found;
}

/* 1 with every name's number; 0 when a name is in no indexed command; -1. */
static int find_numbers(struct search *search)
{
	sqlite3_stmt *s = reader_prepare(search->reader, "SELECT id FROM names WHERE text=?");
	int found = s ? 1 : -1;
	for (int i = 0; found == 1 && i < FACETS; i++) {
		if (!asked(search, i))
			continue;
		if (i == MODEL && model_is_pattern(asked(search, i))) {
			found = find_models(search);
			continue;
		}
		sqlite3_bind_text(s, 1, asked(search, i), -1, SQLITE_STATIC);
		int code = sqlite3_step(s);
		search->numbers[i] = code == SQLITE_ROW ? sqlite3_column_int64(s, 0) : 0;
		if (code != SQLITE_ROW)
			found = code == SQLITE_DONE ? 0 : sqlite_failed(search->reader->db, "names are read");
		sqlite3_reset(s);
	}
	sqlite3_finalize(s);
	return found;
}

/* How many commands a driver would yield, RARE at most; -1. */
static int count(struct search *search, int driver)
{
	struct buf sql BUF_AUTO = BUF_INIT;
	buf_adds(&sql, "SELECT count(*) FROM (SELECT 1 FROM facets f WHERE ");
	if (driver == BY_TIME)
		buf_addf(&sql, "f.ts>=?%d AND f.ts<?%d", P_SINCE, P_UNTIL);
	else
		add_facet(&sql, search, driver, 'f');
	buf_addf(&sql, " LIMIT %d)", RARE);
	sqlite3_stmt *s = sql.failed ? NULL : reader_prepare(search->reader, sql.data);
	if (!s)
		return -1;
	bind(search, s, true);
	int many = sqlite3_step(s) == SQLITE_ROW ? sqlite3_column_int(s, 0)
						 : sqlite_failed(search->reader->db, "commands are counted");
	sqlite3_finalize(s);
	return many;
}

/* The rarest condition, NONE when none is rare; -2 on error. */
static int choose(struct search *search)
{
	int best = NONE, fewest = RARE;
	for (int i = 0; i < DRIVERS && fewest; i++) {
		if (i == BY_TIME ? !search->filter->since && !search->filter->until : !asked(search, i))
			continue;
		if (i == MODEL && search->many_models)
			continue;
		int many = count(search, i);
		if (many < 0)
			return -2;
		if (many < fewest) {
			fewest = many;
			best = i;
		}
	}
	return best;
}

/* Those that a driver yields in another order than the commands': their numbers are sorted, not the wide
 * rows.
 */
static int tell_sorted(struct search *search, int driver)
{
	struct buf sql BUF_AUTO = BUF_INIT;
	buf_addf(&sql, "SELECT %s FROM commands c WHERE c.n<?%d AND c.n>=?%d", columns, P_BELOW, P_FROM);
	buf_addf(&sql, " AND c.n IN (SELECT f.n FROM facets f INDEXED BY facets_%s WHERE f.n>0",
		 driver == BY_TIME ? "ts" : facets[driver].column);
	add_facets(&sql, search, 'f');
	buf_addc(&sql, ')');
	add_match(&sql, search);
	buf_adds(&sql, " ORDER BY c.n DESC");
	return tell(search, &sql, true);
}

/* Those of the index that a driver yields: words, when it is NONE and there are any. */
static int tell_driven(struct search *search, int driver)
{
	struct buf sql BUF_AUTO = BUF_INIT;
	bool words = driver == NONE && search->words.len;
	if (driver == BY_TIME || (driver == MODEL && search->models.len))
		return tell_sorted(search, driver);
	buf_addf(&sql, "SELECT %s FROM ", columns);
	if (words)
		buf_adds(&sql, "words CROSS JOIN facets f ON f.n=words.rowid");
	else if (driver != NONE)
		buf_addf(&sql, "facets f INDEXED BY facets_%s", facets[driver].column);
	else
		buf_adds(&sql, "facets f NOT INDEXED");
	const char *n = words ? "words.rowid" : "f.n";
	buf_addf(&sql, " CROSS JOIN commands c ON c.n=f.n WHERE %s<?%d AND %s>=?%d", n, P_BELOW, n, P_FROM);
	if (words)
		buf_addf(&sql, " AND words MATCH ?%d", P_WORDS);
	add_facets(&sql, search, 'f');
	add_match(&sql, search);
	buf_addf(&sql, " ORDER BY %s DESC", n);
	return tell(search, &sql, true);
}

/* A pattern of one or two characters, and nothing else that is rare. */
static int tell_short(struct search *search)
{
	int newest = NEWEST;
	for (int i = 0; i < FACETS; i++)
		if (asked(search, i))
			newest = NEWEST_OF_SOME;
	search->from = (search->below < search->indexed ? search->below : search->indexed + 1) - newest;
	if (tell_driven(search, NONE))
		return -1;
	search->below = search->from;
	search->from = 0;
	if (!search->left || search->below <= 0)
		return 0;
	switch (short_match(search->reader, search->filter->match, &search->words)) {
	case SHORT_NOWHERE:
		return 0;
	case SHORT_FOUND:
	case SHORT_ANYWHERE:
		return tell_driven(search, NONE);
	default:
		return -1;
	}
}

static int tell_indexed(struct search *search)
{
	int found = find_numbers(search);
	int driver = found == 1 ? choose(search) : NONE;
	if (found != 1 || driver == -2)
		return found == 0 ? 0 : -1;
	if (driver == NONE && search->filter->match && pattern_is_short(search->filter->match))
		return tell_short(search);
	return tell_driven(search, driver);
}

static int begin(struct search *search)
{
	sqlite3_stmt *s;
	const char *before = search->filter->before;
	if (sqlite3_exec(search->reader->db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
		return sqlite_failed(search->reader->db, "a search begins");
	search->indexed = sqlite_number(search->reader->db, "SELECT coalesce(max(n),0) FROM facets");
	search->below = INT64_MAX;
	if (search->indexed < 0)
		return sqlite_failed(search->reader->db, "a search begins");
	if (!before)
		return 0;
	if (!(s = reader_prepare(search->reader, "SELECT n FROM commands WHERE id=?")))
		return -1;
	sqlite3_bind_text(s, 1, before, -1, SQLITE_STATIC);
	/* Older than a command that never was: nothing. */
	search->below = sqlite3_step(s) == SQLITE_ROW ? sqlite3_column_int64(s, 0) : 0;
	sqlite3_finalize(s);
	return 0;
}

/* A search has a thread of the approver for itself, and what others left decides how long it takes: it ends.
 */
static int too_long(void *until)
{
	return clock_mono_ms() > *(const int64_t *)until;
}

int store_who(struct store_reader *reader, const struct who_filter *filter, store_command_fn *fn, void *arg)
{
	struct search search = {.reader = reader,
				.filter = filter,
				.fn = fn,
				.arg = arg,
				.like = BUF_INIT,
				.words = BUF_INIT,
				.models = BUF_INIT,
				.left = filter->limit > 0 ? filter->limit : DEFAULT_LIMIT};
	int64_t until = clock_mono_ms() + SEARCH_MS;
	sqlite3_progress_handler(reader->db, LOOK_EVERY, too_long, &until);
	if (filter->match) {
		pattern_like(&search.like, filter->match);
		pattern_words(&search.words, filter->match);
	}
	int result = search.like.failed || search.words.failed ? -1 : begin(&search);
	if (!result)
		result = tell_unindexed(&search);
	if (!result && search.left)
		result = tell_indexed(&search);
	sqlite3_progress_handler(reader->db, 0, NULL, NULL);
	if (!sqlite3_get_autocommit(reader->db))
		sqlite3_exec(reader->db, "ROLLBACK", NULL, NULL, NULL);
	if (result)
		errno = too_long(&until) ? ETIME : EIO;
	buf_finish(&search.like);
	buf_finish(&search.words);
	buf_finish(&search.models);
	return result;
}
