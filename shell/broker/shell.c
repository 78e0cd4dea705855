/* shell.c: one connected shell: frames in, frames out, and which frame may come when.
 *
 *     NEW ──ASK──▶ ASKED ──(permit)──▶ PERMITTED ──STARTED──▶ RUNNING ──OUTCOME──▶ REPORTED ──▶ CLOSING
 *      ├──CHECK──▶ CHECKING                                                         │
 *      └──DELEGATE──▶ DELEGATING                        IDLE ◀──(lines of a session)┘
 *
 * A session asks for line after line: between two of them it is IDLE, for as long as it likes, and an ASK is
 * taken there as in NEW (so is HISTORY, which is answered at once).  One that comes early waits until the
 * line before it has its DONE, and until that has gone out: who does not read what it is told is told nothing
 * more.
 *
 * Anything else out of order, malformed or late ends the conversation.  When the conversation ends for
 * whatever reason, the command is told (command_abandon) and does what is right for how far it had come.
 *
 * A shell is freed in shell_end only; functions that may lead there are called last, or report it.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/broker/shell.h"
#include "common/clock.h"
#include "common/exits.h"
#include "common/io.h"
#include "common/log.h"
#include "shell/broker/check.h"
#include "shell/broker/command.h"
#include "shell/broker/delegate.h"
#include "shell/broker/history.h"
#include "shell/broker/outcome.h"
#include "shell/broker/reply.h"
#include "shell/broker/trees.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { ASK_MS = 10000, CHUNK = 65536 };

enum shell_state {
	SHELL_NEW,
	SHELL_CHECKING,
	SHELL_DELEGATING,
	SHELL_ASKED,
	SHELL_PERMITTED,
	SHELL_RUNNING,
	SHELL_REPORTED,
	SHELL_IDLE,
	SHELL_CLOSING
};

struct shell {
	struct watch watch;
	struct timer timer; /* for what must come, or be read, in time */
	struct timer again; /* take the frames that had to wait */
	struct broker *broker;
	struct peer *peer;
	enum shell_state state;
	bool more;           /* a session: more lines follow */
	struct process bash; /* what runs them; pid 0: not known */
	struct command *command;
	struct check *check;
	struct delegate *delegate;
	struct buf in, out;
	size_t charged; /* bytes of `in` that the peer was charged for */
	bool handling;  /* in shell_ready: who wants to end it leaves that to shell_ready */
	bool ended;
	struct shell *next, **back;
};

static void shell_end(struct shell *shell)
{
	if (shell->handling) {
		shell->ended = true;
		return;
	}
	struct broker *broker = shell->broker;
	struct command *command = shell->command;
	loop_unwatch(broker->loop, &shell->watch);
	loop_timer_stop(broker->loop, &shell->timer);
	loop_timer_stop(broker->loop, &shell->again);
	fd_close(&shell->watch.fd);
	if (shell->check)
		check_cancel(shell->check);
	if (shell->delegate)
		delegate_cancel(shell->delegate);
	*shell->back = shell->next;
	if (shell->next)
		shell->next->back = shell->back;
	broker->shell_count--;
	shell->peer->shells--;
	peer_release(shell->peer, shell->charged);
	buf_finish(&shell->in);
	buf_finish(&shell->out);
	free(shell);
	if (command)
		command_abandon(command);
	broker_settle(broker);
}

/* Write what is to be written. */
static void shell_flush(struct shell *shell)
{
	if (shell->out.failed) {
		shell_end(shell);
		return;
	}
	while (shell->out.len) {
		ssize_t sent =
		    send(shell->watch.fd, shell->out.data, shell->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && errno == EAGAIN) {
			if (!loop_watch(shell->broker->loop, &shell->watch, EPOLLIN | EPOLLOUT))
				shell_end(shell);
			return;
		}
		if (sent < 0) {
			shell_end(shell);
			return;
		}
		buf_drop(&shell->out, (size_t)sent);
	}
	if (shell->state == SHELL_CLOSING)
		shell_end(shell);
	else if (!loop_watch(shell->broker->loop, &shell->watch, EPOLLIN))
		shell_end(shell);
}

static void shell_last_words(struct shell *shell)
{
	shell->command = NULL;
	shell->state = SHELL_CLOSING;
	loop_timer_set(shell->broker->loop, &shell->timer, ASK_MS);
	shell_flush(shell);
}

/* A line has had its answer: the end of the conversation, or the next one's turn. */
static void shell_answered(struct shell *shell)
{
	if (!shell->more || shell->broker->stopping) {
		shell_last_words(shell);
		return;
	}
	shell->command = NULL;
	shell->state = SHELL_IDLE;
	if (shell->in.len && !shell->handling)
		loop_timer_set(shell->broker->loop, &shell->again, 0);
	shell_flush(shell);
}

void shell_waiting(struct shell *shell, const char *id, const struct waiting *waiting)
{
	reply_waiting(&shell->out, id, waiting);
	shell_flush(shell);
}

void shell_permit(struct shell *shell, const struct request *request, const char *agent, int64_t lease_ms)
{
	shell->state = SHELL_PERMITTED;
	reply_permit(&shell->out, request, agent, lease_ms);
	shell_flush(shell);
}

void shell_hold(const struct shell *shell, struct tree_entry *tree)
{
	tree_hold(tree, shell->watch.fd, shell->peer->uid);
}

void shell_line(const struct shell *shell, struct tree_entry *tree)
{
	tree->line = shell->more;
	tree->shell = shell->bash.pid;
	tree->shell_start = shell->bash.start;
}

void shell_kill(struct shell *shell, const char *reason, bool own)
{
	reply_kill(&shell->out, reason, own);
	shell_flush(shell);
}

void shell_drop(struct shell *shell)
{
	shell->command = NULL;
	shell_end(shell);
}

void shell_refuse(struct shell *shell, int status, const char *reason, const char *rule, const char *id,
		  const char *hint)
{
	reply_refused(&shell->out, status, reason, rule, id, hint);
	shell_answered(shell);
}

void shell_done(struct shell *shell)
{
	reply_done(&shell->out);
	shell_answered(shell);
}

void shell_checked(struct shell *shell, const struct buf *frame)
{
	shell->check = NULL;
	buf_add(&shell->out, frame->data, frame->len);
	shell_last_words(shell);
}

void shell_delegated(struct shell *shell, const struct buf *frame)
{
	shell->delegate = NULL;
	buf_add(&shell->out, frame->data, frame->len);
	shell_last_words(shell);
}

/* ── frames from the shell; false: out of order ── */

static bool too_many(const struct broker *broker, const struct peer *peer)
{
	return peer->shells + peer->left > PEER_MAX_SHELLS ||
	       broker->shell_count + broker->left_count > BROKER_MAX_SHELLS;
}

static const char *too_many_what(const struct peer *peer)
{
	return peer->left ? "this user has too many shells, or commands that left processes behind, at once"
			  : "this user has too many shells at once";
}

static bool on_ask(struct shell *shell, const struct wire_message *message)
{
	struct broker *broker = shell->broker;
	struct refusal why = {0};
	bool first = shell->state == SHELL_NEW;
	shell->state = SHELL_ASKED;
	shell->more = wire_number(message, WIRE_MORE, 0) == 1;
	loop_timer_stop(broker->loop, &shell->timer);
	/* The lines of a session that leave processes behind count as shells would. */
	if (!first && shell->peer->left && too_many(broker, shell->peer))
		ask_refuse(&why, EXIT_UNREACHABLE, NULL, "%s", too_many_what(shell->peer));
	else if (broker->stopping)
		ask_refuse(&why, EXIT_UNREACHABLE, NULL, "the broker is being stopped");
	else if (broker->trouble)
		ask_refuse(&why, EXIT_CONFIGURATION, "whosh --check shows what is used", "%s",
			   broker->trouble);
	else
		shell->command = command_begin(broker, shell, shell->peer, message, &why);
	if (!shell->command)
		shell_refuse(shell, why.status, why.reason ? why.reason : "out of memory", NULL, NULL,
			     why.hint);
	refusal_finish(&why);
	return true;
}

/* The agent that the next line would be signed for, and what it has typed; nothing when it would be refused.
 */
static void remembered(struct shell *shell, const struct wire_message *message)
{
	struct broker *broker = shell->broker;
	struct refusal why = {0};
	struct attributes attributes;
	char *error = NULL;
	struct credential *credential = credential_take(&broker->credentials, shell->peer->user, &error);
	if (credential && !token_unusable(credential->token, clock_now())) {
		bool good = attributes_read(&attributes, message, credential->token, &why);
		if (good)
			wire_adds(&shell->out, WIRE_AGENT_ID, credential->token->sub);
		if (good && broker->history)
			history_fields(broker->history, shell->peer->user, credential->token->sub,
				       &shell->out);
		attributes_finish(&attributes);
	}
	credential_drop(credential);
	refusal_finish(&why);
	free(error);
}

static bool on_history(struct shell *shell, const struct wire_message *message)
{
	size_t mark;
	loop_timer_stop(shell->broker->loop, &shell->timer);
	shell->more = true;
	wire_begin(&shell->out, WIRE_REMEMBERED, &mark);
	remembered(shell, message);
	wire_end(&shell->out, mark);
	shell_answered(shell);
	return true;
}

static bool on_check(struct shell *shell, const struct wire_message *message)
{
	shell->state = SHELL_CHECKING;
	loop_timer_stop(shell->broker->loop, &shell->timer);
	shell->check = check_begin(shell->broker, shell, shell->peer, message);
	return shell->check != NULL;
}

static bool on_delegate(struct shell *shell, const struct wire_message *message)
{
	shell->state = SHELL_DELEGATING;
	loop_timer_stop(shell->broker->loop, &shell->timer);
	shell->delegate = delegate_begin(shell->broker, shell, shell->peer, message);
	return shell->delegate != NULL;
}

static bool on_started(struct shell *shell, const struct wire_message *message)
{
	shell->state = SHELL_RUNNING;
	/* Once: the session has one shell for all its lines. */
	if (shell->more && !shell->bash.pid) {
		int64_t pid = wire_number(message, WIRE_PID, 0);
		if (pid <= 0 || pid > INT_MAX || !process_read((pid_t)pid, &shell->bash))
			shell->bash = (struct process){0};
	}
	command_started(shell->command);
	return true;
}

static bool on_outcome(struct shell *shell, const struct wire_message *message)
{
	struct outcome outcome;
	if (!outcome_read(&outcome, message))
		return false;
	if (shell->state == SHELL_PERMITTED && outcome.kind != OUTCOME_NOT_RUN) {
		outcome_finish(&outcome);
		return false;
	}
	struct command *command = shell->command;
	shell->state = SHELL_REPORTED;
	command_ended(command, &outcome);
	outcome_finish(&outcome);
	return true;
}

static bool on_frame(struct shell *shell, const struct wire_message *message)
{
	switch (message->type) {
	case WIRE_ASK:
		return (shell->state == SHELL_NEW || shell->state == SHELL_IDLE) && on_ask(shell, message);
	case WIRE_HISTORY:
		return (shell->state == SHELL_NEW || shell->state == SHELL_IDLE) &&
		       on_history(shell, message);
	case WIRE_CHECK:
		return shell->state == SHELL_NEW && on_check(shell, message);
	case WIRE_DELEGATE:
		return shell->state == SHELL_NEW && on_delegate(shell, message);
	case WIRE_STARTED:
		return shell->state == SHELL_PERMITTED && on_started(shell, message);
	case WIRE_OUTCOME:
		return (shell->state == SHELL_PERMITTED || shell->state == SHELL_RUNNING) &&
		       on_outcome(shell, message);
	default:
		return false;
	}
}

/* Is it early?  Nobody has reason to send much more before it was answered. */
static bool must_wait(const struct shell *shell, const struct wire_message *message)
{
	return (message->type == WIRE_ASK || message->type == WIRE_HISTORY) && shell->more &&
	       shell->in.len <= 2 * WIRE_MAX_FRAME &&
	       (shell->state == SHELL_REPORTED || (shell->state == SHELL_IDLE && shell->out.len));
}

/* Take every whole frame out of `in` whose turn it is; false when the conversation must end. */
static bool take_frames(struct shell *shell)
{
	struct wire_message message;
	size_t size;
	int found;
	while (!shell->ended && (found = wire_next(&shell->in, &message, &size)) != 0) {
		if (found > 0 && must_wait(shell, &message))
			return true;
		if (found < 0 || shell->state == SHELL_CLOSING || !on_frame(shell, &message)) {
			peer_warn(shell->peer, "a shell sent something out of order");
			return false;
		}
		buf_drop(&shell->in, size);
	}
	if (!shell->in.len) {
		buf_finish(&shell->in);
		peer_release(shell->peer, shell->charged);
		shell->charged = 0;
	} else if (shell->state == SHELL_IDLE && !shell->ended && !shell->timer.slot) {
		loop_timer_set(shell->broker->loop, &shell->timer, ASK_MS);
	}
	return true;
}

/* Read what there is; false at the end of the conversation. */
static bool shell_read(struct shell *shell)
{
	static char chunk[CHUNK];
	for (int rounds = 0; rounds < 64 && !shell->ended; rounds++) {
		ssize_t got = recv(shell->watch.fd, chunk, sizeof chunk, MSG_DONTWAIT);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno == EAGAIN;
		if (got == 0)
			return false;
		if (!peer_charge(shell->peer, (size_t)got)) {
			peer_warn(shell->peer, "a user has too many requests at once");
			return false;
		}
		shell->charged += (size_t)got;
		buf_add(&shell->in, chunk, (size_t)got);
		if (shell->in.failed || !take_frames(shell))
			return false;
		if ((size_t)got < sizeof chunk)
			break;
	}
	return true;
}

static void shell_ready(struct watch *watch, uint32_t events)
{
	struct shell *shell = container_of(watch, struct shell, watch);
	shell->handling = true;
	bool alive = true;
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		alive = shell_read(shell);
	if (alive && !shell->ended && (events & EPOLLOUT)) {
		shell_flush(shell);
		alive = take_frames(shell);
	}
	shell->handling = false;
	if (!alive || shell->ended)
		shell_end(shell);
}

static void shell_again(struct timer *timer)
{
	struct shell *shell = container_of(timer, struct shell, again);
	shell->handling = true;
	bool alive = take_frames(shell);
	shell->handling = false;
	if (!alive || shell->ended)
		shell_end(shell);
}

static void shell_late(struct timer *timer)
{
	shell_end(container_of(timer, struct shell, timer));
}

/* ── life ── */

void shell_accept(struct broker *broker, int fd)
{
	struct peer *peer = peer_of(&broker->peers, fd);
	struct shell *shell = peer ? calloc(1, sizeof *shell) : NULL;
	if (!shell) {
		log_line(LOG_LEVEL_ERROR, "cannot serve a shell", "error", strerrorname_np(errno), NULL);
		fd_close(&fd);
		return;
	}
	shell->broker = broker;
	shell->peer = peer;
	shell->watch = (struct watch){.fd = fd, .ready = shell_ready};
	shell->timer.fire = shell_late;
	shell->again.fire = shell_again;
	shell->next = broker->shells;
	shell->back = &broker->shells;
	if (shell->next)
		shell->next->back = &shell->next;
	broker->shells = shell;
	broker->shell_count++;
	peer->shells++;
	reply_hello(&shell->out);
	if (too_many(broker, peer)) {
		peer_warn(peer, "a user has too many shells at once");
		shell_refuse(shell, EXIT_UNREACHABLE, too_many_what(peer), NULL, NULL, NULL);
		return;
	}
	loop_timer_set(broker->loop, &shell->timer, ASK_MS);
	shell_flush(shell);
}

void shells_stop(struct broker *broker, bool all)
{
	for (struct shell *shell = broker->shells, *next; shell; shell = next) {
		next = shell->next;
		bool runs = shell->state == SHELL_PERMITTED || shell->state == SHELL_RUNNING ||
			    shell->state == SHELL_REPORTED;
		if (runs) {
			if (all)
				shell_end(shell);
			continue;
		}
		if (shell->state == SHELL_IDLE || shell->state == SHELL_CLOSING) {
			shell_last_words(shell);
			continue;
		}
		struct command *command = shell->command;
		shell_refuse(shell, EXIT_UNREACHABLE, "the broker is being stopped", NULL, NULL, NULL);
		if (command)
			command_abandon(command);
	}
}
