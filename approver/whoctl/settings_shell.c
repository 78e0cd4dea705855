/* settings_shell.c: the approver that shells on this host ask, for who has no operator's token.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/api.h"
#include "common/conf.h"
#include <stdlib.h>

int settings_of_shell(struct settings *settings)
{
	struct conf conf;
	char *error = NULL;
	if (conf_load(&conf, NULL, &error) != 0) {
		complain(EXIT_FAILED, "%s", error ? error : "out of memory");
		free(error);
		return EXIT_FAILED;
	}
	settings_take(settings, &conf);
	conf_finish(&conf);
	return 0;
}
