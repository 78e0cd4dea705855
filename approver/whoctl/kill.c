/* kill.c: `whoctl kill`, `unkill` and `kills`: refuse what comes next, end what runs, and see it end.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/kill.h"
#include "approver/whoctl/find.h"
#include "common/clock.h"
#include "common/io.h"
#include "common/text.h"
#include "common/uuid.h"
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WAIT_S 10
#define LOOK_MS 100

static const char *const kinds[] = {"agent", "credential", "session", "human", "model", "command", NULL};

/* 0, or 2 after saying what there is. */
static int check_kind(struct ctl *ctl, const char *kind)
{
	for (int i = 0; kinds[i]; i++)
		if (strcmp(kind, kinds[i]) == 0)
			return 0;
	return complain_usage(
	    ctl, "\"%s\" cannot be killed: agent, credential, session, human, model and command can", kind);
}

/* A duration, or `otherwise` when the option is not given.  0, or 2 after saying that it is none. */
static int read_duration(struct ctl *ctl, enum option option, const char *name, int64_t otherwise,
			 int64_t *seconds)
{
	*seconds = otherwise;
	if (!given(ctl, option) || duration_parse(ctl->option[option], seconds))
		return 0;
	return complain_usage(ctl, "--%s \"%s\" is no time: 90s, 15m, 1h, 7d", name, ctl->option[option]);
}

/* ── kill ──────────────────────────────────────────────────────────────────────────────────────────────── */

static void progress(const struct ctl *ctl, const cJSON *kill, bool last)
{
	struct kill_count count = kill_count(kill);
	struct buf text BUF_AUTO = BUF_INIT;
	if (!ctl->style.terminal || !isatty(STDERR_FILENO))
		return;
	if (last)
		buf_adds(&text, "\r\033[K");
	else
		buf_addf(&text, "\r%d of %d ended", count.ended, count.all);
	if (!text.failed)
		write_all(STDERR_FILENO, text.data, text.len);
}

/* Look at the kill until everything that it reached has ended, or the time is over. */
static int watch_kill(struct ctl *ctl, int64_t wait_s, cJSON **kill)
{
	struct buf path BUF_AUTO = BUF_INIT;
	int64_t until = clock_mono_ms() + wait_s * 1000;
	const char *id = json_string(*kill, "id");
	if (!id || !uuid_valid(id))
		return complain(EXIT_UNREACHABLE, "the approver's answer is no kill");
	buf_adds(&path, "/v1/kills");
	path_add(&path, id);
	while (kill_count(*kill).running && clock_mono_ms() < until) {
		cJSON *now = NULL;
		progress(ctl, *kill, false);
		nanosleep(&(struct timespec){.tv_nsec = LOOK_MS * 1000000L}, NULL);
		int status = api_json(ctl, "GET", path.data, NULL, &now);
		if (status != 0 || !now) {
			progress(ctl, *kill, true);
			return status != 0 ? status
					   : complain(EXIT_UNREACHABLE, "the approver's answer is no kill");
		}
		cJSON_Delete(*kill);
		*kill = now;
	}
	progress(ctl, *kill, true);
	return 0;
}

static int kill_told(struct ctl *ctl, const cJSON *kill)
{
	struct kill_count count = kill_count(kill);
	int written;
	if (given(ctl, OPT_JSON)) {
		written = json_output(kill);
	} else {
		struct buf text BUF_AUTO = BUF_INIT;
		kill_add(&text, kill);
		buf_adds(&text, "\nwhoctl unkill ");
		json_visible_add(&text, kill, "id", "?");
		buf_adds(&text, " lifts it\n\n");
		kill_targets_add(&text, kill, &ctl->style);
		written = output(&text);
	}
	if (written != 0)
		return written;
	return count.ended == count.all && !json_true(kill, "more") ? 0 : EXIT_FAILED;
}

static int kill_verb(struct ctl *ctl)
{
	const char *kind = ctl->operand[0], *name = ctl->operand[1], *reason = ctl->option[OPT_REASON];
	int64_t for_s, wait_s;
	char id[UUID_LEN + 1];
	int status = check_kind(ctl, kind);
	if (status == 0 && (!reason || !*reason))
		status = complain_usage(
		    ctl,
		    "kill needs --reason: the agent, its owner and whoever reads the log must learn why");
	if (status == 0)
		status = read_duration(ctl, OPT_FOR, "for", 0, &for_s);
	if (status == 0 && given(ctl, OPT_FOR) && for_s == 0)
		status = complain_usage(ctl, "--for is one second or more");
	if (status == 0)
		status = read_duration(ctl, OPT_WAIT, "wait", WAIT_S, &wait_s);
	if (status == 0 && strcmp(kind, "command") == 0) {
		status = find_command(ctl, name, true, id);
		name = id;
	}
	if (status != 0)
		return status;
	cJSON *body JSON_AUTO = cJSON_CreateObject(), *kill JSON_AUTO = NULL;
	cJSON_AddStringToObject(body, "kind", kind);
	cJSON_AddStringToObject(body, "name", name);
	cJSON_AddStringToObject(body, "reason", reason);
	if (for_s)
		cJSON_AddNumberToObject(body, "for_s", (double)for_s);
	status = api_send(ctl, "POST", "/v1/kills", body, &kill);
	if (status == 0)
		status = watch_kill(ctl, wait_s, &kill);
	return status != 0 ? status : kill_told(ctl, kill);
}

/* ── unkill ────────────────────────────────────────────────────────────────────────────────────────────── */

/* Is it what was typed: KIND NAME, or the kill's ID or enough of it? */
static bool is_meant(const struct ctl *ctl, const cJSON *kill)
{
	const char *id = json_string(kill, "id"), *kind = json_string(kill, "kind"),
		   *name = json_string(kill, "name");
	if (!id || !kind || !name)
		return false;
	if (ctl->operands == 1)
		return strlen(ctl->operand[0]) >= ID_SHORTEST && id_abbreviated(id, ctl->operand[0]);
	if (strcmp(kind, ctl->operand[0]) != 0)
		return false;
	return strcmp(name, ctl->operand[1]) == 0 ||
	       (strcmp(kind, "command") == 0 && strlen(ctl->operand[1]) >= ID_SHORTEST &&
		id_abbreviated(name, ctl->operand[1]));
}

static int unkill(struct ctl *ctl)
{
	cJSON *kills JSON_AUTO = NULL;
	struct buf path BUF_AUTO = BUF_INIT, text BUF_AUTO = BUF_INIT;
	const cJSON *kill, *meant = NULL;
	int status = ctl->operands == 2 ? check_kind(ctl, ctl->operand[0]) : 0;
	if (status == 0)
		status = api_list(ctl, "/v1/kills", "kills", &kills);
	if (status != 0)
		return status;
	cJSON_ArrayForEach(kill, kills)
	{
		if (!is_meant(ctl, kill))
			continue;
		if (meant)
			return complain(EXIT_FAILED, "that is not enough: more than one kill is meant");
		meant = kill;
	}
	if (!meant)
		return complain(EXIT_FAILED, "no kill in force is of that; whoctl kills lists them");
	buf_adds(&path, "/v1/kills");
	path_add(&path, json_string(meant, "id"));
	status = api_json(ctl, "DELETE", path.data, NULL, NULL);
	if (status != 0)
		return status;
	buf_adds(&text, "lifted: ");
	kill_add(&text, meant);
	buf_adds(&text, "\nwhat it has ended stays ended\n");
	return output(&text);
}

/* ── kills ─────────────────────────────────────────────────────────────────────────────────────────────── */

static int one_kill(struct ctl *ctl)
{
	cJSON *kill JSON_AUTO = NULL;
	struct buf path BUF_AUTO = BUF_INIT, text BUF_AUTO = BUF_INIT;
	buf_adds(&path, "/v1/kills");
	path_add(&path, ctl->operand[0]);
	int status = api_json(ctl, "GET", path.data, NULL, &kill);
	if (status != 0)
		return status;
	if (!kill)
		return complain(EXIT_UNREACHABLE, "the approver's answer is no kill");
	if (given(ctl, OPT_JSON))
		return json_output(kill);
	kill_add(&text, kill);
	buf_adds(&text, ", ");
	json_visible_add(&text, kill, "state", "?");
	buf_adds(&text, "\n\n");
	kill_targets_add(&text, kill, &ctl->style);
	return output(&text);
}

static int list(struct ctl *ctl)
{
	if (ctl->operands == 1)
		return one_kill(ctl);
	cJSON *kills JSON_AUTO = NULL;
	struct buf text BUF_AUTO = BUF_INIT;
	const cJSON *kill;
	int status = api_list(ctl, given(ctl, OPT_ALL) ? "/v1/kills?all=1" : "/v1/kills", "kills", &kills);
	if (status != 0)
		return status;
	if (given(ctl, OPT_JSON))
		return json_output(kills);
	if (!given(ctl, OPT_QUIET))
		kills_add_table(&text, kills, &ctl->style);
	else
		cJSON_ArrayForEach(kill, kills)
		{
			json_visible_add(&text, kill, "id", "?");
			buf_addc(&text, '\n');
		}
	return output(&text);
}

const struct verb verb_kill = {
    .name = "kill",
    .operands = "KIND NAME",
    .help = "refuse what comes and end what runs (--reason is required)",
    .least = 2,
    .most = 2,
    .options = OPTION(REASON) | OPTION(FOR) | OPTION(WAIT) | OPTION(JSON),
    .run = kill_verb,
};

const struct verb verb_unkill = {
    .name = "unkill",
    .operands = "ID | KIND NAME",
    .help = "lift a kill",
    .least = 1,
    .most = 2,
    .run = unkill,
};

const struct verb verb_kills = {
    .name = "kills",
    .operands = "[ID]",
    .help = "what is killed, or what one kill reached",
    .most = 1,
    .options = OPTION(ALL) | OPTION(JSON) | OPTION(QUIET),
    .run = list,
};
