/* test_arguments.c: whosh's command line, word by word as bash reads its own.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/whosh/arguments.h"
#include "tests/unit/check.h"
#include <stdlib.h>
#include <string.h>

enum { MOST = 16 };

/* What became of "a b c": "line LINE | rest | options", or "!reason". */
static char *parsed(const char *command)
{
	char words[512], *argv[MOST + 1], *out = calloc(1, 1024);
	int argc = 0;
	struct arguments a;
	static const char *const calls[] = {"line", "script", "bare", "stdin", "check", "version", "help"};
	snprintf(words, sizeof words, "%s", command);
	for (char *w = strtok(words, " "); w && argc < MOST; w = strtok(NULL, " "))
		argv[argc++] = w;
	argv[argc] = NULL;
	char *error = arguments_parse(&a, argc, argv);
	size_t n = (size_t)snprintf(out, 1024, "%s%s%s", error ? "!" : "", error ? error : calls[a.call],
				    !error && a.login ? " login" : "");
	if (!error) {
		if (a.call == CALL_LINE || a.call == CALL_SCRIPT)
			n +=
			    (size_t)snprintf(out + n, 1024 - n, " %s", a.call == CALL_LINE ? a.line : a.file);
		for (int i = 0; i < a.n_rest; i++)
			n += (size_t)snprintf(out + n, 1024 - n, "%s%s", i ? " " : " | ", a.rest[i]);
		for (int i = 0; i < a.n_options; i++)
			n += (size_t)snprintf(out + n, 1024 - n, "%s%s", i ? " " : " [", a.options[i]);
		if (a.n_options)
			n += (size_t)snprintf(out + n, 1024 - n, "]");
		for (int i = 0; i < a.n_told; i++)
			n += (size_t)snprintf(out + n, 1024 - n, " (%s)", a.told[i]);
	}
	free(error);
	arguments_finish(&a);
	return out;
}

static void is(const char *lost, const char *command, const char *expected)
{
	char *got = parsed(command);
	if (strcmp(got, expected) != 0)
		printf("# %s: %s, not %s\n", command, got, expected);
	holds(lost, !strcmp(got, expected));
	free(got);
}

/* Refused, and the reason names what it is about. */
static void refused(const char *lost, const char *command, const char *about)
{
	char *got = parsed(command);
	if (*got != '!')
		printf("# %s: %s\n", command, got);
	holds(lost, *got == '!' && strstr(got, about));
	free(got);
}

static void test_lines(void)
{
	is("the line is the word after -c", "whosh -c true", "line true");
	is("$0 and the arguments are those of the line", "whosh -c L a0 a1 -x", "line L | a0 a1 -x");
	is("letters may be joined, as sshd and make join them", "whosh -ec L", "line L [-e]");
	is("-c may stand anywhere among them", "whosh -ceu L", "line L [-e -u]");
	is("options may stand before and after -c", "whosh -c -e L x", "line L | x [-e]");
	is("-- ends the options", "whosh -c -- -L", "line -L");
	is("so does a single -", "whosh -c - -L", "line -L");
	is("-o takes a name, also joined to others", "whosh -euo pipefail -c L",
	   "line L [-e -u -o pipefail]");
	is("each -o takes its own name", "whosh -oo errexit nounset -c L", "line L [-o errexit -o nounset]");
	is("+e and +o are passed on", "whosh +e +o pipefail -c L", "line L [+e +o pipefail]");
	is("a lone + is a word, as in bash", "whosh -c +", "line +");
	is("the caller's way of asking for no files changes nothing", "whosh --norc --noprofile -c L",
	   "line L");
	refused("-c without a line is an error, not an empty line", "whosh -c", "-c: option requires");
	refused("-o without a name is an error", "whosh -c -o", "-o: option requires");
	is("Aider starts an interactive bash for a line; its start-up files are left out", "whosh -ic L",
	   "line L");
	is("Cursor's agent starts bash so; the approver is told", "whosh -O extglob -c L -- cmd",
	   "line L | -- cmd [-O extglob] (extglob)");
	is("a script that asks for POSIX mode gets it, and the approver is told", "whosh --posix -c L",
	   "line L [-o posix] (posix)");
	is("by its other name too", "whosh -o posix -c L", "line L [-o posix] (posix)");
	is("assignments among the arguments are told of", "whosh -kc L", "line L [-k] (keyword)");
	is("what is taken back is told of no more", "whosh -k +k -c L", "line L [-k +k]");
	is("what bash has by itself is told of when it is off", "whosh -O sourcepath +O extquote -c L",
	   "line L [-O sourcepath +O extquote] (extquote)");
	is("a prompt's options change no line", "whosh -o vi -O checkwinsize -c L",
	   "line L [-o vi -O checkwinsize]");
	is("--verbose is -v", "whosh --verbose -c L", "line L [-v]");
}

static void test_refused(void)
{
	refused("--rcfile runs a file before the line", "whosh --rcfile f -c L", "--rcfile");
	refused("--init-file does too", "whosh --init-file f -c L", "--init-file");
	refused("-o extglob is no option of set's", "whosh -o extglob -c L", "extglob");
	refused("-O expand_aliases does too", "whosh -O expand_aliases -c L", "expand_aliases");
	refused("-o history expands !", "whosh -o history -c L", "history");
	refused("-H expands !", "whosh -Hc L", "-H");
	refused("-D only prints: it is no way to run", "whosh -D -c L", "-D");
	refused("-r is not a boundary anyone should lean on", "whosh -rc L", "-r");
	refused("+c is not -c", "whosh +c L", "+c");
	refused("--debugger loads a file", "whosh --debugger -c L", "--debugger");
	refused("letters beyond ASCII are no options", "whosh -\xe9 -c L", "not an option");
	refused("nor are sixty-five of them",
		"whosh -eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeec L", "64");
}

static void test_others(void)
{
	is("a login shell by its name", "-whosh -c L", "line login L");
	is("a login shell by -l", "whosh -lc L", "line login L");
	is("a login shell by --login", "whosh --login -c L", "line login L");
	is("a file is a script with its arguments", "whosh -e f.sh a -b", "script f.sh | a -b [-e]");
	is("a CI step", "whosh --noprofile --norc -eo pipefail f.sh", "script f.sh [-e -o pipefail]");
	is("nothing at all is a session or a forced command", "-whosh", "bare login");
	is("-s is a session", "whosh -s a", "stdin | a");
	is("--check", "whosh --check", "check");
	is("--version", "whosh --version", "version");
	is("--help", "whosh --help", "help");
	is("--check after -- is a file", "whosh -- --check", "script --check");
}

int main(void)
{
	test_lines();
	test_refused();
	test_others();
	return checks_end();
}
