/* members.c - the table members. */
#include "store/members.h"

#define MEMBER_COLS                                                                                \
    "m.id, m.user_id, m.project_id, m.namespace_id, m.access_level, m.expires_at, m.created_by,"   \
    " m.created_at"

const Column member_columns[] = {
    COL_INT(Member, id),           COL_INT(Member, user_id),      COL_INT(Member, project_id),
    COL_INT(Member, namespace_id), COL_INT(Member, access_level), COL_TIME(Member, expires_at),
    COL_INT(Member, created_by),   COL_TIME(Member, created_at),  COL_END
};

#define INSERT_MEMBER                                                                              \
    "INSERT INTO members (user_id, project_id, namespace_id, access_level, expires_at, "           \
    "created_by,"                                                                                  \
    " created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)"

static bool insert(Db *db, const char *sql, Member *member, Error *err)
{
    return db_get_int(db, sql,
                      DB_ARGS(DB_INT(member->user_id), DB_ID(member->project_id),
                              DB_ID(member->namespace_id), DB_INT(member->access_level),
                              DB_TIME(member->expires_at), DB_ID(member->created_by),
                              DB_INT(member->created_at)),
                      &member->id, err);
}

bool member_insert(Db *db, Member *member, Error *err)
{
    return insert(db, INSERT_MEMBER " RETURNING id", member, err);
}

bool member_add(Db *db, Member *member, bool *is_new, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;

    *is_new = insert(db, INSERT_MEMBER " ON CONFLICT DO NOTHING RETURNING id", member, &failed);
    return *is_new || failed.code == ERR_NO_RECORD || error_move(err, &failed);
}

bool member_update(Db *db, const Member *member, Error *err)
{
    return db_exec(
        db, "UPDATE members SET access_level = $2, expires_at = $3 WHERE id = $1",
        DB_ARGS(DB_INT(member->id), DB_INT(member->access_level), DB_TIME(member->expires_at)),
        NULL, err);
}

bool member_delete(Db *db, int64_t id, Error *err)
{
    return db_exec(db, "DELETE FROM members WHERE id = $1", DB_ARGS(DB_INT(id)), NULL, err);
}

bool member_of_project(Db *db, Arena *arena, int64_t project_id, int64_t user_id, Member *member,
                       Error *err)
{
    return db_get(db, arena, member_columns,
                  "SELECT " MEMBER_COLS " FROM members m WHERE m.project_id = $1"
                  " AND m.user_id = $2",
                  DB_ARGS(DB_INT(project_id), DB_INT(user_id)), member, err);
}

bool member_of_namespace(Db *db, Arena *arena, int64_t namespace_id, int64_t user_id,
                         Member *member, Error *err)
{
    return db_get(db, arena, member_columns,
                  "SELECT " MEMBER_COLS " FROM members m WHERE m.namespace_id = $1"
                  " AND m.user_id = $2",
                  DB_ARGS(DB_INT(namespace_id), DB_INT(user_id)), member, err);
}

/* --- access levels --------------------------------------------------------------------------- */

/* $1: the user, $2: the project, $3: now. */
#define COUNTS " AND (m.expires_at IS NULL OR m.expires_at > $3)"
#define LEVEL_IN_PROJECT                                                                           \
    "SELECT m.access_level AS level FROM members m"                                                \
    " WHERE m.project_id = $2 AND m.user_id = $1" COUNTS
#define LEVEL_IN_NAMESPACE                                                                         \
    " UNION ALL SELECT CASE WHEN n.owner_id = $1 THEN 50 ELSE m.access_level END FROM namespaces"  \
    " n LEFT JOIN members m ON m.namespace_id = n.id AND m.user_id = $1" COUNTS                    \
    " WHERE n.path_key = $%u"

/* Every call asks this.  The namespaces from @path upwards are found by their paths: to climb from
 * parent to parent, in a recursive query, costs as much as all the rest of a small read. */
static bool highest_level(Db *db, int64_t user_id, int64_t project_id, const char *path,
                          int64_t now_us, int64_t *level, Error *err)
{
    enum { FIRST_ARGS = 3 };
    g_autofree char *key = query_key(path);
    g_auto(GStrv) parts = g_strsplit(key, "/", -1);
    guint n_parts = g_strv_length(parts);
    g_auto(GStrv) paths = g_new0(char *, n_parts + 1);
    g_autofree DbArg *args = g_new0(DbArg, FIRST_ARGS + n_parts + 1);
    g_autoptr(GString) sql = g_string_new("SELECT COALESCE(MAX(level), 0) FROM (" LEVEL_IN_PROJECT);

    args[0] = DB_INT(user_id);
    args[1] = DB_INT(project_id);
    args[2] = DB_INT(now_us);
    for (guint i = 0; i < n_parts; i++) {
        paths[i] = i ? g_strjoin("/", paths[i - 1], parts[i], NULL) : g_strdup(parts[i]);
        args[FIRST_ARGS + i] = DB_TEXT(paths[i]);
        g_string_append_printf(sql, LEVEL_IN_NAMESPACE, FIRST_ARGS + i + 1);
    }
    args[FIRST_ARGS + n_parts] = (DbArg){ .type = DB_END };
    g_string_append(sql, ") AS levels");
    return db_get_int(db, sql->str, args, level, err);
}

bool member_access_level(Db *db, int64_t user_id, const Project *project, int64_t now_us,
                         int64_t *level, Error *err)
{
    const char *end = strrchr(project->full_path, '/');
    g_autofree char *above = g_strndup(project->full_path, (gsize)(end - project->full_path));

    return highest_level(db, user_id, project->id, above, now_us, level, err);
}

bool member_group_access_level(Db *db, int64_t user_id, const Namespace *group, int64_t now_us,
                               int64_t *level, Error *err)
{
    return highest_level(db, user_id, 0, group->full_path, now_us, level, err);
}

bool member_list_levels(Db *db, Arena *arena, int64_t user_id, int64_t now_us,
                        const int64_t *project_ids, size_t n_ids, MemberLevels **levels, size_t *n,
                        Error *err)
{
    static const Column columns[] = { COL_INT(MemberLevels, project_id),
                                      COL_INT(MemberLevels, project_level),
                                      COL_INT(MemberLevels, group_level), COL_END };
    g_auto(Query) q = { 0 };

    /* found: one row a project and role; above: its namespaces. */
    query_init(&q, NULL, DB_ARGS(DB_INT(user_id), DB_INT(now_us)), "projects p");
    query_and_ids(&q, "p.id", project_ids, n_ids);
    g_string_append_printf(
        q.sql,
        "WITH RECURSIVE above (project_id, id, parent_id, owner_id) AS ("
        "SELECT p.id, n.id, n.parent_id, n.owner_id FROM projects p"
        " JOIN namespaces n ON n.id = p.namespace_id%s UNION ALL"
        " SELECT above.project_id, n.id, n.parent_id, n.owner_id FROM above"
        " JOIN namespaces n ON n.id = above.parent_id),"
        " found (project_id, own, inherited) AS ("
        "SELECT above.project_id, CAST(0 AS BIGINT), m.access_level FROM above"
        " JOIN members m ON m.namespace_id = above.id WHERE m.user_id = $1"
        " AND (m.expires_at IS NULL OR m.expires_at > $2) UNION ALL"
        " SELECT above.project_id, CAST(0 AS BIGINT), CAST(50 AS BIGINT) FROM above"
        " WHERE above.owner_id = $1 UNION ALL"
        " SELECT p.id, m.access_level, CAST(0 AS BIGINT) FROM projects p"
        " JOIN members m ON m.project_id = p.id%s AND m.user_id = $1"
        " AND (m.expires_at IS NULL OR m.expires_at > $2))"
        " SELECT project_id, MAX(own), MAX(inherited) FROM found GROUP BY project_id",
        q.where->str, q.where->str);
    return SELECT_ROWS(db, arena, columns, query_sql(&q), query_args(&q), levels, n, err);
}

/* --- lists ----------------------------------------------------------------------------------- */

static const Column member_user_columns[] = { COL_INT(MemberUser, member.id),
                                              COL_INT(MemberUser, member.user_id),
                                              COL_INT(MemberUser, member.project_id),
                                              COL_INT(MemberUser, member.namespace_id),
                                              COL_INT(MemberUser, member.access_level),
                                              COL_TIME(MemberUser, member.expires_at),
                                              COL_INT(MemberUser, member.created_by),
                                              COL_TIME(MemberUser, member.created_at),
                                              COL_INT(MemberUser, user.id),
                                              COL_TEXT(MemberUser, user.username),
                                              COL_TEXT(MemberUser, user.name),
                                              COL_TEXT(MemberUser, user.email),
                                              COL_ENUM(MemberUser, user.state, user_state_names),
                                              COL_BOOL(MemberUser, user.admin),
                                              COL_BOOL(MemberUser, user.bot),
                                              COL_TIME(MemberUser, user.created_at),
                                              COL_END };
#define MEMBER_USER_COLS                                                                           \
    MEMBER_COLS ", u.id, u.username, u.name, u.email, u.state, u.admin, u.bot, u.created_at"

/* Of $1 (a project, 0: none) or $2 (a group) and all above it, the highest role of each user. */
#define HIGHEST                                                                                    \
    "m.id IN (WITH RECURSIVE up (id, parent_id) AS (SELECT n.id, n.parent_id FROM namespaces n"    \
    " WHERE n.id = CASE WHEN $1 = 0 THEN $2 ELSE (SELECT namespace_id FROM projects WHERE id = "   \
    "$1)"                                                                                          \
    " END UNION ALL SELECT n.id, n.parent_id FROM up JOIN namespaces n ON n.id = up.parent_id),"   \
    " ranked (id, place) AS (SELECT r.id, ROW_NUMBER() OVER (PARTITION BY r.user_id"               \
    " ORDER BY r.access_level DESC, r.id) FROM ("                                                  \
    "SELECT id, user_id, access_level FROM members WHERE project_id = $1 UNION ALL"                \
    " SELECT x.id, x.user_id, x.access_level FROM up JOIN members x ON x.namespace_id = up.id)"    \
    " AS r) SELECT id FROM ranked WHERE place = 1)"

static void filter_members(Query *q, const MemberFilter *filter)
{
    query_init(q, NULL, DB_ARGS(DB_INT(filter->project_id), DB_INT(filter->namespace_id)),
               "members m JOIN users u ON u.id = m.user_id");
    if (filter->inherited)
        query_and(q, HIGHEST);
    else if (filter->project_id)
        query_and(q, "m.project_id = $1");
    else
        query_and(q, "m.namespace_id = $2");
    query_and_id(q, "m.user_id = ?", filter->user_id);
    query_and_contains(q, "(LOWER(u.name) LIKE ? ESCAPE '\\' OR u.username_key LIKE ? ESCAPE '\\')",
                       filter->search);
}

bool member_list(Db *db, Arena *arena, const MemberFilter *filter, MemberUser **members, size_t *n,
                 Error *err)
{
    g_auto(Query) q = { 0 };

    filter_members(&q, filter);
    query_finish_list(&q, MEMBER_USER_COLS, "m.user_id", true, NULL, filter->slice);
    return SELECT_ROWS(db, arena, member_user_columns, query_sql(&q), query_args(&q), members, n,
                       err);
}

bool member_count(Db *db, const MemberFilter *filter, int64_t *count, Error *err)
{
    g_auto(Query) q = { 0 };

    filter_members(&q, filter);
    query_finish_count(&q, 0);
    return db_get_int(db, query_sql(&q), query_args(&q), count, err);
}

bool member_count_owners(Db *db, int64_t namespace_id, int64_t *count, Error *err)
{
    return db_get_int(db,
                      "SELECT COUNT(*) FROM members WHERE namespace_id = $1 AND access_level >= 50",
                      DB_ARGS(DB_INT(namespace_id)), count, err);
}
