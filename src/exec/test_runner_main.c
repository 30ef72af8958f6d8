/* test_runner_main.c - the runner alone as a program, for the black-box tests in tests/runner. */
#include "exec/exec.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    g_autofree char *url = NULL, *address_file = NULL, *token = NULL, *work_dir = NULL;
    g_autofree char *lock_file = NULL, *hidden_dir = NULL, *leftovers = NULL;
    gboolean sandbox = FALSE, no_network = FALSE, ignore_image = FALSE, check = FALSE;
    gint64 orphan_s = 600;
    int slots = 1;
    const GOptionEntry entries[] = {
        { "url", 0, 0, G_OPTION_ARG_STRING, &url, "", "URL" },
        { "address-file", 0, 0, G_OPTION_ARG_FILENAME, &address_file, "", "FILE" },
        { "token", 0, 0, G_OPTION_ARG_STRING, &token, "", "TOKEN" },
        { "work-dir", 0, 0, G_OPTION_ARG_FILENAME, &work_dir, "", "DIR" },
        { "lock-file", 0, 0, G_OPTION_ARG_FILENAME, &lock_file, "", "FILE" },
        { "hidden-dir", 0, 0, G_OPTION_ARG_FILENAME, &hidden_dir, "", "DIR" },
        { "slots", 0, 0, G_OPTION_ARG_INT, &slots, "", "N" },
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
    ExecOptions options = { .url = url,
                            .address_file = address_file,
                            .token = token,
                            .work_dir = work_dir,
                            .lock_file = lock_file,
                            .hidden_dir = hidden_dir,
                            .slots = slots,
                            .sandbox = sandbox,
                            .no_network = no_network,
                            .ignore_image = ignore_image,
                            .orphan_s = orphan_s,
                            .name = "test" };
    if (check ? exec_sandbox_check(&err) : exec_run(&options, &err))
        return 0;
    fprintf(stderr, "%s\n", error_text(&err));
    return 2;
}
