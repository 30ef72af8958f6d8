/* paths.c - rules of names and paths, with the texts that clients of GitLab know. */
#include "access/paths.h"

#include <glib.h>
#include <string.h>

enum { MAX_CHARACTERS = 255, FIRST_SYMBOL = 0x203C /* from here on come the emoji */ };

/* What would shadow a page, a file or another route of the server. */
static const char *const reserved_at_top[] = {
    "-",        "admin",        "api",      "assets", "dashboard",  "explore", "favicon.ico",
    "files",    "groups",       "help",     "import", "jwt",        "login",   "metrics",
    "oauth",    "profile",      "projects", "public", "robots.txt", "search",  "sitemap",
    "snippets", "unsubscribes", "uploads",  "users",  "v2",         NULL,
};

/* What stands behind a project's path in URLs. */
static const char *const reserved_in_groups[] = {
    "-",     "badges", "blame", "blob",    "builds", "commits", "create", "edit",  "files",
    "group", "info",   "new",   "preview", "raw",    "refs",    "tree",   "wikis", NULL,
};

static const char *const *reserved(PathKind kind)
{
    return kind == PATH_TOP ? reserved_at_top : reserved_in_groups;
}

static bool has_suffix_in_any_case(const char *text, const char *suffix)
{
    size_t n = strlen(text), m = strlen(suffix);

    return n >= m && g_ascii_strcasecmp(text + n - m, suffix) == 0;
}

static bool has_only_path_characters(const char *path)
{
    for (const char *c = path; *c; c++)
        if (!g_ascii_isalnum(*c) && !strchr("_-.", *c))
            return false;
    return true;
}

static bool is_well_formed(PathKind kind, const char *path)
{
    if (!has_only_path_characters(path) || path[0] == '-')
        return false;
    if (has_suffix_in_any_case(path, ".git") || has_suffix_in_any_case(path, ".atom"))
        return false;
    if (strcmp(path, ".") == 0 || strcmp(path, "..") == 0)
        return false;
    return kind == PATH_PROJECT || path[strlen(path) - 1] != '.';
}

const char *path_fault(Arena *arena, PathKind kind, const char *path)
{
    if (!*path)
        return "can't be blank";
    if (strlen(path) > MAX_CHARACTERS)
        return "is too long (maximum is 255 characters)";
    if (!is_well_formed(kind, path))
        return kind == PATH_PROJECT
                   ? "can contain only letters, digits, '_', '-' and '.'. Cannot start with '-', "
                     "end in '.git' or end in '.atom'"
                   : "can contain only letters, digits, '_', '-' and '.'. Cannot start with '-' or "
                     "end in '.', '.git' or '.atom'";
    g_autofree char *key = g_ascii_strdown(path, -1);
    if (g_strv_contains(reserved(kind), key))
        return arena_printf(arena, "%s is a reserved name", path);
    return NULL;
}

static bool may_start_name(gunichar c)
{
    return g_unichar_isalnum(c) || c == '_' || c >= FIRST_SYMBOL;
}

static bool may_be_in_name(PathKind kind, gunichar c)
{
    const char *marks = kind == PATH_PROJECT ? ".+- " : ".- ()";

    return may_start_name(c) || g_unichar_ismark(c) ||
           g_unichar_type(c) == G_UNICODE_DASH_PUNCTUATION || (c < 128 && strchr(marks, (int)c));
}

static bool is_well_formed_name(PathKind kind, const char *name)
{
    if (!may_start_name(g_utf8_get_char(name)))
        return false;
    for (const char *c = name; *c; c = g_utf8_next_char(c))
        if (!may_be_in_name(kind, g_utf8_get_char(c)))
            return false;
    return true;
}

const char *name_fault(PathKind kind, const char *name)
{
    if (!*name)
        return "can't be blank";
    if (g_utf8_strlen(name, -1) > MAX_CHARACTERS)
        return "is too long (maximum is 255 characters)";
    if (kind == PATH_TOP || is_well_formed_name(kind, name))
        return NULL;
    return kind == PATH_PROJECT
               ? "can contain only letters, digits, emoji, '_', '.', '+', dashes, or spaces. It "
                 "must start with a letter, digit, emoji, or '_'."
               : "can contain only letters, digits, emoji, '_', '.', dash, space, parenthesis. It "
                 "must start with letter, digit, emoji or '_'.";
}

const char *path_from_name(Arena *arena, const char *name)
{
    g_autofree char *ascii = g_str_to_ascii(name, "C");
    char *path = arena_alloc(arena, strlen(ascii) + 1);
    char *end = path;

    for (const char *c = ascii; *c; c++) {
        if (g_ascii_isalnum(*c) || *c == '_' || *c == '-')
            *end++ = g_ascii_tolower(*c);
        else if (end > path && end[-1] != '-')
            *end++ = '-';
    }
    while (end > path && end[-1] == '-')
        *--end = '\0';
    while (*path == '-')
        path++;
    return path;
}
