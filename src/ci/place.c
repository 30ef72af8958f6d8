/* place.c - the line of a message, and the caret under it. */
#include "ci/place.h"

#include <string.h>

/* The line without its end; NULL: there is none. */
static const char *find_line(const char *bytes, size_t size, int line, size_t *length)
{
    const char *p = bytes, *end = bytes + size;

    for (int i = 1; i < line; i++) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        if (!newline)
            return NULL;
        p = newline + 1;
    }
    const char *newline = memchr(p, '\n', (size_t)(end - p));
    *length = (size_t)((newline ? newline : end) - p);
    if (*length > 0 && p[*length - 1] == '\r')
        (*length)--;
    return p;
}

/* What the terminal shows for a character: nothing that would steer it. */
static void append_shown(GString *out, gunichar c)
{
    if (c == '\t')
        g_string_append_c(out, c);
    else
        g_string_append_unichar(out, g_unichar_isprint(c) ? c : 0xfffd);
}

/* What stands above the caret, as blanks of the same width. */
static void append_blank(GString *out, gunichar c)
{
    if (c == '\t')
        g_string_append_c(out, '\t');
    else if (g_unichar_iswide(c))
        g_string_append(out, "  ");
    else if (!g_unichar_iszerowidth(c))
        g_string_append_c(out, ' ');
}

/* The characters [from, from + PLACE_WIDTH) of the line. */
static const char *window(Arena *arena, const char *text, long from, long at)
{
    g_autoptr(GString) shown = g_string_new(from > 0 ? "..." : "");
    g_autoptr(GString) below = g_string_new(from > 0 ? "   " : "");
    const char *p = g_utf8_offset_to_pointer(text, from);

    for (long i = from; *p && i < from + PLACE_WIDTH; i++, p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        append_shown(shown, c);
        if (i < at)
            append_blank(below, c);
    }
    return arena_printf(arena, "%s%s\n%s^", shown->str, *p ? "..." : "", below->str);
}

const char *place_excerpt(Arena *arena, const char *bytes, size_t size, int line, int column)
{
    size_t length = 0;
    const char *start = line > 0 ? find_line(bytes, size, line, &length) : NULL;

    if (!start)
        return NULL;
    g_autofree char *text = g_utf8_make_valid(start, (gssize)length);
    long characters = g_utf8_strlen(text, -1);
    long at = CLAMP(column - 1, 0, characters);
    long from = characters <= PLACE_WIDTH ? 0 : MAX(0, at - PLACE_WIDTH / 2);
    return window(arena, text, from, at);
}
