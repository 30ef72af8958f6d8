/* members.h - roles in projects and groups, and what they add up to. */
#ifndef PENSTOCK_STORE_MEMBERS_H
#define PENSTOCK_STORE_MEMBERS_H

#include "base/enums.h"
#include "store/namespaces.h"
#include "store/projects.h"
#include "store/users.h"

typedef struct Member {
    int64_t id;
    int64_t user_id;
    int64_t project_id;   /* one of the two is 0 */
    int64_t namespace_id; /* of a group */
    int64_t access_level;
    int64_t expires_at; /* 0: never */
    int64_t created_by; /* 0: gone */
    int64_t created_at;
} Member;

extern const Column member_columns[];

/* Sets @member->id.  ERR_DB_UNIQUE: the user has a role there already. */
bool member_insert(Db *db, Member *member, Error *err);
/* The same where the user may have a role there already: then @is_new is false. */
bool member_add(Db *db, Member *member, bool *is_new, Error *err);
/* access_level and expires_at. */
bool member_update(Db *db, const Member *member, Error *err);
bool member_delete(Db *db, int64_t id, Error *err);

/* The user's own role there, not an inherited one.  ERR_NO_RECORD: none. */
bool member_of_project(Db *db, Arena *arena, int64_t project_id, int64_t user_id, Member *member,
                       Error *err);
bool member_of_namespace(Db *db, Arena *arena, int64_t namespace_id, int64_t user_id,
                         Member *member, Error *err);

/* The highest role that counts at @now_us, inherited ones too; ACCESS_NONE: none. */
bool member_access_level(Db *db, int64_t user_id, const Project *project, int64_t now_us,
                         int64_t *level, Error *err);
bool member_group_access_level(Db *db, int64_t user_id, const Namespace *group, int64_t now_us,
                               int64_t *level, Error *err);

/* The same for many projects, told apart by where the role is from.  Projects without any are left
 * out. */
typedef struct MemberLevels {
    int64_t project_id;
    int64_t project_level; /* 0: none */
    int64_t group_level;   /* 0: none */
} MemberLevels;
bool member_list_levels(Db *db, Arena *arena, int64_t user_id, int64_t now_us,
                        const int64_t *project_ids, size_t n_ids, MemberLevels **levels, size_t *n,
                        Error *err);

typedef struct MemberFilter {
    int64_t project_id; /* one of the two */
    int64_t namespace_id;
    bool inherited;     /* those of the groups above, too: the highest role of each user */
    int64_t user_id;    /* only this one; 0: any */
    const char *search; /* part of name or username */
    Slice slice;
} MemberFilter;

typedef struct MemberUser {
    Member member;
    User user;
} MemberUser;

/* By user id. */
bool member_list(Db *db, Arena *arena, const MemberFilter *filter, MemberUser **members, size_t *n,
                 Error *err);
bool member_count(Db *db, const MemberFilter *filter, int64_t *count, Error *err);
/* How many owners a group has itself: the last one may not go. */
bool member_count_owners(Db *db, int64_t namespace_id, int64_t *count, Error *err);

#endif
