/* Tests of settings.c: the order of strength, and refusals. */
#include "base/settings.h"

#include <glib/gstdio.h>

static bool load(const char *words, Settings *settings, Error *err)
{
    g_auto(GStrv) argv = g_strsplit(words, " ", -1);
    if (!*words)
        g_clear_pointer(&argv[0], g_free);
    return settings_load(settings, argv, NULL, err);
}

static void defaults_stand_without_any_source(void)
{
    g_auto(Settings) settings = { 0 };
    g_auto(Error) err = ERROR_INIT;

    g_assert_true(load("", &settings, &err));
    g_assert_cmpstr(settings.listen, ==, "127.0.0.1:8080");
    g_assert_cmpstr(settings.data, ==, "./penstock-data");
    g_assert_cmpint(settings.runners, ==, 2);
    g_assert_cmpstr(settings.executor, ==, "sandbox");
    g_assert_null(settings.external_url);
}

static void flags_win_over_environment_over_file(void)
{
    g_auto(Settings) settings = { 0 };
    g_auto(Error) err = ERROR_INIT;
    g_autofree char *path = g_build_filename(g_get_tmp_dir(), "penstock-test-settings.ini", NULL);
    g_autofree char *words = g_strdup_printf("--config %s --runners=7", path);

    g_assert_true(g_file_set_contents(
        path, "[penstock]\nrunners=3\nmax-jobs=30\nlisten=127.0.0.1:1\n", -1, NULL));
    g_setenv("PENSTOCK_RUNNERS", "5", TRUE);
    g_setenv("PENSTOCK_MAX_JOBS", "50", TRUE);
    g_assert_true(load(words, &settings, &err));
    g_assert_cmpint(settings.runners, ==, 7);
    g_assert_cmpint(settings.max_jobs, ==, 50);
    g_assert_cmpstr(settings.listen, ==, "127.0.0.1:1");
    g_unsetenv("PENSTOCK_RUNNERS");
    g_unsetenv("PENSTOCK_MAX_JOBS");
    (void)g_unlink(path);
}

static void wrong_words_are_refused(void)
{
    static const char *const wrong[] = {
        "--no-such 1",
        "--runners",
        "--runners x",
        "--runners -1",
        "--executor docker",
        "--root-token abc",
        "--external-url ftp://x",
        "stray",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_auto(Settings) settings = { 0 };
        g_auto(Error) err = ERROR_INIT;
        g_assert_false(load(wrong[i], &settings, &err));
        g_assert_cmpint(err.code, ==, ERR_USAGE);
        g_assert_nonnull(err.message);
    }
}

static void url_loses_its_last_slash(void)
{
    g_auto(Settings) settings = { 0 };
    g_auto(Error) err = ERROR_INIT;

    g_assert_true(load("--external-url https://pen.example.com/", &settings, &err));
    g_assert_cmpstr(settings.external_url, ==, "https://pen.example.com");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/settings/defaults", defaults_stand_without_any_source);
    g_test_add_func("/base/settings/order", flags_win_over_environment_over_file);
    g_test_add_func("/base/settings/refusals", wrong_words_are_refused);
    g_test_add_func("/base/settings/url", url_loses_its_last_slash);
    return g_test_run();
}
