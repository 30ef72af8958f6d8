/* session.h - signing in with a browser: from a password, a token or a link to a session, and from
 * the session's secret to its user.
 */
#ifndef PENSTOCK_ACCESS_SESSION_H
#define PENSTOCK_ACCESS_SESSION_H

#include "base/site.h"
#include "db/db.h"
#include "store/sessions.h"

/* Who has shown what they know. */
typedef struct SignIn {
    int64_t user_id;
    int64_t token_id;   /* of the access token that was shown; 0: none */
    int64_t expires_at; /* of that token; 0: never */
} SignIn;

/* Each is ERR_UNAUTHORIZED whatever was wrong.  By password it takes its time, the same for names
 * that nobody has: worker threads only. */
bool sign_in_by_password(Db *db, const char *username, const char *password, SignIn *out,
                         Error *err);
/* A token whose scopes open the API. */
bool sign_in_by_token(const Site *site, Db *db, const char *token, SignIn *out, Error *err);
/* Uses the link up. */
bool sign_in_by_link(const Site *site, const char *secret, SignIn *out, Error *err);

/* Opens a session; sessions that have ended, and the oldest of a user who has very many, go. @secret: for the
 * cookie, owned by the caller; it is not stored.  @session: its texts are not set. */
bool session_open(const Site *site, const SignIn *who, Session *session, char **secret, Error *err);

/* The session that @secret opens.  Records the use, at most once in ten minutes.
 * ERR_UNAUTHORIZED: it has ended, or its user is blocked. */
bool session_check(const Site *site, Db *db, Arena *arena, const char *secret, Session *session,
                   User *user, Error *err);

/* @done: false: the user has no such session. */
bool session_close(const Site *site, int64_t id, int64_t user_id, bool *done, Error *err);

/* A secret that signs @user_id in once, within SIGN_IN_LINK_MINUTES.  Owned by the caller. */
enum { SIGN_IN_LINK_MINUTES = 15 };
bool sign_in_link_make(const Site *site, int64_t user_id, char **secret, Error *err);

/* The address that carries @secret: behind "#", which browsers send to nobody.  Owned by the caller. */
char *sign_in_link_url(const char *base_url, const char *secret);

#endif
