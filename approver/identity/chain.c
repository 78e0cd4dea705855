/* chain.c: chains that were verified, kept by the hash of their bytes, and what of them changes with time.
 *
 * The cache is a table of fixed size in which a newcomer takes its place from whoever has it: what was thrown
 * out is verified again, and nobody can make it grow.  Long chains, which may hold thousands of patterns,
 * share a quarter of the places, or agents could fill them all with those.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/identity/chain.h"
#include "approver/identity/delegations.h"
#include "common/clock.h"
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLACES = 1024, LONG_PLACES = PLACES / 4, LONG_BYTES = 4096 };

struct chain_cache {
	pthread_mutex_t lock;
	struct chain *places[PLACES];
};

struct chain_cache *chain_cache_new(void)
{
	struct chain_cache *cache = calloc(1, sizeof *cache);
	if (cache)
		pthread_mutex_init(&cache->lock, NULL);
	return cache;
}

void chain_cache_free(struct chain_cache *cache)
{
	if (!cache)
		return;
	for (size_t i = 0; i < PLACES; i++)
		chain_release(cache->places[i]);
	pthread_mutex_destroy(&cache->lock);
	free(cache);
}

static size_t place_of(const char *text, size_t len)
{
	char hash[S256_LEN + 1];
	uint64_t part;
	s256(text, len, hash);
	memcpy(&part, hash, sizeof part);
	return (size_t)((part * 0x9e3779b97f4a7c15u) >> 32) % (len > LONG_BYTES ? LONG_PLACES : PLACES);
}

static struct chain *cached(struct chain_cache *cache, size_t place, const char *text, size_t len)
{
	pthread_mutex_lock(&cache->lock);
	struct chain *chain = cache->places[place];
	if (chain && chain->len == len && !memcmp(chain->text, text, len))
		chain->holders++;
	else
		chain = NULL;
	pthread_mutex_unlock(&cache->lock);
	return chain;
}

static void keep(struct chain_cache *cache, size_t place, struct chain *chain)
{
	chain->holders++;
	pthread_mutex_lock(&cache->lock);
	struct chain *before = cache->places[place];
	cache->places[place] = chain;
	pthread_mutex_unlock(&cache->lock);
	chain_release(before);
}

/* ── with every command ── */

/* Who delegates: of hop 0 the person, also where the approver attests it. */
static const char *from(const struct chain *chain, int i)
{
	return i ? chain->hops[i].issuer : chain->human;
}

__attribute__((format(printf, 4, 5))) static bool fallen(const struct chain *chain, int i, char *why,
							 const char *format, ...)
{
	char text[256];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	snprintf(why, CHAIN_WHY, "the principal chain no longer stands (%.64s to %.64s): %s", from(chain, i),
		 chain->hops[i].agent->id, text);
	return false;
}

static bool hop_stands(struct server *server, const struct chain *chain, int i, bool is_new, char *why)
{
	const struct chain_hop *hop = &chain->hops[i];
	struct delegation logged;
	if (hop->exp <= clock_now())
		return fallen(chain, i, why, "it has expired; delegate again");
	if (!is_new && !delegation_by_hash(server->delegations, hop->hash, &logged))
		return fallen(chain, i, why, "the log has not seen it");
	if (!is_new && logged.revoked)
		return fallen(chain, i, why, "the delegation was revoked");
	if (hop->person && hop->person->revoked)
		return fallen(chain, i, why, "%s's key was revoked", hop->person->person);
	if (hop->signer && hop->signer->revoked)
		return fallen(chain, i, why, "the credential that signed it was revoked");
	if (hop->credential->revoked)
		return fallen(chain, i, why, "the credential it was made for was revoked");
	if (hop->agent->disabled)
		return fallen(chain, i, why, "%s is disabled", hop->agent->id);
	return true;
}

bool chain_stands(struct server *server, const struct chain *chain, bool last_is_new, char *why)
{
	const struct operator_account *human = registry_operator(server->registry, chain->human);
	if (human && human->disabled)
		return fallen(chain, 0, why, "%s is no longer an operator here", chain->human);
	/* The name may be somebody else's now. */
	if (human && !chain->hops[0].enrolment && human->created / 1000 > chain->hops[0].iat)
		return fallen(chain, 0, why, "%s was enrolled anew since; delegate again", chain->human);
	for (int i = 0; i < chain->n; i++)
		if (!hop_stands(server, chain, i, last_is_new && i == chain->n - 1, why))
			return false;
	return true;
}

struct chain *chain_take(struct server *server, const char *text, size_t len, char *why)
{
	size_t place = place_of(text, len);
	struct chain *chain = cached(server->chains, place, text, len);
	bool was_cached = chain != NULL;
	if (!chain)
		chain = chain_verify(server, text, len, false, why);
	if (!chain)
		return NULL;
	if (!chain_stands(server, chain, false, why)) {
		chain_release(chain);
		return NULL;
	}
	if (!was_cached)
		keep(server->chains, place, chain);
	return chain;
}

bool chain_ends_at(const struct chain *chain, const struct credential *credential, char *why)
{
	const struct chain_hop *last = &chain->hops[chain->n - 1];
	const char *agent = credential->agent->id;
	if (last->agent != credential->agent)
		snprintf(why, CHAIN_WHY,
			 "the principal chain ends at %.64s, not at %.64s: have %.64s run whoctl delegate "
			 "--to %.64s "
			 "--task TEXT and pass on what it prints",
			 last->agent->id, agent, last->agent->id, agent);
	else if (!chain_same_line(credential, last->credential))
		snprintf(why, CHAIN_WHY,
			 "the principal chain was made for another key of %.64s: delegate to it again",
			 agent);
	else
		return true;
	return false;
}

int chain_covers(const struct chain *chain, const struct policy_request *request, char **why)
{
	/* The patterns are the agents' own: they must not keep the approver busy. */
	struct policy_request bounded = *request;
	size_t steps = SCOPE_STEPS;
	bounded.steps = &steps;
	*why = NULL;
	for (int i = 0; i < chain->n; i++) {
		const struct chain_hop *hop = &chain->hops[i];
		char *clause = NULL;
		int inside = hop->scope ? scope_covers(hop->scope, &bounded, &clause) : 1;
		if (inside == 1)
			continue;
		if (inside == 0 && asprintf(why, "hop %d (%s to %s) gives no authority for this: %s", i,
					    from(chain, i), hop->agent->id, clause) < 0)
			inside = -1;
		free(clause);
		return inside;
	}
	return 1;
}
