/* statements.c: all that the writer ever says to the database, prepared once.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/store/sqlite.h"
#include "common/error.h"
#include <errno.h>

#define COLUMN_PLACE(name) "?,"
static const char command_insert[] =
    "INSERT INTO commands(" COMMAND_NAMES "request_at,n) VALUES(" COMMAND_COLUMNS(
	COLUMN_PLACE, COLUMN_PLACE, COLUMN_PLACE, COLUMN_PLACE) "?,NULL) ON CONFLICT(id) DO NOTHING";

#define FACETS "ts,agent,human,model,session,verdict,host,user,credential"
#define INDEXED "n," FACETS ",CAST(line AS TEXT)," NAME_OF(task) ",reason"

/* Two blanks, so that every character begins a trigram: see short_match.c. */
#define WORDS_PADDED "?||'  ',?||'  ',?||'  '"

static const char *const texts[STATEMENTS] = {
    [ST_BEGIN] = "BEGIN IMMEDIATE",
    [ST_COMMIT] = "COMMIT",
    [ST_ROLLBACK] = "ROLLBACK",
    [ST_SAVEPOINT] = "SAVEPOINT item",
    [ST_RELEASE] = "RELEASE item",
    [ST_ROLLBACK_TO] = "ROLLBACK TO item",
    [ST_APPLIED] = "UPDATE applied SET n=?",
    [ST_SUBJECT_PUT] = "INSERT INTO subjects(subject,n) VALUES(?,?) ON CONFLICT DO NOTHING",
    [ST_OUTCOME_AT] = "UPDATE commands SET outcome_at=? WHERE id=? AND outcome_at<0",
    [ST_SESSION_GET] = "SELECT credential,seq,model,was,handed FROM sessions WHERE id=?",
    [ST_SESSION_PUT] =
	"INSERT INTO sessions(id,agent,credential,seq,model,was,handed) VALUES(?,?,?,?,?,?,?) ON "
	"CONFLICT(id) DO UPDATE SET "
	"credential=excluded.credential,seq=excluded.seq,model=coalesce(excluded.model,model),"
	"was=excluded.was,handed=excluded.handed",
    [ST_SUCCEEDS] =
	"WITH RECURSIVE before(id,agent) AS (SELECT replaces,agent FROM credentials WHERE id=?1 UNION "
	"SELECT c.replaces,c.agent FROM credentials c JOIN before b ON c.id=b.id AND c.agent=b.agent) "
	"SELECT 1 FROM before b JOIN credentials c ON c.id=b.id AND c.agent=b.agent WHERE c.id=?2",
    [ST_ALERT_PUT] = "INSERT INTO alerts(n,ms) VALUES(?,?)",
    [ST_COMMAND_INSERT] = command_insert,
    [ST_COMMAND_DECIDE] =
	"UPDATE commands SET state=?,verdict=?,cause=?,rule=?,policy=?,reason=?,reviewers=?,decided=?,"
	"log_index=? WHERE id=?",
    [ST_COMMAND_OUTCOME] =
	"UPDATE commands SET state=?,has_exit=?,exit=?,signal=?,outcome=?,outcome_reason=?,started=?,"
	"ended=? WHERE id=?",
    [ST_REVIEW_ADD] = "INSERT INTO reviews(command,operator,ms) VALUES(?,?,?) ON CONFLICT DO NOTHING",
    [ST_REVIEW_COUNT] = "SELECT count(*) FROM reviews WHERE command=?",
    [ST_AGENT_PUT] = "INSERT INTO agents(id,owner,created,disabled,delegated) VALUES(?,?,?,?,?) ON "
		     "CONFLICT(id) DO UPDATE SET "
		     "owner=excluded.owner,disabled=max(disabled,excluded.disabled)",
    [ST_CREDENTIAL_PUT] =
	"INSERT INTO credentials(id,agent,key,issued,not_before,expires,revoked,last_used,issued_by,"
	"revoked_by,replaces,source) VALUES(?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(id) DO UPDATE SET "
	"revoked=coalesce(nullif(revoked,0),excluded.revoked),"
	"expires=coalesce(min(nullif(expires,0),nullif(excluded.expires,0)),expires+excluded.expires),"
	"last_used=max(last_used,excluded.last_used),revoked_by=coalesce(revoked_by,excluded.revoked_by)",
    [ST_OPERATOR_PUT] =
	"INSERT INTO operators(name,role,token_s256,created,disabled) VALUES(?,?,?,?,?) ON CONFLICT(name) "
	"DO UPDATE SET role=excluded.role,token_s256=excluded.token_s256,disabled=excluded.disabled,"
	"created=excluded.created",
    [ST_POLICY_PUT] = "INSERT INTO policies(s256,text,ms,by) VALUES(?,?,?,?) ON CONFLICT DO NOTHING",
    [ST_HOP_PUT] =
	"INSERT INTO hops(id,hash,s256,parent,issuer,human,agent,task,signer,depth,issued,expires,revoked,"
	"log_index,revoked_by) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING",
    [ST_HOP_REVOKE] = "UPDATE hops SET revoked=?,revoked_by=? WHERE id=? AND revoked=0",
    [ST_KEY_PUT] =
	"INSERT INTO person_keys(id,person,key,issued,expires,revoked,revoked_by) VALUES(?,?,?,?,?,?,?) ON "
	"CONFLICT(id) DO UPDATE SET revoked=coalesce(nullif(revoked,0),excluded.revoked),"
	"revoked_by=coalesce(revoked_by,excluded.revoked_by)",
    [ST_EXCHANGE_PUT] =
	"INSERT INTO exchanges(token,issuer,jti,credential,until,replayed) VALUES(?,?,?,?,?,0)",
    [ST_EXCHANGE_FIND] =
	"SELECT credential FROM exchanges WHERE token=?1 UNION ALL SELECT credential FROM exchanges WHERE "
	"issuer=?2 AND jti=?3 LIMIT 1",
    [ST_EXCHANGE_REPLAYED] =
	"UPDATE exchanges SET replayed=1 WHERE replayed=0 AND (token=?1 OR (issuer=?2 AND jti=?3))",
    [ST_EXCHANGES_DROP] = "DELETE FROM exchanges WHERE until<=?",
    [ST_KILL_PUT] = "INSERT INTO kills(id,kind,name,reason,by,ts,expires,lifted) VALUES(?,?,?,?,?,?,?,0) "
		    "ON CONFLICT(id) DO UPDATE SET expires=excluded.expires",
    [ST_KILL_LIFT] = "UPDATE kills SET lifted=?,lifted_by=? WHERE id=? AND lifted=0",
    /* What an earlier kill has brought about already holds for this one too. */
    [ST_KILL_REACHED] =
	"INSERT INTO kill_targets(reached,command,kill,told,acknowledged,left_ms,over,lapsed) SELECT "
	"?1,?2,?3,coalesce(max(told),0),coalesce(max(acknowledged),0),coalesce(max(left_ms),0),0,0 "
	"FROM kill_targets WHERE command=?2 ON CONFLICT DO NOTHING",
    [ST_KILL_TOLD] = "UPDATE kill_targets SET told=? WHERE command=? AND told=0",
    [ST_KILL_ACKNOWLEDGED] = "UPDATE kill_targets SET acknowledged=? WHERE command=? AND acknowledged=0",
    [ST_KILL_LEFT] = "UPDATE kill_targets SET left_ms=? WHERE command=? AND left_ms=0",
    [ST_KILL_OVER] = "UPDATE kill_targets SET over=? WHERE command=? AND over=0",
    [ST_KILL_LAPSED] = "UPDATE kill_targets SET lapsed=? WHERE command=? AND over=0 AND lapsed=0",
    [ST_NAME_GET] = "SELECT id FROM names WHERE text=?",
    [ST_NAME_PUT] = "INSERT INTO names(text) VALUES(?)",
    [ST_FACETS_PUT] = "INSERT INTO facets(n," FACETS ") VALUES(?,?,?,?,?,?,?,?,?,?)",
    [ST_FACETS_DROP] = "DELETE FROM facets WHERE n=?",
    [ST_WORDS_PUT] = "INSERT INTO words(rowid,line,task,reason) VALUES(?," WORDS_PADDED ")",
    [ST_WORDS_DROP] = "INSERT INTO words(words,rowid,line,task,reason) VALUES('delete',?," WORDS_PADDED ")",
    [ST_INDEX_NEXT] = "SELECT " INDEXED " FROM commands c WHERE n>(SELECT coalesce(max(n),0) FROM facets) "
		      "ORDER BY n LIMIT ?",
    [ST_INDEXED_GET] = "SELECT " INDEXED " FROM commands c WHERE id=? AND n IN (SELECT n FROM facets)",
    [ST_COMMAND_TEXTS] = "SELECT " INDEXED " FROM commands c WHERE id=?",
};

bool statements_prepare(struct store *store, char **error)
{
	for (int i = 0; i < STATEMENTS; i++)
		if (sqlite3_prepare_v3(store->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
				       &store->statements[i], NULL) != SQLITE_OK)
			return error_set(error, "%s: %s", store->path, sqlite3_errmsg(store->db));
	return true;
}

sqlite3_stmt *statement_use(struct store *store, enum statement which)
{
	sqlite3_stmt *statement = store->statements[which];
	sqlite3_reset(statement);
	return statement;
}

int statement_finish(struct store *store, sqlite3_stmt *statement, const char *what)
{
	int code = sqlite3_step(statement);
	int result = code == SQLITE_DONE || code == SQLITE_ROW ? 0 : sqlite_failed(store->db, what);
	int saved = errno;
	sqlite3_reset(statement);
	errno = saved;
	return result;
}
