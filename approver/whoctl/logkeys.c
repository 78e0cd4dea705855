/* logkeys.c: the keys that a log is held against; see logkeys.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/logkeys.h"
#include "common/codec.h"
#include "common/io.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEYS_FILE_MAX = 1 << 16 };

/* What is given is the content itself, or the name of a file that has it.  0 or 1. */
static int given_or_file(const char *given_text, bool is_text, struct buf *out)
{
	if (is_text && access(given_text, F_OK) != 0) {
		buf_adds(out, given_text);
		return out->failed ? complain(EXIT_FAILED, "out of memory") : 0;
	}
	const char *why = read_regular(given_text, KEYS_FILE_MAX, out);
	return why ? complain(EXIT_FAILED, "%s: %s", given_text, why) : 0;
}

int vkeys_load(const char *text, struct note_verifier *keys, int max)
{
	struct buf content BUF_AUTO = BUF_INIT;
	int n = 0;
	if (given_or_file(text, strchr(text, '+') != NULL, &content) != 0)
		return -1;
	for (char *at = content.data; at && *at;) {
		size_t len = strcspn(at, "\n");
		char *line = at;
		at += len + (at[len] == '\n');
		if (!len || *line == '#')
			continue;
		if (n == max) {
			complain(EXIT_FAILED, "%s: more than %d keys", text, max);
			return -1;
		}
		line[len] = '\0';
		if (!note_vkey_parse(&keys[n++], line)) {
			complain(EXIT_FAILED, "%s: no verifier key (NAME+HASH+KEY)", text);
			return -1;
		}
	}
	if (n == 0)
		complain(EXIT_FAILED, "%s: no verifier key is in it", text);
	return n ? n : -1;
}

static int load_log_key(const struct ctl *ctl, const struct log_folder *folder, struct log_keys *keys)
{
	const char *given_key = ctl->option[OPT_VKEY];
	struct buf beside BUF_AUTO = BUF_INIT;
	struct note_verifier found[2];
	keys->own = !given_key;
	if (!given_key) {
		buf_addf(&beside, "%s/log.vkey", folder ? folder->state : "");
		if (!folder || beside.failed || access(beside.data, F_OK) != 0)
			return complain_usage(
			    ctl, "--vkey is needed: the log's verifier key, or the file log.vkey of it");
	}
	int n = vkeys_load(given_key ? given_key : beside.data, found, 2);
	if (n < 0)
		return EXIT_FAILED;
	if (n != 1 || found[0].kind != NOTE_ED25519)
		return complain(EXIT_FAILED, "%s: not one log's verifier key",
				given_key ? given_key : beside.data);
	keys->log = found[0];
	return 0;
}

static int load_approver_key(const char *text, struct log_keys *keys)
{
	struct buf content BUF_AUTO = BUF_INIT, bytes BUF_AUTO = BUF_INIT;
	bool is_text = base64url_decode(&bytes, text, strlen(text)) && bytes.len == KEY_BYTES;
	buf_clear(&bytes);
	if (given_or_file(text, is_text, &content) != 0)
		return EXIT_FAILED;
	size_t len = content.len;
	while (len && content.data[len - 1] == '\n')
		len--;
	struct public_key *usable = NULL;
	if (len && base64url_decode(&bytes, content.data, len) && bytes.len == KEY_BYTES)
		usable = public_key_new((const unsigned char *)bytes.data);
	if (!usable)
		return complain(EXIT_FAILED, "%s: no approver's key (the content of approver.pub)", text);
	public_key_free(usable);
	memcpy(keys->approver, bytes.data, KEY_BYTES);
	keys->has_approver = true;
	return 0;
}

int log_keys_load(const struct ctl *ctl, const struct log_folder *folder, struct log_keys *keys)
{
	*keys = (struct log_keys){0};
	int status = load_log_key(ctl, folder, keys);
	if (status == 0 && ctl->option[OPT_APPROVER_KEY])
		status = load_approver_key(ctl->option[OPT_APPROVER_KEY], keys);
	if (status != 0 || !ctl->option[OPT_WITNESS])
		return status;
	keys->witnesses = vkeys_load(ctl->option[OPT_WITNESS], keys->witness, WITNESSES_MAX);
	for (int i = 0; i < keys->witnesses; i++)
		if (keys->witness[i].kind != NOTE_COSIGNATURE)
			return complain(EXIT_FAILED, "%s is no witness's key", keys->witness[i].name);
	return keys->witnesses < 0 ? EXIT_FAILED : 0;
}

int log_folder_of(const struct ctl *ctl, struct log_folder *folder)
{
	const char *path = ctl->option[OPT_LOG];
	if (!path)
		path = ctl->option[OPT_DIR] ? ctl->option[OPT_DIR] : getenv("WHOCTL_DIR");
	if (!path || !*path)
		return complain_usage(ctl, "which log? give --log DIR");
	if (log_folder_find(folder, path))
		return 0;
	log_folder_finish(folder);
	return complain(EXIT_FAILED, "%s: no log is there (a file named checkpoint)", path);
}

int checkpoint_load(const char *path, struct signed_checkpoint *checkpoint)
{
	struct buf text BUF_AUTO = BUF_INIT;
	*checkpoint = (struct signed_checkpoint){0};
	const char *why = read_regular(path, NOTE_MAX, &text);
	if (!why && signed_read(checkpoint, text.data ? text.data : "", text.len, &why))
		return 0;
	signed_finish(checkpoint);
	return complain(EXIT_FAILED, "%s: %s", path, why);
}
