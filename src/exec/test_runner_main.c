/* test_runner_main.c - the runner alone as a program, for the black-box tests in tests/runner. */
#include "exec/exec.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    ExecOptions options = { .slots = 1, .orphan_s = 600, .name = "test" };
    gboolean sandbox = FALSE, no_network = FALSE, ignore_image = FALSE, check = FALSE;
    char *leftovers = NULL;
    gint64 orphan_s = options.orphan_s;
    const GOptionEntry entries[] = {
        { "url", 0, 0, G_OPTION_ARG_STRING, &options.url, "", "URL" },
        { "address-file", 0, 0, G_OPTION_ARG_FILENAME, &options.address_file, "", "FILE" },
        { "token", 0, 0, G_OPTION_ARG_STRING, &options.token, "", "TOKEN" },
        { "work-dir", 0, 0, G_OPTION_ARG_FILENAME, &options.work_dir, "", "DIR" },
        { "lock-file", 0, 0, G_OPTION_ARG_FILENAME, &options.lock_file, "", "FILE" },
        { "hidden-dir", 0, 0, G_OPTION_ARG_FILENAME, &options.hidden_dir, "", "DIR" },
        { "slots", 0, 0, G_OPTION_ARG_INT, &options.slots, "", "N" },
        { "orphan", 0, 0, G_OPTION_ARG_INT64, &orphan_s, "", "SECONDS" },
        { "sandbox", 0, 0, G_OPTION_ARG_NONE, &sandbox, "", NULL },
        { "no-network", 0, 0, G_OPTION_ARG_NONE, &no_network, "", NULL },
        { "ignore-image", 0, 0, G_OPTION_ARG_NONE, &ignore_image, "", NULL },
        { "check-sandbox", 0, 0, G_OPTION_ARG_NONE, &check, "", NULL },
        { "kill-leftovers", 0, 0, G_OPTION_ARG_FILENAME, &leftovers, "", "DIR" },
        { NULL },
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) why = NULL;
    g_auto(Error) err = ERROR_INIT;

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &why)) {
        fprintf(stderr, "%s\n", why->message);
        return 2;
    }
    if (leftovers) {
        exec_kill_leftovers(leftovers);
        return 0;
    }
    options.sandbox = sandbox;
    options.no_network = no_network;
    options.ignore_image = ignore_image;
    options.orphan_s = orphan_s;
    if (check ? exec_sandbox_check(&err) : exec_run(&options, &err))
        return 0;
    fprintf(stderr, "%s\n", error_text(&err));
    return 2;
}
