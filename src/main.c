/* main.c - finds the subcommand. */
#include "base/secret.h"
#include "cli/cli.h"

#include <locale.h>
#include <stdio.h>

static const Command commands[] = {
    { "serve", "[OPTION...]", "run the server (serve --help lists its settings)", cmd_serve },
    { "runner", "[OPTION...]", "run jobs for a server", cmd_runner },
    { "lint", "[--explain [--branch NAME] [--var KEY=VALUE]...] FILE", "check a pipeline file",
      cmd_lint },
    { "token", "create OPTION...", "make an access token for a user", cmd_token },
    { "user", "password|link NAME", "how somebody signs in with a browser (user --help)",
      cmd_user },
    { "db", "status|migrate|copy ...", "look after the database (db --help)", cmd_db },
    { "version", "", "print the version", cmd_version },
    { "hook", "pre-receive", NULL, cmd_hook },
};

static void print_help(FILE *to)
{
    fputs("Usage: penstock COMMAND ...\n\nCommands:\n", to);
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
        if (commands[i].help)
            fprintf(to, "  %-8s %-23s %s\n", commands[i].name, commands[i].usage, commands[i].help);
}

int cli_wrong_use(const char *message)
{
    fprintf(stderr, "penstock: %s\n", message);
    return EXIT_WRONG_USE;
}

int main(int argc, char **argv)
{
    g_auto(Error) err = ERROR_INIT;

    setlocale(LC_CTYPE, "C.UTF-8");
    if (argc < 2) {
        print_help(stderr);
        return EXIT_WRONG_USE;
    }
    if (g_str_equal(argv[1], "--help") || g_str_equal(argv[1], "help")) {
        print_help(stdout);
        return EXIT_DONE;
    }
    if (!secret_init(&err))
        return cli_wrong_use(error_text(&err));
    const char *name = g_str_equal(argv[1], "--version") ? "version" : argv[1];
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
        if (g_str_equal(commands[i].name, name))
            return commands[i].run(argv + 2);
    g_autofree char *message = g_strdup_printf("unknown command '%s'; see penstock --help", name);
    return cli_wrong_use(message);
}
