/* compiler.c - the order of the steps, and the messages they leave. */
#include "ci/compiler.h"

#include "base/text.h"
#include "ci/matrix.h"

#include <string.h>

enum {
    DEFAULT_DEPTH = 100,
    DEFAULT_INCLUDES = 150,
    DEFAULT_NEEDS = 50,
    MERGE_PER_NODE = 10 /* pairs that merging may copy for each node a file may have */
};
static const size_t default_bytes = 2u << 20;
static const size_t default_total = 8u << 20;
static const size_t default_nodes = 200000;

CiLimits compiler_limits(const CiLimits *limits)
{
    CiLimits all = *limits;

    if (all.yaml_bytes == 0)
        all.yaml_bytes = default_bytes;
    if (all.total_bytes == 0)
        all.total_bytes = default_total;
    if (all.yaml_nodes == 0)
        all.yaml_nodes = default_nodes;
    if (all.total_nodes == 0)
        all.total_nodes = default_nodes;
    if (all.yaml_depth <= 0)
        all.yaml_depth = DEFAULT_DEPTH;
    if (all.includes <= 0)
        all.includes = DEFAULT_INCLUDES;
    if (all.needs <= 0)
        all.needs = DEFAULT_NEEDS;
    return all;
}

static void add(GArray *list, const Node *at, const char *text)
{
    CiMessage message = { .text = text };

    if (at) {
        message.file = at->file;
        message.line = at->line;
        message.column = at->column;
    }
    g_array_append_val(list, message);
}

bool compiler_report(Compiler *c, const Node *at, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    add(c->messages, at, arena_strdup(c->arena, text));
    return false;
}

bool compiler_report_lower(Compiler *c, const Node *at, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *lower = g_utf8_strdown(text, -1);
    add(c->messages, at, arena_strdup(c->arena, lower));
    return false;
}

void compiler_warn(Compiler *c, const Node *at, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    add(c->warnings, at, arena_strdup(c->arena, text));
}

bool compiler_excuse(Compiler *c, const Node *at, const char *format, ...)
{
    va_list args;

    if (c->unreached == 0)
        return false;
    va_start(args, format);
    g_autofree char *what = g_strdup_vprintf(format, args);
    va_end(args);
    compiler_warn(c, at,
                  "%s was not checked: an include that cannot be reached from here may "
                  "define it",
                  what);
    return true;
}

CiMessages compiler_messages(Arena *arena, const GArray *messages)
{
    return (CiMessages){ arena_memdup(arena, messages->data, messages->len * sizeof(CiMessage)),
                         messages->len };
}

static bool is_blank(const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (!g_ascii_isspace(bytes[i]))
            return false;
    }
    return true;
}

/* What is known from here on, whatever the rest comes to. */
static void find(Compiler *c, const Node *root)
{
    CiFindings *findings = c->input->findings;

    if (!findings)
        return;
    findings->loaded = true;
    findings->merged = root;
    findings->n_includes = c->included->len;
    findings->includes =
        arena_memdup(c->arena, c->included->data, c->included->len * sizeof(CiIncluded));
}

static bool compile(Compiler *c, CiConfig *config)
{
    if (is_blank(c->input->bytes, c->input->size))
        return compiler_report(c, NULL, "Please provide content of .gitlab-ci.yml");

    const Node *root = include_load(c);
    if (root)
        root = extends_resolve(c, root);
    if (root)
        root = reference_resolve(c, root);
    if (root)
        find(c, root);
    return root && entry_read_root(c, root, config) && matrix_expand(c, config) &&
           validate_jobs(c, config);
}

static CiVariables of_every_environment(Arena *arena, CiVariables all)
{
    CiVariable *items = arena_new0(arena, CiVariable, all.n);
    CiVariables some = { items, 0 };

    for (size_t i = 0; i < all.n; i++) {
        if (!all.items[i].environment_scope)
            items[some.n++] = all.items[i];
    }
    return some;
}

CiConfig *ci_compile(const CiInput *input, Arena *arena, CiMessages *messages)
{
    CiConfig *config = arena_new0(arena, CiConfig, 1);
    Compiler c = { .arena = arena,
                   .input = input,
                   .unscoped = of_every_environment(arena, input->variables),
                   .limits = compiler_limits(&input->limits) };

    config->arena = arena;
    c.messages = g_array_new(FALSE, TRUE, sizeof(CiMessage));
    c.warnings = g_array_new(FALSE, TRUE, sizeof(CiMessage));
    c.included = g_array_new(FALSE, TRUE, sizeof(CiIncluded));
    c.files = g_hash_table_new(text_hash, g_str_equal);
    c.fetched = g_hash_table_new(text_hash, g_str_equal);
    c.cache = expression_cache_new(arena);
    config->expressions = c.cache;
    c.merge_budget = c.limits.yaml_nodes * MERGE_PER_NODE;

    bool ok = compile(&c, config);
    config->partial = c.unreached > 0;
    config->warnings = compiler_messages(arena, c.warnings);
    if (input->findings)
        input->findings->warnings = config->warnings;
    if (messages)
        *messages = compiler_messages(arena, c.messages);
    g_hash_table_destroy(c.files);
    g_hash_table_destroy(c.fetched);
    g_array_free(c.messages, TRUE);
    g_array_free(c.warnings, TRUE);
    g_array_free(c.included, TRUE);
    return ok ? config : NULL;
}
