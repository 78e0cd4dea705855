/* export_item.c: from an event of the log to a record without a format.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/export/export_item.h"
#include "common/jws.h"
#include "common/log.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

/* The most of each text at the first cut; the second leaves an eighth. */
enum { CUT_LINE = 512, CUT_TEXT = 128, CUT_FURTHER = 8 };

/* ── filling ───────────────────────────────────────────────────────────────────────────────────────────── */

/* A command appears at the last of its events that the run sees.  Its row may know of later ones already:
 * what ends while an export goes on must not be missing from it.  1 this is the one, 0, -1. */
static int appears_at(const struct store_event *event, const struct command_row *row,
		      struct store_reader *reader, int64_t end)
{
	bool ended = row->state == COMMAND_EXITED || row->state == COMMAND_LOST;
	int later;
	switch (event->kind) {
	case EVENT_COMMAND_REQUESTED:
		return row->state == COMMAND_PENDING || row->log_index >= end;
	case EVENT_COMMAND_DECIDED:
	case EVENT_COMMAND_UNKNOWN:
		if (!ended || (event->kind == EVENT_COMMAND_UNKNOWN && row->state == COMMAND_LOST))
			return 1;
		later = store_ended_between(reader, row->id, event->index, end);
		return later < 0 ? -1 : !later;
	default: /* an outcome */
		return ended;
	}
}

static bool is_of_command(enum event_kind kind)
{
	return kind == EVENT_COMMAND_REQUESTED || kind == EVENT_COMMAND_DECIDED ||
	       kind == EVENT_COMMAND_OUTCOME || kind == EVENT_COMMAND_UNKNOWN;
}

/* Mask what is not a command: every string of its body, and what it is about. */
static bool mask_event(struct export_item *item, const struct secrets *secrets)
{
	struct masking *masking = masking_new(secrets);
	struct buf subject = BUF_INIT;
	bool good = masking && (!item->body || mask_tree(masking, item->body));
	if (good && item->subject) {
		mask_text(masking, &subject, item->subject, strlen(item->subject));
		free(item->subject);
		item->subject = buf_take(&subject);
		good = item->subject != NULL;
	}
	item->masked = masking && masking_marks(masking);
	masking_free(masking);
	return good;
}

/* The one gate for a command's texts. */
static bool mask_command(struct export_item *item, const struct secrets *secrets)
{
	if (!masked_row_init(&item->shown, &item->stored, secrets))
		return false;
	item->masked = item->shown.marks != 0;
	item->row = item->shown.row;
	if (!item->row.line)
		return false;
	item->detail = item->row.detail ? json_parse(item->row.detail, strlen(item->row.detail), NULL) : NULL;
	return true;
}

static bool fill_event(struct export_item *item, const struct store_event *event,
		       const struct secrets *secrets)
{
	struct buf payload BUF_AUTO = BUF_INIT;
	const char *typ = event->kind == EVENT_DELEGATION        ? JWS_HOP
			  : event->kind == EVENT_COMMAND_OUTCOME ? JWS_OUTCOME
								 : NULL;
	bool is_jws = typ && jws_open(event->body, event->len, typ, &payload);
	item->body = is_jws ? json_parse(payload.data ? payload.data : "", payload.len, NULL)
			    : json_parse(event->body, event->len, NULL);
	if (event->subject && !(item->subject = strdup(event->subject)))
		return false;
	return mask_event(item, secrets);
}

static int fill_command(struct export_item *item, struct store_reader *reader,
			const struct store_event *event, int64_t end, const struct secrets *secrets)
{
	int found = event->subject ? store_command(reader, event->subject, &item->stored) : 0;
	if (found != 1)
		return found;
	item->is_command = true;
	enum command_state state = item->stored.state;
	int here = appears_at(event, &item->stored, reader, end);
	if (here)
		return here > 0 && mask_command(item, secrets) ? 1 : -1;
	/* An outcome of what was never approved is an alarm, and no part of the command's record. */
	bool alarm =
	    event->kind == EVENT_COMMAND_OUTCOME && (state == COMMAND_PENDING || state == COMMAND_DENIED);
	export_item_finish(item);
	return !alarm ? 0 : fill_event(item, event, secrets) ? 1 : -1;
}

int export_item_fill(struct export_item *item, struct store_reader *reader, const struct store_event *event,
		     int64_t end, const struct secrets *secrets)
{
	*item = (struct export_item){.index = event->index, .ms = event->ms, .kind = event->kind};
	if (event->kind == EVENT_NOTED)
		return 0; /* the tables' own */
	int filled = is_of_command(event->kind)         ? fill_command(item, reader, event, end, secrets)
		     : fill_event(item, event, secrets) ? 1
							: -1;
	if (filled < 0) {
		log_line(LOG_LEVEL_ERROR, "an event cannot be exported: out of memory, or the store fails",
			 NULL);
		export_item_finish(item);
	}
	return filled;
}

void export_item_finish(struct export_item *item)
{
	if (item->is_command) {
		masked_row_finish(&item->shown);
		command_row_finish(&item->stored);
	}
	cJSON_Delete(item->detail);
	cJSON_Delete(item->body);
	free(item->subject);
	item->is_command = false;
	item->detail = item->body = NULL;
	item->subject = NULL;
}

/* ── cutting ───────────────────────────────────────────────────────────────────────────────────────────── */

/* The most of `len` bytes that `max` holds, without a character cut in two. */
static size_t shorter(const char *text, size_t len, size_t max)
{
	if (len <= max)
		return len;
	while (max && ((unsigned char)text[max] & 0xc0) == 0x80)
		max--;
	return max;
}

static void cut_text(char *text, size_t max)
{
	if (text)
		text[shorter(text, strlen(text), max)] = '\0';
}

static void cut_body(cJSON *object, size_t max)
{
	for (cJSON *child = object ? object->child : NULL, *next; child; child = next) {
		next = child->next;
		if (cJSON_IsString(child))
			cut_text(child->valuestring, max);
		else if (cJSON_IsArray(child) || cJSON_IsObject(child))
			cJSON_Delete(cJSON_DetachItemViaPointer(object, child));
	}
}

void export_item_cut(struct export_item *item)
{
	struct command_row *row = &item->row;
	size_t text = item->cut ? CUT_TEXT / CUT_FURTHER : CUT_TEXT,
	       line = item->cut ? CUT_LINE / CUT_FURTHER : CUT_LINE;
	item->cut = true;
	cut_text(item->subject, text);
	if (!item->is_command) {
		cut_body(item->body, text);
		return;
	}
	char *const texts[] = {row->task, row->cwd,   row->reason, row->outcome_reason, row->agent_version,
			       row->host, row->model, row->user,   row->human};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		cut_text(texts[i], text);
	row->line_len = shorter(row->line, row->line_len, line);
	row->line[row->line_len] = '\0';
	row->chain = row->detail = NULL; /* whose they are frees them */
	cJSON_Delete(item->detail);
	item->detail = NULL;
	item->shown.row = *row;
}
