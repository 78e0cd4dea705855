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

static const struct verdict lost = {EXIT_UNREACHABLE, true}, taken_back = {128 + SIGINT, false};
static bool running;
static struct secret key;    /* this shell's */
static struct secret secret; /* of the last line */
static size_t before;        /* children, when the line that runs began */

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

/* A file that runs `exit` has ended so too. */
static void tell_asides(int status, void *unused)
{
	(void)unused;
	for (struct aside *at; (at = channel_asides());) {
		if (at->runs)
			ask_aside_ended(at, status);
		else
			channel_aside_over(at, NULL);
	}
}

void ask_ready(void)
{
	on_exit(tell_asides, NULL);
	struct buf frame BUF_AUTO = BUF_INIT;
	size_t mark;
	if (!secret_new(&key))
		return; /* whosh that has not been greeted takes no question */
	secret_begin(&frame, WIRE_HELLO, &key, &mark);
	wire_adds(&frame, WIRE_VERSION_TAG, WIRE_VERSION);
	secret_end(&frame, &key, mark);
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

bool ask_lasts(void)
{
	return running;
}

void ask_ended(int status)
{
	struct buf frame BUF_AUTO = BUF_INIT;
	size_t mark;
	if (!running)
		return;
	running = false;
	source_approve(false);
	secret_begin_keyed(&frame, WIRE_OUTCOME, &key, &secret, &mark);
	wire_add_number(&frame, WIRE_EXIT, status & 255);
	if (children() > before)
		wire_adds(&frame, WIRE_LEFT, "1");
	secret_end(&frame, &key, mark);
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

/* Has Ctrl-C interrupted the wait, trapped (more often than `traps`) or not?  Signals that end bash do so
 * here. */
static bool interrupted(int traps)
{
	CHECK_TERMSIG;
	return interrupt_state != 0 || pending_traps[SIGINT] > traps;
}

static bool take_back(struct link *way, const struct aside *aside)
{
	struct buf frame BUF_AUTO = BUF_INIT;
	size_t mark;
	secret_begin_keyed(&frame, WIRE_WITHDRAW, &key, &secret, &mark);
	wire_adds(&frame, WIRE_STATUS, "130");
	secret_end(&frame, &key, mark);
	return !aside && link_write(way, &frame);
}

/* bash ends the line itself when it is interrupted at a prompt. */
static void say_withdrawn(void)
{
	say("whosh: withdrawn: nothing was run");
	if (!interactive || !interrupt_state)
		say("\n");
}

/* The answer to the question of that secret; whosh limits how long it may take.  A question is taken back by
 * WITHDRAW, even when its permit is already here; one that was asked aside by closing its conversation. */
static struct verdict wait_answer(struct link *way, const struct secret *its, struct aside *aside)
{
	bool terminal = isatty(STDERR_FILENO), withdrawn = false;
	int64_t since = clock_mono_ms();
	int traps = pending_traps[SIGINT];
	char *words = NULL;
	struct wire_message found = {.type = WIRE_WAITING};
	while (found.type == WIRE_WAITING) {
		int got = channel_next(way, &found, waiting_tick(since, TICK_MS));
		if (got < 0)
			found.type = 0;
		else if (!got)
			found.type = WIRE_WAITING;
		else if (found.type == WIRE_WAITING && !words)
			words = waiting_words(&found);
		if (!withdrawn && interrupted(traps)) {
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
		channel_aside_over(aside, NULL);
	if (withdrawn)
		QUIT;
	/* A permit that was on its way is not used, and whosh has been told so. */
	if (withdrawn && (aside || found.type == WIRE_PERMIT))
		return taken_back;
	/* The answer to another question is none to this one. */
	if (!found.type || !secret_in(its, &found))
		return way_lost();
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
	if (!secret_new(&secret))
		return way_lost();
	secret_begin_keyed(&frame, WIRE_ASK, &key, &secret, &mark);
	wire_adds(&frame, WIRE_MODE, reader_at_prompt() ? "prompt" : "stdin");
	wire_add(&frame, WIRE_LINE, text->data ? text->data : "", text->len);
	add_cwd(&frame);
	buf_add(&used, text->data, text->len);
	source_add(&frame, command, &used);
	meaning_add(&frame, &used);
	secret_end(&frame, &key, mark);
	if (text->failed || frame.failed || frame.len > WIRE_MAX_FRAME)
		return too_large();
	if (!way || !link_write(way, &frame))
		return way_lost();
	struct verdict verdict = wait_answer(way, &secret, NULL);
	running = !verdict.status;
	source_approve(running);
	before = running ? children() : 0;
	return verdict;
}

int ask_aside(const char *path, const struct buf *text, struct aside *aside)
{
	struct buf frame BUF_AUTO = BUF_INIT;
	size_t mark;
	bool open = channel_aside(aside) && secret_new(&aside->secret);
	secret_begin(&frame, WIRE_ASK, &aside->secret, &mark);
	wire_adds(&frame, WIRE_MODE, "source");
	wire_add(&frame, WIRE_LINE, text->data ? text->data : "", text->len);
	wire_adds(&frame, WIRE_SCRIPT, path);
	add_cwd(&frame);
	meaning_add(&frame, text);
	secret_end(&frame, &aside->secret, mark);
	if (frame.failed || frame.len > WIRE_MAX_FRAME)
		return too_large().status;
	if (!open || !link_write(&aside->link, &frame))
		return way_lost().status;
	struct verdict verdict = wait_answer(&aside->link, &aside->secret, aside);
	aside->runs = !verdict.status;
	return verdict.status;
}

void ask_aside_ended(struct aside *aside, int status)
{
	struct buf frame BUF_AUTO = BUF_INIT;
	size_t mark;
	secret_begin(&frame, WIRE_OUTCOME, &aside->secret, &mark);
	wire_add_number(&frame, WIRE_EXIT, status & 255);
	secret_end(&frame, &aside->secret, mark);
	channel_aside_over(aside, &frame);
}
