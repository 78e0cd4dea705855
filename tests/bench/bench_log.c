/* bench_log.c: what the log costs: leaves of 700 bytes, each group with its fdatasync and its signed
 *checkpoint.
 *
 *	bench_log FOLDER LEAVES		groups of 100 up to so many leaves, the writer resting once a second
 *	bench_log FOLDER one N		the latency of N groups of one
 *
 * Prints one JSON object.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/log/log.h"
#include "tests/bench/bench.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GROUP = 100, LEAF = 700 };

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* Leaves that differ, as real ones do. */
static void fill(char (*texts)[LEAF], struct log_entry *entries, size_t n, long at)
{
	for (size_t i = 0; i < n; i++) {
		memset(texts[i], 'a' + (int)((at + (long)i) % 26), LEAF);
		snprintf(texts[i], LEAF, "{\"v\":1,\"n\":%ld", at + (long)i);
		entries[i] = (struct log_entry){texts[i], LEAF, NULL, 0};
	}
}

static int latency(struct log *log, long n)
{
	static char text[1][LEAF];
	struct log_entry entry;
	double *took = malloc((size_t)n * sizeof *took);
	for (long i = 0; took && i < n; i++) {
		fill(text, &entry, 1, i);
		double began = now_ms();
		if (log_append(log, &entry, 1))
			return 1;
		took[i] = now_ms() - began;
	}
	if (!took)
		return 1;
	qsort(took, (size_t)n, sizeof *took, by_size);
	printf("{\"p50_ms\":%.4f,\"p99_ms\":%.4f}\n", took[n / 2], took[n * 99 / 100]);
	free(took);
	return 0;
}

static int rate(struct log *log, long leaves)
{
	static char texts[GROUP][LEAF];
	struct log_entry entries[GROUP];
	double began = now_ms(), published = began, publishing = 0;
	for (long at = 0; at < leaves; at += GROUP) {
		fill(texts, entries, GROUP, at);
		if (log_append(log, entries, GROUP))
			return 1;
		double now = now_ms();
		if (now - published < 1000 && !log_due(log))
			continue;
		if (log_publish(log))
			return 1;
		published = now_ms();
		publishing += published - now;
	}
	double seconds = (now_ms() - began) / 1e3;
	printf("{\"leaves\":%ld,\"seconds\":%.3f,\"publishing\":%.3f,\"per_s\":%.0f}\n", leaves, seconds,
	       publishing / 1e3, (double)leaves / seconds);
	return 0;
}

int main(int argc, char **argv)
{
	static const unsigned char seed[32] = "of the bench";
	struct note_signer signer;
	char *error = NULL;
	if (argc < 3 || !note_signer_make(&signer, "whoshd:bench", NOTE_ED25519, seed))
		return 2;
	struct log *log = log_open(argv[1], &signer, &error);
	if (!log) {
		fprintf(stderr, "bench_log: %s\n", error ? error : "out of memory");
		return 1;
	}
	int status = argc == 4 ? latency(log, atol(argv[3])) : rate(log, atol(argv[2]));
	if (status)
		perror("bench_log");
	log_close(log);
	return status;
}
