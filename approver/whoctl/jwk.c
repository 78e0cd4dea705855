/* jwk.c: the public half of a key pair as the approver is sent it.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/jwk.h"
#include "common/codec.h"

void jwk_public_add(cJSON *body, const struct signing_key *key)
{
	unsigned char x[KEY_BYTES];
	struct buf text BUF_AUTO = BUF_INIT;
	cJSON *jwk = cJSON_AddObjectToObject(body, "jwk");
	signing_key_export(key, NULL, x);
	base64url_encode(&text, x, KEY_BYTES);
	cJSON_AddStringToObject(jwk, "kty", "OKP");
	cJSON_AddStringToObject(jwk, "crv", "Ed25519");
	cJSON_AddStringToObject(jwk, "x", text.data ? text.data : "");
}
