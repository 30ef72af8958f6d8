/* recipe.c - JSON to recipe. */
#include "recipe.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

/* {"row": 3}, {"next": 17}, or a value as it stands. */
static RecipeValue read_value(const json_t *json)
{
    const json_t *row = json_object_get(json, "row");
    const json_t *next = json_object_get(json, "next");

    if (row)
        return (RecipeValue){ .kind = VALUE_ROW, .number = json_integer_value(row) };
    if (next)
        return (RecipeValue){ .kind = VALUE_NEXT, .number = json_integer_value(next) };
    if (json_is_integer(json))
        return (RecipeValue){ .kind = VALUE_INT, .number = json_integer_value(json) };
    if (json_is_real(json))
        return (RecipeValue){ .kind = VALUE_DOUBLE, .real = json_real_value(json) };
    if (json_is_string(json))
        return (RecipeValue){ .kind = VALUE_TEXT, .text = g_strdup(json_string_value(json)) };
    return (RecipeValue){ .kind = VALUE_NULL };
}

static void read_statement(const json_t *json, RecipeStatement *statement)
{
    const json_t *values = json_object_get(json, "values");

    statement->sql = g_strdup(json_string_value(json_object_get(json, "sql")));
    statement->table = g_strdup(json_string_value(json_object_get(json, "table")));
    statement->n_values = json_array_size(values);
    statement->values = g_new0(RecipeValue, statement->n_values);
    for (size_t i = 0; i < statement->n_values; i++)
        statement->values[i] = read_value(json_array_get(values, i));
}

Recipe *recipe_load(const char *path)
{
    json_error_t error;
    json_t *json = json_load_file(path, 0, &error);

    if (!json) {
        fprintf(stderr, "%s: line %d: %s\n", path, error.line, error.text);
        exit(2);
    }
    Recipe *recipe = g_new0(Recipe, 1);
    recipe->n_statements = json_array_size(json);
    recipe->statements = g_new0(RecipeStatement, recipe->n_statements);
    for (size_t i = 0; i < recipe->n_statements; i++) {
        read_statement(json_array_get(json, i), &recipe->statements[i]);
        recipe->n_inserts += recipe->statements[i].table != NULL;
    }
    json_decref(json);
    return recipe;
}

void recipe_free(Recipe *recipe)
{
    if (!recipe)
        return;
    for (size_t i = 0; i < recipe->n_statements; i++) {
        RecipeStatement *statement = &recipe->statements[i];
        for (size_t k = 0; k < statement->n_values; k++)
            g_free(statement->values[k].text);
        g_free(statement->values);
        g_free(statement->table);
        g_free(statement->sql);
    }
    g_free(recipe->statements);
    g_free(recipe);
}
