/* test_credentials.c: what a rotation may change, and what it may not.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/identity/registry.h"
#include "tests/unit/check.h"
#include "tests/unit/test_store.h"

#define KEY_A "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define KEY_B "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
#define KEY_C "CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC"
#define KEY_D "DDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDD"

static unsigned char key_bytes[KEY_BYTES];

static char *lent(const char *text)
{
	return (char *)(uintptr_t)text;
}

static struct credential_row row_of(const char *id, const char *agent, int64_t issued, const char *replaces)
{
	struct credential_row row = {.id = lent(id),
				     .agent = lent(agent),
				     .issued = issued,
				     .expires = 1000,
				     .replaces = lent(replaces)};
	memcpy(row.key, key_bytes, sizeof row.key);
	return row;
}

static void put(struct store *store, const char *id, const char *agent, int64_t issued, const char *replaces)
{
	struct credential_row row = row_of(id, agent, issued, replaces);
	store_credential_put(store, &row);
}

/* Two agents; of the first A was rotated to B and B to C; D is the other's, and claims to replace A. */
static struct store *filled(const char *dir)
{
	char path[256];
	struct store *store = store_at(dir, "credentials.db", path, sizeof path);
	struct agent_row one = {.id = lent("one"), .owner = lent("alice")};
	struct agent_row two = {.id = lent("two"), .owner = lent("bob")};
	store_begin(store);
	store_agent_put(store, &one);
	store_agent_put(store, &two);
	put(store, KEY_A, "one", 1, NULL);
	put(store, KEY_B, "one", 2, KEY_A);
	put(store, KEY_C, "one", 3, KEY_B);
	put(store, KEY_D, "two", 4, KEY_A);
	store_commit(store);
	return store;
}

static int say(struct store *store, const char *session, const char *credential, const char *command)
{
	char *last;
	int64_t seq;
	int result = store_session_next(store, session, "one", credential, command, NULL, &seq, &last);
	free(last);
	return result;
}

static void test_sessions(struct store *store)
{
	store_begin(store);
	holds("a session begins", say(store, "s", KEY_A, "02") == 1);
	holds("another agent's key that claims to replace it cannot take it over",
	      say(store, "s", KEY_D, "03") == 0);
	holds("a rotated key takes the session over", say(store, "s", KEY_B, "05") == 1);
	holds("the old key cannot take it back", say(store, "s", KEY_A, "06") == 0);
	holds("what the old key signed before that is still its", say(store, "s", KEY_A, "04") == 1);
	holds("and takes nothing back either", say(store, "s", KEY_B, "07") == 1);
	holds("the next rotation takes it over too", say(store, "s", KEY_C, "09") == 1);
	holds("then the first key is as foreign as any", say(store, "s", KEY_A, "01") == 0);
	say(store, "t", KEY_A, "10");
	holds("a rotation of a rotation takes over as well", say(store, "t", KEY_C, "11") == 1);
	say(store, "u", KEY_C, "12");
	holds("a session of the new key is not the old one's", say(store, "u", KEY_B, "11") == 0);
	store_commit(store);
	struct store_reader *reader = store_reader_new(store);
	char *owner;
	holds("whose a session is can be asked",
	      store_session_owner(reader, "s", &owner) == 1 && !strcmp(owner, KEY_C));
	free(owner);
	holds("and of none nobody's", store_session_owner(reader, "nowhere", &owner) == 0 && !owner);
	store_reader_free(reader);
}

static void test_ends(struct store *store)
{
	struct credential_row row = row_of(KEY_B, "one", 2, KEY_A), got;
	store_begin(store);
	row.expires = 500;
	row.last_used = 90;
	store_credential_put(store, &row);
	row.expires = 1000;
	row.last_used = 80;
	row.source = lent("exchange");
	row.replaces = NULL;
	store_credential_put(store, &row);
	store_commit(store);
	struct store_reader *reader = store_reader_new(store);
	bool found = store_credential(reader, KEY_B, &got) == 1;
	holds("a use that is written late does not lengthen a window", found && got.expires == 500);
	holds("nor make the last use older", found && got.last_used == 90);
	holds("what it replaces and where it came from stay",
	      found && got.replaces && !strcmp(got.replaces, KEY_A) && !strcmp(got.source, "operator"));
	credential_row_finish(&got);
	struct registry *registry = registry_new(reader);
	struct credential *a = registry_credential(registry, KEY_A),
			  *b = registry_credential(registry, KEY_B),
			  *c = registry_credential(registry, KEY_C),
			  *d = registry_credential(registry, KEY_D);
	holds("memory knows the rotations after a start",
	      credential_succeeds(c, a) && credential_succeeds(b, a) && credential_succeeds(b, b));
	holds("never the other way round", !credential_succeeds(a, b) && !credential_succeeds(b, c));
	holds("nor from one agent to another", !credential_succeeds(d, a) && !d->replaces);
	holds("the replaced one knows by what",
	      a->replaced_by == b && b->replaced_by == c && !c->replaced_by);
	struct credential_row same;
	credential_to_row(b, &same);
	same.expires = 2000;
	registry_put_credential(registry, &same);
	holds("memory lengthens no window either", b->expires == 500);
	struct credential *some[3];
	size_t from = 0;
	bool all = registry_some(registry, &from, some, 3) == 3 && from == 3 &&
		   registry_some(registry, &from, some, 3) == 3 && from == 2 && some[0] == d;
	holds("a search goes on where the last one ended, and round", all);
	registry_free(registry);
	store_reader_free(reader);
}

static bool take_first(int64_t index, int64_t ms, const char *body, size_t len, void *arg)
{
	(void)index;
	(void)body;
	*(int64_t *)arg = len == 2 ? ms : -1;
	return false;
}

static void test_alerts(struct store *store)
{
	store_begin(store);
	for (int64_t ms = 100; ms < 110; ms++)
		store_alert_add(store, ms, "one", "{}", 2);
	store_commit(store);
	struct store_reader *reader = store_reader_new(store);
	int64_t last = 0;
	holds("alerts are counted from a time on", store_alert_count(reader, 105) == 5);
	holds("the newest comes first", !store_alerts(reader, 0, 3, take_first, &last) && last == 109);
	store_reader_free(reader);
}

int main(void)
{
	char dir[] = "/tmp/whosh-credentials-XXXXXX", command[64];
	if (!mkdtemp(dir))
		return 1;
	struct signing_key *key = signing_key_generate();
	signing_key_export(key, NULL, key_bytes);
	signing_key_free(key);
	struct store *store = filled(dir);
	test_sessions(store);
	test_ends(store);
	test_alerts(store);
	store_close(store);
	snprintf(command, sizeof command, "rm -rf %s", dir);
	return (system(command) != 0) | checks_end();
}
