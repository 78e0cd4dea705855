/* short_match.c: which trigrams a pattern of one or two characters is the beginning of.
 *
 * The idea.  A trigram index knows nothing of shorter patterns.  But index.c pads every text by two blanks at
 * its end, so that each character of it begins a trigram, and the index lists its trigrams in order
 * (fts5vocab): those that begin with the pattern are one range of that list, and few when the pattern is
 * rare.  How letters are folded there only FTS5 knows for sure, so it is asked: a table of this connection's
 * own takes the pattern in, and its list has the folded one.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/sqlite.h"
#include "common/buf.h"
#include "common/text.h"
#include <string.h>

enum { MAX_TERMS = 4096 };

static const char terms_ready[] =
    "CREATE VIRTUAL TABLE IF NOT EXISTS temp.terms USING fts5vocab(main, words, row);"
    "CREATE VIRTUAL TABLE IF NOT EXISTS temp.folded USING fts5(text, tokenize='trigram');"
    "CREATE VIRTUAL TABLE IF NOT EXISTS temp.folded_terms USING fts5vocab(temp, folded, row);"
    "DELETE FROM temp.folded;";

/* The pattern as the index writes it.  1, or -1. */
static int fold(struct store_reader *reader, const char *match, struct buf *folded)
{
	size_t len = strlen(match), characters = 0, at = 0;
	uint32_t c;
	while (at < len) {
		at += utf8_next(match + at, len - at, &c);
		characters++;
	}
	sqlite3_stmt *s = reader_prepare(reader, "INSERT INTO temp.folded(text) VALUES(substr(?||'  ',1,3))");
	if (!s)
		return -1;
	sqlite3_bind_text(s, 1, match, -1, SQLITE_STATIC);
	int code = sqlite3_step(s);
	sqlite3_finalize(s);
	if (code != SQLITE_DONE)
		return sqlite_failed(reader->db, "a pattern is folded");
	if (!(s = reader_prepare(reader, "SELECT substr(term,1,?) FROM temp.folded_terms")))
		return -1;
	sqlite3_bind_int64(s, 1, (int64_t)characters);
	if (sqlite3_step(s) == SQLITE_ROW)
		buf_adds(folded, (const char *)sqlite3_column_text(s, 0));
	sqlite3_finalize(s);
	return folded->failed || !folded->len ? -1 : 1;
}

int short_match(struct store_reader *reader, const char *match, struct buf *words)
{
	struct buf folded BUF_AUTO = BUF_INIT;
	if (!sqlite_run(reader->db, terms_ready))
		return sqlite_failed(reader->db, "the list of trigrams is opened");
	if (fold(reader, match, &folded) != 1)
		return -1;
	/* No character is higher than U+10FFFF. */
	sqlite3_stmt *s =
	    reader_prepare(reader, "SELECT term FROM temp.terms WHERE term>=?1 AND term<?1||char(1114111) "
				   "LIMIT ?2");
	if (!s)
		return -1;
	sqlite3_bind_text(s, 1, folded.data, (int)folded.len, SQLITE_STATIC);
	sqlite3_bind_int(s, 2, MAX_TERMS + 1);
	int terms = 0, code;
	while ((code = sqlite3_step(s)) == SQLITE_ROW && terms++ < MAX_TERMS) {
		buf_adds(words, words->len ? " OR " : "");
		pattern_quote(words, (const char *)sqlite3_column_text(s, 0),
			      (size_t)sqlite3_column_bytes(s, 0));
	}
	sqlite3_finalize(s);
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		return sqlite_failed(reader->db, "the list of trigrams is read");
	if (words->failed)
		return -1;
	if (terms > MAX_TERMS)
		buf_clear(words);
	return terms > MAX_TERMS ? SHORT_ANYWHERE : terms ? SHORT_FOUND : SHORT_NOWHERE;
}
