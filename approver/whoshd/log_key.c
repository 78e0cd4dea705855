/* log_key.c: DIR/log.key, a JWK (RFC 8037), and DIR/log.vkey, a note's verifier key.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoshd/log_key.h"
#include "common/codec.h"
#include "common/error.h"
#include "common/io.h"
#include "common/json.h"
#include "common/jws.h"
#include "common/secure.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FILE = 4096 };

static bool put(const char *dir, const char *name, const struct buf *text, mode_t mode, char **error)
{
	char path[4200];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	if (!text->failed && !write_file_durable(path, text->data, text->len, mode))
		return true;
	return error_set(error, "%s: %s", path, text->failed ? "out of memory" : strerror(errno));
}

static bool make(const char *dir, struct note_signer *signer, const char *name, char **error)
{
	unsigned char seed[KEY_BYTES];
	struct buf jwk = BUF_INIT, vkey BUF_AUTO = BUF_INIT;
	secure_random(seed, sizeof seed);
	bool good = note_signer_make(signer, name, NOTE_ED25519, seed) ||
		    error_set(error, "%s: no name for a key", name);
	buf_adds(&jwk, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"");
	base64url_encode(&jwk, signer->verifier.public, sizeof signer->verifier.public);
	buf_adds(&jwk, "\",\"d\":\"");
	base64url_encode(&jwk, seed, sizeof seed);
	buf_adds(&jwk, "\"}\n");
	secure_wipe(seed, sizeof seed);
	note_vkey_add(&vkey, &signer->verifier);
	buf_addc(&vkey, '\n');
	/* The key last: once it is there, so is all that belongs to it. */
	good = good && put(dir, "log.vkey", &vkey, 0644, error) && put(dir, "log.key", &jwk, 0400, error);
	buf_wipe(&jwk);
	return good;
}

static bool parse(struct buf *text, struct note_signer *signer, const char *name)
{
	cJSON *jwk = json_parse(text->data ? text->data : "", text->len, NULL);
	cJSON *d = jwk ? cJSON_GetObjectItemCaseSensitive(jwk, "d") : NULL;
	struct buf seed = BUF_INIT;
	bool good = cJSON_IsString(d) && base64url_decode(&seed, d->valuestring, strlen(d->valuestring)) &&
		    seed.len == KEY_BYTES &&
		    note_signer_make(signer, name, NOTE_ED25519, (unsigned char *)seed.data);
	if (cJSON_IsString(d))
		secure_wipe(d->valuestring, strlen(d->valuestring));
	cJSON_Delete(jwk);
	buf_wipe(&seed);
	return good;
}

struct note_signer *log_key_load(const char *dir, const char *name, char **error)
{
	char path[4200];
	struct buf text = BUF_INIT;
	struct note_signer *signer = calloc(1, sizeof *signer);
	snprintf(path, sizeof path, "%s/log.key", dir);
	bool good = signer != NULL;
	if (good && read_file(path, MAX_FILE, &text))
		good = errno == ENOENT ? make(dir, signer, name, error)
				       : error_set(error, "%s: %s", path, strerror(errno));
	else if (good)
		good = parse(&text, signer, name) || error_set(error, "%s is not a usable key", path);
	buf_wipe(&text);
	if (good)
		return signer;
	log_key_free(signer);
	return NULL;
}

void log_key_free(struct note_signer *signer)
{
	if (!signer)
		return;
	note_signer_wipe(signer);
	free(signer);
}
