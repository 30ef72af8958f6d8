/* pool.h - a bounded number of connections, lent to one thread each; inside db/ only. */
#ifndef PENSTOCK_DB_POOL_H
#define PENSTOCK_DB_POOL_H

#include "db/db_driver.h"

typedef struct Pool Pool;

/* Opens one at once, so that what is wrong shows here; the others when they are wanted.  @where has
 * to live as long as the pool. */
Pool *pool_new(Database *database, const DbDriver *driver, const char *where, int max, Error *err);

/* All are back.  Accepts NULL. */
void pool_free(Pool *pool);

/* One that is idle, or a new one; waits while all are in use.  NULL with ERR_DB_AWAY: the
 * database cannot be reached (tried again no sooner than a growing time after the last failure), or
 * all were in use for too long. */
Db *pool_take(Pool *pool, Error *err);

/* One that is lost, or in the middle of a transaction, is closed. */
void pool_give_back(Pool *pool, Db *db);

/* Another connection for a @db that was taken and whose own is lost: tries for some seconds, since
 * whoever has it may have written already and owes an answer.  false: it is as it was. */
bool pool_renew(Pool *pool, Db *db);

/* Whether the last attempt to reach the database failed. */
bool pool_is_away(Pool *pool);

/* Wall-clock microseconds of the last return of a database that could not be reached; 0: never. */
int64_t pool_available_since(Pool *pool);

void pool_add_stats(Pool *pool, DatabaseStats *stats);

#endif
