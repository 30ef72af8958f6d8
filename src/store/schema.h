/* schema.h - the tables, as numbered files embedded at build time (schema/, embed.py). */
#ifndef PENSTOCK_STORE_SCHEMA_H
#define PENSTOCK_STORE_SCHEMA_H

#include "db/db.h"

extern const DbMigration schema_migrations[];
extern const size_t schema_n_migrations;

/* database_open() with these: for a server, and for a test. */
static inline Database *store_open(const char *url, Error *err)
{
    return database_open(url, schema_migrations, schema_n_migrations, err);
}

/* database_open_beside() with these: for a short command. */
static inline Database *store_open_beside(const char *url, Error *err)
{
    return database_open_beside(url, schema_migrations, schema_n_migrations, err);
}

#endif
