/* composite.c - the composite status as a table of tests on a set; the first that fits wins.
 *
 * Follows GitLab's lib/gitlab/ci/status/composite.rb row by row. */
#include "pipeline/composite.h"

#define WARNINGS (1u << N_STATUS)       /* failed or canceled, and allowed to */
#define IGNORED  (1u << (N_STATUS + 1)) /* manual, and the pipeline does not wait for it */

#define B(name)  STATUS_BIT(STATUS_##name)

typedef enum Test {
    ONLY_OF,  /* not empty, and nothing outside the set */
    ANY_OF,   /* at least one of the set */
    BEYOND,   /* at least one outside the set */
    OTHERWISE /* always */
} Test;

static const struct {
    bool needs_only;
    Test test;
    StatusSet set;
    Status result;
} rows[] = {
    { true, ANY_OF, B(SKIPPED) | IGNORED, STATUS_SKIPPED },
    { true, BEYOND, B(SUCCESS) | B(FAILED) | B(CANCELED) | B(SKIPPED) | WARNINGS, STATUS_PENDING },
    { false, ONLY_OF, B(SKIPPED) | IGNORED, STATUS_SKIPPED },
    { false, ONLY_OF, B(SUCCESS) | B(SKIPPED) | WARNINGS | IGNORED, STATUS_SUCCESS },
    { false, ONLY_OF, B(CREATED) | WARNINGS | IGNORED, STATUS_CREATED },
    { false, ONLY_OF, B(PREPARING) | WARNINGS | IGNORED, STATUS_PREPARING },
    { false, ONLY_OF, B(CANCELED) | B(SUCCESS) | B(SKIPPED) | WARNINGS | IGNORED, STATUS_CANCELED },
    { false, ONLY_OF, B(PENDING) | B(CREATED) | B(SKIPPED) | WARNINGS | IGNORED, STATUS_PENDING },
    { false, ANY_OF, B(RUNNING) | B(PENDING), STATUS_RUNNING },
    { false, ANY_OF, B(WAITING_FOR_RESOURCE), STATUS_WAITING_FOR_RESOURCE },
    { false, ANY_OF, B(WAITING_FOR_CALLBACK), STATUS_WAITING_FOR_CALLBACK },
    { false, ANY_OF, B(MANUAL), STATUS_MANUAL },
    { false, ANY_OF, B(SCHEDULED), STATUS_SCHEDULED },
    { false, ANY_OF, B(PREPARING), STATUS_PREPARING },
    { false, ANY_OF, B(CREATED), STATUS_RUNNING },
    { false, ANY_OF, B(CANCELING), STATUS_CANCELING },
    { false, OTHERWISE, 0, STATUS_FAILED },
};

StatusSet status_set_of(Status status, bool allow_failure)
{
    if (allow_failure && (status == STATUS_FAILED || status == STATUS_CANCELED))
        return WARNINGS;
    if (allow_failure && status == STATUS_MANUAL)
        return IGNORED;
    return STATUS_BIT(status);
}

static bool fits(Test test, StatusSet of, StatusSet set)
{
    switch (test) {
    case ONLY_OF:
        return set != 0 && (set & ~of) == 0;
    case ANY_OF:
        return (set & of) != 0;
    case BEYOND:
        return (set & ~of) != 0;
    case OTHERWISE:
        return true;
    }
    g_assert_not_reached();
}

static Status first_that_fits(StatusSet set, bool needs)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if ((needs || !rows[i].needs_only) && fits(rows[i].test, rows[i].set, set))
            return rows[i].result;
    g_assert_not_reached();
}

Status composite_status(StatusSet set)
{
    return set == 0 ? N_STATUS : first_that_fits(set, false);
}

Status composite_needs_status(StatusSet set)
{
    return set == 0 ? STATUS_SUCCESS : first_that_fits(set, true);
}
