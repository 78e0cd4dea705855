/* standard.h: what a standard asks, as far as records of commands and identities can speak to it.
 *
 * A standard is a table of controls (controls_*.c); a control is its number, a question in our own words, the
 * topics that answer it, the classes that a sample of records is drawn from, and what the log cannot say. The
 * mapping is an aid for people who know the standard, and the answer says so.
 *
 * The answer is one JSON object (whosh-protocol(7), "GET /v1/reports/STANDARD").
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_REPORT_STANDARD_H
#define WHOSH_REPORT_STANDARD_H

#include "approver/report/job.h"
#include "approver/report/pick.h"
#include "approver/report/topics.h"

struct log;

enum { CONTROL_TOPICS = 4, CONTROL_CLASSES = 2 };

struct control {
	const char *id, *title, *question;
	enum topic topics[CONTROL_TOPICS];
	/* + 1, so that 0 is none */
	int classes[CONTROL_CLASSES];
	const char *cannot;
};

struct standard {
	const char *name, *title; /* "soc2"; "SOC 2 (Trust Services Criteria)" */
	const struct control *controls;
	size_t n;
};

extern const struct standard standard_soc2, standard_iso27001, standard_hipaa, standard_pci_dss,
    standard_nist_800_53, standard_eu_ai_act;

/* NULL when there is none of that name; and all their names: "soc2, iso27001, …". */
const struct standard *standard_named(const char *name);
void standard_names(struct buf *out);

struct standard_ask {
	const struct standard *standard;
	int64_t from, to, now;         /* ms */
	struct log *log;               /* borrowed, as are the secrets */
	const struct secrets *secrets; /* what is masked */
	const char *seed;              /* 64 hexadecimal digits; NULL: the root of the log's checkpoint */
	int sample;                    /* records of each class */
};

/* NULL when out of memory. */
struct report_job *standard_new(const struct standard_ask *ask);

/* ── shared by standard.c and standard_answer.c ────────────────────────────────────────────────────────── */

struct standard_job {
	struct report_job job; /* first: it is what others hold */
	struct standard_ask ask;
	char before[ID_SIZE]; /* the page of commands it has come to */
	bool commands_read;
	int64_t event;         /* and the event */
	struct buf checkpoint; /* the signed note that the report is of */
	int64_t size;          /* events that there were */
	char seed_of[160];     /* where the seed is from, for people */
	struct facts facts;
};
/* Append the whole answer; 0 or -1. */
int standard_answer(struct buf *out, const struct standard_job *job, struct store_reader *reader);

#endif
