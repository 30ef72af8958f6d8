/* users.c - the table users. */
#include "store/users.h"

static const char *const states[N_USER_STATES] = { "active", "blocked" };
const NameTable user_state_names = NAME_TABLE(states);

const Column user_columns[] = { COL_INT(User, id),
                                COL_TEXT(User, username),
                                COL_TEXT(User, name),
                                COL_TEXT(User, email),
                                COL_ENUM(User, state, user_state_names),
                                COL_BOOL(User, admin),
                                COL_BOOL(User, bot),
                                COL_TEXT(User, password_hash),
                                COL_TIME(User, created_at),
                                COL_END };

bool user_insert(Db *db, User *user, Error *err)
{
    g_autofree char *key = query_key(user->username);
    g_autofree char *email = query_key(user->email);

    return db_get_int(
        db,
        "INSERT INTO users (username, username_key, name, email, state, admin, bot, password_hash,"
        " created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id",
        DB_ARGS(DB_TEXT(user->username), DB_TEXT(key), DB_TEXT(user->name), DB_TEXT(email),
                DB_ENUM(user_state_names, user->state), DB_BOOL(user->admin), DB_BOOL(user->bot),
                DB_TEXT(user->password_hash), DB_INT(user->created_at)),
        &user->id, err);
}

bool user_get(Db *db, Arena *arena, int64_t id, User *user, Error *err)
{
    return db_get(db, arena, user_columns, "SELECT " USER_COLS " FROM users WHERE id = $1",
                  DB_ARGS(DB_INT(id)), user, err);
}

bool user_lock(Db *db, Arena *arena, int64_t id, User *user, Error *err)
{
    return db_get(db, arena, user_columns,
                  "SELECT " USER_COLS " FROM users WHERE id = $1 {{FOR UPDATE}}",
                  DB_ARGS(DB_INT(id)), user, err);
}

bool user_by_username(Db *db, Arena *arena, const char *username, User *user, Error *err)
{
    g_autofree char *key = query_key(username);

    return db_get(db, arena, user_columns,
                  "SELECT " USER_COLS " FROM users WHERE username_key = $1", DB_ARGS(DB_TEXT(key)),
                  user, err);
}

bool user_by_email(Db *db, Arena *arena, const char *email, User *user, Error *err)
{
    g_autofree char *key = query_key(email);

    return db_get(db, arena, user_columns, "SELECT " USER_COLS " FROM users WHERE email = $1",
                  DB_ARGS(DB_TEXT(key)), user, err);
}

bool user_list_by_ids(Db *db, Arena *arena, const int64_t *ids, size_t n_ids, User **users,
                      size_t *n, Error *err)
{
    return query_rows_by_ids(db, arena, user_columns, sizeof(User), USER_COLS, "users", "id", ids,
                             n_ids, (void **)users, n, err);
}

static void filter_users(Query *q, const UserFilter *filter)
{
    query_init(q, NULL, NULL, "users");
    if (filter->username) {
        char *key = query_key(filter->username);
        q->owned = g_slist_prepend(q->owned, key);
        query_and_text(q, "username_key = ?", key);
    }
    query_and_contains(q, "(LOWER(name) LIKE ? ESCAPE '\\' OR username_key LIKE ? ESCAPE '\\')",
                       filter->search);
    if (filter->active)
        query_and(q, "state = 'active'");
    if (filter->blocked)
        query_and(q, "state = 'blocked'");
    if (filter->admins)
        query_and(q, "admin = 1");
    if (filter->without_bots)
        query_and(q, "bot = 0");
    query_and_id(q, "created_at > ?", filter->created_after);
    query_and_id(q, "created_at < ?", filter->created_before);
}

bool user_list(Db *db, Arena *arena, const UserFilter *filter, User **users, size_t *n, Error *err)
{
    static const QueryOrder orders[] = { { "id", "id" },
                                         { "name", "name" IN_BYTES },
                                         { "username", "username_key" IN_BYTES },
                                         { "created_at", "created_at" },
                                         { 0 } };
    g_auto(Query) q = { 0 };
    const char *order;

    if (!query_order(orders, filter->order_by, &order, err))
        return false;
    filter_users(&q, filter);
    query_finish_list(&q, USER_COLS, order, filter->ascending, "id", filter->slice);
    return SELECT_ROWS(db, arena, user_columns, query_sql(&q), query_args(&q), users, n, err);
}

bool user_count(Db *db, const UserFilter *filter, int64_t *count, Error *err)
{
    g_auto(Query) q = { 0 };

    filter_users(&q, filter);
    query_finish_count(&q, 0);
    return db_get_int(db, query_sql(&q), query_args(&q), count, err);
}

bool user_update(Db *db, const User *user, Error *err)
{
    g_autofree char *key = query_key(user->username);
    g_autofree char *email = query_key(user->email);

    return db_exec(db,
                   "UPDATE users SET username = $2, username_key = $3, name = $4, email = $5,"
                   " state = $6, admin = $7, password_hash = $8, bot = $9 WHERE id = $1",
                   DB_ARGS(DB_INT(user->id), DB_TEXT(user->username), DB_TEXT(key),
                           DB_TEXT(user->name), DB_TEXT(email),
                           DB_ENUM(user_state_names, user->state), DB_BOOL(user->admin),
                           DB_TEXT(user->password_hash), DB_BOOL(user->bot)),
                   NULL, err);
}

bool user_delete(Db *db, int64_t id, Error *err)
{
    return db_exec(db, "DELETE FROM users WHERE id = $1", DB_ARGS(DB_INT(id)), NULL, err);
}
