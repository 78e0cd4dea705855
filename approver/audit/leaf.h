/* leaf.h: one entry of the log, taken apart strictly.
 *
 *     {"v":1,"n":INDEX,"ms":UNIX_MS,"kind":KIND,"subject":ID,"jws":JWS | "body":OBJECT,"rows":[[TABLE,{…}] |
 * [TABLE],…]}
 *     {"v":1,"n":INDEX,"ms":UNIX_MS,"kind":KIND,"blob":SHA256_HEX}       the whole leaf is in the blob
 *     {"v":1,"n":INDEX,"ms":UNIX_MS,"kind":KIND,"sealed":BASE64URL,…}    encrypted at rest
 *
 * store/leaf.h says how they are written, and this shares nothing with that.  Only the form is judged here.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_AUDIT_LEAF_H
#define WHOSH_AUDIT_LEAF_H

#include "common/json.h"

enum leaf_kind {
	LEAF_COMMAND_REQUESTED,
	LEAF_COMMAND_DECIDED,
	LEAF_COMMAND_OUTCOME,
	LEAF_DELEGATION,
	LEAF_LOG_STARTED,
	LEAF_COMMAND_UNKNOWN,
	LEAF_REVIEW,
	LEAF_AGENT_DISABLED,
	LEAF_CREDENTIAL_REVOKED,
	LEAF_POLICY_LOADED,
	LEAF_DELEGATION_REVOKED,
	LEAF_KEY_REVOKED,
	LEAF_ENTRIES_ARCHIVED,
	LEAF_NOTED, /* rows only */
	LEAF_OTHER  /* of a known name, with nothing that is checked beyond its form */
};

/* Strings and objects are borrowed from `tree`; NULL when absent. */
struct audit_leaf {
	cJSON *tree;
	int64_t n, ms;
	enum leaf_kind kind;
	const char *name; /* of the kind: a literal */
	const char *typ;  /* of its JWS (jws.h); NULL: it has a body */
	const char *subject, *jws, *blob;
	const cJSON *body, *rows;
	bool sealed;
};

/* false with the reason in `why`.  Finish it either way. */
bool audit_leaf_parse(struct audit_leaf *leaf, const char *bytes, size_t len, char why[160]);
void audit_leaf_finish(struct audit_leaf *leaf);
/* The kind's name and its index among them; -1: there is no such kind. */
int audit_leaf_kind(const char *name);

#endif
