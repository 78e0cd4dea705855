/* policy_hazard.c: what no pattern may approve, whatever an operator wrote: commands whose effect cannot be
 * read off their words, and variables that change what later words mean.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/policy/policy_document.h"
#include <string.h>

static bool listed(const char *name, const char *const *names)
{
	for (; *names; names++) {
		size_t len = strlen(*names);
		if ((*names)[len - 1] == '*' ? !strncmp(name, *names, len - 1) : !strcmp(name, *names))
			return true;
	}
	return false;
}

const char *hazard_variable(const char *name)
{
	static const char *const names[] = {"PATH",
					    "IFS",
					    "ENV",
					    "BASH*",
					    "SHELLOPTS",
					    "PS*",
					    "PROMPT_COMMAND",
					    "LD_*",
					    "GCONV_PATH",
					    "GLIBC_TUNABLES",
					    "LOCPATH",
					    "NLSPATH",
					    "LC_*",
					    "LANG*",
					    "HOME",
					    "CDPATH",
					    "GLOBIGNORE",
					    "EXECIGNORE",
					    "FIGNORE",
					    "POSIXLY_CORRECT",
					    "SHELL",
					    "EDITOR",
					    "VISUAL",
					    "PAGER",
					    "BROWSER",
					    "MANPAGER",
					    "LESS*",
					    "GIT_*",
					    "SSH_*",
					    "RSYNC_*",
					    "PERL*",
					    "PYTHON*",
					    "RUBY*",
					    "NODE_*",
					    "npm_*",
					    "NPM_*",
					    "JAVA_*",
					    "_JAVA*",
					    "JDK_*",
					    "CLASSPATH",
					    "MAKE*",
					    "GNUMAKEFLAGS",
					    "MFLAGS",
					    "TAR_OPTIONS",
					    "GZIP",
					    "AWKPATH",
					    "AWKLIBPATH",
					    "TMPDIR",
					    "TERMINFO*",
					    "PG*",
					    "MYSQL_*",
					    "CURL_*",
					    "WGETRC",
					    "http_proxy",
					    "https_proxy",
					    "ftp_proxy",
					    "all_proxy",
					    "no_proxy",
					    "HTTP_PROXY",
					    "HTTPS_PROXY",
					    "FTP_PROXY",
					    "ALL_PROXY",
					    "NO_PROXY",
					    "SSL_*",
					    "OPENSSL_*",
					    "GREP_OPTIONS",
					    "WHOSH_*",
					    "RIPGREP_CONFIG_PATH",
					    "PYTEST_*",
					    "CONFIG_SHELL",
					    "CONFIG_SITE",
					    "COMPILER_PATH",
					    "COLLECT_*",
					    "GCC_*",
					    "LIBRARY_PATH",
					    "CFLAGS",
					    "CXXFLAGS",
					    "CPPFLAGS",
					    "LDFLAGS",
					    "LDLIBS",
					    "AR",
					    "AS",
					    "CPP",
					    "LD",
					    "RM",
					    "HOSTALIASES",
					    "DOCKER_*",
					    "KUBECONFIG",
					    "XDG_*",
					    "CC",
					    "CXX",
					    "CARGO*",
					    "RUST*",
					    "GO*",
					    NULL};
	/* bash evaluates what they are given, `a[$(id)]` included, or counts on from there. */
	static const char *const evaluated[] = {"RANDOM", "SRANDOM", "SECONDS", "LINENO",   "HISTCMD",
						"EPOCH*", "OPT*",    "COMP_*",  "DIRSTACK", "FUNCNAME",
						"GROUPS", "PPID",    "UID",     "EUID",     "FUNCNEST",
						"HIST*",  "MAIL*",   "TMOUT",   NULL};
	/* Nothing is loaded by it, and whoever uses it has it verified by the approver. */
	if (!strcmp(name, "WHOSH_PRINCIPAL_CHAIN"))
		return NULL;
	if (listed(name, evaluated))
		return "sets a variable that bash evaluates";
	return listed(name, names) ? "sets a variable that changes how commands are found or what they load"
				   : NULL;
}

/* Builtins whose arguments are code, or that change how later lines are read or found. */
static const char *const never[] = {"eval",
				    "source",
				    ".",
				    "trap",
				    "alias",
				    "unalias",
				    "shopt",
				    "enable",
				    "hash",
				    "bind",
				    "complete",
				    "compgen",
				    "compopt",
				    "mapfile",
				    "readarray",
				    "let",
				    "declare",
				    "typeset",
				    "coproc",
				    "fc",
				    "history",
				    "getopts",
				    "caller",
				    "sudo",
				    "su",
				    "doas",
				    "runuser",
				    "pkexec",
				    "chroot",
				    "unshare",
				    "nsenter",
				    "systemd-run",
				    "at",
				    "batch",
				    "crontab",
				    "script",
				    "expect",
				    "gdb",
				    "strace",
				    "ltrace",
				    "busybox",
				    "toybox",
				    "parallel",
				    "watch",
				    "entr",
				    "ed",
				    "ex",
				    "vi",
				    "vim",
				    "nvim",
				    "emacs",
				    "nano",
				    "ncat",
				    "nc",
				    "netcat",
				    "socat",
				    "telnet",
				    "screen",
				    "tmux",
				    "setpriv",
				    "capsh",
				    "flock",
				    "ld.so",
				    "ld-linux*",
				    "m4",
				    "gawk",
				    "mawk",
				    "nawk",
				    "ionice",
				    "chrt",
				    "taskset",
				    "run-parts",
				    "start-stop-daemon",
				    "dbus-send",
				    "xdg-open",
				    "newgrp",
				    "sg",
				    "login",
				    "fakeroot",
				    "setarch",
				    "linux32",
				    "linux64",
				    "rlwrap",
				    "unbuffer",
				    "sshpass",
				    "bwrap",
				    "firejail",
				    "prlimit",
				    "numactl",
				    NULL};

static bool is(const struct sh_word *word, const char *text)
{
	return word->certainty == SH_LITERAL && !strcmp(word->text, text);
}

static const char *assigned_word(const struct sh_word *word)
{
	static const char why[] = "sets a variable whose name is not literal";
	const char *equals = strchr(word->text, '=');
	char name[64];
	size_t len = equals ? (size_t)(equals - word->text) : strlen(word->text);
	if ((!equals && word->certainty != SH_LITERAL) || len >= sizeof name || memchr(word->text, '[', len))
		return why;
	memcpy(name, word->text, len);
	name[len] = '\0';
	return hazard_variable(name);
}

/* export, local, readonly NAME=value …; read NAME …; unset NAME … */
static const char *hazard_names(const struct sh_word *words, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		bool option = words[i].certainty == SH_LITERAL && words[i].text[0] == '-';
		if (option && (is(&words[0], "read") || is(&words[0], "unset")) &&
		    strchr("rsefv", words[i].text[1]) && !words[i].text[2])
			continue;
		if (option)
			return "has an option that is not understood";
		const char *why = assigned_word(&words[i]);
		if (why)
			return why;
	}
	return NULL;
}

static const char *hazard_set(const struct sh_word *words, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		if (words[i].certainty != SH_LITERAL)
			return "sets options that are not literal";
		if (is(&words[i], "pipefail") || is(&words[i], "errexit") || is(&words[i], "nounset") ||
		    is(&words[i], "xtrace"))
			continue;
		if ((words[i].text[0] != '-' && words[i].text[0] != '+') || !words[i].text[1] ||
		    strspn(words[i].text + 1, "euxoCf") != strlen(words[i].text + 1))
			return "sets options that change how lines are read";
	}
	return NULL;
}

static bool unary(const struct sh_word *word)
{
	return word->certainty == SH_LITERAL && word->len == 2 && word->text[0] == '-' &&
	       strchr("abcdefghknprstuwxzGLNOS", word->text[1]) != NULL;
}

static bool binary(const struct sh_word *word)
{
	static const char *const names[] = {"=",   "==",  "!=",  "-eq", "-ne", "-lt", "-le",
					    "-gt", "-ge", "-nt", "-ot", "-ef", NULL};
	return word->certainty == SH_LITERAL && listed(word->text, names);
}

/* test and [: -v and -R evaluate a subscript, so what decides must be literal. */
static const char *hazard_test(const struct sh_word *words, size_t n)
{
	static const char why[] = "tests something that bash may evaluate";
	if (is(&words[0], "[")) {
		if (!is(&words[n - 1], "]"))
			return why;
		n--;
	}
	size_t i = 1;
	while (i < n && is(&words[i], "!"))
		i++;
	for (size_t j = i; j < n; j++)
		if (words[j].certainty == SH_ANY)
			return why;
	if (n - i == 0 || (n - i == 1 && words[i].text[0] != '-') || (n - i == 2 && unary(&words[i])) ||
	    (n - i == 3 && binary(&words[i + 1])))
		return NULL;
	return why;
}

static const char *hazard_printf(const struct sh_word *words, size_t n)
{
	if (n > 1 && (words[1].certainty != SH_LITERAL || words[1].text[0] == '-') && !is(&words[1], "--"))
		return "printf with an option or a format that is not literal";
	return NULL;
}

/* wait -p NAME: of a name with a subscript, that is evaluated. */
static const char *hazard_wait(const struct sh_word *words, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (words[i].certainty != SH_LITERAL ||
		    (words[i].text[0] == '-' && strchr(words[i].text, 'p')))
			return "wait with a variable that bash may evaluate";
	return NULL;
}

/* jobs -x COMMAND runs it. */
static const char *hazard_jobs(const struct sh_word *words, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (words[i].certainty != SH_LITERAL ||
		    (words[i].text[0] == '-' && strchr(words[i].text, 'x')))
			return "jobs may run a command";
	return NULL;
}

/* bash splits no value after `export` itself; behind `command` that is not certain. */
static const char *hazard_split(const struct sh_word *words, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (words[i].certainty == SH_ANY)
			return "sets variables whose names are not literal";
	return NULL;
}

const char *hazard_assignments(const struct sh_command *command)
{
	for (size_t i = 0; i < command->n_assignments; i++) {
		/* IFS= before `read` alone concerns only that command. */
		if (!strcmp(command->assignments[i].name, "IFS") && command->n_words &&
		    is(&command->words[0], "read"))
			continue;
		const char *why = hazard_variable(command->assignments[i].name);
		if (why)
			return why;
	}
	return NULL;
}

const char *hazard(const struct sh_command *command, const struct sh_word *words, size_t n)
{
	if (!n)
		return NULL;
	if (words[0].certainty != SH_LITERAL)
		return "the command's name is not literal";
	if (words[0].len != strlen(words[0].text) || !words[0].len)
		return "the command's name is not a name";
	const char *name = program_name(&words[0]);
	if (listed(name, never))
		return "runs code, or changes how later lines are read";
	static const struct {
		const char *name;
		const char *(*check)(const struct sh_word *, size_t);
	} checked[] = {{"export", hazard_names}, {"local", hazard_names}, {"readonly", hazard_names},
		       {"read", hazard_names},   {"unset", hazard_names}, {"set", hazard_set},
		       {"test", hazard_test},    {"[", hazard_test},      {"printf", hazard_printf},
		       {"wait", hazard_wait},    {"jobs", hazard_jobs}};
	for (size_t i = 0; i < sizeof checked / sizeof *checked; i++) {
		if (strcmp(words[0].text, checked[i].name) != 0)
			continue;
		bool wrapped = words != command->words;
		const char *why = wrapped && checked[i].check == hazard_names ? hazard_split(words, n) : NULL;
		return why ? why : checked[i].check(words, n);
	}
	return hazard_program(name, words, n);
}
