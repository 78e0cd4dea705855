/* credential.h: the token that a user's commands are signed with.
 *
 * System broker: systemd's credential USER.json where `credentials` is not set, else CREDENTIALS/USER.json.
 * Private broker: the configured token file, else systemd's credential whosh-token.  A loaded token is kept
 * until the file changes; a command holds on to the one it was signed with, so that its outcome is signed by
 * the same key.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BROKER_CREDENTIAL_H
#define BROKER_CREDENTIAL_H

#include "common/conf.h"
#include "common/token.h"
#include <sys/stat.h>

struct credential {
	struct token *token;
	char *path;
	char *source;     /* for people: how it was come by */
	struct stat seen; /* the file when it was loaded */
	unsigned uses;
	struct credential *next;
};

struct credentials {
	const struct conf *conf;
	bool private;
	const char *directory; /* $CREDENTIALS_DIRECTORY: systemd's; NULL */
	struct credential *first;
};

/* Take hold of `user`'s credential (release with credential_drop).  NULL with a malloc'd sentence in *error.
 * The token's times are not checked here. */
struct credential *credential_take(struct credentials *all, const char *user, char **error);
struct credential *credential_share(struct credential *credential);
void credential_drop(struct credential *credential);
/* Forget all that is kept; keys are wiped once nobody holds them. */
void credentials_finish(struct credentials *all);

#endif
