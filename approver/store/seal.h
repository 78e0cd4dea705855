/* seal.h: what leaves say, encrypted at rest.
 *
 * A sealed leaf is {"v":1,"n":INDEX,"ms":TIME,"kind":KIND,"sealed":BASE64URL}: what stood behind the kind, as
 * an object, under XChaCha20-Poly1305-IETF (nonce, then ciphertext with its tag).  The entry's own bytes up
 * to the quote that ends KIND are the associated data, so that what is sealed cannot be moved to another
 * leaf. It is the sealed leaf that is hashed into the tree.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_STORE_SEAL_H
#define WHOSH_STORE_SEAL_H

#include "common/buf.h"
#include <stdbool.h>

struct log;
struct seal;
struct leaf;

enum { SEAL_KEY_BYTES = 32, SEAL_KEYS_MAX = 64 };

/* The keys in the folder: seal.key, which seals, and the older ones seal.key.1, seal.key.2 … without a gap,
 * which only open.  true with *seal NULL when there is none; false with *error: a file is not a key, or may
 * be read by others. */
bool seal_load(const char *folder, struct seal **seal, char **error);
void seal_free(struct seal *seal); /* wipes */
/* Append a whole leaf's text, sealed; one that says nothing stays as it is.  `head` is the length up to the
 * end of its kind.  false: out of memory. */
bool seal_leaf(const struct seal *seal, const char *text, size_t len, size_t head, struct buf *out);
/* Append the leaf in clear of the one that was parsed; false: no key opens it. */
bool seal_open(const struct seal *seal, const struct leaf *leaf, struct buf *out);
/* Can what the log holds be read with these keys?  Looks at its last leaves and its first; true, or false
 * with *error. */
bool seal_fits(const struct seal *seal, struct log *log, const char *folder, char **error);

/* The one way from a stored entry to a leaf: through its blob, and its seal.  `text` receives what the leaf
 * borrows from.  1; 0: what it says is archived; -1.  Finish the leaf in any case. */
int leaf_open(struct log *log, const struct seal *seal, int64_t n, const char *entry, size_t len,
	      struct buf *text, struct leaf *leaf);

#endif
