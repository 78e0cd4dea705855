/* test_log_crash.c: the log after a power loss, a kill, and disks that fail, at every step of a history.
 *
 * After each: it opens; what was acknowledged is there, byte for byte, and what was refused is not; the tree
 * is the one that its entries make; and it goes on.  WHOSH_CRASH_ROUNDS=N adds N long random histories.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/log/log_inner.h"
#include "common/codec.h"
#include "tests/unit/check.h"
#include "tests/unit/powerloss.h"
#include "tests/unit/test_store.h"

enum { MOST = 4000, KEPT = 1, REFUSED = 2 };

static char scratch[64];
/* Each append of the history: of how many entries, what became of it, and at which step it was told. */
static struct append {
	int n, state, step;
	int64_t first;
} appends[MOST + 1];
static int told;

static struct buf entry_text(int append, int i)
{
	struct buf text = BUF_INIT;
	buf_addf(&text, "{\"append\":%d,\"entry\":%d,\"x\":\"", append, i);
	for (int n = (append * 37 + i * 11) % 90; n > 0; n--)
		buf_addc(&text, (char)('a' + n % 26));
	buf_adds(&text, "\"}");
	return text;
}

static int append_some(struct log *log, int n)
{
	struct buf texts[300];
	struct log_entry entries[300];
	for (int i = 0; i < n; i++) {
		texts[i] = entry_text(told, i);
		entries[i] = (struct log_entry){.bytes = texts[i].data, .len = texts[i].len};
		if (i == 0 && told % 5 == 1) { /* blobs, too */
			entries[i].blob = texts[i].data;
			entries[i].blob_len = texts[i].len;
		}
	}
	int64_t first = log_size(log);
	int result = log_append(log, entries, (size_t)n);
	appends[told++] =
	    (struct append){.n = n, .state = result ? REFUSED : KEPT, .step = disk_n, .first = first};
	for (int i = 0; i < n; i++)
		buf_finish(&texts[i]);
	return result;
}

/* What is looked at in one go through the entries. */
struct look {
	struct log *log;
	struct merkle tree;
	int append, i, steps;
	const char *wrong;
};

/* Entries say which append they are of; the appends before that one must be whole. */
static bool look(int64_t n, const char *bytes, size_t len, void *arg)
{
	struct look *state = arg;
	struct hash leaf;
	(void)n;
	hash_leaf(bytes, len, &leaf);
	merkle_add(&state->tree, 0, &leaf, NULL, NULL);
	int append = -1;
	if (sscanf(bytes, "{\"append\":%d,", &append) != 1 || append < 0 || append > MOST) {
		state->wrong = "an entry that nobody wrote";
		return false;
	}
	if (append != state->append) {
		if (append < state->append || (state->append >= 0 && state->i != appends[state->append].n)) {
			state->wrong = "a part of a group";
			return false;
		}
		for (int skipped = state->append + 1; skipped < append && skipped < told; skipped++)
			if (appends[skipped].state == KEPT && appends[skipped].step <= state->steps)
				state->wrong = "an acknowledged group is missing";
		state->append = append;
		state->i = 0;
	}
	if (append < told && appends[append].state == REFUSED && appends[append].step <= state->steps)
		state->wrong = "a refused group is there";
	struct buf text BUF_AUTO = entry_text(append, state->i);
	if (text.len != len || memcmp(text.data, bytes, len) != 0)
		state->wrong = "an entry is altered";
	if (state->i == 0 && append % 5 == 1) {
		struct hash hash;
		struct buf hex BUF_AUTO = BUF_INIT, blob BUF_AUTO = BUF_INIT;
		hash_bytes(bytes, len, &hash);
		hex_encode(&hex, &hash, sizeof hash);
		if (log_blob_read(state->log, hex.data, &blob) != 1)
			state->wrong = "a blob is missing";
	}
	state->i++;
	return !state->wrong;
}

/* NULL when all is as it was promised at step k. */
static const char *verify(struct log *log, int k)
{
	struct look state = {.log = log, .append = -1, .steps = k};
	struct buf note BUF_AUTO = BUF_INIT;
	struct checkpoint checkpoint;
	struct hash root;
	size_t text_len;
	if (log_each(log, 0, log_size(log), look, &state) && !state.wrong)
		return "entries cannot be read";
	for (int i = state.append + 1; i < told && !state.wrong; i++)
		if (appends[i].state == KEPT && appends[i].step <= k)
			state.wrong = "an acknowledged group is missing at the end";
	if (state.wrong)
		return state.wrong;
	merkle_root(&state.tree, &root);
	if (log_checkpoint(log, &note) || !checkpoint_parse(&checkpoint, note.data, note.len, &text_len) ||
	    checkpoint.size != log_size(log) || !hash_same(&root, &checkpoint.root))
		return "the checkpoint is of another tree";
	if (!merkle_root_of(checkpoint.size, log_hash, log, &root) || !hash_same(&root, &checkpoint.root))
		return "the tiles are of another tree";
	return NULL;
}

static int losses, bad;

static void drop(const char *folder)
{
	char command[300];
	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	if (system(command))
		exit(1);
}

/* Lose power after step k and see what is left. */
static void lose(int k, enum disk_loss loss)
{
	char folder[100], log_dir[120], *error = NULL;
	static int n;
	const char *wrong = NULL;
	snprintf(folder, sizeof folder, "%s/lost%d", scratch, n++);
	snprintf(log_dir, sizeof log_dir, "%s/log", folder);
	disk_after(k, loss, folder);
	for (int again = 0; again < 2 && !wrong; again++) {
		struct log *log = log_open(log_dir, test_signer(), &error);
		wrong = log ? verify(log, k) : error ? error : "out of memory";
		/* It goes on; what is added now is of a later append than all. */
		if (log && !wrong && !again) {
			struct buf text BUF_AUTO = entry_text(MOST, 0);
			struct log_entry entry = {.bytes = text.data, .len = text.len};
			if (log_append(log, &entry, 1))
				wrong = "nothing can be appended";
		}
		log_close(log);
	}
	losses++;
	if (wrong && bad++ < 10)
		printf("# step %d of %d, loss %d: %s\n", k, disk_n, loss, wrong);
	free(error);
	drop(folder);
}

/* Groups, rests and restarts: enough for full tiles and for a journal that is begun anew. */
static struct log *session(struct log *log, const char *dir, int groups, bool random)
{
	char *error = NULL;
	if (!log)
		log = log_open(dir, test_signer(), &error);
	for (int i = 0; log && i < groups; i++) {
		int n = random ? 1 + (int)disk_chance(disk_chance(8) ? 9 : 290) : i == 5 ? 256 : 1 + i % 9;
		append_some(log, n);
		if (random ? !disk_chance(3) : i % 3 == 2)
			(void)log_publish(log);
	}
	free(error);
	return log;
}

static void history(const char *root, int sessions, bool random)
{
	char dir[120];
	mkdir(root, 0700);
	disk_begin(root);
	told = 0;
	snprintf(dir, sizeof dir, "%s/log", root);
	for (int i = 0; i < sessions; i++)
		log_close(session(NULL, dir, random ? 1 + (int)disk_chance(12) : 12, random));
}

static void test_every_step(const char *root)
{
	history(root, 2, false);
	int steps = disk_n;
	losses = bad = 0;
	for (int k = 0; k <= steps; k++)
		for (int loss = 0; loss < LOSE_KINDS + 1; loss++)
			lose(k, loss < LOSE_KINDS ? (enum disk_loss)loss : LOSE_SOME);
	printf("# %d steps, %d power losses\n", steps, losses);
	holds("a power loss at any step loses something that was acknowledged, or the log does not open",
	      steps > 100 && !bad);
	drop(root);
}

/* A step that fails, and later a power loss. */
static void test_failing(const char *root, int stride)
{
	history(root, 1, false);
	int steps = disk_n, refused = 0, after = 0;
	char dir[120], *error = NULL;
	snprintf(dir, sizeof dir, "%s/log", root);
	drop(root);
	losses = bad = 0;
	for (int k = 0; k < steps; k += stride) {
		mkdir(root, 0700);
		disk_begin(root);
		told = 0;
		disk_fail = k;
		disk_errno = k & 1 ? ENOSPC : EIO;
		struct log *log = log_open(dir, test_signer(), &error);
		free(error);
		error = NULL;
		if (!log) /* then the next start is a new attempt */
			log = log_open(dir, test_signer(), &error);
		log = session(log, dir, 12, false);
		log = session(log, dir, 1, false); /* the last of them may be the one that failed */
		for (int i = 0; i < told; i++)
			refused += appends[i].state == REFUSED;
		after += log && appends[told - 1].state == KEPT;
		log_close(log);
		for (int i = 0; i < 6; i++) {
			int at = k + (int)disk_chance((unsigned)(disk_n - k) + 1);
			lose(at, (enum disk_loss)(i % LOSE_KINDS));
		}
		lose(disk_n, LOSE_NOTHING);
		drop(root);
	}
	printf("# %d failing steps, %d groups refused, %d power losses\n", (steps + stride - 1) / stride,
	       refused, losses);
	holds("a group that was refused comes back, or one that was acknowledged goes", !bad);
	holds("a disk that failed once stops the log for ever", after == (steps + stride - 1) / stride);
	holds("failing steps were met", refused > 0);
}

/* Killed at a step; started again on what is in memory; then the power goes. */
static void test_killed(const char *root, int stride)
{
	history(root, 1, false);
	int steps = disk_n;
	char dir[120], *error = NULL;
	snprintf(dir, sizeof dir, "%s/log", root);
	drop(root);
	losses = bad = 0;
	for (int k = 3; k < steps; k += stride) {
		mkdir(root, 0700);
		disk_begin(root);
		told = 0;
		disk_fail = k;
		disk_dead = true;
		log_close(session(NULL, dir, 12, false));
		/* Which of them it would have told is not known: what did not come back may be there. */
		for (int i = 0; i < told; i++)
			appends[i].state = appends[i].state == KEPT ? KEPT : 0;
		disk_dead = false;
		disk_fail = -1;
		int before = disk_n;
		struct log *log = log_open(dir, test_signer(), &error);
		const char *wrong = log ? verify(log, disk_n) : error;
		if (wrong && bad++ < 10)
			printf("# killed at %d: %s\n", k, wrong);
		/* What it shows now has been told. */
		int64_t size = log ? log_size(log) : 0, seen = 0;
		for (int i = 0; i < told; i++)
			if (seen + appends[i].n <= size && (appends[i].state == KEPT || seen < size)) {
				appends[i].state = KEPT;
				appends[i].step = appends[i].step < before ? appends[i].step : disk_n;
				seen += appends[i].n;
			}
		if (log)
			session(log, dir, 2, false);
		log_close(log);
		free(error);
		error = NULL;
		for (int i = 0; i < 12; i++)
			lose(before + (int)disk_chance((unsigned)(disk_n - before) + 1),
			     (enum disk_loss)(i % LOSE_KINDS));
		drop(root);
	}
	printf("# killed at %d steps, %d power losses\n", (steps - 3 + stride - 1) / stride, losses);
	holds("what a killed approver had in memory is lost after it was told", !bad);
}

static void test_random(const char *root, int rounds)
{
	losses = bad = 0;
	for (int round = 0; round < rounds; round++) {
		history(root, 3, true);
		for (int i = 0; i < 20; i++)
			lose((int)disk_chance((unsigned)disk_n + 1),
			     i % 4 ? LOSE_SOME : (enum disk_loss)(i / 4 % LOSE_KINDS));
		drop(root);
	}
	printf("# %d random histories, %d power losses\n", rounds, losses);
	holds("a power loss in a long history loses something", !bad);
}

int main(void)
{
	const char *rounds = getenv("WHOSH_CRASH_ROUNDS");
	char root[100];
	snprintf(scratch, sizeof scratch, "%s/whosh-crash-XXXXXX",
		 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	if (!mkdtemp(scratch))
		return 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	journal_sizes = (struct journal_sizes){.step = 8192, .ahead = 16384, .large = 24576};
	snprintf(root, sizeof root, "%s/root", scratch);
	test_every_step(root);
	test_failing(root, 1);
	test_killed(root, 3);
	test_random(root, rounds ? atoi(rounds) : 20);
	disk_begin("");
	free(disk_steps);
	drop(scratch);
	return checks_end();
}
