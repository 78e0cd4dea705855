/* chain_verify.c: the complete verification of a principal chain.
 *
 * For each hop, from the first: its form and header, byte for byte; its signature, before a claim is looked
 * at; its claims, strictly; that it is what its parent allows; that the agent it names is enrolled with that
 * key; and that the log has seen exactly these bytes.  The first thing that is wrong ends it, and is told
 * with the hop's number.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/identity/chain.h"
#include "approver/identity/delegations.h"
#include "approver/identity/identity.h"
#include "common/clock.h"
#include "common/text.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reading {
	struct server *server;
	struct hop_text text[CHAIN_MAX_HOPS];
	struct hop hop[CHAIN_MAX_HOPS];
	struct chain *chain;
	int at;
	bool last_is_new;
	int64_t now; /* seconds */
	char *why;
};

__attribute__((format(printf, 2, 3))) static bool wrong(struct reading *r, const char *format, ...)
{
	char text[384];
	const struct hop *hop = &r->hop[r->at];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	/* Names only of a hop whose signature was good: who signed it, whatever it says; for hop 0 the
	 * person. */
	if (hop->iss && hop->act)
		snprintf(r->why, CHAIN_WHY, "hop %d of the principal chain (%.64s to %.64s): %s", r->at,
			 r->at ? r->chain->hops[r->at - 1].agent->id : hop->sub, hop->act, text);
	else
		snprintf(r->why, CHAIN_WHY, "hop %d of the principal chain: %s", r->at, text);
	return false;
}

bool chain_same_line(const struct credential *a, const struct credential *b)
{
	return credential_succeeds(a, b) || credential_succeeds(b, a);
}

/* The person who signed hop 0.  Nobody can have every person's key tried, nor lose his turn among many: what
 * it says of itself only chooses whose keys to try, and is not looked at before the log has seen these bytes.
 */
static struct person_key *find_person(struct reading *r, const struct buf *payload)
{
	char why[160];
	struct hop hop;
	struct delegation logged;
	const struct hop_text *text = &r->text[0];
	const struct chain_hop *made = &r->chain->hops[0];
	bool is_new = r->last_is_new && !r->text[1].len;
	if (!is_new && (!delegation_by_hash(r->server->delegations, made->hash, &logged) ||
			strcmp(logged.s256, made->s256) != 0))
		return NULL;
	struct person_key *key = NULL;
	if (hop_parse(&hop, payload->data ? payload->data : "", payload->len, why))
		key = people_signer(r->server->people, hop.iss, text->text, text->len);
	hop_finish(&hop);
	return key;
}

/* Whose signature is it?  Of hop 0 the approver's or a person's; else the key of the agent before, or one
 * that took over from it. */
static bool find_signer(struct reading *r, const struct buf *payload)
{
	const struct hop_text *text = &r->text[r->at];
	struct chain_hop *hop = &r->chain->hops[r->at];
	if (r->at == 0) {
		if (jws_verify(text->text, text->len, r->server->permit_public))
			return true;
		hop->person = find_person(r, payload);
		return hop->person ||
		       wrong(r, "it is signed neither by this approver nor by a person's key that is "
				"enrolled here, or was never logged here");
	}
	const struct chain_hop *before = hop - 1;
	hop->signer = identity_signer(before->agent, before->credential, text->text, text->len);
	if (!hop->signer)
		return wrong(r, "it is not signed by %s, to whom the hop before hands the task",
			     before->agent->id);
	return chain_same_line(hop->signer, before->credential) ||
	       wrong(r, "it is signed by another key of %s than the hop before names", before->agent->id);
}

static bool read_claims(struct reading *r, const struct buf *payload)
{
	char why[160];
	struct hop *hop = &r->hop[r->at];
	if (hop_parse(hop, payload->data ? payload->data : "", payload->len, why))
		return true;
	hop->iss = NULL;
	return wrong(r, "%s", why);
}

static bool is_issued_rightly(struct reading *r)
{
	const struct hop *hop = &r->hop[r->at];
	const struct chain_hop *made = &r->chain->hops[r->at];
	if (strcmp(hop->aud, r->server->settings.name) != 0)
		return wrong(r, "it is for another approver");
	if (r->at > 0)
		return !strcmp(hop->iss, made[-1].agent->id) ||
		       wrong(r, "its issuer is not who signed it (%s)", made[-1].agent->id);
	if (made->person)
		return (!strcmp(hop->iss, made->person->person) && !strcmp(hop->sub, made->person->person)) ||
		       wrong(r, "its issuer is not who signed it (%s)", made->person->person);
	return !strcmp(hop->iss, r->server->settings.name) || wrong(r, "its issuer is not who signed it");
}

static bool is_in_time(struct reading *r)
{
	const struct hop *hop = &r->hop[r->at];
	if (hop->iat > r->now + CLOCK_TOLERANCE_S)
		return wrong(r, "it is from the future; compare the clocks");
	if (hop->exp - hop->iat > CHAIN_LONGEST_S)
		return wrong(r, "it is good for more than 30 days");
	if (hop->exp <= r->now)
		return wrong(r, "it has expired");
	return true;
}

/* The nearest hop before that limits this dimension. */
static const cJSON *limit_before(const struct reading *r, const char *name)
{
	const cJSON *list = NULL;
	for (int i = r->at - 1; i >= 0 && !list; i--)
		list = json_array(r->hop[i].scope, name);
	return list;
}

static bool narrows(struct reading *r)
{
	static const char *const names[] = {"commands", "cwd", "hosts"};
	for (int i = 0; i < 3; i++) {
		const cJSON *mine = json_array(r->hop[r->at].scope, names[i]),
			    *limit = limit_before(r, names[i]);
		if (!mine || !limit)
			continue;
		char *wider = i ? scope_texts_widen(limit, mine) : scope_commands_widen(limit, mine);
		if (!wider)
			continue;
		struct buf visible BUF_AUTO = BUF_INIT;
		visible_add(&visible, wider, strnlen(wider, 100));
		free(wider);
		return wrong(r, "its scope reaches further than its parent's: scope.%s: %s", names[i],
			     visible.data ? visible.data : "");
	}
	return true;
}

static bool fits_parent(struct reading *r)
{
	const struct hop *hop = &r->hop[r->at], *parent = hop - 1;
	if (hop->depth != r->at)
		return wrong(r, "it was made for another place in a chain (depth %lld)",
			     (long long)hop->depth);
	if (r->at == 0)
		return true;
	if (strcmp(hop->par_hash, r->chain->hops[r->at - 1].hash) != 0)
		return wrong(r, "it does not follow from the hop before (par_hash)");
	if (strcmp(hop->sub, parent->sub) != 0)
		return wrong(r, "it is for another person than the hop before");
	if (hop->depth > parent->max_depth)
		return wrong(r, "the hop before allows no further delegation (max_depth %lld)",
			     (long long)parent->max_depth);
	if (hop->max_depth > parent->max_depth)
		return wrong(r, "it allows more delegations than the hop before (max_depth)");
	if (hop->exp > parent->exp)
		return wrong(r, "it outlives the hop before");
	if (hop->iat < parent->iat - CLOCK_TOLERANCE_S)
		return wrong(r, "it is older than the hop before");
	return narrows(r);
}

static bool repeats_nothing(struct reading *r)
{
	const struct hop *hop = &r->hop[r->at];
	for (int i = 0; i < r->at; i++) {
		if (!strcmp(r->hop[i].jti, hop->jti))
			return wrong(r, "it is there twice");
		if (!strcmp(r->hop[i].act, hop->act))
			return wrong(r, "%s is in the chain already", hop->act);
	}
	return true;
}

static bool delegate_is_enrolled(struct reading *r)
{
	const struct hop *hop = &r->hop[r->at];
	struct chain_hop *made = &r->chain->hops[r->at];
	char thumbprint[S256_LEN + 1];
	key_thumbprint(hop->key, thumbprint);
	made->agent = registry_agent(r->server->registry, hop->act);
	made->credential = registry_credential(r->server->registry, thumbprint);
	if (!made->agent)
		return wrong(r, "no agent %s is enrolled here", hop->act);
	return (made->credential && made->credential->agent == made->agent) ||
	       wrong(r, "the key it names is not a credential of %s", hop->act);
}

static bool was_logged(struct reading *r, bool last)
{
	struct delegation logged;
	const struct chain_hop *made = &r->chain->hops[r->at];
	if (last && r->last_is_new)
		return true;
	if (!delegation_by_hash(r->server->delegations, made->hash, &logged) ||
	    strcmp(logged.s256, made->s256) != 0)
		return wrong(r, "it was never logged here: make it with whoctl delegate");
	return true;
}

static bool take_scope(struct reading *r)
{
	const struct hop *hop = &r->hop[r->at];
	struct chain_hop *made = &r->chain->hops[r->at];
	char *error = NULL;
	if (!hop->scope)
		return true;
	made->scope = scope_new(hop->scope, &error);
	if (!made->scope)
		wrong(r, "%s", error ? error : "out of memory");
	free(error);
	return made->scope != NULL;
}

static bool read_hop(struct reading *r, bool last)
{
	struct buf payload BUF_AUTO = BUF_INIT;
	const struct hop_text *text = &r->text[r->at];
	struct chain_hop *made = &r->chain->hops[r->at];
	if (!jws_open(text->text, text->len, JWS_HOP, &payload) || payload.failed)
		return wrong(r, "it is not a hop (its form, or its header)");
	hop_hash(text->text, text->len, made->hash);
	s256(text->text, text->len, made->s256);
	if (!find_signer(r, &payload) || !read_claims(r, &payload))
		return false;
	const struct hop *hop = &r->hop[r->at];
	memcpy(made->jti, hop->jti, sizeof made->jti);
	made->iat = hop->iat;
	made->exp = hop->exp;
	made->max_depth = hop->max_depth;
	made->enrolment = r->at == 0 && !made->person && hop->txn && !strcmp(hop->txn, HOP_ENROLMENT);
	made->issuer = strdup(hop->iss);
	if (!made->issuer)
		return wrong(r, "out of memory");
	return is_issued_rightly(r) && is_in_time(r) && fits_parent(r) && repeats_nothing(r) &&
	       delegate_is_enrolled(r) && was_logged(r, last) && take_scope(r);
}

/* ── what people and kills are told of it ── */

static void time_member(struct buf *out, int64_t seconds)
{
	char when[RFC3339_LEN + 1];
	rfc3339_format(seconds * 1000, when);
	buf_addf(out, ",\"authorized_at\":\"%s\"", when);
}

static void add_principal(struct chain *chain, const struct hop *hop, const struct chain_hop *made)
{
	struct buf *out = &chain->principals;
	buf_adds(out, ",{\"type\":\"agent\",\"id\":");
	json_add_string(out, hop->act, strlen(hop->act));
	buf_adds(out, ",\"task\":");
	json_add_string(out, hop->task, strlen(hop->task));
	/* The approver only attests what a person said, and of an agent's owner only that he is it. */
	bool is_signed = made->signer || made->person;
	buf_addf(out, ",\"task_grade\":\"%s\"",
		 is_signed         ? "proven"
		 : made->enrolment ? "claimed"
				   : "attested");
	time_member(out, hop->iat);
	buf_addf(out, ",\"proof\":\"%s\",\"credential\":\"%s\",\"hop\":\"%s\"",
		 is_signed ? "signed" : "attested", made->credential->id, made->jti);
	if (is_signed)
		buf_addf(out, ",\"signer\":\"%s\"", made->signer ? made->signer->id : made->person->id);
	char *scope = hop->scope ? cJSON_PrintUnformatted(hop->scope) : NULL;
	if (scope)
		buf_addf(out, ",\"scope\":%s", scope);
	out->failed = out->failed || (hop->scope && !scope);
	free(scope);
	buf_addc(out, '}');
	buf_addf(&chain->lineage, "agent %s\ncredential %s\n", hop->act, made->credential->id);
	if (made->signer)
		buf_addf(&chain->lineage, "credential %s\n", made->signer->id);
}

static bool tell(struct reading *r)
{
	struct chain *chain = r->chain;
	const struct hop *first = &r->hop[0], *last = &r->hop[chain->n - 1];
	const struct person_key *person = chain->hops[0].person;
	chain->human = strdup(first->sub);
	chain->task = strdup(last->task);
	buf_adds(&chain->principals, "[{\"type\":\"human\",\"id\":");
	json_add_string(&chain->principals, first->sub, strlen(first->sub));
	/* An owner authorised when he had the agent enrolled, not whenever it asks. */
	time_member(&chain->principals,
		    chain->hops[0].enrolment ? chain->hops[0].agent->created / 1000 : first->iat);
	buf_addf(&chain->principals, ",\"proof\":\"%s\"}", person ? "signed" : "attested");
	buf_addf(&chain->lineage, "human %s\n", first->sub);
	for (int i = 0; i < chain->n; i++)
		add_principal(chain, &r->hop[i], &chain->hops[i]);
	buf_addc(&chain->principals, ']');
	return chain->human && chain->task && !chain->principals.failed && !chain->lineage.failed;
}

static struct chain *chain_new(const char *text, size_t len)
{
	struct chain *chain = calloc(1, sizeof *chain);
	if (!chain)
		return NULL;
	chain->holders = 1;
	chain->len = len;
	chain->text = strndup(text, len);
	if (chain->text)
		return chain;
	free(chain);
	return NULL;
}

void chain_release(struct chain *chain)
{
	if (!chain || --chain->holders)
		return;
	for (int i = 0; i < chain->n; i++) {
		free(chain->hops[i].issuer);
		scope_free(chain->hops[i].scope);
	}
	buf_finish(&chain->principals);
	buf_finish(&chain->lineage);
	free(chain->human);
	free(chain->task);
	free(chain->text);
	free(chain);
}

struct chain *chain_verify(struct server *server, const char *text, size_t len, bool last_is_new, char *why)
{
	struct reading r = {.server = server, .last_is_new = last_is_new, .now = clock_now(), .why = why};
	int n = chain_split(text, len, r.text);
	if (!n) {
		snprintf(why, CHAIN_WHY,
			 "the principal chain is empty, too long (16 KiB and 8 hops), or not one");
		return NULL;
	}
	snprintf(why, CHAIN_WHY, "out of memory");
	r.chain = chain_new(text, len);
	bool good = r.chain != NULL;
	for (; good && r.at < n; r.at++) {
		good = read_hop(&r, r.at == n - 1);
		r.chain->n = good ? r.at + 1 : r.at;
	}
	good = good && tell(&r);
	for (int i = 0; i < n; i++)
		hop_finish(&r.hop[i]);
	if (good)
		return r.chain;
	/* The hop that failed may have got some of its parts. */
	if (r.chain)
		r.chain->n = n;
	chain_release(r.chain);
	return NULL;
}
