/* fuzz_jws.c: any bytes as a JWS: opened only in its one form, never verified under a key that did not sign
 * it.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/jws.h"
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf payload BUF_AUTO = BUF_INIT;
	static struct public_key *key;
	if (!key) {
		unsigned char x[KEY_BYTES];
		struct signing_key *made = signing_key_generate();
		signing_key_export(made, NULL, x);
		signing_key_free(made);
		key = public_key_new(x);
	}
	jws_open((const char *)data, size, JWS_COMMAND, &payload);
	if (jws_verify((const char *)data, size, key))
		abort();
	return 0;
}
