/* passing.h: a descriptor through a unix socket (unix(7), SCM_RIGHTS), one a message.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_PASSING_H
#define WHOSH_PASSING_H

#include <stdbool.h>

/* Pass `fd`, which stays open here.  false with errno. */
bool fd_pass(int through, int fd);
/* The descriptor that has come, close-on-exec, the caller's; -1: none is there, or something else; FD_NEVER:
 * none will come any more. */
enum { FD_NEVER = -2 };
int fd_receive(int through);

#endif
