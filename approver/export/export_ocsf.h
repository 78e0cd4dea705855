/* export_ocsf.h: what the two files of the OCSF format share.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_EXPORT_EXPORT_OCSF_H
#define WHOSH_EXPORT_EXPORT_OCSF_H

#include "approver/export/export_item.h"
#include "approver/export/export_json.h"
#include "approver/export/export_whosh.h"

/* A number of an enumeration and its caption: OCSF's siblings `x_id` and `x`. */
struct ocsf_pair {
	int id;
	const char *caption;
};

struct ocsf_class {
	int uid;
	const char *caption;
	struct ocsf_pair category;
};

void put_pair(struct buf *out, const char *id, const char *name, const struct ocsf_pair *pair);
/* Metadata, class, activity, type, time, severity, message: what every event has. */
void put_classification(struct buf *out, const struct export_item *item, const struct ocsf_class *class,
			const struct ocsf_pair *activity);
/* Member "user"; NULL leaves a member of it out. */
void put_ocsf_user(struct buf *out, const char *name, const char *uid, int64_t type_id, const char *type,
		   const char *credential);
/* export_ocsf_event.c: the members of a record that is no command. */
void put_ocsf_event(struct buf *out, const struct export_item *item);

#endif
