/* Tests of mask.c. */
#include "exec/mask.h"

#include <string.h>

/* The text in pieces of @size bytes through @mask. */
static char *masked_by(Mask *mask, const char *text, size_t size)
{
    GString *out = g_string_new(NULL);

    for (size_t at = 0, n = strlen(text); at < n; at += size)
        mask_feed(mask, text + at, MIN(size, n - at), out);
    mask_flush(mask, out);
    return g_string_free(out, FALSE);
}

static void assert_masked(const char *const *secrets, const char *text, const char *expected)
{
    for (size_t size = 1; size <= strlen(text); size++) {
        g_autoptr(Mask) mask = mask_new();
        for (const char *const *secret = secrets; *secret; secret++)
            mask_add(mask, *secret);
        g_autofree char *got = masked_by(mask, text, size);
        g_assert_cmpstr(got, ==, expected);
    }
}

static void a_secret_is_found_across_any_border(void)
{
    static const char *const secrets[] = { "s3cret", NULL };

    assert_masked(secrets, "a s3cret b s3cres3cret", "a [MASKED] b s3cre[MASKED]");
}

static void the_longest_match_counts(void)
{
    static const char *const secrets[] = { "abc", "abcdef", "cd", NULL };

    assert_masked(secrets, "abcdef abcde cd", "[MASKED] [MASKED]de [MASKED]");
}

static void a_failed_longer_match_gives_way_to_the_shorter(void)
{
    static const char *const secrets[] = { "aab", "aabaac", NULL };

    assert_masked(secrets, "aabaab aabaac", "[MASKED][MASKED] [MASKED]");
}

static void lines_within_a_secret_are_kept_together(void)
{
    static const char *const secrets[] = { "  one\ntwo\n", NULL };

    assert_masked(secrets, "x\none\ntwo\ny", "x\n[MASKED]\ny");
}

static void blank_secrets_mask_nothing(void)
{
    static const char *const secrets[] = { "", " \n", NULL };

    assert_masked(secrets, "a  \n b", "a  \n b");
}

static void words_with_a_known_prefix_go_whole(void)
{
    for (size_t size = 1; size < 40; size++) {
        g_autoptr(Mask) mask = mask_new();
        mask_add_prefix(mask, "glpat-");
        g_autofree char *got = masked_by(mask, "a glpat-X1_y.z b, xglpat-no:glpat-", size);
        g_assert_cmpstr(got, ==, "a [MASKED] b, xglpat-no:[MASKED]");
    }
}

static void secret_parameters_of_urls_lose_their_values(void)
{
    static const char text[] = "http://h/x?a=1&X-Amz-Signature=ab%3dc&b=2 private_token=no "
                               "?private_token=se&cret-1;x&y=3 ?private_token=";

    for (size_t size = 1; size < sizeof text; size++) {
        g_autoptr(Mask) mask = mask_new();
        mask_add_parameter(mask, "private_token");
        mask_add_parameter(mask, "x-amz-signature");
        mask_add(mask, "se&cret-1");
        g_autofree char *got = masked_by(mask, text, size);
        g_assert_cmpstr(got, ==,
                        "http://h/x?a=1&X-Amz-Signature=[MASKED]&b=2 private_token=no "
                        "?private_token=[MASKED]&y=3 ?private_token=");
    }
}

static void what_cannot_be_a_secret_is_not_held_back(void)
{
    g_autoptr(Mask) mask = mask_new();
    g_autoptr(GString) out = g_string_new(NULL);

    mask_add(mask, "secret");
    mask_feed(mask, "progress: 5%se", 14, out);
    g_assert_cmpstr(out->str, ==, "progress: 5%");
    mask_feed(mask, "x", 1, out);
    g_assert_cmpstr(out->str, ==, "progress: 5%sex");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/exec/mask/a-secret-is-found-across-any-border",
                    a_secret_is_found_across_any_border);
    g_test_add_func("/exec/mask/the-longest-match-counts", the_longest_match_counts);
    g_test_add_func("/exec/mask/a-failed-longer-match-gives-way-to-the-shorter",
                    a_failed_longer_match_gives_way_to_the_shorter);
    g_test_add_func("/exec/mask/lines-within-a-secret-are-kept-together",
                    lines_within_a_secret_are_kept_together);
    g_test_add_func("/exec/mask/blank-secrets-mask-nothing", blank_secrets_mask_nothing);
    g_test_add_func("/exec/mask/words-with-a-known-prefix-go-whole",
                    words_with_a_known_prefix_go_whole);
    g_test_add_func("/exec/mask/secret-parameters-of-urls-lose-their-values",
                    secret_parameters_of_urls_lose_their_values);
    g_test_add_func("/exec/mask/what-cannot-be-a-secret-is-not-held-back",
                    what_cannot_be_a_secret_is_not_held_back);
    return g_test_run();
}
