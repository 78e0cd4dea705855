/* log.h: structured log lines on standard error, as journald reads them.
 *
 *     <6>msg="decided" id=0193… verdict=approved
 *
 * One write(2) a line; values are quoted when they need it and shown visibly (text.h), so that nothing from
 * outside can forge a second line or a field.  The "<N>" priority (sd-daemon(3)) is written only when
 * standard error is not a terminal.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_LOG_H
#define WHOSH_LOG_H

enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARNING = 4, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 };

/* Lines above this level are dropped; INFO at start. */
void log_set_level(enum log_level level);

/* log_line(LOG_LEVEL_INFO, "decided", "id", id, "verdict", verdict, NULL): a message, then name and value
 * pairs, ended by NULL.  A NULL value leaves its pair out. */
void log_line(enum log_level level, const char *message, ...) __attribute__((sentinel));

#endif
