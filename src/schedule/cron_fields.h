/* cron_fields.h - a cron expression after reading; shared by cron_parse.c and cron.c only. */
#ifndef PENSTOCK_SCHEDULE_CRON_FIELDS_H
#define PENSTOCK_SCHEDULE_CRON_FIELDS_H

#include "schedule/cron.h"

/* The values that a field matches: bit n is the value n. */
typedef struct CronField {
    uint64_t bits;
    bool any; /* restricts nothing, and so stays out of the "or" of the two day fields */
} CronField;

/* `mon#2`, `fri#-1`: bit n is the n-th of the month, from either end; counted from 1. */
typedef struct CronNth {
    uint8_t from_start;
    uint8_t from_end;
} CronNth;

/* `sun%2+1`: that weekday, in the weeks where (week + plus) is a multiple of @every. */
typedef struct CronModulo {
    int weekday;
    int every;
    int plus;
} CronModulo;

struct Cron {
    CronField seconds, minutes, hours, days, months, weekdays; /* weekday 0 is Sunday */
    uint64_t days_from_end;                                    /* bit 1 is the last of the month */
    CronNth nth[7];                                            /* by weekday */
    GArray *modulos;                                           /* of CronModulo */
    GTimeZone *zone;
};

/* Whether any day matches, in a hundred years from 2019 on. */
bool cron_has_days(const Cron *cron);

#endif
