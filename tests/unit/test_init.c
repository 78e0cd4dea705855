/* test_init.c: what whoshd init leaves: a whole state directory, as private as its keys, or nothing.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/policy/policy.h"
#include "approver/store/store.h"
#include "approver/whoshd/whoshd.h"
#include "common/io.h"
#include "common/jws.h"
#include "tests/unit/check.h"
#include "tests/unit/test_store.h"
#include "approver/whoshd/log_key.h"
#include "approver/whoshd/serve_load.h"
#include "common/codec.h"
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char root[] = "/tmp/whosh-init-XXXXXX", dir[128];

/* In a process of its own, which may say what it likes; its exit status. */
static int init(const char *const *more)
{
	char *argv[16] = {(char *)(size_t) "whoshd", (char *)(size_t) "init"};
	int argc = 2, status;
	while (*more && argc < 15)
		argv[argc++] = (char *)(size_t)*more++;
	pid_t child = fork();
	if (!child) {
		int null = open("/dev/null", O_WRONLY);
		dup2(null, 1);
		dup2(null, 2);
		_exit(whoshd_init(argc - 2, argv + 2));
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static const char *in(const char *name)
{
	static char path[256];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	return path;
}

static bool there(const char *path)
{
	struct stat s;
	return lstat(path, &s) == 0;
}

static bool has_mode(const char *name, mode_t mode)
{
	struct stat s;
	return stat(in(name), &s) == 0 && (s.st_mode & 07777) == mode;
}

static X509 *certificate(const char *name)
{
	FILE *file = fopen(in(name), "r");
	X509 *x = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
	if (file)
		fclose(file);
	return x;
}

static bool believed(X509 *server, X509 *ca)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	X509_STORE_add_cert(store, ca);
	X509_STORE_CTX_init(context, store, server, NULL);
	X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_SERVER);
	X509_STORE_CTX_set_flags(context, X509_V_FLAG_X509_STRICT);
	bool good = X509_verify_cert(context) == 1;
	X509_STORE_CTX_free(context);
	X509_STORE_free(store);
	return good;
}

static int days_left(X509 *x)
{
	int days = 0, seconds;
	ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(x));
	return days;
}

static void test_certificates(void)
{
	X509 *ca = certificate("ca.pem"), *server = certificate("server.pem");
	holds("a strict client believes the server's certificate by the CA alone",
	      ca && server && believed(server, ca));
	if (!ca || !server)
		return;
	holds("clients find the approver by its name",
	      X509_check_host(server, "approver.example.org", 0, 0, NULL) == 1);
	holds("clients find the approver by the address it listens on",
	      X509_check_ip_asc(server, "192.0.2.7", 0) == 1);
	holds("clients on the same machine find it", X509_check_host(server, "localhost", 0, 0, NULL) == 1 &&
							 X509_check_ip_asc(server, "127.0.0.1", 0) == 1 &&
							 X509_check_ip_asc(server, "::1", 0) == 1);
	holds("it is nobody else's certificate", X509_check_host(server, "example.org", 0, 0, NULL) == 0);
	holds("the server's key signs no further certificates",
	      X509_check_ca(server) == 0 && X509_check_ca(ca) == 1 && X509_get_pathlen(ca) == 0);
	holds("the server's certificate serves servers only",
	      X509_get_extended_key_usage(server) == XKU_SSL_SERVER &&
		  X509_get_key_usage(server) == KU_DIGITAL_SIGNATURE);
	holds("certificates end when they should: ten years, 825 days",
	      days_left(ca) >= 3651 && days_left(ca) <= 3653 && days_left(server) >= 824 &&
		  days_left(server) <= 825);
	EVP_PKEY *key = X509_get0_pubkey(server);
	char group[32] = "";
	EVP_PKEY_get_group_name(key, group, sizeof group, NULL);
	holds("TLS keys are P-256", !strcmp(group, "prime256v1"));
	FILE *file = fopen(in("server.key"), "r");
	EVP_PKEY *private = file ? PEM_read_PrivateKey(file, NULL, NULL, NULL) : NULL;
	holds("the key in the file is the certificate's", private && EVP_PKEY_eq(private, key) == 1);
	EVP_PKEY_free(private);
	if (file)
		fclose(file);
	X509_free(ca);
	X509_free(server);
}

static void test_modes(void)
{
	struct stat s;
	holds("the state directory is its owner's alone", stat(dir, &s) == 0 && (s.st_mode & 07777) == 0700);
	static const char *const secrets[] = {"ca.key", "server.key", "approver.key", "log.key",
					      "admin.token"};
	for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
		char lost[80];
		snprintf(lost, sizeof lost, "%s is read by its owner and written by nobody", secrets[i]);
		holds(lost, has_mode(secrets[i], 0400));
	}
	holds("the database is its owner's alone", has_mode("whosh.db", 0600));
}

static bool is_admin(const struct operator_row *row, void *arg)
{
	char hash[S256_LEN + 1];
	struct buf *token = arg;
	s256(token->data, token->len, hash);
	return !(!strcmp(row->role, "admin") && !row->disabled && !strcmp(row->token_s256, hash) &&
		 (buf_clear(token), true));
}

static void test_admin(void)
{
	struct buf token BUF_AUTO = BUF_INIT, database BUF_AUTO = BUF_INIT;
	bool read =
	    !read_file(in("admin.token"), 4096, &token) && token.len > 1 && token.data[token.len - 1] == '\n';
	if (read)
		token.data[--token.len] = '\0';
	holds("the admin's token has 256 random bits and says what it is",
	      read && token.len == 9 + 43 && !strncmp(token.data, "whosh_op_", 9));
	if (!read)
		return;
	read_file(in("whosh.db"), 1 << 24, &database);
	holds("the database does not hold the token",
	      database.len && !memmem(database.data, database.len, token.data + 9, 43));
	char *error = NULL, name[64], thumbprint[S256_LEN + 1];
	struct buf public BUF_AUTO = BUF_INIT, x BUF_AUTO = BUF_INIT;
	if (read_file(in("approver.pub"), 4096, &public) || !base64url_decode(&x, public.data, S256_LEN))
		return;
	key_thumbprint((unsigned char *)x.data, thumbprint);
	approver_name(thumbprint, name);
	struct note_signer *signer = log_key_load(dir, name, &error);
	struct store *store = signer ? store_open(in("whosh.db"), signer, &error) : NULL;
	struct store_reader *reader = store ? store_reader_new(store) : NULL;
	if (reader)
		store_operators(reader, is_admin, &token);
	holds("the token is an admin's", reader && !token.len);
	store_reader_free(reader);
	store_close(store);
	log_key_free(signer);
	free(error);
}

static void test_files(void)
{
	struct buf public BUF_AUTO = BUF_INIT, conf BUF_AUTO = BUF_INIT;
	char *error = NULL, expected[256];
	struct policy *policy = policy_load(in("policy.json"), &error);
	holds("the starter policy is one that can be loaded", policy != NULL);
	policy_free(policy);
	free(error);
	bool read =
	    !read_file(in("approver.pub"), 4096, &public) && !read_file(in("client.conf"), 4096, &conf);
	holds("the approver's public key is one", read && public.len == 44);
	if (!read || public.len != 44)
		return;
	snprintf(expected, sizeof expected, "approver_key = %.43s\n", public.data);
	holds("client.conf believes this approver and no other", strstr(conf.data, expected) != NULL);
	snprintf(expected, sizeof expected, "ca = %s/ca.pem\n", dir);
	holds("client.conf names the CA by its whole path", strstr(conf.data, expected) != NULL);
	holds("client.conf names the address",
	      strstr(conf.data, "approver = https://192.0.2.7:8443\n") != NULL);
}

static void test_again(void)
{
	struct buf before BUF_AUTO = BUF_INIT, after BUF_AUTO = BUF_INIT;
	read_file(in("approver.key"), 4096, &before);
	int status = init((const char *[]){"--dir", dir, NULL});
	read_file(in("approver.key"), 4096, &after);
	holds("a second init refuses, and the first one's keys are untouched",
	      status == 1 && before.len && before.len == after.len &&
		  !memcmp(before.data, after.data, after.len));
}

static void test_refusals(void)
{
	char other[160], made[176];
	snprintf(other, sizeof other, "%s/other", root);
	snprintf(made, sizeof made, "%s.new", other);
	holds("no directory is no init", init((const char *[]){NULL}) == 2);
	holds("an address without a port is refused",
	      init((const char *[]){"--dir", other, "--listen", "127.0.0.1", NULL}) == 2);
	holds("a port that is none is refused",
	      init((const char *[]){"--dir", other, "--listen", "127.0.0.1:http", NULL}) == 2);
	holds("a name that would smuggle in another is refused",
	      init((const char *[]){"--dir", other, "--name", "a,DNS:b", NULL}) == 2);
	/* Longer than IA5 text in a certificate may be said with: not ASCII. */
	holds("an init that fails leaves nothing behind",
	      init((const char *[]){"--dir", other, "--listen", "[fe80::1%eth0]:1", "--name", "", NULL}) !=
		      0 &&
		  !there(other) && !there(made));
	if (!mkdir(other, 0700) && !mkdir(made, 0500))
		holds("an init that cannot begin leaves what it found",
		      init((const char *[]){"--dir", other, NULL}) == 1 && there(made));
}

int main(void)
{
	char command[64];
	if (!mkdtemp(root))
		return 1;
	snprintf(dir, sizeof dir, "%s/state", root);
	int status = init((const char *[]){"--dir", dir, "--listen", "192.0.2.7:8443", "--name",
					   "approver.example.org", NULL});
	holds("init makes an approver", status == 0);
	if (!status) {
		test_modes();
		test_certificates();
		test_admin();
		test_files();
		test_again();
	}
	test_refusals();
	snprintf(command, sizeof command, "rm -rf %s", root);
	return (system(command) != 0) | checks_end();
}
