/* person.c: loading and writing a person's key file.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/person.h"
#include "common/error.h"
#include "common/keyfile.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

static struct person *parse(const char *path, const cJSON *json, char **error)
{
	static const char *const members[] = {"v", "person", "aud", "exp", "jwk", NULL};
	const char *other, *name = json_string(json, "person"), *aud = json_string(json, "aud");
	int64_t v, exp;
	if (cJSON_IsObject(json) && json_string(json, "sub"))
		return error_set(error, "%s: an agent's token file, not a person's key", path), NULL;
	if (!cJSON_IsObject(json) || !json_only(json, members, &other))
		return error_set(error, "%s: not a key file", path), NULL;
	if (!json_integer(json, "v", &v) || v != 1)
		return error_set(error, "%s: not a key file of version 1", path), NULL;
	if (!name || !name_valid(name) || !aud || !*aud)
		return error_set(error, "%s: names no person or no approver", path), NULL;
	if (!json_integer(json, "exp", &exp))
		return error_set(error, "%s: has no valid time", path), NULL;
	struct person *person = calloc(1, sizeof *person);
	if (!person)
		return error_set(error, "out of memory"), NULL;
	person->name = strdup(name);
	person->aud = strdup(aud);
	person->exp = exp;
	person->key = jwk_private(json_object(json, "jwk"));
	if (person->name && person->aud && person->key)
		return person;
	error_set(error, "%s: %s", path, person->key ? "out of memory" : "holds no valid Ed25519 key");
	person_free(person);
	return NULL;
}

struct person *person_load(const char *path, char **error)
{
	enum token_place place = TOKEN_FILE;
	cJSON *json = keyfile_load(path, "a key file", &place, error);
	struct person *person = json ? parse(path, json, error) : NULL;
	keyfile_forget(json);
	return person;
}

void person_free(struct person *person)
{
	if (!person)
		return;
	free(person->name);
	free(person->aud);
	signing_key_free(person->key);
	free(person);
}

void person_format(struct buf *out, const struct person *person)
{
	buf_adds(out, "{\"v\":1,\"person\":");
	json_add_string(out, person->name, strlen(person->name));
	buf_adds(out, ",\"aud\":");
	json_add_string(out, person->aud, strlen(person->aud));
	buf_addf(out, ",\"exp\":%lld,", (long long)person->exp);
	jwk_private_add(out, person->key);
	buf_adds(out, "}\n");
}
