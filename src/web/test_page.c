/* Tests of page.c, over files of its own. */
#include "web/page.h"

#include <glib.h>

const PageFile page_files[] = {
    { "assets/a-12345678.js",
      "text/javascript",
      "h1",
      true,
      { { "aaa", 3 }, { "a", 1 }, { "b", 1 } } },
    { "assets/z.png", "image/png", "h2", false, { { "zz", 2 }, { "", 0 }, { "", 0 } } },
    { "index.html", "text/html", "h3", false, { { "iii", 3 }, { "i", 1 }, { "", 0 } } },
    { 0 },
};
const size_t page_n_files = 3;

static void files_are_found_by_their_path(void)
{
    g_assert_true(page_find("assets/a-12345678.js") == &page_files[0]);
    g_assert_true(page_find("index.html") == &page_files[2]);
    g_assert_null(page_find("assets/b.js"));
    g_assert_null(page_find(""));
    g_assert_null(page_find("assets/../index.html"));
}

static void the_best_form_that_a_browser_takes_is_chosen(void)
{
    static const struct {
        size_t file;
        const char *accept;
        PageCoding coding;
    } rows[] = {
        { 0, NULL, PAGE_PLAIN },
        { 0, "", PAGE_PLAIN },
        { 0, "gzip, deflate, br", PAGE_BROTLI },
        { 0, "gzip", PAGE_GZIP },
        { 0, "gzip;q=0.5, br;q=0", PAGE_GZIP },
        { 0, "BR;q=0.1", PAGE_BROTLI },
        { 0, "zstd", PAGE_PLAIN },
        { 1, "gzip, br", PAGE_PLAIN },
        { 2, "gzip, br", PAGE_GZIP },
        { 0, "brx, xgzip", PAGE_PLAIN },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpint(page_coding(&page_files[rows[i].file], rows[i].accept), ==, rows[i].coding);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/web/page/files-are-found-by-their-path", files_are_found_by_their_path);
    g_test_add_func("/web/page/the-best-form-that-a-browser-takes-is-chosen",
                    the_best_form_that_a_browser_takes_is_chosen);
    return g_test_run();
}
