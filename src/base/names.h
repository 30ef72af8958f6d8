/* names.h - one name table for every enum that leaves the program.
 *
 * JSON, SQL, YAML and logs all use the same table, so an enum has one spelling everywhere.
 */
#ifndef PENSTOCK_BASE_NAMES_H
#define PENSTOCK_BASE_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* names[value] is the text of value; every slot below n is set. */
typedef struct NameTable {
    const char *const *names;
    int n;
} NameTable;

#define NAME_TABLE(array)                                                                          \
    {                                                                                              \
        (array), (int)(sizeof(array) / sizeof((array)[0]))                                         \
    }

/* NULL for a value outside the table. */
const char *name_of(const NameTable *table, int value);

/* -1 for a text that is not in the table, or NULL. */
int name_value(const NameTable *table, const char *text);

#endif
