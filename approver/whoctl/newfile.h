/* newfile.h: a secret's new file: mode 0400 from its first byte, durable, never in the place of another
 * unasked.
 *
 * The file is made under a temporary name before the approver is asked for anything, so that a folder that
 * cannot be written is found out in time; it gets its name when it is whole and on disk.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WHOCTL_NEWFILE_H
#define WHOSH_WHOCTL_NEWFILE_H

#include "common/buf.h"
#include <sys/types.h>

struct newfile {
	char *path, *temporary;
	int folder, fd; /* -1: closed */
	bool force;
	uid_t owner; /* of the file that is replaced; 0: root's, or none is */
	mode_t mode; /* that it gets in the end: 0400 unless changed after newfile_begin */
};

/* Begin a file at `path`; with `force` it may replace a regular file there, whose owner it keeps when root
 * does it and nobody but the two can write in the folder.  0, or 1 after saying why not. */
int newfile_begin(struct newfile *file, const char *path, bool force);
/* Write all of it and give it its name.  0, or 1 after saying why not; nothing is left then. */
int newfile_commit(struct newfile *file, const struct buf *content);
/* Free it, and take away what was not committed. */
void newfile_finish(struct newfile *file);

#endif
