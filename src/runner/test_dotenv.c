/* What a dotenv report says, and what is refused. */
#include "runner/dotenv.h"

#include <string.h>

enum { MAX = 3 };

/* "a=b;c=d", or the error's text. */
static char *said(const char *text, size_t length)
{
    g_autoptr(Arena) arena = arena_new();
    g_auto(Error) err = ERROR_INIT;
    g_autoptr(GString) out = g_string_new(NULL);
    DotenvPair *pairs = NULL;
    size_t n = 0;

    if (!dotenv_parse(arena, text, length, MAX, &pairs, &n, &err))
        return g_strdup(error_text(&err));
    for (size_t i = 0; i < n; i++)
        g_string_append_printf(out, "%s%s=%s", i > 0 ? ";" : "", pairs[i].key, pairs[i].value);
    return g_strdup(out->str);
}

static void lines_are_pairs(void)
{
    static const struct {
        const char *text;
        const char *said;
    } rows[] = {
        { "", "" },
        { "A=1", "A=1" },
        { "A=1\n", "A=1" },
        { "\xef\xbb\xbf"
          "A=1\r\nB = two words \n",
          "A=1;B=two words" },
        { "A=1\nA=2\n", "A=2" },
        { "A=b=c\nE=\n", "A=b=c;E=" },
        { "Q=\"x\"\n", "Q=\"x\"" },
        { "A=\xff\n", "A=\xef\xbf\xbd" },
        { "A=1\n\nB=2\n", "Invalid Format" },
        { "# note\n", "Invalid Format" },
        { "=1\n", "Validation failed: Key can't be blank" },
        { "A-B=1\n", "Validation failed: Key can contain only letters, digits and '_'." },
        { "A=1\nB=2\nC=3\nA=4\n", "A=4;B=2;C=3" },
        { "A=1\nB=2\nC=3\nD=4\n", "Dotenv files cannot have more than 3 variables" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = said(rows[i].text, strlen(rows[i].text));
        g_assert_cmpstr(text, ==, rows[i].said);
    }
}

static void nothing_hides_behind_a_nul(void)
{
    static const char text[] = "A=1\0x\nB=2\n";
    g_autofree char *found = said(text, sizeof text - 1);

    g_assert_cmpstr(found, ==, "A=1\xef\xbf\xbdx;B=2");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/runner/dotenv/lines-are-pairs", lines_are_pairs);
    g_test_add_func("/runner/dotenv/nothing-hides-behind-a-nul", nothing_hides_behind_a_nul);
    return g_test_run();
}
