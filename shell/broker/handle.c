/* handle.c: one libcurl transfer.
 *
 * The list of options is the security of this file, and of common/https.c, which has the ones that every
 * request of whosh shares.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/broker/handle.h"
#include "common/https.h"
#include "common/json.h"
#include "common/text.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { CONNECT_MS = 3000, POOL_AGE_S = 3600 };

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
	struct reply *reply = arg;
	return https_keep(&reply->body, reply->max, bytes, size * count);
}

#define SET(option, value)                                                                                   \
	if (curl_easy_setopt(easy, option, value) != CURLE_OK)                                               \
	goto fail

CURL *handle_new(const char *ca)
{
	CURL *easy = curl_easy_init();
	if (!easy)
		return NULL;
	if (!https_only(easy, 3, "whosh-broker"))
		goto fail;
	SET(CURLOPT_CAINFO, ca);
	SET(CURLOPT_CAPATH, NULL);
	SET(CURLOPT_CA_CACHE_TIMEOUT, 0L);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_SSL_ENABLE_ALPN, 0L);
	SET(CURLOPT_TCP_NODELAY, 1L);
	SET(CURLOPT_TCP_KEEPALIVE, 1L);
	SET(CURLOPT_MAXAGE_CONN, (long)POOL_AGE_S);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	return easy;
fail:
	curl_easy_cleanup(easy);
	return NULL;
}

/* One more header when it has a value; NULL, with all freed, when there is no memory. */
static struct curl_slist *header_add(struct curl_slist *headers, const char *name, const char *value)
{
	char line[80];
	if (!headers || !value)
		return headers;
	snprintf(line, sizeof line, "%s: %s", name, value);
	struct curl_slist *more = curl_slist_append(headers, line);
	if (!more)
		curl_slist_free_all(headers);
	return more;
}

struct curl_slist *handle_headers(const char *type, const char *credential)
{
	/* "Expect:" keeps libcurl from asking leave to send a long body, which costs a round trip. */
	struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
	headers = header_add(headers, "Content-Type", type);
	return header_add(headers, "Whosh-Credential", credential);
}

bool handle_aim(CURL *easy, const char *url, const struct client_request *request, struct curl_slist *headers,
		struct reply *reply)
{
	SET(CURLOPT_URL, url);
	SET(CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
	SET(CURLOPT_HTTPHEADER, headers);
	SET(CURLOPT_WRITEDATA, reply);
	SET(CURLOPT_ERRORBUFFER, reply->error);
	SET(CURLOPT_CUSTOMREQUEST, NULL);
	if (!strcmp(request->method, "POST")) {
		SET(CURLOPT_POST, 1L);
		SET(CURLOPT_POSTFIELDS, request->body);
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->len);
		return true;
	}
	SET(CURLOPT_POSTFIELDS, NULL);
	SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)-1);
	SET(CURLOPT_HTTPGET, 1L);
	if (strcmp(request->method, "GET") != 0)
		SET(CURLOPT_CUSTOMREQUEST, request->method);
	return true;
fail:
	return false;
}

void handle_rest(CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, NULL);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, NULL);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, NULL);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, NULL);
}

static enum failure failure_of(CURL *easy, CURLcode code)
{
	long error = 0;
	switch (code) {
	case CURLE_OK:
		return FAILURE_NONE;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_URL_MALFORMAT:
		return FAILURE_UNTRUSTED;
	case CURLE_SSL_CONNECT_ERROR: /* no common version, or a server that ended amid the handshake */
	case CURLE_COULDNT_RESOLVE_HOST:
		return FAILURE_ABSENT;
	case CURLE_COULDNT_CONNECT:
		if (easy)
			curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &error);
		return error == ECONNREFUSED || error == EACCES ? FAILURE_ABSENT : FAILURE_TRANSIENT;
	case CURLE_WRITE_ERROR: /* the answer was over its limit */
	case CURLE_WEIRD_SERVER_REPLY:
		return FAILURE_UNTRUSTED;
	default:
		return FAILURE_TRANSIENT;
	}
}

/* OpenSSL's words alone would not tell that it is about TLS, and which is needed. */
static void explain_tls(struct reply *reply)
{
	static const char prefix[] = "no TLS 1.3 connection: ";
	const size_t len = sizeof prefix - 1;
	memmove(reply->error + len, reply->error, sizeof reply->error - len);
	memcpy(reply->error, prefix, len);
	reply->error[sizeof reply->error - 1] = 0;
}

void handle_answer(CURL *easy, CURLcode code, struct reply *reply, struct answer *answer)
{
	curl_off_t took = 0;
	if (easy)
		curl_easy_getinfo(easy, CURLINFO_TOTAL_TIME_T, &took);
	answer->took = (int64_t)took / 1000;
	answer->failure = failure_of(easy, code);
	if (answer->failure != FAILURE_NONE) {
		if (code == CURLE_SSL_CONNECT_ERROR)
			explain_tls(reply);
		if (code == CURLE_WRITE_ERROR)
			answer->error = "the answer is too long";
		else
			answer->error = reply->error[0] ? reply->error : curl_easy_strerror(code);
		return;
	}
	long status = 0;
	curl_off_t after = 0;
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &after);
	answer->status = (int)status;
	answer->retry_after = after > 0 && after < 3600 ? (int64_t)after * 1000 : 0;
}
