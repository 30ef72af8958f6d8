/* Tests of seal.c. */
#include "base/seal.h"
#include "base/secret.h"

#include <glib/gstdio.h>
#include <string.h>

static char *key_path(const char *name)
{
    g_autofree char *dir = g_dir_make_tmp("penstock-seal-XXXXXX", NULL);

    return g_build_filename(dir, name, NULL);
}

static void sealed_text_opens_with_its_key_only(void)
{
    g_autofree char *path = key_path("a"), *other_path = key_path("b");
    g_autoptr(SealKey) key = seal_key_load(path, true, NULL);
    g_autoptr(SealKey) again = seal_key_load(path, false, NULL);
    g_autoptr(SealKey) other = seal_key_load(other_path, true, NULL);
    g_autofree char *sealed = seal(key, "hunter2 ü");
    g_autofree char *twice = seal(key, "hunter2 ü");
    g_autofree char *text = unseal(again, sealed, NULL);
    g_auto(Error) err = ERROR_INIT;

    g_assert_cmpstr(text, ==, "hunter2 ü");
    g_assert_cmpstr(sealed, !=, twice);
    g_assert_null(unseal(other, sealed, &err));
    g_assert_cmpint(err.code, ==, ERR_INTERNAL);
    sealed[strlen(sealed) - 6] ^= 1;
    g_assert_null(unseal(key, sealed, &err));
    g_assert_null(unseal(key, "v1:AAAA", &err));
    g_assert_null(unseal(key, "plain", &err));
}

static void bad_key_files_are_refused(void)
{
    g_autofree char *path = key_path("k");
    g_auto(Error) err = ERROR_INIT;

    g_assert_null(seal_key_load(path, false, &err));
    g_assert_true(g_file_set_contents(path, "abc\n", -1, NULL));
    g_assert_cmpint(g_chmod(path, 0600), ==, 0);
    g_assert_null(seal_key_load(path, true, &err));
    g_assert_cmpint(g_chmod(path, 0644), ==, 0);
    g_assert_null(seal_key_load(path, true, &err));
    g_assert_nonnull(strstr(error_text(&err), "open to others"));
}

static void *load_or_make(void *path)
{
    return seal_key_load(path, true, NULL);
}

static void those_who_make_a_key_at_once_have_the_same(void)
{
    g_autofree char *path = key_path("k");
    GThread *threads[8];
    SealKey *keys[8];

    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("key", load_or_make, path);
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
        keys[i] = g_thread_join(threads[i]);
    g_autofree char *sealed = seal(keys[0], "text");
    for (size_t i = 0; i < G_N_ELEMENTS(threads); i++) {
        g_assert_nonnull(keys[i]);
        g_autofree char *text = unseal(keys[i], sealed, NULL);
        g_assert_cmpstr(text, ==, "text");
        seal_key_free(keys[i]);
    }
    g_autofree char *dir = g_path_get_dirname(path);
    g_assert_cmpint(g_unlink(path), ==, 0);
    g_assert_cmpint(g_rmdir(dir), ==, 0); /* nothing else is left there */
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_assert_true(secret_init(NULL));
    g_test_add_func("/base/seal/opens", sealed_text_opens_with_its_key_only);
    g_test_add_func("/base/seal/bad-keys", bad_key_files_are_refused);
    g_test_add_func("/base/seal/made-once", those_who_make_a_key_at_once_have_the_same);
    return g_test_run();
}
