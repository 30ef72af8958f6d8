/* environments.c - deployments copy the statuses of their jobs; what ends one moves its environment. */
#include "pipeline/environments.h"

#include "base/log.h"
#include "ci/environment.h"
#include "pipeline/events.h"
#include "pipeline/operations.h"
#include "pipeline/retry.h"
#include "pipeline/spec.h"
#include "pipeline/state.h"
#include "store/deployments.h"
#include "store/job_specs.h"

#include <string.h>

enum { STOPS_AT_ONCE = 200 };

bool environment_name_is_valid(const char *name)
{
    size_t length = strlen(name);

    return length > 0 && length <= ENVIRONMENT_NAME_MAX && environment_name_has_form(name);
}

/* --- what a job says of its environment ------------------------------------------------------ */

/* Of a job's spec; texts in an arena. */
typedef struct Wanted {
    const char *name;
    const char *action; /* NULL: start */
    const char *tier;   /* NULL: by the name */
    const char *url;
    const char *on_stop;
    const char *auto_stop_in;
} Wanted;

static Wanted wanted_of(const CiEnvironment *e)
{
    return (Wanted){ e->name, e->action, e->tier, e->url, e->on_stop, e->auto_stop_in };
}

static bool does(const Wanted *wanted, const char *action)
{
    return strcmp(wanted->action ? wanted->action : "start", action) == 0;
}

static bool read_spec(Db *db, Arena *arena, int64_t spec_id, Wanted *wanted, Error *err)
{
    JobSpec row;

    if (!job_spec_get(db, arena, spec_id, &row, err))
        return false;
    json_t *spec = spec_from_json(row.options, err);
    if (!spec)
        return false;
    arena_defer(arena, (GDestroyNotify)json_decref, spec);
    const json_t *environment = json_object_get(spec, "environment");
    *wanted = (Wanted){ .name = json_get_string(environment, "name"),
                        .action = json_get_string(environment, "action"),
                        .tier = json_get_string(environment, "deployment_tier"),
                        .url = json_get_string(environment, "url"),
                        .on_stop = json_get_string(environment, "on_stop"),
                        .auto_stop_in = json_get_string(environment, "auto_stop_in") };
    return true;
}

static EnvironmentTier tier_of(const Wanted *wanted)
{
    int tier = wanted->tier ? name_value(&environment_tier_names, wanted->tier) : -1;

    return tier >= 0 ? (EnvironmentTier)tier : environment_guess_tier(wanted->name);
}

static bool ensure(Db *db, Arena *arena, int64_t project_id, const Wanted *wanted, int64_t now,
                   Environment *out, Error *err)
{
    g_autofree char *slug = environment_slug(wanted->name);

    *out = (Environment){ .project_id = project_id,
                          .name = wanted->name,
                          .slug = arena_strdup(arena, slug),
                          .tier = tier_of(wanted),
                          .state = ENVIRONMENT_AVAILABLE,
                          .auto_stop_setting = "always",
                          .created_at = now,
                          .updated_at = now };
    return environment_ensure(db, arena, out, err);
}

/* --- deployments ----------------------------------------------------------------------------- */

/* false: what the job is says nothing of its deployment. */
static bool deployment_status_of(Status status, DeploymentStatus *out)
{
    static const struct {
        Status of_job;
        DeploymentStatus of_deployment;
    } pairs[] = {
        { STATUS_RUNNING, DEPLOYMENT_RUNNING }, { STATUS_SUCCESS, DEPLOYMENT_SUCCESS },
        { STATUS_FAILED, DEPLOYMENT_FAILED },   { STATUS_CANCELED, DEPLOYMENT_CANCELED },
        { STATUS_SKIPPED, DEPLOYMENT_SKIPPED }, { STATUS_MANUAL, DEPLOYMENT_BLOCKED },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++)
        if (pairs[i].of_job == status) {
            *out = pairs[i].of_deployment;
            return true;
        }
    return false;
}

static bool deploy(Db *db, const Pipeline *pipeline, int64_t environment_id, int64_t job_id,
                   int64_t user_id, Status status, int64_t now, Error *err)
{
    Deployment row = { .project_id = pipeline->project_id,
                       .environment_id = environment_id,
                       .job_id = job_id,
                       .user_id = user_id,
                       .ref = pipeline->ref,
                       .tag = pipeline->tag,
                       .sha = pipeline->sha,
                       .status = DEPLOYMENT_CREATED,
                       .created_at = now,
                       .updated_at = now };

    (void)deployment_status_of(status, &row.status);
    return deployment_insert(db, &row, err);
}

bool environment_prepare(Db *db, Arena *arena, const Pipeline *pipeline, const Job *job,
                         const CiEnvironment *written, Error *err)
{
    Wanted wanted = wanted_of(written);
    Environment environment;

    if (!environment_name_is_valid(wanted.name))
        return true; /* the job has failed for it */
    return ensure(db, arena, pipeline->project_id, &wanted, pipeline->created_at, &environment,
                  err) &&
           (!does(&wanted, "start") || deploy(db, pipeline, environment.id, job->id, job->user_id,
                                              job->status, pipeline->created_at, err));
}

/* When what was deployed now is to be stopped; 0: never. */
static int64_t stop_time(const Wanted *wanted, int64_t now)
{
    int64_t seconds = 0;

    if (!wanted->auto_stop_in || !ci_parse_duration(wanted->auto_stop_in, &seconds) || seconds <= 0)
        return 0;
    return now + seconds * US_PER_S;
}

static bool follow_deploy(Process *p, const EngineJob *job, const Wanted *wanted,
                          const Environment *environment, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    int64_t now = p->engine->now_us;
    DeploymentStatus status;
    Deployment deployment;

    if (!deployment_by_job(p->db, p->arena, job->id, &deployment, &failed)) {
        if (failed.code != ERR_NO_RECORD)
            return error_move(err, &failed);
        return deploy(p->db, &p->pipeline, environment->id, job->id, job->user_id, job->status, now,
                      err);
    }
    if (!deployment_status_of(job->status, &status) || status == deployment.status)
        return true;
    return deployment_set_status(p->db, deployment.id, status, now, err) &&
           (status != DEPLOYMENT_SUCCESS ||
            environment_deployed(p->db, environment->id, wanted->url, stop_time(wanted, now), now,
                                 err));
}

/* A job that was to stop it: what it came to is what becomes of the environment. */
static bool follow_stop(Process *p, const EngineJob *job, const Environment *environment,
                        Error *err)
{
    int64_t now = p->engine->now_us;

    switch (job->status) {
    case STATUS_RUNNING:
        return environment_move(p->db, environment->id, ENVIRONMENT_AVAILABLE, ENVIRONMENT_STOPPING,
                                now, NULL, err);
    case STATUS_SUCCESS:
        return environment_move(p->db, environment->id, ENVIRONMENT_AVAILABLE, ENVIRONMENT_STOPPED,
                                now, NULL, err) &&
               environment_move(p->db, environment->id, ENVIRONMENT_STOPPING, ENVIRONMENT_STOPPED,
                                now, NULL, err);
    case STATUS_FAILED:
    case STATUS_CANCELED:
    case STATUS_SKIPPED:
        return environment_move(p->db, environment->id, ENVIRONMENT_STOPPING, ENVIRONMENT_AVAILABLE,
                                now, NULL, err);
    case STATUS_CREATED:
    case STATUS_WAITING_FOR_RESOURCE:
    case STATUS_PREPARING:
    case STATUS_WAITING_FOR_CALLBACK:
    case STATUS_PENDING:
    case STATUS_CANCELING:
    case STATUS_MANUAL:
    case STATUS_SCHEDULED:
    case N_STATUS:
        return true;
    }
    g_return_val_if_reached(false);
}

bool environment_follow(Process *p, const EngineJob *job, int64_t spec_id, Error *err)
{
    Environment environment;
    Wanted wanted;

    if (!read_spec(p->db, p->arena, spec_id, &wanted, err))
        return false;
    if (!wanted.name || !environment_name_is_valid(wanted.name) ||
        !(does(&wanted, "start") || does(&wanted, "stop")))
        return true;
    if (!ensure(p->db, p->arena, p->pipeline.project_id, &wanted, p->engine->now_us, &environment,
                err))
        return false;
    return does(&wanted, "start") ? follow_deploy(p, job, &wanted, &environment, err)
                                  : follow_stop(p, job, &environment, err);
}

bool environment_is_outdated(Db *db, Arena *arena, const Project *project, int64_t job_id,
                             bool *outdated, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    Deployment own, last;

    *outdated = false;
    if (!project->forward_deployment_enabled)
        return true;
    if (!deployment_by_job(db, arena, job_id, &own, &failed) ||
        !deployment_last(db, arena, own.environment_id, &last, &failed))
        return failed.code == ERR_NO_RECORD || error_move(err, &failed);
    *outdated = own.id < last.id;
    return true;
}

/* --- stopping -------------------------------------------------------------------------------- */

/* The job that stops the environment, by its last deployment; .id 0: none does. */
static bool find_stop_job(Db *db, Arena *arena, const Environment *environment, Job *stop,
                          Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    Deployment last;
    Job deployed;
    Wanted wanted;

    *stop = (Job){ 0 };
    if (!deployment_last(db, arena, environment->id, &last, &failed) || !last.job_id ||
        !job_get(db, arena, last.job_id, &deployed, &failed))
        return failed.code == ERR_NONE || failed.code == ERR_NO_RECORD || error_move(err, &failed);
    if (!read_spec(db, arena, deployed.spec_id, &wanted, err))
        return false;
    if (!wanted.on_stop ||
        job_by_name(db, arena, deployed.pipeline_id, wanted.on_stop, stop, &failed))
        return true;
    *stop = (Job){ 0 };
    return failed.code == ERR_NO_RECORD || error_move(err, &failed);
}

typedef struct Stop {
    const Site *site;
    const Environment *environment;
    const Job *job;
    int64_t user_id;
} Stop;

static bool stop_now(Db *db, void *data, Error *err)
{
    const Stop *stop = data;
    int64_t id = stop->environment->id, now = clock_now(stop->site->clock);

    return environment_move(db, id, ENVIRONMENT_AVAILABLE, ENVIRONMENT_STOPPED, now, NULL, err) &&
           environment_move(db, id, ENVIRONMENT_STOPPING, ENVIRONMENT_STOPPED, now, NULL, err);
}

/* The state moves with the job: of several who stop it, one plays the job. */
static bool play_stop_job(Process *p, void *data, Error *err)
{
    const Stop *stop = data;
    EngineJob *job = process_job(p, stop->job->id);
    EngineJob *played = NULL;
    g_auto(Error) failed = ERROR_INIT;
    bool moved = false;

    if (!job || STATUS_IN(job->status, STATUSES_ALIVE))
        return true; /* it is on its way */
    if (!environment_move(p->db, stop->environment->id, ENVIRONMENT_AVAILABLE, ENVIRONMENT_STOPPING,
                          p->engine->now_us, &moved, err))
        return false;
    if (!moved || engine_play_job(p->engine, job, stop->user_id, &played, &failed))
        return true;
    /* It cannot be played (any more): nothing is left that would stop it. */
    return environment_move(p->db, stop->environment->id, ENVIRONMENT_STOPPING, ENVIRONMENT_STOPPED,
                            p->engine->now_us, NULL, err);
}

bool environment_stop(const Site *site, const Environment *environment, int64_t user_id, bool force,
                      Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    Stop stop = { .site = site, .environment = environment, .user_id = user_id };
    Job job;

    {
        g_autoptr(Db) db = database_reader(site->database);
        if (!find_stop_job(db, arena, environment, &job, err))
            return false;
    }
    stop.job = &job;
    if (!job.id || force)
        return database_write(site->database, stop_now, &stop, err);
    return process_run(site, job.pipeline_id, play_stop_job, &stop, err);
}

/* Who deployed last stops it. */
static bool stop_expired(const Site *site, const Environment *environment, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    g_auto(Error) failed = ERROR_INIT;
    Deployment last = { 0 };

    {
        g_autoptr(Db) db = database_reader(site->database);
        if (!deployment_last(db, arena, environment->id, &last, &failed) &&
            failed.code != ERR_NO_RECORD)
            return error_move(err, &failed);
    }
    return environment_stop(site, environment, last.user_id, false, err);
}

void environment_sweep(const Site *site)
{
    g_autoptr(Arena) arena = arena_new();
    g_auto(Error) err = ERROR_INIT;
    Environment *due = NULL;
    size_t n = 0;
    bool ok;

    {
        g_autoptr(Db) db = database_reader(site->database);
        ok = environment_list_to_stop(db, arena, clock_now(site->clock), STOPS_AT_ONCE, &due, &n,
                                      &err);
    }
    if (!ok)
        log_error(&err, "cannot look for environments to stop");
    for (size_t i = 0; i < n; i++) {
        g_auto(Error) failed = ERROR_INIT;
        if (!stop_expired(site, &due[i], &failed))
            log_error(&failed, "cannot stop environment %" G_GINT64_FORMAT, due[i].id);
    }
}
