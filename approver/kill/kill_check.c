/* kill_check.c: is this command killed?
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/kill/kill_check.h"
#include "approver/kill/kill_work.h"
#include "approver/identity/lineage.h"
#include "approver/command/live_kill.h"
#include "approver/http/refusals.h"
#include "approver/identity/registry.h"
#include "common/log.h"
#include <stdlib.h>

static int find(struct server *server, struct store_reader *reader, const char *lineage,
		const struct command_row *row, struct kill **kill)
{
	const struct credential *credential = registry_credential(server->registry, row->credential);
	struct kill_subject subject = {.id = row->id,
				       .agent = row->agent,
				       .owner = credential ? credential->agent->owner : row->human,
				       .credential = row->credential,
				       .session = row->session,
				       .parent = row->parent,
				       .model = row->model,
				       .lineage = lineage};
	return kills_find(server->kills, &subject, reader, kill);
}

int kill_of_command(struct server *server, struct store_reader *reader, const char *lineage,
		    const struct command_row *row, struct kill **kill)
{
	*kill = NULL;
	return kills_any(server->kills) ? find(server, reader, lineage, row, kill) : 0;
}

int kill_of_row(struct server *server, struct store_reader *reader, const struct command_row *row,
		struct kill **kill)
{
	*kill = NULL;
	if (!kills_any(server->kills))
		return 0;
	char *lineage = lineage_of_chain(row->chain);
	int found = row->chain && !lineage ? -1 : find(server, reader, lineage, row, kill);
	free(lineage);
	return found;
}

bool kill_refuses(struct request *r, const char *lineage, const struct command_row *row)
{
	struct kill *kill;
	if (!kills_any(r->server->kills))
		return false;
	int found = kill_of_command(r->server, server_reader(r->server), lineage, row, &kill);
	if (found < 0)
		return answer_unavailable(r);
	if (!found)
		return false;
	struct buf why BUF_AUTO = BUF_INIT;
	kill_sentence(&why, kill);
	refuse(r, PROBLEM_REVOKED, why.failed ? "it was killed" : why.data, row->agent, row->credential);
	kill_release(kill);
	return true;
}

void kill_newcomer(struct server *server, const char *id, struct poll **wake)
{
	struct kill_subject subject;
	struct buf room BUF_AUTO = BUF_INIT;
	struct kill *kill = NULL;
	if (!kills_any(server->kills) || !live_subject(server->live, id, &subject, &room))
		return;
	if (kills_find(server->kills, &subject, server_reader(server), &kill) < 0)
		log_line(LOG_LEVEL_ERROR, "it cannot be found out whether a command's parents are killed",
			 "id", id, NULL);
	if (!kill)
		return;
	kill_command(server, kill, id, wake);
	kill_release(kill);
}
