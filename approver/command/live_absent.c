/* live_absent.c: commands that a poll names and that do not wait, or are not live at all: what the store
 * knows.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/command/live_absent.h"
#include "approver/kill/kill_check.h"
#include "approver/identity/lineage.h"
#include "approver/command/live_kill.h"
#include "approver/identity/registry.h"
#include "common/clock.h"
#include "common/secure.h"
#include "common/text.h"
#include <stdlib.h>
#include <string.h>

enum { MAX_TAKEN_UP = 1024 }; /* by one poll; its next takes up more */

static bool tail_right(const struct command_row *row, const struct live_ref *ref)
{
	return row->live_tail && strlen(row->live_tail) == TAIL_LEN &&
	       secure_equal(row->live_tail, ref->tail, TAIL_LEN);
}

/* As store_command, by the ID of a poll. */
static int look(struct request *r, const struct live_ref *ref, char id[UUID_LEN + 1], struct command_row *row)
{
	struct store_reader *reader = server_reader(r->server);
	memcpy(id, ref->id, UUID_LEN);
	id[UUID_LEN] = '\0';
	return !uuid_valid(id) ? 0 : reader ? store_command(reader, id, row) : -1;
}

static int decided(struct request *r, const struct live_ref *ref, struct buf *permits, struct buf *gone)
{
	char id[UUID_LEN + 1];
	struct command_row row;
	int found = look(r, ref, id, &row);
	if (found < 0)
		return -1;
	if (!found) {
		buf_addc(gone, '"');
		visible_add(gone, id, strcspn(id, "\"\\"));
		buf_adds(gone, "\",");
		return 0;
	}
	char *permit = NULL;
	int read = tail_right(&row, ref) ? store_permit(server_reader(r->server), &row, &permit) : 0;
	if (permit)
		buf_addf(permits, "\"%s\":\"%s\",", id, permit);
	free(permit);
	command_row_finish(&row);
	return read < 0 ? -1 : 0;
}

/* An order to it from before the approver's start stands; a kill since then reaches it too. */
static int kill_left(struct request *r, const struct command_row *row, struct kill_notes *notes)
{
	struct store_reader *reader = server_reader(r->server);
	struct poll *wake = NULL;
	struct kill_row ordered;
	struct kill *kill = NULL;
	bool acknowledged = false;
	int found = store_kill_order(reader, row->id, &ordered, &acknowledged);
	if (found == 1) {
		kill = kill_new(&ordered);
		kill_row_finish(&ordered);
	} else if (!found) {
		found = kill_of_row(r->server, reader, row, &kill);
	}
	if (kill)
		live_kill_one(r->server->live, row->id, kill, acknowledged, notes, &wake);
	kill_release(kill);
	while (wake) { /* of another poll that names it by now */
		struct poll *next = wake->wake_next;
		request_resume(wake->request);
		wake = next;
	}
	return found < 0 ? -1 : 0;
}

static int take_up(struct request *r, struct live_ref *ref, struct kill_notes *notes)
{
	char id[UUID_LEN + 1];
	struct command_row row;
	int found = look(r, ref, id, &row);
	if (found != 1)
		return found;
	struct credential *credential =
	    row.credential ? registry_credential(r->server->registry, row.credential) : NULL;
	/* One that was given up as lost, and whose host is back, is as good as left behind. */
	bool alive = row.state == (ref->named == REF_LEFT ? COMMAND_EXITED : COMMAND_LOST);
	if (alive && tail_right(&row, ref) && credential && row.command_s256 &&
	    strlen(row.command_s256) == S256_LEN) {
		char *lineage = lineage_of_chain(row.chain);
		const struct live_about about = {row.session, row.parent, row.model, lineage};
		if (live_restore(r->server->live, id, row.command_s256, row.live_tail, credential, &about,
				 LIVE_LEFT, (r->server->settings.lease_s + LEASE_GRACE_S) * 1000)) {
			ref->state = LIVE_LEFT;
			ref->trusted = true;
			found = kill_left(r, &row, notes);
		}
		free(lineage);
	}
	command_row_finish(&row);
	return found < 0 ? -1 : 0;
}

static int acknowledged(struct request *r, const struct live_ref *ref, struct kill_notes *notes)
{
	char id[UUID_LEN + 1];
	struct command_row row;
	int found = look(r, ref, id, &row);
	if (found != 1)
		return found;
	if (tail_right(&row, ref))
		kill_note_add(notes, KILL_ACKNOWLEDGED, NULL, id, clock_wall_ms());
	command_row_finish(&row);
	return 0;
}

int live_absent(struct request *r, struct live_ref *refs, size_t n, struct buf *permits, struct buf *gone,
		size_t full, struct kill_notes *notes)
{
	int looked = 0;
	for (size_t i = 0; i < n; i++) {
		struct live_ref *ref = &refs[i];
		bool absent = ref->state == LIVE_ABSENT, few = looked < MAX_TAKEN_UP;
		bool runs = ref->trusted && (ref->state == LIVE_RUNNING || ref->state == LIVE_LEFT);
		int failed = 0;
		if (ref->named == REF_PENDING && (absent || runs) && permits->len < full)
			failed = decided(r, ref, permits, gone);
		else if ((ref->named == REF_LEFT || ref->named == REF_RUNNING) && absent && few && ++looked)
			failed = take_up(r, ref, notes);
		else if (ref->named == REF_KILLED && absent && few && ++looked)
			failed = acknowledged(r, ref, notes);
		if (failed < 0)
			return -1;
	}
	return 0;
}
