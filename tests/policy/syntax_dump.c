/* syntax_dump.c: what the parser says of each line: NUL-ended lines in, one line of JSON each out.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/policy/syntax.h"
#include "common/codec.h"
#include "common/io.h"
#include <stdio.h>
#include <string.h>

static void word(const struct sh_word *w)
{
	struct buf text BUF_AUTO = BUF_INIT;
	hex_encode(&text, w->text, w->len);
	printf("[%d,\"%s\"]", (int)w->certainty, text.data ? text.data : "");
}

static void command(const struct sh_command *c)
{
	printf("{\"words\":[");
	for (size_t i = 0; i < c->n_words; i++) {
		printf(i ? "," : "");
		word(&c->words[i]);
	}
	printf("],\"writes\":[");
	int n = 0;
	for (size_t i = 0; i < c->n_redirects; i++)
		if (c->redirects[i].kind == SH_WRITE || c->redirects[i].kind == SH_APPEND) {
			printf(n++ ? "," : "");
			word(&c->redirects[i].target);
		}
	printf("]}");
}

int main(void)
{
	struct buf in BUF_AUTO = BUF_INIT;
	if (read_all(0, 64u << 20, &in))
		return 1;
	for (size_t at = 0; at < in.len; at += strlen(in.data + at) + 1) {
		struct sh_script *script = sh_parse(in.data + at, strlen(in.data + at));
		if (!script)
			return 1;
		printf("{\"doubt\":\"%s\",\"commands\":[", script->n_doubts ? script->doubts[0].why : "");
		for (size_t i = 0; i < script->n_commands; i++) {
			printf(i ? "," : "");
			command(&script->commands[i]);
		}
		printf("]}\n");
		sh_script_free(script);
	}
	return 0;
}
