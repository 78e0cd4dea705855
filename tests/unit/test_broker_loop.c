/* test_broker_loop.c: the loop, the patience of retries, the cache of credentials, and the limits of a user.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/broker/credential.h"
#include "shell/broker/loop.h"
#include "shell/broker/peer.h"
#include "shell/broker/retry.h"
#include "common/io.h"
#include "tests/unit/test_broker.h"
#include <pwd.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static struct loop *loop;
static struct buf order;

struct named {
	struct timer timer;
	char name;
};

static void fired(struct timer *timer)
{
	char name = container_of(timer, struct named, timer)->name;
	buf_addc(&order, name);
	if (name == 'z')
		loop_stop(loop);
}

/* A timer that fires late or twice would refuse a shell that was in time, or retry for ever. */
static void test_timers(void)
{
	struct named timers[26];
	loop = loop_new();
	buf_clear(&order);
	for (int i = 0; i < 26; i++) {
		int at = i * 11 % 26; /* set in a mixed order */
		timers[at] = (struct named){.timer.fire = fired, .name = (char)('a' + at)};
		loop_timer_set(loop, &timers[at].timer, 200 - at);
	}
	for (int i = 0; i < 26; i++)
		loop_timer_set(loop, &timers[i].timer, i + 1);
	loop_timer_stop(loop, &timers['c' - 'a'].timer);
	loop_timer_stop(loop, &timers['c' - 'a'].timer);
	loop_timer_stop(loop, &timers['x' - 'a'].timer);
	EXPECT(loop_run(loop) == 0);
	EXPECT(text_is(order.data, "abdefghijklmnopqrstuvwyz"));
	loop_free(loop);
}

static struct watch ends[2];

static void first_come(struct watch *watch, uint32_t events)
{
	(void)events;
	buf_addc(&order, watch == &ends[0] ? '0' : '1');
	loop_unwatch(loop, &ends[0]);
	loop_unwatch(loop, &ends[1]);
	loop_stop(loop);
}

/* One shell's end may free another's state in the same round; its event must then be forgotten, or the broker
 * dies. */
static void test_unwatch_in_round(void)
{
	int fds[2];
	EXPECT(pipe(fds) == 0);
	EXPECT(write(fds[1], "x", 1) == 1);
	int copy = dup(fds[0]);
	loop = loop_new();
	buf_clear(&order);
	ends[0] = (struct watch){.fd = fds[0], .ready = first_come};
	ends[1] = (struct watch){.fd = copy, .ready = first_come};
	EXPECT(loop_watch(loop, &ends[0], EPOLLIN) && loop_watch(loop, &ends[1], EPOLLIN));
	EXPECT(loop_run(loop) == 0);
	EXPECT(order.len == 1);
	loop_free(loop);
	close(fds[0]);
	close(fds[1]);
	close(copy);
}

/* How often, and how long, a failure of that kind is tried again. */
static unsigned tries_of(enum failure failure, int64_t each, int64_t after, int64_t *total)
{
	unsigned tries = 1;
	*total = each;
	for (int64_t wait; (wait = retry_delay(failure, tries, *total, after)) >= 0; tries++) {
		EXPECT(wait >= after);
		*total += wait + each;
		if (tries > 1000)
			break;
	}
	return tries;
}

/* An approver that restarts must not cost the agents a line; one that is down must be reported in seconds;
 * and a certificate that is wrong does not get better by trying. */
static void test_patience(void)
{
	int64_t total;
	for (int round = 0; round < 50; round++) {
		EXPECT(tries_of(FAILURE_ABSENT, 0, 0, &total) >= 3 && total <= RETRY_ABSENT_MS);
		EXPECT(tries_of(FAILURE_TRANSIENT, 0, 0, &total) >= 5 && total <= RETRY_TRANSIENT_MS);
		EXPECT(tries_of(FAILURE_TRANSIENT, 10000, 0, &total) == 1);
		EXPECT(tries_of(FAILURE_TRANSIENT, 0, 3000, &total) == 4);
		int64_t wait = retry_background(1000, 60000);
		EXPECT(wait >= 45000 && wait <= 75000);
	}
	EXPECT(tries_of(FAILURE_UNTRUSTED, 0, 0, &total) == 1);
	EXPECT(tries_of(FAILURE_NONE, 0, 0, &total) == 1);
}

static char folder[] = "/tmp/whosh-credentials-XXXXXX";

static void write_token(const char *user, const char *agent)
{
	struct buf text BUF_AUTO = BUF_INIT;
	char path[128];
	struct token token = {.sub = strdup(agent),
			      .aud = strdup("whoshd:x"),
			      .nbf = 1,
			      .exp = 1LL << 33,
			      .key = signing_key_generate()};
	token_format(&text, &token);
	snprintf(path, sizeof path, "%s/%s.json", folder, user);
	EXPECT(write_file_durable(path, text.data, text.len, 0400) == 0);
	signing_key_free(token.key);
	free(token.sub);
	free(token.aud);
}

/* A rotated credential must be used at once, a removed one never again, and no user name may lead to
 * another's file. */
static void test_credentials(void)
{
	char *error = NULL;
	struct conf conf = {.value[CONF_CREDENTIALS] = folder};
	struct credentials all = {.conf = &conf};
	EXPECT(mkdtemp(folder) != NULL);
	write_token("agent", "one");
	struct credential *a = credential_take(&all, "agent", &error),
			  *b = credential_take(&all, "agent", &error);
	EXPECT(a && a == b && text_is(a->token->sub, "one"));
	write_token("agent", "two");
	struct credential *c = credential_take(&all, "agent", &error);
	EXPECT(c && c != a && text_is(c->token->sub, "two"));
	EXPECT(text_is(a->token->sub, "one")); /* still held by the commands that were signed with it */
	char path[128];
	snprintf(path, sizeof path, "%s/agent.json", folder);
	EXPECT(chmod(path, 0444) == 0);
	EXPECT(!credential_take(&all, "agent", &error) && error);
	free(error);
	EXPECT(unlink(path) == 0);
	EXPECT(!credential_take(&all, "agent", &error) && error && strstr(error, "no credential"));
	free(error);
	static const char *const bad[] = {"../agent", ".agent", "a/b"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		EXPECT(!credential_take(&all, bad[i], &error) && error);
		free(error);
	}
	credential_drop(a);
	credential_drop(b);
	credential_drop(c);
	credentials_finish(&all);
	EXPECT(rmdir(folder) == 0);
}

/* One user's requests must not take the memory that the others need. */
static void test_charges(void)
{
	struct peer peer = {0};
	EXPECT(peer_charge(&peer, PEER_MAX_BYTES) && !peer_charge(&peer, 1));
	EXPECT(!peer_charge(&peer, (size_t)-1));
	peer_release(&peer, 10);
	EXPECT(!peer_charge(&peer, 11) && peer_charge(&peer, 10));
}

static const char *name_now;

/* In the place of the C library's. */
struct passwd *getpwuid(uid_t uid)
{
	static struct passwd entry;
	entry = (struct passwd){.pw_name = (char *)(size_t)name_now, .pw_uid = uid};
	return name_now ? &entry : NULL;
}

/* A number that was given to another account must not get the key of the account that had it before; and one
 * whose name could not be found at first must get its key when it can. */
static void test_names(void)
{
	struct peer *all = NULL, *peer;
	int pair[2];
	EXPECT(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	static const struct {
		const char *now, *expected;
	} cases[] = {{NULL, NULL}, {"first", "first"}, {"second", "second"}, {NULL, "second"}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		name_now = cases[i].now;
		peer = peer_of(&all, pair[0]);
		EXPECT(peer && peer == all && peer->uid == geteuid());
		EXPECT(cases[i].expected ? text_is(peer->user, cases[i].expected)
					 : strtoul(peer->user, NULL, 10) == geteuid());
		name_now = "not asked for within a minute";
		EXPECT(peer_of(&all, pair[0]) == peer && strcmp(peer->user, name_now) != 0);
		peer->named -= 60000;
	}
	close(pair[0]);
	close(pair[1]);
	peers_free(&all);
}

int main(void)
{
	RUN(test_timers);
	RUN(test_unwatch_in_round);
	RUN(test_patience);
	RUN(test_credentials);
	RUN(test_charges);
	RUN(test_names);
	buf_finish(&order);
	return finish_tests();
}
