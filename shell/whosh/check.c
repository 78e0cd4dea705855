/* check.c: whosh --check: line by line what whosh would use, and what is wrong with it.
 *
 * This end knows the configuration and the environment; the broker adds what it holds (token, agent, chain,
 * model) and what the approver answers.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/exits.h"
#include "common/text.h"
#include "shell/whosh/environment.h"
#include "shell/whosh/gate.h"
#include "shell/whosh/message.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHECK_MS = 30000 };

static void show(const char *state, const char *label, const char *text)
{
	struct buf line BUF_AUTO = BUF_INIT;
	bool colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
	const char *code = !strcmp(state, "ok") ? "32" : !strcmp(state, "warn") ? "33" : "31";
	if (colour)
		buf_addf(&line, "\033[%sm%-5s\033[0m", code, state);
	else
		buf_addf(&line, "%-5s", state);
	buf_addf(&line, " %-12s ", label);
	visible_add(&line, text, strlen(text));
	if (!line.failed)
		printf("%s\n", line.data);
}

__attribute__((format(printf, 3, 4))) static void showf(const char *state, const char *label,
							const char *format, ...)
{
	char *text;
	va_list args;
	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	show(state, label, text ? text : "out of memory");
	free(text);
}

static int show_local(const struct gate *gate)
{
	const struct conf *conf = &gate->conf;
	int status = 0;
	showf("ok", "config", "%s%s", conf->file ? conf->file : "the environment",
	      conf->system ? " (the system's: the environment gives identity only)" : "");
	for (int key = CONF_APPROVER; key <= CONF_APPROVER_KEY; key++)
		if (!conf->value[key])
			showf("warn", conf_key_name((enum conf_key)key),
			      "not set here (the host's broker may know it)");
		else
			showf("ok", conf_key_name((enum conf_key)key), "%s (from %s)", conf->value[key],
			      conf->source[key]);
	const char *interpreter = conf->value[CONF_INTERPRETER];
	if (access(interpreter, X_OK)) {
		showf("fail", "interpreter", "%s: cannot be run", interpreter);
		status = EXIT_CONFIGURATION;
	} else {
		showf("ok", "interpreter", "%s (from %s)", interpreter, conf->source[CONF_INTERPRETER]);
	}
	for (char **e = gate->environment; *e; e++)
		if (environment_loads_code(*e)) {
			bool kept = environment_kept(*e, conf->value[CONF_KEEP_ENV]);
			showf("warn", "environment", "%.*s loads code: %s", (int)strcspn(*e, "="), *e,
			      kept ? "kept (keep_env), and shown to policy and reviewer"
				   : "removed (keep_env would keep it)");
		}
	return status;
}

/* "state<TAB>label<TAB>text" */
static int show_line(const char *bytes, size_t len)
{
	char *line = strndup(bytes, len);
	char *label = line ? strchr(line, '\t') : NULL;
	char *text = label ? strchr(label + 1, '\t') : NULL;
	int status = 0;
	if (text) {
		*label++ = '\0';
		*text++ = '\0';
		show(line, label, text);
		if (!strcmp(line, "fail"))
			status = !strcmp(label, "approver") ? EXIT_UNREACHABLE : EXIT_IDENTITY;
	}
	free(line);
	return status;
}

int check(struct gate *gate)
{
	struct buf frame BUF_AUTO = BUF_INIT;
	struct wire_message found;
	int status = show_local(gate);
	fflush(stdout);
	gate->mode = "command";
	gate->line = "";
	struct refusal why REFUSAL_AUTO = {0};
	char *error = NULL;
	if (!context_frame(gate, WIRE_CHECK, &frame, &why))
		refusal_exit(&why);
	if (!broker_link(gate, &error)) {
		show("fail", "broker", error ? error : "out of memory");
		free(error);
		return EXIT_UNREACHABLE;
	}
	showf("ok", "broker",
	      gate->link.private ? "a private one (nothing listens on %s)" : "the host's, on %s",
	      gate->conf.value[CONF_BROKER_SOCKET]);
	bool answered = broker_write(gate, &frame) && broker_read(gate, &found, CHECK_MS) &&
			found.type == WIRE_HELLO && broker_read(gate, &found, CHECK_MS) &&
			found.type == WIRE_CHECKED;
	if (!answered) {
		show("fail", "broker", "does not answer");
		return EXIT_UNREACHABLE;
	}
	size_t at = 0, len;
	enum wire_tag tag;
	const char *bytes;
	while (wire_field(&found, &at, &tag, &bytes, &len)) {
		int worse = tag == WIRE_CHECK_LINE ? show_line(bytes, len) : 0;
		if (worse && !status)
			status = worse;
	}
	return status;
}
