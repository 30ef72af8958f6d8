/* subject.c - roles and ref rules out of the database. */
#include "access/subject.h"

#include "store/members.h"
#include "store/protected_refs.h"

#include <fnmatch.h>

bool subject_of_project(Db *db, int64_t user_id, bool admin, const Project *project, int64_t now_us,
                        Subject *out, Error *err)
{
    int64_t level = ACCESS_NONE;

    if (user_id && !member_access_level(db, user_id, project, now_us, &level, err))
        return false;
    *out = (Subject){ .user_id = user_id,
                      .admin = admin,
                      .level = (AccessLevel)level,
                      .visibility = project->visibility,
                      .public_jobs = project->public_jobs,
                      .archived = project->archived };
    return true;
}

bool subject_of_group(Db *db, int64_t user_id, bool admin, const Namespace *group, int64_t now_us,
                      Subject *out, Error *err)
{
    int64_t level = ACCESS_NONE;

    if (user_id && !member_group_access_level(db, user_id, group, now_us, &level, err))
        return false;
    *out = (Subject){ .user_id = user_id,
                      .admin = admin,
                      .level = (AccessLevel)level,
                      .visibility = group->visibility };
    return true;
}

/* The more permissive of two demands: "nobody" (0) gives way to any role. */
static AccessLevel easier(AccessLevel a, AccessLevel b)
{
    if (a == ACCESS_NONE)
        return b;
    return b == ACCESS_NONE || a < b ? a : b;
}

bool ref_rules_find(Db *db, int64_t project_id, bool is_tag, const char *name, RefRules *out,
                    Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    ProtectedRef *rules = NULL;
    size_t n = 0;

    if (!protected_ref_list(db, arena, project_id, is_tag ? "tag" : "branch", &rules, &n, err))
        return false;
    *out = (RefRules){ 0 };
    for (size_t i = 0; i < n; i++) {
        const ProtectedRef *rule = &rules[i];
        if (fnmatch(rule->name, name, 0) != 0)
            continue;
        out->push_level = out->protected ? easier(out->push_level, (AccessLevel)rule->push_level)
                                         : (AccessLevel)rule->push_level;
        out->merge_level = out->protected ? easier(out->merge_level, (AccessLevel)rule->merge_level)
                                          : (AccessLevel)rule->merge_level;
        out->allow_force_push = out->allow_force_push || rule->allow_force_push;
        out->protected = true;
    }
    return true;
}

static bool reaches(const Subject *subject, AccessLevel level)
{
    return level != ACCESS_NONE && (subject->admin || subject->level >= level);
}

bool ref_allows_push(const RefRules *rules, const Subject *subject)
{
    return !rules->protected || reaches(subject, rules->push_level);
}

bool ref_allows_run(const RefRules *rules, const Subject *subject)
{
    return ref_allows_push(rules, subject) || reaches(subject, rules->merge_level);
}
