/* imports.c - a few threads that run repo_import() and record its end. */
#include "api/imports.h"

#include "base/log.h"
#include "pipeline/push.h"
#include "repo/repo.h"
#include "store/projects.h"

enum { MAX_AT_ONCE = 4 };

struct Imports {
    const Site *site;
    GThreadPool *pool; /* of Import */
    GMutex mutex;
    GCond ended;
    int running; /* started and waiting ones */
    bool stopping;
};

typedef struct Import {
    int64_t project_id;
    char *url; /* with its credentials: never stored */
    bool allow_file;
} Import;

static void import_free(Import *import)
{
    g_free(import->url);
    g_free(import);
}

/* --- the end of one -------------------------------------------------------------------------- */

typedef struct Outcome {
    int64_t project_id;
    ProjectImport end;
} Outcome;

/* A project that was deleted meanwhile is nobody's trouble. */
static bool record(Db *db, void *data, Error *err)
{
    const Outcome *outcome = data;

    return project_set_import(db, outcome->project_id, &outcome->end, NULL, err);
}

static bool fetch(const Site *site, const Import *import, Arena *arena, const char **branch,
                  Error *err)
{
    return repo_import(site->repos, import->project_id, import->url, import->allow_file, err) &&
           push_adopt_refs(site, import->project_id, err) &&
           repo_default_branch(site->repos, import->project_id, arena, branch, err);
}

static void run(const Site *site, const Import *import)
{
    g_autoptr(Arena) arena = arena_new();
    g_auto(Error) failed = ERROR_INIT;
    g_auto(Error) lost = ERROR_INIT;
    Outcome outcome = { import->project_id, { .status = "finished" } };

    if (!fetch(site, import, arena, &outcome.end.default_branch, &failed)) {
        outcome.end.status = "failed";
        outcome.end.error = error_text(&failed);
    }
    outcome.end.updated_at = clock_now(site->clock);
    if (!database_write(site->database, record, &outcome, &lost))
        log_error(&lost, "import into project %" G_GINT64_FORMAT, import->project_id);
}

/* --- the threads ----------------------------------------------------------------------------- */

static bool is_stopping(Imports *imports)
{
    g_mutex_lock(&imports->mutex);
    bool stopping = imports->stopping;
    g_mutex_unlock(&imports->mutex);
    return stopping;
}

static void run_in_thread(gpointer data, gpointer user_data)
{
    Imports *imports = user_data;
    Import *import = data;

    if (!is_stopping(imports))
        run(imports->site, import);
    import_free(import);
    g_mutex_lock(&imports->mutex);
    imports->running--;
    g_cond_broadcast(&imports->ended);
    g_mutex_unlock(&imports->mutex);
}

Imports *imports_new(const Site *site)
{
    Imports *imports = g_new0(Imports, 1);

    imports->site = site;
    g_mutex_init(&imports->mutex);
    g_cond_init(&imports->ended);
    imports->pool = g_thread_pool_new(run_in_thread, imports, MAX_AT_ONCE, FALSE, NULL);
    return imports;
}

void imports_start(Imports *imports, int64_t project_id, const char *url, bool allow_file)
{
    Import *import = g_new0(Import, 1);

    *import = (Import){ project_id, g_strdup(url), allow_file };
    g_mutex_lock(&imports->mutex);
    imports->running++;
    g_mutex_unlock(&imports->mutex);
    g_thread_pool_push(imports->pool, import, NULL);
}

bool imports_stop(Imports *imports, int64_t grace_us)
{
    int64_t deadline = g_get_monotonic_time() + grace_us;

    g_mutex_lock(&imports->mutex);
    imports->stopping = true;
    while (imports->running > 0 && g_cond_wait_until(&imports->ended, &imports->mutex, deadline))
        continue;
    bool all_ended = imports->running == 0;
    g_mutex_unlock(&imports->mutex);
    return all_ended;
}

void imports_free(Imports *imports)
{
    if (!imports)
        return;
    g_thread_pool_free(imports->pool, FALSE, TRUE);
    g_mutex_clear(&imports->mutex);
    g_cond_clear(&imports->ended);
    g_free(imports);
}
