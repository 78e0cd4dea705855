/* patterns.c: the table of tokens that their makers gave a prefix, so that they can be found.
 *
 * A prefix must stand at the beginning of a word: the middle of a base64 text is no place for one.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/secrets/pattern.h"
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#define ALNUM "A-Za-z0-9"
#define WORD "A-Za-z0-9_"
#define URL64 "A-Za-z0-9_-"
#define HEX "a-f0-9"
#define MANY SIZE_MAX /* however many: what is too long to be one would be looked at again and again */

/* What must be in it, so that a name made of words is none. */
enum { A_DIGIT = 1, AN_UPPER = 2 };

static const struct {
	const char *prefix, *chars;
	size_t least, most; /* behind the prefix */
	int needs;
} table[] = {
    /* ours: an operator's token */
    {"whosh_op_", URL64, 20, 128, 0},
    /* GitHub, GitLab */
    {"ghp_", ALNUM, 30, 255, 0},
    {"gho_", ALNUM, 30, 255, 0},
    {"ghu_", ALNUM, 30, 255, 0},
    {"ghs_", ALNUM, 30, 255, 0},
    {"ghr_", ALNUM, 30, 255, 0},
    {"github_pat_", WORD, 22, 255, 0},
    {"glpat-", "A-Za-z0-9_.-", 20, 300, 0},
    {"gldt-", URL64, 20, 300, 0},
    {"glrt-", "A-Za-z0-9_.-", 20, 300, 0},
    {"glcbt-", URL64, 20, 300, 0},
    {"glptt-", URL64, 20, 300, 0},
    {"glsoat-", URL64, 20, 300, 0},
    {"glagent-", URL64, 20, 300, 0},
    {"glft-", URL64, 20, 300, 0},
    /* clouds */
    {"AKIA", "A-Z0-9", 16, 16, 0},
    {"ASIA", "A-Z0-9", 16, 16, 0},
    {"ABIA", "A-Z0-9", 16, 16, 0},
    {"ACCA", "A-Z0-9", 16, 16, 0},
    {"AIza", URL64, 35, 35, 0},
    {"ya29.", URL64, 20, MANY, 0},
    {"GOCSPX-", URL64, 20, 64, 0},
    {"dop_v1_", HEX, 64, 64, 0},
    {"doo_v1_", HEX, 64, 64, 0},
    {"dor_v1_", HEX, 64, 64, 0},
    {"fo1_", URL64, 40, 64, 0},
    {"nfp_", ALNUM, 36, 64, 0},
    {"sbp_", HEX, 40, 40, 0},
    {"pscale_tkn_", "A-Za-z0-9_.-", 32, 64, 0},
    {"pscale_pw_", "A-Za-z0-9_.-", 32, 64, 0},
    {"dapi", HEX, 32, 34, 0},
    {"hvs.", URL64, 24, MANY, 0},
    {"hvb.", URL64, 24, MANY, 0},
    {"hvr.", URL64, 24, MANY, 0},
    {"dp.pt.", ALNUM, 40, 48, 0},
    /* models */
    {"sk-ant-", URL64, 20, 255, 0},
    {"sk-proj-", URL64, 20, 255, 0},
    {"sk-svcacct-", URL64, 20, 255, 0},
    {"sk-or-v1-", HEX, 64, 64, 0},
    {"sk-", URL64, 20, 255, A_DIGIT | AN_UPPER},
    {"hf_", ALNUM, 30, 64, 0},
    {"gsk_", ALNUM, 40, 64, 0},
    {"xai-", ALNUM, 60, 100, 0},
    {"pplx-", ALNUM, 40, 64, 0},
    {"r8_", ALNUM, 37, 40, 0},
    /* packages, builds, containers */
    {"npm_", ALNUM, 36, 36, 0},
    {"pypi-AgE", URL64, 50, MANY, 0},
    {"rubygems_", HEX, 48, 48, 0},
    {"dckr_pat_", URL64, 20, 64, 0},
    {"dckr_oat_", URL64, 20, 64, 0},
    {"CCIPAT_", WORD, 40, 100, 0},
    {"bkua_", HEX, 40, 40, 0},
    {"sntrys_", "A-Za-z0-9_=+/", 40, MANY, 0},
    {"sntryu_", HEX, 64, 64, 0},
    /* services */
    {"xoxb-", "A-Za-z0-9-", 20, 255, 0},
    {"xoxp-", "A-Za-z0-9-", 20, 255, 0},
    {"xoxa-", "A-Za-z0-9-", 20, 255, 0},
    {"xoxr-", "A-Za-z0-9-", 20, 255, 0},
    {"xoxs-", "A-Za-z0-9-", 20, 255, 0},
    {"xoxe-", "A-Za-z0-9-", 20, 255, 0},
    {"xoxe.xoxp-", "A-Za-z0-9-", 20, 255, 0},
    {"xapp-", "A-Za-z0-9-", 20, 255, A_DIGIT},
    {"sk_live_", ALNUM, 16, 255, 0},
    {"sk_test_", ALNUM, 16, 255, 0},
    {"rk_live_", ALNUM, 16, 255, 0},
    {"rk_test_", ALNUM, 16, 255, 0},
    {"whsec_", "A-Za-z0-9+/=", 24, 255, 0},
    {"SG.", "A-Za-z0-9_.-", 50, 100, A_DIGIT | AN_UPPER},
    {"SK", HEX, 32, 32, 0},
    {"xkeysib-", "a-z0-9A-Z-", 64, 100, 0},
    {"shpat_", "a-fA-F0-9", 32, 32, 0},
    {"shpss_", "a-fA-F0-9", 32, 32, 0},
    {"shpca_", "a-fA-F0-9", 32, 32, 0},
    {"shppa_", "a-fA-F0-9", 32, 32, 0},
    {"lin_api_", ALNUM, 32, 64, 0},
    {"ntn_", ALNUM, 40, 64, 0},
    {"figd_", URL64, 38, 64, 0},
    {"glsa_", WORD, 32, 64, 0},
    {"NRAK-", "A-Z0-9", 27, 27, 0},
    {"PMAK-", "a-f0-9-", 50, 70, 0},
    {"ATATT3", "A-Za-z0-9_=-", 60, 255, 0},
    {"ATCTT3", "A-Za-z0-9_=-", 60, 255, 0},
    {"sq0atp-", URL64, 22, 22, 0},
    {"sq0csp-", URL64, 43, 43, 0},
    {"AGE-SECRET-KEY-1", "A-Z0-9", 58, 58, 0},
};
enum { PATTERNS = sizeof table / sizeof *table };

static struct byte_set sets[PATTERNS];
static unsigned char first[256]; /* the first pattern that begins so, plus one */
static unsigned char next[PATTERNS];
static size_t lengths[PATTERNS];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void prepare(void)
{
	for (size_t i = PATTERNS; i-- > 0;) {
		unsigned char byte = (unsigned char)table[i].prefix[0];
		byte_set_read(&sets[i], table[i].chars);
		lengths[i] = strlen(table[i].prefix);
		next[i] = first[byte];
		first[byte] = (unsigned char)(i + 1);
	}
}

bool byte_set_read(struct byte_set *set, const char *spec)
{
	*set = (struct byte_set){{0}};
	for (const char *s = spec; *s; s++) {
		unsigned char from = (unsigned char)*s, to = from;
		if (s[1] == '-' && s[2]) {
			to = (unsigned char)s[2];
			s += 2;
		}
		if (from <= ' ' || to > '~' || from > to)
			return false;
		for (unsigned b = from; b <= to; b++)
			set->bits[b >> 6] |= 1ull << (b & 63);
	}
	return *spec != 0;
}

size_t tail_end(const struct byte_set *set, const char *text, size_t len, size_t at, size_t least,
		size_t most)
{
	size_t end = at, stop = len - at > most ? at + most : len;
	while (end < stop && byte_in(set, text[end]))
		end++;
	return end - at < least || (end < len && byte_in(set, text[end])) ? 0 : end;
}

static bool has_needed(int needs, const char *text, size_t len)
{
	for (size_t i = 0; i < len && needs; i++) {
		if (text[i] >= '0' && text[i] <= '9')
			needs &= ~A_DIGIT;
		if (text[i] >= 'A' && text[i] <= 'Z')
			needs &= ~AN_UPPER;
	}
	return !needs;
}

/* RFC 7515, RFC 7516: three or five parts of base64url, the first of which is a JSON object's. */
static size_t jwt_end(const char *text, size_t len, size_t at)
{
	static const char mark[] = "eyJ";
	static const struct byte_set part = {{0x03ff200000000000, 0x07fffffe87fffffe, 0, 0}};
	int parts = 0;
	if (len - at < sizeof mark - 1 || memcmp(text + at, mark, sizeof mark - 1) != 0 ||
	    (at && text[at - 1] == '-')) /* within a part, which would be read once more from here */
		return 0;
	size_t end = at;
	for (;;) {
		size_t from = end;
		while (end < len && byte_in(&part, text[end]))
			end++;
		if (end - from < (parts == 1 ? 0 : 8))
			return 0;
		parts++;
		if (end + 1 >= len || text[end] != '.' || parts == 5)
			break;
		end++;
	}
	return parts == 3 || parts == 5 ? end : 0;
}

size_t pattern_end(const struct own_patterns *own, const char *text, size_t len, size_t at)
{
	pthread_once(&once, prepare);
	for (size_t i = first[(unsigned char)text[at]]; i; i = next[i - 1]) {
		size_t n = lengths[i - 1];
		if (len - at < n || memcmp(text + at, table[i - 1].prefix, n) != 0)
			continue;
		size_t end = tail_end(&sets[i - 1], text, len, at + n, table[i - 1].least, table[i - 1].most);
		if (end && has_needed(table[i - 1].needs, text + at + n, end - at - n))
			return end;
	}
	size_t end = text[at] == 'e' ? jwt_end(text, len, at) : 0;
	return end ? end : own ? own_pattern_end(own, text, len, at) : 0;
}

size_t patterns_built_in(void)
{
	return PATTERNS + 1; /* and JSON Web Tokens */
}
