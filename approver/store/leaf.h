/* leaf.h: what a leaf of the log says, and the leaves of the group that is being made.
 *
 * A leaf is one JSON object on one line:
 *
 *	{"v":1,"n":INDEX,"ms":TIME,"kind":KIND,"subject":ID,"jws":JWS,"rows":[["TABLE",{…}],…]}
 *
 * The signed message stands in it as it was sent; events without one have "body", an object.  "subject" is
 * left out where the message names it.  "rows" is what the tables hold besides (change.h).  What is longer
 * than an entry of the log may be is a blob, and its entry {"v":1,"n":…,"ms":…,"kind":…,"blob":SHA-256}.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_STORE_LEAF_H
#define WHOSH_STORE_LEAF_H

#include "approver/store/store.h"
#include "common/buf.h"
#include <cjson/cJSON.h>

/* The leaves of a group, end to end; the last of an item is open until its rows are known. */
struct pending {
	struct buf text, rows; /* rows of the item that is being applied, without their brackets */
	struct pending_leaf {
		size_t at, len; /* len 0: open */
		size_t head;    /* up to the end of its kind */
		int64_t ms;
		enum event_kind kind;
	} * leaves;
	size_t n, cap;
	size_t item_leaves, item_text; /* when the item began */
};

void pending_cut(struct buf *buf, size_t len);
void pending_clear(struct pending *pending);
void pending_finish(struct pending *pending);
/* Begin a leaf, as the `index`th of the log; -1: out of memory. */
int pending_add(struct pending *pending, int64_t index, enum event_kind kind, int64_t ms, const char *subject,
		const void *body, size_t len);
void pending_item(struct pending *pending);
/* The item's rows go into its last leaf, or, when it has none, into one of kind `noted` (then *index grows).
 * false: out of memory. */
bool pending_keep(struct pending *pending, int64_t *index, int64_t ms);
void pending_drop(struct pending *pending);

/* A leaf that was read.  Strings are borrowed from the tree, `body` is a part of the text. */
struct leaf {
	cJSON *tree;
	int64_t n, ms;
	enum event_kind kind;
	const char *subject; /* NULL: none, or the message names it */
	const char *body;    /* the JWS, or the JSON object's own bytes */
	size_t body_len;
	const cJSON *rows;  /* an array, or NULL */
	const char *blob;   /* it is only the hash of what it says */
	const char *sealed; /* it is what it says, encrypted (seal.h) */
};
/* Is the message of this kind signed, as compact JWS? */
bool leaf_is_signed(enum event_kind kind);
/* Take apart the entry `n`; false when it is none.  Finish it either way. */
bool leaf_parse(struct leaf *leaf, int64_t n, const char *text, size_t len);
void leaf_finish(struct leaf *leaf);

#endif
