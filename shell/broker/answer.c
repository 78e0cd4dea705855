/* answer.c: what an answer that is not a yes says, in words for people.
 *
 * The approver's words are shown visibly: whoever sits on its address must not write to an agent's terminal.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/json.h"
#include "common/text.h"
#include "shell/broker/client.h"
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 1000 };

static const char prefix[] = "urn:whosh:problem:";

static cJSON *problem(const struct answer *answer)
{
	if (answer->failure != FAILURE_NONE || !answer->body || !answer->body->len)
		return NULL;
	return json_parse(answer->body->data, answer->body->len, NULL);
}

void answer_explain(const struct answer *answer, struct buf *out)
{
	if (answer->failure != FAILURE_NONE) {
		visible_add(out, answer->error, strnlen(answer->error, LONGEST));
		return;
	}
	cJSON *document JSON_AUTO = problem(answer);
	const char *words = document ? json_string(document, "detail") : NULL;
	if (!words && document)
		words = json_string(document, "title");
	if (words && *words)
		visible_add(out, words, strnlen(words, LONGEST));
	else
		buf_addf(out, "HTTP status %d", answer->status);
}

char *answer_kind(const struct answer *answer)
{
	cJSON *document JSON_AUTO = problem(answer);
	const char *type = document ? json_string(document, "type") : NULL;
	if (!type || strncmp(type, prefix, sizeof prefix - 1) != 0)
		return NULL;
	return strdup(type + sizeof prefix - 1);
}
