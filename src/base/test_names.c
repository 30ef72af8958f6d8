/* Tests of names.c, and of every name table in enums.c: both ways, no gap, no double. */
#include "base/enums.h"

static const NameTable *const all_tables[] = {
    &status_names,          &job_when_names,      &failure_reason_names,  &pipeline_failure_names,
    &pipeline_source_names, &visibility_names,    &variable_type_names,   &artifact_type_names,
    &process_mode_names,    &on_new_commit_names, &bridge_strategy_names, &environment_tier_names,
};

static void every_table_goes_both_ways(void)
{
    for (size_t t = 0; t < G_N_ELEMENTS(all_tables); t++) {
        const NameTable *table = all_tables[t];
        for (int value = 0; value < table->n; value++) {
            g_assert_nonnull(name_of(table, value));
            g_assert_cmpint(name_value(table, name_of(table, value)), ==, value);
        }
    }
}

static void what_is_not_in_a_table_is_told_apart(void)
{
    g_assert_cmpint(name_value(&status_names, "no such"), ==, -1);
    g_assert_cmpint(name_value(&status_names, NULL), ==, -1);
    g_assert_null(name_of(&status_names, N_STATUS));
    g_assert_null(name_of(&status_names, -1));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/names/both-ways", every_table_goes_both_ways);
    g_test_add_func("/base/names/outside", what_is_not_in_a_table_is_told_apart);
    return g_test_run();
}
