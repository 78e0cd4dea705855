/* controls.h: how a table of controls is written.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_REPORT_CONTROLS_H
#define WHOSH_REPORT_CONTROLS_H

#include "approver/report/standard.h"

#define TOPIC(name) TOPIC_##name
#define SAMPLE_OF(name) (PICK_##name + 1)
#define STANDARD(symbol, its_name, its_title, table)                                                         \
	const struct standard symbol = {                                                                     \
	    .name = its_name, .title = its_title, .controls = table, .n = sizeof table / sizeof *table}

/* What no log of commands can say, in sentences that several controls share. */
#define ONLY_WHOSH                                                                                           \
	"Access by other ways than whosh (consoles, people's own accounts, applications) leaves no record "  \
	"here."
#define NOT_INSIDE                                                                                           \
	"What an approved program did inside itself is not in the log: the line is, and how it ended."

#endif
