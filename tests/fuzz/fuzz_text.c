/* fuzz_text.c: whatever is shown holds no byte that acts on a terminal.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/text.h"
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf out BUF_AUTO = BUF_INIT;
	visible_add(&out, (const char *)data, size);
	for (size_t i = 0; i < out.len; i++)
		if ((unsigned char)out.data[i] < 0x20 || out.data[i] == 0x7f)
			abort();
	if (!utf8_valid(out.data ? out.data : "", out.len))
		abort();
	return 0;
}
