/* Every statement that the other tests ran is explained: none may walk through a table that grows
 * with use. */
#include "store/test_world.h"

#include <libpq-fe.h>
#include <string.h>

/* What may be walked through: tables of a size that an administrator decides, and the tables that
 * a statement makes for itself. */
static const char *const may_scan[] = {
    "users",  "n",       "namespaces", "p",           "projects",
    "r",      "runners", "t",          "open_pushes", "mine",
    "below",  "up",      "above",      "found",       "ranked",
    "levels", "counted", "CONSTANT",   "servers",     "access_tokens",
    "held",   "taken",   "k",          "job_queues",  NULL,
};

/* Indexes that hold only the few rows that a condition leaves. */
static const char *const short_indexes[] = { "jobs_in_flight",
                                             "jobs_by_confirm",
                                             "pipelines_unfinished",
                                             "schedule_ticks_open",
                                             "backfills_at_work",
                                             "ci_variables_of_instance",
                                             "ci_variables_instance_list",
                                             "downstream_work_by_time",
                                             "jobs_waiting_for_resource",
                                             "jobs_queue",
                                             NULL };

/* What only a test says. */
static bool is_a_query(const char *sql)
{
    return !g_str_has_prefix(sql, "SAVEPOINT") && !g_str_has_prefix(sql, "ROLLBACK");
}

/* --- SQLite ---------------------------------------------------------------------------------- */

typedef struct Step {
    int64_t id;
    int64_t parent;
    int64_t unused;
    const char *detail;
} Step;

static const Column step_columns[] = { COL_INT(Step, id), COL_INT(Step, parent),
                                       COL_INT(Step, unused), COL_TEXT(Step, detail), COL_END };

static bool is_allowed(const char *detail)
{
    g_auto(GStrv) words = g_strsplit(detail, " ", -1);

    if (!g_str_equal(words[0], "SCAN"))
        return true;
    /* "(subquery-4)", and the parts s0, s1... of a list by status. */
    if (words[1][0] == '(' || (words[1][0] == 's' && g_ascii_isdigit(words[1][1])))
        return true;
    if (g_strv_contains(may_scan, words[1]))
        return true;
    for (char **word = words; *word; word++) {
        if (g_strv_contains(short_indexes, *word))
            return true;
    }
    return false;
}

static int explain_on_sqlite(Db *db, const char *sql)
{
    g_autoptr(Arena) arena = arena_new();
    g_autofree char *explain_sql = g_strconcat("EXPLAIN QUERY PLAN ", sql, NULL);
    g_auto(Error) err = ERROR_INIT;
    DbArg args[65];
    Step *steps;
    size_t n;
    int n_bad = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(args); i++)
        args[i] = i + 1 < G_N_ELEMENTS(args) ? DB_NULL : (DbArg){ .type = DB_END };
    if (!db_select(db, arena, step_columns, sizeof(Step), explain_sql, args, (void **)&steps, &n,
                   &err))
        g_error("%s: %s", error_text(&err), sql);
    for (size_t i = 0; i < n; i++) {
        if (!is_allowed(steps[i].detail)) {
            g_test_message("%s\n    %s", steps[i].detail, sql);
            n_bad++;
        }
    }
    return n_bad;
}

/* --- PostgreSQL ------------------------------------------------------------------------------ */

static PGresult *run(PGconn *pg, const char *sql)
{
    PGresult *result = PQexec(pg, sql);

    if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
        g_error("%s: %s", PQerrorMessage(pg), sql);
    return result;
}

/* The name of the table that this step of a plan walks through; NULL: none. */
static char *scanned(const char *step)
{
    static const char words[] = "Seq Scan on ";
    const char *at = strstr(step, words);

    return at ? g_strndup(at + strlen(words), strcspn(at + strlen(words), " ")) : NULL;
}

/* "s(NULL, NULL)", with as many as the statement has. */
static char *execution(PGconn *pg)
{
    g_autoptr(GString) text = g_string_new("EXPLAIN (COSTS OFF) EXECUTE s");
    PGresult *described = PQdescribePrepared(pg, "s");

    for (int i = 0; i < PQnparams(described); i++)
        g_string_append(text, i == 0 ? "(NULL" : ", NULL");
    g_string_append(text, PQnparams(described) > 0 ? ")" : "");
    PQclear(described);
    return g_strdup(text->str);
}

static int explain_on_postgres(PGconn *pg, const char *sql, const char *types)
{
    g_autoptr(GString) own = g_string_new(NULL);
    int n_bad = 0;

    g_string_printf(own, *types ? "PREPARE s (%s) AS %s" : "PREPARE s%s AS %s", types, sql);
    g_string_replace(own, "{{", "", 0);
    g_string_replace(own, "}}", "", 0);
    PQclear(run(pg, own->str));
    g_autofree char *explain_sql = execution(pg);
    PGresult *plan = run(pg, explain_sql);
    for (int i = 0; i < PQntuples(plan); i++) {
        g_autofree char *table = scanned(PQgetvalue(plan, i, 0));
        if (table && !g_strv_contains(may_scan, table)) {
            g_test_message("%s\n    %s", PQgetvalue(plan, i, 0), sql);
            n_bad++;
        }
    }
    PQclear(plan);
    PQclear(run(pg, "DEALLOCATE s"));
    return n_bad;
}

/* --- both ------------------------------------------------------------------------------------ */

/* A plan for whatever arguments may come; of the small tables of a test, too, by index where there
 * is one. */
static PGconn *connect_for_plans(const char *url)
{
    PGconn *pg = PQconnectdb(url);

    PQclear(run(pg, "SET enable_seqscan = off"));
    PQclear(run(pg, "SET plan_cache_mode = force_generic_plan"));
    return pg;
}

static void no_statement_walks_through_a_growing_table(const void *data)
{
    TestDatabaseKind kind = (TestDatabaseKind)GPOINTER_TO_INT(data);
    g_autoptr(Db) db = database_reader(test_database(kind));
    PGconn *pg = kind == TEST_POSTGRES ? connect_for_plans(test_url(kind)) : NULL;
    GHashTableIter statements;
    gpointer sql, types;
    int n_bad = 0;

    database_observe(test_database(kind), NULL, NULL);
    g_hash_table_iter_init(&statements, known_statements(kind));
    while (g_hash_table_iter_next(&statements, &sql, &types))
        if (is_a_query(sql))
            n_bad += pg ? explain_on_postgres(pg, sql, types) : explain_on_sqlite(db, sql);
    PQfinish(pg);
    g_assert_cmpuint(g_hash_table_size(known_statements(kind)), >, 100);
    g_assert_cmpint(n_bad, ==, 0);
}

void add_explain_test(TestDatabaseKind kind)
{
    g_autofree char *path = g_strdup_printf("/store/%s/explain/no-walk-through-a-growing-table",
                                            test_database_names[kind]);

    g_test_add_data_func(path, GINT_TO_POINTER((int)kind),
                         no_statement_walks_through_a_growing_table);
}
