/* source.c: `.` and source, which run a file's text in the session's own bash.
 *
 * The builtin is replaced by one that reads the file first.  When the line that runs was approved with just
 * this text, or the approver says yes to it now, bash's own builtin follows; and when that opens the file, it
 * is given a sealed copy of the approved bytes (start.c has open).  So what is run is what was read here
 * once, whatever happens to the file meanwhile.
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
extern int source_uses_path, source_searches_cwd, absolute_pathname(const char *);

enum { MOST = 700 * 1024 };

static sh_builtin_func_t *of_bash;
static struct {
	char *path; /* NULL: nothing is awaited */
	int fd, error;
} awaited;

/* Login shells run this at their end, and nobody has approved it. */
static bool is_logout_file(const char *path)
{
	static const char user[] = "/.bash_logout";
	size_t len = strlen(path);
	return !strcmp(path, "/etc/bash.bash_logout") ||
	       (len >= sizeof user - 1 && !strcmp(path + len - (sizeof user - 1), user));
}

int source_opened(const char *path)
{
	if (awaited.path && !strcmp(path, awaited.path)) {
		free(awaited.path);
		awaited.path = NULL;
		errno = awaited.error;
		return awaited.fd;
	}
	if (!login_shell || !is_logout_file(path))
		return -2;
	errno = ENOENT;
	return -1;
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

bool source_text(const char *path, struct buf *text)
{
	struct stat st;
	int fd FD_AUTO = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		return false;
	errno = EISDIR;
	return !S_ISDIR(st.st_mode) && !read_all(fd, MOST, text);
}

static int sealed(const struct buf *text)
{
	int fd = memfd_create("whosh-source", MFD_ALLOW_SEALING);
	if (fd < 0)
		return -1;
	if ((text->len && write_all(fd, text->data, text->len)) || lseek(fd, 0, SEEK_SET) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* bash's builtin, and what it will be given for the file. */
static int run_bash(WORD_LIST *list, const char *path, int fd, int error)
{
	free(awaited.path);
	awaited.path = strdup(path);
	awaited.fd = fd;
	awaited.error = error;
	if (!awaited.path) {
		close(fd);
		return EXECUTION_FAILURE;
	}
	int status = of_bash(list);
	/* bash may not have come to it. */
	if (awaited.path && awaited.fd >= 0)
		close(awaited.fd);
	free(awaited.path);
	awaited.path = NULL;
	return status;
}

static void told_end(struct link *conversation)
{
	ask_aside_ended(conversation, last_command_exit_value);
	free(conversation);
}

static int run_asked(WORD_LIST *list, const char *path, const struct buf *text)
{
	static char frame[] = "whosh source";
	struct link *conversation = calloc(1, sizeof *conversation);
	if (!conversation)
		return EXECUTION_FAILURE;
	int status = ask_aside(path, text, conversation);
	if (status) {
		link_close(conversation);
		free(conversation);
		return status;
	}
	/* Whatever throws bash out of the file, its end is told. */
	begin_unwind_frame(frame);
	add_unwind_protect((void *)told_end, conversation);
	status = run_bash(list, path, sealed(text), errno);
	last_command_exit_value = status;
	run_unwind_frame(frame);
	return status;
}

static int source(WORD_LIST *list)
{
	const WORD_LIST *file = list && !strcmp(list->word->word, "--") ? list->next : list;
	if (!file || (file == list && file->word->word[0] == '-' && file->word->word[1]))
		return of_bash(list); /* bash says what is wrong */
	char *path = source_path(file->word->word);
	if (!path)
		return of_bash(list);
	struct buf text = BUF_INIT;
	int status;
	if (!source_text(path, &text)) {
		if (errno == EFBIG) {
			builtin_error("%s: larger than an approver takes", path);
			status = EXIT_DENIED;
		} else {
			status = run_bash(list, path, -1, errno);
		}
	} else if (!text.len || source_added(path, &text)) {
		int fd = sealed(&text);
		buf_finish(&text);
		status = run_bash(list, path, fd, errno);
	} else {
		status = run_asked(list, path, &text);
	}
	buf_finish(&text);
	free(path);
	return status;
}

void source_take_over(void)
{
	for (int i = 0; i < num_shell_builtins; i++)
		if (shell_builtins[i].name &&
		    (!strcmp(shell_builtins[i].name, ".") || !strcmp(shell_builtins[i].name, "source"))) {
			of_bash = shell_builtins[i].function;
			shell_builtins[i].function = source;
		}
}
