/* readers.c: one store reader for each thread that asks for one.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/http/server.h"
#include <pthread.h>
#include <stdlib.h>

struct kept {
	struct kept *next;
	struct store_reader *reader;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct kept *all;
static unsigned generation; /* so that a thread does not use a reader that was freed */
static _Thread_local struct store_reader *mine;
static _Thread_local unsigned mine_generation;

struct store_reader *server_reader(struct server *server)
{
	if (mine && mine_generation == generation)
		return mine;
	struct kept *kept = malloc(sizeof *kept);
	mine = kept ? store_reader_new(server->store) : NULL;
	if (!mine) {
		free(kept);
		return NULL;
	}
	pthread_mutex_lock(&lock);
	kept->reader = mine;
	kept->next = all;
	all = kept;
	mine_generation = generation;
	pthread_mutex_unlock(&lock);
	return mine;
}

void server_readers_free(void)
{
	pthread_mutex_lock(&lock);
	generation++;
	while (all) {
		struct kept *kept = all;
		all = kept->next;
		store_reader_free(kept->reader);
		free(kept);
	}
	pthread_mutex_unlock(&lock);
}
