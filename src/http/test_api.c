/* test_api.c - the handlers behind the server under test, and the server. */
#include "http/test_world.h"

#include "base/log.h"

#include <string.h>
#include <unistd.h>

void app_note(App *app, int *counter)
{
    pthread_mutex_lock(&app->lock);
    ++*counter;
    pthread_cond_broadcast(&app->changed);
    pthread_mutex_unlock(&app->lock);
}

int app_count(App *app, const int *counter)
{
    pthread_mutex_lock(&app->lock);
    int n = *counter;
    pthread_mutex_unlock(&app->lock);
    return n;
}

void app_wait(App *app, const int *counter, int at_least)
{
    pthread_mutex_lock(&app->lock);
    while (*counter < at_least)
        pthread_cond_wait(&app->changed, &app->lock);
    pthread_mutex_unlock(&app->lock);
}

/* --- a small api --- */

static bool answer(Req *rq, const char *key, int64_t value)
{
    JsonWriter *w = reply_writer(rq);

    jw_begin_object(w);
    jw_put_int(w, key, value);
    jw_end_object(w);
    return reply_json(rq);
}

static bool get_number(Req *rq, Error *err)
{
    return answer(rq, "number", 42);
}

static bool get_page(Req *rq, Error *err)
{
    reply_page_headers(rq, 1, false);
    return answer(rq, "page", rq->page.page);
}

static bool post_echo(Req *rq, Error *err)
{
    App *app = rq->app;
    g_autofree char *text = json_dumps(rq->params, JSON_COMPACT | JSON_SORT_KEYS);
    const ReqFile *file = req_file(rq, "file");
    char first[4] = "";

    app_note(app, &app->n_handled);
    if (file && read(file->fd, first, 3) >= 0)
        req_reply_header(rq, "X-File", file->filename);
    req_reply_header(rq, "X-First", file ? first : NULL);
    jw_raw(reply_writer(rq), text);
    return reply_json_status(rq, 201);
}

static bool post_raw(Req *rq, Error *err)
{
    return answer(rq, "size", (int64_t)rq->body_size);
}

static bool post_spool(Req *rq, Error *err)
{
    off_t end = lseek(rq->body_fd, 0, SEEK_END);

    return answer(rq, "size", end == rq->body_fd_size ? rq->body_fd_size : -1);
}

static bool park_again(Req *rq, Error *err)
{
    App *app = rq->app;

    pthread_mutex_lock(&app->lock);
    if (app->parked == rq)
        app->parked = NULL;
    app->again_gone = req_is_gone(rq);
    pthread_mutex_unlock(&app->lock);
    app_note(app, &app->n_again);
    return answer(rq, "stopping", req_is_stopping(rq));
}

static bool get_park(Req *rq, Error *err)
{
    App *app = rq->app;

    pthread_mutex_lock(&app->lock);
    app->parked = rq;
    pthread_mutex_unlock(&app->lock);
    req_park(rq, g_get_real_time() + req_int(rq, "seconds") * G_USEC_PER_SEC, park_again);
    if (req_has(rq, "early"))
        req_wake(rq);
    app_note(app, &app->n_parked);
    return true;
}

/* Says that it has begun, and waits until the test lets it go. */
static void hold(App *app)
{
    pthread_mutex_lock(&app->lock);
    app->slow_begun = true;
    pthread_cond_broadcast(&app->changed);
    while (!app->slow_may_go)
        pthread_cond_wait(&app->changed, &app->lock);
    pthread_mutex_unlock(&app->lock);
}

void let_go(App *app)
{
    pthread_mutex_lock(&app->lock);
    app->slow_may_go = true;
    pthread_cond_broadcast(&app->changed);
    pthread_mutex_unlock(&app->lock);
}

static bool get_stream(Req *rq, Error *err)
{
    App *app = rq->app;
    g_autofree char *block = g_malloc(MIB);
    bool good = reply_stream_begin(rq, 200, "text/plain");

    memset(block, 'x', MIB);
    if (req_has(rq, "hold"))
        hold(app);
    for (int64_t i = 0; good && i < req_int(rq, "mib"); i++)
        good = reply_stream_write(rq, block, MIB);
    reply_stream_end(rq, !req_has(rq, "cut"));
    app->stream_good = good;
    app_note(app, &app->n_stream_over);
    return true;
}

/* @mib MiB in all, as much at a time as there is room for; waits to be woken before the first. */
static bool feed_again(Req *rq, Error *err)
{
    App *app = rq->app;
    int64_t all = req_int(rq, "mib") * MIB;
    g_autofree char *block = g_malloc(MIB);
    size_t wanted;
    size_t taken;

    memset(block, 'x', MIB);
    do {
        wanted = (size_t)MIN(all - app->n_fed, MIB);
        taken = reply_stream_offer(rq, block, wanted);
        app->n_fed += (int64_t)taken;
    } while (taken == wanted && app->n_fed < all && !req_is_gone(rq));
    app_note(app, &app->n_again);
    if (app->n_fed < all && !req_is_gone(rq) && !req_is_stopping(rq)) {
        req_park(rq, g_get_real_time() + 100 * G_USEC_PER_SEC, feed_again);
        return true;
    }
    app->stream_good = app->n_fed >= all;
    reply_stream_end(rq, app->stream_good || req_is_stopping(rq));
    app_note(app, &app->n_stream_over);
    return true;
}

static bool get_feed(Req *rq, Error *err)
{
    App *app = rq->app;

    reply_stream_begin(rq, 200, "text/plain");
    pthread_mutex_lock(&app->lock);
    app->parked = rq;
    pthread_mutex_unlock(&app->lock);
    req_park(rq, g_get_real_time() + 100 * G_USEC_PER_SEC, feed_again);
    app_note(app, &app->n_parked);
    return true;
}

static bool get_slow(Req *rq, Error *err)
{
    hold(rq->app);
    return answer(rq, "slow", 1);
}

static bool get_file(Req *rq, Error *err)
{
    FILE *file = tmpfile();

    g_assert_true(file && fputs("0123456789", file) >= 0 && fflush(file) == 0);
    int fd = dup(fileno(file));
    fclose(file);
    return reply_file(rq, 206, "application/octet-stream", fd, 2, 5);
}

/* Digits; they are all, or break off after the first hundred. */
static ssize_t read_digits(void *data, int64_t at, char *bytes, size_t room)
{
    App *app = data;
    size_t n = MIN(room, 7);

    if (app->pull_breaks && at >= 100)
        return -1;
    for (size_t i = 0; i < n; i++)
        bytes[i] = (char)('0' + (at + (int64_t)i) % 10);
    return (ssize_t)n;
}

static void free_digits(void *data)
{
    App *app = data;

    app_note(app, &app->n_pulled_over);
}

static bool get_pulled(Req *rq, Error *err)
{
    App *app = rq->app;
    const ReplySource source = { read_digits, free_digits, app };

    app->pull_breaks = req_has(rq, "cut");
    return reply_pulled(rq, 206, "text/plain", &source, 3, 200000);
}

static bool get_nothing(Req *rq, Error *err)
{
    return true;
}

static const Route routes[] = {
    { GET, "/inline", .handler = get_number, .inline_ = true },
    { GET, "/worker", .handler = get_number },
    { GET, "/always", .handler = get_number, .while_stopping = true },
    { GET, "/pages/:id", .handler = get_page, .paged = true },
    { POST, "/echo/:id", .handler = post_echo },
    { GET, "/echo/:id", .handler = post_echo },
    { POST, "/raw", .handler = post_raw, .body = BODY_RAW },
    { POST, "/spool", .handler = post_spool, .body = BODY_SPOOL },
    { POST, "/files", .handler = post_echo, .body = BODY_SPOOL },
    { GET, "/park", .handler = get_park },
    { GET, "/park/inline", .handler = get_park, .inline_ = true },
    { GET, "/stream", .handler = get_stream },
    { GET, "/feed", .handler = get_feed },
    { GET, "/slow", .handler = get_slow },
    { GET, "/file", .handler = get_file },
    { GET, "/pulled", .handler = get_pulled, .inline_ = true },
    { GET, "/nothing", .handler = get_nothing },
    { 0 },
};
static const Mount mounts[] = { { "/api/v4", routes }, { 0 } };

static bool dispatch(Req *rq, Error *err)
{
    return req_check_params(rq, err) && rq->route->handler(rq, err);
}

static void fail(Req *rq, const Error *err)
{
    static const int statuses[N_ERR_CODES] = {
        [ERR_PARAM] = 400,      [ERR_BAD_REQUEST] = 400, [ERR_TOO_LARGE] = 413,
        [ERR_MEDIA_TYPE] = 415, [ERR_UNAVAILABLE] = 503, [ERR_INTERNAL] = 500
    };
    JsonWriter *w = reply_writer(rq);

    jw_begin_object(w);
    jw_put_string(w, "error", error_text(err));
    jw_end_object(w);
    reply_json_status(rq, statuses[err->code] ? statuses[err->code] : 500);
}

static void no_route(Req *rq, const char *allow)
{
    req_reply_header(rq, "Allow", allow);
    reply_bytes(rq, allow ? 405 : 404, "application/json", "{}", 2);
}

/* --- the server under test --- */

ServerOptions test_options(const char *listen)
{
    return (ServerOptions){ .listen = listen,
                            .mounts = mounts,
                            .workers = 4,
                            .max_connections = 100,
                            .max_body_bytes = MAX_BODY,
                            .max_raw_bytes = MAX_BODY,
                            .max_upload_bytes = MAX_UPLOAD,
                            .spool_dir = g_get_tmp_dir(),
                            .dispatch = dispatch,
                            .fail = fail,
                            .no_route = no_route };
}

void set_up(Fixture *f, const void *unused)
{
    ServerOptions options = test_options("localhost:0");
    g_auto(Error) err = ERROR_INIT;

    options.inline_reads = true;
    options.app = &f->app;
    pthread_mutex_init(&f->app.lock, NULL);
    pthread_cond_init(&f->app.changed, NULL);
    f->server = server_start(&options, &err);
    g_assert_cmpstr(err.message, ==, NULL);
    server_set_ready(f->server);
}

void tear_down(Fixture *f, const void *unused)
{
    server_free(f->server);
    pthread_mutex_destroy(&f->app.lock);
    pthread_cond_destroy(&f->app.changed);
}

void add_cases(const char *folder, const Case *cases)
{
    log_set_level(LOG_WARN);
    for (; cases->name; cases++) {
        g_autofree char *path = g_strdup_printf("/http/%s/%s", folder, cases->name);
        g_test_add(path, Fixture, NULL, set_up, cases->run, tear_down);
    }
}

size_t resident_pages(void)
{
    g_autofree char *text = NULL;
    unsigned long size = 0, resident = 0;

    g_assert_true(g_file_get_contents("/proc/self/statm", &text, NULL, NULL));
    g_assert_cmpint(sscanf(text, "%lu %lu", &size, &resident), ==, 2);
    return resident;
}
