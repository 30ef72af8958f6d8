/* user_entity.c - the user entities and the look-up of many users at once. */
#include "api/user_entity.h"

#include <stdlib.h>

static void write_state(JsonWriter *w, const Field *field, const void *view,
                        const EntityContext *context)
{
    jw_put_string(w, "state", name_of(&user_state_names, (int)((const User *)view)->state));
}

static void write_web_url(JsonWriter *w, const Field *field, const void *view,
                          const EntityContext *context)
{
    g_autofree char *url =
        g_strdup_printf("%s/%s", context->base_url, ((const User *)view)->username);

    jw_put_string(w, "web_url", url);
}

const Field user_basic_fields[] = {
    FIELD_INT(User, id),
    FIELD_AS("username", STR, User, username),
    FIELD_TEXT("public_email", ""),
    FIELD_AS("name", STR, User, name),
    FIELD_FUNC("state", write_state),
    FIELD_FALSE("locked"),
    FIELD_NULL("avatar_url"),
    FIELD_FUNC("web_url", write_web_url),
    FIELDS_END,
};

static void write_zero(JsonWriter *w, const Field *field, const void *view,
                       const EntityContext *context)
{
    jw_put_int(w, field->name, 0);
}

const Field user_fields[] = {
    FIELDS_OF(user_basic_fields),
    FIELD_AS("created_at", TIME, User, created_at),
    FIELD_TEXT("bio", ""),
    FIELD_TEXT("location", ""),
    FIELD_TEXT("linkedin", ""),
    FIELD_TEXT("twitter", ""),
    FIELD_TEXT("discord", ""),
    FIELD_TEXT("website_url", ""),
    FIELD_TEXT("github", ""),
    FIELD_TEXT("job_title", ""),
    FIELD_NULL("pronouns"),
    FIELD_TEXT("organization", ""),
    FIELD_AS("bot", BOOL, User, bot),
    FIELD_NULL("work_information"),
    FIELD_FUNC("followers", write_zero),
    FIELD_FUNC("following", write_zero),
    FIELD_NULL("local_time"),
    FIELDS_END,
};

static int compare_ids(const void *a, const void *b)
{
    int64_t x = ((const User *)a)->id, y = ((const User *)b)->id;

    return (x > y) - (x < y);
}

bool user_map_load(Db *db, Arena *arena, const int64_t *ids, size_t n, UserMap *out, Error *err)
{
    *out = (UserMap){ 0 };
    if (n == 0)
        return true;
    if (!user_list_by_ids(db, arena, ids, n, &out->items, &out->n, err))
        return false;
    if (out->n > 0)
        qsort(out->items, out->n, sizeof(User), compare_ids);
    return true;
}

const User *user_map_find(const UserMap *map, int64_t id)
{
    User key = { .id = id };

    return map->n > 0 ? bsearch(&key, map->items, map->n, sizeof(User), compare_ids) : NULL;
}
