/* Tests of attempts.c. */
#include "access/attempts.h"
#include "base/clock.h"

static void who_was_wrong_too_often_waits(void)
{
    g_autoptr(Attempts) attempts = attempts_new();
    int64_t now = 1000 * US_PER_S;

    for (int i = 0; i < ATTEMPTS_AT_ONCE; i++)
        g_assert_cmpint(attempts_begin(attempts, "ann", now), ==, 0);
    g_assert_cmpint(attempts_begin(attempts, "ann", now), ==, ATTEMPT_EVERY_S);
    g_assert_cmpint(attempts_begin(attempts, "ben", now), ==, 0);
    now += ATTEMPT_EVERY_S * US_PER_S;
    g_assert_cmpint(attempts_begin(attempts, "ann", now), ==, 0);
    g_assert_cmpint(attempts_begin(attempts, "ann", now), >, 0);
}

static void who_was_right_is_not_counted(void)
{
    g_autoptr(Attempts) attempts = attempts_new();

    for (int i = 0; i < 10 * ATTEMPTS_AT_ONCE; i++) {
        g_assert_cmpint(attempts_begin(attempts, "ann", US_PER_S), ==, 0);
        attempts_succeeded(attempts, "ann");
    }
}

static void many_names_take_bounded_room(void)
{
    g_autoptr(Attempts) attempts = attempts_new();

    for (int i = 0; i < 30000; i++) {
        g_autofree char *name = g_strdup_printf("%d", i);
        g_assert_cmpint(attempts_begin(attempts, name, US_PER_S), ==, 0);
    }
    for (int i = 0; i < ATTEMPTS_AT_ONCE; i++)
        (void)attempts_begin(attempts, "last", US_PER_S);
    g_assert_cmpint(attempts_begin(attempts, "last", US_PER_S), >, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/access/attempts/who-was-wrong-too-often-waits",
                    who_was_wrong_too_often_waits);
    g_test_add_func("/access/attempts/who-was-right-is-not-counted", who_was_right_is_not_counted);
    g_test_add_func("/access/attempts/many-names-take-bounded-room", many_names_take_bounded_room);
    return g_test_run();
}
