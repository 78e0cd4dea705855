/* delegate.c: `whoctl delegate`: hand a task on to an agent, and print the chain that proves it.
 *
 * Who delegates follows from what is given.  An operator's settings (--dir, --url, --token-file or WHOCTL_*),
 * or --key: a person.  None of them, in an agent's account: the agent, by its broker, exactly as its shell
 * asks.  Everything is checked before anything is sent, and nothing but the chain goes to standard output, so
 * that WHOSH_PRINCIPAL_CHAIN=$(whoctl delegate …) holds a chain or nothing.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/delegate.h"
#include "approver/whoctl/human.h"
#include "common/clock.h"
#include "common/io.h"
#include "common/text.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SCOPE_FILE_MAX = 64 * 1024 };

/* What is needed of a delegation beside hop_wanted's borrowed strings. */
struct request {
	struct hop_wanted wanted;
	char *scope;
};

/* The scope as it is signed: checked, and without white space. */
static int read_scope(struct ctl *ctl, const char *path, char **scope)
{
	struct buf text BUF_AUTO = BUF_INIT;
	bool standard = strcmp(path, "-") == 0;
	const char *name = standard ? "standard input" : path, *wrong = "it is empty";
	char why[160];
	if (standard ? read_all(STDIN_FILENO, SCOPE_FILE_MAX, &text) : read_file(path, SCOPE_FILE_MAX, &text))
		return complain(EXIT_FAILED, "--scope %s: %s", name,
				errno == EFBIG ? "too large" : strerror(errno));
	cJSON *json JSON_AUTO = text.len ? json_parse(text.data, text.len, &wrong) : NULL;
	if (!json)
		return complain_usage(ctl, "--scope %s: not JSON: %s", name, wrong);
	if (!scope_valid(json, why))
		return complain_usage(ctl, "--scope %s: %s", name, why);
	*scope = cJSON_PrintUnformatted(json);
	return *scope ? 0 : complain(EXIT_FAILED, "out of memory");
}

static int read_request(struct ctl *ctl, struct request *request)
{
	struct hop_wanted *wanted = &request->wanted;
	const char *expires = ctl->option[OPT_EXPIRES], *depth = ctl->option[OPT_DEPTH];
	*wanted =
	    (struct hop_wanted){.to = ctl->option[OPT_TO], .task = ctl->option[OPT_TASK], .more_depth = -1};
	if (!wanted->to || !wanted->task)
		return complain_usage(ctl, "delegate needs --to AGENT and --task TEXT");
	if (!name_valid(wanted->to))
		return complain_usage(ctl, "--to: \"%s\" cannot be an agent's name", wanted->to);
	if (!*wanted->task || strlen(wanted->task) > HOP_MAX_TASK ||
	    !utf8_valid(wanted->task, strlen(wanted->task)))
		return complain_usage(ctl, "--task is a text in UTF-8 of 1 to %d bytes", HOP_MAX_TASK);
	if (expires && (!duration_parse(expires, &wanted->expires_s) || wanted->expires_s == 0))
		return complain_usage(ctl, "--expires: \"%s\" is no duration; write 20m or 12h", expires);
	if (wanted->expires_s > DELEGATE_MAX_S)
		return complain_usage(ctl, "--expires: a delegation expires within %d days",
				      DELEGATE_MAX_S / 86400);
	if (depth && (strlen(depth) != 1 || *depth < '0' || *depth >= '0' + CHAIN_MAX_HOPS))
		return complain_usage(ctl, "--depth: \"%s\" is not 0 to %d further hops", depth,
				      CHAIN_MAX_HOPS - 1);
	if (depth)
		wanted->more_depth = *depth - '0';
	int status = ctl->option[OPT_SCOPE] ? read_scope(ctl, ctl->option[OPT_SCOPE], &request->scope) : 0;
	wanted->scope = request->scope;
	return status;
}

/* Has anything been said that only an operator says? */
static bool as_person(const struct ctl *ctl)
{
	static const char *const variables[] = {"WHOCTL_DIR", "WHOCTL_URL", "WHOCTL_TOKEN_FILE", "WHOCTL_CA"};
	if (given(ctl, OPT_KEY) || given(ctl, OPT_DIR) || given(ctl, OPT_URL) || given(ctl, OPT_TOKEN_FILE) ||
	    given(ctl, OPT_CA))
		return true;
	for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
		const char *value = getenv(variables[i]);
		if (value && *value)
			return true;
	}
	return false;
}

/* The chain that this delegation goes on from, as whosh reads it. */
static int read_chain(struct buf *chain)
{
	const char *value = getenv("WHOSH_PRINCIPAL_CHAIN");
	if (!value)
		return 0;
	if (!*value)
		return complain(EXIT_IDENTITY,
				"WHOSH_PRINCIPAL_CHAIN is empty, as it is when whoctl delegate fails: unset "
				"it to begin at the agent's owner");
	const char *wrong = NULL;
	if (*value == '@')
		wrong = read_regular(value + 1, CHAIN_MAX_BYTES + 1, chain);
	else
		buf_adds(chain, value);
	if (wrong)
		return complain(errno == EFBIG ? EXIT_IDENTITY : EXIT_CONFIGURATION,
				"WHOSH_PRINCIPAL_CHAIN: %s: %s", value + 1, wrong);
	while (chain->len && strchr("\n ", chain->data[chain->len - 1]))
		chain->data[--chain->len] = 0;
	if (chain->failed)
		return complain(EXIT_FAILED, "out of memory");
	/* To go on without one would be to shed the limits that it carries. */
	if (!chain->len || memchr(chain->data, 0, chain->len))
		return complain(EXIT_IDENTITY, "WHOSH_PRINCIPAL_CHAIN is not a chain");
	return 0;
}

/* Is this where agents work?  Their configuration may name the host's broker alone, or there may be none and
 * a broker where it always is. */
static bool agents_here(const struct conf *conf)
{
	return conf->value[CONF_APPROVER] || conf->file || access(conf->value[CONF_BROKER_SOCKET], F_OK) == 0;
}

static int delegate_as_agent(struct ctl *ctl, struct hop_wanted *wanted, struct buf *chain)
{
	struct conf conf;
	char *error = NULL;
	if (conf_load(&conf, NULL, &error)) {
		int status =
		    complain(EXIT_CONFIGURATION, "configuration: %s", error ? error : "out of memory");
		free(error);
		return status;
	}
	if (!agents_here(&conf)) {
		conf_finish(&conf);
		return delegate_by_operator(ctl, wanted, chain);
	}
	struct buf parent BUF_AUTO = BUF_INIT;
	int status = read_chain(&parent);
	wanted->chain = parent.len ? parent.data : NULL;
	if (status == 0)
		status = delegate_by_broker(&conf, wanted, chain);
	wanted->chain = NULL;
	conf_finish(&conf);
	return status;
}

static int told(const struct ctl *ctl, const char *chain)
{
	struct hop hop;
	struct buf text BUF_AUTO = BUF_INIT;
	bool good = chain_last(&hop, chain);
	int status = 0;
	if (!good) {
		status = complain(EXIT_UNREACHABLE, "the answer holds no chain");
	} else if (!given(ctl, OPT_JSON)) {
		buf_addf(&text, "%s\n", chain);
		status = output(&text);
	} else {
		char expires[RFC3339_LEN + 1];
		cJSON *object JSON_AUTO = cJSON_CreateObject();
		rfc3339_format(hop.exp * 1000, expires);
		cJSON_AddStringToObject(object, "chain", chain);
		cJSON_AddStringToObject(object, "jti", hop.jti);
		cJSON_AddStringToObject(object, "human", hop.sub);
		cJSON_AddStringToObject(object, "agent", hop.act);
		cJSON_AddStringToObject(object, "task", hop.task);
		cJSON_AddNumberToObject(object, "depth", (double)hop.depth);
		cJSON_AddNumberToObject(object, "max_depth", (double)hop.max_depth);
		cJSON_AddStringToObject(object, "expires", expires);
		status = json_output(object);
	}
	hop_finish(&hop);
	return status;
}

static int delegate(struct ctl *ctl)
{
	struct request request = {0};
	struct buf chain BUF_AUTO = BUF_INIT;
	int status = read_request(ctl, &request);
	if (status == 0 && given(ctl, OPT_KEY))
		status = delegate_by_key(ctl, &request.wanted, &chain);
	else if (status == 0 && as_person(ctl))
		status = delegate_by_operator(ctl, &request.wanted, &chain);
	else if (status == 0)
		status = delegate_as_agent(ctl, &request.wanted, &chain);
	if (status == 0 && chain.failed)
		status = complain(EXIT_FAILED, "out of memory");
	if (status == 0)
		status = told(ctl, chain.data ? chain.data : "");
	free(request.scope);
	return status;
}

const struct verb verb_delegate = {
    .name = "delegate",
    .operands = "",
    .help = "hand a task on to an agent; prints its WHOSH_PRINCIPAL_CHAIN",
    .most = 0,
    .options = OPTION(TO) | OPTION(TASK) | OPTION(SCOPE) | OPTION(EXPIRES) | OPTION(DEPTH) | OPTION(KEY) |
	       OPTION(JSON),
    .run = delegate,
};
