/* runner_protocol.c - how runners register and are told to work: the calls of gitlab-runner.
 *
 * Nobody is signed in here: each call proves itself by a registration token or a runner's.  What
 * runners say of their jobs is in runner_jobs.c.
 */
#include "api/caller.h"
#include "api/routes.h"
#include "base/wakeups.h"
#include "runner/register.h"
#include "runner/request.h"

#include <string.h>

static const char *const access_levels[] = { "not_protected", "ref_protected", NULL };

static const Param register_params[] = {
    { "token", PARAM_STR, .required = true },
    { "description", PARAM_STR },
    { "maintenance_note", PARAM_STR },
    { "tag_list", PARAM_STRS },
    { "run_untagged", PARAM_BOOL, .otherwise = "true" },
    { "locked", PARAM_BOOL },
    { "paused", PARAM_BOOL },
    { "active", PARAM_BOOL },
    { "access_level", PARAM_ENUM, .values = access_levels, .otherwise = "not_protected" },
    { "maximum_timeout", PARAM_INT },
    { 0 },
};

static const Param token_params[] = {
    { "token", PARAM_STR },
    { "system_id", PARAM_STR },
    { 0 },
};

static const Param manager_params[] = {
    { "token", PARAM_STR },
    { "system_id", PARAM_STR, .required = true },
    { 0 },
};

static const Param request_params[] = {
    { "token", PARAM_STR },
    { "system_id", PARAM_STR },
    { "last_update", PARAM_STR },
    { "info", PARAM_HASH },
    { 0 },
};

/* --- who calls ------------------------------------------------------------------------------- */

static const char *runner_token(Req *rq)
{
    const char *token = req_header(rq, "RUNNER-TOKEN");

    return token && *token ? token : req_str(rq, "token");
}

static bool find_runner(Req *rq, Arena *arena, Runner *runner, Error *err)
{
    g_autoptr(Db) db = database_reader(site_of(rq)->database);

    return register_find(db, arena, runner_token(rq), runner, err);
}

/* The id is left out where the token's owner knows it. */
static bool reply_token(Req *rq, int64_t id, const char *token)
{
    JsonWriter *w = reply_writer(rq);

    jw_begin_object(w);
    if (id)
        jw_put_int(w, "id", id);
    jw_put_string(w, "token", token);
    jw_put_null(w, "token_expires_at");
    jw_end_object(w);
    return reply_json(rq);
}

/* --- registration ---------------------------------------------------------------------------- */

static bool register_runner(Req *rq, Error *err)
{
    g_autofree char *token = NULL;
    Runner order = { .description = req_str(rq, "description"),
                     .maintenance_note = req_str(rq, "maintenance_note"),
                     .run_untagged = req_bool(rq, "run_untagged"),
                     .locked = req_bool(rq, "locked"),
                     .paused = req_bool(rq, "paused"),
                     .access_level = req_str(rq, "access_level"),
                     .maximum_timeout_s = req_int(rq, "maximum_timeout") };

    caller_release_db(rq);
    if (req_has(rq, "paused") && req_has(rq, "active"))
        return error_set(err, ERR_PARAM, "paused, active are mutually exclusive");
    if (req_has(rq, "active"))
        order.paused = !req_bool(rq, "active");
    return register_tags(rq->arena, req_strs(rq, "tag_list"), &order.tags, err) &&
           register_by_token(site_of(rq), req_str(rq, "token"), &order, &token, err) &&
           reply_token(rq, order.id, token);
}

static bool verify(Req *rq, Error *err)
{
    Runner runner;

    caller_release_db(rq);
    return find_runner(rq, rq->arena, &runner, err) && reply_token(rq, runner.id, runner_token(rq));
}

static bool unregister(Req *rq, Error *err)
{
    Runner runner;

    caller_release_db(rq);
    return find_runner(rq, rq->arena, &runner, err) &&
           register_remove(site_of(rq), runner.id, err) && reply_empty(rq, 204);
}

static bool unregister_manager(Req *rq, Error *err)
{
    Runner runner;

    caller_release_db(rq);
    return find_runner(rq, rq->arena, &runner, err) &&
           register_remove_manager(site_of(rq), runner.id, req_str(rq, "system_id"), err) &&
           reply_empty(rq, 204);
}

static bool reset_token(Req *rq, Error *err)
{
    g_autofree char *token = NULL;
    Runner runner;

    caller_release_db(rq);
    return find_runner(rq, rq->arena, &runner, err) &&
           register_reset_token(site_of(rq), &runner, &token, err) && reply_token(rq, 0, token);
}

/* --- asking for a job ------------------------------------------------------------------------ */

/* A request for a job while it waits: what dispatch found, and until when. */
typedef struct Poll {
    Caller caller; /* first: rq->caller stays what others know it as */
    int64_t manager_id;
    int64_t deadline_us;
    bool may_wait;
} Poll;

static void wake(void *data)
{
    req_wake(data);
}

static void forget(void *data)
{
    Req *rq = data;

    wakeups_forget(site_of(rq)->wakeups, rq);
}

static bool feature(const Req *rq, const char *name)
{
    return json_get_bool(json_object_get(req_json(rq, "info"), "features"), name, false);
}

/* Nothing to do; the number lets the runner's next call wait for the one after it. */
static bool reply_nothing(Req *rq, uint64_t sequence)
{
    req_reply_header(rq, "X-GitLab-Last-Update",
                     arena_printf(rq->arena, "%016" G_GINT64_MODIFIER "x", sequence));
    return reply_empty(rq, 204);
}

/* @done: there is a reply. */
static bool hand_out(Req *rq, bool *done, Error *err)
{
    const Poll *poll = rq->caller;
    const Site *site = site_of(rq);
    g_autoptr(Arena) arena = arena_new(); /* a long wait looks many times */
    g_autoptr(GString) payload = g_string_new(NULL);
    Runner runner;
    Job job;

    *done = false;
    if (!find_runner(rq, arena, &runner, err))
        return false;
    HandoutRequest request = { .runner = &runner,
                               .manager_id = poll->manager_id,
                               .two_phase = feature(rq, "two_phase_job_commit"),
                               .graceful = feature(rq, "cancel_gracefully") };
    if (runner.paused)
        return true;
    if (!request_job(site, arena, &request, payload, &job, done, err))
        return false;
    if (!*done)
        return true;
    if (req_is_gone(rq))
        return queue_take_back(site, &job, err) && reply_empty(rq, 204);
    return reply_bytes(rq, 201, "application/json", payload->str, payload->len);
}

static bool look_again(Req *rq, Error *err);

/* The number is read before the queue is: what comes in between is seen by the wait. */
static bool look(Req *rq, Error *err)
{
    const Poll *poll = rq->caller;
    const Site *site = site_of(rq);
    uint64_t sequence = wakeups_sequence(site->wakeups);
    bool done = false;

    if (req_is_gone(rq))
        return reply_nothing(rq, sequence);
    if (!hand_out(rq, &done, err))
        return false;
    if (done)
        return true;
    if (!poll->may_wait || req_is_stopping(rq) || clock_now(site->clock) >= poll->deadline_us)
        return reply_nothing(rq, sequence);
    req_park(rq, poll->deadline_us, look_again);
    if (!wakeups_wait(site->wakeups, sequence, wake, rq))
        req_wake(rq);
    return true;
}

static bool look_again(Req *rq, Error *err)
{
    forget(rq);
    return look(rq, err);
}

static const char *info_text(const Req *rq, const char *key)
{
    return json_get_string(req_json(rq, "info"), key);
}

static bool request(Req *rq, Error *err)
{
    const Site *site = site_of(rq);
    const char *last = req_str(rq, "last_update");
    Poll *poll = arena_new0(rq->arena, Poll, 1);
    RunnerInfo info = { .system_id = req_str(rq, "system_id"),
                        .version = info_text(rq, "version"),
                        .revision = info_text(rq, "revision"),
                        .platform = info_text(rq, "platform"),
                        .architecture = info_text(rq, "architecture"),
                        .executor = info_text(rq, "executor"),
                        .ip_address = rq->peer };
    Runner runner;

    caller_release_db(rq);
    if (!find_runner(rq, rq->arena, &runner, err) ||
        !register_contact(site, &runner, &info, &poll->manager_id, err))
        return false;
    /* The first call after a runner's start is answered at once, so that it learns the number. */
    poll->may_wait = last && *last && site->settings->poll_timeout_s > 0;
    poll->deadline_us = clock_now(site->clock) + site->settings->poll_timeout_s * US_PER_S;
    rq->caller = poll;
    /* However the request ends, nobody wakes it after that. */
    if (poll->may_wait)
        arena_defer(rq->arena, forget, rq);
    return look(rq, err);
}

const Route runner_protocol_routes[] = {
    { POST, "/runners", 0, register_params, register_runner, .status = 201, .auth = AUTH_NONE },
    { DELETE, "/runners", 0, token_params, unregister, .auth = AUTH_NONE },
    { POST, "/runners/verify", 0, token_params, verify, .auth = AUTH_NONE },
    { DELETE, "/runners/managers", 0, manager_params, unregister_manager, .auth = AUTH_NONE },
    { POST, "/runners/reset_authentication_token", 0, token_params, reset_token, .status = 201,
      .auth = AUTH_NONE },
    { POST, "/jobs/request", 0, request_params, request, .status = 201, .auth = AUTH_NONE,
      .max_body = 64 * 1024 },
    { 0 },
};
