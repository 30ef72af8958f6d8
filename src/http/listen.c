/* listen.c - the listening socket. */
#include "http/listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool split(const char *listen_on, char **host, char **port, Error *err)
{
    const char *colon = strrchr(listen_on, ':');
    const char *start = listen_on;
    const char *end = colon;

    if (colon && *start == '[' && colon[-1] == ']') {
        start++;
        end--;
    } else if (colon && memchr(start, ':', (size_t)(colon - start))) {
        return error_set(err, ERR_USAGE, "write an IPv6 address in brackets: [%s]:PORT", listen_on);
    }
    if (!colon || colon[1] == '\0')
        return error_set(err, ERR_USAGE, "'%s' is not ADDR:PORT", listen_on);
    *host = g_strndup(start, (gsize)(end - start));
    *port = g_strdup(colon + 1);
    return true;
}

static int try_listen(const struct addrinfo *info)
{
    int on = 1, off = 0;
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (info->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0)
        return fd;
    int failed = errno;
    close(fd);
    errno = failed;
    return -1;
}

/* Reads the port back, and the address with "all" turned into loopback. */
static void describe(int fd, int *port, char **address)
{
    struct sockaddr_storage bound = { 0 };
    socklen_t size = sizeof bound;
    char host[NI_MAXHOST], service[NI_MAXSERV];

    getsockname(fd, (struct sockaddr *)&bound, &size);
    struct sockaddr_in *v4 = (struct sockaddr_in *)&bound;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&bound;
    if (bound.ss_family == AF_INET && v4->sin_addr.s_addr == htonl(INADDR_ANY))
        v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bound.ss_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr))
        v6->sin6_addr = in6addr_loopback;
    getnameinfo((struct sockaddr *)&bound, size, host, sizeof host, service, sizeof service,
                NI_NUMERICHOST | NI_NUMERICSERV);
    *port = ntohs(bound.ss_family == AF_INET6 ? v6->sin6_port : v4->sin_port);
    *address = g_strdup_printf(bound.ss_family == AF_INET6 ? "http://[%s]:%s" : "http://%s:%s",
                               host, service);
}

int listen_open(const char *listen_on, int *port, char **address, Error *err)
{
    g_autofree char *host = NULL;
    g_autofree char *service = NULL;
    const struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
                                    .ai_socktype = SOCK_STREAM };
    /* "localhost" means 127.0.0.1 to most clients, so that family goes first. */
    static const int families[] = { AF_INET, AF_INET6 };
    struct addrinfo *found = NULL;
    int fd = -1;

    if (!split(listen_on, &host, &service, err))
        return -1;
    int failed = getaddrinfo(host[0] != '\0' ? host : NULL, service, &hints, &found);
    if (failed) {
        error_set(err, ERR_USAGE, "cannot listen on %s: %s", listen_on, gai_strerror(failed));
        return -1;
    }
    for (size_t f = 0; f < G_N_ELEMENTS(families) && fd < 0; f++)
        for (const struct addrinfo *info = found; info && fd < 0; info = info->ai_next)
            if (info->ai_family == families[f])
                fd = try_listen(info);
    failed = errno;
    freeaddrinfo(found);
    if (fd < 0)
        error_set(err, ERR_USAGE, "cannot listen on %s: %s", listen_on, g_strerror(failed));
    else
        describe(fd, port, address);
    return fd;
}
