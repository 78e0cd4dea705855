/* meaning.c: what a session has made of a line's words, and the files that the line reads.
 *
 * A line of a session is not all that decides what it does: `ls` may be a function by now.  What the approver
 * is shown of that is either whole and exact, or the line is refused.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/broker/meaning.h"
#include "common/codec.h"
#include "common/exits.h"
#include "common/json.h"
#include "common/text.h"
#include <string.h>

static const struct kind {
	const char *name;
	bool has_text;
} kinds[] = {{"function", true}, {"alias", true},   {"variable", false}, {"hash", true},
	     {"builtin", false}, {"option", false}, {"trap", true},      {"attribute", true}};

static const struct kind *kind_of(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strlen(kinds[i].name) == len && !memcmp(kinds[i].name, name, len))
			return &kinds[i];
	return NULL;
}

/* ,"text":"…", or as base64 when it is not UTF-8. */
static void text_member(struct buf *out, const char *text, size_t len)
{
	if (utf8_valid(text, len)) {
		buf_adds(out, ",\"text\":");
		json_add_string(out, text, len);
		return;
	}
	buf_adds(out, ",\"text_b64\":\"");
	base64_encode(out, text, len);
	buf_addc(out, '"');
}

/* KIND, TAB, NAME, and for kinds that have one TAB, TEXT. */
static bool add_meaning(struct buf *out, const char *bytes, size_t len, struct refusal *why)
{
	const char *end = bytes + len, *tab = memchr(bytes, '\t', len);
	const struct kind *kind = tab ? kind_of(bytes, (size_t)(tab - bytes)) : NULL;
	if (!kind || memchr(bytes, 0, len))
		return ask_refuse(why, EXIT_CONFIGURATION, NULL,
				  "what the shell says of its session cannot be understood");
	const char *name = tab + 1, *second = memchr(name, '\t', (size_t)(end - name));
	size_t name_len = (size_t)((second ? second : end) - name);
	if (!name_len || (kind->has_text ? !second : second && second + 1 != end))
		return ask_refuse(why, EXIT_CONFIGURATION, NULL, "the shell names no %s of its session",
				  kind->name);
	if (!utf8_valid(name, name_len))
		return ask_refuse(why, EXIT_DENIED, NULL, "the name of %s %s is not UTF-8",
				  strchr("aeiou", *kind->name) ? "an" : "a", kind->name);
	buf_addf(out, "{\"kind\":\"%s\",\"name\":", kind->name);
	json_add_string(out, name, name_len);
	if (kind->has_text)
		text_member(out, second + 1, (size_t)(end - second - 1));
	buf_addc(out, '}');
	return true;
}

/* PATH, NUL, TEXT. */
static bool add_sourced(struct buf *out, const char *bytes, size_t len, struct refusal *why)
{
	const char *end = bytes + len, *text = memchr(bytes, 0, len);
	if (!text || text == bytes)
		return ask_refuse(why, EXIT_CONFIGURATION, NULL, "the shell names no file that it reads");
	size_t path_len = (size_t)(text++ - bytes);
	if (!utf8_valid(bytes, path_len))
		return ask_refuse(why, EXIT_DENIED, NULL,
				  "the name of a file that the line reads is not UTF-8");
	if (memchr(text, 0, (size_t)(end - text)))
		return ask_refuse(why, EXIT_DENIED, NULL, "a file that the line reads holds a NUL byte");
	buf_adds(out, "{\"path\":");
	json_add_string(out, bytes, path_len);
	text_member(out, text, (size_t)(end - text));
	buf_addc(out, '}');
	return true;
}

static bool each(struct buf *out, const struct wire_message *ask, enum wire_tag wanted, const char *name,
		 bool (*add)(struct buf *, const char *, size_t, struct refusal *), struct refusal *why)
{
	size_t at = 0, len, count = 0;
	enum wire_tag tag;
	const char *bytes;
	while (wire_field(ask, &at, &tag, &bytes, &len)) {
		if (tag != wanted)
			continue;
		if (count++)
			buf_addc(out, ',');
		else
			buf_addf(out, ",\"%s\":[", name);
		if (!add(out, bytes, len, why))
			return false;
	}
	if (count)
		buf_addc(out, ']');
	return true;
}

bool meaning_add(struct buf *out, const struct wire_message *ask, struct refusal *why)
{
	return each(out, ask, WIRE_MEANING, "meaning", add_meaning, why);
}

bool sourced_add(struct buf *out, const struct wire_message *ask, struct refusal *why)
{
	return each(out, ask, WIRE_SOURCED, "sourced", add_sourced, why);
}
