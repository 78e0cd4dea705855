/* attributes.c: who an ask says it comes from.
 *
 * The agent ID is the token's and nobody else's.  A different WHOSH_AGENT_ID means either a mix-up, which is
 * refused, or a whosh inside another agent's command (WHOSH_COMMAND_ID is set): then a new session starts
 * whose parent is that command.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/broker/attributes.h"
#include "common/exits.h"
#include "common/json.h"
#include "common/task.h"
#include "common/text.h"
#include "shell/broker/harness.h"
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MODEL_MAX = 256, TASK_MAX = 65536, MAX_CHAIN = 16 * 1024 }; /* what an approver takes */

void refusal_finish(struct refusal *refusal)
{
	free(refusal->reason);
	*refusal = (struct refusal){0};
}

bool ask_refuse(struct refusal *why, int status, const char *hint, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	free(why->reason);
	if (vasprintf(&why->reason, format, args) < 0)
		why->reason = NULL;
	va_end(args);
	why->status = status;
	why->hint = hint;
	return false;
}

char *ask_variable(const struct wire_message *ask, const char *name)
{
	size_t at = 0, len, name_len = strlen(name);
	enum wire_tag tag;
	const char *bytes;
	while (wire_field(ask, &at, &tag, &bytes, &len)) {
		if (tag != WIRE_ENV || len <= name_len + 1 || memcmp(bytes, name, name_len) != 0)
			continue;
		if (bytes[name_len] != '=' || memchr(bytes, 0, len))
			continue;
		return strndup(bytes + name_len + 1, len - name_len - 1);
	}
	return NULL;
}

/* Take a variable that must be UTF-8. */
static bool take(const struct wire_message *ask, const char *name, char **value, struct refusal *why)
{
	*value = ask_variable(ask, name);
	if (*value && !utf8_valid(*value, strlen(*value)))
		return ask_refuse(why, EXIT_IDENTITY, NULL, "%s is not UTF-8", name);
	return true;
}

/* A session whose lines come one by one has generated its ID when it began; a single line has none. */
static bool name_session(char *name, const struct wire_message *ask)
{
	char *given = wire_string(ask, WIRE_SESSION_ID);
	bool good = !given || uuid_valid(given);
	if (given && good)
		memcpy(name, given, UUID_LEN + 1);
	else
		uuid_new(name);
	free(given);
	return good;
}

static bool read_session(struct attributes *out, const struct wire_message *ask, const struct token *token,
			 struct refusal *why)
{
	char *agent, *session, *command;
	bool good = take(ask, "WHOSH_AGENT_ID", &agent, why);
	good = take(ask, "WHOSH_SESSION_ID", &session, why) && good;
	good = take(ask, "WHOSH_COMMAND_ID", &command, why) && good;
	if (!good)
		goto out;
	if (command && !uuid_valid(command)) {
		good = ask_refuse(why, EXIT_IDENTITY, NULL, "WHOSH_COMMAND_ID is not a command ID");
		goto out;
	}
	bool inside_another = agent && strcmp(agent, token->sub) != 0;
	if (inside_another && !command) {
		good = ask_refuse(why, EXIT_IDENTITY, "unset WHOSH_AGENT_ID, or use the token of that agent",
				  "WHOSH_AGENT_ID is %s, but the token is %s's", agent, token->sub);
		goto out;
	}
	out->session_source = "generated";
	if (session && !inside_another) {
		for (char *c = session; *c; c++)
			*c = (char)tolower((unsigned char)*c);
		if (!uuid_valid(session)) {
			good = ask_refuse(why, EXIT_IDENTITY, NULL, "WHOSH_SESSION_ID is not a UUID");
			goto out;
		}
		memcpy(out->session, session, sizeof out->session);
		out->session_source = "WHOSH_SESSION_ID";
	} else if (!name_session(out->session, ask)) {
		good = ask_refuse(why, EXIT_IDENTITY, NULL, "the session's ID is not a UUID");
		goto out;
	}
	out->parent = command;
	command = NULL;
out:
	free(agent);
	free(session);
	free(command);
	return good;
}

/* A member of the context file: NULL when it is absent or empty.  false when it is of another type. */
static bool context_text(const cJSON *context, const char *name, const char **text, struct refusal *why)
{
	*text = json_string(context, name);
	if (!*text && cJSON_GetObjectItemCaseSensitive(context, name))
		return ask_refuse(why, EXIT_CONFIGURATION, NULL, "WHOSH_CONTEXT_FILE: %s is not a string",
				  name);
	if (*text && !**text)
		*text = NULL;
	return true;
}

static void replace(char **value, const char **source, const char *text)
{
	free(*value);
	*value = text ? strdup(text) : NULL;
	*source = text ? "WHOSH_CONTEXT_FILE" : NULL;
}

/* The harness writes the context file again when it changes model or task, so it is newer than the
 * environment.  Its task, as text or as hash, is the whole of it: what the environment had was another one's.
 */
static bool read_context(struct attributes *out, const struct wire_message *ask, struct refusal *why)
{
	size_t at = 0, len;
	enum wire_tag tag;
	const char *bytes;
	do
		if (!wire_field(ask, &at, &tag, &bytes, &len))
			return true;
	while (tag != WIRE_CONTEXT_FILE);
	const char *wrong = NULL, *model, *task, *hash;
	cJSON *context JSON_AUTO = json_parse(bytes, len, &wrong);
	if (!context)
		return ask_refuse(why, EXIT_CONFIGURATION, NULL, "WHOSH_CONTEXT_FILE: %s",
				  wrong ? wrong : "not JSON");
	if (!cJSON_IsObject(context))
		return ask_refuse(why, EXIT_CONFIGURATION, NULL, "WHOSH_CONTEXT_FILE: not an object");
	if (!context_text(context, "model", &model, why) || !context_text(context, "task", &task, why) ||
	    !context_text(context, "task_sha256", &hash, why))
		return false;
	if (hash && !task_hash_valid(hash))
		return ask_refuse(why, EXIT_CONFIGURATION, NULL,
				  "WHOSH_CONTEXT_FILE: task_sha256 is not 64 lower-case hexadecimal digits");
	if (!task_hash_agrees(task, hash))
		return ask_refuse(why, EXIT_IDENTITY, NULL,
				  "WHOSH_CONTEXT_FILE: task_sha256 is not the SHA-256 of task");
	if (model)
		replace(&out->model, &out->model_source, model);
	if (task || hash) {
		replace(&out->task, &out->task_source, task);
		replace(&out->task_sha256, &out->task_sha256_source, hash);
	}
	return true;
}

static bool read_task(struct attributes *out, const struct wire_message *ask, struct refusal *why)
{
	if (!take(ask, "WHOSH_TASK", &out->task, why) ||
	    !take(ask, "WHOSH_TASK_SHA256", &out->task_sha256, why))
		return false;
	for (char *c = out->task_sha256; c && *c; c++)
		*c = (char)tolower((unsigned char)*c);
	if (out->task_sha256 && !task_hash_valid(out->task_sha256))
		return ask_refuse(why, EXIT_IDENTITY, NULL, "WHOSH_TASK_SHA256 is not 64 hexadecimal digits");
	if (!task_hash_agrees(out->task, out->task_sha256))
		return ask_refuse(why, EXIT_IDENTITY, "unset one of the two, or set both to the same task",
				  "WHOSH_TASK_SHA256 is not the SHA-256 of WHOSH_TASK");
	out->task_source = out->task ? "WHOSH_TASK" : NULL;
	out->task_sha256_source = out->task_sha256 ? "WHOSH_TASK_SHA256" : NULL;
	return true;
}

static bool within(const char *text, size_t max, const char *source, const char *what, struct refusal *why)
{
	if (!text || strlen(text) <= max)
		return true;
	bool file = !strcmp(source, "WHOSH_CONTEXT_FILE");
	return ask_refuse(why, file ? EXIT_CONFIGURATION : EXIT_IDENTITY, NULL,
			  "%s: the %s is longer than %zu bytes", source, what, max);
}

/* A chain that is there and cannot be passed on whole is refused: to go on without it would be to shed the
 * limits it carries. */
static bool read_chain(struct attributes *out, const struct wire_message *ask, struct refusal *why)
{
	static const char chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
	static const char hint[] = "unset it, or have it made with whoctl delegate";
	size_t at = 0, len;
	enum wire_tag tag;
	const char *bytes;
	do
		if (!wire_field(ask, &at, &tag, &bytes, &len))
			return true;
	while (tag != WIRE_CHAIN);
	out->chain = strndup(bytes, len);
	if (!out->chain)
		return ask_refuse(why, EXIT_UNREACHABLE, NULL, "out of memory");
	if (len > MAX_CHAIN)
		return ask_refuse(why, EXIT_IDENTITY, hint, "WHOSH_PRINCIPAL_CHAIN is longer than 16 KiB");
	if (!len)
		return ask_refuse(why, EXIT_IDENTITY, "unset it to work for the agent's owner",
				  "WHOSH_PRINCIPAL_CHAIN is empty, as it is when whoctl delegate fails");
	if (strspn(out->chain, chars) != len)
		return ask_refuse(why, EXIT_IDENTITY, hint, "WHOSH_PRINCIPAL_CHAIN is not a principal chain");
	return true;
}

/* W3C Trace Context: 00-TRACE-PARENT-FLAGS.  A malformed one is to be ignored. */
static bool traceparent_valid(const char *text)
{
	static const char form[] = "hh-hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh-hhhhhhhhhhhhhhhh-hh";
	if (strlen(text) != sizeof form - 1 || memcmp(text, "ff", 2) == 0)
		return false;
	for (size_t i = 0; form[i]; i++) {
		bool hex = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
		if (form[i] == 'h' ? !hex : text[i] != '-')
			return false;
	}
	return strspn(text + 3, "0") < 32 && strspn(text + 36, "0") < 16;
}

static bool read_ssh(struct attributes *out, const struct wire_message *ask, struct refusal *why)
{
	char *connection;
	bool good = take(ask, "SSH_CONNECTION", &connection, why) &&
		    take(ask, "SSH_ORIGINAL_COMMAND", &out->ssh_original, why);
	if (good && !connection)
		good = take(ask, "SSH_CLIENT", &connection, why);
	if (connection) {
		connection[strcspn(connection, " ")] = 0;
		out->ssh_client = connection;
	}
	return good;
}

bool attributes_read(struct attributes *out, const struct wire_message *ask, const struct token *token,
		     struct refusal *why)
{
	*out = (struct attributes){0};
	if (!read_session(out, ask, token, why))
		return false;
	if (token->agent_version) {
		out->agent_version = strdup(token->agent_version);
		out->agent_version_source = "token";
	} else {
		if (!take(ask, "WHOSH_AGENT_VERSION", &out->agent_version, why))
			return false;
		out->agent_version_source = out->agent_version ? "WHOSH_AGENT_VERSION" : NULL;
	}
	if (!take(ask, "WHOSH_MODEL", &out->model, why))
		return false;
	out->model_source = out->model ? "WHOSH_MODEL" : NULL;
	if (!read_task(out, ask, why) || !read_context(out, ask, why) || !read_chain(out, ask, why) ||
	    !within(out->model, MODEL_MAX, out->model_source, "model", why) ||
	    !within(out->task, TASK_MAX, out->task_source, "task", why))
		return false;
	if (!take(ask, "TRACEPARENT", &out->trace, why))
		return false;
	if (out->trace && !traceparent_valid(out->trace)) {
		free(out->trace);
		out->trace = NULL;
	}
	out->harness = harness_hint(ask);
	return read_ssh(out, ask, why);
}

void attributes_finish(struct attributes *attributes)
{
	char **strings[] = {&attributes->parent,      &attributes->agent_version, &attributes->model,
			    &attributes->task,        &attributes->task_sha256,   &attributes->chain,
			    &attributes->trace,       &attributes->harness,       &attributes->ssh_client,
			    &attributes->ssh_original};
	for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
		free(*strings[i]);
		*strings[i] = NULL;
	}
}
