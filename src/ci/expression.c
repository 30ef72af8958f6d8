/* expression.c - lexer, parser and evaluator of rule conditions.
 *
 * Values are null, text, true or false, and patterns, with GitLab's ideas of truth: `&&` and `||`
 * give one of their sides, and only null and false are false to them, while the whole is true for
 * text that is not blank.
 */
#include "ci/expression.h"

#include "base/regex.h"
#include "base/text.h"

#include <string.h>

enum {
    MAX_TOKENS = 100,
    /* What compiling all patterns of one configuration may cost, by pattern_work(). */
    MAX_PATTERN_WORK = 4 << 20,
    PATTERN_BASE_WORK = 64,
    PATTERN_CLASS_WORK = 12
};

/* Bytes that all matches of one configuration may look at. */
static const size_t max_scanned = (size_t)512 << 20;

typedef enum Op {
    OP_VARIABLE,
    OP_STRING,
    OP_PATTERN,
    OP_NULL,
    OP_TRUE,
    OP_FALSE,
    OP_EQUAL,
    OP_NOT_EQUAL,
    OP_MATCH,
    OP_NO_MATCH,
    OP_AND,
    OP_OR,
    OP_NOT,
    OP_OPEN,
    OP_CLOSE
} Op;

struct Expression {
    Op op;
    const char *text;   /* OP_VARIABLE: its name; OP_STRING */
    const Regex *regex; /* OP_PATTERN */
    const Expression *left;
    const Expression *right;
};

struct ExpressionCache {
    Arena *arena;
    GHashTable *expressions; /* text -> Expression *, NULL for a bad one */
    GHashTable *patterns;    /* RE2 text -> Regex *, NULL for a bad one */
    size_t work;
    size_t scanned;
    bool spent;
};

static void free_hash_table(gpointer table)
{
    g_hash_table_destroy(table);
}

static void free_regex(gpointer regex)
{
    regex_free(regex);
}

ExpressionCache *expression_cache_new(Arena *arena)
{
    ExpressionCache *cache = arena_new0(arena, ExpressionCache, 1);

    cache->arena = arena;
    cache->expressions = g_hash_table_new(text_hash, g_str_equal);
    cache->patterns = g_hash_table_new_full(text_hash, g_str_equal, NULL, free_regex);
    arena_defer(arena, free_hash_table, cache->expressions);
    arena_defer(arena, free_hash_table, cache->patterns);
    return cache;
}

bool expression_cache_is_spent(const ExpressionCache *cache)
{
    return cache->spent;
}

/* Bytes, times the counts of all `{n}`, times the big character classes: about what compiling
 * takes. */
static size_t pattern_work(const char *text)
{
    size_t work = strlen(text) + PATTERN_BASE_WORK, classes = 0;

    for (const char *p = text; *p; p++) {
        guint64 count = *p == '{' ? g_ascii_strtoull(p + 1, NULL, 10) : 0;
        if (count > 1 && work <= MAX_PATTERN_WORK)
            work *= (size_t)MIN(count, 1000);
        classes +=
            g_str_has_prefix(p, "\\p") || g_str_has_prefix(p, "\\P") || g_str_has_prefix(p, "[^");
    }
    return work * (1 + PATTERN_CLASS_WORK * classes);
}

/* Charges for compiling @text.  A pattern past the limit all alone is refused without a charge. */
static bool may_compile(ExpressionCache *cache, const char *text)
{
    size_t work = pattern_work(text);

    if (work > MAX_PATTERN_WORK)
        return false;
    cache->work += work;
    cache->spent = cache->spent || cache->work > MAX_PATTERN_WORK;
    return cache->work <= MAX_PATTERN_WORK;
}

/* The pattern between slashes with its flags; NULL: refused. */
static const Regex *compile_pattern(ExpressionCache *cache, const char *body, size_t n,
                                    const char *flags, size_t n_flags)
{
    g_autoptr(GString) text = g_string_new(NULL);
    gpointer known;

    if (n_flags > 0) {
        g_string_append(text, "(?");
        g_string_append_len(text, flags, (gssize)n_flags);
        g_string_append_c(text, ')');
    }
    for (size_t i = 0; i < n; i++) {
        if (body[i] == '\\' && i + 1 < n && body[i + 1] == '/')
            continue;
        g_string_append_c(text, body[i]);
    }
    if (g_hash_table_lookup_extended(cache->patterns, text->str, NULL, &known))
        return known;

    Regex *regex = may_compile(cache, text->str) ? regex_new(text->str, 0, NULL) : NULL;
    g_hash_table_insert(cache->patterns, arena_strdup(cache->arena, text->str), regex);
    return regex;
}

/* The length of "/.../flags" at @p, 0 for none: two or more characters, a slash inside escaped. */
static size_t pattern_length(const char *p, size_t *body)
{
    if (*p != '/')
        return 0;
    for (size_t i = 1; p[i]; i++) {
        if (p[i] != '/' || p[i - 1] == '\\')
            continue;
        if (i < 3)
            return 0;
        *body = i - 1;
        return i + 1 + strspn(p + i + 1, "ismU");
    }
    return 0;
}

const Regex *expression_pattern(ExpressionCache *cache, const char *text, bool *is_pattern)
{
    const char *end = *text == '/' ? strrchr(text + 1, '/') : NULL;

    *is_pattern = end && end[1 + strspn(end + 1, "ismU")] == '\0';
    if (!*is_pattern)
        return NULL;
    return compile_pattern(cache, text + 1, (size_t)(end - text) - 1, end + 1, strlen(end + 1));
}

const Regex *expression_regexp(ExpressionCache *cache, const char *text)
{
    bool is_pattern;
    const Regex *regex = expression_pattern(cache, text, &is_pattern);

    return is_pattern ? regex : compile_pattern(cache, text, strlen(text), "", 0);
}

static bool is_name_char(char c)
{
    return g_ascii_isalnum(c) || c == '_';
}

typedef struct Parser {
    ExpressionCache *cache;
    const Expression *tokens[MAX_TOKENS];
    size_t n;
    size_t at;
} Parser;

static Expression *token_new(Parser *p, Op op)
{
    Expression *token = arena_new0(p->cache->arena, Expression, 1);

    token->op = op;
    return token;
}

static size_t take_operator(const char *s, Op *op)
{
    static const struct {
        const char *text;
        Op op;
    } operators[] = {
        { "(", OP_OPEN },      { ")", OP_CLOSE },  { "null", OP_NULL }, { "true", OP_TRUE },
        { "false", OP_FALSE }, { "==", OP_EQUAL }, { "=~", OP_MATCH },  { "!=", OP_NOT_EQUAL },
        { "!~", OP_NO_MATCH }, { "&&", OP_AND },   { "||", OP_OR },     { "!", OP_NOT },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(operators); i++) {
        if (g_str_has_prefix(s, operators[i].text)) {
            *op = operators[i].op;
            return strlen(operators[i].text);
        }
    }
    return 0;
}

/* The length of `$[[ inputs.NAME ]]` at @s, 0: it is none.  Such a text is still there only in a file
 * without a header, which has no inputs: it is null. */
static size_t input_length(const char *s)
{
    static const char prefix[] = "inputs.";
    const char *p = s;

    if (!g_str_has_prefix(p, "$[["))
        return 0;
    for (p += 3; g_ascii_isspace(*p); p++)
        ;
    if (!g_str_has_prefix(p, prefix) || !is_name_char(p[strlen(prefix)]))
        return 0;
    for (p += strlen(prefix); is_name_char(*p); p++)
        ;
    while (g_ascii_isspace(*p))
        p++;
    return g_str_has_prefix(p, "]]") ? (size_t)(p - s) + 2 : 0;
}

/* One token at @s: its length, 0 for none. */
static size_t take_token(Parser *p, const char *s, const Expression **out)
{
    Arena *arena = p->cache->arena;
    size_t n, body;
    Op op;
    Expression *token;

    if (*s == '$' && is_name_char(s[1])) {
        for (n = 1; is_name_char(s[n]); n++)
            ;
        token = token_new(p, OP_VARIABLE);
        token->text = arena_strndup(arena, s + 1, n - 1);
    } else if ((n = input_length(s)) > 0) {
        token = token_new(p, OP_NULL);
    } else if (*s == '"' || *s == '\'') {
        const char *end = strchr(s + 1, *s);
        if (!end)
            return 0;
        n = (size_t)(end - s) + 1;
        token = token_new(p, OP_STRING);
        token->text = arena_strndup(arena, s + 1, n - 2);
    } else if (*s == '/') {
        n = pattern_length(s, &body);
        token = token_new(p, OP_PATTERN);
        if (n > 0)
            token->regex = compile_pattern(p->cache, s + 1, body, s + body + 2, n - body - 2);
        if (!token->regex)
            return 0;
    } else {
        n = take_operator(s, &op);
        if (n == 0)
            return 0;
        token = token_new(p, op);
    }
    *out = token;
    return n;
}

static bool tokenize(Parser *p, const char *s)
{
    for (;;) {
        while (g_ascii_isspace(*s))
            s++;
        if (*s == '\0')
            return true;
        if (p->n + 1 >= MAX_TOKENS)
            return false;
        size_t n = take_token(p, s, &p->tokens[p->n]);
        if (n == 0)
            return false;
        p->n++;
        s += n;
    }
}

static const Expression *parse_binary(Parser *p, int rank);

static bool take(Parser *p, Op op)
{
    if (p->at >= p->n || p->tokens[p->at]->op != op)
        return false;
    p->at++;
    return true;
}

static bool is_value(Op op)
{
    return op == OP_VARIABLE || op == OP_STRING || op == OP_PATTERN || op == OP_NULL ||
           op == OP_TRUE || op == OP_FALSE;
}

/* Recursive: as deep as there may be tokens. */
static const Expression *parse_unary(Parser *p)
{
    if (take(p, OP_NOT)) {
        Expression *not_it = token_new(p, OP_NOT);
        not_it->left = parse_unary(p);
        return not_it->left ? not_it : NULL;
    }
    if (take(p, OP_OPEN)) {
        const Expression *inner = parse_binary(p, 0);
        return inner && take(p, OP_CLOSE) ? inner : NULL;
    }
    if (p->at >= p->n)
        return NULL;
    const Expression *token = p->tokens[p->at];
    if (!is_value(token->op))
        return NULL;
    p->at++;
    return token;
}

/* The operators of each rank, the weakest first. */
static bool take_binary(Parser *p, int rank, Op *op)
{
    static const struct {
        int rank;
        Op op;
    } operators[] = { { 0, OP_OR },        { 1, OP_AND },   { 2, OP_EQUAL },
                      { 2, OP_NOT_EQUAL }, { 2, OP_MATCH }, { 2, OP_NO_MATCH } };

    for (size_t i = 0; i < G_N_ELEMENTS(operators); i++) {
        if (operators[i].rank == rank && take(p, operators[i].op)) {
            *op = operators[i].op;
            return true;
        }
    }
    return false;
}

static const Expression *parse_binary(Parser *p, int rank)
{
    if (rank == 3)
        return parse_unary(p);
    const Expression *left = parse_binary(p, rank + 1);
    Op op;

    while (left && take_binary(p, rank, &op)) {
        Expression *both = token_new(p, op);
        both->left = left;
        both->right = parse_binary(p, rank + 1);
        left = both->right ? both : NULL;
    }
    return left;
}

const Expression *expression_parse(ExpressionCache *cache, const char *text)
{
    Parser p = { .cache = cache };
    gpointer known;

    if (g_hash_table_lookup_extended(cache->expressions, text, NULL, &known))
        return known;
    const Expression *expression = tokenize(&p, text) ? parse_binary(&p, 0) : NULL;
    if (p.at < p.n)
        expression = NULL;
    g_hash_table_insert(cache->expressions, arena_strdup(cache->arena, text), (gpointer)expression);
    return expression;
}

typedef enum ValueKind { VALUE_NULL, VALUE_TEXT, VALUE_BOOL, VALUE_PATTERN } ValueKind;

typedef struct Value {
    ValueKind kind;
    const char *text;
    bool truth;
    const Regex *regex;
} Value;

typedef struct Evaluation {
    ExpressionCache *cache;
    ExpressionLookup lookup;
    void *data;
    bool failed;
} Evaluation;

static Value value_bool(bool truth)
{
    return (Value){ .kind = VALUE_BOOL, .truth = truth };
}

static Value value_text(const char *text)
{
    return (Value){ .kind = text ? VALUE_TEXT : VALUE_NULL, .text = text };
}

static bool is_no(const Value *value)
{
    return value->kind == VALUE_NULL || (value->kind == VALUE_BOOL && !value->truth);
}

static bool equal(const Value *a, const Value *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case VALUE_NULL:
        return true;
    case VALUE_TEXT:
        return g_str_equal(a->text, b->text);
    case VALUE_BOOL:
        return a->truth == b->truth;
    case VALUE_PATTERN:
        return a->regex == b->regex;
    }
    return false;
}

static const char *text_of(const Value *value)
{
    if (value->kind == VALUE_BOOL)
        return value->truth ? "true" : "false";
    return value->text ? value->text : "";
}

/* Charges for looking at @n bytes.  false: too many in all, the evaluation has failed. */
static bool may_scan(Evaluation *e, size_t n)
{
    e->cache->scanned += n;
    if (e->cache->scanned <= max_scanned)
        return true;
    e->cache->spent = true;
    e->failed = true;
    return false;
}

/* left =~ right; a text of the form /.../ is a pattern, another is looked for as it stands. */
static bool matches(Evaluation *e, const Value *left, const Value *right)
{
    const char *subject = text_of(left);
    const Regex *regex = right->regex;
    size_t body;

    if (!may_scan(e, strlen(subject) + strlen(text_of(right))))
        return false;
    if (right->kind != VALUE_PATTERN) {
        const char *text = text_of(right);
        size_t n = pattern_length(text, &body);
        if (n == 0 || text[n] != '\0')
            return strstr(text, subject) != NULL;
        regex = compile_pattern(e->cache, text + 1, body, text + body + 2, n - body - 2);
        if (!regex) {
            e->failed = true;
            return false;
        }
    }
    return regex_matches(regex, subject, strlen(subject));
}

static Value evaluate(Evaluation *e, const Expression *x);

static Value evaluate_comparison(Evaluation *e, const Expression *x)
{
    Value left = evaluate(e, x->left);
    Value right = evaluate(e, x->right);

    if (x->op == OP_EQUAL || x->op == OP_NOT_EQUAL)
        return value_bool(equal(&left, &right) == (x->op == OP_EQUAL));
    bool found = !is_no(&right) && matches(e, &left, &right);
    return value_bool(found == (x->op == OP_MATCH));
}

/* Recursive: as deep as there may be tokens. */
static Value evaluate(Evaluation *e, const Expression *x)
{
    Value left;

    switch (x->op) {
    case OP_VARIABLE:
        return value_text(e->lookup(e->data, x->text));
    case OP_STRING:
        return value_text(x->text);
    case OP_PATTERN:
        return (Value){ .kind = VALUE_PATTERN, .regex = x->regex };
    case OP_NULL:
        return value_text(NULL);
    case OP_TRUE:
    case OP_FALSE: /* no variable equals them: values are texts */
        return value_bool(x->op == OP_TRUE);
    case OP_EQUAL:
    case OP_NOT_EQUAL:
    case OP_MATCH:
    case OP_NO_MATCH:
        return evaluate_comparison(e, x);
    case OP_AND:
        left = evaluate(e, x->left);
        return is_no(&left) ? left : evaluate(e, x->right);
    case OP_OR:
        left = evaluate(e, x->left);
        return is_no(&left) ? evaluate(e, x->right) : left;
    case OP_NOT:
        left = evaluate(e, x->left);
        return value_bool(is_no(&left) || (left.kind == VALUE_TEXT && text_is_blank(left.text)));
    case OP_OPEN:
    case OP_CLOSE:
        break;
    }
    return value_text(NULL);
}

bool expression_holds(ExpressionCache *cache, const Expression *expression, ExpressionLookup lookup,
                      void *data)
{
    Evaluation e = { cache, lookup, data, false };
    Value value = evaluate(&e, expression);

    if (e.failed)
        return false;
    return value.kind == VALUE_BOOL ? value.truth
                                    : value.kind == VALUE_TEXT && !text_is_blank(value.text);
}
