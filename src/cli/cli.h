/* cli.h - the subcommands.  Each has a file of its own; main.c holds the table. */
#ifndef PENSTOCK_CLI_CLI_H
#define PENSTOCK_CLI_CLI_H

#include "base/error.h"

/* What a subcommand answers: the program's exit status. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_WRONG_USE = 2 };

/* @argv: the words after the subcommand, NULL-terminated. */
typedef struct Command {
    const char *name;
    const char *usage; /* what follows the name */
    const char *help;  /* one line; NULL: internal, not listed */
    int (*run)(char **argv);
} Command;

int cmd_serve(char **argv);
int cmd_runner(char **argv);
int cmd_lint(char **argv);
int cmd_token(char **argv);
int cmd_user(char **argv);
int cmd_db(char **argv);
int cmd_version(char **argv);
int cmd_hook(char **argv);

/* Reads the options of @entries out of @argv (without the subcommand).  @words: what is left, at most
 * @max_words of them (NULL-terminated, borrowed from @argv; room for one more).  ERR_USAGE for an unknown option, a
 * missing value or a word too many.  --help prints and ends the program, as GLib does. */
bool cli_parse_options(const char *name, const GOptionEntry *entries, char **argv, char **words,
                       int max_words, Error *err);

/* Prints "penstock: message" on stderr and returns EXIT_WRONG_USE. */
int cli_wrong_use(const char *message);

#endif
