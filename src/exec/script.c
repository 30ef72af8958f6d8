/* script.c - quoting, the prologue, the echoed lines. */
#include "exec/script.h"

#include <string.h>

void script_quote(GString *out, const char *text)
{
    g_string_append_c(out, '\'');
    for (; *text; text++) {
        if (*text == '\'')
            g_string_append(out, "'\\''");
        else
            g_string_append_c(out, *text);
    }
    g_string_append_c(out, '\'');
}

void script_quote_all(GString *out, const char *const *words)
{
    for (; *words; words++) {
        g_string_append_c(out, ' ');
        script_quote(out, *words);
    }
}

/* Bash refuses to set these, and would end the script over it. */
static bool is_readonly(const char *key)
{
    static const char *const names[] = { "BASHOPTS",  "BASH_VERSINFO", "EUID", "PPID",
                                         "SHELLOPTS", "UID",           NULL };

    return g_strv_contains(names, key);
}

GString *script_begin(const Vars *vars, const char *cwd, bool bash)
{
    GString *out = g_string_new(bash ? "set -eo pipefail\n" : "set -e\n");

    for (size_t i = 0; i < vars_count(vars); i++) {
        const Var *var = vars_at(vars, i);
        if (is_readonly(var->key))
            continue;
        g_string_append_printf(out, "export %s=", var->key);
        script_quote(out, var->value);
        g_string_append_c(out, '\n');
    }
    g_string_append(out, "cd ");
    script_quote(out, cwd);
    /* What earlier steps left for later ones, as KEY=VALUE lines. */
    g_string_append(out, "\nif [ -s \"$GITLAB_ENV\" ]; then\n"
                         "  while IFS= read -r REPLY || [ -n \"$REPLY\" ]; do\n"
                         "    export \"$REPLY\" || true\n"
                         "  done < \"$GITLAB_ENV\"\n"
                         "  unset REPLY\n"
                         "fi\n");
    if (vars_is_true(vars, "CI_DEBUG_TRACE"))
        g_string_append(out, "set -x\n");
    return out;
}

static void add_echo(GString *out, const char *line)
{
    const char *end = strchr(line, '\n');
    g_autoptr(GString) text = g_string_new("\033[32;1m$ ");

    g_string_append_len(text, line, end ? end - line : (gssize)strlen(line));
    if (end && end[1])
        g_string_append(text, " # collapsed multi-line command");
    g_string_append(text, "\033[0;m");
    g_string_append(out, "echo ");
    script_quote(out, text->str);
    g_string_append_c(out, '\n');
}

void script_add_lines(GString *out, const char *const *lines)
{
    for (; *lines; lines++) {
        add_echo(out, *lines);
        g_string_append(out, *lines);
        g_string_append_c(out, '\n');
    }
}

static double unit_seconds(char unit)
{
    return unit == 'h' ? 3600 : unit == 'm' ? 60 : unit == 's' ? 1 : 0;
}

int64_t script_duration_s(const char *text)
{
    double total = 0;

    if (!text || !*text)
        return 0;
    while (*text) {
        char *end = NULL;
        double number = g_ascii_strtod(text, &end);
        if (end == text || number < 0 || !(number < 1e9))
            return 0;
        if (!*end && total == 0)
            return (int64_t)number;
        double unit = unit_seconds(*end);
        if (unit == 0)
            return 0;
        total += number * unit;
        text = end + 1;
    }
    return total < 1e12 ? (int64_t)total : 0;
}
