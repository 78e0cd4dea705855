/* fuzz_wire.c: any bytes on the socket between whosh and its broker.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/wire.h"
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf in BUF_AUTO = BUF_INIT;
	struct wire_message message;
	size_t whole, at = 0, len;
	enum wire_tag tag;
	const char *bytes;
	buf_add(&in, data, size);
	if (wire_next(&in, &message, &whole) != 1)
		return 0;
	while (wire_field(&message, &at, &tag, &bytes, &len))
		if (bytes + len > in.data + in.len)
			abort();
	free(wire_string(&message, WIRE_LINE));
	wire_number(&message, WIRE_STATUS, 0);
	return 0;
}
