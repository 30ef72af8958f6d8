/* user_entity.h - people as other entities show them.  The view is a User. */
#ifndef PENSTOCK_API_USER_ENTITY_H
#define PENSTOCK_API_USER_ENTITY_H

#include "api/entity.h"
#include "store/users.h"

extern const Field user_basic_fields[]; /* UserBasic */
extern const Field user_fields[];       /* User: UserBasic and what it adds */

/* The users among @ids (0 and doubles are fine), by id: int64_t * -> User *, all in @arena.  Ids without a user are
 * left out. */
typedef struct UserMap {
    User *items; /* sorted by id */
    size_t n;
} UserMap;
bool user_map_load(Db *db, Arena *arena, const int64_t *ids, size_t n, UserMap *out, Error *err);
const User *user_map_find(const UserMap *map, int64_t id); /* NULL: none */

#endif
