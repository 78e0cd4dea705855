/* id_token_github.c: ask GitHub's runner for the job's identity token.
 *
 * This one request goes to GitHub and not to the approver, so it believes the system's CAs, or the one that
 * --id-token-ca names.  https only, no redirect, no proxy: the runner's request token goes to the address
 * that the runner gave, and nowhere else.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/api.h"
#include "approver/whoctl/id_token.h"
#include "common/https.h"
#include "common/secure.h"
#include <string.h>

#define ANSWER_MAX (64u * 1024)
#define TIMEOUT_S 20L

static size_t keep(char *bytes, size_t size, size_t count, void *arg)
{
	return https_keep(arg, ANSWER_MAX, bytes, size * count);
}

static bool plain_https(const char *url)
{
	for (const char *c = url; *c; c++)
		if (*c <= ' ' || *c > '~' || *c == '#')
			return false;
	return strncmp(url, "https://", 8) == 0 && url[8];
}

static bool set_up(CURL *curl, const struct ctl *ctl, const char *url, struct curl_slist *headers,
		   struct buf *answer, char *message)
{
	const char *ca = ctl->option[OPT_ID_TOKEN_CA];
	bool ok = https_only(curl, 2, "whoctl");
	ok = ok && curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK;
	ok = ok && (!ca || (curl_easy_setopt(curl, CURLOPT_CAINFO, ca) == CURLE_OK &&
			    curl_easy_setopt(curl, CURLOPT_CAPATH, NULL) == CURLE_OK));
	ok = ok && curl_easy_setopt(curl, CURLOPT_TIMEOUT, TIMEOUT_S) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer) == CURLE_OK;
	return ok && curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, message) == CURLE_OK;
}

/* 0 with the answer of a 200, or an exit status. */
static int get(struct ctl *ctl, const char *url, struct curl_slist *headers, struct buf *answer)
{
	char message[CURL_ERROR_SIZE] = "";
	long status = 0;
	CURL *curl = curl_easy_init();
	if (!curl || !set_up(curl, ctl, url, headers, answer, message)) {
		curl_easy_cleanup(curl);
		return complain(EXIT_FAILED, "libcurl could not be set up");
	}
	CURLcode code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(curl);
	if (code != CURLE_OK)
		return complain(EXIT_UNREACHABLE, "the runner gave no identity token: %s",
				message[0] ? message : curl_easy_strerror(code));
	if (status != 200)
		return complain(EXIT_UNREACHABLE, "the runner gave no identity token: HTTP status %ld",
				status);
	return 0;
}

static int take_value(const struct buf *answer, struct buf *token)
{
	cJSON *json = answer->len ? json_parse(answer->data, answer->len, NULL) : NULL;
	char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "value"));
	if (value) {
		buf_adds(token, value);
		secure_wipe(value, strlen(value));
	}
	cJSON_Delete(json);
	return value ? 0 : complain(EXIT_UNREACHABLE, "the runner's answer holds no identity token");
}

int id_token_github(struct ctl *ctl, const char *url, const char *request_token, struct buf *token)
{
	const char *audience = ctl->option[OPT_AUDIENCE];
	struct buf whole BUF_AUTO = BUF_INIT, bearer = BUF_INIT, answer = BUF_INIT;
	if (!plain_https(url))
		return complain(EXIT_USAGE_ERROR, "ACTIONS_ID_TOKEN_REQUEST_URL is not https://…");
	buf_adds(&whole, url);
	query_add(&whole, "audience", audience && *audience ? audience : "whosh");
	buf_addf(&bearer, "Authorization: bearer %s", request_token);
	struct curl_slist *headers = NULL;
	if (!whole.failed && !bearer.failed && curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
		headers = curl_slist_append(NULL, bearer.data);
	int status =
	    headers ? get(ctl, whole.data, headers, &answer) : complain(EXIT_FAILED, "out of memory");
	if (status == 0)
		status = take_value(&answer, token);
	if (headers)
		secure_wipe(headers->data, strlen(headers->data));
	curl_slist_free_all(headers);
	buf_wipe(&bearer);
	buf_wipe(&answer);
	return status;
}
