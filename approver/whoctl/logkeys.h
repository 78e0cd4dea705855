/* logkeys.h: the keys that a log is held against, as people give them: on the command line or in a file.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WHOCTL_LOGKEYS_H
#define WHOSH_WHOCTL_LOGKEYS_H

#include "approver/audit/signed.h"
#include "approver/audit/source.h"
#include "approver/whoctl/whoctl.h"
#include "common/jws.h"

enum { WITNESSES_MAX = 16 };

struct log_keys {
	struct note_verifier log;
	bool own; /* the log's key is the copy's own: nobody vouched for it */
	struct note_verifier witness[WITNESSES_MAX];
	int witnesses;
	unsigned char approver[KEY_BYTES];
	bool has_approver;
};

/* From --vkey (else log.vkey of the folder, which may be NULL), --witness and --approver-key.  0, or an exit
 * status after saying what is wrong. */
int log_keys_load(const struct ctl *ctl, const struct log_folder *folder, struct log_keys *keys);
/* Verifier keys from `text`: the name of a file with one a line, or one itself.  How many, or -1 after saying
 * what is wrong. */
int vkeys_load(const char *text, struct note_verifier *keys, int max);
/* The folder of --log, else of --dir or WHOCTL_DIR.  0 or an exit status. */
int log_folder_of(const struct ctl *ctl, struct log_folder *folder);
/* A checkpoint in a file.  0, or an exit status after saying why not. */
int checkpoint_load(const char *path, struct signed_checkpoint *checkpoint);

#endif
