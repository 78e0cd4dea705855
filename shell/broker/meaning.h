/* meaning.h: what a session has made of a line's words, and the files that the line reads, for the approver.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BROKER_MEANING_H
#define BROKER_MEANING_H

#include "shell/broker/attributes.h"

/* Append ,"meaning":[…] and ,"sourced":[…]; nothing where the ask has none.  false with *why. */
bool meaning_add(struct buf *out, const struct wire_message *ask, struct refusal *why);
bool sourced_add(struct buf *out, const struct wire_message *ask, struct refusal *why);

#endif
