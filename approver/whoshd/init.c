/* init.c: whoshd init: make the state directory of a new approver.
 *
 * Everything is made in DIR.new beside it, which is renamed at the end: there is a whole state directory or
 * none.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/policy/policy.h"
#include "approver/store/seal.h"
#include "approver/store/store.h"
#include "approver/whoshd/init_certificates.h"
#include "approver/whoshd/log_key.h"
#include "approver/whoshd/serve_load.h"
#include "approver/whoshd/whoshd.h"
#include "common/clock.h"
#include "common/codec.h"
#include "common/io.h"
#include "common/jws.h"
#include "common/secure.h"
#include <errno.h>
#include <ftw.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_NAMES = 32, TOKEN_BYTES = 32 };

struct plan {
	char dir[4096];      /* where it will be, absolute */
	char made[4096 + 8]; /* where it is made */
	const char *listen;
	char name[64]; /* the approver's, of its key */
	char *names[MAX_NAMES];
	int n_names;
	bool seal;
};

static int usage(void)
{
	fputs("usage: whoshd init --dir DIR [--listen ADDR:PORT] [--name HOST]... [--seal]\n", stderr);
	return 2;
}

static bool fail(const char *what, const char *why)
{
	fprintf(stderr, "whoshd: init: %s: %s\n", what, why);
	return false;
}

static bool put(const struct plan *plan, const char *name, const struct buf *content, mode_t mode)
{
	char path[sizeof plan->made + 64];
	snprintf(path, sizeof path, "%s/%s", plan->made, name);
	if (content->failed)
		return fail(path, "out of memory");
	if (write_file_durable(path, content->data, content->len, mode))
		return fail(path, strerror(errno));
	return true;
}

/* The address that is listened on, when it is one that a client could dial and that every certificate of ours
 * has not got anyway. */
static bool listened_host(const struct plan *plan, char *host, size_t size)
{
	static const char *const others[] = {"0.0.0.0", "::", "127.0.0.1", "::1", "localhost"};
	const char *from = plan->listen, *colon = strrchr(from, ':');
	bool bracketed = *from == '[' && colon > from + 1 && colon[-1] == ']';
	snprintf(host, size, "%.*s", (int)(colon - from) - 2 * bracketed, from + bracketed);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (!strcmp(host, others[i]))
			return false;
	return true;
}

static bool put_certificates(const struct plan *plan)
{
	struct certificates made;
	char host[256], *names[MAX_NAMES + 1];
	int n = plan->n_names;
	memcpy(names, plan->names, sizeof plan->names);
	if (listened_host(plan, host, sizeof host))
		names[n++] = host;
	bool good = certificates_make(&made, names, n) ||
		    fail("certificates", "OpenSSL refused (is every --name a host name or an address?)");
	good = good && put(plan, "ca.pem", &made.ca, 0644) && put(plan, "ca.key", &made.ca_key, 0400) &&
	       put(plan, "server.pem", &made.server, 0644) && put(plan, "server.key", &made.server_key, 0400);
	certificates_finish(&made);
	return good;
}

static bool put_client_conf(const struct plan *plan, const char *public)
{
	struct buf conf BUF_AUTO = BUF_INIT;
	const char *colon = strrchr(plan->listen, ':');
	size_t host = (size_t)(colon - plan->listen);
	bool any = !strncmp(plan->listen, "0.0.0.0", host) || !strncmp(plan->listen, "[::]", host);
	buf_adds(&conf, "# What a shell on this machine needs: WHOSH_CONFIG names this file.\n");
	if (plan->n_names && any)
		buf_addf(&conf, "approver = https://%s%s\n", plan->names[0], colon);
	else
		buf_addf(&conf, "approver = https://%.*s%s\n", any ? 9 : (int)host,
			 any ? "localhost" : plan->listen, colon);
	buf_addf(&conf, "ca = %s/ca.pem\napprover_key = %s\n", plan->dir, public);
	return put(plan, "client.conf", &conf, 0644);
}

/* The key that signs permits, and what depends on it. */
static bool put_permit_key(struct plan *plan)
{
	struct signing_key *key = signing_key_generate();
	unsigned char d[KEY_BYTES], x[KEY_BYTES];
	if (!key)
		return fail("approver.key", "OpenSSL cannot make a key");
	signing_key_export(key, d, x);
	signing_key_free(key);
	char thumbprint[S256_LEN + 1];
	key_thumbprint(x, thumbprint);
	approver_name(thumbprint, plan->name);
	struct buf private = BUF_INIT, public BUF_AUTO = BUF_INIT, line BUF_AUTO = BUF_INIT;
	base64url_encode(&public, x, sizeof x);
	buf_addf(&private, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\",\"d\":\"",
		 public.data ? public.data : "");
	base64url_encode(&private, d, sizeof d);
	buf_adds(&private, "\"}\n");
	buf_addf(&line, "%s\n", public.data ? public.data : "");
	secure_wipe(d, sizeof d);
	bool good = put(plan, "approver.key", &private, 0400) && put(plan, "approver.pub", &line, 0644) &&
		    put_client_conf(plan, public.data);
	buf_wipe(&private);
	return good;
}

static bool put_policy_and_conf(const struct plan *plan)
{
	struct buf policy BUF_AUTO = BUF_INIT, conf BUF_AUTO = BUF_INIT;
	buf_add(&policy, policy_starter, policy_starter_len);
	buf_addf(&conf, "# whoshd serve reads this; see whoshd(8).\nlisten = %s\n", plan->listen);
	if (plan->n_names)
		buf_addf(&conf, "name = %s\n", plan->names[0]);
	return put(plan, "policy.json", &policy, 0600) && put(plan, "server.conf", &conf, 0600);
}

/* What leaves are sealed with, when it was asked for: from the first one on. */
static bool put_seal_key(const struct plan *plan)
{
	unsigned char key[SEAL_KEY_BYTES];
	struct buf line = BUF_INIT;
	if (!plan->seal)
		return true;
	secure_random(key, sizeof key);
	base64url_encode(&line, key, sizeof key);
	secure_wipe(key, sizeof key);
	buf_addc(&line, '\n');
	bool good = put(plan, "seal.key", &line, 0400);
	buf_wipe(&line);
	return good;
}

/* The first operator: its token is shown to nobody but the owner of the file; the database has its hash. */
static bool put_admin(const struct plan *plan)
{
	unsigned char secret[TOKEN_BYTES];
	char hash[S256_LEN + 1], path[sizeof plan->made + 64];
	struct buf token = BUF_INIT;
	secure_random(secret, sizeof secret);
	buf_adds(&token, "whosh_op_");
	base64url_encode(&token, secret, sizeof secret);
	secure_wipe(secret, sizeof secret);
	if (token.failed)
		return fail("admin.token", "out of memory");
	s256(token.data, token.len, hash);
	buf_addc(&token, '\n');
	bool good = put(plan, "admin.token", &token, 0400);
	buf_wipe(&token);
	snprintf(path, sizeof path, "%s/whosh.db", plan->made);
	char *error = NULL;
	struct note_signer *signer = good ? log_key_load(plan->made, plan->name, &error) : NULL;
	struct store *store = signer ? store_open(path, signer, &error) : NULL;
	if (good && !store)
		good = fail(path, error ? error : "out of memory");
	struct operator_row admin = {.name = (char *)(size_t) "admin",
				     .role = (char *)(size_t) "admin",
				     .token_s256 = hash,
				     .created = clock_wall_ms()};
	if (good && (store_begin(store) || store_operator_put(store, &admin) || store_commit(store)))
		good = fail(path, "cannot be written");
	store_close(store);
	log_key_free(signer);
	free(error);
	return good;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static void remove_made(const struct plan *plan)
{
	enum { FOLDERS_OPEN = 8 };
	nftw(plan->made, remove_one, FOLDERS_OPEN, FTW_DEPTH | FTW_PHYS);
}

/* Its name is what makes it whole, so the name must be on disk too. */
static bool put_in_place(const struct plan *plan)
{
	if (rename(plan->made, plan->dir))
		return fail(plan->dir, strerror(errno));
	(void)sync_folder(plan->dir);
	return true;
}

static bool arguments(struct plan *plan, int argc, char **argv)
{
	static const struct option options[] = {{"dir", required_argument, NULL, 'd'},
						{"listen", required_argument, NULL, 'l'},
						{"name", required_argument, NULL, 'n'},
						{"seal", no_argument, NULL, 's'},
						{NULL, 0, NULL, 0}};
	const char *dir = NULL;
	int option;
	optind = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'd')
			dir = optarg;
		else if (option == 'l')
			plan->listen = optarg;
		else if (option == 'n' && plan->n_names < MAX_NAMES && strlen(optarg) < 254 &&
			 !strpbrk(optarg, ",: \n"))
			plan->names[plan->n_names++] = optarg;
		else if (option == 's')
			plan->seal = true;
		else
			return false;
	}
	const char *colon = strrchr(plan->listen, ':');
	if (!dir || !*dir || optind != argc || !colon || colon == plan->listen || !colon[1] ||
	    strspn(colon + 1, "0123456789") != strlen(colon + 1) || strpbrk(plan->listen, " \n/"))
		return false;
	char cwd[2048] = "";
	if (*dir != '/' && !getcwd(cwd, sizeof cwd))
		return false;
	int len = snprintf(plan->dir, sizeof plan->dir, "%s%s%s", cwd, *cwd ? "/" : "", dir);
	while (len > 1 && plan->dir[len - 1] == '/')
		plan->dir[--len] = '\0';
	snprintf(plan->made, sizeof plan->made, "%s.new", plan->dir);
	return len < (int)sizeof plan->dir;
}

int whoshd_init(int argc, char **argv)
{
	struct plan plan = {.listen = "127.0.0.1:8443"};
	/* The verb's own name stands in for argv[0]. */
	if (!arguments(&plan, argc + 1, argv - 1))
		return usage();
	umask(077);
	if (rmdir(plan.dir) && errno != ENOENT) {
		fail(plan.dir, errno == ENOTEMPTY || errno == EEXIST ? "is there already; nothing was changed"
								     : strerror(errno));
		return 1;
	}
	if (mkdir(plan.made, 0700)) {
		fail(plan.made, strerror(errno));
		return 1;
	}
	if (!put_certificates(&plan) || !put_permit_key(&plan) || !put_policy_and_conf(&plan) ||
	    !put_seal_key(&plan) || !put_admin(&plan) || !put_in_place(&plan)) {
		remove_made(&plan);
		return 1;
	}
	printf("%s: a new approver for %s\n"
	       "  start it       whoshd serve --dir %s\n"
	       "  its policy     %s/policy.json\n"
	       "  enrol an agent whoctl --dir %s agent add ID --owner HUMAN\n"
	       "  for shells     WHOSH_CONFIG=%s/client.conf\n",
	       plan.dir, plan.listen, plan.dir, plan.dir, plan.dir, plan.dir);
	return 0;
}
