/* namespaces.c - the table namespaces. */
#include "store/namespaces.h"

#include "store/membership.h"

static const char *const kinds[N_NAMESPACE_KINDS] = { "user", "group" };
const NameTable namespace_kind_names = NAME_TABLE(kinds);

#define NAMESPACE_COLS                                                                             \
    "n.id, n.kind, n.parent_id, n.owner_id, n.name, n.path, n.full_path, n.full_name,"             \
    " n.description, n.visibility, n.created_at"

const Column namespace_columns[] = {
    COL_INT(Namespace, id),           COL_ENUM(Namespace, kind, namespace_kind_names),
    COL_INT(Namespace, parent_id),    COL_INT(Namespace, owner_id),
    COL_TEXT(Namespace, name),        COL_TEXT(Namespace, path),
    COL_TEXT(Namespace, full_path),   COL_TEXT(Namespace, full_name),
    COL_TEXT(Namespace, description), COL_ENUM(Namespace, visibility, visibility_names),
    COL_TIME(Namespace, created_at),  COL_END
};

/* The full path and name of a parent. */
static bool parent_of(Db *db, Arena *arena, const Namespace *ns, Namespace *parent, Error *err)
{
    return !ns->parent_id || namespace_get(db, arena, ns->parent_id, parent, err);
}

bool namespace_insert(Db *db, Namespace *ns, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    Namespace parent = { 0 };

    if (!parent_of(db, arena, ns, &parent, err))
        return false;
    const char *full_path = ns->full_path ? ns->full_path
                            : ns->parent_id
                                ? arena_printf(arena, "%s/%s", parent.full_path, ns->path)
                                : ns->path;
    const char *full_name = ns->full_name ? ns->full_name
                            : ns->parent_id
                                ? arena_printf(arena, "%s / %s", parent.full_name, ns->name)
                                : ns->name;
    g_autofree char *key = query_key(full_path);
    return db_get_int(
        db,
        "INSERT INTO namespaces (kind, parent_id, owner_id, name, path, full_path, full_name,"
        " path_key, description, visibility, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id",
        DB_ARGS(DB_ENUM(namespace_kind_names, ns->kind), DB_ID(ns->parent_id), DB_ID(ns->owner_id),
                DB_TEXT(ns->name), DB_TEXT(ns->path), DB_TEXT(full_path), DB_TEXT(full_name),
                DB_TEXT(key), DB_TEXT(ns->description ? ns->description : ""),
                DB_ENUM(visibility_names, ns->visibility), DB_INT(ns->created_at)),
        &ns->id, err);
}

bool namespace_get(Db *db, Arena *arena, int64_t id, Namespace *ns, Error *err)
{
    return db_get(db, arena, namespace_columns,
                  "SELECT " NAMESPACE_COLS " FROM namespaces n WHERE n.id = $1",
                  DB_ARGS(DB_INT(id)), ns, err);
}

bool namespace_lock(Db *db, Arena *arena, int64_t id, Namespace *ns, Error *err)
{
    return db_get(db, arena, namespace_columns,
                  "SELECT " NAMESPACE_COLS " FROM namespaces n WHERE n.id = $1"
                  " {{FOR NO KEY UPDATE}}",
                  DB_ARGS(DB_INT(id)), ns, err);
}

bool namespace_lock_upwards(Db *db, Arena *arena, int64_t id, Namespace *ns, Error *err)
{
    Namespace *locked = NULL;
    size_t n = 0;

    /* A parent is older than what is in it, so the order of ids is from the top downwards. */
    return SELECT_ROWS(db, arena, namespace_columns,
                       "SELECT " NAMESPACE_COLS " FROM namespaces n WHERE n.id IN ("
                       "WITH RECURSIVE up (id, parent_id) AS (SELECT n.id, n.parent_id"
                       " FROM namespaces n WHERE n.id = $1 UNION ALL"
                       " SELECT n.id, n.parent_id FROM up JOIN namespaces n ON n.id = up.parent_id)"
                       " SELECT id FROM up) ORDER BY n.id {{FOR NO KEY UPDATE OF n}}",
                       DB_ARGS(DB_INT(id)), &locked, &n, err) &&
           namespace_get(db, arena, id, ns, err);
}

bool namespace_by_path(Db *db, Arena *arena, const char *path, Namespace *ns, Error *err)
{
    g_autofree char *key = query_key(path);

    return db_get(db, arena, namespace_columns,
                  "SELECT " NAMESPACE_COLS " FROM namespaces n WHERE n.path_key = $1",
                  DB_ARGS(DB_TEXT(key)), ns, err);
}

bool namespace_of_user(Db *db, Arena *arena, int64_t user_id, Namespace *ns, Error *err)
{
    return db_get(db, arena, namespace_columns,
                  "SELECT " NAMESPACE_COLS " FROM namespaces n WHERE n.owner_id = $1"
                  " ORDER BY n.id LIMIT 1",
                  DB_ARGS(DB_INT(user_id)), ns, err);
}

bool namespace_list_by_ids(Db *db, Arena *arena, const int64_t *ids, size_t n_ids,
                           Namespace **namespaces, size_t *n, Error *err)
{
    return query_rows_by_ids(db, arena, namespace_columns, sizeof(Namespace), NAMESPACE_COLS,
                             "namespaces n", "n.id", ids, n_ids, (void **)namespaces, n, err);
}

bool namespace_list_upwards(Db *db, Arena *arena, int64_t id, Namespace **namespaces, size_t *n,
                            Error *err)
{
    return SELECT_ROWS(
        db, arena, namespace_columns,
        "WITH RECURSIVE up (id, parent_id, depth) AS ("
        "SELECT n.id, n.parent_id, CAST(0 AS BIGINT) FROM namespaces n WHERE n.id = $1 UNION ALL"
        " SELECT n.id, n.parent_id, up.depth + 1 FROM up JOIN namespaces n ON n.id = up.parent_id)"
        " SELECT " NAMESPACE_COLS " FROM up JOIN namespaces n ON n.id = up.id"
        " ORDER BY up.depth DESC",
        DB_ARGS(DB_INT(id)), namespaces, n, err);
}

/* --- lists ----------------------------------------------------------------------------------- */

static void filter_by_caller(Query *q, const NamespaceFilter *filter)
{
    int64_t least = MAX(filter->min_access_level, filter->owned        ? ACCESS_OWNER
                                                  : filter->membership ? ACCESS_MINIMAL
                                                                       : 0);

    if (least > 0)
        query_and_arg(q, "n.id IN (SELECT id FROM mine WHERE level >= ?)", DB_INT(least));
    else if (!filter->admin && filter->user_id)
        query_and(q, "(n.visibility IN ('public', 'internal') OR n.id IN (SELECT id FROM mine))");
    else if (!filter->admin)
        query_and(q, "n.visibility = 'public'");
}

static void filter_namespaces(Query *q, const NamespaceFilter *filter)
{
    query_init(q, WITH_MINE, DB_ARGS(DB_INT(filter->user_id), DB_INT(filter->now_us)),
               "namespaces n");
    filter_by_caller(q, filter);
    if (filter->groups_only)
        query_and(q, "n.kind = 'group'");
    if (filter->top_level_only)
        query_and(q, "n.parent_id IS NULL");
    query_and_id(q, "n.parent_id = ?", filter->parent_id);
    query_and_id(q,
                 "n.id IN (WITH RECURSIVE below (id) AS ("
                 "SELECT id FROM namespaces WHERE parent_id = ? UNION ALL"
                 " SELECT n.id FROM below JOIN namespaces n ON n.parent_id = below.id)"
                 " SELECT id FROM below)",
                 filter->below_id);
    query_and_contains(q, "(LOWER(n.name) LIKE ? ESCAPE '\\' OR LOWER(n.path) LIKE ? ESCAPE '\\')",
                       filter->search);
    if (filter->has_visibility)
        query_and_arg(q, "n.visibility = ?", DB_ENUM(visibility_names, filter->visibility));
}

bool namespace_list(Db *db, Arena *arena, const NamespaceFilter *filter, Namespace **namespaces,
                    size_t *n, Error *err)
{
    static const QueryOrder orders[] = {
        { "name", "n.name" IN_BYTES }, { "path", "n.path" IN_BYTES }, { "id", "n.id" }, { 0 }
    };
    g_auto(Query) q = { 0 };
    const char *order;

    if (!query_order(orders, filter->order_by, &order, err))
        return false;
    filter_namespaces(&q, filter);
    query_finish_list(&q, NAMESPACE_COLS, order, !filter->descending, "n.id", filter->slice);
    return SELECT_ROWS(db, arena, namespace_columns, query_sql(&q), query_args(&q), namespaces, n,
                       err);
}

bool namespace_count(Db *db, const NamespaceFilter *filter, int64_t *count, Error *err)
{
    g_auto(Query) q = { 0 };

    filter_namespaces(&q, filter);
    query_finish_count(&q, 0);
    return db_get_int(db, query_sql(&q), query_args(&q), count, err);
}

/* --- writes ---------------------------------------------------------------------------------- */

/* Everything below starts with the old full path and "/"; "0" is the character after "/". */
#define BELOW_OLD_PATH                                                                             \
    " WHERE path_key" IN_BYTES " >= LOWER($2) || '/' AND path_key" IN_BYTES " < LOWER($2) || '0'"

static bool move_below(Db *db, const Namespace *ns, const Namespace *old, Error *err)
{
    return db_exec(db,
                   "UPDATE namespaces SET full_path = $1 || SUBSTR(full_path, LENGTH($2) + 1),"
                   " path_key = LOWER($1 || SUBSTR(full_path, LENGTH($2) + 1)),"
                   " full_name = $3 || SUBSTR(full_name, LENGTH($4) + 1)" BELOW_OLD_PATH,
                   DB_ARGS(DB_TEXT(ns->full_path), DB_TEXT(old->full_path), DB_TEXT(ns->full_name),
                           DB_TEXT(old->full_name)),
                   NULL, err) &&
           db_exec(db,
                   "UPDATE projects SET full_path = $1 || SUBSTR(full_path, LENGTH($2) + 1),"
                   " path_key = LOWER($1 || SUBSTR(full_path, LENGTH($2) + 1))" BELOW_OLD_PATH,
                   DB_ARGS(DB_TEXT(ns->full_path), DB_TEXT(old->full_path)), NULL, err);
}

bool namespace_update(Db *db, const Namespace *ns, const Namespace *old, Error *err)
{
    g_autofree char *key = query_key(ns->full_path);
    bool moved =
        strcmp(ns->full_path, old->full_path) != 0 || strcmp(ns->full_name, old->full_name) != 0;

    return db_exec(db,
                   "UPDATE namespaces SET name = $2, path = $3, full_path = $4, path_key = $5,"
                   " full_name = $6, description = $7, visibility = $8 WHERE id = $1",
                   DB_ARGS(DB_INT(ns->id), DB_TEXT(ns->name), DB_TEXT(ns->path),
                           DB_TEXT(ns->full_path), DB_TEXT(key), DB_TEXT(ns->full_name),
                           DB_TEXT(ns->description), DB_ENUM(visibility_names, ns->visibility)),
                   NULL, err) &&
           (!moved || move_below(db, ns, old, err));
}

bool namespace_delete(Db *db, int64_t id, Error *err)
{
    return db_exec(db, "DELETE FROM namespaces WHERE id = $1", DB_ARGS(DB_INT(id)), NULL, err);
}

bool namespace_list_projects(Db *db, Arena *arena, int64_t id, NamespaceProject **projects,
                             size_t *n, Error *err)
{
    static const Column columns[] = { COL_INT(NamespaceProject, project_id), COL_END };

    return SELECT_ROWS(db, arena, columns,
                       "WITH RECURSIVE below (id) AS (SELECT id FROM namespaces WHERE id = $1"
                       " UNION ALL SELECT n.id FROM below JOIN namespaces n"
                       " ON n.parent_id = below.id) SELECT p.id FROM projects p"
                       " WHERE p.namespace_id IN (SELECT id FROM below) ORDER BY p.id",
                       DB_ARGS(DB_INT(id)), projects, n, err);
}
