/* hop_make.c: asking for a hop, and making it from the answer; see hop_make.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/hop_make.h"
#include "common/clock.h"
#include "common/error.h"
#include "common/exits.h"
#include "common/jwk.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

enum { ASK_S = 60 };

#define refuse(status, ...) (error_set(error, __VA_ARGS__), (status))

bool chain_last(struct hop *hop, const char *chain)
{
	struct hop_text hops[CHAIN_MAX_HOPS];
	struct buf payload BUF_AUTO = BUF_INIT;
	char why[160];
	memset(hop, 0, sizeof *hop);
	int n = chain_split(chain, strlen(chain), hops);
	return n > 0 && jws_open(hops[n - 1].text, hops[n - 1].len, JWS_HOP, &payload) && !payload.failed &&
	       hop_parse(hop, payload.data ? payload.data : "", payload.len, why);
}

/* ── what is wanted ── */

static int check_chain(const struct hop_wanted *wanted, const struct hop_signer *signer, char **error)
{
	struct hop last;
	int status = 0;
	if (!chain_last(&last, wanted->chain))
		status = refuse(EXIT_IDENTITY, "WHOSH_PRINCIPAL_CHAIN is not a chain");
	else if (strcmp(last.act, signer->name) != 0)
		status = refuse(EXIT_IDENTITY,
				"the chain ends at %s, not at this agent: have %s run whoctl delegate --to "
				"%s",
				last.act, last.act, signer->name);
	hop_finish(&last);
	return status;
}

static int check_scope(const char *text, char **error)
{
	char why[160];
	const char *wrong = "";
	cJSON *scope JSON_AUTO = json_parse(text, strlen(text), &wrong);
	if (!scope)
		return refuse(EXIT_USAGE_ERROR, "the scope is not JSON: %s", wrong);
	return scope_valid(scope, why) ? 0 : refuse(EXIT_USAGE_ERROR, "%s", why);
}

int hop_wanted_check(const struct hop_wanted *wanted, const struct hop_signer *signer, char **error)
{
	const char *task = wanted->task;
	if (!wanted->to || !name_valid(wanted->to))
		return refuse(EXIT_USAGE_ERROR, "it is not said to which agent");
	if (!task || !*task || strlen(task) > HOP_MAX_TASK || !utf8_valid(task, strlen(task)))
		return refuse(EXIT_USAGE_ERROR, "the task is a text in UTF-8 of 1 to %d bytes", HOP_MAX_TASK);
	if (wanted->expires_s < 0 || wanted->expires_s > DELEGATE_MAX_S)
		return refuse(EXIT_USAGE_ERROR, "a delegation expires within %d days",
			      DELEGATE_MAX_S / 86400);
	if (wanted->more_depth < -1 || wanted->more_depth >= CHAIN_MAX_HOPS)
		return refuse(EXIT_USAGE_ERROR, "the depth is 0 to %d further hops", CHAIN_MAX_HOPS - 1);
	int status = wanted->scope ? check_scope(wanted->scope, error) : 0;
	if (status == 0 && wanted->chain)
		status = check_chain(wanted, signer, error);
	return status;
}

/* ── the question ── */

static void member(struct buf *out, const char *name, const char *value)
{
	if (!value)
		return;
	buf_addf(out, ",\"%s\":", name);
	json_add_string(out, value, strlen(value));
}

int hop_ask(struct buf *jws, const struct hop_wanted *wanted, const struct hop_signer *signer, int64_t now,
	    char **error)
{
	struct buf text BUF_AUTO = BUF_INIT;
	char jti[UUID_LEN + 1];
	uuid_new(jti);
	buf_addf(&text, "{\"jti\":\"%s\",\"iat\":%lld,\"exp\":%lld", jti, (long long)now,
		 (long long)now + ASK_S);
	member(&text, "aud", signer->aud);
	member(&text, "sub", signer->name);
	member(&text, "to", wanted->to);
	member(&text, "chain", wanted->chain);
	member(&text, "task", wanted->task);
	if (wanted->expires_s)
		buf_addf(&text, ",\"expires_s\":%lld", (long long)wanted->expires_s);
	buf_addc(&text, '}');
	if (text.failed || !jws_sign(jws, JWS_DELEGATE, text.data, text.len, signer->key))
		return refuse(EXIT_UNREACHABLE, "the request could not be signed");
	return 0;
}

/* ── the answer ── */

/* What the approver lets the hop be. */
struct leave {
	const char *chain, *human;
	unsigned char key[KEY_BYTES];
	int64_t depth, max_depth, expires, now;
};

static bool read_leave(struct leave *leave, const cJSON *answer)
{
	const cJSON *cnf = json_object(answer, "cnf");
	leave->chain = json_string(answer, "chain");
	leave->human = json_string(answer, "human");
	return jwk_ed25519(cnf ? json_object(cnf, "jwk") : NULL, leave->key) &&
	       json_integer(answer, "depth", &leave->depth) &&
	       json_integer(answer, "max_depth", &leave->max_depth) &&
	       json_integer(answer, "expires", &leave->expires) && json_integer(answer, "now", &leave->now) &&
	       leave->depth >= 0 && leave->max_depth < CHAIN_MAX_HOPS && leave->now > 0;
}

/* A chain that the approver began for this agent: one hop, with its signature. */
static bool begun_here(const char *chain, const struct public_key *approver)
{
	return !strchr(chain, '~') && approver && jws_verify(chain, strlen(chain), approver);
}

/* Does the answer fit the chain that it goes on from? */
static bool fits(const struct leave *leave, const struct hop_wanted *wanted, const struct hop_signer *signer)
{
	struct hop last;
	if (signer->person)
		return !leave->chain && !wanted->chain && leave->depth == 0 &&
		       (!leave->human || !strcmp(leave->human, signer->name));
	if (!leave->chain || !leave->human ||
	    (wanted->chain ? strcmp(leave->chain, wanted->chain) != 0
			   : !begun_here(leave->chain, signer->approver)))
		return false;
	bool good = chain_last(&last, leave->chain) && !strcmp(last.act, signer->name) &&
		    !strcmp(last.aud, signer->aud) && !strcmp(last.sub, leave->human) &&
		    leave->depth == last.depth + 1 && leave->max_depth <= last.max_depth &&
		    leave->expires <= last.exp;
	hop_finish(&last);
	return good;
}

/* "90s", "20m", "3h", "2d": in the longest unit, no more, and with half a minute left to type it. */
static void duration(char out[32], int64_t seconds)
{
	if (seconds > 60)
		seconds -= 30;
	struct buf text BUF_AUTO = BUF_INIT;
	if (seconds >= 2 * 86400)
		buf_addf(&text, "%lldd", (long long)seconds / 86400);
	else if (seconds >= 2 * 3600)
		buf_addf(&text, "%lldh", (long long)seconds / 3600);
	else if (seconds >= 120)
		buf_addf(&text, "%lldm", (long long)seconds / 60);
	else
		buf_addf(&text, "%llds", (long long)seconds);
	strcpy(out, text.failed ? "" : text.data);
}

static int find_limits(struct hop *hop, const struct leave *leave, const struct hop_wanted *wanted,
		       char **error)
{
	int64_t left = leave->expires - leave->now;
	int64_t wish = wanted->expires_s ? wanted->expires_s : DELEGATE_DEFAULT_S;
	char until[RFC3339_LEN + 1], most[32];
	if (leave->depth > leave->max_depth)
		return refuse(EXIT_IDENTITY, "the chain allows no further hop: its depth is used up");
	if (left < 1)
		return refuse(EXIT_IDENTITY,
			      "the chain has expired: have it delegated again by who delegated it");
	if (wanted->expires_s && wish > left) {
		rfc3339_format(leave->expires * 1000, until);
		duration(most, left);
		return refuse(EXIT_IDENTITY, "expires would outlive %s (until %s): --expires %s at most",
			      leave->depth ? "the parent" : "what the approver allows", until, most);
	}
	if (wanted->more_depth > leave->max_depth - leave->depth)
		return refuse(EXIT_IDENTITY, "the chain does not go that deep: --depth %lld at most",
			      (long long)(leave->max_depth - leave->depth));
	hop->iat = leave->now;
	hop->exp = leave->now + (wish < left ? wish : left);
	hop->depth = leave->depth;
	hop->max_depth = wanted->more_depth < 0 ? leave->max_depth : leave->depth + wanted->more_depth;
	return 0;
}

/* Append "~" and the hop, signed. */
static int add_hop(struct buf *chain, size_t *at, const struct hop *hop, const struct hop_wanted *wanted,
		   const struct hop_signer *signer, char **error)
{
	struct buf payload BUF_AUTO = BUF_INIT;
	if (chain->len)
		buf_addc(chain, '~');
	*at = chain->len;
	hop_format(&payload, hop, wanted->scope);
	if (payload.failed || chain->failed ||
	    !jws_sign(chain, JWS_HOP, payload.data, payload.len, signer->key))
		return refuse(EXIT_UNREACHABLE, "the hop could not be signed");
	if (chain->len > CHAIN_MAX_BYTES)
		return refuse(EXIT_IDENTITY,
			      "the chain would be longer than 16 KiB: shorten the task or the scope");
	return 0;
}

int hop_make(struct buf *chain, size_t *at, const struct hop_wanted *wanted, const struct hop_signer *signer,
	     const char *answer, size_t len, char **error)
{
	cJSON *json JSON_AUTO = json_parse(answer, len, NULL);
	struct leave leave = {0};
	if (!json || !read_leave(&leave, json) || !fits(&leave, wanted, signer))
		return refuse(EXIT_UNREACHABLE,
			      "the approver's answer cannot be trusted: it does not fit what was asked");
	char jti[UUID_LEN + 1], hash[S256_LEN + 1];
	struct hop hop = {.jti = jti,
			  .iss = signer->name,
			  .sub = signer->person ? signer->name : leave.human,
			  .aud = signer->aud,
			  .act = wanted->to,
			  .task = wanted->task,
			  .txn = wanted->txn};
	int status = find_limits(&hop, &leave, wanted, error);
	if (status)
		return status;
	uuid_new(jti);
	memcpy(hop.key, leave.key, KEY_BYTES);
	if (leave.chain) {
		struct hop_text hops[CHAIN_MAX_HOPS];
		int n = chain_split(leave.chain, strlen(leave.chain), hops);
		hop_hash(hops[n - 1].text, hops[n - 1].len, hash);
		hop.par_hash = hash;
		buf_adds(chain, leave.chain);
	}
	return add_hop(chain, at, &hop, wanted, signer, error);
}

bool hop_logged(const char *answer, size_t len, const char *hop, size_t hop_len)
{
	cJSON *json JSON_AUTO = json_parse(answer, len, NULL);
	struct buf payload BUF_AUTO = BUF_INIT;
	int64_t index;
	const char *jti = json ? json_string(json, "jti") : NULL;
	if (!jti || !json_integer(json, "log_index", &index) || !jws_open(hop, hop_len, JWS_HOP, &payload) ||
	    payload.failed)
		return false;
	cJSON *claims JSON_AUTO = json_parse(payload.data, payload.len, NULL);
	const char *ours = claims ? json_string(claims, "jti") : NULL;
	return ours && !strcmp(ours, jti);
}
