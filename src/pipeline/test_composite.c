/* Tests of composite.c: worked results, and every possible set against a plain ladder. */
#include "pipeline/composite.h"

#include <string.h>

/* "success manual? failed": a "?" marks allow_failure. */
static StatusSet parse(const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    StatusSet set = 0;

    for (int i = 0; words[i] && *words[i]; i++) {
        bool allowed = g_str_has_suffix(words[i], "?");

        if (allowed)
            words[i][strlen(words[i]) - 1] = '\0';
        int status = name_value(&status_names, words[i]);
        g_assert_cmpint(status, >=, 0);
        set |= status_set_of(status, allowed);
    }
    return set;
}

typedef struct Worked {
    const char *set;
    Status result;
} Worked;

static void worked_results(void)
{
    static const Worked rows[] = {
        { "", N_STATUS },
        { "failed?", STATUS_SUCCESS },
        { "success pending", STATUS_RUNNING },
        { "failed? pending", STATUS_PENDING },
        { "skipped created", STATUS_PENDING },
        { "success created", STATUS_RUNNING },
        { "failed created", STATUS_RUNNING },
        { "failed skipped", STATUS_FAILED },
        { "failed canceled", STATUS_FAILED },
        { "failed manual", STATUS_MANUAL },
        { "failed manual?", STATUS_FAILED },
        { "success manual", STATUS_MANUAL },
        { "manual created", STATUS_MANUAL },
        { "pending manual", STATUS_RUNNING },
        { "manual?", STATUS_SKIPPED },
        { "manual? success", STATUS_SUCCESS },
        { "manual? created", STATUS_CREATED },
        { "scheduled pending", STATUS_RUNNING },
        { "canceling created", STATUS_RUNNING },
        { "canceling success", STATUS_CANCELING },
        { "canceled failed?", STATUS_CANCELED },
        { "canceled? created", STATUS_CREATED },
        { "preparing manual?", STATUS_PREPARING },
        { "preparing success", STATUS_PREPARING },
        { "waiting_for_resource success", STATUS_WAITING_FOR_RESOURCE },
        { "waiting_for_callback failed", STATUS_WAITING_FOR_CALLBACK },
        { "success? pending", STATUS_RUNNING },
        { "running?", STATUS_RUNNING },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("{%s}", rows[i].set);
        g_assert_cmpint(composite_status(parse(rows[i].set)), ==, rows[i].result);
    }
}

static void worked_results_of_needs(void)
{
    static const Worked rows[] = {
        { "", STATUS_SUCCESS },
        { "success success failed", STATUS_FAILED },
        { "success canceled", STATUS_CANCELED },
        { "manual? success", STATUS_SKIPPED },
        { "manual success", STATUS_PENDING },
        { "failed? canceled?", STATUS_SUCCESS },
        { "skipped running", STATUS_SKIPPED },
        { "success running", STATUS_PENDING },
        { "created", STATUS_PENDING },
        { "canceling", STATUS_PENDING },
        { "failed canceled", STATUS_FAILED },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("{%s}", rows[i].set);
        g_assert_cmpint(composite_needs_status(parse(rows[i].set)), ==, rows[i].result);
    }
}

static bool only(StatusSet set, const char *of)
{
    return set != 0 && (set & ~parse(of)) == 0;
}

static bool any(StatusSet set, const char *of)
{
    return (set & parse(of)) != 0;
}

/* The rules once more, in words ("failed?" stands for success with warnings, "manual?" for
 * ignored). */
static Status ladder(StatusSet set, bool needs)
{
    if (needs && any(set, "skipped manual?"))
        return STATUS_SKIPPED;
    if (needs && !only(set, "success failed canceled skipped failed?"))
        return STATUS_PENDING;
    if (only(set, "skipped manual?"))
        return STATUS_SKIPPED;
    if (only(set, "success skipped failed? manual?"))
        return STATUS_SUCCESS;
    if (only(set, "created failed? manual?"))
        return STATUS_CREATED;
    if (only(set, "preparing failed? manual?"))
        return STATUS_PREPARING;
    if (only(set, "canceled success skipped failed? manual?"))
        return STATUS_CANCELED;
    if (only(set, "pending created skipped failed? manual?"))
        return STATUS_PENDING;
    if (any(set, "running pending"))
        return STATUS_RUNNING;
    if (any(set, "waiting_for_resource"))
        return STATUS_WAITING_FOR_RESOURCE;
    if (any(set, "waiting_for_callback"))
        return STATUS_WAITING_FOR_CALLBACK;
    if (any(set, "manual"))
        return STATUS_MANUAL;
    if (any(set, "scheduled"))
        return STATUS_SCHEDULED;
    if (any(set, "preparing"))
        return STATUS_PREPARING;
    if (any(set, "created"))
        return STATUS_RUNNING;
    if (any(set, "canceling"))
        return STATUS_CANCELING;
    return STATUS_FAILED;
}

static void every_set_gives_what_the_ladder_gives(void)
{
    StatusSet all = parse("failed? manual?");

    for (int s = 0; s < N_STATUS; s++)
        all |= STATUS_BIT(s);
    for (StatusSet set = 1; set <= all; set++) {
        g_assert_cmpint(composite_status(set), ==, ladder(set, false));
        g_assert_cmpint(composite_needs_status(set), ==, ladder(set, true));
    }
}

static void allow_failure_changes_three_statuses_only(void)
{
    for (int s = 0; s < N_STATUS; s++) {
        bool changes = s == STATUS_FAILED || s == STATUS_CANCELED || s == STATUS_MANUAL;

        g_assert_cmpuint(status_set_of(s, false), ==, STATUS_BIT(s));
        g_assert_cmpint(status_set_of(s, true) != STATUS_BIT(s), ==, changes);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pipeline/composite/worked-results", worked_results);
    g_test_add_func("/pipeline/composite/worked-results-of-needs", worked_results_of_needs);
    g_test_add_func("/pipeline/composite/every-set", every_set_gives_what_the_ladder_gives);
    g_test_add_func("/pipeline/composite/allow-failure", allow_failure_changes_three_statuses_only);
    return g_test_run();
}
