/* leaf.c: leaves are made as text, without a tree between: it is on the way of every command.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/leaf.h"
#include "common/json.h"
#include "common/jws.h"
#include <stdlib.h>
#include <string.h>

/* Events that are a signed message, and the member of it that names whom they are about. */
static const struct {
	const char *typ, *member;
} messages[EVENT_KINDS] = {
    [EVENT_COMMAND_REQUESTED] = {JWS_COMMAND, "jti"},
    [EVENT_COMMAND_DECIDED] = {JWS_PERMIT, "id"},
    [EVENT_COMMAND_OUTCOME] = {JWS_OUTCOME, "command"},
    [EVENT_DELEGATION] = {JWS_HOP, "jti"},
};

bool leaf_is_signed(enum event_kind kind)
{
	return messages[kind].typ != NULL;
}

char *event_signed_subject(enum event_kind kind, const char *jws, size_t len)
{
	struct buf payload BUF_AUTO = BUF_INIT;
	if (!leaf_is_signed(kind) || !jws_open(jws, len, messages[kind].typ, &payload))
		return NULL;
	cJSON *claims JSON_AUTO = json_parse(payload.data ? payload.data : "", payload.len, NULL);
	const char *id = json_string(claims, messages[kind].member);
	return id ? strdup(id) : NULL;
}

bool event_kind_find(const char *name, enum event_kind *kind)
{
	for (int i = 0; i < EVENT_KINDS; i++)
		if (!strcmp(name, event_kind_name((enum event_kind)i))) {
			*kind = (enum event_kind)i;
			return true;
		}
	return false;
}

void pending_cut(struct buf *buf, size_t len)
{
	if (!buf->data || buf->failed)
		return;
	buf->len = len;
	buf->data[len] = '\0';
}

void pending_clear(struct pending *pending)
{
	buf_clear(&pending->text);
	buf_clear(&pending->rows);
	if (pending->text.failed)
		buf_finish(&pending->text);
	if (pending->rows.failed)
		buf_finish(&pending->rows);
	pending->n = 0;
	pending_item(pending);
}

void pending_finish(struct pending *pending)
{
	buf_finish(&pending->text);
	buf_finish(&pending->rows);
	free(pending->leaves);
}

static void close_last(struct pending *pending)
{
	struct pending_leaf *last = pending->n ? &pending->leaves[pending->n - 1] : NULL;
	if (!last || last->len)
		return;
	buf_addc(&pending->text, '}');
	last->len = pending->text.len - last->at;
}

int pending_add(struct pending *pending, int64_t index, enum event_kind kind, int64_t ms, const char *subject,
		const void *body, size_t len)
{
	struct buf *out = &pending->text;
	close_last(pending);
	if (pending->n == pending->cap) {
		size_t cap = pending->cap ? 2 * pending->cap : 64;
		struct pending_leaf *leaves = realloc(pending->leaves, cap * sizeof *leaves);
		if (!leaves)
			return -1;
		pending->leaves = leaves;
		pending->cap = cap;
	}
	pending->leaves[pending->n++] = (struct pending_leaf){.at = out->len, .ms = ms, .kind = kind};
	buf_reserve(out, len + 128);
	buf_adds(out, "{\"v\":1,\"n\":");
	buf_add_integer(out, index);
	buf_adds(out, ",\"ms\":");
	buf_add_integer(out, ms);
	buf_adds(out, ",\"kind\":\"");
	buf_adds(out, event_kind_name(kind));
	buf_addc(out, '"');
	pending->leaves[pending->n - 1].head = out->len - pending->leaves[pending->n - 1].at;
	if (subject && !leaf_is_signed(kind)) {
		buf_adds(out, ",\"subject\":");
		json_add_string(out, subject, strlen(subject));
	}
	if (leaf_is_signed(kind)) {
		buf_adds(out, ",\"jws\":");
		json_add_string(out, body, len);
	} else if (len) {
		buf_adds(out, ",\"body\":");
		buf_add(out, body, len);
	}
	return out->failed ? -1 : 0;
}

void pending_item(struct pending *pending)
{
	close_last(pending);
	pending->item_leaves = pending->n;
	pending->item_text = pending->text.len;
}

bool pending_keep(struct pending *pending, int64_t *index, int64_t ms)
{
	struct buf *rows = &pending->rows;
	if (rows->failed)
		return false;
	if (rows->len && pending->n == pending->item_leaves &&
	    pending_add(pending, (*index)++, EVENT_NOTED, ms, NULL, NULL, 0))
		return false;
	if (rows->len) {
		buf_adds(&pending->text, ",\"rows\":[");
		buf_add(&pending->text, rows->data, rows->len);
		buf_addc(&pending->text, ']');
		buf_clear(rows);
	}
	pending_item(pending);
	return !pending->text.failed;
}

void pending_drop(struct pending *pending)
{
	pending->n = pending->item_leaves;
	pending_cut(&pending->text, pending->item_text);
	buf_clear(&pending->rows);
}

/* ── reading ───────────────────────────────────────────────────────────────────────────────────────────── */

/* The object's own bytes: what stands in the text may be signed or hashed elsewhere, and is not written anew.
 * The text is JSON, and within a string the name would not stand without a backslash. */
static void find_body(struct leaf *leaf, const char *text, size_t len)
{
	static const char name[] = ",\"body\":";
	const char *at = memmem(text, len, name, sizeof name - 1), *end = text + len;
	if (!at)
		return;
	leaf->body = at += sizeof name - 1;
	int depth = 0;
	for (bool in_string = false; at < end; at++) {
		if (in_string && *at == '\\')
			at++;
		else if (*at == '"')
			in_string = !in_string;
		else if (!in_string && (*at == '{' || *at == '['))
			depth++;
		else if (!in_string && (*at == '}' || *at == ']') && !--depth)
			break;
	}
	leaf->body_len = at < end ? (size_t)(at + 1 - leaf->body) : 0;
}

bool leaf_parse(struct leaf *leaf, int64_t n, const char *text, size_t len)
{
	static const char *const names[] = {"v",    "n",    "ms",   "kind",   "subject", "jws",
					    "body", "rows", "blob", "sealed", NULL};
	int64_t version;
	const char *unknown;
	*leaf = (struct leaf){.tree = json_parse(text, len, NULL)};
	const char *kind = leaf->tree ? json_string(leaf->tree, "kind") : NULL;
	if (!kind || !event_kind_find(kind, &leaf->kind) || !json_only(leaf->tree, names, &unknown) ||
	    !json_integer(leaf->tree, "v", &version) || version != 1 ||
	    !json_integer(leaf->tree, "n", &leaf->n) || leaf->n != n ||
	    !json_integer(leaf->tree, "ms", &leaf->ms))
		return false;
	leaf->subject = json_string(leaf->tree, "subject");
	leaf->rows = json_array(leaf->tree, "rows");
	leaf->blob = json_string(leaf->tree, "blob");
	leaf->sealed = json_string(leaf->tree, "sealed");
	if (leaf->blob || leaf->sealed)
		return true;
	if (!leaf_is_signed(leaf->kind)) {
		find_body(leaf, text, len);
		return true;
	}
	leaf->body = json_string(leaf->tree, "jws");
	leaf->body_len = leaf->body ? strlen(leaf->body) : 0;
	return leaf->body != NULL;
}

void leaf_finish(struct leaf *leaf)
{
	cJSON_Delete(leaf->tree);
	*leaf = (struct leaf){0};
}
