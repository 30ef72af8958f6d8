/* Tests of the server as clients see it: raw sockets against a server on a free port. */
#include "http/test_world.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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

static void pulled_replies_are_whole_or_cut(Fixture *f, const void *unused)
{
    g_autoptr(Client) client = client_open(f);
    g_autoptr(Answer) whole = ask(client, GET_("/pulled"));

    g_assert_cmpint(whole->status, ==, 206);
    assert_head(whole, "Content-Length", "200000");
    g_assert_true(whole->whole);
    for (size_t i = 0; i < whole->body->len; i++)
        g_assert_cmpint(whole->body->str[i], ==, '0' + (i + 3) % 10);
    g_autoptr(Answer) cut = ask(client, GET_("/pulled?cut=1"));
    g_assert_cmpint(cut->status, ==, 206);
    g_assert_false(cut->whole);
    app_wait(&f->app, &f->app.n_pulled_over, 2);
}

static void pulled_replies_end_with_their_client(Fixture *f, const void *unused)
{
    Client *client = client_open(f);

    client_say(client, GET_("/pulled"));
    g_assert_true(client_more(client));
    client_close(client);
    client = client_open(f);
    client_say(client, "HEAD /api/v4/pulled" H "\r\n");
    g_autoptr(Answer) head = client_read(client, false);
    g_assert_cmpint(head->status, ==, 206);
    assert_head(head, "Content-Length", "200000");
    client_close(client);
    app_wait(&f->app, &f->app.n_pulled_over, 2);
}

static void missing_replies_are_500(Fixture *f, const void *unused)
{
    g_autoptr(Client) client = client_open(f);
    g_autoptr(Answer) a = ask(client, GET_("/nothing"));

    g_assert_cmpint(a->status, ==, 500);
}

static void only_chosen_routes_answer_before_ready(void)
{
    Fixture f = { 0 };
    const ServerOptions options = test_options("127.0.0.1:0");
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

static void bad_addresses_are_told(void)
{
    static const char *const addresses[] = { "nonsense", "127.0.0.1:", "::1:80", "256.0.0.1:80",
                                             "127.0.0.1:http" };

    for (size_t i = 0; i < G_N_ELEMENTS(addresses); i++) {
        g_auto(Error) err = ERROR_INIT;
        const ServerOptions options = test_options(addresses[i]);
        g_assert_null(server_start(&options, &err));
        g_assert_cmpint(err.code, ==, ERR_USAGE);
    }
}

static void ipv6_addresses_are_listened_on(void)
{
    g_auto(Error) err = ERROR_INIT;
    const ServerOptions options = test_options("[::1]:0");
    Server *server = server_start(&options, &err);

    if (!server) {
        g_test_skip("no IPv6 here");
        return;
    }
    g_autofree char *expected = g_strdup_printf("http://[::1]:%d", server_port(server));
    g_assert_cmpstr(server_address(server), ==, expected);
    server_free(server);
}

static const Case cases[] = {
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
    { "pulled", pulled_replies_are_whole_or_cut },
    { "pulled-ends", pulled_replies_end_with_their_client },
    { "no-reply", missing_replies_are_500 },
    { 0 },
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_cases("server", cases);
    g_test_add_func("/http/server/before-ready", only_chosen_routes_answer_before_ready);
    g_test_add_func("/http/server/bad-addresses", bad_addresses_are_told);
    g_test_add_func("/http/server/ipv6", ipv6_addresses_are_listened_on);
    return g_test_run();
}
