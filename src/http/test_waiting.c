/* Tests of requests that are not answered at once: parked, streamed, under way when the server stops. */
#include "http/test_world.h"

#include <string.h>
#include <unistd.h>

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

/* Asks for a feed and takes in its headers; it is parked then. */
static Client *open_feed(Fixture *f, const char *request)
{
    Client *client = client_open(f);

    client_say(client, request);
    g_autoptr(Answer) head = client_read(client, false);
    g_assert_cmpint(head->status, ==, 200);
    app_wait(&f->app, &f->app.n_parked, 1);
    return client;
}

static void wake_parked(Fixture *f)
{
    pthread_mutex_lock(&f->app.lock);
    req_wake(f->app.parked);
    pthread_mutex_unlock(&f->app.lock);
}

static void parked_streams_go_on_where_there_is_room(Fixture *f, const void *unused)
{
    g_autoptr(Client) client = open_feed(f, GET_("/feed?mib=5"));
    g_autoptr(GString) body = g_string_new(NULL);

    wake_parked(f);
    g_assert_true(take_chunks(client, body));
    g_assert_cmpint((int)body->len, ==, 5 * MIB);
    app_wait(&f->app, &f->app.n_stream_over, 1);
    g_autoptr(Answer) next = ask(client, GET_("/inline"));
    g_assert_cmpint(next->status, ==, 200);
}

static void parked_streams_hold_no_worker(Fixture *f, const void *unused)
{
    enum { MORE_THAN_WORKERS = 10 };
    Client *clients[MORE_THAN_WORKERS];

    for (int i = 0; i < MORE_THAN_WORKERS; i++) {
        clients[i] = open_feed(f, GET_("/feed?mib=1"));
        app_wait(&f->app, &f->app.n_parked, i + 1);
    }
    g_autoptr(Client) client = client_open(f);
    g_autoptr(Answer) a = ask(client, GET_("/worker"));
    g_assert_cmpint(a->status, ==, 200);
    for (int i = 0; i < MORE_THAN_WORKERS; i++)
        client_close(clients[i]);
    app_wait(&f->app, &f->app.n_stream_over, MORE_THAN_WORKERS);
}

static void parked_streams_hear_of_readers_that_leave(Fixture *f, const void *unused)
{
    client_close(open_feed(f, GET_("/feed?mib=1")));
    app_wait(&f->app, &f->app.n_stream_over, 1);
    g_assert_false(f->app.stream_good);

    Client *full = client_open(f);
    client_say(full, GET_("/feed?mib=1000"));
    app_wait(&f->app, &f->app.n_parked, 2);
    wake_parked(f);
    app_wait(&f->app, &f->app.n_again, 2);
    client_close(full);
    app_wait(&f->app, &f->app.n_stream_over, 2);
    g_assert_false(f->app.stream_good);
}

static void parked_streams_end_with_the_server(Fixture *f, const void *unused)
{
    g_autoptr(Client) client = open_feed(f, GET_("/feed?mib=1"));
    g_autoptr(GString) body = g_string_new(NULL);

    server_stop(f->server, 20 * G_USEC_PER_SEC);
    g_assert_true(take_chunks(client, body));
    app_wait(&f->app, &f->app.n_stream_over, 1);
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

static const Case cases[] = {
    { "park-wake", parked_requests_are_woken },
    { "park-early", early_wakes_and_deadlines_count },
    { "park-gone", parked_clients_that_leave_are_noticed },
    { "stream", streams_are_whole_or_cut },
    { "stream-begins", streams_begin_before_their_first_byte },
    { "stream-slow", slow_readers_hold_the_writer_back },
    { "stream-gone", writers_hear_of_readers_that_leave },
    { "feed", parked_streams_go_on_where_there_is_room },
    { "feed-parked", parked_streams_hold_no_worker },
    { "feed-gone", parked_streams_hear_of_readers_that_leave },
    { "feed-stop", parked_streams_end_with_the_server },
    { "stop", stopping_finishes_what_runs },
    { "end", ending_cuts_what_is_left },
    { 0 },
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_cases("waiting", cases);
    return g_test_run();
}
