/* https.c: what every HTTPS request of whosh has in common.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/https.h"
#include <stdio.h>

bool https_only(CURL *curl, int tls_minor, const char *program)
{
	long floor = tls_minor == 3 ? CURL_SSLVERSION_TLSv1_3 : CURL_SSLVERSION_TLSv1_2;
	char agent[64];
	snprintf(agent, sizeof agent, "%s/%s", program, WHOSH_VERSION);
	return curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_SSLVERSION, floor) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_NOPROXY, "*") == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_UNRESTRICTED_AUTH, 0L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_HTTP09_ALLOWED, 0L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_USERAGENT, agent) == CURLE_OK;
}

size_t https_keep(struct buf *answer, size_t max, const char *bytes, size_t len)
{
	if (len > max || answer->len > max - len)
		return 0;
	buf_add(answer, bytes, len);
	return answer->failed ? 0 : len;
}
