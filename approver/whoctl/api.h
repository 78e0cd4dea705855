/* api.h: whoctl asks the approver: HTTPS, TLS 1.3, one CA file, the operator's token.
 *
 * Whatever goes wrong is said in one line on standard error here, and comes back as whoctl's exit status:
 * 69 when the approver could not be reached or believed, 77 when it says that this operator may not, 1 for
 * everything else it refuses.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WHOCTL_API_H
#define WHOSH_WHOCTL_API_H

#include "approver/whoctl/whoctl.h"
#include "common/conf.h"
#include "common/json.h"

/* Where the approver is and who asks.  The token is secret: settings_finish wipes it. */
struct settings {
	char *url;        /* https://HOST:PORT, without a slash at the end */
	char *ca;         /* path */
	struct buf token; /* printable ASCII, NUL-terminated */
};
/* From the options, else the environment, else DIR/client.conf and DIR/admin.token.  0 or an exit status. */
int settings_load(const struct ctl *ctl, struct settings *settings);
/* Fill what is still open of address and CA from what a shell here would use: whosh.conf(5).  0 or an exit
 * status. */
int settings_of_shell(struct settings *settings);
/* Fill what is still open of address and CA from a configuration, with copies. */
void settings_take(struct settings *settings, const struct conf *conf);
void settings_finish(struct settings *settings);
/* Read an operator's token, refusing a file that others could have read or written.  0 or an exit status. */
int operator_token_load(const char *path, struct buf *token);

/* One request, whatever is answered: 0 with the HTTP status in *code, or an exit status after saying why
 * there is no answer; and the line for an answer that is a refusal: its exit status. */
int api_perform(struct ctl *ctl, const char *method, const char *path, const struct buf *body,
		struct buf *answer, long *code);
int api_refused(long code, const struct buf *answer);
/* One request.  `path` begins with "/v1/"; build it with path_add and query_add.  `body` (NULL: none) is sent
 * as application/json.  0 with the answer's bytes in *answer, or an exit status after saying why. */
int api_bytes(struct ctl *ctl, const char *method, const char *path, const struct buf *body,
	      struct buf *answer);
/* The same for an answer in JSON: *json (may be NULL when none is wanted) is the caller's; an empty answer is
 * NULL. */
int api_json(struct ctl *ctl, const char *method, const char *path, const struct buf *body, cJSON **json);
/* As api_json, with a JSON object as body, printed without white space. */
int api_send(struct ctl *ctl, const char *method, const char *path, const cJSON *body, cJSON **json);
/* GET: the array called `name` in the answer, detached and the caller's; 1 when the answer holds none. */
int api_list(struct ctl *ctl, const char *path, const char *name, cJSON **list);
/* The same, but an answer that is too large sets *too_large (NULL: it is an error) and leaves *list NULL. */
int api_page(struct ctl *ctl, const char *path, const char *name, cJSON **list, bool *too_large);
/* The approver's address, for messages; borrowed.  NULL before the first request. */
const char *api_url(const struct ctl *ctl);
/* GET /healthz, where 503 is an answer too.  0 with *json and how long it took, or an exit status. */
int api_health(struct ctl *ctl, cJSON **json, long *took_ms);

/* Follow an event stream from `path` on: `take` gets its bytes as they come, and ends it by returning false.
 * 0 when the stream was ended by either side (`*began` says whether it had been accepted), or an exit status;
 * that the approver is away is said only when `loud`, a refusal always. */
int api_stream(struct ctl *ctl, const char *path, const char *last_event_id, bool loud, bool *began,
	       bool (*take)(const char *bytes, size_t len, void *arg), void *arg);

/* GET what is too long to keep: `take` gets the bytes of a good answer as they come, and ends it by returning
 * false.  *size is the answer's Whosh-Log-Size, from before the first byte on (-1: it has none).  0 when all
 * of it came or `take` ended it, else an exit status after saying why; a broken answer is 69. */
int api_download(struct ctl *ctl, const char *path, int64_t *size,
		 bool (*take)(const char *bytes, size_t len, void *arg), void *arg);

void api_free(struct api *api);

/* Append "/" and the segment, percent-encoded (RFC 3986). */
void path_add(struct buf *path, const char *segment);
/* Append "?name=value" or "&name=value", percent-encoded; nothing when value is NULL. */
void query_add(struct buf *path, const char *name, const char *value);
/* The same of a time as people type it, as RFC 3339; nothing when the option is not given.  0 or 2. */
int query_add_time(struct ctl *ctl, struct buf *path, enum option option, const char *name);

/* The line a refusal is told in: status, and the answer's body, a problem document (RFC 9457) if all is well.
 * Returns the exit status that fits. */
int problem_line(struct buf *line, long status, const char *body, size_t len);

#endif
