/* session.c - opening, checking and closing the sessions of browsers. */
#include "access/session.h"

#include "access/token.h"
#include "base/secret.h"

#include <string.h>

enum { TOUCH_EVERY_S = 600, SECRET_CHARACTERS = 43, MOST_OF_A_USER = 100 };
#define US_PER_DAY (24 * 3600 * US_PER_S)

/* --- who it is ------------------------------------------------------------------------------- */

/* Of no password: whoever asks for an unknown name waits as long as for a known one. */
static const char NOBODYS_HASH[] = "$argon2id$v=19$m=65536,t=2,p=1$wkS5MtkAPL31AMexa"
                                   "1aoKQ$o6TC6ZY0m1X6bXh7X32Uu4YzKuCM1cJ9FJf33pC2gTE";

bool sign_in_by_password(Db *db, const char *username, const char *password, SignIn *out,
                         Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    g_auto(Error) failed = ERROR_INIT;
    User user = { 0 };

    if (!user_by_username(db, arena, username, &user, &failed) && failed.code != ERR_NO_RECORD)
        return error_move(err, &failed);
    bool may = failed.code == ERR_NONE && user.password_hash && user.state == USER_ACTIVE;
    bool right = secret_check_password(may ? user.password_hash : NOBODYS_HASH, password);
    if (!may || !right)
        return error_set(err, ERR_UNAUTHORIZED, NULL);
    *out = (SignIn){ .user_id = user.id };
    return true;
}

static bool opens_the_api(const char *scopes)
{
    g_auto(GStrv) words = g_strsplit(scopes, " ", -1);

    return g_strv_contains((const char *const *)words, "api") ||
           g_strv_contains((const char *const *)words, "read_api");
}

bool sign_in_by_token(const Site *site, Db *db, const char *token, SignIn *out, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    g_auto(Error) failed = ERROR_INIT;
    AccessToken row;
    TokenGrant grant;
    User user;

    if (!token_check(site, db, arena, token, &user, &grant, &failed)) {
        bool refused = failed.code == ERR_UNAUTHORIZED || failed.code == ERR_TOKEN_EXPIRED ||
                       failed.code == ERR_TOKEN_REVOKED;
        return refused ? error_set(err, ERR_UNAUTHORIZED, NULL) : error_move(err, &failed);
    }
    if (!opens_the_api(grant.scopes))
        return error_set(err, ERR_UNAUTHORIZED, NULL);
    if (!access_token_get(db, arena, grant.token_id, &row, err))
        return false;
    *out = (SignIn){ .user_id = user.id, .token_id = grant.token_id, .expires_at = row.expires_at };
    return true;
}

/* --- links ----------------------------------------------------------------------------------- */

typedef struct Link {
    const char *hash;
    int64_t now_us;
    int64_t user_id;
} Link;

static bool take_link(Db *db, void *data, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    g_auto(Error) failed = ERROR_INIT;
    Link *link = data;
    User user;

    if (sign_in_link_take(db, link->hash, link->now_us, &link->user_id, &failed))
        return user_get(db, arena, link->user_id, &user, err) &&
               (user.state == USER_ACTIVE || error_set(err, ERR_UNAUTHORIZED, NULL));
    return failed.code == ERR_NO_RECORD ? error_set(err, ERR_UNAUTHORIZED, NULL)
                                        : error_move(err, &failed);
}

bool sign_in_by_link(const Site *site, const char *secret, SignIn *out, Error *err)
{
    g_autofree char *hash = secret_hash(secret);
    Link link = { .hash = hash, .now_us = clock_now(site->clock) };

    if (!database_write(site->database, take_link, &link, err))
        return false;
    *out = (SignIn){ .user_id = link.user_id };
    return true;
}

static bool insert_link(Db *db, void *data, Error *err)
{
    const Link *link = data;

    return session_delete_ended(db, link->now_us, err) &&
           sign_in_link_insert(db, link->user_id, link->hash,
                               link->now_us + SIGN_IN_LINK_MINUTES * 60 * US_PER_S, err);
}

bool sign_in_link_make(const Site *site, int64_t user_id, char **secret, Error *err)
{
    g_autofree char *made = secret_token("", SECRET_CHARACTERS);
    g_autofree char *hash = secret_hash(made);
    Link link = { .hash = hash, .now_us = clock_now(site->clock), .user_id = user_id };

    if (!database_write(site->database, insert_link, &link, err))
        return false;
    *secret = g_steal_pointer(&made);
    return true;
}

char *sign_in_link_url(const char *base_url, const char *secret)
{
    return g_strdup_printf("%s/-/sign_in#link=%s", base_url, secret);
}

/* --- sessions -------------------------------------------------------------------------------- */

static bool insert(Db *db, void *data, Error *err)
{
    Session *session = data;

    return session_delete_ended(db, session->created_at, err) && session_insert(db, session, err) &&
           session_delete_oldest(db, session->user_id, MOST_OF_A_USER, err);
}

bool session_open(const Site *site, const SignIn *who, Session *session, char **secret, Error *err)
{
    g_autofree char *made = secret_token("", SECRET_CHARACTERS);
    g_autofree char *hash = secret_hash(made);
    int64_t now = clock_now(site->clock);
    int64_t end = now + site->settings->session_days * US_PER_DAY;

    if (who->expires_at)
        end = MIN(end, who->expires_at);
    *session = (Session){ .user_id = who->user_id,
                          .token_id = who->token_id,
                          .secret_hash = hash,
                          .expires_at = end,
                          .last_used_at = now,
                          .created_at = now };
    bool ok = database_write(site->database, insert, session, err);
    session->secret_hash = NULL;
    if (ok)
        *secret = g_steal_pointer(&made);
    return ok;
}

typedef struct Touch {
    int64_t id;
    int64_t now_us;
} Touch;

static bool touch(Db *db, void *data, Error *err)
{
    const Touch *t = data;

    return session_touch(db, t->id, t->now_us, err);
}

bool session_check(const Site *site, Db *db, Arena *arena, const char *secret, Session *session,
                   User *user, Error *err)
{
    g_autofree char *hash = secret_hash(secret);
    g_auto(Error) failed = ERROR_INIT;
    int64_t now = clock_now(site->clock);

    if (!session_by_hash(db, arena, hash, session, user, &failed))
        return failed.code == ERR_NO_RECORD ? error_set(err, ERR_UNAUTHORIZED, NULL)
                                            : error_move(err, &failed);
    if (session->expires_at <= now || user->state != USER_ACTIVE)
        return error_set(err, ERR_UNAUTHORIZED, NULL);
    if (now - session->last_used_at >= TOUCH_EVERY_S * US_PER_S) {
        Touch t = { session->id, now };
        /* The time of use is worth less than the request. */
        (void)database_write(site->database, touch, &t, NULL);
    }
    return true;
}

typedef struct Closing {
    int64_t id;
    int64_t user_id;
    bool done;
} Closing;

static bool close_one(Db *db, void *data, Error *err)
{
    Closing *c = data;

    return session_delete(db, c->id, c->user_id, &c->done, err);
}

bool session_close(const Site *site, int64_t id, int64_t user_id, bool *done, Error *err)
{
    Closing closing = { id, user_id, false };

    if (!database_write(site->database, close_one, &closing, err))
        return false;
    *done = closing.done;
    return true;
}
