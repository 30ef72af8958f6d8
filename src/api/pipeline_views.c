/* pipeline_views.c - what pages draw of pipelines, each in one answer: the graph of one, a list with stages; and the
 * next times of a cron.
 */
#include "api/caller.h"
#include "api/pipeline_entity.h"
#include "api/pipelines.h"
#include "api/routes.h"
#include "repo/repo.h"
#include "schedule/cron.h"
#include "store/job_specs.h"
#include "store/job_views.h"
#include "store/stages.h"

#include <stdlib.h>
#include <string.h>

/* Usual durations are the medians of the last successes of a name, among the project's last ones. */
enum { JOBS_LOOKED_AT = 2000, RUNS_LOOKED_AT = 20 };
enum { MOST_TYPES = 200, MOST_COMMENT_LINES = 20 };

/* --- usual durations ------------------------------------------------------------------------- */

typedef struct Runs {
    int64_t us[RUNS_LOOKED_AT];
    int n;
} Runs;

static int compare_us(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void free_table(void *data)
{
    g_hash_table_unref(data);
}

/* name -> Runs, sorted; all in the request's memory. */
static bool load_durations(Req *rq, GHashTable **out, Error *err)
{
    const Caller *caller = caller_of(rq);
    GHashTable *table = g_hash_table_new(g_str_hash, g_str_equal);
    GHashTableIter iter;
    JobDuration *rows;
    gpointer runs;
    size_t n;

    arena_defer(rq->arena, free_table, table);
    if (!job_list_durations(caller->db, rq->arena, caller->project->id, JOBS_LOOKED_AT, &rows, &n,
                            err))
        return false;
    for (size_t i = 0; i < n; i++) {
        Runs *of_name = g_hash_table_lookup(table, rows[i].name);
        if (!of_name) {
            of_name = arena_new0(rq->arena, Runs, 1);
            g_hash_table_insert(table, (gpointer)rows[i].name, of_name);
        }
        if (rows[i].started_at && of_name->n < RUNS_LOOKED_AT)
            of_name->us[of_name->n++] = rows[i].finished_at - rows[i].started_at;
    }
    g_hash_table_iter_init(&iter, table);
    while (g_hash_table_iter_next(&iter, NULL, &runs))
        qsort(((Runs *)runs)->us, (size_t)((Runs *)runs)->n, sizeof(int64_t), compare_us);
    *out = table;
    return true;
}

static void write_usual(JsonWriter *w, GHashTable *durations, const char *name)
{
    const Runs *runs = g_hash_table_lookup(durations, name);

    if (!runs || runs->n == 0)
        jw_put_null(w, "usual_duration");
    else
        jw_put_int(w, "usual_duration", (runs->us[runs->n / 2] + US_PER_S / 2) / US_PER_S);
}

/* --- the graph ------------------------------------------------------------------------------- */

typedef struct Graph {
    Stage *stages;
    size_t n_stages;
    Job *jobs;
    size_t n_jobs;
    JobNeed *needs; /* by spec */
    size_t n_needs;
    GHashTable *ids; /* name -> Job * */
    GHashTable *durations;
} Graph;

static bool load_graph(Req *rq, int64_t pipeline_id, Graph *graph, Error *err)
{
    Db *db = caller_of(rq)->db;

    if (!stage_list(db, rq->arena, pipeline_id, &graph->stages, &graph->n_stages, err) ||
        !job_list_latest(db, rq->arena, pipeline_id, &graph->jobs, &graph->n_jobs, err) ||
        !job_need_list_by_pipeline(db, rq->arena, pipeline_id, &graph->needs, &graph->n_needs,
                                   err) ||
        !load_durations(rq, &graph->durations, err))
        return false;
    graph->ids = g_hash_table_new(g_str_hash, g_str_equal);
    arena_defer(rq->arena, free_table, graph->ids);
    for (size_t i = 0; i < graph->n_jobs; i++)
        g_hash_table_insert(graph->ids, (gpointer)graph->jobs[i].name, &graph->jobs[i]);
    return true;
}

static size_t first_need(const Graph *graph, int64_t spec_id)
{
    size_t low = 0, high = graph->n_needs;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (graph->needs[middle].spec_id < spec_id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* null: it goes by stages. */
static void write_needs(JsonWriter *w, const Graph *graph, const Job *job)
{
    if (!job->by_needs) {
        jw_put_null(w, "needs");
        return;
    }
    jw_key(w, "needs");
    jw_begin_array(w);
    for (size_t i = first_need(graph, job->spec_id);
         i < graph->n_needs && graph->needs[i].spec_id == job->spec_id; i++) {
        const Job *needed = g_hash_table_lookup(graph->ids, graph->needs[i].name);
        if (needed)
            jw_int(w, needed->id);
    }
    jw_end_array(w);
}

static void write_graph_job(JsonWriter *w, const Graph *graph, const Job *job)
{
    jw_begin_object(w);
    jw_put_int(w, "id", job->id);
    jw_put_string(w, "name", job->name);
    jw_put_string(w, "stage", job->stage);
    jw_put_string(w, "status", name_of(&status_names, (int)job->status));
    jw_put_bool(w, "allow_failure", job->allow_failure);
    jw_put_bool(w, "bridge", job->bridge);
    jw_put_string(w, "icon", job->icon);
    write_needs(w, graph, job);
    write_usual(w, graph->durations, job->name);
    jw_end_object(w);
}

static bool get_graph(Req *rq, Error *err)
{
    const Caller *caller = caller_of(rq);
    Graph graph = { 0 };
    Pipeline pipeline;

    if (!pipeline_get_in_project(caller->db, rq->arena, caller->project->id,
                                 req_int(rq, "pipeline_id"), &pipeline, err) ||
        !load_graph(rq, pipeline.id, &graph, err))
        return false;
    JsonWriter *w = reply_writer(rq);
    jw_begin_object(w);
    jw_key(w, "stages");
    jw_begin_array(w);
    for (size_t i = 0; i < graph.n_stages; i++)
        jw_string(w, graph.stages[i].name);
    jw_end_array(w);
    jw_key(w, "jobs");
    jw_begin_array(w);
    for (size_t i = 0; i < graph.n_jobs; i++)
        write_graph_job(w, &graph, &graph.jobs[i]);
    jw_end_array(w);
    jw_end_object(w);
    return reply_json(rq);
}

/* --- lists with stages ----------------------------------------------------------------------- */

/* What the rows of a page have beside them, each kind from one query, by pipeline. */
typedef struct Beside {
    UserMap users;
    Stage *stages;
    size_t n_stages;
    JobFault *faults;
    size_t n_faults;
} Beside;

static bool load_beside(Req *rq, const Pipeline *rows, size_t n, Beside *out, Error *err)
{
    Db *db = caller_of(rq)->db;
    int64_t *ids = arena_new0(rq->arena, int64_t, n + 1);
    int64_t *user_ids = arena_new0(rq->arena, int64_t, n + 1);

    for (size_t i = 0; i < n; i++) {
        ids[i] = rows[i].id;
        user_ids[i] = rows[i].user_id;
    }
    *out = (Beside){ 0 };
    return n == 0 ||
           (user_map_load(db, rq->arena, user_ids, n, &out->users, err) &&
            stage_list_by_pipelines(db, rq->arena, ids, n, &out->stages, &out->n_stages, err) &&
            job_list_faults(db, rq->arena, ids, n, &out->faults, &out->n_faults, err));
}

/* @position < 0: of all stages. */
static int64_t count_faults(const Beside *beside, int64_t pipeline_id, int64_t position,
                            bool allowed)
{
    int64_t count = 0;

    for (size_t i = 0; i < beside->n_faults; i++) {
        const JobFault *fault = &beside->faults[i];
        count += fault->pipeline_id == pipeline_id && fault->allow_failure == allowed &&
                 (position < 0 || fault->stage_position == position);
    }
    return count;
}

static void write_stages(JsonWriter *w, const Beside *beside, int64_t pipeline_id)
{
    jw_key(w, "stages");
    jw_begin_array(w);
    for (size_t i = 0; i < beside->n_stages; i++) {
        const Stage *stage = &beside->stages[i];
        if (stage->pipeline_id != pipeline_id)
            continue;
        bool warned = stage->status == STATUS_SUCCESS &&
                      count_faults(beside, pipeline_id, stage->position, true) > 0;
        jw_begin_object(w);
        jw_put_string(w, "name", stage->name);
        jw_put_string(w, "status", warned ? "warning" : name_of(&status_names, (int)stage->status));
        jw_end_object(w);
    }
    jw_end_array(w);
}

/* A commit may be gone from the repository: then it has only its name. */
static bool write_commit(Req *rq, JsonWriter *w, const Pipeline *row, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    RepoCommit commit;

    bool found =
        repo_commit(site_of(rq)->repos, row->project_id, row->sha, rq->arena, &commit, &failed);
    if (!found && failed.code != ERR_NO_RECORD && failed.code != ERR_NOT_FOUND)
        return error_move(err, &failed);
    jw_key(w, "commit");
    jw_begin_object(w);
    jw_put_string(w, "short_id", arena_strndup(rq->arena, row->sha, 8));
    jw_put_string(w, "title", found ? commit.title : NULL);
    jw_end_object(w);
    return true;
}

static bool write_row(Req *rq, JsonWriter *w, const Pipeline *row, const Beside *beside, Error *err)
{
    EntityContext context = caller_context(rq);
    PipelineView view = { .row = *row,
                          .project = caller_of(rq)->project,
                          .user = user_map_find(&beside->users, row->user_id) };

    jw_begin_object(w);
    entity_write_fields(w, pipeline_list_fields, &view, &context);
    entity_write_fields(w, pipeline_times_fields, &view, &context);
    jw_put_string(w, "config_path", row->config_path);
    jw_put_string(w, "yaml_errors", row->yaml_errors);
    jw_put_int(w, "failed_jobs", count_faults(beside, row->id, -1, false));
    jw_put_int(w, "warnings", count_faults(beside, row->id, -1, true));
    write_stages(w, beside, row->id);
    bool ok = write_commit(rq, w, row, err);
    jw_end_object(w);
    return ok;
}

bool reply_pipelines_with_stages(Req *rq, const Pipeline *rows, size_t n, Error *err)
{
    JsonWriter *w = reply_writer(rq);
    Beside beside;

    if (!load_beside(rq, rows, n, &beside, err))
        return false;
    jw_begin_array(w);
    for (size_t i = 0; i < n; i++)
        if (!write_row(rq, w, &rows[i], &beside, err))
            return false;
    jw_end_array(w);
    return reply_json(rq);
}

/* --- pipeline types -------------------------------------------------------------------------- */

/* What a file says of itself: the comment lines it begins with, as one text. */
static const char *first_comment(Arena *arena, const char *bytes)
{
    g_auto(GStrv) lines = g_strsplit(bytes, "\n", MOST_COMMENT_LINES + 1);
    g_autoptr(GString) text = g_string_new(NULL);

    for (int i = 0; lines[i] && i < MOST_COMMENT_LINES; i++) {
        char *line = g_strstrip(lines[i]);
        if (*line != '#')
            break;
        line = g_strstrip(line + strspn(line, "#"));
        g_string_append_printf(text, "%s%s", text->len > 0 && *line ? " " : "", line);
    }
    return text->len > 0 && g_utf8_validate(text->str, -1, NULL) ? arena_strdup(arena, text->str)
                                                                 : NULL;
}

/* One that is too large is a type all the same. */
static bool write_type(Req *rq, JsonWriter *w, const char *sha, const char *path, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    const char *bytes = NULL;
    size_t size;

    if (!repo_read_file(site_of(rq)->repos, caller_of(rq)->project->id, sha, path,
                        (size_t)site_of(rq)->settings->max_yaml_bytes, rq->arena, &bytes, &size,
                        &failed) &&
        failed.code != ERR_TOO_LARGE)
        return error_move(err, &failed);
    jw_begin_object(w);
    jw_put_string(w, "file", path);
    jw_put_string(w, "comment", bytes ? first_comment(rq->arena, bytes) : NULL);
    jw_end_object(w);
    return true;
}

static bool list_types(Req *rq, Error *err)
{
    const Project *project = caller_of(rq)->project;
    const char *ref = req_str(rq, "ref");
    g_auto(Error) failed = ERROR_INIT;
    RepoResolved at;
    const char **paths;

    if (!repo_resolve(site_of(rq)->repos, project->id, ref ? ref : project->default_branch, true,
                      rq->arena, &at, &failed))
        return failed.code == ERR_NO_RECORD ? error_set(err, ERR_NOT_FOUND, "Reference")
                                            : error_move(err, &failed);
    if (!repo_list_files(site_of(rq)->repos, project->id, at.sha, "", "-ci.yml", MOST_TYPES,
                         rq->arena, &paths, err))
        return false;
    JsonWriter *w = reply_writer(rq);
    jw_begin_object(w);
    jw_put_string(w, "sha", at.sha);
    jw_key(w, "types");
    jw_begin_array(w);
    for (; *paths; paths++)
        if (!write_type(rq, w, at.sha, *paths, err))
            return false;
    jw_end_array(w);
    jw_end_object(w);
    return reply_json(rq);
}

/* --- cron ------------------------------------------------------------------------------------ */

static bool list_ticks(Req *rq, Error *err)
{
    char *text = g_strstrip(arena_strdup(rq->arena, req_str(rq, "cron")));
    g_autoptr(Cron) cron = cron_parse(text, req_str(rq, "timezone"), err);
    int64_t at = clock_now(site_of(rq)->clock);
    char buf[TIME_TEXT_SIZE];

    if (!cron)
        return false;
    JsonWriter *w = reply_writer(rq);
    jw_begin_object(w);
    jw_key(w, "ticks");
    jw_begin_array(w);
    for (int64_t i = 0; i < req_int(rq, "count") && cron_next(cron, at, &at); i++)
        jw_string(w, time_to_text(at, buf));
    jw_end_array(w);
    jw_end_object(w);
    return reply_json(rq);
}

static const Param graph_params[] = { { "pipeline_id", PARAM_INT }, { 0 } };
static const Param types_params[] = { { "ref", PARAM_STR }, { 0 } };
static const Param cron_params[] = {
    { "cron", PARAM_STR, .required = true },
    { "timezone", PARAM_STR, .otherwise = "UTC" },
    { "count", PARAM_INT, .otherwise = "5", .min = 1, .max = 100 },
    { 0 },
};

const Route pipeline_view_routes[] = {
    { GET, "/projects/:id/pipelines/:pipeline_id/graph", CAN_READ_JOBS, graph_params, get_graph },
    { GET, "/projects/:id/pipeline_types", CAN_READ_CODE, types_params, list_types },
    { GET, "/cron/next", .params = cron_params, .handler = list_ticks },
    { 0 },
};
