/* Tests of copying whole databases, each kind to each. */
#include "db/copy.h"
#include "db/test_support.h"

#include <string.h>

static const DbMigration migrations[] = {
    { 1, "0001_people",
      "CREATE TABLE people (id {ID}, boss_id BIGINT REFERENCES people (id), name TEXT NOT NULL,"
      " note TEXT, weight DOUBLE PRECISION, photo {BYTES}, sealed SMALLINT NOT NULL DEFAULT 0);"
      "CREATE TABLE marks (person_id BIGINT NOT NULL REFERENCES people (id) ON DELETE CASCADE,"
      " word TEXT NOT NULL, \"key\" BIGINT, PRIMARY KEY (person_id, word));"
      "CREATE TABLE words (word TEXT PRIMARY KEY);"
      "CREATE TABLE gone (id {ID}, name TEXT);"
      "CREATE TABLE never (id {ID}, name TEXT)" },
};

enum { N_MIGRATIONS = G_N_ELEMENTS(migrations), LARGE = 3 * 1024 * 1024 };

typedef struct Fixture {
    char *from;
    char *to;
    char *back;    /* NULL: not wanted */
    GString *said; /* what the copies told of their tables */
    Error err;
} Fixture;

/* Which kind into which; a test's data. */
typedef struct Way {
    TestDatabaseKind from;
    TestDatabaseKind to;
} Way;

static const Way ways[] = { { TEST_SQLITE, TEST_SQLITE },
                            { TEST_SQLITE, TEST_POSTGRES },
                            { TEST_POSTGRES, TEST_SQLITE },
                            { TEST_POSTGRES, TEST_POSTGRES } };

static Database *open_people(const char *url)
{
    g_auto(Error) err = ERROR_INIT;
    Database *database = open_with(url, migrations, N_MIGRATIONS, &err);

    assert_ok(database, &err);
    return database;
}

static void set_up(Fixture *f, gconstpointer data)
{
    const Way *way = data;

    f->from = test_database_new(way->from);
    f->to = test_database_new(way->to);
    f->said = g_string_new(NULL);
    database_close(open_people(f->from));
}

static void tear_down(Fixture *f, gconstpointer data)
{
    test_database_drop(f->from);
    test_database_drop(f->to);
    if (f->back)
        test_database_drop(f->back);
    g_string_free(f->said, TRUE);
    error_clear(&f->err);
}

static void note(const DatabaseCopied *copied, void *data)
{
    g_string_append_printf(data, "%s %" G_GINT64_FORMAT " %s\n", copied->table, copied->n_rows,
                           copied->checksum);
}

static bool copy(Fixture *f, const char *from, const char *to)
{
    DatabaseOptions source = options_of(from, migrations, N_MIGRATIONS);
    DatabaseOptions target = options_of(to, migrations, N_MIGRATIONS);

    g_string_truncate(f->said, 0);
    return database_copy(&source, &target, note, f->said, &f->err);
}

static void copy_well(Fixture *f, const char *from, const char *to)
{
    assert_ok(copy(f, from, to), &f->err);
}

static void copy_back(Fixture *f, gconstpointer data)
{
    f->back = test_database_new(((const Way *)data)->from);
    copy_well(f, f->to, f->back);
}

static void refuse(Fixture *f, ErrCode code, const char *why)
{
    g_assert_false(copy(f, f->from, f->to));
    if (f->err.code != code || !strstr(error_text(&f->err), why))
        g_error("\"%s\" (%s) does not say \"%s\" (%s)", error_text(&f->err),
                error_code_name(f->err.code), why, error_code_name(code));
    error_clear(&f->err);
}

/* --- what is in it --------------------------------------------------------------------------- */

typedef struct Person {
    int64_t id;
    int64_t boss_id;
    const char *name;
    const char *note;
    double weight;
    DbBytes photo;
    bool sealed;
} Person;

static const Column person_columns[] = { COL_INT(Person, id),        COL_INT(Person, boss_id),
                                         COL_TEXT(Person, name),     COL_TEXT(Person, note),
                                         COL_DOUBLE(Person, weight), COL_BYTES(Person, photo),
                                         COL_BOOL(Person, sealed),   COL_END };

static const Person people[] = {
    { 1, 0, "Zo\xc3\xab", "", 0.1, { "\0\x01\\\xff", 4 }, false },
    { 2, 0, "tab\there", "back\\slash \\N\nnew\r\nline\v\f\b", 3, { "", 0 }, true },
    { 3, 9, "\xf0\x9f\x90\xa7 'quoted' \"too\"", NULL, -5e-324, { "x", 1 }, false },
    { 5, 1, "\\.", "$1 {{x}} %s", 1.7976931348623157e308, { "\n", 1 }, false },
    { 9, 3, "last", "NULL", -1.0 / 3, { "\\x00", 4 }, true },
};

/* One of them stands before its boss. */
static bool insert_people(Db *db, void *data, Error *err)
{
    for (size_t i = 0; i < G_N_ELEMENTS(people); i++) {
        const Person *p = &people[i];
        if (!db_exec(db,
                     "INSERT INTO people (id, name, note, weight, photo, sealed)"
                     " VALUES ($1, $2, $3, $4, $5, $6)",
                     DB_ARGS(DB_INT(p->id), DB_TEXT(p->name), DB_TEXT(p->note),
                             DB_DOUBLE(p->weight), DB_BYTES(p->photo.data, p->photo.size),
                             DB_BOOL(p->sealed)),
                     NULL, err))
            return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(people); i++) {
        if (!db_exec(db, "UPDATE people SET boss_id = $2 WHERE id = $1",
                     DB_ARGS(DB_INT(people[i].id), DB_ID(people[i].boss_id)), NULL, err))
            return false;
    }
    return true;
}

/* Texts in an order that is not every locale's. */
static bool insert_words(Db *db, void *data, Error *err)
{
    static const char *const words[] = {
        "b", "B", "a", "A", "\xc3\xa4", "Z", "a b", "a-b", "", "_"
    };

    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        if (!db_exec(db, "INSERT INTO words (word) VALUES ($1)", DB_ARGS(DB_TEXT(words[i])), NULL,
                     err) ||
            !db_exec(db, "INSERT INTO marks (person_id, word, \"key\") VALUES ($1, $2, $3)",
                     DB_ARGS(DB_INT(people[i % 3].id), DB_TEXT(words[i]), DB_ID((int64_t)i)), NULL,
                     err))
            return false;
    }
    return true;
}

static void write_to(const char *url, DbWriteFunc func, void *data)
{
    g_auto(Error) err = ERROR_INIT;
    Database *database = open_people(url);

    assert_ok(database_write(database, func, data, &err), &err);
    database_close(database);
}

static void check_person(const Person *found, const Person *wanted)
{
    g_assert_cmpint(found->id, ==, wanted->id);
    g_assert_cmpint(found->boss_id, ==, wanted->boss_id);
    g_assert_cmpstr(found->name, ==, wanted->name);
    g_assert_cmpstr(found->note, ==, wanted->note);
    g_assert_cmpmem(&found->weight, sizeof(double), &wanted->weight, sizeof(double));
    g_assert_cmpmem(found->photo.data, found->photo.size, wanted->photo.data, wanted->photo.size);
    g_assert_cmpint(found->sealed, ==, wanted->sealed);
}

static void check_people(const char *url)
{
    g_auto(Error) err = ERROR_INIT;
    g_autoptr(Arena) arena = arena_new();
    Database *database = open_people(url);
    Db *db = database_reader(database);
    void *items;
    size_t n;

    assert_ok(db_select(db, arena, person_columns, sizeof(Person),
                        "SELECT id, boss_id, name, note, weight, photo, sealed FROM people"
                        " ORDER BY id",
                        DB_NO_ARGS, &items, &n, &err),
              &err);
    g_assert_cmpint(n, ==, G_N_ELEMENTS(people));
    for (size_t i = 0; i < n; i++)
        check_person(&((const Person *)items)[i], &people[i]);
    database_reader_release(db);
    database_close(database);
}

static int64_t count(const char *url, const char *sql)
{
    g_auto(Error) err = ERROR_INIT;
    Database *database = open_people(url);
    Db *db = database_reader(database);
    int64_t n = -1;

    assert_ok(db_get_int(db, sql, DB_NO_ARGS, &n, &err), &err);
    database_reader_release(db);
    database_close(database);
    return n;
}

/* --- copying --------------------------------------------------------------------------------- */

static void every_value_arrives_and_comes_back(Fixture *f, gconstpointer data)
{
    g_autofree char *there = NULL;

    write_to(f->from, insert_people, NULL);
    write_to(f->from, insert_words, NULL);
    copy_well(f, f->from, f->to);
    g_assert_nonnull(strstr(f->said->str, "marks 10 "));
    g_assert_nonnull(strstr(f->said->str, "never 0 "));
    g_assert_null(strstr(f->said->str, "schema_migrations"));
    check_people(f->to);
    g_assert_cmpint(count(f->to, "SELECT COUNT(*) FROM marks WHERE \"key\" IS NULL"), ==, 1);
    there = g_strdup(f->said->str);
    copy_back(f, data);
    g_assert_cmpstr(f->said->str, ==, there);
    check_people(f->back);
}

static void what_is_null_and_what_is_empty_stays_apart(Fixture *f, gconstpointer data)
{
    test_database_run(f->from, "INSERT INTO people (name, note) VALUES ('', NULL), ('x', '')");
    copy_well(f, f->from, f->to);
    g_assert_cmpint(count(f->to, "SELECT COUNT(*) FROM people WHERE note IS NULL AND name = ''"
                                 " AND photo IS NULL AND weight IS NULL AND boss_id IS NULL"),
                    ==, 1);
    g_assert_cmpint(count(f->to, "SELECT COUNT(*) FROM people WHERE note = ''"), ==, 1);
}

static bool insert_large(Db *db, void *data, Error *err)
{
    return db_exec(db, "INSERT INTO people (name, photo) VALUES ($1, $2)",
                   DB_ARGS(DB_TEXT(data), DB_BYTES(data, LARGE)), NULL, err);
}

static void large_texts_and_bytes_arrive(Fixture *f, gconstpointer data)
{
    g_autofree char *text = g_malloc(LARGE + 1);

    for (int i = 0; i < LARGE; i++)
        text[i] = "abc\\\n\t"[i % 6];
    text[LARGE] = '\0';
    write_to(f->from, insert_large, text);
    copy_well(f, f->from, f->to);
    g_assert_cmpint(count(f->to, "SELECT COUNT(*) FROM people WHERE length(name) = 3145728"
                                 " AND length(photo) = 3145728"),
                    ==, 1);
}

static bool insert_many(Db *db, void *data, Error *err)
{
    for (int64_t i = 1; i <= 20000; i++) {
        if (!db_exec(db, "INSERT INTO gone (name) VALUES ($1)", DB_ARGS(DB_TEXT("one of many")),
                     NULL, err))
            return false;
    }
    return true;
}

static void many_rows_arrive(Fixture *f, gconstpointer data)
{
    write_to(f->from, insert_many, NULL);
    copy_well(f, f->from, f->to);
    g_assert_cmpint(count(f->to, "SELECT SUM(id) FROM gone"), ==, 20000LL * 20001 / 2);
}

/* --- ids ------------------------------------------------------------------------------------- */

typedef struct NewRow {
    const char *sql;
    int64_t id;
} NewRow;

static bool insert_row(Db *db, void *data, Error *err)
{
    NewRow *row = data;

    return db_get_int(db, row->sql, DB_NO_ARGS, &row->id, err);
}

static int64_t next_id(const char *url, const char *sql)
{
    NewRow row = { .sql = sql };

    write_to(url, insert_row, &row);
    return row.id;
}

static void no_id_is_given_twice(Fixture *f, gconstpointer data)
{
    write_to(f->from, insert_people, NULL);
    test_database_run(f->from, "INSERT INTO gone (name) VALUES ('a'), ('b'), ('c')");
    test_database_run(f->from, "DELETE FROM gone");
    copy_well(f, f->from, f->to);
    copy_back(f, data);
    char *const urls[] = { f->to, f->back };
    for (size_t i = 0; i < G_N_ELEMENTS(urls); i++) {
        g_assert_cmpint(next_id(urls[i], "INSERT INTO gone (name) VALUES ('d') RETURNING id"), ==,
                        4);
        g_assert_cmpint(next_id(urls[i], "INSERT INTO never (name) VALUES ('a') RETURNING id"), ==,
                        1);
        g_assert_cmpint(next_id(urls[i], "INSERT INTO people (name) VALUES ('new') RETURNING id"),
                        ==, 10);
    }
}

/* --- references ------------------------------------------------------------------------------ */

static bool insert_orphan(Db *db, void *data, Error *err)
{
    return db_exec(db, "INSERT INTO marks (person_id, word) VALUES (77, 'orphan')", DB_NO_ARGS,
                   NULL, err);
}

static void references_hold_afterwards(Fixture *f, gconstpointer data)
{
    write_to(f->from, insert_people, NULL);
    write_to(f->from, insert_words, NULL);
    copy_well(f, f->from, f->to);
    Database *database = open_people(f->to);
    g_assert_false(database_write(database, insert_orphan, NULL, &f->err));
    g_assert_cmpint(f->err.code, ==, ERR_DB_FOREIGN_KEY);
    database_close(database);
    if (((const Way *)data)->to == TEST_POSTGRES)
        g_assert_cmpint(count(f->to, "SELECT COUNT(*) FROM pg_constraint WHERE contype = 'f'"
                                     " AND convalidated AND NOT condeferrable"),
                        ==, 2);
}

static void rows_that_refer_to_nothing_are_refused(Fixture *f, gconstpointer data)
{
    if (((const Way *)data)->from == TEST_POSTGRES)
        test_database_run(f->from, "ALTER TABLE marks DROP CONSTRAINT marks_person_id_fkey");
    test_database_run(f->from, "INSERT INTO marks (person_id, word) VALUES (77, 'orphan')");
    refuse(f, ERR_DB_FOREIGN_KEY, "nothing was copied");
    g_assert_cmpint(count(f->to, "SELECT COUNT(*) FROM marks"), ==, 0);
}

/* --- what is found --------------------------------------------------------------------------- */

static const char *const meddlers[] = {
    [TEST_SQLITE] = "CREATE TRIGGER meddle AFTER INSERT ON people BEGIN"
                    " UPDATE people SET note = 'x' WHERE id = new.id AND id = 5; END",
    [TEST_POSTGRES] = "CREATE FUNCTION meddle() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN"
                      " IF NEW.id = 5 THEN NEW.note := 'x'; END IF; RETURN NEW; END $$;"
                      "CREATE TRIGGER meddle BEFORE INSERT ON people"
                      " FOR EACH ROW EXECUTE FUNCTION meddle()",
};

static void a_value_changed_in_the_target_is_found(Fixture *f, gconstpointer data)
{
    write_to(f->from, insert_people, NULL);
    database_close(open_people(f->to));
    test_database_run(f->to, meddlers[((const Way *)data)->to]);
    refuse(f, ERR_DB,
           "nothing was copied, the target is left empty: table people: target: the values");
    g_assert_cmpint(count(f->to, "SELECT COUNT(*) FROM people"), ==, 0);
}

static const char *const eaters[] = {
    [TEST_SQLITE] = "CREATE TRIGGER eat AFTER INSERT ON people WHEN new.id = 9 BEGIN"
                    " DELETE FROM people WHERE id = 9; END",
    [TEST_POSTGRES] = "CREATE FUNCTION eat() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN"
                      " IF NEW.id = 9 THEN RETURN NULL; END IF; RETURN NEW; END $$;"
                      "CREATE TRIGGER eat BEFORE INSERT ON people"
                      " FOR EACH ROW EXECUTE FUNCTION eat()",
};

static bool insert_person(Db *db, void *data, Error *err)
{
    return db_exec(db, "INSERT INTO people (id, name) VALUES (9, 'eaten')", DB_NO_ARGS, NULL, err);
}

static void a_row_lost_in_the_target_is_found(Fixture *f, gconstpointer data)
{
    write_to(f->from, insert_person, NULL);
    database_close(open_people(f->to));
    test_database_run(f->to, eaters[((const Way *)data)->to]);
    refuse(f, ERR_DB, "table people: target: 1 rows were copied, 0 are there");
}

static void change_source(const DatabaseCopied *copied, void *data)
{
    if (strcmp(copied->table, "words") == 0)
        test_database_run(data, "UPDATE people SET note = 'changed' WHERE id = 1");
}

static void a_source_that_changes_meanwhile_is_found(Fixture *f, gconstpointer data)
{
    DatabaseOptions source = options_of(f->from, migrations, N_MIGRATIONS);
    DatabaseOptions target = options_of(f->to, migrations, N_MIGRATIONS);

    write_to(f->from, insert_people, NULL);
    g_assert_false(database_copy(&source, &target, change_source, f->from, &f->err));
    g_assert_nonnull(strstr(f->err.message, "table people: source: the values"));
    g_assert_cmpint(count(f->to, "SELECT COUNT(*) FROM people"), ==, 0);
}

static void what_another_database_cannot_hold_is_refused(Fixture *f, gconstpointer data)
{
    if (((const Way *)data)->from != TEST_SQLITE)
        return;
    test_database_run(f->from, "INSERT INTO people (name) VALUES (x'00ff')");
    refuse(f, ERR_DB, "table people: row 1: column name holds bytes where a text belongs");
    test_database_run(f->from, "UPDATE people SET name = 'a', sealed = 'perhaps'");
    refuse(f, ERR_DB, "column sealed holds a text where an integer belongs");
    test_database_run(f->from, "UPDATE people SET name = 'a' || char(0) || 'b', sealed = 0");
    if (((const Way *)data)->to == TEST_POSTGRES)
        refuse(f, ERR_DB, "zero byte");
    else
        copy_well(f, f->from, f->to);
    g_assert_cmpint(count(f->to, "SELECT COUNT(*) FROM people"), ==,
                    ((const Way *)data)->to == TEST_POSTGRES ? 0 : 1);
}

/* --- what is refused ------------------------------------------------------------------------- */

static void a_source_in_use_is_refused(Fixture *f, gconstpointer data)
{
    Database *server = open_people(f->from);

    refuse(f, ERR_USAGE, "the source: ");
    database_close(server);
    copy_well(f, f->from, f->to);
}

static void a_target_in_use_is_refused(Fixture *f, gconstpointer data)
{
    Database *server = open_people(f->to);

    refuse(f, ERR_USAGE, "the target: ");
    database_close(server);
    copy_well(f, f->from, f->to);
}

static void a_target_with_rows_is_refused_and_kept(Fixture *f, gconstpointer data)
{
    write_to(f->to, insert_people, NULL);
    refuse(f, ERR_USAGE, "the target is not empty: its table people has rows");
    check_people(f->to);
}

static void a_database_is_not_copied_onto_itself(Fixture *f, gconstpointer data)
{
    g_assert_false(copy(f, f->from, f->from));
    g_assert_cmpint(f->err.code, ==, ERR_USAGE);
    g_assert_nonnull(strstr(f->err.message, "are the same database"));
}

static void another_schema_is_refused(Fixture *f, gconstpointer data)
{
    test_database_run(f->from, "INSERT INTO schema_migrations (version, name) VALUES (2, 'later')");
    refuse(f, ERR_USAGE, "the source: it has schema 2, this program wants 1: a newer version");
    test_database_run(f->from, "UPDATE schema_migrations SET version = version - 1");
    test_database_run(f->from, "DELETE FROM schema_migrations WHERE version > 0");
    refuse(f, ERR_USAGE, "the source: it is empty");
}

static void an_old_target_is_refused_and_not_migrated(Fixture *f, gconstpointer data)
{
    static const DbMigration two[] = { { 1, "0001", "" },
                                       { 2, "0002_more", "CREATE TABLE more (id {ID})" } };
    DatabaseOptions source = options_of(f->from, two, 2);
    DatabaseOptions target = options_of(f->to, two, 2);
    DatabaseSchema schema;

    assert_ok(database_migrate(&source, &schema, &f->err), &f->err);
    database_close(open_people(f->to));
    g_assert_false(database_copy(&source, &target, note, f->said, &f->err));
    g_assert_nonnull(strstr(f->err.message, "the target: it has schema 1"));
    assert_ok(database_schema(&target, &schema, &f->err), &f->err);
    g_assert_cmpint(schema.version, ==, 1);
}

static void databases_with_other_tables_are_refused(Fixture *f, gconstpointer data)
{
    test_database_run(f->from, "CREATE TABLE extra (id BIGINT PRIMARY KEY)");
    refuse(f, ERR_DB, "only the source has a table extra");
    test_database_run(f->to, "CREATE TABLE extra (id BIGINT PRIMARY KEY, more TEXT)");
    refuse(f, ERR_DB, "the columns of the table extra differ");
    test_database_run(f->to, "DROP TABLE extra");
    test_database_run(f->to, "CREATE TABLE extra (id TEXT PRIMARY KEY)");
    refuse(f, ERR_DB, "the columns of the table extra differ");
}

static void secrets_of_a_url_are_not_shown(void)
{
    static const char *const urls[] = {
        "postgresql://me:s3cret@host:5/db", "postgresql://me@host:5/db?password=s3cret",
        "postgresql://host:5/db?user=me&password=s3cret&sslpassword=s3cret"
    };

    for (size_t i = 0; i < G_N_ELEMENTS(urls); i++) {
        g_autofree char *shown = database_shown(urls[i], NULL);
        g_assert_cmpstr(shown, ==, "postgresql://me@host:5/db");
    }
    g_auto(Error) err = ERROR_INIT;
    g_assert_null(database_shown("postgresql://me:s3cret%zz@host/db", &err));
    g_assert_null(strstr(err.message, "s3cret"));
    g_assert_null(database_shown("mysql://me:s3cret@host/db", &err));
    g_assert_null(strstr(err.message, "s3cret"));
}

typedef void (*TestFunc)(Fixture *f, gconstpointer data);

static const struct {
    const char *name;
    TestFunc run;
} tests[] = {
    { "values", every_value_arrives_and_comes_back },
    { "null-and-empty", what_is_null_and_what_is_empty_stays_apart },
    { "large", large_texts_and_bytes_arrive },
    { "many", many_rows_arrive },
    { "ids", no_id_is_given_twice },
    { "references/hold", references_hold_afterwards },
    { "references/lost", rows_that_refer_to_nothing_are_refused },
    { "found/value", a_value_changed_in_the_target_is_found },
    { "found/row", a_row_lost_in_the_target_is_found },
    { "found/source", a_source_that_changes_meanwhile_is_found },
    { "found/type", what_another_database_cannot_hold_is_refused },
    { "refused/source-in-use", a_source_in_use_is_refused },
    { "refused/target-in-use", a_target_in_use_is_refused },
    { "refused/rows", a_target_with_rows_is_refused_and_kept },
    { "refused/itself", a_database_is_not_copied_onto_itself },
    { "refused/schema", another_schema_is_refused },
    { "refused/old-target", an_old_target_is_refused_and_not_migrated },
    { "refused/tables", databases_with_other_tables_are_refused },
};

static void skip(void)
{
    g_test_skip("PENSTOCK_TEST_POSTGRES is not set");
}

static void add(const Way *way, const char *name, TestFunc run)
{
    g_autofree char *path = g_strdup_printf("/db/copy/%s-to-%s/%s", test_database_names[way->from],
                                            test_database_names[way->to], name);

    if (test_database_is_there(way->from) && test_database_is_there(way->to))
        g_test_add(path, Fixture, way, set_up, run, tear_down);
    else
        g_test_add_func(path, skip);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(ways); i++)
        for (size_t j = 0; j < G_N_ELEMENTS(tests); j++)
            add(&ways[i], tests[j].name, tests[j].run);
    g_test_add_func("/db/copy/shown", secrets_of_a_url_are_not_shown);
    return g_test_run();
}
