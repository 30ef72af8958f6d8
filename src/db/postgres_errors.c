/* postgres_errors.c - a table from SQLSTATE (PostgreSQL 15, appendix A) to ErrCode. */
#include "db/postgres_errors.h"

#include <string.h>

/* A class is the first two characters; the first row that fits counts. */
static const struct {
    const char *state;
    ErrCode code;
} codes[] = {
    { "23505", ERR_DB_UNIQUE },   { "23503", ERR_DB_FOREIGN_KEY },
    { "40001", ERR_DB_RETRY },    /* serialization_failure */
    { "40P01", ERR_DB_RETRY },    /* deadlock_detected */
    { "55P03", ERR_UNAVAILABLE }, /* lock_timeout: somebody holds it for too long */
    { "57014", ERR_UNAVAILABLE }, /* statement_timeout */
    { "57P", ERR_DB_AWAY },       /* the server stops, starts, or has ended us */
    { "08", ERR_DB_AWAY },        /* connections */
    { "53300", ERR_DB_AWAY },     /* too_many_connections */
    { "22021", ERR_BAD_REQUEST }, /* bytes that are no UTF-8 */
};

ErrCode postgres_error_code(const char *sqlstate)
{
    if (!sqlstate || !*sqlstate)
        return ERR_DB_AWAY;
    for (size_t i = 0; i < G_N_ELEMENTS(codes); i++) {
        if (g_str_has_prefix(sqlstate, codes[i].state))
            return codes[i].code;
    }
    return ERR_DB;
}

bool postgres_error(PGconn *pg, const PGresult *result, Error *err)
{
    const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    const char *text = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    g_autofree char *line = g_strdup(text ? text : PQerrorMessage(pg));

    g_strdelimit(g_strstrip(line), "\n\t", ' ');
    if (!*line)
        return error_set(err, ERR_DB_AWAY, "the connection to the database was lost");
    ErrCode code = postgres_error_code(state);
    if (code == ERR_UNAVAILABLE)
        return error_set(err, code, "the database took too long");
    return error_set(err, code, "%s (PostgreSQL %s)", line, state ? state : "connection");
}
