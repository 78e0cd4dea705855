/* merkle.h: hashes of a Merkle tree (RFC 6962 section 2.1, RFC 9162 section 2.1), and proofs about it.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_LOG_MERKLE_H
#define WHOSH_LOG_MERKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HASH_BYTES = 32, MERKLE_HEIGHT = 64 };

struct hash {
	unsigned char bytes[HASH_BYTES];
};

/* SHA-256 of bytes; of a leaf, with 0x00 before it; of a node, with 0x01 before its two children. */
void hash_bytes(const void *bytes, size_t len, struct hash *out);
void hash_leaf(const void *bytes, size_t len, struct hash *out);
void hash_node(const struct hash *left, const struct hash *right, struct hash *out);
bool hash_same(const struct hash *a, const struct hash *b);

/* A tree that grows: the roots of its complete subtrees, largest first.  All zero: empty. */
struct merkle {
	int64_t size;
	int n;
	struct {
		int height;
		struct hash hash;
	} roots[MERKLE_HEIGHT];
};

/* Append a complete subtree of 2^height leaves; the tree's size must be a multiple of that.  Subtrees that
 * become complete by it, beyond its own, are told to `fn` (may be NULL). */
typedef void merkle_complete(int height, const struct hash *hash, void *arg);
void merkle_add(struct merkle *tree, int height, const struct hash *hash, merkle_complete *fn, void *arg);
/* Of no leaves: the hash of nothing. */
void merkle_root(const struct merkle *tree, struct hash *root);

/* Where hashes of complete subtrees come from: the `n`th of 2^height leaves; false: it cannot be had. */
typedef bool merkle_get(int height, int64_t n, struct hash *out, void *arg);
/* The root of the first `size` leaves. */
bool merkle_root_of(int64_t size, merkle_get *get, void *arg, struct hash *root);
/* An audit path of leaf `index` in the tree of `size`, and a proof that the tree of `size` begins with that
 * of `old`: at most MERKLE_HEIGHT * 2 hashes; how many, or -1. */
int merkle_inclusion(int64_t index, int64_t size, merkle_get *get, void *arg, struct hash *path);
int merkle_consistency(int64_t old, int64_t size, merkle_get *get, void *arg, struct hash *path);
bool merkle_included(const struct hash *leaf, int64_t index, int64_t size, const struct hash *path, int n,
		     const struct hash *root);
bool merkle_consistent(int64_t old, const struct hash *old_root, int64_t size, const struct hash *root,
		       const struct hash *path, int n);

#endif
