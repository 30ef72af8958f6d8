/* left_over.c - projects here, pushes by push.c. */
#include "pipeline/left_over.h"

#include "base/log.h"
#include "pipeline/push.h"
#include "repo/repo.h"
#include "store/projects.h"

#include <string.h>

typedef struct TakeOver {
    const Project *project;
    int64_t server_id;
    bool done;
} TakeOver;

/* One without a repository goes at once, one that was being imported has failed. */
static bool take_over(Db *db, void *data, Error *err)
{
    static const ProjectImport failed = { .status = "failed",
                                          .error = "The import was interrupted" };
    TakeOver *t = data;

    if (!project_take_over(db, t->project, t->server_id, &t->done, err))
        return false;
    if (!t->done)
        return true;
    return strcmp(t->project->import_status, "scheduled") == 0
               ? project_delete(db, t->project->id, err)
               : project_set_import(db, t->project->id, &failed, NULL, err);
}

static bool take_up_project(const Site *site, const Project *project, Error *err)
{
    TakeOver t = { .project = project, .server_id = site->server_id };

    if (!database_write(site->database, take_over, &t, err))
        return false;
    if (!t.done)
        return true;
    log_line(LOG_INFO, "project %" G_GINT64_FORMAT " was left half made or half imported",
             project->id);
    return strcmp(project->import_status, "scheduled") != 0 ||
           repo_remove(site->repos, project->id, err);
}

static bool take_up_projects(const Site *site, const int64_t *servers, size_t n, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    Project *projects = NULL;
    size_t n_projects = 0;

    {
        g_autoptr(Db) db = database_reader(site->database);
        if (!project_list_unfinished(db, arena, servers, n, &projects, &n_projects, err))
            return false;
    }
    for (size_t i = 0; i < n_projects; i++)
        if (!take_up_project(site, &projects[i], err))
            return false;
    return true;
}

bool left_over_take_up(const Site *site, const int64_t *servers, size_t n, Error *err)
{
    return n == 0 ||
           (take_up_projects(site, servers, n, err) && push_recover(site, servers, n, err));
}

bool left_over_take_up_own(const Site *site, Error *err)
{
    const int64_t servers[] = { site->server_id, 0 };

    return left_over_take_up(site, servers, G_N_ELEMENTS(servers), err);
}
