/* postgres_signals.h - LISTEN and NOTIFY on a connection of their own; inside db/ only. */
#ifndef PENSTOCK_DB_POSTGRES_SIGNALS_H
#define PENSTOCK_DB_POSTGRES_SIGNALS_H

#include "db/db_driver.h"

#include <libpq-fe.h>

/* A connection as all of ours are.  NULL with ERR_USAGE: why not.  (db_postgres.c) */
PGconn *postgres_connect(const char *url, Error *err);

/* What is behind a connection of the driver's.  (db_postgres.c) */
PGconn *postgres_connection(DbConnection *conn);

/* See DbRemote. */
DbSignals *postgres_signals_start(const char *where, DbSignalFunc func, void *data, Error *err);
void postgres_signals_send(DbSignals *signals, const char *text);
void postgres_signals_stop(DbSignals *signals);

#endif
