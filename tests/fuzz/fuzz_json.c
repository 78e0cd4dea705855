/* fuzz_json.c: any bytes as strict JSON; as a policy; what we write we read.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/policy/policy.h"
#include "common/json.h"
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cJSON *json = json_parse((const char *)data, size, NULL);
	if (json) {
		char *error, *text = cJSON_PrintUnformatted(json);
		free(text);
		policy_free(policy_parse((const char *)data, size, &error));
		free(error);
	}
	cJSON_Delete(json);
	return 0;
}
