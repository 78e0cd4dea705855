/* test_log_note.c: signed notes, and paths of tiles, in the one form that there is.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/log/note.h"
#include "approver/log/tile.h"
#include "tests/unit/check.h"
#include <stdlib.h>
#include <string.h>

static const unsigned char seed[32] = "a seed that is only for the test", other_seed[32] = "another";

static bool parses(const char *note, size_t len)
{
	struct checkpoint checkpoint;
	size_t text_len;
	char *copy = malloc(len); /* its end is the end: what reads beyond it shows under ASan */
	memcpy(copy, note, len);
	bool good = checkpoint_parse(&checkpoint, copy, len, &text_len);
	free(copy);
	return good;
}

static bool text_parses(const char *text)
{
	return parses(text, strlen(text));
}

static void test_keys(void)
{
	struct note_signer signer;
	struct note_verifier verifier;
	struct buf vkey BUF_AUTO = BUF_INIT;
	bool round = true;
	for (int kind = NOTE_ED25519; kind <= NOTE_COSIGNATURE; kind += NOTE_COSIGNATURE - NOTE_ED25519) {
		buf_clear(&vkey);
		round = round && note_signer_make(&signer, "whoshd:log", kind, seed);
		note_vkey_add(&vkey, &signer.verifier);
		round = round && note_vkey_parse(&verifier, vkey.data) &&
			!memcmp(&verifier, &signer.verifier, sizeof verifier);
	}
	holds("a key that is handed around is the same key", round);
	bool refused = true;
	for (size_t i = 0; i < vkey.len; i++) {
		char was = vkey.data[i];
		vkey.data[i] = (char)(was ^ 1);
		refused = refused && !note_vkey_parse(&verifier, vkey.data);
		vkey.data[i] = was;
	}
	holds("a key with any character changed is none", refused);
	buf_adds(&vkey, "\n");
	holds("nor is one with more behind it", !note_vkey_parse(&verifier, vkey.data));
	static const char *const bad[] = {
	    "", "+", "++", "a+b", "a+00000000+", "a+00000000+AQ==", "a b+00000000+AQ=="};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		refused = refused && !note_vkey_parse(&verifier, bad[i]);
	holds("rubbish is no key", refused);
	char longest[NOTE_NAME + 1];
	memset(longest, 'n', sizeof longest);
	longest[NOTE_NAME] = '\0';
	bool names = !note_signer_make(&signer, longest, NOTE_ED25519, seed) &&
		     !note_signer_make(&signer, "", NOTE_ED25519, seed) &&
		     !note_signer_make(&signer, "a b", NOTE_ED25519, seed) &&
		     !note_signer_make(&signer, "a+b", NOTE_ED25519, seed) &&
		     !note_signer_make(&signer, "a\nb", NOTE_ED25519, seed) &&
		     !note_signer_make(&signer, "a\xff", NOTE_ED25519, seed);
	holds("a name that would break a line is none", names);
	longest[NOTE_NAME - 1] = '\0';
	holds("the longest name is one", note_signer_make(&signer, longest, NOTE_ED25519, seed));
	note_signer_wipe(&signer);
}

static void test_notes(void)
{
	struct note_signer log, witness, stranger, renamed, kind;
	struct checkpoint checkpoint = {.origin = "whoshd:log", .size = 300}, got;
	struct buf text BUF_AUTO = BUF_INIT, note BUF_AUTO = BUF_INIT;
	size_t text_len;
	int64_t when = 0;
	note_signer_make(&log, "whoshd:log", NOTE_ED25519, seed);
	note_signer_make(&witness, "witness.example", NOTE_COSIGNATURE, other_seed);
	note_signer_make(&stranger, "whoshd:log", NOTE_ED25519, other_seed);
	note_signer_make(&renamed, "whoshd:lo", NOTE_ED25519, seed);
	note_signer_make(&kind, "whoshd:log", NOTE_COSIGNATURE, seed);
	hash_bytes("root", 4, &checkpoint.root);
	checkpoint_add(&text, &checkpoint);
	buf_add(&note, text.data, text.len);
	buf_addc(&note, '\n');
	note_sign(&note, text.data, text.len, &stranger, 0);
	note_sign(&note, text.data, text.len, &log, 0);
	note_sign(&note, text.data, text.len, &witness, 1700000000);
	bool good = checkpoint_parse(&got, note.data, note.len, &text_len);
	holds("a note is taken apart as it was made", good && text_len == text.len && got.size == 300 &&
							  !strcmp(got.origin, "whoshd:log") &&
							  hash_same(&got.root, &checkpoint.root));
	holds("a signature is found among others",
	      note_verify(note.data, note.len, text_len, &log.verifier, NULL) == 1 &&
		  note_verify(note.data, note.len, text_len, &stranger.verifier, NULL) == 1);
	holds("a cosignature says when",
	      note_verify(note.data, note.len, text_len, &witness.verifier, &when) == 1 &&
		  when == 1700000000);
	holds("another name, and another kind of the same key, have signed nothing",
	      !note_verify(note.data, note.len, text_len, &renamed.verifier, NULL) &&
		  !note_verify(note.data, note.len, text_len, &kind.verifier, NULL));
	bool cut = true, altered = true;
	for (size_t n = 0; n < note.len; n++) {
		bool whole_line = n > text.len + 1 && note.data[n - 1] == '\n';
		cut = cut && parses(note.data, n) == whole_line;
	}
	holds("half a note is none", cut);
	for (size_t i = 0; i < note.len; i++)
		for (int bit = 1; bit < 256; bit *= 16) {
			note.data[i] = (char)(note.data[i] ^ bit);
			/* Of each of the three signatures at least one is not there any more. */
			if (checkpoint_parse(&got, note.data, note.len, &text_len))
				altered =
				    altered &&
				    !(note_verify(note.data, note.len, text_len, &log.verifier, NULL) == 1 &&
				      note_verify(note.data, note.len, text_len, &stranger.verifier, NULL) ==
					  1 &&
				      note_verify(note.data, note.len, text_len, &witness.verifier, NULL) ==
					  1);
			note.data[i] = (char)(note.data[i] ^ bit);
		}
	holds("no bit of a note can be changed unseen", altered);
#define ROOT "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define SIGNED "\n\xe2\x80\x94 n AAAA\n"
	holds("the note that the next ones differ from is one", text_parses("o\n0\n" ROOT "\n" SIGNED));
	static const char *const bad[] = {"o\r\n0\r\n" ROOT "\r\n\r\n\xe2\x80\x94 n AAAA\r\n",
					  "o\n00\n" ROOT "\n" SIGNED,
					  "o\n-1\n" ROOT "\n" SIGNED,
					  "o\n+1\n" ROOT "\n" SIGNED,
					  "o\n1 \n" ROOT "\n" SIGNED,
					  "o\n\n" ROOT "\n" SIGNED,
					  "o\n99999999999999999999\n" ROOT "\n" SIGNED,
					  "o\n18446744073709551617\n" ROOT "\n" SIGNED,
					  "\n0\n" ROOT "\n" SIGNED,
					  "o\n0\nAAAA\n" SIGNED,
					  "o\n0\n" ROOT " \n" SIGNED,
					  "o\n0\n" ROOT "\nmore\n" SIGNED,
					  "o\n0\n" ROOT "\n",
					  "o\n0\n" ROOT "\n\n",
					  "o\n0\n" ROOT "\n\nn AAAA\n",
					  "o\n0\n" ROOT "\n\n\xe2\x80\x94\n",
					  "o\n0\n" ROOT "\n" SIGNED "\n",
					  "o\xff\n0\n" ROOT "\n" SIGNED};
	bool none = true;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		none = none && !text_parses(bad[i]);
	holds("what is written in any other form is no note", none);
	buf_clear(&note);
	buf_adds(&note, "o\n0\n" ROOT "\n\n");
	for (int i = 0; i < 101; i++)
		buf_adds(&note, "\xe2\x80\x94 n AAAA\n");
	static const char nul[] = "o\0p\n0\n" ROOT "\n" SIGNED;
	holds("an origin does not end before its line does", !parses(nul, sizeof nul - 1));
	holds("nobody makes us look at signatures without end", !parses(note.data, note.len));
}

static void test_tiles(void)
{
	static const struct {
		const char *path;
		int level, width;
		int64_t n;
	} good[] = {{"tile/0/000", 0, 256, 0},
		    {"tile/0/255.p/1", 0, 1, 255},
		    {"tile/7/999", 7, 256, 999},
		    {"tile/1/x001/000", 1, 256, 1000},
		    {"tile/0/x001/x234/067.p/255", 0, 255, 1234067},
		    {"tile/entries/000", TILE_ENTRIES, 256, 0},
		    {"tile/entries/x123/456.p/12", TILE_ENTRIES, 12, 123456}};
	static const char *const bad[] = {"",
					  "tile",
					  "tile/",
					  "tile/0/",
					  "tile/0/0",
					  "tile/0/00",
					  "tile/0/0000",
					  "tile/00/000",
					  "tile/8/000",
					  "tile/-1/000",
					  "tile/64/000",
					  "/tile/0/000",
					  "tile//0/000",
					  "tile/0/000/",
					  "tile/0/001/000",
					  "tile/0/x001",
					  "tile/0/x000/000",
					  "tile/0/x01/000",
					  "tile/0/X001/000",
					  "tile/0/x001/x000",
					  "tile/0/000.p/0",
					  "tile/0/000.p/256",
					  "tile/0/000.p/01",
					  "tile/0/000.p/",
					  "tile/0/000.p",
					  "tile/0/000.p/-1",
					  "tile/0/000.p/1/",
					  "tile/0/000.p/1.p/1",
					  "tile/entries/",
					  "tile/entries/0",
					  "tile/data/000",
					  "tile/0/../0/000",
					  "tile/0/000 ",
					  "tile/0/ 000",
					  "tile/0/000\n",
					  "tile/0/x999/x999/x999/x999/x999/x999/x999/000",
					  "tile/0/x1e1/000"};
	char path[TILE_PATH];
	struct tile tile;
	bool all = true, none = true;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		all = all && tile_parse(&tile, good[i].path) && tile.level == good[i].level &&
		      tile.n == good[i].n && tile.width == good[i].width;
		tile_path(&tile, path);
		all = all && !strcmp(path, good[i].path);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		none = none && !tile_parse(&tile, bad[i]);
	holds("a tile's path is read and written as the specification has it", all);
	holds("no other path is taken for a tile's", none);
	tile = (struct tile){.n = INT64_MAX, .width = 255};
	tile_path(&tile, path);
	holds("the largest number has a path", strlen(path) < TILE_PATH);
	holds("a tile is as wide as the tree has hashes for it",
	      tile_width(0, 0, 0) == 0 && tile_width(0, 0, 255) == 255 && tile_width(0, 0, 256) == 256 &&
		  tile_width(0, 1, 256) == 0 && tile_width(1, 0, 255) == 0 &&
		  tile_width(1, 0, 65536) == 256 && tile_width(2, 0, 65536) == 1 &&
		  tile_width(TILE_ENTRIES, 1, 300) == 44);
}

int main(void)
{
	test_keys();
	test_notes();
	test_tiles();
	return checks_end();
}
