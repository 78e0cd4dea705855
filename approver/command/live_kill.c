/* live_kill.c: kills in the table of live commands; see live_kill.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/command/live_kill.h"
#include "approver/command/live_table.h"
#include "approver/identity/registry.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/secure.h"
#include <stdlib.h>
#include <string.h>

enum { ORDERS_FULL = 8 << 20 }; /* what hangs on one poll; the rest is told in its next */

void live_list_finish(struct live_list *list)
{
	free(list->at);
	memset(list, 0, sizeof *list);
}

static void list_add(struct live_list *list, const struct live_command *command)
{
	if (list->n == list->room) {
		size_t room = list->room ? list->room * 2 : 64;
		void *at = reallocarray(list->at, room, sizeof *list->at);
		if (!at) {
			list->failed = true;
			return;
		}
		list->at = at;
		list->room = room;
	}
	memcpy(list->at[list->n].id, command->id, UUID_LEN);
	list->at[list->n].id[UUID_LEN] = '\0';
	memcpy(list->at[list->n++].parent, command->parent, sizeof command->parent);
}

static void order_add(struct buf *out, const struct live_command *command)
{
	buf_addc(out, '"');
	buf_add(out, command->id, UUID_LEN);
	buf_adds(out, "\":{\"reason\":");
	json_add_string(out, command->killed->reason, strlen(command->killed->reason));
	buf_adds(out, ",\"by\":");
	json_add_string(out, command->killed->by, strlen(command->killed->by));
	buf_adds(out, "},");
}

bool live_order_due(const struct live_command *command, int64_t now)
{
	return command->killed && !command->acknowledged &&
	       (!command->told || now - command->told >= TELL_AGAIN_MS) &&
	       (command->state == LIVE_RUNNING || command->state == LIVE_LEFT);
}

/* Told to whoever polls for it now. */
static void tell(struct live_command *command, struct kill_notes *notes, struct poll **wake)
{
	struct poll *poll = command->poll;
	if (!poll || poll->gone || poll->kills.len > ORDERS_FULL)
		return;
	order_add(&poll->kills, command);
	command->told = clock_mono_ms();
	kill_note_add(notes, KILL_TOLD, NULL, command->id, clock_wall_ms());
	live_wake(poll, wake);
}

static void mark(struct live_command *command, struct kill *kill, struct kill_notes *notes,
		 struct poll **wake)
{
	kill_note_add(notes, KILL_REACHED, kill->id, command->id, clock_wall_ms());
	if (command->state == LIVE_LEFT)
		kill_note_add(notes, KILL_LEFT, NULL, command->id, clock_wall_ms());
	if (command->state == LIVE_PENDING || command->killed)
		return;
	command->killed = kill_hold(kill);
	tell(command, notes, wake);
}

static void subject_of(const struct live_command *c, const char *id, struct kill_subject *s)
{
	*s = (struct kill_subject){.id = id,
				   .agent = c->credential->agent->id,
				   .owner = c->credential->agent->owner,
				   .credential = c->credential->id,
				   .session = c->session,
				   .parent = c->has_parent ? c->parent : NULL,
				   .model = c->has_model ? c->model : NULL,
				   .lineage = c->lineage};
}

void live_kill_all(struct live *live, struct kill *kill, struct kill_notes *notes, struct live_list *pending,
		   struct live_list *unsure, struct poll **wake)
{
	char id[UUID_LEN + 1] = "";
	struct kill_subject subject;
	pthread_mutex_lock(&live->lock);
	for (size_t i = 0; i < live->n_buckets; i++)
		for (struct live_command *c = live->buckets[i]; c; c = c->next) {
			if (c->state == LIVE_DECIDING) /* looked at when it is more than that */
				continue;
			memcpy(id, c->id, UUID_LEN);
			subject_of(c, id, &subject);
			if (kill_matches(kill, &subject)) {
				mark(c, kill, notes, wake);
				if (c->state == LIVE_PENDING)
					list_add(pending, c);
			} else if (c->has_parent && kill_descends(kill->kind)) {
				list_add(unsure, c);
			}
		}
	pthread_mutex_unlock(&live->lock);
}

enum live_state live_kill_one(struct live *live, const char *id, struct kill *kill, bool acknowledged,
			      struct kill_notes *notes, struct poll **wake)
{
	enum live_state state = LIVE_ABSENT;
	pthread_mutex_lock(&live->lock);
	struct live_command *command = live_find(live, id);
	if (command && command->state != LIVE_DECIDING) {
		state = command->state;
		command->acknowledged = command->acknowledged || acknowledged;
		mark(command, kill, notes, wake);
	}
	pthread_mutex_unlock(&live->lock);
	return state;
}

static const char *kept(struct buf *room, const char *text, size_t *at)
{
	*at = room->len;
	if (text)
		buf_add(room, text, strlen(text) + 1);
	return text;
}

bool live_subject(struct live *live, const char *id, struct kill_subject *subject, struct buf *room)
{
	size_t session = 0, parent = 0, model = 0, lineage = 0;
	pthread_mutex_lock(&live->lock);
	struct live_command *command = live_find(live, id);
	if (command) {
		subject_of(command, id, subject);
		kept(room, subject->session, &session);
		kept(room, subject->parent, &parent);
		kept(room, subject->model, &model);
		kept(room, subject->lineage, &lineage);
	}
	pthread_mutex_unlock(&live->lock);
	if (!command || room->failed)
		return false;
	subject->session = subject->session ? room->data + session : NULL;
	subject->parent = subject->parent ? room->data + parent : NULL;
	subject->model = subject->model ? room->data + model : NULL;
	subject->lineage = subject->lineage ? room->data + lineage : NULL;
	return true;
}

/* ── polls ─────────────────────────────────────────────────────────────────────────────────────────────── */

/* Under the lock. */
static void over(struct live *live, struct live_command *command, enum kill_mark how,
		 struct kill_notes *notes)
{
	if (command->killed)
		kill_note_add(notes, how, NULL, command->id, clock_wall_ms());
	live_remove(live, command);
}

void live_acknowledge(struct live *live, const struct live_ref *refs, size_t n, struct kill_notes *notes)
{
	int64_t now = clock_wall_ms();
	pthread_mutex_lock(&live->lock);
	live->round++;
	for (size_t i = 0; i < n; i++) {
		struct live_command *command = refs[i].trusted ? live_find(live, refs[i].id) : NULL;
		if (command && (refs[i].named == REF_LEFT || refs[i].named == REF_RUNNING))
			command->round = live->round;
	}
	for (size_t i = 0; i < n; i++) {
		if (refs[i].named != REF_KILLED || !refs[i].trusted)
			continue;
		struct live_command *command = live_find(live, refs[i].id);
		if (!command || !command->killed)
			continue;
		if (!command->acknowledged)
			kill_note_add(notes, KILL_ACKNOWLEDGED, NULL, command->id, now);
		command->acknowledged = true;
		if (command->state != LIVE_LEFT || command->round == live->round)
			continue;
		over(live, command, KILL_OVER, notes);
	}
	pthread_mutex_unlock(&live->lock);
}

void live_orders(struct live *live, const struct live_ref *refs, size_t n, struct buf *out, size_t full,
		 struct kill_notes *notes)
{
	int64_t now = clock_mono_ms(), wall = clock_wall_ms();
	pthread_mutex_lock(&live->lock);
	for (size_t i = 0; i < n && out->len < full; i++) {
		if (!refs[i].trusted || (refs[i].named != REF_RUNNING && refs[i].named != REF_LEFT))
			continue;
		struct live_command *command = live_find(live, refs[i].id);
		if (!command || !live_order_due(command, now))
			continue;
		order_add(out, command);
		if (!command->told)
			kill_note_add(notes, KILL_TOLD, NULL, command->id, wall);
		command->told = now;
	}
	pthread_mutex_unlock(&live->lock);
}

void live_set_left(struct live *live, const char *id, int64_t ms, struct kill_notes *notes)
{
	pthread_mutex_lock(&live->lock);
	struct live_command *command = live_find(live, id);
	if (command) {
		if (command->killed)
			kill_note_add(notes, KILL_LEFT, NULL, command->id, clock_wall_ms());
		live_set_state(live, command, LIVE_LEFT);
		command->taken = false;
		timer_set(&live->timers, &command->timer, clock_mono_ms() + ms);
	}
	pthread_mutex_unlock(&live->lock);
}

void live_left_over(struct live *live, const char *id, struct kill_notes *notes)
{
	pthread_mutex_lock(&live->lock);
	struct live_command *command = live_find(live, id);
	if (command && command->state == LIVE_LEFT)
		over(live, command, KILL_OVER, notes);
	pthread_mutex_unlock(&live->lock);
}

void live_forget_left(struct live *live, const char *id, struct kill_notes *notes)
{
	pthread_mutex_lock(&live->lock);
	struct live_command *command = live_find(live, id);
	/* It was due, and set again for AGAIN_MS; unless a poll has renewed it since. */
	if (command && command->state == LIVE_LEFT && command->timer.deadline <= clock_mono_ms() + AGAIN_MS)
		over(live, command, KILL_LAPSED, notes);
	pthread_mutex_unlock(&live->lock);
}

int64_t live_lapses(struct live *live, const char *id)
{
	int64_t at = 0;
	pthread_mutex_lock(&live->lock);
	struct live_command *command = live_find(live, id);
	if (command && command->timer.next)
		at = command->timer.deadline - clock_mono_ms() + clock_wall_ms();
	pthread_mutex_unlock(&live->lock);
	return at;
}
