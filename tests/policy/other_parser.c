/* other_parser.c: where another parser of bash sees a command and ours does not.
 *
 *     other_parser GRAMMAR.so < NUL-ended lines
 *
 * GRAMMAR.so is tree-sitter-bash.  For each line that ours has no doubt about and the other one understands
 * too, the commands that begin where ours lists none: one line of JSON each, {"line":N,"at":OFFSET}.  Then
 * one with the number of lines that were compared.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/policy/syntax.h"
#include "common/io.h"
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <tree_sitter/api.h>

static bool listed(const struct sh_script *script, size_t at)
{
	for (size_t i = 0; i < script->n_commands; i++)
		if (script->commands[i].n_words && script->commands[i].words[0].start == at)
			return true;
	return false;
}

/* Every command_name below a node, depth first. */
static void compare(TSNode node, const struct sh_script *script, size_t line)
{
	if (!strcmp(ts_node_type(node), "command_name") && !listed(script, ts_node_start_byte(node)))
		printf("{\"line\":%zu,\"at\":%u}\n", line, ts_node_start_byte(node));
	for (uint32_t i = 0; i < ts_node_child_count(node); i++)
		compare(ts_node_child(node, i), script, line);
}

static bool look(TSParser *parser, const char *text, size_t line)
{
	struct sh_script *script = sh_parse(text, strlen(text));
	TSTree *tree = ts_parser_parse_string(parser, NULL, text, (uint32_t)strlen(text));
	bool both = script && !script->n_doubts && tree && !ts_node_has_error(ts_tree_root_node(tree));
	if (both)
		compare(ts_tree_root_node(tree), script, line);
	ts_tree_delete(tree);
	sh_script_free(script);
	return both;
}

int main(int argc, char **argv)
{
	struct buf in BUF_AUTO = BUF_INIT;
	void *grammar = argc == 2 ? dlopen(argv[1], RTLD_NOW) : NULL;
	/* A pointer to a function as POSIX has it from dlsym. */
	const TSLanguage *(*language)(void) = NULL;
	if (grammar)
		*(void **)&language = dlsym(grammar, "tree_sitter_bash");
	TSParser *parser = ts_parser_new();
	if (!language || !parser || !ts_parser_set_language(parser, language()) ||
	    read_all(0, 64u << 20, &in)) {
		fprintf(stderr, "other_parser: %s\n", grammar ? "unusable grammar or input" : dlerror());
		return 1;
	}
	size_t compared = 0, line = 0;
	for (size_t at = 0; at < in.len; at += strlen(in.data + at) + 1)
		compared += look(parser, in.data + at, line++);
	printf("{\"compared\":%zu}\n", compared);
	ts_parser_delete(parser);
	dlclose(grammar);
	return 0;
}
