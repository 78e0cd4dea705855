/* id_token.c: where a job's identity token is.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/id_token.h"
#include "common/io.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *from_environment(const char *name)
{
	const char *value = getenv(name);
	return value && *value ? value : NULL;
}

static int read_token(const char *file, struct buf *token)
{
	bool input = strcmp(file, "-") == 0;
	FD_AUTO int fd = input ? -1 : open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (!input && fd < 0)
		return complain(EXIT_FAILED, "identity token %s: %s", file, strerror(errno));
	/* Room at once: growing would leave copies behind. */
	if (!buf_reserve(token, ID_TOKEN_MAX + 2))
		return complain(EXIT_FAILED, "out of memory");
	if (read_all(input ? STDIN_FILENO : fd, ID_TOKEN_MAX + 1, token) != 0)
		return complain(EXIT_FAILED, "identity token %s: %s", file,
				errno == EFBIG ? "it is too large to be one" : strerror(errno));
	while (token->len && (token->data[token->len - 1] == '\n' || token->data[token->len - 1] == '\r'))
		token->data[--token->len] = '\0';
	return 0;
}

static int check(const struct buf *token)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
	if (token->failed)
		return complain(EXIT_FAILED, "out of memory");
	if (!token->len || token->len > ID_TOKEN_MAX || strspn(token->data, allowed) != token->len)
		return complain(EXIT_IDENTITY, "what should be an identity token is none");
	return 0;
}

int id_token_find(struct ctl *ctl, struct buf *token)
{
	const char *file = ctl->option[OPT_ID_TOKEN], *text = from_environment("WHOSH_ID_TOKEN");
	const char *url = from_environment("ACTIONS_ID_TOKEN_REQUEST_URL"),
		   *request_token = from_environment("ACTIONS_ID_TOKEN_REQUEST_TOKEN");
	int status = 0;
	if (file)
		status = read_token(file, token);
	else if (text)
		buf_adds(token, text);
	else if (url && request_token)
		status = id_token_github(ctl, url, request_token, token);
	else
		return complain_usage(ctl,
				      "no identity token: give --id-token FILE, or set WHOSH_ID_TOKEN; on "
				      "GitHub the job needs the permission id-token: write");
	return status ? status : check(token);
}
