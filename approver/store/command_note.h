/* command_note.h: what a leaf notes of a command's row, and the row that comes of it again.
 *
 * Three notes, by what the signed messages of the command say already:
 *
 *	["answered",{…}]   asked and decided at once: nothing of the request and of the permit
 *	["asked",{…}]      it waits for a person: nothing of the request
 *	["command",{…}]    every column
 *
 * The chain of an agent that works for its owner is noted as `chain_since`, the time of its enrolment. `task`
 *and `detail` are noted when they are not the request's own words alone.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_STORE_COMMAND_NOTE_H
#define WHOSH_STORE_COMMAND_NOTE_H

#include "approver/store/derive.h"
#include <cjson/cJSON.h>

void command_note(struct buf *rows, const struct command_row *row);
/* Set those columns of `row` that the note has; the others are left as they are.  Strings are borrowed from
 * the note, but for the line, which is in `bytes`.  false: malformed. */
bool command_noted(struct command_row *row, const cJSON *note, struct buf *bytes);

#endif
