/* note.c: signed notes.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/log/note.h"
#include "common/codec.h"
#include "common/secure.h"
#include "common/text.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SIGNATURES = 100, SIGNATURE = 64, TIMESTAMP = 8 };

static const char dash[] = "\xe2\x80\x94 "; /* an em dash and a blank */

static bool name_good(const char *name)
{
	size_t len = strlen(name);
	if (!len || len >= NOTE_NAME)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)name[i] <= ' ' || name[i] == '+' || name[i] == 0x7f)
			return false;
	return utf8_valid(name, len);
}

/* The first four bytes of the SHA-256 of name, newline, kind and key. */
static void find_id(struct note_verifier *verifier)
{
	unsigned char text[NOTE_NAME + 2 + 32];
	struct hash hash;
	size_t len = strlen(verifier->name);
	memcpy(text, verifier->name, len);
	text[len++] = '\n';
	text[len++] = verifier->kind;
	memcpy(text + len, verifier->public, 32);
	hash_bytes(text, len + 32, &hash);
	memcpy(verifier->id, hash.bytes, sizeof verifier->id);
}

bool note_signer_make(struct note_signer *signer, const char *name, int kind, const unsigned char seed[32])
{
	*signer = (struct note_signer){.verifier.kind = (unsigned char)kind};
	if (!name_good(name) || sodium_init() < 0 ||
	    crypto_sign_seed_keypair(signer->verifier.public, signer->secret, seed))
		return false;
	strcpy(signer->verifier.name, name);
	find_id(&signer->verifier);
	return true;
}

void note_signer_wipe(struct note_signer *signer)
{
	secure_wipe(signer, sizeof *signer);
}

void note_vkey_add(struct buf *out, const struct note_verifier *verifier)
{
	unsigned char key[1 + 32] = {verifier->kind};
	memcpy(key + 1, verifier->public, 32);
	buf_addf(out, "%s+", verifier->name);
	hex_encode(out, verifier->id, sizeof verifier->id);
	buf_addc(out, '+');
	base64_encode(out, key, sizeof key);
}

bool note_vkey_parse(struct note_verifier *verifier, const char *text)
{
	struct buf key BUF_AUTO = BUF_INIT, again BUF_AUTO = BUF_INIT;
	const char *plus = strchr(text, '+'), *second = plus ? strchr(plus + 1, '+') : NULL;
	*verifier = (struct note_verifier){0};
	if (!second || (size_t)(plus - text) >= NOTE_NAME)
		return false;
	memcpy(verifier->name, text, (size_t)(plus - text));
	if (!name_good(verifier->name) || !base64_decode(&key, second + 1, strlen(second + 1)) ||
	    key.len != 33 || (key.data[0] != NOTE_ED25519 && key.data[0] != NOTE_COSIGNATURE))
		return false;
	verifier->kind = (unsigned char)key.data[0];
	memcpy(verifier->public, key.data + 1, 32);
	find_id(verifier);
	note_vkey_add(&again, verifier);
	return !again.failed && !strcmp(again.data, text);
}

void checkpoint_add(struct buf *out, const struct checkpoint *checkpoint)
{
	buf_addf(out, "%s\n%lld\n", checkpoint->origin, (long long)checkpoint->size);
	base64_encode(out, &checkpoint->root, sizeof checkpoint->root);
	buf_addc(out, '\n');
}

/* What a cosignature signs: "cosignature/v1", when, and the text. */
static void cosigned(struct buf *out, const char *text, size_t len, int64_t time)
{
	buf_addf(out, "cosignature/v1\ntime %lld\n", (long long)time);
	buf_add(out, text, len);
}

void note_sign(struct buf *out, const char *text, size_t len, const struct note_signer *signer, int64_t time)
{
	struct buf message BUF_AUTO = BUF_INIT;
	const struct note_verifier *verifier = &signer->verifier;
	unsigned char line[4 + TIMESTAMP + SIGNATURE], *at = line + 4;
	memcpy(line, verifier->id, 4);
	if (verifier->kind == NOTE_COSIGNATURE) {
		for (int i = TIMESTAMP - 1; i >= 0; i--)
			*at++ = (unsigned char)((uint64_t)time >> (8 * i));
		cosigned(&message, text, len, time);
	} else {
		buf_add(&message, text, len);
	}
	out->failed = out->failed || message.failed;
	if (out->failed)
		return;
	crypto_sign_detached(at, NULL, (unsigned char *)message.data, message.len, signer->secret);
	buf_addf(out, "%s%s ", dash, verifier->name);
	base64_encode(out, line, (size_t)(at + SIGNATURE - line));
	buf_addc(out, '\n');
}

/* A line without its newline; false when there is none. */
static bool line(const char **at, const char *end, const char **begin, size_t *len)
{
	const char *newline = memchr(*at, '\n', (size_t)(end - *at));
	if (!newline)
		return false;
	*begin = *at;
	*len = (size_t)(newline - *at);
	*at = newline + 1;
	return true;
}

static bool decimal(const char *text, size_t len, int64_t *value)
{
	*value = 0;
	if (!len || len > 18 || (len > 1 && *text == '0'))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		*value = *value * 10 + text[i] - '0';
	}
	return true;
}

bool checkpoint_parse(struct checkpoint *checkpoint, const char *note, size_t len, size_t *text_len)
{
	struct buf root BUF_AUTO = BUF_INIT;
	const char *at = note, *end = note + len, *begin;
	size_t n;
	*checkpoint = (struct checkpoint){0};
	if (!utf8_valid(note, len) || !line(&at, end, &begin, &n) || !n || n >= NOTE_NAME)
		return false;
	memcpy(checkpoint->origin, begin, n);
	if (!line(&at, end, &begin, &n) || !decimal(begin, n, &checkpoint->size))
		return false;
	if (!line(&at, end, &begin, &n) || !base64_decode(&root, begin, n) || root.len != HASH_BYTES)
		return false;
	memcpy(&checkpoint->root, root.data, HASH_BYTES);
	*text_len = (size_t)(at - note);
	if (!line(&at, end, &begin, &n) || n)
		return false; /* extension lines are nobody's here */
	int signatures = 0;
	while (at < end) {
		if (!line(&at, end, &begin, &n) || n < sizeof dash ||
		    memcmp(begin, dash, sizeof dash - 1) != 0 || ++signatures > MOST_SIGNATURES)
			return false;
	}
	return signatures > 0;
}

/* "— NAME BASE64": 1 a good signature of `verifier`, 0 somebody else's, -1. */
static int verify_line(const char *begin, size_t n, const char *note, size_t text_len,
		       const struct note_verifier *verifier, int64_t *time)
{
	struct buf signature BUF_AUTO = BUF_INIT, message BUF_AUTO = BUF_INIT;
	size_t name = strlen(verifier->name), before = sizeof dash - 1;
	if (n < before + name + 1 || memcmp(begin + before, verifier->name, name) != 0 ||
	    begin[before + name] != ' ')
		return 0;
	const char *encoded = begin + before + name + 1;
	if (!base64_decode(&signature, encoded, n - before - name - 1) || signature.len < 4)
		return -1;
	if (memcmp(signature.data, verifier->id, 4) != 0)
		return 0;
	bool timed = verifier->kind == NOTE_COSIGNATURE;
	if (signature.len != (size_t)4 + (timed ? TIMESTAMP : 0) + SIGNATURE)
		return -1;
	const unsigned char *at = (unsigned char *)signature.data + 4;
	if (timed) {
		uint64_t when = 0;
		for (int i = 0; i < TIMESTAMP; i++)
			when = when << 8 | *at++;
		if (when > INT64_MAX)
			return -1;
		cosigned(&message, note, text_len, (int64_t)when);
		if (time)
			*time = (int64_t)when;
	} else {
		buf_add(&message, note, text_len);
	}
	if (message.failed || sodium_init() < 0)
		return -1;
	return crypto_sign_verify_detached(at, (unsigned char *)message.data, message.len, verifier->public)
		   ? -1
		   : 1;
}

int note_verify(const char *note, size_t len, size_t text_len, const struct note_verifier *verifier,
		int64_t *time)
{
	const char *at = note + text_len + 1, *end = note + len, *begin;
	size_t n;
	int found = 0;
	while (found == 0 && at < end && line(&at, end, &begin, &n))
		found = verify_line(begin, n, note, text_len, verifier, time);
	return found;
}
