/* load.c: commands posted as fast as they are answered, over connections that stay open.
 *
 *     load URL CA TOKEN_FILE COUNT CONNECTIONS [CHAINS]
 *
 * Signs COUNT commands (with the principal chains of that file, a line each, in turn), opens the connections
 * with a look at /healthz, says "ready", waits for a line on standard input, posts them all, and prints the
 * seconds it took.  Each must be answered with a permit.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/io.h"
#include "common/token.h"
#include "common/uuid.h"
#include "tests/bench/bench.h"
#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SESSIONS = 50 };

static const char *ca;
static char url[1024], health[1024];
static struct buf *commands;
static int count;
static atomic_int next, refused;
static pthread_barrier_t connected, started;

/* The lines of a file. */
static char **read_lines(const char *path, int *n)
{
	struct buf text = BUF_INIT;
	char **lines = NULL, *rest;
	if (read_file(path, 256u << 20, &text))
		exit(1);
	for (rest = text.data; rest && *rest;) {
		char *line = strsep(&rest, "\n");
		if (!(*n % 1024) && !(lines = reallocarray(lines, (size_t)*n + 1024, sizeof *lines)))
			exit(1);
		lines[(*n)++] = line;
	}
	return lines;
}

static void sign_one(struct buf *out, const struct token *token, const char *session, const char *chain,
		     int number)
{
	char id[UUID_LEN + 1];
	struct buf text BUF_AUTO = BUF_INIT;
	long long now = (long long)time(NULL);
	uuid_new(id);
	buf_addf(
	    &text,
	    "{\"jti\":\"%s\",\"iat\":%lld,\"exp\":%lld,\"aud\":\"%s\",\"sub\":\"%s\",\"sid\":\"%s\","
	    "\"agent_version\":\"2.3\",\"model\":\"provider/model@1\",\"task\":\"Build the release\",%s%s%s"
	    "\"command\":{\"mode\":\"command\",\"line\":\"git status --short && git diff --stat HEAD~%d\","
	    "\"argv\":[],\"cwd\":\"/home/agent/"
	    "project\",\"user\":\"agent\",\"uid\":1000,\"host\":\"build-1\","
	    "\"interpreter\":\"/bin/"
	    "bash\"},\"trace\":\"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\"}",
	    id, now, now + 600, token->aud, token->sub, session, chain ? "\"chain\":\"" : "",
	    chain ? chain : "", chain ? "\"," : "", number % 9);
	if (text.failed || !jws_sign(out, JWS_COMMAND, text.data, text.len, token->key))
		exit(1);
}

static void *post_all(void *arg)
{
	CURL *curl = curl_easy_init();
	int i;
	(void)arg;
	curl_easy_setopt(curl, CURLOPT_CAINFO, ca);
	curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(curl, CURLOPT_URL, health);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	if (curl_easy_perform(curl))
		atomic_fetch_add(&refused, 1);
	pthread_barrier_wait(&connected);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	pthread_barrier_wait(&started);
	while ((i = atomic_fetch_add(&next, 1)) < count) {
		long status = 0;
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, commands[i].data);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)commands[i].len);
		if (curl_easy_perform(curl) || curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status) ||
		    status != 200)
			atomic_fetch_add(&refused, 1);
	}
	curl_easy_cleanup(curl);
	return NULL;
}

int main(int argc, char **argv)
{
	char *error, sessions[SESSIONS][UUID_LEN + 1], line[8];
	int n_chains = 0;
	if (argc != 6 && argc != 7)
		return 2;
	char **chains = argc == 7 ? read_lines(argv[6], &n_chains) : NULL;
	snprintf(url, sizeof url, "%s/v1/commands", argv[1]);
	snprintf(health, sizeof health, "%s/healthz", argv[1]);
	ca = argv[2];
	count = atoi(argv[4]);
	int connections = atoi(argv[5]);
	struct token *token = token_load(argv[3], &error);
	commands = calloc((size_t)count, sizeof *commands);
	pthread_t *threads = calloc((size_t)connections, sizeof *threads);
	if (!token || !commands || !threads || curl_global_init(CURL_GLOBAL_NOTHING)) {
		fprintf(stderr, "load: %s\n", token ? "out of memory" : error);
		return 1;
	}
	for (int i = 0; i < SESSIONS; i++)
		uuid_new(sessions[i]);
	for (int i = 0; i < count; i++)
		sign_one(&commands[i], token, sessions[i % SESSIONS], n_chains ? chains[i % n_chains] : NULL,
			 i);
	pthread_barrier_init(&connected, NULL, (unsigned)connections + 1);
	pthread_barrier_init(&started, NULL, (unsigned)connections + 1);
	for (int i = 0; i < connections; i++)
		if (pthread_create(&threads[i], NULL, post_all, NULL))
			return 1;
	pthread_barrier_wait(&connected);
	puts("ready");
	fflush(stdout);
	if (!fgets(line, sizeof line, stdin))
		return 1;
	double began = now_ms();
	pthread_barrier_wait(&started);
	for (int i = 0; i < connections; i++)
		pthread_join(threads[i], NULL);
	printf("%.6f\n", (now_ms() - began) / 1e3);
	if (refused)
		fprintf(stderr, "load: %d were not answered with a permit\n", (int)refused);
	token_free(token);
	return refused != 0;
}
