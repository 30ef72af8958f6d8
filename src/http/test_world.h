/* test_world.h - for the tests of the server: a small api behind it, and a client on a raw socket. */
#ifndef PENSTOCK_HTTP_TEST_WORLD_H
#define PENSTOCK_HTTP_TEST_WORLD_H

#include "http/server.h"

#include <pthread.h>
#include <stdatomic.h>

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
    int n_pulled_over; /* pulled replies that were freed */
    atomic_bool pull_breaks;
    int64_t n_fed; /* bytes that the feed has written */
    atomic_bool stream_good;
} App;

void app_note(App *app, int *counter);
int app_count(App *app, const int *counter);
void app_wait(App *app, const int *counter, int at_least);
/* A handler that holds a worker goes on. */
void let_go(App *app);

typedef struct Fixture {
    Server *server;
    App app;
} Fixture;

/* A server with the small api, ready.  @unused: GLib's. */
void set_up(Fixture *f, const void *unused);
void tear_down(Fixture *f, const void *unused);
/* Its options, for one of another kind: of the api and nothing else. */
ServerOptions test_options(const char *listen);

/* Memory of this process. */
size_t resident_pages(void);

typedef struct Case {
    const char *name;
    void (*run)(Fixture *, const void *);
} Case;

/* Adds "/http/@folder/<name>" for each of @cases, which a row without a name ends. */
void add_cases(const char *folder, const Case *cases);

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

Client *client_open(const Fixture *f);
void client_close(Client *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Client, client_close)
void answer_free(Answer *a);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Answer, answer_free)

bool client_send(Client *client, const char *bytes, size_t size);
void client_say(Client *client, const char *text);
/* Waits for more input; false: the connection is closed. */
bool client_more(Client *client);
/* @size bytes, or a body in chunks, out of the input; false: the connection ended before. */
bool take(Client *client, GString *into, size_t size);
bool take_chunks(Client *client, GString *into);
Answer *client_read(Client *client, bool body);
Answer *ask(Client *client, const char *request);
/* Of a header; owned; NULL: absent. */
char *head_value(const Answer *a, const char *name);
void assert_head(const Answer *a, const char *name, const char *expected);

#define H          " HTTP/1.1\r\nHost: x\r\n"
#define GET_(path) "GET /api/v4" path H "\r\n"

#endif
