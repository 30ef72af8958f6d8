/* postgres_errors.h - PostgreSQL's SQLSTATEs as our error codes; inside db/ only. */
#ifndef PENSTOCK_DB_POSTGRES_ERRORS_H
#define PENSTOCK_DB_POSTGRES_ERRORS_H

#include "base/error.h"

#include <libpq-fe.h>

/* Sets @err from a failed @result of @pg (NULL: there is none); returns false.  The text holds no
 * values of rows. */
bool postgres_error(PGconn *pg, const PGresult *result, Error *err);

/* The class of @sqlstate; NULL or empty: libpq's own, which is a lost connection. */
ErrCode postgres_error_code(const char *sqlstate);

#endif
