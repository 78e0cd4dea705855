/* variables.c: the identity of each line, as bash's exported variables.
 *
 * A stamp (PGAPPNAME and its kin) is put where nobody has set the variable, and replaced from line to line
 * for as long as it is the one that was put there.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/reader/bash.h"
#include "shell/reader/reader.h"

static const char *const names[] = {"WHOSH_AGENT_ID", "WHOSH_SESSION_ID", "WHOSH_COMMAND_ID",
				    "WHOSH_PRINCIPAL_CHAIN", "TRACEPARENT"};

enum { STAMPS = 8 };
static struct {
	char *name, *value;
} stamps[STAMPS];

static bool always(const char *name)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

bool variable_ours(const char *name)
{
	for (size_t i = 0; i < STAMPS && stamps[i].name; i++)
		if (!strcmp(stamps[i].name, name))
			return true;
	return always(name);
}

static void put(const char *name, const char *value)
{
	SHELL_VAR *variable = find_global_variable_noref(name);
	/* Whatever the session has made of it: readonly, a reference, an array, upper case. */
	if (variable && (variable->attributes & ~att_exported))
		unbind_variable_noref(name);
	variable = bind_global_variable(name, (char *)(size_t)value, 0);
	if (!variable)
		return;
	VSETATTR(variable, att_exported);
	array_needs_making = 1;
}

void variable_set(const char *name, const char *value)
{
	if (always(name)) {
		put(name, value);
		return;
	}
	size_t i = 0;
	while (i < STAMPS && stamps[i].name && strcmp(stamps[i].name, name) != 0)
		i++;
	if (i == STAMPS)
		return;
	SHELL_VAR *already = find_global_variable_noref(name);
	const char *now = already && var_isset(already) ? value_cell(already) : NULL;
	if (already && (!now || !stamps[i].value || strcmp(now, stamps[i].value) != 0))
		return;
	if (!stamps[i].name)
		stamps[i].name = strdup(name);
	free(stamps[i].value);
	stamps[i].value = strdup(value);
	put(name, value);
}
