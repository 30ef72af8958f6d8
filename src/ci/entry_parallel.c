/* entry_parallel.c - `parallel`: a number of instances or a matrix of variables. */
#include "ci/entry.h"
#include "ci/matrix.h"

#include <string.h>

enum { MAX_INSTANCES = 200 };

/* The values of one name: as many as fit to be counted against the limit. */
static void multiply(MatrixRow *row, size_t n)
{
    row->combinations = (int)MIN((size_t)row->combinations * MIN(n, (size_t)MAX_INSTANCES + 1),
                                 (size_t)MAX_INSTANCES + 1);
}

static bool is_value(const Node *node)
{
    if (node->kind != NODE_LIST)
        return node_is_scalar(node) && (node->kind == NODE_BOOL || !node_is_blank(node));
    for (size_t i = 0; i < node->n; i++) {
        if (!node_is_scalar(node->items[i]))
            return false;
    }
    return node->n > 0;
}

static bool check_row(const Entry *e)
{
    for (size_t i = 0; i < e->node->n; i++) {
        const Node *key = e->node->pairs[i].key;
        if ((!node_is_string(key) && key->kind != NODE_INT) || !is_value(e->node->pairs[i].value))
            return entry_report(e, key,
                                "should be a hash of key value pairs, value can be an array");
    }
    return e->node->n > 0 || entry_report(e, e->node, "requires at least 1 items");
}

static bool read_row(Compiler *c, const char *location, const Node *node, MatrixRow *row)
{
    Entry e = { c, location, node, row };

    if (!check_row(&e))
        return false;
    const char **names = arena_new0(c->arena, const char *, node->n);
    CiStrings *values = arena_new0(c->arena, CiStrings, node->n);
    row->combinations = 1;
    for (size_t i = 0; i < node->n; i++) {
        const Node *value = node->pairs[i].value;
        names[i] = node->pairs[i].key->text;
        values[i] = strings_of(c->arena, value);
        multiply(row, value->kind == NODE_LIST ? value->n : 1);
    }
    row->names = names;
    row->values = values;
    row->n = node->n;
    return true;
}

static void read_matrix(Entry *e, const Keyword *keyword, const Node *value)
{
    CiParallel *parallel = e->out;
    Entry matrix = { e->c, entry_location(e, keyword->name), value, parallel };
    const char *location = entry_location(&matrix, "variables");
    bool hashes = value->kind == NODE_LIST, ok = true;

    for (size_t i = 0; hashes && i < value->n; i++)
        hashes = value->items[i]->kind == NODE_MAP;
    if (!hashes) {
        entry_report(&matrix, value, "should be an array of hashes");
        return;
    }
    if (value->n == 0) {
        entry_report(&matrix, value, "requires at least 1 items");
        return;
    }
    MatrixRow *rows = arena_new0(e->c->arena, MatrixRow, value->n);
    for (size_t i = 0; i < value->n; i++) {
        ok = read_row(e->c, location, value->items[i], &rows[i]) && ok;
        parallel->total = MIN(parallel->total + rows[i].combinations, MAX_INSTANCES + 1);
    }
    if (parallel->total > MAX_INSTANCES)
        ok = entry_report(&matrix, value, "generates too many jobs (maximum is %d)", MAX_INSTANCES);
    parallel->rows = ok ? rows : NULL;
    parallel->n_rows = value->n;
}

static const Keyword parallel_keywords[] = { { "matrix", read_matrix } };

static bool read_hash(Entry *e)
{
    bool ok = entry_check_keys(e, parallel_keywords, G_N_ELEMENTS(parallel_keywords));
    const Node *matrix = node_get(e->node, "matrix");
    const CiParallel *parallel = e->out;

    if (!matrix)
        ok = entry_report(e, e->node, "missing required keys: matrix");
    if (!ok)
        return false;
    read_matrix(e, &parallel_keywords[0], matrix);
    return parallel->rows != NULL;
}

static bool read_number(const Entry *e, bool numbers)
{
    CiParallel *parallel = e->out;
    int64_t total = g_ascii_strtoll(e->node->text, NULL, 10);

    if (e->node->kind == NODE_FLOAT)
        return entry_report(e, e->node, "must be an integer");
    if (total < 1)
        return entry_report(e, e->node, "must be greater than or equal to 1");
    if (total > MAX_INSTANCES)
        return entry_report(e, e->node, "must be less than or equal to %d", MAX_INSTANCES);
    if (!numbers)
        return entry_report(e, e->node, "cannot use \"parallel: <number>\".");
    parallel->total = (int)total;
    return true;
}

const CiParallel *entry_parallel(Compiler *c, const char *location, const Node *value, bool numbers)
{
    CiParallel *parallel = arena_new0(c->arena, CiParallel, 1);
    Entry e = { c, location, value, parallel };
    bool ok = false;

    if (value->kind == NODE_INT || value->kind == NODE_FLOAT)
        ok = read_number(&e, numbers);
    else if (value->kind == NODE_MAP)
        ok = read_hash(&e);
    else
        compiler_report(c, value, "%s should be an integer or a hash", location);
    return ok ? parallel : NULL;
}

void entry_read_parallel(Entry *e, const Keyword *keyword, const Node *value)
{
    CiJob *job = e->out;

    job->parallel = entry_parallel(e->c, entry_location(e, keyword->name), value,
                                   !node_get(e->node, "trigger"));
}
