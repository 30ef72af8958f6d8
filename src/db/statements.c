/* statements.c - runs statements and maps their rows into structs, for every database alike. */
#include "db/db_driver.h"

static bool set_enum(const Column *column, const char *text, int *member, Error *err)
{
    int value = name_value(column->names, text);

    if (value < 0)
        return error_set(err, ERR_DB, "column %s holds \"%s\", which this program does not know",
                         column->name, text ? text : "NULL");
    *member = value;
    return true;
}

/* @member: where in the row; its type is what Column's kind says. */
static bool map_column(const DbDriver *d, DbStatement *statement, int i, const Column *column,
                       Arena *arena, void *member, Error *err)
{
    size_t n;

    switch (column->kind) {
    case COLUMN_INT:
        *(int64_t *)member = d->get_int(statement, i);
        return true;
    case COLUMN_BOOL:
        *(bool *)member = d->get_int(statement, i) != 0;
        return true;
    case COLUMN_DOUBLE:
        *(double *)member = d->get_double(statement, i);
        return true;
    case COLUMN_TEXT: {
        const char *text = d->get_text(statement, i, &n);
        *(const char **)member = arena_strndup(arena, text, n);
        return true;
    }
    case COLUMN_BYTES: {
        const void *bytes = d->get_bytes(statement, i, &n);
        *(DbBytes *)member = (DbBytes){ n ? arena_memdup(arena, bytes, n) : NULL, n };
        return true;
    }
    case COLUMN_ENUM:
        return set_enum(column, d->get_text(statement, i, &n), member, err);
    }
    g_return_val_if_reached(false);
}

static bool map_row(const DbDriver *d, DbStatement *statement, const Column *columns, Arena *arena,
                    void *row, Error *err)
{
    for (int i = 0; columns[i].name; i++) {
        if (!map_column(d, statement, i, &columns[i], arena, (char *)row + columns[i].offset, err))
            return false;
    }
    return true;
}

static bool check_columns(const DbDriver *d, DbStatement *statement, const Column *columns,
                          const char *sql, Error *err)
{
    int n = 0;

    while (columns[n].name)
        n++;
    if (n == d->n_columns(statement))
        return true;
    return error_set(err, ERR_INTERNAL, "%d columns are mapped, %d are selected: %s", n,
                     d->n_columns(statement), sql);
}

/* Of a connection in one statement: something keeps cutting them off. */
enum { MAX_RENEWALS = 5 };

static DbStatement *start(Db *db, const char *sql, const DbArg *args, Error *err)
{
    if (!db->conn) {
        error_set(err, ERR_DB_AWAY, "the database cannot be reached");
        return NULL;
    }
    database_observed(db->database, sql, args);
    DbStatement *statement = db->driver->start(db->conn, sql, args, err);
    /* A read may be asked again: nothing has happened yet. */
    for (int i = 0; !statement && i < MAX_RENEWALS && database_renew(db->database, db); i++) {
        error_clear(err);
        statement = db->driver->start(db->conn, sql, args, err);
    }
    return statement;
}

static bool read_rows(const DbDriver *d, DbStatement *statement, Arena *arena,
                      const Column *columns, size_t row_size, void **items, size_t *n, Error *err)
{
    enum { FIRST_ROWS = 8 };
    char *rows = NULL;
    size_t used = 0;
    size_t room = 0;
    DbStep step;

    while ((step = d->step(statement, err)) == DB_STEP_ROW) {
        if (used == room) {
            size_t more = room ? room * 2 : FIRST_ROWS;
            char *grown = arena_alloc_n(arena, more, row_size);
            if (used)
                memcpy(grown, rows, used * row_size);
            rows = grown;
            room = more;
        }
        if (!map_row(d, statement, columns, arena, rows + used * row_size, err))
            return false;
        used++;
    }
    if (step == DB_STEP_ERROR)
        return false;
    *items = rows;
    *n = used;
    return true;
}

bool db_select(Db *db, Arena *arena, const Column *columns, size_t row_size, const char *sql,
               const DbArg *args, void **items, size_t *n, Error *err)
{
    DbStatement *statement = start(db, sql, args, err);

    if (!statement)
        return false;
    bool ok = check_columns(db->driver, statement, columns, sql, err) &&
              read_rows(db->driver, statement, arena, columns, row_size, items, n, err);
    db->driver->finish(statement);
    return ok;
}

/* After the one row that counts: an INSERT ... RETURNING meets its last checks only here. */
static bool step_once_more(const DbDriver *d, DbStatement *statement, Error *err)
{
    return d->step(statement, err) != DB_STEP_ERROR;
}

static bool step_to_row(const DbDriver *d, DbStatement *statement, Error *err)
{
    switch (d->step(statement, err)) {
    case DB_STEP_ROW:
        return true;
    case DB_STEP_DONE:
        return error_set(err, ERR_NO_RECORD, NULL);
    case DB_STEP_ERROR:
        return false;
    }
    g_return_val_if_reached(false);
}

bool db_get(Db *db, Arena *arena, const Column *columns, const char *sql, const DbArg *args,
            void *row, Error *err)
{
    const DbDriver *d = db->driver;
    DbStatement *statement = start(db, sql, args, err);

    if (!statement)
        return false;
    bool ok = check_columns(d, statement, columns, sql, err) && step_to_row(d, statement, err) &&
              map_row(d, statement, columns, arena, row, err) && step_once_more(d, statement, err);
    d->finish(statement);
    return ok;
}

bool db_get_int(Db *db, const char *sql, const DbArg *args, int64_t *value, Error *err)
{
    const DbDriver *d = db->driver;
    DbStatement *statement = start(db, sql, args, err);

    if (!statement)
        return false;
    bool ok = step_to_row(d, statement, err);
    int64_t found = ok ? d->get_int(statement, 0) : 0;
    ok = ok && step_once_more(d, statement, err);
    d->finish(statement);
    if (ok)
        *value = found;
    return ok;
}

bool db_exec(Db *db, const char *sql, const DbArg *args, int64_t *n_changed, Error *err)
{
    const DbDriver *d = db->driver;
    DbStatement *statement = start(db, sql, args, err);
    DbStep step;

    if (!statement)
        return false;
    do
        step = d->step(statement, err);
    while (step == DB_STEP_ROW);
    if (step == DB_STEP_DONE && n_changed)
        *n_changed = d->n_changed(statement);
    d->finish(statement);
    return step == DB_STEP_DONE;
}

/* One after the other, where a statement is no round trip. */
static bool each_by_itself(Db *db, const char *sql, const DbArg *const *rows, size_t n,
                           int64_t *values, Error *err)
{
    for (size_t i = 0; i < n; i++) {
        bool ok = values ? db_get_int(db, sql, rows[i], &values[i], err)
                         : db_exec(db, sql, rows[i], NULL, err);
        if (!ok)
            return false;
    }
    return true;
}

static bool run_each(Db *db, const char *sql, const DbArg *const *rows, size_t n, int64_t *values,
                     Error *err)
{
    if (!db->conn || !db->driver->each || n < 2)
        return each_by_itself(db, sql, rows, n, values, err);
    for (size_t i = 0; i < n; i++)
        database_observed(db->database, sql, rows[i]);
    return db->driver->each(db->conn, sql, rows, n, values, err);
}

bool db_exec_each(Db *db, const char *sql, const DbArg *const *rows, size_t n, Error *err)
{
    return run_each(db, sql, rows, n, NULL, err);
}

bool db_get_int_each(Db *db, const char *sql, const DbArg *const *rows, size_t n, int64_t *values,
                     Error *err)
{
    return run_each(db, sql, rows, n, values, err);
}

bool db_control(Db *db, const char *sql, Error *err)
{
    DbStatement *statement = db->driver->start(db->conn, sql, DB_NO_ARGS, err);

    if (!statement)
        return false;
    bool ok = step_once_more(db->driver, statement, err);
    db->driver->finish(statement);
    return ok;
}
