/* names.c: the vocabulary of names.h, as tables.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/secrets/names.h"
#include <stdbool.h>
#include <string.h>

/* Ends of names, longest claims first; `whole` ones are a word of their own: COMPASS is no PASS. */
static const struct {
	const char *end;
	bool word;
	enum secrecy secrecy;
} ends[] = {
    {"password", false, SECRECY_STRONG},
    {"passwd", false, SECRECY_STRONG},
    {"passphrase", false, SECRECY_STRONG},
    {"passwort", false, SECRECY_STRONG},
    {"secret_access_key", false, SECRECY_STRONG},
    {"secretaccesskey", false, SECRECY_STRONG},
    {"secret_key", false, SECRECY_STRONG},
    {"secretkey", false, SECRECY_STRONG},
    {"client_secret", false, SECRECY_STRONG},
    {"clientsecret", false, SECRECY_STRONG},
    {"account_key", false, SECRECY_STRONG},
    {"accountkey", false, SECRECY_STRONG},
    {"sharedaccesskey", false, SECRECY_STRONG},
    {"authtoken", false, SECRECY_STRONG},
    {"auth_token", false, SECRECY_STRONG},
    {"access_token", false, SECRECY_STRONG},
    {"accesstoken", false, SECRECY_STRONG},
    {"storepass", false, SECRECY_STRONG},
    {"keypass", false, SECRECY_STRONG},
    {"requirepass", false, SECRECY_STRONG},
    {"masterauth", true, SECRECY_STRONG},
    {"dbpass", false, SECRECY_STRONG},
    {"rootpass", false, SECRECY_STRONG},
    {"userpass", false, SECRECY_STRONG},
    {"pass", true, SECRECY_STRONG},
    {"pwd", true, SECRECY_STRONG},
    {"pw", true, SECRECY_STRONG},
    {"passin", true, SECRECY_STRONG},
    {"passout", true, SECRECY_STRONG},
    {"secret", false, SECRECY_WEAK},
    {"token", false, SECRECY_WEAK},
    {"apikey", false, SECRECY_WEAK},
    {"accesskey", false, SECRECY_WEAK},
    {"privatekey", false, SECRECY_WEAK},
    {"authkey", false, SECRECY_WEAK},
    {"key", true, SECRECY_WEAK},
    {"credential", true, SECRECY_RANDOM},
    {"credentials", true, SECRECY_RANDOM},
    {"signature", true, SECRECY_RANDOM},
    {"sig", true, SECRECY_RANDOM},
};

/* Whole names that are something else. */
static const char *const innocent[] = {"pwd",
				       "oldpwd",
				       "pw",
				       "key",
				       "max_token",
				       "pad_token",
				       "eos_token",
				       "bos_token",
				       "unk_token",
				       "sep_token",
				       "cls_token",
				       "mask_token",
				       "next_token",
				       "page_token",
				       "stop_token",
				       "sync_token",
				       "next_page_token",
				       "starting_token",
				       "continuation_token",
				       "client_request_token",
				       "existing_secret"};
/* And the word before _key that says it opens nothing. */
static const char *const innocent_keys[] = {
    "public", "primary",     "foreign",  "sort",    "partition",  "cache",       "host",         "object",
    "index",  "group",       "row",      "unique",  "composite",  "lookup",      "map",          "dict",
    "json",   "config",      "registry", "routing", "message",    "event",       "known",        "label",
    "tag",    "sub",         "any",      "hot",     "shift",      "translation", "restore",      "hash",
    "range",  "idempotency", "s3",       "trusted", "gpg",        "authorized",  "metadata",     "annotation",
    "column", "field",       "sorting",  "cluster", "bucket",     "shard",       "i18n",         "add",
    "apt",    "recv",        "import",   "export",  "rsa_public", "ssh_public",  "verification", "verify"};
/* What an option begins with that takes no secret. */
static const char *const not_taking[] = {"no_",     "with_",     "show_",   "print_", "ask_",
					 "prompt_", "generate_", "create_", "use_",   "disable_",
					 "enable_", "require_",  "skip_",   "get_"};

#define IN(text, list) is_in(text, list, sizeof(list) / sizeof *(list))
static bool is_in(const char *text, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(text, list[i]) == 0)
			return true;
	return false;
}

/* As the tables write it: small letters, words apart by one '_': "dbPassword", "DB-Password" → "db_password".
 */
static size_t normalise(char out[2 * NAME_LONGEST + 1], const char *name, size_t len)
{
	size_t n = 0;
	bool small = false;
	if (len > NAME_LONGEST) {
		name += len - NAME_LONGEST;
		len = NAME_LONGEST;
	}
	for (size_t i = 0; i < len; i++) {
		char c = name[i];
		bool upper = c >= 'A' && c <= 'Z';
		if (c == '-' || c == '.' || c == '_')
			c = '_';
		if ((upper && small) || c == '_')
			if (n && out[n - 1] != '_')
				out[n++] = '_';
		if (c != '_')
			out[n++] = upper ? (char)(c - 'A' + 'a') : c;
		small = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
	}
	out[n] = '\0';
	return n;
}

static bool key_is_innocent(const char *name, size_t len)
{
	char before[2 * NAME_LONGEST + 1];
	size_t n = len - strlen("_key");
	memcpy(before, name, n);
	before[n] = '\0';
	const char *last = strrchr(before, '_');
	return IN(last ? last + 1 : before, innocent_keys);
}

static enum secrecy secrecy_of(const char *name, size_t len)
{
	if (IN(name, innocent))
		return SECRECY_NONE;
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		size_t n = strlen(ends[i].end);
		if (n > len || memcmp(name + len - n, ends[i].end, n) != 0)
			continue;
		if (ends[i].word && len > n && name[len - n - 1] != '_')
			continue;
		if (strcmp(ends[i].end, "key") == 0 && key_is_innocent(name, len))
			return SECRECY_NONE;
		return ends[i].secrecy;
	}
	return SECRECY_NONE;
}

enum secrecy name_secrecy(const char *name, size_t len)
{
	char plain[2 * NAME_LONGEST + 1];
	if (len == strlen("_auth") && memcmp(name, "_auth", len) == 0) /* npm's */
		return SECRECY_STRONG;
	size_t n = normalise(plain, name, len);
	return secrecy_of(plain, n);
}

enum secrecy option_secrecy(const char *name, size_t len)
{
	char plain[2 * NAME_LONGEST + 1];
	size_t n = normalise(plain, name, len);
	for (size_t i = 0; i < sizeof not_taking / sizeof *not_taking; i++)
		if (strncmp(plain, not_taking[i], strlen(not_taking[i])) == 0)
			return SECRECY_NONE;
	enum secrecy secrecy = secrecy_of(plain, n);
	/* --secret my-secret names one, as a rule */
	return strcmp(plain, "secret") == 0 ? SECRECY_RANDOM : secrecy;
}
