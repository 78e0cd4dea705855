/* export.h: the audit log for other programs: one record for what happened, in one of five formats.
 *
 * The idea.  A run goes through the log in its own order, a slice at a time, and holds nothing between two
 * slices but the number of the last event it has seen: a client that reads slowly costs a few bytes, one that
 * comes back goes on after the number of its last record.
 *
 * A command is several events and one record: it appears as it stands, at its last event: the outcome, else
 * the decision, else (while it waits for a person) the request.  So a whole export has each command once; one
 * that was still running appears again, with its outcome, in the export that goes on from there.  Every other
 * event is a record of its own.  Signed messages themselves are not exported: they hold texts unmasked, and
 * what proves them is the log.
 *
 * In every format a record is one line, and the first number in that line is its log index (in CSV, whose
 * first line has the names of the columns, the first field).
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_EXPORT_EXPORT_H
#define WHOSH_EXPORT_EXPORT_H

#include "approver/store/store.h"
#include "common/buf.h"

enum export_format { EXPORT_JSONL, EXPORT_OCSF, EXPORT_ECS, EXPORT_OTEL, EXPORT_CSV, EXPORT_FORMATS };
const char *export_format_name(enum export_format format);
enum export_format export_format_parse(const char *name); /* EXPORT_FORMATS when it is none */
const char *export_content_type(enum export_format format);

struct export_item;
struct secrets;

/* What is wanted.  Times are ms since 1970, of the record: when a command was received, when another event
 * was logged. 0 and NULL: no condition. */
struct export_filter {
	int64_t since, until;
	const char *agent;
};

struct export_run {
	enum export_format format;
	const char *approver;          /* our name; borrowed */
	const struct secrets *secrets; /* what is masked; borrowed */
	struct export_filter filter;   /* borrowed */
	int64_t after;                 /* the last event seen; -1 before the first */
	int64_t end;                   /* events from this number on are not looked at */
	bool ascii;                    /* what is beyond ASCII is written as JSON escapes; not for CSV */
	size_t cut;                    /* a record beyond so many bytes is told in short; 0: never */
};

/* Called with each record's item and its line (with the line's end); false stops the run after it. */
typedef bool export_fn(const struct export_item *item, const struct buf *line, void *arg);

/* What comes before the first record: the names of CSV's columns. */
void export_begin(struct buf *out, enum export_format format);
/* Go on for a slice: some thousand events, or until a few milliseconds have passed, or fn has enough.
 * run->after has moved then.  1: there is more; 0: the end was reached; -1 after logging why. */
int export_some(struct export_run *run, struct store_reader *reader, export_fn *fn, void *arg);

#endif
