/* credential_status.c: which credentials soon end, or have ended with nothing in their place, and what to
 * type.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/credential.h"
#include "approver/whoctl/human.h"
#include "common/clock.h"
#include <string.h>

static bool in_use(enum credential_state state)
{
	return state == CREDENTIAL_GOOD || state == CREDENTIAL_EXPIRING || state == CREDENTIAL_REPLACED;
}

/* Has the credential's agent another one that is in use? */
static bool has_other(const cJSON *credentials, const cJSON *credential, int64_t now)
{
	const char *agent = json_string(credential, "agent");
	const cJSON *other;
	cJSON_ArrayForEach(other, credentials)
	{
		const char *of = json_string(other, "agent");
		if (other != credential && agent && of && !strcmp(agent, of) &&
		    in_use(credential_state(other, now)))
			return true;
	}
	return false;
}

/* "worker: 3 d 0 h left, then: whoctl credential rotate worker --out FILE" */
static void advice_add(struct buf *out, const cJSON *credential, int64_t now, const struct style *style)
{
	struct buf one BUF_AUTO = BUF_INIT;
	int64_t expires = now;
	json_time(credential, "expires", &expires);
	json_visible_add(&one, credential, "agent", "?");
	buf_adds(&one, ": ");
	if (expires > now) {
		span_add(&one, (expires - now) / 1000);
		buf_adds(&one, " left, then: whoctl credential rotate ");
	} else {
		buf_adds(&one, "expired, its commands are refused: whoctl credential rotate ");
	}
	json_visible_add(&one, credential, "agent", "?");
	buf_adds(&one, " --out FILE");
	buf_addf(out, "%-13s", "");
	coloured_add(out, style, expires > now ? COLOUR_YELLOW : COLOUR_RED, one.data ? one.data : "");
	buf_addc(out, '\n');
}

void credentials_status_add(struct buf *out, const cJSON *credentials, const struct style *style)
{
	struct buf advice BUF_AUTO = BUF_INIT;
	const cJSON *credential;
	int64_t now = clock_wall_ms();
	int good = 0, expiring = 0;
	cJSON_ArrayForEach(credential, credentials)
	{
		enum credential_state state = credential_state(credential, now);
		good += in_use(state);
		expiring += state == CREDENTIAL_EXPIRING;
		bool expired = state == CREDENTIAL_EXPIRED && !has_other(credentials, credential, now);
		if (state == CREDENTIAL_EXPIRING || expired)
			advice_add(&advice, credential, now, style);
	}
	buf_addf(out, "%-13s%d good, %d of them for less than 14 days\n", "credentials", good, expiring);
	buf_adds(out, advice.data ? advice.data : "");
}
