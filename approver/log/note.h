/* note.h: signed notes (https://c2sp.org/signed-note) and the checkpoints in them (c2sp.org/tlog-checkpoint).
 *
 *	ORIGIN
 *	SIZE
 *	ROOT in base64
 *
 *	— NAME BASE64(key ID, signature)
 *
 * Two kinds of signature: Ed25519 over the text (0x01), and a witness's cosignature, which says when
 * (c2sp.org/tlog-cosignature, 0x04).
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_LOG_NOTE_H
#define WHOSH_LOG_NOTE_H

#include "approver/log/merkle.h"
#include "common/buf.h"

enum { NOTE_NAME = 128, NOTE_ED25519 = 1, NOTE_COSIGNATURE = 4 };

/* Whose signature it is.  `kind` is NOTE_ED25519 or NOTE_COSIGNATURE. */
struct note_verifier {
	char name[NOTE_NAME];
	unsigned char kind, id[4], public[32];
};
/* With the secret: to be wiped. */
struct note_signer {
	struct note_verifier verifier;
	unsigned char secret[64]; /* libsodium's form: seed and public key */
};

/* false: the name is none for a key (empty, too long, with blanks, control characters or '+'). */
bool note_signer_make(struct note_signer *signer, const char *name, int kind, const unsigned char seed[32]);
void note_signer_wipe(struct note_signer *signer);
/* NAME+HASH+BASE64, the form that verifiers are handed around in. */
void note_vkey_add(struct buf *out, const struct note_verifier *verifier);
bool note_vkey_parse(struct note_verifier *verifier, const char *text);

/* A checkpoint's text, which is what is signed. */
struct checkpoint {
	char origin[NOTE_NAME];
	int64_t size;
	struct hash root;
};
void checkpoint_add(struct buf *out, const struct checkpoint *checkpoint);
/* Append the signature line of `text`, which ends with a newline; `time` (seconds) is for cosignatures.  The
 * first signature of a note comes after an empty line, which is the caller's. */
void note_sign(struct buf *out, const char *text, size_t len, const struct note_signer *signer, int64_t time);

/* Take a whole note apart: its text's length, and the checkpoint that it is.  false: it is not one, in every
 * byte. */
bool checkpoint_parse(struct checkpoint *checkpoint, const char *note, size_t len, size_t *text_len);
/* Is there a good signature by `verifier`?  1; 0: there is none of that key; -1: there is a bad one.  *time
 * (may be NULL) is a cosignature's. */
int note_verify(const char *note, size_t len, size_t text_len, const struct note_verifier *verifier,
		int64_t *time);

#endif
