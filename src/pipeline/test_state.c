/* Tests of state.c: each (status, event) pair against a grid. */
#include "pipeline/state.h"

#include <string.h>

/* A letter a status, in the order of the enum; "." is "no such move". */
static const char letters[N_STATUS + 1] = "cwpbPRSFgXkmd";

static char letter_of(Status status)
{
    return status == N_STATUS ? '.' : letters[status];
}

static void every_job_event_leads_where_the_grid_says(void)
{
    /* From:                     cwpbPRSFgXkmd */
    static const char *const grid[N_JOB_EVENTS] = {
        [EV_ENQUEUE] = "P.........PPP",
        [EV_SCHEDULE] = "d............",
        [EV_ENQUEUE_SCHEDULED] = "............P",
        [EV_UNSCHEDULE] = "............m",
        [EV_ACTIONIZE] = "m............",
        [EV_PROCESS] = "..........cc.",
        [EV_RUN] = "....R........",
        [EV_SKIP] = "kkk.k........",
        [EV_DROP] = "FFFFFF..X..FF",
        [EV_SUCCEED] = "SSSSSS..X....",
        [EV_CANCEL] = "XXXXXX.....XX",
        [EV_CANCEL_GRACEFULLY] = ".....g.......",
        [EV_FORCE_CANCEL] = "........X....",
        [EV_REQUEST_RESOURCE] = "w.........www",
        [EV_ASSIGN_RESOURCE] = ".P...........",
        [EV_TAKE_BACK] = "....PP.......",
    };

    for (int event = 0; event < N_JOB_EVENTS; event++)
        for (int from = 0; from < N_STATUS; from++) {
            g_test_message("%s from %s", name_of(&job_event_names, event),
                           name_of(&status_names, from));
            g_assert_cmpint(letter_of(job_next_status(from, event)), ==, grid[event][from]);
        }
}

/* Row: what the jobs compute to; column: where the stage or pipeline stands. */
static const char *const stage_grid[N_STATUS] = {
    ".............", "w.wwwwwwwwwww", "pp.pppppppppp", "bbb.bbbbbbbbb", "PPPP.PPPPPPPP",
    "RRRRR.RRRRRRR", "SSSSSS.SSSSSS", "FFFFFFF.FFFFF", "gggggggg..ggg", "XXXXXXXXX.XXX",
    "kkkkkkkkkk.kk", "mmmmmmmmmmm.m", "dddddddddddd.",
};

static void stages_follow_their_jobs(void)
{
    for (int computed = 0; computed < N_STATUS; computed++)
        for (int from = 0; from < N_STATUS; from++)
            g_assert_cmpint(letter_of(stage_next_status(from, computed)), ==,
                            stage_grid[computed][from]);
}

static void pipelines_follow_like_stages_but_for_pending(void)
{
    for (int computed = 0; computed < N_STATUS; computed++)
        for (int from = 0; from < N_STATUS; from++) {
            const char *row = computed == STATUS_PENDING ? "PPP...RRRRPPP" : stage_grid[computed];

            g_assert_cmpint(letter_of(pipeline_next_status(from, computed)), ==, row[from]);
        }
}

static void without_jobs_nothing_follows(void)
{
    for (int from = 0; from < N_STATUS; from++) {
        g_assert_cmpint(stage_next_status(from, N_STATUS), ==, N_STATUS);
        g_assert_cmpint(pipeline_next_status(from, N_STATUS), ==, N_STATUS);
    }
}

static void predicates_hold_for_exactly_their_statuses(void)
{
    /* Columns as above. */
    static const char cancelable[] = "yyyyyy.......";
    static const char retryable[] = "......yyyy...";
    static const char playable[] = "......yyyy.yy";
    static const char completed[] = "......yy.yy..";

    for (int s = 0; s < N_STATUS; s++) {
        g_assert_cmpint(job_is_cancelable(s), ==, cancelable[s] == 'y');
        g_assert_cmpint(job_is_retryable(s, false), ==, retryable[s] == 'y');
        g_assert_false(job_is_retryable(s, true));
        g_assert_cmpint(job_is_playable(s, WHEN_MANUAL, false), ==, playable[s] == 'y');
        g_assert_cmpint(job_is_playable(s, WHEN_DELAYED, false), ==, playable[s] == 'y');
        g_assert_false(job_is_playable(s, WHEN_ON_SUCCESS, false));
        g_assert_cmpint(job_is_erasable(s, true), ==, completed[s] == 'y');
        g_assert_false(job_is_erasable(s, false));
    }
    g_assert_false(job_is_playable(STATUS_SUCCESS, WHEN_MANUAL, true));
}

static void events_have_names(void)
{
    g_assert_cmpint(job_event_names.n, ==, N_JOB_EVENTS);
    for (int event = 0; event < N_JOB_EVENTS; event++)
        g_assert_cmpint(name_value(&job_event_names, name_of(&job_event_names, event)), ==, event);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pipeline/state/job-events", every_job_event_leads_where_the_grid_says);
    g_test_add_func("/pipeline/state/stages-follow", stages_follow_their_jobs);
    g_test_add_func("/pipeline/state/pipelines-follow",
                    pipelines_follow_like_stages_but_for_pending);
    g_test_add_func("/pipeline/state/without-jobs", without_jobs_nothing_follows);
    g_test_add_func("/pipeline/state/predicates", predicates_hold_for_exactly_their_statuses);
    g_test_add_func("/pipeline/state/event-names", events_have_names);
    return g_test_run();
}
