/* cron_parse.c - reads a cron expression into the masks of cron_fields.h.
 *
 * One rule a field says its values and names; one reader of list elements serves all of them.  The
 * few forms that one field alone has (`L`, `#`, `%`) hang on the kind of the field.
 */
#include "schedule/cron_fields.h"

#include "schedule/zones.h"

#include <string.h>

enum {
    TEXT_MAX = 1024,       /* bytes: every value of every field written out takes 360 */
    MODULO_DIGITS_MAX = 6, /* more weeks than any search looks at */
};

typedef enum FieldKind { FIELD_TIME, FIELD_DAY, FIELD_MONTH, FIELD_WEEKDAY } FieldKind;

typedef struct FieldRule {
    size_t member; /* of the CronField in Cron */
    FieldKind kind;
    int min, max;
    int also_min; /* one more than max, and the same as min (hour 24, weekday 7); 0: none */
    int digits_max;
    const char *names; /* three letters each, from min on; NULL: none */
} FieldRule;

static const FieldRule field_rules[] = {
    { offsetof(Cron, seconds), FIELD_TIME, 0, 59, .digits_max = 2 },
    { offsetof(Cron, minutes), FIELD_TIME, 0, 59, .digits_max = 2 },
    { offsetof(Cron, hours), FIELD_TIME, 0, 23, .also_min = 24, .digits_max = 2 },
    { offsetof(Cron, days), FIELD_DAY, 1, 31, .digits_max = 2 },
    { offsetof(Cron, months), FIELD_MONTH, 1, 12, .digits_max = 2,
      .names = "janfebmaraprmayjunjulaugsepoctnovdec" },
    { offsetof(Cron, weekdays), FIELD_WEEKDAY, 0, 6, .also_min = 7, .digits_max = 1,
      .names = "sunmontuewedthufrisat" },
};

/* What is being read: one field of @cron. */
typedef struct Reader {
    const char *at;
    const FieldRule *rule;
    CronField *field;
    Cron *cron;
} Reader;

static bool accept_char(Reader *rd, char c)
{
    if (*rd->at != c)
        return false;
    rd->at++;
    return true;
}

static bool accept_word(Reader *rd, const char *word)
{
    size_t n = strlen(word);

    if (g_ascii_strncasecmp(rd->at, word, n) != 0)
        return false;
    rd->at += n;
    return true;
}

/* From one to @digits_max digits. */
static bool read_number(Reader *rd, int digits_max, int *value)
{
    int n = 0, digits = 0;

    while (g_ascii_isdigit(rd->at[digits]) && digits < digits_max)
        n = n * 10 + g_ascii_digit_value(rd->at[digits++]);
    if (digits == 0 || g_ascii_isdigit(rd->at[digits]))
        return false;
    rd->at += digits;
    *value = n;
    return true;
}

static bool read_name(Reader *rd, int *value)
{
    const char *names = rd->rule->names;

    if (!names)
        return false;
    for (int i = 0; names[3 * i] != '\0'; i++) {
        if (g_ascii_strncasecmp(rd->at, names + 3 * i, 3) == 0) {
            rd->at += 3;
            *value = rd->rule->min + i;
            return true;
        }
    }
    return false;
}

/* A value as written: it may still be also_min, and a day may be negative. */
static bool read_value(Reader *rd, int *value)
{
    const FieldRule *rule = rd->rule;
    bool negative = false;

    if (read_name(rd, value))
        return true;
    if (rule->kind == FIELD_DAY) {
        if (accept_word(rd, "last") || accept_word(rd, "l")) {
            *value = -1;
            return true;
        }
        negative = accept_char(rd, '-');
    }
    if (!read_number(rd, rule->digits_max, value) || *value < rule->min ||
        *value > MAX(rule->max, rule->also_min))
        return false;
    if (negative)
        *value = -*value;
    return true;
}

/* `/s`, where there is one: @step stays 0 without. */
static bool read_step(Reader *rd, int *step)
{
    *step = 0;
    return !accept_char(rd, '/') || (read_number(rd, 2, step) && *step > 0);
}

static void add_value(Reader *rd, int value)
{
    if (value < 0)
        rd->cron->days_from_end |= UINT64_C(1) << -value;
    else
        rd->field->bits |= UINT64_C(1) << value;
}

/* Every @step-th value of a range that wraps where it ends before it starts.  false: it mixes days
 * from the start with days from the end. */
static bool add_range(Reader *rd, int first, int last, int step)
{
    const FieldRule *rule = rd->rule;
    int min = first < 0 ? -rule->max : rule->min, max = first < 0 ? -rule->min : rule->max;
    int n_values = max - min + 1;

    if ((first < 0) != (last < 0))
        return false;
    if (first > max) {
        first = min;
        last = last > max ? min : last;
    }
    int length = last - first + 1 + (last < first ? n_values : 0);
    for (int i = 0; i < length; i += step)
        add_value(rd, first + i > max ? first + i - n_values : first + i);
    return true;
}

/* `*`, `*` with a step, or a step alone. */
static bool read_star(Reader *rd)
{
    bool star = accept_char(rd, '*');
    int step;

    if (!read_step(rd, &step) || (!star && step == 0))
        return false;
    /* Of the weekdays only a plain star leaves all open; a step of one restricts to all seven. */
    if (step == 0 || (step == 1 && rd->rule->kind != FIELD_WEEKDAY))
        rd->field->any = true;
    return add_range(rd, rd->rule->min, rd->rule->max, MAX(step, 1));
}

/* What follows `mon#`. */
static bool read_nth(Reader *rd, int weekday)
{
    CronNth *nth = &rd->cron->nth[weekday];
    int n;

    if (accept_word(rd, "last") || accept_word(rd, "l")) {
        nth->from_end |= 1 << 1;
        return true;
    }
    uint8_t *bits = accept_char(rd, '-') ? &nth->from_end : &nth->from_start;
    if (!read_number(rd, 1, &n) || n < 1 || n > 5)
        return false;
    *bits |= (uint8_t)(1 << n);
    return true;
}

/* What follows `mon%`. */
static bool read_modulo(Reader *rd, int weekday)
{
    CronModulo modulo = { .weekday = weekday };

    if (!read_number(rd, MODULO_DIGITS_MAX, &modulo.every) || modulo.every == 0)
        return false;
    if (accept_char(rd, '+') && !read_number(rd, MODULO_DIGITS_MAX, &modulo.plus))
        return false;
    g_array_append_val(rd->cron->modulos, modulo);
    return true;
}

static bool read_element(Reader *rd)
{
    const FieldRule *rule = rd->rule;
    int first, last, step;

    if (*rd->at == '*' || *rd->at == '/')
        return read_star(rd);
    if (!read_value(rd, &first))
        return false;
    if (rule->kind == FIELD_WEEKDAY && accept_char(rd, '#'))
        return read_nth(rd, first % 7);
    if (rule->kind == FIELD_WEEKDAY && accept_char(rd, '%'))
        return read_modulo(rd, first % 7);
    bool range = accept_char(rd, '-');
    if (range && !read_value(rd, &last))
        return false;
    if (!read_step(rd, &step))
        return false;
    if (!range) /* 5/15 goes on to the field's end, but a weekday stays alone */
        last = step > 0 && rule->kind != FIELD_WEEKDAY ? rule->max : first;
    return add_range(rd, first, last, MAX(step, 1));
}

static bool read_field(Cron *cron, const FieldRule *rule, const char *text)
{
    CronField *field = G_STRUCT_MEMBER_P(cron, rule->member);
    Reader rd = { .at = text, .rule = rule, .field = field, .cron = cron };

    do {
        if (!read_element(&rd))
            return false;
    } while (accept_char(&rd, ','));
    if (*rd.at != '\0')
        return false;
    /* A star in a list of weekdays matches every day, but the list still counts as restricted. */
    if (rule->kind == FIELD_WEEKDAY)
        field->any = field->any && strcmp(text, "*") == 0;
    return true;
}

/* Leaves out the listed months that have none of the listed days: 31 February and April.  Even
 * where a weekday could match in them, as in GitLab; a month field of `*` lists none. */
static void trim_months(Cron *cron)
{
    if (cron->days.any || cron->months.any)
        return;
    for (int month = 1; month <= 12; month++) {
        int length = g_date_get_days_in_month((GDateMonth)month, 2000);
        uint64_t all = (UINT64_C(2) << length) - 2;
        if (((cron->days.bits | cron->days_from_end) & all) == 0)
            cron->months.bits &= ~(UINT64_C(1) << month);
    }
}

/* Splits at blanks and tabs into @fields; a last blank may follow.  Answers how many there are, or
 * 0 where they are not five or six. */
static size_t split_fields(char *text, char *fields[G_N_ELEMENTS(field_rules)])
{
    size_t n = 0;

    for (char *rest = text; *rest != '\0';) {
        if (n == G_N_ELEMENTS(field_rules))
            return 0;
        fields[n++] = rest;
        rest += strcspn(rest, " \t");
        size_t blanks = strspn(rest, " \t");
        if (blanks > 0)
            *rest = '\0';
        rest += blanks;
    }
    return n >= G_N_ELEMENTS(field_rules) - 1 ? n : 0;
}

static bool read_text(Cron *cron, const char *text)
{
    char copy[TEXT_MAX + 1];
    char *fields[G_N_ELEMENTS(field_rules)];

    if (g_strlcpy(copy, text, sizeof copy) >= sizeof copy)
        return false;
    size_t n = split_fields(copy, fields), skip = G_N_ELEMENTS(field_rules) - n;
    if (n == 0)
        return false;
    cron->seconds.bits = skip > 0 ? 1 : 0;
    for (size_t i = 0; i < n; i++)
        if (!read_field(cron, &field_rules[skip + i], fields[i]))
            return false;
    trim_months(cron);
    return cron_has_days(cron);
}

Cron *cron_parse(const char *text, const char *zone, Error *err)
{
    g_autoptr(Cron) cron = g_new0(Cron, 1);

    cron->modulos = g_array_new(FALSE, FALSE, sizeof(CronModulo));
    cron->zone = zone_find(zone);
    bool good = read_text(cron, text);
    if (!good)
        (void)error_field(err, "cron", "syntax is invalid");
    if (!cron->zone)
        (void)error_field(err, "cron_timezone", "syntax is invalid");
    return good && cron->zone ? g_steal_pointer(&cron) : NULL;
}
