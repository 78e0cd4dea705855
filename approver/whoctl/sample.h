/* sample.h: what is counted of the lines that one agent sent with one model.
 *
 * Memory is bounded whatever the agent sent: so many lines as were asked for, so many program names, and no
 * text of a line is kept.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WHOCTL_SAMPLE_H
#define WHOSH_WHOCTL_SAMPLE_H

#include "approver/whoctl/proportion.h"
#include "common/json.h"

#define PROGRAMS_MAX 4096
#define PROGRAM_NAME_MAX 64

enum measure {
	REVIEWED,         /* of all lines: a person was to decide */
	UNDECIDED,        /* of those that no longer wait: timed out or withdrawn */
	DENIED,           /* of those decided by the policy or by reviewers */
	DENIED_BY_POLICY, /* of those decided by the policy */
	DENIED_BY_REVIEW, /* of those decided by reviewers */
	FAILED,           /* of those that ended: any of the next four */
	EXIT_NOT_0,
	SIGNALED,
	NOT_RUN,
	LOST,
	MEASURES
};

/* Lines that are counted under no program's name. */
enum line_class {
	NOT_UNDERSTOOD, /* the parser is not sure of the line, or of a command's name */
	NO_PROGRAM,     /* only assignments and redirections */
	OTHER_PROGRAMS, /* names beyond PROGRAMS_MAX, or longer than PROGRAM_NAME_MAX */
	LINE_CLASSES
};

struct program {
	char *name;
	int64_t lines; /* that run it, once or more often */
	int64_t last;  /* the line that was last counted */
};

struct sample {
	int64_t lines, sessions;
	int64_t first, last; /* ms; 0: none */
	struct share shares[MEASURES];
	struct program *programs; /* sorted by name */
	size_t n_programs, room_programs;
	int64_t classes[LINE_CLASSES];
	int64_t *times; /* run times in ms; sorted once the sample is closed */
	size_t n_times, room_times;
	unsigned char (*ids)[16]; /* of the sessions, one a line */
	size_t n_ids, room_ids;
};

/* Count one record of GET /v1/audit.  false when out of memory. */
bool sample_add(struct sample *sample, const cJSON *record);
/* Every record has been added: count the sessions, sort the run times. */
void sample_close(struct sample *sample);
/* The median run time, ms; -1 when nothing ran. */
int64_t sample_median(const struct sample *sample);
/* How many of the runs took longer than `ms`. */
struct share sample_longer(const struct sample *sample, int64_t ms);
/* The median of both samples' run times together; -1 when nothing ran. */
int64_t samples_median(const struct sample *a, const struct sample *b);
/* How many lines run the program. */
int64_t sample_program(const struct sample *sample, const char *name);
void sample_finish(struct sample *sample);

#endif
