/* exchange.c: `whoctl credential exchange`: a CI job's identity token for a short-lived credential.
 *
 * Needs no operator: the identity token says who asks.  The key pair is made here, as for `credential issue`,
 * and only its public half is sent.  Asked again with the same token and key the approver gives the same
 * answer, so what is lost on the way costs nothing.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/api.h"
#include "approver/whoctl/id_token.h"
#include "approver/whoctl/jwk.h"
#include "approver/whoctl/newfile.h"
#include "approver/whoctl/newtoken.h"
#include "common/clock.h"
#include "common/secure.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WAIT_MS = 20000, PAUSE_MS = 1000 };

/* The request; secret, for the token is in it. */
static bool write_body(const struct ctl *ctl, const struct buf *token, const struct signing_key *key,
		       struct buf *body)
{
	cJSON *json JSON_AUTO = cJSON_CreateObject();
	jwk_public_add(json, key);
	if (ctl->option[OPT_AGENT])
		cJSON_AddStringToObject(json, "agent", ctl->option[OPT_AGENT]);
	char *rest = cJSON_PrintUnformatted(json);
	if (!rest || !buf_reserve(body, token->len + strlen(rest) + 16)) {
		free(rest);
		return false;
	}
	/* Put in by hand, so that no other copy of it is made: it holds nothing that JSON would escape. */
	buf_adds(body, "{\"token\":\"");
	buf_add(body, token->data, token->len);
	buf_adds(body, "\",");
	buf_adds(body, rest + 1);
	free(rest);
	return !body->failed;
}

/* Ask; again while the approver fetches the keys of the token's issuer, which it answers with 503. */
static int ask(struct ctl *ctl, const struct buf *body, struct buf *answer)
{
	int64_t until = clock_mono_ms() + WAIT_MS;
	for (;;) {
		long code = 0;
		buf_clear(answer);
		int status = api_perform(ctl, "POST", "/v1/credentials/exchange", body, answer, &code);
		if (status != 0 || (code >= 200 && code < 300))
			return status;
		if (code != 503 || clock_mono_ms() >= until)
			return api_refused(code, answer);
		nanosleep(&(struct timespec){.tv_sec = PAUSE_MS / 1000}, NULL);
	}
}

static int exchange_with(struct ctl *ctl, const struct buf *token, struct signing_key *key,
			 struct newfile *file)
{
	struct buf body = BUF_INIT, answer BUF_AUTO = BUF_INIT, content = BUF_INIT;
	int status = write_body(ctl, token, key, &body) ? ask(ctl, &body, &answer)
							: complain(EXIT_FAILED, "out of memory");
	buf_wipe(&body);
	if (status != 0)
		return status;
	cJSON *row JSON_AUTO = answer.len ? json_parse(answer.data, answer.len, NULL) : NULL;
	status = newtoken_format(row, ctl->option[OPT_AGENT], ctl->option[OPT_AGENT_VERSION], key, &content);
	if (status == 0)
		status = newfile_commit(file, &content);
	buf_wipe(&content);
	return status == 0 ? newtoken_told(ctl, row) : status;
}

static int exchange(struct ctl *ctl)
{
	const char *out = ctl->option[OPT_OUT];
	if (!out || !*out || strcmp(out, "-") == 0)
		return complain_usage(ctl,
				      "credential exchange needs --out FILE: a private key is not printed");
	int status = newtoken_version_good(ctl);
	if (status != 0)
		return status;
	struct newfile file;
	struct signing_key *key = NULL;
	struct buf token = BUF_INIT;
	status = newfile_begin(&file, out, given(ctl, OPT_FORCE));
	if (status == 0)
		status = id_token_find(ctl, &token);
	if (status == 0 && !(key = signing_key_generate()))
		status = complain(EXIT_FAILED, "no key could be made");
	if (status == 0)
		status = exchange_with(ctl, &token, key, &file);
	buf_wipe(&token);
	signing_key_free(key);
	newfile_finish(&file);
	return status;
}

const struct verb verb_credential_exchange = {
    .name = "credential exchange",
    .operands = "",
    .help = "in a CI job: its identity token for a short credential",
    .most = 0,
    .options = OPTION(OUT) | OPTION(ID_TOKEN) | OPTION(AGENT) | OPTION(AGENT_VERSION) | OPTION(AUDIENCE) |
	       OPTION(ID_TOKEN_CA) | OPTION(FORCE) | OPTION(JSON),
    .anonymous = true,
    .run = exchange,
};
