/* access_tokens.c - the table access_tokens. */
#include "store/access_tokens.h"

#define ACCESS_TOKEN_COLS                                                                          \
    "t.id, t.user_id, t.name, t.description, t.token_hash, t.scopes, t.revoked, t.expires_at,"     \
    " t.last_used_at, t.created_at"

const Column access_token_columns[] = { COL_INT(AccessToken, id),
                                        COL_INT(AccessToken, user_id),
                                        COL_TEXT(AccessToken, name),
                                        COL_TEXT(AccessToken, description),
                                        COL_TEXT(AccessToken, token_hash),
                                        COL_TEXT(AccessToken, scopes),
                                        COL_BOOL(AccessToken, revoked),
                                        COL_TIME(AccessToken, expires_at),
                                        COL_TIME(AccessToken, last_used_at),
                                        COL_TIME(AccessToken, created_at),
                                        COL_END };

typedef struct TokenUser {
    AccessToken token;
    User user;
} TokenUser;

static const Column token_user_columns[] = { COL_INT(TokenUser, token.id),
                                             COL_INT(TokenUser, token.user_id),
                                             COL_TEXT(TokenUser, token.name),
                                             COL_TEXT(TokenUser, token.description),
                                             COL_TEXT(TokenUser, token.token_hash),
                                             COL_TEXT(TokenUser, token.scopes),
                                             COL_BOOL(TokenUser, token.revoked),
                                             COL_TIME(TokenUser, token.expires_at),
                                             COL_TIME(TokenUser, token.last_used_at),
                                             COL_TIME(TokenUser, token.created_at),
                                             COL_INT(TokenUser, user.id),
                                             COL_TEXT(TokenUser, user.username),
                                             COL_TEXT(TokenUser, user.name),
                                             COL_TEXT(TokenUser, user.email),
                                             COL_ENUM(TokenUser, user.state, user_state_names),
                                             COL_BOOL(TokenUser, user.admin),
                                             COL_BOOL(TokenUser, user.bot),
                                             COL_TIME(TokenUser, user.created_at),
                                             COL_END };

bool access_token_insert(Db *db, AccessToken *token, Error *err)
{
    return db_get_int(
        db,
        "INSERT INTO access_tokens (user_id, name, description, token_hash, scopes, revoked,"
        " expires_at, last_used_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
        " RETURNING id",
        DB_ARGS(DB_INT(token->user_id), DB_TEXT(token->name), DB_TEXT(token->description),
                DB_TEXT(token->token_hash), DB_TEXT(token->scopes), DB_BOOL(token->revoked),
                DB_TIME(token->expires_at), DB_TIME(token->last_used_at),
                DB_INT(token->created_at)),
        &token->id, err);
}

bool access_token_get(Db *db, Arena *arena, int64_t id, AccessToken *token, Error *err)
{
    return db_get(db, arena, access_token_columns,
                  "SELECT " ACCESS_TOKEN_COLS " FROM access_tokens t WHERE t.id = $1",
                  DB_ARGS(DB_INT(id)), token, err);
}

bool access_token_by_hash(Db *db, Arena *arena, const char *hash, AccessToken *token, User *user,
                          Error *err)
{
    TokenUser row = { 0 };

    if (!db_get(db, arena, token_user_columns,
                "SELECT " ACCESS_TOKEN_COLS ", u.id, u.username, u.name, u.email, u.state, u.admin,"
                " u.bot, u.created_at FROM access_tokens t JOIN users u ON u.id = t.user_id"
                " WHERE t.token_hash = $1",
                DB_ARGS(DB_TEXT(hash)), &row, err))
        return false;
    *token = row.token;
    *user = row.user;
    return true;
}

static void filter_tokens(Query *q, const AccessTokenFilter *filter)
{
    query_init(q, NULL, DB_ARGS(DB_INT(filter->now_us)), "access_tokens t");
    query_and_id(q, "t.user_id = ?", filter->user_id);
    query_and_id(q,
                 "t.user_id IN (SELECT u.id FROM members m JOIN users u ON u.id = m.user_id"
                 " WHERE m.project_id = ? AND u.bot = 1)",
                 filter->bots_of_project);
    query_and_id(q,
                 "t.user_id IN (SELECT u.id FROM members m JOIN users u ON u.id = m.user_id"
                 " WHERE m.namespace_id = ? AND u.bot = 1)",
                 filter->bots_of_group);
    query_and_only(q, "t.revoked = 0 AND (t.expires_at IS NULL OR t.expires_at > $1)",
                   "(t.revoked = 1 OR t.expires_at <= $1)", filter->active);
    query_and_only(q, "t.revoked = 1", "t.revoked = 0", filter->revoked);
    query_and_contains(q, "LOWER(t.name) LIKE ? ESCAPE '\\'", filter->search);
}

bool access_token_list(Db *db, Arena *arena, const AccessTokenFilter *filter, AccessToken **tokens,
                       size_t *n, Error *err)
{
    g_auto(Query) q = { 0 };

    filter_tokens(&q, filter);
    query_finish_list(&q, ACCESS_TOKEN_COLS, "t.id", true, NULL, filter->slice);
    return SELECT_ROWS(db, arena, access_token_columns, query_sql(&q), query_args(&q), tokens, n,
                       err);
}

bool access_token_count(Db *db, const AccessTokenFilter *filter, int64_t *count, Error *err)
{
    g_auto(Query) q = { 0 };

    filter_tokens(&q, filter);
    query_finish_count(&q, 0);
    return db_get_int(db, query_sql(&q), query_args(&q), count, err);
}

bool access_token_revoke(Db *db, int64_t id, bool *done, Error *err)
{
    return query_exec_one(db, "UPDATE access_tokens SET revoked = 1 WHERE id = $1 AND revoked = 0",
                          DB_ARGS(DB_INT(id)), done, err);
}

bool access_token_touch(Db *db, int64_t id, int64_t now_us, Error *err)
{
    return db_exec(db, "UPDATE access_tokens SET last_used_at = $2 WHERE id = $1",
                   DB_ARGS(DB_INT(id), DB_INT(now_us)), NULL, err);
}
