/* fresh_curl.c: what a gate without a broker could cost at least.
 *
 *     fresh_curl URL CA FOLDER NUMBER
 *
 * A process of its own that sets up libcurl with one CA file, posts FOLDER/NUMBER.command, runs `dash -c
 * true`, and posts FOLDER/NUMBER.outcome over the same connection.  It believes whatever it is answered: it
 * is a floor, not a gate.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/buf.h"
#include "common/io.h"
#include "tests/bench/bench.h"
#include <curl/curl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_BODY = 1 << 20 };

static void post(CURL *curl, const char *url, const char *path)
{
	struct buf body BUF_AUTO = BUF_INIT;
	long status = 0;
	if (read_file(path, MAX_BODY, &body)) {
		perror(path);
		exit(1);
	}
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)body.len);
	CURLcode code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (code || status / 100 != 2) {
		fprintf(stderr, "fresh_curl: %s: %s, status %ld\n", url, curl_easy_strerror(code), status);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	char url[1024], path[1024], id[64];
	if (argc != 5)
		return 2;
	CURL *curl = curl_global_init(CURL_GLOBAL_NOTHING) ? NULL : curl_easy_init();
	if (!curl)
		return 1;
	curl_easy_setopt(curl, CURLOPT_CAINFO, argv[2]);
	curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore);
	snprintf(url, sizeof url, "%s/v1/commands", argv[1]);
	snprintf(path, sizeof path, "%s/%s.command", argv[3], argv[4]);
	post(curl, url, path);

	char *dash[] = {"dash", "-c", "true", NULL};
	pid_t pid;
	int status;
	if (posix_spawn(&pid, "/bin/dash", NULL, NULL, dash, environ) || waitpid(pid, &status, 0) != pid)
		return 1;

	struct buf text BUF_AUTO = BUF_INIT;
	snprintf(path, sizeof path, "%s/%s.id", argv[3], argv[4]);
	if (read_file(path, sizeof id - 1, &text))
		return 1;
	snprintf(url, sizeof url, "%s/v1/commands/%s/outcome", argv[1], text.data);
	snprintf(path, sizeof path, "%s/%s.outcome", argv[3], argv[4]);
	post(curl, url, path);
	curl_easy_cleanup(curl);
	return 0;
}
