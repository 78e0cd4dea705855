/* fetch.c: one GET of an issuer's keys, over libcurl.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/oidc/fetch.h"
#include "common/error.h"
#include "common/https.h"

#define CONNECT_S 5L
#define WHOLE_S 10L

bool fetch_start(void)
{
	return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

static size_t keep(char *bytes, size_t size, size_t count, void *arg)
{
	return https_keep(arg, JWKS_MAX_BYTES, bytes, size * count);
}

static int look_at_stop(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return *(_Atomic bool *)arg;
}

static bool set_up(CURL *curl, const char *url, const struct buf *ca, _Atomic bool *stop, struct buf *answer,
		   char *message)
{
	struct curl_blob blob = {ca->data, ca->len, CURL_BLOB_COPY};
	bool ok = https_only(curl, 2, "whoshd");
	ok = ok && curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &blob) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_CAPATH, NULL) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_S) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_TIMEOUT, WHOLE_S) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_MAXFILESIZE, (long)JWKS_MAX_BYTES) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_at_stop) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_XFERINFODATA, stop) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer) == CURLE_OK;
	return ok && curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, message) == CURLE_OK;
}

struct jwks *fetch_keys(const char *url, const struct buf *ca, _Atomic bool *stop, char **error)
{
	struct buf answer BUF_AUTO = BUF_INIT;
	char message[CURL_ERROR_SIZE] = "";
	long status = 0;
	CURL *curl = curl_easy_init();
	*error = NULL;
	if (!curl || !set_up(curl, url, ca, stop, &answer, message)) {
		curl_easy_cleanup(curl);
		return error_set(error, "libcurl could not be set up"), NULL;
	}
	CURLcode code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(curl);
	if (code != CURLE_OK)
		return error_set(error, "%s", message[0] ? message : curl_easy_strerror(code)), NULL;
	if (status != 200)
		return error_set(error, "it was answered with HTTP status %ld", status), NULL;
	return jwks_parse(answer.data ? answer.data : "", answer.len, error);
}
