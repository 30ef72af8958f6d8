/* server.c - starts and stops what serves: socket, libmicrohttpd, workers, the watch over parked. */
#include "http/listen.h"
#include "http/private.h"

#include "base/log.h"

#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* Clients keep idle connections for 90 s as a rule, gitlab-runner among them: they close first, so
 * no request meets a connection that is just being closed. */
enum { IDLE_TIMEOUT_S = 100, CONNECTION_MEMORY = 32 * 1024 };

static void *log_uri(void *server, const char *uri, struct MHD_Connection *connection)
{
    return connection_begin(server, uri, connection);
}

static void notify_connection(void *p, struct MHD_Connection *connection, void **context,
                              enum MHD_ConnectionNotificationCode code)
{
    Server *server = p;

    (void)connection;
    (void)context;
    atomic_fetch_add(&server->n_connections, code == MHD_CONNECTION_NOTIFY_STARTED ? 1 : -1);
}

static void log_library(void *p, const char *format, va_list args)
{
    (void)p;
    g_autofree char *text = g_strdup_vprintf(format, args);
    log_line(LOG_DEBUG, "libmicrohttpd: %s", g_strchomp(text));
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit); /* without it the old limit holds, and says so itself */
}

static bool start_daemon(Server *server, Error *err)
{
    unsigned n_threads = g_get_num_processors();
    const unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
                           MHD_USE_TURBO | MHD_USE_ERROR_LOG;
    struct MHD_OptionItem options[] = {
        { MHD_OPTION_LISTEN_SOCKET, server->listen_fd, NULL },
        { MHD_OPTION_CONNECTION_LIMIT, MAX(server->options.max_connections, (int)n_threads), NULL },
        { MHD_OPTION_CONNECTION_TIMEOUT, IDLE_TIMEOUT_S, NULL },
        { MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, NULL },
        { MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)connection_completed, server },
        { MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)notify_connection, server },
        { MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)log_uri, server },
        { n_threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, (intptr_t)n_threads, NULL },
        { MHD_OPTION_END, 0, NULL }
    };

    server->daemon = MHD_start_daemon(flags, 0, NULL, NULL, connection_access, server,
                                      MHD_OPTION_EXTERNAL_LOGGER, log_library, NULL,
                                      MHD_OPTION_ARRAY, options, MHD_OPTION_END);
    if (!server->daemon)
        return error_set(err, ERR_IO, "libmicrohttpd did not start");
    server->listen_fd = -1;
    return true;
}

static void copy_options(Server *server, const ServerOptions *options)
{
    server->options = *options;
    server->options.listen = g_strdup(options->listen);
    server->options.external_url = g_strdup(options->external_url);
    server->options.spool_dir = g_strdup(options->spool_dir);
}

Server *server_start(const ServerOptions *options, Error *err)
{
    Server *server = g_new0(Server, 1);

    copy_options(server, options);
    server->listen_fd = -1;
    pthread_mutex_init(&server->idle_lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&server->idle, &monotonic);
    pthread_condattr_destroy(&monotonic);
    g_snprintf(server->id_prefix, sizeof server->id_prefix, "%08x%06x", g_random_int(),
               g_random_int() & 0xffffff);
    raise_descriptor_limit();

    bool good = false;
    server->router = router_new(options->mounts, err);
    if (server->router) {
        server->listen_fd = listen_open(options->listen, &server->port, &server->address, err);
        if (!server->options.external_url)
            server->options.external_url = g_strdup(server->address);
    }
    if (server->listen_fd >= 0)
        good = (server->workers = workers_new(options->workers, connection_work, err)) &&
               (server->park = park_new(server, err)) && start_daemon(server, err);
    if (good)
        return server;
    server_free(server);
    return NULL;
}

void server_set_ready(Server *server)
{
    ServerState starting = SERVER_STARTING;

    (void)atomic_compare_exchange_strong(&server->state, &starting, SERVER_SERVING);
}

int server_port(const Server *server)
{
    return server->port;
}

const char *server_address(const Server *server)
{
    return server->address;
}

void server_drain(Server *server)
{
    atomic_store(&server->state, SERVER_STOPPING);
    park_wake_all(server->park);
}

void server_stop(Server *server, int64_t grace_us)
{
    int64_t end_us = g_get_monotonic_time() + grace_us;
    const struct timespec until = { .tv_sec = end_us / G_USEC_PER_SEC,
                                    .tv_nsec = end_us % G_USEC_PER_SEC * 1000 };

    server_drain(server);
    pthread_mutex_lock(&server->idle_lock);
    while (atomic_load(&server->n_open) > 0 && g_get_monotonic_time() < end_us)
        pthread_cond_timedwait(&server->idle, &server->idle_lock, &until);
    pthread_mutex_unlock(&server->idle_lock);
    MHD_socket fd = MHD_quiesce_daemon(server->daemon);
    if (fd != MHD_INVALID_SOCKET)
        server->listen_fd = fd;
}

void server_free(Server *server)
{
    if (!server)
        return;
    atomic_store(&server->state, SERVER_ENDING);
    if (server->park)
        park_wake_all(server->park);
    /* The library wants no connection suspended when it ends: after this, none is. */
    workers_stop(server->workers);
    if (server->daemon)
        MHD_stop_daemon(server->daemon);
    workers_free(server->workers);
    park_free(server->park);
    if (server->listen_fd >= 0)
        close(server->listen_fd);
    router_free(server->router);
    pthread_mutex_destroy(&server->idle_lock);
    pthread_cond_destroy(&server->idle);
    g_free((char *)server->options.listen);
    g_free((char *)server->options.external_url);
    g_free((char *)server->options.spool_dir);
    g_free(server->address);
    g_free(server);
}

void server_counts(const Server *server, ServerCounts *counts)
{
    *counts = (ServerCounts){
        .requests = atomic_load(&server->n_requests),
        .connections = atomic_load(&server->n_connections),
        .parked = park_count(server->park),
        .queued = workers_queued(server->workers),
        .seconds_total = (double)atomic_load(&server->total_us) / 1e6,
    };
    for (int i = 0; i < 6; i++)
        counts->requests_by_class[i] = atomic_load(&server->n_by_class[i]);
}
