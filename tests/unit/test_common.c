/* test_common.c: codecs, JSON, JWS, wire frames, text: what everything else believes.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/clock.h"
#include "common/codec.h"
#include "common/json.h"
#include "common/jws.h"
#include "common/text.h"
#include "common/wire.h"
#include "tests/unit/check.h"
#include <stdlib.h>
#include <string.h>

static bool json_is(const char *text)
{
	cJSON *json = json_parse(text, strlen(text), NULL);
	bool good = json != NULL;
	cJSON_Delete(json);
	return good;
}

static bool decodes(const char *text)
{
	struct buf out BUF_AUTO = BUF_INIT;
	return base64url_decode(&out, text, strlen(text));
}

static bool shown_as(const char *text, const char *expected)
{
	struct buf out BUF_AUTO = BUF_INIT;
	visible_add(&out, text, strlen(text));
	return out.data && !strcmp(out.data, expected);
}

static void test_text(void)
{
	holds("an escape sequence acts on a reviewer's terminal", shown_as("a\033[2Jb", "a\\x1b[2Jb"));
	holds("a line is turned around by a bidirectional character", shown_as("a\xe2\x80\xae", "a\\u202e"));
	holds("a zero-width character hides in a name", shown_as("\xe2\x80\x8b", "\\u200b"));
	holds("a byte that is no UTF-8 reaches the terminal", shown_as("\xff", "\\xff"));
	holds("letters of other scripts are made unreadable", shown_as("\xc3\xa9", "\xc3\xa9"));
	holds("an overlong encoding passes for text", !utf8_valid("\xc0\xaf", 2));
	holds("a surrogate passes for text", !utf8_valid("\xed\xa0\x80", 3));
	holds("a glob does not match what it should", glob_match("prod-*[0-9]", "prod-db7"));
	holds("a glob matches what it should not", !glob_match("prod-*", "dev-1"));
}

static void test_json(void)
{
	holds("plain JSON is refused", json_is("{\"a\":[1,2.5e3,true,null,\"x\\u00e9\"]}"));
	holds("two readers see two values of one name", !json_is("{\"a\":1,\"a\":2}"));
	holds("a name spelt with an escape is not seen as the same", !json_is("{\"a\":1,\"\\u0061\":2}"));
	holds("a NUL cuts a text short", !json_is("{\"a\":\"\\u0000\"}"));
	holds("a lone surrogate passes", !json_is("[\"\\ud800\"]"));
	holds("text after the value passes", !json_is("{} x"));
	holds("16 levels are refused", json_is("[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]"));
	holds("17 levels pass", !json_is("[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]"));
	holds("a number with a leading zero passes", !json_is("[01]"));
}

/* Headers are compared as bytes: a wrong byte in the table would refuse every message of that type, or take
 * another type for it. */
static void test_headers(void)
{
	static const char *const types[] = {JWS_COMMAND, JWS_PERMIT, JWS_OUTCOME, JWS_HOP, JWS_DELEGATE};
	struct signing_key *key = signing_key_generate();
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		struct buf jws BUF_AUTO = BUF_INIT;
		bool made = jws_sign(&jws, types[i], "{}", 2, key);
		size_t header = made ? strcspn(jws.data, ".") : 0;
		for (int swapped = 0; made && swapped < 2; swapped++) {
			struct buf text BUF_AUTO = BUF_INIT, other BUF_AUTO = BUF_INIT,
					payload BUF_AUTO = BUF_INIT;
			buf_addf(&text,
				 swapped ? "{\"typ\":\"%s\",\"alg\":\"Ed25519\"}"
					 : "{\"alg\":\"Ed25519\",\"typ\":\"%s\"}",
				 types[i]);
			base64url_encode(&other, text.data, text.len);
			holds("we write another header than we say",
			      swapped || (other.len == header && !memcmp(other.data, jws.data, header)));
			buf_adds(&other, jws.data + header);
			for (size_t j = 0; j < sizeof types / sizeof *types; j++)
				holds("a header is refused, or passes for another type",
				      jws_open(other.data, other.len, types[j], &payload) == (i == j));
		}
		holds("nothing can be signed", made);
	}
	signing_key_free(key);
}

/* The points whose order divides 8, by their y (RFC 8032 section 5.1): under them one signature fits every
 * message. */
static void test_small_order(void)
{
	static const char *const points[] = {
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	    "7P_______________________________________38", "JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU",
	    "xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA3o"};
	for (size_t i = 0; i < sizeof points / sizeof *points; i++)
		for (int sign = 0; sign < 2; sign++) {
			struct buf x BUF_AUTO = BUF_INIT;
			base64url_decode(&x, points[i], strlen(points[i]));
			x.data[31] = (char)(x.data[31] | sign << 7);
			holds("a key of small order passes",
			      x.len == KEY_BYTES && !public_key_new((const unsigned char *)x.data));
		}
}

static void test_jws(void)
{
	struct buf jws BUF_AUTO = BUF_INIT, payload BUF_AUTO = BUF_INIT, other BUF_AUTO = BUF_INIT;
	unsigned char x[KEY_BYTES], small[KEY_BYTES] = {1}, large[KEY_BYTES];
	struct signing_key *key = signing_key_generate();
	signing_key_export(key, NULL, x);
	struct public_key *public = public_key_new(x);
	holds("nothing can be signed", jws_sign(&jws, JWS_COMMAND, "{}", 2, key));
	holds("what was signed cannot be opened", jws_open(jws.data, jws.len, JWS_COMMAND, &payload));
	holds("a right signature is refused", jws_verify(jws.data, jws.len, public));
	holds("a command passes for a permit", !jws_open(jws.data, jws.len, JWS_PERMIT, &payload));
	jws.data[jws.len - 1] = jws.data[jws.len - 1] == 'A' ? 'Q' : 'A';
	holds("an altered signature passes", !jws_verify(jws.data, jws.len, public));
	jws_sign(&other, JWS_COMMAND, "{ }", 3, key);
	char *dot = strchr(other.data, '.');
	dot[2] = dot[2] == 'A' ? 'B' : 'A';
	holds("an altered payload passes", !jws_verify(other.data, other.len, public));
	memset(large, 0xff, sizeof large);
	holds("a key of small order passes: one signature fits every message", !public_key_new(small));
	holds("a key that is not reduced passes: two spellings of one key", !public_key_new(large));
	public_key_free(public);
	signing_key_free(key);
}

/* RFC 8037 appendix A.3. */
static void test_thumbprint(void)
{
	struct buf x BUF_AUTO = BUF_INIT;
	char made[S256_LEN + 1];
	const char *text = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
	base64url_decode(&x, text, strlen(text));
	key_thumbprint((unsigned char *)x.data, made);
	holds("credential IDs differ from other tools' thumbprints",
	      !strcmp(made, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"));
}

static void test_codec(void)
{
	holds("plain base64url is refused", decodes("Zm9vYg"));
	holds("a second spelling of the same bytes passes", !decodes("Zm9vYh"));
	holds("padding passes", !decodes("Zm9vYg=="));
	holds("the other alphabet passes", !decodes("Zm9v+/8_"));
}

static void test_wire(void)
{
	struct buf frame BUF_AUTO = BUF_INIT;
	struct wire_message message;
	size_t mark, size;
	wire_begin(&frame, WIRE_ASK, &mark);
	wire_add(&frame, WIRE_LINE, "a\0b", 3);
	wire_add_number(&frame, WIRE_STATUS, -7);
	wire_end(&frame, mark);
	holds("a frame is not understood", wire_next(&frame, &message, &size) == 1 && size == frame.len);
	holds("a number is changed on its way", wire_number(&message, WIRE_STATUS, 0) == -7);
	char *text = wire_string(&message, WIRE_LINE);
	holds("a NUL cuts a field short", !text);
	free(text);
	frame.len--;
	holds("half a frame is taken for one", wire_next(&frame, &message, &size) == 0);
	frame.data[0] = 0x7f;
	holds("a frame of 2 GB is waited for", wire_next(&frame, &message, &size) == -1);
}

static void test_clock(void)
{
	int64_t ms;
	char text[RFC3339_LEN + 1];
	rfc3339_format(1763869632345, text);
	holds("times are written wrong", !strcmp(text, "2025-11-23T03:47:12.345Z"));
	holds("times are read wrong",
	      rfc3339_parse("2025-11-23T04:47:12.345+01:00", &ms) && ms == 1763869632345);
	holds("31 February passes", !rfc3339_parse("2026-02-31", &ms));
	holds("a duration is read wrong", duration_parse("15m", &ms) && ms == 900);
	holds("a year is not 365 days, or eleven of them are taken",
	      duration_parse("1y", &ms) && ms == 365 * 86400 && !duration_parse("11y", &ms));
}

int main(void)
{
	test_text();
	test_json();
	test_jws();
	test_headers();
	test_small_order();
	test_thumbprint();
	test_codec();
	test_wire();
	test_clock();
	return checks_end();
}
