/* reader.h: the gate's half inside the session's bash.
 *
 * A session is one bash that keeps its state from line to line.  bash itself reads its input and parses it,
 * so that every line is read as bash reads it, aliases, heredocs and `read` from the same input included.
 * What this object adds is one stop, between a command's last byte and its execution: the bytes that were
 * read for it are sent to whosh, which is bash's parent, and only when whosh has a permit for them does bash
 * execute what it has parsed.  It is preloaded into that one bash and removes every trace of itself from its
 * environment.
 *
 * Its way, each step a file: start.c how it gets in · loop.c read, ask, execute · input.c the bytes of a
 * command · ask.c the question · meaning.c what the session has changed · source.c files that are sourced ·
 * channel.c to whosh and back · prompt.c what is different at a terminal.
 *
 * It uses what bash exports for loadable builtins and runs in bash 5.2 only; in any other it lets bash read
 * nothing, and whosh says so.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef READER_H
#define READER_H

#include "common/link.h"
#include "common/secret.h"
#include <sys/types.h>

/* A descriptor of ours, which the session can close or replace by its number, and what it was. */
struct end {
	int fd;
	dev_t device;
	ino_t inode;
};

/* A question beside the session's line. */
struct aside {
	struct end end;
	struct link link;
	struct secret secret;
	bool runs;          /* it was approved, and its end is owed */
	struct aside *next; /* of those that this process has open */
};

/* A session that cannot go on: what bash ends with. */
struct verdict {
	int status; /* 0: run it */
	bool over;  /* the session ends with that status */
};

/* start.c: is this the process whose lines are asked about, and not a child that it forked? */
bool reader_in_shell(void);
/* Is there somebody at a terminal? */
bool reader_at_prompt(void);

/* loop.c: the session, from its first line to its end. */
_Noreturn void loop(void);

/* input.c: put ourselves between bash and its input; a new command begins; the bytes that were read for it,
 * without the NULs, which bash skips; have any been read since it began? */
void input_take_over(void);
void input_begin(void);
const struct buf *input_text(void);
bool input_read(void);

/* channel.c: the two sockets to whosh.  The one for the session's lines, NULL when it was closed or replaced
 * by the session's own doing: then nothing can be asked any more. */
bool channel_take(int frames, int door);
struct link *channel(void);
/* A conversation of one's own with whosh, for one question beside the session's line; false: none.  `aside`
 * stays where it is until channel_aside_over. */
bool channel_aside(struct aside *aside);
struct aside *channel_asides(void);
/* Close it, if it is still what it was; `told`, when not NULL, is said first. */
void channel_aside_over(struct aside *aside, const struct buf *told);
/* The next frame, borrowed until the next call; 1, 0: none in timeout_ms or a signal came, -1: whosh has
 * gone. */
int channel_next(struct link *link, struct wire_message *message, int timeout_ms);

/* ask.c: the session can begin: tell whosh.  At a terminal it answers with what a prompt needs
 * (prompt_begin). */
void ask_ready(void);
/* Ask for what was read and parsed, and wait.  May not return, as bash's own reading, when a signal ends
 * bash. */
struct verdict ask_line(const struct buf *text, const void *command);
/* The last line has ended with this status, when one was running. */
void ask_ended(int status);
/* May this text of a file, which the line that runs has found by itself, be run?  0 and a conversation in
 * which its end is to be told (ask_aside_ended), or the status. */
int ask_aside(const char *path, const struct buf *text, struct aside *aside);
void ask_aside_ended(struct aside *aside, int status);

/* variables.c: make NAME=value bash's own, exported: whosh's own names always, others (stamps) where the
 * session has not set them. */
void variable_set(const char *name, const char *value);
/* Is this a name that variable_set has to do with? */
bool variable_ours(const char *name);

/* meaning.c: remember what a session begins with; add what it has changed and `text` may use to the question.
 */
void meaning_begin(void);
void meaning_add(struct buf *frame, const struct buf *text);
/* meaning_names.c: does `name` occur in `plain` as a word?  `plain` is a text without its quotes. */
bool meaning_used(const struct buf *plain, const char *name);
void meaning_plain(struct buf *out, const char *text, size_t len);

/* source.c: `.` and source run the bytes that were approved. */
bool source_take_over(void);
/* open(2) by bash for reading: a descriptor of those bytes in place of the file; -1 with errno; -2: not ours.
 */
int source_opened(const char *path, const void *from);
/* The file that `.` would read for that word, malloc'd; NULL: none.  Its bytes; false with errno. */
char *source_path(const char *word);
bool source_text(const char *path, struct buf *text);
/* source_names.c: add the files that the parsed command names literally to the question, and their text to
 * `used`; hold it until the next line. */
void source_add(struct buf *frame, const void *command, struct buf *used);
/* The line that they were added to is being run, or not any more: until it is permitted, and when it has
 * ended, its approval is for nothing that a trap may run. */
void source_approve(bool approved);
/* Is this file with this text among them, and approved? */
bool source_added(const char *path, const struct buf *text);

/* prompt.c: what a terminal needs besides: its history, its prompt; and what readline must not do by itself.
 */
void prompt_begin(void);
/* The input is over: if because the terminal hung up, end by that, as bash would. */
void prompt_over(void);
/* A line as it was typed, its history expanded; malloc'd. */
char *prompt_expand(char *line);

#endif
