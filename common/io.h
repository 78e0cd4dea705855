/* io.h: reading and writing that either succeeds whole or says why.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_IO_H
#define WHOSH_IO_H

#include "common/buf.h"
#include <sys/types.h>

/* Write all `len` bytes to a blocking descriptor, through EINTR.  0, or -1 with errno. */
int write_all(int fd, const void *bytes, size_t len);
/* Read to end of file, at most `max` bytes, appending to `out`.  0; -1 with errno (EFBIG when there is more).
 */
int read_all(int fd, size_t max, struct buf *out);
/* Read a file whole (O_CLOEXEC).  0, or -1 with errno. */
int read_file(const char *path, size_t max, struct buf *out);
/* The same of a regular file only: a FIFO that nobody writes would hold up its reader for ever, and a device
 * need not end.  NULL, or why it cannot be read, with errno (EFBIG: too large). */
const char *read_regular(const char *path, size_t max, struct buf *out);
/* Replace `path` atomically and durably: temporary file beside it, fsync, rename, fsync of the folder. */
int write_file_durable(const char *path, const void *bytes, size_t len, mode_t mode);
/* fsync the folder that `path` is in, so that its name there is on disk.  0, or -1 with errno. */
int sync_folder(const char *path);
/* Close *fd if it is open and set it to -1; keeps errno.  For __attribute__((cleanup(fd_close))). */
void fd_close(int *fd);
#define FD_AUTO __attribute__((cleanup(fd_close)))

#endif
