/* main.c: whosh-broker(8): the host's half of an agent's identity.
 *
 *     whosh-broker [--config FILE]      the system's: serves every user from one socket
 *     whosh-broker --private FD         started by one whosh for itself, on a socketpair
 *
 * Both are the same program on the same path; they differ in where the key comes from, where the spool is,
 * and in when they end.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/exits.h"
#include "common/io.h"
#include "common/log.h"
#include "shell/broker/broker.h"
#include "shell/broker/listen.h"
#include "shell/broker/outbox.h"
#include "shell/broker/setup.h"
#include "shell/broker/shell.h"
#include "shell/broker/trees.h"
#include "shell/broker/warm.h"
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	GRACE_MS = 5000, /* for commands that run when the broker is stopped */
	LAST_MS = 3000,  /* and then for what is still on its way */
	HOLD_MS = 600000 /* a private broker that can neither deliver nor spool */
};

static struct {
	struct broker broker;
	struct listener *listener;
	struct warm warm;
	struct watch signals;
	struct timer deadline;
	bool given_up, leftovers;
} all;

/* ── the end ── */

void broker_settle(struct broker *broker)
{
	if (!broker->private && !broker->stopping)
		return;
	/* What was left behind keeps a private broker, and no broker that is being stopped. */
	size_t left = broker->stopping ? broker->left_count : 0;
	if (broker->shell_count || broker->command_count > left)
		return;
	if (broker->outbox && outbox_busy(broker->outbox)) {
		if (!all.deadline.slot)
			loop_timer_set(broker->loop, &all.deadline, HOLD_MS);
		return;
	}
	if (broker->private && broker->outbox && !all.leftovers && !broker->stopping) {
		/* Nobody waits any more: a good time for what an earlier broker of this user could not
		 * deliver. */
		all.leftovers = true;
		outbox_load(broker->outbox);
		if (outbox_busy(broker->outbox))
			return;
	}
	loop_stop(broker->loop);
}

static void deadline_fired(struct timer *timer)
{
	(void)timer;
	struct broker *broker = &all.broker;
	if (broker->stopping && !all.given_up) {
		all.given_up = true;
		loop_timer_set(broker->loop, &all.deadline, LAST_MS);
		shells_stop(broker, true);
		return;
	}
	loop_stop(broker->loop);
}

static void on_signal(struct watch *watch, uint32_t events)
{
	(void)events;
	struct broker *broker = &all.broker;
	struct signalfd_siginfo info;
	while (read(watch->fd, &info, sizeof info) == (ssize_t)sizeof info)
		if (!broker->stopping) {
			broker->stopping = true;
			log_line(LOG_LEVEL_INFO, "stopping", NULL);
			notify_manager("STOPPING=1");
			listener_free(all.listener);
			all.listener = NULL;
			warm_stop(&all.warm);
			loop_timer_set(broker->loop, &all.deadline, GRACE_MS);
			shells_stop(broker, false);
			broker_settle(broker);
		}
}

static bool watch_signals(struct broker *broker)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	if (!broker->private)
		sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_SETMASK, &set, NULL) < 0)
		return false;
	all.signals =
	    (struct watch){.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), .ready = on_signal};
	return all.signals.fd >= 0 && loop_watch(broker->loop, &all.signals, EPOLLIN);
}

/* ── the two beginnings ── */

static int run(struct broker *broker)
{
	int result = EXIT_SUCCESS;
	all.deadline.fire = deadline_fired;
	if (!watch_signals(broker) || loop_run(broker->loop) < 0) {
		log_line(LOG_LEVEL_ERROR, "cannot go on", "error", strerrorname_np(errno), NULL);
		result = EXIT_FAILURE;
	}
	if (broker->outbox)
		outbox_save(broker->outbox);
	return result;
}

static int run_system(struct broker *broker, const char *config)
{
	char *error = NULL;
	if (!setup_broker(broker, config, &error)) {
		log_line(LOG_LEVEL_ERROR, "configuration", "error", error, NULL);
		free(error);
		return EXIT_CONFIGURATION;
	}
	all.listener = listener_new(broker, broker->conf.value[CONF_BROKER_SOCKET], &error);
	if (!all.listener) {
		log_line(LOG_LEVEL_ERROR, "cannot listen", "error", error, NULL);
		free(error);
		return EXIT_FAILURE;
	}
	log_line(LOG_LEVEL_INFO, "listening", "socket", broker->conf.value[CONF_BROKER_SOCKET], "approver",
		 broker->conf.value[CONF_APPROVER], "version", WHOSH_VERSION, NULL);
	const char *trouble = trees_trouble(broker);
	if (trouble)
		log_line(LOG_LEVEL_WARNING, trouble, NULL);
	warm_start(&all.warm, broker);
	outbox_load(broker->outbox);
	notify_manager("READY=1");
	int result = run(broker);
	log_line(LOG_LEVEL_INFO, "stopped", NULL);
	return result;
}

static int run_private(struct broker *broker, int fd)
{
	char *error = NULL;
	broker->private = true;
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return EXIT_USAGE_ERROR;
	if (!setup_broker(broker, NULL, &error)) {
		broker->trouble = error ? error : strdup("out of memory");
		if (!broker->loop || !broker->trouble)
			return EXIT_FAILURE;
	}
	shell_accept(broker, fd);
	return broker->shell_count ? run(broker) : EXIT_FAILURE;
}

static int usage(FILE *to, int status)
{
	fputs("usage: whosh-broker [--config FILE]\n", to);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"config", required_argument, NULL, 'c'},
						{"private", required_argument, NULL, 'p'},
						{"version", no_argument, NULL, 'V'},
						{"help", no_argument, NULL, 'h'},
						{NULL, 0, NULL, 0}};
	const char *config = NULL;
	int private = -1;
	setup_environment();
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
		switch (option) {
		case 'c':
			config = optarg;
			break;
		case 'p': {
			char *end;
			long number = strtol(optarg, &end, 10);
			if (*end || end == optarg || number < 0 || number > 1 << 20)
				return usage(stderr, EXIT_USAGE_ERROR);
			private = (int)number;
			break;
		}
		case 'V':
			puts("whosh-broker " WHOSH_VERSION);
			return EXIT_SUCCESS;
		case 'h':
			return usage(stdout, EXIT_SUCCESS);
		default:
			return usage(stderr, EXIT_USAGE_ERROR);
		}
	if (optind != argc)
		return usage(stderr, EXIT_USAGE_ERROR);
	setup_process(private >= 0);
	int result = private >= 0 ? run_private(&all.broker, private) : run_system(&all.broker, config);
	/* Its shell has its answer and ends: on one processor it would wait for all the libraries here to be
	 * let go of first. */
	if (private >= 0)
		nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
	warm_stop(&all.warm);
	listener_free(all.listener);
	setup_finish(&all.broker);
	fd_close(&all.signals.fd);
	return result;
}
