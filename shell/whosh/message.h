/* message.h: what whosh itself says, on standard error, one line each, visibly (text.h).
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_MESSAGE_H
#define WHOSH_MESSAGE_H

#include "common/buf.h"

/* "whosh: " and the text, in one write; control characters in it are shown as escapes. */
void message(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same, then exit with that status. */
_Noreturn void message_exit(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same line as message's, appended to `out`. */
__attribute__((format(printf, 2, 3))) void message_add(struct buf *out, const char *format, ...);
/* The words that go with an exit status of exits.h: "denied", "identity refused" … */
const char *message_kind(int status);

#endif
