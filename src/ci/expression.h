/* expression.h - the conditions of rules: `$A == "x" && $B =~ /y/`. */
#ifndef PENSTOCK_CI_EXPRESSION_H
#define PENSTOCK_CI_EXPRESSION_H

#include "base/arena.h"

#include <stdbool.h>

#define EXPRESSION_TOO_MUCH_WORK "takes too much work: the patterns are too many or too large"

typedef struct Expression Expression;
typedef struct ExpressionCache ExpressionCache;

/* The value of a variable; NULL: there is none of that name. */
typedef const char *(*ExpressionLookup)(void *data, const char *name);

/* Parsed expressions and compiled patterns by their text; ends with the arena. */
ExpressionCache *expression_cache_new(Arena *arena);

/* Whether an expression was refused, or failed, only because all expressions together would take
 * too much work. */
bool expression_cache_is_spent(const ExpressionCache *cache);

/* NULL: the text is no expression: a lexical or syntactic error, 100 tokens or more, or a pattern
 * that RE2 refuses or that is past the work that one configuration may ask for. */
const Expression *expression_parse(ExpressionCache *cache, const char *text);

/* The pattern of "/.../flags" as `only` and `except` write it.  NULL: refused, or *@is_pattern is
 * false and @text has another form. */
const struct Regex *expression_pattern(ExpressionCache *cache, const char *text, bool *is_pattern);

/* A pattern of RE2, with or without slashes.  NULL: refused. */
const struct Regex *expression_regexp(ExpressionCache *cache, const char *text);

/* Whether the expression holds.  An error of evaluation (a variable that holds a bad pattern)
 * counts as false. */
bool expression_holds(ExpressionCache *cache, const Expression *expression, ExpressionLookup lookup,
                      void *data);

#endif
