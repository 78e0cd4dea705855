/* keyfile.c: a file that holds a private key; see keyfile.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/keyfile.h"
#include "common/codec.h"
#include "common/error.h"
#include "common/io.h"
#include "common/secure.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_FILE = 4096 };

/* Why this open file may not hold a key; NULL if it may. */
static const char *unsafe(int fd)
{
	struct stat st;
	if (fstat(fd, &st))
		return strerror(errno);
	if (!S_ISREG(st.st_mode))
		return "not a regular file";
	if (st.st_nlink != 1)
		return "has more than one link";
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return "owned by neither this account nor root";
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return "group or others have access to it (chmod 400)";
	if (st.st_size > MAX_FILE)
		return "larger than 4 KiB";
	return NULL;
}

cJSON *keyfile_load(const char *path, const char *what, char **error)
{
	*error = NULL;
	int fd FD_AUTO = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return error_set(error, "%s: %s", path,
				 errno == ELOOP ? "is a symbolic link" : strerror(errno)),
		       NULL;
	const char *why = unsafe(fd);
	if (why)
		return error_set(error, "%s: %s", path, why), NULL;
	struct buf text = BUF_INIT;
	if (read_all(fd, MAX_FILE, &text)) {
		buf_wipe(&text);
		return error_set(error, "%s: %s", path,
				 errno == EFBIG ? "larger than 4 KiB" : strerror(errno)),
		       NULL;
	}
	cJSON *json = text.len ? json_parse(text.data, text.len, &why) : NULL;
	buf_wipe(&text);
	if (!json)
		error_set(error, "%s: not %s: %s", path, what, why ? why : "it is empty");
	return json;
}

static void wipe_tree(cJSON *json)
{
	for (; json; json = json->next) {
		if (json->valuestring)
			secure_wipe(json->valuestring, strlen(json->valuestring));
		if (json->child)
			wipe_tree(json->child);
	}
}

void keyfile_forget(cJSON *json)
{
	wipe_tree(json);
	cJSON_Delete(json);
}

struct signing_key *jwk_private(const cJSON *jwk)
{
	static const char *const members[] = {"kty", "crv", "x", "d", "kid", "alg", "use", NULL};
	const char *other, *kty = json_string(jwk, "kty"), *crv = json_string(jwk, "crv");
	const char *x = json_string(jwk, "x"), *d = json_string(jwk, "d");
	if (!kty || strcmp(kty, "OKP") || !crv || strcmp(crv, "Ed25519") || !x || !d ||
	    !json_only(jwk, members, &other))
		return NULL;
	struct buf public BUF_AUTO = BUF_INIT, private = BUF_INIT;
	struct signing_key *key = NULL;
	if (base64url_decode(&public, x, strlen(x)) && base64url_decode(&private, d, strlen(d)) &&
	    !public.failed && !private.failed && public.len == KEY_BYTES && private.len == KEY_BYTES)
		key =
		    signing_key_new((const unsigned char *)private.data, (const unsigned char *)public.data);
	buf_wipe(&private);
	return key;
}

void jwk_private_add(struct buf *out, const struct signing_key *key)
{
	unsigned char d[KEY_BYTES], x[KEY_BYTES];
	signing_key_export(key, d, x);
	buf_adds(out, "\"jwk\":{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"");
	base64url_encode(out, x, sizeof x);
	buf_adds(out, "\",\"d\":\"");
	base64url_encode(out, d, sizeof d);
	buf_adds(out, "\"}");
	secure_wipe(d, sizeof d);
}
