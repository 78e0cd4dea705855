/* delegate.h: the three ways of `whoctl delegate`; delegate.c chooses one of them.
 *
 * Each appends the chain for the delegate.  0, or an exit status after saying why not.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WHOCTL_DELEGATE_H
#define WHOSH_WHOCTL_DELEGATE_H

#include "approver/whoctl/api.h"
#include "common/conf.h"
#include "common/hop_make.h"

/* delegate_broker.c: as an agent: the host's broker signs, with the agent's own key. */
int delegate_by_broker(const struct conf *conf, const struct hop_wanted *wanted, struct buf *chain);
/* delegate_person.c: as a person, with the key of --key. */
int delegate_by_key(struct ctl *ctl, const struct hop_wanted *wanted, struct buf *chain);
/* … and as an operator who signs in: the approver attests for him. */
int delegate_by_operator(struct ctl *ctl, const struct hop_wanted *wanted, struct buf *chain);

#endif
