/* Tests of tokens and their keys; that others can verify them is seen in tests/api. */
#include "base/jwt.h"

#include <string.h>

static char *public_text(const JwtKey *key)
{
    GString *out = g_string_new(NULL);
    JsonWriter w;

    jw_init(&w, out);
    jwt_key_write_public(key, &w);
    return g_string_free(out, FALSE);
}

static void a_key_survives_as_text(void)
{
    g_autoptr(JwtKey) key = jwt_key_new(NULL);
    g_autoptr(JwtKey) other = jwt_key_new(NULL);
    g_assert_nonnull(key);
    g_assert_nonnull(other);
    g_autofree char *text = jwt_key_text(key);
    g_autoptr(JwtKey) same = jwt_key_read(text, NULL);
    g_assert_nonnull(same);
    g_autofree char *first = jwt_sign(key, "{\"sub\":\"x\"}", NULL);
    g_autofree char *again = jwt_sign(same, "{\"sub\":\"x\"}", NULL);
    g_autofree char *of_key = public_text(key);
    g_autofree char *of_same = public_text(same);
    g_autofree char *of_other = public_text(other);

    g_assert_cmpstr(first, ==, again);
    g_assert_cmpstr(of_key, ==, of_same);
    g_assert_cmpstr(of_key, !=, of_other);
    g_assert_null(strstr(of_key, "\"d\""));
}

static void a_token_has_three_parts(void)
{
    g_autoptr(JwtKey) key = jwt_key_new(NULL);
    g_autofree char *token = jwt_sign(key, "{\"aud\":\"\\u00fc?>\"}", NULL);
    g_auto(GStrv) parts = g_strsplit(token, ".", -1);

    g_assert_cmpuint(g_strv_length(parts), ==, 3);
    g_assert_cmpuint(strlen(parts[2]), ==, 342); /* 256 bytes */
    g_assert_cmpuint(strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                   "0123456789-_."),
                     ==, strlen(token));
}

static void other_texts_are_no_keys(void)
{
    static const char *const texts[] = { "", "x", "-----BEGIN PRIVATE KEY-----\nAAAA\n" };

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_auto(Error) err = ERROR_INIT;
        g_assert_null(jwt_key_read(texts[i], &err));
        g_assert_cmpint(err.code, ==, ERR_INTERNAL);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/jwt/key", a_key_survives_as_text);
    g_test_add_func("/base/jwt/token", a_token_has_three_parts);
    g_test_add_func("/base/jwt/no-key", other_texts_are_no_keys);
    return g_test_run();
}
