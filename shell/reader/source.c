/* source.c: `.` and source, which run a file's text in the session's own bash.
 *
 * bash opens the file by open(2), which start.c has.  There is one place in bash from which a file that is to
 * be executed is opened; it is recognised by the address that its call returns to, which is learnt at the
 * start by letting bash open a file of a name that nothing has.  So whatever is run that way comes here: `.`,
 * source, and what `fc` has had edited.
 *
 * The file is read here, once.  When the line that runs was approved with just this text, or the approver
 * says yes to it now, bash is given a sealed copy of those bytes in place of the file.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/reader/bash.h"
#include "common/exits.h"
#include "common/io.h"
#include "shell/reader/reader.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

extern char *find_path_file(const char *);
extern int source_uses_path, source_searches_cwd, bash_argv_initialized, absolute_pathname(const char *);
extern int return_catch_value;
extern int maybe_execute_file(const char *, int);

/* bash takes out so many NULs, and no more. */
enum { MOST_NULS = 256 };

static char nowhere[] = "/whosh-reader: where is a file opened to be executed";
static const void *executes;

/* Login shells run this at their end, and nobody has approved it. */
static bool is_logout_file(const char *path)
{
	static const char user[] = "/.bash_logout";
	size_t len = strlen(path);
	return !strcmp(path, "/etc/bash.bash_logout") ||
	       (len >= sizeof user - 1 && !strcmp(path + len - (sizeof user - 1), user));
}

char *source_path(const char *word)
{
	char *found = NULL;
	if (absolute_pathname(word) || (posixly_correct && strchr(word, '/')))
		return strdup(word);
	if (source_uses_path)
		found = find_path_file(word);
	return found ? found : source_searches_cwd ? strdup(word) : NULL;
}

static int open_really(const char *path)
{
	return (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY);
}

static void take_nuls_out(struct buf *text)
{
	size_t nuls = 0, kept = 0;
	for (size_t i = 0; i < text->len; i++)
		nuls += !text->data[i];
	if (!nuls || nuls > MOST_NULS)
		return;
	for (size_t i = 0; i < text->len; i++)
		if (text->data[i])
			text->data[kept++] = text->data[i];
	text->len = kept;
}

bool source_text(const char *path, struct buf *text)
{
	struct stat st;
	int fd FD_AUTO = open_really(path);
	if (fd < 0 || fstat(fd, &st))
		return false;
	if (S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return false;
	}
	if (read_all(fd, WIRE_MAX_LINE, text))
		return false;
	take_nuls_out(text);
	return true;
}

static int sealed(const struct buf *text)
{
	int fd = memfd_create("whosh-source", MFD_ALLOW_SEALING);
	if (fd < 0)
		return -1;
	if ((text->len && write_all(fd, text->data, text->len)) || lseek(fd, 0, SEEK_SET) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)) {
		fd_close(&fd);
		return -1;
	}
	return fd;
}

static void told_end(struct aside *conversation)
{
	bool returned = this_shell_builtin == return_builtin;
	ask_aside_ended(conversation, returned ? return_catch_value : last_command_exit_value);
	free(conversation);
}

static bool asked(const char *path, const struct buf *text)
{
	struct aside *conversation = calloc(1, sizeof *conversation);
	if (!conversation)
		return false;
	if (ask_aside(path, text, conversation)) {
		channel_aside_over(conversation, NULL);
		free(conversation);
		return false;
	}
	/* However bash leaves the file, its end is told. */
	add_unwind_protect((void *)told_end, conversation);
	return true;
}

static int open_approved(const char *path)
{
	struct buf text BUF_AUTO = BUF_INIT;
	if (login_shell && is_logout_file(path)) {
		errno = ENOENT;
		return -1;
	}
	if (!source_text(path, &text)) {
		if (errno == EISDIR)
			return open_really(path); /* bash says what it is */
		return -1;
	}
	if (text.len && !source_added(path, &text) && !asked(path, &text)) {
		errno = EACCES;
		return -1;
	}
	return sealed(&text);
}

int source_opened(const char *path, const void *from)
{
	if (!executes && !strcmp(path, nowhere)) {
		executes = from;
		errno = ENOENT;
		return -1;
	}
	return executes && from == executes ? open_approved(path) : -2;
}

bool source_take_over(void)
{
	/* bash would make its call stack ready for a file, and `declare -p` would show it. */
	int before = bash_argv_initialized;
	bash_argv_initialized = 1;
	maybe_execute_file(nowhere, 1);
	bash_argv_initialized = before;
	return executes != NULL;
}
