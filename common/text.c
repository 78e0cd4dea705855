/* text.c: UTF-8, names, and a visible form of what could act or hide.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/text.h"
#include <string.h>

size_t utf8_next(const char *text, size_t len, uint32_t *code_point)
{
	const unsigned char *u = (const unsigned char *)text;
	if (!len)
		return 0;
	if (u[0] < 0x80) {
		*code_point = u[0];
		return 1;
	}
	size_t n = u[0] >= 0xc2 && u[0] < 0xe0   ? 2
		   : u[0] >= 0xe0 && u[0] < 0xf0 ? 3
		   : u[0] >= 0xf0 && u[0] < 0xf5 ? 4
						 : 0;
	if (!n || n > len)
		return 0;
	uint32_t v = u[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (u[i] & 0x3f);
	}
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	if (v < least[n] || v > 0x10ffff || (v >= 0xd800 && v < 0xe000))
		return 0;
	*code_point = v;
	return n;
}

bool utf8_valid(const char *text, size_t len)
{
	while (len) {
		/* Most text is ASCII: look at eight bytes at once. */
		uint64_t eight;
		if (len >= 8 && (memcpy(&eight, text, 8), !(eight & 0x8080808080808080u))) {
			text += 8;
			len -= 8;
			continue;
		}
		uint32_t c;
		size_t n = utf8_next(text, len, &c);
		if (!n)
			return false;
		text += n;
		len -= n;
	}
	return true;
}

struct range {
	uint32_t first, last;
};

static bool in_ranges(uint32_t c, const struct range *ranges, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

#define IN(c, table) in_ranges(c, table, sizeof table / sizeof *table)

/* Characters that act on a terminal, change the order of others, or cannot be seen (Unicode general
 * categories Cc, Cf, Zl, Zp, noncharacters, fillers that print as nothing). */
static const struct range hidden[] = {
    {0x00, 0x1f},     {0x7f, 0x9f},       {0xad, 0xad},       {0x34f, 0x34f},     {0x600, 0x605},
    {0x61c, 0x61c},   {0x6dd, 0x6dd},     {0x70f, 0x70f},     {0x115f, 0x1160},   {0x17b4, 0x17b5},
    {0x180b, 0x180f}, {0x200b, 0x200f},   {0x2028, 0x202e},   {0x2060, 0x206f},   {0x2800, 0x2800},
    {0x3164, 0x3164}, {0xfdd0, 0xfdef},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0},   {0xfff0, 0xfffb},
    {0xfffe, 0xffff}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
};

/* Blanks that are not the blank: they look like an argument's end where bash sees none. */
static const struct range odd_blanks[] = {
    {0xa0, 0xa0}, {0x1680, 0x1680}, {0x2000, 0x200a}, {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000},
};

/* Marks that sit on the character before (the common blocks). */
static const struct range combining[] = {
    {0x300, 0x36f},   {0x483, 0x489},   {0x591, 0x5bd},   {0x610, 0x61a},   {0x64b, 0x65f},
    {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
};

static const struct range wide[] = {
    {0x1100, 0x115f}, {0x2e80, 0x303e},   {0x3041, 0x33ff},   {0x3400, 0x4dbf},   {0x4e00, 0x9fff},
    {0xa000, 0xa4cf}, {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe4f},   {0xff00, 0xff60},
    {0xffe0, 0xffe6}, {0x1f300, 0x1f64f}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
};

size_t text_columns(const char *text, size_t len)
{
	size_t columns = 0;
	while (len) {
		uint32_t c;
		size_t n = utf8_next(text, len, &c);
		if (!n) {
			n = 1;
			c = '?';
		}
		columns += IN(c, combining) ? 0 : IN(c, wide) ? 2 : 1;
		text += n;
		len -= n;
	}
	return columns;
}

static void add_visible(struct buf *out, const char *text, size_t len, bool keep_lines)
{
	uint32_t before = 0;
	unsigned marks = 0;
	while (len) {
		uint32_t c;
		size_t n = utf8_next(text, len, &c);
		if (!n) {
			buf_addf(out, "\\x%02x", (unsigned char)*text);
			c = '?';
			n = 1;
		} else if (c == '\n' && keep_lines) {
			buf_addc(out, '\n');
		} else if (c == '\n' || c == '\t') {
			buf_adds(out, c == '\n' ? "\\n" : "\\t");
		} else if (c < 0x80 && (c < 0x20 || c == 0x7f)) {
			buf_addf(out, "\\x%02x", c);
		} else {
			/* A mark needs something to sit on, and a tower of them covers other lines. */
			bool mark = c >= 0x300 && IN(c, combining);
			marks = mark ? marks + 1 : 0;
			if ((c >= 0x80 && (IN(c, hidden) || IN(c, odd_blanks))) || (c & 0xfffe) == 0xfffe ||
			    (mark && (before <= 0x20 || marks > 3)))
				buf_addf(out, c > 0xffff ? "\\U%08x" : "\\u%04x", c);
			else
				buf_add(out, text, n);
		}
		before = c;
		text += n;
		len -= n;
	}
}

void visible_add(struct buf *out, const char *text, size_t len)
{
	add_visible(out, text, len, false);
}

void visible_add_lines(struct buf *out, const char *text, size_t len)
{
	add_visible(out, text, len, true);
}

static bool alphanumeric(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

void span_add(struct buf *out, int64_t seconds)
{
	long long s = seconds < 0 ? 0 : seconds;
	if (s < 60)
		buf_addf(out, "%lld s", s);
	else if (s < 3600)
		buf_addf(out, "%lld m %lld s", s / 60, s % 60);
	else if (s < 86400)
		buf_addf(out, "%lld h %lld m", s / 3600, s / 60 % 60);
	else
		buf_addf(out, "%lld d %lld h", s / 86400, s / 3600 % 24);
}

bool name_valid(const char *name)
{
	size_t len = strnlen(name, 65);
	if (len < 1 || len > 64 || !alphanumeric(name[0]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!alphanumeric(name[i]) && !strchr("._-@", name[i]))
			return false;
	return true;
}

bool uuid_valid(const char *id)
{
	if (strnlen(id, 37) != 36)
		return false;
	for (int i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		bool hex = (id[i] >= '0' && id[i] <= '9') || (id[i] >= 'a' && id[i] <= 'f');
		if (dash ? id[i] != '-' : !hex)
			return false;
	}
	return true;
}

/* One character of a pattern or text; a byte that is no UTF-8 counts as a character like no other. */
static size_t glob_next(const char *text, uint32_t *c)
{
	*c = (unsigned char)*text;
	if (*c < 0x80)
		return 1;
	size_t n = utf8_next(text, strnlen(text, 4), c);
	if (n)
		return n;
	*c = 0x110000 + (unsigned char)*text;
	return 1;
}

/* A [set] at `pattern`: its length, or 0 when it is not closed and '[' means itself. */
static size_t set_match(const char *pattern, uint32_t c, bool *in)
{
	size_t i = 1;
	bool negated = pattern[i] == '!' || pattern[i] == '^';
	if (negated)
		i++;
	*in = false;
	for (bool first = true; pattern[i] && (first || pattern[i] != ']'); first = false) {
		uint32_t low, high;
		i += glob_next(pattern + i, &low);
		high = low;
		if (pattern[i] == '-' && pattern[i + 1] && pattern[i + 1] != ']')
			i += 1 + glob_next(pattern + i + 1, &high);
		if (c >= low && c <= high)
			*in = true;
	}
	if (!pattern[i])
		return 0;
	*in = *in != negated;
	return i + 1;
}

/* A plain character or '?' at `pattern`: its length if it matches, else 0. */
static size_t one_match(const char *pattern, uint32_t c)
{
	uint32_t wanted;
	if (!*pattern)
		return 0;
	size_t n = glob_next(pattern, &wanted);
	return *pattern == '?' || wanted == c ? n : 0;
}

bool glob_match(const char *pattern, const char *text)
{
	/* The last '*' is the only one ever returned to, so the time is at most the product of the lengths.
	 * Where one set is not closed, none behind it is: that is looked for once.
	 */
	const char *star = NULL, *star_text = NULL, *unclosed = NULL;
	while (*text) {
		uint32_t c;
		bool in = false;
		if (*pattern == '*') {
			star = ++pattern;
			star_text = text;
			continue;
		}
		size_t n = glob_next(text, &c);
		bool may_close = *pattern == '[' && (!unclosed || pattern < unclosed);
		size_t set = may_close ? set_match(pattern, c, &in) : 0;
		if (may_close && !set)
			unclosed = pattern;
		size_t used = set ? (in ? set : 0) : one_match(pattern, c);
		if (used) {
			pattern += used;
			text += n;
			continue;
		}
		if (!star)
			return false;
		pattern = star;
		star_text += glob_next(star_text, &c);
		text = star_text;
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}
