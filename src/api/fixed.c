/* fixed.c - writes fields that are always the same. */
#include "api/fixed.h"

void fixed_json(JsonWriter *w, const Field *field, const void *view, const EntityContext *context)
{
    (void)view;
    (void)context;
    jw_put_raw(w, field->name, field->text);
}
