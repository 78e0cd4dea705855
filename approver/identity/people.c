/* people.c: people's own keys.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/identity/people.h"
#include "common/log.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_TRIED = 1024 };

struct people {
	pthread_rwlock_t lock;
	struct person_key *newest;
};

static void key_free(struct person_key *key)
{
	public_key_free(key->key);
	free(key->person);
	free(key);
}

static struct person_key *find(struct people *people, const char *id)
{
	struct person_key *key = people->newest;
	while (key && strcmp(key->id, id) != 0)
		key = key->older;
	return key;
}

static struct person_key *add(struct people *people, const struct key_row *row)
{
	struct person_key *key = strlen(row->id) == S256_LEN ? calloc(1, sizeof *key) : NULL;
	if (!key)
		return NULL;
	strcpy(key->id, row->id);
	memcpy(key->x, row->key, KEY_BYTES);
	key->person = strdup(row->person);
	key->key = public_key_new(row->key);
	key->issued = row->issued;
	key->expires = row->expires;
	if (!key->person || !key->key) {
		key_free(key);
		return NULL;
	}
	key->older = people->newest;
	people->newest = key;
	return key;
}

int people_put(struct people *people, const struct key_row *row)
{
	pthread_rwlock_wrlock(&people->lock);
	struct person_key *key = find(people, row->id);
	if (!key)
		key = add(people, row);
	if (key && row->revoked && !key->revoked)
		key->revoked = row->revoked;
	pthread_rwlock_unlock(&people->lock);
	return key ? 0 : -1;
}

struct person_key *people_key(struct people *people, const char *id)
{
	pthread_rwlock_rdlock(&people->lock);
	struct person_key *key = find(people, id);
	pthread_rwlock_unlock(&people->lock);
	return key;
}

static struct person_key *newest(struct people *people)
{
	pthread_rwlock_rdlock(&people->lock);
	struct person_key *key = people->newest;
	pthread_rwlock_unlock(&people->lock);
	return key;
}

struct person_key *people_signer(struct people *people, const char *person, const char *jws, size_t len)
{
	int left = MOST_TRIED;
	for (struct person_key *key = newest(people); key && left; key = key->older) {
		if (strcmp(key->person, person) != 0)
			continue;
		left--;
		if (jws_verify(jws, len, key->key))
			return key;
	}
	return NULL;
}

int people_count(struct people *people, const char *person, int64_t now_ms)
{
	int count = 0;
	for (struct person_key *key = newest(people); key; key = key->older)
		count += !strcmp(key->person, person) && !key->revoked && key->expires > now_ms;
	return count;
}

void people_each(struct people *people, void (*fn)(struct person_key *, void *), void *arg)
{
	for (struct person_key *key = newest(people); key; key = key->older)
		fn(key, arg);
}

void person_key_to_row(const struct person_key *key, struct key_row *row)
{
	*row = (struct key_row){.id = (char *)(uintptr_t)key->id,
				.person = key->person,
				.issued = key->issued,
				.expires = key->expires,
				.revoked = key->revoked};
	memcpy(row->key, key->x, KEY_BYTES);
}

static bool load(const struct key_row *row, void *arg)
{
	if (people_put(arg, row))
		log_line(LOG_LEVEL_ERROR, "a person's key of the store cannot be used", "key", row->id, NULL);
	return true;
}

struct people *people_new(struct store_reader *reader)
{
	struct people *people = calloc(1, sizeof *people);
	if (!people)
		return NULL;
	pthread_rwlock_init(&people->lock, NULL);
	if (!store_keys(reader, load, people))
		return people;
	people_free(people);
	return NULL;
}

void people_free(struct people *people)
{
	if (!people)
		return;
	while (people->newest) {
		struct person_key *older = people->newest->older;
		key_free(people->newest);
		people->newest = older;
	}
	pthread_rwlock_destroy(&people->lock);
	free(people);
}
