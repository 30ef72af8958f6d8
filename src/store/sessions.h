/* sessions.h - who is signed in with a browser: one row a cookie, until it ends or is revoked; and
 * links that sign in once.
 */
#ifndef PENSTOCK_STORE_SESSIONS_H
#define PENSTOCK_STORE_SESSIONS_H

#include "store/users.h"

typedef struct Session {
    int64_t id;
    int64_t user_id;
    int64_t token_id;        /* of the access token that opened it; 0: password or link */
    const char *secret_hash; /* of what the cookie holds */
    int64_t expires_at;
    int64_t last_used_at;
    int64_t created_at;
    const char *scopes; /* of that token, when read; NULL: there is none */
} Session;

/* Sets @session->id. */
bool session_insert(Db *db, Session *session, Error *err);

/* With its user; ended ones, too, but none whose token is revoked.  ERR_NO_RECORD: there is none. */
bool session_by_hash(Db *db, Arena *arena, const char *hash, Session *session, User *user,
                     Error *err);

/* Those of a user that go on at @now_us, the newest first, @limit at most. */
bool session_list(Db *db, Arena *arena, int64_t user_id, int64_t now_us, int64_t limit,
                  Session **sessions, size_t *n, Error *err);

/* last_used_at */
bool session_touch(Db *db, int64_t id, int64_t now_us, Error *err);

/* @done: false: the user has no such session.  May be NULL. */
bool session_delete(Db *db, int64_t id, int64_t user_id, bool *done, Error *err);

/* All of a user, and their links: the password was changed, say. */
bool session_delete_by_user(Db *db, int64_t user_id, Error *err);

/* All of a user but the @keep newest. */
bool session_delete_oldest(Db *db, int64_t user_id, int64_t keep, Error *err);

/* Sessions and links that had ended at @now_us. */
bool session_delete_ended(Db *db, int64_t now_us, Error *err);

bool sign_in_link_insert(Db *db, int64_t user_id, const char *secret_hash, int64_t expires_at,
                         Error *err);

/* Takes the link away: of several who come with it, one gets @user_id.  ERR_NO_RECORD: there is
 * none (any more). */
bool sign_in_link_take(Db *db, const char *secret_hash, int64_t now_us, int64_t *user_id,
                       Error *err);

#endif
