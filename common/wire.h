/* wire.h: what whosh and whosh-broker say to each other on their socket.
 *
 * A message is a frame: a 4-byte big-endian length of what follows, one byte of type, then fields: a 2-byte
 * big-endian tag, a 4-byte big-endian length, that many bytes.  Unknown types end the conversation; unknown
 * tags are refused too (both ends are installed together).  A tag may repeat where its comment says "each".
 * Libc only: the gate links it.
 *
 * The conversation: HELLO (broker, at once) · ASK (whosh) · WAITING* (broker) · PERMIT or REFUSED (broker) ·
 * STARTED (whosh) · OUTCOME (whosh) · DONE (broker, delivered or spooled).  KILL (broker) may come at any
 * time after PERMIT; DONE then comes when nothing is left of the command.  CHECK is answered by CHECKED and
 * ends it, DELEGATE by DELEGATED or REFUSED.  Closing before STARTED withdraws; closing between STARTED and
 * OUTCOME is a lost shell.
 *
 * A session asks for one line after the other: an ASK with MORE may be followed, after its DONE or REFUSED,
 * by the next ASK on the same connection (no second HELLO).  HISTORY may come where an ASK may, and is
 * answered by REMEMBERED.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_WIRE_H
#define WHOSH_WIRE_H

#include "common/buf.h"

#define WIRE_VERSION "1"
#define WIRE_MAX_FRAME (2u << 20)
/* Of a line or a file: what fits the approver's 1 MiB once it is encoded and signed. */
#define WIRE_MAX_LINE (700u * 1024)

enum wire_type {
	WIRE_HELLO = 1, /* VERSION */
	WIRE_ASK,       /* everything from LINE to ENV_KEPT */
	WIRE_WAITING,   /* COMMAND_ID, REASON (who must review, for a person), EXPIRES */
	WIRE_PERMIT, /* COMMAND_ID, SESSION_ID, AGENT_ID, optional CHAIN, TRACEPARENT, LEASE_MS; approved: run
			it now */
	WIRE_REFUSED,    /* STATUS (exit status), REASON, optional RULE, COMMAND_ID, HINT */
	WIRE_STARTED,    /* PID */
	WIRE_OUTCOME,    /* EXIT or SIGNAL; STARTED_MS, ENDED_MS; LEFT when processes are left; NOT_RUN (a
			    reason) when exec failed */
	WIRE_DONE,       /* nothing */
	WIRE_CHECK,      /* as ASK, without a line to run */
	WIRE_CHECKED,    /* CHECK_LINE each */
	WIRE_DELEGATE,   /* TO, TASK, optional SCOPE, EXPIRES (seconds from now), DEPTH, CHAIN, ENV */
	WIRE_DELEGATED,  /* CHAIN: for the delegate */
	WIRE_KILL,       /* REASON, optional OWN: the command is being ended, and why */
	WIRE_WITHDRAW,   /* nothing; the session's shell to whosh: the line is not wanted any more */
	WIRE_HISTORY,    /* ENV each: whose lines at a prompt are wanted */
	WIRE_REMEMBERED, /* AGENT_ID, LINE each, oldest first */
	WIRE_TYPES
};

enum wire_tag {
	WIRE_VERSION_TAG = 1,
	WIRE_MODE, /* command | login | ssh | script | prompt | stdin | source */
	WIRE_LINE, /* the exact bytes */
	WIRE_ARG,  /* each: ARG0 ARG… */
	WIRE_CWD,
	WIRE_TTY,
	WIRE_INTERPRETER,
	WIRE_INTERPRETER_OPTION, /* each: -e and the like */
	WIRE_SCRIPT,             /* path of the script file as given */
	WIRE_ENV, /* each: NAME=value of the identity, ssh, trace and harness variables (table in shell/whosh)
		   */
	WIRE_ENV_KEPT,       /* each: NAME=value that keep_env let through */
	WIRE_CONTEXT_FILE,   /* the bytes of WHOSH_CONTEXT_FILE */
	WIRE_REVIEW_TIMEOUT, /* seconds, decimal */
	WIRE_COMMAND_ID,
	WIRE_SESSION_ID,
	WIRE_AGENT_ID,
	WIRE_CHAIN,
	WIRE_TRACEPARENT,
	WIRE_REASON,
	WIRE_RULE,
	WIRE_HINT,    /* what to do next */
	WIRE_STATUS,  /* decimal */
	WIRE_EXPIRES, /* seconds since 1970, decimal */
	WIRE_PID,
	WIRE_EXIT,
	WIRE_SIGNAL, /* number, decimal */
	WIRE_STARTED_MS,
	WIRE_ENDED_MS,
	WIRE_NOT_RUN,
	WIRE_CHECK_LINE, /* "ok|warn|fail<TAB>label<TAB>text" */
	WIRE_ENV_OUT,    /* each: NAME=value the broker wants the command to be given (stamps) */
	WIRE_TO,         /* the agent that is delegated to */
	WIRE_TASK,
	WIRE_SCOPE,    /* JSON */
	WIRE_DEPTH,    /* how many further hops the delegate may add, decimal */
	WIRE_LEASE_MS, /* how long the command may go on when the broker is gone; absent: to its end */
	WIRE_LEFT,     /* "1": the command ended, and processes that it started did not */
	WIRE_OWN,      /* "1": the broker cannot end the command's processes; do it */
	WIRE_MORE,    /* "1": a line of a session; the PID in STARTED is then the session's shell, which lives
			 on when the line has ended */
	WIRE_MEANING, /* each: KIND, TAB, NAME, TAB, TEXT: what the session has changed and this line may use
		       */
	WIRE_SOURCED, /* each: PATH, NUL, TEXT: a file that this line reads with `.` or source */
	WIRE_OVER,    /* "1": whosh to the session's shell: the session ends with STATUS */
	WIRE_REVIEWERS, /* how many must approve, decimal */
	WIRE_SECRET, /* first and last in what a session's shell and whosh say of one question (secret.h) */
	WIRE_TAGS
};

/* Build: wire_begin, any number of wire_add, wire_end; then write out->data, len.  Several frames may follow
 * each other in one buffer. */
void wire_begin(struct buf *out, enum wire_type type, size_t *mark);
void wire_add(struct buf *out, enum wire_tag tag, const void *bytes, size_t len);
void wire_adds(struct buf *out, enum wire_tag tag, const char *string);
void wire_add_number(struct buf *out, enum wire_tag tag, int64_t number);
void wire_end(struct buf *out, size_t mark);

/* A received frame, borrowed from the buffer it was found in. */
struct wire_message {
	enum wire_type type;
	const char *fields;
	size_t len;
};

/* Is there a whole frame at the head of `in`?  1 and *message and its whole size in *size; 0: more bytes
 * needed; -1: malformed or over WIRE_MAX_FRAME. */
int wire_next(const struct buf *in, struct wire_message *message, size_t *size);
/* Walk the fields: *at starts at 0; false at the end.  wire_next has already checked that they are well
 * formed. */
bool wire_field(const struct wire_message *message, size_t *at, enum wire_tag *tag, const char **bytes,
		size_t *len);
/* The first field of that tag, borrowed from the message; NULL, and 0 in *len, when absent. */
const char *wire_bytes(const struct wire_message *message, enum wire_tag tag, size_t *len);
/* Append the frame of a message as it was received. */
void wire_pass(struct buf *out, const struct wire_message *message);
/* The first field of that tag as a malloc'd string; NULL when absent or it holds a NUL. */
char *wire_string(const struct wire_message *message, enum wire_tag tag);
/* A decimal field; `otherwise` when absent or not a number. */
int64_t wire_number(const struct wire_message *message, enum wire_tag tag, int64_t otherwise);

#endif
