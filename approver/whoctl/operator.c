/* operator.c: `whoctl operator add|list|remove`: the people (and programs) who may use whoctl, and their
 * roles.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/api.h"
#include "approver/whoctl/human.h"
#include "approver/whoctl/newfile.h"
#include "approver/whoctl/table.h"
#include "common/secure.h"
#include "common/text.h"
#include <string.h>

/* Hand the new token over: into the file, or, when none is named, on standard output this once. */
static int hand_over(struct ctl *ctl, cJSON *row, struct newfile *file)
{
	cJSON *token = cJSON_GetObjectItemCaseSensitive(row, "token");
	if (!cJSON_IsString(token) || !*token->valuestring)
		return complain(EXIT_UNREACHABLE, "the approver's answer holds no token");
	struct buf text = BUF_INIT;
	int status = 0;
	if (file) {
		buf_addf(&text, "%s\n", token->valuestring);
		status = newfile_commit(file, &text);
		buf_wipe(&text);
		secure_wipe(token->valuestring, strlen(token->valuestring));
		cJSON_DeleteItemFromObjectCaseSensitive(row, "token");
		cJSON_AddStringToObject(row, "token_file", file->path);
	}
	if (status == 0 && given(ctl, OPT_JSON)) {
		json_print(&text, row);
	} else if (status == 0 && file) {
		buf_addf(&text, "added %s; the token is in %s\n", ctl->operand[0], file->path);
	} else if (status == 0) {
		buf_addf(&text, "%s\n", token->valuestring);
		complain(0, "added %s; the token is shown this once: keep it in a file of mode 0400",
			 ctl->operand[0]);
	}
	if (status == 0)
		status = output(&text);
	buf_wipe(&text);
	token = cJSON_GetObjectItemCaseSensitive(row, "token");
	if (cJSON_IsString(token))
		secure_wipe(token->valuestring, strlen(token->valuestring));
	return status;
}

static int add(struct ctl *ctl)
{
	const char *name = ctl->operand[0], *role = ctl->option[OPT_ROLE], *out = ctl->option[OPT_OUT];
	role = role ? role : "reviewer";
	if (!name_valid(name))
		return complain_usage(ctl, "\"%s\" cannot be an operator's name", name);
	if (strcmp(role, "viewer") != 0 && strcmp(role, "reviewer") != 0 && strcmp(role, "admin") != 0)
		return complain_usage(ctl, "--role is viewer, reviewer or admin, not \"%s\"", role);
	struct newfile file = {.folder = -1, .fd = -1};
	cJSON *body JSON_AUTO = cJSON_CreateObject(), *row JSON_AUTO = NULL;
	cJSON_AddStringToObject(body, "name", name);
	cJSON_AddStringToObject(body, "role", role);
	int status = out ? newfile_begin(&file, out, given(ctl, OPT_FORCE)) : 0;
	if (status == 0)
		status = api_send(ctl, "POST", "/v1/operators", body, &row);
	if (status == 0) {
		status = hand_over(ctl, row, out ? &file : NULL);
		if (status != 0)
			complain(0, "%s was added, but the token is lost: whoctl operator remove %s", name,
				 name);
	}
	newfile_finish(&file);
	return status;
}

static int list(struct ctl *ctl)
{
	static const char *const titles[] = {"OPERATOR", "ROLE", "SINCE", NULL};
	cJSON *operators JSON_AUTO = NULL;
	int status = api_list(ctl, "/v1/operators", "operators", &operators);
	if (status != 0)
		return status;
	if (given(ctl, OPT_JSON))
		return json_output(operators);
	struct buf text BUF_AUTO = BUF_INIT;
	struct table *table = table_new(titles);
	const cJSON *operator_;
	cJSON_ArrayForEach(operator_, operators)
	{
		struct buf since BUF_AUTO = BUF_INIT;
		json_time_add(&since, operator_, "created", "");
		table_cell(table, json_string(operator_, "name"));
		table_cell(table, json_string(operator_, "role"));
		table_cell(table, since.data);
		if (given(ctl, OPT_QUIET)) {
			json_visible_add(&text, operator_, "name", "?");
			buf_addc(&text, '\n');
		}
	}
	if (!given(ctl, OPT_QUIET))
		table_add(&text, table, &ctl->style, "there are no operators");
	table_free(table);
	return output(&text);
}

static int remove_operator(struct ctl *ctl)
{
	struct buf path BUF_AUTO = BUF_INIT, text BUF_AUTO = BUF_INIT;
	buf_adds(&path, "/v1/operators");
	path_add(&path, ctl->operand[0]);
	int status = api_json(ctl, "DELETE", path.data, NULL, NULL);
	if (status != 0)
		return status;
	buf_adds(&text, "removed ");
	visible_add(&text, ctl->operand[0], strlen(ctl->operand[0]));
	buf_adds(&text, ": the token is good for nothing now\n");
	return output(&text);
}

const struct verb verb_operator_add = {
    .name = "operator add",
    .operands = "NAME",
    .help = "give a person a token and a role (default reviewer)",
    .least = 1,
    .most = 1,
    .options = OPTION(ROLE) | OPTION(OUT) | OPTION(FORCE) | OPTION(JSON),
    .run = add,
};

const struct verb verb_operator_list = {
    .name = "operator list",
    .operands = "",
    .help = "who may use whoctl, and as what",
    .most = 0,
    .options = OPTION(JSON) | OPTION(QUIET),
    .run = list,
};

const struct verb verb_operator_remove = {
    .name = "operator remove",
    .operands = "NAME",
    .help = "take a person's token away",
    .least = 1,
    .most = 1,
    .run = remove_operator,
};
