/* copy_tables.c - asks a database what tables it has, and reads them value by value. */
#include "db/copy_tables.h"

#include <string.h>

/* As the catalogs name the types of our schema. */
static const struct {
    const char *name;
    DbType type;
} types[] = {
    { "bigint", DB_TYPE_INT },
    { "integer", DB_TYPE_INT },
    { "smallint", DB_TYPE_INT },
    { "text", DB_TYPE_TEXT },
    { "bytea", DB_TYPE_BYTES },
    { "blob", DB_TYPE_BYTES },
    { "double precision", DB_TYPE_DOUBLE },
};

typedef struct NameRow {
    const char *name;
} NameRow;

static const Column name_columns[] = { COL_TEXT(NameRow, name), COL_END };

typedef struct ColumnRow {
    const char *name;
    const char *type;
    int64_t key_place; /* 0: not in the primary key */
    bool numbered;
} ColumnRow;

static const Column column_columns[] = { COL_TEXT(ColumnRow, name), COL_TEXT(ColumnRow, type),
                                         COL_INT(ColumnRow, key_place),
                                         COL_BOOL(ColumnRow, numbered), COL_END };

/* --- the catalog ----------------------------------------------------------------------------- */

static const char *quote(Arena *arena, const char *name)
{
    g_autoptr(GString) text = g_string_new(name);

    g_string_replace(text, "\"", "\"\"", 0);
    return arena_printf(arena, "\"%s\"", text->str);
}

static DbType type_of(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        if (strcmp(types[i].name, name) == 0)
            return types[i].type;
    }
    return DB_END;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const ColumnRow *)a)->name, ((const ColumnRow *)b)->name);
}

static bool set_columns(CopyTable *table, const ColumnRow *columns, size_t n, Arena *arena,
                        Error *err)
{
    g_autoptr(GString) list = g_string_new(NULL);
    DbType *found = arena_new0(arena, DbType, n);

    for (size_t i = 0; i < n; i++) {
        found[i] = type_of(columns[i].type);
        if (found[i] == DB_END)
            return error_set(err, ERR_DB, "table %s, column %s: the type %s cannot be copied",
                             table->name, columns[i].name, columns[i].type);
        g_string_append_printf(list, "%s%s", i ? ", " : "", quote(arena, columns[i].name));
        if (columns[i].numbered)
            table->numbering = columns[i].name;
    }
    table->types = found;
    table->n_columns = n;
    table->columns = arena_strdup(arena, list->str);
    return true;
}

/* The order of the rows: the same in all databases. */
static bool set_key(CopyTable *table, const ColumnRow *columns, size_t n, const char *text_order,
                    Arena *arena, Error *err)
{
    g_autoptr(GString) key = g_string_new(NULL);

    for (int64_t place = 1; place <= (int64_t)n; place++) {
        for (size_t i = 0; i < n; i++) {
            if (columns[i].key_place == place)
                g_string_append_printf(key, "%s%s%s", key->len ? ", " : "",
                                       quote(arena, columns[i].name),
                                       table->types[i] == DB_TYPE_TEXT ? text_order : "");
        }
    }
    if (key->len == 0)
        return error_set(err, ERR_DB, "table %s has no primary key", table->name);
    table->key = arena_strdup(arena, key->str);
    return true;
}

static bool describe(Db *db, const char *name, Arena *arena, CopyTable *table, Error *err)
{
    const DbCopying *copying = db->driver->copying;
    void *items;
    size_t n;

    if (!db_select(db, arena, column_columns, sizeof(ColumnRow), copying->columns,
                   DB_ARGS(DB_TEXT(name)), &items, &n, err))
        return false;
    ColumnRow *columns = items;
    qsort(columns, n, sizeof *columns, by_name);
    *table = (CopyTable){ .name = name, .quoted = quote(arena, name) };
    return set_columns(table, columns, n, arena, err) &&
           set_key(table, columns, n, copying->text_order, arena, err);
}

bool copy_tables_read(Db *db, Arena *arena, CopyTables *tables, Error *err)
{
    void *items;
    size_t n;

    if (!db_select(db, arena, name_columns, sizeof(NameRow), db->driver->copying->tables,
                   DB_NO_ARGS, &items, &n, err))
        return false;
    const NameRow *names = items;
    CopyTable *found = arena_new0(arena, CopyTable, n);
    for (size_t i = 0; i < n; i++) {
        if (!describe(db, names[i].name, arena, &found[i], err))
            return false;
    }
    *tables = (CopyTables){ found, n };
    return true;
}

const CopyTable *copy_tables_find(const CopyTables *tables, const char *name)
{
    for (size_t i = 0; i < tables->n; i++) {
        if (strcmp(tables->items[i].name, name) == 0)
            return &tables->items[i];
    }
    return NULL;
}

static bool all_in(const CopyTables *some, const CopyTables *others, const char *which, Error *err)
{
    for (size_t i = 0; i < some->n; i++) {
        if (!copy_tables_find(others, some->items[i].name))
            return error_set(err, ERR_DB, "only the %s has a table %s", which, some->items[i].name);
    }
    return true;
}

bool copy_tables_agree(const CopyTables *from, const CopyTables *to, Error *err)
{
    if (!all_in(from, to, "source", err) || !all_in(to, from, "target", err))
        return false;
    for (size_t i = 0; i < from->n; i++) {
        const CopyTable *a = &from->items[i];
        const CopyTable *b = copy_tables_find(to, a->name);
        if (strcmp(a->columns, b->columns) != 0 ||
            memcmp(a->types, b->types, a->n_columns * sizeof *a->types) != 0 ||
            g_strcmp0(a->numbering, b->numbering) != 0)
            return error_set(err, ERR_DB, "the columns of the table %s differ: %s and %s", a->name,
                             a->columns, b->columns);
    }
    return true;
}

/* --- values ---------------------------------------------------------------------------------- */

static void append_number(GString *bytes, uint64_t number)
{
    number = GUINT64_TO_BE(number);
    g_string_append_len(bytes, (const char *)&number, sizeof number);
}

/* A value as bytes that no other value has: its type, its size, itself. */
static void append_value(GString *bytes, const DbArg *value)
{
    uint64_t bits;

    g_string_append_c(bytes, (char)(value->is_null ? DB_TYPE_NULL : value->type));
    if (value->is_null)
        return;
    switch (value->type) {
    case DB_TYPE_INT:
        append_number(bytes, (uint64_t)value->i);
        return;
    case DB_TYPE_DOUBLE:
        memcpy(&bits, &value->d, sizeof bits);
        append_number(bytes, bits);
        return;
    case DB_TYPE_TEXT:
    case DB_TYPE_BYTES:
        append_number(bytes, value->n);
        g_string_append_len(bytes, value->p, (gssize)value->n);
        return;
    case DB_TYPE_NULL:
    case DB_END:
        break;
    }
    g_return_if_reached();
}

static void add_row(GChecksum *checksum, GString *bytes, DbArg *values, size_t n)
{
    g_string_truncate(bytes, 0);
    for (size_t i = 0; i < n; i++) {
        if (values[i].type == DB_TYPE_DOUBLE && values[i].d == 0)
            values[i].d = 0; /* SQLite keeps no sign of a zero */
        append_value(bytes, &values[i]);
    }
    g_checksum_update(checksum, (const guchar *)bytes->str, (gssize)bytes->len);
}

static bool read_rows(DbRows *rows, const CopyTable *table, const DbCopying *from,
                      const DbCopying *to, DbSink *sink, CopySum *sum, Error *err)
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autoptr(GString) bytes = g_string_new(NULL);
    g_autofree DbArg *values = g_new0(DbArg, table->n_columns);
    DbStep step;

    sum->n_rows = 0;
    while ((step = from->rows_step(rows, table->types, table->n_columns, values, err)) ==
           DB_STEP_ROW) {
        add_row(checksum, bytes, values, table->n_columns);
        sum->n_rows++;
        if (sink && !to->sink_put(sink, values, err))
            return error_prefix(err, "row %" G_GINT64_FORMAT, sum->n_rows);
    }
    g_strlcpy(sum->text, g_checksum_get_string(checksum), sizeof sum->text);
    return step == DB_STEP_DONE || error_prefix(err, "row %" G_GINT64_FORMAT, sum->n_rows + 1);
}

bool copy_table_read(Db *db, const CopyTable *table, const DbCopying *to, DbSink *sink,
                     CopySum *sum, Error *err)
{
    const DbCopying *from = db->driver->copying;
    g_autofree char *sql =
        g_strdup_printf("SELECT %s FROM %s ORDER BY %s", table->columns, table->quoted, table->key);
    DbRows *rows = from->rows_open(db->conn, sql, err);

    if (!rows)
        return false;
    bool ok = read_rows(rows, table, from, to, sink, sum, err);
    from->rows_close(rows);
    return ok;
}

/* --- numbers --------------------------------------------------------------------------------- */

/* Where rows came with ids of their own, the last number may be behind them. */
bool copy_table_last_number(Db *db, const CopyTable *table, int64_t *number, Error *err)
{
    int64_t last = 0;
    int64_t greatest = 0;

    *number = 0;
    if (!table->numbering)
        return true;
    g_autofree char *sql =
        g_strdup_printf("SELECT COALESCE(MAX(\"%s\"), 0) FROM %s", table->numbering, table->quoted);
    if (!db_get_int(db, db->driver->copying->last_number,
                    DB_ARGS(DB_TEXT(table->name), DB_TEXT(table->numbering)), &last, err) ||
        !db_get_int(db, sql, DB_NO_ARGS, &greatest, err))
        return false;
    *number = MAX(last, greatest);
    return true;
}

bool copy_table_set_last_number(Db *db, const CopyTable *table, int64_t number, Error *err)
{
    const char *const *sql = db->driver->copying->set_last_number;

    for (; table->numbering && *sql; sql++) {
        if (!db_exec(db, *sql,
                     DB_ARGS(DB_TEXT(table->name), DB_TEXT(table->numbering), DB_INT(number)), NULL,
                     err))
            return false;
    }
    return true;
}
