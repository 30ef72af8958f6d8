/* cron.c - a cron expression as bit masks, and the walk from one match to the next.
 *
 * The reader (cron_parse.c) fills the masks; here the months that are in question become masks of
 * days, a day's hours, minutes and seconds are found by counting zero bits, and the wall clock is
 * turned into UTC interval by interval of constant offset, which makes gaps vanish and overlaps
 * count twice without a special case.
 */
#include "schedule/cron_fields.h"

#include "base/clock.h"

enum {
    EPOCH_JULIAN = 719163,      /* 1970-01-01 in GDate's count of days, where 0001-01-01 is 1 */
    FIRST_WEEK_JULIAN = 737060, /* Tuesday 2019-01-01: week 1 of `sun%2` starts here */
    SEARCH_YEARS = 100,         /* 29 February on a given weekday comes back within 40 years */
    LAST_YEAR = 9000,
    DAY_S = 24 * 60 * 60,
};

#define SEARCH_S (SEARCH_YEARS * G_GINT64_CONSTANT(366) * DAY_S)
#define FIRST_S  (-(G_GINT64_CONSTANT(719162) - 2) * DAY_S)
#define LAST_S   ((LAST_YEAR - 1970) * G_GINT64_CONSTANT(31556952))

/* The lowest set bit of @bits at or above @from, or -1. */
static int next_bit(uint64_t bits, int from)
{
    if (from > 63)
        return -1;
    bits &= ~UINT64_C(0) << from;
    return bits != 0 ? __builtin_ctzll(bits) : -1;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Bits @from, @from + 7, ... up to @last. */
static uint64_t every_week(int from, int last)
{
    uint64_t bits = 0;

    for (int day = from; day <= last; day += 7)
        bits |= UINT64_C(1) << day;
    return bits;
}

/* The n-th of @days from the front and from the back, as @nth asks. */
static uint64_t pick_nth(uint64_t days, const CronNth *nth)
{
    uint64_t picked = 0;
    int n = 0, count = __builtin_popcountll(days);

    for (int day = next_bit(days, 0); day >= 0; day = next_bit(days, day + 1)) {
        int back = count - n++;
        if ((nth->from_start >> n & 1) || (nth->from_end >> back & 1))
            picked |= UINT64_C(1) << day;
    }
    return picked;
}

/* Those of @days that lie in a week @modulo counts.  @before: the julian day before the month. */
static uint64_t pick_weeks(uint64_t days, const CronModulo *modulo, int64_t before)
{
    uint64_t picked = 0;

    for (int day = next_bit(days, 0); day >= 0; day = next_bit(days, day + 1)) {
        int64_t week = floor_div(before + day - FIRST_WEEK_JULIAN, 7) + 1;
        if ((week + modulo->plus) % modulo->every == 0)
            picked |= UINT64_C(1) << day;
    }
    return picked;
}

/* The days of a month that the weekday field matches, bit 1 the first. */
static uint64_t weekday_days(const Cron *cron, int64_t before, int length)
{
    uint64_t days = 0;

    for (int weekday = 0; weekday < 7; weekday++) {
        /* 0001-01-01, julian day 1, was a Monday: a julian day modulo 7 is its weekday. */
        int first = (int)((weekday - before % 7 + 6) % 7) + 1;
        uint64_t all = every_week(first, length);
        if (cron->weekdays.bits >> weekday & 1)
            days |= all;
        days |= pick_nth(all, &cron->nth[weekday]);
        for (guint i = 0; i < cron->modulos->len; i++) {
            const CronModulo *modulo = &g_array_index(cron->modulos, CronModulo, i);
            if (modulo->weekday == weekday)
                days |= pick_weeks(all, modulo, before);
        }
    }
    return days;
}

/* The days of a month that match, bit 1 the first; the month itself is known to match. */
static uint64_t month_days(const Cron *cron, int year, int month)
{
    GDate first;
    int length = g_date_get_days_in_month((GDateMonth)month, (GDateYear)year);
    uint64_t all = (UINT64_C(2) << length) - 2, days = cron->days.bits & all;

    if (cron->days.any && cron->weekdays.any)
        return all;
    g_date_set_dmy(&first, 1, (GDateMonth)month, (GDateYear)year);
    uint64_t by_weekday =
        cron->weekdays.any ? 0 : weekday_days(cron, g_date_get_julian(&first) - 1, length);
    if (cron->days.any)
        return by_weekday;
    for (int back = next_bit(cron->days_from_end, 0); back > 0 && back <= length;
         back = next_bit(cron->days_from_end, back + 1))
        days |= UINT64_C(1) << (length + 1 - back);
    return days | by_weekday;
}

/* The first matching day at or after @from, both counted from the epoch. */
static bool next_day(const Cron *cron, int64_t from, int64_t *found)
{
    GDate date;

    g_date_set_julian(&date, (guint32)(from + EPOCH_JULIAN));
    int year = g_date_get_year(&date), month = g_date_get_month(&date);
    int day = g_date_get_day(&date), last_year = year + SEARCH_YEARS;
    while (year <= last_year) {
        int next_month = next_bit(cron->months.bits, month);
        if (next_month != month)
            day = 1;
        if (next_month > 0) {
            day = next_bit(month_days(cron, year, next_month), day);
            if (day > 0) {
                g_date_set_dmy(&date, (GDateDay)day, (GDateMonth)next_month, (GDateYear)year);
                *found = (int64_t)g_date_get_julian(&date) - EPOCH_JULIAN;
                return true;
            }
            month = next_month + 1;
        } else {
            month = 1;
            year++;
        }
        day = 1;
    }
    return false;
}

/* The first matching second of a day at or after @from, or -1 where the day has no more. */
static int next_second_of_day(const Cron *cron, int from)
{
    int hour = from / 3600, minute = from / 60 % 60, second = from % 60;

    second = next_bit(cron->seconds.bits, second);
    if (second < 0)
        minute++;
    int at_minute = next_bit(cron->minutes.bits, minute);
    if (at_minute < 0)
        hour++;
    int at_hour = next_bit(cron->hours.bits, hour);
    if (at_hour < 0)
        return -1;
    if (at_hour != hour || at_minute < 0)
        at_minute = next_bit(cron->minutes.bits, 0);
    if (at_hour != hour || at_minute != minute || second < 0)
        second = next_bit(cron->seconds.bits, 0);
    return at_hour * 3600 + at_minute * 60 + second;
}

/* The first match at or after @from, both in seconds of the wall clock. */
static bool next_wall(const Cron *cron, int64_t from, int64_t *found)
{
    int64_t today = floor_div(from, DAY_S), day;

    if (!next_day(cron, today, &day))
        return false;
    int second = next_second_of_day(cron, day == today ? (int)(from - today * DAY_S) : 0);
    if (second < 0) {
        if (!next_day(cron, day + 1, &day))
            return false;
        second = next_second_of_day(cron, 0);
    }
    *found = day * DAY_S + second;
    return true;
}

/* The first second after @inside that is not in @interval any more; @outside is known not to be. */
static int64_t interval_end(GTimeZone *zone, int interval, int64_t inside, int64_t outside)
{
    while (outside - inside > 1) {
        int64_t middle = inside + (outside - inside) / 2;
        if (g_time_zone_find_interval(zone, G_TIME_TYPE_UNIVERSAL, middle) == interval)
            inside = middle;
        else
            outside = middle;
    }
    return outside;
}

bool cron_next(const Cron *cron, int64_t after_us, int64_t *next_us)
{
    int64_t now = floor_div(after_us, US_PER_S) + 1, horizon = now + SEARCH_S, wall;

    if (now < FIRST_S || now > LAST_S)
        return false;
    while (now < horizon) {
        int interval = g_time_zone_find_interval(cron->zone, G_TIME_TYPE_UNIVERSAL, now);
        int32_t offset = g_time_zone_get_offset(cron->zone, interval);
        if (!next_wall(cron, now + offset, &wall))
            return false;
        int64_t found = wall - offset;
        if (g_time_zone_find_interval(cron->zone, G_TIME_TYPE_UNIVERSAL, found) == interval) {
            *next_us = found * US_PER_S;
            return true;
        }
        /* The clock changes before it shows @wall: go on from the change, by the new offset. */
        now = interval_end(cron->zone, interval, now, found);
    }
    return false;
}

bool cron_has_days(const Cron *cron)
{
    int64_t day;

    return next_day(cron, FIRST_WEEK_JULIAN - EPOCH_JULIAN, &day);
}

void cron_free(Cron *cron)
{
    if (!cron)
        return;
    g_array_unref(cron->modulos);
    g_clear_pointer(&cron->zone, g_time_zone_unref);
    g_free(cron);
}
