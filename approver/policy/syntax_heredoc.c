/* syntax_heredoc.c: here-documents: where their bodies are, and what runs inside them.
 *
 * A body begins after the newline that ends the line of its <<, and ends at a line that is the delimiter.
 * When any part of the delimiter was quoted the body is plain text; else it is read as if in double quotes,
 * where a `"` means itself, and its substitutions run.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/policy/syntax_parser.h"
#include <stdlib.h>
#include <string.h>

void heredoc_add(struct parser *p, size_t start, bool strip_tabs)
{
	struct sh_word word;
	size_t from = p->at;
	read_word(p, IN_PATTERN, &word);
	if (p->stopped) {
		word_finish(&word);
		return;
	}
	/* What bash takes for the delimiter is the word's text with its quotes removed and nothing expanded.
	 */
	bool plain = true, quoted = false;
	for (size_t i = from; i < p->at; i++) {
		if (strchr("$`~", p->s[i]))
			plain = false;
		if (strchr("'\"\\", p->s[i]))
			quoted = true;
	}
	if (!plain || word.certainty != SH_LITERAL || word.len == 0 || p->n_heredocs >= SH_MAX_HEREDOCS ||
	    memchr(word.text, '\n', word.len)) {
		give_up(p, start, "a here-document whose delimiter is not plain");
		word_finish(&word);
		return;
	}
	p->heredocs[p->n_heredocs++] =
	    (struct heredoc){start, word.text, word.len, quoted, strip_tabs, p->level};
}

/* The body's text runs to `end`; list what its substitutions would run. */
static void read_body(struct parser *p, size_t start, size_t end)
{
	size_t outer = p->end;
	struct reading ignored = {.text = BUF_INIT, .fixed = true};
	p->at = start;
	p->end = end;
	while (!p->stopped && p->at < p->end) {
		char c = p->s[p->at];
		if (c == '$')
			read_dollar(p, &ignored, true);
		else if (c == '`')
			read_backquoted(p, &ignored, true);
		else
			p->at += c == '\\' && p->at + 1 < p->end ? 2 : 1;
	}
	p->end = outer;
	buf_finish(&ignored.text);
}

static void read_one(struct parser *p, const struct heredoc *doc)
{
	size_t body = p->at;
	while (p->at < p->end) {
		size_t line = p->at, text = line;
		const char *stop = memchr(p->s + line, '\n', p->end - line);
		size_t line_end = stop ? (size_t)(stop - p->s) : p->end;
		while (doc->strip_tabs && text < line_end && p->s[text] == '\t')
			text++;
		p->at = stop ? line_end + 1 : line_end;
		if (line_end - text == doc->len && !memcmp(p->s + text, doc->delimiter, doc->len)) {
			size_t after = p->at;
			if (!doc->quoted && !p->stopped)
				read_body(p, body, line);
			if (!p->stopped)
				p->at = after;
			return;
		}
		/* bash joins such a line with the next before it looks for the delimiter. */
		if (!doc->quoted && line_end > line && p->s[line_end - 1] == '\\') {
			give_up(p, doc->start, "a here-document with a line that ends in a backslash");
			return;
		}
	}
	give_up(p, doc->start, "a here-document that is not closed");
}

void newline(struct parser *p)
{
	p->at++;
	int n = p->n_heredocs;
	if (!n)
		return;
	struct heredoc docs[SH_MAX_HEREDOCS];
	memcpy(docs, p->heredocs, sizeof docs);
	p->n_heredocs = 0;
	for (int i = 0; i < n; i++) {
		if (docs[i].level != p->level)
			give_up(p, docs[i].start,
				"a here-document begun outside a substitution with several lines");
		if (!p->stopped)
			read_one(p, &docs[i]);
		free(docs[i].delimiter);
	}
	if (!p->body_end)
		p->body_end = p->at;
}
