/* export_formats.h: the formats, one file each; export.c has the table of them.
 *
 * Each appends one record as one line, with the line's end, and writes the log index before any other number.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_EXPORT_EXPORT_FORMATS_H
#define WHOSH_EXPORT_EXPORT_FORMATS_H

#include "approver/export/export_item.h"

/* The record of `whoctl who --json`, and for other events their body; see whoctl(1). */
void export_jsonl(struct buf *out, const struct export_item *item);
/* Open Cybersecurity Schema Framework 1.3.0. */
void export_ocsf(struct buf *out, const struct export_item *item);
/* Elastic Common Schema 8.17. */
void export_ecs(struct buf *out, const struct export_item *item);
/* OpenTelemetry: OTLP/JSON, a request with one log record (opentelemetry-proto, collector/logs/v1). */
void export_otel(struct buf *out, const struct export_item *item);
/* RFC 4180, safe to open in a spreadsheet. */
void export_csv(struct buf *out, const struct export_item *item);
void export_csv_head(struct buf *out);

#endif
