/* issue.c: `whoctl credential issue`: a key pair for an agent, and the token file that holds it.
 *
 * The key pair is made here and only its public half is sent; the private half exists in this process and in
 * the token file, and nowhere else.  The file is begun first: when the approver has issued the credential,
 * only a full disk can still keep the file from being, and then the credential is revoked again.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/api.h"
#include "approver/whoctl/newfile.h"
#include "approver/whoctl/newtoken.h"
#include "common/clock.h"
#include <string.h>

#define EXPIRES_DEFAULT "90d"

/* Ask for a credential for the public key; its row in *row. */
static int request(struct ctl *ctl, const unsigned char x[KEY_BYTES], int64_t expires_s, cJSON **row)
{
	cJSON *body JSON_AUTO = cJSON_CreateObject();
	cJSON_AddStringToObject(body, "agent", ctl->operand[0]);
	newtoken_jwk(body, x);
	cJSON_AddNumberToObject(body, "expires_s", (double)expires_s);
	return api_send(ctl, "POST", "/v1/credentials", body, row);
}

static int issue_with(struct ctl *ctl, struct signing_key *key, struct newfile *file, int64_t expires_s)
{
	unsigned char x[KEY_BYTES];
	char credential[S256_LEN + 1];
	struct buf content = BUF_INIT, path BUF_AUTO = BUF_INIT;
	cJSON *row JSON_AUTO = NULL;
	signing_key_export(key, NULL, x);
	key_thumbprint(x, credential);
	int status = request(ctl, x, expires_s, &row);
	if (status != 0)
		return status;
	status = newtoken_format(row, ctl->operand[0], ctl->option[OPT_AGENT_VERSION], key, &content);
	if (status == 0)
		status = newfile_commit(file, &content);
	buf_wipe(&content);
	if (status == 0)
		return newtoken_told(ctl, row);
	buf_adds(&path, "/v1/credentials");
	path_add(&path, credential);
	if (api_json(ctl, "DELETE", path.data, NULL, NULL) == 0)
		complain(0, "the credential %s was revoked again", credential);
	return status;
}

static int issue(struct ctl *ctl)
{
	const char *out = ctl->option[OPT_OUT], *expires = ctl->option[OPT_EXPIRES];
	int64_t expires_s;
	if (!out || !*out || strcmp(out, "-") == 0)
		return complain_usage(ctl, "credential issue needs --out FILE: a private key is not printed");
	if (!duration_parse(expires ? expires : EXPIRES_DEFAULT, &expires_s) || expires_s == 0)
		return complain_usage(ctl, "--expires: \"%s\" is no duration; write 90d or 12h", expires);
	int status = newtoken_version_good(ctl);
	if (status != 0)
		return status;
	struct newfile file;
	struct signing_key *key = NULL;
	status = newfile_begin(&file, out, given(ctl, OPT_FORCE));
	if (status == 0 && !(key = signing_key_generate()))
		status = complain(EXIT_FAILED, "no key could be made");
	if (status == 0)
		status = issue_with(ctl, key, &file, expires_s);
	signing_key_free(key);
	newfile_finish(&file);
	return status;
}

const struct verb verb_credential_issue = {
    .name = "credential issue",
    .operands = "AGENT",
    .help = "make a key pair for an agent; --out FILE gets the token file",
    .least = 1,
    .most = 1,
    .options = OPTION(OUT) | OPTION(EXPIRES) | OPTION(AGENT_VERSION) | OPTION(FORCE) | OPTION(JSON),
    .run = issue,
};
