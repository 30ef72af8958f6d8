/* token.c - looking tokens up by their hash, and minting them. */
#include "access/token.h"

#include "base/secret.h"
#include "store/access_tokens.h"

#include <string.h>

enum { TOUCH_EVERY_S = 600, RANDOM_CHARACTERS = 20 };

const char *const token_scopes[] = {
    "api",
    "read_api",
    "read_user",
    "read_repository",
    "write_repository",
    "create_runner",
    "manage_runner",
    "self_rotate",
    "sudo",
    "admin_mode",
    NULL,
};

typedef struct Touch {
    const Site *site;
    int64_t id;
} Touch;

static bool touch(Db *db, void *data, Error *err)
{
    const Touch *t = data;

    return access_token_touch(db, t->id, clock_now(t->site->clock), err);
}

bool token_check(const Site *site, Db *db, Arena *arena, const char *token, User *user,
                 TokenGrant *grant, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    g_autofree char *hash = secret_hash(token);
    int64_t now = clock_now(site->clock);
    AccessToken row;

    if (!access_token_by_hash(db, arena, hash, &row, user, &failed)) {
        if (failed.code == ERR_NO_RECORD)
            return error_set(err, ERR_UNAUTHORIZED, NULL);
        return error_move(err, &failed);
    }
    if (row.revoked)
        return error_set(err, ERR_TOKEN_REVOKED, NULL);
    if (row.expires_at && row.expires_at <= now)
        return error_set(err, ERR_TOKEN_EXPIRED, NULL);
    if (user->state != USER_ACTIVE)
        return error_set(err, ERR_UNAUTHORIZED, NULL);
    if (now - row.last_used_at >= TOUCH_EVERY_S * US_PER_S) {
        Touch t = { site, row.id };
        /* The time of use is worth less than the request. */
        (void)database_write(site->database, touch, &t, NULL);
    }
    *grant = (TokenGrant){ .token_id = row.id, .scopes = row.scopes };
    return true;
}

bool token_check_job(Db *db, Arena *arena, const char *token, Job *job, User *user, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    g_autofree char *hash = secret_hash(token);

    if (job_by_token(db, arena, hash, job, &failed) &&
        user_get(db, arena, job->user_id, user, &failed))
        return (user->state == USER_ACTIVE && job_is_held(job)) ||
               error_set(err, ERR_UNAUTHORIZED, NULL);
    if (failed.code == ERR_NO_RECORD)
        return error_set(err, ERR_UNAUTHORIZED, NULL);
    return error_move(err, &failed);
}

bool token_scopes_are_known(const char *scopes)
{
    g_auto(GStrv) words = g_strsplit(scopes, " ", -1);

    for (char **word = words; *word; word++)
        if (!g_strv_contains(token_scopes, *word))
            return false;
    return words[0] != NULL;
}

typedef struct Mint {
    AccessToken row;
} Mint;

static bool insert(Db *db, void *data, Error *err)
{
    return access_token_insert(db, &((Mint *)data)->row, err);
}

bool token_make(const Site *site, const TokenOrder *order, AccessToken *row, char **token,
                char **hash, Error *err)
{
    if (!token_scopes_are_known(order->scopes))
        return error_field(err, "scopes", "can only contain available scopes");
    *token = order->given ? g_strdup(order->given) : secret_token("glpat-", RANDOM_CHARACTERS);
    *hash = secret_hash(*token);
    *row = (AccessToken){ .user_id = order->user_id,
                          .name = order->name,
                          .description = order->description,
                          .token_hash = *hash,
                          .scopes = order->scopes,
                          .expires_at = order->expires_at,
                          .created_at = clock_now(site->clock) };
    return true;
}

bool token_create(const Site *site, const TokenOrder *order, int64_t *id, char **token, Error *err)
{
    g_autofree char *made = NULL;
    g_autofree char *hash = NULL;
    Mint mint = { 0 };

    if (!token_make(site, order, &mint.row, &made, &hash, err) ||
        !database_write(site->database, insert, &mint, err))
        return false;
    *id = mint.row.id;
    *token = g_steal_pointer(&made);
    return true;
}
