/* checkpointer.h - moves committed pages from the log into the file, off the writer's thread;
 * inside db/ only. */
#ifndef PENSTOCK_DB_CHECKPOINTER_H
#define PENSTOCK_DB_CHECKPOINTER_H

#include "db/db_driver.h"

typedef struct Checkpointer Checkpointer;

/* @db: becomes the checkpointer's. */
Checkpointer *checkpointer_start(Db *db);

/* After a commit: @backlog pages wait in the log.  Never blocks on I/O. */
void checkpointer_tell(Checkpointer *checkpointer, int64_t backlog);

/* Checkpoints since the start. */
int64_t checkpointer_count(Checkpointer *checkpointer);

/* Checkpoints a last time, ends the thread, frees all.  Accepts NULL. */
void checkpointer_stop(Checkpointer *checkpointer);

#endif
