/* handle.h: one libcurl transfer: all the options that make it safe, and what its end means.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BROKER_HANDLE_H
#define BROKER_HANDLE_H

#include "shell/broker/client.h"
#include <curl/curl.h>

/* Where an answer is gathered. */
struct reply {
	struct buf body;
	size_t max;
	bool broken; /* the call could not even be started */
	char error[CURL_ERROR_SIZE];
};

/* A handle that speaks TLS 1.3 to servers vouched for by the PEM file `ca`, and does nothing else. NULL:
 * failed. */
CURL *handle_new(const char *ca);
/* Headers for a body of that type (NULL: no body), signed by that credential (NULL: not said);
 * curl_slist_free_all them after the transfer. */
struct curl_slist *handle_headers(const char *type, const char *credential);
/* Point it at one request.  All but `easy` is borrowed until the transfer's end. */
bool handle_aim(CURL *easy, const char *url, const struct client_request *request, struct curl_slist *headers,
		struct reply *reply);
/* Let go of what handle_aim borrowed, so that the handle can be kept for another request. */
void handle_rest(CURL *easy);
/* What the end of a transfer means; answer->error points into *reply. */
void handle_answer(CURL *easy, CURLcode code, struct reply *reply, struct answer *answer);

#endif
