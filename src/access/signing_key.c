/* signing_key.c - read once, made once. */
#include "access/signing_key.h"

#include "base/arena.h"
#include "base/seal.h"
#include "store/instance_values.h"

static const char NAME[] = "id_token_key";

struct SigningKey {
    GMutex lock;
    JwtKey *key; /* NULL until somebody asked */
};

SigningKey *signing_key_new(void)
{
    SigningKey *kept = g_new0(SigningKey, 1);

    g_mutex_init(&kept->lock);
    return kept;
}

void signing_key_free(SigningKey *kept)
{
    if (!kept)
        return;
    g_mutex_clear(&kept->lock);
    jwt_key_free(kept->key);
    g_free(kept);
}

/* @sealed: in @arena; NULL: there is none yet. */
static bool read_sealed(const Site *site, Arena *arena, const char **sealed, Error *err)
{
    g_autoptr(Db) db = database_reader(site->database);
    g_auto(Error) failed = ERROR_INIT;

    *sealed = NULL;
    return instance_value_get(db, arena, NAME, sealed, &failed) || failed.code == ERR_NO_RECORD ||
           error_move(err, &failed);
}

static bool add(Db *db, void *data, Error *err)
{
    return instance_value_add(db, NAME, data, NULL, err);
}

/* Of several who do this at once one is first; the others find its key then. */
static bool make(const Site *site, Error *err)
{
    g_autoptr(JwtKey) key = jwt_key_new(err);

    if (!key)
        return false;
    g_autofree char *text = jwt_key_text(key);
    g_autofree char *sealed = seal(site->seal_key, text);
    return database_write(site->database, add, sealed, err);
}

static JwtKey *load(const Site *site, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    const char *sealed;

    if (!read_sealed(site, arena, &sealed, err))
        return NULL;
    if (!sealed && (!make(site, err) || !read_sealed(site, arena, &sealed, err)))
        return NULL;
    g_autofree char *text = unseal(site->seal_key, sealed, err);
    return text ? jwt_key_read(text, err) : NULL;
}

const JwtKey *signing_key_get(const Site *site, Error *err)
{
    SigningKey *kept = site->signing_key;

    g_mutex_lock(&kept->lock);
    const JwtKey *known = kept->key;
    g_mutex_unlock(&kept->lock);
    if (known)
        return known;
    JwtKey *loaded = load(site, err);
    if (!loaded)
        return NULL;
    g_mutex_lock(&kept->lock);
    if (!kept->key)
        kept->key = g_steal_pointer(&loaded);
    known = kept->key;
    g_mutex_unlock(&kept->lock);
    jwt_key_free(loaded);
    return known;
}
