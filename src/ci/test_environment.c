/* Tests of environment.c. */
#include "ci/environment.h"

static void a_slug_that_is_not_the_name_ends_in_its_hash(void)
{
    static const struct {
        const char *name, *slug;
    } rows[] = {
        { "production", "production" },
        { "review/main", "review-main-yi2y9f" },
        { "Staging", "staging-p75vhx" },
        { "1st", "env-1st-sru2wu" },
        { "a-very-long-environment-name", "a-very-long-envir-8opby0" },
        { "a--b", "a-b-m3ql0o" },
        { "end-", "end" },
        { "staging-1234567890123456", "staging-1234567890123456" },
        { "staging-12345678901234567", "staging-123456789-s729ne" },
        { "review/feature 1", "review-feature-1-kd0qzs" },
        { "-", "env-dgv8k2" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *slug = environment_slug(rows[i].name);
        g_assert_cmpstr(slug, ==, rows[i].slug);
    }
}

static void a_tier_is_told_by_words_of_the_name(void)
{
    static const struct {
        const char *name;
        EnvironmentTier tier;
    } rows[] = {
        { "production", TIER_PRODUCTION },  { "eu/PRD-2", TIER_PRODUCTION },
        { "live", TIER_PRODUCTION },        { "staging", TIER_STAGING },
        { "pre-prod", TIER_STAGING }, /* the first row that fits */
        { "non-production", TIER_STAGING }, { "review/main", TIER_DEVELOPMENT },
        { "dev-test", TIER_DEVELOPMENT },   { "integration", TIER_TESTING },
        { "acceptance", TIER_TESTING },     { "canary", TIER_OTHER },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpint(environment_guess_tier(rows[i].name), ==, rows[i].tier);
}

static void a_name_has_letters_digits_and_few_signs(void)
{
    g_assert_true(environment_name_has_form("review/a b-1_2.x"));
    g_assert_true(environment_name_has_form("${x}"));
    g_assert_false(environment_name_has_form(""));
    g_assert_false(environment_name_has_form("/a"));
    g_assert_false(environment_name_has_form("a/"));
    g_assert_false(environment_name_has_form("a:b"));
    g_assert_false(environment_name_has_form("ü"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ci/environment/a-slug-that-is-not-the-name-ends-in-its-hash",
                    a_slug_that_is_not_the_name_ends_in_its_hash);
    g_test_add_func("/ci/environment/a-tier-is-told-by-words-of-the-name",
                    a_tier_is_told_by_words_of_the_name);
    g_test_add_func("/ci/environment/a-name-has-letters-digits-and-few-signs",
                    a_name_has_letters_digits_and_few_signs);
    return g_test_run();
}
