/* token.h - from a token in the clear to the user behind it. */
#ifndef PENSTOCK_ACCESS_TOKEN_H
#define PENSTOCK_ACCESS_TOKEN_H

#include "base/site.h"
#include "db/db.h"
#include "store/access_tokens.h"
#include "store/jobs.h"
#include "store/users.h"

typedef struct TokenGrant {
    int64_t token_id;
    const char *scopes; /* blank-separated, in the arena */
} TokenGrant;

/* Personal, project and group access tokens.  Records the use, at most once in ten minutes.
 * Errors: ERR_UNAUTHORIZED (unknown, or its user is blocked), ERR_TOKEN_EXPIRED, ERR_TOKEN_REVOKED. */
bool token_check(const Site *site, Db *db, Arena *arena, const char *token, User *user,
                 TokenGrant *grant, Error *err);

/* A job's token, while the job runs.  ERR_UNAUTHORIZED otherwise. */
bool token_check_job(Db *db, Arena *arena, const char *token, Job *job, User *user, Error *err);

/* The scopes a token may have, NULL-terminated. */
extern const char *const token_scopes[];

/* Mints a token for a user.  @scopes: blank-separated, each of token_scopes.  @given: a token known beforehand, NULL: a
 * random one.  @token: in the clear, owned by the caller; it is not stored. */
typedef struct TokenOrder {
    int64_t user_id;
    const char *name;
    const char *description; /* NULL: none */
    const char *scopes;
    int64_t expires_at; /* 0: never */
    const char *given;
} TokenOrder;
bool token_create(const Site *site, const TokenOrder *order, int64_t *id, char **token, Error *err);

/* The same without storing it: for a write that makes more. @row: its texts are @order's and @hash;
 * @token and @hash are the caller's to free. */
bool token_make(const Site *site, const TokenOrder *order, AccessToken *row, char **token,
                char **hash, Error *err);

/* Whether each of the blank-separated @scopes is known (and there is at least one). */
bool token_scopes_are_known(const char *scopes);

#endif
