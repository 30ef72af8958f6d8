/* interpolate.c - "$[[ inputs.NAME | function ]]" in the text of a file, before it is YAML. */
#include "ci/header.h"

#include "base/text.h"
#include "ci/expand.h"

#include <string.h>

enum { MAX_BLOCKS = 10000, MAX_BLOCK_BYTES = 1024, MAX_FUNCTIONS = 3, MAX_ACCESS_PARTS = 5 };

/* One function at work. */
typedef struct Call {
    const Scope *scope;
    const char *argument; /* between the parentheses; NULL: there are none */
    Complaints *complaints;
} Call;

typedef const Node *(*FunctionRun)(const Call *call, const char *text);

static const Node *text_node(const Call *call, const char *text)
{
    return text ? node_new_string(call->scope->arena, text, NULL) : NULL;
}

typedef struct Expansion {
    GHashTable *table; /* name -> const CiVariable * */
    bool masked;
} Expansion;

static const char *look_up(void *data, const char *name)
{
    Expansion *expansion = data;
    const CiVariable *variable = g_hash_table_lookup(expansion->table, name);

    expansion->masked = expansion->masked || (variable && variable->masked);
    return variable ? variable->value : NULL;
}

static const Node *run_expand_vars(const Call *call, const char *text)
{
    g_autoptr(GHashTable) table = expand_table(call->scope->variables);
    Expansion expansion = { table, false };
    const char *out = expand_text(call->scope->arena, text, true, look_up, &expansion);

    if (expansion.masked || !out) {
        complain(call->complaints, NULL, "variable expansion error: %s",
                 out ? "masked variables cannot be expanded" : "the result is too long");
        return NULL;
    }
    return text_node(call, out);
}

static bool read_number(const char **p, guint64 *n)
{
    char *end;

    while (g_ascii_isspace(**p))
        (*p)++;
    if (!g_ascii_isdigit(**p))
        return false;
    *n = g_ascii_strtoull(*p, &end, 10);
    for (*p = end; g_ascii_isspace(**p);)
        (*p)++;
    return true;
}

/* "OFFSET,LENGTH" */
static bool truncate_arguments(const char *argument, guint64 *offset, guint64 *length)
{
    const char *p = argument;

    if (!p || !read_number(&p, offset) || *p++ != ',')
        return false;
    return read_number(&p, length) && *p == '\0';
}

static const Node *run_truncate(const Call *call, const char *text)
{
    guint64 offset = 0, length = 0;
    guint64 n = (guint64)g_utf8_strlen(text, -1);

    (void)truncate_arguments(call->argument, &offset, &length); /* checked before */
    if (offset >= n)
        return text_node(call, "");
    length = MIN(length, n - offset);
    const char *from = g_utf8_offset_to_pointer(text, (glong)offset);
    const char *to = g_utf8_offset_to_pointer(from, (glong)length);
    return text_node(call, arena_strndup(call->scope->arena, from, (size_t)(to - from)));
}

static const Node *run_posix_escape(const Call *call, const char *text)
{
    g_autoptr(GString) out = g_string_new(*text ? "" : "''");

    for (const char *p = text; *p; p = g_utf8_next_char(p)) {
        if (*p == '\n') {
            g_string_append(out, "'\n'");
            continue;
        }
        if (!g_ascii_isalnum(*p) && !strchr("_-.,:+@/", *p))
            g_string_append_c(out, '\\');
        g_string_append_len(out, p, g_utf8_next_char(p) - p);
    }
    return text_node(call, arena_strndup(call->scope->arena, out->str, out->len));
}

/* The separator between single quotes; NULL: another form. */
static char *split_separator(const char *argument)
{
    g_autofree char *trimmed = argument ? g_strstrip(g_strdup(argument)) : NULL;
    size_t n = trimmed ? strlen(trimmed) : 0;

    if (n < 2 || trimmed[0] != '\'' || trimmed[n - 1] != '\'')
        return NULL;
    return g_strndup(trimmed + 1, n - 2);
}

static const Node *run_split(const Call *call, const char *text)
{
    g_autofree char *separator = split_separator(call->argument);
    Node *list = node_new(call->scope->arena, NODE_LIST);

    if (*separator == '\0') {
        complain(call->complaints, NULL, "invalid argument: separator cannot be empty");
        return NULL;
    }
    g_auto(GStrv) parts = g_strsplit(text, separator, -1);
    for (char **part = parts; *part; part++) {
        if (*g_strstrip(*part))
            node_append(call->scope->arena, list,
                        text_node(call, arena_strdup(call->scope->arena, *part)));
    }
    return list;
}

static bool takes_nothing(const char *argument)
{
    return argument == NULL;
}

static bool takes_numbers(const char *argument)
{
    guint64 offset, length;

    return truncate_arguments(argument, &offset, &length);
}

static bool takes_separator(const char *argument)
{
    g_autofree char *separator = split_separator(argument);

    return separator != NULL;
}

static const struct {
    const char *name;
    bool (*takes)(const char *argument);
    FunctionRun run;
} functions[] = {
    { "expand_vars", takes_nothing, run_expand_vars },
    { "truncate", takes_numbers, run_truncate },
    { "posix_escape", takes_nothing, run_posix_escape },
    { "posix_quote", takes_nothing, run_posix_escape },
    { "split", takes_separator, run_split },
};

/* Functions go from character to character; what variables hold may be any bytes. */
static const char *valid_text(Arena *arena, const char *text)
{
    if (g_utf8_validate(text, -1, NULL))
        return text;
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    return arena_strdup(arena, valid);
}

/* @value through the function that @text calls; NULL: complained. */
static const Node *run_function(const Scope *scope, const Node *value, const char *text,
                                Complaints *complaints)
{
    const char *open = strchr(text, '(');
    size_t n = open ? (size_t)(open - text) : strlen(text);
    g_autofree char *argument = NULL;

    if (open && text[strlen(text) - 1] == ')')
        argument = g_strndup(open + 1, strlen(open) - 2);
    for (size_t i = 0; i < G_N_ELEMENTS(functions); i++) {
        const char *name = functions[i].name;
        if (strlen(name) != n || strncmp(name, text, n) != 0 || (open && !argument) ||
            !functions[i].takes(argument))
            continue;
        Call call = { scope, argument, complaints };
        if (value->kind == NODE_STRING)
            return functions[i].run(&call, valid_text(scope->arena, value->text));
        complain(complaints, NULL, "invalid input type: %s can only be used with string inputs",
                 name);
        return NULL;
    }
    complain(complaints, NULL,
             "no function matching `%s`: check that the function name, arguments, and types are "
             "correct",
             text);
    return NULL;
}

/* What "inputs.NAME" is; NULL: complained. */
static const Node *access_value(const Scope *scope, const char *access, Complaints *complaints)
{
    g_auto(GStrv) parts = g_strsplit(access, ".", -1);
    guint n = g_strv_length(parts);

    if (n < 2 || n > MAX_ACCESS_PARTS) {
        complain(complaints, NULL, "invalid interpolation access pattern");
        return NULL;
    }
    GHashTable *names = g_str_equal(parts[0], "inputs")      ? scope->inputs
                        : g_str_equal(parts[0], "component") ? scope->component
                                                             : NULL;
    const Node *value = names ? g_hash_table_lookup(names, parts[1]) : NULL;
    if (value && n == 2)
        return value;
    complain(complaints, NULL, "unknown interpolation key: `%s`",
             !names   ? parts[0]
             : !value ? parts[1]
                      : parts[2]);
    return NULL;
}

/* The parts between "|" that stand in no quotes, trimmed. */
static GPtrArray *parts_of(const char *data)
{
    GPtrArray *parts = g_ptr_array_new_with_free_func(g_free);
    const char *from = data;
    bool quoted = false;

    for (const char *p = data;; p++) {
        if (*p == '\'')
            quoted = !quoted;
        if (*p && (*p != '|' || quoted))
            continue;
        g_ptr_array_add(parts, g_strstrip(g_strndup(from, (size_t)(p - from))));
        from = p + 1;
        if (*p == '\0')
            return parts;
    }
}

/* The text in place of a block; NULL: complained. */
static const char *block_text(const Scope *scope, const char *data, Complaints *complaints)
{
    g_autoptr(GPtrArray) parts = parts_of(data);

    if (strlen(data) > MAX_BLOCK_BYTES) {
        complain(complaints, NULL, "maximum interpolation expression size exceeded");
        return NULL;
    }
    if (parts->len - 1 > MAX_FUNCTIONS) {
        complain(complaints, NULL, "too many functions in interpolation block");
        return NULL;
    }
    const Node *value = access_value(scope, g_ptr_array_index(parts, 0), complaints);
    for (guint i = 1; value && i < parts->len; i++)
        value = run_function(scope, value, g_ptr_array_index(parts, i), complaints);
    if (!value)
        return NULL;
    return value->kind == NODE_STRING ? value->text : node_to_json(scope->arena, value);
}

/* Of a later step: names of a matrix stay as they are written. */
static bool is_of_matrix(const char *data)
{
    return g_str_has_prefix(data + strspn(data, " \t"), "matrix.");
}

/* Appends what stands for a block, found out once for equal ones. */
static bool append_block(const Scope *scope, GHashTable *known, const char *block, size_t n,
                         GString *out, Complaints *complaints)
{
    const char *key = arena_strndup(scope->arena, block, n);
    const char *data = arena_strndup(scope->arena, block + 3, n - 5);
    gpointer text = NULL;

    if (is_of_matrix(data)) {
        g_string_append_len(out, block, (gssize)n);
        return true;
    }
    if (!g_hash_table_lookup_extended(known, key, NULL, &text)) {
        if (g_hash_table_size(known) >= MAX_BLOCKS)
            return complain(complaints, NULL, "too many interpolation blocks");
        text = (gpointer)block_text(scope, data, complaints);
        g_hash_table_insert(known, (gpointer)key, text);
    }
    g_string_append(out, text ? text : "");
    return true;
}

/* The length of the block at @p, 0: it does not end on its line. */
static size_t block_length(const char *p, const char *end)
{
    const char *newline = memchr(p, '\n', (size_t)(end - p));
    const char *close = g_strstr_len(p + 3, (newline ? newline : end) - p - 3, "]]");

    return close ? (size_t)(close - p) + 2 : 0;
}

const char *interpolate(const Scope *scope, const CiLimits *limits, const char *bytes, size_t *size,
                        Complaints *complaints)
{
    g_autoptr(GString) out = g_string_sized_new(*size);
    g_autoptr(GHashTable) known = g_hash_table_new(text_hash, g_str_equal);
    const char *end = bytes + *size, *p = bytes;

    if (*size > limits->total_bytes) {
        complain(complaints, NULL, "config too large");
        return NULL;
    }
    while (p < end) {
        const char *block = g_strstr_len(p, end - p, "$[[");
        g_string_append_len(out, p, (block ? block : end) - p);
        if (!block)
            break;
        size_t n = block_length(block, end);
        if (n == 0)
            g_string_append_len(out, block, 3);
        else if (!append_block(scope, known, block, n, out, complaints))
            return NULL;
        if (out->len > limits->yaml_bytes) {
            complain(complaints, NULL, "The provided YAML is too big");
            return NULL;
        }
        p = block + (n ? n : 3);
    }
    if (complaints->texts->len > 0)
        return NULL;
    *size = out->len;
    return arena_strndup(scope->arena, out->str, out->len);
}
