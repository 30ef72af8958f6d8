/* checked_write.h - a write that looks whether a name is free before it takes it. */
#ifndef PENSTOCK_STORE_CHECKED_WRITE_H
#define PENSTOCK_STORE_CHECKED_WRITE_H

#include "db/db.h"

/* Like database_write().  Where writes run side by side, two may find the same name free; the unique
 * key stops one of them (ERR_DB_UNIQUE).  That one runs again and now sees who has the name, so that
 * @func itself says what is wrong. */
static inline bool checked_write(Database *database, DbWriteFunc func, void *data, Error *err)
{
    enum { ATTEMPTS = 3 };

    for (int i = 1;; i++) {
        g_auto(Error) failed = ERROR_INIT;
        if (database_write(database, func, data, &failed))
            return true;
        if (failed.code != ERR_DB_UNIQUE || i == ATTEMPTS)
            return error_move(err, &failed);
    }
}

#endif
