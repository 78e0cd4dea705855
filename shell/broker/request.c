/* request.c: from what a shell asked to the signed command.
 *
 * The payload is written member by member, in one fixed order, and signed as written: nobody parses it and
 * writes it again.  The line goes in as it came, byte for byte: as text when it is UTF-8, else as base64. The
 * user, the uid and the host are the broker's own knowledge; the gate is not asked, it runs as the agent.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/broker/request.h"
#include "common/codec.h"
#include "common/exits.h"
#include "common/json.h"
#include "common/text.h"
#include "shell/broker/history.h"
#include "shell/broker/meaning.h"
#include <stdlib.h>
#include <string.h>

enum { DAY = 86400, MARGIN = 60, MAX_KEPT = 256 };

/* Append "name":"value", with a comma before it; nothing when value is NULL. */
static void member(struct buf *out, const char *name, const char *value)
{
	if (!value)
		return;
	buf_addf(out, ",\"%s\":", name);
	json_add_string(out, value, strlen(value));
}

static bool plain(const char *bytes, size_t len)
{
	return utf8_valid(bytes, len) && !memchr(bytes, 0, len);
}

/* Append the fields of one tag as an array of strings. */
static bool array_of(struct buf *out, const struct wire_message *ask, enum wire_tag wanted, const char *name,
		     bool even_empty, struct refusal *why)
{
	size_t at = 0, len, count = 0;
	enum wire_tag tag;
	const char *bytes;
	while (wire_field(ask, &at, &tag, &bytes, &len)) {
		if (tag != wanted)
			continue;
		if (!plain(bytes, len))
			return ask_refuse(why, EXIT_DENIED, NULL, "an argument is not UTF-8");
		if (!count++)
			buf_addf(out, ",\"%s\":[", name);
		else
			buf_addc(out, ',');
		json_add_string(out, bytes, len);
	}
	if (count)
		buf_addc(out, ']');
	else if (even_empty)
		buf_addf(out, ",\"%s\":[]", name);
	return true;
}

static bool kept_environment(struct buf *out, const struct wire_message *ask, struct refusal *why)
{
	/* Only these are compared with each other: between them may lie a million other fields. */
	const char *entries[MAX_KEPT];
	size_t at = 0, len, count = 0;
	enum wire_tag tag;
	const char *bytes;
	while (wire_field(ask, &at, &tag, &bytes, &len)) {
		if (tag != WIRE_ENV_KEPT)
			continue;
		const char *equals = memchr(bytes, '=', len);
		if (!equals || equals == bytes || !plain(bytes, len))
			return ask_refuse(why, EXIT_DENIED, NULL, "a variable of keep_env is not UTF-8");
		size_t name_len = (size_t)(equals - bytes);
		if (count == MAX_KEPT)
			return ask_refuse(why, EXIT_DENIED, NULL,
					  "keep_env lets more than %d variables through", MAX_KEPT);
		/* Each holds a '=', which ends the comparison before the entry does. */
		for (size_t i = 0; i < count; i++)
			if (!strncmp(entries[i], bytes, name_len + 1))
				return ask_refuse(why, EXIT_DENIED, NULL,
						  "a variable of keep_env is in the environment twice");
		entries[count] = bytes;
		buf_adds(out, count++ ? "," : ",\"env_kept\":{");
		json_add_string(out, bytes, name_len);
		buf_addc(out, ':');
		json_add_string(out, equals + 1, len - name_len - 1);
	}
	if (count)
		buf_addc(out, '}');
	return true;
}

/* A field that is one string: ,"name":"…". */
static bool text_field(struct buf *out, const struct wire_message *ask, enum wire_tag wanted,
		       const char *name, struct refusal *why)
{
	size_t at = 0, len;
	enum wire_tag tag;
	const char *bytes;
	while (wire_field(ask, &at, &tag, &bytes, &len)) {
		if (tag != wanted)
			continue;
		if (!plain(bytes, len))
			return ask_refuse(why, EXIT_DENIED, NULL, "the %s is not UTF-8", name);
		buf_addf(out, ",\"%s\":", name);
		json_add_string(out, bytes, len);
		return true;
	}
	return true;
}

static bool line_field(struct buf *out, const struct wire_message *ask, struct refusal *why)
{
	size_t at = 0, len;
	enum wire_tag tag;
	const char *bytes;
	while (wire_field(ask, &at, &tag, &bytes, &len)) {
		if (tag != WIRE_LINE)
			continue;
		if (memchr(bytes, 0, len))
			return ask_refuse(why, EXIT_DENIED, NULL, "the line holds a NUL byte");
		if (utf8_valid(bytes, len)) {
			buf_adds(out, ",\"line\":");
			json_add_string(out, bytes, len);
		} else {
			buf_adds(out, ",\"line_b64\":\"");
			base64_encode(out, bytes, len);
			buf_addc(out, '"');
		}
		return true;
	}
	return ask_refuse(why, EXIT_UNREACHABLE, NULL, "the shell sent no line");
}

static bool mode_field(struct buf *out, const struct wire_message *ask, struct refusal *why)
{
	static const char *const modes[] = {"command", "login", "ssh", "script", "prompt", "stdin", "source"};
	char *mode = wire_string(ask, WIRE_MODE);
	bool good = false;
	for (size_t i = 0; mode && i < sizeof modes / sizeof *modes; i++)
		good = good || !strcmp(mode, modes[i]);
	if (good)
		buf_addf(out, "\"mode\":\"%s\"", mode);
	free(mode);
	return good || ask_refuse(why, EXIT_UNREACHABLE, NULL, "the shell sent no mode that is known");
}

/* Keep what was typed at a prompt. */
static void keep_typed(struct request *request, const struct wire_message *ask)
{
	char *mode = wire_string(ask, WIRE_MODE);
	size_t len;
	const char *line = wire_bytes(ask, WIRE_LINE, &len);
	if (line && mode && !strcmp(mode, "prompt") && len <= HISTORY_LONGEST)
		buf_add(&request->typed, line, len);
	free(mode);
}

static bool command_object(struct buf *out, const struct wire_message *ask,
			   const struct attributes *attributes, const struct request_context *context,
			   struct refusal *why)
{
	buf_adds(out, ",\"command\":{");
	if (!mode_field(out, ask, why) || !line_field(out, ask, why) ||
	    !array_of(out, ask, WIRE_ARG, "argv", true, why) || !text_field(out, ask, WIRE_CWD, "cwd", why))
		return false;
	member(out, "user", context->user);
	buf_addf(out, ",\"uid\":%u", (unsigned)context->uid);
	member(out, "host", context->host);
	if (!text_field(out, ask, WIRE_TTY, "tty", why))
		return false;
	if (attributes->ssh_client) {
		buf_adds(out, ",\"ssh\":{\"client\":");
		json_add_string(out, attributes->ssh_client, strlen(attributes->ssh_client));
		member(out, "original_command", attributes->ssh_original);
		buf_addc(out, '}');
	}
	if (!text_field(out, ask, WIRE_INTERPRETER, "interpreter", why) ||
	    !array_of(out, ask, WIRE_INTERPRETER_OPTION, "options", false, why) ||
	    !text_field(out, ask, WIRE_SCRIPT, "script", why) || !kept_environment(out, ask, why) ||
	    !meaning_add(out, ask, why) || !sourced_add(out, ask, why))
		return false;
	buf_addc(out, '}');
	return true;
}

static void sources(struct buf *out, const struct attributes *attributes)
{
	buf_addf(out, ",\"sources\":{\"session\":\"%s\"", attributes->session_source);
	member(out, "model", attributes->model_source);
	member(out, "task", attributes->task_source);
	member(out, "task_sha256", attributes->task_sha256_source);
	member(out, "agent_version", attributes->agent_version_source);
	buf_addc(out, '}');
}

static bool payload(struct buf *out, struct request *request, const struct wire_message *ask,
		    const struct attributes *attributes, const struct request_context *context,
		    struct refusal *why)
{
	int64_t timeout = wire_number(ask, WIRE_REVIEW_TIMEOUT, context->review_timeout);
	if (timeout < 1)
		timeout = 1;
	if (timeout > DAY - MARGIN)
		timeout = DAY - MARGIN;
	request->exp = context->now + timeout + MARGIN;
	buf_addf(out, "{\"jti\":\"%s\",\"iat\":%lld,\"exp\":%lld", request->id, (long long)context->now,
		 (long long)request->exp);
	member(out, "aud", context->token->aud);
	member(out, "sub", context->token->sub);
	member(out, "sid", request->session);
	member(out, "parent", attributes->parent);
	member(out, "agent_version", attributes->agent_version);
	member(out, "model", attributes->model);
	member(out, "task", attributes->task);
	member(out, "task_sha256", attributes->task_sha256);
	member(out, "chain", attributes->chain);
	if (!command_object(out, ask, attributes, context, why))
		return false;
	member(out, "harness", attributes->harness);
	member(out, "trace", attributes->trace);
	sources(out, attributes);
	buf_addf(out, ",\"review_timeout\":%lld}", (long long)timeout);
	return true;
}

static bool sign(struct request *request, const struct buf *text, const struct token *token,
		 struct refusal *why)
{
	if (text->failed || !jws_sign(&request->jws, JWS_COMMAND, text->data, text->len, token->key) ||
	    request->jws.failed)
		return ask_refuse(why, EXIT_UNREACHABLE, NULL, "the broker could not sign the request");
	if (request->jws.len > REQUEST_MAX_JWS)
		return ask_refuse(why, EXIT_DENIED, "put long text into a file and name the file",
				  "the line is too long (%zu KiB signed; the limit is %u KiB)",
				  request->jws.len / 1024, REQUEST_MAX_JWS / 1024);
	s256(request->jws.data, request->jws.len, request->s256);
	memcpy(request->tail, request->jws.data + request->jws.len - REQUEST_TAIL, REQUEST_TAIL);
	request->tail[REQUEST_TAIL] = 0;
	return true;
}

bool request_build(struct request *request, const struct wire_message *ask,
		   const struct request_context *context, struct refusal *why)
{
	*request = (struct request){.jws = BUF_INIT, .typed = BUF_INIT};
	struct buf text BUF_AUTO = BUF_INIT;
	struct attributes attributes;
	bool good = attributes_read(&attributes, ask, context->token, why);
	if (good) {
		uuid_new(request->id);
		memcpy(request->session, attributes.session, sizeof request->session);
		good = payload(&text, request, ask, &attributes, context, why) &&
		       sign(request, &text, context->token, why);
	}
	if (good) {
		request->chain = attributes.chain;
		request->trace = attributes.trace;
		attributes.chain = attributes.trace = NULL;
		keep_typed(request, ask);
	} else {
		request_finish(request);
	}
	attributes_finish(&attributes);
	return good;
}

void request_finish(struct request *request)
{
	buf_finish(&request->jws);
	buf_finish(&request->typed);
	free(request->chain);
	free(request->trace);
	request->chain = request->trace = NULL;
}
