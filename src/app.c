/* app.c - puts the parts together, in the order in which they need one another. */
#include "app.h"

#include "access/accounts.h"
#include "access/token.h"
#include "api/caller.h"
#include "api/errors.h"
#include "api/imports.h"
#include "api/project_life.h"
#include "api/routes.h"
#include "base/log.h"
#include "base/seal.h"
#include "base/wakeups.h"
#include "blob/blob.h"
#include "embedded.h"
#include "exec/exec.h"
#include "http/server.h"
#include "pipeline/push.h"
#include "repo/repo.h"
#include "runner/register.h"
#include "runner/sweep.h"
#include "schedule/ticker.h"
#include "store/schema.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* How long a stop waits for requests, and for embedded jobs to end. */
enum { STOP_GRACE_S = 10 };

typedef struct App {
    const Settings *settings;
    Clock clock;
    Site site;
    Api api;
    char *data; /* absolute */
    char *program;
    char *external_url;
    Server *server;
    Ticker *ticker;
    Sweeper *sweeper;
    Embedded *embedded;
    int64_t embedded_runner_id;
} App;

static char *in_data(const App *app, const char *name)
{
    return g_build_filename(app->data, name, NULL);
}

/* --- the data folder --- */

static bool make_folder(const App *app, const char *name, Error *err)
{
    g_autofree char *path = in_data(app, name);

    return g_mkdir_with_parents(path, 0700) == 0 ||
           error_set(err, ERR_USAGE, "cannot make %s: %s", path, g_strerror(errno));
}

static bool open_data(App *app, Error *err)
{
    const Settings *settings = app->settings;
    g_autofree char *key = settings->secret_key_file ? g_strdup(settings->secret_key_file)
                                                     : in_data(app, "secret.key");
    g_autofree char *url = settings->database ? g_strdup(settings->database)
                                              : g_strdup_printf("sqlite:%s/penstock.db", app->data);
    g_autofree char *repositories = in_data(app, "repositories");
    g_autofree char *blobs = in_data(app, "blobs");
    g_autofree char *logs = in_data(app, "logs");

    if (!make_folder(app, "", err) || !make_folder(app, "run", err) ||
        !make_folder(app, "tmp", err))
        return false;
    app->site.seal_key = seal_key_load(key, settings->secret_key_file == NULL, err);
    if (!app->site.seal_key)
        return false;
    app->site.database = store_open(url, err);
    if (!app->site.database)
        return false;
    app->site.repos = repo_store_new(repositories, app->program, err);
    app->site.blobs = app->site.repos ? blob_store_new(blobs, err) : NULL;
    app->api.traces = app->site.blobs ? trace_files_new(logs, err) : NULL;
    return app->api.traces != NULL;
}

static bool count_users(const App *app, int64_t *n, Error *err)
{
    g_autoptr(Db) db = database_reader(app->site.database);

    return user_count(db, &(UserFilter){ 0 }, n, err);
}

/* User root and a token that is shown this once. */
static bool first_start(App *app, Error *err)
{
    g_autofree char *token = NULL;
    int64_t n_users = 0, token_id;
    User root = { .username = "root",
                  .name = "Administrator",
                  .email = "root@localhost",
                  .state = USER_ACTIVE,
                  .admin = true,
                  .created_at = clock_now(&app->clock) };

    if (!count_users(app, &n_users, err))
        return false;
    if (n_users > 0)
        return true;
    if (!account_create(&app->site, &root, err))
        return false;
    TokenOrder order = { .user_id = root.id,
                         .name = "first start",
                         .scopes = "api sudo admin_mode read_repository write_repository",
                         .given = app->settings->root_token };
    if (!token_create(&app->site, &order, &token_id, &token, err))
        return false;
    if (!app->settings->root_token)
        printf("penstock: root's access token, shown this once: %s\n", token);
    return true;
}

/* --- listening --- */

static bool listen_on(App *app, Error *err)
{
    const Settings *settings = app->settings;
    g_autofree char *spool = in_data(app, "tmp");
    ServerOptions options = { .listen = settings->listen,
                              .external_url = settings->external_url,
                              .mounts = api_mounts,
                              .workers = (int)settings->workers,
                              .max_connections = (int)settings->max_connections,
                              .max_body_bytes = settings->max_body_bytes,
                              .max_raw_bytes = settings->max_trace_patch_bytes,
                              .max_upload_bytes = settings->max_upload_bytes,
                              .spool_dir = spool,
                              .dispatch = api_dispatch,
                              .fail = errors_reply,
                              .no_route = errors_no_route,
                              .app = &app->api };

    app->server = server_start(&options, err);
    if (!app->server)
        return false;
    app->api.server = app->server;
    app->external_url =
        g_strdup(settings->external_url ? settings->external_url : server_address(app->server));
    app->site.external_url = app->external_url;
    return true;
}

/* Renamed into place, so that the embedded runner never reads half an address. */
static bool write_address(const App *app, Error *err)
{
    g_autofree char *path = in_data(app, "run/address");
    g_autofree char *text = g_strconcat(server_address(app->server), "\n", NULL);
    g_autoptr(GError) failed = NULL;

    return g_file_set_contents(path, text, -1, &failed) ||
           error_set(err, ERR_IO, "%s", failed->message);
}

/* --- the embedded runner --- */

static void embedded_lost(void *data)
{
    const App *app = data;

    sweep_lost_runner(&app->site, app->embedded_runner_id);
}

static bool check_executor(const Settings *settings, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;

    if (settings->runners == 0)
        return true;
    if (strcmp(settings->executor, "shell") == 0) {
        log_line(LOG_WARN, "the shell executor does not isolate jobs from this machine");
        return true;
    }
    return exec_sandbox_check(&failed) ||
           error_set(err, ERR_USAGE,
                     "no sandbox for jobs here: %s (--executor shell runs them without one)",
                     error_text(&failed));
}

static bool start_embedded(App *app, Error *err)
{
    g_autofree char *address = in_data(app, "run/address");
    g_autofree char *token = in_data(app, "run/runner.token");
    EmbeddedOptions options = { .settings = app->settings,
                                .program = app->program,
                                .address_file = address,
                                .token_file = token,
                                .lost = embedded_lost,
                                .data = app };

    if (app->settings->runners == 0)
        return true;
    if (!runner_embedded_ensure(&app->site, token, &app->embedded_runner_id, err))
        return false;
    app->embedded = embedded_start(&options, err);
    return app->embedded != NULL;
}

/* --- the whole --- */

static void block_signals(sigset_t *stop)
{
    sigemptyset(stop);
    sigaddset(stop, SIGTERM);
    sigaddset(stop, SIGINT);
    pthread_sigmask(SIG_BLOCK, stop, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static bool start(App *app, Error *err)
{
    return check_executor(app->settings, err) && open_data(app, err) && first_start(app, err) &&
           listen_on(app, err) && write_address(app, err);
}

static bool begin_work(App *app, Error *err)
{
    if (!project_life_recover(&app->site, err) || !push_recover(&app->site, err) ||
        !register_ensure_instance_token(&app->site, err) || !start_embedded(app, err))
        return false;
    app->sweeper = sweeper_start(&app->site);
    app->ticker = ticker_start(&app->site);
    server_set_ready(app->server);
    printf("penstock: listening on %s\n", server_address(app->server));
    fflush(stdout);
    return true;
}

/* New work ends first; the embedded runner reports its last jobs while running jobs' calls are still served. */
static void stop(App *app)
{
    ticker_stop(app->ticker);
    if (app->server)
        server_drain(app->server);
    if (app->embedded) {
        embedded_stop(app->embedded, (STOP_GRACE_S + 2) * US_PER_S);
        sweep_lost_runner(&app->site, app->embedded_runner_id);
    }
    if (app->server)
        server_stop(app->server, STOP_GRACE_S * US_PER_S);
    sweeper_stop(app->sweeper);
    server_free(app->server);
    /* An import that does not end in time still uses all that is freed below; the next start marks it as failed. */
    if (!imports_stop(app->api.imports, STOP_GRACE_S * US_PER_S))
        return;
    imports_free(app->api.imports);
    trace_files_free(app->api.traces);
    blob_store_free(app->site.blobs);
    repo_store_free(app->site.repos);
    database_close(app->site.database);
    seal_key_free((SealKey *)app->site.seal_key);
    wakeups_free(app->site.wakeups);
    g_free(app->external_url);
    g_free(app->program);
    g_free(app->data);
}

static LogLevel level_of(const char *name)
{
    static const char *const names[] = { "debug", "info", "warn", "error" };
    const NameTable table = NAME_TABLE(names);

    return (LogLevel)name_value(&table, name);
}

bool app_serve(const Settings *settings, Error *err)
{
    App app = { .settings = settings, .clock = clock_system() };
    sigset_t signals;
    int signal_number;

    log_set_level(level_of(settings->log_level));
    block_signals(&signals);
    app.data = g_canonicalize_filename(settings->data, NULL);
    app.program = g_file_read_link("/proc/self/exe", NULL);
    app.site = (Site){ .settings = settings, .clock = &app.clock, .wakeups = wakeups_new() };
    app.api.site = &app.site;
    app.api.imports = imports_new(&app.site);
    bool ok = start(&app, err) && begin_work(&app, err);
    if (ok) {
        sigwait(&signals, &signal_number);
        log_line(LOG_INFO, "stopping");
    }
    stop(&app);
    return ok;
}
