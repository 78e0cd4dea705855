/* pick.h: samples that nobody picks.
 *
 * Every record has a rank: SHA-256 of the report's seed (64 hexadecimal digits), a line feed, and the
 * record's number in the log in decimal.  A class's sample is its records of the lowest ranks.  The seed
 * follows from the log itself, so whoever has the log can draw the same sample again, and whoever made the
 * records could not know what would be drawn.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_REPORT_PICK_H
#define WHOSH_REPORT_PICK_H

#include <stdbool.h>
#include <stdint.h>

enum { SAMPLE_DEFAULT = 5, SAMPLE_MAX = 60, SEED_LEN = 64 };

enum pick_class {
	PICK_ANY,      /* commands */
	PICK_DENIED,   /* commands that were denied */
	PICK_REVIEWED, /* commands that a person decided on */
	PICK_UNREVIEWED,
	PICK_UNKNOWN,    /* commands whose outcome is not known */
	PICK_DELEGATED,  /* commands on a delegation */
	PICK_CREDENTIAL, /* events: issued, rotated, revoked */
	PICK_ACCESS,     /* events: agents and operators added, disabled, removed; keys and delegations */
	PICK_SIGN_IN,    /* events */
	PICK_POLICY,     /* events */
	PICK_KILL,       /* events: kills, lifted, alerts, refused */
	PICK_LOG,        /* events: started, stopped */
	PICK_CLASSES
};

struct pick {
	unsigned char rank[32];
	int64_t index; /* in the log */
	char id[37];   /* of the command; "" for an event */
};

struct picks {
	char seed[SEED_LEN + 1];
	int size;                                     /* of each sample */
	struct pick sample[PICK_CLASSES][SAMPLE_MAX]; /* lowest rank first */
	int n[PICK_CLASSES];
	int64_t of[PICK_CLASSES]; /* records in the class */
};

/* "any", "denied" … */
const char *pick_class_name(enum pick_class class);
bool pick_class_is_events(enum pick_class class);
/* The record's rank. */
void pick_rank(const struct picks *picks, int64_t index, unsigned char rank[32]);
/* Let a record with its rank stand for a class. */
void pick_offer(struct picks *picks, enum pick_class class, const unsigned char rank[32], int64_t index,
		const char *id);

#endif
