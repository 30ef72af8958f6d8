/* accounts.h - people: each with a namespace of their own. */
#ifndef PENSTOCK_ACCESS_ACCOUNTS_H
#define PENSTOCK_ACCESS_ACCOUNTS_H

#include "access/token.h"
#include "base/site.h"
#include "db/db.h"
#include "store/users.h"

/* Stores @user and their namespace, in one write; sets @user->id.  created_at is the caller's.
 * Errors: ERR_CONFLICT (name or address is taken; the message is for the user), ERR_INVALID. */
bool account_create(const Site *site, User *user, Error *err);

/* The first start of an installation: the same, with a token, where there is no user at all.  Of
 * several servers that start at once, one does it. @token: owned by the caller, set where @is_new.
 * order->user_id is not looked at. */
bool account_create_first(const Site *site, User *user, const TokenOrder *order, char **token,
                          bool *is_new, Error *err);

/* Stores what changed; another username moves the namespace, and so the paths of all in it.
 * Errors as above. */
bool account_update(const Site *site, const User *user, Error *err);

/* The hash of a password that is long enough.  NULL and ERR_INVALID otherwise.  Slow.  Owned by the
 * caller. */
char *account_hash_password(const char *password, Error *err);

/* Whether account_delete() would refuse: asked before the user's projects go. */
bool account_check_delete(Db *db, int64_t user_id, Error *err);

/* Ends the account, with its namespace, roles, tokens; projects of its namespace are gone already.
 * ERR_CONFLICT: groups would be left without an owner. */
bool account_delete(const Site *site, int64_t user_id, Error *err);

#endif
