/* keyfile.c: a file that holds a private key; see keyfile.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/keyfile.h"
#include "common/codec.h"
#include "common/error.h"
#include "common/io.h"
#include "common/secure.h"
#include <errno.h>
#include <string.h>

cJSON *keyfile_load(const char *path, const char *what, enum token_place *place, char **error)
{
	*error = NULL;
	const char *why = NULL;
	int fd FD_AUTO = token_file_open(path, place, error);
	if (fd < 0)
		return NULL;
	struct buf text = BUF_INIT;
	if (read_all(fd, TOKEN_MAX, &text)) {
		buf_wipe(&text);
		return error_set(error, "%s: %s", path,
				 errno == EFBIG ? "larger than 4 KiB" : strerror(errno)),
		       NULL;
	}
	cJSON *json = text.len ? json_parse(text.data, text.len, &why) : NULL;
	buf_wipe(&text);
	if (!json)
		error_set(error, "%s: not %s: %s", path, what, why ? why : "it is empty");
	return json;
}

static void wipe_tree(cJSON *json)
{
	for (; json; json = json->next) {
		if (json->valuestring)
			secure_wipe(json->valuestring, strlen(json->valuestring));
		if (json->child)
			wipe_tree(json->child);
	}
}

void keyfile_forget(cJSON *json)
{
	wipe_tree(json);
	cJSON_Delete(json);
}

struct signing_key *jwk_private(const cJSON *jwk)
{
	static const char *const members[] = {"kty", "crv", "x", "d", "kid", "alg", "use", NULL};
	const char *other, *kty = json_string(jwk, "kty"), *crv = json_string(jwk, "crv");
	const char *x = json_string(jwk, "x"), *d = json_string(jwk, "d");
	if (!kty || strcmp(kty, "OKP") || !crv || strcmp(crv, "Ed25519") || !x || !d ||
	    !json_only(jwk, members, &other))
		return NULL;
	struct buf public BUF_AUTO = BUF_INIT, private = BUF_INIT;
	struct signing_key *key = NULL;
	if (base64url_decode(&public, x, strlen(x)) && base64url_decode(&private, d, strlen(d)) &&
	    !public.failed && !private.failed && public.len == KEY_BYTES && private.len == KEY_BYTES)
		key =
		    signing_key_new((const unsigned char *)private.data, (const unsigned char *)public.data);
	buf_wipe(&private);
	return key;
}

void jwk_private_add(struct buf *out, const struct signing_key *key)
{
	unsigned char d[KEY_BYTES], x[KEY_BYTES];
	signing_key_export(key, d, x);
	buf_adds(out, "\"jwk\":{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"");
	base64url_encode(out, x, sizeof x);
	buf_adds(out, "\",\"d\":\"");
	base64url_encode(out, d, sizeof d);
	buf_adds(out, "\"}");
	secure_wipe(d, sizeof d);
}
