/* instance_values.h - few, odd values of the installation. */
#ifndef PENSTOCK_STORE_INSTANCE_VALUES_H
#define PENSTOCK_STORE_INSTANCE_VALUES_H

#include "store/query.h"

/* ERR_NO_RECORD: it has none. */
bool instance_value_get(Db *db, Arena *arena, const char *key, const char **value, Error *err);
/* Inserts it if there is none; of several servers one does. @is_new: it was inserted; may be NULL. */
bool instance_value_add(Db *db, const char *key, const char *value, bool *is_new, Error *err);
/* Inserts or replaces. */
bool instance_value_set(Db *db, const char *key, const char *value, Error *err);
bool instance_value_delete(Db *db, const char *key, Error *err);

#endif
