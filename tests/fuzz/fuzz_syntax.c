/* fuzz_syntax.c: any bytes as a shell line: offsets stay inside it, and what is literal is whole.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/policy/syntax.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sh_script *script = sh_parse((const char *)data, size);
	for (size_t i = 0; script && i < script->n_commands; i++) {
		const struct sh_command *command = &script->commands[i];
		if (command->start > command->end || command->end > size)
			abort();
		for (size_t w = 0; w < command->n_words; w++) {
			const struct sh_word *word = &command->words[w];
			if (!word->text || word->start > word->end || word->end > size)
				abort();
			if (!script->n_doubts && strlen(word->text) != word->len)
				abort();
		}
	}
	sh_script_free(script);
	return 0;
}
