/* policy_client.c: statements for a database that reach a shell.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/policy/policy_document.h"
#include <ctype.h>
#include <string.h>

/* Does the text have this word, in any case, and not as a part of another? */
static bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);
	for (const char *at = text; (at = strcasestr(at, word)); at++) {
		bool begins = at == text || (!isalnum((unsigned char)at[-1]) && at[-1] != '_');
		if (begins && !isalnum((unsigned char)at[len]) && at[len] != '_')
			return true;
	}
	return false;
}

/* Clients of databases whose commands reach a shell: psql's and mysql's by a backslash, sqlite3's by a dot;
 * and what runs programs, loads code or writes files in SQL itself. */
const char *hazard_client(const char *name, const struct sh_word *words, size_t n)
{
	static const struct {
		const char *client, *words[8];
	} clients[] = {{"psql", {"program", "lo_export"}},
		       {"sqlite3", {"load_extension", "writefile", "edit", "vacuum", "attach"}},
		       {"mysql", {"system", "pager", "tee", "source", "edit", "outfile", "dumpfile"}},
		       {"mariadb", {"system", "pager", "tee", "source", "edit", "outfile", "dumpfile"}}};
	static const char why[] = "a statement that may run a program, load code or write a file";
	size_t c = 0;
	while (c < sizeof clients / sizeof *clients && strcmp(name, clients[c].client) != 0)
		c++;
	if (c == sizeof clients / sizeof *clients)
		return NULL;
	bool dots = c == 1;
	for (size_t i = 1; i < n; i++) {
		const char *text = words[i].text;
		if (dots ? i > 1 && (text[strspn(text, " \t\n")] == '.' || strstr(text, "\n."))
			 : strchr(text, '\\') != NULL)
			return why;
		for (size_t w = 0; clients[c].words[w]; w++)
			if (has_word(text, clients[c].words[w]))
				return why;
	}
	return NULL;
}
