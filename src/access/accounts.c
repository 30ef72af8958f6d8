/* accounts.c - users and their namespaces, written together. */
#include "access/accounts.h"

#include "access/paths.h"
#include "access/spaces.h"
#include "base/secret.h"
#include "base/text.h"
#include "store/access_tokens.h"
#include "store/checked_write.h"
#include "store/instance_values.h"
#include "store/members.h"
#include "store/sessions.h"

#include <string.h>

enum { LEAST_PASSWORD = 8, MOST_PASSWORD = 128 };

char *account_hash_password(const char *password, Error *err)
{
    glong length = g_utf8_strlen(password, -1);
    const char *fault = length < LEAST_PASSWORD  ? "is too short (minimum is 8 characters)"
                        : length > MOST_PASSWORD ? "is too long (maximum is 128 characters)"
                                                 : NULL;

    if (fault) {
        (void)error_field(err, "password", "%s", fault);
        return NULL;
    }
    return secret_hash_password(password);
}

static bool is_email(const char *text)
{
    const char *at = strchr(text, '@');

    return at && at != text && at[1] && !strchr(at + 1, '@') && !strpbrk(text, " \t\r\n<>,;");
}

static bool check_user(const User *user, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    const char *fault = path_fault(arena, PATH_TOP, user->username);
    bool ok = true;

    if (!is_email(user->email))
        ok = error_field(err, "email", "is invalid");
    if (fault)
        ok = error_field(err, "username", "%s", fault);
    fault = name_fault(PATH_TOP, user->name);
    if (fault || text_is_blank(user->name))
        ok = error_field(err, "name", "%s", fault ? fault : "can't be blank");
    return ok;
}

/* false: @failed is set; true: there is another row than @own_id. */
static bool is_other(bool found, const User *other, int64_t own_id, Error *failed)
{
    if (!found)
        return failed->code != ERR_NO_RECORD;
    return other->id != own_id;
}

static bool check_email_is_free(Db *db, Arena *arena, const User *user, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    User other;
    bool found = user_by_email(db, arena, user->email, &other, &failed);

    if (!is_other(found, &other, user->id, &failed))
        return true;
    return found ? error_set(err, ERR_CONFLICT, "Email has already been taken")
                 : error_move(err, &failed);
}

/* A group may have the name as well. */
static bool check_username_is_free(Db *db, Arena *arena, const User *user, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    User other;
    bool found = user_by_username(db, arena, user->username, &other, &failed);
    bool taken = found && other.id != user->id;

    if (!found && failed.code != ERR_NO_RECORD)
        return error_move(err, &failed);
    if (!found && !space_path_is_taken(db, user->username, &taken, err))
        return false;
    return !taken || error_set(err, ERR_CONFLICT, "Username has already been taken");
}

static bool check_is_free(Db *db, const User *user, Error *err)
{
    g_autoptr(Arena) arena = arena_new();

    return check_email_is_free(db, arena, user, err) &&
           check_username_is_free(db, arena, user, err);
}

static bool insert(Db *db, void *data, Error *err)
{
    User *user = data;

    user->id = 0; /* this may run again */
    if (!check_is_free(db, user, err) || !user_insert(db, user, err))
        return false;
    Namespace own = { .kind = NAMESPACE_USER,
                      .owner_id = user->id,
                      .name = user->name,
                      .path = user->username,
                      .visibility = VISIBILITY_PUBLIC,
                      .created_at = user->created_at };
    return namespace_insert(db, &own, err);
}

bool account_create(const Site *site, User *user, Error *err)
{
    return check_user(user, err) && checked_write(site->database, insert, user, err);
}

typedef struct First {
    User *user;
    AccessToken *token;
    bool is_new;
} First;

static const char FIRST_START[] = "first_start";

static bool insert_first(Db *db, void *data, Error *err)
{
    First *first = data;
    int64_t n = 0;

    first->is_new = false; /* this may run again */
    if (!user_count(db, &(UserFilter){ 0 }, &n, err))
        return false;
    if (n > 0)
        return true;
    /* Of servers that start together, one; the others wait here until it has committed. */
    if (!instance_value_add(db, FIRST_START, "done", &first->is_new, err))
        return false;
    if (!first->is_new)
        return true;
    if (!insert(db, first->user, err))
        return false;
    first->token->user_id = first->user->id;
    return access_token_insert(db, first->token, err);
}

bool account_create_first(const Site *site, User *user, const TokenOrder *order, char **token,
                          bool *is_new, Error *err)
{
    AccessToken row = { 0 };
    First first = { .user = user, .token = &row };
    g_autofree char *made = NULL;
    g_autofree char *hash = NULL;

    if (!check_user(user, err) || !token_make(site, order, &row, &made, &hash, err) ||
        !checked_write(site->database, insert_first, &first, err))
        return false;
    *is_new = first.is_new;
    if (first.is_new)
        *token = g_steal_pointer(&made);
    return true;
}

/* The user's own namespace follows their names. */
static bool follow(Db *db, Arena *arena, const User *user, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    Namespace own;

    if (!namespace_of_user(db, arena, user->id, &own, &failed))
        return failed.code == ERR_NO_RECORD || error_move(err, &failed);
    if (!namespace_lock(db, arena, own.id, &own, err))
        return false;
    if (strcmp(own.path, user->username) == 0 && strcmp(own.name, user->name) == 0)
        return true;
    return space_move(db, &own, user->name, user->username, err);
}

/* Who knew the old password is signed out. */
static bool end_sessions(Db *db, Arena *arena, const User *user, Error *err)
{
    User old;

    if (!user_lock(db, arena, user->id, &old, err))
        return false;
    return g_strcmp0(old.password_hash, user->password_hash) == 0 ||
           session_delete_by_user(db, user->id, err);
}

static bool update(Db *db, void *data, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    const User *user = data;

    return end_sessions(db, arena, user, err) && check_is_free(db, user, err) &&
           user_update(db, user, err) && follow(db, arena, user, err);
}

bool account_update(const Site *site, const User *user, Error *err)
{
    return check_user(user, err) && checked_write(site->database, update, (void *)user, err);
}

/* --- the end of an account ------------------------------------------------------------------- */

static bool is_sole_owner(Db *db, Arena *arena, int64_t group_id, int64_t user_id, bool *sole,
                          Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    Namespace group;
    Member own;
    int64_t owners;

    *sole = false;
    if (!namespace_lock(db, arena, group_id, &group, err))
        return false;
    if (!member_of_namespace(db, arena, group_id, user_id, &own, &failed))
        return failed.code == ERR_NO_RECORD || error_move(err, &failed);
    if (own.access_level < ACCESS_OWNER)
        return true;
    if (!member_count_owners(db, group_id, &owners, err))
        return false;
    *sole = owners <= 1;
    return true;
}

static bool check_groups_keep_an_owner(Db *db, Arena *arena, int64_t user_id, Error *err)
{
    NamespaceFilter filter = { .user_id = user_id, .groups_only = true, .owned = true };
    Namespace *groups;
    size_t n;

    if (!namespace_list(db, arena, &filter, &groups, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        bool sole;
        if (!is_sole_owner(db, arena, groups[i].id, user_id, &sole, err))
            return false;
        if (sole)
            return error_set(err, ERR_CONFLICT,
                             "User cannot be removed: they are the only owner of the group %s",
                             groups[i].full_path);
    }
    return true;
}

/* Locked first, so that nobody makes them the owner of something else meanwhile. */
static bool delete (Db *db, void *data, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    int64_t user_id = *(const int64_t *)data;
    User user;

    return user_lock(db, arena, user_id, &user, err) &&
           check_groups_keep_an_owner(db, arena, user_id, err) && user_delete(db, user_id, err);
}

bool account_check_delete(Db *db, int64_t user_id, Error *err)
{
    g_autoptr(Arena) arena = arena_new();

    return check_groups_keep_an_owner(db, arena, user_id, err);
}

bool account_delete(const Site *site, int64_t user_id, Error *err)
{
    return database_write(site->database, delete, &user_id, err);
}
