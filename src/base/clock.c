/* clock.c - the clocks and the two text forms of time. */
#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t system_now(Clock *clock)
{
    return g_get_real_time();
}

static int64_t fixed_now(Clock *clock)
{
    return clock->fixed_us;
}

Clock clock_system(void)
{
    return (Clock){ .now_us = system_now };
}

Clock clock_fixed(int64_t us)
{
    return (Clock){ .now_us = fixed_now, .fixed_us = us };
}

/* Splits towards the past, so that times before 1970 keep a positive fraction. */
static void split(int64_t us, time_t *seconds, int *millis)
{
    int64_t s = us / US_PER_S, rest = us % US_PER_S;

    if (rest < 0) {
        rest += US_PER_S;
        s--;
    }
    *seconds = (time_t)s;
    *millis = (int)(rest / 1000);
}

/* @value with its zeros, and @then.  printf() takes longer for a time than all else of a row. */
static char *put(char *at, int value, int n_digits, char then)
{
    for (int i = n_digits; i-- > 0; value /= 10)
        at[i] = (char)('0' + value % 10);
    at[n_digits] = then;
    return at + n_digits + 1;
}

const char *time_to_text(int64_t us, char buf[TIME_TEXT_SIZE])
{
    time_t seconds;
    int millis;
    struct tm tm;

    split(us, &seconds, &millis);
    gmtime_r(&seconds, &tm);
    char *at = put(buf, tm.tm_year + 1900, 4, '-');
    at = put(at, tm.tm_mon + 1, 2, '-');
    at = put(at, tm.tm_mday, 2, 'T');
    at = put(at, tm.tm_hour, 2, ':');
    at = put(at, tm.tm_min, 2, ':');
    at = put(at, tm.tm_sec, 2, '.');
    at = put(at, millis, 3, 'Z');
    *at = '\0';
    return buf;
}

const char *date_to_text(int64_t us, char buf[TIME_TEXT_SIZE])
{
    time_to_text(us, buf);
    buf[10] = '\0';
    return buf;
}

bool time_from_text(const char *text, int64_t *us)
{
    if (date_from_text(text, us))
        return true;
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(text, utc);
    if (!time)
        return false;
    *us = g_date_time_to_unix(time) * US_PER_S + g_date_time_get_microsecond(time);
    return true;
}

bool date_from_text(const char *text, int64_t *us)
{
    int year, month, day, end = 0;

    if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &end) != 3 || end != 10 ||
        text[end] != '\0')
        return false;
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autoptr(GDateTime) date = g_date_time_new(utc, year, month, day, 0, 0, 0);
    if (!date)
        return false;
    *us = g_date_time_to_unix(date) * US_PER_S;
    return true;
}
