/* live.h: the commands that are being decided, wait for a person, or run; and the polls that wait for them.
 *
 * The idea.  What must survive is in the store; this is what must be quick.  An entry is about 340 bytes:
 * 10,000 commands that wait for a person cost 4 MB.  It is made when a command's signature has been believed
 * (DECIDING: the writer has it), so that the same request sent twice at once is one command.  It ends when
 * the command is denied, its outcome is known (and has left nothing running), or its host is lost.  Whoever
 * wants to change an entry's fate in the store first takes it (live_take) and gives it back if the group
 * failed, so that of two reviewers in one group one is told that the other was first.
 *
 * A poll (one for a whole host) hangs the entries it names on itself; a later poll that names an entry takes
 * it over.  A poll is woken once, by whoever sets its `woken` under the lock: a decision, a kill, its
 * deadline, its client having hung up, or the approver's end.
 *
 * Locking: one mutex over everything here; nothing blocks under it.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_COMMAND_LIVE_H
#define WHOSH_COMMAND_LIVE_H

#include "approver/command/timers.h"
#include "common/buf.h"
#include "common/jws.h"
#include "common/uuid.h"

enum { TAIL_LEN = 16, ADDRESS_SIZE = 46 /* INET6_ADDRSTRLEN */ };

struct live;
struct request;
struct credential;

/* LEFT: the outcome is known, but processes of it live on, which a kill still reaches. */
enum live_state { LIVE_ABSENT, LIVE_DECIDING, LIVE_PENDING, LIVE_RUNNING, LIVE_LEFT, LIVE_STATES };

/* As what a poll names a command. */
enum live_named { REF_PENDING, REF_RUNNING, REF_LEFT, REF_KILLED };

/* A command as a poll names it: "ID:TAIL". */
struct live_ref {
	const char *id, *tail; /* borrowed: 36 and 16 characters, not terminated */
	enum live_named named;
	enum live_state state; /* found by live_look */
	bool trusted;          /* the tail was right; meaningless when ABSENT */
};

/* What kills know a command by; NULL: none.  See kills.h. */
struct live_about {
	const char *session, *parent, *model, *lineage;
};

struct poll {
	struct request *request;
	int fd; /* of the connection, to notice that the client hung up */
	struct live_command *first;
	size_t n;
	struct buf permits; /* `"ID":"JWS",…` decided while it waited */
	struct buf kills;   /* `"ID":{…},…` killed while it waited */
	struct timer timer;
	struct poll *prev, *next, *wake_next;
	bool woken;
	bool missed; /* one of its commands was decided or killed before it hung here: look again */
	bool again;  /* it waits for less than was asked, to look again */
	bool gone;   /* its client has hung up */
};

struct live *live_new(size_t max);
void live_free(struct live *live);

enum live_claim { LIVE_CLAIMED, LIVE_SAME, LIVE_OTHER_BYTES, LIVE_FULL };
/* A command whose signature is good: take the ID.  SAME (with *state): it is known here already with these
 * very bytes.  `s256` is of the JWS, `tail` its last 16 characters, `from` the address that sent it. */
enum live_claim live_claim(struct live *live, const char *id, const char *s256, const char *tail,
			   const char *from, struct credential *credential, const struct live_about *about,
			   enum live_state *state);
/* An entry for a command the store knows: at start, and of what it left behind.  false: it is there already,
 * the table is full, or out of memory. */
bool live_restore(struct live *live, const char *id, const char *s256, const char *tail,
		  struct credential *credential, const struct live_about *about, enum live_state state,
		  int64_t deadline_ms);

/* DECIDING is over.  Deadlines in ms from now: until the review times out, until the lease lapses. */
void live_set_pending(struct live *live, const char *id, int64_t ms);
void live_set_running(struct live *live, const char *id, int64_t ms);
void live_forget(struct live *live, const char *id);

/* Take an entry in that state for a change of the store.  BUSY: its fate hangs on something that is being
 * written now; NOT: it is absent or in another state. */
enum live_take { LIVE_TOOK, LIVE_BUSY, LIVE_NOT };
enum live_take live_take(struct live *live, const char *id, enum live_state want);
/* How it stands with a command; the other two are set unless ABSENT. */
enum live_state live_peek(struct live *live, const char *id, struct credential **credential,
			  char command_s256[S256_LEN + 1]);
void live_give_back(struct live *live, const char *id);
/* A pending entry was decided: hand the permit to its poll and let it go (denied) or run (approved: lease of
 * `ms`). A poll that must be woken is put before *wake. */
void live_decided(struct live *live, const char *id, bool approved, const struct buf *permit, int64_t ms,
		  struct poll **wake);

/* Find each and check its tail; renew the lease of those named as running or left, and being so, when
 * `renew_ms` is not 0. */
void live_look(struct live *live, struct live_ref *refs, size_t n, int64_t renew_ms);
/* How it stands with a command, and whether this address sent it (not known of one taken up again at start).
 */
enum live_state live_sent_from(struct live *live, const char *id, const char *address, bool *same);
/* Hang the ones it names as pending, running or left on the poll, which starts to wait; its connection is
 * suspended already. */
void live_wait(struct live *live, struct poll *poll, const struct live_ref *refs, size_t n, int64_t ms,
	       struct poll **wake);
/* The poll was woken: take it off everything.  When it is being answered the leases of what hung on it are
 * renewed by `renew_ms` (0: they are not), unless its client has hung up. */
void live_leave(struct live *live, struct poll *poll, int64_t renew_ms);

/* One look at the deadlines: fn for each command due (it is set again in 5 s, so that a failed group is tried
 * again); polls due come back in *wake. */
void live_tick(struct live *live, void (*fn)(const char *id, enum live_state state, void *arg), void *arg,
	       struct poll **wake);
/* Polls whose client has hung up. */
void live_hung_up(struct live *live, struct poll **wake);
/* The end: every poll; no new one waits after. */
void live_wake_all(struct live *live, struct poll **wake);

void live_count(struct live *live, int64_t *pending, int64_t *running, int64_t *polls);

#endif
