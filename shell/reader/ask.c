/* ask.c: the question, and the wait for its answer.
 *
 * Whoever waits at a terminal sees for whom and how long.  Ctrl-C takes the line back: whosh is told, tells
 * the approver, and only then is bash interrupted as by any Ctrl-C.  Another signal that ends bash ends it
 * from here, and whosh withdraws what it asked.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/reader/bash.h"
#include "common/clock.h"
#include "common/exits.h"
#include "common/io.h"
#include "common/link.h"
#include "common/children.h"
#include "common/waiting.h"
#include "shell/reader/reader.h"
#include <limits.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TICK_MS = 1000 };

static const struct verdict lost = {EXIT_UNREACHABLE, true};
static bool running;
static size_t before; /* children, when the line that runs began */

static void say(const char *text)
{
	if (write_all(STDERR_FILENO, text, strlen(text)))
		return;
}

static struct verdict way_lost(void)
{
	say("whosh: approver unreachable: the session's way to whosh was lost; nothing more is run\n");
	return lost;
}

/* Whosh that cannot be told anything is found to be away by the next question. */
static bool tell(struct buf *frame)
{
	struct link *way = channel();
	return way && link_write(way, frame);
}

void ask_ready(void)
{
	struct buf frame BUF_AUTO = BUF_INIT;
	size_t mark;
	wire_begin(&frame, WIRE_HELLO, &mark);
	wire_adds(&frame, WIRE_VERSION_TAG, WIRE_VERSION);
	wire_end(&frame, mark);
	tell(&frame);
}

static void add_cwd(struct buf *frame)
{
	char cwd[PATH_MAX];
	wire_adds(frame, WIRE_CWD, getcwd(cwd, sizeof cwd) ? cwd : "(unreachable)");
}

/* How many that this shell has started still run, or wait to be looked at: one system call when there is
 * none. */
static size_t children(void)
{
	siginfo_t info;
	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) ? 0 : children_count();
}

void ask_ended(int status)
{
	struct buf frame BUF_AUTO = BUF_INIT;
	size_t mark;
	if (!running)
		return;
	running = false;
	wire_begin(&frame, WIRE_OUTCOME, &mark);
	wire_add_number(&frame, WIRE_EXIT, status & 255);
	if (children() > before)
		wire_adds(&frame, WIRE_LEFT, "1");
	wire_end(&frame, mark);
	tell(&frame);
}

/* ── the answer ── */

static void set_variables(const struct wire_message *permit)
{
	size_t at = 0, len;
	enum wire_tag tag;
	const char *bytes;
	while (wire_field(permit, &at, &tag, &bytes, &len)) {
		const char *equals = memchr(bytes, '=', len);
		if (tag != WIRE_ENV_OUT || !equals)
			continue;
		char *entry = strndup(bytes, len);
		if (!entry)
			continue;
		entry[equals - bytes] = '\0';
		variable_set(entry, entry + (equals - bytes) + 1);
		free(entry);
	}
}

static struct verdict refusal(const struct wire_message *refused)
{
	char *text = wire_string(refused, WIRE_REASON);
	int64_t status = wire_number(refused, WIRE_STATUS, EXIT_UNREACHABLE);
	struct verdict verdict = {status > 0 && status < 256 ? (int)status : EXIT_UNREACHABLE,
				  wire_number(refused, WIRE_OVER, 0) != 0};
	if (text)
		say(text);
	free(text);
	return verdict;
}

/* Has Ctrl-C interrupted the wait, with or without a trap of the session's on it?  Signals that end bash do
 * so here. */
static bool interrupted(void)
{
	CHECK_TERMSIG;
	return interrupt_state != 0 || signal_is_pending(SIGINT);
}

static bool take_back(struct link *way, bool aside)
{
	struct buf frame BUF_AUTO = BUF_INIT;
	size_t mark;
	wire_begin(&frame, WIRE_WITHDRAW, &mark);
	wire_end(&frame, mark);
	return !aside && link_write(way, &frame);
}

/* bash ends the line itself when it is interrupted at a prompt. */
static void say_withdrawn(void)
{
	say("whosh: withdrawn: nothing was run");
	if (!interactive || !interrupt_state)
		say("\n");
}

/* The answer to the question; whosh limits how long it may take.  A question is taken back by WITHDRAW, even
 * when its permit is already here; one that was asked aside by closing its conversation. */
static struct verdict wait_answer(struct link *way, bool aside)
{
	bool terminal = isatty(STDERR_FILENO), withdrawn = false;
	int64_t since = clock_mono_ms();
	char *words = NULL;
	struct wire_message found = {.type = WIRE_WAITING};
	while (found.type == WIRE_WAITING) {
		int got = channel_next(way, &found, terminal && words && !withdrawn ? TICK_MS : -1);
		if (got < 0)
			found.type = 0;
		else if (!got)
			found.type = WIRE_WAITING;
		else if (found.type == WIRE_WAITING && !words)
			words = waiting_words(&found);
		if (interrupted() && !withdrawn) {
			withdrawn = true;
			if (!take_back(way, aside))
				found.type = 0;
		} else if (found.type == WIRE_WAITING && words && terminal && !withdrawn) {
			waiting_show(words, since);
		}
	}
	if (words && terminal)
		waiting_show(NULL, since);
	if (words && terminal && withdrawn)
		say_withdrawn();
	free(words);
	if (withdrawn && aside)
		link_close(way);
	if (withdrawn) {
		QUIT;
		return (struct verdict){128 + SIGINT, false};
	}
	if (found.type == WIRE_REFUSED)
		return refusal(&found);
	if (found.type != WIRE_PERMIT)
		return way_lost();
	set_variables(&found);
	return (struct verdict){0, false};
}

static struct verdict too_large(void)
{
	say("whosh: denied: the line and what it uses are larger than an approver takes\n");
	return (struct verdict){EXIT_DENIED, false};
}

struct verdict ask_line(const struct buf *text, const void *command)
{
	struct buf frame BUF_AUTO = BUF_INIT, used BUF_AUTO = BUF_INIT;
	struct link *way = channel();
	size_t mark;
	wire_begin(&frame, WIRE_ASK, &mark);
	wire_adds(&frame, WIRE_MODE, reader_at_prompt() ? "prompt" : "stdin");
	wire_add(&frame, WIRE_LINE, text->data ? text->data : "", text->len);
	add_cwd(&frame);
	buf_add(&used, text->data, text->len);
	source_add(&frame, command, &used);
	meaning_add(&frame, &used);
	wire_end(&frame, mark);
	if (text->failed || frame.failed || frame.len > WIRE_MAX_FRAME)
		return too_large();
	if (!way || !link_write(way, &frame))
		return way_lost();
	struct verdict verdict = wait_answer(way, false);
	running = !verdict.status;
	before = running ? children() : 0;
	return verdict;
}

int ask_aside(const char *path, const struct buf *text, struct link *conversation)
{
	struct buf frame BUF_AUTO = BUF_INIT;
	size_t mark;
	*conversation = (struct link){.fd = channel_aside()};
	wire_begin(&frame, WIRE_ASK, &mark);
	wire_adds(&frame, WIRE_MODE, "source");
	wire_add(&frame, WIRE_LINE, text->data ? text->data : "", text->len);
	wire_adds(&frame, WIRE_SCRIPT, path);
	add_cwd(&frame);
	meaning_add(&frame, text);
	wire_end(&frame, mark);
	if (frame.failed || frame.len > WIRE_MAX_FRAME)
		return too_large().status;
	if (conversation->fd < 0 || !link_write(conversation, &frame))
		return way_lost().status;
	return wait_answer(conversation, true).status;
}

void ask_aside_ended(struct link *conversation, int status)
{
	struct buf frame BUF_AUTO = BUF_INIT;
	size_t mark;
	wire_begin(&frame, WIRE_OUTCOME, &mark);
	wire_add_number(&frame, WIRE_EXIT, status & 255);
	wire_end(&frame, mark);
	if (conversation->fd >= 0)
		link_write(conversation, &frame);
	link_close(conversation);
}
