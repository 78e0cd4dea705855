/* sample.c: counting lines: decisions, ends, sessions, run times; the programs are in sample_programs.c.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/sample.h"
#include "approver/whoctl/human.h"
#include "approver/whoctl/sample_programs.h"
#include <stdlib.h>
#include <string.h>

static bool is(const cJSON *record, const char *name, const char *value)
{
	const char *text = json_string(record, name);
	return text && !strcmp(text, value);
}

static void count(struct sample *sample, enum measure measure, bool holds)
{
	sample->shares[measure].of++;
	sample->shares[measure].count += holds;
}

static void count_decision(struct sample *sample, const cJSON *record)
{
	bool decided = json_string(record, "verdict") && !is(record, "verdict", "pending");
	bool by_policy = decided && is(record, "cause", "policy");
	bool by_review = decided && is(record, "cause", "review");
	bool denied = is(record, "verdict", "denied");
	count(sample, REVIEWED, !by_policy);
	if (decided && !by_policy)
		count(sample, UNDECIDED, !by_review);
	if (by_policy || by_review)
		count(sample, DENIED, denied);
	if (by_policy)
		count(sample, DENIED_BY_POLICY, denied);
	if (by_review)
		count(sample, DENIED_BY_REVIEW, denied);
}

static void count_end(struct sample *sample, const cJSON *record)
{
	bool lost = is(record, "outcome", "lost") || is(record, "state", "lost");
	if (!json_string(record, "outcome") && !lost)
		return;
	int64_t status = 0;
	bool exited = is(record, "outcome", "exited") && json_integer(record, "exit", &status);
	count(sample, FAILED, !exited || status != 0);
	count(sample, EXIT_NOT_0, exited && status != 0);
	count(sample, SIGNALED, is(record, "outcome", "signaled"));
	count(sample, NOT_RUN, is(record, "outcome", "not_run"));
	count(sample, LOST, lost);
}

/* Room for one more; the array, perhaps moved, or NULL. */
static void *more(void *array, size_t n, size_t *room, size_t size)
{
	if (n < *room)
		return array;
	size_t wanted = *room ? *room * 2 : 64;
	void *moved = reallocarray(array, wanted, size);
	if (moved)
		*room = wanted;
	return moved;
}

static bool count_run(struct sample *sample, const cJSON *record)
{
	int64_t started, ended;
	if (!json_time(record, "started", &started) || !json_time(record, "ended", &ended) || ended < started)
		return true;
	int64_t *times = more(sample->times, sample->n_times, &sample->room_times, sizeof *times);
	if (!times)
		return false;
	sample->times = times;
	times[sample->n_times++] = ended - started;
	return true;
}

/* The 16 bytes of a UUID: zeros for what is none. */
static bool count_session(struct sample *sample, const cJSON *record)
{
	void *ids = more(sample->ids, sample->n_ids, &sample->room_ids, sizeof *sample->ids);
	if (!ids)
		return false;
	sample->ids = ids;
	unsigned char *id = sample->ids[sample->n_ids++];
	const char *text = json_string(record, "session");
	memset(id, 0, 16);
	for (int digits = 0; text && *text && digits < 32; text++) {
		if (*text == '-')
			continue;
		int value = *text >= 'a' && *text <= 'f'   ? *text - 'a' + 10
			    : *text >= '0' && *text <= '9' ? *text - '0'
							   : 0;
		id[digits / 2] = (unsigned char)(id[digits / 2] << 4 | value);
		digits++;
	}
	return true;
}

bool sample_add(struct sample *sample, const cJSON *record)
{
	int64_t ts;
	sample->lines++;
	if (json_time(record, "ts", &ts)) {
		sample->first = !sample->first || ts < sample->first ? ts : sample->first;
		sample->last = ts > sample->last ? ts : sample->last;
	}
	count_decision(sample, record);
	count_end(sample, record);
	struct buf room BUF_AUTO = BUF_INIT;
	size_t len;
	const char *line = record_line(record, &room, &len);
	return count_run(sample, record) && count_session(sample, record) &&
	       count_programs(sample, line, len);
}

static int by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, 16);
}

void sample_close(struct sample *sample)
{
	if (sample->n_times)
		qsort(sample->times, sample->n_times, sizeof *sample->times, by_time);
	if (sample->n_ids)
		qsort(sample->ids, sample->n_ids, sizeof *sample->ids, by_bytes);
	for (size_t i = 0; i < sample->n_ids; i++)
		sample->sessions += !i || memcmp(sample->ids[i], sample->ids[i - 1], 16) != 0;
}

int64_t sample_median(const struct sample *sample)
{
	return sample->n_times ? sample->times[(sample->n_times - 1) / 2] : -1;
}

struct share sample_longer(const struct sample *sample, int64_t ms)
{
	size_t low = 0, high = sample->n_times;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (sample->times[middle] > ms)
			high = middle;
		else
			low = middle + 1;
	}
	return (struct share){(int64_t)(sample->n_times - low), (int64_t)sample->n_times};
}

int64_t samples_median(const struct sample *a, const struct sample *b)
{
	size_t i = 0, j = 0, half = (a->n_times + b->n_times + 1) / 2;
	int64_t at = -1;
	for (size_t taken = 0; taken < half; taken++)
		at = j == b->n_times || (i < a->n_times && a->times[i] <= b->times[j]) ? a->times[i++]
										       : b->times[j++];
	return at;
}

void sample_finish(struct sample *sample)
{
	for (size_t i = 0; i < sample->n_programs; i++)
		free(sample->programs[i].name);
	free(sample->programs);
	free(sample->times);
	free(sample->ids);
	*sample = (struct sample){0};
}
