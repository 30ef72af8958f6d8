/* entity.c - walks a table of fields over a view. */
#include "api/entity.h"

static void write_value(JsonWriter *w, const Field *field, const void *view)
{
    const char *at = (const char *)view + field->offset;

    switch (field->kind) {
    case FIELD_KIND_INT:
        jw_int(w, *(const int64_t *)at);
        return;
    case FIELD_KIND_ID:
        if (*(const int64_t *)at)
            jw_int(w, *(const int64_t *)at);
        else
            jw_null(w);
        return;
    case FIELD_KIND_BOOL:
        jw_bool(w, *(const bool *)at);
        return;
    case FIELD_KIND_STR:
        jw_string(w, *(const char *const *)at);
        return;
    case FIELD_KIND_TIME:
        jw_time(w, *(const int64_t *)at);
        return;
    case FIELD_KIND_DATE:
        jw_date(w, *(const int64_t *)at);
        return;
    case FIELD_KIND_ENUM:
        jw_string(w, name_of(field->names, *(const int *)at));
        return;
    case FIELD_KIND_TEXT:
        jw_string(w, field->text);
        return;
    case FIELD_KIND_NULL:
        jw_null(w);
        return;
    case FIELD_KIND_FALSE:
        jw_bool(w, false);
        return;
    case FIELD_KIND_FUNC:
    case FIELD_KIND_ALL:
    case FIELD_END:
        g_assert_not_reached();
    }
}

void entity_write_fields(JsonWriter *w, const Field *fields, const void *view,
                         const EntityContext *context)
{
    for (const Field *field = fields; field->kind != FIELD_END; field++) {
        if (field->kind == FIELD_KIND_ALL) {
            entity_write_fields(w, field->all, view, context);
        } else if (field->kind == FIELD_KIND_FUNC) {
            field->func(w, field, view, context);
        } else {
            jw_key(w, field->name);
            write_value(w, field, view);
        }
    }
}

void entity_write(JsonWriter *w, const Field *fields, const void *view,
                  const EntityContext *context)
{
    if (!view) {
        jw_null(w);
        return;
    }
    jw_begin_object(w);
    entity_write_fields(w, fields, view, context);
    jw_end_object(w);
}
