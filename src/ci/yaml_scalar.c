/* yaml_scalar.c - the decision list for plain scalars.
 *
 * Each recogniser answers one line of the list; the first that knows the text decides.  Numbers of
 * any length are legal, so integers are kept as decimal text.
 */
#include "ci/yaml_scalar.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_NUMBER = 128 }; /* digits of a number that needs arithmetic */

/* UNKNOWN: the next line of the list decides. */
typedef enum Verdict { UNKNOWN, KNOWN } Verdict;

typedef struct Scalar {
    Arena *arena;
    const char *text;
    Node *node;
    const char *error; /* NULL: none */
} Scalar;

static size_t span(const char *s, const char *set)
{
    return strspn(s, set);
}

static const char *after_sign(const char *s)
{
    return *s == '+' || *s == '-' ? s + 1 : s;
}

static void become(Scalar *s, NodeKind kind, const char *text)
{
    s->node->kind = kind;
    s->node->text = text;
}

static Verdict try_word(Scalar *s)
{
    static const struct {
        const char *word;
        NodeKind kind;
        bool truth;
    } words[] = {
        { "", NODE_NULL, false },   { "~", NODE_NULL, false },   { "null", NODE_NULL, false },
        { "yes", NODE_BOOL, true }, { "true", NODE_BOOL, true }, { "on", NODE_BOOL, true },
        { "no", NODE_BOOL, false }, { "off", NODE_BOOL, false }, { "false", NODE_BOOL, false },
    };

    char first = g_ascii_tolower(s->text[0]);

    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        if (first != words[i].word[0] || g_ascii_strcasecmp(s->text, words[i].word) != 0)
            continue;
        become(s, words[i].kind,
               words[i].kind == NODE_NULL ? ""
               : words[i].truth           ? "true"
                                          : "false");
        s->node->truth = words[i].truth;
        return KNOWN;
    }
    return UNKNOWN;
}

/* Reads @min to @max digits at *@p. */
static bool take_digits(const char **p, int min, int max, int *value)
{
    int n = 0;

    *value = 0;
    while (n < max && g_ascii_isdigit(**p)) {
        *value = *value * 10 + (**p - '0');
        (*p)++;
        n++;
    }
    return n >= min;
}

static bool take_char(const char **p, char c)
{
    if (**p != c)
        return false;
    (*p)++;
    return true;
}

/* "Z", "+01", "-1:30": what may stand behind the seconds. */
static bool is_zone(const char *p)
{
    int number;

    p += span(p, " \t");
    if (*p == '\0')
        return true;
    if (*p == 'Z')
        return p[1] == '\0';
    if (*p != '+' && *p != '-')
        return false;
    p++;
    if (!take_digits(&p, 1, 2, &number))
        return false;
    if (*p == '\0')
        return true;
    (void)take_char(&p, ':'); /* "+0130" is as good */
    return take_digits(&p, 2, 2, &number) && *p == '\0';
}

static bool is_clock(const char *p)
{
    int number;

    if (!take_digits(&p, 1, 2, &number) || !take_char(&p, ':') || !take_digits(&p, 2, 2, &number) ||
        !take_char(&p, ':') || !take_digits(&p, 2, 2, &number))
        return false;
    if (take_char(&p, '.'))
        p += span(p, "0123456789");
    return is_zone(p);
}

static Verdict try_date(Scalar *s)
{
    const char *p = s->text;
    int year, month, day;

    if (!take_digits(&p, 4, 4, &year) || !take_char(&p, '-') || !take_digits(&p, 1, 2, &month) ||
        !take_char(&p, '-') || !take_digits(&p, 1, 2, &day))
        return UNKNOWN;
    if (*p == 'T' || *p == 't' ? is_clock(p + 1)
                               : span(p, " \t") > 0 && is_clock(p + span(p, " \t"))) {
        s->error = YAML_NO_TIME;
        return KNOWN;
    }
    if (*p != '\0' || month < 1 || month > 12 || day < 1 || day > 31)
        return UNKNOWN;
    s->error = YAML_NO_DATE;
    return KNOWN;
}

static Verdict try_not_finite(Scalar *s)
{
    const char *p = after_sign(s->text);

    if (g_ascii_strcasecmp(p, ".inf") == 0)
        become(s, NODE_FLOAT, *s->text == '-' ? "-Infinity" : "Infinity");
    else if (g_ascii_strcasecmp(s->text, ".nan") == 0)
        become(s, NODE_FLOAT, "NaN");
    else
        return UNKNOWN;
    return KNOWN;
}

static Verdict try_symbol(Scalar *s)
{
    if (s->text[0] != ':' || s->text[1] == '\0')
        return UNKNOWN;
    const char *text = s->text + 1;
    size_t n = strlen(text);
    if (n >= 2 && (*text == '"' || *text == '\'') && text[n - 1] == *text)
        text = arena_strndup(s->arena, text + 1, n - 2);
    become(s, NODE_SYMBOL, text);
    return KNOWN;
}

/* A decimal number of any length, least significant digit first. */
typedef struct Decimal {
    guint8 digits[MAX_NUMBER * 2];
    size_t n;
} Decimal;

static void decimal_multiply_add(Decimal *d, unsigned factor, unsigned add)
{
    unsigned carry = add;

    for (size_t i = 0; i < d->n || carry; i++) {
        if (i == d->n) {
            if (d->n == G_N_ELEMENTS(d->digits))
                return;
            d->digits[d->n++] = 0;
        }
        unsigned sum = d->digits[i] * factor + carry;
        d->digits[i] = (guint8)(sum % 10);
        carry = sum / 10;
    }
}

static const char *decimal_text(Arena *arena, const Decimal *d, bool negative)
{
    size_t n = d->n;

    while (n > 0 && d->digits[n - 1] == 0)
        n--;
    if (n == 0)
        return "0";
    char *text = arena_alloc(arena, n + 2);
    char *p = text;
    if (negative)
        *p++ = '-';
    while (n > 0)
        *p++ = (char)('0' + d->digits[--n]);
    return text;
}

/* Digits of @base, separators skipped, as decimal text. */
static const char *integer_text(Scalar *s, const char *digits, unsigned base, bool negative)
{
    size_t n = strlen(digits);

    if (base == 10) {
        GString *plain = g_string_sized_new(n + 1);
        g_string_append(plain, negative && *digits != '0' ? "-" : "");
        for (const char *p = digits; *p; p++) {
            if (g_ascii_isdigit(*p))
                g_string_append_c(plain, *p);
        }
        const char *text = arena_strndup(s->arena, plain->str, plain->len);
        g_string_free(plain, TRUE);
        return text;
    }
    if (n > MAX_NUMBER) {
        s->error = YAML_TOO_BIG;
        return "";
    }
    Decimal d = { .n = 0 };
    for (const char *p = digits; *p; p++) {
        if (g_ascii_isxdigit(*p))
            decimal_multiply_add(&d, base, (unsigned)g_ascii_xdigit_value(*p));
    }
    return decimal_text(s->arena, &d, negative);
}

/* Ruby's to_i of the first @n bytes: digits with single underscores between them. */
static size_t ruby_digits(const char *p, size_t n, char *digits)
{
    size_t used = 0;

    for (size_t i = 0; i < n; i++) {
        if (g_ascii_isdigit(p[i]))
            digits[used++] = p[i];
        else if (i + 1 >= n || !g_ascii_isdigit(p[i + 1]))
            break;
    }
    digits[used] = '\0';
    return used;
}

/* The groups behind the first ":" of "1:30" and "1:30:15": 1 or 2, each below 60.  0: none. */
static int minute_groups(const char *p, int group[2], const char **end)
{
    int n = 0;

    while (n < 2 && *p == ':') {
        const char *q = p + 1;
        if (!take_digits(&q, 1, 2, &group[n]) || group[n] > 59)
            return 0;
        p = q;
        n++;
    }
    *end = p;
    return n;
}

/* The fraction belongs to the last group, which is minutes where there is only one. */
static Verdict sexagesimal_float(Scalar *s, const char *first, const int group[2], int n,
                                 const char *fraction)
{
    g_auto(GStrv) parts = g_strsplit(fraction, "_", -1);
    g_autofree char *digits = g_strjoinv("", parts);
    g_autofree char *last = g_strdup_printf("%d.%s", group[n - 1], digits);
    double tail = g_ascii_strtod(last, NULL);
    double value = g_ascii_strtod(first, NULL) * 3600;

    value += n == 1 ? tail * 60 : group[0] * 60 + tail;
    become(s, NODE_FLOAT, yaml_float_text(s->arena, value));
    return KNOWN;
}

/* "1:30" is an hour and a half. */
static Verdict try_sexagesimal(Scalar *s)
{
    const char *first = after_sign(s->text);
    size_t n_first = g_ascii_isdigit(*first) ? span(first, "0123456789_") : 0;
    int group[2] = { 0, 0 };
    const char *end;

    if (n_first == 0 || first[n_first] != ':')
        return UNKNOWN;
    int n = minute_groups(first + n_first, group, &end);
    if (n == 0)
        return UNKNOWN;
    bool fraction = *end == '.' && end[1 + span(end + 1, "0123456789_")] == '\0';
    if (*end != '\0' && !fraction)
        return UNKNOWN;
    if (n_first > MAX_NUMBER) {
        s->error = YAML_TOO_BIG;
        return KNOWN;
    }
    char digits[MAX_NUMBER + 2];
    size_t used = ruby_digits(first, n_first, digits);
    if (fraction) {
        g_autofree char *with_sign = g_strconcat(*s->text == '-' ? "-" : "", digits, NULL);
        return sexagesimal_float(s, with_sign, group, n, end + 1);
    }
    int seconds = group[0] * 60 + group[1];
    if (*s->text != '-' || used > 15) { /* a signed number of 16 digits is nobody's duration */
        Decimal d = { .n = 0 };
        for (size_t i = 0; i < used; i++)
            decimal_multiply_add(&d, 10, (unsigned)(digits[i] - '0'));
        decimal_multiply_add(&d, 3600, (unsigned)seconds);
        become(s, NODE_INT, decimal_text(s->arena, &d, *s->text == '-'));
        return KNOWN;
    }
    int64_t value = -g_ascii_strtoll(digits, NULL, 10) * 3600 + seconds;
    become(s, NODE_INT, arena_printf(s->arena, "%" G_GINT64_FORMAT, value));
    return KNOWN;
}

/* Whether @text reads [sign] digits . digits [exponent with a sign], separators allowed. */
static bool is_float(const char *text)
{
    const char *p = after_sign(text);
    size_t whole = g_ascii_isdigit(*p) ? span(p, "0123456789_,") : 0;

    p += whole;
    if (*p != '.')
        return false;
    p++;
    size_t fraction = span(p, "0123456789");
    p += fraction;
    if (whole + fraction == 0)
        return false;
    if (*p == 'e' || *p == 'E') {
        if (p[1] != '+' && p[1] != '-')
            return false;
        size_t digits = span(p + 2, "0123456789");
        if (digits == 0)
            return false;
        p += 2 + digits;
    }
    return *p == '\0';
}

static Verdict try_float(Scalar *s)
{
    if (!is_float(s->text))
        return UNKNOWN;
    g_autoptr(GString) plain = g_string_new(NULL);
    for (const char *p = s->text; *p; p++) {
        if (*p != '_' && *p != ',')
            g_string_append_c(plain, *p);
    }
    become(s, NODE_FLOAT, yaml_float_text(s->arena, g_ascii_strtod(plain->str, NULL)));
    return KNOWN;
}

/* Decimal digits, each separator followed by a digit. */
static bool is_grouped_decimal(const char *p)
{
    if (*p == '0')
        return p[1] == '\0';
    if (!g_ascii_isdigit(*p))
        return false;
    for (p++; *p; p++) {
        if (*p == '_' || *p == ',') {
            if (!g_ascii_isdigit(p[1]))
                return false;
        } else if (!g_ascii_isdigit(*p)) {
            return false;
        }
    }
    return true;
}

static bool all_of(const char *p, const char *set)
{
    return *p != '\0' && p[span(p, set)] == '\0';
}

static Verdict try_int(Scalar *s)
{
    const char *p = after_sign(s->text);
    bool negative = *s->text == '-';
    const char *digits = p;
    unsigned base;

    if (p[0] == '0' && p[1] == 'b' && all_of(p + 2, "01_") && strpbrk(p + 2, "01")) {
        base = 2;
        digits = p + 2;
    } else if (p[0] == '0' && p[1] == 'x' && all_of(p + 2, "0123456789abcdefABCDEF_,") &&
               p[2 + span(p + 2, "_,")] != '\0') {
        base = 16;
        digits = p + 2;
    } else if (is_grouped_decimal(p)) {
        base = 10;
    } else if (p[0] == '0' && all_of(p + 1, "01234567_,")) {
        base = 8;
    } else {
        return UNKNOWN;
    }
    become(s, NODE_INT, integer_text(s, digits, base, negative));
    return KNOWN;
}

const char *yaml_type_plain(Arena *arena, const char *text, Node *node)
{
    static Verdict (*const list[])(Scalar *) = { try_word,   try_date,        try_not_finite,
                                                 try_symbol, try_sexagesimal, try_float,
                                                 try_int };
    Scalar s = { .arena = arena, .text = text, .node = node };

    become(&s, NODE_STRING, text);
    if (strchr(text, '\n'))
        return NULL;
    if (g_ascii_isalpha(*text)) { /* all lines but the first begin with a digit or a sign */
        (void)try_word(&s);
        return NULL;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(list); i++) {
        if (list[i](&s) == KNOWN)
            break;
    }
    return s.error;
}

const char *yaml_type_int(Arena *arena, const char *text, Node *node)
{
    Scalar s = { .arena = arena, .text = text, .node = node };

    become(&s, NODE_STRING, text);
    (void)try_int(&s); /* not a number: stays text */
    return s.error;
}

const char *yaml_type_float(Arena *arena, const char *text, Node *node)
{
    char *end;
    double value = g_ascii_strtod(text, &end);

    node->kind = NODE_STRING;
    node->text = text;
    if (end == text || *end != '\0')
        return NULL;
    node->kind = NODE_FLOAT;
    node->text = yaml_float_text(arena, value);
    return NULL;
}

/* The shortest digits that read back as @value, and where the point stands among them. */
static void shortest_digits(double value, char digits[24], int *point)
{
    char text[48], format[16];

    for (int precision = 0; precision < 17; precision++) {
        g_snprintf(format, sizeof(format), "%%.%de", precision);
        g_ascii_formatd(text, sizeof(text), format, value);
        if (g_ascii_strtod(text, NULL) == value)
            break;
    }
    size_t n = 0;
    const char *p = text;
    for (; *p && *p != 'e'; p++) {
        if (g_ascii_isdigit(*p))
            digits[n++] = *p;
    }
    *point = atoi(p + 1) + 1;
    while (n > 1 && digits[n - 1] == '0')
        n--;
    digits[n] = '\0';
}

const char *yaml_float_text(Arena *arena, double value)
{
    char digits[24];
    int point;

    if (isnan(value))
        return "NaN";
    const char *sign = signbit(value) ? "-" : "";
    if (isinf(value))
        return arena_printf(arena, "%sInfinity", sign);
    if (value == 0)
        return arena_printf(arena, "%s0.0", sign);
    shortest_digits(fabs(value), digits, &point);

    int n = (int)strlen(digits);
    if (point > 15 || point <= -4)
        return arena_printf(arena, "%s%c.%se%c%02d", sign, digits[0], n > 1 ? digits + 1 : "0",
                            point > 0 ? '+' : '-', abs(point - 1));
    if (point <= 0)
        return arena_printf(arena, "%s0.%.*s%s", sign, -point, "0000", digits);
    if (point >= n)
        return arena_printf(arena, "%s%s%.*s.0", sign, digits, point - n, "0000000000000000");
    return arena_printf(arena, "%s%.*s.%s", sign, point, digits, digits + point);
}
