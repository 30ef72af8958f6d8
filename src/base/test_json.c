/* Tests of json.c: what it writes, jansson reads back. */
#include "base/json.h"

static void round_trip_holds_for_awkward_text(void)
{
    static const char *const texts[] = { "", "plain", "\"\\/\b\f\n\r\t\x01\x1f", "Zürich €", "😀" };

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GString) out = g_string_new(NULL);
        JsonWriter w;
        jw_init(&w, out);
        jw_begin_array(&w);
        jw_string(&w, texts[i]);
        jw_end_array(&w);
        g_autoptr(json_t) read = json_loads(out->str, 0, NULL);
        g_assert_nonnull(read);
        g_assert_cmpstr(json_string_value(json_array_get(read, 0)), ==, texts[i]);
    }
}

static void bad_bytes_become_replacement_characters(void)
{
    g_autoptr(GString) out = g_string_new(NULL);
    JsonWriter w;

    jw_init(&w, out);
    jw_string(&w, "a\xff"
                  "b\xc3");
    g_assert_cmpstr(out->str, ==,
                    "\"a\xEF\xBF\xBD"
                    "b\xEF\xBF\xBD\"");
}

static void nesting_places_commas(void)
{
    g_autoptr(GString) out = g_string_new(NULL);
    JsonWriter w;

    jw_init(&w, out);
    jw_begin_object(&w);
    jw_put_int(&w, "a", -1);
    jw_key(&w, "b");
    jw_begin_array(&w);
    jw_begin_object(&w);
    jw_end_object(&w);
    jw_double(&w, 0.5);
    jw_double(&w, 3);
    jw_end_array(&w);
    jw_put_time(&w, "t", G_GINT64_CONSTANT(1714557600123456));
    jw_put_time(&w, "none", 0);
    jw_end_object(&w);
    g_assert_cmpstr(
        out->str, ==,
        "{\"a\":-1,\"b\":[{},0.5,3.0],\"t\":\"2024-05-01T10:00:00.123Z\",\"none\":null}");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/json/round-trip", round_trip_holds_for_awkward_text);
    g_test_add_func("/base/json/bad-bytes", bad_bytes_become_replacement_characters);
    g_test_add_func("/base/json/nesting", nesting_places_commas);
    return g_test_run();
}
