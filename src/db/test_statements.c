/* Tests of statements.c and the drivers, the same for each database: arguments in, rows out, errors by class. */
#include "db/test_support.h"

typedef enum Color { RED, GREEN, N_COLORS } Color;
static const char *const color_texts[N_COLORS] = { "red", "green" };
static const NameTable color_names = NAME_TABLE(color_texts);

typedef struct Box {
    int64_t id;
    const char *name;
    Color color;
    double weight;
    DbBytes content;
    bool sealed;
} Box;

#define BOX_COLS "id, name, color, weight, content, sealed"
static const Column box_columns[] = { COL_INT(Box, id),
                                      COL_TEXT(Box, name),
                                      COL_ENUM(Box, color, color_names),
                                      COL_DOUBLE(Box, weight),
                                      COL_BYTES(Box, content),
                                      COL_BOOL(Box, sealed),
                                      COL_END };

typedef struct Fixture {
    char *url;
    Database *database;
    Arena *arena;
    Error err;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
    f->url = test_database_new(GPOINTER_TO_INT(data));
    f->database = open_url(f->url, &f->err);
    assert_ok(f->database, &f->err);
    f->arena = arena_new();
}

static void tear_down(Fixture *f, gconstpointer data)
{
    error_clear(&f->err);
    arena_free(f->arena);
    database_close(f->database);
    test_database_drop(f->url);
}

typedef struct Statement {
    const char *sql;
    const DbArg *args;
    int64_t n_changed;
} Statement;

static bool run_statement(Db *db, void *data, Error *err)
{
    Statement *s = data;

    return db_exec(db, s->sql, s->args, &s->n_changed, err);
}

static bool run(Fixture *f, const char *sql, const DbArg *args)
{
    Statement s = { sql, args, 0 };

    error_clear(&f->err);
    return database_write(f->database, run_statement, &s, &f->err);
}

static const char insert_sql[] = "INSERT INTO boxes (name, color, weight, content, sealed)"
                                 " VALUES ($1, $2, $3, $4, $5)";

static void a_row_comes_back_as_it_went_in(Fixture *f, gconstpointer data)
{
    Box box = { 0 };

    assert_ok(run(f, insert_sql,
                  DB_ARGS(DB_TEXT("caf\xc3\xa9"), DB_ENUM(color_names, GREEN), DB_DOUBLE(1.5),
                          DB_BYTES("a\0b", 3), DB_BOOL(true))),
              &f->err);
    g_autoptr(Db) db = database_reader(f->database);
    assert_ok(db_get(db, f->arena, box_columns, "SELECT " BOX_COLS " FROM boxes WHERE id = $1",
                     DB_ARGS(DB_INT(1)), &box, &f->err),
              &f->err);
    g_assert_cmpint(box.id, ==, 1);
    g_assert_cmpstr(box.name, ==, "caf\xc3\xa9");
    g_assert_cmpint(box.color, ==, GREEN);
    g_assert_cmpfloat(box.weight, ==, 1.5);
    g_assert_cmpmem(box.content.data, box.content.size, "a\0b", 3);
    g_assert_true(box.sealed);
}

static void null_is_nothing(Fixture *f, gconstpointer data)
{
    Box box = { 0 };

    assert_ok(
        run(f, insert_sql, DB_ARGS(DB_TEXT("x"), DB_TEXT("red"), DB_NULL, DB_NULL, DB_BOOL(false))),
        &f->err);
    assert_ok(run(f, "UPDATE boxes SET name = COALESCE($1, name), sealed = COALESCE($2, 0)",
                  DB_ARGS(DB_TEXT(NULL), DB_ID(0))),
              &f->err);
    g_autoptr(Db) db = database_reader(f->database);
    assert_ok(db_get(db, f->arena, box_columns, "SELECT " BOX_COLS " FROM boxes", DB_NO_ARGS, &box,
                     &f->err),
              &f->err);
    g_assert_cmpstr(box.name, ==, "x");
    g_assert_cmpfloat(box.weight, ==, 0);
    g_assert_null(box.content.data);
    g_assert_cmpuint(box.content.size, ==, 0);
}

static void placeholders_are_numbers_in_any_order(Fixture *f, gconstpointer data)
{
    g_autoptr(Db) db = database_reader(f->database);
    int64_t value = 0;

    assert_ok(db_get_int(db, "SELECT $3 * 100 + $1 * 10 + $2 + $3",
                         DB_ARGS(DB_INT(1), DB_INT(2), DB_INT(3)), &value, &f->err),
              &f->err);
    g_assert_cmpint(value, ==, 315);
    g_assert_false(db_get_int(db, "SELECT $1 + $2", DB_ARGS(DB_INT(1)), &value, &f->err));
    g_assert_cmpint(f->err.code, ==, ERR_INTERNAL);
}

static bool lock_first(Db *db, void *data, Error *err)
{
    return db_get_int(db, "SELECT id FROM boxes WHERE id = $1 {{FOR NO KEY UPDATE}}",
                      DB_ARGS(DB_INT(1)), data, err);
}

static void what_stands_in_double_braces_is_for_postgres(Fixture *f, gconstpointer data)
{
    int64_t id = 0;

    assert_ok(run(f, "INSERT INTO boxes (name) VALUES ('a')", DB_NO_ARGS), &f->err);
    assert_ok(database_write(f->database, lock_first, &id, &f->err), &f->err);
    g_assert_cmpint(id, ==, 1);
}

static void an_unknown_enum_text_is_an_error(Fixture *f, gconstpointer data)
{
    Box *boxes = NULL;
    size_t n = 7;

    assert_ok(run(f, insert_sql,
                  DB_ARGS(DB_TEXT("x"), DB_TEXT("mauve"), DB_NULL, DB_NULL, DB_BOOL(false))),
              &f->err);
    g_autoptr(Db) db = database_reader(f->database);
    g_assert_false(db_select(db, f->arena, box_columns, sizeof(Box),
                             "SELECT " BOX_COLS " FROM boxes", DB_NO_ARGS, (void **)&boxes, &n,
                             &f->err));
    g_assert_cmpint(f->err.code, ==, ERR_DB);
    g_assert_nonnull(strstr(f->err.message, "mauve"));
    g_assert_null(boxes);
    g_assert_cmpuint(n, ==, 7);
}

static void many_rows_fill_one_array(Fixture *f, gconstpointer data)
{
    Box *boxes = NULL;
    size_t n = 0;

    assert_ok(run(f,
                  "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)"
                  " INSERT INTO boxes (name, color) SELECT 'box ' || i, 'red' FROM n",
                  DB_NO_ARGS),
              &f->err);
    g_autoptr(Db) db = database_reader(f->database);
    assert_ok(db_select(db, f->arena, box_columns, sizeof(Box),
                        "SELECT " BOX_COLS " FROM boxes ORDER BY id", DB_NO_ARGS, (void **)&boxes,
                        &n, &f->err),
              &f->err);
    g_assert_cmpuint(n, ==, 1000);
    for (size_t i = 0; i < n; i++)
        g_assert_cmpint(boxes[i].id, ==, (int64_t)i + 1);
    g_assert_cmpstr(boxes[999].name, ==, "box 1000");
    assert_ok(db_select(db, f->arena, box_columns, sizeof(Box),
                        "SELECT " BOX_COLS " FROM boxes WHERE id > 1000", DB_NO_ARGS,
                        (void **)&boxes, &n, &f->err),
              &f->err);
    g_assert_null(boxes);
    g_assert_cmpuint(n, ==, 0);
}

static void no_row_is_told_apart(Fixture *f, gconstpointer data)
{
    g_autoptr(Db) db = database_reader(f->database);
    int64_t value = 5;

    g_assert_false(
        db_get_int(db, "SELECT id FROM boxes WHERE id = 9", DB_NO_ARGS, &value, &f->err));
    g_assert_cmpint(f->err.code, ==, ERR_NO_RECORD);
    g_assert_null(f->err.message);
    g_assert_cmpint(value, ==, 5);
}

static void a_mapper_of_another_width_is_our_bug(Fixture *f, gconstpointer data)
{
    g_autoptr(Db) db = database_reader(f->database);
    Box box;

    g_assert_false(
        db_get(db, f->arena, box_columns, "SELECT id FROM boxes", DB_NO_ARGS, &box, &f->err));
    g_assert_cmpint(f->err.code, ==, ERR_INTERNAL);
}

static void errors_have_their_class(Fixture *f, gconstpointer data)
{
    assert_ok(run(f, "INSERT INTO boxes (name) VALUES ('x')", DB_NO_ARGS), &f->err);
    g_assert_false(run(f, "INSERT INTO boxes (name) VALUES ('x')", DB_NO_ARGS));
    g_assert_cmpint(f->err.code, ==, ERR_DB_UNIQUE);
    g_assert_false(run(f, "INSERT INTO boxes (id, name) VALUES (1, 'y')", DB_NO_ARGS));
    g_assert_cmpint(f->err.code, ==, ERR_DB_UNIQUE);
    g_assert_false(run(f, "INSERT INTO things (box_id) VALUES (77)", DB_NO_ARGS));
    g_assert_cmpint(f->err.code, ==, ERR_DB_FOREIGN_KEY);
    g_assert_false(run(f, "INSERT INTO things (box_id) VALUES (NULL)", DB_NO_ARGS));
    g_assert_cmpint(f->err.code, ==, ERR_DB);
    g_assert_false(run(f, "SELEKT", DB_NO_ARGS));
    g_assert_cmpint(f->err.code, ==, ERR_DB);
}

static void a_reader_cannot_write(Fixture *f, gconstpointer data)
{
    g_autoptr(Db) db = database_reader(f->database);

    g_assert_false(db_exec(db, "INSERT INTO boxes (name) VALUES ('x')", DB_NO_ARGS, NULL, &f->err));
    g_assert_cmpint(f->err.code, ==, ERR_DB);
}

static void more_statements_than_are_kept_still_work(Fixture *f, gconstpointer data)
{
    g_autoptr(Db) db = database_reader(f->database);

    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 500; i++) {
            g_autofree char *sql = g_strdup_printf("SELECT %d + $1", i);
            int64_t value = 0;
            assert_ok(db_get_int(db, sql, DB_ARGS(DB_INT(1)), &value, &f->err), &f->err);
            g_assert_cmpint(value, ==, i + 1);
        }
    }
}

static void changes_are_counted(Fixture *f, gconstpointer data)
{
    Statement s = { "UPDATE boxes SET sealed = 1 WHERE sealed = 0", DB_NO_ARGS, -1 };

    assert_ok(run(f, "INSERT INTO boxes (name) VALUES ('a'), ('b')", DB_NO_ARGS), &f->err);
    assert_ok(database_write(f->database, run_statement, &s, &f->err), &f->err);
    g_assert_cmpint(s.n_changed, ==, 2);
    assert_ok(database_write(f->database, run_statement, &s, &f->err), &f->err);
    g_assert_cmpint(s.n_changed, ==, 0);
}

static void searches_fold_all_letters(Fixture *f, gconstpointer data)
{
    g_autoptr(Db) db = database_reader(f->database);
    int64_t same = 0;

    assert_ok(db_get_int(db, "SELECT LOWER($1) = $2",
                         DB_ARGS(DB_TEXT("\xc3\x89TUDE"), DB_TEXT("\xc3\xa9tude")), &same, &f->err),
              &f->err);
    g_assert_cmpint(same, ==, 1);
}

/* Three names, the last of which may be one too many. */
typedef struct Several {
    const char *names[3];
    int64_t ids[3];
} Several;

static bool insert_several(Db *db, void *data, Error *err)
{
    Several *several = data;
    const DbArg *rows[3];
    DbArg args[3][2];

    for (size_t i = 0; i < 3; i++) {
        args[i][0] = DB_TEXT(several->names[i]);
        args[i][1] = (DbArg){ .type = DB_END };
        rows[i] = args[i];
    }
    return db_get_int_each(db, "INSERT INTO boxes (name) VALUES ($1) RETURNING id", rows, 3,
                           several->ids, err);
}

static void many_arguments_run_one_statement(Fixture *f, gconstpointer data)
{
    Several several = { .names = { "a", "b", "c" } };

    assert_ok(database_write(f->database, insert_several, &several, &f->err), &f->err);
    for (int i = 0; i < 3; i++)
        g_assert_cmpint(several.ids[i], ==, i + 1);
}

static void one_of_many_that_fails_undoes_all(Fixture *f, gconstpointer data)
{
    Several several = { .names = { "a", "b", "a" } };

    g_assert_false(database_write(f->database, insert_several, &several, &f->err));
    g_assert_cmpint(f->err.code, ==, ERR_DB_UNIQUE);
    g_assert_cmpint(count_boxes(f->database), ==, 0);
    assert_ok(run(f, "INSERT INTO boxes (name) VALUES ('a')", DB_NO_ARGS), &f->err);
}

typedef struct Flights {
    size_t n;
    int64_t *ids;
} Flights;

static bool insert_flights(Db *db, void *data, Error *err)
{
    Flights *flights = data;
    g_autofree DbArg *args = g_new0(DbArg, flights->n * 2);
    g_autofree const DbArg **rows = g_new0(const DbArg *, flights->n);
    g_autoptr(GStringChunk) names = g_string_chunk_new(4096);
    g_autofree char *long_name = g_strnfill(4000, 'x');

    for (size_t i = 0; i < flights->n; i++) {
        g_autofree char *name = g_strdup_printf("%s %zu", long_name, i);
        args[2 * i] = DB_TEXT(g_string_chunk_insert(names, name));
        rows[i] = &args[2 * i];
    }
    return db_get_int_each(db, "INSERT INTO boxes (name) VALUES ($1) RETURNING id", rows,
                           flights->n, flights->ids, err);
}

/* Megabytes in one go: neither side may wait for the other to read. */
static void thousands_of_rows_go_in_flights(Fixture *f, gconstpointer data)
{
    enum { N = 3000 };
    g_autofree int64_t *ids = g_new0(int64_t, N);
    Flights flights = { N, ids };

    assert_ok(database_write(f->database, insert_flights, &flights, &f->err), &f->err);
    for (int i = 1; i < N; i++)
        g_assert_cmpint(ids[i], ==, ids[i - 1] + 1);
    g_assert_cmpint(count_boxes(f->database), ==, N);
}

static void text_is_ordered_by_its_bytes_where_asked(Fixture *f, gconstpointer data)
{
    g_autoptr(Db) db = database_reader(f->database);
    int64_t less = 0;

    assert_ok(db_get_int(db, "SELECT $1 < $2 COLLATE \"C\"", DB_ARGS(DB_TEXT("B"), DB_TEXT("a")),
                         &less, &f->err),
              &f->err);
    g_assert_cmpint(less, ==, 1);
}

static void add(TestDatabaseKind kind)
{
    static const struct {
        const char *path;
        void (*run)(Fixture *, gconstpointer);
    } tests[] = {
        { "row-comes-back", a_row_comes_back_as_it_went_in },
        { "null-is-nothing", null_is_nothing },
        { "placeholders-in-any-order", placeholders_are_numbers_in_any_order },
        { "double-braces", what_stands_in_double_braces_is_for_postgres },
        { "unknown-enum-text", an_unknown_enum_text_is_an_error },
        { "many-rows", many_rows_fill_one_array },
        { "no-row", no_row_is_told_apart },
        { "mapper-width", a_mapper_of_another_width_is_our_bug },
        { "error-classes", errors_have_their_class },
        { "reader-cannot-write", a_reader_cannot_write },
        { "many-statements", more_statements_than_are_kept_still_work },
        { "changes-counted", changes_are_counted },
        { "lower-folds-all-letters", searches_fold_all_letters },
        { "many-arguments", many_arguments_run_one_statement },
        { "one-of-many-fails", one_of_many_that_fails_undoes_all },
        { "flights", thousands_of_rows_go_in_flights },
        { "text-order", text_is_ordered_by_its_bytes_where_asked },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path =
            g_strdup_printf("/%s/db/statements/%s", test_database_names[kind], tests[i].path);
        g_test_add(path, Fixture, GINT_TO_POINTER(kind), set_up, tests[i].run, tear_down);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    test_database_each(add);
    return g_test_run();
}
