/* test_environment.c: what a command's environment loses, keeps and is given.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/link.h"
#include "shell/whosh/environment.h"
#include "tests/unit/check.h"
#include <stdlib.h>
#include <string.h>

static void test_tables(void)
{
	static const char *const load[] = {"BASH_ENV=/tmp/x",
					   "ENV=/tmp/x",
					   "SHELLOPTS=xtrace",
					   "BASHOPTS=extglob",
					   "PS4=$(id)",
					   "BASH_FUNC_ls%%=() { id; }",
					   "LD_PRELOAD=x.so",
					   "LD_AUDIT=x.so",
					   "LD_LIBRARY_PATH=.",
					   "LD_ANYTHING_NEW=1",
					   "GCONV_PATH=.",
					   "IFS=/",
					   "CDPATH=/x",
					   "PERL5OPT=-Mx",
					   "PYTHONPATH=.",
					   "NODE_OPTIONS=--require=x",
					   "GIT_SSH_COMMAND=x",
					   "GIT_CONFIG_COUNT=1",
					   "x=() { :; }",
					   "=x",
					   "noequals",
					   "",
					   "LC_ALL=zh_CN.GBK",
					   "LANG=ja_JP.SJIS",
					   "LC_CTYPE=zh_TW",
					   "LANGUAGE=/tmp/catalogues",
					   "EDITOR=/tmp/evil",
					   "PAGER=sh -c id",
					   "GIT_PAGER=less -R; id",
					   "GIT_EDITOR=-x",
					   "GIT_ASKPASS=../x",
					   "PSQL_PAGER=less -Ro/tmp/x",
					   "RIPGREP_CONFIG_PATH=x",
					   "MAKEFLAGS= --eval=x -- A=b",
					   "GOFLAGS=-toolexec=x",
					   "RUSTFLAGS=-Clinker=x",
					   "PYTEST_ADDOPTS=-p x"};
	static const char *const harmless[] = {"PATH=/bin",
					       "HOME=/",
					       "LC_ALL=C.UTF-8",
					       "LANG=ja_JP.UTF-8",
					       "LANG=zh_CN.utf8",
					       "LANGUAGE=de:en",
					       "LDFLAGS=-s",
					       "BASH_ENVIRONMENT=x",
					       "MY_ENV=x",
					       "MAKEFLAGS= -j4 --jobserver-auth=3,4",
					       "ENV2=",
					       "EDITOR=vim",
					       "GOFLAGS=-mod=vendor",
					       "RUSTFLAGS=-Copt-level=3",
					       "PYTEST_ADDOPTS=-q",
					       "RUSTFLAGS_X=linker",
					       "PAGER=",
					       "PAGER=cat",
					       "GIT_PAGER=less -FRX",
					       "GIT_EDITOR=:",
					       "GIT_EDITOR=true",
					       "GIT_ASKPASS=/bin/echo",
					       "RUSTC_WRAPPER=sccache",
					       "VISUAL=/usr/bin/vim.basic",
					       "TERM=xterm"};
	for (size_t i = 0; i < sizeof load / sizeof *load; i++) {
		char lost[120];
		snprintf(lost, sizeof lost, "code beside the line: %s", load[i]);
		holds(lost, environment_loads_code(load[i]));
	}
	for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++) {
		char lost[120];
		snprintf(lost, sizeof lost, "a program misses what it was given: %s", harmless[i]);
		holds(lost, !environment_loads_code(harmless[i]));
	}
	holds("the name is kept that the administrator wrote",
	      environment_kept("LD_PRELOAD=x", "A,LD_PRELOAD B"));
	holds("not one that only begins so", !environment_kept("LD_PRELOAD_32=x", "LD_PRELOAD"));
	holds("nor one that it begins", !environment_kept("LD=x", "LD_PRELOAD"));
	holds("a list that is not there keeps nothing", !environment_kept("LD=x", NULL));
	holds("an entry without a name is never kept", !environment_kept("=x", " , "));
	holds("a star keeps nothing: names are named", !environment_kept("LD_PRELOAD=x", "LD_* *"));
	holds("the broker is told the task", environment_told("WHOSH_TASK=x"));
	holds("and no secret of the account", !environment_told("AWS_SECRET_ACCESS_KEY=x"));
}

static const char *value(char **environment, const char *name, int *times)
{
	const char *found = NULL;
	size_t len = strlen(name);
	*times = 0;
	for (char **e = environment; *e; e++)
		if (!strncmp(*e, name, len) && (*e)[len] == '=') {
			found = *e + len + 1;
			++*times;
		}
	return found;
}

static void is(const char *lost, char **environment, const char *name, const char *expected)
{
	int times;
	const char *got = value(environment, name, &times);
	if (got && expected && strcmp(got, expected) != 0)
		printf("# %s is %s\n", name, got);
	holds(lost, expected ? times == 1 && !strcmp(got, expected) : !times);
}

/* Entries that are not the caller's are malloc'd; a shell has no need to free them. */
static void finish(char **environment, char *const *from)
{
	for (char **e = environment; *e; e++) {
		char *const *same = from;
		while (*same && *same != *e)
			same++;
		if (!*same)
			free(*e);
	}
	free(environment);
}

static void test_build(void)
{
	char *from[] = {(char *)(size_t) "PATH=/bin",
			(char *)(size_t) "LD_PRELOAD=x.so",
			(char *)(size_t) "BASH_ENV=x",
			(char *)(size_t) "WHOSH_AGENT_ID=claimed",
			(char *)(size_t) "WHOSH_AGENT_ID=twice",
			(char *)(size_t) "SHELL=/bin/zsh",
			(char *)(size_t) "PGAPPNAME=mine",
			(char *)(size_t) "_=/usr/local/bin/whosh",
			(char *)(size_t) "SECRET=s",
			NULL};
	struct buf frame BUF_AUTO = BUF_INIT;
	struct wire_message permit;
	size_t used, mark;
	wire_begin(&frame, WIRE_PERMIT, &mark);
	wire_adds(&frame, WIRE_AGENT_ID, "worker");
	wire_adds(&frame, WIRE_COMMAND_ID, "01a2");
	wire_adds(&frame, WIRE_ENV_OUT, "PGAPPNAME=worker/01a2");
	wire_adds(&frame, WIRE_ENV_OUT, "AWS_SDK_UA_APP_ID=worker");
	wire_adds(&frame, WIRE_ENV_OUT, "no equals sign");
	wire_end(&frame, mark);
	bool whole = wire_next(&frame, &permit, &used) == 1;
	holds("a permit's frame can be read back", whole);
	if (!whole)
		return;
	char **e = environment_build(from, "BASH_ENV", &permit, "/usr/local/bin/whosh", "/bin/bash");
	is("PATH comes through", e, "PATH", "/bin");
	is("so does what is none of our business", e, "SECRET", "s");
	is("a loader is taken out", e, "LD_PRELOAD", NULL);
	is("but not one that is kept", e, "BASH_ENV", "x");
	is("the agent is the proven one, once", e, "WHOSH_AGENT_ID", "worker");
	is("the command's ID is there", e, "WHOSH_COMMAND_ID", "01a2");
	is("SHELL is whosh, so that what it starts asks as well", e, "SHELL", "/usr/local/bin/whosh");
	is("a stamp does not overwrite the caller's own", e, "PGAPPNAME", "mine");
	is("a stamp is set where there is none", e, "AWS_SDK_UA_APP_ID", "worker");
	is("$_ names the shell that runs, as under bash", e, "_", "/bin/bash");

	char *nested[] = {(char *)(size_t) "WHOSH_AGENT_ID=worker", (char *)(size_t) "WHOSH_COMMAND_ID=outer",
			  (char *)(size_t) "PGAPPNAME=worker/outer", NULL};
	char **inner = environment_build(nested, NULL, &permit, "/usr/local/bin/whosh", "/bin/bash");
	is("the stamp of a whosh around us is ours to replace", inner, "PGAPPNAME", "worker/01a2");

	char *ours[] = {(char *)(size_t) "HOME=/h", (char *)(size_t) "AWS_SECRET_ACCESS_KEY=s",
			(char *)(size_t) "WHOSH_TOKEN_FILE=/t", (char *)(size_t) "LD_PRELOAD=x", NULL};
	char **broker = environment_for_broker(ours);
	is("the private broker is told where the token is", broker, "WHOSH_TOKEN_FILE", "/t");
	is("and where its home is", broker, "HOME", "/h");
	is("and nothing that is not its business", broker, "AWS_SECRET_ACCESS_KEY", NULL);
	is("least of all code", broker, "LD_PRELOAD", NULL);
	finish(e, from);
	finish(inner, nested);
	finish(broker, ours);
}

int main(void)
{
	test_tables();
	test_build();
	return checks_end();
}
