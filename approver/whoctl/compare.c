/* compare.c: `whoctl compare-models AGENT A B`: what an agent does otherwise since its model changed.
 *
 * The records of each model are read page by page, the newest first, and only counted.  The times of --since
 * and --until are taken once, so that all pages mean the same ones.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/compare.h"
#include "approver/whoctl/api.h"
#include "approver/whoctl/human.h"
#include "common/io.h"
#include "common/text.h"
#include "common/uuid.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINES_DEFAULT = 10000, LINES_MAX = 100000, PAGE = 500, PAGE_LEAST = 20 };

/* How far it is, on a terminal; nothing else may be written there meanwhile. */
static void progress(const struct comparison *comparison, int side, bool ended)
{
	struct buf text BUF_AUTO = BUF_INIT;
	if (!isatty(STDERR_FILENO))
		return;
	if (ended)
		buf_adds(&text, "\r\033[K");
	else
		buf_addf(&text, "\r%lld lines of %c are read", (long long)comparison->sample[side].lines,
			 "AB"[side]);
	if (!text.failed)
		write_all(STDERR_FILENO, text.data, text.len);
}

/* Count a page; *before is then its oldest command.  How many there were, -1 when out of memory, or -2 when
 * one is no record. */
static int count_page(struct sample *sample, const cJSON *records, char before[UUID_LEN + 1])
{
	int n = 0;
	const cJSON *record;
	cJSON_ArrayForEach(record, records)
	{
		const char *id = json_string(record, "id");
		if (!id || !uuid_valid(id))
			return -2;
		memcpy(before, id, UUID_LEN + 1);
		if (!sample_add(sample, record))
			return -1;
		n++;
	}
	return n;
}

/* Records may have a megabyte each: after a page that is too large come smaller ones. */
static int read_side(struct ctl *ctl, struct comparison *comparison, int side, const struct buf *base,
		     long limit)
{
	struct sample *sample = &comparison->sample[side];
	char before[UUID_LEN + 1] = "";
	int page = PAGE;
	while (sample->lines < limit) {
		struct buf path BUF_AUTO = BUF_INIT;
		char count[24];
		cJSON *records JSON_AUTO = NULL;
		bool too_large = false;
		int wanted = limit - sample->lines < page ? (int)(limit - sample->lines) : page;
		snprintf(count, sizeof count, "%d", wanted);
		buf_add(&path, base->data, base->len);
		query_add(&path, "model", comparison->model[side]);
		query_add(&path, "limit", count);
		query_add(&path, "before", *before ? before : NULL);
		if (path.failed)
			return complain(EXIT_FAILED, "out of memory");
		int status =
		    api_page(ctl, path.data, "commands", &records, page > PAGE_LEAST ? &too_large : NULL);
		if (status != 0)
			return status;
		if (too_large) {
			page = PAGE_LEAST;
			continue;
		}
		int n = count_page(sample, records, before);
		if (n < 0 || n > wanted)
			return n == -1 ? complain(EXIT_FAILED, "out of memory")
				       : complain(EXIT_UNREACHABLE,
						  "the approver's answer is no page of records");
		if (n < wanted)
			return 0;
		page = page * 2 < PAGE ? page * 2 : PAGE;
		progress(comparison, side, false);
	}
	comparison->cut[side] = true;
	return 0;
}

static int compare_read(struct ctl *ctl, struct comparison *comparison, long limit)
{
	struct buf base BUF_AUTO = BUF_INIT;
	buf_adds(&base, "/v1/audit");
	query_add(&base, "agent", comparison->agent);
	int status = query_add_time(ctl, &base, OPT_SINCE, "since");
	if (status == 0)
		status = query_add_time(ctl, &base, OPT_UNTIL, "until");
	if (status == 0 && base.failed)
		status = complain(EXIT_FAILED, "out of memory");
	for (int side = 0; status == 0 && side < 2; side++) {
		status = read_side(ctl, comparison, side, &base, limit);
		sample_close(&comparison->sample[side]);
		progress(comparison, side, true);
	}
	return status;
}

static int compare_tell(struct ctl *ctl, const struct comparison *comparison, long limit)
{
	int status;
	if (given(ctl, OPT_JSON)) {
		cJSON *json JSON_AUTO = comparison_json(comparison);
		status = json_output(json);
	} else {
		struct buf text BUF_AUTO = BUF_INIT;
		comparison_add(&text, comparison, &ctl->style);
		status = output(&text);
	}
	for (int side = 0; status == 0 && side < 2; side++)
		if (comparison->cut[side])
			complain(0, "of %c only the newest %ld lines were read: --limit N, at most %d",
				 "AB"[side], limit, LINES_MAX);
		else if (!comparison->sample[side].lines)
			complain(0, "there is no line of %c: %s", "AB"[side], comparison -> model[side]);
	return status;
}

/* Does `asked` mean the model, or all that a pattern `model` does, as for --model? */
static bool means(const char *asked, const char *model)
{
	size_t len = strlen(asked);
	if (strpbrk(asked, "*?["))
		return glob_match(asked, model);
	return !strchr(asked, '@') && !strncmp(asked, model, len) && model[len] == '@';
}

static int compare(struct ctl *ctl)
{
	struct comparison comparison = {.agent = ctl->operand[0],
					.model = {ctl->operand[1], ctl->operand[2]}};
	const char *count = ctl->option[OPT_LIMIT];
	char *end = NULL;
	long limit = count ? strtol(count, &end, 10) : LINES_DEFAULT;
	if (count && (end == count || *end || limit < 1 || limit > LINES_MAX))
		return complain_usage(ctl, "--limit is a number from 1 to %d, not \"%s\"", LINES_MAX, count);
	if (!name_valid(comparison.agent))
		return complain_usage(ctl, "\"%s\" is no agent's ID", comparison.agent);
	if (!*comparison.model[0] || !*comparison.model[1] ||
	    !strcmp(comparison.model[0], comparison.model[1]))
		return complain_usage(ctl, "compare-models takes two models that differ");
	if (means(comparison.model[0], comparison.model[1]) ||
	    means(comparison.model[1], comparison.model[0]))
		return complain_usage(ctl,
				      "one of the two models means the same lines as the other: write each "
				      "with its version");
	int status = compare_read(ctl, &comparison, limit);
	if (status == 0)
		status = compare_tell(ctl, &comparison, limit);
	sample_finish(&comparison.sample[0]);
	sample_finish(&comparison.sample[1]);
	return status;
}

const struct verb verb_compare_models = {
    .name = "compare-models",
    .operands = "AGENT A B",
    .help = "what an agent does otherwise with model B than with A",
    .least = 3,
    .most = 3,
    .options = OPTION(SINCE) | OPTION(UNTIL) | OPTION(LIMIT) | OPTION(JSON),
    .run = compare,
};
