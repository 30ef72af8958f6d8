/* access_tokens.h - personal access tokens, and those of projects' and groups' bots. */
#ifndef PENSTOCK_STORE_ACCESS_TOKENS_H
#define PENSTOCK_STORE_ACCESS_TOKENS_H

#include "store/users.h"

typedef struct AccessToken {
    int64_t id;
    int64_t user_id;
    const char *name;
    const char *description; /* NULL: none */
    const char *token_hash;
    const char *scopes; /* blank-separated */
    bool revoked;
    int64_t expires_at;   /* midnight UTC; 0: never */
    int64_t last_used_at; /* 0: never */
    int64_t created_at;
} AccessToken;

extern const Column access_token_columns[];

/* Sets @token->id. */
bool access_token_insert(Db *db, AccessToken *token, Error *err);

/* ERR_NO_RECORD: there is none. */
bool access_token_get(Db *db, Arena *arena, int64_t id, AccessToken *token, Error *err);
/* With its user; revoked and expired ones, too. */
bool access_token_by_hash(Db *db, Arena *arena, const char *hash, AccessToken *token, User *user,
                          Error *err);

typedef struct AccessTokenFilter {
    int64_t user_id;         /* whose; 0: any */
    int64_t bots_of_project; /* of the bots that are members there; 0: not asked */
    int64_t bots_of_group;
    Only active; /* not revoked, not expired at @now_us */
    int64_t now_us;
    Only revoked;
    const char *search; /* part of the name */
    Slice slice;
} AccessTokenFilter;

/* By id. */
bool access_token_list(Db *db, Arena *arena, const AccessTokenFilter *filter, AccessToken **tokens,
                       size_t *n, Error *err);
bool access_token_count(Db *db, const AccessTokenFilter *filter, int64_t *count, Error *err);

/* @done: false: it was revoked before, or is gone.  May be NULL. */
bool access_token_revoke(Db *db, int64_t id, bool *done, Error *err);
bool access_token_touch(Db *db, int64_t id, int64_t now_us, Error *err); /* last_used_at */

#endif
