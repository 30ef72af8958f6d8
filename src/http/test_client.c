/* test_client.c - a client on a raw socket: what a library would mend for us shows here. */
#include "http/test_world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

Client *client_open(const Fixture *f)
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

void client_close(Client *client)
{
    close(client->fd);
    g_string_free(client->input, TRUE);
    g_free(client);
}

bool client_send(Client *client, const char *bytes, size_t size)
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

void client_say(Client *client, const char *text)
{
    g_assert_true(client_send(client, text, strlen(text)));
}

bool client_more(Client *client)
{
    char block[16384];
    ssize_t n = recv(client->fd, block, sizeof block, 0);

    g_assert_false(n < 0 && errno == EAGAIN); /* out of patience */
    if (n > 0)
        g_string_append_len(client->input, block, n);
    return n > 0;
}

void answer_free(Answer *a)
{
    g_free(a->head);
    g_string_free(a->body, TRUE);
    g_free(a);
}

char *head_value(const Answer *a, const char *name)
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

bool take(Client *client, GString *into, size_t size)
{
    while (client->input->len < size)
        if (!client_more(client))
            return false;
    g_string_append_len(into, client->input->str, (gssize)size);
    g_string_erase(client->input, 0, (gssize)size);
    return true;
}

bool take_chunks(Client *client, GString *into)
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

Answer *client_read(Client *client, bool body)
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

Answer *ask(Client *client, const char *request)
{
    client_say(client, request);
    return client_read(client, !g_str_has_prefix(request, "HEAD"));
}

void assert_head(const Answer *a, const char *name, const char *expected)
{
    g_autofree char *value = head_value(a, name);

    g_assert_cmpstr(value, ==, expected);
}
