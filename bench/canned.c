/* canned.c - the HTTP library's own speed: answers that stand ready.
 *
 *   canned TYPE FILE...
 *
 * GET /N answers the bytes of the Nth FILE, from 0.  libmicrohttpd as the server runs it: one epoll
 * thread a core.  Prints its address once it listens and serves until SIGTERM.
 */
#include <glib.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct Canned {
    struct MHD_Response **answers;
    gint64 n_answers;
} Canned;

static enum MHD_Result answer(void *data, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *body,
                              size_t *body_size, void **state)
{
    const Canned *canned = data;
    gint64 i = g_ascii_strtoll(url + 1, NULL, 10);

    /* Queued at once, it would end the connection: the library wants to read on first. */
    if (!*state) {
        *state = (void *)canned;
        return MHD_YES;
    }
    if (i < 0 || i >= canned->n_answers)
        return MHD_NO;
    return MHD_queue_response(connection, MHD_HTTP_OK, canned->answers[i]);
}

static struct MHD_Response *load_answer(const char *type, const char *path)
{
    g_autoptr(GError) error = NULL;
    char *bytes = NULL;
    gsize n = 0;

    if (!g_file_get_contents(path, &bytes, &n, &error)) {
        fprintf(stderr, "canned: %s\n", error->message);
        exit(1);
    }
    struct MHD_Response *response =
        MHD_create_response_from_buffer(n, bytes, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(response, "Content-Type", type);
    return response;
}

static struct MHD_Daemon *start(Canned *canned)
{
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TURBO | MHD_USE_ERROR_LOG;
    struct sockaddr_in loopback = { .sin_family = AF_INET,
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

    return MHD_start_daemon(flags, 0, NULL, NULL, answer, canned, MHD_OPTION_SOCK_ADDR, &loopback,
                            MHD_OPTION_THREAD_POOL_SIZE, MAX(2, g_get_num_processors()),
                            MHD_OPTION_END);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "Usage: canned TYPE FILE...\n");
        return 2;
    }
    Canned canned = { .n_answers = argc - 2 };
    sigset_t ends;
    int signal_number;

    canned.answers = g_new0(struct MHD_Response *, canned.n_answers);
    for (gint64 i = 0; i < canned.n_answers; i++)
        canned.answers[i] = load_answer(argv[1], argv[2 + i]);
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, NULL); /* before the library's threads are made */
    struct MHD_Daemon *daemon = start(&canned);
    if (!daemon)
        return 1;
    printf("http://127.0.0.1:%u\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    fflush(stdout);
    sigwait(&ends, &signal_number);
    MHD_stop_daemon(daemon);
    return 0;
}
