/* bridge_follow.c - what a bridge does about a pipeline that is there, and how it fails. */
#include "access/subject.h"
#include "base/log.h"
#include "pipeline/bridge_work.h"
#include "pipeline/cancel.h"
#include "pipeline/cancel_parts.h"
#include "pipeline/events.h"
#include "pipeline/process.h"
#include "store/mirrors.h"
#include "store/users.h"

/* One write: the work's row goes, and something happens to a pipeline. */
typedef struct Act {
    const Site *site;
    const DownstreamWork *work;
    FailureReason reason; /* of a failure */
    const char *text;
    Arena *arena; /* of the last attempt */
    Process process;
    bool done; /* @process was saved */
} Act;

typedef bool (*ActFunc)(Db *db, void *act, Error *err);

/* What is gone needs nothing. */
static bool gone(Error *failed, Error *err)
{
    return failed->code == ERR_NO_RECORD || error_move(err, failed);
}

static bool begin(Db *db, Act *act, bool *is_ours, Error *err)
{
    g_clear_pointer(&act->arena, arena_free);
    act->arena = arena_new();
    act->done = false;
    return downstream_work_end(db, act->work->id, is_ours, err);
}

static bool finish(Act *act, Error *err)
{
    if (!process_save(&act->process, err))
        return false;
    act->done = true;
    return true;
}

static bool run_act(const Site *site, ActFunc func, Act *act, Error *err)
{
    bool ok = database_write(site->database, func, act, err);

    if (ok && act->done)
        process_after_commit(&act->process);
    arena_free(act->arena);
    return ok;
}

/* Loads the bridge's own pipeline, locked; *@bridge NULL: it is gone, or was run again. */
static bool load_bridge(Db *db, Act *act, EngineJob **bridge, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    Job job;

    *bridge = NULL;
    if (!job_get(db, act->arena, act->work->job_id, &job, &failed) ||
        !process_load(&act->process, act->site, db, act->arena, job.pipeline_id, &failed))
        return gone(&failed, err);
    *bridge = process_job(&act->process, job.id);
    return true;
}

/* --- following ------------------------------------------------------------------------------- */

/* Which pipeline the job follows, and how.  ERR_NO_RECORD: none (any more). */
static bool find_followed(Db *db, Act *act, int64_t *pipeline_id, BridgeStrategy *strategy,
                          Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    DownstreamPipeline link;
    Mirror mirror;

    if (downstream_of_bridge(db, act->arena, act->work->job_id, &link, &failed)) {
        *pipeline_id = link.pipeline_id;
        *strategy = link.strategy;
        return true;
    }
    if (failed.code != ERR_NO_RECORD)
        return error_move(err, &failed);
    if (!mirror_get(db, act->arena, act->work->job_id, &mirror, err))
        return false;
    *pipeline_id = mirror.pipeline_id;
    *strategy = STRATEGY_MIRROR;
    return true;
}

/* Its pipeline was deleted: it would wait for ever. */
static bool cancel_waiting(Act *act, EngineJob *bridge, Error *err)
{
    return !engine_cancel_job(act->process.engine, bridge) || finish(act, err);
}

/* The pipeline's status is read under the lock of the bridge's, so that of two changes the later
 * one is followed last. */
static bool follow_in_write(Db *db, void *data, Error *err)
{
    Act *act = data;
    g_auto(Error) failed = ERROR_INIT;
    BridgeStrategy strategy = STRATEGY_NONE;
    int64_t followed_id = 0;
    Pipeline followed;
    EngineJob *bridge;
    bool is_ours;

    if (!begin(db, act, &is_ours, err))
        return false;
    if (!is_ours)
        return true;
    if (!load_bridge(db, act, &bridge, err))
        return false;
    if (!bridge)
        return true;
    if (!find_followed(db, act, &followed_id, &strategy, &failed) ||
        !pipeline_get(db, act->arena, followed_id, &followed, &failed))
        return gone(&failed, err) && cancel_waiting(act, bridge, err);
    if (act->work->kind == DOWNSTREAM_RESET) {
        (void)engine_wait_again(act->process.engine, bridge, act->work->user_id);
        if (!process_reset_upstream(&act->process, act->work->user_id, err))
            return false;
    }
    (void)engine_follow_downstream(act->process.engine, bridge, strategy, followed.status);
    return finish(act, err);
}

bool bridge_follow(const Site *site, const DownstreamWork *work, Error *err)
{
    Act act = { .site = site, .work = work };

    return run_act(site, follow_in_write, &act, err);
}

/* Whether the user of a reset may update the bridge's pipeline. */
static bool may_reset(const Site *site, const DownstreamWork *work, bool *may, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    g_autoptr(Db) db = database_reader(site->database);
    g_auto(Error) failed = ERROR_INIT;
    RefRules rules = { 0 };
    Pipeline pipeline;
    Project project;
    Subject subject;
    User user;
    Job job;

    *may = false;
    if (!job_get(db, arena, work->job_id, &job, &failed) ||
        !pipeline_get(db, arena, job.pipeline_id, &pipeline, &failed) ||
        !project_get(db, arena, job.project_id, &project, &failed) ||
        !user_get(db, arena, work->user_id, &user, &failed))
        return gone(&failed, err);
    if (!subject_of_project(db, user.id, user.admin, &project, clock_now(site->clock), &subject,
                            err) ||
        !ref_rules_find(db, project.id, pipeline.tag, pipeline.ref, &rules, err))
        return false;
    *may = user.state == USER_ACTIVE && access_can(&subject, CAN_UPDATE_PIPELINES) &&
           ref_allows_run(&rules, &subject);
    return true;
}

static bool end_in_write(Db *db, void *data, Error *err)
{
    bool is_ours;

    return begin(db, data, &is_ours, err);
}

bool bridge_end(const Site *site, const DownstreamWork *work, Error *err)
{
    Act act = { .site = site, .work = work };

    return run_act(site, end_in_write, &act, err);
}

bool bridge_wait_again(const Site *site, const DownstreamWork *work, Error *err)
{
    Act act = { .site = site, .work = work };
    bool may = false;

    return may_reset(site, work, &may, err) &&
           run_act(site, may ? follow_in_write : end_in_write, &act, err);
}

/* --- canceling ------------------------------------------------------------------------------- */

static bool cancel_in_write(Db *db, void *data, Error *err)
{
    Act *act = data;
    g_auto(Error) failed = ERROR_INIT;
    DownstreamPipeline link;
    bool is_ours;

    if (!begin(db, act, &is_ours, err))
        return false;
    if (!is_ours)
        return true;
    if (!downstream_of_bridge(db, act->arena, act->work->job_id, &link, &failed) ||
        !process_load(&act->process, act->site, db, act->arena, link.pipeline_id, &failed))
        return gone(&failed, err);
    return cancel_first_part(&act->process, NULL, err) &&
           process_cancel_children(&act->process, err) && finish(act, err);
}

bool bridge_cancel_child(const Site *site, const DownstreamWork *work, Error *err)
{
    Act act = { .site = site, .work = work };

    return run_act(site, cancel_in_write, &act, err);
}

/* --- failing --------------------------------------------------------------------------------- */

static bool refuse_in_write(Db *db, void *data, Error *err)
{
    Act *act = data;
    EngineJob *bridge;
    bool is_ours;

    if (!begin(db, act, &is_ours, err))
        return false;
    if (!is_ours)
        return true;
    if (!load_bridge(db, act, &bridge, err))
        return false;
    if (!bridge || bridge->status != STATUS_PENDING)
        return true;
    (void)engine_drop_job(act->process.engine, bridge, act->reason, NULL);
    return (!act->text || job_set_failure_text(db, bridge->id, act->text, err)) && finish(act, err);
}

bool bridge_refuse(const Site *site, const DownstreamWork *work, FailureReason reason,
                   const char *text, Error *err)
{
    Act act = { .site = site, .work = work, .reason = reason, .text = text };

    return run_act(site, refuse_in_write, &act, err);
}

bool bridge_give_up(const Site *site, const DownstreamWork *work, Error *err)
{
    log_line(LOG_WARN, "too many attempts to %s the pipeline of job %" G_GINT64_FORMAT,
             name_of(&downstream_task_names, (int)work->kind), work->job_id);
    return bridge_refuse(site, work, FAILURE_DATA_INTEGRITY, NULL, err);
}
