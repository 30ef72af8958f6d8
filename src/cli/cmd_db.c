/* cmd_db.c - `penstock db`: where the database stands, migrating it, moving it to another.
 *
 * status looks only; migrate and copy are for an installation that is stopped.
 */
#include "cli/cli.h"
#include "db/copy.h"
#include "store/schema.h"

#include <stdio.h>
#include <string.h>

typedef struct DbFlags {
    char *data;
    char *database;
    char *from;
    char *to;
} DbFlags;

typedef struct DbVerb {
    const char *name;
    bool two; /* --from and --to, and not --data or --database */
    bool (*run)(const DbFlags *flags, int *status, Error *err);
} DbVerb;

/* The server's own default. */
static char *url_of(const DbFlags *flags)
{
    if (flags->database)
        return g_strdup(flags->database);
    return g_strdup_printf("sqlite:%s/penstock.db", flags->data ? flags->data : "./penstock-data");
}

/* --- status ---------------------------------------------------------------------------------- */

static bool print_status(const DatabaseSchema *schema, int *status, Error *err)
{
    printf("schema:   %" G_GINT64_FORMAT "\n", schema->version);
    printf("program:  knows %" G_GINT64_FORMAT "\n", schema->known);
    if (schema->version > schema->known)
        return error_set(err, ERR_USAGE, "a newer version of Penstock has used this database");
    if (schema->version == schema->known) {
        printf("up to date\n");
        return true;
    }
    for (size_t i = 0; i < schema_n_migrations; i++)
        if (schema_migrations[i].version > schema->version)
            printf("missing:  %s\n", schema_migrations[i].name);
    printf("%s\n", schema->version ? "stop the servers that use it, then run `penstock db migrate`"
                                   : "empty: the first start of a server, or `penstock db migrate`,"
                                     " makes the tables");
    *status = EXIT_FAILED;
    return true;
}

static bool run_status(const DbFlags *flags, int *status, Error *err)
{
    g_autofree char *url = url_of(flags);
    g_autofree char *shown = database_shown(url, err);
    DatabaseOptions options = store_options(url);
    DatabaseSchema schema;

    if (!shown)
        return false;
    printf("database: %s\n", shown);
    return database_schema(&options, &schema, err) && print_status(&schema, status, err);
}

/* --- migrate --------------------------------------------------------------------------------- */

static bool run_migrate(const DbFlags *flags, int *status, Error *err)
{
    g_autofree char *url = url_of(flags);
    g_autofree char *shown = database_shown(url, err);
    DatabaseOptions options = store_options(url);
    DatabaseSchema before;

    if (!shown || !database_migrate(&options, &before, err))
        return false;
    if (before.version == before.known)
        printf("%s: up to date, schema %" G_GINT64_FORMAT "\n", shown, before.known);
    else
        printf("%s: migrated from schema %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT "\n", shown,
               before.version, before.known);
    return true;
}

/* --- copy ------------------------------------------------------------------------------------ */

typedef struct Totals {
    int n_tables;
    int64_t n_rows;
} Totals;

static void print_table(const DatabaseCopied *copied, void *data)
{
    Totals *totals = data;

    totals->n_tables++;
    totals->n_rows += copied->n_rows;
    printf("%-20s %12" G_GINT64_FORMAT " rows  %s\n", copied->table, copied->n_rows,
           copied->checksum);
    (void)fflush(stdout); /* a copy takes its time: whoever watches sees it go on */
}

static bool run_copy(const DbFlags *flags, int *status, Error *err)
{
    g_autofree char *from = database_shown(flags->from, err);
    g_autofree char *to = from ? database_shown(flags->to, err) : NULL;
    DatabaseOptions source = store_options(flags->from);
    DatabaseOptions target = store_options(flags->to);
    Totals totals = { 0 };

    if (!to)
        return false;
    printf("copying %s to %s\n", from, to);
    (void)fflush(stdout);
    if (!database_copy(&source, &target, print_table, &totals, err))
        return false;
    printf("copied and compared: %d tables, %" G_GINT64_FORMAT " rows\n", totals.n_tables,
           totals.n_rows);
    printf(
        "\nThe rest of the installation stays where it is and belongs to the new database as it\n"
        "did to the old one: secret.key (without which nothing sealed can be read), the\n"
        "repositories, the logs and the artifacts in the data folder (and in --shared, if it is\n"
        "set).  Start the server with the same folders and --database %s.\n"
        "Do not start one on the old database again.\n",
        to);
    return true;
}

/* --- the command ----------------------------------------------------------------------------- */

static const DbVerb verbs[] = {
    { "status", false, run_status },
    { "migrate", false, run_migrate },
    { "copy", true, run_copy },
};

static bool parse(DbFlags *flags, char **argv, const DbVerb **verb, Error *err)
{
    const GOptionEntry entries[] = {
        { "data", 0, 0, G_OPTION_ARG_FILENAME, &flags->data,
          "status, migrate: the data folder [./penstock-data]", "DIR" },
        { "database", 0, 0, G_OPTION_ARG_STRING, &flags->database,
          "status, migrate: the database (default: SQLite in the data folder)", "URL" },
        { "from", 0, 0, G_OPTION_ARG_STRING, &flags->from,
          "copy: the database of a stopped installation, sqlite:PATH or postgresql://...", "URL" },
        { "to", 0, 0, G_OPTION_ARG_STRING, &flags->to, "copy: an empty database of either kind",
          "URL" },
        { NULL }
    };
    char *words[1];

    if (!cli_parse_options("db", entries, argv, words, 1, err))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(verbs) && words[0]; i++)
        if (strcmp(words[0], verbs[i].name) == 0)
            *verb = &verbs[i];
    if (!*verb)
        return error_set(err, ERR_USAGE,
                         "db wants one of status, migrate, copy; see penstock db"
                         " --help");
    if ((*verb)->two && (!flags->from || !flags->to))
        return error_set(err, ERR_USAGE, "db copy wants --from and --to");
    if ((*verb)->two ? flags->data || flags->database : flags->from || flags->to)
        return error_set(err, ERR_USAGE, "db %s takes no %s", (*verb)->name,
                         (*verb)->two ? "--data or --database" : "--from or --to");
    return true;
}

int cmd_db(char **argv)
{
    g_auto(Error) err = ERROR_INIT;
    DbFlags flags = { 0 };
    const DbVerb *verb = NULL;
    int status = EXIT_DONE;

    if (!parse(&flags, argv, &verb, &err) || !verb->run(&flags, &status, &err)) {
        (void)fflush(stdout); /* what was said before comes before the error */
        cli_wrong_use(error_text(&err));
        bool refused = err.code == ERR_USAGE || err.code == ERR_UNAVAILABLE;
        status = refused ? EXIT_WRONG_USE : EXIT_FAILED;
    }
    char *const texts[] = { flags.data, flags.database, flags.from, flags.to };
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
    return status;
}
