/* verify_tell.c: what `whoctl verify` found out, for people and for programs.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/human.h"
#include "approver/whoctl/table.h"
#include "approver/whoctl/verify.h"
#include "common/clock.h"
#include "common/codec.h"
#include "common/text.h"
#include <inttypes.h>
#include <string.h>

enum { OPEN_SHOWN = 20 };

void verification_finish(struct verification *v)
{
	signed_finish(&v->checkpoint);
	audit_findings_finish(&v->findings);
	cJSON_Delete(v->open);
}

void verification_open(const char *id, int64_t index, int64_t decided_ms, void *verification)
{
	struct verification *v = verification;
	char when[RFC3339_LEN + 1];
	cJSON *one = cJSON_CreateObject();
	if (!v->open)
		v->open = cJSON_CreateArray();
	rfc3339_format(decided_ms, when);
	cJSON_AddStringToObject(one, "id", id);
	cJSON_AddNumberToObject(one, "index", (double)index);
	cJSON_AddStringToObject(one, "approved", when);
	if (!cJSON_AddItemToArray(v->open, one))
		cJSON_Delete(one);
}

/* ── signatures ───────────────────────────────────────────────────────────────────────────────────────── */

static void check_log_signature(struct verification *v, const struct signed_checkpoint *checkpoint,
				const char *which)
{
	const struct note_verifier *key = &v->keys->log;
	int good = signed_by(checkpoint, key, NULL);
	if (strcmp(checkpoint->head.origin, key->name) != 0)
		audit_finding_add(&v->findings, -1, NULL, "%s is of another log (%s) than the key (%s)",
				  which, checkpoint->head.origin, key->name);
	else if (good != 1)
		audit_finding_add(&v->findings, -1, NULL, "%s is not signed by the log's key%s", which,
				  good < 0 ? ": the signature does not verify" : "");
}

void verification_signatures(struct verification *v, const struct signed_checkpoint *old)
{
	check_log_signature(v, &v->checkpoint, "the checkpoint");
	if (old)
		check_log_signature(v, old, "the older checkpoint");
	for (int i = 0; i < v->keys->witnesses; i++) {
		const struct note_verifier *key = &v->keys->witness[i];
		int good = signed_by(&v->checkpoint, key, &v->cosigned[i]);
		if (good == 0 && old)
			good = signed_by(old, key, &v->cosigned[i]);
		if (good == 1)
			continue;
		v->cosigned[i] = -1;
		audit_finding_add(&v->findings, -1, NULL,
				  good < 0 ? "the cosignature of %s does not verify"
					   : "it is not cosigned by %s",
				  key->name);
	}
}

/* ── for people ───────────────────────────────────────────────────────────────────────────────────────── */

static void label(struct buf *out, const char *name)
{
	buf_addf(out, "%-13s", name);
}

static void key_add(struct buf *out, const struct note_verifier *key)
{
	struct buf text BUF_AUTO = BUF_INIT;
	note_vkey_add(&text, key);
	visible_add(out, text.data ? text.data : "", text.len);
}

static void signature_lines(struct buf *out, const struct verification *v)
{
	char when[RFC3339_LEN + 1];
	label(out, "key");
	key_add(out, &v->keys->log);
	buf_addc(out, '\n');
	if (v->keys->own) {
		label(out, "");
		buf_adds(out,
			 v->command
			     ? "that is the proof's own word: hold it against a key you trust (--vkey)\n"
			     : "that is the copy's own word: hold it against a key you trust (--vkey)\n");
	}
	for (int i = 0; i < v->keys->witnesses; i++) {
		if (v->cosigned[i] < 0)
			continue;
		rfc3339_format(v->cosigned[i] * 1000, when);
		label(out, "cosigned");
		buf_addf(out, "by %s at %s\n", v->keys->witness[i].name, when);
	}
	if (v->old_size >= 0) {
		label(out, "grown");
		buf_addf(out, "from the older checkpoint's %" PRId64 " entries\n", v->old_size);
	}
}

static void content_lines(struct buf *out, const struct verification *v)
{
	const struct audit_counts *c = &v->counts;
	label(out, "commands");
	buf_addf(out,
		 "%" PRId64 " requested, %" PRId64 " approved, %" PRId64 " denied; %" PRId64
		 " outcomes, %" PRId64 " lost\n",
		 c->commands, c->approved, c->denied, c->outcomes, c->unknown);
	label(out, "reviews");
	buf_addf(out, "%" PRId64 "\n", c->reviews);
	label(out, "delegations");
	buf_addf(out, "%" PRId64 "\n", c->delegations);
	if (v->has_approver_key) {
		label(out, "approver key");
		base64url_encode(out, v->approver_key, KEY_BYTES);
		buf_adds(out, v->keys->has_approver ? "\n" : ", as the log itself says\n");
	}
	if (!v->command)
		label(out, "database");
	if (!v->command)
		buf_adds(out, v->database == 1 ? "held against the log\n" : "none beside the log\n");
	if (c->sealed) {
		label(out, "sealed");
		buf_addf(out, "%" PRId64 " entries are encrypted; hashes verified only\n", c->sealed);
	}
	if (c->unchecked) {
		label(out, "unchecked");
		buf_addf(out, "%" PRId64 " references to entries that are not here\n", c->unchecked);
	}
}

static void open_lines(struct buf *out, const struct verification *v)
{
	const cJSON *one;
	int shown = 0, all = cJSON_GetArraySize(v->open);
	if (!all)
		return;
	label(out, "open");
	buf_addf(out, "%d approved and without an outcome yet: still running, as far as the log can say\n",
		 all);
	cJSON_ArrayForEach(one, v->open)
	{
		int64_t index = 0;
		if (shown++ == OPEN_SHOWN)
			break;
		json_integer(one, "index", &index);
		label(out, "");
		buf_addf(out, "entry %" PRId64 ", command %s, approved %s\n", index, json_string(one, "id"),
			 json_string(one, "approved"));
	}
	if (all > OPEN_SHOWN) {
		label(out, "");
		buf_addf(out, "and %d more\n", all - OPEN_SHOWN);
	}
}

static void finding_lines(struct buf *out, const struct verification *v, const struct style *style)
{
	const struct findings *f = &v->findings;
	buf_addc(out, '\n');
	for (size_t i = 0; i < f->n; i++) {
		audit_finding_line(out, &f->kept[i]);
		buf_addc(out, '\n');
	}
	if (f->all > (int64_t)f->n)
		buf_addf(out, "and %" PRId64 " more\n", f->all - (int64_t)f->n);
	if (f->all)
		coloured_add(out, style, COLOUR_RED, "NOT VERIFIED");
	else
		coloured_add(out, style, COLOUR_GREEN, "verified");
	if (f->all)
		buf_addf(out, ": %" PRId64 " %s wrong\n", f->all, f->all == 1 ? "thing is" : "things are");
	else
		buf_adds(out, ": nothing is wrong\n");
}

static void text_add(struct buf *out, const struct verification *v, const struct style *style)
{
	const struct checkpoint *head = &v->checkpoint.head;
	if (v->command) {
		label(out, "proof of");
		buf_addf(out, "command %s, %" PRId64 " entries\n", v->command, v->counts.entries);
	}
	label(out, "log");
	visible_add(out, head->origin, strlen(head->origin));
	buf_addf(out, ", %" PRId64 " entries\n", head->size);
	label(out, "root");
	base64_encode(out, head->root.bytes, HASH_BYTES);
	buf_addc(out, '\n');
	signature_lines(out, v);
	if (v->archived) {
		label(out, "archived");
		buf_addf(out, "entries 0 to %" PRId64 " are archived; hashes verified only\n",
			 v->archived - 1);
	}
	if (v->unpublished) {
		label(out, "unpublished");
		buf_addf(out, "%" PRId64 " entries more, from the journal; verified as well\n",
			 v->unpublished);
	}
	if (v->beyond) {
		label(out, "beyond");
		buf_adds(out,
			 "the folder also holds entries of a larger tree: it grew while it was copied, or "
			 "this checkpoint is an old one\n");
	}
	if (v->looked_inside)
		content_lines(out, v);
	open_lines(out, v);
	finding_lines(out, v, style);
}

/* ── for programs ─────────────────────────────────────────────────────────────────────────────────────── */

static void json_key(cJSON *object, const char *name, const struct note_verifier *key)
{
	struct buf text BUF_AUTO = BUF_INIT;
	note_vkey_add(&text, key);
	cJSON_AddStringToObject(object, name, text.data ? text.data : "");
}

static void json_counts(cJSON *object, const struct audit_counts *c)
{
	const struct {
		const char *name;
		int64_t value;
	} all[] = {{"checked", c->entries},         {"commands", c->commands}, {"approved", c->approved},
		   {"denied", c->denied},           {"outcomes", c->outcomes}, {"lost", c->unknown},
		   {"delegations", c->delegations}, {"reviews", c->reviews},   {"sealed", c->sealed},
		   {"unchecked", c->unchecked}};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		cJSON_AddNumberToObject(object, all[i].name, (double)all[i].value);
}

static void json_findings(cJSON *object, const struct findings *f)
{
	cJSON *list = cJSON_AddArrayToObject(object, "findings");
	for (size_t i = 0; i < f->n; i++) {
		cJSON *one = cJSON_CreateObject();
		if (f->kept[i].index >= 0)
			cJSON_AddNumberToObject(one, "index", (double)f->kept[i].index);
		if (*f->kept[i].command)
			cJSON_AddStringToObject(one, "command", f->kept[i].command);
		cJSON_AddStringToObject(one, "text", f->kept[i].text);
		if (!cJSON_AddItemToArray(list, one))
			cJSON_Delete(one);
	}
	cJSON_AddNumberToObject(object, "wrong", (double)f->all);
}

static cJSON *json_of(struct verification *v)
{
	const struct checkpoint *head = &v->checkpoint.head;
	struct buf root BUF_AUTO = BUF_INIT;
	char when[RFC3339_LEN + 1];
	cJSON *object = cJSON_CreateObject();
	base64_encode(&root, head->root.bytes, HASH_BYTES);
	cJSON_AddBoolToObject(object, "verified", v->findings.all == 0);
	if (v->command)
		cJSON_AddStringToObject(object, "command", v->command);
	cJSON_AddStringToObject(object, "log", head->origin);
	cJSON_AddNumberToObject(object, "entries", (double)head->size);
	cJSON_AddStringToObject(object, "root", root.data ? root.data : "");
	json_key(object, "vkey", &v->keys->log);
	cJSON_AddBoolToObject(object, "own_key", v->keys->own);
	cJSON *witnesses = cJSON_AddArrayToObject(object, "cosigned");
	for (int i = 0; i < v->keys->witnesses; i++) {
		if (v->cosigned[i] < 0)
			continue;
		cJSON *one = cJSON_CreateObject();
		rfc3339_format(v->cosigned[i] * 1000, when);
		cJSON_AddStringToObject(one, "witness", v->keys->witness[i].name);
		cJSON_AddStringToObject(one, "at", when);
		if (!cJSON_AddItemToArray(witnesses, one))
			cJSON_Delete(one);
	}
	if (v->old_size >= 0)
		cJSON_AddNumberToObject(object, "old_entries", (double)v->old_size);
	cJSON_AddNumberToObject(object, "unpublished", (double)v->unpublished);
	cJSON_AddNumberToObject(object, "archived", (double)v->archived);
	cJSON_AddBoolToObject(object, "tree_only", !v->looked_inside);
	cJSON_AddBoolToObject(object, "database", v->database == 1);
	json_counts(object, &v->counts);
	if (v->open && cJSON_AddItemToObject(object, "open", v->open))
		v->open = NULL;
	else
		cJSON_AddArrayToObject(object, "open");
	json_findings(object, &v->findings);
	return object;
}

int verification_tell(const struct ctl *ctl, struct verification *v)
{
	int status;
	if (given(ctl, OPT_JSON)) {
		cJSON *object JSON_AUTO = json_of(v);
		status = json_output(object);
	} else {
		struct buf text BUF_AUTO = BUF_INIT;
		text_add(&text, v, &ctl->style);
		status = output(&text);
	}
	if (v->findings.failed)
		return complain(EXIT_FAILED, "out of memory");
	return status != 0 ? status : v->findings.all ? EXIT_FAILED : 0;
}
