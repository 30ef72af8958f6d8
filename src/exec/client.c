/* client.c - libcurl: one easy handle and one multi handle a thread.
 *
 * The multi handle keeps the connection alive and, unlike the easy interface, can be woken while a
 * long poll waits.
 */
#include "exec/client.h"

#include "base/json.h"
#include "base/text.h"
#include "base/version.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

enum {
    POLL_MS = 500,
    CONNECT_TIMEOUT_MS = 5000,
    CALL_TIMEOUT_MS = 120 * 1000, /* a parked poll is answered within 60 s */
    TRANSFER_TIMEOUT_MS = 3600 * 1000,
    MAX_BODY = 64 * 1024 * 1024
};

struct Coordinator {
    GMutex lock; /* guards url and away_since_us */
    char *url;
    int64_t away_since_us;
    char *address_file;
    char *token;
    char *system_id;
    char *info; /* the "info" object of requests and updates, as JSON */
};

struct Client {
    Coordinator *server;
    ClientStop should_stop;
    void *data;
    CURLM *multi;
    CURL *easy;
};

/* Server --------------------------------------------------------------------------------------- */

static char *make_info(const CoordinatorOptions *options)
{
    static const char *const features[] = {
        "trace_reset",
        "trace_checksum",
        "trace_size",
        "cancelable",
        "cancel_gracefully",
        "two_phase_job_commit",
        "artifacts",
        "upload_multiple_artifacts",
        "upload_raw_artifacts",
        "cache",
        "fallback_cache_keys",
        "refspecs",
        "masking",
        "raw_variables",
        "artifacts_exclude",
        "multi_build_steps",
        "return_exit_code",
        "variables",
    };
    GString *text = g_string_new(NULL);
    JsonWriter w;

    jw_init(&w, text);
    jw_begin_object(&w);
    jw_put_string(&w, "name", "penstock-runner");
    jw_put_string(&w, "version", PENSTOCK_API_VERSION);
    jw_put_string(&w, "revision", PENSTOCK_REVISION);
    jw_put_string(&w, "platform", "linux");
    jw_put_string(&w, "architecture", GLIB_SIZEOF_VOID_P == 8 ? "amd64" : "386");
    jw_put_string(&w, "executor", options->executor);
    jw_put_string(&w, "shell", "bash");
    jw_key(&w, "features");
    jw_begin_object(&w);
    for (size_t i = 0; i < G_N_ELEMENTS(features); i++)
        jw_put_bool(&w, features[i], true);
    jw_put_bool(&w, "image", options->images);
    jw_put_bool(&w, "services", options->images);
    jw_end_object(&w);
    jw_end_object(&w);
    return g_string_free(text, FALSE);
}

/* A URL or ADDR:PORT on the first line of the file; NULL: not there yet. */
static char *read_address(const char *path)
{
    g_autofree char *text = NULL;

    if (!path || !g_file_get_contents(path, &text, NULL, NULL))
        return NULL;
    text[strcspn(text, "\r\n")] = '\0';
    g_strstrip(text);
    if (!*text)
        return NULL;
    return strstr(text, "://") ? g_strdup(text) : g_strconcat("http://", text, NULL);
}

static char *without_slash(char *url)
{
    for (size_t n = strlen(url); n > 0 && url[n - 1] == '/'; n--)
        url[n - 1] = '\0';
    return url;
}

Coordinator *coordinator_new(const CoordinatorOptions *options, Error *err)
{
    char *url = options->url ? g_strdup(options->url) : read_address(options->address_file);

    if (!url) {
        error_set(err, ERR_USAGE, "no server's URL is given, and no address file tells it");
        return NULL;
    }
    Coordinator *server = g_new0(Coordinator, 1);
    g_mutex_init(&server->lock);
    server->url = without_slash(url);
    server->address_file = g_strdup(options->address_file);
    server->token = g_strdup(options->token);
    server->system_id = g_strdup(options->system_id);
    server->info = make_info(options);
    return server;
}

void coordinator_free(Coordinator *server)
{
    if (!server)
        return;
    g_mutex_clear(&server->lock);
    g_free(server->url);
    g_free(server->address_file);
    g_free(server->token);
    g_free(server->system_id);
    g_free(server->info);
    g_free(server);
}

char *coordinator_url(Coordinator *server)
{
    g_mutex_lock(&server->lock);
    char *url = g_strdup(server->url);
    g_mutex_unlock(&server->lock);
    return url;
}

int64_t coordinator_away_since_us(Coordinator *server)
{
    g_mutex_lock(&server->lock);
    int64_t since = server->away_since_us;
    g_mutex_unlock(&server->lock);
    return since;
}

static void coordinator_answered(Coordinator *server)
{
    g_mutex_lock(&server->lock);
    server->away_since_us = 0;
    g_mutex_unlock(&server->lock);
}

/* Notes the absence and looks whether the server is somewhere else by now. */
static void coordinator_missed(Coordinator *server)
{
    g_autofree char *fresh = read_address(server->address_file);

    g_mutex_lock(&server->lock);
    if (!server->away_since_us)
        server->away_since_us = g_get_monotonic_time();
    if (fresh) {
        g_free(server->url);
        server->url = without_slash(g_steal_pointer(&fresh));
    }
    g_mutex_unlock(&server->lock);
}

/* Client --------------------------------------------------------------------------------------- */

Client *client_new(Coordinator *server, ClientStop should_stop, void *data)
{
    Client *client = g_new0(Client, 1);

    client->server = server;
    client->should_stop = should_stop;
    client->data = data;
    client->multi = curl_multi_init();
    client->easy = curl_easy_init();
    g_assert(client->multi && client->easy);
    return client;
}

void client_free(Client *client)
{
    if (!client)
        return;
    curl_easy_cleanup(client->easy);
    curl_multi_cleanup(client->multi);
    g_free(client);
}

void client_wake(Client *client)
{
    curl_multi_wakeup(client->multi);
}

void client_reply_clear(ClientReply *reply)
{
    g_free(reply->job_status);
    g_free(reply->last_update);
    if (reply->body)
        g_string_free(reply->body, TRUE);
    *reply = (ClientReply){ 0 };
}

bool client_reply_aborts(const ClientReply *reply)
{
    return reply->status == 403 || g_strcmp0(reply->job_status, "canceled") == 0 ||
           g_strcmp0(reply->job_status, "failed") == 0;
}

/* The value of the header line if it is @name's; NULL otherwise.  Owned. */
static char *header_value(const char *line, size_t n, const char *name)
{
    size_t length = strlen(name);

    if (n <= length || line[length] != ':' || g_ascii_strncasecmp(line, name, length) != 0)
        return NULL;
    return g_strstrip(g_strndup(line + length + 1, n - length - 1));
}

static size_t on_header(char *line, size_t size, size_t n, void *data)
{
    ClientReply *reply = data;
    char *text = NULL;

    n *= size;
    if ((text = header_value(line, n, "Job-Status"))) {
        g_free(reply->job_status);
        reply->job_status = text;
    } else if ((text = header_value(line, n, "X-GitLab-Last-Update"))) {
        g_free(reply->last_update);
        reply->last_update = text;
    } else if ((text = header_value(line, n, "X-GitLab-Trace-Update-Interval"))) {
        text_to_int(text, &reply->interval_s);
        g_free(text);
    } else if ((text = header_value(line, n, "Range"))) {
        const char *dash = strchr(text, '-');
        if (!dash || !text_to_int(dash + 1, &reply->range_end))
            reply->range_end = 0; /* unreadable: from the start, as the protocol says */
        g_free(text);
    }
    return n;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *data)
{
    ClientReply *reply = data;

    n *= size;
    if (reply->body->len + n > MAX_BODY)
        return 0;
    g_string_append_len(reply->body, bytes, (gssize)n);
    return n;
}

typedef struct Call {
    const char *method;
    char *path; /* below /api/v4, owned */
    struct curl_slist *headers;
    const char *body; /* NULL: none, or a mime form */
    size_t n;
    curl_mime *mime;
    FILE *into; /* where the body of a 200 goes; NULL: into the reply */
    long timeout_ms;
} Call;

static void call_clear(Call *call)
{
    g_free(call->path);
    curl_slist_free_all(call->headers);
    curl_mime_free(call->mime);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Call, call_clear)

static void add_header(Call *call, const char *name, const char *value)
{
    g_autofree char *line = g_strdup_printf("%s: %s", name, value);

    call->headers = curl_slist_append(call->headers, line);
}

static bool is_loopback(const char *url)
{
    const char *host = strstr(url, "://");

    host = host ? host + 3 : url;
    return g_str_has_prefix(host, "127.") || g_str_has_prefix(host, "localhost") ||
           g_str_has_prefix(host, "[::1]");
}

static void set_up(Client *client, const Call *call, const char *base, ClientReply *reply)
{
    CURL *easy = client->easy;
    g_autofree char *url = g_strdup_printf("%s/api/v4%s", base, call->path);

    curl_easy_reset(easy);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "penstock-runner " PENSTOCK_API_VERSION);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->headers);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, call->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, reply);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, call->into ? NULL : on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, call->into ? (void *)call->into : (void *)reply);
    if (is_loopback(base))
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
    if (call->mime)
        curl_easy_setopt(easy, CURLOPT_MIMEPOST, call->mime);
    if (call->body) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->n);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call->body);
    }
    if (call->body)
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call->method);
    /* Redirects are not followed: the token in the headers is for this server only. */
}

/* Drives the transfer to its end; the result is curl's, or CURLE_ABORTED_BY_CALLBACK. */
static CURLcode drive(Client *client)
{
    CURLcode result = CURLE_ABORTED_BY_CALLBACK;
    int running = 1;

    curl_multi_add_handle(client->multi, client->easy);
    while (!client->should_stop || !client->should_stop(client->data)) {
        curl_multi_perform(client->multi, &running);
        if (!running) {
            int left = 0;
            CURLMsg *msg = curl_multi_info_read(client->multi, &left);
            result = msg ? msg->data.result : CURLE_RECV_ERROR;
            break;
        }
        curl_multi_poll(client->multi, NULL, 0, POLL_MS, NULL);
    }
    curl_multi_remove_handle(client->multi, client->easy);
    return result;
}

static bool perform(Client *client, Call *call, ClientReply *reply, Error *err)
{
    g_autofree char *base = coordinator_url(client->server);

    *reply = (ClientReply){ .interval_s = -1, .range_end = -1, .body = g_string_new(NULL) };
    add_header(call, "Expect", ""); /* none: it costs a round trip and nobody answers it */
    set_up(client, call, base, reply);
    CURLcode result = drive(client);
    if (result == CURLE_ABORTED_BY_CALLBACK)
        return error_set(err, ERR_UNAVAILABLE, "the call was given up");
    if (result == CURLE_WRITE_ERROR)
        return error_set(err, ERR_IO, "the answer is too large or the disk is full");
    if (result != CURLE_OK) {
        coordinator_missed(client->server);
        return error_set(err, ERR_UNAVAILABLE, "%s: %s", base, curl_easy_strerror(result));
    }
    coordinator_answered(client->server);
    curl_easy_getinfo(client->easy, CURLINFO_RESPONSE_CODE, &reply->status);
    return true;
}

/* Calls ---------------------------------------------------------------------------------------- */

bool client_request_job(Client *client, const char *last_update, ClientReply *reply, Error *err)
{
    const Coordinator *server = client->server;
    g_autoptr(GString) body = g_string_new(NULL);
    g_auto(Call) call = { .method = "POST",
                          .path = g_strdup("/jobs/request"),
                          .timeout_ms = CALL_TIMEOUT_MS };
    JsonWriter w;

    jw_init(&w, body);
    jw_begin_object(&w);
    jw_put_string(&w, "token", server->token);
    jw_put_string(&w, "system_id", server->system_id);
    if (last_update)
        jw_put_string(&w, "last_update", last_update);
    jw_put_raw(&w, "info", server->info);
    jw_end_object(&w);
    call.body = body->str;
    call.n = body->len;
    add_header(&call, "Content-Type", "application/json");
    add_header(&call, "Accept", "application/json");
    add_header(&call, "RUNNER-TOKEN", server->token);
    return perform(client, &call, reply, err);
}

static char *update_body(const Coordinator *server, const JobUpdate *update)
{
    GString *body = g_string_new(NULL);
    char checksum[] = "crc32:00000000";
    JsonWriter w;

    g_snprintf(checksum, sizeof checksum, "crc32:%08x", update->crc32);
    jw_init(&w, body);
    jw_begin_object(&w);
    jw_put_raw(&w, "info", server->info);
    jw_put_string(&w, "token", update->token);
    jw_put_string(&w, "state", update->state);
    if (update->failure_reason)
        jw_put_string(&w, "failure_reason", update->failure_reason);
    if (update->exit_code)
        jw_put_int(&w, "exit_code", update->exit_code);
    if (update->with_output)
        jw_put_string(&w, "checksum", checksum);
    jw_key(&w, "output");
    jw_begin_object(&w);
    if (update->with_output) {
        jw_put_string(&w, "checksum", checksum);
        jw_put_int(&w, "bytesize", update->size_bytes);
    }
    jw_end_object(&w);
    jw_end_object(&w);
    return g_string_free(body, FALSE);
}

bool client_update_job(Client *client, const JobUpdate *update, ClientReply *reply, Error *err)
{
    g_autofree char *body = update_body(client->server, update);
    g_auto(Call) call = { .method = "PUT",
                          .path = g_strdup_printf("/jobs/%" G_GINT64_FORMAT, update->id),
                          .body = body,
                          .n = strlen(body),
                          .timeout_ms = CALL_TIMEOUT_MS };

    add_header(&call, "Content-Type", "application/json");
    add_header(&call, "JOB-TOKEN", update->token);
    return perform(client, &call, reply, err);
}

bool client_patch_trace(Client *client, const TracePatch *patch, ClientReply *reply, Error *err)
{
    g_auto(Call) call = { .method = "PATCH",
                          .path = g_strdup_printf("/jobs/%" G_GINT64_FORMAT "/trace?debug_trace=%s",
                                                  patch->id, patch->debug ? "true" : "false"),
                          .body = patch->bytes,
                          .n = patch->n,
                          .timeout_ms = CALL_TIMEOUT_MS };
    g_autofree char *range = g_strdup_printf("%" G_GINT64_FORMAT "-%" G_GINT64_FORMAT,
                                             patch->offset, patch->offset + (int64_t)patch->n - 1);

    add_header(&call, "Content-Type", "text/plain");
    add_header(&call, "Content-Range", range);
    add_header(&call, "JOB-TOKEN", patch->token);
    return perform(client, &call, reply, err);
}

static void add_query(GString *path, const char *name, const char *value)
{
    if (!value)
        return;
    g_autofree char *text = text_percent_encode(value);
    g_string_append_printf(path, "%c%s=%s", strchr(path->str, '?') ? '&' : '?', name, text);
}

bool client_upload(Client *client, const Upload *upload, ClientReply *reply, Error *err)
{
    GString *path = g_string_new(NULL);

    g_string_printf(path, "/jobs/%" G_GINT64_FORMAT "/artifacts", upload->id);
    add_query(path, "artifact_format", upload->format);
    add_query(path, "artifact_type", upload->type);
    add_query(path, "expire_in", upload->expire_in);
    g_auto(Call) call = { .method = "POST",
                          .path = g_string_free(path, FALSE),
                          .mime = curl_mime_init(client->easy),
                          .timeout_ms = TRANSFER_TIMEOUT_MS };
    curl_mimepart *part = curl_mime_addpart(call.mime);
    curl_mime_name(part, "file");
    if (curl_mime_filedata(part, upload->path) != CURLE_OK)
        return error_set(err, ERR_IO, "%s cannot be read", upload->path);
    curl_mime_filename(part, upload->filename);
    curl_mime_type(part, "application/octet-stream");
    add_header(&call, "JOB-TOKEN", upload->token);
    return perform(client, &call, reply, err);
}

bool client_download(Client *client, int64_t id, const char *token, const char *path,
                     ClientReply *reply, Error *err)
{
    g_auto(Call) call = { .method = "GET",
                          .path = g_strdup_printf("/jobs/%" G_GINT64_FORMAT "/artifacts", id),
                          .into = fopen(path, "wxe"),
                          .timeout_ms = TRANSFER_TIMEOUT_MS };

    if (!call.into)
        return error_set(err, ERR_IO, "%s cannot be written", path);
    add_header(&call, "JOB-TOKEN", token);
    bool answered = perform(client, &call, reply, err);
    if (fclose(call.into) != 0 && answered) {
        client_reply_clear(reply);
        return error_set(err, ERR_IO, "%s cannot be written", path);
    }
    return answered;
}
