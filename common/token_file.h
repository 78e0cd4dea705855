/* token_file.h: opening the file that a token is in: whose it must be, and where it may lie.
 *
 * TOKEN_FILE      a regular file with one link, of this account or root, no group or other bits.
 * TOKEN_PROJECTED the same file as Kubernetes mounts a secret: NAME -> ..data/NAME, ..data -> ..VERSION, and
 * an update swaps ..data.  Followed step by step and never otherwise; the links are root's or this account's;
 * root's file may be readable by one of our groups (fsGroup). TOKEN_SYSTEMD   FOLDER/NAME as LoadCredential=
 * lays it out: the folder of mode 0500 and the file of 0400, of root or this account; or 0550 and 0440 where
 * the group bits are the mask of an access list that lets this account read, and nobody else.
 *
 * A file that is replaced just while it is opened is opened again.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_TOKEN_FILE_H
#define WHOSH_TOKEN_FILE_H

#include <sys/stat.h>

enum { TOKEN_MAX = 4096 };

enum token_place { TOKEN_FILE, TOKEN_PROJECTED, TOKEN_SYSTEMD };

/* Open the file for reading.  *place: TOKEN_SYSTEMD when it must lie as systemd's do; else TOKEN_FILE, which
 * becomes TOKEN_PROJECTED when it does.  -1 with a malloc'd sentence in *error. */
int token_file_open(const char *path, enum token_place *place, char **error);
/* What the path leads to now, whatever it is: to see a change by, not to trust.  0, or -1 with errno. */
int token_file_stat(const char *path, struct stat *st);

/* token_systemd.c: as token_file_open, of TOKEN_SYSTEMD; -2: replaced meanwhile. */
int token_systemd_open(const char *path, char **error);
#endif
