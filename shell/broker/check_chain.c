/* check_chain.c: what whosh --check says of a principal chain.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/broker/check_chain.h"
#include "common/clock.h"
#include "common/hop.h"
#include <string.h>

static bool read_hop(struct hop *hop, const struct hop_text *text)
{
	struct buf payload BUF_AUTO = BUF_INIT;
	char why[160];
	memset(hop, 0, sizeof *hop);
	return jws_open(text->text, text->len, JWS_HOP, &payload) && !payload.failed &&
	       hop_parse(hop, payload.data ? payload.data : "", payload.len, why);
}

const char *check_chain(struct buf *out, const char *chain, const char *agent, int64_t now)
{
	struct hop_text hops[CHAIN_MAX_HOPS];
	int n = chain_split(chain, strlen(chain), hops);
	int64_t expires = INT64_MAX;
	bool readable = n > 0, ours = false;
	struct buf task BUF_AUTO = BUF_INIT;
	for (int i = 0; i < n && readable; i++) {
		struct hop hop;
		readable = read_hop(&hop, &hops[i]);
		if (readable) {
			buf_addf(out, "%s%s → %s", i ? "" : "for ", i ? "" : hop.sub, hop.act);
			buf_clear(&task);
			buf_adds(&task, hop.task);
			ours = !strcmp(hop.act, agent);
			expires = hop.exp < expires ? hop.exp : expires;
		}
		hop_finish(&hop);
	}
	if (!readable) {
		buf_clear(out);
		buf_adds(out, "WHOSH_PRINCIPAL_CHAIN holds no chain that can be read");
		return "warn";
	}
	char until[RFC3339_LEN + 1];
	rfc3339_format(expires * 1000, until);
	buf_addf(out, ", %s %s (as read; the approver verifies it)", expires > now ? "good until" : "expired",
		 until);
	if (!ours)
		buf_addf(out, "; it does not end at %s: have it delegated with whoctl delegate --to %s",
			 agent, agent);
	/* Last, so that no task can pass for more. */
	buf_addf(out, "; task \"%s\"", task.data ? task.data : "");
	return ours && expires > now ? "ok" : "warn";
}
