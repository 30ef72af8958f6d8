/* cmd_user.c - `penstock user`: how somebody signs in with a browser, beside a running server.
 *
 * password NAME reads a password from the standard input and stores its hash, which signs the user out
 * everywhere.  link NAME prints an address that signs them in once, and nothing else.
 */
#include "access/accounts.h"
#include "access/session.h"
#include "cli/cli.h"
#include "store/schema.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

typedef struct UserFlags {
    char *data;
    char *database;
    char *url;
} UserFlags;

enum { LONGEST_LINE = 4096 };

/* --- what is asked for ----------------------------------------------------------------------- */

static bool parse(UserFlags *flags, char **argv, char **words, Error *err)
{
    const GOptionEntry entries[] = {
        { "data", 0, 0, G_OPTION_ARG_FILENAME, &flags->data, "the data folder [./penstock-data]",
          "DIR" },
        { "database", 0, 0, G_OPTION_ARG_STRING, &flags->database,
          "the database (default: SQLite in the data folder)", "URL" },
        { "external-url", 0, 0, G_OPTION_ARG_STRING, &flags->url,
          "link: how browsers reach the server (default: the address it listens on)", "URL" },
        { NULL }
    };

    if (!cli_parse_options("user password|link NAME", entries, argv, words, 2, err))
        return false;
    if (!words[0] || (strcmp(words[0], "password") != 0 && strcmp(words[0], "link") != 0))
        return error_set(err, ERR_USAGE,
                         "user wants the word password or link; see penstock user --help");
    return words[1] || error_set(err, ERR_USAGE, "user %s wants the name of a user", words[0]);
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

/* --- password -------------------------------------------------------------------------------- */

/* One line, unseen where somebody types it. */
static bool read_password(char *line, size_t room, Error *err)
{
    struct termios old, quiet;
    bool is_typed = tcgetattr(STDIN_FILENO, &old) == 0;

    if (is_typed) {
        fputs("Password: ", stderr);
        quiet = old;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet); /* then it is seen, and works */
    }
    bool ok = fgets(line, (int)room, stdin) != NULL;
    if (is_typed) {
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
        fputc('\n', stderr);
    }
    if (!ok)
        return error_set(err, ERR_USAGE, "no password came on the standard input");
    line[strcspn(line, "\r\n")] = '\0';
    return g_utf8_validate(line, -1, NULL) ||
           error_set(err, ERR_USAGE, "the password is not UTF-8");
}

static bool set_password(const Site *site, User *user, Error *err)
{
    char line[LONGEST_LINE];

    if (!read_password(line, sizeof line, err))
        return false;
    g_autofree char *hash = account_hash_password(line, err);
    if (!hash)
        return false;
    user->password_hash = hash;
    return account_update(site, user, err);
}

/* --- link ------------------------------------------------------------------------------------ */

/* Where the server of this data folder listens. */
static char *find_address(const UserFlags *flags, Error *err)
{
    g_autofree char *path =
        g_build_filename(flags->data ? flags->data : "./penstock-data", "run", "address", NULL);
    char *text = NULL;

    if (flags->url) {
        g_autofree char *url = g_strdup(flags->url);
        while (g_str_has_suffix(url, "/"))
            url[strlen(url) - 1] = '\0';
        return g_steal_pointer(&url);
    }
    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        (void)error_set(err, ERR_USAGE, "no server has listened here yet: say --external-url");
        return NULL;
    }
    return g_strstrip(text);
}

static bool print_link(const UserFlags *flags, const Site *site, const User *user, Error *err)
{
    g_autofree char *secret = NULL;
    g_autofree char *base = find_address(flags, err);

    if (!base)
        return false;
    if (user->state != USER_ACTIVE)
        return error_set(err, ERR_USAGE, "the user '%s' is blocked", user->username);
    if (!sign_in_link_make(site, user->id, &secret, err))
        return false;
    g_autofree char *url = sign_in_link_url(base, secret);
    printf("%s\n", url);
    return true;
}

/* --- the whole ------------------------------------------------------------------------------- */

static bool run_beside(const UserFlags *flags, char **words, Database *database, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    Clock clock = clock_system();
    Site site = { .database = database, .clock = &clock };
    User user;

    if (!find_user(database, words[1], arena, &user, err))
        return false;
    return strcmp(words[0], "link") == 0 ? print_link(flags, &site, &user, err)
                                         : set_password(&site, &user, err);
}

static bool run(const UserFlags *flags, char **words, Error *err)
{
    g_autofree char *url = flags->database
                               ? g_strdup(flags->database)
                               : g_strdup_printf("sqlite:%s/penstock.db",
                                                 flags->data ? flags->data : "./penstock-data");
    Database *database = store_open_beside(url, err);

    if (!database)
        return false;
    bool ok = run_beside(flags, words, database, err);
    database_close(database);
    return ok;
}

int cmd_user(char **argv)
{
    g_auto(Error) err = ERROR_INIT;
    UserFlags flags = { 0 };
    char *words[3] = { NULL };

    bool ok = parse(&flags, argv, words, &err) && run(&flags, words, &err);
    g_free(flags.data);
    g_free(flags.database);
    g_free(flags.url);
    return ok ? EXIT_DONE : cli_wrong_use(error_text(&err));
}
