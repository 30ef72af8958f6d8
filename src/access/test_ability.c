/* Tests of ability.c: the table of roles, row by row, as GitLab's documentation has it. */
#include "access/ability.h"

#include <glib.h>

/* Who, from the least to the most. */
enum { ANON, OUTSIDER, GUEST, REPORTER, DEVELOPER, MAINTAINER, OWNER, ADMIN, N_WHO };

static Subject who(int kind, Visibility visibility, bool public_jobs)
{
    static const AccessLevel levels[N_WHO] = {
        [GUEST] = ACCESS_GUEST,         [REPORTER] = ACCESS_REPORTER,
        [DEVELOPER] = ACCESS_DEVELOPER, [MAINTAINER] = ACCESS_MAINTAINER,
        [OWNER] = ACCESS_OWNER,
    };

    return (Subject){ .user_id = kind == ANON ? 0 : 7,
                      .admin = kind == ADMIN,
                      .level = levels[kind],
                      .visibility = visibility,
                      .public_jobs = public_jobs };
}

/* The least of those above who may: everyone from there on may, nobody before. */
static void check(Ability ability, Visibility visibility, bool public_jobs, int least)
{
    for (int kind = ANON; kind < N_WHO; kind++) {
        Subject subject = who(kind, visibility, public_jobs);
        g_assert_cmpint(access_can(&subject, ability), ==, kind >= least);
    }
}

static void private_projects_are_seen_by_members_only(void)
{
    check(CAN_READ_PROJECT, VISIBILITY_PRIVATE, true, GUEST);
    check(CAN_READ_PROJECT, VISIBILITY_INTERNAL, true, OUTSIDER);
    check(CAN_READ_PROJECT, VISIBILITY_PUBLIC, true, ANON);
}

static void public_jobs_open_pipelines_to_all_who_see_the_project(void)
{
    static const Ability abilities[] = { CAN_READ_PIPELINES, CAN_READ_JOBS, CAN_READ_SCHEDULES };

    for (size_t i = 0; i < G_N_ELEMENTS(abilities); i++) {
        check(abilities[i], VISIBILITY_PRIVATE, true, GUEST);
        check(abilities[i], VISIBILITY_PRIVATE, false, REPORTER);
        check(abilities[i], VISIBILITY_PUBLIC, true, ANON);
        check(abilities[i], VISIBILITY_PUBLIC, false, REPORTER);
    }
}

static void code_of_private_projects_starts_at_reporter(void)
{
    check(CAN_READ_CODE, VISIBILITY_PRIVATE, true, REPORTER);
    check(CAN_READ_CODE, VISIBILITY_PUBLIC, true, ANON);
    check(CAN_PUSH_CODE, VISIBILITY_PUBLIC, true, DEVELOPER);
}

static void writes_need_their_role_however_open_the_project(void)
{
    static const struct {
        Ability ability;
        int least;
    } rows[] = {
        { CAN_CREATE_PIPELINES, DEVELOPER },  { CAN_UPDATE_PIPELINES, DEVELOPER },
        { CAN_CREATE_SCHEDULES, DEVELOPER },  { CAN_ADMIN_SCHEDULES, MAINTAINER },
        { CAN_ADMIN_TRIGGERS, MAINTAINER },   { CAN_ADMIN_MEMBERS, MAINTAINER },
        { CAN_DELETE_PIPELINES, OWNER },      { CAN_REMOVE_PROJECT, OWNER },
        { CAN_READ_DEBUG_TRACES, DEVELOPER }, { CAN_READ_PIPELINE_VARIABLES, MAINTAINER },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        for (int visibility = 0; visibility < N_VISIBILITY; visibility++)
            check(rows[i].ability, (Visibility)visibility, true, rows[i].least);
}

static void archived_projects_are_read_only_for_everyone(void)
{
    Subject admin = who(ADMIN, VISIBILITY_PUBLIC, true);

    admin.archived = true;
    g_assert_false(access_can(&admin, CAN_CREATE_PIPELINES));
    g_assert_false(access_can(&admin, CAN_PUSH_CODE));
    g_assert_true(access_can(&admin, CAN_READ_JOBS));
    g_assert_true(access_can(&admin, CAN_REMOVE_PROJECT));
}

static void every_ability_has_a_rule(void)
{
    Subject owner = who(OWNER, VISIBILITY_PRIVATE, false);

    for (int ability = ABILITY_NONE + 1; ability < N_ABILITIES; ability++)
        g_assert_true(access_can(&owner, (Ability)ability));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/access/ability/see", private_projects_are_seen_by_members_only);
    g_test_add_func("/access/ability/public-jobs",
                    public_jobs_open_pipelines_to_all_who_see_the_project);
    g_test_add_func("/access/ability/code", code_of_private_projects_starts_at_reporter);
    g_test_add_func("/access/ability/writes", writes_need_their_role_however_open_the_project);
    g_test_add_func("/access/ability/archived", archived_projects_are_read_only_for_everyone);
    g_test_add_func("/access/ability/complete", every_ability_has_a_rule);
    return g_test_run();
}
