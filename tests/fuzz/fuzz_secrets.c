/* fuzz_secrets.c: findings are in order and within the text, hide nothing but data, and are found in any
 * bytes.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/secrets/find.h"
#include "approver/secrets/secrets.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char own_json[] =
    "{\"version\":1,\"patterns\":[{\"name\":\"a\",\"prefix\":\"ac\",\"chars\":\"a-z\","
    "\"min\":4,\"max\":9}]}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned char key[MASK_KEY_BYTES];
	struct findings found = {0};
	char *text = malloc(size + 1), *error = NULL; /* as large as it is: reading past its end is seen */
	if (!text)
		return 0;
	memcpy(text, data, size);
	struct own_patterns *own = own_patterns_parse(own_json, sizeof own_json - 1, &error);
	char *exact = realloc(text, size ? size : 1);
	find_secrets(&found, own, exact, size);
	size_t at = 0;
	for (size_t i = 0; i < found.n; i++) {
		struct finding f = found.list[i];
		if (f.start < at || f.end <= f.start || f.end > size)
			abort();
		at = f.end;
		/* a newline is only in a key; elsewhere it would hide a command */
		if (memchr(exact + f.start, '\n', f.end - f.start) &&
		    !memmem(exact, f.start, "PRIVATE KEY", 11))
			abort();
	}
	findings_finish(&found);
	own_patterns_free(own);
	own_patterns_free(own_patterns_parse(exact, size, &error));
	free(error);

	struct secrets *secrets = secrets_with_key(key);
	struct masking *masking = masking_new(secrets);
	struct buf out BUF_AUTO = BUF_INIT;
	bool failed = false;
	mask_text(masking, &out, exact, size);
	char *string = strndup(exact, size);
	free(mask_json(masking, string, &failed));
	free(string);
	masking_free(masking);
	secrets_free(secrets);
	free(exact);
	return 0;
}
