/* test_token_file.c: a token file that is replaced while it is being opened.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/io.h"
#include "common/token.h"
#include "tests/unit/check.h"
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOADS = 20000 };

static void write_token(const char *path, const struct buf *content)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0400);
	if (fd < 0 || write_all(fd, content->data, content->len) || close(fd))
		_exit(1);
}

/* Replace the file by renaming, for ever. */
static void replace(const char *path, const char *beside, const struct buf *content)
{
	for (;;) {
		write_token(beside, content);
		if (rename(beside, path))
			_exit(1);
	}
}

static int failed_loads(const char *path, char **error)
{
	int failed = 0;
	for (int i = 0; i < LOADS; i++) {
		char *why = NULL;
		struct token *token = token_load(path, &why);
		failed += token == NULL;
		token_free(token);
		if (*error)
			free(why);
		else
			*error = why;
	}
	return failed;
}

int main(void)
{
	char dir[] = "/tmp/whosh-token-XXXXXX", path[64], beside[64], *error = NULL;
	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof path, "%s/token", dir);
	snprintf(beside, sizeof beside, "%s/beside", dir);
	struct token token = {.sub = (char *)(size_t) "worker",
			      .aud = (char *)(size_t) "whoshd:x",
			      .exp = 4000000000,
			      .key = signing_key_generate()};
	struct buf content = BUF_INIT;
	token_format(&content, &token);
	write_token(path, &content);
	pid_t child = fork();
	if (child == 0)
		replace(path, beside, &content);
	int failed = failed_loads(path, &error);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	holds("no command fails while its token file is replaced", failed == 0);
	if (failed)
		printf("# %d of %d: %s\n", failed, LOADS, error ? error : "?");
	unlink(path);
	write_token(path, &(struct buf)BUF_INIT);
	free(error);
	error = NULL;
	holds("an empty file is refused as one",
	      !token_load(path, &error) && error && strstr(error, "empty"));
	free(error);
	unlink(path);
	unlink(beside);
	signing_key_free(token.key);
	buf_wipe(&content);
	return (rmdir(dir) != 0) | checks_end();
}
