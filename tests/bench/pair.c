/* pair.c: two commands in turn, so that what disturbs one disturbs the other.
 *
 *     pair RUNS A… -- B…
 *
 * Prints one line a run: milliseconds of A, of B, from start to exit.  "{}" in an argument becomes the number
 * of the run.  The commands' output goes nowhere; one that fails ends it all.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/bench/bench.h"
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_ARGUMENTS = 64 };

static double run(char **argv, int number)
{
	char text[16], *filled[MAX_ARGUMENTS + 1] = {NULL};
	snprintf(text, sizeof text, "%d", number);
	for (int i = 0; argv[i] && i < MAX_ARGUMENTS; i++)
		filled[i] = strcmp(argv[i], "{}") ? argv[i] : text;
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init(&actions);
	for (int fd = 0; fd < 2; fd++)
		posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
	pid_t pid;
	int status;
	double began = now_ms();
	if (posix_spawnp(&pid, filled[0], &actions, NULL, filled, environ) ||
	    waitpid(pid, &status, 0) != pid || status) {
		fprintf(stderr, "pair: %s failed in run %d\n", filled[0], number);
		exit(1);
	}
	double took = now_ms() - began;
	posix_spawn_file_actions_destroy(&actions);
	return took;
}

int main(int argc, char **argv)
{
	int runs = argc > 1 ? atoi(argv[1]) : 0, at = 2;
	while (at < argc && strcmp(argv[at], "--"))
		at++;
	if (runs < 1 || at == 2 || at + 1 >= argc) {
		fprintf(stderr, "usage: pair RUNS A… -- B…\n");
		return 2;
	}
	argv[at] = NULL;
	for (int i = 0; i < runs; i++) {
		double a = run(argv + 2, i), b = run(argv + at + 1, i);
		printf("%.3f %.3f\n", a, b);
	}
	return 0;
}
