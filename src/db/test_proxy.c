/* test_proxy.c - one thread with poll() over all pairs of sockets. */
#include "db/test_proxy.h"

#include <arpa/inet.h>
#include <glib.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_PAIRS = 64, ROUND_MS = 20 };

typedef struct Pair {
    int client;
    int server;
} Pair;

struct TestProxy {
    char *url;
    char *host;
    char *port;
    int listen_fd;
    GThread *thread;
    Pair pairs[MAX_PAIRS]; /* the thread's own */
    int n_pairs;

    GMutex mutex; /* of all below */
    GCond changed;
    char *lose;
    bool has_lost;
    bool paused;
    bool cut_off; /* paused, and all pairs are closed */
    bool stopping;
};

static void close_pair(TestProxy *proxy, int i)
{
    (void)close(proxy->pairs[i].client);
    (void)close(proxy->pairs[i].server);
    proxy->pairs[i] = proxy->pairs[--proxy->n_pairs];
}

static int connect_to_server(const TestProxy *proxy)
{
    struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM };
    struct addrinfo *found;

    g_assert_cmpint(getaddrinfo(proxy->host, proxy->port, &hints, &found), ==, 0);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(connect(fd, found->ai_addr, found->ai_addrlen), ==, 0);
    freeaddrinfo(found);
    return fd;
}

static void accept_one(TestProxy *proxy, bool paused)
{
    int client = accept4(proxy->listen_fd, NULL, NULL, SOCK_CLOEXEC);

    if (client < 0)
        return;
    if (paused) {
        (void)close(client);
        return;
    }
    g_assert_cmpint(proxy->n_pairs, <, MAX_PAIRS);
    proxy->pairs[proxy->n_pairs++] = (Pair){ client, connect_to_server(proxy) };
}

static bool is_to_be_lost(TestProxy *proxy, const char *bytes, ssize_t n)
{
    g_mutex_lock(&proxy->mutex);
    bool lost = proxy->lose && memmem(bytes, (size_t)n, proxy->lose, strlen(proxy->lose));
    if (lost) {
        proxy->has_lost = true;
        g_clear_pointer(&proxy->lose, g_free);
    }
    g_mutex_unlock(&proxy->mutex);
    return lost;
}

/* false: this pair has come to its end. */
static bool pass_on(TestProxy *proxy, int from, int to, bool from_server)
{
    char bytes[65536];
    ssize_t n = read(from, bytes, sizeof bytes);

    if (n <= 0 || (from_server && is_to_be_lost(proxy, bytes, n)))
        return false;
    for (ssize_t at = 0, sent; at < n; at += sent) {
        sent = send(to, bytes + at, (size_t)(n - at), MSG_NOSIGNAL);
        if (sent < 0)
            return false;
    }
    return true;
}

static void move_bytes(TestProxy *proxy)
{
    struct pollfd fds[1 + 2 * MAX_PAIRS] = { { .fd = proxy->listen_fd, .events = POLLIN } };
    int n = proxy->n_pairs;

    for (int i = 0; i < n; i++) {
        fds[1 + 2 * i] = (struct pollfd){ .fd = proxy->pairs[i].client, .events = POLLIN };
        fds[2 + 2 * i] = (struct pollfd){ .fd = proxy->pairs[i].server, .events = POLLIN };
    }
    (void)poll(fds, (nfds_t)(1 + 2 * n), ROUND_MS);
    for (int i = n - 1; i >= 0; i--) {
        Pair pair = proxy->pairs[i];
        if ((fds[1 + 2 * i].revents && !pass_on(proxy, pair.client, pair.server, false)) ||
            (fds[2 + 2 * i].revents && !pass_on(proxy, pair.server, pair.client, true)))
            close_pair(proxy, i);
    }
    g_mutex_lock(&proxy->mutex);
    bool paused = proxy->paused;
    g_mutex_unlock(&proxy->mutex);
    if (fds[0].revents)
        accept_one(proxy, paused);
}

static void *run(void *data)
{
    TestProxy *proxy = data;

    for (;;) {
        g_mutex_lock(&proxy->mutex);
        bool stopping = proxy->stopping;
        bool paused = proxy->paused;
        g_mutex_unlock(&proxy->mutex);
        while ((paused || stopping) && proxy->n_pairs)
            close_pair(proxy, 0);
        if (stopping)
            return NULL;
        g_mutex_lock(&proxy->mutex);
        proxy->cut_off = paused;
        g_cond_signal(&proxy->changed);
        g_mutex_unlock(&proxy->mutex);
        move_bytes(proxy);
    }
}

/* postgresql://user:password@host:port/name */
static void take_apart(TestProxy *proxy, const char *url, int port)
{
    g_autoptr(GRegex) regex = g_regex_new("^(.*@)([^:/?]+):(\\d+)(/.*)$", 0, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;

    g_assert_true(g_regex_match(regex, url, 0, &match));
    g_autofree char *before = g_match_info_fetch(match, 1);
    g_autofree char *after = g_match_info_fetch(match, 4);
    proxy->host = g_match_info_fetch(match, 2);
    proxy->port = g_match_info_fetch(match, 3);
    proxy->url = g_strdup_printf("%s127.0.0.1:%d%s", before, port, after);
}

TestProxy *test_proxy_new(const char *url)
{
    TestProxy *proxy = g_new0(TestProxy, 1);
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;

    proxy->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(proxy->listen_fd, (struct sockaddr *)&address, size), ==, 0);
    g_assert_cmpint(listen(proxy->listen_fd, MAX_PAIRS), ==, 0);
    g_assert_cmpint(getsockname(proxy->listen_fd, (struct sockaddr *)&address, &size), ==, 0);
    take_apart(proxy, url, ntohs(address.sin_port));
    g_mutex_init(&proxy->mutex);
    g_cond_init(&proxy->changed);
    proxy->thread = g_thread_new("proxy", run, proxy);
    return proxy;
}

void test_proxy_free(TestProxy *proxy)
{
    g_mutex_lock(&proxy->mutex);
    proxy->stopping = true;
    g_mutex_unlock(&proxy->mutex);
    g_thread_join(proxy->thread);
    (void)close(proxy->listen_fd);
    g_mutex_clear(&proxy->mutex);
    g_cond_clear(&proxy->changed);
    g_free(proxy->lose);
    g_free(proxy->url);
    g_free(proxy->host);
    g_free(proxy->port);
    g_free(proxy);
}

const char *test_proxy_url(const TestProxy *proxy)
{
    return proxy->url;
}

void test_proxy_lose_next(TestProxy *proxy, const char *text)
{
    g_mutex_lock(&proxy->mutex);
    g_free(proxy->lose);
    proxy->lose = g_strdup(text);
    g_mutex_unlock(&proxy->mutex);
}

bool test_proxy_has_lost(TestProxy *proxy)
{
    g_mutex_lock(&proxy->mutex);
    bool lost = proxy->has_lost;
    g_mutex_unlock(&proxy->mutex);
    return lost;
}

static void set_paused(TestProxy *proxy, bool paused)
{
    g_mutex_lock(&proxy->mutex);
    proxy->paused = paused;
    while (proxy->cut_off != paused)
        g_cond_wait(&proxy->changed, &proxy->mutex);
    g_mutex_unlock(&proxy->mutex);
}

void test_proxy_pause(TestProxy *proxy)
{
    set_paused(proxy, true);
}

void test_proxy_resume(TestProxy *proxy)
{
    set_paused(proxy, false);
}
