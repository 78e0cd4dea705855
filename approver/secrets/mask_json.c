/* mask_json.c: secrets in trees of JSON.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/secrets/find.h"
#include "approver/secrets/masking.h"
#include "common/json.h"
#include <stdlib.h>
#include <string.h>

/* Put what `out` holds in the place of a string, when it is another. */
static bool replace(cJSON *item, const struct buf *out)
{
	if (out->failed)
		return false;
	if (out->len == strlen(item->valuestring) &&
	    (!out->len || memcmp(out->data, item->valuestring, out->len) == 0))
		return true;
	char *text = cJSON_malloc(out->len + 1);
	if (!text)
		return false;
	memcpy(text, out->data, out->len + 1);
	cJSON_free(item->valuestring);
	item->valuestring = text;
	return true;
}

static bool mask_string(struct masking *m, cJSON *item)
{
	struct buf out BUF_AUTO = BUF_INIT;
	mask_text(m, &out, item->valuestring, strlen(item->valuestring));
	return replace(item, &out);
}

static bool is_list_of_words(const cJSON *item)
{
	const cJSON *word;
	if (!cJSON_IsArray(item) || !item->child || !item->child->next)
		return false;
	cJSON_ArrayForEach(word, item) if (!cJSON_IsString(word)) return false;
	return true;
}

/* A secret often is the word after the one that says so. */
static bool mask_words(struct masking *m, cJSON *list)
{
	struct buf line BUF_AUTO = BUF_INIT;
	struct findings found = {0};
	cJSON *word;
	cJSON_ArrayForEach(word, list)
	{
		buf_adds(&line, word->valuestring);
		buf_addc(&line, ' ');
	}
	bool good = !line.failed && mask_find(m, &found, line.data, line.len);
	size_t at = 0;
	cJSON_ArrayForEach(word, list) if (good)
	{
		struct buf out BUF_AUTO = BUF_INIT;
		size_t end = at + strlen(word->valuestring);
		mask_part(m, &found, &out, line.data, at, end);
		good = replace(word, &out);
		at = end + 1;
	}
	findings_finish(&found);
	return good;
}

/* No deeper than json_parse reads. */
bool mask_tree(struct masking *m, cJSON *tree)
{
	if (is_list_of_words(tree))
		return mask_words(m, tree);
	bool good = !cJSON_IsString(tree) || mask_string(m, tree);
	for (cJSON *child = tree ? tree->child : NULL; child && good; child = child->next)
		good = mask_tree(m, child);
	return good;
}

char *mask_json(struct masking *m, const char *json, bool *failed)
{
	size_t before = masking_marks(m);
	cJSON *tree JSON_AUTO = json_parse(json, strlen(json), NULL);
	if (!tree)
		return NULL; /* nothing was stored */
	bool good = mask_tree(m, tree);
	char *text = good && masking_marks(m) != before ? cJSON_PrintUnformatted(tree) : NULL;
	*failed |= !good || (masking_marks(m) != before && !text);
	return text;
}
