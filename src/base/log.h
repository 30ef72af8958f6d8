/* log.h - one JSON object a line on stderr.
 *
 * Log once, where an error stops: a request, a tick, the runner's loop.  Libraries and domain code
 * do not log.  Secrets never go in: pass ids, not tokens.
 */
#ifndef PENSTOCK_BASE_LOG_H
#define PENSTOCK_BASE_LOG_H

#include "base/error.h"
#include "base/json.h"

typedef enum LogLevel { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR } LogLevel;

/* Lines below @level are dropped; the default is LOG_INFO.  Set once, at start. */
void log_set_level(LogLevel level);

/* {"time":…,"level":…,"msg":…} */
void log_line(LogLevel level, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The same with "error" and its code: where an error ends. */
void log_error(const Error *err, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* For lines with fields of their own: begin, put keys with jw_put_*(), end.  The writer's string is
 * owned by the pair.
 *
 *     JsonWriter w;
 *     if (log_begin(&w, LOG_INFO, "request")) {
 *         jw_put_int(&w, "status", 200);
 *         log_end(&w);
 *     }
 */
bool log_begin(JsonWriter *w, LogLevel level, const char *msg);
void log_end(JsonWriter *w);

#endif
