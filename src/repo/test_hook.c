/* Tests of hook.c: every rule without a git. */
#include "repo/hook.h"

#define OLD "1111111111111111111111111111111111111111"
#define NEW "2222222222222222222222222222222222222222"
#define NIL "0000000000000000000000000000000000000000"
#define SHA "0123456789abcdef0123456789abcdef01234567"

static bool yes(const char *old_sha, const char *new_sha)
{
    return true;
}

static bool no(const char *old_sha, const char *new_sha)
{
    return false;
}

static void patterns_match_whole_names(void)
{
    static const struct {
        const char *pattern, *name;
        bool matches;
    } cases[] = {
        { "refs/heads/main", "refs/heads/main", true },
        { "refs/heads/main", "refs/heads/main2", false },
        { "refs/heads/main2", "refs/heads/main", false },
        { "refs/heads/release-*", "refs/heads/release-1/x", true },
        { "refs/heads/release-*", "refs/heads/release", false },
        { "refs/heads/*-stable", "refs/heads/1-stable-2-stable", true },
        { "refs/heads/*-stable", "refs/heads/1-stable2", false },
        { "*", "", true },
        { "**", "refs/tags/x", true },
        { "a*b*c", "aXbYbZc", true },
        { "a*b*c", "aXbYbZ", false },
        { "", "", true },
        { "", "a", false },
        { "a?c", "abc", false },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpint(hook_pattern_matches(cases[i].pattern, cases[i].name), ==,
                        cases[i].matches);
}

static void rules_refuse_what_they_name(void)
{
    static const char *const protected_refs[] = { "refs/heads/prod*", "refs/tags/v*", NULL };
    static const char *const no_force[] = { "refs/heads/main", "refs/heads/dev", "refs/tags/*",
                                            NULL };
    static const struct {
        RefChange change;
        bool fast_forward;
        const char *word; /* of the refusal; NULL: it is accepted */
    } cases[] = {
        { { OLD, NEW, "refs/heads/topic" }, false, NULL },
        { { NIL, NEW, "refs/heads/topic" }, false, NULL },
        { { OLD, NIL, "refs/heads/topic" }, false, NULL },
        { { OLD, NEW, "refs/heads/main" }, true, NULL },
        { { NIL, NEW, "refs/heads/main" }, false, NULL },
        { { OLD, NEW, "refs/heads/main" }, false, "not allowed to force push" },
        { { OLD, NIL, "refs/heads/main" }, false, "default branch" },
        { { OLD, NIL, "refs/heads/dev" }, false, "delete protected branches" },
        { { OLD, NEW, "refs/heads/prod" }, true, "not allowed to push code to protected" },
        { { NIL, NEW, "refs/heads/prod/eu" }, true, "not allowed to push code to protected" },
        { { OLD, NIL, "refs/heads/prod" }, true, "delete protected branches" },
        { { NIL, NEW, "refs/tags/x" }, false, NULL },
        { { OLD, NEW, "refs/tags/x" }, true, "change existing tags" },
        { { OLD, NIL, "refs/tags/x" }, true, "change existing tags" },
        { { NIL, NEW, "refs/tags/v1" }, true, "create this tag" },
        { { OLD, NEW, "refs/tags/v1" }, true, "cannot be updated" },
        { { OLD, NIL, "refs/tags/v1" }, true, "delete protected tags" },
        { { NIL, NEW, "refs/heads/" SHA }, true, "SHA-1 or SHA-256 branch name" },
        { { NIL, NEW, "refs/heads/" SHA "/x" }, true, "SHA-1 or SHA-256 branch name" },
        { { NIL, NEW, "refs/heads/" SHA "x" }, true, NULL },
        { { NIL, NEW, "refs/heads/abc" SHA }, true, NULL },
        { { OLD, NIL, "refs/heads/" SHA }, true, NULL },
        { { NIL, NEW, "refs/tags/" SHA }, true, "SHA-1 or SHA-256 tag name" },
        { { NIL, NEW, "refs/pipelines/1" }, true, "branches and tags" },
        { { NIL, NEW, "refs/keep-around/x" }, true, "branches and tags" },
        { { NIL, NEW, "refs/notes/commits" }, true, "branches and tags" },
        { { OLD, NEW, "HEAD" }, true, "branches and tags" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        HookRules rules = { protected_refs, no_force, "refs/heads/main",
                            cases[i].fast_forward ? yes : no };
        const char *refusal = hook_refusal(&rules, &cases[i].change);
        if (!cases[i].word)
            g_assert_cmpstr(refusal, ==, NULL);
        else
            g_assert_true(refusal && strstr(refusal, cases[i].word));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/repo/hook/patterns-match-whole-names", patterns_match_whole_names);
    g_test_add_func("/repo/hook/rules-refuse-what-they-name", rules_refuse_what_they_name);
    return g_test_run();
}
