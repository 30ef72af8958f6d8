/* copy.h - moves all that a database holds into an empty one, of the same kind or another.
 *
 * Which tables and columns there are is asked of both databases and has to agree.  Ids are kept,
 * and so are the last ids given: none is used twice.  The rows go into the target in one
 * transaction, inside which both sides are then read again and compared: a copy that fails leaves
 * no row there.
 */
#ifndef PENSTOCK_DB_COPY_H
#define PENSTOCK_DB_COPY_H

#include "db/db.h"

/* What has been copied of one table. */
typedef struct DatabaseCopied {
    const char *table;
    int64_t n_rows;
    const char *checksum; /* of all values in the order of the primary key; the same on all kinds */
} DatabaseCopied;

/* Called after each table; it is compared later. */
typedef void (*DatabaseCopiedFunc)(const DatabaseCopied *copied, void *data);

/* Copies @from, which nobody may use, to @to, which may be new, or have the schema and no row.
 * Holds both meanwhile, so that a server that starts waits or refuses.  Memory does not grow with
 * the rows.
 *
 * ERR_USAGE: refused, or not reachable.  Any other error: it went wrong, nothing was copied, and
 * the message says so. */
bool database_copy(const DatabaseOptions *from, const DatabaseOptions *to, DatabaseCopiedFunc func,
                   void *data, Error *err);

/* A URL as it may be shown: without password or other options.  Owned by the caller; NULL with
 * ERR_USAGE: it is none that we know. */
char *database_shown(const char *url, Error *err);

#endif
