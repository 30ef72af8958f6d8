/* matrix.c - the instances of parallel jobs.
 *
 * First it is known which names stand for several, then every job is copied once or once an
 * instance, and its needs and dependencies name instances.  Instances share what they have in
 * common, so that memory grows with what differs.
 */
#include "ci/matrix.h"
#include "base/text.h"
#include "ci/rules.h"

#include <string.h>

enum { MAX_JOBS = 50000, MAX_NEEDS = 1000000 };

/* The instances of one parallel job. */
typedef struct Family {
    const char *const *names;
    const MatrixRow **rows; /* of each instance; NULL: by number */
    const CiStrings *values;
    int n;
} Family;

typedef struct Expander {
    Compiler *c;
    const CiConfig *config;
    GHashTable *families; /* job name -> Family * */
    size_t n_needs;
} Expander;

/* --- names and values ------------------------------------------------------------------------- */

/* The values of combination @number of @row: the last name changes fastest. */
static CiStrings combination(Arena *arena, const MatrixRow *row, int number)
{
    const char **values = arena_new0(arena, const char *, row->n + 1);

    for (size_t i = row->n; i > 0; i--) {
        int n = (int)g_strv_length((char **)row->values[i - 1]);
        values[i - 1] = row->values[i - 1][number % n];
        number /= n;
    }
    return values;
}

static const char *matrix_name(Arena *arena, const char *base, CiStrings values)
{
    g_autofree char *joined = g_strjoinv(", ", (char **)values);

    return arena_printf(arena, "%s: [%s]", base, joined);
}

/* The instances of @parallel under the name @base. */
static Family *family_new(Arena *arena, const char *base, const CiParallel *parallel)
{
    Family *family = arena_new0(arena, Family, 1);
    const char **names = arena_new0(arena, const char *, (size_t)parallel->total);
    CiStrings *values = arena_new0(arena, CiStrings, (size_t)parallel->total);

    family->names = names;
    family->values = values;
    if (!parallel->rows) {
        for (family->n = 0; family->n < parallel->total; family->n++)
            names[family->n] =
                arena_printf(arena, "%s %d/%d", base, family->n + 1, parallel->total);
        return family;
    }
    family->rows = arena_new0(arena, const MatrixRow *, (size_t)parallel->total);
    for (size_t i = 0; i < parallel->n_rows; i++) {
        for (int number = 0; number < parallel->rows[i].combinations; number++, family->n++) {
            family->rows[family->n] = &parallel->rows[i];
            values[family->n] = combination(arena, &parallel->rows[i], number);
            names[family->n] = matrix_name(arena, base, values[family->n]);
        }
    }
    return family;
}

/* --- `$[[ matrix.NAME ]]` in needs ------------------------------------------------------------ */

typedef struct Instance {
    Expander *x;
    const CiJob *job;
    const Family *family; /* NULL: not parallel */
    int number;
    GHashTable *unknown; /* names already reported for this job */
} Instance;

static const char *value_of(const Instance *instance, const char *name)
{
    const MatrixRow *row = instance->family->rows[instance->number];

    for (size_t i = 0; i < row->n; i++) {
        if (g_str_equal(row->names[i], name))
            return instance->family->values[instance->number][i];
    }
    return NULL;
}

static bool has_reference(const char *text)
{
    return text && strstr(text, "$[[") != NULL;
}

/* The name in the block "$[[ matrix.NAME ]]" at @p and the text behind it; NULL: no such block. */
static char *block_name(const char *p, const char **rest)
{
    static const char prefix[] = "matrix.";
    const char *end = g_str_has_prefix(p, "$[[") ? strstr(p, "]]") : NULL;

    if (!end)
        return NULL;
    g_autofree char *inside = g_strstrip(g_strndup(p + 3, (gsize)(end - p - 3)));
    if (!g_str_has_prefix(inside, prefix))
        return NULL;
    *rest = end + 2;
    return g_strdup(inside + strlen(prefix));
}

static const char *interpolate(Instance *instance, const char *text)
{
    Compiler *c = instance->x->c;

    if (!has_reference(text) || !instance->family || !instance->family->rows)
        return text;
    g_autoptr(GString) out = g_string_new(NULL);
    for (const char *p = text; *p;) {
        const char *rest;
        g_autofree char *name = block_name(p, &rest);
        if (!name) {
            g_string_append_c(out, *p++);
            continue;
        }
        const char *value = value_of(instance, name);
        if (value)
            g_string_append(out, value);
        else if (g_hash_table_add(instance->unknown, g_strdup(name)))
            compiler_report(c,
                            &(Node){
                                .file = instance->job->file,
                                .line = instance->job->line,
                                .column = 1,
                            },
                            "%s job: '%s' does not exist in matrix configuration",
                            instance->job->name, name);
        p = rest;
    }
    return arena_strndup(c->arena, out->str, out->len);
}

/* @parallel with the values of the instance in it. */
static const CiParallel *interpolate_matrix(Instance *instance, const CiParallel *parallel)
{
    Arena *arena = instance->x->c->arena;
    CiParallel *copy = arena_memdup(arena, parallel, sizeof(*parallel));
    MatrixRow *rows = arena_memdup(arena, parallel->rows, parallel->n_rows * sizeof(*rows));

    for (size_t i = 0; i < parallel->n_rows; i++) {
        CiStrings *values = arena_memdup(arena, rows[i].values, rows[i].n * sizeof(*values));
        for (size_t j = 0; j < rows[i].n; j++) {
            size_t n = g_strv_length((char **)values[j]);
            const char **items = arena_new0(arena, const char *, n + 1);
            for (size_t k = 0; k < n; k++)
                items[k] = interpolate(instance, values[j][k]);
            values[j] = items;
        }
        rows[i].values = values;
    }
    copy->rows = rows;
    return copy;
}

static bool matrix_refers(const CiParallel *parallel)
{
    for (size_t i = 0; parallel && i < parallel->n_rows; i++) {
        for (size_t j = 0; j < parallel->rows[i].n; j++) {
            CiStrings values = parallel->rows[i].values[j];
            for (size_t k = 0; values[k]; k++) {
                if (has_reference(values[k]))
                    return true;
            }
        }
    }
    return false;
}

static bool needs_refer(const CiNeed *needs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (has_reference(needs[i].job) || matrix_refers(needs[i].parallel))
            return true;
    }
    return false;
}

/* Whether the instances of @job differ in what they need. */
static bool job_refers(const CiJob *job)
{
    if (needs_refer(job->needs, job->n_needs))
        return true;
    for (size_t i = 0; i < job->n_rules; i++) {
        if (needs_refer(job->rules[i].needs, job->rules[i].n_needs))
            return true;
    }
    return false;
}

/* --- needs and dependencies ------------------------------------------------------------------- */

static bool may_add(Expander *x, size_t n)
{
    x->n_needs += n;
    return x->n_needs <= MAX_NEEDS;
}

static void add_need(GArray *list, const CiNeed *need, const char *name)
{
    CiNeed one = *need;

    one.job = name;
    one.parallel = NULL;
    g_array_append_val(list, one);
}

static void expand_need(Instance *instance, const CiNeed *need, GArray *list)
{
    Expander *x = instance->x;
    const char *name = interpolate(instance, need->job);
    const Family *family = g_hash_table_lookup(x->families, name);

    if (need->parallel)
        family = family_new(x->c->arena, name, interpolate_matrix(instance, need->parallel));
    if (!may_add(x, family ? (size_t)family->n : 1))
        return;
    if (!family)
        add_need(list, need, name);
    for (int i = 0; family && i < family->n; i++)
        add_need(list, need, family->names[i]);
}

static const CiNeed *expand_needs(Instance *instance, const CiNeed *needs, size_t *n)
{
    Arena *arena = instance->x->c->arena;
    GArray *list = g_array_new(FALSE, TRUE, sizeof(CiNeed));

    for (size_t i = 0; i < *n; i++)
        expand_need(instance, &needs[i], list);
    *n = list->len;
    const CiNeed *all = arena_memdup(arena, list->data, list->len * sizeof(CiNeed));
    g_array_free(list, TRUE);
    return all;
}

static CiStrings expand_dependencies(Expander *x, CiStrings names)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new();

    for (; names && *names; names++) {
        const Family *family = g_hash_table_lookup(x->families, *names);
        if (!may_add(x, family ? (size_t)family->n : 1))
            break;
        if (!family)
            g_ptr_array_add(list, (gpointer)*names);
        for (int i = 0; family && i < family->n; i++)
            g_ptr_array_add(list, (gpointer)family->names[i]);
    }
    g_ptr_array_add(list, NULL);
    return arena_memdup(x->c->arena, list->pdata, list->len * sizeof(gpointer));
}

/* The needs of the job, of its rules, and its dependencies, into @job. */
static void expand_names(Instance *instance, CiJob *job)
{
    Expander *x = instance->x;
    bool rules = false;

    job->needs = expand_needs(instance, job->needs, &job->n_needs);
    if (job->dependencies)
        job->dependencies = expand_dependencies(x, job->dependencies);
    for (size_t i = 0; i < job->n_rules; i++)
        rules = rules || job->rules[i].n_needs > 0;
    if (!rules)
        return;
    CiRule *copies = arena_memdup(x->c->arena, job->rules, job->n_rules * sizeof(CiRule));
    for (size_t i = 0; i < job->n_rules; i++)
        copies[i].needs = expand_needs(instance, copies[i].needs, &copies[i].n_needs);
    job->rules = copies;
}

/* --- jobs --------------------------------------------------------------------------------------*/

/* CI_NODE_*, the job's own variables, and over them those of the matrix. */
static CiVariables instance_variables(Arena *arena, const CiJob *job, const Family *family,
                                      int number)
{
    const MatrixRow *row = family->rows ? family->rows[number] : NULL;
    size_t n = 2;
    CiVariable *items = arena_new0(arena, CiVariable, n + job->variables.n + (row ? row->n : 0));

    items[0] =
        (CiVariable){ .key = "CI_NODE_INDEX", .value = arena_printf(arena, "%d", number + 1) };
    items[1] =
        (CiVariable){ .key = "CI_NODE_TOTAL", .value = arena_printf(arena, "%d", family->n) };
    for (size_t i = 0; i < job->variables.n; i++)
        items[n++] = job->variables.items[i];
    for (size_t i = 0; row && i < row->n; i++) {
        size_t at = 0;
        while (at < n && !g_str_equal(items[at].key, row->names[i]))
            at++;
        items[at] = (CiVariable){ .key = row->names[i], .value = family->values[number][i] };
        n = MAX(n, at + 1);
    }
    return (CiVariables){ items, n };
}

static void make_instance(Instance *instance, CiJob *job)
{
    const Family *family = instance->family;

    job->base_name = job->name;
    job->name = family->names[instance->number];
    job->parallel = NULL;
    job->node_index = instance->number + 1;
    job->node_total = family->n;
    job->variables =
        instance_variables(instance->x->c->arena, instance->job, family, instance->number);
}

static size_t expand_job(Expander *x, const CiJob *job, CiJob *out)
{
    const Family *family = job->parallel ? g_hash_table_lookup(x->families, job->name) : NULL;
    g_autoptr(GHashTable) unknown = g_hash_table_new_full(text_hash, g_str_equal, g_free, NULL);
    Instance instance = { x, job, family, 0, unknown };
    bool differ = family && job_refers(job);
    CiJob common = *job;

    if (!differ)
        expand_names(&instance, &common);
    if (!family) {
        out[0] = common;
        return 1;
    }
    for (; instance.number < family->n; instance.number++) {
        CiJob *one = &out[instance.number];
        *one = common;
        if (differ)
            expand_names(&instance, one);
        make_instance(&instance, one);
    }
    return (size_t)family->n;
}

/* Finds the families; the number of all jobs. */
static size_t count(Expander *x)
{
    size_t n = 0;

    for (size_t i = 0; i < x->config->n_jobs && n <= MAX_JOBS; i++) {
        const CiJob *job = &x->config->jobs[i];
        n += job->parallel ? (size_t)job->parallel->total : 1;
        if (job->parallel)
            g_hash_table_insert(x->families, (gpointer)job->name,
                                family_new(x->c->arena, job->name, job->parallel));
    }
    return n;
}

static bool is_parallel(const CiNeed *needs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (needs[i].parallel)
            return true;
    }
    return false;
}

/* Whether any job, or any need, is of several instances. */
static bool has_parallel(const CiConfig *config)
{
    for (size_t i = 0; i < config->n_jobs; i++) {
        const CiJob *job = &config->jobs[i];
        if (job->parallel || is_parallel(job->needs, job->n_needs))
            return true;
        for (size_t j = 0; j < job->n_rules; j++) {
            if (is_parallel(job->rules[j].needs, job->rules[j].n_needs))
                return true;
        }
    }
    return false;
}

bool matrix_expand(Compiler *c, CiConfig *config)
{
    if (!has_parallel(config))
        return true;
    g_autoptr(GHashTable) families = g_hash_table_new(text_hash, g_str_equal);
    Expander x = { c, config, families, 0 };
    size_t n = count(&x), at = 0;

    if (n > MAX_JOBS)
        return compiler_report(c, NULL, "The configuration has too many jobs (maximum is %d)",
                               MAX_JOBS);
    CiJob *jobs = arena_new0(c->arena, CiJob, n);
    for (size_t i = 0; i < config->n_jobs; i++)
        at += expand_job(&x, &config->jobs[i], &jobs[at]);
    if (x.n_needs > MAX_NEEDS)
        return compiler_report(c, NULL, "The jobs have too many needs in all (maximum is %d)",
                               MAX_NEEDS);
    config->jobs = jobs;
    config->n_jobs = n;
    return c->messages->len == 0;
}
