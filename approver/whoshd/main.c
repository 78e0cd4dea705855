/* main.c: whoshd VERB …
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoshd/whoshd.h"
#include "common/exits.h"
#include <stdio.h>
#include <string.h>

static const char usage[] = "usage: whoshd init --dir DIR [--listen ADDR:PORT] [--name HOST]... [--seal]\n"
			    "       whoshd serve --dir DIR [--listen ADDR:PORT]\n"
			    "       whoshd reindex --dir DIR\n"
			    "       whoshd retain --dir DIR [--dry-run]\n"
			    "       whoshd --version | --help\n";

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} verbs[] = {
    {"init", whoshd_init}, {"serve", whoshd_serve}, {"reindex", whoshd_reindex}, {"retain", whoshd_retain}};

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";
	if (!strcmp(verb, "--version"))
		return puts("whoshd " WHOSH_VERSION) < 0;
	if (!strcmp(verb, "--help"))
		return fputs(usage, stdout) < 0;
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (!strcmp(verb, verbs[i].name))
			return verbs[i].run(argc - 2, argv + 2);
	fputs(usage, stderr);
	return EXIT_USAGE_ERROR;
}
