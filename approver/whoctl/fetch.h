/* fetch.h: reports that the approver takes its time for, and where they are put.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WHOCTL_FETCH_H
#define WHOSH_WHOCTL_FETCH_H

#include "approver/whoctl/api.h"

/* GET an answer of application/x-ndjson: how far it is goes to standard error when that is a terminal; the
 * member `name` of the last line is the answer, detached and the caller's.  0 or an exit status. */
int report_fetch(struct ctl *ctl, const char *path, const char *name, cJSON **answer);

enum report_format { FORMAT_TEXT, FORMAT_JSON, FORMAT_HTML, FORMAT_CSV, FORMATS };
/* What --format and --json ask for, else what the name of --out ends with, else text; `allowed` has a bit for
 * each that the verb knows.  0 or an exit status. */
int report_format(struct ctl *ctl, unsigned allowed, enum report_format *format);
/* Write to --out (a new file, or with --force in the place of one; mode 0600) or to standard output. */
int report_output(struct ctl *ctl, const struct buf *text);

#endif
