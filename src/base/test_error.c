/* Tests of error.c. */
#include "base/error.h"

static void fields_collect_and_the_first_is_the_message(void)
{
    g_auto(Error) err = ERROR_INIT;

    g_assert_false(error_field(&err, "cron", "syntax is %s", "invalid"));
    g_assert_false(error_field(&err, "ref", "is ambiguous"));
    g_assert_cmpint(err.code, ==, ERR_INVALID);
    g_assert_cmpint(err.details->len, ==, 2);
    g_assert_cmpstr(error_text(&err), ==, "cron syntax is invalid");
}

static void message_may_be_built_from_itself(void)
{
    g_auto(Error) err = ERROR_INIT;

    error_set(&err, ERR_IO, "inner");
    error_set(&err, ERR_IO, "outer %s", err.message);
    error_prefix(&err, "file %d", 3);
    g_assert_cmpstr(err.message, ==, "file 3: outer inner");
}

static void null_error_is_accepted(void)
{
    g_assert_false(error_set(NULL, ERR_IO, "x"));
    g_assert_false(error_field(NULL, "a", "b"));
    error_clear(NULL);
}

static void every_code_has_a_name(void)
{
    for (int code = 0; code < N_ERR_CODES; code++)
        g_assert_nonnull(error_code_name((ErrCode)code));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/error/fields", fields_collect_and_the_first_is_the_message);
    g_test_add_func("/base/error/from-itself", message_may_be_built_from_itself);
    g_test_add_func("/base/error/null", null_error_is_accepted);
    g_test_add_func("/base/error/names", every_code_has_a_name);
    return g_test_run();
}
