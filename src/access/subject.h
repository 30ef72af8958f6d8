/* subject.h - looks up what ability.h needs: a user's role beside a project or group, and the rules
 * of a ref.
 */
#ifndef PENSTOCK_ACCESS_SUBJECT_H
#define PENSTOCK_ACCESS_SUBJECT_H

#include "access/ability.h"
#include "db/db.h"
#include "store/namespaces.h"
#include "store/projects.h"

/* @user_id 0: nobody.  Inherited membership counts; expired one does not. */
bool subject_of_project(Db *db, int64_t user_id, bool admin, const Project *project, int64_t now_us,
                        Subject *out, Error *err);
bool subject_of_group(Db *db, int64_t user_id, bool admin, const Namespace *group, int64_t now_us,
                      Subject *out, Error *err);

/* What the protection of a branch or tag asks for beyond the plain roles. */
typedef struct RefRules {
    bool protected;
    AccessLevel push_level;  /* least role to push or create it; ACCESS_NONE: nobody may */
    AccessLevel merge_level; /* branches only */
    bool allow_force_push;
} RefRules;

/* The rules that match @name together: the most permissive counts, as on GitLab. */
bool ref_rules_find(Db *db, int64_t project_id, bool is_tag, const char *name, RefRules *out,
                    Error *err);

/* Whether @subject may push to (create) such a ref, given that it may push at all. */
bool ref_allows_push(const RefRules *rules, const Subject *subject);

/* Whether @subject may run pipelines on such a ref (given that it may run any). */
bool ref_allows_run(const RefRules *rules, const Subject *subject);

#endif
