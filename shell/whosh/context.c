/* context.c: who asks, for what, from where: the frame that the broker signs as a request.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/clock.h"
#include "common/exits.h"
#include "common/io.h"
#include "shell/whosh/environment.h"
#include "shell/whosh/gate.h"
#include "shell/whosh/session.h"
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

static bool add_file(struct buf *out, enum wire_tag tag, const char *variable, const char *path, size_t max,
		     struct refusal *why)
{
	struct buf text BUF_AUTO = BUF_INIT;
	const char *wrong = read_regular(path, max, &text);
	/* A chain that cannot be one is an identity refused, not a mistake of configuration. */
	if (wrong)
		return refusal_set(why,
				   tag == WIRE_CHAIN && errno == EFBIG ? EXIT_IDENTITY : EXIT_CONFIGURATION,
				   "%s: %s: %s", variable, path, wrong);
	if (text.data && tag == WIRE_CHAIN)
		while (text.len && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == ' '))
			text.data[--text.len] = '\0';
	wire_add(out, tag, text.data ? text.data : "", text.len);
	return true;
}

static bool add_environment(struct gate *gate, struct buf *out, struct refusal *why)
{
	const char *keep = gate->conf.value[CONF_KEEP_ENV];
	for (char **e = gate->environment; *e; e++) {
		if (environment_told(*e))
			wire_adds(out, WIRE_ENV, *e);
		if (environment_loads_code(*e) && environment_kept(*e, keep))
			wire_adds(out, WIRE_ENV_KEPT, *e);
	}
	const char *path = getenv("WHOSH_CONTEXT_FILE");
	if (path && *path && !add_file(out, WIRE_CONTEXT_FILE, "WHOSH_CONTEXT_FILE", path, MAX_CONTEXT, why))
		return false;
	const char *chain = getenv("WHOSH_PRINCIPAL_CHAIN");
	if (chain && *chain == '@')
		return add_file(out, WIRE_CHAIN, "WHOSH_PRINCIPAL_CHAIN", chain + 1, MAX_CHAIN, why);
	if (chain)
		wire_adds(out, WIRE_CHAIN, chain);
	return true;
}

static void add_arguments(const struct gate *gate, struct buf *out)
{
	if (gate->arguments.call == CALL_SCRIPT)
		wire_adds(out, WIRE_SCRIPT, gate->arguments.file);
	for (int i = 0; i < gate->arguments.n_rest; i++)
		wire_adds(out, WIRE_ARG, gate->arguments.rest[i]);
	for (int i = 0; i < gate->arguments.n_options; i++)
		wire_adds(out, WIRE_INTERPRETER_OPTION, gate->arguments.options[i]);
	/* In a session the shell itself tells what it reads by. */
	for (int i = 0; !gate->asked && i < gate->arguments.n_told; i++) {
		char meaning[64];
		snprintf(meaning, sizeof meaning, "option\t%s", gate->arguments.told[i]);
		wire_adds(out, WIRE_MEANING, meaning);
	}
}

/* What the session's shell has told of its line goes on as it is. */
static void add_asked(const struct gate *gate, struct buf *out)
{
	size_t at = 0, len;
	enum wire_tag tag;
	const char *bytes;
	while (gate->asked && wire_field(gate->asked, &at, &tag, &bytes, &len))
		if (tag == WIRE_MEANING || tag == WIRE_SOURCED || tag == WIRE_SCRIPT)
			wire_add(out, tag, bytes, len);
}

bool context_frame(struct gate *gate, enum wire_type type, struct buf *out, struct refusal *why)
{
	char cwd[PATH_MAX];
	size_t mark;
	int64_t timeout;
	wire_begin(out, type, &mark);
	if (type != WIRE_HISTORY) {
		wire_adds(out, WIRE_MODE, gate->mode);
		wire_add(out, WIRE_LINE, gate->line, gate->line_len);
		add_arguments(gate, out);
		add_asked(gate, out);
		wire_adds(out, WIRE_CWD,
			  gate->cwd                 ? gate->cwd
			  : getcwd(cwd, sizeof cwd) ? cwd
						    : "(unreachable)");
		add_tty(out);
		wire_adds(out, WIRE_INTERPRETER, gate->conf.value[CONF_INTERPRETER]);
		if (duration_parse(gate->conf.value[CONF_REVIEW_TIMEOUT], &timeout))
			wire_add_number(out, WIRE_REVIEW_TIMEOUT, timeout);
	}
	if (gate->session)
		session_add(gate->session, out);
	if (!add_environment(gate, out, why))
		return false;
	wire_end(out, mark);
	return !out->failed ||
	       refusal_set(why, EXIT_DENIED, "the line and its context are larger than an approver takes");
}
