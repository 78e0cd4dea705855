/* changed.h: what a session has made of a line, told to people: a reviewer who is shown `ls` must see that ls
 * is a function by now, and what it runs.
 *
 * Everything in it is an agent's and shown visibly, each line of a text behind a margin.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WHOCTL_CHANGED_H
#define WHOSH_WHOCTL_CHANGED_H

#include "approver/whoctl/human.h"
#include "approver/whoctl/whoctl.h"

enum changed_length {
	CHANGED_BRIEFLY, /* for a list: the beginnings of texts, and not every change */
	CHANGED_WHOLE    /* for one command: nearly all; what is longer still is cut, and told */
};

/* Append the record's `argv`, `meaning` and `sourced`, each line after `margin`; nothing when there are none.
 */
void changed_add(struct buf *out, const cJSON *record, const struct style *style, const char *margin,
		 enum changed_length length);
/* Append `before` and one line of names: "the session changed function ls and variable PATH; reads lib.sh".
 */
void changed_names_add(struct buf *out, const cJSON *record, const char *before);

#endif
