/* statement_cache.h - one connection's prepared statements by their text; inside db/ only.
 *
 * Queries with filters come in many forms: the latest used stay, the least used go.
 */
#ifndef PENSTOCK_DB_STATEMENT_CACHE_H
#define PENSTOCK_DB_STATEMENT_CACHE_H

#include <glib.h>
#include <stdbool.h>

/* The first member of a driver's own struct. */
typedef struct CachedStatement {
    char *sql;   /* as the caller wrote it; owned */
    bool in_use; /* not to be dropped now */
    GList link;  /* in the list by last use */
} CachedStatement;

typedef struct StatementCache StatementCache;

/* @drop frees a driver's struct but not its CachedStatement's text; @data is for it. */
StatementCache *statement_cache_new(void (*drop)(CachedStatement *statement, void *data),
                                    void *data);

/* Drops all.  Accepts NULL. */
void statement_cache_free(StatementCache *cache);

/* The one for @sql, now the latest used; NULL: there is none. */
CachedStatement *statement_cache_find(StatementCache *cache, const char *sql);

/* Takes over @statement, whose members are zero, for @sql; may drop another. */
void statement_cache_add(StatementCache *cache, const char *sql, CachedStatement *statement);

#endif
