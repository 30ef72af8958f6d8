/* pooled_writes.h - writes of a database that takes many at once; inside db/ only. */
#ifndef PENSTOCK_DB_POOLED_WRITES_H
#define PENSTOCK_DB_POOLED_WRITES_H

#include "db/pool.h"

typedef struct PooledWrites PooledWrites;

PooledWrites *pooled_writes_new(Pool *pool);
void pooled_writes_free(PooledWrites *writes); /* accepts NULL */

/* database_write() */
bool pooled_writes_run(PooledWrites *writes, DbWriteFunc func, void *data, Error *err);

void pooled_writes_add_stats(PooledWrites *writes, DatabaseStats *stats);

#endif
