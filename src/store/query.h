/* query.h - SELECTs whose conditions depend on what is asked for; inside store/ (the types of
 * filters are everybody's).
 *
 * Conditions are constants of the program, values are always arguments.
 */
#ifndef PENSTOCK_STORE_QUERY_H
#define PENSTOCK_STORE_QUERY_H

#include "db/db.h"

#include <glib.h>

/* Which rows of a list; limit 0: all. */
typedef struct Slice {
    int64_t limit;
    int64_t offset;
} Slice;

/* A yes or no that may be left open. */
typedef enum Only { ONLY_ANY, ONLY_YES, ONLY_NO } Only;

/* Texts by their bytes, whatever language the database speaks.  It is SQLite's own order: without the
 * words its indexes serve. */
#define IN_BYTES " {{COLLATE \"C\"}}"

/* An order that may be asked for by name, and its SQL. */
typedef struct QueryOrder {
    const char *name;
    const char *sql;
} QueryOrder;

typedef struct Query {
    const char *from; /* tables, joined */
    GString *with;    /* common table expressions */
    GString *where;
    GString *sql; /* the finished statement */
    GArray *args; /* of DbArg, ended by DB_END */
    GSList *owned;
} Query;

/* Both texts are constants. @args: of the $1... in @with (NULL: none). */
void query_init(Query *q, const char *with, const DbArg *args, const char *from);
void query_clear(Query *q);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Query, query_clear)

/* Adds a condition; each "?" in it stands for @arg. */
void query_and(Query *q, const char *condition);
void query_and_arg(Query *q, const char *condition, DbArg arg);

/* The same, if there is something to ask: nonzero, not NULL. */
void query_and_id(Query *q, const char *condition, int64_t id);
void query_and_text(Query *q, const char *condition, const char *text);
void query_and_only(Query *q, const char *yes, const char *no, Only only);

/* "LOWER(column) LIKE ?" for each "?"; @text is found anywhere, and is no pattern itself. */
void query_and_contains(Query *q, const char *condition, const char *text);

/* column IN (...).  No element: no row. */
void query_and_ids(Query *q, const char *column, const int64_t *ids, size_t n);
void query_and_texts(Query *q, const char *column, const char *const *texts); /* NULL-terminated */
/* 0: any. */
void query_and_names(Query *q, const char *column, const NameTable *names, unsigned mask);

/* The SQL of the order called @name (NULL: the first).  ERR_PARAM: there is none. */
bool query_order(const QueryOrder *orders, const char *name, const char **sql, Error *err);

/* Finish the statement: SELECT @columns ... ORDER BY @order [DESC], id.  @id: NULL where the order
 * is unique by itself. */
void query_finish_list(Query *q, const char *columns, const char *order, bool ascending,
                       const char *id, Slice slice);
/* For @id as order and several names in @mask: looks for the first rows of each name by index and
 * joins them, so that a rare name does not cost a walk over all rows. */
void query_finish_list_by_names(Query *q, const char *columns, const char *id, bool ascending,
                                Slice slice, const char *column, const NameTable *names,
                                unsigned mask);
/* SELECT COUNT(*); @at_most: counts no further (0: all). */
void query_finish_count(Query *q, int64_t at_most);

static inline const char *query_sql(const Query *q)
{
    return q->sql->str;
}

static inline const DbArg *query_args(const Query *q)
{
    return (const DbArg *)(void *)q->args->data;
}

/* db_select() into a typed array. */
#define SELECT_ROWS(db, arena, columns, sql, args, items, n, err)                                  \
    db_select((db), (arena), (columns), sizeof(**(items)), (sql), (args), (void **)(items), (n),   \
              (err))

/* The rows whose id is among @ids, in any order. */
bool query_rows_by_ids(Db *db, Arena *arena, const Column *columns, size_t row_size,
                       const char *select, const char *table, const char *id_column,
                       const int64_t *ids, size_t n_ids, void **items, size_t *n, Error *err);

/* UPDATE or DELETE of one row: @done says whether it was there (NULL: it need not be). */
bool query_exec_one(Db *db, const char *sql, const DbArg *args, bool *done, Error *err);

/* Fills in the arguments of one row's INSERT, ended by DB_END. */
enum { INSERT_MAX_ARGS = 31 };
typedef void (*InsertArgs)(const void *row, DbArg args[INSERT_MAX_ARGS + 1]);

/* `INSERT … RETURNING id` of @n structs of @row_size bytes in one go; each has its `int64_t id`
 * first, which is set. */
bool query_insert_all(Db *db, const char *sql, InsertArgs args_of, void *rows, size_t row_size,
                      size_t n, Error *err);

/* @text in lower case, as keys are stored.  Owned by the caller. */
char *query_key(const char *text);

#endif
