/* input.c: the bytes that bash reads for one command.
 *
 * bash gets every character of its script from one function, which is replaced here by one that calls it and
 * keeps a copy.  So bash reads as it always does: a byte at a time from a pipe, a block from a file whose
 * offset it puts back before anybody else reads, another file after `exec <`.  The first character of a new
 * command is asked for when the last one has ended, and that is told to whosh.
 *
 * With history expansion, what runs is not what was typed: the line is expanded here and handed to bash as if
 * it had been typed so.
 *
 * What an alias of several lines has left over belongs to the line that used it: its bytes are kept in front
 * of those that are read on.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/reader/bash.h"
#include "shell/reader/reader.h"
#include <stdlib.h>

static int (*original)(void);
static struct buf text = BUF_INIT;
static bool begun;
static char *typed; /* at a prompt: the line that is being handed over */
static size_t at;

static void keep(int c)
{
	if (c != EOF && c != '\0')
		buf_addc(&text, (char)c);
}

/* A whole line, as readline gives it; false at the end of the input. */
static bool type_line(void)
{
	struct buf line = BUF_INIT;
	int c;
	free(typed);
	typed = NULL;
	at = 0;
	while ((c = original()) != EOF && c != '\n')
		buf_addc(&line, (char)c);
	if (c == EOF && !line.len)
		return false;
	typed = prompt_expand(buf_take(&line));
	return typed != NULL;
}

static int get_typed(void)
{
	history_expansion_inhibited = 0;
	if (!typed && !type_line())
		return EOF;
	/* bash is not to expand again what it is given; it looks when it has the whole line. */
	history_expansion_inhibited = 1;
	int c = (unsigned char)typed[at++];
	if (c)
		return c;
	free(typed);
	typed = NULL;
	return '\n';
}

static int get(void)
{
	if (!begun) {
		begun = true;
		if (reader_in_shell())
			ask_ended(last_command_exit_value);
	}
	int c = history_expansion ? get_typed() : original();
	if (c == EOF && reader_in_shell() && reader_at_prompt())
		prompt_over();
	keep(c);
	return c;
}

void input_take_over(void)
{
	if (bash_input.getter == get)
		return;
	original = bash_input.getter;
	bash_input.getter = get;
}

void input_begin(void)
{
	input_take_over();
	history_expansion_inhibited = 0;
	begun = false;
	if (!parser_expanding_alias())
		buf_clear(&text);
	if (text.failed)
		buf_finish(&text);
}

const struct buf *input_text(void)
{
	return &text;
}

bool input_read(void)
{
	return begun;
}
