/* cmd_serve.c - `penstock serve`. */
#include "app.h"
#include "cli/cli.h"

#include <stdio.h>

int cmd_serve(char **argv)
{
    g_auto(Settings) settings = { 0 };
    g_auto(Error) err = ERROR_INIT;

    for (char **word = argv; *word; word++)
        if (g_str_equal(*word, "--help")) {
            g_autofree char *help = settings_help();
            printf("Usage: penstock serve [OPTION...]\n\n%s", help);
            return EXIT_DONE;
        }
    if (!settings_load(&settings, argv, NULL, &err) || !app_serve(&settings, &err)) {
        cli_wrong_use(error_text(&err));
        return err.code == ERR_USAGE || err.code == ERR_UNAVAILABLE ? EXIT_WRONG_USE : EXIT_FAILED;
    }
    return EXIT_DONE;
}
