/* recipe.h - the statements that store one pipeline, as bench/recipe.py took them from a database that
 * the server had written; what bare_sqlite.c and bare_postgres.c replay.
 */
#ifndef PENSTOCK_BENCH_RECIPE_H
#define PENSTOCK_BENCH_RECIPE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum ValueKind {
    VALUE_NULL,
    VALUE_INT,
    VALUE_DOUBLE,
    VALUE_TEXT,
    VALUE_ROW, /* the id of the row that statement @number inserts; a new one if that is itself */
    VALUE_NEXT /* @number, and one more with each pipeline */
} ValueKind;

typedef struct RecipeValue {
    ValueKind kind;
    int64_t number;
    double real;
    char *text;
} RecipeValue;

typedef struct RecipeStatement {
    char *sql;   /* with $1, $2 ... in the order of @values */
    char *table; /* it inserts into, with a new id as the first value; NULL: an UPDATE */
    RecipeValue *values;
    size_t n_values;
} RecipeStatement;

typedef struct Recipe {
    RecipeStatement *statements;
    size_t n_statements;
    size_t n_inserts;
} Recipe;

/* Reads the JSON in @path.  Ends the program with a message where it cannot. */
Recipe *recipe_load(const char *path);
void recipe_free(Recipe *recipe);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Recipe, recipe_free)

#endif
