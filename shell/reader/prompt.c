/* prompt.c: what a terminal needs besides.
 *
 * History.  bash's own file is the account's, which other agents of the account can read and write; this
 * session has the lines that the broker remembers of its agent instead, and no file.
 *
 * A hang-up.  The kernel tells the leader of the terminal's session, which is whosh where bash itself would
 * be; bash may read the end of its input before it is told of the hang-up, and then would end as by Ctrl-D,
 * without its jobs hearing of it.
 *
 * readline has two commands that run what nobody approved: edit-and-execute-command, and shell-expand-line,
 * which runs substitutions while one types.  Both do nothing here, by whatever key.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/reader/bash.h"
#include "common/exits.h"
#include "common/io.h"
#include "shell/reader/reader.h"
#include <poll.h>
#include <unistd.h>

enum { ANSWER_MS = 60000, DEEPEST = 16 };

static const char *const unsafe[] = {"edit-and-execute-command", "vi-edit-and-execute-command",
				     "shell-expand-line"};

static int nothing(int count, int key)
{
	(void)count;
	(void)key;
	return 0;
}

/* Out of a keymap, and of those that its keys lead to. */
static void unbind(READER_KEY *map, int (*function)(int, int), int depth)
{
	for (int key = 0; map && depth < DEEPEST && key < READER_KEYS; key++) {
		if (map[key].type == READER_IS_MAP)
			unbind((READER_KEY *)(void *)map[key].function, function, depth + 1);
		else if (map[key].type == READER_IS_FUNCTION && map[key].function == function)
			map[key].function = nothing;
	}
}

static void disarm(void)
{
	static const char *const maps[] = {"emacs-standard", "vi-command", "vi-insert"};
	for (size_t i = 0; funmap && funmap[i]; i++)
		for (size_t k = 0; k < sizeof unsafe / sizeof *unsafe; k++) {
			if (strcmp(funmap[i]->name, unsafe[k]) != 0)
				continue;
			for (size_t m = 0; m < sizeof maps / sizeof *maps; m++)
				unbind(rl_get_keymap_by_name(maps[m]), funmap[i]->function, 0);
			funmap[i]->function = nothing;
		}
}

static void set_prompt(const char *agent)
{
	struct buf prompt BUF_AUTO = BUF_INIT;
	/* Names of agents hold nothing that a prompt would expand. */
	buf_addf(&prompt, "%s@\\h:\\w\\$ ", agent);
	if (prompt.data)
		bind_global_variable("PS1", prompt.data, 0);
}

static void remember(const struct wire_message *told)
{
	size_t at = 0, len;
	enum wire_tag tag;
	const char *bytes;
	while (wire_field(told, &at, &tag, &bytes, &len)) {
		/* What was asked about ends with its newline, what readline shows must not. */
		while (len && bytes[len - 1] == '\n')
			len--;
		char *line = tag == WIRE_LINE ? strndup(bytes, len) : NULL;
		if (line && *line)
			add_history(line);
		free(line);
	}
	using_history();
}

void prompt_begin(void)
{
	struct wire_message told = {0};
	struct link *way = channel();
	disarm();
	unbind_variable("HISTFILE");
	rl_clear_history();
	while (way && channel_next(way, &told, ANSWER_MS) == 0)
		CHECK_TERMSIG;
	char *agent = wire_string(&told, WIRE_AGENT_ID);
	if (told.type == WIRE_REMEMBERED) {
		remember(&told);
		/* Without a name the first line says what is wrong. */
		set_prompt(agent ? agent : "nobody");
		free(agent);
		return;
	}
	char *text = told.type == WIRE_REFUSED ? wire_string(&told, WIRE_REASON) : NULL;
	if (text && write_all(STDERR_FILENO, text, strlen(text)))
		_exit(EXIT_CONFIGURATION);
	_exit((int)wire_number(&told, WIRE_STATUS, EXIT_UNREACHABLE));
}

void prompt_over(void)
{
	enum { HANG_UP_S = 1 };
	const struct timespec limit = {.tv_sec = HANG_UP_S};
	struct pollfd terminal = {.fd = STDIN_FILENO, .events = POLLIN};
	sigset_t hang_up, before;
	if (getsid(0) != getppid() || poll(&terminal, 1, 0) <= 0 || !(terminal.revents & POLLHUP))
		return;
	sigemptyset(&hang_up);
	sigaddset(&hang_up, SIGHUP);
	sigprocmask(SIG_BLOCK, &hang_up, &before);
	if (!terminating_signal)
		ppoll(NULL, 0, &limit, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
	check_signals_and_traps();
}

char *prompt_expand(char *line)
{
	int depth = dstack.delimiter_depth;
	char quote = depth > 0 ? dstack.delimiters[depth - 1] : '\0';
	if (!line || !remember_on_history || !*line)
		return line;
	history_quoting_state = quote == '\'' || quote == '"' ? quote : 0;
	/* It says itself what it has made of it, or why it could not; then the line is as if it had been
	 * empty. */
	char *expanded = pre_process_line(line, 1, 0);
	history_quoting_state = 0;
	if (expanded != line)
		free(line);
	return expanded ? expanded : strdup("");
}
