/* api.c: whoctl's one HTTPS connection, over libcurl.
 *
 * What is believed is narrow: https only, TLS 1.3 only, the one CA file, no redirect followed, no proxy taken
 * from the environment (the token would go through it to whoever answers), no more than 64 MiB of answer.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/api.h"
#include "common/clock.h"
#include "common/https.h"
#include "common/secure.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ANSWER_MAX (64u << 20)
#define TIMEOUT_S 60L
#define STREAM_SILENCE_S 45L /* the approver sends a comment every 15 s */

struct api {
	CURL *curl;
	struct curl_slist *headers; /* the token is in it */
	struct settings settings;
	char error[CURL_ERROR_SIZE];
};

static int out_of_memory(void)
{
	return complain(EXIT_FAILED, "out of memory");
}

static void headers_free(struct curl_slist *headers)
{
	for (struct curl_slist *h = headers; h; h = h->next)
		secure_wipe(h->data, strlen(h->data));
	curl_slist_free_all(headers);
}

static bool header_add(struct curl_slist **headers, const char *text)
{
	struct curl_slist *more = curl_slist_append(*headers, text);
	if (more)
		*headers = more;
	return more != NULL;
}

/* What is the same in every request. */
static bool api_setup(struct api *api)
{
	CURL *curl = api->curl;
	curl_easy_reset(curl);
	bool ok = https_only(curl, 3, "whoctl");
	ok = ok && curl_easy_setopt(curl, CURLOPT_CAINFO, api->settings.ca) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_CAPATH, NULL) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 10L) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, api->error) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_HTTPHEADER, api->headers) == CURLE_OK;
	api->error[0] = 0;
	return ok;
}

/* Make ctl->api when it is not there yet. */
static int api_open(struct ctl *ctl)
{
	if (ctl->api)
		return 0;
	struct api *api = calloc(1, sizeof *api);
	if (!api)
		return out_of_memory();
	int status = settings_load(ctl, &api->settings);
	if (status != 0) {
		free(api);
		return status;
	}
	ctl->api = api;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return complain(EXIT_FAILED, "libcurl could not be started");
	api->curl = curl_easy_init();
	struct buf bearer = BUF_INIT;
	if (api->settings.token.len)
		buf_addf(&bearer, "Authorization: Bearer %s", api->settings.token.data);
	bool ok = api->curl && !bearer.failed && (!bearer.len || header_add(&api->headers, bearer.data)) &&
		  header_add(&api->headers, "Content-Type: application/json") &&
		  header_add(&api->headers, "Expect:");
	buf_wipe(&bearer);
	return ok ? 0 : out_of_memory();
}

void api_free(struct api *api)
{
	if (!api)
		return;
	if (api->curl)
		curl_easy_cleanup(api->curl);
	headers_free(api->headers);
	settings_finish(&api->settings);
	free(api);
	curl_global_cleanup();
}

const char *api_url(const struct ctl *ctl)
{
	return ctl->api ? ctl->api->settings.url : NULL;
}

static int unreachable(const struct api *api, CURLcode code)
{
	return complain(EXIT_UNREACHABLE, "approver %s unreachable: %s", api->settings.url,
			api->error[0] ? api->error : curl_easy_strerror(code));
}

static size_t keep(char *bytes, size_t size, size_t count, void *arg)
{
	return https_keep(arg, ANSWER_MAX, bytes, size * count);
}

int api_perform(struct ctl *ctl, const char *method, const char *path, const struct buf *body,
		struct buf *answer, long *code)
{
	int status = api_open(ctl);
	if (status != 0)
		return status;
	struct api *api = ctl->api;
	struct buf url BUF_AUTO = BUF_INIT;
	buf_addf(&url, "%s%s", api->settings.url, path);
	bool ok = !url.failed && api_setup(api);
	CURL *curl = api->curl;
	ok = ok && curl_easy_setopt(curl, CURLOPT_URL, url.data) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_TIMEOUT, TIMEOUT_S) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer) == CURLE_OK;
	if (body) {
		ok =
		    ok && curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body->len ? body->data : "") == CURLE_OK;
		ok = ok && curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)body->len) == CURLE_OK;
	}
	if (!ok)
		return out_of_memory();
	CURLcode result = curl_easy_perform(curl);
	if (answer->failed)
		return out_of_memory();
	if (result != CURLE_OK)
		return unreachable(api, result);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, code);
	return 0;
}

int api_refused(long code, const struct buf *answer)
{
	struct buf line BUF_AUTO = BUF_INIT;
	int status = problem_line(&line, code, answer->len ? answer->data : "", answer->len);
	return complain(status, "%s", line.data ? line.data : "refused");
}

int api_bytes(struct ctl *ctl, const char *method, const char *path, const struct buf *body,
	      struct buf *answer)
{
	long code = 0;
	int status = api_perform(ctl, method, path, body, answer, &code);
	if (status != 0)
		return status;
	return code >= 200 && code < 300 ? 0 : api_refused(code, answer);
}

static int unbelievable(const struct ctl *ctl, const char *why)
{
	return complain(EXIT_UNREACHABLE, "approver %s does not answer as an approver would: %s",
			api_url(ctl), why);
}

int api_json(struct ctl *ctl, const char *method, const char *path, const struct buf *body, cJSON **json)
{
	struct buf answer = BUF_INIT;
	const char *why = "";
	cJSON *parsed = NULL;
	int status = api_bytes(ctl, method, path, body, &answer);
	if (status == 0 && answer.len > 0) {
		parsed = json_parse(answer.data, answer.len, &why);
		status = parsed ? 0 : unbelievable(ctl, why);
	}
	buf_wipe(&answer); /* a new operator's token may be in it */
	if (json)
		*json = parsed;
	else
		cJSON_Delete(parsed);
	return status;
}

int api_send(struct ctl *ctl, const char *method, const char *path, const cJSON *body, cJSON **json)
{
	char *text = cJSON_PrintUnformatted(body);
	if (!text)
		return out_of_memory();
	struct buf bytes BUF_AUTO = BUF_INIT;
	buf_adds(&bytes, text);
	free(text);
	return bytes.failed ? out_of_memory() : api_json(ctl, method, path, &bytes, json);
}

int api_page(struct ctl *ctl, const char *path, const char *name, cJSON **list, bool *too_large)
{
	struct buf bytes BUF_AUTO = BUF_INIT;
	long code = 0;
	const char *why = "the list is missing";
	int status = api_perform(ctl, "GET", path, NULL, &bytes, &code);
	if (status != 0)
		return status;
	if (code == 413 && too_large) {
		*too_large = true;
		return 0;
	}
	if (code != 200)
		return api_refused(code, &bytes);
	cJSON *answer JSON_AUTO = json_parse(bytes.len ? bytes.data : "", bytes.len, &why);
	if (!answer || !json_array(answer, name))
		return unbelievable(ctl, why);
	*list = cJSON_DetachItemFromObjectCaseSensitive(answer, name);
	return 0;
}

int api_list(struct ctl *ctl, const char *path, const char *name, cJSON **list)
{
	cJSON *answer JSON_AUTO = NULL;
	int status = api_json(ctl, "GET", path, NULL, &answer);
	if (status != 0)
		return status;
	if (!answer || !json_array(answer, name))
		return unbelievable(ctl, "the list is missing");
	*list = cJSON_DetachItemFromObjectCaseSensitive(answer, name);
	return 0;
}

int api_health(struct ctl *ctl, cJSON **json, long *took_ms)
{
	struct buf answer BUF_AUTO = BUF_INIT;
	long code = 0;
	int64_t began = clock_mono_ms();
	int status = api_perform(ctl, "GET", "/healthz", NULL, &answer, &code);
	if (status != 0)
		return status;
	*took_ms = (long)(clock_mono_ms() - began);
	*json = answer.len ? json_parse(answer.data, answer.len, NULL) : NULL;
	if (!cJSON_IsObject(*json))
		return code == 200 || code == 503 ? unbelievable(ctl, "its health is not JSON")
						  : api_refused(code, &answer);
	return 0;
}

struct stream {
	CURL *curl;
	bool (*take)(const char *bytes, size_t len, void *arg);
	void *arg;
	struct buf refusal;
	bool stopped;
};

static size_t stream_bytes(char *bytes, size_t size, size_t count, void *arg)
{
	struct stream *stream = arg;
	long code = 0;
	curl_easy_getinfo(stream->curl, CURLINFO_RESPONSE_CODE, &code);
	if (code != 200)
		return keep(bytes, size, count, &stream->refusal);
	if (stream->take(bytes, size * count, stream->arg))
		return size * count;
	stream->stopped = true;
	return 0;
}

int api_stream(struct ctl *ctl, const char *path, const char *last_event_id, bool loud, bool *began,
	       bool (*take)(const char *bytes, size_t len, void *arg), void *arg)
{
	*began = false;
	int status = api_open(ctl);
	if (status != 0)
		return status;
	struct api *api = ctl->api;
	struct buf url BUF_AUTO = BUF_INIT, last BUF_AUTO = BUF_INIT;
	buf_addf(&url, "%s%s", api->settings.url, path);
	buf_addf(&last, "Last-Event-ID: %s", last_event_id ? last_event_id : "");
	struct curl_slist *headers = NULL;
	bool ok = !url.failed && !last.failed && api_setup(api);
	for (const struct curl_slist *h = api->headers; ok && h; h = h->next)
		ok = header_add(&headers, h->data);
	ok = ok && header_add(&headers, "Accept: text/event-stream");
	if (ok && last_event_id)
		ok = header_add(&headers, last.data);

	struct stream stream = {.curl = api->curl, .take = take, .arg = arg};
	ok = ok && curl_easy_setopt(api->curl, CURLOPT_URL, url.data) == CURLE_OK;
	ok = ok && curl_easy_setopt(api->curl, CURLOPT_HTTPHEADER, headers) == CURLE_OK;
	ok = ok && curl_easy_setopt(api->curl, CURLOPT_WRITEFUNCTION, stream_bytes) == CURLE_OK;
	ok = ok && curl_easy_setopt(api->curl, CURLOPT_WRITEDATA, &stream) == CURLE_OK;
	ok = ok && curl_easy_setopt(api->curl, CURLOPT_LOW_SPEED_LIMIT, 1L) == CURLE_OK;
	ok = ok && curl_easy_setopt(api->curl, CURLOPT_LOW_SPEED_TIME, STREAM_SILENCE_S) == CURLE_OK;
	if (!ok) {
		headers_free(headers);
		return out_of_memory();
	}
	CURLcode result = curl_easy_perform(api->curl);
	long code = 0;
	curl_easy_getinfo(api->curl, CURLINFO_RESPONSE_CODE, &code);
	curl_easy_setopt(api->curl, CURLOPT_HTTPHEADER, NULL);
	headers_free(headers);
	*began = code == 200;
	if (stream.stopped || code == 200)
		status = 0;
	else if (code != 0 && result == CURLE_OK)
		status = code == 503 && !loud ? EXIT_UNREACHABLE : api_refused(code, &stream.refusal);
	else
		status = loud ? unreachable(api, result) : EXIT_UNREACHABLE;
	buf_finish(&stream.refusal);
	return status;
}

static size_t size_header(char *bytes, size_t size, size_t count, void *arg)
{
	static const char name[] = "Whosh-Log-Size: ";
	size_t len = size * count;
	if (len > sizeof name && strncasecmp(bytes, name, sizeof name - 1) == 0) {
		char number[24] = "";
		len -= sizeof name - 1;
		memcpy(number, bytes + sizeof name - 1, len < sizeof number ? len : sizeof number - 1);
		*(int64_t *)arg = strtoll(number, NULL, 10);
	}
	return size * count;
}

int api_download(struct ctl *ctl, const char *path, int64_t *size,
		 bool (*take)(const char *bytes, size_t len, void *arg), void *arg)
{
	int status = api_open(ctl);
	if (status != 0)
		return status;
	struct api *api = ctl->api;
	struct buf url BUF_AUTO = BUF_INIT;
	struct stream stream = {.curl = api->curl, .take = take, .arg = arg};
	CURL *curl = api->curl;
	*size = -1;
	buf_addf(&url, "%s%s", api->settings.url, path);
	bool ok = !url.failed && api_setup(api);
	ok = ok && curl_easy_setopt(curl, CURLOPT_URL, url.data) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, size_header) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_HEADERDATA, size) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, stream_bytes) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_WRITEDATA, &stream) == CURLE_OK;
	if (!ok)
		return out_of_memory();
	CURLcode result = curl_easy_perform(curl);
	long code = 0;
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
	if (stream.stopped)
		status = 0;
	else if (result != CURLE_OK)
		status = unreachable(api, result);
	else if (code != 200)
		status = api_refused(code, &stream.refusal);
	buf_finish(&stream.refusal);
	return status;
}
