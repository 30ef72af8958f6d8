/* project_life.c - makes and removes projects: database, repository, logs and artifact files. */
#include "api/project_life.h"

#include "access/accounts.h"
#include "access/spaces.h"
#include "api/imports.h"
#include "base/log.h"
#include "blob/blob.h"
#include "pipeline/bridges.h"
#include "repo/repo.h"
#include "store/artifacts.h"
#include "store/downstream.h"

#include <string.h>

enum { ROWS_AT_ONCE = 1000 };

/* --- small writes ---------------------------------------------------------------------------- */

typedef struct ImportState {
    int64_t project_id;
    ProjectImport state;
} ImportState;

static bool set_import_state(Db *db, void *data, Error *err)
{
    const ImportState *set = data;
    bool done = false;

    if (!project_set_import(db, set->project_id, &set->state, &done, err))
        return false;
    return done || error_set(err, ERR_NO_RECORD, NULL);
}

static bool delete_row(Db *db, void *data, Error *err)
{
    return project_delete(db, *(const int64_t *)data, err);
}

/* Locked first, so that nothing of another project begins to wait for it meanwhile. */
typedef struct Removal {
    const Site *site;
    int64_t project_id;
} Removal;

static bool remove_row(Db *db, void *data, Error *err)
{
    const Removal *r = data;
    g_autoptr(Arena) arena = arena_new();
    g_auto(Error) failed = ERROR_INIT;
    Project project;

    if (!project_lock(db, arena, r->project_id, &project, &failed))
        return failed.code == ERR_NO_RECORD || error_move(err, &failed); /* somebody was faster */
    return downstream_work_forsake(db, r->project_id, r->site->server_id, clock_now(r->site->clock),
                                   err) &&
           project_delete(db, r->project_id, err);
}

/* --- the beginning --------------------------------------------------------------------------- */

static bool check_scheme(const char *scheme, const ProjectOrigin *origin, Error *err)
{
    if (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0)
        return true;
    if (strcmp(scheme, "file") == 0 && origin->allow_file)
        return true;
    return error_field(err, "import_url", "is blocked: Only allowed schemes are http, https");
}

/* @stored: the URL without its credentials, in @arena. */
static bool check_origin(Arena *arena, const ProjectOrigin *origin, const char **stored, Error *err)
{
    const GUriFlags flags = G_URI_FLAGS_HAS_PASSWORD | G_URI_FLAGS_ENCODED;

    *stored = NULL;
    if (!origin->url)
        return true;
    g_autoptr(GUri) uri = g_uri_parse(origin->url, flags, NULL);
    if (!uri)
        return error_field(err, "import_url", "must be a valid URL");
    if (!check_scheme(g_uri_get_scheme(uri), origin, err))
        return false;
    g_autofree char *clean =
        g_uri_join(G_URI_FLAGS_ENCODED, g_uri_get_scheme(uri), NULL, g_uri_get_host(uri),
                   g_uri_get_port(uri), g_uri_get_path(uri), g_uri_get_query(uri), NULL);
    *stored = arena_strdup(arena, clean);
    return true;
}

/* The row may stay behind where this fails: then the next start takes it away. */
static bool undo(const Site *site, int64_t project_id, Error *err, Error *why)
{
    g_auto(Error) failed = ERROR_INIT;

    if (!database_write(site->database, delete_row, &project_id, &failed))
        log_error(&failed, "taking back project %" G_GINT64_FORMAT, project_id);
    if (why->code == ERR_INVALID && !why->details)
        return error_field(err, "default_branch", "is invalid");
    return error_move(err, why);
}

bool project_life_create(Api *api, Arena *arena, const Namespace *space, Project *project,
                         const ProjectOrigin *origin, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    const Site *site = api->site;

    if (!check_origin(arena, origin, &project->import_url, err))
        return false;
    project->import_status = "scheduled";
    project->import_error = NULL;
    project->server_id = site->server_id;
    if (!space_create_project(site, arena, space, project, err))
        return false;
    if (!repo_create(site->repos, project->id, project->default_branch, &failed))
        return undo(site, project->id, err, &failed);
    ImportState set = { project->id, { .status = origin->url ? "started" : "none" } };
    if (!database_write(site->database, set_import_state, &set, err))
        return false;
    project->import_status = set.state.status;
    if (origin->url)
        imports_start(api->imports, project->id, origin->url, origin->allow_file);
    return true;
}

/* --- the end --------------------------------------------------------------------------------- */

/* What is outside the database, noted while the rows are there. */
typedef struct Leftovers {
    GArray *logs;     /* of int64_t: job ids */
    GPtrArray *blobs; /* of char *: keys */
} Leftovers;

static void leftovers_clear(Leftovers *left)
{
    g_array_unref(left->logs);
    g_ptr_array_unref(left->blobs);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Leftovers, leftovers_clear)

static bool note_logs(Db *db, int64_t project_id, GArray *logs, Error *err)
{
    JobFilter filter = { .project_id = project_id, .slice = { .limit = ROWS_AT_ONCE } };
    size_t n = ROWS_AT_ONCE;

    while (n == ROWS_AT_ONCE) {
        g_autoptr(Arena) arena = arena_new();
        Job *jobs;
        if (!job_list(db, arena, &filter, &jobs, &n, err))
            return false;
        for (size_t i = 0; i < n; i++)
            if (jobs[i].started_at || jobs[i].trace_size > 0)
                g_array_append_val(logs, jobs[i].id);
        filter.before_id = n > 0 ? jobs[n - 1].id : 0;
    }
    return true;
}

static bool note_blobs(Db *db, int64_t project_id, GPtrArray *blobs, Error *err)
{
    size_t n = ROWS_AT_ONCE;
    int64_t after = 0;

    while (n == ROWS_AT_ONCE) {
        g_autoptr(Arena) arena = arena_new();
        Artifact *rows;
        if (!artifact_list_by_project(db, arena, project_id, after, ROWS_AT_ONCE, &rows, &n, err))
            return false;
        for (size_t i = 0; i < n; i++)
            g_ptr_array_add(blobs, g_strdup(rows[i].blob_key));
        after = n > 0 ? rows[n - 1].id : 0;
    }
    return true;
}

static bool note_leftovers(const Site *site, int64_t project_id, Leftovers *left, Error *err)
{
    g_autoptr(Db) db = database_reader(site->database);

    return note_logs(db, project_id, left->logs, err) &&
           note_blobs(db, project_id, left->blobs, err);
}

/* The project is gone already: what does not go now is only logged. */
static void remove_files(Api *api, int64_t project_id, const Leftovers *left)
{
    g_auto(Error) failed = ERROR_INIT;

    if (!repo_remove(api->site->repos, project_id, &failed)) {
        log_error(&failed, "removing the repository of project %" G_GINT64_FORMAT, project_id);
        error_clear(&failed);
    }
    for (guint i = 0; i < left->logs->len; i++) {
        if (!trace_files_remove(api->traces, g_array_index(left->logs, int64_t, i), &failed)) {
            log_error(&failed, "removing a log of project %" G_GINT64_FORMAT, project_id);
            error_clear(&failed);
        }
    }
    for (guint i = 0; i < left->blobs->len; i++) {
        if (!blob_remove(api->site->blobs, g_ptr_array_index(left->blobs, i), &failed)) {
            log_error(&failed, "removing an artifact of project %" G_GINT64_FORMAT, project_id);
            error_clear(&failed);
        }
    }
}

bool project_life_remove(Api *api, int64_t project_id, Error *err)
{
    g_auto(Leftovers) left = { g_array_new(FALSE, FALSE, sizeof(int64_t)),
                               g_ptr_array_new_with_free_func(g_free) };
    Removal removal = { api->site, project_id };

    if (!note_leftovers(api->site, project_id, &left, err) ||
        !database_write(api->site->database, remove_row, &removal, err))
        return false;
    bridges_poke(api->site->bridges);
    remove_files(api, project_id, &left);
    return true;
}

static bool remove_projects_below(Api *api, int64_t namespace_id, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    NamespaceProject *rows;
    size_t n;

    g_autoptr(Db) db = database_reader(api->site->database);
    bool ok = namespace_list_projects(db, arena, namespace_id, &rows, &n, err);
    g_clear_pointer(&db, database_reader_release); /* the writes below take their time */
    for (size_t i = 0; ok && i < n; i++)
        ok = project_life_remove(api, rows[i].project_id, err);
    return ok;
}

static bool delete_namespace(Db *db, void *data, Error *err)
{
    return namespace_delete(db, *(const int64_t *)data, err);
}

/* A project that is made below it meanwhile keeps the group there: then that goes, too. */
bool project_life_remove_group(Api *api, int64_t group_id, Error *err)
{
    enum { ATTEMPTS = 5 };

    for (int i = 1;; i++) {
        g_auto(Error) failed = ERROR_INIT;
        if (!remove_projects_below(api, group_id, err))
            return false;
        if (database_write(api->site->database, delete_namespace, &group_id, &failed))
            return true;
        if (failed.code != ERR_DB_FOREIGN_KEY || i == ATTEMPTS)
            return error_move(err, &failed);
    }
}

static bool find_own_namespace(const Site *site, int64_t user_id, int64_t *id, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    g_autoptr(Db) db = database_reader(site->database);
    g_auto(Error) failed = ERROR_INIT;
    Namespace own = { 0 };

    if (!account_check_delete(db, user_id, err))
        return false;
    if (!namespace_of_user(db, arena, user_id, &own, &failed) && failed.code != ERR_NO_RECORD)
        return error_move(err, &failed);
    *id = own.id;
    return true;
}

bool project_life_remove_user(Api *api, int64_t user_id, Error *err)
{
    int64_t own = 0;

    return find_own_namespace(api->site, user_id, &own, err) &&
           (!own || remove_projects_below(api, own, err)) &&
           account_delete(api->site, user_id, err);
}
