/* witness_key.h: a witness's key in its file: {"v":1,"witness":NAME,"jwk":{…}}, mode 0400.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WHOCTL_WITNESS_KEY_H
#define WHOSH_WHOCTL_WITNESS_KEY_H

#include "approver/log/note.h"
#include "approver/whoctl/whoctl.h"

/* Read it; 0, or 1 after saying why not.  note_signer_wipe it. */
int witness_key_load(const char *path, struct note_signer *signer);
/* --new-key FILE [NAME]: make one (NAME: the host's) and print its verifier key; an exit status. */
int witness_key_new(const struct ctl *ctl);

#endif
