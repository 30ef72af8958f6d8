/* options.c - the options of a subcommand, by GLib's parser. */
#include "cli/cli.h"

bool cli_parse_options(const char *name, const GOptionEntry *entries, char **argv, char **words,
                       int max_words, Error *err)
{
    g_autofree char *title = g_strconcat("penstock ", name, NULL);
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    g_autoptr(GError) failed = NULL;

    g_ptr_array_add(all, title);
    for (; *argv; argv++)
        g_ptr_array_add(all, *argv);
    int n = (int)all->len;
    char **rest = (char **)all->pdata;
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &n, &rest, &failed))
        return error_set(err, ERR_USAGE, "%s", failed->message);
    if (n - 1 > max_words)
        return error_set(err, ERR_USAGE, "'%s' is not expected here", rest[max_words + 1]);
    for (int i = 0; i < max_words; i++)
        words[i] = i < n - 1 ? rest[i + 1] : NULL;
    return true;
}
