/* harness.c: which harness runs the agent.
 *
 * The table is searched from the top: an agent's own harness says more than the CI system it runs in.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/broker/harness.h"
#include "shell/broker/attributes.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *variable;
	const char *name; /* NULL: the variable's value is the name */
} hints[] = {
    {"CLAUDECODE", "claude-code"},
    {"CODEX_THREAD_ID", "codex"},
    {"CODEX_SANDBOX", "codex"},
    {"CURSOR_AGENT", "cursor"},
    {"CURSOR_TRACE_ID", "cursor"},
    {"GEMINI_CLI", "gemini-cli"},
    {"OPENCODE", "opencode"},
    {"CLINE_ACTIVE", "cline"},
    {"AI_AGENT", NULL},
    {"GITHUB_ACTIONS", "github-actions"},
    {"GITLAB_CI", "gitlab-ci"},
    {"JENKINS_URL", "jenkins"},
    {"BUILDKITE", "buildkite"},
    {"CIRCLECI", "circleci"},
    {"TF_BUILD", "azure-pipelines"},
};

char *harness_hint(const struct wire_message *ask)
{
	for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
		char *value = ask_variable(ask, hints[i].variable);
		if (!value)
			continue;
		if (!hints[i].name && strlen(value) <= 64 && utf8_valid(value, strlen(value)))
			return value;
		free(value);
		if (hints[i].name)
			return strdup(hints[i].name);
	}
	return NULL;
}
