/* log.c - writes whole lines with one write(2), so that threads do not mix. */
#include "base/log.h"

#include "base/clock.h"

#include <unistd.h>

static const char *const level_names[] = { "debug", "info", "warn", "error" };

/* The one process-wide setting: there is one stderr. */
static LogLevel lowest = LOG_INFO;

void log_set_level(LogLevel level)
{
    lowest = level;
}

bool log_begin(JsonWriter *w, LogLevel level, const char *msg)
{
    if (level < lowest)
        return false;
    jw_init(w, g_string_sized_new(256));
    jw_begin_object(w);
    jw_put_time(w, "time", g_get_real_time());
    jw_put_string(w, "level", level_names[level]);
    jw_put_string(w, "msg", msg);
    return true;
}

void log_end(JsonWriter *w)
{
    jw_end_object(w);
    g_string_append_c(w->out, '\n');
    /* A log that cannot be written has nowhere to say so. */
    ssize_t ignored = write(STDERR_FILENO, w->out->str, w->out->len);
    (void)ignored;
    g_string_free(w->out, TRUE);
}

void log_line(LogLevel level, const char *format, ...)
{
    JsonWriter w;
    va_list args;

    va_start(args, format);
    g_autofree char *msg = g_strdup_vprintf(format, args);
    va_end(args);
    if (log_begin(&w, level, msg))
        log_end(&w);
}

void log_error(const Error *err, const char *format, ...)
{
    JsonWriter w;
    va_list args;

    va_start(args, format);
    g_autofree char *msg = g_strdup_vprintf(format, args);
    va_end(args);
    if (log_begin(&w, LOG_ERROR, msg)) {
        jw_put_string(&w, "code", error_code_name(err->code));
        jw_put_string(&w, "error", error_text(err));
        log_end(&w);
    }
}
