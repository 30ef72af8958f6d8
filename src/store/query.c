/* query.c - builds SELECTs from constant conditions and numbered arguments. */
#include "store/query.h"

#include <string.h>

void query_init(Query *q, const char *with, const DbArg *args, const char *from)
{
    const DbArg end = { .type = DB_END };

    *q = (Query){ .from = from,
                  .with = g_string_new(with),
                  .where = g_string_new(NULL),
                  .sql = g_string_new(NULL),
                  .args = g_array_new(FALSE, FALSE, sizeof(DbArg)) };
    for (; args && args->type != DB_END; args++)
        g_array_append_val(q->args, *args);
    g_array_append_val(q->args, end);
}

void query_clear(Query *q)
{
    if (!q->sql)
        return;
    g_string_free(q->with, TRUE);
    g_string_free(q->where, TRUE);
    g_string_free(q->sql, TRUE);
    g_array_unref(q->args);
    g_slist_free_full(q->owned, g_free);
    *q = (Query){ 0 };
}

/* The number of @arg as a placeholder. */
static guint add_arg(Query *q, DbArg arg)
{
    guint number = q->args->len;

    g_array_insert_val(q->args, number - 1, arg);
    return number;
}

static void begin_condition(Query *q)
{
    g_string_append(q->where, q->where->len ? " AND " : " WHERE ");
}

void query_and(Query *q, const char *condition)
{
    begin_condition(q);
    g_string_append(q->where, condition);
}

void query_and_arg(Query *q, const char *condition, DbArg arg)
{
    guint number = add_arg(q, arg);

    begin_condition(q);
    for (const char *c = condition; *c; c++) {
        if (*c == '?')
            g_string_append_printf(q->where, "$%u", number);
        else
            g_string_append_c(q->where, *c);
    }
}

void query_and_id(Query *q, const char *condition, int64_t id)
{
    if (id)
        query_and_arg(q, condition, DB_INT(id));
}

void query_and_text(Query *q, const char *condition, const char *text)
{
    if (text)
        query_and_arg(q, condition, DB_TEXT(text));
}

void query_and_only(Query *q, const char *yes, const char *no, Only only)
{
    switch (only) {
    case ONLY_ANY:
        return;
    case ONLY_YES:
        query_and(q, yes);
        return;
    case ONLY_NO:
        query_and(q, no);
        return;
    }
}

void query_and_contains(Query *q, const char *condition, const char *text)
{
    if (!text || !*text)
        return;
    g_autofree char *key = query_key(text);
    GString *pattern = g_string_new("%");
    for (const char *c = key; *c; c++) {
        if (strchr("%_\\", *c))
            g_string_append_c(pattern, '\\');
        g_string_append_c(pattern, *c);
    }
    g_string_append_c(pattern, '%');
    char *owned = g_string_free(pattern, FALSE);
    q->owned = g_slist_prepend(q->owned, owned);
    query_and_arg(q, condition, DB_TEXT(owned));
}

/* The next power of two: lists of 20 to 32 share one prepared statement.  What is over repeats the
 * last element. */
static size_t padded(size_t n)
{
    size_t size = 1;

    while (size < n)
        size *= 2;
    return size;
}

static void begin_in(Query *q, const char *column)
{
    begin_condition(q);
    g_string_append_printf(q->where, "%s IN (", column);
}

static void add_in(Query *q, bool first, DbArg arg)
{
    g_string_append_printf(q->where, first ? "$%u" : ", $%u", add_arg(q, arg));
}

void query_and_ids(Query *q, const char *column, const int64_t *ids, size_t n)
{
    if (n == 0) {
        query_and(q, "1 = 0");
        return;
    }
    begin_in(q, column);
    for (size_t i = 0, end = padded(n); i < end; i++)
        add_in(q, i == 0, DB_INT(ids[MIN(i, n - 1)]));
    g_string_append_c(q->where, ')');
}

void query_and_texts(Query *q, const char *column, const char *const *texts)
{
    size_t n = 0;

    while (texts[n])
        n++;
    if (n == 0) {
        query_and(q, "1 = 0");
        return;
    }
    begin_in(q, column);
    for (size_t i = 0, end = padded(n); i < end; i++)
        add_in(q, i == 0, DB_TEXT(texts[MIN(i, n - 1)]));
    g_string_append_c(q->where, ')');
}

void query_and_names(Query *q, const char *column, const NameTable *names, unsigned mask)
{
    bool first = true;

    if (!mask)
        return;
    begin_in(q, column);
    for (int i = 0; i < names->n; i++) {
        if (mask & (1u << i)) {
            add_in(q, first, DB_TEXT(names->names[i]));
            first = false;
        }
    }
    g_string_append_c(q->where, ')');
}

bool query_order(const QueryOrder *orders, const char *name, const char **sql, Error *err)
{
    const QueryOrder *order = orders;

    while (name && order->name && strcmp(order->name, name) != 0)
        order++;
    if (!order->name)
        return error_set(err, ERR_PARAM, "order_by does not have a valid value");
    *sql = order->sql;
    return true;
}

static void append_slice(Query *q, Slice slice)
{
    if (slice.limit > 0)
        g_string_append_printf(q->sql, " LIMIT $%u", add_arg(q, DB_INT(slice.limit)));
    if (slice.limit > 0 && slice.offset > 0)
        g_string_append_printf(q->sql, " OFFSET $%u", add_arg(q, DB_INT(slice.offset)));
}

void query_finish_list(Query *q, const char *columns, const char *order, bool ascending,
                       const char *id, Slice slice)
{
    const char *direction = ascending ? "" : " DESC";

    g_string_append_printf(q->sql, "%sSELECT %s FROM %s%s ORDER BY %s%s", q->with->str, columns,
                           q->from, q->where->str, order, direction);
    if (id)
        g_string_append_printf(q->sql, ", %s%s", id, direction);
    append_slice(q, slice);
}

void query_finish_list_by_names(Query *q, const char *columns, const char *id, bool ascending,
                                Slice slice, const char *column, const NameTable *names,
                                unsigned mask)
{
    const char *direction = ascending ? "" : " DESC";
    guint limit = add_arg(q, DB_INT(slice.limit + slice.offset));
    bool first = true;

    g_string_append_printf(q->sql, "SELECT %s FROM %s WHERE %s IN (", columns, q->from, id);
    for (int i = 0; i < names->n; i++) {
        if (!(mask & (1u << i)))
            continue;
        g_string_append_printf(
            q->sql,
            "%sSELECT id FROM (SELECT %s AS id FROM %s%s%s%s = $%u ORDER BY %s%s LIMIT $%u) AS s%d",
            first ? "" : " UNION ALL ", id, q->from, q->where->str,
            q->where->len ? " AND " : " WHERE ", column, add_arg(q, DB_TEXT(names->names[i])), id,
            direction, limit, i);
        first = false;
    }
    g_string_append_printf(q->sql, ") ORDER BY %s%s", id, direction);
    append_slice(q, slice);
}

void query_finish_count(Query *q, int64_t at_most)
{
    if (at_most > 0)
        g_string_append_printf(q->sql,
                               "%sSELECT COUNT(*) FROM (SELECT 1 FROM %s%s LIMIT $%u) AS counted",
                               q->with->str, q->from, q->where->str, add_arg(q, DB_INT(at_most)));
    else
        g_string_append_printf(q->sql, "%sSELECT COUNT(*) FROM %s%s", q->with->str, q->from,
                               q->where->str);
}

bool query_rows_by_ids(Db *db, Arena *arena, const Column *columns, size_t row_size,
                       const char *select, const char *table, const char *id_column,
                       const int64_t *ids, size_t n_ids, void **items, size_t *n, Error *err)
{
    g_auto(Query) q = { 0 };

    if (n_ids == 0) {
        *items = NULL;
        *n = 0;
        return true;
    }
    query_init(&q, NULL, NULL, table);
    query_and_ids(&q, id_column, ids, n_ids);
    query_finish_list(&q, select, id_column, true, NULL, (Slice){ 0 });
    return db_select(db, arena, columns, row_size, query_sql(&q), query_args(&q), items, n, err);
}

bool query_exec_one(Db *db, const char *sql, const DbArg *args, bool *done, Error *err)
{
    int64_t n = 0;

    if (!db_exec(db, sql, args, &n, err))
        return false;
    if (done)
        *done = n > 0;
    return true;
}

bool query_insert_all(Db *db, const char *sql, InsertArgs args_of, void *rows, size_t row_size,
                      size_t n, Error *err)
{
    enum { WIDTH = INSERT_MAX_ARGS + 1 };
    g_autofree DbArg *args = g_new(DbArg, (n + 1) * WIDTH);
    g_autofree const DbArg **pointers = g_new(const DbArg *, n + 1);
    g_autofree int64_t *ids = g_new(int64_t, n + 1);

    for (size_t i = 0; i < n; i++) {
        args_of((char *)rows + i * row_size, args + i * WIDTH);
        pointers[i] = args + i * WIDTH;
    }
    if (!db_get_int_each(db, sql, pointers, n, ids, err))
        return false;
    for (size_t i = 0; i < n; i++)
        memcpy((char *)rows + i * row_size, &ids[i], sizeof ids[i]);
    return true;
}

char *query_key(const char *text)
{
    return g_str_is_ascii(text) ? g_ascii_strdown(text, -1) : g_utf8_strdown(text, -1);
}
