/* Every statement that the other tests ran is explained: none may walk through a table that grows
 * with use. */
#include "store/test_world.h"

/* What may be walked through: tables of a size that an administrator decides, and the tables that
 * a statement makes for itself. */
static const char *const may_scan[] = {
    "users",  "n",           "namespaces", "p",        "projects", "r",     "runners",
    "t",      "open_pushes", "mine",       "below",    "up",       "above", "found",
    "ranked", "levels",      "counted",    "CONSTANT", NULL,
};

/* Indexes that hold only the few rows that a condition leaves. */
static const char *const short_indexes[] = { "jobs_in_flight", "jobs_by_confirm",
                                             "pipelines_unfinished", "schedule_ticks_open", NULL };

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

static int explain(Db *db, const char *sql)
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

static void no_statement_walks_through_a_growing_table(void)
{
    g_autoptr(Db) db = database_reader(test_database());
    g_autofree gpointer *statements = g_hash_table_get_keys_as_array(known_statements(), NULL);
    int n_bad = 0;
    int n = 0;

    database_observe(test_database(), NULL, NULL);
    for (; statements[n]; n++)
        n_bad += explain(db, statements[n]);
    g_assert_cmpint(n, >, 100);
    g_assert_cmpint(n_bad, ==, 0);
}

void add_explain_test(void)
{
    g_test_add_func("/store/explain/no-walk-through-a-growing-table",
                    no_statement_walks_through_a_growing_table);
}
