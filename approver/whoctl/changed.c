/* changed.c: arguments, functions, aliases, variables and sourced files behind a line; see changed.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/changed.h"
#include "approver/whoctl/quote.h"
#include "approver/whoctl/record.h"
#include "common/codec.h"
#include <string.h>

enum { NAME_COLUMNS = 120, NAMES_MAX = 6 };

static const struct {
	size_t text; /* bytes of each */
	int items;   /* of each list */
} limits[] = {[CHANGED_BRIEFLY] = {1500, 12}, [CHANGED_WHOLE] = {65536, 2000}};

static void name_add(struct buf *out, const cJSON *item, const char *member)
{
	const char *name = json_string(item, member);
	word_or_quoted_add(out, name ? name : "?", NAME_COLUMNS);
}

/* Append the bytes of text or text_b64; false when there is neither. */
static bool text_of(const cJSON *item, struct buf *text)
{
	const char *plain = json_string(item, "text"), *encoded = json_string(item, "text_b64");
	if (plain)
		buf_adds(text, plain);
	else if (encoded && !base64_decode(text, encoded, strlen(encoded)))
		buf_adds(text, encoded);
	return plain || encoded;
}

/* ", 812 bytes:" and the text below it, cut where it is too long. */
static void text_add(struct buf *out, const struct buf *text, const struct style *style, const char *margin,
		     size_t most)
{
	struct buf edge BUF_AUTO = BUF_INIT, rest BUF_AUTO = BUF_INIT;
	size_t shown = text->len > most ? most : text->len;
	while (shown < text->len && shown && (text->data[shown] & 0xC0) == 0x80) /* not inside a character */
		shown--;
	buf_addf(out, ", %zu byte%s%s\n", text->len, text->len == 1 ? "" : "s", text->len ? ":" : "");
	buf_addf(&edge, "%s  │ ", margin);
	if (text->len)
		text_lines_add(out, text->data, shown, edge.data ? edge.data : "");
	if (shown == text->len)
		return;
	buf_addf(&rest, "%s  … the other %zu bytes are not shown", margin, text->len - shown);
	coloured_add(out, style, COLOUR_YELLOW, rest.data ? rest.data : "");
	buf_addc(out, '\n');
}

static void list_add(struct buf *out, const cJSON *list, const struct style *style, const char *margin,
		     enum changed_length length, bool files)
{
	const cJSON *item;
	int n = 0, all = cJSON_GetArraySize(list);
	cJSON_ArrayForEach(item, list)
	{
		struct buf text BUF_AUTO = BUF_INIT;
		if (n++ == limits[length].items) {
			buf_addf(out, "%s… and %d more\n", margin, all - n + 1);
			return;
		}
		buf_adds(out, margin);
		coloured_add(out, style, COLOUR_YELLOW, files ? "reads the file " : "the session changed ");
		if (!files) {
			json_visible_add(out, item, "kind", "?");
			buf_addc(out, ' ');
		}
		name_add(out, item, files ? "path" : "name");
		if (text_of(item, &text))
			text_add(out, &text, style, margin, limits[length].text);
		else
			buf_addc(out, '\n');
	}
}

/* ARG0 ARG… of a line or a script: what a line does with "$1" is decided there. */
static void arguments_add(struct buf *out, const cJSON *list, const struct style *style, const char *margin,
			  enum changed_length length)
{
	const cJSON *item;
	int n = 0, all = cJSON_GetArraySize(list);
	cJSON_ArrayForEach(item, list)
	{
		struct buf text BUF_AUTO = BUF_INIT;
		if (n++ == limits[length].items) {
			buf_addf(out, "%s… and %d more\n", margin, all - n + 1);
			return;
		}
		buf_adds(&text, cJSON_IsString(item) ? item->valuestring : "?");
		buf_adds(out, margin);
		coloured_add(out, style, COLOUR_YELLOW, "is given the argument");
		text_add(out, &text, style, margin, limits[length].text);
	}
}

void changed_add(struct buf *out, const cJSON *record, const struct style *style, const char *margin,
		 enum changed_length length)
{
	arguments_add(out, json_array(record, "argv"), style, margin, length);
	list_add(out, json_array(record, "meaning"), style, margin, length, false);
	list_add(out, json_array(record, "sourced"), style, margin, length, true);
}

static void names_add(struct buf *out, const cJSON *list, const char *before, bool files)
{
	const cJSON *item;
	int n = 0, all = cJSON_GetArraySize(list);
	cJSON_ArrayForEach(item, list)
	{
		buf_adds(out, n++ ? ", " : before);
		if (n > NAMES_MAX) {
			buf_addf(out, "and %d more", all - n + 1);
			return;
		}
		if (!files) {
			json_visible_add(out, item, "kind", "?");
			buf_addc(out, ' ');
		}
		name_add(out, item, files ? "path" : "name");
	}
}

void changed_names_add(struct buf *out, const cJSON *record, const char *before)
{
	const cJSON *meaning = json_array(record, "meaning"), *sourced = json_array(record, "sourced");
	bool changed = meaning && meaning->child, reads = sourced && sourced->child;
	if (!changed && !reads)
		return;
	buf_adds(out, before);
	names_add(out, meaning, "the session changed: ", false);
	names_add(out, sourced, changed ? "; reads: " : "reads: ", true);
}
