/* names.c - enum <-> text. */
#include "base/names.h"

#include <string.h>

const char *name_of(const NameTable *table, int value)
{
    return value >= 0 && value < table->n ? table->names[value] : NULL;
}

int name_value(const NameTable *table, const char *text)
{
    if (!text)
        return -1;
    for (int i = 0; i < table->n; i++)
        if (strcmp(table->names[i], text) == 0)
            return i;
    return -1;
}
