/* shape.c: what kind of command a line is; see shape.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/report/shape.h"
#include "approver/policy/policy_document.h"
#include "approver/policy/syntax.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char *const with_subcommands[] = {
    "apt",    "apt-get", "aws",       "az",        "brew",  "cargo",   "docker", "dotnet", "gcloud",
    "gh",     "git",     "go",        "helm",      "ip",    "kubectl", "npm",    "pip",    "pip3",
    "podman", "pnpm",    "systemctl", "terraform", "vault", "whoctl",  "yarn",   NULL};

static bool has_subcommands(const char *program)
{
	for (size_t i = 0; with_subcommands[i]; i++)
		if (!strcmp(program, with_subcommands[i]))
			return true;
	return false;
}

static void shape_add(char shape[SHAPE_SIZE], const char *word, size_t len)
{
	size_t used = strlen(shape);
	if (used + len + 2 > SHAPE_SIZE)
		return;
	shape[used] = ' ';
	memcpy(shape + used + 1, word, len);
	shape[used + 1 + len] = '\0';
}

/* A subcommand is a plain word of lower-case letters: nothing that could be somebody's file or secret. */
static bool plain_word(const struct sh_word *word)
{
	return word->certainty == SH_LITERAL && word->len > 1 && word->len <= 24 &&
	       strspn(word->text, "abcdefghijklmnopqrstuvwxyz-") == word->len && word->text[0] != '-';
}

/* An option's name: `--force`, `-c`; without a value, and never what follows a one-letter option in its word
 * (-pSECRET). */
static size_t option_name(const struct sh_word *word)
{
	if (word->text[0] != '-' || !word->text[1])
		return 0;
	if (word->text[1] != '-')
		return isalnum((unsigned char)word->text[1]) ? 2 : 0;
	size_t len = 2 + strspn(word->text + 2, "abcdefghijklmnopqrstuvwxyz0123456789-");
	return len > 2 && len <= 40 ? len : 0;
}

static bool has_word(const char *shape, const char *word, size_t len)
{
	for (const char *at = shape; (at = strchr(at, ' ')) != NULL;) {
		at++;
		if (!strncmp(at, word, len) && (at[len] == ' ' || !at[len]))
			return true;
	}
	return false;
}

static void shape_of(const char *program, const struct sh_word *words, size_t n, char shape[SHAPE_SIZE])
{
	bool wants = has_subcommands(program);
	snprintf(shape, SHAPE_SIZE, "%.80s", program);
	for (size_t i = 1; i < n; i++) {
		size_t len = option_name(&words[i]);
		if (len && !has_word(shape, words[i].text, len))
			shape_add(shape, words[i].text, len);
		if (!len && wants && plain_word(&words[i])) {
			shape_add(shape, words[i].text, words[i].len);
			wants = false;
		}
	}
}

/* Words of `sudo` before the command it runs. */
static size_t sudo_words(const struct sh_word *words, size_t n)
{
	size_t i = 1;
	while (i < n && words[i].certainty == SH_LITERAL && words[i].text[0] == '-')
		i += strchr("ugpCDRT", words[i].text[1]) && words[i].text[1] && !words[i].text[2] ? 2 : 1;
	return i;
}

static void one_command(const struct sh_command *command,
			void (*fn)(const char *program, const char *shape, void *arg), void *arg)
{
	const struct sh_word *words = command->words;
	size_t n = command->n_words;
	for (int depth = 0; depth < 8 && n; depth++) {
		if (words[0].certainty != SH_LITERAL || !words[0].len ||
		    strlen(words[0].text) != words[0].len)
			return;
		const char *slash = strrchr(words[0].text, '/');
		const char *program = slash && slash[1] ? slash + 1 : words[0].text, *why;
		char shape[SHAPE_SIZE];
		shape_of(program, words, n, shape);
		size_t skip = !strcmp(program, "sudo") ? sudo_words(words, n) : wrapper_words(words, n, &why);
		if (!skip || skip >= n) {
			fn(program, shape, arg);
			return;
		}
		if (!strcmp(program, "sudo"))
			fn(program, program, arg);
		words += skip;
		n -= skip;
	}
}

bool shapes_each(const char *line, size_t len, void (*fn)(const char *program, const char *shape, void *arg),
		 void *arg)
{
	struct sh_script *script = sh_parse(line, len);
	if (!script)
		return false;
	for (size_t i = 0; i < script->n_commands; i++)
		one_command(&script->commands[i], fn, arg);
	sh_script_free(script);
	return true;
}

/* ── grave phrases ─────────────────────────────────────────────────────────────────────────────────────── */

static const char *const phrases[] = {
    "DROP TABLE",
    "DROP DATABASE",
    "DROP SCHEMA",
    "TRUNCATE TABLE",
    "DELETE FROM",
    "ALTER TABLE",
    "GRANT ALL",
    "rm -rf",
    "rm -fr",
    "mkfs",
    "dd of=",
    "shutdown",
    "git push --force",
    "git push -f",
    "kubectl delete",
    "terraform destroy",
    "docker system prune",
    "userdel",
    "chmod 777",
    "iptables -F",
};
_Static_assert(sizeof phrases / sizeof *phrases == PHRASES, "each has its place in a habit");

const char *phrase_name(size_t number)
{
	return number < PHRASES ? phrases[number] : NULL;
}

static bool is_word_byte(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Does the phrase begin here?  A blank in it is any number of blanks. */
static bool begins(const char *phrase, const char *at, const char *end)
{
	for (; *phrase; phrase++) {
		if (*phrase == ' ') {
			if (at == end || !isspace((unsigned char)*at))
				return false;
			while (at < end && isspace((unsigned char)*at))
				at++;
			continue;
		}
		if (at == end || tolower((unsigned char)*at) != tolower((unsigned char)*phrase))
			return false;
		at++;
	}
	return !is_word_byte(phrase[-1]) || at == end || !is_word_byte(*at);
}

bool phrase_in(size_t number, const char *line, size_t len)
{
	const char *phrase = phrases[number], *end = line + len;
	int first = tolower((unsigned char)*phrase);
	for (const char *at = line; at < end; at++)
		if (tolower((unsigned char)*at) == first && (at == line || !is_word_byte(at[-1])) &&
		    begins(phrase, at, end))
			return true;
	return false;
}
