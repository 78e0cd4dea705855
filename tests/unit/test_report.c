/* test_report.c: what reports are counted and told with: shapes, habits, samples, tallies, times and pages.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/report/event_text.h"
#include "approver/report/habits.h"
#include "approver/report/pick.h"
#include "approver/report/sentence.h"
#include "approver/report/text.h"
#include "approver/whoctl/html.h"
#include "approver/whoctl/moment.h"
#include "tests/unit/check.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void remember(const char *program, const char *shape, void *arg)
{
	buf_addf(arg, "%s=%s;", program, shape);
}

static void shape(const char *lost, const char *line, const char *wanted)
{
	struct buf got BUF_AUTO = BUF_INIT;
	shapes_each(line, strlen(line), remember, &got);
	bool same = !strcmp(got.data ? got.data : "", wanted);
	if (!same)
		printf("# %s: %s, not %s\n", line, got.data ? got.data : "", wanted);
	holds(lost, same);
}

static bool grave(size_t number, const char *line)
{
	return phrase_in(number, line, strlen(line));
}

static void shapes(void)
{
	shape("a program is its name, its options are its shape", "/usr/bin/psql -d shop -c 'x'",
	      "psql=psql -d -c;");
	shape("a subcommand belongs to the shape", "git push --force origin main", "git=git push --force;");
	shape("no value enters a shape: it may be a secret",
	      "mysql -phunter2 --password=hunter2 --token hunter2", "mysql=mysql -p --password --token;");
	shape("wrappers are looked through", "timeout 5 nice -n 3 rm -rf x", "rm=rm -r;");
	shape("sudo is seen, and what it runs", "sudo -u root systemctl restart db",
	      "sudo=sudo;systemctl=systemctl restart;");
	shape("each command of a pipeline counts", "cat a | grep -c b", "cat=cat;grep=grep -c;");
	shape("a program that is not known is none", "$x -y", "");
	shape("an option is named once", "tar -x -x --list --list", "tar=tar -x --list;");
	holds("DROP TABLE is found in any case, with any blanks", grave(0, "psql -c 'dRop \t\n table x'"));
	holds("a word that only begins like it is none", !grave(0, "echo DROP TABLES; echo xDROP TABLE"));
	holds("a phrase at the line's end is found", grave(0, "DROP TABLE") && grave(7, "sudo rm -rf"));
	holds("half a phrase is none", !grave(0, "DROP ") && !grave(0, "DROP") && !grave(0, ""));
}

static void at_hours(struct habits *habits, int from, int to, int times)
{
	struct command_row row = {.agent = (char *)(uintptr_t) "a",
				  .line = (char *)(uintptr_t) "git status",
				  .line_len = 10,
				  .cwd = (char *)(uintptr_t) "/srv"};
	for (int hour = from; hour < to; hour++)
		for (int i = 0; i < times; i++) {
			row.ts = ((int64_t)hour % 24) * 3600000 + i;
			habits_add(habits, &row, 0);
		}
}

static void hours(void)
{
	struct habits habits = {0};
	int begin = -1, length = -1;
	holds("without commands there are no hours", !habits_hours(&habits, &begin, &length));
	at_hours(&habits, 22, 30, 50);
	holds("work over midnight is one run of hours",
	      habits_hours(&habits, &begin, &length) && begin == 22 && length == 8);
	at_hours(&habits, 12, 13, 3);
	holds("one night in a hundred is no habit",
	      habits_hours(&habits, &begin, &length) && begin == 22 && length == 8);
	at_hours(&habits, 12, 13, 2);
	holds("more than that is one", habits_hours(&habits, &begin, &length) && length == 15);
	at_hours(&habits, 0, 24, 50);
	holds("who works always works 24 hours", habits_hours(&habits, &begin, &length) && length == 24);
	holds("every command is counted once", habits.n == 400 + 3 + 2 + 1200 &&
						   tally_met(&habits.of[BY_PROGRAM], "git") == habits.n &&
						   tally_met(&habits.of[BY_FOLDER], "/srv") == habits.n);
	habits_finish(&habits);
	holds("hours are those of the asker's zone", hour_of(0, 330) == 5 && hour_of(0, -60) == 23);
}

static void tallies(void)
{
	struct tally tally = {0};
	char name[TALLY_NAME_MAX + 2];
	int64_t sum = 0;
	for (int i = 0; i < TALLY_MAX + 100; i++) {
		snprintf(name, sizeof name, "name-%d", i);
		tally_of(&tally, name)->n[0]++;
	}
	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	tally_of(&tally, name)->n[0]++;
	for (size_t i = 0; i < tally.count; i++)
		sum += tally.entries[i].n[0];
	holds("an agent that thinks up names fills no memory, and is counted all the same",
	      tally.count == TALLY_MAX && sum + tally.others.n[0] == TALLY_MAX + 101);
	tally_of(&tally, "name-7")->n[0]++;
	const struct tally_entry **ranked = tally_ranked(&tally);
	holds("what is met most often comes first", ranked && !strcmp(ranked[0]->name, "name-7"));
	free(ranked);
	tally_finish(&tally);
}

static void samples(void)
{
	struct picks *picks = calloc(1, sizeof *picks);
	/* printf '%064d\n42' | tr 0 a | sha256sum */
	static const unsigned char known[4] = {0xc5, 0x0b, 0x97, 0x18};
	unsigned char rank[32];
	if (!picks)
		return;
	picks->size = 3;
	memset(picks->seed, 'a', SEED_LEN);
	pick_rank(picks, 42, rank);
	holds("a rank is what anybody's SHA-256 says", !memcmp(rank, known, sizeof known));
	for (int64_t i = 0; i < 1000; i++) {
		pick_rank(picks, i, rank);
		pick_offer(picks, PICK_ANY, rank, i, "");
	}
	bool sorted = true, lowest = true;
	for (int i = 1; i < 3; i++)
		sorted &= memcmp(picks->sample[0][i - 1].rank, picks->sample[0][i].rank, 32) < 0;
	int below = 0;
	for (int64_t i = 0; i < 1000; i++) {
		pick_rank(picks, i, rank);
		below += memcmp(rank, picks->sample[0][2].rank, 32) <= 0;
	}
	lowest = below == 3;
	holds("a sample is the records of the lowest ranks, in order", picks->n[0] == 3 && sorted && lowest);
	holds("all that stood for it are counted", picks->of[0] == 1000);
	free(picks);
}

static bool is(struct buf *buf, const char *wanted)
{
	bool same = !strcmp(buf->data ? buf->data : "", wanted);
	if (!same)
		printf("# %s\n", buf->data ? buf->data : "");
	buf_finish(buf);
	return same;
}

static void texts(void)
{
	struct buf out = BUF_INIT;
	report_count(&out, 1234567);
	report_count(&out, -1234);
	report_count(&out, 999);
	holds("numbers are written to be read", is(&out, "1,234,567-1,234999"));
	sentence(&out, "%n [dog|dogs], %t", (int64_t)1, (int64_t)3900000);
	sentence(&out, "%n [dog|dogs] of %s", (int64_t)2, "\"Bob\"");
	holds("one is not many, and a sentence is a JSON string",
	      is(&out, "\"1 dog, 1 h 5 m\",\"2 dogs of \\\"Bob\\\"\""));
	report_text(&out, "a\x1b\xe2\x80\xae", NULL);
	holds("what acts or hides is written out", is(&out, "a\\x1b\\u202e"));
	event_text(&out, EVENT_OPERATOR_SIGN_IN, "{\"operator\":\"bob\",\"from\":\"::1\"}", 31, NULL);
	holds("what an event does not say is left out of its sentence", is(&out, "bob signed in from ::1"));
	event_text(&out, EVENT_KILL, "no JSON", 7, NULL);
	holds("an event that cannot be read is told by its name", is(&out, "kill"));
	html_text(&out, "<a href=\"x\">'&\x1b\n\xff</a>");
	holds("nothing leaves its place in a page",
	      is(&out, "&lt;a href=&quot;x&quot;&gt;&#39;&amp;<span class=\"esc\">\\x1b</span><span "
		       "class=\"esc\">\\n</span><span class=\"esc\">\\xff</span>&lt;/a&gt;"));
	html_bytes(&out, "a\n\tb\r", 5, true);
	holds("a script keeps its lines, and no more than that",
	      is(&out, "a\n\tb<span class=\"esc\">\\x0d</span>"));
}

static bool means(const char *at, const char *date, int64_t now, int64_t wanted)
{
	int64_t ms = 0;
	return moment_parse(at, date, now, &ms) && ms == wanted;
}

static void moments(void)
{
	int64_t ms;
	struct buf out = BUF_INIT;
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	/* 2026-03-01 12:00:00 UTC */
	int64_t noon = 1772366400000, hour = 3600000;
	holds("03:47 is the last one", means("03:47", NULL, noon, noon - 9 * hour - 13 * 60000));
	holds("one that has not come is yesterday's",
	      means("13:01", NULL, noon, noon - 24 * hour + 60000) && means("13:00", NULL, noon, noon));
	holds("a day has its own, in summer time too", means("03:47", "2026-07-01", noon, 1782870420000));
	holds("RFC 3339 is taken as it is", means("2026-03-01T12:00:00Z", NULL, 0, noon));
	holds("what is no time is none",
	      !moment_parse("3:47", NULL, noon, &ms) && !moment_parse("03:47:61", NULL, noon, &ms) &&
		  !moment_parse("03:47 ", NULL, noon, &ms) && !moment_parse("24:00", NULL, noon, &ms) &&
		  !moment_parse("03:47", "2026-02-30", noon, &ms) &&
		  !moment_parse("2026-03-01T12:00:00Z", "2026-03-01", noon, &ms));
	moment_add(&out, noon);
	holds("local time has its zone, and UTC beside it",
	      is(&out, "2026-03-01 13:00:00 CET (12:00:00 UTC)"));
	moment_add(&out, noon + 11 * hour + 30 * 60000);
	holds("UTC has its date where it is another",
	      is(&out, "2026-03-02 00:30:00 CET (2026-03-01 23:30:00 UTC)"));
	holds("the offset is that of the day",
	      local_offset(noon) == 60 && local_offset(1782870420000) == 120);
	setenv("TZ", "UTC0", 1);
	tzset();
	moment_add(&out, noon);
	holds("UTC is not told twice", is(&out, "2026-03-01 12:00:00 UTC"));
}

int main(void)
{
	shapes();
	hours();
	tallies();
	samples();
	texts();
	moments();
	return checks_end();
}
