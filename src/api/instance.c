/* instance.c - what runs here and how it is: version, health, figures for Prometheus. */
#include "api/caller.h"
#include "api/routes.h"
#include "base/version.h"
#include "http/server.h"

#include <string.h>

/* --- version --------------------------------------------------------------------------------- */

static bool get_version(Req *rq, Error *err)
{
    JsonWriter *w = reply_writer(rq);

    jw_begin_object(w);
    jw_put_string(w, "version", PENSTOCK_API_VERSION);
    jw_put_string(w, "revision", PENSTOCK_REVISION);
    jw_put_raw(w, "kas",
               "{\"enabled\":false,\"externalUrl\":null,\"externalK8sProxyUrl\":null,"
               "\"version\":null}");
    jw_put_bool(w, "enterprise", false);
    jw_end_object(w);
    return reply_json(rq);
}

const Route instance_routes[] = {
    { GET, "/version", .handler = get_version, .scope = "read_user", .inline_ = true },
    { GET, "/metadata", .handler = get_version, .scope = "read_user", .inline_ = true },
    { 0 },
};

/* --- health ---------------------------------------------------------------------------------- */

static bool get_health(Req *rq, Error *err)
{
    static const char body[] = "{\"status\":\"ok\"}";

    return reply_static(rq, 200, "application/json", body, strlen(body));
}

/* Whether it is worth sending requests here: not while the database is away. */
static bool get_readiness(Req *rq, Error *err)
{
    if (database_is_away(site_of(rq)->database))
        return error_set(err, ERR_UNAVAILABLE, "the database cannot be reached");
    return get_health(rq, err);
}

/* --- metrics --------------------------------------------------------------------------------- */

static void put_head(GString *out, const char *name, const char *type, const char *help)
{
    g_string_append_printf(out, "# HELP penstock_%s %s\n# TYPE penstock_%s %s\n", name, help, name,
                           type);
}

typedef struct Metric {
    const char *name;
    const char *type;
    const char *help;
    int64_t value;
} Metric;

static void put_metrics(GString *out, const Metric *metrics, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        put_head(out, metrics[i].name, metrics[i].type, metrics[i].help);
        g_string_append_printf(out, "penstock_%s %" G_GINT64_FORMAT "\n", metrics[i].name,
                               metrics[i].value);
    }
}

static void put_seconds(GString *out, const char *name, const char *help, double seconds)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];

    put_head(out, name, "counter", help);
    g_string_append_printf(out, "penstock_%s %s\n", name,
                           g_ascii_dtostr(text, sizeof text, seconds));
}

static void put_server(GString *out, const Server *server)
{
    ServerCounts counts;

    server_counts(server, &counts);
    const Metric metrics[] = {
        { "http_connections", "gauge", "Connections that are open.", counts.connections },
        { "http_requests_parked", "gauge", "Requests that wait without a thread.", counts.parked },
        { "http_requests_queued", "gauge", "Requests that wait for a worker.", counts.queued },
    };
    put_metrics(out, metrics, G_N_ELEMENTS(metrics));
    put_head(out, "http_requests_total", "counter", "Requests answered, by class of status.");
    for (size_t i = 1; i < G_N_ELEMENTS(counts.requests_by_class); i++)
        g_string_append_printf(
            out, "penstock_http_requests_total{status=\"%zuxx\"} %" G_GINT64_FORMAT "\n", i,
            counts.requests_by_class[i]);
    put_seconds(out, "http_request_seconds_total", "Time spent on requests, in sum.",
                counts.seconds_total);
}

static void put_database(GString *out, Database *database)
{
    DatabaseStats stats = database_stats(database);
    const Metric metrics[] = {
        { "database_writes_total", "counter", "Writes committed.", stats.writes },
        { "database_writes_failed_total", "counter", "Writes undone.", stats.writes_failed },
        { "database_commits_total", "counter", "Commits, each of one batch of writes.",
          stats.batches },
        { "database_batch_writes_max", "gauge", "Most writes in one commit.", stats.largest_batch },
        { "database_writes_waiting", "gauge", "Writes that wait for the writer.",
          stats.writes_waiting },
        { "database_connections", "gauge", "Pooled connections that are open.", stats.connections },
        { "database_connections_busy", "gauge", "Pooled connections in use.",
          stats.connections_busy },
        { "database_retries_total", "counter", "Writes run again after a conflict or a loss.",
          stats.retries },
        { "database_lost_connections_total", "counter", "Connections that were lost.",
          stats.lost_connections },
        { "database_checkpoints_total", "counter", "Checkpoints of the log.", stats.checkpoints },
    };

    put_metrics(out, metrics, G_N_ELEMENTS(metrics));
    put_seconds(out, "database_commit_seconds_total", "Time spent in commits, in sum.",
                (double)stats.commit_us / (double)US_PER_S);
}

static bool get_metrics(Req *rq, Error *err)
{
    g_autoptr(GString) out = g_string_sized_new(4096);

    put_head(out, "build_info", "gauge", "What runs here.");
    g_string_append_printf(out, "penstock_build_info{version=\"%s\",revision=\"%s\"} 1\n",
                           PENSTOCK_VERSION, PENSTOCK_REVISION);
    if (api_of(rq)->server)
        put_server(out, api_of(rq)->server);
    put_database(out, site_of(rq)->database);
    return reply_bytes(rq, 200, "text/plain; version=0.0.4; charset=utf-8", out->str, out->len);
}

/* Health and liveness answer from the first moment to the last; readiness only while all is
 * served. */
const Route health_routes[] = {
    { GET, "/-/readiness", .handler = get_readiness, .auth = AUTH_NONE, .inline_ = true,
      .hidden = true },
    { GET, "/-/health", .handler = get_health, .auth = AUTH_NONE, .inline_ = true,
      .while_stopping = true, .hidden = true },
    { GET, "/-/liveness", .handler = get_health, .auth = AUTH_NONE, .inline_ = true,
      .while_stopping = true, .hidden = true },
    { GET, "/metrics", .handler = get_metrics, .auth = AUTH_NONE, .inline_ = true, .hidden = true },
    { 0 },
};
