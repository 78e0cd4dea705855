/* test_hop_make.c: a delegator signs what was asked for, whatever the approver answers.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/codec.h"
#include "common/exits.h"
#include "common/hop_make.h"
#include "tests/unit/check.h"
#include <stdlib.h>
#include <string.h>

static struct signing_key *approver, *agent, *worker;
static struct public_key *approver_public;
static struct hop_signer signer;

enum { NOW = 1795000000 };

static void sign_hop(struct buf *out, const struct signing_key *key, const struct hop *hop)
{
	struct buf payload BUF_AUTO = BUF_INIT;
	hop_format(&payload, hop, NULL);
	if (payload.failed || !jws_sign(out, JWS_HOP, payload.data, payload.len, key))
		abort();
}

/* Hop 0: the approver attests that alice handed "stage" to `to`, until `exp`. */
static void first_hop(struct buf *out, const struct signing_key *key, const char *to, int64_t exp)
{
	struct hop hop = {.jti = "019a0000-0000-7000-8000-000000000001",
			  .iss = "approver-1",
			  .sub = "alice",
			  .aud = "approver-1",
			  .act = to,
			  .task = "stage",
			  .iat = NOW - 10,
			  .exp = exp,
			  .max_depth = 3};
	signing_key_export(agent, NULL, hop.key);
	sign_hop(out, key, &hop);
}

struct said {
	const char *chain, *human;
	long long depth, max_depth, expires, now;
};

static void answer_add(struct buf *out, const struct said *said)
{
	unsigned char x[KEY_BYTES];
	signing_key_export(worker, NULL, x);
	buf_adds(out, "{\"cnf\":{\"jwk\":{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"");
	base64url_encode(out, x, sizeof x);
	buf_addf(out, "\"}},\"depth\":%lld,\"max_depth\":%lld,\"expires\":%lld,\"now\":%lld", said->depth,
		 said->max_depth, said->expires, said->now);
	if (said->human)
		buf_addf(out, ",\"human\":\"%s\"", said->human);
	if (said->chain)
		buf_addf(out, ",\"chain\":\"%s\"", said->chain);
	buf_addc(out, '}');
}

/* Make a hop from what is said; the status, the chain in `chain`, the sentence in *error. */
static int make(struct buf *chain, const struct hop_wanted *wanted, const struct said *said, char **error)
{
	struct buf answer BUF_AUTO = BUF_INIT;
	size_t at = 0;
	*error = NULL;
	buf_clear(chain);
	answer_add(&answer, said);
	return hop_make(chain, &at, wanted, &signer, answer.data, answer.len, error);
}

static void refused(const char *lost, const struct hop_wanted *wanted, const struct said *said, int status,
		    const char *words)
{
	struct buf chain BUF_AUTO = BUF_INIT;
	char *error;
	int got = make(&chain, wanted, said, &error);
	bool good = got == status && error && strstr(error, words);
	if (!good)
		printf("# got %d: %s\n", got, error ? error : "no words");
	holds(lost, good);
	free(error);
}

static void test_good(const struct buf *first)
{
	struct buf chain BUF_AUTO = BUF_INIT, payload BUF_AUTO = BUF_INIT;
	char *error, hash[S256_LEN + 1], why[160] = "";
	unsigned char x[KEY_BYTES];
	struct hop hop = {0};
	struct hop_wanted wanted = {.to = "worker",
				    .task = "check \"it\"\n",
				    .scope = "{\"hosts\":[\"h\"]}",
				    .chain = first->data,
				    .txn = "019a0000-0000-7000-8000-000000000009",
				    .more_depth = 1};
	struct said said = {first->data, "alice", 1, 3, NOW + 600, NOW};
	holds("a right answer is refused", make(&chain, &wanted, &said, &error) == 0);
	free(error);
	struct hop_text hops[CHAIN_MAX_HOPS];
	holds("the chain does not go on from the one before",
	      chain.data && chain_split(chain.data, chain.len, hops) == 2 && hops[0].len == first->len &&
		  !memcmp(hops[0].text, first->data, first->len));
	signing_key_export(agent, NULL, x);
	struct public_key *key = public_key_new(x);
	holds("the hop is not signed by the delegator", jws_verify(hops[1].text, hops[1].len, key));
	public_key_free(key);
	hop_hash(first->data, first->len, hash);
	signing_key_export(worker, NULL, x);
	bool read = jws_open(hops[1].text, hops[1].len, JWS_HOP, &payload) &&
		    hop_parse(&hop, payload.data, payload.len, why);
	holds("what is signed is not what was asked for",
	      read && !strcmp(hop.iss, "orchestrator") && !strcmp(hop.sub, "alice") &&
		  !strcmp(hop.aud, "approver-1") && !strcmp(hop.act, "worker") &&
		  !strcmp(hop.task, "check \"it\"\n") && !strcmp(hop.txn, wanted.txn) &&
		  !strcmp(hop.par_hash, hash) && hop.depth == 1 && hop.max_depth == 2 && hop.hosts &&
		  hop.iat == NOW && hop.exp == NOW + 600 && !memcmp(hop.key, x, KEY_BYTES));
	hop_finish(&hop);
	wanted.chain = NULL;
	holds("an agent without a chain cannot begin one", make(&chain, &wanted, &said, &error) == 0);
	free(error);
}

static void test_answers(const struct buf *first)
{
	struct buf other BUF_AUTO = BUF_INIT, forged BUF_AUTO = BUF_INIT, two BUF_AUTO = BUF_INIT;
	const char *untrusted = "cannot be trusted";
	struct hop_wanted wanted = {.to = "worker", .task = "t", .chain = first->data, .more_depth = -1};
	struct said good = {first->data, "alice", 1, 3, NOW + 600, NOW}, said;
	first_hop(&other, approver, "orchestrator", NOW + 700);
	first_hop(&forged, worker, "orchestrator", NOW + 600);

	said = good, said.chain = other.data;
	refused("another chain than the agent's is signed on", &wanted, &said, EXIT_UNREACHABLE, untrusted);
	said = good, said.chain = NULL;
	refused("a hop without a parent is signed", &wanted, &said, EXIT_UNREACHABLE, untrusted);
	said = good, said.human = "eve";
	refused("another person is named than in the chain", &wanted, &said, EXIT_UNREACHABLE, untrusted);
	said = good, said.human = NULL;
	refused("nobody is named", &wanted, &said, EXIT_UNREACHABLE, untrusted);
	said = good, said.depth = 0;
	refused("the hop takes the place of its parent", &wanted, &said, EXIT_UNREACHABLE, untrusted);
	said = good, said.max_depth = 7;
	refused("the chain gets deeper than it may", &wanted, &said, EXIT_UNREACHABLE, untrusted);
	said = good, said.expires = NOW + 601;
	refused("the hop outlives its parent", &wanted, &said, EXIT_UNREACHABLE, untrusted);
	said = good, said.now = -5;
	refused("a time before all time is signed", &wanted, &said, EXIT_UNREACHABLE, untrusted);
	said = good, said.max_depth = 0;
	refused("a used-up depth is passed over", &wanted, &said, EXIT_IDENTITY, "depth is used up");
	said = good, said.now = NOW + 600;
	refused("an expired chain is signed on", &wanted, &said, EXIT_IDENTITY, "expired");

	wanted.expires_s = 601;
	refused("a delegation is cut short unasked", &wanted, &good, EXIT_IDENTITY, "--expires 9m at most");
	wanted.expires_s = 0;
	wanted.more_depth = 3;
	refused("a deeper chain is promised than there can be", &wanted, &good, EXIT_IDENTITY,
		"--depth 2 at most");
	wanted.more_depth = -1;

	wanted.chain = NULL;
	said = good, said.chain = forged.data;
	refused("a hop 0 that the approver did not sign is signed on", &wanted, &said, EXIT_UNREACHABLE,
		untrusted);
	buf_addf(&two, "%s~%s", first->data, first->data);
	said = good, said.chain = two.data;
	refused("a longer chain is put before the agent's", &wanted, &said, EXIT_UNREACHABLE, untrusted);

	signer.person = true;
	said = good, said.chain = NULL, said.depth = 0, said.human = "eve";
	refused("a person signs for another", &wanted, &said, EXIT_UNREACHABLE, untrusted);
	said = good;
	refused("a person signs on somebody's chain", &wanted, &said, EXIT_UNREACHABLE, untrusted);
	signer.person = false;

	static const char *const rubbish[] = {"",
					      "{",
					      "[]",
					      "7",
					      "{}",
					      "{\"cnf\":{}}",
					      "{\"cnf\":{\"jwk\":{\"kty\":\"OKP\",\"crv\":\"X25519\"}}}"};
	bool all = true;
	for (size_t i = 0; i < sizeof rubbish / sizeof *rubbish; i++) {
		struct buf chain BUF_AUTO = BUF_INIT;
		char *error = NULL;
		size_t at;
		all = all && hop_make(&chain, &at, &wanted, &signer, rubbish[i], strlen(rubbish[i]),
				      &error) == EXIT_UNREACHABLE;
		free(error);
	}
	holds("rubbish is taken for an answer", all);
}

static void asks(const char *lost, struct hop_wanted wanted, int status)
{
	char *error = NULL;
	holds(lost, hop_wanted_check(&wanted, &signer, &error) == status);
	free(error);
}

static void test_wanted(const struct buf *first)
{
	struct buf other BUF_AUTO = BUF_INIT, long_task BUF_AUTO = BUF_INIT;
	first_hop(&other, approver, "somebody", NOW + 600);
	for (int i = 0; i <= HOP_MAX_TASK; i++)
		buf_addc(&long_task, 'x');
	const struct hop_wanted good = {.to = "worker", .task = "t", .chain = first->data, .more_depth = -1};
	struct hop_wanted wanted = good;
	asks("a right wish is refused", good, 0);
	wanted.to = "no name";
	asks("a name that is none is asked for", wanted, EXIT_USAGE_ERROR);
	wanted = good, wanted.task = "\xff";
	asks("a task that is no text is signed", wanted, EXIT_USAGE_ERROR);
	wanted = good, wanted.task = long_task.data;
	asks("a task of any length is signed", wanted, EXIT_USAGE_ERROR);
	wanted = good, wanted.scope = "{\"host\":[\"a\"]}";
	asks("a misspelt scope is signed", wanted, EXIT_USAGE_ERROR);
	wanted = good, wanted.scope = "{\"hosts\":[\"a\"]},\"depth\":0";
	asks("a scope writes claims of its own", wanted, EXIT_USAGE_ERROR);
	wanted = good, wanted.more_depth = 8;
	asks("a depth that no chain has is asked for", wanted, EXIT_USAGE_ERROR);
	wanted = good, wanted.expires_s = DELEGATE_MAX_S + 1;
	asks("a delegation is good for longer than a month", wanted, EXIT_USAGE_ERROR);
	wanted = good, wanted.chain = other.data;
	asks("somebody else's chain is sent", wanted, EXIT_IDENTITY);
	wanted = good, wanted.chain = "a~b";
	asks("what is no chain is sent", wanted, EXIT_IDENTITY);
}

static void test_logged(const struct buf *first)
{
	static const char right[] = "{\"jti\":\"019a0000-0000-7000-8000-000000000001\",\"log_index\":7}";
	static const char other[] = "{\"jti\":\"019a0000-0000-7000-8000-000000000002\",\"log_index\":7}";
	static const char none[] = "{\"jti\":\"019a0000-0000-7000-8000-000000000001\"}";
	holds("a hop that is logged is not handed out",
	      hop_logged(right, strlen(right), first->data, first->len));
	holds("another hop's receipt is believed",
	      !hop_logged(other, strlen(other), first->data, first->len));
	holds("a receipt without a place in the log is believed",
	      !hop_logged(none, strlen(none), first->data, first->len));
	holds("no receipt is believed", !hop_logged("", 0, first->data, first->len));
}

int main(void)
{
	unsigned char x[KEY_BYTES];
	struct buf first BUF_AUTO = BUF_INIT;
	approver = signing_key_generate();
	agent = signing_key_generate();
	worker = signing_key_generate();
	signing_key_export(approver, NULL, x);
	approver_public = public_key_new(x);
	signer = (struct hop_signer){
	    .name = "orchestrator", .aud = "approver-1", .key = agent, .approver = approver_public};
	first_hop(&first, approver, "orchestrator", NOW + 600);
	test_good(&first);
	test_answers(&first);
	test_wanted(&first);
	test_logged(&first);
	signing_key_free(approver);
	signing_key_free(agent);
	signing_key_free(worker);
	public_key_free(approver_public);
	return checks_end();
}
