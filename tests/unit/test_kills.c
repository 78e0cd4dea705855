/* test_kills.c: what a kill is of, and kills in the table of live commands.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/identity/lineage.h"
#include "approver/command/live_kill.h"
#include "approver/command/live_table.h"
#include "approver/identity/registry.h"
#include "common/clock.h"
#include "tests/unit/check.h"
#include <stdlib.h>
#include <string.h>

static const char one[] = "01930000-0000-7000-8000-000000000001",
		  two[] = "01930000-0000-7000-8000-000000000002",
		  session[] = "01930000-0000-7000-8000-0000000000aa", hash[S256_LEN + 1] = "h",
		  tail[] = "abcdefghijklmnop", wrong[] = "abcdefghijklmnoq";

static struct kill *made(const char *kind, const char *name, int64_t expires)
{
	char id[UUID_LEN + 1];
	uuid_new(id);
	struct kill_row row = {.id = id,
			       .kind = (char *)(size_t)kind,
			       .name = (char *)(size_t)name,
			       .reason = (char *)(size_t) "why",
			       .by = (char *)(size_t) "bob",
			       .ts = 1,
			       .expires = expires};
	return kill_new(&row);
}

static bool of(const char *kind, const char *name, const struct kill_subject *subject)
{
	struct kill *kill = made(kind, name, 0);
	bool matches = kill && kill_matches(kill, subject);
	kill_release(kill);
	return matches;
}

static void test_matching(void)
{
	static const struct kill_subject s = {.id = one,
					      .agent = "worker",
					      .owner = "alice",
					      .credential = "key",
					      .session = session,
					      .parent = two,
					      .model = "lab/big@2.1",
					      .lineage = "human carol\nagent boss\ncredential b0ss\n"},
					 bare = {.id = one, .agent = "worker", .session = session};
	holds("an agent is killed by its name",
	      of("agent", "worker", &s) && !of("agent", "work", &s) && !of("agent", "worker2", &s));
	holds("and with who started it", of("agent", "boss", &s) && !of("agent", "bos", &s) &&
					     !of("agent", "carol", &s) && !of("agent", "boss\n", &s));
	holds("a human by the chain and as owner",
	      of("human", "alice", &s) && of("human", "carol", &s) && !of("human", "boss", &s));
	holds("a credential anywhere in the chain",
	      of("credential", "key", &s) && of("credential", "b0ss", &s) && !of("credential", "b0s", &s));
	holds("a session", of("session", session, &s) && !of("session", one, &s));
	holds("a command and what is in it",
	      of("command", one, &s) && of("command", two, &s) && !of("command", session, &s));
	holds("a model by its name or a glob", of("model", "lab/big@2.1", &s) && of("model", "lab/*", &s) &&
						   of("model", "lab/big@[12]*", &s) &&
						   !of("model", "lab", &s));
	holds("what is not known is not killed", !of("model", "*", &bare) && !of("human", "", &bare) &&
						     !of("credential", "", &bare) &&
						     !of("command", two, &bare));
	holds("there is no other kind", !made("root", "x", 0));
}

static void test_chain(void)
{
	char *lineage =
	    lineage_of_chain("[{\"type\":\"human\",\"id\":\"a\"},{\"type\":\"agent\",\"id\":\"b\","
			     "\"credential\":\"c\"},{\"type\":\"agent\",\"id\":\"x\\nhuman root\"}]");
	holds("a chain is read as its lineage",
	      lineage && !strcmp(lineage, "human a\nagent b\ncredential c\n"));
	holds("what is no chain has none", !lineage_of_chain("{") && !lineage_of_chain(NULL));
	free(lineage);
}

static void test_in_force(void)
{
	struct kills *kills = kills_new();
	struct kill *kill = made("agent", "worker", clock_wall_ms() - 1), *other = made("human", "al", 0),
		    *found;
	const struct kill_subject s = {.id = one, .agent = "worker", .owner = "al"};
	holds("nothing is killed at first", !kills_any(kills) && kills_find(kills, &s, NULL, &found) == 0);
	kills_add(kills, kill);
	holds("a kill whose time is over matches nothing", kills_find(kills, &s, NULL, &found) == 0);
	holds("and is forgotten", !kills_any(kills));
	kills_add(kills, other);
	holds("one that is in force does", kills_find(kills, &s, NULL, &found) == 1 && found == other);
	kill_release(found);
	const struct kill_subject inside = {.id = one, .agent = "x", .owner = "y", .parent = two};
	struct kill *around = made("session", session, 0);
	kills_add(kills, around);
	holds("without the store nobody says that a command inside another is not killed",
	      kills_find(kills, &inside, NULL, &found) == -1 && !found);
	kills_remove(kills, other->id);
	kills_remove(kills, around->id);
	holds("one that was lifted does not", !kills_any(kills));
	kill_release(around);
	kill_release(other);
	kill_release(kill);
	kills_free(kills);
}

/* A command that is approved, and a poll that waits for it. */
struct scene {
	struct live *live;
	struct agent agent;
	struct credential credential;
	struct poll poll, *wake;
	struct kill_notes notes;
};

static void begin(struct scene *s, const char *lineage, bool polled)
{
	memset(s, 0, sizeof *s);
	s->agent.id = (char *)(size_t) "worker";
	s->agent.owner = (char *)(size_t) "alice";
	s->credential.agent = &s->agent;
	s->live = live_new(100);
	const struct live_about about = {session, NULL, "lab/big@1", lineage};
	enum live_state state;
	live_claim(s->live, one, hash, tail, "", &s->credential, &about, &state);
	live_set_running(s->live, one, 60000);
	struct live_ref ref = {.id = one, .tail = tail, .named = REF_RUNNING};
	live_look(s->live, &ref, 1, 60000);
	if (polled)
		live_wait(s->live, &s->poll, &ref, 1, 30000, &s->wake);
}

static void end(struct scene *s)
{
	if (s->poll.next)
		live_leave(s->live, &s->poll, 0);
	buf_finish(&s->poll.kills);
	kill_notes_finish(&s->notes);
	live_free(s->live);
}

static void kill_all(struct scene *s, const char *kind, const char *name)
{
	struct live_list pending = {0}, unsure = {0};
	struct kill *kill = made(kind, name, 0);
	live_kill_all(s->live, kill, &s->notes, &pending, &unsure, &s->wake);
	kill_release(kill);
	live_list_finish(&pending);
	live_list_finish(&unsure);
}

static void test_live(void)
{
	struct scene s;
	begin(&s, "human carol\nagent boss\n", true);
	holds("a poll of what runs waits", !s.wake);
	kill_all(&s, "agent", "somebody");
	holds("a kill of another wakes nobody", !s.wake && !s.notes.n);
	kill_all(&s, "human", "carol");
	holds("a kill wakes the poll with the order", s.wake == &s.poll && s.poll.kills.data &&
							  strstr(s.poll.kills.data, one) &&
							  strstr(s.poll.kills.data, "\"by\":\"bob\""));
	holds("it is noted as reached and told",
	      s.notes.n == 2 && s.notes.list[0].mark == KILL_REACHED && s.notes.list[1].mark == KILL_TOLD);
	end(&s);

	begin(&s, NULL, false);
	kill_all(&s, "model", "lab/*");
	struct live_ref refs[] = {{.id = one, .tail = tail, .named = REF_RUNNING},
				  {.id = one, .tail = wrong, .named = REF_KILLED},
				  {.id = one, .tail = tail, .named = REF_KILLED}};
	struct buf out BUF_AUTO = BUF_INIT;
	live_look(s.live, refs, 2, 60000);
	live_wait(s.live, &s.poll, refs, 1, 30000, &s.wake);
	holds("a poll that comes after the kill looks again at once", s.wake == &s.poll && s.poll.missed);
	live_leave(s.live, &s.poll, 60000);
	live_orders(s.live, refs, 1, &out, 1000, &s.notes);
	holds("and is told", out.len > 0);
	buf_clear(&out);
	live_orders(s.live, refs, 1, &out, 1000, &s.notes);
	s.poll = (struct poll){0};
	s.wake = NULL;
	live_acknowledge(s.live, refs, 2, &s.notes);
	live_wait(s.live, &s.poll, refs, 1, 30000, &s.wake);
	holds("the next one is not told at once again, but looks again soon",
	      !out.len && !s.wake && s.poll.again);
	live_leave(s.live, &s.poll, 60000);
	live_look(s.live, refs, 3, 60000);
	live_acknowledge(s.live, refs, 3, &s.notes);
	s.poll = (struct poll){0};
	live_wait(s.live, &s.poll, refs, 1, 30000, &s.wake);
	holds("one that was acknowledged is waited for as ever", !s.wake && !s.poll.again && !s.poll.missed);
	end(&s);
	holds("a live command without a chain takes less than 150 bytes more than before there were kills",
	      sizeof(struct live_command) + strlen("provider/model-name@2026-01") + 1 < 208 + 150);
}

static void test_leases(void)
{
	struct scene s;
	begin(&s, NULL, true);
	int64_t now = clock_wall_ms();
	live_leave(s.live, &s.poll, 120000);
	holds("an answered poll renews the leases of what it held", live_lapses(s.live, one) > now + 100000);
	struct live_ref ref = {.id = one, .tail = tail, .named = REF_RUNNING, .trusted = true};
	s.poll = (struct poll){.gone = true};
	live_wait(s.live, &s.poll, &ref, 1, 30000, &s.wake);
	live_leave(s.live, &s.poll, 600000);
	holds("one whose client has hung up does not", live_lapses(s.live, one) < now + 300000);
	live_set_left(s.live, one, 60000, &s.notes);
	live_forget_left(s.live, one, &s.notes);
	struct credential *credential;
	char s256[S256_LEN + 1];
	holds("what was left holds a lease", live_peek(s.live, one, &credential, s256) == LIVE_LEFT);
	kill_all(&s, "credential", "");
	live_set_left(s.live, one, 1, &s.notes);
	live_forget_left(s.live, one, &s.notes);
	holds("and is forgotten with it, quietly but for the kill that reached it",
	      live_peek(s.live, one, &credential, s256) == LIVE_ABSENT && s.notes.n &&
		  s.notes.list[s.notes.n - 1].mark == KILL_LAPSED);
	end(&s);
}

int main(void)
{
	test_matching();
	test_chain();
	test_in_force();
	test_live();
	test_leases();
	return checks_end();
}
