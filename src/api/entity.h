/* entity.h - replies are data: an entity is a list of (JSON name, kind, member).
 *
 * Lists and details use the same tables, so they cannot drift apart.  An entity is written from a
 * view: a struct that holds a row and what the reply needs beside it.
 */
#ifndef PENSTOCK_API_ENTITY_H
#define PENSTOCK_API_ENTITY_H

#include "base/json.h"
#include "base/names.h"

#include <stddef.h>

typedef enum FieldKind {
    FIELD_END,
    FIELD_KIND_INT,   /* int64_t */
    FIELD_KIND_ID,    /* int64_t, 0: null */
    FIELD_KIND_BOOL,  /* bool */
    FIELD_KIND_STR,   /* const char *, NULL: null */
    FIELD_KIND_TIME,  /* int64_t of microseconds, 0: null */
    FIELD_KIND_DATE,  /* the same, as a date */
    FIELD_KIND_ENUM,  /* an enum by its table */
    FIELD_KIND_TEXT,  /* the text given here */
    FIELD_KIND_NULL,  /* always null */
    FIELD_KIND_FALSE, /* always false */
    FIELD_KIND_FUNC,  /* written by a function, key and all: it may leave the key out */
    FIELD_KIND_ALL    /* the fields of another table, over the same view */
} FieldKind;

typedef struct EntityContext EntityContext;
typedef struct Field Field;

struct Field {
    const char *name;
    FieldKind kind;
    size_t offset;
    const NameTable *names;
    const char *text;
    void (*func)(JsonWriter *w, const Field *field, const void *view, const EntityContext *context);
    const Field *all;
};

/* What every entity may need besides its view. */
struct EntityContext {
    const char *base_url; /* no "/" at its end */
    int64_t now_us;
    int64_t user_id; /* who reads; 0: nobody */
    bool admin;
};

#define FIELD_INT(view, member)                                                                    \
    {                                                                                              \
#member, FIELD_KIND_INT, offsetof(view, member)                                            \
    }
#define FIELD_AS(json, kind, view, member)                                                         \
    {                                                                                              \
        json, FIELD_KIND_##kind, offsetof(view, member)                                            \
    }
#define FIELD_ENUM(json, view, member, table)                                                      \
    {                                                                                              \
        json, FIELD_KIND_ENUM, offsetof(view, member), .names = &(table)                           \
    }
#define FIELD_TEXT(json, value)                                                                    \
    {                                                                                              \
        json, FIELD_KIND_TEXT, .text = (value)                                                     \
    }
#define FIELD_NULL(json)                                                                           \
    {                                                                                              \
        json, FIELD_KIND_NULL                                                                      \
    }
#define FIELD_FALSE(json)                                                                          \
    {                                                                                              \
        json, FIELD_KIND_FALSE                                                                     \
    }
#define FIELD_FUNC(json, f)                                                                        \
    {                                                                                              \
        json, FIELD_KIND_FUNC, .func = (f)                                                         \
    }
#define FIELDS_OF(table)                                                                           \
    {                                                                                              \
        "", FIELD_KIND_ALL, .all = (table)                                                         \
    }
#define FIELDS_END                                                                                 \
    {                                                                                              \
        NULL, FIELD_END                                                                            \
    }

/* {…}; a NULL @view is null. */
void entity_write(JsonWriter *w, const Field *fields, const void *view,
                  const EntityContext *context);

/* Only the keys, into an object that is open. */
void entity_write_fields(JsonWriter *w, const Field *fields, const void *view,
                         const EntityContext *context);

#endif
