/* app.c - puts the parts together, in the order in which they need one another. */
#include "app.h"

#include "access/accounts.h"
#include "access/attempts.h"
#include "access/session.h"
#include "access/signing_key.h"
#include "access/token.h"
#include "api/caller.h"
#include "api/errors.h"
#include "api/imports.h"
#include "api/routes.h"
#include "base/changes.h"
#include "base/log.h"
#include "base/seal.h"
#include "base/secret.h"
#include "base/topics.h"
#include "base/wakeups.h"
#include "blob/blob.h"
#include "embedded.h"
#include "exec/exec.h"
#include "http/server.h"
#include "pipeline/bridges.h"
#include "pipeline/left_over.h"
#include "repo/repo.h"
#include "runner/log_packer.h"
#include "runner/presence.h"
#include "runner/register.h"
#include "runner/sweep.h"
#include "schedule/ticker.h"
#include "store/instance_values.h"
#include "store/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* How long a stop waits for requests, and for embedded jobs to end. */
enum { STOP_GRACE_S = 10 };

typedef struct App {
    const Settings *settings;
    Clock clock;
    Site site;
    Api api;
    char *data;   /* absolute, as is the next */
    char *shared; /* of all servers: often the data folder */
    int claim;    /* holds the data folder; -1: not yet */
    char *program;
    char *external_url;
    Server *server;
    Ticker *ticker;
    Presence *presence;
    Sweeper *sweeper;
    LogPacker *log_packer;
    Embedded *embedded;
    int64_t embedded_runner_id;
    int64_t new_root_id; /* made at this start, with a token that nobody knew; 0: not */
} App;

static char *in_data(const App *app, const char *name)
{
    return g_build_filename(app->data, name, NULL);
}

static char *in_shared(const App *app, const char *name)
{
    return g_build_filename(app->shared, name, NULL);
}

/* --- the folders --- */

static bool make_folder(const char *path, Error *err)
{
    return g_mkdir_with_parents(path, 0700) == 0 ||
           error_set(err, ERR_USAGE, "cannot make %s: %s", path, g_strerror(errno));
}

/* Servers share a database, never a data folder. */
static bool claim_data(App *app, Error *err)
{
    g_autofree char *path = in_data(app, "run/server.lock");

    app->claim = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (app->claim < 0)
        return error_set(err, ERR_USAGE, "cannot open %s: %s", path, g_strerror(errno));
    if (flock(app->claim, LOCK_EX | LOCK_NB) == 0)
        return true;
    return errno == EWOULDBLOCK
               ? error_set(err, ERR_USAGE, "another server uses %s", app->data)
               : error_set(err, ERR_USAGE, "cannot lock %s: %s", path, g_strerror(errno));
}

static bool make_folders(App *app, Error *err)
{
    g_autofree char *run = in_data(app, "run");
    g_autofree char *tmp = in_data(app, "tmp");

    return make_folder(run, err) && make_folder(tmp, err) && make_folder(app->shared, err) &&
           claim_data(app, err);
}

static bool open_shared(App *app, Error *err)
{
    g_autofree char *repositories = in_shared(app, "repositories");
    g_autofree char *blobs = in_shared(app, "blobs");
    g_autofree char *logs = in_shared(app, "logs");

    app->site.repos = repo_store_new(repositories, app->program, err);
    app->site.blobs = app->site.repos ? blob_store_new(blobs, err) : NULL;
    app->api.traces = app->site.blobs ? trace_files_new(logs, err) : NULL;
    return app->api.traces != NULL;
}

/* --- the database and its key --- */

static bool open_database(App *app, Error *err)
{
    g_autofree char *url = app->settings->database
                               ? g_strdup(app->settings->database)
                               : g_strdup_printf("sqlite:%s/penstock.db", app->data);

    DatabaseOptions options = store_options(url);
    options.max_connections = (int)app->settings->database_connections;
    app->site.database = database_open(&options, err);
    return app->site.database != NULL;
}

/* What servers tell one another: runners may find a job now, and news of single things. */
static const char NEWS[] = "jobs";

/* Whatever else it says, looking again does no harm. */
static void hear_news(const char *text, void *data)
{
    const App *app = data;

    if (!changes_hear(app->site.changes, text) && !topics_hear(app->site.topics, text))
        wakeups_notify_here(app->site.wakeups);
}

static void tell_news(void *data)
{
    const App *app = data;

    database_signal(app->site.database, NEWS);
}

static void tell_of_topic(const char *text, void *data)
{
    const App *app = data;

    database_signal(app->site.database, text);
}

static bool join_others(App *app, Error *err)
{
    topics_relay(app->site.topics, tell_of_topic, app);
    changes_relay(app->site.changes, tell_of_topic, app);
    wakeups_relay(app->site.wakeups, tell_news, app);
    return database_listen(app->site.database, hear_news, app, err);
}

/* The first server seals this; a server whose key does not open it has another key than those
 * before it. */
static const char KEY_CHECK[] = "sealing_key_check", KEY_TEXT[] = "penstock";

/* @sealed: in @arena, NULL: no server has started on this database yet. */
static bool read_key_check(const App *app, Arena *arena, const char **sealed, Error *err)
{
    g_autoptr(Db) db = database_reader(app->site.database);
    g_auto(Error) failed = ERROR_INIT;

    *sealed = NULL;
    return instance_value_get(db, arena, KEY_CHECK, sealed, &failed) ||
           failed.code == ERR_NO_RECORD || error_move(err, &failed);
}

static bool add_key_check(Db *db, void *data, Error *err)
{
    return instance_value_add(db, KEY_CHECK, data, NULL, err);
}

/* A new key is made for a new database only: one whose key is missing has use for no other. */
static bool load_key(App *app, Error *err)
{
    const Settings *settings = app->settings;
    g_autoptr(Arena) arena = arena_new();
    g_autofree char *path = settings->secret_key_file ? g_strdup(settings->secret_key_file)
                                                      : in_shared(app, "secret.key");
    const char *check = NULL;

    if (!read_key_check(app, arena, &check, err))
        return false;
    SealKey *key = seal_key_load(path, !check && !settings->secret_key_file, err);
    if (!key)
        return false;
    app->site.seal_key = key;
    g_autofree char *sealed = seal(key, KEY_TEXT);
    if (!check && (!database_write(app->site.database, add_key_check, sealed, err) ||
                   !read_key_check(app, arena, &check, err)))
        return false;
    g_autofree char *text = unseal(key, check, NULL);
    return text || error_set(err, ERR_USAGE,
                             "%s is not the sealing key of this database: all servers of a "
                             "database share one (--shared, --secret-key-file)",
                             path);
}

/* User root and a token that is shown this once. */
static bool first_start(App *app, Error *err)
{
    g_autofree char *token = NULL;
    bool is_new = false;
    User root = { .username = "root",
                  .name = "Administrator",
                  .email = "root@localhost",
                  .state = USER_ACTIVE,
                  .admin = true,
                  .created_at = clock_now(&app->clock) };
    TokenOrder order = { .name = "first start",
                         .scopes = "api sudo admin_mode read_repository write_repository",
                         .given = app->settings->root_token };

    if (!account_create_first(&app->site, &root, &order, &token, &is_new, err))
        return false;
    if (is_new && !app->settings->root_token) {
        app->new_root_id = root.id;
        printf("penstock: root's access token, shown this once: %s\n", token);
    }
    return true;
}

/* The way into the web page before root has a password. */
static bool show_sign_in(const App *app, Error *err)
{
    g_autofree char *secret = NULL;

    if (!app->new_root_id)
        return true;
    if (!sign_in_link_make(&app->site, app->new_root_id, &secret, err))
        return false;
    g_autofree char *url = sign_in_link_url(app->external_url, secret);
    printf("penstock: sign in once, within %d minutes: %s\n", SIGN_IN_LINK_MINUTES, url);
    return true;
}

static bool join_servers(App *app, Error *err)
{
    g_autofree char *path = in_data(app, "run/server.id");

    app->presence = presence_join(&app->site, path, err);
    return app->presence != NULL;
}

/* --- listening --- */

static bool listen_on(App *app, Error *err)
{
    const Settings *settings = app->settings;
    g_autofree char *spool = in_data(app, "tmp");
    ServerOptions options = { .listen = settings->listen,
                              .inline_reads = database_is_local(app->site.database),
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
    if (!exec_sandbox_check(&failed))
        return error_set(err, ERR_USAGE,
                         "no sandbox for jobs here: %s (--executor shell runs them without one)",
                         error_text(&failed));
    return strcmp(settings->executor, "podman") != 0 || exec_podman_check(&failed) ||
           error_set(err, ERR_USAGE, "no containers for jobs here: %s", error_text(&failed));
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
    return check_executor(app->settings, err) && make_folders(app, err) &&
           open_database(app, err) && join_others(app, err) && load_key(app, err) &&
           open_shared(app, err) && join_servers(app, err) && first_start(app, err) &&
           listen_on(app, err) && write_address(app, err);
}

static bool begin_work(App *app, Error *err)
{
    if (!left_over_take_up_own(&app->site, err) ||
        !register_ensure_instance_token(&app->site, err) || !start_embedded(app, err) ||
        !show_sign_in(app, err))
        return false;
    app->sweeper = sweeper_start(&app->site, app->presence);
    app->log_packer = log_packer_start(&app->site, app->api.traces);
    bridges_start(app->site.bridges);
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
    log_packer_stop(app->log_packer);
    bridges_stop(app->site.bridges);
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
    attempts_free(app->api.attempts);
    trace_files_free(app->api.traces);
    blob_store_free(app->site.blobs);
    repo_store_free(app->site.repos);
    presence_leave(app->presence);
    database_close(app->site.database);
    seal_key_free((SealKey *)app->site.seal_key);
    signing_key_free(app->site.signing_key);
    bridges_free(app->site.bridges);
    wakeups_free(app->site.wakeups);
    changes_free(app->site.changes);
    topics_free(app->site.topics);
    g_free(app->external_url);
    g_free(app->program);
    g_free(app->shared);
    g_free(app->data);
    if (app->claim >= 0)
        close(app->claim);
}

static LogLevel level_of(const char *name)
{
    static const char *const names[] = { "debug", "info", "warn", "error" };
    const NameTable table = NAME_TABLE(names);

    return (LogLevel)name_value(&table, name);
}

bool app_serve(const Settings *settings, Error *err)
{
    App app = { .settings = settings, .clock = clock_system(), .claim = -1 };
    sigset_t signals;
    int signal_number;

    log_set_level(level_of(settings->log_level));
    block_signals(&signals);
    app.data = g_canonicalize_filename(settings->data, NULL);
    app.shared =
        settings->shared ? g_canonicalize_filename(settings->shared, NULL) : g_strdup(app.data);
    app.program = g_file_read_link("/proc/self/exe", NULL);
    app.site = (Site){ .settings = settings,
                       .clock = &app.clock,
                       .wakeups = wakeups_new(),
                       .topics = topics_new(),
                       .signing_key = signing_key_new() };
    g_autofree char *epoch = secret_hex("", 12);
    app.site.changes = changes_new(app.site.topics, epoch);
    app.site.bridges = bridges_new(&app.site);
    app.api.site = &app.site;
    app.api.imports = imports_new(&app.site);
    app.api.attempts = attempts_new();
    bool ok = start(&app, err) && begin_work(&app, err);
    if (ok) {
        sigwait(&signals, &signal_number);
        log_line(LOG_INFO, "stopping");
    }
    stop(&app);
    return ok;
}
