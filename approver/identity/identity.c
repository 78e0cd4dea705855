/* identity.c: find the key that a signature was made with.
 *
 * A command names its agent, and an agent may have several keys (one a host, or two while one replaces the
 * other). The one that signed last is tried first, so a busy agent costs one verification; what is tried in
 * all is bounded.  A request may name its key, as our brokers do, so that an agent of a thousand CI jobs
 * costs one verification too, and none of them is beyond the bound.  Who names none, and whoever sends
 * rubbish, has the first few tried, and more only while that takes no more than a quarter of a core.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/identity/identity.h"
#include "approver/http/bucket.h"
#include "common/clock.h"

enum { AT_ONCE = 16, MAX_USABLE = 256, MAX_OTHERS = 8, CHECKS_A_SECOND = 4096 };

const char *identity_unusable(const struct credential *credential, int64_t now, bool *revoked)
{
	*revoked = credential->revoked != 0;
	if (*revoked)
		return "the credential was revoked";
	if (credential->expires && now >= credential->expires)
		return credential->replaced_by ? "the credential was replaced and its time is over: has its "
						 "host the new token file?"
					       : "the credential has expired";
	if (now < credential->not_before)
		return "the credential is not valid yet";
	return NULL;
}

bool identity_taken_away(const struct credential *credential)
{
	return !credential || credential->revoked || credential->agent->disabled;
}

struct credential *identity_named(struct request *request)
{
	const char *name = request_header(request, "Whosh-Credential");
	return name ? registry_credential(request->server->registry, name) : NULL;
}

struct credential *identity_signer(struct agent *agent, struct credential *named, const char *jws, size_t len)
{
	if (named && named->agent == agent && jws_verify(jws, len, named->key))
		return named;
	struct credential *recent = agent->recent;
	if (recent && jws_verify(jws, len, recent->key))
		return recent;
	int64_t now = clock_wall_ms();
	bool revoked;
	static struct bucket more = {
	    .lock = PTHREAD_MUTEX_INITIALIZER, .most = CHECKS_A_SECOND, .rate = CHECKS_A_SECOND};
	int left[2] = {MAX_OTHERS, MAX_USABLE};
	for (int usable = 1; usable >= 0; usable--)
		for (struct credential *c = agent->credentials; c && left[usable]; c = c->older) {
			if (c == recent || (identity_unusable(c, now, &revoked) == NULL) != (usable == 1))
				continue;
			if (usable && left[usable] == MAX_USABLE - AT_ONCE &&
			    !bucket_take(&more, MAX_USABLE - AT_ONCE))
				break;
			left[usable]--;
			if (!jws_verify(jws, len, c->key))
				continue;
			agent->recent = c;
			return c;
		}
	return NULL;
}
