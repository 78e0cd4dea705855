/* test_neighbours.c: what a session did just before and after a command, whatever the index has got to.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/neighbours.h"
#include "tests/unit/check.h"
#include "tests/unit/test_store.h"
#include <unistd.h>

enum { COMMANDS = 4000 };

struct heard {
	char before[256], after[256];
};

static void hear(char *into, const struct command_row *row)
{
	size_t n = strlen(into);
	snprintf(into + n, 256 - n, "%s%.*s", n ? " " : "", (int)row->line_len, row->line);
}

static bool before(const struct command_row *row, void *arg)
{
	hear(((struct heard *)arg)->before, row);
	return true;
}

static bool after(const struct command_row *row, void *arg)
{
	hear(((struct heard *)arg)->after, row);
	return true;
}

static void id_of(int i, char id[37])
{
	snprintf(id, 37, "01930000-0000-7000-8000-%012d", i);
}

/* Every second command is of session "s", the others of "t"; its line is its number. */
static void fill(struct store *store)
{
	store_begin(store);
	for (int i = 0; i < COMMANDS; i++) {
		char id[37], line[16];
		struct command_row like = {.agent = (char *)(size_t) "a",
					   .session = (char *)(size_t)(i % 2 ? "t" : "s"),
					   .ts = i + 1};
		id_of(i, id);
		snprintf(line, sizeof line, "%d", i);
		put_command(store, id, line, &like);
	}
	store_commit(store);
}

static bool around(struct store_reader *reader, int i, int each, const char *wanted_before,
		   const char *wanted_after)
{
	char id[37];
	struct command_row row;
	struct heard heard = {"", ""};
	id_of(i, id);
	if (store_command(reader, id, &row) != 1)
		return false;
	int failed = store_neighbours(reader, &row, each, before, after, &heard);
	command_row_finish(&row);
	bool right = !failed && !strcmp(heard.before, wanted_before) && !strcmp(heard.after, wanted_after);
	if (!right)
		printf("# %d: before [%s] after [%s]\n", i, heard.before, heard.after);
	return right;
}

static bool as_it_should_be(struct store_reader *reader)
{
	return around(reader, 100, 3, "94 96 98", "102 104 106") && around(reader, 0, 3, "", "2 4 6") &&
	       around(reader, 2, 3, "0", "4 6 8") && around(reader, COMMANDS - 1, 2, "3995 3997", "") &&
	       around(reader, 1001, 1, "999", "1003") && around(reader, 2000, 2, "1996 1998", "2002 2004") &&
	       around(reader, 100, 0, "", "");
}

int main(void)
{
	char dir[] = "/tmp/neighboursXXXXXX", path[64];
	if (!mkdtemp(dir))
		return 1;
	struct store *store = store_at(dir, "n.db", path, sizeof path);
	struct store_reader *reader = store_reader_new(store);
	fill(store);
	holds("the neighbours of new commands are not found, or are another session's",
	      as_it_should_be(reader));
	store_index_some(store, COMMANDS / 2);
	holds("neighbours are missing, or told twice, where the index ends", as_it_should_be(reader));
	while (store_index_some(store, COMMANDS) > 0)
		;
	holds("the neighbours of old commands are not found", as_it_should_be(reader));
	store_reader_free(reader);
	store_close(store);
	char command[96];
	snprintf(command, sizeof command, "rm -rf %s", dir);
	return system(command) ? 1 : checks_end();
}
