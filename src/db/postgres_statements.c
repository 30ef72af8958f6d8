/* postgres_statements.c - prepares, binds and runs.
 *
 * Arguments go as text with their types declared, so that a parameter means the same wherever it
 * stands; answers come as text.  Many rows of arguments go out together (pipeline mode), in flights
 * small enough that the answers fit into the socket's buffers while we still send.
 */
#include "db/postgres_statements.h"

#include "db/postgres_errors.h"
#include "db/statement_cache.h"

#include <string.h>

enum { FLIGHT = 128, NAME_SIZE = 24, NUMBER_SIZE = 32 };

/* PostgreSQL's catalog/pg_type.dat */
enum { OID_UNKNOWN = 0, OID_BYTEA = 17, OID_INT8 = 20, OID_TEXT = 25, OID_FLOAT8 = 701 };

struct PostgresStatements {
    PGconn *pg; /* NULL: closing, which forgets all of them */
    StatementCache *cache;
    uint64_t n_prepared; /* for their names */
};

typedef struct Prepared {
    CachedStatement cached;
    char name[NAME_SIZE];
    int n_params;
} Prepared;

/* --- preparing ------------------------------------------------------------------------------- */

static void drop(CachedStatement *cached, void *data)
{
    PGconn *pg = ((PostgresStatements *)data)->pg;
    Prepared *prepared = (Prepared *)cached;

    /* In a transaction that has failed already it could not be told; the name is not used again. */
    if (PQstatus(pg) == CONNECTION_OK && PQtransactionStatus(pg) != PQTRANS_INERROR) {
        g_autofree char *sql = g_strconcat("DEALLOCATE ", prepared->name, NULL);
        PQclear(PQexec(pg, sql));
    }
    g_free(prepared);
}

PostgresStatements *postgres_statements_new(PGconn *pg)
{
    PostgresStatements *statements = g_new0(PostgresStatements, 1);

    statements->pg = pg;
    statements->cache = statement_cache_new(drop, statements);
    return statements;
}

void postgres_statements_free(PostgresStatements *statements)
{
    if (!statements)
        return;
    statements->pg = NULL;
    statement_cache_free(statements->cache);
    g_free(statements);
}

/* @sql with what stands in double braces, without the braces. */
static char *with_braced(const char *sql)
{
    GString *out = g_string_new(sql);

    g_string_replace(out, "{{", "", 0);
    g_string_replace(out, "}}", "", 0);
    return g_string_free(out, FALSE);
}

/* The greatest N of its $N; our constants hold no dollar sign. */
static int count_params(const char *sql)
{
    int n = 0;

    for (const char *c = sql; (c = strchr(c, '$')) != NULL; c++)
        n = MAX(n, (int)g_ascii_strtoll(c + 1, NULL, 10));
    return n;
}

static Oid oid_of(DbType type)
{
    switch (type) {
    case DB_TYPE_INT:
        return OID_INT8;
    case DB_TYPE_DOUBLE:
        return OID_FLOAT8;
    case DB_TYPE_TEXT:
        return OID_TEXT;
    case DB_TYPE_BYTES:
        return OID_BYTEA;
    case DB_TYPE_NULL:
    case DB_END:
        return OID_UNKNOWN;
    }
    g_return_val_if_reached(OID_UNKNOWN);
}

static bool check_args(const char *sql, int n_params, const DbArg *args, Error *err)
{
    for (int i = 0; i < n_params; i++) {
        if (args[i].type == DB_END)
            return error_set(err, ERR_INTERNAL, "no argument for $%d of: %s", i + 1, sql);
    }
    return true;
}

static Prepared *prepare(PostgresStatements *statements, const char *sql, const DbArg *args,
                         Error *err)
{
    g_autofree char *own = strstr(sql, "{{") ? with_braced(sql) : NULL;
    int n_params = count_params(sql);
    g_autofree Oid *types = g_new0(Oid, n_params + 1);
    char name[NAME_SIZE];

    if (!check_args(sql, n_params, args, err))
        return NULL;
    for (int i = 0; i < n_params; i++)
        types[i] = oid_of(args[i].type);
    g_snprintf(name, sizeof name, "s%" G_GUINT64_FORMAT, ++statements->n_prepared);
    PGresult *result = PQprepare(statements->pg, name, own ? own : sql, n_params, types);
    bool ok = PQresultStatus(result) == PGRES_COMMAND_OK;
    if (!ok)
        postgres_error(statements->pg, result, err);
    PQclear(result);
    if (!ok)
        return NULL;
    Prepared *prepared = g_new0(Prepared, 1);
    memcpy(prepared->name, name, sizeof name);
    prepared->n_params = n_params;
    statement_cache_add(statements->cache, sql, &prepared->cached);
    return prepared;
}

static Prepared *get(PostgresStatements *statements, const char *sql, const DbArg *args, Error *err)
{
    CachedStatement *cached = statement_cache_find(statements->cache, sql);

    return cached ? (Prepared *)cached : prepare(statements, sql, args, err);
}

/* --- binding --------------------------------------------------------------------------------- */

/* As libpq wants them: arrays, one block of memory. */
typedef struct Params {
    const char **values;
    int *lengths;
    int *formats;
    char (*numbers)[NUMBER_SIZE];
} Params;

static void params_clear(Params *params)
{
    g_free(params->values);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Params, params_clear)

static Params params_new(int n)
{
    size_t size = sizeof(char *) + 2 * sizeof(int) + NUMBER_SIZE;
    char *block = g_malloc0((size_t)MAX(n, 1) * size);

    return (Params){ .values = (const char **)(void *)block,
                     .lengths = (int *)(void *)(block + (size_t)n * sizeof(char *)),
                     .formats = (int *)(void *)(block + (size_t)n * (sizeof(char *) + sizeof(int))),
                     .numbers = (char(*)[NUMBER_SIZE])(
                         block + (size_t)n * (sizeof(char *) + 2 * sizeof(int))) };
}

static void set_param(Params *params, int i, const DbArg *arg)
{
    params->values[i] = NULL;
    params->formats[i] = 0;
    if (arg->is_null)
        return;
    switch (arg->type) {
    case DB_TYPE_INT:
        g_snprintf(params->numbers[i], NUMBER_SIZE, "%" G_GINT64_FORMAT, arg->i);
        params->values[i] = params->numbers[i];
        return;
    case DB_TYPE_DOUBLE:
        params->values[i] = g_ascii_dtostr(params->numbers[i], NUMBER_SIZE, arg->d);
        return;
    case DB_TYPE_TEXT:
        params->values[i] = arg->p;
        return;
    case DB_TYPE_BYTES:
        /* A NULL pointer would be SQL NULL; no bytes are still bytes. */
        params->values[i] = arg->n ? arg->p : "";
        params->lengths[i] = (int)arg->n;
        params->formats[i] = 1;
        return;
    case DB_TYPE_NULL:
    case DB_END:
        return;
    }
}

static void set_params(Params *params, int n, const DbArg *args)
{
    for (int i = 0; i < n; i++)
        set_param(params, i, &args[i]);
}

/* --- running --------------------------------------------------------------------------------- */

static bool is_good(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);

    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

PGresult *postgres_statement_run(PostgresStatements *statements, const char *sql, const DbArg *args,
                                 Error *err)
{
    Prepared *prepared = get(statements, sql, args, err);

    if (!prepared || !check_args(sql, prepared->n_params, args, err))
        return NULL;
    g_auto(Params) params = params_new(prepared->n_params);
    set_params(&params, prepared->n_params, args);
    PGresult *result = PQexecPrepared(statements->pg, prepared->name, prepared->n_params,
                                      params.values, params.lengths, params.formats, 0);
    if (is_good(result))
        return result;
    postgres_error(statements->pg, result, err);
    PQclear(result);
    return NULL;
}

int64_t postgres_int(const char *text)
{
    return text[0] == 't' ? 1 : g_ascii_strtoll(text, NULL, 10);
}

static bool take_value(const PGresult *result, int64_t *value, Error *err)
{
    if (PQntuples(result) < 1 || PQnfields(result) < 1)
        return error_set(err, ERR_NO_RECORD, NULL);
    *value = postgres_int(PQgetvalue(result, 0, 0));
    return true;
}

static bool send_flight(PostgresStatements *statements, const Prepared *prepared,
                        const DbArg *const *rows, size_t n, Error *err)
{
    PGconn *pg = statements->pg;
    g_auto(Params) params = params_new(prepared->n_params);

    for (size_t i = 0; i < n; i++) {
        if (!check_args(prepared->cached.sql, prepared->n_params, rows[i], err))
            return false;
        set_params(&params, prepared->n_params, rows[i]);
        if (!PQsendQueryPrepared(pg, prepared->name, prepared->n_params, params.values,
                                 params.lengths, params.formats, 0))
            return postgres_error(pg, NULL, err);
    }
    return PQpipelineSync(pg) || postgres_error(pg, NULL, err);
}

/* Everything up to the answer to our sync, also after a failure: the connection is in step again
 * then. */
static bool read_flight(PGconn *pg, size_t n, int64_t *values, Error *err)
{
    bool ok = true;
    size_t i = 0;

    for (;;) {
        PGresult *result = PQgetResult(pg);
        ExecStatusType status = PQresultStatus(result);
        if (!result && PQstatus(pg) == CONNECTION_OK)
            continue; /* between two statements */
        if (ok && result && is_good(result))
            ok = !values || i >= n || take_value(result, &values[i], err);
        else if (ok && status != PGRES_PIPELINE_SYNC)
            ok = postgres_error(pg, result, err);
        i++;
        PQclear(result);
        if (!result || status == PGRES_PIPELINE_SYNC)
            return ok;
    }
}

static bool run_flights(PostgresStatements *statements, const Prepared *prepared,
                        const DbArg *const *rows, size_t n, int64_t *values, Error *err)
{
    for (size_t i = 0; i < n; i += FLIGHT) {
        size_t size = MIN(n - i, FLIGHT);
        if (!send_flight(statements, prepared, rows + i, size, err) ||
            !read_flight(statements->pg, size, values ? values + i : NULL, err))
            return false;
    }
    return true;
}

bool postgres_statement_run_each(PostgresStatements *statements, const char *sql,
                                 const DbArg *const *rows, size_t n, int64_t *values, Error *err)
{
    if (n == 0)
        return true;
    Prepared *prepared = get(statements, sql, rows[0], err);
    if (!prepared)
        return false;
    if (!PQenterPipelineMode(statements->pg))
        return postgres_error(statements->pg, NULL, err);
    bool ok = run_flights(statements, prepared, rows, n, values, err);
    (void)PQexitPipelineMode(statements->pg); /* fails only where the connection is lost */
    return ok;
}
