/* cmd_token.c - `penstock token create`: an access token from the shell, beside a running server.
 *
 * Prints the token and nothing else.
 */
#include "access/token.h"
#include "cli/cli.h"
#include "store/schema.h"

#include <stdio.h>
#include <string.h>

typedef struct TokenFlags {
    char *data;
    char *database;
    char *user;
    char *name;
    char *scopes;
    char *expires;
} TokenFlags;

static bool parse(TokenFlags *flags, char **argv, Error *err)
{
    const GOptionEntry entries[] = {
        { "data", 0, 0, G_OPTION_ARG_FILENAME, &flags->data, "the data folder [./penstock-data]",
          "DIR" },
        { "database", 0, 0, G_OPTION_ARG_STRING, &flags->database,
          "the database (default: SQLite in the data folder)", "URL" },
        { "user", 0, 0, G_OPTION_ARG_STRING, &flags->user, "whose token it is", "NAME" },
        { "name", 0, 0, G_OPTION_ARG_STRING, &flags->name, "what it is for", "NAME" },
        { "scopes", 0, 0, G_OPTION_ARG_STRING, &flags->scopes, "comma-separated, as api,read_api",
          "SCOPES" },
        { "expires", 0, 0, G_OPTION_ARG_STRING, &flags->expires, "last day before, YYYY-MM-DD",
          "DATE" },
        { NULL }
    };
    char *words[1];

    if (!cli_parse_options("token", entries, argv, words, 1, err))
        return false;
    if (!words[0] || strcmp(words[0], "create") != 0)
        return error_set(err, ERR_USAGE, "token wants the word create; see penstock token --help");
    if (!flags->user || !flags->name || !flags->scopes)
        return error_set(err, ERR_USAGE, "token create wants --user, --name and --scopes");
    return true;
}

static bool find_user(Database *database, const char *name, Arena *arena, User *user, Error *err)
{
    g_autoptr(Db) db = database_reader(database);
    g_auto(Error) failed = ERROR_INIT;

    if (user_by_username(db, arena, name, user, &failed))
        return true;
    if (failed.code == ERR_NO_RECORD)
        return error_set(err, ERR_USAGE, "there is no user '%s'", name);
    return error_move(err, &failed);
}

static bool create(const TokenFlags *flags, Database *database, char **token, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    Clock clock = clock_system();
    Site site = { .database = database, .clock = &clock };
    g_autofree char *scopes = g_strdelimit(g_strdup(flags->scopes), ",", ' ');
    TokenOrder order = { .name = flags->name, .scopes = scopes };
    int64_t id;
    User user;

    if (flags->expires && !date_from_text(flags->expires, &order.expires_at))
        return error_set(err, ERR_USAGE, "--expires: '%s' is not a date, YYYY-MM-DD",
                         flags->expires);
    if (!find_user(database, flags->user, arena, &user, err))
        return false;
    order.user_id = user.id;
    return token_create(&site, &order, &id, token, err);
}

static bool run(TokenFlags *flags, Error *err)
{
    g_autofree char *url = flags->database
                               ? g_strdup(flags->database)
                               : g_strdup_printf("sqlite:%s/penstock.db",
                                                 flags->data ? flags->data : "./penstock-data");
    g_autofree char *token = NULL;
    Database *database = store_open_beside(url, err);

    if (!database)
        return false;
    bool ok = create(flags, database, &token, err);
    database_close(database);
    if (ok)
        printf("%s\n", token);
    return ok;
}

int cmd_token(char **argv)
{
    g_auto(Error) err = ERROR_INIT;
    TokenFlags flags = { 0 };

    bool ok = parse(&flags, argv, &err) && run(&flags, &err);
    char *const texts[] = { flags.data, flags.database, flags.user,
                            flags.name, flags.scopes,   flags.expires };
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
    return ok ? EXIT_DONE : cli_wrong_use(error_text(&err));
}
