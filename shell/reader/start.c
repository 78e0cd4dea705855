/* start.c: how the reader gets into bash, and that bash reads nothing when it does not.
 *
 * whosh starts bash with /dev/null for standard input and this object preloaded.  The constructor removes
 * itself from the environment, before bash looks at it, and puts the session's real input in place.  Nothing
 * of bash is there yet to be hooked; so it waits for the first time that bash, all set up, wants to read its
 * script: read(2) of descriptor 0, which bash calls through the C library and so finds here; at a
 * terminal readline prepares the terminal first, by a function that may be replaced.  From in there the
 * loop takes over and never comes back.  Were this object not loaded, or of another bash, bash would read the
 * end of /dev/null, and end.
 *
 * The C library's read and open are defined here for all of bash: everything else is passed on.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/reader/bash.h"
#include "shell/reader/reader.h"
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

static bool waiting; /* for bash's first read */
static void (*of_readline)(int);
static pid_t shell;

EXPORTED ssize_t read(int fd, void *bytes, size_t size);
EXPORTED int open(const char *path, int flags, ...);

bool reader_in_shell(void)
{
	return shell == getpid();
}

bool reader_at_prompt(void)
{
	return interactive_shell != 0;
}

/* bash is ready to read: from now on it reads by our loop. */
static void enter(void)
{
	waiting = false;
	rl_prep_term_function = of_readline;
	/* The read that led here had counted a line, and is never finished. */
	line_number = 0;
	reset_parser();
	reset_readahead_token();
	loop();
}

static void prepare_terminal(int meta)
{
	(void)meta;
	enter();
}

ssize_t read(int fd, void *bytes, size_t size)
{
	if (waiting && fd == 0 && shell_initialized)
		enter();
	return syscall(SYS_read, fd, bytes, size);
}

int open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	if (flags & (O_CREAT | O_TMPFILE)) {
		va_list args;
		va_start(args, flags);
		mode = va_arg(args, mode_t);
		va_end(args);
	} else if (flags == O_RDONLY) {
		int fd = source_opened(path, __builtin_return_address(0));
		if (fd != -2)
			return fd;
	}
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

/* Remove NAME's entry; `keep`: what its value is to be instead, or NULL. */
static void remove_entry(char **environment, const char *name, char *keep)
{
	size_t len = strlen(name);
	char **to = environment;
	for (char **from = environment; *from; from++) {
		bool ours = !strncmp(*from, name, len) && (*from)[len] == '=';
		if (!ours)
			*to++ = *from;
		else if (keep)
			*to++ = keep;
	}
	*to = NULL;
}

/* whosh has put exactly one there. */
static bool told_once(char **environment)
{
	size_t n = 0;
	for (; *environment; environment++)
		n += !strncmp(*environment, "WHOSH_READER=", 13);
	return n == 1;
}

static bool right_bash(void)
{
	return dist_version && !strcmp(dist_version, DISTVERSION);
}

__attribute__((constructor)) static void start(int argc, char **argv, char **environment)
{
	(void)argc;
	(void)argv;
	const char *told = getenv("WHOSH_READER");
	int frames, door, input;
	char *preload = getenv("LD_PRELOAD"), *others = preload ? strchr(preload, ':') : NULL;
	if (!told || !told_once(environment) || sscanf(told, "%d,%d,%d", &frames, &door, &input) != 3)
		return;
	/* What keep_env let through comes behind us, and stays. */
	char *keep = others && asprintf(&keep, "LD_PRELOAD=%s", others + 1) > 0 ? keep : NULL;
	remove_entry(environment, "LD_PRELOAD", keep);
	remove_entry(environment, "WHOSH_READER", NULL);
	if (!right_bash() || !channel_take(frames, door) || dup2(input, 0) < 0)
		return;
	close(input);
	shell = getpid();
	waiting = true;
	of_readline = rl_prep_term_function;
	rl_prep_term_function = prepare_terminal;
}
