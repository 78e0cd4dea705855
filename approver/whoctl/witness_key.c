/* witness_key.c: a witness's key in its file; see witness_key.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/witness_key.h"
#include "approver/whoctl/newfile.h"
#include "common/keyfile.h"
#include "common/secure.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEY_ROOM = 1024 };

/* A signer of this name and key; false: the name is none for a key. */
static bool signer_of(struct note_signer *signer, const char *name, const struct signing_key *key)
{
	unsigned char d[KEY_BYTES], x[KEY_BYTES];
	signing_key_export(key, d, x);
	bool good = note_signer_make(signer, name, NOTE_COSIGNATURE, d);
	secure_wipe(d, sizeof d);
	return good;
}

int witness_key_load(const char *path, struct note_signer *signer)
{
	static const char *const members[] = {"v", "witness", "jwk", NULL};
	enum token_place place = TOKEN_FILE;
	char *error = NULL;
	const char *other;
	int64_t version;
	cJSON *json = keyfile_load(path, "a witness's key", &place, &error);
	if (!json) {
		int status = complain(EXIT_FAILED, "%s", error ? error : "out of memory");
		free(error);
		return status;
	}
	const char *name = json_string(json, "witness");
	bool known = cJSON_IsObject(json) && json_only(json, members, &other) &&
		     json_integer(json, "v", &version) && version == 1 && name;
	struct signing_key *key = known ? jwk_private(json_object(json, "jwk")) : NULL;
	bool good = key && signer_of(signer, name, key);
	signing_key_free(key);
	keyfile_forget(json);
	return good ? 0 : complain(EXIT_FAILED, "%s: not a witness's key", path);
}

/* The file, begun before there is a key: a folder that cannot be written is found out first. */
static int write_key(const char *path, const char *name, const struct signing_key *key)
{
	struct newfile file;
	struct buf content = BUF_INIT;
	int status = newfile_begin(&file, path, false);
	if (status == 0 && buf_reserve(&content, KEY_ROOM)) { /* at once: growing would leave copies behind */
		buf_adds(&content, "{\"v\":1,\"witness\":");
		json_add_string(&content, name, strlen(name));
		buf_addc(&content, ',');
		jwk_private_add(&content, key);
		buf_adds(&content, "}\n");
	}
	if (status == 0)
		status =
		    content.failed ? complain(EXIT_FAILED, "out of memory") : newfile_commit(&file, &content);
	buf_wipe(&content);
	newfile_finish(&file);
	return status;
}

int witness_key_new(const struct ctl *ctl)
{
	const char *path = ctl->option[OPT_NEW_KEY];
	char host[HOST_NAME_MAX + 1] = "";
	struct note_signer signer = {0};
	struct buf text BUF_AUTO = BUF_INIT;
	gethostname(host, HOST_NAME_MAX);
	const char *name = ctl->operands ? ctl->operand[0] : host;
	struct signing_key *key = signing_key_generate();
	if (!key)
		return complain(EXIT_FAILED, "no key could be made");
	int status = 0;
	if (!signer_of(&signer, name, key))
		status = complain_usage(ctl, "\"%s\" is no name for a key: no blanks, no +", name);
	else
		status = write_key(path, name, key);
	signing_key_free(key);
	note_vkey_add(&text, &signer.verifier);
	buf_addc(&text, '\n');
	note_signer_wipe(&signer);
	return status != 0 ? status : output(&text);
}
