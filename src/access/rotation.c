/* rotation.c - the old token's end and the new one's beginning are one write. */
#include "access/rotation.h"

#include "base/secret.h"

enum { RANDOM_CHARACTERS = 20 };

typedef struct Rotation {
    int64_t old_id;
    AccessToken *fresh;
} Rotation;

static bool rotate(Db *db, void *data, Error *err)
{
    const Rotation *rotation = data;
    bool done = false;

    if (!access_token_revoke(db, rotation->old_id, &done, err))
        return false;
    if (!done)
        return error_set(err, ERR_BAD_REQUEST, "Token already revoked");
    return access_token_insert(db, rotation->fresh, err);
}

bool token_rotate(const Site *site, const AccessToken *old, int64_t expires_at, AccessToken *fresh,
                  char **token, Error *err)
{
    g_autofree char *made = secret_token("glpat-", RANDOM_CHARACTERS);
    g_autofree char *hash = secret_hash(made);
    AccessToken row = *old;
    Rotation rotation = { old->id, &row };

    row.token_hash = hash;
    row.expires_at = expires_at;
    row.last_used_at = 0;
    row.created_at = clock_now(site->clock);
    if (!database_write(site->database, rotate, &rotation, err))
        return false;
    row.token_hash = NULL;
    *fresh = row;
    *token = g_steal_pointer(&made);
    return true;
}
