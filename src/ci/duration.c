/* duration.c - "1h 30m", "3 mins 4 sec", "1:30": lengths of time as people write them. */
#include "ci/ci.h"

#include <math.h>
#include <string.h>

typedef struct Word {
    const char *text;
    double value;
} Word;

/* In seconds. */
static const Word units[] = {
    { "s", 1 },
    { "sec", 1 },
    { "secs", 1 },
    { "second", 1 },
    { "seconds", 1 },
    { "m", 60 },
    { "min", 60 },
    { "mins", 60 },
    { "minute", 60 },
    { "minutes", 60 },
    { "h", 3600 },
    { "hr", 3600 },
    { "hrs", 3600 },
    { "hour", 3600 },
    { "hours", 3600 },
    { "d", 86400 },
    { "dy", 86400 },
    { "day", 86400 },
    { "days", 86400 },
    { "w", 604800 },
    { "wk", 604800 },
    { "wks", 604800 },
    { "week", 604800 },
    { "weeks", 604800 },
    { "mo", 2592000 },
    { "mos", 2592000 },
    { "month", 2592000 },
    { "months", 2592000 },
    { "y", 31557600 },
    { "yr", 31557600 },
    { "yrs", 31557600 },
    { "year", 31557600 },
    { "years", 31557600 },
};

static const Word number_words[] = {
    { "zero", 0 },     { "one", 1 },        { "two", 2 },       { "three", 3 },
    { "four", 4 },     { "five", 5 },       { "six", 6 },       { "seven", 7 },
    { "eight", 8 },    { "nine", 9 },       { "ten", 10 },      { "eleven", 11 },
    { "twelve", 12 },  { "thirteen", 13 },  { "fourteen", 14 }, { "fifteen", 15 },
    { "sixteen", 16 }, { "seventeen", 17 }, { "eighteen", 18 }, { "nineteen", 19 },
    { "twenty", 20 },  { "thirty", 30 },    { "forty", 40 },    { "fifty", 50 },
    { "sixty", 60 },   { "seventy", 70 },   { "eighty", 80 },   { "ninety", 90 },
};

enum { MAX_TEXT = 256 };

static bool find_word(const Word *words, size_t n_words, const char *text, size_t n, double *value)
{
    for (size_t i = 0; i < n_words; i++) {
        if (strncmp(words[i].text, text, n) == 0 && words[i].text[n] == '\0') {
            *value = words[i].value;
            return true;
        }
    }
    return false;
}

static bool is_joining(const char *word, size_t n)
{
    return (n == 3 && strncmp(word, "and", 3) == 0) || (n == 4 && strncmp(word, "with", 4) == 0) ||
           (n == 4 && strncmp(word, "plus", 4) == 0);
}

/* The length of a decimal number at @p, 0 for none. */
static size_t number_length(const char *p)
{
    size_t n = strspn(p, "0123456789");

    if (p[n] == '.' && g_ascii_isdigit(p[n + 1]))
        n += 1 + strspn(p + n + 1, "0123456789");
    else if (n == 0 && p[0] == '.')
        return 0;
    return n;
}

/* "1:30:15" and blanks: from the right seconds, minutes, hours, days, months, years. */
static bool clock_seconds(const char *text, double *seconds)
{
    static const double places[] = { 1, 60, 3600, 86400, 2592000, 31557600 };
    double values[G_N_ELEMENTS(places)];
    g_autoptr(GString) tight = g_string_new(NULL);
    size_t n = 0;

    for (const char *p = text; *p; p++) {
        if (!g_ascii_isspace(*p))
            g_string_append_c(tight, *p);
    }
    for (const char *p = tight->str;;) {
        size_t length = number_length(p);
        if (length == 0 || n == G_N_ELEMENTS(values))
            return false;
        values[n++] = g_ascii_strtod(p, NULL);
        p += length;
        if (*p == '\0')
            break;
        if (*p++ != ':')
            return false;
    }
    if (n < 2)
        return false;
    *seconds = 0;
    for (size_t i = 0; i < n; i++)
        *seconds += values[i] * places[n - 1 - i];
    return true;
}

/* The running sum while words are read. */
typedef struct Sum {
    double seconds;
    double number;
    bool has_number;
    bool by_word; /* the number was written as a word: "twenty" may go on with "five" */
} Sum;

static void take_number(Sum *sum, double value, bool by_word)
{
    if (sum->has_number && by_word && sum->by_word && sum->number >= 20 && value < 10) {
        sum->number += value;
        return;
    }
    if (sum->has_number)
        sum->seconds += sum->number;
    sum->number = value;
    sum->has_number = true;
    sum->by_word = by_word;
}

static bool take_word(Sum *sum, const char *word, size_t n, bool first)
{
    double value, unit;

    if (find_word(number_words, G_N_ELEMENTS(number_words), word, n, &value)) {
        take_number(sum, value, true);
        return true;
    }
    if (is_joining(word, n))
        return true;
    if (!find_word(units, G_N_ELEMENTS(units), word, n, &unit) || (!sum->has_number && !first))
        return false;
    sum->seconds += (sum->has_number ? sum->number : 1) * unit;
    sum->has_number = false;
    return true;
}

static bool words_seconds(const char *text, double *seconds)
{
    Sum sum = { 0 };
    bool first = true;

    for (const char *p = text; *p; first = false) {
        size_t n;
        p += strspn(p, " \t\n\r,-");
        if (*p == '\0')
            break;
        if ((n = number_length(p)) > 0) {
            take_number(&sum, g_ascii_strtod(p, NULL), false);
        } else {
            n = strspn(p, "abcdefghijklmnopqrstuvwxyz");
            if (n == 0 || !take_word(&sum, p, n, first))
                return false;
        }
        p += n;
    }
    if (sum.has_number)
        sum.seconds += sum.number;
    *seconds = sum.seconds;
    return true;
}

bool ci_parse_duration(const char *text, int64_t *seconds)
{
    double value;

    if (strlen(text) > MAX_TEXT || strchr(text, '-') == text)
        return false;
    g_autofree char *lower = g_ascii_strdown(text, -1);
    if (g_str_equal(g_strstrip(lower), "never")) {
        *seconds = 0;
        return true;
    }
    bool ok = strchr(lower, ':') ? clock_seconds(lower, &value) : words_seconds(lower, &value);
    if (!ok || !(value >= 1))
        return false;
    *seconds = value > 1e15 ? (int64_t)1e15 : (int64_t)value;
    return true;
}
