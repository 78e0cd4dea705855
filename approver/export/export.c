/* export.c: a run through the log, a slice at a time; see export.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/export/export.h"
#include "approver/export/export_formats.h"
#include "approver/export/export_item.h"
#include "common/clock.h"
#include "common/text.h"
#include <string.h>

/* A slice ends after so many events or so long: another request's turn on this thread. */
enum { SLICE_EVENTS = 4096, SLICE_MS = 4, LOOK_EVERY = 16 };

static const struct format {
	const char *name, *type;
	void (*write)(struct buf *out, const struct export_item *item);
} formats[EXPORT_FORMATS] = {
    [EXPORT_JSONL] = {"jsonl", "application/x-ndjson", export_jsonl},
    [EXPORT_OCSF] = {"ocsf", "application/x-ndjson", export_ocsf},
    [EXPORT_ECS] = {"ecs", "application/x-ndjson", export_ecs},
    [EXPORT_OTEL] = {"otel", "application/x-ndjson", export_otel},
    [EXPORT_CSV] = {"csv", "text/csv; charset=utf-8; header=present", export_csv},
};

const char *export_format_name(enum export_format format)
{
	return formats[format].name;
}

enum export_format export_format_parse(const char *name)
{
	int i = 0;
	while (i < EXPORT_FORMATS && strcmp(formats[i].name, name) != 0)
		i++;
	return (enum export_format)i;
}

const char *export_content_type(enum export_format format)
{
	return formats[format].type;
}

void export_begin(struct buf *out, enum export_format format)
{
	if (format == EXPORT_CSV)
		export_csv_head(out);
}

struct slice {
	struct export_run *run;
	struct store_reader *reader;
	export_fn *fn;
	void *arg;
	int64_t began;
	int events;
	bool ended; /* there are no more events to look at */
	bool failed;
	struct buf line, spare;
};

static bool wanted(const struct export_filter *filter, const struct export_item *item)
{
	int64_t ms = export_time(item);
	const char *agent = filter->agent ? export_agent(item) : NULL;
	return (!filter->since || ms >= filter->since) && (!filter->until || ms < filter->until) &&
	       (!filter->agent || (agent && !strcmp(agent, filter->agent)));
}

/* JSON in pure ASCII: beyond it there are only characters of strings (RFC 8259 section 7). */
static void escape_all(struct buf *line, struct buf *spare)
{
	buf_clear(spare);
	for (size_t at = 0, n; at < line->len; at += n) {
		uint32_t c;
		n = utf8_next(line->data + at, line->len - at, &c);
		if (n <= 1) {
			n = 1;
			if (line->data[at] == 0x7f)
				buf_adds(spare, "\\u007f");
			else
				buf_addc(spare, line->data[at]);
		} else if (c < 0x10000) {
			buf_addf(spare, "\\u%04x", c);
		} else {
			c -= 0x10000;
			buf_addf(spare, "\\u%04x\\u%04x", 0xd800 + (c >> 10), 0xdc00 + (c & 0x3ff));
		}
	}
	struct buf swap = *line;
	*line = *spare;
	*spare = swap;
}

static void write_line(struct slice *slice, const struct export_item *item)
{
	buf_clear(&slice->line);
	formats[slice->run->format].write(&slice->line, item);
	if (slice->run->ascii && !slice->line.failed)
		escape_all(&slice->line, &slice->spare);
}

static bool tell(struct slice *slice, struct export_item *item)
{
	size_t cut = slice->run->cut;
	item->approver = slice->run->approver;
	if (!wanted(&slice->run->filter, item))
		return true;
	write_line(slice, item);
	for (int i = 0; i < 2 && cut && slice->line.len > cut; i++) {
		export_item_cut(item);
		write_line(slice, item);
	}
	slice->failed = slice->line.failed;
	return !slice->failed && slice->fn(item, &slice->line, slice->arg);
}

static bool one_event(const struct store_event *event, void *arg)
{
	struct slice *slice = arg;
	struct export_run *run = slice->run;
	if (event->index >= run->end) {
		slice->ended = true;
		return false;
	}
	/* Nothing is received later than it is logged. */
	bool early = event->archived || event->ms < run->filter.since;
	struct export_item item;
	int filled = early ? 0 : export_item_fill(&item, slice->reader, event, run->end, run->secrets);
	slice->failed = filled < 0;
	bool more = filled < 0 ? false : filled == 0 ? true : tell(slice, &item);
	if (filled == 1)
		export_item_finish(&item);
	if (slice->failed)
		return false;
	run->after = event->index;
	slice->events++;
	if (!more || slice->events >= SLICE_EVENTS)
		return false;
	return slice->events % LOOK_EVERY || clock_mono_ms() - slice->began < SLICE_MS;
}

int export_some(struct export_run *run, struct store_reader *reader, export_fn *fn, void *arg)
{
	struct slice slice = {
	    .run = run, .reader = reader, .fn = fn, .arg = arg, .began = clock_mono_ms(), .line = BUF_INIT};
	int64_t before = run->after;
	int failed = run->after + 1 < run->end ? store_walk(reader, run->after, one_event, &slice) : 0;
	buf_finish(&slice.line);
	buf_finish(&slice.spare);
	if (failed || slice.failed)
		return -1;
	return !slice.ended && run->after + 1 < run->end && run->after > before;
}
