/* jwk.c: see jwk.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/jwk.h"
#include "common/codec.h"
#include <string.h>

bool jwk_ed25519(const cJSON *jwk, unsigned char key[KEY_BYTES])
{
	static const char *const names[] = {"kty", "crv", "x", NULL};
	const char *kty = json_string(jwk, "kty"), *crv = json_string(jwk, "crv"), *x = json_string(jwk, "x"),
		   *other;
	struct buf bytes BUF_AUTO = BUF_INIT;
	if (!kty || strcmp(kty, "OKP") || !crv || strcmp(crv, "Ed25519") || !x ||
	    !json_only(jwk, names, &other))
		return false;
	if (!base64url_decode(&bytes, x, strlen(x)) || bytes.failed || bytes.len != KEY_BYTES)
		return false;
	memcpy(key, bytes.data, KEY_BYTES);
	struct public_key *usable = public_key_new(key);
	public_key_free(usable);
	return usable != NULL;
}
