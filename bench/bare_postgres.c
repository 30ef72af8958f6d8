/* bare_postgres.c - how fast libpq in its best form commits a recipe's rows: the limit of creating
 * pipelines on PostgreSQL.
 *
 *   bare-postgres URL RECIPE SECONDS CONNECTIONS BEFORE
 *
 * One thread a connection.  A pipeline is one transaction and one round trip: pipeline mode, prepared
 * statements, and ids that the round trip before has fetched.  Durability as the server is set up.
 * BEFORE: pipelines that earlier runs wrote.  Prints those of this run and the seconds they took.
 */
#include "recipe.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_SIZE = 32 };

/* Shared by all connections. */
typedef struct Bare {
    const char *url;
    const Recipe *recipe;
    double seconds;
    gint64 start;
    gint next; /* pipelines begun so far, by earlier runs too */
    size_t max_values;
} Bare;

typedef struct Connection {
    Bare *bare;
    PGconn *conn;
    char (*ids)[NUMBER_SIZE]; /* of the rows to be inserted next, by statement */
    const char **values;      /* of one statement */
    char (*numbers)[NUMBER_SIZE];
    gint64 written;
    gint64 end;
} Connection;

static void fail(const Connection *c, const char *what)
{
    fprintf(stderr, "bare-postgres: %s: %s", what, PQerrorMessage(c->conn));
    exit(1);
}

/* A result with what was asked for; the caller clears it. */
static PGresult *expect(const Connection *c, PGresult *result, const char *what)
{
    ExecStatusType status = PQresultStatus(result);

    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_PIPELINE_SYNC)
        fail(c, what);
    return result;
}

/* --- statements ---------------------------------------------------------------------------------- */

static void prepare(const Connection *c, const char *name, const char *sql)
{
    PQclear(expect(c, PQprepare(c->conn, name, sql, 0, NULL), sql));
}

/* SELECT of one new id for each row of a pipeline. */
static void prepare_ids(const Connection *c)
{
    g_autoptr(GString) sql = g_string_new("SELECT ");
    const Recipe *recipe = c->bare->recipe;

    for (size_t i = 0; i < recipe->n_statements; i++) {
        const char *table = recipe->statements[i].table;
        if (!table)
            continue;
        PGresult *sequence = expect(c,
                                    PQexecParams(c->conn, "SELECT pg_get_serial_sequence($1, 'id')",
                                                 1, NULL, &table, NULL, NULL, 0),
                                    table);
        g_string_append_printf(sql, "%snextval('%s')", sql->len > strlen("SELECT ") ? ", " : "",
                               PQgetvalue(sequence, 0, 0));
        PQclear(sequence);
    }
    prepare(c, "ids", sql->str);
}

static void prepare_all(const Connection *c)
{
    const Recipe *recipe = c->bare->recipe;

    for (size_t i = 0; i < recipe->n_statements; i++) {
        char name[NUMBER_SIZE];
        g_snprintf(name, sizeof name, "s%zu", i);
        prepare(c, name, recipe->statements[i].sql);
    }
    prepare_ids(c);
}

static void keep_ids(Connection *c, const PGresult *ids)
{
    const Recipe *recipe = c->bare->recipe;
    int column = 0;

    for (size_t i = 0; i < recipe->n_statements; i++)
        if (recipe->statements[i].table)
            g_strlcpy(c->ids[i], PQgetvalue(ids, 0, column++), NUMBER_SIZE);
}

/* --- one pipeline -------------------------------------------------------------------------------- */

static const char *text_of(Connection *c, const RecipeValue *value, size_t i, gint64 pipeline)
{
    char *number = c->numbers[i];

    switch (value->kind) {
    case VALUE_NULL:
        return NULL;
    case VALUE_INT:
        g_snprintf(number, NUMBER_SIZE, "%" G_GINT64_FORMAT, value->number);
        return number;
    case VALUE_DOUBLE:
        return g_ascii_dtostr(number, NUMBER_SIZE, value->real);
    case VALUE_TEXT:
        return value->text;
    case VALUE_ROW:
        return c->ids[value->number];
    case VALUE_NEXT:
        g_snprintf(number, NUMBER_SIZE, "%" G_GINT64_FORMAT, value->number + pipeline);
        return number;
    }
    g_assert_not_reached();
}

static void send_pipeline(Connection *c)
{
    const Recipe *recipe = c->bare->recipe;
    gint64 pipeline = g_atomic_int_add(&c->bare->next, 1);

    for (size_t i = 0; i < recipe->n_statements; i++) {
        const RecipeStatement *statement = &recipe->statements[i];
        char name[NUMBER_SIZE];
        g_snprintf(name, sizeof name, "s%zu", i);
        for (size_t k = 0; k < statement->n_values; k++)
            c->values[k] = text_of(c, &statement->values[k], k, pipeline);
        if (!PQsendQueryPrepared(c->conn, name, (int)statement->n_values, c->values, NULL, NULL, 0))
            fail(c, "send");
    }
    /* Without a BEGIN all up to the sync is one transaction. */
    if (!PQsendQueryPrepared(c->conn, "ids", 0, NULL, NULL, NULL, 0) || !PQpipelineSync(c->conn))
        fail(c, "send");
}

static void receive_pipeline(Connection *c)
{
    size_t n_statements = c->bare->recipe->n_statements;

    for (size_t i = 0; i <= n_statements; i++) {
        PGresult *result = expect(c, PQgetResult(c->conn), "statement");
        if (i == n_statements)
            keep_ids(c, result);
        PQclear(result);
        if (PQgetResult(c->conn)) /* NULL ends each statement's results */
            fail(c, "more than one result");
    }
    PQclear(expect(c, PQgetResult(c->conn), "commit"));
    c->written++;
}

/* --- the whole ----------------------------------------------------------------------------------- */

static void open_connection(Connection *c, Bare *bare)
{
    c->bare = bare;
    c->conn = PQconnectdb(bare->url);
    if (PQstatus(c->conn) != CONNECTION_OK)
        fail(c, "connect");
    c->ids = g_malloc0_n(bare->recipe->n_statements, NUMBER_SIZE);
    c->numbers = g_malloc0_n(bare->max_values, NUMBER_SIZE);
    c->values = g_new0(const char *, bare->max_values);
    prepare_all(c);
    PGresult *ids =
        expect(c, PQexecPrepared(c->conn, "ids", 0, NULL, NULL, NULL, 0), "the first ids");
    keep_ids(c, ids);
    PQclear(ids);
    if (!PQenterPipelineMode(c->conn))
        fail(c, "pipeline mode");
}

static void close_connection(Connection *c)
{
    PQfinish(c->conn);
    g_free(c->ids);
    g_free(c->numbers);
    g_free(c->values);
}

static void *write_pipelines(void *data)
{
    Connection *c = data;
    gint64 until = c->bare->start + (gint64)(c->bare->seconds * G_USEC_PER_SEC);

    while ((c->end = g_get_monotonic_time()) < until) {
        send_pipeline(c);
        receive_pipeline(c);
    }
    return NULL;
}

static void run_all(Bare *bare, Connection *connections, size_t n)
{
    g_autofree GThread **threads = g_new(GThread *, n);

    bare->start = g_get_monotonic_time();
    for (size_t i = 0; i < n; i++)
        threads[i] = g_thread_new("connection", write_pipelines, &connections[i]);
    for (size_t i = 0; i < n; i++)
        g_thread_join(threads[i]);
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "Usage: bare-postgres URL RECIPE SECONDS CONNECTIONS BEFORE\n");
        return 2;
    }
    g_autoptr(Recipe) recipe = recipe_load(argv[2]);
    Bare bare = { .url = argv[1],
                  .recipe = recipe,
                  .seconds = atof(argv[3]),
                  .max_values = 1,
                  .next = atoi(argv[5]) };
    size_t n = (size_t)CLAMP(atoi(argv[4]), 1, 1000);
    g_autofree Connection *connections = g_new0(Connection, n);
    gint64 written = 0;
    gint64 end = 0;

    for (size_t i = 0; i < recipe->n_statements; i++)
        bare.max_values = MAX(bare.max_values, recipe->statements[i].n_values);
    for (size_t i = 0; i < n; i++)
        open_connection(&connections[i], &bare);
    run_all(&bare, connections, n);
    for (size_t i = 0; i < n; i++) {
        written += connections[i].written;
        end = MAX(end, connections[i].end);
        close_connection(&connections[i]);
    }
    printf("%" G_GINT64_FORMAT " %.6f\n", written, (double)(end - bare.start) / G_USEC_PER_SEC);
    return 0;
}
