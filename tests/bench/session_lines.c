/* session_lines.c: what the lines of one session cost beyond running them: ask, permit, started, outcome,
 * done.
 *
 *     session_lines SOCKET LINES      the median of each part, microseconds: "permit done all"
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/link.h"
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { ANSWER_MS = 10000 };

static double now(void)
{
	struct timespec at;
	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec * 1e6 + (double)at.tv_nsec / 1e3;
}

static void expect(struct link *link, enum wire_type type)
{
	struct wire_message found;
	if (!link_read(link, &found, ANSWER_MS))
		errx(1, "the broker does not answer");
	if (found.type != type)
		errx(1, "the broker answers %d instead of %d", (int)found.type, (int)type);
}

static void connect_to(struct link *link, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	*link = (struct link){.fd = socket(AF_UNIX, SOCK_STREAM, 0)};
	if (link->fd < 0 || connect(link->fd, (struct sockaddr *)&address, sizeof address))
		err(1, "%s", path);
	expect(link, WIRE_HELLO);
}

static void ask(struct buf *frame)
{
	size_t mark;
	wire_begin(frame, WIRE_ASK, &mark);
	wire_adds(frame, WIRE_MODE, "command");
	wire_adds(frame, WIRE_LINE, "true");
	wire_adds(frame, WIRE_CWD, "/");
	wire_adds(frame, WIRE_INTERPRETER, "/bin/bash");
	wire_adds(frame, WIRE_MORE, "1");
	wire_end(frame, mark);
}

static void report(struct buf *frame)
{
	size_t mark;
	wire_begin(frame, WIRE_STARTED, &mark);
	wire_add_number(frame, WIRE_PID, getpid());
	wire_end(frame, mark);
	wire_begin(frame, WIRE_OUTCOME, &mark);
	wire_adds(frame, WIRE_EXIT, "0");
	wire_adds(frame, WIRE_STARTED_MS, "1");
	wire_adds(frame, WIRE_ENDED_MS, "2");
	wire_end(frame, mark);
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *of, size_t n)
{
	qsort(of, n, sizeof *of, ascending);
	return of[n / 2];
}

int main(int argc, char **argv)
{
	size_t n = argc == 3 ? (size_t)strtoul(argv[2], NULL, 10) : 0;
	if (!n)
		errx(2, "usage: session_lines SOCKET LINES");
	double *permit = calloc(n, sizeof *permit), *done = calloc(n, sizeof *done),
	       *all = calloc(n, sizeof *all);
	struct link link;
	connect_to(&link, argv[1]);
	struct buf question = BUF_INIT, tale = BUF_INIT;
	ask(&question);
	report(&tale);
	for (size_t i = 0; i < n; i++) {
		double began = now();
		if (!link_write(&link, &question))
			err(1, "ask");
		expect(&link, WIRE_PERMIT);
		double permitted = now();
		if (!link_write(&link, &tale))
			err(1, "outcome");
		expect(&link, WIRE_DONE);
		double ended = now();
		permit[i] = permitted - began;
		done[i] = ended - permitted;
		all[i] = ended - began;
	}
	printf("%.0f %.0f %.0f\n", median(permit, n), median(done, n), median(all, n));
	link_close(&link);
	return 0;
}
