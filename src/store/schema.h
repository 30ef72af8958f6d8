/* schema.h - the tables, as numbered files embedded at build time (schema/, embed.py). */
#ifndef PENSTOCK_STORE_SCHEMA_H
#define PENSTOCK_STORE_SCHEMA_H

#include "db/db.h"

extern const DbMigration schema_migrations[];
extern const size_t schema_n_migrations;

/* Options for database_open() and its like, with these migrations. */
static inline DatabaseOptions store_options(const char *url)
{
    return (DatabaseOptions){ .url = url,
                              .migrations = schema_migrations,
                              .n_migrations = schema_n_migrations };
}

/* database_open() with these: for a server, and for a test. */
static inline Database *store_open(const char *url, Error *err)
{
    DatabaseOptions options = store_options(url);

    return database_open(&options, err);
}

/* database_open_beside() with these: for a short command. */
static inline Database *store_open_beside(const char *url, Error *err)
{
    DatabaseOptions options = store_options(url);

    return database_open_beside(&options, err);
}

#endif
