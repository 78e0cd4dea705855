/* script_text.c: the text of a script file, found as bash finds it.
 *
 * bash opens the name as given; only when that does not exist and the name has no slash does it search PATH.
 * The messages and statuses are bash's, since build tools read them.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/exits.h"
#include "common/io.h"
#include "shell/whosh/gate.h"
#include "shell/whosh/message.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static _Noreturn void as_bash(const struct gate *gate, int status, const char *why)
{
	const char *slash = strrchr(gate->conf.value[CONF_INTERPRETER], '/');
	dprintf(STDERR_FILENO, "%s: %s: %s\n", slash ? slash + 1 : gate->conf.value[CONF_INTERPRETER],
		gate->arguments.file, why);
	exit(status);
}

/* "FOLDER/NAME", malloc'd, spelled as bash spells it: script_open.c knows the script by that. */
static char *in_folder(const char *folder, size_t len, const char *name)
{
	const char *home = len && *folder == '~' && (len == 1 || folder[1] == '/') ? getenv("HOME") : NULL;
	char *full;
	if (home) {
		folder++;
		len--;
	}
	bool slash = !len || folder[len - 1] != '/';
	return asprintf(&full, "%s%.*s%s%s", home ? home : "", (int)len, folder, slash ? "/" : "", name) < 0
		   ? NULL
		   : full;
}

/* The first file of that name in PATH that can be read, malloc'd. */
static char *in_path(const char *name)
{
	const char *path = getenv("PATH");
	while (path) {
		size_t len = strcspn(path, ":");
		char *full = len ? in_folder(path, len, name) : in_folder(".", 1, name);
		if (!full || !access(full, R_OK))
			return full;
		free(full);
		path = path[len] ? path + len + 1 : NULL;
	}
	return NULL;
}

static int open_as_bash(struct gate *gate)
{
	const char *name = gate->arguments.file;
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	gate->script_path = strdup(name);
	if (fd >= 0 || errno != ENOENT || strchr(name, '/'))
		return fd;
	char *found = in_path(name);
	if (!found) {
		errno = ENOENT;
		return -1;
	}
	free(gate->script_path);
	gate->script_path = found;
	return open(found, O_RDONLY | O_CLOEXEC | O_NOCTTY);
}

void script_text(struct gate *gate)
{
	int fd FD_AUTO = open_as_bash(gate);
	if (fd < 0)
		as_bash(gate, errno == ENOENT || errno == ENOTDIR ? 127 : 126, strerror(errno));
	struct stat st;
	if (!fstat(fd, &st) && S_ISDIR(st.st_mode))
		as_bash(gate, 126, "Is a directory");
	if (read_all(fd, WIRE_MAX_LINE, &gate->script)) {
		if (errno == EFBIG)
			message_exit(EXIT_DENIED,
				     "denied: the script is larger than the %u KiB that an approver takes",
				     WIRE_MAX_LINE / 1024);
		as_bash(gate, 126, strerror(errno));
	}
	gate->line = gate->script.data ? gate->script.data : "";
	gate->line_len = gate->script.len;
}
