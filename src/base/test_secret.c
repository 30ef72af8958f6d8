/* Tests of secret.c. */
#include "base/secret.h"

#include <string.h>

static void tokens_have_prefix_length_and_differ(void)
{
    g_autofree char *a = secret_token("glpat-", 20);
    g_autofree char *b = secret_token("glpat-", 20);
    g_autofree char *hex = secret_hex("glptt-", 40);

    g_assert_true(g_str_has_prefix(a, "glpat-"));
    g_assert_cmpint(strlen(a), ==, 26);
    g_assert_cmpstr(a, !=, b);
    g_assert_cmpint(strspn(hex + 6, "0123456789abcdef"), ==, 40);
}

static void hashes_are_stable_and_hide_the_token(void)
{
    g_autofree char *a = secret_hash("glpat-x");
    g_autofree char *b = secret_hash("glpat-x");
    g_autofree char *c = secret_hash("glpat-y");

    g_assert_cmpstr(a, ==, b);
    g_assert_cmpstr(a, !=, c);
    g_assert_null(strstr(a, "glpat"));
    g_assert_true(secret_equal("abc", "abc"));
    g_assert_false(secret_equal("abc", "abd"));
    g_assert_false(secret_equal("abc", "ab"));
}

static void passwords_check(void)
{
    g_autofree char *hash = secret_hash_password("correct horse");

    g_assert_true(secret_check_password(hash, "correct horse"));
    g_assert_false(secret_check_password(hash, "wrong horse"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_assert_true(secret_init(NULL));
    g_test_add_func("/base/secret/tokens", tokens_have_prefix_length_and_differ);
    g_test_add_func("/base/secret/hashes", hashes_are_stable_and_hide_the_token);
    g_test_add_func("/base/secret/passwords", passwords_check);
    return g_test_run();
}
