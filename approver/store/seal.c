/* seal.c: keys of leaves, and sealing.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/seal.h"
#include "approver/log/log.h"
#include "approver/store/leaf.h"
#include "common/codec.h"
#include "common/error.h"
#include "common/io.h"
#include "common/log.h"
#include "common/secure.h"
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	TAG = crypto_aead_xchacha20poly1305_ietf_ABYTES,
	MAX_FILE = 256
};

struct seal {
	int n;
	unsigned char keys[SEAL_KEYS_MAX][SEAL_KEY_BYTES]; /* the first one seals */
};

/* 1, 0: no such file, -1 with *error. */
static int load_one(const char *path, unsigned char key[SEAL_KEY_BYTES], char **error)
{
	struct buf text = BUF_INIT, bytes = BUF_INIT;
	struct stat st;
	if (stat(path, &st)) {
		if (errno == ENOENT)
			return 0;
		error_set(error, "%s: %s", path, strerror(errno));
		return -1;
	}
	const char *why =
	    st.st_mode & 077 ? "may be read by others: chmod 0400 it" : read_regular(path, MAX_FILE, &text);
	size_t len = text.len && text.data[text.len - 1] == '\n' ? text.len - 1 : text.len;
	if (!why &&
	    (!base64url_decode(&bytes, text.data ? text.data : "", len) || bytes.len != SEAL_KEY_BYTES))
		why = "is not a key: 32 bytes as one line of base64url";
	if (!why)
		memcpy(key, bytes.data, SEAL_KEY_BYTES);
	buf_wipe(&text);
	buf_wipe(&bytes);
	if (why)
		error_set(error, "%s: %s", path, why);
	return why ? -1 : 1;
}

bool seal_load(const char *folder, struct seal **out, char **error)
{
	char path[4200];
	struct seal *seal = sodium_init() < 0 ? NULL : calloc(1, sizeof *seal);
	int found = 1;
	*out = NULL;
	if (!seal)
		return error_set(error, "out of memory");
	while (found == 1 && seal->n < SEAL_KEYS_MAX) {
		if (seal->n)
			snprintf(path, sizeof path, "%s/seal.key.%d", folder, seal->n);
		else
			snprintf(path, sizeof path, "%s/seal.key", folder);
		found = load_one(path, seal->keys[seal->n], error);
		seal->n += found == 1;
	}
	if (found >= 0 && seal->n) {
		*out = seal;
		return true;
	}
	seal_free(seal);
	return found >= 0;
}

void seal_free(struct seal *seal)
{
	if (seal)
		secure_wipe(seal, sizeof *seal);
	free(seal);
}

bool seal_leaf(const struct seal *seal, const char *text, size_t len, size_t head, struct buf *out)
{
	if (len == head + 1) { /* nothing but its brace follows */
		buf_add(out, text, len);
		return !out->failed;
	}
	size_t said = len - head; /* ",…}", of which the comma becomes a brace */
	unsigned char *sealed = malloc(NONCE + said + TAG);
	char *clear = malloc(said);
	if (sealed && clear) {
		memcpy(clear, text + head, said);
		*clear = '{';
		secure_random(sealed, NONCE);
		crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + NONCE, NULL, (unsigned char *)clear, said,
							   (const unsigned char *)text, head, NULL, sealed,
							   seal->keys[0]);
		buf_add(out, text, head);
		buf_adds(out, ",\"sealed\":\"");
		base64url_encode(out, sealed, NONCE + said + TAG);
		buf_adds(out, "\"}");
	}
	bool good = sealed && clear && !out->failed;
	free(sealed);
	free(clear);
	return good;
}

bool seal_open(const struct seal *seal, const struct leaf *leaf, struct buf *out)
{
	struct buf sealed BUF_AUTO = BUF_INIT, head BUF_AUTO = BUF_INIT;
	buf_addf(&head, "{\"v\":1,\"n\":%lld,\"ms\":%lld,\"kind\":\"%s\"", (long long)leaf->n,
		 (long long)leaf->ms, event_kind_name(leaf->kind));
	if (!seal || head.failed || !base64url_decode(&sealed, leaf->sealed, strlen(leaf->sealed)) ||
	    sealed.len <= NONCE + TAG)
		return false;
	size_t said = sealed.len - NONCE - TAG, before = out->len + head.len;
	if (!buf_reserve(out, head.len + said))
		return false;
	const unsigned char *bytes = (const unsigned char *)sealed.data;
	unsigned char *clear = (unsigned char *)out->data + before;
	for (int i = 0; i < seal->n; i++)
		if (!crypto_aead_xchacha20poly1305_ietf_decrypt(clear, NULL, NULL, bytes + NONCE, said + TAG,
								(const unsigned char *)head.data, head.len,
								bytes, seal->keys[i])) {
			memcpy(out->data + out->len, head.data, head.len);
			*clear = ',';
			out->len = before + said;
			out->data[out->len] = '\0';
			return true;
		}
	return false;
}

int leaf_open(struct log *log, const struct seal *seal, int64_t n, const char *entry, size_t len,
	      struct buf *text, struct leaf *leaf)
{
	struct buf blob BUF_AUTO = BUF_INIT;
	bool good = leaf_parse(leaf, n, entry, len);
	if (good && leaf->blob) {
		int found = log_blob_read(log, leaf->blob, &blob);
		if (found != 1)
			return found < 0 ? -1 : 0;
		leaf_finish(leaf);
		good = leaf_parse(leaf, n, blob.data, blob.len) && !leaf->blob;
		entry = blob.data;
		len = blob.len;
	}
	if (good && leaf->sealed) {
		struct buf clear BUF_AUTO = BUF_INIT;
		if (!seal_open(seal, leaf, &clear)) {
			log_line(LOG_LEVEL_ERROR, "a leaf of the log is sealed with a key that is not here",
				 NULL);
			errno = EACCES;
			return -1;
		}
		buf_clear(text);
		buf_add(text, clear.data, clear.len);
	} else if (good && entry != text->data) {
		buf_clear(text);
		buf_add(text, entry, len);
	}
	leaf_finish(leaf);
	if (good && !text->failed && leaf_parse(leaf, n, text->data, text->len) && !leaf->blob &&
	    !leaf->sealed)
		return 1;
	errno = EIO;
	return -1;
}

/* 1: sealed, and no key opens it; 0: it can be read; 2: it says nothing. */
static int looked_at(const struct seal *seal, struct log *log, int64_t n)
{
	struct buf entry BUF_AUTO = BUF_INIT, clear BUF_AUTO = BUF_INIT, blob BUF_AUTO = BUF_INIT;
	struct leaf leaf = {0};
	int result = 2;
	if (log_entry_read(log, n, &entry) == 1 && leaf_parse(&leaf, n, entry.data, entry.len)) {
		if (leaf.blob && log_blob_read(log, leaf.blob, &blob) == 1) {
			leaf_finish(&leaf);
			(void)leaf_parse(&leaf, n, blob.data, blob.len);
		}
		if (leaf.sealed)
			result = !seal_open(seal, &leaf, &clear);
		else if (leaf.body || leaf.rows)
			result = 0;
	}
	leaf_finish(&leaf);
	return result;
}

bool seal_fits(const struct seal *seal, struct log *log, const char *folder, char **error)
{
	enum { LOOK_BACK = 256 };
	int64_t size = log_size(log);
	int last = 2;
	for (int64_t n = size - 1; n >= 0 && n >= size - LOOK_BACK && last == 2; n--)
		last = looked_at(seal, log, n);
	if (last != 1 && (!size || looked_at(seal, log, 0) != 1))
		return true;
	return error_set(error,
			 "%s/log is sealed, and %s/seal.key %s: put the key back that it was sealed with%s",
			 folder, folder, seal ? "does not open it" : "is not there",
			 seal ? " (an older one as seal.key.1, seal.key.2 …)" : "");
}
