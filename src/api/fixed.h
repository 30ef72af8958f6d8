/* fixed.h - fields of entities whose value is always the same: what GitLab has and this server
 * has not, in the type that clients decode. */
#ifndef PENSTOCK_API_FIXED_H
#define PENSTOCK_API_FIXED_H

#include "api/entity.h"

/* Writes the field's text as the JSON value that it is. */
void fixed_json(JsonWriter *w, const Field *field, const void *view, const EntityContext *context);

#define FIELD_FIXED(json, value)                                                                   \
    {                                                                                              \
        json, FIELD_KIND_FUNC, .func = fixed_json, .text = (value)                                 \
    }
#define FIELD_TRUE(json)  FIELD_FIXED(json, "true")
#define FIELD_ZERO(json)  FIELD_FIXED(json, "0")
#define FIELD_EMPTY(json) FIELD_FIXED(json, "[]")

#endif
