/* test_log.c: what the log promises: entries, tiles and blobs at every size that matters, while others read.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/log/log_inner.h"
#include "common/codec.h"
#include "common/io.h"
#include "tests/unit/check.h"
#include "tests/unit/test_store.h"
#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

static char scratch[64];

static struct log *open_at(const char *name)
{
	char dir[120], *error = NULL;
	snprintf(dir, sizeof dir, "%s/%s", scratch, name);
	struct log *log = log_open(dir, test_signer(), &error);
	if (!log)
		printf("# %s\n", error ? error : "out of memory");
	free(error);
	return log;
}

static int text_of(int64_t n, char text[40])
{
	return snprintf(text, 40, "{\"entry\":%lld}", (long long)n);
}

/* Entries up to `size`, in groups. */
static bool grow(struct log *log, int64_t size)
{
	enum { GROUP = 500 };
	static char texts[GROUP][40];
	struct log_entry entries[GROUP];
	for (int64_t at = log_size(log); at < size;) {
		size_t n = 0;
		for (; n < GROUP && at < size; n++, at++)
			entries[n] = (struct log_entry){texts[n], (size_t)text_of(at, texts[n]), NULL, 0};
		if (log_append(log, entries, n))
			return false;
	}
	return true;
}

struct walk {
	struct merkle tree;
	int64_t next;
	bool good;
};

static bool walk(int64_t n, const char *bytes, size_t len, void *arg)
{
	struct walk *state = arg;
	struct hash leaf;
	char text[40];
	hash_leaf(bytes, len, &leaf);
	merkle_add(&state->tree, 0, &leaf, NULL, NULL);
	state->good =
	    state->good && n == state->next++ && (int)len == text_of(n, text) && !memcmp(text, bytes, len);
	return state->good;
}

/* All of it, by each way there is. */
static bool whole(struct log *log, int64_t size)
{
	struct walk state = {.good = true};
	struct buf note BUF_AUTO = BUF_INIT, entry BUF_AUTO = BUF_INIT;
	struct checkpoint checkpoint;
	struct hash root, again;
	size_t text_len;
	char text[40];
	if (log_size(log) != size || log_each(log, 0, size, walk, &state) || !state.good ||
	    state.next != size)
		return false;
	merkle_root(&state.tree, &root);
	if (log_checkpoint(log, &note) || !checkpoint_parse(&checkpoint, note.data, note.len, &text_len) ||
	    checkpoint.size != size || !hash_same(&root, &checkpoint.root) ||
	    !merkle_root_of(size, log_hash, log, &again) || !hash_same(&root, &again))
		return false;
	for (int64_t n = size - 1; n >= 0; n -= 1 + n / 3) {
		buf_clear(&entry);
		if (log_entry_read(log, n, &entry) != 1 || (int)entry.len != text_of(n, text) ||
		    memcmp(entry.data, text, entry.len) != 0)
			return false;
	}
	return !log_entry_read(log, size, &entry) && !log_entry_read(log, -1, &entry);
}

static bool file_is(struct log *log, const char *path, size_t len)
{
	struct buf out BUF_AUTO = BUF_INIT;
	return log_file(log, path, &out) == 1 && out.len == len;
}

static bool no_file(struct log *log, const char *path)
{
	struct buf out BUF_AUTO = BUF_INIT;
	return log_file(log, path, &out) == 0 && !out.len;
}

static void test_sizes(void)
{
	static const int64_t sizes[] = {0, 1, 2, 255, 256, 257, 511, 512, 1000, 65535, 65536, 65537, 65792};
	bool appended = true, reopened = true;
	struct log *log = open_at("sizes");
	for (size_t i = 0; log && i < sizeof sizes / sizeof *sizes; i++) {
		appended = appended && grow(log, sizes[i]) && whole(log, sizes[i]);
		if (i % 3 == 0)
			log_publish(log);
		log_close(log);
		log = open_at("sizes");
		reopened = reopened && log && whole(log, sizes[i]);
	}
	holds("entries are read as they were written, around every edge of a tile", appended);
	holds("and after a restart", log && reopened);
	/* 65,792 leaves: 257 full bundles, one full tile of level 1 and one hash more, one hash in level 2.
	 */
	holds("each tile of the tree is a file",
	      file_is(log, "tile/0/256", 8192) && file_is(log, "tile/1/000", 8192) &&
		  file_is(log, "tile/1/001.p/1", 32) && file_is(log, "tile/2/000.p/1", 32));
	holds("partial ones of older trees are, too",
	      file_is(log, "tile/0/000.p/1", 32) && file_is(log, "tile/0/256.p/255", 8160) &&
		  file_is(log, "tile/entries/000.p/1", 2 + 11) && file_is(log, "tile/1/000.p/200", 6400));
	holds("what the tree does not have is none",
	      no_file(log, "tile/0/257") && no_file(log, "tile/0/257.p/1") && no_file(log, "tile/1/001") &&
		  no_file(log, "tile/1/001.p/2") && no_file(log, "tile/2/000") &&
		  no_file(log, "tile/3/000.p/1") && no_file(log, "tile/entries/257.p/1") &&
		  no_file(log, "checkpoint") && no_file(log, "../journal"));
	log_close(log);
}

static void test_limits(void)
{
	static char large[LOG_ENTRY_MAX + 1];
	struct log *log = open_at("limits");
	struct buf out BUF_AUTO = BUF_INIT, hex BUF_AUTO = BUF_INIT;
	struct hash hash;
	struct log_entry entry = {large, LOG_ENTRY_MAX, large, sizeof large};
	holds("the longest entry and a blob are kept", !log_append(log, &entry, 1) && log_size(log) == 1);
	entry.len = LOG_ENTRY_MAX + 1;
	holds("a longer one is refused",
	      log_append(log, &entry, 1) && errno == EMSGSIZE && log_size(log) == 1);
	entry = (struct log_entry){"", 0, NULL, 0};
	holds("an empty one is one", !log_append(log, &entry, 1) && log_size(log) == 2);
	hash_bytes(large, sizeof large, &hash);
	hex_encode(&hex, &hash, sizeof hash);
	holds("a blob is found by its hash",
	      log_blob_read(log, hex.data, &out) == 1 && out.len == sizeof large);
	log_close(log);
	log = open_at("limits");
	buf_clear(&out);
	holds("after a restart as well", log_blob_read(log, hex.data, &out) == 1 && out.len == sizeof large &&
					     log_entry_read(log, 0, &out) == 1);
	hex.data[0] ^= 1;
	holds("no other name is a blob's",
	      !log_blob_read(log, hex.data, &out) && !log_blob_read(log, "../journal", &out));
	hex.data[0] ^= 1;
	char path[300];
	snprintf(path, sizeof path, "%s/limits/blob/%.2s/%s", scratch, hex.data, hex.data);
	large[7] = 1;
	write_file_durable(path, large, sizeof large, 0600);
	buf_clear(&out);
	holds("a blob that was altered is an error, and is not told",
	      log_blob_read(log, hex.data, &out) == -1 && errno == EIO && !out.len);
	log_close(log);
}

/* Change or take away a file, see what is said, and put it back. */
static bool damaged(const char *name, bool lost, bool (*still)(struct log *))
{
	char path[300];
	struct buf was BUF_AUTO = BUF_INIT;
	snprintf(path, sizeof path, "%s/sizes/%s", scratch, name);
	if (read_file(path, 64 << 20, &was))
		return false;
	if (lost) {
		unlink(path);
	} else {
		was.data[was.len / 2] ^= 1;
		write_file_durable(path, was.data, was.len, 0600);
		was.data[was.len / 2] ^= 1;
	}
	struct log *log = open_at("sizes");
	bool good = still ? log && still(log) : !log;
	log_close(log);
	write_file_durable(path, was.data, was.len, 0600);
	return good;
}

static bool bundle_untold(struct log *log)
{
	struct buf out BUF_AUTO = BUF_INIT;
	struct walk state = {.good = true};
	int found = log_entry_read(log, 3 * 256 + 7, &out);
	return found != 1 && found != 0 && !out.len && log_each(log, 3 * 256, 4 * 256, walk, &state) == -1 &&
	       !state.next && log_entry_read(log, 5 * 256, &out) == 1;
}

static bool nothing_told(struct log *log)
{
	struct buf out BUF_AUTO = BUF_INIT;
	return log_entry_read(log, 3 * 256, &out) == -1 && log_entry_read(log, 255 * 256, &out) == -1 &&
	       !out.len && log_entry_read(log, 256 * 256, &out) == 1;
}

static void test_damage(void)
{
	bool begun_anew;
	char path[300];
	journal_sizes = (struct journal_sizes){65536, 65536, 65536};
	struct log *log = open_at("sizes");
	grow(log, 65800);
	log_publish(log);
	snprintf(path, sizeof path, "%s/sizes/base", scratch);
	begun_anew = !access(path, R_OK);
	grow(log, 65850);
	log_close(log);
	holds("a journal that has grown is begun anew", begun_anew);
	holds("a bundle that was altered is an error, and nothing of it is told",
	      damaged("tile/entries/003", false, bundle_untold));
	holds("one that was lost as well", damaged("tile/entries/003", true, bundle_untold));
	holds("a hash tile that was altered vouches for nothing", damaged("tile/1/000", false, nothing_told));
	holds("without its base the log is not opened",
	      damaged("base", true, NULL) && damaged("base", false, NULL));
	holds("without its journal the log is not opened", damaged("journal", true, NULL));
	log = open_at("sizes");
	holds("with all of it in its place it is", log && whole(log, 65850));
	log_close(log);
	struct note_signer other;
	static const unsigned char seed[32] = "somebody else's";
	char dir[120], *error = NULL;
	note_signer_make(&other, test_signer()->verifier.name, NOTE_ED25519, seed);
	snprintf(dir, sizeof dir, "%s/sizes", scratch);
	log = log_open(dir, &other, &error);
	holds("another key does not go on with it, and the message says why",
	      !log && error && strstr(error, "key"));
	free(error);
	log_close(log);
	log = open_at("sizes");
	holds("and nothing is lost by the attempt", log && whole(log, 65850));
	log_close(log);
	journal_sizes = (struct journal_sizes){4 << 20, 8 << 20, 16 << 20};
}

/* ── readers beside the writer ─────────────────────────────────────────────────────────────────────────── */

static struct reading {
	struct log *log;
	atomic_bool stop, wrong;
	atomic_long done;
} reading;

static void *reader(void *arg)
{
	unsigned seed = *(unsigned *)arg;
	struct buf out BUF_AUTO = BUF_INIT;
	char text[40], path[TILE_PATH];
	struct checkpoint checkpoint;
	struct hash root;
	size_t text_len;
	while (!reading.stop) {
		int64_t size = log_size(reading.log), n = size ? rand_r(&seed) % size : 0;
		buf_clear(&out);
		bool good = !size || (log_entry_read(reading.log, n, &out) == 1 &&
				      (int)out.len == text_of(n, text) && !memcmp(out.data, text, out.len));
		buf_clear(&out);
		good = good && !log_checkpoint(reading.log, &out) &&
		       checkpoint_parse(&checkpoint, out.data, out.len, &text_len) &&
		       checkpoint.size >= size &&
		       merkle_root_of(checkpoint.size, log_hash, reading.log, &root) &&
		       hash_same(&root, &checkpoint.root);
		struct tile tile = {TILE_ENTRIES, n >> 8, (int)(n & 255) ? (int)(n & 255) : 1};
		tile_path(&tile, path);
		buf_clear(&out);
		good = good && (!size || log_file(reading.log, path, &out) == 1);
		struct walk state = {.next = n, .good = true};
		good = good && !log_each(reading.log, n, size < n + 300 ? size : n + 300, walk, &state) &&
		       state.good;
		if (!good)
			reading.wrong = true;
		reading.done++;
	}
	return NULL;
}

static void test_readers(void)
{
	enum { READERS = 3 };
	pthread_t threads[READERS];
	unsigned seeds[READERS] = {1, 2, 3};
	journal_sizes = (struct journal_sizes){65536, 65536, 65536};
	reading.log = open_at("readers");
	for (int i = 0; i < READERS; i++)
		pthread_create(&threads[i], NULL, reader, &seeds[i]);
	bool good = true;
	for (int64_t size = 1; size < 4000 || reading.done < 300; size += 1 + size % 60) {
		good = good && grow(reading.log, size);
		if (size % 7 == 0)
			good = good && !log_publish(reading.log);
	}
	reading.stop = true;
	for (int i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	holds("who reads while the log grows sees a whole tree",
	      good && !reading.wrong && reading.done >= 300);
	log_close(reading.log);
}

int main(void)
{
	char command[100];
	snprintf(scratch, sizeof scratch, "%s/whosh-log-XXXXXX",
		 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	if (!mkdtemp(scratch))
		return 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	test_sizes();
	test_limits();
	test_damage();
	test_readers();
	snprintf(command, sizeof command, "rm -rf '%s'", scratch);
	return (system(command) != 0) | checks_end();
}
