/* Tests of script.c and vars.c: what bash makes of our text. */
#include "exec/script.h"

#include <string.h>

static char *bash_says(const char *script)
{
    const char *argv[] = { "/bin/bash", "-c", script, NULL };
    char *out = NULL;
    int status = 0;

    g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, NULL,
                               &status, NULL));
    g_assert_cmpint(status, ==, 0);
    return out;
}

static void values_reach_the_script_byte_for_byte(void)
{
    char every[256];

    for (int i = 1; i < 256; i++)
        every[i - 1] = (char)i;
    every[255] = '\0';
    const char *const values[] = { every, "", "'", "''", "$(id)", "a\nb\n", "\\", "!x", "-n" };
    for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
        g_autoptr(Vars) vars = vars_new();
        vars_put(vars, "X", values[i]);
        g_autoptr(GString) script = script_begin(vars, "/", true);
        g_string_append(script, "printf %s \"$X\"; printf .");
        g_autofree char *out = bash_says(script->str);
        g_assert_cmpint(strlen(out), ==, strlen(values[i]) + 1);
        g_assert_true(strncmp(out, values[i], strlen(values[i])) == 0);
    }
}

static void the_shells_own_read_only_names_are_left_out(void)
{
    g_autoptr(Vars) vars = vars_new();

    vars_put(vars, "UID", "1");
    vars_put(vars, "SHELLOPTS", "x");
    g_autoptr(GString) script = script_begin(vars, "/", true);
    g_string_append(script, "echo on");
    g_autofree char *out = bash_says(script->str);
    g_assert_cmpstr(out, ==, "on\n");
}

static void lines_are_echoed_as_they_are(void)
{
    static const char *const lines[] = { "true '$X' \"`id`\" \\", "\ntrue", "if true; then\n:\nfi",
                                         NULL };
    g_autoptr(GString) script = g_string_new(NULL);

    script_add_lines(script, lines);
    g_autofree char *out = bash_says(script->str);
    g_assert_nonnull(strstr(out, "\033[32;1m$ true '$X' \"`id`\" \\\033[0;m\n"));
    g_assert_nonnull(strstr(out, "$ if true; then # collapsed multi-line command\033[0;m\n"));
}

static void references_are_replaced_once(void)
{
    g_autoptr(Vars) vars = vars_new();

    vars_put(vars, "A", "1");
    vars_take(vars, (Var){ .key = g_strdup("B"), .value = g_strdup("$A-${A}-$$-$NONE-${A") });
    vars_take(vars, (Var){ .key = g_strdup("C"), .value = g_strdup("$B"), .raw = true });
    vars_take(vars, (Var){ .key = g_strdup("D"), .value = g_strdup("$E") });
    vars_take(vars, (Var){ .key = g_strdup("E"), .value = g_strdup("$A") });
    vars_put(vars, "A", "2");
    vars_resolve(vars);
    g_assert_cmpstr(vars_get(vars, "B"), ==, "2-2-$--${A");
    g_assert_cmpstr(vars_get(vars, "C"), ==, "$B");
    g_assert_cmpstr(vars_get(vars, "D"), ==, "$A");
    g_assert_cmpint(vars_count(vars), ==, 5);
}

static void durations_are_read(void)
{
    static const struct {
        const char *text;
        int64_t seconds;
    } rows[] = { { "90", 90 }, { "10m", 600 },    { "1h30m", 5400 }, { "1.5h", 5400 },
                 { "2s", 2 },  { "1s500ms", 0 },  { "", 0 },         { "x", 0 },
                 { "-5m", 0 }, { "5 minutes", 0 } };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpint(script_duration_s(rows[i].text), ==, rows[i].seconds);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/exec/script/values-reach-the-script-byte-for-byte",
                    values_reach_the_script_byte_for_byte);
    g_test_add_func("/exec/script/the-shells-own-read-only-names-are-left-out",
                    the_shells_own_read_only_names_are_left_out);
    g_test_add_func("/exec/script/lines-are-echoed-as-they-are", lines_are_echoed_as_they_are);
    g_test_add_func("/exec/script/references-are-replaced-once", references_are_replaced_once);
    g_test_add_func("/exec/script/durations-are-read", durations_are_read);
    return g_test_run();
}
