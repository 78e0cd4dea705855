/* environment_value.c: variables that are everyday, or load code, by what they hold.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/whosh/environment_value.h"
#include <string.h>
#include <strings.h>

/* A locale of Chinese, Japanese or Korean that is not UTF-8?  In some of their charsets (GBK, Big5) the
 * second byte of a character may be a backslash or another sign of the shell's, and the line, which policy
 * and reviewer read as UTF-8, is another line to bash. */
static bool reads_otherwise(const char *locale)
{
	static const char *const languages[] = {"zh", "ja", "ko", "chinese", "japanese", "korean"};
	const char *charset = strchr(locale, '.');
	if (charset && (!strncasecmp(charset, ".utf-8", 6) || !strncasecmp(charset, ".utf8", 5)))
		return false;
	for (size_t i = 0; i < sizeof languages / sizeof *languages; i++)
		if (!strncasecmp(locale, languages[i], strlen(languages[i])))
			return true;
	return false;
}

/* The editor, pager or helper that programs run: everyday when it is a program of the system by its name
 * alone, or less with its switches; anything longer is a command line, which nobody approved. */
static bool runs_more_than_a_program(const char *value)
{
	static const char *const folders[] = {"/usr/bin/", "/bin/", "/usr/local/bin/"};
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		if (!strncmp(value, folders[i], strlen(folders[i]))) {
			value += strlen(folders[i]);
			break;
		}
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+:.-";
	size_t len = strspn(value, plain);
	if (!value[len])
		return *value == '-';
	return strncmp(value, "less -", 6) != 0 ||
	       value[6 + strspn(value + 6, "EFGIJKMNQRSWXefginqrsuw")] != '\0';
}

/* Everyday flags of build tools, unless they hold the one that runs something else. */
static bool flags_run_code(const char *entry)
{
	static const struct {
		const char *name, *flags[5];
	} tools[] = {{"MAKEFLAGS", {"--ev"}},
		     {"GNUMAKEFLAGS", {"--ev"}},
		     {"GOFLAGS", {"exec", "vettool", "overlay", "ldflags"}},
		     {"RUSTFLAGS", {"linker"}},
		     {"PYTEST_ADDOPTS", {"-p", "-c", "--pdbcls"}}};
	for (size_t i = 0; i < sizeof tools / sizeof *tools; i++) {
		if (strlen(tools[i].name) != name_len(entry) ||
		    strncmp(entry, tools[i].name, name_len(entry)) != 0)
			continue;
		for (size_t k = 0; tools[i].flags[k]; k++)
			if (strstr(entry + name_len(entry), tools[i].flags[k]))
				return true;
	}
	return false;
}

/* Those whose value decides. */
bool value_loads_code(const char *entry)
{
	static const char *const runners[] = {"EDITOR",
					      "VISUAL",
					      "PAGER",
					      "MANPAGER",
					      "GIT_EDITOR",
					      "GIT_PAGER",
					      "GIT_SEQUENCE_EDITOR",
					      "GIT_ASKPASS",
					      "SSH_ASKPASS",
					      "SUDO_ASKPASS",
					      "BROWSER",
					      "FCEDIT",
					      "SVN_EDITOR",
					      "HGEDITOR",
					      "KUBE_EDITOR",
					      "SYSTEMD_EDITOR",
					      "SYSTEMD_PAGER",
					      "PSQL_EDITOR",
					      "PSQL_PAGER",
					      "RUSTC_WRAPPER",
					      "RUSTC_WORKSPACE_WRAPPER",
					      NULL};
	static const char *const locales[] = {"LC_ALL", "LC_CTYPE", "LANG", NULL};
	static const char *const languages[] = {"LANGUAGE", NULL};
	const char *value = strchr(entry, '=') + 1;
	/* A folder of message catalogues: bash prints by their formats, and may open its script as one. */
	if (name_in_table(entry, languages))
		return strchr(value, '/') != NULL;
	if (name_in_table(entry, runners))
		return runs_more_than_a_program(value);
	return flags_run_code(entry) || (name_in_table(entry, locales) && reads_otherwise(value)) ||
	       !strncmp(value, "() {", 4);
}
