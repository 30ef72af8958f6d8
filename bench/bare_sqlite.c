/* bare_sqlite.c - how fast SQLite itself commits a recipe's rows: the limit of creating pipelines.
 *
 *   bare-sqlite DATABASE RECIPE SECONDS PIPELINES_A_COMMIT BEFORE
 *
 * One thread, prepared statements, WAL, full sync, foreign keys checked, SQLite's own checkpoints.
 * BEFORE: pipelines that earlier runs wrote.  Prints those of this run and the seconds they took.
 */
#include "recipe.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct Bare {
    sqlite3 *db;
    const Recipe *recipe;
    sqlite3_stmt **statements; /* of the recipe's, in its order */
    sqlite3_int64 *ids;        /* of the rows that they inserted last */
    sqlite3_stmt *begin, *commit;
    int64_t written; /* by earlier runs too */
} Bare;

static void check(const Bare *bare, int code)
{
    if (code == SQLITE_OK || code == SQLITE_DONE)
        return;
    fprintf(stderr, "bare-sqlite: %s\n", sqlite3_errmsg(bare->db));
    exit(1);
}

static sqlite3_stmt *prepare(const Bare *bare, const char *sql)
{
    sqlite3_stmt *stmt = NULL;

    check(bare, sqlite3_prepare_v3(bare->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL));
    return stmt;
}

static void run(const Bare *bare, sqlite3_stmt *stmt)
{
    check(bare, sqlite3_step(stmt));
    check(bare, sqlite3_reset(stmt));
}

static void bind(const Bare *bare, size_t statement, size_t value)
{
    const RecipeValue *v = &bare->recipe->statements[statement].values[value];
    sqlite3_stmt *stmt = bare->statements[statement];
    int i = (int)value + 1;

    switch (v->kind) {
    case VALUE_NULL:
        return check(bare, sqlite3_bind_null(stmt, i));
    case VALUE_INT:
        return check(bare, sqlite3_bind_int64(stmt, i, v->number));
    case VALUE_DOUBLE:
        return check(bare, sqlite3_bind_double(stmt, i, v->real));
    case VALUE_TEXT:
        return check(bare, sqlite3_bind_text(stmt, i, v->text, -1, SQLITE_STATIC));
    case VALUE_ROW:
        if ((size_t)v->number == statement)
            return check(bare, sqlite3_bind_null(stmt, i)); /* SQLite numbers it */
        return check(bare, sqlite3_bind_int64(stmt, i, bare->ids[v->number]));
    case VALUE_NEXT:
        return check(bare, sqlite3_bind_int64(stmt, i, v->number + bare->written));
    }
}

static void write_pipeline(Bare *bare)
{
    for (size_t i = 0; i < bare->recipe->n_statements; i++) {
        for (size_t k = 0; k < bare->recipe->statements[i].n_values; k++)
            bind(bare, i, k);
        run(bare, bare->statements[i]);
        bare->ids[i] = sqlite3_last_insert_rowid(bare->db);
    }
    bare->written++;
}

static void open_database(Bare *bare, const char *path)
{
    check(bare,
          sqlite3_open_v2(path, &bare->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL));
    check(bare, sqlite3_exec(bare->db,
                             "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                             "PRAGMA foreign_keys = ON; PRAGMA cache_size = -4096;",
                             NULL, NULL, NULL));
    bare->begin = prepare(bare, "BEGIN IMMEDIATE");
    bare->commit = prepare(bare, "COMMIT");
    bare->statements = g_new0(sqlite3_stmt *, bare->recipe->n_statements);
    bare->ids = g_new0(sqlite3_int64, bare->recipe->n_statements);
    for (size_t i = 0; i < bare->recipe->n_statements; i++)
        bare->statements[i] = prepare(bare, bare->recipe->statements[i].sql);
}

static void close_database(Bare *bare)
{
    for (size_t i = 0; i < bare->recipe->n_statements; i++)
        sqlite3_finalize(bare->statements[i]);
    sqlite3_finalize(bare->begin);
    sqlite3_finalize(bare->commit);
    sqlite3_close(bare->db);
    g_free(bare->statements);
    g_free(bare->ids);
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "Usage: bare-sqlite DATABASE RECIPE SECONDS PIPELINES_A_COMMIT BEFORE\n");
        return 2;
    }
    g_autoptr(Recipe) recipe = recipe_load(argv[2]);
    int64_t before = atoll(argv[5]);
    Bare bare = { .recipe = recipe, .written = before };
    double seconds = atof(argv[3]);
    int batch = atoi(argv[4]);

    open_database(&bare, argv[1]);
    int64_t start = g_get_monotonic_time();
    int64_t now = start;
    for (; now - start < seconds * G_USEC_PER_SEC; now = g_get_monotonic_time()) {
        run(&bare, bare.begin);
        for (int i = 0; i < batch; i++)
            write_pipeline(&bare);
        run(&bare, bare.commit);
    }
    printf("%" G_GINT64_FORMAT " %.6f\n", bare.written - before,
           (double)(now - start) / G_USEC_PER_SEC);
    close_database(&bare);
    return 0;
}
