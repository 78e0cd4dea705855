/* sink_webhook.c: a webhook: signed batches of records, posted over HTTPS.
 *
 *     POST /path
 *     Content-Type: application/json
 *     X-Whosh-Signature: t=1795594385,v1=<hex of HMAC-SHA-256(secret, "1795594385." + body)>
 *
 *     {"approver":NAME,"first":INDEX,"last":INDEX,"records":[…]}
 *
 * Any answer of 2xx acknowledges the batch; anything else has it posted again later, signed anew.  A receiver
 * computes the same over the bytes it got, compares in constant time, and refuses a `t` that is more than
 * five minutes off: what somebody recorded and plays back later is then worth nothing.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/feeds/sink.h"
#include "common/clock.h"
#include "common/codec.h"
#include "common/https.h"
#include "common/json.h"
#include "common/secure.h"
#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_S 10L
#define WHOLE_S 60L
#define ANSWER_MAX 4096u
#define GRACE_MS 1500

struct webhook {
	struct sink sink;
	CURL *curl;
	struct buf records; /* with commas between */
	int64_t first, last;
	int64_t stop_ms; /* since when it is time to end; 0: it is not */
};

static struct sink *open_webhook(void)
{
	struct webhook *w = calloc(1, sizeof *w);
	return w ? &w->sink : NULL;
}

static void add(struct sink *sink, const struct export_item *item, const struct buf *line)
{
	struct webhook *w = (struct webhook *)sink;
	if (w->records.len)
		buf_addc(&w->records, ',');
	else
		w->first = item->index;
	w->last = item->index;
	buf_add(&w->records, line->data, line->len ? line->len - 1 : 0);
}

/* "X-Whosh-Signature: …" for this body, now. */
static bool sign(struct buf *header, const struct buf *secret, const struct buf *body)
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	struct buf text BUF_AUTO = BUF_INIT;
	int64_t now = clock_now();
	buf_addf(&text, "%" PRId64 ".", now);
	buf_add(&text, body->data, body->len);
	if (text.failed || !HMAC(EVP_sha256(), secret->data, (int)secret->len, (unsigned char *)text.data,
				 text.len, mac, &len))
		return false;
	buf_addf(header, "X-Whosh-Signature: t=%" PRId64 ",v1=", now);
	hex_encode(header, mac, len);
	return !header->failed;
}

/* The answer's text is of no use; but a connection is only used again when it was read. */
static size_t drop(char *bytes, size_t size, size_t count, void *arg)
{
	size_t *taken = arg;
	(void)bytes;
	*taken += size * count;
	return *taken <= ANSWER_MAX ? size * count : 0;
}

/* At the end a post that is under way has GRACE_MS, so that it need not come again. */
static int look_at_stop(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct webhook *w = arg;
	(void)a;
	(void)b;
	(void)c;
	(void)d;
	if (!*w->sink.stop)
		return 0;
	int64_t now = clock_mono_ms();
	if (!w->stop_ms)
		w->stop_ms = now;
	return now - w->stop_ms > GRACE_MS;
}

static bool set_up(struct webhook *w, const struct buf *body, struct curl_slist *headers, size_t *taken,
		   char *message)
{
	const struct feed_conf *conf = w->sink.conf;
	struct curl_blob ca = {conf->ca.data, conf->ca.len, CURL_BLOB_COPY};
	CURL *curl = w->curl;
	curl_easy_reset(curl);
	bool ok = https_only(curl, 2, "whoshd");
	ok = ok && curl_easy_setopt(curl, CURLOPT_URL, conf->url) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &ca) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_CAPATH, NULL) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_S) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_TIMEOUT, WHOLE_S) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body->data) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->len) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_at_stop) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_XFERINFODATA, w) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop) == CURLE_OK;
	ok = ok && curl_easy_setopt(curl, CURLOPT_WRITEDATA, taken) == CURLE_OK;
	return ok && curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, message) == CURLE_OK;
}

static enum fault_kind kind_of(CURLcode code)
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		return FAULT_ADDRESS;
	case CURLE_COULDNT_CONNECT:
		return FAULT_CONNECT;
	case CURLE_PEER_FAILED_VERIFICATION:
		return FAULT_CERTIFICATE;
	case CURLE_SSL_CONNECT_ERROR:
		return FAULT_TLS;
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_ABORTED_BY_CALLBACK:
		return FAULT_TIMEOUT;
	default:
		return FAULT_LOST;
	}
}

static bool post(struct webhook *w, const struct buf *body, struct curl_slist *headers, struct fault *fault)
{
	char message[CURL_ERROR_SIZE] = "";
	long status = 0, unverified = 0;
	curl_off_t wait = 0;
	size_t taken = 0;
	if (!set_up(w, body, headers, &taken, message))
		return fault_set(fault, FAULT_MEMORY, "libcurl could not be set up");
	CURLcode code = curl_easy_perform(w->curl);
	curl_easy_getinfo(w->curl, CURLINFO_RESPONSE_CODE, &status);
	bool answered = code == CURLE_OK || (code == CURLE_WRITE_ERROR && taken > ANSWER_MAX);
	if (answered && status >= 200 && status < 300)
		return true;
	curl_easy_getinfo(w->curl, CURLINFO_SSL_VERIFYRESULT, &unverified);
	if (!answered)
		return fault_set(fault, unverified ? FAULT_CERTIFICATE : kind_of(code), "%s",
				 message[0] ? message : curl_easy_strerror(code));
	fault_set(fault, FAULT_ANSWER, "it was answered with HTTP status %ld", status);
	if (curl_easy_getinfo(w->curl, CURLINFO_RETRY_AFTER, &wait) == CURLE_OK && wait > 0)
		fault->retry_after_s = wait;
	return false;
}

static bool send_webhook(struct sink *sink, struct fault *fault)
{
	struct webhook *w = (struct webhook *)sink;
	struct buf body BUF_AUTO = BUF_INIT, signature BUF_AUTO = BUF_INIT;
	buf_adds(&body, "{\"approver\":");
	json_add_string(&body, sink->approver, strlen(sink->approver));
	buf_addf(&body, ",\"first\":%" PRId64 ",\"last\":%" PRId64 ",\"records\":[", w->first, w->last);
	buf_add(&body, w->records.data, w->records.len);
	buf_adds(&body, "]}");
	bool good = !w->records.failed && !body.failed;
	buf_finish(&w->records);
	if (!w->curl)
		w->curl = curl_easy_init();
	struct curl_slist *headers = NULL, *more = NULL;
	good = good && w->curl && sign(&signature, &sink->conf->secret, &body) &&
	       (headers = curl_slist_append(NULL, signature.data)) &&
	       (more = curl_slist_append(headers, "Content-Type: application/json")) &&
	       (more = curl_slist_append(headers, "Expect:"));
	good = good ? post(w, &body, headers, fault) : fault_set(fault, FAULT_MEMORY, "out of memory");
	if (w->curl)
		curl_easy_setopt(w->curl, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(headers);
	return good;
}

static void free_webhook(struct sink *sink)
{
	struct webhook *w = (struct webhook *)sink;
	curl_easy_cleanup(w->curl);
	buf_finish(&w->records);
	free(w);
}

/* What was sent was answered. */
const struct sink_kind sink_webhook = {.open = open_webhook,
				       .add = add,
				       .send = send_webhook,
				       .settled = sink_settled_at_once,
				       .close = sink_closed_at_once,
				       .free = free_webhook};
