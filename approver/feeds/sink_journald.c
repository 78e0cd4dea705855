/* sink_journald.c: journald, in its native protocol (systemd, "Native Journal Protocol").
 *
 * A record is one datagram of fields: "NAME=value\n", or, for values with newlines or other bytes, the name,
 * a newline, the length as 64 bits little-endian, the bytes, a newline.  One that is too large for a datagram
 * is put into a sealed memory file whose descriptor is sent instead.
 *
 * MESSAGE is the sentence, made visible; WHOSH_RECORD the whole record as JSON; WHOSH_LINE the line's exact
 * bytes.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/feeds/sink.h"
#include "common/io.h"
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

struct entry {
	struct entry *next;
	size_t len;
	char bytes[];
};

struct journald {
	struct sink sink;
	int fd; /* -1: not connected */
	struct entry *first, **last;
	bool failed; /* out of memory */
};

static struct sink *open_journald(void)
{
	struct journald *j = calloc(1, sizeof *j);
	if (!j)
		return NULL;
	j->fd = -1;
	j->last = &j->first;
	return &j->sink;
}

/* ── a record's fields ─────────────────────────────────────────────────────────────────────────────────── */

static void field(struct buf *out, const char *name, const char *value, size_t len)
{
	uint64_t little = htole64(len);
	buf_adds(out, name);
	buf_addc(out, '\n');
	buf_add(out, &little, sizeof little);
	buf_add(out, value, len);
	buf_addc(out, '\n');
}

static void text(struct buf *out, const char *name, const char *value)
{
	if (value && *value)
		field(out, name, value, strlen(value));
}

static void number(struct buf *out, const char *name, int64_t value)
{
	buf_addf(out, "%s=%" PRId64 "\n", name, value);
}

static void command(struct buf *out, const struct command_row *row)
{
	text(out, "WHOSH_COMMAND", row->id);
	text(out, "WHOSH_AGENT", row->agent);
	text(out, "WHOSH_AGENT_VERSION", row->agent_version);
	text(out, "WHOSH_CREDENTIAL", row->credential);
	text(out, "WHOSH_SESSION", row->session);
	text(out, "WHOSH_HUMAN", row->human);
	text(out, "WHOSH_MODEL", row->model);
	text(out, "WHOSH_TASK", row->task);
	text(out, "WHOSH_USER", row->user);
	text(out, "WHOSH_HOST", row->host);
	text(out, "WHOSH_CWD", row->cwd);
	text(out, "WHOSH_MODE", row->mode);
	field(out, "WHOSH_LINE", row->line, row->line_len);
	text(out, "WHOSH_VERDICT", row->verdict);
	text(out, "WHOSH_RULE", row->rule);
	text(out, "WHOSH_REASON", row->reason);
	text(out, "WHOSH_OUTCOME", row->outcome);
	text(out, "WHOSH_SIGNAL", row->signal);
	if (row->has_exit)
		number(out, "WHOSH_EXIT", row->exit);
}

static void fields(struct buf *out, const struct sink *sink, const struct export_item *item,
		   const struct buf *line)
{
	struct buf sentence BUF_AUTO = BUF_INIT;
	export_sentence(&sentence, item);
	field(out, "MESSAGE", sentence.data ? sentence.data : "", sentence.len);
	number(out, "PRIORITY", export_severity(item));
	text(out, "SYSLOG_IDENTIFIER", "whoshd");
	text(out, "WHOSH_APPROVER", sink->approver);
	text(out, "WHOSH_KIND", export_kind(item));
	number(out, "WHOSH_INDEX", item->index);
	if (item->is_command) {
		command(out, &item->row);
	} else {
		text(out, "WHOSH_SUBJECT", item->subject);
		text(out, "WHOSH_AGENT", export_agent(item));
		text(out, "WHOSH_OPERATOR", export_operator(item));
		text(out, "WHOSH_REASON", export_body(item, "reason"));
	}
	field(out, "WHOSH_RECORD", line->data, line->len ? line->len - 1 : 0);
}

static void add(struct sink *sink, const struct export_item *item, const struct buf *line)
{
	struct journald *j = (struct journald *)sink;
	struct buf out BUF_AUTO = BUF_INIT;
	fields(&out, sink, item, line);
	struct entry *entry = out.failed ? NULL : malloc(sizeof *entry + out.len);
	if (!entry) {
		j->failed = true;
		return;
	}
	entry->next = NULL;
	entry->len = out.len;
	memcpy(entry->bytes, out.data, out.len);
	*j->last = entry;
	j->last = &entry->next;
}

/* ── handing over ──────────────────────────────────────────────────────────────────────────────────────── */

static bool connect_journald(struct journald *j, struct fault *fault)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	if (j->fd >= 0)
		return true;
	j->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	/* It blocks while the journal has no room, but not for ever. */
	struct timeval patience = {.tv_sec = 5};
	snprintf(to.sun_path, sizeof to.sun_path, "%s", j->sink.conf->socket);
	if (j->fd < 0 || setsockopt(j->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) ||
	    connect(j->fd, (const struct sockaddr *)&to, sizeof to)) {
		fault_set(fault, FAULT_CONNECT, "%s: %s", to.sun_path, strerror(errno));
		fd_close(&j->fd);
		return false;
	}
	return true;
}

/* Not with O_TMPFILE: the journal takes descriptors of sealed memory from anybody. */
static bool send_large(struct journald *j, const struct entry *entry)
{
	FD_AUTO int memory = memfd_create("whosh", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (memory < 0 || write_all(memory, entry->bytes, entry->len) ||
	    fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL))
		return false;
	union {
		char bytes[CMSG_SPACE(sizeof memory)];
		struct cmsghdr align;
	} control = {0};
	struct msghdr message = {.msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof memory);
	memcpy(CMSG_DATA(head), &memory, sizeof memory);
	return sendmsg(j->fd, &message, MSG_NOSIGNAL) >= 0;
}

static bool send_entry(struct journald *j, const struct entry *entry, struct fault *fault)
{
	for (;;) {
		if (send(j->fd, entry->bytes, entry->len, MSG_NOSIGNAL) >= 0)
			return true;
		if (errno == EINTR)
			continue;
		if ((errno == EMSGSIZE || errno == ENOBUFS) && send_large(j, entry))
			return true;
		return fault_set(fault, errno == EAGAIN ? FAULT_TIMEOUT : FAULT_LOST, "%s", strerror(errno));
	}
}

static void forget(struct journald *j)
{
	while (j->first) {
		struct entry *entry = j->first;
		j->first = entry->next;
		free(entry);
	}
	j->last = &j->first;
	j->failed = false;
}

static bool send_journald(struct sink *sink, struct fault *fault)
{
	struct journald *j = (struct journald *)sink;
	bool good = !j->failed || fault_set(fault, FAULT_MEMORY, "out of memory");
	good = good && connect_journald(j, fault);
	for (const struct entry *entry = j->first; entry && good; entry = entry->next)
		good = send_entry(j, entry, fault);
	if (!good)
		fd_close(&j->fd);
	forget(j);
	return good;
}

static void free_journald(struct sink *sink)
{
	struct journald *j = (struct journald *)sink;
	forget(j);
	fd_close(&j->fd);
	free(j);
}

/* The kernel has what was sent, and hands it to the journal even if we end now. */
const struct sink_kind sink_journald = {.open = open_journald,
					.add = add,
					.send = send_journald,
					.settled = sink_settled_at_once,
					.close = sink_closed_at_once,
					.free = free_journald};
