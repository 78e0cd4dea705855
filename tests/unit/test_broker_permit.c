/* test_broker_permit.c: what permit_check must not let through: each test is a way to get a line run that
 * nobody approved.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/broker/permit.h"
#include "tests/unit/test_broker.h"

#define NOW 1795000000
#define COMMAND "01890a5d-ac96-774b-bcce-b302099a8057"
#define S256 "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"

static struct signing_key *key;
static struct public_key *public;
static const char good[] =
    "{\"jti\":\"01890a5d-ac96-774b-bcce-b302099a8001\",\"iat\":1795000000,\"exp\":1795000030,"
    "\"aud\":\"worker\",\"id\":\"" COMMAND "\",\"verdict\":\"approved\",\"command_s256\":\"" S256
    "\",\"rule\":\"read-only\",\"reason\":\"fine\",\"cause\":\"policy\",\"lease_s\":30}";

static const char *check_as(struct permit_book *book, const char *claims, const char *typ,
			    const struct signing_key *signer, int64_t now, struct permit *permit)
{
	struct buf jws BUF_AUTO = BUF_INIT;
	EXPECT(jws_sign(&jws, typ, claims, strlen(claims), signer));
	const struct permit_expected expected = {
	    .approver = public, .command_id = COMMAND, .command_s256 = S256, .agent = "worker", .now = now};
	return permit_check(book, jws.data, jws.len, &expected, permit);
}

/* Check the good permit with one part of its text replaced. */
static const char *check_with(const char *from, const char *to, struct permit *permit)
{
	struct permit_book *book = permit_book_new();
	struct buf claims BUF_AUTO = BUF_INIT;
	const char *at = strstr(good, from);
	EXPECT(at != NULL);
	buf_add(&claims, good, (size_t)(at - good));
	buf_adds(&claims, to);
	buf_adds(&claims, at + strlen(from));
	const char *wrong = check_as(book, claims.data, JWS_PERMIT, key, NOW, permit);
	permit_book_free(book);
	return wrong;
}

static bool refused_with(const char *from, const char *to)
{
	struct permit permit;
	const char *wrong = check_with(from, to, &permit);
	bool refused = wrong && !permit.approved;
	permit_finish(&permit);
	return refused;
}

/* Without this the refusals below could all be for a reason of the test's own. */
static void test_good(void)
{
	struct permit_book *book = permit_book_new();
	struct permit permit;
	EXPECT(check_as(book, good, JWS_PERMIT, key, NOW, &permit) == NULL);
	EXPECT(permit.approved && !permit.unreviewed && permit.lease_s == 30);
	EXPECT(text_is(permit.rule, "read-only") && text_is(permit.reason, "fine"));
	permit_finish(&permit);
	permit_book_free(book);
}

/* Whoever sits on the approver's address could approve anything. */
static void test_other_key(void)
{
	struct permit_book *book = permit_book_new();
	struct signing_key *other = signing_key_generate();
	struct permit permit;
	EXPECT(check_as(book, good, JWS_PERMIT, other, NOW, &permit) != NULL && !permit.approved);
	signing_key_free(other);
	permit_book_free(book);
}

/* An outcome or a command signed by the approver's key is no permit. */
static void test_other_type(void)
{
	struct permit_book *book = permit_book_new();
	struct permit permit;
	EXPECT(check_as(book, good, JWS_OUTCOME, key, NOW, &permit) != NULL && !permit.approved);
	EXPECT(check_as(book, good, JWS_COMMAND, key, NOW, &permit) != NULL && !permit.approved);
	permit_book_free(book);
}

/* A recorded permit could be used again, for the same or another run. */
static void test_used_twice(void)
{
	struct permit_book *book = permit_book_new();
	struct permit permit;
	EXPECT(check_as(book, good, JWS_PERMIT, key, NOW, &permit) == NULL);
	permit_finish(&permit);
	for (int64_t later = 0; later <= 90; later += 10) {
		EXPECT(check_as(book, good, JWS_PERMIT, key, NOW + later, &permit) != NULL &&
		       !permit.approved);
		permit_finish(&permit);
	}
	permit_book_free(book);
}

/* A permit kept for later, or dated ahead, would be an approval whose reasons are gone. */
static void test_times(void)
{
	struct permit_book *book = permit_book_new();
	struct permit permit;
	EXPECT(check_as(book, good, JWS_PERMIT, key, NOW + 30 + 61, &permit) != NULL && !permit.approved);
	EXPECT(check_as(book, good, JWS_PERMIT, key, NOW - 61, &permit) != NULL && !permit.approved);
	permit_book_free(book);
	EXPECT(refused_with("\"exp\":1795000030", "\"exp\":1794999999"));
	EXPECT(refused_with("\"exp\":1795000030,", ""));
	EXPECT(refused_with("\"iat\":1795000000,", ""));
	EXPECT(refused_with("\"exp\":1795000030", "\"exp\":\"1795000030\""));
	EXPECT(refused_with("\"exp\":1795000030", "\"exp\":1e300"));
}

/* An approval of a harmless line could be used for a harmful one, or for another agent's. */
static void test_binding(void)
{
	EXPECT(refused_with(COMMAND, "01890a5d-ac96-774b-bcce-b302099a8058"));
	EXPECT(refused_with(S256, "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFV"));
	EXPECT(refused_with("\"command_s256\":\"" S256 "\",", ""));
	EXPECT(refused_with("\"aud\":\"worker\"", "\"aud\":\"worker2\""));
	EXPECT(refused_with("\"id\":\"" COMMAND "\",", ""));
	EXPECT(refused_with("\"jti\":\"01890a5d-ac96-774b-bcce-b302099a8001\",", ""));
	EXPECT(refused_with("01890a5d-ac96-774b-bcce-b302099a8001", "not an ID"));
}

/* A word that is not known must never mean yes. */
static void test_verdicts(void)
{
	static const char *const words[] = {"\"approve\"",
					    "\"Approved\"",
					    "\"\"",
					    "\"pending\"",
					    "true",
					    "\"approved \"",
					    "1",
					    "null",
					    "[\"approved\"]",
					    "\"approved\",\"verdict\":\"denied\""};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		EXPECT(refused_with("\"approved\"", words[i]));
	EXPECT(refused_with("\"verdict\":\"approved\",", ""));
	struct permit permit;
	EXPECT(check_with("\"approved\"", "\"denied\"", &permit) == NULL && !permit.approved &&
	       !permit.unreviewed);
	permit_finish(&permit);
	EXPECT(check_with("\"approved\"", "\"denied\",\"verdict\":\"approved\"", &permit) != NULL &&
	       !permit.approved);
	permit_finish(&permit);
}

/* The agent must be told apart "nobody looked" (75) from "denied" (126). */
static void test_unreviewed(void)
{
	struct permit_book *book = permit_book_new();
	struct permit permit;
	static const char denied[] =
	    "{\"jti\":\"01890a5d-ac96-774b-bcce-b302099a8002\",\"iat\":1795000000,"
	    "\"exp\":1795000030,\"aud\":\"worker\",\"id\":\"" COMMAND
	    "\",\"verdict\":\"denied\",\"command_s256\":\"" S256 "\",\"cause\":\"timeout\"}";
	EXPECT(check_as(book, denied, JWS_PERMIT, key, NOW, &permit) == NULL);
	EXPECT(!permit.approved && permit.unreviewed);
	permit_finish(&permit);
	permit_book_free(book);
}

/* Bytes that are no JWS must end in a refusal, not in a crash that takes the host's broker down. */
static void test_garbage(void)
{
	struct permit_book *book = permit_book_new();
	const struct permit_expected expected = {
	    .approver = public, .command_id = COMMAND, .command_s256 = S256, .agent = "worker", .now = NOW};
	static const char *const texts[] = {"", ".", "..", "a.b.c", "garbage", "\xff\xfe", "{}"};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct permit permit;
		EXPECT(permit_check(book, texts[i], strlen(texts[i]), &expected, &permit) != NULL);
		EXPECT(!permit.approved);
	}
	static const char *const claims[] = {"", "[]", "null", "\"approved\"", "{", "{}"};
	for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
		struct permit permit;
		EXPECT(check_as(book, claims[i], JWS_PERMIT, key, NOW, &permit) != NULL && !permit.approved);
	}
	permit_book_free(book);
}

/* The book drops entries whose permits are long past; it must never drop one that could still be offered
 * again. */
static void test_book_over_a_long_time(void)
{
	struct permit_book *book = permit_book_new();
	struct buf claims BUF_AUTO = BUF_INIT;
	struct permit permit;
	for (int i = 0; i < 200; i++) {
		long long now = NOW + i * 1000LL;
		buf_clear(&claims);
		buf_addf(&claims,
			 "{\"jti\":\"01890a5d-ac96-774b-bcce-b3020990%04x\",\"iat\":%lld,\"exp\":%lld,"
			 "\"aud\":\"worker\","
			 "\"id\":\"" COMMAND "\",\"verdict\":\"approved\",\"command_s256\":\"" S256 "\"}",
			 (unsigned)i, now, now + 30);
		EXPECT(check_as(book, claims.data, JWS_PERMIT, key, now, &permit) == NULL && permit.approved);
		permit_finish(&permit);
		EXPECT(check_as(book, claims.data, JWS_PERMIT, key, now + 90, &permit) != NULL);
	}
	permit_book_free(book);
}

int main(void)
{
	unsigned char d[KEY_BYTES], x[KEY_BYTES];
	key = signing_key_generate();
	signing_key_export(key, d, x);
	public = public_key_new(x);
	RUN(test_good);
	RUN(test_other_key);
	RUN(test_other_type);
	RUN(test_used_twice);
	RUN(test_times);
	RUN(test_binding);
	RUN(test_verdicts);
	RUN(test_unreviewed);
	RUN(test_garbage);
	RUN(test_book_over_a_long_time);
	public_key_free(public);
	signing_key_free(key);
	return finish_tests();
}
