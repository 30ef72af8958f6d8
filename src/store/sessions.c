/* sessions.c - the tables sessions and sign_in_links. */
#include "store/sessions.h"

#define SESSION_COLS                                                                               \
    "s.id, s.user_id, s.token_id, s.secret_hash, s.expires_at, s.last_used_at, s.created_at, "     \
    "t.scopes"
#define WITH_TOKEN  " LEFT JOIN access_tokens t ON t.id = s.token_id"
#define TOKEN_HOLDS " AND (s.token_id IS NULL OR t.revoked = 0)"

static const Column session_columns[] = {
    COL_INT(Session, id),           COL_INT(Session, user_id),     COL_INT(Session, token_id),
    COL_TEXT(Session, secret_hash), COL_TIME(Session, expires_at), COL_TIME(Session, last_used_at),
    COL_TIME(Session, created_at),  COL_TEXT(Session, scopes),     COL_END
};

typedef struct SessionUser {
    Session session;
    User user;
} SessionUser;

static const Column session_user_columns[] = { COL_INT(SessionUser, session.id),
                                               COL_INT(SessionUser, session.user_id),
                                               COL_INT(SessionUser, session.token_id),
                                               COL_TEXT(SessionUser, session.secret_hash),
                                               COL_TIME(SessionUser, session.expires_at),
                                               COL_TIME(SessionUser, session.last_used_at),
                                               COL_TIME(SessionUser, session.created_at),
                                               COL_TEXT(SessionUser, session.scopes),
                                               COL_INT(SessionUser, user.id),
                                               COL_TEXT(SessionUser, user.username),
                                               COL_TEXT(SessionUser, user.name),
                                               COL_TEXT(SessionUser, user.email),
                                               COL_ENUM(SessionUser, user.state, user_state_names),
                                               COL_BOOL(SessionUser, user.admin),
                                               COL_BOOL(SessionUser, user.bot),
                                               COL_TIME(SessionUser, user.created_at),
                                               COL_END };

bool session_insert(Db *db, Session *session, Error *err)
{
    return db_get_int(db,
                      "INSERT INTO sessions (user_id, token_id, secret_hash, expires_at, "
                      "last_used_at, created_at)"
                      " VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
                      DB_ARGS(DB_INT(session->user_id), DB_ID(session->token_id),
                              DB_TEXT(session->secret_hash), DB_INT(session->expires_at),
                              DB_INT(session->last_used_at), DB_INT(session->created_at)),
                      &session->id, err);
}

bool session_by_hash(Db *db, Arena *arena, const char *hash, Session *session, User *user,
                     Error *err)
{
    SessionUser row = { 0 };

    if (!db_get(db, arena, session_user_columns,
                "SELECT " SESSION_COLS ", u.id, u.username, u.name, u.email, u.state, u.admin,"
                " u.bot, u.created_at FROM sessions s JOIN users u ON u.id = s.user_id" WITH_TOKEN
                " WHERE s.secret_hash = $1" TOKEN_HOLDS,
                DB_ARGS(DB_TEXT(hash)), &row, err))
        return false;
    *session = row.session;
    *user = row.user;
    return true;
}

bool session_list(Db *db, Arena *arena, int64_t user_id, int64_t now_us, int64_t limit,
                  Session **sessions, size_t *n, Error *err)
{
    return SELECT_ROWS(db, arena, session_columns,
                       "SELECT " SESSION_COLS " FROM sessions s" WITH_TOKEN
                       " WHERE s.user_id = $1 AND s.expires_at > $2" TOKEN_HOLDS
                       " ORDER BY s.id DESC LIMIT $3",
                       DB_ARGS(DB_INT(user_id), DB_INT(now_us), DB_INT(limit)), sessions, n, err);
}

bool session_touch(Db *db, int64_t id, int64_t now_us, Error *err)
{
    return db_exec(db, "UPDATE sessions SET last_used_at = $2 WHERE id = $1",
                   DB_ARGS(DB_INT(id), DB_INT(now_us)), NULL, err);
}

bool session_delete(Db *db, int64_t id, int64_t user_id, bool *done, Error *err)
{
    return query_exec_one(db, "DELETE FROM sessions WHERE id = $1 AND user_id = $2",
                          DB_ARGS(DB_INT(id), DB_INT(user_id)), done, err);
}

bool session_delete_by_user(Db *db, int64_t user_id, Error *err)
{
    return db_exec(db, "DELETE FROM sessions WHERE user_id = $1", DB_ARGS(DB_INT(user_id)), NULL,
                   err) &&
           db_exec(db, "DELETE FROM sign_in_links WHERE user_id = $1", DB_ARGS(DB_INT(user_id)),
                   NULL, err);
}

bool session_delete_oldest(Db *db, int64_t user_id, int64_t keep, Error *err)
{
    return db_exec(db,
                   "DELETE FROM sessions WHERE user_id = $1 AND id <= (SELECT o.id FROM sessions o"
                   " WHERE o.user_id = $1 ORDER BY o.id DESC LIMIT 1 OFFSET $2)",
                   DB_ARGS(DB_INT(user_id), DB_INT(keep)), NULL, err);
}

bool session_delete_ended(Db *db, int64_t now_us, Error *err)
{
    return db_exec(db, "DELETE FROM sessions WHERE expires_at <= $1", DB_ARGS(DB_INT(now_us)), NULL,
                   err) &&
           db_exec(db, "DELETE FROM sign_in_links WHERE expires_at <= $1", DB_ARGS(DB_INT(now_us)),
                   NULL, err);
}

bool sign_in_link_insert(Db *db, int64_t user_id, const char *secret_hash, int64_t expires_at,
                         Error *err)
{
    return db_exec(db,
                   "INSERT INTO sign_in_links (user_id, secret_hash, expires_at)"
                   " VALUES ($1, $2, $3)",
                   DB_ARGS(DB_INT(user_id), DB_TEXT(secret_hash), DB_INT(expires_at)), NULL, err);
}

bool sign_in_link_take(Db *db, const char *secret_hash, int64_t now_us, int64_t *user_id,
                       Error *err)
{
    return db_get_int(db,
                      "DELETE FROM sign_in_links WHERE secret_hash = $1 AND expires_at > $2"
                      " RETURNING user_id",
                      DB_ARGS(DB_TEXT(secret_hash), DB_INT(now_us)), user_id, err);
}
