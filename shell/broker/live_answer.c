/* live_answer.c: what the answer to a poll brings.
 *
 * Each part is looked up anew: what one is told may free others.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/clock.h"
#include "common/json.h"
#include "shell/broker/live_inner.h"
#include <string.h>

/* Whoever was named by this poll is confirmed.  Until when: the approver answers within the time that the
 * poll waits; an answer that comes later was held up, and says nothing of the time after. */
static void confirm(struct live *live, const struct poll *poll)
{
	int64_t now = clock_mono_ms(), until = poll->sent + poll->wait_ms;
	if (until > now || now - until < 1000)
		until = now;
	for (size_t i = 0; i < LIVE_BUCKETS; i++)
		for (struct live_entry *entry = live->bucket[i]; entry; entry = entry->next) {
			if (entry->since <= poll->sent && until > entry->confirmed)
				entry->confirmed = until;
			if (entry->killed && poll->number > entry->ordered)
				entry->acknowledged = true;
		}
	for (size_t i = 0; i < LIVE_BUCKETS; i++)
		for (struct live_entry *entry = live->bucket[i], *next; entry; entry = next) {
			next = entry->next;
			if (entry->kind == LIVE_OVER && entry->acknowledged)
				entry->over(entry);
		}
}

static int permits(struct live *live, const cJSON *answer)
{
	int count = 0;
	const cJSON *item;
	cJSON_ArrayForEach(item, json_object(answer, "permits"))
	{
		struct live_entry *entry = item->string ? live_find(live, item->string) : NULL;
		if (!entry || entry->kind != LIVE_PENDING || !cJSON_IsString(item))
			continue;
		entry->decided(entry, item->valuestring, strlen(item->valuestring));
		count++;
	}
	return count;
}

static int gone(struct live *live, const cJSON *answer)
{
	int count = 0;
	const cJSON *item;
	cJSON_ArrayForEach(item, json_array(answer, "gone"))
	{
		struct live_entry *entry = cJSON_IsString(item) ? live_find(live, item->valuestring) : NULL;
		if (!entry || entry->kind != LIVE_PENDING)
			continue;
		entry->unknown(entry);
		count++;
	}
	return count;
}

static int kills(struct live *live, const cJSON *answer)
{
	int count = 0;
	const cJSON *item;
	cJSON_ArrayForEach(item, json_object(answer, "kills"))
	{
		struct live_entry *entry = item->string ? live_find(live, item->string) : NULL;
		if (!entry || entry->kind == LIVE_PENDING || entry->kind == LIVE_OVER)
			continue;
		bool known = entry->killed;
		entry->killed = true;
		/* Told again: what was said to the first telling did not arrive. */
		entry->acknowledged = false;
		entry->ordered = live->number;
		if (known)
			continue;
		/* An order that does not say why is an order all the same. */
		const char *reason = json_string(item, "reason"), *by = json_string(item, "by");
		entry->kill(entry, reason && *reason ? reason : "no reason was given", by && *by ? by : NULL);
		count++;
	}
	return count;
}

int live_hand_out(struct live *live, const struct poll *poll, const struct buf *body)
{
	cJSON *answer JSON_AUTO = json_parse(body->data ? body->data : "", body->len, NULL);
	if (!answer || !cJSON_IsObject(answer))
		return -1;
	int64_t lease;
	if (json_integer(answer, "lease_s", &lease) && lease > 0 && lease <= 86400)
		live->lease_ms = lease * 1000;
	confirm(live, poll);
	return kills(live, answer) + permits(live, answer) + gone(live, answer);
}
