/* ending.c: a command that is ended, or that leaves processes behind.
 *
 * Two orders end a command: the approver's kill, and the lapse of its lease (unless on_lease_lapse is
 * finish).  The broker does it, not whosh: the agent could stop or kill its own whosh.  While it is done the
 * shell is not answered: whosh must live on, since all that is orphaned is given to it, and is found below
 * it.  It tells how its command ended, and that is the outcome; one that tells nothing (stopped, killed,
 * without processor time) is killed too, and the outcome is the broker's own word.  Until it has told or is
 * killed, that nothing is below it says little: one that was stopped may not have started its command yet.
 * So it is killed right after a look that found nothing.
 *
 * A shell that says that processes are left is not answered either until they have been looked for; then
 * they are followed.  A kill or a lapse ends them as well.  A session is answered as soon as it is known
 * which processes they are, its shell not among them, and goes on while they are counted; their end is not
 * its.
 *
 * Where the broker cannot end processes (another PID namespace, no CAP_KILL) it asks whosh to.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/clock.h"
#include "common/io.h"
#include "common/log.h"
#include "shell/broker/asking.h"
#include "shell/broker/shell.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

enum {
	SHELL_MS = 1700, /* for a shell to report what is being ended */
	REPORT_MS = 700, /* and when nothing is left of it */
	OWN_MS = 4000,   /* and when it is to end it itself */
	LONGEST_WORDS = 300
};

static void ended(struct command *command)
{
	struct outcome outcome = command->outcome;
	command->outcome = (struct outcome){0};
	loop_timer_stop(command->broker->loop, &command->patience);
	if (!command->told)
		outcome = (struct outcome){.kind = OUTCOME_SIGNALED,
					   .signal = SIGKILL,
					   .started = command->started,
					   .ended = clock_wall_ms(),
					   .left = outcome.left};
	if (command->why && (!outcome.reason || command->ending)) {
		free(outcome.reason);
		outcome.reason = strdup(command->why);
	}
	command_report(command, &outcome);
	outcome_finish(&outcome);
}

/* Know whose processes they are, while the shell is there to be asked. */
static void hold(struct command *command)
{
	if (command->shell && command->tree.process < 0)
		shell_hold(command->shell, &command->tree);
}

/* ── the shell ── */

void ending_told(struct command *command, const struct outcome *outcome)
{
	if (!command->ending && !command->why && !outcome->left_behind) {
		command_report(command, outcome);
		return;
	}
	command->told = true;
	command->outcome = *outcome;
	command->outcome.reason = outcome->reason ? strdup(outcome->reason) : NULL;
	hold(command);
	if (command->shell && !command->ending)
		shell_line(command->shell, &command->tree);
	if (command->ending ? !command->tree_over
			    : outcome->left_behind && tree_follow(command->broker->trees, &command->tree))
		return;
	ended(command);
}

void ending_shell_gone(struct command *command)
{
	if (command->ending && command->tree_over)
		ended(command);
	else if (command->ending || command->told)
		return; /* looked ends it */
	else if (command->step == STEP_PERMITTED)
		command_not_ended(command, OUTCOME_NOT_RUN, "the shell ended before it started the command");
	else
		command_not_ended(command, OUTCOME_LOST,
				  "the shell ended without saying what became of the command");
}

/* The command is ended without its shell. */
static void give_up(struct command *command)
{
	struct shell *shell = command->shell;
	command->shell = NULL;
	tree_signal_whosh(&command->tree, SIGKILL);
	if (shell)
		shell_drop(shell);
	ended(command);
}

static void patience_fired(struct timer *timer)
{
	struct command *command = container_of(timer, struct command, patience);
	command->late = true;
	if (command->tree_over)
		give_up(command);
}

/* ── its processes ── */

static void taken(struct tree_entry *entry)
{
	struct command *command = container_of(entry, struct command, tree);
	struct shell *shell = command->shell;
	/* A private broker's shell is answered when the outcome is safe, as ever. */
	if (!shell || command->broker->private)
		return;
	command->shell = NULL;
	shell_done(shell);
}

static void looked(struct tree_entry *entry, size_t left)
{
	struct command *command = container_of(entry, struct command, tree);
	if (command->ending && left) {
		char count[24];
		snprintf(count, sizeof count, "%zu", left);
		log_line(LOG_LEVEL_ERROR, "processes of a command cannot be ended", "id", command->request.id,
			 "user", command->peer->user, "processes", count, NULL);
	}
	bool may_start = command->ending && !left && !command->told && command->shell && !command->late &&
			 (command->step == STEP_PERMITTED || command->step == STEP_RUNNING);
	if (may_start)
		tree_end_again(command->broker->trees, entry);
	command->tree_over = command->ending && !may_start;
	if (command->step == STEP_LEFT && !left) {
		if (command->live.killed)
			live_over(command->broker->live, &command->live);
		else
			command_free(command);
		return;
	}
	if (command->step == STEP_LEFT || command->step == STEP_REPORTED)
		return;
	command->outcome.left = left;
	if (!entry->line)
		tree_signal_whosh(entry, SIGCONT);
	if (command->told || !command->shell)
		ended(command);
	else if (command->late)
		give_up(command);
	else if (command->patience.due > clock_mono_ms() + REPORT_MS)
		loop_timer_set(command->broker->loop, &command->patience, REPORT_MS);
}

/* ── the orders ── */

/* `words`: what the shell says, "killed: " before it. */
static void begin(struct command *command, const char *words)
{
	struct broker *broker = command->broker;
	log_line(LOG_LEVEL_WARNING, "a command is ended", "id", command->request.id, "user",
		 command->peer->user, "reason", words, NULL);
	command->ending = true;
	hold(command);
	bool own = trees_trouble(broker) && command->peer->uid != geteuid();
	if (!tree_end_begin(broker->trees, &command->tree)) {
		command->tree_over = own = true;
		log_line(LOG_LEVEL_WARNING, "the processes of a command cannot be found", "id",
			 command->request.id, NULL);
	}
	if (command->step == STEP_LEFT) {
		if (command->tree_over)
			command_free(command);
		return;
	}
	if (command->step == STEP_REPORTED)
		return;
	if (command->told && command->tree_over) {
		ended(command);
		return;
	}
	if (command->tree.line)
		return; /* the line has ended, and its session goes on */
	loop_timer_set(broker->loop, &command->patience, own ? OWN_MS : SHELL_MS);
	/* The order is there before it goes on; by then, if it is lost, the command may be no more. */
	int whosh FD_AUTO = fcntl(command->tree.process, F_DUPFD_CLOEXEC, 0);
	if (command->shell)
		shell_kill(command->shell, words, own);
	if (whosh >= 0)
		pidfd_send_signal(whosh, SIGCONT, NULL, 0);
}

static int cut(const char *text)
{
	size_t len = strnlen(text, LONGEST_WORDS + 1);
	if (len <= LONGEST_WORDS)
		return (int)len;
	while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	return (int)len;
}

static void give_reason(struct command *command, char *why)
{
	free(command->why);
	command->why = why;
}

static void on_kill(struct live_entry *entry, const char *reason, const char *by)
{
	static const char prefix[] = "killed: ";
	struct command *command = container_of(entry, struct command, live);
	char *words;
	if (command->ending)
		return;
	int made = by ? asprintf(&words, "%s%.*s (by %.*s)", prefix, cut(reason), reason, cut(by), by)
		      : asprintf(&words, "%s%.*s", prefix, cut(reason), reason);
	if (made < 0)
		words = strdup(prefix);
	give_reason(command, words);
	begin(command, words ? words + sizeof prefix - 1 : "");
}

static void on_lapse(struct live_entry *entry, int64_t silence_ms)
{
	struct command *command = container_of(entry, struct command, live);
	char *words;
	if (command->ending)
		return;
	if (command->broker->lapse_finishes) {
		give_reason(command, strdup("lease lapsed; let finish (on_lease_lapse = finish)"));
		return;
	}
	if (asprintf(&words, "lease lapsed: the approver was not heard of for %lld s",
		     (long long)silence_ms / 1000) < 0)
		words = NULL;
	give_reason(command, words);
	begin(command, words ? words : "lease lapsed");
}

static void on_over(struct live_entry *entry)
{
	command_free(container_of(entry, struct command, live));
}

/* ── life ── */

void ending_prepare(struct command *command)
{
	command->tree.process = -1;
	command->tree.looked = looked;
	command->tree.taken = taken;
	command->patience.fire = patience_fired;
	command->live.kill = on_kill;
	command->live.lapsed = on_lapse;
	command->live.over = on_over;
}

void ending_finish(struct command *command)
{
	if (command->step == STEP_LEFT) {
		command->broker->left_count--;
		command->peer->left--;
	}
	loop_timer_stop(command->broker->loop, &command->patience);
	tree_drop(command->broker->trees, &command->tree);
	outcome_finish(&command->outcome);
	free(command->why);
}
