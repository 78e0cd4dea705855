/* status.c: `whoctl status`: is the approver well, and what should someone look at?
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/alerts.h"
#include "approver/whoctl/credential.h"
#include "approver/whoctl/human.h"
#include "common/clock.h"
#include "common/text.h"
#include <string.h>

#define DISK_LOW (INT64_C(1) << 30)

static void label(struct buf *out, const char *name)
{
	buf_addf(out, "%-13s", name);
}

static void number_line(struct buf *out, const cJSON *health, const char *member, const char *name)
{
	int64_t number;
	if (!json_integer(health, member, &number))
		return;
	label(out, name);
	buf_addf(out, "%lld\n", (long long)number);
}

static void health_lines(struct buf *out, const cJSON *health, const struct ctl *ctl, long took_ms)
{
	const char *state = json_string(health, "status");
	bool ok = state && strcmp(state, "ok") == 0;
	int64_t number;
	label(out, "approver");
	visible_add(out, api_url(ctl), strlen(api_url(ctl)));
	buf_addf(out, ", answered in %ld ms\n", took_ms);
	label(out, "state");
	struct buf word BUF_AUTO = BUF_INIT;
	json_visible_add(&word, health, "status", "unknown");
	coloured_add(out, &ctl->style, ok ? COLOUR_GREEN : COLOUR_RED, word.data ? word.data : "");
	buf_adds(out, ok ? "\n" : ": it takes no commands now\n");
	label(out, "version");
	json_visible_add(out, health, "version", "?");
	if (json_integer(health, "uptime_s", &number)) {
		buf_adds(out, ", up for ");
		span_add(out, number);
	}
	buf_addc(out, '\n');
	label(out, "name");
	json_visible_add(out, health, "name", "?");
	buf_addc(out, '\n');
	label(out, "policy");
	json_visible_add(out, health, "policy_s256", "?");
	buf_addc(out, '\n');
	number_line(out, health, "pending", "pending");
	number_line(out, health, "running", "running");
	if (json_integer(health, "kills", &number)) {
		struct buf kills BUF_AUTO = BUF_INIT;
		buf_addf(&kills, number ? "%lld in force: see whoctl kills" : "%lld", (long long)number);
		label(out, "kills");
		coloured_add(out, &ctl->style, number ? COLOUR_YELLOW : COLOUR_NONE,
			     kills.data ? kills.data : "");
		buf_addc(out, '\n');
	}
	number_line(out, health, "log_size", "log events");
	if (json_integer(health, "disk_free", &number)) {
		label(out, "disk");
		size_add(out, number);
		buf_adds(out, " free");
		if (number < DISK_LOW)
			coloured_add(out, &ctl->style, COLOUR_RED,
				     ", low: with a full disk nothing can be approved");
		buf_addc(out, '\n');
	}
}

static int status_json(cJSON *health, const struct ctl *ctl, const cJSON *credentials, const cJSON *alerts,
		       long took_ms)
{
	cJSON *soon = cJSON_AddArrayToObject(health, "credentials_expiring");
	const cJSON *credential;
	int64_t now = clock_wall_ms();
	int64_t count = 0;
	json_integer(alerts, "count", &count);
	cJSON_AddStringToObject(health, "approver", api_url(ctl));
	cJSON_AddNumberToObject(health, "alerts_24h", (double)count);
	cJSON_AddItemToObject(health, "alerts", cJSON_Duplicate(json_array(alerts, "alerts"), true));
	cJSON_AddNumberToObject(health, "answered_ms", (double)took_ms);
	cJSON_ArrayForEach(credential,
			   credentials) if (credential_state(credential, now) == CREDENTIAL_EXPIRING)
	    cJSON_AddItemToArray(soon, cJSON_Duplicate(credential, true));
	return json_output(health);
}

static int status_of(struct ctl *ctl)
{
	cJSON *health JSON_AUTO = NULL, *credentials JSON_AUTO = NULL, *alerts JSON_AUTO = NULL;
	long took_ms = 0;
	int status = api_health(ctl, &health, &took_ms);
	if (status != 0)
		return status;
	status = api_list(ctl, "/v1/credentials", "credentials", &credentials);
	if (status == 0)
		status = alerts_get(ctl, &alerts);
	if (status == EXIT_UNREACHABLE)
		return status;
	const char *state = json_string(health, "status");
	bool well = state && strcmp(state, "ok") == 0;
	int written;
	if (given(ctl, OPT_JSON)) {
		written = status_json(health, ctl, credentials, alerts, took_ms);
	} else {
		struct buf text BUF_AUTO = BUF_INIT;
		health_lines(&text, health, ctl, took_ms);
		if (credentials)
			credentials_status_add(&text, credentials, &ctl->style);
		if (alerts)
			alerts_status_add(&text, alerts, &ctl->style);
		written = output(&text);
	}
	if (status != 0 || written != 0)
		return status != 0 ? status : written;
	return well ? 0 : EXIT_FAILED;
}

const struct verb verb_status = {
    .name = "status",
    .operands = "",
    .help = "is the approver well, and what should someone look at",
    .most = 0,
    .options = OPTION(JSON),
    .run = status_of,
};
