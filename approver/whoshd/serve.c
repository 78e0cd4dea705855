/* serve.c: `whoshd serve`: load, listen, serve until told to stop.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/http/server.h"
#include "approver/whoshd/log_key.h"
#include "approver/whoshd/serve_client_conf.h"
#include "approver/whoshd/serve_listen.h"
#include "approver/whoshd/serve_load.h"
#include "approver/whoshd/state_lock.h"
#include "approver/whoshd/whoshd.h"
#include "common/exits.h"
#include "common/log.h"
#include "common/secure.h"
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { SPARE_FILES = 128, WANTED_FILES = 65536 };

static const char usage[] = "usage: whoshd serve --dir DIR [--listen ADDR:PORT]\n";

/* As many connections as there may be open files, but for our own. */
static unsigned raise_files(int64_t wanted)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit))
		return 512;
	rlim_t before = limit.rlim_max, aim = wanted > 0 ? (rlim_t)wanted + SPARE_FILES : WANTED_FILES;
	if (limit.rlim_max < aim) { /* only root may */
		limit.rlim_cur = limit.rlim_max = aim;
		if (setrlimit(RLIMIT_NOFILE, &limit))
			limit.rlim_max = before;
	}
	limit.rlim_cur = limit.rlim_max < aim ? limit.rlim_max : aim;
	setrlimit(RLIMIT_NOFILE, &limit);
	getrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_cur > 2 * SPARE_FILES ? (unsigned)(limit.rlim_cur - SPARE_FILES) : SPARE_FILES;
}

static int run(struct server *server, const char *bound, const sigset_t *signals)
{
	int signal_number = 0;
	log_line(LOG_LEVEL_INFO, "listening", "address", bound, "name", server->settings.name, NULL);
	tell_manager("READY=1");
	while (!sigwait(signals, &signal_number)) {
		if (signal_number != SIGHUP)
			break;
		log_line(LOG_LEVEL_INFO, "reading policy.json, exchange.json and secrets.json again", NULL);
		server_reload(server);
	}
	log_line(LOG_LEVEL_INFO, "stopping", "signal", signal_number == SIGTERM ? "TERM" : "INT", NULL);
	tell_manager("STOPPING=1");
	server_free(server);
	return 0;
}

static int complain(int status, const char *what, char *error)
{
	log_line(LOG_LEVEL_ERROR, what, "error", error ? error : "out of memory", NULL);
	free(error);
	return status;
}

static int serve(struct serve_files *files, const char *address)
{
	char path[4096], bound[160], *error = NULL;
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &signals, NULL); /* of every thread: they come to sigwait */
	signal(SIGPIPE, SIG_IGN);

	unsigned connections = raise_files(files->max_connections);
	if (files->max_connections > 0 && files->max_connections < connections)
		connections = (unsigned)files->max_connections;
	snprintf(path, sizeof path, "%s/whosh.db", files->dir);
	if (!state_lock(files->dir, &error))
		return complain(EXIT_CONFIGURATION, "the state directory cannot be used", error);
	struct note_signer *signer = log_key_load(files->dir, files->name, &error);
	struct store *store = signer ? store_open(path, signer, &error) : NULL;
	if (!store) {
		log_key_free(signer);
		return complain(EXIT_CONFIGURATION, "the store cannot be opened", error);
	}
	int fd = listen_on(address, bound, sizeof bound, &error);
	if (fd < 0) {
		store_close(store);
		log_key_free(signer);
		return complain(EXIT_UNREACHABLE, "no address to listen on", error);
	}
	client_conf_follow(files->dir, bound);
	struct server_settings settings = {.dir = files->dir,
					   .name = files->name,
					   .permit_key = files->permit_key,
					   .tls_cert = files->cert.data,
					   .tls_key = files->key.data,
					   .listen_fd = fd,
					   .review_timeout_s = files->review_timeout_s,
					   .lease_s = files->lease_s,
					   .idle_s = files->idle_s,
					   .slow_s = files->slow_s,
					   .max_live = (size_t)files->max_live,
					   .max_connections = connections};
	struct server *server = server_new(&settings, store);
	int status = server ? run(server, bound, &signals) : EXIT_CONFIGURATION;
	store_close(store);
	log_key_free(signer);
	return status;
}

int whoshd_serve(int argc, char **argv)
{
	const char *dir = NULL, *address = NULL;
	for (int i = 0; i < argc; i++) {
		const char **into = !strcmp(argv[i], "--dir")      ? &dir
				    : !strcmp(argv[i], "--listen") ? &address
								   : NULL;
		if (!into || i + 1 == argc) {
			fputs(usage, stderr);
			return EXIT_USAGE_ERROR;
		}
		*into = argv[++i];
	}
	if (!dir) {
		fputs(usage, stderr);
		return EXIT_USAGE_ERROR;
	}
	secure_process(false);
	/* Few arenas, and growing by more than a page at a time: many small allocations, on few threads. */
	mallopt(M_ARENA_MAX, 4);
	mallopt(M_TOP_PAD, 256 * 1024);
	umask(077);
	struct serve_files files;
	char *error = NULL;
	int status = serve_files_load(&files, dir, &error)
			 ? serve(&files, address        ? address
					 : files.listen ? files.listen
							: "127.0.0.1:8443")
			 : complain(EXIT_CONFIGURATION, "the state directory cannot be used", error);
	serve_files_finish(&files);
	return status;
}
