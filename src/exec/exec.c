/* exec.c - the runner's life: lock, slots, signals.
 *
 * One thread a slot asks for jobs and runs them; the first thread waits for signals and watches for
 * a server that stays away.
 */
#include "exec/exec.h"

#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"
#include "exec/files.h"
#include "exec/job.h"
#include "exec/podman.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum {
    MAX_SLOTS = 256,
    FIRST_BACKOFF_MS = 50,
    LAST_BACKOFF_MS = 1000,
    REFUSED_MS = 5000,   /* after 403: the token is wrong, or not yet known */
    QUICK_POLL_MS = 1000 /* a poll answered sooner was not held: do not ask all the time */
};

typedef struct Runner Runner;

typedef struct Slot {
    Runner *runner;
    int number;
    GThread *thread;
    Client *client;
    Control control; /* of the job it runs; made anew for each, under the runner's lock */
    bool busy;
} Slot;

struct Runner {
    const ExecOptions *options;
    char *work_dir;
    char *hidden_dir; /* NULL: none */
    char *jobs_dir;
    Coordinator *server;
    Spawner *spawner;
    Slot *slots;
    int lock_fd;

    GMutex lock; /* guards what follows, and the slots' control and busy */
    GCond changed;
    bool stopping;
    StopLevel level; /* what jobs that begin now are told at once */
};

const char *exec_executor_name(const ExecOptions *options)
{
    return options->podman ? "podman" : options->sandbox ? "sandbox" : "shell";
}

static bool is_stopping(void *data)
{
    Slot *slot = data;
    Runner *runner = slot->runner;

    g_mutex_lock(&runner->lock);
    bool stop = runner->stopping;
    g_mutex_unlock(&runner->lock);
    return stop;
}

static void pause_ms(Runner *runner, int64_t ms)
{
    int64_t until = g_get_monotonic_time() + ms * 1000;

    g_mutex_lock(&runner->lock);
    while (!runner->stopping && g_cond_wait_until(&runner->changed, &runner->lock, until))
        ;
    g_mutex_unlock(&runner->lock);
}

/* Slots ---------------------------------------------------------------------------------------- */

static void begin_job(Slot *slot)
{
    Runner *runner = slot->runner;

    g_mutex_lock(&runner->lock);
    control_init(&slot->control);
    slot->busy = true;
    control_raise(&slot->control, runner->level);
    g_mutex_unlock(&runner->lock);
}

static void end_job(Slot *slot)
{
    Runner *runner = slot->runner;

    g_mutex_lock(&runner->lock);
    slot->busy = false;
    control_clear(&slot->control);
    g_mutex_unlock(&runner->lock);
}

static void run_job(Slot *slot, const ClientReply *reply)
{
    const Runner *runner = slot->runner;
    JobContext context = { .options = runner->options,
                           .work_dir = runner->work_dir,
                           .hidden_dir = runner->hidden_dir,
                           .server = runner->server,
                           .spawner = runner->spawner,
                           .client = slot->client,
                           .control = &slot->control,
                           .slot = slot->number };

    begin_job(slot);
    job_run(&context, reply->body->str, reply->body->len);
    end_job(slot);
}

typedef struct Poll {
    char *last_update;
    int64_t backoff_ms;
} Poll;

static void back_off(Runner *runner, Poll *poll)
{
    pause_ms(runner, poll->backoff_ms);
    poll->backoff_ms = MIN(poll->backoff_ms * 2, LAST_BACKOFF_MS);
}

/* What an answer means for the next poll. */
static void after_poll(Slot *slot, Poll *poll, const ClientReply *reply, int64_t took_ms)
{
    Runner *runner = slot->runner;

    if (reply->last_update && *reply->last_update) {
        g_free(poll->last_update);
        poll->last_update = g_strdup(reply->last_update);
    }
    switch (reply->status) {
    case 201:
        if (is_stopping(slot))
            break; /* not confirmed: the server gives it to another */
        run_job(slot, reply);
        poll->backoff_ms = FIRST_BACKOFF_MS;
        break;
    case 204:
        if (took_ms < QUICK_POLL_MS)
            back_off(runner, poll);
        else
            poll->backoff_ms = FIRST_BACKOFF_MS;
        break;
    case 409:
        back_off(runner, poll);
        break;
    case 403:
        log_line(LOG_WARN, "the server does not know this runner's token");
        pause_ms(runner, REFUSED_MS);
        break;
    default:
        pause_ms(runner, LAST_BACKOFF_MS);
        break;
    }
}

static void poll_once(Slot *slot, Poll *poll)
{
    int64_t started = g_get_monotonic_time();
    g_auto(ClientReply) reply = { 0 };

    if (!client_request_job(slot->client, poll->last_update, &reply, NULL)) {
        /* Not logged: a server that restarts is nothing special, and the first thread tells of
         * one that stays away. */
        back_off(slot->runner, poll);
        return;
    }
    after_poll(slot, poll, &reply, (g_get_monotonic_time() - started) / 1000);
}

static void *slot_main(void *data)
{
    Slot *slot = data;
    Poll poll = { .backoff_ms = FIRST_BACKOFF_MS };

    while (!is_stopping(slot))
        poll_once(slot, &poll);
    g_free(poll.last_update);
    return NULL;
}

/* Stopping ------------------------------------------------------------------------------------- */

static void stop_all(Runner *runner, StopLevel level)
{
    g_mutex_lock(&runner->lock);
    runner->stopping = true;
    runner->level = level;
    for (int i = 0; i < runner->options->slots; i++) {
        Slot *slot = &runner->slots[i];
        if (slot->busy)
            control_raise(&slot->control, level);
        client_wake(slot->client);
    }
    g_cond_broadcast(&runner->changed);
    g_mutex_unlock(&runner->lock);
}

static bool coordinator_is_lost(Runner *runner)
{
    int64_t since = coordinator_away_since_us(runner->server);
    int64_t patience_us = runner->options->orphan_s * G_USEC_PER_SEC;

    return patience_us > 0 && since && g_get_monotonic_time() - since > patience_us;
}

static void wait_for_end(Runner *runner, const sigset_t *signals)
{
    const struct timespec tick = { .tv_nsec = 500 * 1000 * 1000 };

    for (;;) {
        int sig = sigtimedwait(signals, NULL, &tick);
        if (sig == SIGTERM || sig == SIGINT) {
            log_line(LOG_INFO, "runner stops: signal");
            stop_all(runner, STOP_SHUTDOWN);
            return;
        }
        if (coordinator_is_lost(runner)) {
            log_line(LOG_WARN, "runner stops: no server for %" G_GINT64_FORMAT " s",
                     runner->options->orphan_s);
            stop_all(runner, STOP_ABORT);
            return;
        }
    }
}

/* Setting up ----------------------------------------------------------------------------------- */

static bool take_lock(Runner *runner, Error *err)
{
    const char *path = runner->options->lock_file;
    char pid[32];

    if (!path)
        return true;
    runner->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (runner->lock_fd < 0)
        return error_errno(err, errno, "%s", path);
    if (flock(runner->lock_fd, LOCK_EX | LOCK_NB) < 0)
        return error_set(err, ERR_CONFLICT, "%s is held by another runner", path);
    int n = g_snprintf(pid, sizeof pid, "%d\n", (int)getpid());
    if (ftruncate(runner->lock_fd, 0) < 0 || pwrite(runner->lock_fd, pid, (size_t)n, 0) != n)
        return error_errno(err, errno, "%s", path);
    return true;
}

/* "r_" and 12 letters or digits, kept beside the builds. */
static char *load_system_id(const Runner *runner)
{
    g_autofree char *path = g_build_filename(runner->work_dir, ".runner_system_id", NULL);
    g_autofree char *text = NULL;

    if (runner->options->system_id)
        return g_strdup(runner->options->system_id);
    if (g_file_get_contents(path, &text, NULL, NULL) && g_str_has_prefix(text, "r_"))
        return g_strdup(g_strstrip(text));
    char *fresh = secret_hex("r_", 12);
    (void)files_write(path, fresh,
                      NULL); /* without it the next start is another manager: harmless */
    return fresh;
}

/* What jobs of a runner that died have left: logs, and folders with scripts and file variables, which
 * notes called <id>.dir name. */
static void remove_old_files(const Runner *runner)
{
    g_autoptr(GDir) dir = g_dir_open(runner->jobs_dir, 0, NULL);

    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        g_autofree char *path = g_build_filename(runner->jobs_dir, name, NULL);
        g_autofree char *folder = NULL;
        g_auto(Error) err = ERROR_INIT;
        if (g_str_has_suffix(name, ".dir") && g_file_get_contents(path, &folder, NULL, NULL) &&
            g_str_has_prefix(folder, runner->work_dir) && !files_remove_tree(folder, &err))
            log_error(&err, "an old job's folder stays");
        g_unlink(path);
    }
}

static bool make_work_dir(Runner *runner, Error *err)
{
    if (!files_make_dir(runner->options->work_dir, err))
        return false;
    runner->work_dir = realpath(runner->options->work_dir, NULL);
    if (!runner->work_dir)
        return error_errno(err, errno, "%s", runner->options->work_dir);
    if (runner->options->hidden_dir)
        runner->hidden_dir = realpath(runner->options->hidden_dir, NULL);
    if (runner->options->hidden_dir && !runner->hidden_dir)
        return error_errno(err, errno, "%s", runner->options->hidden_dir);
    runner->jobs_dir = g_build_filename(runner->work_dir, "jobs", NULL);
    if (!files_make_dir(runner->jobs_dir, err))
        return false;
    spawner_kill_leftovers(runner->jobs_dir);
    if (runner->options->podman)
        podman_remove_leftovers(runner->work_dir);
    remove_old_files(runner);
    return true;
}

static bool set_up(Runner *runner, Error *err)
{
    const ExecOptions *options = runner->options;

    if (!options->token || !options->work_dir || options->slots < 1 || options->slots > MAX_SLOTS)
        return error_set(err, ERR_USAGE, "a runner needs a token, a work folder and 1 to %d slots",
                         MAX_SLOTS);
    if (!take_lock(runner, err) || (options->sandbox && !exec_sandbox_check(err)) ||
        (options->podman && !exec_podman_check(err)) || !make_work_dir(runner, err))
        return false;
    g_autofree char *system_id = load_system_id(runner);
    CoordinatorOptions server = { .url = options->url,
                                  .address_file = options->address_file,
                                  .token = options->token,
                                  .system_id = system_id,
                                  .executor = exec_executor_name(options),
                                  .images = options->podman };
    runner->server = coordinator_new(&server, err);
    if (!runner->server)
        return false;
    runner->spawner = spawner_new(runner->jobs_dir);
    runner->slots = g_new0(Slot, options->slots);
    for (int i = 0; i < options->slots; i++) {
        Slot *slot = &runner->slots[i];
        slot->runner = runner;
        slot->number = i;
        slot->client = client_new(runner->server, is_stopping, slot);
    }
    return true;
}

static void tear_down(Runner *runner)
{
    for (int i = 0; runner->slots && i < runner->options->slots; i++)
        client_free(runner->slots[i].client);
    g_free(runner->slots);
    spawner_free(runner->spawner);
    coordinator_free(runner->server);
    free(runner->work_dir);
    free(runner->hidden_dir);
    g_free(runner->jobs_dir);
    g_mutex_clear(&runner->lock);
    g_cond_clear(&runner->changed);
    if (runner->lock_fd >= 0)
        close(runner->lock_fd);
}

static void block_signals(sigset_t *waited)
{
    sigemptyset(waited);
    sigaddset(waited, SIGTERM);
    sigaddset(waited, SIGINT);
    pthread_sigmask(SIG_BLOCK, waited, NULL); /* inherited by all threads: only we wait for them */
    signal(SIGPIPE, SIG_IGN);
}

bool exec_run(const ExecOptions *options, Error *err)
{
    Runner runner = { .options = options, .lock_fd = -1 };
    sigset_t signals;

    block_signals(&signals);
    g_mutex_init(&runner.lock);
    g_cond_init(&runner.changed);
    if (!secret_init(err) || !set_up(&runner, err)) {
        tear_down(&runner);
        return false;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    log_line(LOG_INFO, "runner polls with %d slots", options->slots);
    for (int i = 0; i < options->slots; i++)
        runner.slots[i].thread = g_thread_new("slot", slot_main, &runner.slots[i]);
    wait_for_end(&runner, &signals);
    for (int i = 0; i < options->slots; i++)
        g_thread_join(runner.slots[i].thread);
    tear_down(&runner);
    curl_global_cleanup();
    return true;
}

void exec_kill_leftovers(const char *work_dir)
{
    g_autofree char *jobs_dir = g_build_filename(work_dir, "jobs", NULL);

    spawner_kill_leftovers(jobs_dir);
}
