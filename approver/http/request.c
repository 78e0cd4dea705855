/* request.c: answers, problem documents (RFC 9457) and small questions about a request.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/http/request.h"
#include "approver/http/metrics.h"
#include "common/json.h"
#include "common/text.h"
#include <microhttpd.h>
#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *kind, *title;
	int status;
} problems[] = {
    [PROBLEM_MALFORMED] = {"malformed", "The request was not understood", 400},
    [PROBLEM_IDENTITY] = {"identity", "The identity was refused", 401},
    [PROBLEM_REVOKED] = {"identity", "The identity was revoked", 403},
    [PROBLEM_REPLAY] = {"replay", "This ID was used for another command", 409},
    [PROBLEM_TOO_LARGE] = {"too-large", "The request is too large", 413},
    [PROBLEM_EXPIRED] = {"expired", "The command has expired", 401},
    [PROBLEM_UNAVAILABLE] = {"unavailable", "The approver cannot decide now", 503},
    [PROBLEM_RATE] = {"rate", "Too many attempts", 429},
    [PROBLEM_NOT_FOUND] = {"not-found", "There is no such thing", 404},
    [PROBLEM_CONFLICT] = {"conflict", "It is so already", 409},
    [PROBLEM_FORBIDDEN] = {"forbidden", "Your role does not allow this", 403},
    [PROBLEM_SIGN_IN] = {"sign-in", "An operator's token is needed", 401},
    [PROBLEM_METHOD] = {"method", "This cannot be done here", 405},
};

bool answer_problem(struct request *r, enum problem problem, const char *detail)
{
	buf_finish(&r->out);
	struct buf visible BUF_AUTO = BUF_INIT;
	visible_add(&visible, detail, strlen(detail));
	buf_addf(&r->out, "{\"type\":\"urn:whosh:problem:%s\",\"title\":\"%s\",\"status\":%d,\"detail\":",
		 problems[problem].kind, problems[problem].title, problems[problem].status);
	json_add_string(&r->out, visible.data ? visible.data : "", visible.len);
	buf_addc(&r->out, '}');
	if (problem == PROBLEM_MALFORMED)
		metric_add(METRIC_MALFORMED, 1);
	if (problem == PROBLEM_UNAVAILABLE) {
		metric_add(METRIC_UNAVAILABLE, 1);
		r->retry_after = 1;
	}
	return answer_out(r, problems[problem].status, "application/problem+json");
}

bool answer_problemf(struct request *r, enum problem problem, const char *format, ...)
{
	char detail[512];
	va_list args;
	va_start(args, format);
	vsnprintf(detail, sizeof detail, format, args);
	va_end(args);
	return answer_problem(r, problem, detail);
}

bool answer_unavailable(struct request *r)
{
	if (r->server->ending)
		return answer_problem(r, PROBLEM_UNAVAILABLE, "the approver is shutting down");
	int error = r->server->unwritable;
	if (error == ENOSPC)
		return answer_problem(r, PROBLEM_UNAVAILABLE,
				      "the approver's disk is full: nothing can be recorded");
	return answer_problem(r, PROBLEM_UNAVAILABLE, "the approver could not record this");
}

bool answer_out(struct request *r, int status, const char *type)
{
	if (r->out.failed) { /* out of memory: an answer without a body is still the right status */
		buf_finish(&r->out);
		status = 503;
	}
	r->status = status;
	r->type = type;
	return true;
}

bool answer_json(struct request *r, int status)
{
	return answer_out(r, status, "application/json");
}

bool answer_empty(struct request *r)
{
	buf_finish(&r->out);
	return answer_out(r, 204, NULL);
}

void request_suspend(struct request *r)
{
	MHD_suspend_connection(r->http);
}

void request_resume(struct request *r)
{
	MHD_resume_connection(r->http);
}

void request_address(struct request *r, char out[ADDRESS_SIZE])
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(r->http, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *a = info ? info->client_addr : NULL;
	snprintf(out, ADDRESS_SIZE, "unknown");
	if (a && a->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)a)->sin_addr, out,
			  ADDRESS_SIZE);
	else if (a && a->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr, out,
			  ADDRESS_SIZE);
}

const char *request_query(struct request *r, const char *name)
{
	const char *value = MHD_lookup_connection_value(r->http, MHD_GET_ARGUMENT_KIND, name);
	return value && *value ? value : NULL;
}

const char *request_header(struct request *r, const char *name)
{
	return MHD_lookup_connection_value(r->http, MHD_HEADER_KIND, name);
}

cJSON *request_json(struct request *r, const char *const *names)
{
	const char *why = "there is no body", *other = NULL;
	cJSON *json = r->body.len ? json_parse(r->body.data, r->body.len, &why) : NULL;
	if (!json) {
		answer_problem(r, PROBLEM_MALFORMED, why);
		return NULL;
	}
	if (!cJSON_IsObject(json))
		answer_problem(r, PROBLEM_MALFORMED, "not a JSON object");
	else if (!json_only(json, names, &other))
		answer_problemf(r, PROBLEM_MALFORMED, "unknown member \"%.64s\"", other);
	else
		return json;
	cJSON_Delete(json);
	return NULL;
}
