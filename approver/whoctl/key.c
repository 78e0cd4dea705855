/* key.c: `whoctl key new|list|revoke`: a person's own key, to sign delegations with.
 *
 * As with a credential (issue.c), the key pair is made here, only its public half is sent, and the file is
 * begun before the approver is asked; when it cannot be finished the key is revoked again.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/api.h"
#include "approver/whoctl/human.h"
#include "approver/whoctl/jwk.h"
#include "approver/whoctl/newfile.h"
#include "approver/whoctl/table.h"
#include "common/clock.h"
#include "common/person.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

#define EXPIRES_DEFAULT "1y"
#define KEY_ROOM 4096

static int revoke_key(struct ctl *ctl, const char *id)
{
	struct buf path BUF_AUTO = BUF_INIT;
	buf_adds(&path, "/v1/keys");
	path_add(&path, id);
	return api_json(ctl, "DELETE", path.data, NULL, NULL);
}

/* Put the key file's JSON together from the approver's row. */
static int format(const cJSON *row, struct signing_key *key, const char id[S256_LEN + 1], struct buf *out)
{
	const char *enrolled = json_string(row, "id"), *name = json_string(row, "person"),
		   *aud = json_string(row, "aud");
	int64_t until;
	if (!enrolled || strcmp(enrolled, id) != 0 || !name || !name_valid(name) || !aud ||
	    !json_time(row, "expires", &until))
		return complain(EXIT_UNREACHABLE, "the approver's answer is not the key that was enrolled");
	struct person person = {.exp = until / 1000, .key = key};
	person.name = strdup(name);
	person.aud = strdup(aud);
	bool ok = person.name && person.aud;
	if (ok && buf_reserve(out, KEY_ROOM)) /* at once: growing would leave copies of the key behind */
		person_format(out, &person);
	free(person.name);
	free(person.aud);
	return ok && !out->failed ? 0 : complain(EXIT_FAILED, "out of memory");
}

static int told(struct ctl *ctl, const cJSON *row)
{
	const char *file = ctl->option[OPT_OUT];
	if (given(ctl, OPT_JSON)) {
		cJSON *copy JSON_AUTO = cJSON_Duplicate(row, true);
		cJSON_AddStringToObject(copy, "key_file", file);
		return json_output(copy);
	}
	struct buf text BUF_AUTO = BUF_INIT;
	buf_adds(&text, "enrolled ");
	json_visible_add(&text, row, "id", "?");
	buf_adds(&text, " of ");
	json_visible_add(&text, row, "person", "?");
	buf_adds(&text, ", good until ");
	json_time_add(&text, row, "expires", "?");
	buf_adds(&text, ", in ");
	visible_add(&text, file, strlen(file));
	buf_addc(&text, '\n');
	return output(&text);
}

static int enrol(struct ctl *ctl, struct signing_key *key, struct newfile *file, int64_t expires_s)
{
	unsigned char x[KEY_BYTES];
	char id[S256_LEN + 1];
	struct buf content = BUF_INIT;
	cJSON *body JSON_AUTO = cJSON_CreateObject(), *row JSON_AUTO = NULL;
	signing_key_export(key, NULL, x);
	key_thumbprint(x, id);
	jwk_public_add(body, key);
	cJSON_AddNumberToObject(body, "expires_s", (double)expires_s);
	int status = api_send(ctl, "POST", "/v1/keys", body, &row);
	if (status != 0)
		return status;
	status = format(row, key, id, &content);
	if (status == 0)
		status = newfile_commit(file, &content);
	buf_wipe(&content);
	if (status == 0)
		return told(ctl, row);
	if (revoke_key(ctl, id) == 0)
		complain(0, "the key %s was revoked again", id);
	return status;
}

static int new (struct ctl *ctl)
{
	const char *out = ctl->option[OPT_OUT], *expires = ctl->option[OPT_EXPIRES];
	int64_t expires_s;
	if (!out || !*out || strcmp(out, "-") == 0)
		return complain_usage(ctl, "key new needs --out FILE: a private key is not printed");
	if (!duration_parse(expires ? expires : EXPIRES_DEFAULT, &expires_s) || expires_s == 0)
		return complain_usage(ctl, "--expires: \"%s\" is no duration; write 90d or 12h", expires);
	struct newfile file;
	struct signing_key *key = NULL;
	int status = newfile_begin(&file, out, given(ctl, OPT_FORCE));
	if (status == 0 && !(key = signing_key_generate()))
		status = complain(EXIT_FAILED, "no key could be made");
	if (status == 0)
		status = enrol(ctl, key, &file, expires_s);
	signing_key_free(key);
	newfile_finish(&file);
	return status;
}

static void state_cell(struct table *table, const cJSON *key, int64_t now_ms)
{
	int64_t revoked, expires;
	if (json_time(key, "revoked", &revoked))
		table_cell_coloured(table, COLOUR_RED, "revoked");
	else if (json_time(key, "expires", &expires) && expires <= now_ms)
		table_cell_coloured(table, COLOUR_RED, "expired");
	else
		table_cell_coloured(table, COLOUR_GREEN, "good");
}

static int list(struct ctl *ctl)
{
	static const char *const titles[] = {"KEY", "PERSON", "ENROLLED", "EXPIRES", "STATE", NULL};
	cJSON *keys JSON_AUTO = NULL;
	const cJSON *key;
	int status = api_list(ctl, "/v1/keys", "keys", &keys);
	if (status != 0)
		return status;
	if (given(ctl, OPT_JSON))
		return json_output(keys);
	struct buf text BUF_AUTO = BUF_INIT;
	struct table *table = table_new(titles);
	cJSON_ArrayForEach(key, keys)
	{
		struct buf issued BUF_AUTO = BUF_INIT, expires BUF_AUTO = BUF_INIT;
		if (given(ctl, OPT_QUIET)) {
			json_visible_add(&text, key, "id", "?");
			buf_addc(&text, '\n');
			continue;
		}
		json_time_add(&issued, key, "issued", "");
		json_time_add(&expires, key, "expires", "");
		table_cell(table, json_string(key, "id"));
		table_cell(table, json_string(key, "person"));
		table_cell(table, issued.data);
		table_cell(table, expires.data);
		state_cell(table, key, clock_wall_ms());
	}
	if (!given(ctl, OPT_QUIET))
		table_add(&text, table, &ctl->style, "nobody has enrolled a key");
	table_free(table);
	return output(&text);
}

static int revoke(struct ctl *ctl)
{
	struct buf text BUF_AUTO = BUF_INIT;
	int status = revoke_key(ctl, ctl->operand[0]);
	if (status != 0)
		return status;
	buf_adds(&text, "revoked ");
	visible_add(&text, ctl->operand[0], strlen(ctl->operand[0]));
	buf_adds(&text, ": whatever it signed is refused from now on\n");
	return output(&text);
}

const struct verb verb_key_new = {
    .name = "key new",
    .operands = "",
    .help = "make a key of your own, to sign delegations with",
    .most = 0,
    .options = OPTION(OUT) | OPTION(EXPIRES) | OPTION(FORCE) | OPTION(JSON),
    .run = new,
};

const struct verb verb_key_list = {
    .name = "key list",
    .operands = "",
    .help = "the keys that people sign delegations with",
    .most = 0,
    .options = OPTION(JSON) | OPTION(QUIET),
    .run = list,
};

const struct verb verb_key_revoke = {
    .name = "key revoke",
    .operands = "ID",
    .help = "end a person's key now",
    .least = 1,
    .most = 1,
    .run = revoke,
};
