/* program.c: options with one letter, which mean a password to some programs only: mysql -pX, curl -u A:X.
 *
 * The program is the last word that is in the table, up to the end of the command.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/secrets/scan.h"
#include <string.h>

enum { FORM_ATTACHED = 1, FORM_APART = 2, PROGRAM_LONGEST = 32 };

struct program {
	const char *name, *option;
	int forms;
	char split;             /* the secret is what follows the first of these; 0: all of it */
	const char *subcommand; /* only behind this word; NULL: always */
	bool prefix;            /* the program's name only begins so */
};

static const struct program programs[] = {
    {"mysql", "-p", FORM_ATTACHED, 0, NULL, true},
    {"mariadb", "-p", FORM_ATTACHED, 0, NULL, true},
    {"sshpass", "-p", FORM_ATTACHED | FORM_APART, 0, NULL, false},
    {"curl", "-u", FORM_ATTACHED | FORM_APART, ':', NULL, false},
    {"curl", "-U", FORM_ATTACHED | FORM_APART, ':', NULL, false},
    {"curl", "--user", FORM_APART, ':', NULL, false},
    {"curl", "--proxy-user", FORM_APART, ':', NULL, false},
    {"http", "-a", FORM_APART, ':', NULL, false},
    {"https", "-a", FORM_APART, ':', NULL, false},
    {"smbclient", "-U", FORM_ATTACHED | FORM_APART, '%', NULL, false},
    {"rpcclient", "-U", FORM_ATTACHED | FORM_APART, '%', NULL, false},
    {"redis-cli", "-a", FORM_APART, 0, NULL, false},
    {"mongo", "-p", FORM_APART, 0, NULL, true},
    {"ldapsearch", "-w", FORM_ATTACHED | FORM_APART, 0, NULL, false},
    {"ldapadd", "-w", FORM_ATTACHED | FORM_APART, 0, NULL, false},
    {"ldapmodify", "-w", FORM_ATTACHED | FORM_APART, 0, NULL, false},
    {"ldappasswd", "-w", FORM_ATTACHED | FORM_APART, 0, NULL, false},
    {"sqlcmd", "-P", FORM_ATTACHED | FORM_APART, 0, NULL, false},
    {"7z", "-p", FORM_ATTACHED, 0, NULL, true},
    {"zip", "-P", FORM_APART, 0, NULL, false},
    {"unzip", "-P", FORM_APART, 0, NULL, false},
    {"docker", "-p", FORM_APART, 0, "login", false},
    {"podman", "-p", FORM_APART, 0, "login", false},
    {"buildah", "-p", FORM_APART, 0, "login", false},
    {"skopeo", "-p", FORM_APART, 0, "login", false},
    {"helm", "-p", FORM_APART, 0, "login", false},
    {"oc", "-p", FORM_APART, 0, "login", false},
    {"az", "-p", FORM_APART, 0, "login", false},
    {"ssh-keygen", "-N", FORM_APART, 0, NULL, false},
    {"ssh-keygen", "-P", FORM_APART, 0, NULL, false},
    {"openssl", "pass:", FORM_ATTACHED, 0, NULL, false},
};
enum { PROGRAMS = sizeof programs / sizeof *programs };

static bool word_ends(const struct scan *s, size_t at)
{
	return at >= s->len || (unsigned char)s->text[at] <= ' ' || !value_byte(s->text[at]);
}

static bool is_program(const struct program *p, const char *word, size_t len)
{
	size_t n = strlen(p->name);
	return len >= n && (p->prefix || len == n) && memcmp(word, p->name, n) == 0;
}

static bool same_program(const struct program *p, const struct program *other)
{
	return p < programs + PROGRAMS && strcmp(p->name, other->name) == 0;
}

/* Take the value at `at`, or what of it follows the program's separator. */
static void take(struct scan *s, const struct program *p, size_t at, bool trusted)
{
	struct value value;
	if (!value_read(&value, s->text, s->len, at, trusted, &s->run) || value.start < s->taken)
		return;
	if (p->split) {
		const char *split = memchr(s->text + value.start, p->split, value.end - value.start);
		if (!split || (size_t)(split - s->text) + 1 == value.end)
			return;
		value.start = (size_t)(split - s->text) + 1;
		if (expansion_at(s->text, s->len, value.start))
			return;
	}
	if (value_is_secret(&value, s->text, s->len, SECRECY_STRONG))
		scan_take(s, value.start, value.end);
}

static void look_for_option(struct scan *s, const struct program *p, size_t len)
{
	size_t n = strlen(p->option);
	bool trusted = s->sure && !s->quote;
	if ((p->subcommand && !s->subcommand) || s->len - s->at < n ||
	    memcmp(s->text + s->at, p->option, n) != 0)
		return;
	if (len > n || (n < s->len - s->at && strchr("\"'", s->text[s->at + n]))) {
		if (p->forms & FORM_ATTACHED && s->text[s->at + n] != '=')
			take(s, p, s->at + n, trusted);
		return;
	}
	size_t at = s->at + n;
	while (at < s->len && at - s->at < n + 8 && (s->text[at] == ' ' || s->text[at] == '\t'))
		at++;
	if (p->forms & FORM_APART && at > s->at + n && at < s->len && s->text[at] != '-')
		take(s, p, at, trusted);
}

/* `aws configure set NAME VALUE`, csh's setenv, fish's set -x. */
static bool is_set(const char *word, size_t len)
{
	static const char *const words[] = {"set", "setenv", "setx", "-x", "-gx", "-Ux"};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strlen(words[i]) == len && memcmp(words[i], word, len) == 0)
			return true;
	return false;
}

void scan_word(struct scan *s)
{
	size_t end = s->at, name = s->at;
	while (!word_ends(s, end) && end - s->at < 2 * PROGRAM_LONGEST)
		if (s->text[end++] == '/')
			name = end;
	bool setting = s->setting;
	if (end > s->at)
		s->setting = is_set(s->text + s->at, end - s->at);
	if (setting)
		scan_setting(s, end);
	if (s->program) {
		if (s->program->subcommand && end - s->at == strlen(s->program->subcommand) &&
		    memcmp(s->text + s->at, s->program->subcommand, end - s->at) == 0)
			s->subcommand = true;
		for (const struct program *p = s->program; same_program(p, s->program); p++)
			look_for_option(s, p, end - s->at);
	}
	if (end == name || end - name > PROGRAM_LONGEST || s->text[s->at] == '-')
		return;
	for (size_t i = 0; i < PROGRAMS; i++)
		if (programs[i].name[0] == s->text[name] &&
		    is_program(&programs[i], s->text + name, end - name)) {
			s->program = &programs[i];
			s->subcommand = false;
			return;
		}
}
