/* issue.c: `whoctl credential issue|rotate`: a key pair for an agent, and the token file that holds it.
 *
 * The key pair is made here and only its public half is sent; the private half exists in this process and in
 * the token file, and nowhere else.  The file is begun first: when the approver has issued the credential,
 * only a full disk can still keep the file from being, and then the credential is revoked again.  When its
 * answer is lost nobody has the key, which whoever asked is told.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/api.h"
#include "approver/whoctl/human.h"
#include "approver/whoctl/jwk.h"
#include "approver/whoctl/newfile.h"
#include "approver/whoctl/newtoken.h"
#include "common/clock.h"
#include "common/text.h"
#include <string.h>

#define EXPIRES_DEFAULT "90d"
#define OVERLAP_DEFAULT "1h"

/* What is wanted. */
struct wanted {
	int64_t expires_s, overlap_s;
	bool rotate;
};

/* Ask for a credential for the public key; its row in *row. */
static int request(struct ctl *ctl, const struct signing_key *key, const struct wanted *wanted, cJSON **row)
{
	cJSON *body JSON_AUTO = cJSON_CreateObject();
	cJSON_AddStringToObject(body, "agent", ctl->operand[0]);
	jwk_public_add(body, key);
	cJSON_AddNumberToObject(body, "expires_s", (double)wanted->expires_s);
	if (wanted->rotate) {
		cJSON_AddStringToObject(body, "replaces", "current");
		cJSON_AddNumberToObject(body, "overlap_s", (double)wanted->overlap_s);
	}
	return api_send(ctl, "POST", "/v1/credentials", body, row);
}

/* What becomes of the credentials before it. */
static void before_add(struct buf *out, const cJSON *row)
{
	const cJSON *ended = json_array(row, "ended"), *id;
	int64_t until;
	if (json_string(row, "goes_on") && json_time(row, "window_ends", &until)) {
		buf_adds(out, until > clock_wall_ms() ? "the one in use, " : "the one before, ");
		json_visible_add(out, row, "goes_on", "?");
		if (until > clock_wall_ms()) {
			buf_adds(out, ", is good until ");
			time_add(out, until);
			buf_adds(out, ": put the new file in its place before then\n");
		} else {
			buf_adds(out, ", is refused from now on\n");
		}
	}
	cJSON_ArrayForEach(id, ended)
	{
		buf_adds(out, "ended at once, for an agent has two at the most: ");
		if (cJSON_IsString(id))
			visible_add(out, id->valuestring, strlen(id->valuestring));
		buf_addc(out, '\n');
	}
}

static int told(struct ctl *ctl, const cJSON *row, bool rotated)
{
	struct buf text BUF_AUTO = BUF_INIT;
	int status = newtoken_told(ctl, row);
	if (status != 0 || !rotated || given(ctl, OPT_JSON))
		return status;
	before_add(&text, row);
	return output(&text);
}

static int issue_with(struct ctl *ctl, struct signing_key *key, struct newfile *file,
		      const struct wanted *wanted)
{
	unsigned char x[KEY_BYTES];
	char credential[S256_LEN + 1];
	struct buf content = BUF_INIT, path BUF_AUTO = BUF_INIT;
	cJSON *row JSON_AUTO = NULL;
	signing_key_export(key, NULL, x);
	key_thumbprint(x, credential);
	int status = request(ctl, key, wanted, &row);
	if (status == EXIT_UNREACHABLE) /* the answer may be what was lost */
		complain(0, "it may have been done all the same%s: see whoctl credential list for %s%s",
			 wanted->rotate ? ", and the one before ends with its window" : "", credential,
			 wanted->rotate ? ", and rotate once more before then" : "");
	if (status != 0)
		return status;
	status = newtoken_format(row, ctl->operand[0], ctl->option[OPT_AGENT_VERSION], key, &content);
	if (status == 0)
		status = newfile_commit(file, &content);
	buf_wipe(&content);
	if (status == 0)
		return told(ctl, row, wanted->rotate);
	buf_adds(&path, "/v1/credentials");
	path_add(&path, credential);
	if (api_json(ctl, "DELETE", path.data, NULL, NULL) == 0)
		complain(0, "the credential %s was revoked again%s", credential,
			 wanted->rotate
			     ? "; the one before goes on for its window: rotate once more before then"
			     : "");
	return status;
}

static int make(struct ctl *ctl, bool rotate)
{
	const char *out = ctl->option[OPT_OUT], *expires = ctl->option[OPT_EXPIRES];
	const char *overlap = ctl->option[OPT_OVERLAP];
	struct wanted wanted = {.rotate = rotate};
	if (!out || !*out || strcmp(out, "-") == 0)
		return complain_usage(ctl, "%s needs --out FILE: a private key is not printed",
				      ctl->verb->name);
	if (!duration_parse(expires ? expires : EXPIRES_DEFAULT, &wanted.expires_s) || wanted.expires_s == 0)
		return complain_usage(ctl, "--expires: \"%s\" is no duration; write 90d or 12h", expires);
	if (!duration_parse(overlap ? overlap : OVERLAP_DEFAULT, &wanted.overlap_s))
		return complain_usage(ctl, "--overlap: \"%s\" is no duration; write 1h or 0", overlap);
	int status = newtoken_version_good(ctl);
	if (status != 0)
		return status;
	struct newfile file;
	struct signing_key *key = NULL;
	status = newfile_begin(&file, out, given(ctl, OPT_FORCE));
	if (status == 0 && !(key = signing_key_generate()))
		status = complain(EXIT_FAILED, "no key could be made");
	if (status == 0)
		status = issue_with(ctl, key, &file, &wanted);
	signing_key_free(key);
	newfile_finish(&file);
	return status;
}

static int issue(struct ctl *ctl)
{
	return make(ctl, false);
}

static int rotate_current(struct ctl *ctl)
{
	return make(ctl, true);
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

const struct verb verb_credential_rotate = {
    .name = "credential rotate",
    .operands = "AGENT",
    .help = "replace an agent's key; the old one stays good for the overlap",
    .least = 1,
    .most = 1,
    .options = OPTION(OUT) | OPTION(OVERLAP) | OPTION(EXPIRES) | OPTION(AGENT_VERSION) | OPTION(FORCE) |
	       OPTION(JSON),
    .run = rotate_current,
};
