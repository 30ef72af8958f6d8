/* Tests of the server as clients see it: raw sockets against a server on a free port. */
#include "http/server.h"

#include "base/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_BODY = 64 * 1024, MAX_UPLOAD = 80 * 1024 * 1024, MIB = 1024 * 1024 };

/* What the handlers and the tests share. */
typedef struct App {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    Req *parked;
    int n_parked;     /* times a handler parked */
    int n_again;      /* times one was woken */
    bool again_gone;  /* what the last saw */
    bool slow_begun;  /* a handler holds a worker ... */
    bool slow_may_go; /* ... until this */
    int n_handled;
    int n_stream_over; /* streams whose writer is done */
    atomic_bool stream_good;
} App;

static void app_note(App *app, int *counter)
{
    pthread_mutex_lock(&app->lock);
    ++*counter;
    pthread_cond_broadcast(&app->changed);
    pthread_mutex_unlock(&app->lock);
}

static int app_count(App *app, const int *counter)
{
    pthread_mutex_lock(&app->lock);
    int n = *counter;
    pthread_mutex_unlock(&app->lock);
    return n;
}

static void app_wait(App *app, const int *counter, int at_least)
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

static void let_go(App *app)
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
    { GET, "/slow", .handler = get_slow },
    { GET, "/file", .handler = get_file },
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

/* --- a client --- */

typedef struct Fixture {
    Server *server;
    App app;
} Fixture;

typedef struct Client {
    int fd;
    GString *input; /* received, not yet read */
} Client;

typedef struct Answer {
    int status; /* 0: the connection was closed instead */
    char *head;
    GString *body;
    bool whole; /* the body came to its end */
} Answer;

static Client *client_open(const Fixture *f)
{
    Client *client = g_new0(Client, 1);
    const struct sockaddr_in to = { .sin_family = AF_INET,
                                    .sin_port = htons((uint16_t)server_port(f->server)),
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    const struct timeval patience = { 20, 0 };

    client->input = g_string_new(NULL);
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(client->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    g_assert_cmpint(connect(client->fd, (const struct sockaddr *)&to, sizeof to), ==, 0);
    return client;
}

static void client_close(Client *client)
{
    close(client->fd);
    g_string_free(client->input, TRUE);
    g_free(client);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Client, client_close)

static bool client_send(Client *client, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = send(client->fd, bytes, size, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        bytes += n;
        size -= (size_t)n;
    }
    return true;
}

static void client_say(Client *client, const char *text)
{
    g_assert_true(client_send(client, text, strlen(text)));
}

static bool client_more(Client *client)
{
    char block[16384];
    ssize_t n = recv(client->fd, block, sizeof block, 0);

    g_assert_false(n < 0 && errno == EAGAIN); /* out of patience */
    if (n > 0)
        g_string_append_len(client->input, block, n);
    return n > 0;
}

static void answer_free(Answer *a)
{
    g_free(a->head);
    g_string_free(a->body, TRUE);
    g_free(a);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Answer, answer_free)

/* Owned; NULL: absent. */
static char *head_value(const Answer *a, const char *name)
{
    g_auto(GStrv) lines = g_strsplit(a->head, "\r\n", -1);

    for (char **line = lines; *line; line++) {
        char *colon = strchr(*line, ':');
        if (colon && strlen(name) == (size_t)(colon - *line) &&
            g_ascii_strncasecmp(*line, name, strlen(name)) == 0)
            return g_strdup(g_strstrip(colon + 1));
    }
    return NULL;
}

static bool take(Client *client, GString *into, size_t size)
{
    while (client->input->len < size)
        if (!client_more(client))
            return false;
    g_string_append_len(into, client->input->str, (gssize)size);
    g_string_erase(client->input, 0, (gssize)size);
    return true;
}

static bool take_chunks(Client *client, GString *into)
{
    g_autoptr(GString) end = g_string_new(NULL);

    for (;;) {
        char *line;
        while (!(line = strstr(client->input->str, "\r\n")))
            if (!client_more(client))
                return false;
        size_t size = strtoul(client->input->str, NULL, 16);
        g_string_erase(client->input, 0, line + 2 - client->input->str);
        if (!take(client, into, size) || !take(client, end, 2))
            return false;
        if (size == 0)
            return true;
    }
}

static Answer *client_read(Client *client, bool body)
{
    Answer *a = g_new0(Answer, 1);
    char *end;

    a->body = g_string_new(NULL);
    while (!(end = strstr(client->input->str, "\r\n\r\n"))) {
        if (!client_more(client)) {
            a->head = g_strdup("");
            return a;
        }
    }
    a->head = g_strndup(client->input->str, (size_t)(end - client->input->str));
    g_string_erase(client->input, 0, end + 4 - client->input->str);
    a->status = atoi(a->head + strlen("HTTP/1.1 "));
    g_autofree char *length = head_value(a, "Content-Length");
    g_autofree char *coding = head_value(a, "Transfer-Encoding");
    if (body && coding)
        a->whole = take_chunks(client, a->body);
    else if (body && length)
        a->whole = take(client, a->body, strtoul(length, NULL, 10));
    return a;
}

static Answer *ask(Client *client, const char *request)
{
    client_say(client, request);
    return client_read(client, !g_str_has_prefix(request, "HEAD"));
}

static void assert_head(const Answer *a, const char *name, const char *expected)
{
    g_autofree char *value = head_value(a, name);

    g_assert_cmpstr(value, ==, expected);
}

#define H          " HTTP/1.1\r\nHost: x\r\n"
#define GET_(path) "GET /api/v4" path H "\r\n"

/* --- the server under test --- */

static void set_up(Fixture *f, const void *unused)
{
    const ServerOptions options = { .listen = "localhost:0",
                                    .inline_reads = true,
                                    .mounts = mounts,
                                    .workers = 4,
                                    .max_connections = 100,
                                    .max_body_bytes = MAX_BODY,
                                    .max_raw_bytes = MAX_BODY,
                                    .max_upload_bytes = MAX_UPLOAD,
                                    .spool_dir = g_get_tmp_dir(),
                                    .dispatch = dispatch,
                                    .fail = fail,
                                    .no_route = no_route,
                                    .app = &f->app };
    g_auto(Error) err = ERROR_INIT;

    pthread_mutex_init(&f->app.lock, NULL);
    pthread_cond_init(&f->app.changed, NULL);
    f->server = server_start(&options, &err);
    g_assert_cmpstr(err.message, ==, NULL);
    server_set_ready(f->server);
}

static void tear_down(Fixture *f, const void *unused)
{
    server_free(f->server);
    pthread_mutex_destroy(&f->app.lock);
    pthread_cond_destroy(&f->app.changed);
}

static void replies_carry_the_usual_headers(Fixture *f, const void *unused)
{
    static const char *const paths[] = { "/inline", "/worker" };

    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autoptr(Client) client = client_open(f);
        g_autofree char *request =
            g_strdup_printf("GET /api/v4%s" H "X-Request-Id: abc-1\r\n\r\n", paths[i]);
        g_autoptr(Answer) a = ask(client, request);
        g_assert_cmpint(a->status, ==, 200);
        g_assert_cmpstr(a->body->str, ==, "{\"number\":42}");
        assert_head(a, "Content-Type", "application/json");
        assert_head(a, "X-Request-Id", "abc-1");
        assert_head(a, "X-Content-Type-Options", "nosniff");
        assert_head(a, "X-Frame-Options", "SAMEORIGIN");
        assert_head(a, "Cache-Control", "max-age=0, private, must-revalidate");
        assert_head(a, "Vary", "Origin");
        g_autofree char *runtime = head_value(a, "X-Runtime");
        g_assert_true(runtime && g_ascii_strtod(runtime, NULL) >= 0);
    }
}

static void insane_request_ids_are_replaced(Fixture *f, const void *unused)
{
    g_autoptr(Client) client = client_open(f);
    g_autoptr(Answer) a = ask(client, "GET /api/v4/inline" H "X-Request-Id: a b\r\n\r\n");
    g_autofree char *id = head_value(a, "X-Request-Id");

    g_assert_nonnull(id);
    g_assert_cmpstr(id, !=, "a b");
    g_assert_cmpint((int)strlen(id), ==, 24);
}

static void known_tags_are_not_sent_again(Fixture *f, const void *unused)
{
    g_autoptr(Client) client = client_open(f);
    g_autoptr(Answer) first = ask(client, GET_("/worker"));
    g_autofree char *tag = head_value(first, "ETag");
    g_autofree char *again =
        g_strdup_printf("GET /api/v4/worker" H "If-None-Match: %s\r\n\r\n", tag);
    g_assert_true(g_str_has_prefix(tag, "W/\""));
    client_say(client, again);
    g_autoptr(Answer) second = client_read(client, false);

    g_assert_cmpint(second->status, ==, 304);
    assert_head(second, "ETag", tag);
    g_autoptr(Answer) third = ask(client, GET_("/worker")); /* nothing of a body was in between */
    g_assert_cmpint(third->status, ==, 200);
}

static void head_is_get_without_a_body(Fixture *f, const void *unused)
{
    g_autoptr(Client) client = client_open(f);
    g_autoptr(Answer) a = ask(client, "HEAD /api/v4/worker" H "\r\n");
    g_assert_cmpint(a->status, ==, 200);
    assert_head(a, "Content-Length", "13");
    g_autoptr(Answer) b = ask(client, GET_("/inline"));
    g_assert_cmpstr(b->body->str, ==, "{\"number\":42}");
}

static void wrong_paths_and_methods_are_told(Fixture *f, const void *unused)
{
    static const struct {
        const char *request;
        int status;
        const char *allow;
    } cases[] = {
        { "GET /" H "\r\n", 404, NULL },
        { GET_("/unknown?private_token=secret"), 404, NULL },
        { "PUT /api/v4/echo/1" H "Content-Length: 3\r\n\r\nabc", 405, "GET, HEAD, POST" },
        { "BREW /api/v4/raw" H "\r\n", 405, "POST" },
        { GET_("/echo/%00"), 400, NULL },
        { GET_("/echo/%zz"), 400, NULL },
        { "OPTIONS /api/v4/raw" H "\r\n", 204, "POST" },
        { "GET http://host/api/v4/inline" H "\r\n", 200, NULL },
    };
    g_autoptr(Client) client = client_open(f);

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Answer) a = ask(client, cases[i].request);
        g_assert_cmpint(a->status, ==, cases[i].status);
        assert_head(a, "Allow", cases[i].allow);
    }
}

static void other_origins_may_read(Fixture *f, const void *unused)
{
    g_autoptr(Client) client = client_open(f);
    g_autoptr(Answer) before = ask(client, "OPTIONS /api/v4/raw" H "Origin: http://o\r\n"
                                           "Access-Control-Request-Method: POST\r\n"
                                           "Access-Control-Request-Headers: private-token\r\n\r\n");
    g_assert_cmpint(before->status, ==, 200);
    assert_head(before, "Access-Control-Allow-Origin", "*");
    assert_head(before, "Access-Control-Allow-Headers", "private-token");
    g_autoptr(Answer) a = ask(client, "GET /api/v4/inline" H "Origin: http://o\r\n\r\n");
    assert_head(a, "Access-Control-Allow-Origin", "*");
    g_autofree char *exposed = head_value(a, "Access-Control-Expose-Headers");
    g_assert_true(exposed && g_str_has_prefix(exposed, "Link, X-Total,"));
}

static void all_encodings_give_the_same_tree(Fixture *f, const void *unused)
{
    static const char *const requests[] = {
        "POST /api/v4/echo/g%2Fp?a=0&id=9" H "Content-Type: application/json; charset=utf-8\r\n"
        "Content-Length: 34\r\n\r\n{\"a\":\"1\",\"v\":[{\"key\":\"K\"}],\"id\":7}",
        "POST /api/v4/echo/g%2Fp?a=0" H "Content-Type: application/x-www-form-urlencoded\r\n"
        "Transfer-Encoding: chunked\r\n\r\n4\r\na=1&\r\nb\r\nv[][key]=K&\r\n0\r\n\r\n",
        "POST /api/v4/echo/g%2Fp?v[][key]=K" H "Content-Type: multipart/form-data; boundary=b\r\n"
        "Content-Length: 61\r\n\r\n--b\r\nContent-Disposition: form-data; "
        "name=\"a\"\r\n\r\n1\r\n--b--"
        "\r\n\r\n",
        "GET /api/v4/echo/g%2Fp?a=1&v%5B%5D%5Bkey%5D=K" H "Content-Type: application/json\r\n\r\n",
    };
    g_autoptr(Client) client = client_open(f);

    for (size_t i = 0; i < G_N_ELEMENTS(requests); i++) {
        g_autoptr(Answer) a = ask(client, requests[i]);
        g_assert_cmpstr(a->body->str, ==, "{\"a\":\"1\",\"id\":\"g/p\",\"v\":[{\"key\":\"K\"}]}");
    }
}

static void bad_bodies_are_refused_and_the_connection_lives(Fixture *f, const void *unused)
{
    g_autoptr(Client) client = client_open(f);
    g_autoptr(Answer) json =
        ask(client, "POST /api/v4/echo/1" H "Content-Type: application/json\r\n"
                    "Content-Length: 3\r\n\r\n[1]");
    g_autoptr(Answer) type = ask(client, "POST /api/v4/echo/1" H "Content-Type: text/x\r\n"
                                         "Content-Length: 3\r\n\r\n[1]");
    g_autoptr(Answer) none = ask(client, "POST /api/v4/echo/1" H "Content-Length: 0\r\n\r\n");

    g_assert_cmpint(json->status, ==, 400);
    g_assert_true(strstr(json->body->str, "must pass valid application/json") != NULL);
    g_assert_cmpint(type->status, ==, 415);
    g_assert_cmpstr(type->body->str, ==,
                    "{\"error\":\"The provided content-type 'text/x' is not supported.\"}");
    g_assert_cmpint(none->status, ==, 201);
}

static void pipelined_requests_are_answered_in_order(Fixture *f, const void *unused)
{
    g_autoptr(Client) client = client_open(f);

    for (int i = 0; i < 20; i++) {
        g_autofree char *request = g_strdup_printf(
            "POST /api/v4/echo/%d" H "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n"
            "{}GET /api/v4/inline" H "\r\n",
            i);
        client_say(client, request);
    }
    for (int i = 0; i < 20; i++) {
        g_autofree char *expected = g_strdup_printf("{\"id\":\"%d\"}", i);
        g_autoptr(Answer) a = client_read(client, true);
        g_autoptr(Answer) b = client_read(client, true);
        g_assert_cmpstr(a->body->str, ==, expected);
        g_assert_cmpint(b->status, ==, 200);
    }
}

static void large_bodies_are_413_whatever_they_announce(Fixture *f, const void *unused)
{
    static const char *const heads[] = {
        "POST /api/v4/raw" H "Content-Length: 4194304\r\n\r\n",
        "POST /api/v4/raw" H "Transfer-Encoding: chunked\r\n\r\n400000\r\n",
        "POST /api/v4/raw" H "Content-Length: 65537\r\n\r\n",
        "POST /api/v4/raw" H "Transfer-Encoding: chunked\r\n\r\n10001\r\n",
    };
    g_autofree char *body = g_malloc0(4 * MIB);

    for (size_t i = 0; i < G_N_ELEMENTS(heads); i++) {
        g_autoptr(Client) client = client_open(f);
        bool small = i >= 2;
        client_say(client, heads[i]);
        g_assert_true(client_send(client, body, small ? MAX_BODY + 1 : 4 * MIB));
        if (i == 3)
            client_say(client, "\r\n0\r\n\r\n");
        g_autoptr(Answer) a = client_read(client, true);
        g_assert_cmpint(a->status, ==, 413);
        g_assert_true(a->whole);
        assert_head(a, "Connection", small ? NULL : "close");
        if (small) {
            g_autoptr(Answer) next = ask(client, GET_("/inline"));
            g_assert_cmpint(next->status, ==, 200);
        }
    }
}

static void waiting_clients_hear_413_before_they_send(Fixture *f, const void *unused)
{
    g_autoptr(Client) client = client_open(f);
    g_autoptr(Answer) no = ask(client, "POST /api/v4/raw" H "Expect: 100-continue\r\n"
                                       "Content-Length: 99999999\r\n\r\n");
    g_assert_cmpint(no->status, ==, 413);
    g_autoptr(Client) other = client_open(f);
    client_say(other, "POST /api/v4/raw" H "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    g_autoptr(Answer) go_on = client_read(other, false);
    g_assert_cmpint(go_on->status, ==, 100);
    g_autoptr(Answer) yes = ask(other, "abc");
    g_assert_cmpstr(yes->body->str, ==, "{\"size\":3}");
}

static void endless_bodies_are_cut_off(Fixture *f, const void *unused)
{
    g_autoptr(Client) client = client_open(f);
    g_autofree char *block = g_malloc0(MIB);
    bool open = true;

    client_say(client, "POST /api/v4/raw" H "Content-Length: 999999999\r\n\r\n");
    for (int i = 0; open && i < 200; i++)
        open = client_send(client, block, MIB);
    g_assert_false(open);
}

static void ambiguous_framing_is_refused(Fixture *f, const void *unused)
{
    static const char *const requests[] = {
        "POST /api/v4/raw" H "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /api/v4/raw" H "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(requests); i++) {
        g_autoptr(Client) client = client_open(f);
        g_autoptr(Answer) a = ask(client, requests[i]);
        g_assert_cmpint(a->status, ==, 400);
        g_autoptr(Answer) closed = client_read(client, true);
        g_assert_cmpint(closed->status, ==, 0);
    }
}

/* When the server lets go of such a connection is the library's: at once, or after the idle time. */
static void cut_off_bodies_reach_no_handler(Fixture *f, const void *unused)
{
    g_autoptr(Client) cut = client_open(f);
    g_autoptr(Client) whole = client_open(f);

    client_say(cut, "POST /api/v4/echo/1" H "Content-Type: application/json\r\n"
                    "Content-Length: 100\r\n\r\n{}");
    shutdown(cut->fd, SHUT_WR);
    g_autoptr(Answer) a = ask(whole, "POST /api/v4/echo/1" H "Content-Type: application/json\r\n"
                                     "Content-Length: 2\r\n\r\n{}");
    g_assert_cmpint(a->status, ==, 201);
    g_assert_cmpint(app_count(&f->app, &f->app.n_handled), ==, 1);
}

static void long_targets_are_414(Fixture *f, const void *unused)
{
    g_autoptr(Client) client = client_open(f);
    g_autofree char *query = g_strnfill(17 * 1024, 'a');
    g_autofree char *request = g_strdup_printf("GET /api/v4/inline?%s" H "\r\n", query);
    g_autoptr(Answer) a = ask(client, request);

    g_assert_cmpint(a->status, ==, 414);
}

static size_t resident_pages(void)
{
    g_autofree char *text = NULL;
    unsigned long size = 0, resident = 0;

    g_assert_true(g_file_get_contents("/proc/self/statm", &text, NULL, NULL));
    g_assert_cmpint(sscanf(text, "%lu %lu", &size, &resident), ==, 2);
    return resident;
}

static void uploads_take_disk_and_not_memory(Fixture *f, const void *unused)
{
    g_autoptr(Client) client = client_open(f);
    g_autofree char *block = g_malloc0(MIB);

    client_say(client, "POST /api/v4/spool" H "Content-Length: 67108864\r\n\r\n");
    g_assert_true(client_send(client, block, MIB));
    size_t before = resident_pages();
    for (int i = 1; i < 64; i++)
        g_assert_true(client_send(client, block, MIB));
    g_autoptr(Answer) a = client_read(client, true);
    g_assert_cmpstr(a->body->str, ==, "{\"size\":67108864}");
    g_assert_cmpint((int64_t)(resident_pages() - before) * getpagesize(), <, 8 * MIB);
}

static void file_parts_are_spooled(Fixture *f, const void *unused)
{
    g_autoptr(Client) client = client_open(f);
    g_autofree char *fill = g_strnfill(MIB, 'z');
    g_autofree char *body = g_strdup_printf(
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f.bin\"\r\n\r\nabc%s\r\n"
        "--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nN\r\n--b--\r\n",
        fill);
    g_autofree char *request =
        g_strdup_printf("POST /api/v4/files" H "Content-Type: multipart/form-data; boundary=b\r\n"
                        "Content-Length: %zu\r\n\r\n%s",
                        strlen(body), body);
    g_autoptr(Answer) a = ask(client, request);

    g_assert_cmpint(a->status, ==, 201);
    g_assert_cmpstr(a->body->str, ==, "{\"name\":\"N\"}");
    assert_head(a, "X-File", "f.bin");
    assert_head(a, "X-First", "abc");
}

static void empty_header_values_arrive_empty(Fixture *f, const void *unused)
{
    g_autoptr(Client) client = client_open(f);
    g_autoptr(Answer) a = ask(client, GET_("/pages/8"));

    assert_head(a, "X-Next-Page", "");
    assert_head(a, "X-Total", "1");
    g_autofree char *link = head_value(a, "Link");
    g_autofree char *start = g_strdup_printf(
        "<%s/api/v4/pages/8?id=8&page=1&per_page=20>; rel=\"first\"", server_address(f->server));
    g_assert_true(g_str_has_prefix(link, start));
}

static void files_are_sent_from_their_offset(Fixture *f, const void *unused)
{
    g_autoptr(Client) client = client_open(f);
    g_autoptr(Answer) a = ask(client, GET_("/file"));

    g_assert_cmpint(a->status, ==, 206);
    g_assert_cmpstr(a->body->str, ==, "23456");
}

static void missing_replies_are_500(Fixture *f, const void *unused)
{
    g_autoptr(Client) client = client_open(f);
    g_autoptr(Answer) a = ask(client, GET_("/nothing"));

    g_assert_cmpint(a->status, ==, 500);
}

static void parked_requests_are_woken(Fixture *f, const void *unused)
{
    static const char *const requests[] = { GET_("/park?seconds=100"),
                                            GET_("/park/inline?seconds=100") };

    for (size_t i = 0; i < G_N_ELEMENTS(requests); i++) {
        g_autoptr(Client) client = client_open(f);
        client_say(client, requests[i]);
        app_wait(&f->app, &f->app.n_parked, (int)i + 1);
        pthread_mutex_lock(&f->app.lock);
        req_wake(f->app.parked);
        pthread_mutex_unlock(&f->app.lock);
        g_autoptr(Answer) a = client_read(client, true);
        g_assert_cmpstr(a->body->str, ==, "{\"stopping\":0}");
        g_autoptr(Answer) next = ask(client, GET_("/inline"));
        g_assert_cmpint(next->status, ==, 200);
    }
}

static void early_wakes_and_deadlines_count(Fixture *f, const void *unused)
{
    static const char *const requests[] = { GET_("/park?seconds=100&early=1"),
                                            GET_("/park/inline?seconds=100&early=1"),
                                            GET_("/park?seconds=0"), GET_("/park?seconds=-5"),
                                            GET_("/park?seconds=1") };
    g_autoptr(Client) client = client_open(f);

    for (size_t i = 0; i < G_N_ELEMENTS(requests); i++) {
        g_autoptr(Answer) a = ask(client, requests[i]);
        g_assert_cmpint(a->status, ==, 200);
    }
    ServerCounts counts;
    server_counts(f->server, &counts);
    g_assert_cmpint(counts.parked, ==, 0);
}

static void parked_clients_that_leave_are_noticed(Fixture *f, const void *unused)
{
    g_autoptr(Client) stays = client_open(f);
    Client *leaves = client_open(f);

    client_say(leaves, GET_("/park?seconds=100"));
    app_wait(&f->app, &f->app.n_parked, 1);
    client_close(leaves);
    app_wait(&f->app, &f->app.n_again, 1);
    g_assert_true(f->app.again_gone);
    g_autoptr(Answer) a = ask(stays, GET_("/worker"));
    g_assert_cmpint(a->status, ==, 200);
}

static void streams_are_whole_or_cut(Fixture *f, const void *unused)
{
    g_autoptr(Client) client = client_open(f);
    g_autoptr(Answer) whole = ask(client, GET_("/stream?mib=3"));
    g_assert_true(whole->whole);
    g_assert_cmpint((int)whole->body->len, ==, 3 * MIB);
    g_autoptr(Answer) empty = ask(client, GET_("/stream?mib=0"));
    g_assert_true(empty->whole);
    g_autoptr(Answer) cut = ask(client, GET_("/stream?mib=1&cut=1"));
    g_assert_cmpint(cut->status, ==, 200);
    g_assert_false(cut->whole);
}

static void streams_begin_before_their_first_byte(Fixture *f, const void *unused)
{
    g_autoptr(Client) client = client_open(f);

    client_say(client, GET_("/stream?mib=1&hold=1"));
    g_autoptr(Answer) head = client_read(client, false);
    g_assert_cmpint(head->status, ==, 200);
    let_go(&f->app);
    g_autoptr(GString) body = g_string_new(NULL);
    g_assert_true(take_chunks(client, body));
    g_assert_cmpint((int)body->len, ==, MIB);
}

static void slow_readers_hold_the_writer_back(Fixture *f, const void *unused)
{
    g_autoptr(Client) client = client_open(f);
    g_autoptr(Client) other = client_open(f);

    client_say(client, GET_("/stream?mib=40"));
    g_autoptr(Answer) head = client_read(client, false);
    g_assert_cmpint(head->status, ==, 200);
    size_t before = resident_pages();
    g_autoptr(Answer) a = ask(other, GET_("/worker"));
    g_assert_cmpint(a->status, ==, 200);
    g_assert_cmpint(app_count(&f->app, &f->app.n_stream_over), ==, 0);
    g_assert_cmpint((int64_t)(resident_pages() - before) * getpagesize(), <, 8 * MIB);
    g_autoptr(GString) body = g_string_new(NULL);
    g_assert_true(take_chunks(client, body));
    g_assert_cmpint((int)body->len, ==, 40 * MIB);
}

static void writers_hear_of_readers_that_leave(Fixture *f, const void *unused)
{
    Client *client = client_open(f);

    client_say(client, GET_("/stream?mib=1000"));
    g_autoptr(Answer) head = client_read(client, false);
    client_close(client);
    app_wait(&f->app, &f->app.n_stream_over, 1);
    g_assert_false(f->app.stream_good);
}

static void only_chosen_routes_answer_before_ready(void)
{
    Fixture f = { 0 };
    const ServerOptions options = { .listen = "127.0.0.1:0",
                                    .mounts = mounts,
                                    .workers = 1,
                                    .max_connections = 8,
                                    .spool_dir = g_get_tmp_dir(),
                                    .dispatch = dispatch,
                                    .fail = fail,
                                    .no_route = no_route };
    f.server = server_start(&options, NULL);
    Client *client = client_open(&f);
    g_autoptr(Answer) early = ask(client, GET_("/inline"));
    g_autoptr(Answer) always = ask(client, GET_("/always"));
    server_set_ready(f.server);
    g_autoptr(Answer) late = ask(client, GET_("/inline"));

    g_assert_cmpint(early->status, ==, 503);
    assert_head(early, "Retry-After", "1");
    g_assert_cmpint(always->status, ==, 200);
    g_assert_cmpint(late->status, ==, 200);
    client_close(client);
    server_free(f.server);
}

static void *stop(void *p)
{
    Fixture *f = p;

    server_stop(f->server, 20 * G_USEC_PER_SEC);
    return NULL;
}

static void stopping_finishes_what_runs(Fixture *f, const void *unused)
{
    g_autoptr(Client) slow = client_open(f);
    g_autoptr(Client) parked = client_open(f);
    g_autoptr(Client) idle = client_open(f);
    g_autoptr(Client) always = client_open(f);
    pthread_t stopper;

    client_say(slow, GET_("/slow"));
    client_say(parked, GET_("/park?seconds=100"));
    app_wait(&f->app, &f->app.n_parked, 1);
    pthread_mutex_lock(&f->app.lock);
    while (!f->app.slow_begun)
        pthread_cond_wait(&f->app.changed, &f->app.lock);
    pthread_mutex_unlock(&f->app.lock);
    pthread_create(&stopper, NULL, stop, f);

    g_autoptr(Answer) woken = client_read(parked, true);
    g_assert_cmpstr(woken->body->str, ==, "{\"stopping\":1}");
    g_autoptr(Answer) refused = ask(idle, GET_("/worker"));
    g_assert_cmpint(refused->status, ==, 503);
    assert_head(refused, "Retry-After", "5");
    g_autoptr(Answer) served = ask(always, GET_("/always"));
    g_assert_cmpint(served->status, ==, 200);

    let_go(&f->app);
    g_autoptr(Answer) finished = client_read(slow, true);
    g_assert_cmpstr(finished->body->str, ==, "{\"slow\":1}");
    pthread_join(stopper, NULL);
}

static void ending_cuts_what_is_left(Fixture *f, const void *unused)
{
    g_autoptr(Client) parked = client_open(f);
    g_autoptr(Client) streaming = client_open(f);
    g_autoptr(Client) sending = client_open(f);

    client_say(parked, GET_("/park/inline?seconds=100"));
    client_say(streaming, GET_("/stream?mib=1000"));
    client_say(sending, "POST /api/v4/raw" H "Content-Length: 3\r\n\r\n");
    app_wait(&f->app, &f->app.n_parked, 1);
    g_autoptr(Answer) head = client_read(streaming, false);
    server_stop(f->server, 0);
    server_free(g_steal_pointer(&f->server));
    g_assert_cmpint(f->app.n_again, ==, 1);
    g_assert_false(f->app.stream_good);
}

static void bad_addresses_are_told(void)
{
    static const char *const addresses[] = { "nonsense", "127.0.0.1:", "::1:80", "256.0.0.1:80",
                                             "127.0.0.1:http" };
    ServerOptions options = { .mounts = mounts, .workers = 1, .max_connections = 8 };

    for (size_t i = 0; i < G_N_ELEMENTS(addresses); i++) {
        g_auto(Error) err = ERROR_INIT;
        options.listen = addresses[i];
        g_assert_null(server_start(&options, &err));
        g_assert_cmpint(err.code, ==, ERR_USAGE);
    }
}

static void ipv6_addresses_are_listened_on(void)
{
    g_auto(Error) err = ERROR_INIT;
    const ServerOptions options = {
        .listen = "[::1]:0", .mounts = mounts, .workers = 1, .max_connections = 8
    };
    Server *server = server_start(&options, &err);

    if (!server) {
        g_test_skip("no IPv6 here");
        return;
    }
    g_autofree char *expected = g_strdup_printf("http://[::1]:%d", server_port(server));
    g_assert_cmpstr(server_address(server), ==, expected);
    server_free(server);
}

static const struct {
    const char *name;
    void (*run)(Fixture *, const void *);
} tests[] = {
    { "usual-headers", replies_carry_the_usual_headers },
    { "request-ids", insane_request_ids_are_replaced },
    { "entity-tags", known_tags_are_not_sent_again },
    { "head", head_is_get_without_a_body },
    { "wrong-paths", wrong_paths_and_methods_are_told },
    { "other-origins", other_origins_may_read },
    { "encodings", all_encodings_give_the_same_tree },
    { "bad-bodies", bad_bodies_are_refused_and_the_connection_lives },
    { "pipelined", pipelined_requests_are_answered_in_order },
    { "too-large", large_bodies_are_413_whatever_they_announce },
    { "expect", waiting_clients_hear_413_before_they_send },
    { "endless", endless_bodies_are_cut_off },
    { "framing", ambiguous_framing_is_refused },
    { "cut-off", cut_off_bodies_reach_no_handler },
    { "long-targets", long_targets_are_414 },
    { "spool", uploads_take_disk_and_not_memory },
    { "file-parts", file_parts_are_spooled },
    { "empty-values", empty_header_values_arrive_empty },
    { "files", files_are_sent_from_their_offset },
    { "no-reply", missing_replies_are_500 },
    { "park-wake", parked_requests_are_woken },
    { "park-early", early_wakes_and_deadlines_count },
    { "park-gone", parked_clients_that_leave_are_noticed },
    { "stream", streams_are_whole_or_cut },
    { "stream-begins", streams_begin_before_their_first_byte },
    { "stream-slow", slow_readers_hold_the_writer_back },
    { "stream-gone", writers_hear_of_readers_that_leave },
    { "stop", stopping_finishes_what_runs },
    { "end", ending_cuts_what_is_left },
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    log_set_level(LOG_WARN);
    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strconcat("/http/server/", tests[i].name, NULL);
        g_test_add(path, Fixture, NULL, set_up, tests[i].run, tear_down);
    }
    g_test_add_func("/http/server/before-ready", only_chosen_routes_answer_before_ready);
    g_test_add_func("/http/server/bad-addresses", bad_addresses_are_told);
    g_test_add_func("/http/server/ipv6", ipv6_addresses_are_listened_on);
    return g_test_run();
}
