/* live_events.c - what changes while somebody looks: one stream a page. */
#include "access/subject.h"
#include "api/event_stream.h"
#include "api/routes.h"
#include "base/changes.h"
#include "store/job_views.h"
#include "store/pipelines.h"

enum { AT_ONCE = 128, OVERLAP_S = 10 };

typedef struct Live {
    int64_t project_id;  /* 0: all that the user sees */
    int64_t pipeline_id; /* 0: any */
    int64_t user_id;
    bool admin;
    int64_t cursor;
    bool begun; /* the first event is out */
    bool lost;  /* the client missed something before the stream */
    GHashTable
        *visible; /* project id -> GINT_TO_POINTER(1 or 2): hidden or not, for this stream's life */
    GHashTable *jobs;   /* job id -> Status + 1, as last told; of pipeline_id alone */
    int64_t jobs_since; /* their updated_at */
} Live;

/* --- who sees what --------------------------------------------------------------------------- */

static bool look_up(const Live *live, const Site *site, Db *db, int64_t project_id, bool *sees,
                    Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    g_auto(Error) failed = ERROR_INIT;
    Project project;
    Subject subject;

    *sees = false;
    if (!project_get(db, arena, project_id, &project, &failed))
        return failed.code == ERR_NO_RECORD || error_move(err, &failed);
    if (!subject_of_project(db, live->user_id, live->admin, &project, clock_now(site->clock),
                            &subject, err))
        return false;
    *sees = access_sees(&subject) && access_can(&subject, CAN_READ_PIPELINES);
    return true;
}

/* Asked once a stream: it ends after a while, and then all is asked again. */
static bool sees_project(Live *live, const Site *site, Db *db, int64_t project_id, bool *sees,
                         Error *err)
{
    int known = GPOINTER_TO_INT(g_hash_table_lookup(live->visible, &project_id));

    if (known == 0) {
        if (!look_up(live, site, db, project_id, sees, err))
            return false;
        g_hash_table_insert(live->visible, g_memdup2(&project_id, sizeof project_id),
                            GINT_TO_POINTER(*sees ? 2 : 1));
        return true;
    }
    *sees = known == 2;
    return true;
}

/* --- events ---------------------------------------------------------------------------------- */

static JsonWriter *add(EventStream *stream, const Live *live, const char *name)
{
    g_autofree char *id = changes_cursor_text(event_stream_site(stream)->changes, live->cursor);
    JsonWriter *w = event_stream_add(stream, name, id);

    jw_begin_object(w);
    return w;
}

/* A pipeline that is gone has no status. */
static bool add_pipeline(EventStream *stream, const Live *live, Db *db, const Change *change,
                         Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    g_auto(Error) failed = ERROR_INIT;
    Pipeline row = { 0 };

    bool found = pipeline_get(db, arena, change->pipeline_id, &row, &failed);
    if (!found && failed.code != ERR_NO_RECORD)
        return error_move(err, &failed);
    JsonWriter *w = add(stream, live, "pipeline");
    jw_put_int(w, "project_id", change->project_id);
    jw_put_int(w, "pipeline_id", change->pipeline_id);
    jw_put_string(w, "status", found ? name_of(&status_names, (int)row.status) : NULL);
    jw_end_object(w);
    return true;
}

static void add_job(EventStream *stream, const Live *live, const JobStatusRow *row)
{
    JsonWriter *w = add(stream, live, "job");

    jw_put_int(w, "project_id", live->project_id);
    jw_put_int(w, "pipeline_id", live->pipeline_id);
    jw_put_int(w, "job_id", row->id);
    jw_put_string(w, "name", row->name);
    jw_put_string(w, "status", name_of(&status_names, (int)row->status));
    jw_put_bool(w, "retried", row->retried);
    jw_end_object(w);
}

/* Rows of two servers' clocks may come late: those of a while are looked at again, and told if they
 * differ.  @stream: NULL: they are only to be known. */
static bool follow_jobs(EventStream *stream, Live *live, Db *db, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    JobStatusRow *rows;
    size_t n;

    if (!job_list_statuses(db, arena, live->pipeline_id, live->jobs_since - OVERLAP_S * US_PER_S,
                           &rows, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        int state = (int)rows[i].status * 2 + (rows[i].retried ? 1 : 0) + 1;
        live->jobs_since = MAX(live->jobs_since, rows[i].updated_at);
        if (GPOINTER_TO_INT(g_hash_table_lookup(live->jobs, &rows[i].id)) == state)
            continue;
        g_hash_table_insert(live->jobs, g_memdup2(&rows[i].id, sizeof rows[i].id),
                            GINT_TO_POINTER(state));
        if (stream)
            add_job(stream, live, &rows[i]);
    }
    return true;
}

static bool is_wanted(const Live *live, const Change *change)
{
    return (!live->project_id || change->project_id == live->project_id) &&
           (!live->pipeline_id || change->pipeline_id == live->pipeline_id);
}

/* Each pipeline once, however often it changed. */
static bool is_first(const Change *changes, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (changes[i].pipeline_id == changes[at].pipeline_id)
            return false;
    return true;
}

static bool add_changes(EventStream *stream, Live *live, Db *db, const Change *changes, size_t n,
                        bool *added, Error *err)
{
    for (size_t i = 0; i < n; i++) {
        bool sees;
        if (!is_wanted(live, &changes[i]) || !is_first(changes, i))
            continue;
        if (!sees_project(live, event_stream_site(stream), db, changes[i].project_id, &sees, err))
            return false;
        if (!sees)
            continue;
        *added = true;
        if ((live->pipeline_id && !follow_jobs(stream, live, db, err)) ||
            !add_pipeline(stream, live, db, &changes[i], err))
            return false;
    }
    return true;
}

/* The first event gives the client an id to come back with. */
static void begin(EventStream *stream, Live *live)
{
    JsonWriter *w = add(stream, live, live->lost ? "resync" : "open");

    jw_end_object(w);
    live->begun = true;
    live->lost = false;
}

static bool next_events(EventStream *stream, void *data, bool *over, Error *err)
{
    const Site *site = event_stream_site(stream);
    g_autoptr(Db) db = NULL;
    Live *live = data;
    Change changes[AT_ONCE];
    bool added = false;
    size_t n;

    if (!live->begun) {
        begin(stream, live);
        return true;
    }
    do {
        if (!changes_read(site->changes, &live->cursor, changes, AT_ONCE, &n)) {
            live->lost = true;
            begin(stream, live);
            return true;
        }
        if (n > 0 && !db)
            db = database_reader(site->database);
        if (n > 0 && !add_changes(stream, live, db, changes, n, &added, err))
            return false;
    } while (n > 0 && !added);
    return true;
}

/* --- the request ----------------------------------------------------------------------------- */

static void free_table(void *data)
{
    g_hash_table_unref(data);
}

static GHashTable *new_table(Req *rq)
{
    GHashTable *table = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);

    arena_defer(rq->arena, free_table, table);
    return table;
}

static bool find_scope(Req *rq, Live *live, Error *err)
{
    Caller *caller = caller_of(rq);
    Project project;
    Pipeline pipeline;
    Subject subject;

    if (!req_has(rq, "project_id"))
        return !req_has(rq, "pipeline_id") || error_set(err, ERR_PARAM, "project_id is missing");
    if (!caller_find_project(rq, req_str(rq, "project_id"), &project, &subject, err))
        return false;
    if (!access_can(&subject, CAN_READ_PIPELINES))
        return error_set(err, ERR_FORBIDDEN, NULL);
    live->project_id = project.id;
    if (!req_has(rq, "pipeline_id"))
        return true;
    live->pipeline_id = req_int(rq, "pipeline_id");
    return pipeline_get_in_project(caller->db, rq->arena, project.id, live->pipeline_id, &pipeline,
                                   err);
}

/* Where to go on: a client that comes back names the last event it saw. */
static bool find_start(Req *rq, Live *live, Error *err)
{
    Changes *changes = site_of(rq)->changes;
    const char *last = req_header(rq, "Last-Event-ID");

    live->cursor = changes_cursor(changes);
    if (last && *last) {
        live->begun = changes_cursor_from_text(changes, last, &live->cursor);
        live->lost = !live->begun;
    }
    /* What stands now is the client's to ask for; from here on it is told what differs. */
    return live->begun || !live->pipeline_id || follow_jobs(NULL, live, caller_of(rq)->db, err);
}

static bool stream_events(Req *rq, Error *err)
{
    const User *user = caller_of(rq)->user;
    Live *live = arena_new0(rq->arena, Live, 1);

    *live = (Live){
        .user_id = user->id, .admin = user->admin, .visible = new_table(rq), .jobs = new_table(rq)
    };
    if (!find_scope(rq, live, err) || !find_start(rq, live, err))
        return false;
    const EventSource source = {
        .topic = live->pipeline_id ? TOPIC_PIPELINE : TOPIC_PROJECT,
        .topic_id = live->pipeline_id ? live->pipeline_id : live->project_id,
        .data = live,
        .next = next_events,
    };
    return event_stream_start(rq, &source, err);
}

static const Param stream_params[] = { { "project_id", PARAM_STR },
                                       { "pipeline_id", PARAM_INT },
                                       { 0 } };

const Route live_routes[] = {
    { GET, "/events/stream", .params = stream_params, .handler = stream_events },
    { 0 },
};
