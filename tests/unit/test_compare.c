/* test_compare.c: what is counted of an agent's lines, and when two shares are said to differ.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/compare.h"
#include "tests/unit/check.h"
#include <stdlib.h>
#include <string.h>

static bool found(int64_t a, int64_t na, int64_t b, int64_t nb, enum finding wanted, double bound)
{
	struct share one = {a, na}, other = {b, nb};
	double below, mirrored;
	bool same = shares_compare(&one, &other, &below) == wanted && below == bound;
	return same && shares_compare(&other, &one, &mirrored) == wanted && mirrored == bound;
}

/* From the formula and a table of the normal distribution: z of 40/200 and 60/200 it is 2.309 (p 0.021), of
 * 40/200 and 64/200 2.736 (p 0.0062), of 40/200 and 72/200 3.563 (p 0.00037), of 40/200 and 55/200 1.762 (p
 * 0.078). */
static void test_shares(void)
{
	holds("chance is told as a difference", found(40, 200, 55, 200, FINDING_CHANCE, 1));
	holds("a difference is told as chance (p 0.021)", found(40, 200, 60, 200, FINDING_DIFFERS, 0.05));
	holds("a clear difference is told as a slight one (p 0.0062)",
	      found(40, 200, 64, 200, FINDING_DIFFERS, 0.01));
	holds("a very clear difference is told as a slight one (p 0.00037)",
	      found(40, 200, 72, 200, FINDING_DIFFERS, 0.001));
	holds("nothing against nothing is told as something", found(0, 0, 0, 0, FINDING_TOO_FEW, 1));
	holds("a model that ran nothing is compared", found(3, 10, 0, 0, FINDING_TOO_FEW, 1));
	holds("never against never is a finding", found(0, 9000, 0, 9000, FINDING_TOO_FEW, 1));
	holds("always against always is a finding", found(50, 50, 90, 90, FINDING_TOO_FEW, 1));
	holds("a handful of lines passes for evidence", found(0, 8, 8, 8, FINDING_TOO_FEW, 1));
	holds("ten and ten are enough when all differ", found(0, 10, 10, 10, FINDING_DIFFERS, 0.001));
}

static void add(struct sample *sample, const char *members)
{
	struct buf text BUF_AUTO = BUF_INIT;
	buf_addf(&text, "{\"session\":\"01930000-0000-7000-8000-00000000000%lld\",\"ts\":%lld,%s}",
		 (long long)sample->lines % 3, 1790000000000LL + (long long)sample->lines, members);
	cJSON *record JSON_AUTO = json_parse(text.data, text.len, NULL);
	if (!record || !sample_add(sample, record))
		printf("# the test's own record: %s\n", text.data);
}

static bool share_is(const struct sample *sample, enum measure measure, int64_t count, int64_t of)
{
	return sample->shares[measure].count == count && sample->shares[measure].of == of;
}

#define POLICY(verdict) "\"verdict\":\"" verdict "\",\"cause\":\"policy\""
#define REVIEW(verdict) "\"verdict\":\"" verdict "\",\"cause\":\"review\""

static void test_counts(void)
{
	struct sample s = {0};
	add(&s, "\"line\":\"/usr/bin/git log | git shortlog; ls\"," POLICY(
		    "approved") ",\"outcome\":\"exited\",\"exit\":0,"
				"\"started\":1790000000100,\"ended\":1790000000110");
	add(&s,
	    "\"line\":\"git push\"," POLICY("approved") ",\"outcome\":\"exited\",\"exit\":1,"
							"\"started\":1790000000100,\"ended\":1790000000130");
	add(&s, "\"line\":\"make\"," REVIEW("approved") ",\"outcome\":\"signaled\",\"signal\":\"TERM\","
							"\"started\":1790000000100,\"ended\":1790000000120");
	add(&s, "\"line\":\"rm x\"," POLICY("denied"));
	add(&s, "\"line\":\"rm y\"," REVIEW("denied"));
	add(&s, "\"line\":\"rm z\",\"verdict\":\"denied\",\"cause\":\"timeout\"");
	add(&s, "\"line\":\"rm w\",\"verdict\":null,\"state\":\"pending\"");
	add(&s, "\"line\":\"$x; ls\"," POLICY("approved") ",\"outcome\":\"not_run\"");
	add(&s, "\"line\":\"X=1\"," POLICY("approved") ",\"state\":\"lost\",\"outcome\":null");
	add(&s, "\"line\":\"case x in (\"," POLICY("denied"));
	sample_close(&s);
	holds("lines and sessions are lost", s.lines == 10 && s.sessions == 3);
	holds("the time they span is lost", s.first == 1790000000000 && s.last == 1790000000009);
	holds("what went to reviewers is miscounted", share_is(&s, REVIEWED, 4, 10));
	holds("a line that waits passes for one that nobody decided", share_is(&s, UNDECIDED, 1, 3));
	holds("denials by the policy are miscounted", share_is(&s, DENIED_BY_POLICY, 2, 6));
	holds("denials by reviewers are miscounted", share_is(&s, DENIED_BY_REVIEW, 1, 2));
	holds("a timeout passes for a denial", share_is(&s, DENIED, 3, 8));
	holds("failures are miscounted", share_is(&s, FAILED, 4, 5) && share_is(&s, EXIT_NOT_0, 1, 5) &&
					     share_is(&s, SIGNALED, 1, 5) && share_is(&s, NOT_RUN, 1, 5) &&
					     share_is(&s, LOST, 1, 5));
	holds("the median run is another one", sample_median(&s) == 20);
	holds("a program that one line runs twice counts twice", sample_program(&s, "git") == 2);
	holds("a program is lost", sample_program(&s, "ls") == 2 && sample_program(&s, "rm") == 4);
	holds("what is not understood passes for understood", s.classes[NOT_UNDERSTOOD] == 2);
	holds("an assignment passes for a program", s.classes[NO_PROGRAM] == 1);
	sample_finish(&s);
}

/* Whatever an agent sends, so many names are kept and no more. */
static void test_bounds(void)
{
	struct sample s = {0};
	char line[200];
	for (int i = 0; i < PROGRAMS_MAX + 50; i++) {
		snprintf(line, sizeof line, "\"line\":\"p%d\"," POLICY("approved"), i);
		add(&s, line);
	}
	snprintf(line, sizeof line, "\"line\":\"%0*d\"," POLICY("approved"), PROGRAM_NAME_MAX + 1, 7);
	add(&s, line);
	holds("names of programs fill the memory",
	      s.n_programs == PROGRAMS_MAX && s.classes[OTHER_PROGRAMS] == 51);
	sample_finish(&s);
}

static void test_times(void)
{
	struct comparison c = {.agent = "a", .model = {"A", "B"}};
	struct compared compared;
	char line[200];
	for (int i = 0; i < 100; i++) {
		snprintf(line, sizeof line, "\"line\":\"ls\",\"started\":1790000000000,\"ended\":%lld",
			 1790000000000LL + 10 + i);
		add(&c.sample[0], line);
		snprintf(line, sizeof line, "\"line\":\"ls\",\"started\":1790000000000,\"ended\":%lld",
			 1790000000000LL + 60 + i);
		add(&c.sample[1], line);
	}
	sample_close(&c.sample[0]);
	sample_close(&c.sample[1]);
	compare_times(&c, &compared);
	holds("the median of two samples is another one", samples_median(&c.sample[0], &c.sample[1]) == 84);
	holds("slower runs pass for chance",
	      compared.finding == FINDING_DIFFERS && compared.p_below == 0.001);
	sample_finish(&c.sample[0]);
	sample_finish(&c.sample[1]);
}

int main(void)
{
	test_shares();
	test_counts();
	test_bounds();
	test_times();
	return checks_end();
}
