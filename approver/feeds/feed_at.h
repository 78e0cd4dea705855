/* feed_at.h: how far a feed has come, in a file of its own: DIR/feeds/NAME.at, one number and a newline.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_FEEDS_FEED_AT_H
#define WHOSH_FEEDS_FEED_AT_H

#include <stdint.h>

/* 1 with the index up to which everything was acknowledged (-1: nothing yet), 0 when the feed is new, -1
 * after logging why it cannot be read. */
int feed_at_load(const char *dir, const char *name, int64_t *at);
/* Replace it, atomically and durably.  0, or -1 with errno. */
int feed_at_save(const char *dir, const char *name, int64_t at);

#endif
