/* context.c: who asks, for what, from where: the frame that the broker signs as a request.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/clock.h"
#include "common/exits.h"
#include "common/io.h"
#include "shell/whosh/environment.h"
#include "shell/whosh/gate.h"
#include "shell/whosh/message.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_CONTEXT = 64 * 1024, MAX_CHAIN = 16 * 1024 };

/* The terminal of standard input, output or error; its path, or nothing. */
static void add_tty(struct buf *out)
{
	for (int fd = 0; fd <= 2; fd++) {
		char name[32], path[PATH_MAX];
		if (!isatty(fd))
			continue;
		snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
		ssize_t len = readlink(name, path, sizeof path);
		if (len > 0)
			wire_add(out, WIRE_TTY, path, (size_t)len);
		return;
	}
}

static void add_file(struct buf *out, enum wire_tag tag, const char *variable, const char *path, size_t max)
{
	struct buf text BUF_AUTO = BUF_INIT;
	const char *wrong = read_regular(path, max, &text);
	if (wrong) {
		/* A chain that cannot be one is an identity refused, not a mistake of configuration. */
		int status = tag == WIRE_CHAIN && errno == EFBIG ? EXIT_IDENTITY : EXIT_CONFIGURATION;
		message_exit(status, "%s: %s: %s: %s", message_kind(status), variable, path, wrong);
	}
	if (text.data && tag == WIRE_CHAIN)
		while (text.len && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == ' '))
			text.data[--text.len] = '\0';
	wire_add(out, tag, text.data ? text.data : "", text.len);
}

static void add_environment(struct gate *gate, struct buf *out)
{
	const char *keep = gate->conf.value[CONF_KEEP_ENV];
	for (char **e = gate->environment; *e; e++) {
		if (environment_told(*e))
			wire_adds(out, WIRE_ENV, *e);
		if (environment_loads_code(*e) && environment_kept(*e, keep))
			wire_adds(out, WIRE_ENV_KEPT, *e);
	}
	const char *path = getenv("WHOSH_CONTEXT_FILE");
	if (path && *path)
		add_file(out, WIRE_CONTEXT_FILE, "WHOSH_CONTEXT_FILE", path, MAX_CONTEXT);
	const char *chain = getenv("WHOSH_PRINCIPAL_CHAIN");
	if (chain && *chain == '@')
		add_file(out, WIRE_CHAIN, "WHOSH_PRINCIPAL_CHAIN", chain + 1, MAX_CHAIN);
	else if (chain)
		wire_adds(out, WIRE_CHAIN, chain);
}

void context_frame(struct gate *gate, enum wire_type type, struct buf *out)
{
	char cwd[PATH_MAX];
	size_t mark;
	int64_t timeout;
	wire_begin(out, type, &mark);
	wire_adds(out, WIRE_MODE, gate->mode);
	wire_add(out, WIRE_LINE, gate->line, gate->line_len);
	if (gate->arguments.call == CALL_SCRIPT)
		wire_adds(out, WIRE_SCRIPT, gate->arguments.file);
	for (int i = 0; i < gate->arguments.n_rest; i++)
		wire_adds(out, WIRE_ARG, gate->arguments.rest[i]);
	wire_adds(out, WIRE_CWD, getcwd(cwd, sizeof cwd) ? cwd : "(unreachable)");
	add_tty(out);
	wire_adds(out, WIRE_INTERPRETER, gate->conf.value[CONF_INTERPRETER]);
	for (int i = 0; i < gate->arguments.n_options; i++)
		wire_adds(out, WIRE_INTERPRETER_OPTION, gate->arguments.options[i]);
	if (duration_parse(gate->conf.value[CONF_REVIEW_TIMEOUT], &timeout))
		wire_add_number(out, WIRE_REVIEW_TIMEOUT, timeout);
	add_environment(gate, out);
	wire_end(out, mark);
	if (out->failed)
		message_exit(EXIT_DENIED,
			     "denied: the line and its context are larger than an approver takes");
}
