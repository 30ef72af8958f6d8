/* entry_parts.c - small keywords that jobs and `default` share: scripts, tags, timeout. */
#include "ci/entry.h"

#include <string.h>

enum { MAX_TAGS = 50 };
static const int64_t max_timeout_s = 2592000; /* a month */

void entry_read_script(Entry *e, const Keyword *keyword, const Node *value)
{
    if (!node_is_nested(value, ENTRY_NESTING, node_is_string)) {
        compiler_report_lower(e->c, value,
                              "%s config should be a string or a nested array of strings up to %d "
                              "levels deep",
                              entry_location(e, keyword->name), ENTRY_NESTING);
        return;
    }
    read_strings(e, keyword, value);
}

void entry_read_tags(Entry *e, const Keyword *keyword, const Node *value)
{
    Entry tags = { e->c, entry_location(e, keyword->name), value, e->out };

    if (!node_is_strings(value))
        entry_report(&tags, value, "should be an array of strings");
    else if (value->n >= MAX_TAGS)
        entry_report(&tags, value, "must be less than the limit of %d tags", MAX_TAGS);
    else
        read_strings(e, keyword, value);
}

void entry_read_timeout(Entry *e, const Keyword *keyword, const Node *value)
{
    Entry timeout = { e->c, entry_location(e, keyword->name), value, e->out };
    int64_t seconds;

    if (!shape_fits(value, SHAPE_DURATION, NULL)) {
        entry_report(&timeout, value, "should be a duration");
        return;
    }
    (void)ci_parse_duration(value->text, &seconds); /* it has the shape */
    if (seconds > max_timeout_s)
        entry_report(&timeout, value, "should not exceed the limit");
    else
        G_STRUCT_MEMBER(int64_t, e->out, keyword->offset) = seconds;
}
