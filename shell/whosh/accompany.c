/* accompany.c: stay beside the command until it has ended.
 *
 * For four things only: to pass on signals that reach this process alone, to stop and go on with the command,
 * so that the caller's job control sees one job, to reap the orphans that are given to us, and to end it all
 * when the broker cannot.
 *
 * Signals.  All that could end this process are blocked and taken one by one from a signalfd.  One that the
 * kernel sent (a terminal's Ctrl-C) has reached the whole group, the command included; one that a process
 * sent is passed on, and so is a hang-up that only we are told of.  A hang-up always is when the child is a
 * session's shell: at a prompt that has a group of its own.
 *
 * The broker ends a command that is killed and says so (KILL).  When the broker itself is gone nobody can
 * kill the command any more: it goes on for the lease that its permit gave it, and is then ended from here.
 * When the broker had the order to kill it, it is ended from here at once.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/clock.h"
#include "common/tree.h"
#include "shell/whosh/gate.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOT_TAKEN = -1, GIVE_UP_MS = 3000 };

/* The command stopped: stop in the same way, and when continued let it go on. */
static void stop_with(pid_t child, int number)
{
	sigset_t one;
	struct sigaction standard = {.sa_handler = SIG_DFL}, mine;
	if (number == SIGSTOP) {
		raise(SIGSTOP);
	} else {
		sigemptyset(&one);
		sigaddset(&one, number);
		sigaction(number, &standard, &mine);
		raise(number);
		sigprocmask(SIG_UNBLOCK, &one, NULL);
		sigprocmask(SIG_BLOCK, &one, NULL);
		sigaction(number, &mine, NULL);
	}
	kill(child, SIGCONT);
}

/* Reap what has ended below us; the wait status of `child` when it is among it, else NOT_TAKEN. */
static int reap(pid_t child, int flags)
{
	int status, found = NOT_TAKEN;
	for (pid_t ended; (ended = waitpid(-1, &status, flags | WNOHANG)) > 0;)
		if (ended == child)
			return status;
	return found;
}

int end_below(pid_t child)
{
	struct tree tree;
	struct processes all = {0};
	int status = NOT_TAKEN, wait = 0;
	int64_t began = clock_mono_ms();
	bool seen = tree_init(&tree, getpid());
	while (seen && wait >= 0 && clock_mono_ms() - began < GIVE_UP_MS) {
		seen = processes_read(&all);
		wait = seen ? tree_end(&tree, &all, clock_mono_ms()) : -1;
		for (int found; (found = reap(child, 0)) != NOT_TAKEN;)
			status = found;
		poll(NULL, 0, wait > 0 ? wait : 0);
	}
	tree_finish(&tree);
	processes_finish(&all);
	if (status != NOT_TAKEN || child <= 0)
		return status;
	/* Where nothing can be seen there is one that we know. */
	kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return SIGKILL;
	return status;
}

bool killed_by(struct gate *gate, const struct wire_message *message)
{
	if (message->type != WIRE_KILL)
		return false;
	char *reason = wire_string(message, WIRE_REASON);
	free(gate->killed);
	gate->killed = reason ? reason : strdup("no reason was given");
	gate->own_end = wire_number(message, WIRE_OWN, 0) != 0;
	return true;
}

static void lapsed(struct gate *gate, int64_t silence_ms)
{
	if (asprintf(&gate->killed, "lease lapsed: the broker was not heard of for %lld s",
		     (long long)silence_ms / 1000) < 0)
		gate->killed = NULL;
}

static void pass_on(const struct gate *gate, pid_t child, int signals)
{
	struct signalfd_siginfo info;
	if (read(signals, &info, sizeof info) != (ssize_t)sizeof info)
		return;
	int number = (int)info.ssi_signo;
	/* The kernel tells the leader of a terminal's session alone that it hung up, and the others only when
	 * the leader has gone. */
	bool hang_up = number == SIGHUP && (gate->session || getsid(0) == getpid());
	if (number != SIGCHLD && number != SIGCONT && number != SIGPIPE && (info.ssi_code <= 0 || hang_up))
		kill(child, number);
}

bool hear(struct gate *gate)
{
	struct wire_message found;
	int news;
	while ((news = broker_next(gate, &found, 0)) > 0) {
		gate->owed = gate->owed && found.type != WIRE_DONE;
		killed_by(gate, &found);
	}
	return news == 0;
}

int accompany_once(struct gate *gate, pid_t child, int signals, const int *others, int timeout_ms)
{
	struct pollfd on[] = {{.fd = signals, .events = POLLIN},
			      {.fd = others[0], .events = POLLIN},
			      {.fd = others[1], .events = POLLIN},
			      {.fd = others[2], .events = POLLIN}};
	int status = reap(child, WUNTRACED);
	if (status != NOT_TAKEN && !WIFSTOPPED(status))
		return status;
	if (status != NOT_TAKEN)
		stop_with(child, WSTOPSIG(status));
	if (poll(on, 1 + OTHERS, timeout_ms) > 0 && on[0].revents)
		pass_on(gate, child, signals);
	return STILL_RUNS;
}

int accompany_until(struct gate *gate, pid_t child, int signals, const int *others)
{
	int64_t lease_ms = wire_number(&gate->permit, WIRE_LEASE_MS, 0);
	struct pollfd on[] = {{.fd = signals, .events = POLLIN},
			      {.fd = gate->gone ? -1 : gate->link.fd, .events = POLLIN},
			      {.fd = others[0], .events = POLLIN},
			      {.fd = others[1], .events = POLLIN},
			      {.fd = others[2], .events = POLLIN}};
	bool said = gate->link.fd >= 0 && !gate->gone;
	for (;;) {
		int status = reap(child, WUNTRACED);
		if (status != NOT_TAKEN && !WIFSTOPPED(status))
			return status;
		/* What is being killed is stopped for that, and by nobody's job control. */
		if (status != NOT_TAKEN && !gate->killed) {
			stop_with(child, WSTOPSIG(status));
			continue;
		}
		if (said && !hear(gate)) {
			gate->gone = clock_mono_ms();
			on[1].fd = -1;
		}
		int64_t silence = gate->gone ? clock_mono_ms() - gate->gone : 0;
		bool over = gate->gone && lease_ms > 0 && silence >= lease_ms;
		if (over)
			lapsed(gate, silence);
		if (over || (gate->killed && (gate->own_end || gate->gone)))
			return end_below(child);
		int64_t left = gate->gone && lease_ms > 0 ? lease_ms - silence : -1;
		if (poll(on, 2 + OTHERS, left > INT32_MAX ? INT32_MAX : (int)left) < 0 && errno != EINTR)
			return end_below(child);
		if (on[0].revents)
			pass_on(gate, child, signals);
		if (on[2].revents || on[3].revents || on[4].revents)
			return STILL_RUNS;
		said = on[1].revents != 0;
	}
}

int accompany(struct gate *gate, pid_t child, int signals)
{
	const int none[OTHERS] = {-1, -1, -1};
	return accompany_until(gate, child, signals, none);
}
