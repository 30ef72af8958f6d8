/* writer.h - the one thread that writes; inside db/ only. */
#ifndef PENSTOCK_DB_WRITER_H
#define PENSTOCK_DB_WRITER_H

#include "db/db_driver.h"

typedef struct Writer Writer;

/* @db: becomes the writer's.  @committed(@data) is called on its thread after each commit. */
Writer *writer_start(Db *db, void (*committed)(Db *db, void *data), void *data);

/* Runs what waits, ends the thread, frees @writer and its connection.  Accepts NULL. */
void writer_stop(Writer *writer);

/* database_write() */
bool writer_run(Writer *writer, DbWriteFunc func, void *data, Error *err);

/* Adds its figures to @stats. */
void writer_add_stats(Writer *writer, DatabaseStats *stats);

#endif
