/* push.c - the comparison of refs with ref_states. */
#include "pipeline/push.h"

#include "access/subject.h"
#include "base/log.h"
#include "pipeline/create.h"
#include "repo/repo.h"
#include "store/open_pushes.h"
#include "store/ref_states.h"

#include <string.h>

/* A push that this server has not ended after so long has met with trouble, and could not say so. */
enum { LONGEST_PUSH_S = 15 * 60, LEFT_AT_ONCE = 20 };

typedef struct Begin {
    OpenPush row;
} Begin;

static bool insert_open(Db *db, void *data, Error *err)
{
    return open_push_insert(db, &((Begin *)data)->row, err);
}

bool push_begin(const Site *site, int64_t project_id, int64_t user_id, int64_t *id, Error *err)
{
    Begin begin = { .row = { .project_id = project_id,
                             .user_id = user_id,
                             .server_id = site->server_id,
                             .created_at = clock_now(site->clock) } };

    if (!database_write(site->database, insert_open, &begin, err))
        return false;
    *id = begin.row.id;
    return true;
}

/* One ref on its way from @old_sha (NULL: it is new) to @new_sha (NULL: it is gone). */
typedef struct Move {
    int64_t project_id;
    const char *ref;
    const char *old_sha;
    const char *new_sha;
} Move;

/* Another process of the same push got here first where the state is not the old one any more. */
static bool record(Db *db, const Move *move, Error *err)
{
    bool done = false;

    if (!ref_state_move(db, move->project_id, move->ref, move->old_sha, move->new_sha, &done, err))
        return false;
    return done || error_set(err, ERR_CONFLICT, "%s was processed meanwhile", move->ref);
}

static bool record_alone(Db *db, void *data, Error *err)
{
    return record(db, data, err);
}

static bool record_with_pipeline(Db *db, const Pipeline *pipeline, void *data, Error *err)
{
    return record(db, data, err);
}

typedef struct Push {
    const Site *site;
    Arena *arena;
    const Project *project;
    const User *user; /* NULL: gone; then refs are recorded and nothing runs */
    Subject subject;
    int n_failed; /* refs that trouble of our own has left as they were */
} Push;

static bool create_for(const Push *push, Move *move, Error *err)
{
    Pipeline pipeline;
    PipelineRequest request = { .project = push->project,
                                .user = push->user,
                                .subject = &push->subject,
                                .source = SOURCE_PUSH,
                                .ref = move->ref,
                                .before_sha = move->old_sha,
                                .save_failures = true,
                                .also = record_with_pipeline,
                                .also_data = move };

    return pipeline_create(push->site, push->arena, &request, &pipeline, err);
}

static bool process_move(const Push *push, Move *move, Error *err)
{
    g_auto(Error) refused = ERROR_INIT;

    if (move->new_sha && push->user) {
        if (create_for(push, move, &refused))
            return true;
        /* No pipeline for this commit, by its configuration: that is an answer, too. */
        if (refused.code != ERR_CONFIG)
            return error_move(err, &refused);
    }
    return database_write(push->site->database, record_alone, move, err);
}

static void process_and_log(Push *push, Move *move)
{
    g_auto(Error) err = ERROR_INIT;

    if (process_move(push, move, &err) || err.code == ERR_CONFLICT)
        return;
    log_error(&err, "push to project %" G_GINT64_FORMAT ": %s is left for later", push->project->id,
              move->ref);
    push->n_failed++;
}

static const char *state_of(const RefState *states, size_t n, const char *ref)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(states[i].ref, ref) == 0)
            return states[i].sha;
    return NULL;
}

static bool has_ref(const RepoRef *refs, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(refs[i].name, name) == 0)
            return true;
    return false;
}

/* The states first: what another server processes in between is then a move that is done already, and
 * not one backwards. */
static bool read_both(const Site *site, Arena *arena, int64_t project_id, const RepoRef **refs,
                      size_t *n_refs, RefState **states, size_t *n_states, Error *err)
{
    g_autoptr(Db) db = database_reader(site->database);

    return ref_state_list(db, arena, project_id, states, n_states, err) &&
           repo_list_refs(site->repos, project_id, arena, refs, n_refs, err);
}

static bool process_refs_once(Push *push, Error *err)
{
    const RepoRef *refs = NULL;
    RefState *states = NULL;
    size_t n_refs = 0, n_states = 0;

    if (!read_both(push->site, push->arena, push->project->id, &refs, &n_refs, &states, &n_states,
                   err))
        return false;
    for (size_t i = 0; i < n_refs; i++) {
        Move move = { .project_id = push->project->id,
                      .ref = refs[i].name,
                      .old_sha = state_of(states, n_states, refs[i].name),
                      .new_sha = refs[i].sha };
        if (g_strcmp0(move.old_sha, move.new_sha) != 0)
            process_and_log(push, &move);
    }
    for (size_t i = 0; i < n_states; i++) {
        Move move = { .project_id = push->project->id,
                      .ref = states[i].ref,
                      .old_sha = states[i].sha };
        if (!has_ref(refs, n_refs, states[i].ref))
            process_and_log(push, &move);
    }
    return true;
}

/* Trouble that passes is over at the second look. */
static bool process_refs(Push *push, Error *err)
{
    enum { LOOKS = 2 };

    for (int i = 0; i < LOOKS; i++) {
        push->n_failed = 0;
        if (!process_refs_once(push, err))
            return false;
        if (push->n_failed == 0)
            return true;
    }
    return error_set(err, ERR_UNAVAILABLE, "%d of its refs have to wait", push->n_failed);
}

static bool delete_open(Db *db, void *data, Error *err)
{
    return open_push_delete(db, *(int64_t *)data, err);
}

/* The user may be gone by the time a crash is recovered from; the project takes its record with it. */
static bool load(Push *push, int64_t id, Project *project, User *user, Error *err)
{
    g_auto(Error) missing = ERROR_INIT;
    g_autoptr(Db) db = database_reader(push->site->database);
    OpenPush open;

    if (!open_push_get(db, push->arena, id, &open, err) ||
        !project_get(db, push->arena, open.project_id, project, err))
        return false;
    push->project = project;
    if (user_get(db, push->arena, open.user_id, user, &missing))
        push->user = user;
    else if (missing.code != ERR_NO_RECORD)
        return error_move(err, &missing);
    return !push->user || subject_of_project(db, user->id, user->admin, project,
                                             clock_now(push->site->clock), &push->subject, err);
}

static bool leave_open(Db *db, void *data, Error *err)
{
    return open_push_leave(db, *(int64_t *)data, err);
}

bool push_end(const Site *site, int64_t id, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    g_auto(Error) failed = ERROR_INIT;
    Push push = { .site = site, .arena = arena };
    Project project;
    User user;

    if (load(&push, id, &project, &user, err) && process_refs(&push, err) &&
        database_write(site->database, delete_open, &id, err))
        return true;
    if (!database_write(site->database, leave_open, &id, &failed))
        log_error(&failed, "the push %" G_GINT64_FORMAT " has to wait for some minutes", id);
    return false;
}

typedef struct TakeOver {
    OpenPush *push;
    int64_t server_id;
    bool done;
} TakeOver;

static bool take_over(Db *db, void *data, Error *err)
{
    TakeOver *t = data;

    return open_push_take_over(db, t->push, t->server_id, &t->done, err);
}

/* One that another server takes up, too, or has ended by now, is left to it. */
static bool recover_one(const Site *site, OpenPush *push, Error *err)
{
    TakeOver t = { .push = push, .server_id = site->server_id };
    g_auto(Error) failed = ERROR_INIT;

    if (!database_write(site->database, take_over, &t, err))
        return false;
    if (!t.done)
        return true;
    log_line(LOG_INFO, "a push to project %" G_GINT64_FORMAT " was not ended: going on with it",
             push->project_id);
    return (repo_settle_push(site->repos, push->project_id, &failed) &&
            push_end(site, push->id, &failed)) ||
           failed.code == ERR_NO_RECORD || error_move(err, &failed);
}

static void recover_each(const Site *site, OpenPush *open, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        g_auto(Error) failed = ERROR_INIT;
        if (!recover_one(site, &open[i], &failed))
            log_error(&failed, "push to project %" G_GINT64_FORMAT, open[i].project_id);
    }
}

bool push_recover(const Site *site, const int64_t *servers, size_t n_servers, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    OpenPush *open = NULL;
    size_t n = 0;

    {
        g_autoptr(Db) db = database_reader(site->database);
        if (!open_push_list_of(db, arena, servers, n_servers, &open, &n, err))
            return false;
    }
    recover_each(site, open, n);
    return true;
}

bool push_recover_left(const Site *site, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    int64_t before = clock_now(site->clock) - LONGEST_PUSH_S * US_PER_S;
    OpenPush *open = NULL;
    size_t n = 0;

    {
        g_autoptr(Db) db = database_reader(site->database);
        if (!open_push_list_left(db, arena, site->server_id, before, LEFT_AT_ONCE, &open, &n, err))
            return false;
    }
    recover_each(site, open, n);
    return true;
}

typedef struct Adopt {
    int64_t project_id;
    const RepoRef *refs;
    size_t n;
} Adopt;

static bool adopt(Db *db, void *data, Error *err)
{
    const Adopt *a = data;

    for (size_t i = 0; i < a->n; i++)
        if (!ref_state_set(db, a->project_id, a->refs[i].name, a->refs[i].sha, err))
            return false;
    return true;
}

bool push_adopt_refs(const Site *site, int64_t project_id, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    Adopt a = { .project_id = project_id };

    return repo_list_refs(site->repos, project_id, arena, &a.refs, &a.n, err) &&
           database_write(site->database, adopt, &a, err);
}
