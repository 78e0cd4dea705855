/* merkle.c: the tree.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/log/merkle.h"
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* One context a thread: to make one costs as much as to hash a leaf. */
static EVP_MD_CTX *context(void)
{
	static _Thread_local EVP_MD_CTX *mine;
	if (!mine && !(mine = EVP_MD_CTX_new()))
		abort(); /* without memory for a hash nothing can be vouched for */
	return mine;
}

static void hash_two(const void *prefix, size_t prefix_len, const void *bytes, size_t len, struct hash *out)
{
	static _Atomic(const EVP_MD *) sha256;
	const EVP_MD *algorithm = sha256;
	if (!algorithm)
		sha256 = algorithm = EVP_sha256();
	EVP_MD_CTX *c = context();
	if (!EVP_DigestInit_ex(c, algorithm, NULL) || !EVP_DigestUpdate(c, prefix, prefix_len) ||
	    !EVP_DigestUpdate(c, bytes, len) || !EVP_DigestFinal_ex(c, out->bytes, NULL))
		abort();
}

void hash_bytes(const void *bytes, size_t len, struct hash *out)
{
	hash_two("", 0, bytes, len, out);
}

void hash_leaf(const void *bytes, size_t len, struct hash *out)
{
	hash_two("\0", 1, bytes, len, out);
}

void hash_node(const struct hash *left, const struct hash *right, struct hash *out)
{
	unsigned char both[2 * HASH_BYTES];
	memcpy(both, left, HASH_BYTES);
	memcpy(both + HASH_BYTES, right, HASH_BYTES);
	hash_two("\1", 1, both, sizeof both, out);
}

bool hash_same(const struct hash *a, const struct hash *b)
{
	return !memcmp(a, b, sizeof *a);
}

void merkle_add(struct merkle *tree, int height, const struct hash *hash, merkle_complete *fn, void *arg)
{
	struct hash joined = *hash;
	tree->size += (int64_t)1 << height;
	while (tree->n && tree->roots[tree->n - 1].height == height) {
		hash_node(&tree->roots[--tree->n].hash, &joined, &joined);
		height++;
		if (fn)
			fn(height, &joined, arg);
	}
	tree->roots[tree->n].height = height;
	tree->roots[tree->n++].hash = joined;
}

void merkle_root(const struct merkle *tree, struct hash *root)
{
	if (!tree->n) {
		hash_bytes("", 0, root);
		return;
	}
	*root = tree->roots[tree->n - 1].hash;
	for (int i = tree->n - 2; i >= 0; i--)
		hash_node(&tree->roots[i].hash, root, root);
}

/* ── of any part of a tree ─────────────────────────────────────────────────────────────────────────────── */

/* The height of the largest complete subtree that is smaller than `n` leaves: RFC 6962's k is 2^it. */
static int split(int64_t n)
{
	int height = 0;
	while ((int64_t)2 << height < n)
		height++;
	return height;
}

/* The hash of leaves [begin, begin + n): `begin` is a multiple of the size of the subtree they are in. */
static bool range(int64_t begin, int64_t n, merkle_get *get, void *arg, struct hash *out)
{
	struct hash right;
	if (!(n & (n - 1))) {
		int height = 0;
		while ((int64_t)1 << height < n)
			height++;
		return get(height, begin >> height, out, arg);
	}
	int64_t k = (int64_t)1 << split(n);
	if (!range(begin, k, get, arg, out) || !range(begin + k, n - k, get, arg, &right))
		return false;
	hash_node(out, &right, out);
	return true;
}

bool merkle_root_of(int64_t size, merkle_get *get, void *arg, struct hash *root)
{
	if (size)
		return range(0, size, get, arg, root);
	hash_bytes("", 0, root);
	return true;
}

/* RFC 9162 section 2.1.3.1: the path from the leaf up. */
static int path_of(int64_t index, int64_t begin, int64_t n, merkle_get *get, void *arg, struct hash *path)
{
	if (n == 1)
		return 0;
	int64_t k = (int64_t)1 << split(n);
	bool left = index < k;
	int len = left ? path_of(index, begin, k, get, arg, path)
		       : path_of(index - k, begin + k, n - k, get, arg, path);
	if (len < 0 ||
	    !(left ? range(begin + k, n - k, get, arg, path + len) : range(begin, k, get, arg, path + len)))
		return -1;
	return len + 1;
}

int merkle_inclusion(int64_t index, int64_t size, merkle_get *get, void *arg, struct hash *path)
{
	return index < 0 || index >= size ? -1 : path_of(index, 0, size, get, arg, path);
}

/* RFC 9162 section 2.1.4.1. */
static int subproof(int64_t old, int64_t begin, int64_t n, bool whole, merkle_get *get, void *arg,
		    struct hash *path)
{
	if (old == n)
		return whole ? 0 : range(begin, n, get, arg, path) ? 1 : -1;
	int64_t k = (int64_t)1 << split(n);
	bool left = old <= k;
	int len = left ? subproof(old, begin, k, whole, get, arg, path)
		       : subproof(old - k, begin + k, n - k, false, get, arg, path);
	if (len < 0 ||
	    !(left ? range(begin + k, n - k, get, arg, path + len) : range(begin, k, get, arg, path + len)))
		return -1;
	return len + 1;
}

int merkle_consistency(int64_t old, int64_t size, merkle_get *get, void *arg, struct hash *path)
{
	if (old < 0 || old > size)
		return -1;
	return old == 0 || old == size ? 0 : subproof(old, 0, size, true, get, arg, path);
}

/* RFC 9162 section 2.1.3.2. */
bool merkle_included(const struct hash *leaf, int64_t index, int64_t size, const struct hash *path, int n,
		     const struct hash *root)
{
	if (index < 0 || index >= size)
		return false;
	int64_t fn = index, sn = size - 1;
	struct hash hash = *leaf;
	for (int i = 0; i < n; i++) {
		if (sn == 0)
			return false;
		if ((fn & 1) || fn == sn) {
			hash_node(&path[i], &hash, &hash);
			while (!(fn & 1) && fn) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			hash_node(&hash, &path[i], &hash);
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && hash_same(&hash, root);
}

/* RFC 9162 section 2.1.4.2. */
bool merkle_consistent(int64_t old, const struct hash *old_root, int64_t size, const struct hash *root,
		       const struct hash *path, int n)
{
	if (old < 0 || old > size)
		return false;
	if (old == size)
		return n == 0 && hash_same(old_root, root);
	if (old == 0)
		return n == 0;
	int64_t fn = old - 1, sn = size - 1;
	while (fn & 1) {
		fn >>= 1;
		sn >>= 1;
	}
	/* A tree that is complete is a node of the larger one, and its hash is not in the proof. */
	bool complete = !(old & (old - 1));
	if (n < 1 && !complete)
		return false;
	struct hash fr = complete ? *old_root : path[0], sr = fr;
	for (int i = complete ? 0 : 1; i < n; i++) {
		if (sn == 0)
			return false;
		if ((fn & 1) || fn == sn) {
			hash_node(&path[i], &fr, &fr);
			hash_node(&path[i], &sr, &sr);
			while (!(fn & 1) && fn) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			hash_node(&sr, &path[i], &sr);
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && hash_same(&fr, old_root) && hash_same(&sr, root);
}
