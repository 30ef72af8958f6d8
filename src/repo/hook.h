/* hook.h - the rules of one push: from repo_serve() to the hook's process, and their check. */
#ifndef PENSTOCK_REPO_HOOK_H
#define PENSTOCK_REPO_HOOK_H

#include "repo/child.h"

/* Adds the rules of @call to @env, as the hook reads them. */
void hook_rules_to_env(GitEnv *env, const GitCall *call, const char *default_ref);

/* Whether @pattern, in which * stands for any characters, matches the whole of @name. */
bool hook_pattern_matches(const char *pattern, const char *name);

/* One line of a push. */
typedef struct RefChange {
    const char *old_sha; /* zeros: the ref is new */
    const char *new_sha; /* zeros: it is to be removed */
    const char *ref;
} RefChange;

typedef struct HookRules {
    const char *const *protected_refs; /* NULL-terminated */
    const char *const *no_force_refs;  /* NULL-terminated */
    const char *default_ref;
    /* Whether @new_sha has @old_sha among its ancestors; false also when that cannot be told. */
    bool (*is_fast_forward)(const char *old_sha, const char *new_sha);
} HookRules;

/* Why the change is refused; NULL: it is not. */
const char *hook_refusal(const HookRules *rules, const RefChange *change);

#endif
