/* test_log_merkle.c: hashes and proofs of the tree: the vectors of certificate-transparency, and every tree
 * of up to 300 leaves against RFC 9162's definitions, word by word.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/log/merkle.h"
#include "tests/unit/check.h"
#include <string.h>

enum { MOST = 300, PATH = 2 * MERKLE_HEIGHT };

static struct hash leaves[MOST];

/* MTH(D[begin:begin+n]) as RFC 9162 section 2.1.1 writes it. */
static struct hash mth(int begin, int n)
{
	struct hash root;
	if (n == 0) {
		hash_bytes("", 0, &root);
		return root;
	}
	if (n == 1)
		return leaves[begin];
	int k = 1;
	while (2 * k < n)
		k *= 2;
	struct hash left = mth(begin, k), right = mth(begin + k, n - k);
	hash_node(&left, &right, &root);
	return root;
}

static bool get(int height, int64_t n, struct hash *out, void *arg)
{
	int size = 1 << height, limit = *(int *)arg;
	if ((n + 1) * size > limit)
		return false; /* what is beyond the tree may not be asked for */
	*out = mth((int)n * size, size);
	return true;
}

static bool is(const struct hash *hash, const char *hex)
{
	char text[2 * HASH_BYTES + 1];
	for (int i = 0; i < HASH_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", hash->bytes[i]);
	return !strcmp(text, hex);
}

/* The inputs and roots of certificate-transparency's merkletree tests. */
static void test_vectors(void)
{
	static const struct {
		const char *bytes;
		size_t len;
	} inputs[] = {{"", 0},
		      {"\x00", 1},
		      {"\x10", 1},
		      {"\x20\x21", 2},
		      {"\x30\x31", 2},
		      {"\x40\x41\x42\x43", 4},
		      {"\x50\x51\x52\x53\x54\x55\x56\x57", 8},
		      {"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f", 16}};
	static const char *const roots[] = {
	    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
	    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
	    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
	    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
	    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
	    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
	    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
	    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
	struct merkle tree = {0};
	struct hash root, leaf;
	bool good = true;
	merkle_root(&tree, &root);
	holds("the empty tree's root is the hash of nothing",
	      is(&root, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
	for (int i = 0; i < 8; i++) {
		hash_leaf(inputs[i].bytes, inputs[i].len, &leaf);
		merkle_add(&tree, 0, &leaf, NULL, NULL);
		merkle_root(&tree, &root);
		good = good && is(&root, roots[i]);
	}
	holds("other implementations find the same roots", good);
}

static bool inclusion_good(int size, const struct hash *root)
{
	struct hash path[PATH], wrong;
	for (int i = 0; i < size; i++) {
		int n = merkle_inclusion(i, size, get, &size, path);
		if (n < 0 || !merkle_included(&leaves[i], i, size, path, n, root))
			return false;
		/* Anything else is none: another leaf, place, size or root; a path that is cut, longer or
		 * altered. */
		wrong = *root;
		wrong.bytes[7] ^= 1;
		if (merkle_included(&leaves[(i + 1) % size], i, size, path, n, root) != (size == 1) ||
		    merkle_included(&leaves[i], i, size, path, n, &wrong) ||
		    (n && merkle_included(&leaves[i], i, size, path, n - 1, root)) ||
		    merkle_included(&leaves[i], i, size, path, n + 1, root) ||
		    merkle_included(&leaves[i], i + size, size, path, n, root) ||
		    merkle_included(&leaves[i], -1, size, path, n, root) ||
		    (size > 1 && merkle_included(&leaves[i], (i + 1) % size, size, path, n, root)))
			return false;
		for (int j = 0; j < n; j++) {
			path[j].bytes[j] ^= 4;
			if (merkle_included(&leaves[i], i, size, path, n, root))
				return false;
			path[j].bytes[j] ^= 4;
		}
	}
	return true;
}

static bool consistency_good(int size, const struct hash *roots)
{
	struct hash path[PATH + 1], wrong;
	for (int old = 1; old <= size; old++) {
		int n = merkle_consistency(old, size, get, &size, path);
		if (n < 0 || !merkle_consistent(old, &roots[old], size, &roots[size], path, n))
			return false;
		wrong = roots[old];
		wrong.bytes[0] ^= 128;
		if (merkle_consistent(old, &wrong, size, &roots[size], path, n) ||
		    merkle_consistent(old, &roots[old], size, &wrong, path, n) ||
		    (n && merkle_consistent(old, &roots[old], size, &roots[size], path, n - 1)) ||
		    merkle_consistent(old, &roots[old], size, &roots[size], path, n + 1) ||
		    (old < size && merkle_consistent(old + 1, &roots[old], size, &roots[size], path, n)))
			return false;
		for (int j = 0; j < n; j++) {
			path[j].bytes[31 - j] ^= 1;
			if (merkle_consistent(old, &roots[old], size, &roots[size], path, n))
				return false;
			path[j].bytes[31 - j] ^= 1;
		}
	}
	return true;
}

static void test_all_sizes(void)
{
	struct merkle tree = {0};
	static struct hash roots[MOST + 1];
	bool root_good = true, inclusion = true, consistency = true, of_good = true;
	roots[0] = mth(0, 0);
	for (int size = 1; size <= MOST; size++) {
		struct hash root;
		merkle_add(&tree, 0, &leaves[size - 1], NULL, NULL);
		merkle_root(&tree, &root);
		roots[size] = mth(0, size);
		root_good = root_good && hash_same(&root, &roots[size]) && tree.size == size;
		of_good =
		    of_good && merkle_root_of(size, get, &size, &root) && hash_same(&root, &roots[size]);
		inclusion = inclusion && inclusion_good(size, &root);
		if (size <= 100 || size % 16 < 3)
			consistency = consistency && consistency_good(size, roots);
	}
	holds("every tree's root is as the RFC defines it", root_good);
	holds("and from its subtrees, without looking beyond it", of_good);
	holds("every leaf is proved to be where it is, and nothing else is", inclusion);
	holds("every tree is proved to be another's beginning, and nothing else is", consistency);
	struct hash path[PATH];
	int size = MOST;
	holds("there is no proof of what is not there",
	      merkle_inclusion(MOST, MOST, get, &size, path) < 0 &&
		  merkle_inclusion(-1, MOST, get, &size, path) < 0 &&
		  merkle_consistency(MOST + 1, MOST, get, &size, path) < 0 &&
		  merkle_consistency(-1, MOST, get, &size, path) < 0);
	size = 100;
	holds("hashes that cannot be had are no proof",
	      merkle_inclusion(3, MOST, get, &size, path) < 0 &&
		  merkle_consistency(150, MOST, get, &size, path) < 0);
	holds("nothing is a beginning of everything, and needs no proof",
	      merkle_consistent(0, &roots[0], MOST, &roots[MOST], path, 0) &&
		  !merkle_consistent(0, &roots[0], MOST, &roots[MOST], path, 1) &&
		  !merkle_consistent(5, &roots[5], 4, &roots[4], path, 0));
}

int main(void)
{
	for (int i = 0; i < MOST; i++)
		hash_leaf(&i, sizeof i, &leaves[i]);
	test_vectors();
	test_all_sizes();
	return checks_end();
}
