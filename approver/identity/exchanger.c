/* exchanger.c: the issuers in force, and their keys.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/identity/exchanger.h"
#include "approver/http/metrics.h"
#include "approver/oidc/fetch.h"
#include "common/clock.h"
#include "common/log.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { REFRESH_MS = 15 * 60 * 1000, ASKED_MS = 60 * 1000, AGAIN_MS = 1000 };

/* When an issuer's URL is to be asked; in the order of the trust's issuers. */
struct source {
	int64_t due;   /* clock_mono_ms */
	int64_t asked; /* when a token last had it asked out of turn; 0: never */
	int64_t pause; /* after the next failure; 0: the last fetch was good */
	bool busy;
};

struct exchanger {
	char *dir;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t wake;
	struct trust *trust; /* NULL: nothing is configured */
	struct source sources[TRUST_MAX_ISSUERS];
	bool running;
	_Atomic bool stopping;
	pthread_t thread;
};

/* ── fetching ──────────────────────────────────────────────────────────────────────────────────────────── */

/* The issuer that is due first; NULL when none has a URL. */
static struct trust_issuer *next_due(struct exchanger *x, struct source **source)
{
	struct trust_issuer *first = NULL;
	for (size_t i = 0; x->trust && i < x->trust->n; i++)
		if (x->trust->issuers[i].jwks_url && (!first || x->sources[i].due < (*source)->due)) {
			first = &x->trust->issuers[i];
			*source = &x->sources[i];
		}
	return first;
}

static void wait_until(struct exchanger *x, int64_t due)
{
	struct timespec until = {.tv_sec = due / 1000, .tv_nsec = due % 1000 * 1000000};
	pthread_cond_clockwait(&x->wake, &x->lock, CLOCK_MONOTONIC, &until);
}

/* The end of a fetch, good or not.  Said in the log when it begins to fail and when it is well again. */
static void note(struct source *source, const char *url, const struct jwks *keys, const char *error)
{
	bool failing = source->pause != 0;
	int64_t pause = failing ? source->pause * 2 : AGAIN_MS;
	metric_add(keys ? METRIC_KEY_FETCHES : METRIC_KEY_FETCHES_FAILED, 1);
	source->pause = keys ? 0 : pause < ASKED_MS ? pause : ASKED_MS;
	source->due = clock_mono_ms() + (keys ? REFRESH_MS : source->pause);
	source->busy = false;
	if (!keys && !failing)
		log_line(LOG_LEVEL_ERROR, "keys of an issuer cannot be fetched: the last good ones stay",
			 "url", url, "error", error ? error : "out of memory", NULL);
	else if (keys && failing)
		log_line(LOG_LEVEL_WARNING, "keys of an issuer are fetched again", "url", url, NULL);
}

static bool same_source(const struct trust_issuer *a, const char *name, const char *url, const struct buf *ca)
{
	return a && a->jwks_url && !strcmp(a->name, name) && !strcmp(a->jwks_url, url) &&
	       a->ca.len == ca->len && !memcmp(a->ca.data, ca->data, ca->len);
}

/* Fetch the keys of one issuer.  Called, and returns, with the lock held; meanwhile it is not, and the
 * configuration may have changed when the keys are here. */
static void fetch_one(struct exchanger *x, const struct trust_issuer *issuer, struct source *source)
{
	char *name = strdup(issuer->name), *url = strdup(issuer->jwks_url), *error = NULL;
	struct buf ca BUF_AUTO = BUF_INIT;
	buf_add(&ca, issuer->ca.data, issuer->ca.len);
	source->busy = true;
	pthread_mutex_unlock(&x->lock);
	struct jwks *keys = name && url && !ca.failed ? fetch_keys(url, &ca, &x->stopping, &error) : NULL;
	pthread_mutex_lock(&x->lock);
	struct trust_issuer *now = name ? trust_issuer(x->trust, name) : NULL;
	if (!x->stopping && now && url && same_source(now, name, url, &ca)) {
		note(&x->sources[now - x->trust->issuers], url, keys, error);
		if (keys) {
			jwks_free(now->keys);
			now->keys = keys;
			keys = NULL;
		}
	}
	jwks_free(keys);
	free(name);
	free(url);
	free(error);
}

static void *run(void *arg)
{
	struct exchanger *x = arg;
	pthread_mutex_lock(&x->lock);
	while (!x->stopping) {
		struct source *source = NULL;
		struct trust_issuer *issuer = next_due(x, &source);
		if (!issuer)
			pthread_cond_wait(&x->wake, &x->lock);
		else if (source->due > clock_mono_ms())
			wait_until(x, source->due);
		else
			fetch_one(x, issuer, source);
	}
	pthread_mutex_unlock(&x->lock);
	return NULL;
}

/* ── the configuration ─────────────────────────────────────────────────────────────────────────────────── */

static bool needs_thread(const struct trust *trust)
{
	for (size_t i = 0; trust && i < trust->n; i++)
		if (trust->issuers[i].jwks_url)
			return true;
	return false;
}

/* Start the thread once it is needed; an approver without issuers does not carry it. */
static bool start_thread(struct exchanger *x)
{
	if (x->running)
		return true;
	x->running = fetch_start() && !pthread_create(&x->thread, NULL, run, x);
	return x->running;
}

/* Keys that are here already are as good as before. */
static void take_keys(struct trust *to, struct trust *from)
{
	for (size_t i = 0; to && i < to->n; i++) {
		struct trust_issuer *new = &to->issuers[i], *old = trust_issuer(from, new->name);
		if (!new->jwks_url || !same_source(old, new->name, new->jwks_url, &new->ca))
			continue;
		new->keys = old->keys;
		old->keys = NULL;
	}
}

static void enforce(struct exchanger *x, struct trust *trust)
{
	char issuers[16], s256[S256_LEN + 1] = "";
	pthread_mutex_lock(&x->lock);
	struct trust *before = x->trust;
	take_keys(trust, before);
	snprintf(issuers, sizeof issuers, "%zu", trust ? trust->n : 0);
	snprintf(s256, sizeof s256, "%s", trust ? trust->s256 : "");
	x->trust = trust;
	memset(x->sources, 0, sizeof x->sources); /* due now */
	pthread_cond_signal(&x->wake);
	pthread_mutex_unlock(&x->lock);
	trust_free(before);
	if (trust)
		log_line(LOG_LEVEL_INFO, "identity tokens are exchanged", "issuers", issuers, "exchange",
			 s256, NULL);
	else if (before)
		log_line(LOG_LEVEL_INFO, "identity tokens are no longer exchanged", NULL);
}

/* false after logging why. */
static bool load(struct exchanger *x)
{
	bool missing = false;
	char *error = NULL;
	struct trust *trust = trust_load(x->dir, &missing, &error);
	if (!trust && !missing) {
		log_line(LOG_LEVEL_ERROR, "exchange.json refused", "error", error ? error : "out of memory",
			 NULL);
		free(error);
		return false;
	}
	if (needs_thread(trust) && !start_thread(x)) {
		log_line(LOG_LEVEL_ERROR, "no thread to fetch the keys of issuers", NULL);
		trust_free(trust);
		return false;
	}
	enforce(x, trust);
	return true;
}

struct exchanger *exchanger_new(const char *dir)
{
	struct exchanger *x = calloc(1, sizeof *x);
	if (!x)
		return NULL;
	pthread_mutex_init(&x->lock, NULL);
	pthread_cond_init(&x->wake, NULL);
	x->dir = strdup(dir);
	if (x->dir && load(x))
		return x;
	exchanger_free(x);
	return NULL;
}

void exchanger_reload(struct exchanger *x)
{
	if (!load(x))
		log_line(LOG_LEVEL_WARNING, "the issuers in force stay", NULL);
}

void exchanger_free(struct exchanger *x)
{
	if (!x)
		return;
	if (x->running) {
		pthread_mutex_lock(&x->lock);
		x->stopping = true;
		pthread_cond_signal(&x->wake);
		pthread_mutex_unlock(&x->lock);
		pthread_join(x->thread, NULL);
	}
	trust_free(x->trust);
	pthread_cond_destroy(&x->wake);
	pthread_mutex_destroy(&x->lock);
	free(x->dir);
	free(x);
}

/* ── a token ───────────────────────────────────────────────────────────────────────────────────────────── */

/* The issuer has no key of that name here: does it pay to come again? */
static bool worth_waiting(struct exchanger *x, const struct trust_issuer *issuer)
{
	struct source *source = &x->sources[issuer - x->trust->issuers];
	int64_t now = clock_mono_ms();
	if (!issuer->jwks_url)
		return false;
	if (!source->busy && (!source->asked || now - source->asked >= ASKED_MS) && issuer->keys) {
		source->asked = now;
		source->due = now;
		pthread_cond_signal(&x->wake);
	}
	return source->busy || source->due <= now || !issuer->keys;
}

static enum exchange_answer check(struct exchanger *x, const struct jwt *jwt, const char *agent,
				  struct judgement *judgement, char why[JUDGE_WHY])
{
	const char *phrase = "";
	struct trust_issuer *issuer = trust_issuer(x->trust, jwt->iss);
	if (!issuer) {
		snprintf(why, JUDGE_WHY, "its issuer is none of those configured");
		return EXCHANGE_REFUSED;
	}
	switch (jwt_verify(jwt, issuer->keys, &phrase)) {
	case JWT_SIGNED:
		if (judge(jwt, issuer, agent, clock_now(), judgement, why)) {
			memcpy(judgement->trust_s256, x->trust->s256, sizeof judgement->trust_s256);
			return EXCHANGE_TAKEN;
		}
		judgement_finish(judgement);
		return EXCHANGE_REFUSED;
	case JWT_KEY_UNKNOWN:
		if (worth_waiting(x, issuer)) {
			snprintf(why, JUDGE_WHY, "%s",
				 issuer->keys ? "the issuer's keys are being fetched: ask again"
					      : "the issuer's keys could not be fetched yet: ask again");
			return EXCHANGE_LATER;
		}
		break;
	case JWT_REFUSED:
		break;
	}
	snprintf(why, JUDGE_WHY, "%s", phrase);
	return EXCHANGE_REFUSED;
}

enum exchange_answer exchanger_check(struct exchanger *x, const char *token, size_t len, const char *agent,
				     struct judgement *judgement, char why[JUDGE_WHY])
{
	struct jwt jwt;
	const char *phrase = "";
	enum exchange_answer answer = EXCHANGE_REFUSED;
	bool good = jwt_open(&jwt, token, len, &phrase);
	if (!good)
		snprintf(why, JUDGE_WHY, "%s", phrase);
	pthread_mutex_lock(&x->lock);
	if (!x->trust)
		answer = EXCHANGE_OFF;
	else if (good)
		answer = check(x, &jwt, agent, judgement, why);
	pthread_mutex_unlock(&x->lock);
	jwt_finish(&jwt);
	return answer;
}
