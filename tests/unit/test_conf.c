/* test_conf.c: whosh.conf(5): what is believed, from where, and what is refused.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/conf.h"
#include "tests/unit/check.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"

static void put_file(const char *name, const char *text, mode_t mode)
{
	FILE *file = fopen(name, "w");
	if (!file || fputs(text, file) < 0 || fclose(file) || chmod(name, mode))
		exit(1);
}

/* Is a file of this one line refused, with these words? */
static bool refused(const char *line, const char *words)
{
	struct conf conf;
	char *error;
	put_file("c.conf", line, 0600);
	int result = conf_load(&conf, "c.conf", &error);
	bool told = result == -1 && error && strstr(error, words) && strstr(error, "c.conf");
	if (!told)
		fprintf(stderr, "%s: %s\n", line, error ? error : "(taken)");
	if (!result)
		conf_finish(&conf);
	free(error);
	return told;
}

static bool taken(const char *line, enum conf_key key, const char *value)
{
	struct conf conf;
	char *error;
	put_file("c.conf", line, 0600);
	if (conf_load(&conf, "c.conf", &error)) {
		fprintf(stderr, "%s\n", error);
		free(error);
		return false;
	}
	bool same = conf.value[key] && !strcmp(conf.value[key], value);
	conf_finish(&conf);
	return same;
}

static void test_forms(void)
{
	holds("a good URL is refused",
	      taken("approver = https://a.example:8443\n", CONF_APPROVER, "https://a.example:8443"));
	holds("an IPv6 URL is refused", taken("approver=https://[::1]:1", CONF_APPROVER, "https://[::1]:1"));
	static const char *const urls[] = {"http://a",     "https://",        "https://a b", "https://u@a",
					   "https://a:0",  "https://a:65536", "https://a:x", "https://a?q",
					   "https://[::1", "https://a\\b"};
	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
		char line[80];
		snprintf(line, sizeof line, "approver = %s\n", urls[i]);
		holds("a URL passes that two readers may read as two hosts",
		      refused(line, "must be https://HOST:PORT"));
	}
	holds("names are refused", taken("keep_env = LANG\tLC_ALL\n", CONF_KEEP_ENV, "LANG\tLC_ALL"));
	holds("what is no name passes", refused("keep_env = A=b\n", "names of variables"));
	holds("a duration is refused", taken("lease = 90s\n", CONF_LEASE, "90s"));
	holds("what is no duration passes", refused("lease = soon\n", "duration"));
	holds("an unknown lapse passes", refused("on_lease_lapse = maybe\n", "kill or finish"));
	holds("a key that is misspelt is ignored", refused("aprover = https://a\n", "unknown key"));
	holds("a key set twice passes: which one holds?", refused("lease = 1s\nlease = 2s\n", "set twice"));
	holds("half a line passes", refused("lease\n", "key = value"));
}

static void test_paths(void)
{
	char here[4096], whole[4200];
	if (!getcwd(here, sizeof here))
		exit(1);
	snprintf(whole, sizeof whole, "%s/ca.pem", here);
	holds("a relative path is lost after a change of folder", taken("ca = ca.pem\n", CONF_CA, whole));
	holds("an absolute path is changed", taken("ca = /x/ca.pem\n", CONF_CA, "/x/ca.pem"));
	holds("a path with a control character passes", refused("ca = a\tb\n", "path"));
	/* A machine that has a configuration of its own believes nothing else. */
	if (!access(WHOSH_SYSCONFDIR "/whosh.conf", F_OK))
		return;
	if (setenv("WHOSH_APPROVER_CA", "ca.pem", 1))
		exit(1);
	struct conf conf;
	char *error;
	holds("a relative path in the environment is lost after a change of folder",
	      !conf_load(&conf, NULL, &error) && conf.value[CONF_CA] && !strcmp(conf.value[CONF_CA], whole));
	conf_finish(&conf);
	unsetenv("WHOSH_APPROVER_CA");
}

static void test_trust(void)
{
	put_file("key", KEY "\n", 0644);
	holds("a key in a file is refused", taken("approver_key = key\n", CONF_APPROVER_KEY, KEY));
	holds("a key is refused", taken("approver_key = " KEY "\n", CONF_APPROVER_KEY, KEY));
	put_file("key", KEY, 0666);
	holds("a key that others may change passes: they could sign permits",
	      refused("approver_key = key\n", "others may write"));
	put_file("key", "short", 0600);
	holds("a file that holds no key passes", refused("approver_key = key\n", "43 characters"));
	struct conf conf;
	char *error;
	put_file("c.conf", "lease = 1s\n", 0666);
	chmod("c.conf", 0666);
	holds("a configuration that others may change passes",
	      conf_load(&conf, "c.conf", &error) && strstr(error, "chmod go-w"));
	free(error);
	holds("a configuration that is not there passes",
	      conf_load(&conf, "none.conf", &error) && strstr(error, "no such file"));
	free(error);
	holds("a folder passes for a configuration",
	      conf_load(&conf, ".", &error) && strstr(error, "not a regular file"));
	free(error);
}

int main(void)
{
	char folder[] = "/tmp/whosh-conf-XXXXXX";
	if (!mkdtemp(folder) || chdir(folder))
		return 1;
	unsetenv("WHOSH_CONFIG");
	test_forms();
	test_paths();
	test_trust();
	unlink("c.conf");
	unlink("key");
	rmdir(folder);
	return checks_end();
}
