/* users.h - people, and the bots behind project and group access tokens. */
#ifndef PENSTOCK_STORE_USERS_H
#define PENSTOCK_STORE_USERS_H

#include "store/query.h"

typedef enum UserState { USER_ACTIVE, USER_BLOCKED, N_USER_STATES } UserState;
extern const NameTable user_state_names;

typedef struct User {
    int64_t id;
    const char *username;
    const char *name;
    const char *email;
    UserState state;
    bool admin;
    bool bot;
    const char *password_hash; /* NULL: cannot sign in by password */
    int64_t created_at;
} User;

extern const Column user_columns[];
#define USER_COLS "id, username, name, email, state, admin, bot, password_hash, created_at"

/* Sets @user->id.  ERR_DB_UNIQUE: the name or the address is taken, in whatever case. */
bool user_insert(Db *db, User *user, Error *err);

/* ERR_NO_RECORD: there is none. */
bool user_get(Db *db, Arena *arena, int64_t id, User *user, Error *err);
/* The same inside a write, with the row locked until its end, also against new rows of theirs. */
bool user_lock(Db *db, Arena *arena, int64_t id, User *user, Error *err);
bool user_by_username(Db *db, Arena *arena, const char *username, User *user, Error *err);
bool user_by_email(Db *db, Arena *arena, const char *email, User *user, Error *err);

bool user_list_by_ids(Db *db, Arena *arena, const int64_t *ids, size_t n_ids, User **users,
                      size_t *n, Error *err);

typedef struct UserFilter {
    const char *username; /* exact, in whatever case */
    const char *search;   /* part of the name or the username */
    bool active;
    bool blocked;
    bool admins;
    bool without_bots;
    int64_t created_after, created_before; /* strict; 0: any */
    const char *order_by;                  /* id, name, username, created_at; NULL: id */
    bool ascending;
    Slice slice;
} UserFilter;

bool user_list(Db *db, Arena *arena, const UserFilter *filter, User **users, size_t *n, Error *err);
bool user_count(Db *db, const UserFilter *filter, int64_t *count, Error *err);

/* Everything but id and created_at. */
bool user_update(Db *db, const User *user, Error *err);
bool user_delete(Db *db, int64_t id, Error *err);

#endif
