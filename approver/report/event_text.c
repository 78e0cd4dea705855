/* event_text.c: an event of the log told in one sentence; see event_text.h.
 *
 * Each kind has a sentence with members of its body in braces ("act.sub" is one inside another).  A piece
 * between bars is left out when its member is absent.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/report/event_text.h"
#include "approver/report/text.h"
#include "common/json.h"
#include "common/jws.h"
#include <stdio.h>
#include <string.h>

static const char *const sentences[EVENT_KINDS] = {
    [EVENT_LOG_STARTED] = "the approver began to record|, whoshd {version}|, policy {policy_s256}|: {reason}",
    [EVENT_LOG_STOPPED] = "the approver stopped recording, in good order",
    [EVENT_COMMAND_UNKNOWN] = "how command {command} ended is not known|: {reason}",
    [EVENT_REVIEW] = "{operator} decided| on command {command}|: {verdict}|, because: {reason}",
    [EVENT_AGENT_ADDED] = "agent {agent} enrolled| for {owner}| by {operator}",
    [EVENT_AGENT_DISABLED] = "agent {agent} disabled| by {operator}",
    [EVENT_CREDENTIAL_ISSUED] = "credential {credential} issued| to {agent}| by {operator}|, on a token of "
				"{issuer}|, good until {expires}",
    [EVENT_CREDENTIAL_REVOKED] = "credential {credential} revoked|, of {agent}| by {operator}",
    [EVENT_CREDENTIAL_ROTATED] =
	"credential {credential} issued| to {agent}| in the place of {replaces}| by {operator}",
    [EVENT_POLICY_LOADED] = "policy {policy_s256} loaded| by {operator}",
    [EVENT_OPERATOR_SIGN_IN] = "{operator} signed in| as {role}| from {from}",
    [EVENT_OPERATOR_CHANGED] = "{change}|: {name}|, {role}|, by {operator}",
    [EVENT_MODEL_CHANGED] = "agent {agent} changed its model| from {from}| to {to}| in session {session}",
    [EVENT_REFUSED] = "refused: {reason}| (agent {agent})| (credential {credential})",
    [EVENT_DELEGATION] = "{iss} handed a task| to {act.sub}|: {task}",
    [EVENT_DELEGATION_REVOKED] = "delegation {delegation} revoked| by {operator}",
    [EVENT_KEY_ENROLLED] = "key {key} enrolled| for {person}",
    [EVENT_KEY_REVOKED] = "key {key} revoked|, of {person}| by {operator}",
    [EVENT_ALERT] = "alert: {reason}",
    [EVENT_KILL] = "{kind} {name} killed| by {by}|: {reason}",
    [EVENT_UNMASKED] = "{operator} was shown the secrets| of command {command}",
    [EVENT_UNKILL] = "kill of {kind} {name} lifted| by {by}",
};

static const char *member_of(const cJSON *body, const char *path, size_t len)
{
	char name[32];
	snprintf(name, sizeof name, "%.*s", (int)len, path);
	char *dot = strchr(name, '.');
	if (!dot)
		return json_string(body, name);
	*dot = '\0';
	const cJSON *inner = json_object(body, name);
	return inner ? json_string(inner, dot + 1) : NULL;
}

/* One piece up to `end`; false when a member of it is absent. */
static bool piece_add(struct buf *out, const char *at, const char *end, const cJSON *body,
		      const struct secrets *secrets)
{
	while (at < end) {
		if (*at != '{') {
			buf_addc(out, *at++);
			continue;
		}
		const char *close = strchr(at, '}');
		const char *value = member_of(body, at + 1, (size_t)(close - at - 1));
		if (!value || !*value)
			return false;
		size_t from = out->len;
		report_text(out, value, secrets);
		for (size_t i = from; !strncmp(at, "{change}", 8) && i < out->len; i++)
			out->data[i] = out->data[i] == '_' ? ' ' : out->data[i]; /* operator_added */
		at = close + 1;
	}
	return true;
}

void event_text(struct buf *out, enum event_kind kind, const char *body, size_t len,
		const struct secrets *secrets)
{
	struct buf payload BUF_AUTO = BUF_INIT;
	if (kind == EVENT_DELEGATION && jws_open(body, len, JWS_HOP, &payload)) {
		body = payload.data ? payload.data : "";
		len = payload.len;
	}
	cJSON *json JSON_AUTO = json_parse(body, len, NULL);
	const char *at = kind < EVENT_KINDS ? sentences[kind] : NULL;
	bool first = true;
	while (at && *at) {
		size_t n = strcspn(at, "|");
		struct buf piece BUF_AUTO = BUF_INIT;
		if (piece_add(&piece, at, at + n, json, secrets))
			buf_add(out, piece.data ? piece.data : "", piece.len);
		else if (first)
			buf_adds(out, event_kind_name(kind));
		first = false;
		at += at[n] ? n + 1 : n;
	}
	if (!at)
		buf_adds(out, event_kind_name(kind));
}
