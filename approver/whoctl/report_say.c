/* report_say.c: what stands in every report; see report.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/report.h"
#include "approver/whoctl/moment.h"
#include "common/text.h"
#include <string.h>

const char report_caution[] = "This mapping of records to controls is an aid, not advice: it does not say "
			      "that a control is met. Whether "
			      "these answers are enough is for the auditor and the organisation to decide. "
			      "The questions are in our own "
			      "words; the standard's text governs.";

void report_period_add(struct buf *out, const cJSON *report)
{
	int64_t from, to;
	if (!json_time(report, "from", &from) || !json_time(report, "to", &to))
		return;
	utc_add(out, from, NULL);
	buf_adds(out, " up to, and without, ");
	utc_add(out, to, NULL);
}

void report_drawing_add(struct buf *out, const cJSON *report)
{
	int64_t size = 0, log_size = 0;
	json_integer(report, "sample_size", &size);
	json_integer(report, "log_size", &log_size);
	buf_addf(
	    out,
	    "Nobody chose the samples. Every record's rank is the SHA-256 of the seed, a line feed and the "
	    "record's "
	    "log index in decimal; of each kind the %lld records of the lowest ranks are shown. The seed is ",
	    (long long)size);
	json_visible_add(out, report, "seed", "?");
	buf_adds(out, ": ");
	json_visible_add(out, report, "seed_of", "?");
	buf_addf(out,
		 ". The log then held %lld events. `whoctl report` with --seed draws the same samples again; "
		 "each has its "
		 "inclusion proof in the signed checkpoint, an audit path of RFC 6962.",
		 (long long)log_size);
}

int64_t report_fact(const cJSON *report, const char *name, const char **what)
{
	const cJSON *fact;
	int64_t value = 0;
	*what = NULL;
	cJSON_ArrayForEach(fact, json_array(report, "facts"))
	{
		const char *its = json_string(fact, "name");
		if (!its || strcmp(its, name) != 0)
			continue;
		*what = json_string(fact, "what");
		json_integer(fact, "value", &value);
		return value;
	}
	return 0;
}
