/* exits.h: the exit statuses of whosh that are not the command's own.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_EXITS_H
#define WHOSH_EXITS_H

enum {
	EXIT_USAGE_ERROR = 2,    /* wrong use of an option, as bash */
	EXIT_UNREACHABLE = 69,   /* EX_UNAVAILABLE: no approver, or no answer that can be trusted */
	EXIT_UNREVIEWED = 75,    /* EX_TEMPFAIL: nobody reviewed in time */
	EXIT_IDENTITY = 77,      /* EX_NOPERM: bad token, wrong agent ID, bad chain, revoked */
	EXIT_CONFIGURATION = 78, /* EX_CONFIG */
	EXIT_DENIED = 126
};

#endif
