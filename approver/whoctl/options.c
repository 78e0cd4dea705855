/* options.c: every option of whoctl, once: its name, what it takes, what it means.
 *
 * Options and operands may come in any order, "--name value" and "--name=value" are the same, "--" ends the
 * options.  No abbreviations: a script that says --h must not change its meaning with the next release.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/whoctl.h"
#include "common/jws.h"
#include "common/text.h"
#include <string.h>

#define OPTION_COLUMNS 24
#define USAGE_WIDTH 90

static const struct spec {
	const char *name, *value, *help; /* value: NULL for a flag */
	char letter;                     /* short form, or 0 */
} specs[OPTIONS] = {
    [OPT_DIR] = {"dir", "DIR", "the approver's state directory (WHOCTL_DIR; /var/lib/whosh when it exists)",
		 0},
    [OPT_URL] = {"url", "URL", "the approver's address, https://HOST:PORT (WHOCTL_URL)", 0},
    [OPT_TOKEN_FILE] = {"token-file", "FILE", "the file that holds your operator token (WHOCTL_TOKEN_FILE)",
			0},
    [OPT_CA] = {"ca", "FILE", "the one CA certificate believed, PEM (WHOCTL_CA)", 0},
    [OPT_HELP] = {"help", NULL, "say how whoctl or a verb is used", 'h'},
    [OPT_VERSION] = {"version", NULL, "print the version", 'V'},
    [OPT_JSON] = {"json", NULL, "print JSON, for programs", 0},
    [OPT_QUIET] = {"quiet", NULL, "print the IDs only, one a line", 'q'},
    [OPT_OWNER] = {"owner", "HUMAN", "the person the agent works for", 0},
    [OPT_DELEGATED] = {"delegated", NULL, "let it work on a delegation only (whoctl delegate)", 0},
    [OPT_OUT] = {"out", "FILE", "write the secret to this new file, mode 0400", 0},
    [OPT_EXPIRES] = {"expires", "TIME", "how long it is good: 90d, 12h, 20m", 0},
    [OPT_FORCE] = {"force", NULL, "replace FILE when it exists", 0},
    [OPT_OVERLAP] = {"overlap", "TIME", "how long the old one stays good: 1h, 0 (default 1h)", 0},
    [OPT_ROLE] = {"role", "ROLE", "viewer, reviewer or admin", 0},
    [OPT_REASON] = {"reason", "TEXT", "why; the agent and the audit log are told", 0},
    [OPT_MATCH] = {"match", "TEXT", "found in the line, the task or the reason", 0},
    [OPT_AGENT] = {"agent", "ID", "of this agent", 0},
    [OPT_AGENT_VERSION] = {"agent-version", "VERSION", "the agent's version", 0},
    [OPT_HUMAN] = {"human", "NAME", "for this person", 0},
    [OPT_MODEL] = {"model", "MODEL", "provider/name@version; without @version, or a glob, all that match", 0},
    [OPT_SESSION] = {"session", "UUID", "in this session (policy explain: a file, what it changed)", 0},
    [OPT_VERDICT] = {"verdict", "VERDICT", "approved, denied or pending", 0},
    [OPT_TASK] = {"task", "TEXT", "the task the agent states, or is handed", 0},
    [OPT_HOST] = {"host", "HOST", "on this host", 0},
    [OPT_USER] = {"user", "USER", "as this account", 0},
    [OPT_CWD] = {"cwd", "DIR", "in this working directory", 0},
    [OPT_MODE] = {"mode", "MODE", "command, login, ssh, script, prompt, stdin or source", 0},
    [OPT_AT] = {"at", "TIME", "as if it were then", 0},
    [OPT_ENV_KEPT] = {"env-kept", "NAMES", "loader variables let through, separated by commas", 0},
    [OPT_SINCE] = {"since", "TIME", "at or after: 2h (ago), 03:47, 2026-11-23, RFC 3339", 0},
    [OPT_UNTIL] = {"until", "TIME", "before; written as for --since", 0},
    [OPT_LIMIT] = {"limit", "N", "at most so many (who: 100, compare-models: 10000 of each)", 0},
    [OPT_BEFORE] = {"before", "ID", "only older ones than this command: the next page", 0},
    [OPT_TO] = {"to", "AGENT", "the agent that gets the task", 0},
    [OPT_SCOPE] = {"scope", "FILE", "JSON: what the delegation is limited to (-: standard input)", 0},
    [OPT_DEPTH] = {"depth", "N", "how many further hops the delegate may add (0: none)", 0},
    [OPT_KEY] = {"key", "FILE", "sign with your own key (whoctl key new)", 0},
    [OPT_ALL] = {"all", NULL, "also those that are revoked, lifted or past", 0},
    [OPT_UNMASK] = {"unmask", NULL, "secrets as they are (reviewers and admins; it is written down)", 0},
    [OPT_EVIDENCE] = {"evidence", NULL, "also the signed bytes, unmasked (reviewers and admins)", 0},
    [OPT_LAST] = {"last", "N", "also judge the last N lines that the approver has recorded", 0},
    [OPT_ID_TOKEN] = {"id-token", "FILE", "the CI job's identity token; - is standard input", 0},
    [OPT_ID_TOKEN_CA] = {"id-token-ca", "FILE", "the CA believed when the runner is asked for the token", 0},
    [OPT_AUDIENCE] = {"audience", "NAME", "whom the runner is to make the token for (default whosh)", 0},
    [OPT_FOR] = {"for", "TIME", "it ends by itself after so long: 15m, 1h (else it must be lifted)", 0},
    [OPT_WAIT] = {"wait", "TIME", "how long to watch what it reached end (default 10s)", 0},
};

static enum option option_named(const char *name, size_t len)
{
	int i = 0;
	while (i < OPTIONS && (strlen(specs[i].name) != len || strncmp(specs[i].name, name, len) != 0))
		i++;
	return (enum option)i;
}

static enum option option_lettered(const char *word)
{
	int i = 0;
	while (i < OPTIONS && (!specs[i].letter || specs[i].letter != word[0] || word[1]))
		i++;
	return (enum option)i;
}

/* One in 64 credential IDs begins with a '-', and is no option. */
static bool is_credential(const char *word)
{
	return strlen(word) == S256_LEN && strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
							"0123456789-_") == S256_LEN;
}

int options_parse(struct ctl *ctl, int argc, char *const *argv)
{
	bool ended = false;
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];
		if (ended || word[0] != '-' || !word[1] || is_credential(word)) {
			ctl->operand[ctl->operands++] = word;
			continue;
		}
		if (strcmp(word, "--") == 0) {
			ended = true;
			continue;
		}
		const char *value = NULL;
		enum option option;
		if (word[1] == '-') {
			size_t len = strcspn(word + 2, "=");
			option = option_named(word + 2, len);
			value = word[2 + len] ? word + 2 + len + 1 : NULL;
		} else {
			option = option_lettered(word + 1);
		}
		if (option == OPTIONS)
			return complain(EXIT_USAGE_ERROR, "unknown option %s", word);
		if (!specs[option].value && value)
			return complain(EXIT_USAGE_ERROR, "--%s takes no value", specs[option].name);
		if (specs[option].value && !value) {
			if (i + 1 == argc)
				return complain(EXIT_USAGE_ERROR, "--%s needs a value: %s",
						specs[option].name, specs[option].value);
			value = argv[++i];
		}
		if (ctl->option[option] && specs[option].value)
			return complain(EXIT_USAGE_ERROR, "--%s is given twice", specs[option].name);
		ctl->option[option] = value ? value : "";
	}
	return 0;
}

int options_allowed(const struct ctl *ctl)
{
	unsigned long long allowed =
	    ctl->verb->options | OPTION(DIR) | OPTION(URL) | OPTION(TOKEN_FILE) | OPTION(CA);
	for (int i = 0; i < OPTIONS; i++)
		if (ctl->option[i] && !(allowed & 1ull << i))
			return complain_usage(ctl, "%s does not take --%s", ctl->verb->name, specs[i].name);
	return 0;
}

/* "--name VALUE" */
static void option_add(struct buf *out, const struct spec *spec)
{
	buf_addf(out, "--%s%s%s", spec->name, spec->value ? " " : "", spec->value ? spec->value : "");
}

void options_explain(struct buf *out, unsigned long long options)
{
	for (int i = 0; i < OPTIONS; i++) {
		if (!(options & 1ull << i))
			continue;
		struct buf left BUF_AUTO = BUF_INIT;
		if (specs[i].letter)
			buf_addf(&left, "-%c, ", specs[i].letter);
		option_add(&left, &specs[i]);
		left_add(out, left.data, OPTION_COLUMNS);
		buf_addf(out, "%s\n", specs[i].help);
	}
}

void left_add(struct buf *out, const char *text, size_t columns)
{
	size_t len = text ? strlen(text) : 0;
	buf_adds(out, "  ");
	buf_add(out, text ? text : "", len);
	for (size_t i = len ? text_columns(text, len) : 0; i < columns; i++)
		buf_addc(out, ' ');
	buf_addc(out, ' ');
}

void verb_usage(struct buf *out, const struct verb *verb, bool explained)
{
	size_t line = out->len;
	buf_addf(out, "usage: whoctl %s%s%s", verb->name, *verb->operands ? " " : "", verb->operands);
	for (int i = 0; i < OPTIONS; i++) {
		if (!(verb->options & 1ull << i))
			continue;
		struct buf one BUF_AUTO = BUF_INIT;
		option_add(&one, &specs[i]);
		if (out->len - line + one.len > USAGE_WIDTH) {
			line = out->len;
			buf_adds(out, "\n             ");
		}
		buf_addf(out, " [%s]", one.data ? one.data : "");
	}
	if (!explained)
		return;
	buf_addf(out, "\n\n%s\n\n", verb->help);
	options_explain(out, verb->options);
}

bool given(const struct ctl *ctl, enum option option)
{
	return ctl->option[option] != NULL;
}
