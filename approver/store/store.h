/* store.h: where the approver keeps what must survive: a narrow interface, SQLite behind it, others later.
 *
 * The idea.  The log of events (approver/log) is append-only, numbered, and the truth; every table is an
 * index that is made again from it (replay.c).  One thread (approver/command/writer.c) does all writing, in
 * groups: store_begin, any number of changes, store_commit.  When store_commit has returned 0 the whole group
 * is in the log and on disk; on any error nothing of the group is.  Only then are shells answered.  The
 * tables follow without a sync of their own: what a crash leaves behind, the next start makes up for.
 * Reading may happen on any thread, through a struct store_reader of its own (WAL: readers never block the
 * writer) and sees only whole groups.
 *
 * Strings in rows handed out are malloc'd and owned by the row (finish it); strings in rows handed in are
 * borrowed. Times are milliseconds since 1970.  Functions return 0, or -1 after logging why, unless said
 * otherwise.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_STORE_H
#define WHOSH_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct log;
struct note_signer;
struct store;
struct store_reader;

/* The kind of a log event, by the name it has in the log. */
enum event_kind {
	EVENT_LOG_STARTED,
	EVENT_LOG_STOPPED,
	EVENT_COMMAND_REQUESTED, /* body: the command JWS */
	EVENT_COMMAND_DECIDED,   /* body: the permit JWS */
	EVENT_COMMAND_OUTCOME,   /* body: the outcome JWS */
	EVENT_COMMAND_UNKNOWN, /* body: JSON {"command","reason"}: the approver's own finding that a host was
				  lost */
	EVENT_REVIEW,          /* body: JSON {"command","operator","verdict","reason"} */
	EVENT_AGENT_ADDED,
	EVENT_AGENT_DISABLED,
	EVENT_CREDENTIAL_ISSUED,
	EVENT_CREDENTIAL_REVOKED,
	EVENT_POLICY_LOADED, /* body: JSON {"policy_s256","operator"} and the text */
	EVENT_OPERATOR_SIGN_IN,
	EVENT_MODEL_CHANGED,      /* body: JSON {"session","command","agent","from","to"} */
	EVENT_OPERATOR_CHANGED,   /* body: JSON {"change","name","role","operator"} */
	EVENT_REFUSED,            /* body: JSON {"reason","agent","credential"}: an identity that was refused,
				     rate-limited */
	EVENT_DELEGATION,         /* body: the hop JWS */
	EVENT_DELEGATION_REVOKED, /* body: JSON {"delegation","agent","operator"} */
	EVENT_KEY_ENROLLED,       /* body: JSON {"key","person","expires"}: a person's own */
	EVENT_KEY_REVOKED,        /* body: JSON {"key","person","operator"} */
	EVENT_CREDENTIAL_ROTATED, /* body: JSON {"credential","agent",…,"replaces","window_ends","ended"} */
	EVENT_ALERT, /* body: JSON {"alert","reason","agent","credential",…}: a key or a session in two hands
		      */
	EVENT_KILL,  /* body: JSON {"id","kind","name","reason","by","expires"} */
	EVENT_UNKILL,           /* body: JSON {"id","kind","name","by"} */
	EVENT_UNMASKED,         /* body: JSON {"command","operator"}: somebody was shown its secrets */
	EVENT_NOTED,            /* no body: rows that change without an event of their own */
	EVENT_ENTRIES_ARCHIVED, /* body: JSON {"from","to","archive","policy_s256"}: retention.h */
	EVENT_KINDS
};
const char *event_kind_name(enum event_kind kind); /* "command_requested" … */
bool event_kind_find(const char *name, enum event_kind *kind);
/* Whom a signed event is about: the ID that its message names (malloc'd); NULL: it is not signed, or
 * malformed. */
char *event_signed_subject(enum event_kind kind, const char *jws, size_t len);

/* Life of a command.  PENDING → APPROVED | DENIED; APPROVED → EXITED | LOST; LOST → EXITED when a spooled
 * outcome comes. */
enum command_state { COMMAND_PENDING, COMMAND_APPROVED, COMMAND_DENIED, COMMAND_EXITED, COMMAND_LOST };
const char *command_state_name(enum command_state state); /* "pending" … */

/* One row of `whoctl who`: design.md section 8.  NULL: unknown or not applicable. */
struct command_row {
	char *id;   /* the command JWS's jti */
	int64_t ts; /* when the approver received it */
	char *agent, *agent_version, *credential, *session, *parent, *human;
	int64_t seq;         /* number within the session, from 1 */
	char *chain;         /* JSON array: [{type,id,task,authorized_at,proof}] */
	int64_t chain_since; /* not 0: the chain is what derive_chain makes of human, agent and task, since
				then */
	char *model, *task, *user, *host, *cwd, *mode;
	char *line; /* bytes */
	size_t line_len;
	char *detail; /* JSON object: argv, uid, tty, ssh, interpreter, harness, trace, env_kept, attributes
			 with grade and source */
	enum command_state state;
	char *verdict; /* "approved", "denied"; NULL while pending */
	char *cause;   /* "policy", "review", "timeout", "withdrawn", "killed" */
	char *rule, *policy, *reason;
	char *reviewers;      /* JSON array of operator names who decided */
	int reviewers_needed; /* while pending */
	bool not_in_chain;
	int64_t expires; /* while pending: when it times out */
	int64_t decided; /* ms, 0 while pending */
	bool has_exit;
	int exit;
	char *signal;  /* "TERM" */
	char *outcome; /* "exited", "signaled", "not_run", "lost"; NULL */
	char *outcome_reason;
	int64_t started, ended;
	int64_t log_index;  /* of the decision; of the request while pending */
	char *command_s256; /* of the command JWS */
	char *live_tail;    /* last 16 characters of the command JWS: proof for /v1/live */
	unsigned as_signed; /* given to the store: which of all this is what signed messages of the group say,
			       so that the log need not say it again (enum row_signed) */
};
enum row_signed {
	ROW_REQUEST = 1, /* what derive_command sets, but for task and detail */
	ROW_TASK = 2,    /* … these as well */
	ROW_DETAIL = 4,
	ROW_DECISION = 8, /* what derive_decision sets */
	ROW_OUTCOME = 16  /* what derive_outcome sets */
};
void command_row_finish(struct command_row *row);

struct agent_row {
	char *id, *owner;
	int64_t created;
	bool disabled;
	bool delegated; /* it works on a delegation only: a command without a chain is refused */
	int64_t last_used;
	int64_t credentials;
};
struct credential_row {
	char *id, *agent; /* id: RFC 7638 thumbprint */
	unsigned char key[32];
	int64_t issued, not_before, expires, revoked /* 0: not */, last_used;
	char *issued_by, *revoked_by;
	char *replaces; /* the ID of the one that this was rotated from; NULL */
	char *source;   /* "operator" (also when NULL is put), "exchange" */
};
struct operator_row {
	char *name, *role;
	char *token_s256;
	int64_t created;
	bool disabled;
}; /* role: viewer|reviewer|admin */
/* One hop of a principal chain, as it was logged. */
struct hop_row {
	char *id;          /* its jti */
	char *hash, *s256; /* of what is signed ("header.payload": a child's par_hash), and of all of it */
	char *parent;      /* the parent's hash; NULL: hop 0 */
	char *issuer, *human, *agent, *task;
	char *signer; /* thumbprint of the key that signed; NULL: the approver's */
	int64_t depth, issued, expires, revoked /* 0: not */, log_index;
	char *revoked_by;
};
/* A person's own key. */
struct key_row {
	char *id, *person; /* id: RFC 7638 thumbprint */
	unsigned char key[32];
	int64_t issued, expires, revoked /* 0: not */;
	char *revoked_by;
};
void hop_row_finish(struct hop_row *row);
void key_row_finish(struct key_row *row);
void agent_row_finish(struct agent_row *row);
void credential_row_finish(struct credential_row *row);
void operator_row_finish(struct operator_row *row);

/* Open DIR/whosh.db and the log beside it, DIR/log (both made when absent), and bring the tables up to what
 * the log holds.  NULL with a malloc'd sentence in *error. */
struct store *store_open(const char *path, const struct note_signer *signer, char **error);
/* The same, telling how far it is: `done` leaves of `all`. */
typedef void store_progress(int64_t done, int64_t all, void *arg);
struct store *store_open_slowly(const char *path, const struct note_signer *signer, store_progress *progress,
				void *arg, char **error);
void store_close(struct store *store);
/* The log, for reading (approver/log/log.h: what is safe from any thread). */
struct log *store_log(const struct store *store);

/* ── writing: the writer thread only ───────────────────────────────────────────────────────────────────── */
int store_begin(struct store *store);
int store_commit(struct store *store); /* -1: nothing of the group was kept (disk full …); errno ENOSPC when
					  it was space */
void store_rollback(struct store *store);
/* Within a group, a savepoint for one item, so that one bad item does not spoil the others. */
int store_item_begin(struct store *store);
int store_item_end(struct store *store, bool keep);

/* The number the next event will have (first: 0). */
int64_t store_next_index(const struct store *store);
/* The time that a group is to have: the wall clock's, but never before the last leaf's, so that the log's
 * times are in order whatever is done to the clock. */
int64_t store_now(struct store *store);
/* Append an event; its number, or -1.  `subject` is the command, agent or credential ID it is about (may be
 * NULL). */
int64_t store_append(struct store *store, enum event_kind kind, int64_t ms, const char *subject,
		     const void *body, size_t len);

/* Bind a session to a credential at first use and give the session's next seq.  A credential that replaces
 * the bound one, through any number of rotations, takes the session over, and what `command` (a UUIDv7) that
 * one had signed before then is still its.  1 with *seq set; 0 when the session belongs to another
 * credential; -1 error.  *last_model receives the last model that the session
 * had told before, also when commands without one came between (malloc'd, may be NULL). */
int store_session_next(struct store *store, const char *session, const char *agent, const char *credential,
		       const char *command, const char *model, int64_t *seq, char **last_model);
/* Every field of the row that is set is kept, the decision's too when it is there already (no
 * store_command_decide needed then).  1, quietly and with nothing written, when a command of that ID exists:
 * a repeated request. */
int store_command_insert(struct store *store, const struct command_row *row);
/* Write the decision fields of `row` (state, verdict, cause, rule, policy, reason, reviewers, decided,
 * log_index, permit). */
int store_command_decide(struct store *store, const struct command_row *row);
/* Write the outcome fields (state, has_exit, exit, signal, outcome, outcome_reason, started, ended). */
int store_command_outcome(struct store *store, const struct command_row *row);
/* Add one reviewer's approval of a pending command; returns how many distinct ones it has now, or -1. */
int store_review_add(struct store *store, const char *command, const char *operator_name, int64_t ms);
/* Insert, or update what may change of it.  Nothing brings back what was taken away: a row that was read
 * before a revocation and is written after it leaves the agent disabled and the credential revoked, and a
 * credential's end only ever comes nearer. */
int store_agent_put(struct store *store, const struct agent_row *row);
int store_credential_put(struct store *store, const struct credential_row *row);
int store_operator_put(struct store *store, const struct operator_row *row);
/* A new one.  1, quietly and with nothing written, when there ever was one of that ID. */
int store_hop_put(struct store *store, const struct hop_row *row);
int store_hop_revoke(struct store *store, const char *id, int64_t ms, const char *by);
int store_key_put(struct store *store, const struct key_row *row);
/* A token that was exchanged for a credential: `token` is the hash of what of it is signed, `jti` may be
 * NULL, `until` says when it need not be remembered any more. */
struct exchange {
	const char *token, *issuer, *jti, *credential;
	int64_t until;
};
int store_exchange_put(struct store *store, const struct exchange *exchange);
/* The credential (malloc'd) that this token, or another of its issuer with its jti, was exchanged for.  1, 0,
 * -1.  Forgets those whose time is over at `now`. */
int store_exchange_find(struct store *store, const struct exchange *exchange, int64_t now, char **credential);
/* Note that it came again with another key: 1 the first time, 0 after that, -1. */
int store_exchange_replayed(struct store *store, const struct exchange *exchange);
/* The policy text in force is kept by its hash so that every decision can be explained later. */
int store_policy_put(struct store *store, const char *s256, const void *text, size_t len, int64_t ms,
		     const char *by);

/* Append an EVENT_ALERT that store_alerts finds again; its number, or -1. */
int64_t store_alert_add(struct store *store, int64_t ms, const char *subject, const void *body, size_t len);

/* Index up to `max` commands that store_who would otherwise have to read one by one, as a group of its own
 * (none may be open).  For the writer when it has nothing else to do; a thousand take about 50 ms.  Returns
 * how many are left, or -1. */
int64_t store_index_some(struct store *store, int max);
/* About how many commands store_index_some has yet to see.  Costs nothing. */
int64_t store_unindexed(const struct store *store);

/* Write out what follows a commit by itself: the log's files for others to read, and the database's own log.
 * For the writer when it has nothing else to do; 0, or -1 after logging why. */
int store_tidy(struct store *store);
bool store_untidy(const struct store *store);

/* ── reading: any thread, one reader each ──────────────────────────────────────────────────────────────── */
struct store_reader *store_reader_new(struct store *store); /* NULL: logged */
void store_reader_free(struct store_reader *reader);

/* 1 found, 0 not there, -1 error; *row must be finished when 1. */
int store_command(struct store_reader *reader, const char *id, struct command_row *row);
int store_agent(struct store_reader *reader, const char *id, struct agent_row *row);
int store_credential(struct store_reader *reader, const char *id, struct credential_row *row);
int store_policy(struct store_reader *reader, const char *s256, char **text, size_t *len);

/* Called once a row, which is finished by the store after; return false to stop. */
typedef bool store_command_fn(const struct command_row *row, void *arg);

/* NULL or 0: no condition.  `match` is found anywhere in line, task or reason (case-insensitive, indexed: a
 * million commands answer within 100 ms; fewer than three characters are looked for one command after the
 * other).  `model` is a text, a name without its version, or a glob: see model.c.  Newest first; limit
 * 0 = 100. */
struct who_filter {
	const char *match, *agent, *human, *model, *session, *verdict, *host, *user, *credential;
	int64_t since, until;
	const char *before; /* page on: only commands older than this ID */
	int limit;
};
/* -1 with errno ETIME when it was not done after five seconds, some of it handed out. */
int store_who(struct store_reader *reader, const struct who_filter *filter, store_command_fn *fn, void *arg);
/* Commands in one state, oldest first. */
int store_in_state(struct store_reader *reader, enum command_state state, store_command_fn *fn, void *arg);
/* Operators who have approved a pending command so far, as a JSON array of names (malloc'd). */
int store_reviews(struct store_reader *reader, const char *command, char **names);
int store_agents(struct store_reader *reader, bool (*fn)(const struct agent_row *, void *), void *arg);
int store_credentials(struct store_reader *reader, bool (*fn)(const struct credential_row *, void *),
		      void *arg);
int store_operators(struct store_reader *reader, bool (*fn)(const struct operator_row *, void *), void *arg);
/* Hops that are good after `ms`, newest first; 0: all of them. */
int store_hops(struct store_reader *reader, int64_t ms, bool (*fn)(const struct hop_row *, void *),
	       void *arg);
int store_keys(struct store_reader *reader, bool (*fn)(const struct key_row *, void *), void *arg);
/* The credential that a session is bound to (malloc'd). 1, 0, -1. */
int store_session_owner(struct store_reader *reader, const char *session, char **credential);
/* Alerts since `since` (ms), newest first, at most `limit`: fn(index, ms, body, len, arg); and how many there
 * are in all, or -1. */
int store_alerts(struct store_reader *reader, int64_t since, int limit,
		 bool (*fn)(int64_t, int64_t, const char *, size_t, void *), void *arg);
int64_t store_alert_count(struct store_reader *reader, int64_t since);
/* The JWS or JSON body of one event (malloc'd). 1, 0, -1. */
int store_event(struct store_reader *reader, int64_t index, enum event_kind *kind, int64_t *ms, char **body,
		size_t *len);
/* The permit JWS of a command (malloc'd): 1; 0 when it is not decided, or archived; -1. */
int store_permit(struct store_reader *reader, const struct command_row *row, char **permit);
/* One event as store_walk hands it out; the texts are borrowed until the walk goes on.  The body is a JWS or
 * JSON, NUL-terminated. */
struct store_event {
	int64_t index, ms;
	enum event_kind kind;
	const char *subject; /* NULL: none */
	const char *body;
	size_t len;
	bool archived; /* there was an event of that number: nothing else of it is known here */
};
/* The events after number `after` (-1: from the first), in the order of the log, until fn returns false,
 * which may ask the same reader other things meanwhile.  It ends where the tables end when it begins, so that
 * what an event is about is there.  A walk that stops and goes on later
 * holds nothing open in between. */
int store_walk(struct store_reader *reader, int64_t after, bool (*fn)(const struct store_event *, void *),
	       void *arg);
/* Does the log say how a command ended, in an event after number `after` and before `end`?  1, 0, -1. */
int store_ended_between(struct store_reader *reader, const char *command, int64_t after, int64_t end);
/* Every event about one subject, in order: fn(index, kind, ms, body, len, arg). */
int store_events_of(struct store_reader *reader, const char *subject,
		    bool (*fn)(int64_t, enum event_kind, int64_t, const char *, size_t, void *), void *arg);

#endif
