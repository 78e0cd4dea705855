/* pool.c: the same work on many things; see pool.h.
 *
 * A round is handed out by a counter that every thread takes the next index from.  A thread that wakes late
 * finds nothing left, and says so like the others: the round is over when all have said it.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/audit/pool.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

enum { MAX_HELPERS = 15 };

struct pool {
	pthread_t helper[MAX_HELPERS];
	int helpers, busy;
	pthread_mutex_t lock;
	pthread_cond_t begin, end;
	unsigned long round;
	bool ending;
	void (*work)(size_t, void *);
	void *arg;
	size_t n;
	_Atomic size_t next;
};

static void take(struct pool *pool)
{
	for (size_t i; (i = atomic_fetch_add(&pool->next, 1)) < pool->n;)
		pool->work(i, pool->arg);
}

static void *help(void *arg)
{
	struct pool *pool = arg;
	unsigned long seen = 0;
	pthread_mutex_lock(&pool->lock);
	for (;;) {
		while (!pool->ending && pool->round == seen)
			pthread_cond_wait(&pool->begin, &pool->lock);
		if (pool->ending)
			break;
		seen = pool->round;
		pthread_mutex_unlock(&pool->lock);
		take(pool);
		pthread_mutex_lock(&pool->lock);
		if (--pool->busy == 0)
			pthread_cond_signal(&pool->end);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

struct pool *pool_new(void)
{
	struct pool *pool = calloc(1, sizeof *pool);
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	if (!pool)
		return NULL;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->begin, NULL);
	pthread_cond_init(&pool->end, NULL);
	while (pool->helpers < cores - 1 && pool->helpers < MAX_HELPERS &&
	       pthread_create(&pool->helper[pool->helpers], NULL, help, pool) == 0)
		pool->helpers++;
	return pool;
}

void pool_each(struct pool *pool, size_t n, void (*work)(size_t, void *), void *arg)
{
	pthread_mutex_lock(&pool->lock);
	pool->work = work;
	pool->arg = arg;
	pool->n = n;
	pool->next = 0;
	pool->busy = pool->helpers;
	pool->round++;
	pthread_cond_broadcast(&pool->begin);
	pthread_mutex_unlock(&pool->lock);
	take(pool);
	pthread_mutex_lock(&pool->lock);
	while (pool->busy > 0)
		pthread_cond_wait(&pool->end, &pool->lock);
	pthread_mutex_unlock(&pool->lock);
}

void pool_free(struct pool *pool)
{
	if (!pool)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->ending = true;
	pthread_cond_broadcast(&pool->begin);
	pthread_mutex_unlock(&pool->lock);
	for (int i = 0; i < pool->helpers; i++)
		pthread_join(pool->helper[i], NULL);
	pthread_cond_destroy(&pool->begin);
	pthread_cond_destroy(&pool->end);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}
