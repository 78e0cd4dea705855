/* serve_client_conf.c: rewrite one line of client.conf when it has become wrong (--listen, port 0).
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoshd/serve_client_conf.h"
#include "common/buf.h"
#include "common/io.h"
#include "common/log.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_CONF = 65536 };

/* Where clients on this machine find a socket bound to `bound`: a wildcard address is reached by loopback. */
static void reachable(const char *bound, char *out, size_t size)
{
	const char *port = strrchr(bound, ':');
	if (!strncmp(bound, "0.0.0.0:", 8))
		snprintf(out, size, "127.0.0.1%s", port);
	else if (!strncmp(bound, "[::]:", 5))
		snprintf(out, size, "[::1]%s", port);
	else
		snprintf(out, size, "%s", bound);
}

static bool is_wildcard(const char *bound)
{
	return !strncmp(bound, "0.0.0.0:", 8) || !strncmp(bound, "[::]:", 5);
}

/* Does `url` ("https://HOST:PORT") lead there already? */
static bool leads_there(const char *url, size_t len, const char *bound)
{
	char host[256];
	if (len < 9 || len - 8 >= sizeof host || strncmp(url, "https://", 8) != 0)
		return false;
	memcpy(host, url + 8, len - 8);
	host[len - 8] = '\0';
	const char *port = strrchr(host, ':'), *wanted = strrchr(bound, ':');
	if (!port || strcmp(port, wanted) != 0)
		return false;
	bool numeric = host[strspn(host, "0123456789.:[]abcdef")] == '\0';
	return !numeric || is_wildcard(bound) || !strcmp(host, bound);
}

void client_conf_follow(const char *dir, const char *bound)
{
	char path[4096], address[200];
	struct buf text BUF_AUTO = BUF_INIT, out BUF_AUTO = BUF_INIT;
	bool changed = false;
	snprintf(path, sizeof path, "%s/client.conf", dir);
	if (read_file(path, MAX_CONF, &text) || !text.len)
		return;
	reachable(bound, address, sizeof address);
	for (const char *line = text.data; *line;) {
		size_t len = strcspn(line, "\n"), key = strspn(line, " \t");
		const char *value = line + key + 8;
		bool ours = !strncmp(line + key, "approver", 8);
		value += ours ? strspn(value, " \t") : 0;
		ours = ours && *value == '=';
		value += ours ? 1 + strspn(value + 1, " \t") : 0;
		if (ours && !leads_there(value, (size_t)(line + len - value), bound)) {
			buf_addf(&out, "approver = https://%s", address);
			changed = true;
		} else {
			buf_add(&out, line, len);
		}
		if (line[len])
			buf_addc(&out, '\n');
		line += len + (line[len] != '\0');
	}
	if (!changed || out.failed)
		return;
	if (write_file_durable(path, out.data, out.len, 0644))
		log_line(LOG_LEVEL_WARNING, "client.conf still names another address", "error",
			 strerror(errno), NULL);
}
