/* delegate_person.c: `whoctl delegate` as a person: signed in, or with a key of one's own.
 *
 * Who signs in has the approver attest for him: the hop is the approver's, and shown as attested.  Who has a
 * key (whoctl key new) signs hop 0 himself: it is shown as signed, and needs no operator's token.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/delegate.h"
#include "common/clock.h"
#include "common/person.h"
#include <stdlib.h>
#include <string.h>

/* A delegation that the approver refuses is refused as an identity is. */
static int as_refusal(int status)
{
	return status == EXIT_FAILED ? EXIT_IDENTITY : status;
}

int delegate_by_operator(struct ctl *ctl, const struct hop_wanted *wanted, struct buf *chain)
{
	cJSON *body JSON_AUTO = cJSON_CreateObject(), *answer JSON_AUTO = NULL;
	cJSON_AddStringToObject(body, "to", wanted->to);
	cJSON_AddStringToObject(body, "task", wanted->task);
	if (wanted->scope)
		cJSON_AddItemToObject(body, "scope", cJSON_Parse(wanted->scope));
	if (wanted->expires_s)
		cJSON_AddNumberToObject(body, "expires_s", (double)wanted->expires_s);
	if (wanted->more_depth >= 0)
		cJSON_AddNumberToObject(body, "max_depth", (double)wanted->more_depth);
	int status = api_send(ctl, "POST", "/v1/delegations/start", body, &answer);
	if (status != 0)
		return as_refusal(status);
	const char *text = json_string(answer, "chain");
	struct hop hop;
	bool fits =
	    text && chain_last(&hop, text) && !strcmp(hop.act, wanted->to) && !strcmp(hop.task, wanted->task);
	if (text)
		hop_finish(&hop);
	if (!fits)
		return complain(EXIT_UNREACHABLE,
				"the approver's answer is not the delegation that was asked for");
	buf_adds(chain, text);
	return 0;
}

/* Ask, sign, have it logged. */
static int sign_with(struct ctl *ctl, const struct hop_wanted *wanted, const struct hop_signer *signer,
		     struct buf *chain)
{
	struct buf ask BUF_AUTO = BUF_INIT, leave BUF_AUTO = BUF_INIT, logged BUF_AUTO = BUF_INIT;
	char *error = NULL;
	size_t at = 0;
	int status = hop_wanted_check(wanted, signer, &error);
	if (status == 0)
		status = hop_ask(&ask, wanted, signer, clock_now(), &error);
	if (status == 0) {
		status = as_refusal(api_bytes(ctl, "POST", "/v1/delegations/prepare", &ask, &leave));
		if (status != 0)
			return status;
		status =
		    hop_make(chain, &at, wanted, signer, leave.data ? leave.data : "", leave.len, &error);
	}
	if (status != 0) {
		complain(status, "%s", error ? error : "out of memory");
		free(error);
		return status;
	}
	status = as_refusal(api_bytes(ctl, "POST", "/v1/delegations", chain, &logged));
	if (status == 0 && !hop_logged(logged.data ? logged.data : "", logged.len, chain->data, chain->len))
		status = complain(EXIT_UNREACHABLE, "the approver does not say that the hop is logged");
	return status;
}

int delegate_by_key(struct ctl *ctl, const struct hop_wanted *wanted, struct buf *chain)
{
	char *error = NULL;
	struct person *person = person_load(ctl->option[OPT_KEY], &error);
	if (!person) {
		complain(EXIT_IDENTITY, "key file refused: %s", error ? error : "out of memory");
		free(error);
		return EXIT_IDENTITY;
	}
	int status = 0;
	const struct hop_signer signer = {
	    .name = person->name, .aud = person->aud, .person = true, .key = person->key};
	ctl->tokenless = true;
	if (person->exp <= clock_now())
		status =
		    complain(EXIT_IDENTITY, "the key of %s has expired: make a new one with whoctl key new",
			     person->name);
	if (status == 0)
		status = sign_with(ctl, wanted, &signer, chain);
	person_free(person);
	return status;
}
