/* drivers.c - which databases there are, and whose a URL is.
 *
 * In a file of its own, so that a test program can put a driver of its own in front of them. */
#include "db/db_driver.h"

#include <string.h>

static const DbDriver *const drivers[] = { &db_sqlite_driver, &db_postgres_driver };

static const char *scheme_of(const DbDriver *driver, const char *url)
{
    for (const char *const *scheme = driver->schemes; *scheme; scheme++) {
        if (g_str_has_prefix(url, *scheme))
            return *scheme;
    }
    return NULL;
}

const DbDriver *db_driver_of(const char *url, const char **where, Error *err)
{
    for (size_t i = 0; i < G_N_ELEMENTS(drivers); i++) {
        const char *scheme = scheme_of(drivers[i], url);
        if (!scheme)
            continue;
        *where = drivers[i]->whole_url ? url : url + strlen(scheme);
        return drivers[i];
    }
    /* The URL may hold a password: only what precedes it is shown. */
    g_autofree char *scheme = g_strndup(url, strcspn(url, ":"));
    error_set(err, ERR_USAGE,
              "database \"%s:...\": only sqlite:PATH and postgresql://... are known", scheme);
    return NULL;
}
