/* embedded.c - the watcher of the embedded runner. */
#include "embedded.h"

#include "base/log.h"
#include "base/text.h"
#include "exec/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RESTART_PAUSE_MS = 200, MAX_RESTART_PAUSE_MS = 5000, SOON_DEAD_US = 2000000 };

struct Embedded {
    EmbeddedOptions options; /* its texts are the three below */
    char *program;
    char *address_file;
    char *token_file;
    char *lock_file;
    char *work_dir;
    char *data_dir;
    char *slots;
    char *orphan_s;
    GThread *watcher;
    GMutex lock; /* guards the two below */
    bool stopping;
    pid_t pid;   /* 0: none now */
    int wake[2]; /* a byte written here ends the watcher's waits */
};

/* The process that holds the runner's lock, 0: nobody does. */
static pid_t holder_of(const char *lock_file)
{
    g_autofree char *text = NULL;
    int64_t pid = 0;
    int fd = open(lock_file, O_RDWR | O_CLOEXEC);

    if (fd < 0)
        return 0;
    bool is_free = flock(fd, LOCK_EX | LOCK_NB) == 0;
    close(fd);
    if (is_free || !g_file_get_contents(lock_file, &text, NULL, NULL))
        return 0;
    return text_to_int(g_strstrip(text), &pid) && pid > 1 ? (pid_t)pid : 0;
}

/* The environment without the server's settings: they may hold the root token or the database's
 * password, and jobs run close to the runner.  What it needs of them are its flags. */
static char **runner_environment(void)
{
    g_auto(GStrv) own = g_get_environ();
    g_autoptr(GStrvBuilder) kept = g_strv_builder_new();

    for (char **entry = own; *entry; entry++)
        if (!g_str_has_prefix(*entry, "PENSTOCK_"))
            g_strv_builder_add(kept, *entry);
    return g_strv_builder_end(kept);
}

/* SIGTERM and SIGINT are the server's to wait for: the child gets them unblocked, in a session of its
 * own, so that the terminal's Ctrl-C does not reach it. */
static bool spawn_runner(Embedded *e, pid_t *pid, Error *err)
{
    const Settings *settings = e->options.settings;
    posix_spawnattr_t attributes;
    sigset_t none, usual;
    const char *argv[] = { e->options.program,
                           "runner",
                           "--address-file",
                           e->options.address_file,
                           "--token-file",
                           e->options.token_file,
                           "--work-dir",
                           e->work_dir,
                           "--lock-file",
                           e->lock_file,
                           "--hidden-dir",
                           e->data_dir,
                           "--slots",
                           e->slots,
                           "--executor",
                           settings->executor,
                           "--orphan-s",
                           e->orphan_s,
                           "--name",
                           "embedded runner",
                           settings->ignore_image ? "--ignore-image" : NULL,
                           NULL,
                           NULL };

    if (settings->no_network)
        argv[settings->ignore_image ? G_N_ELEMENTS(argv) - 2 : G_N_ELEMENTS(argv) - 3] =
            "--no-network";
    sigemptyset(&none);
    sigemptyset(&usual);
    sigaddset(&usual, SIGTERM);
    sigaddset(&usual, SIGINT);
    sigaddset(&usual, SIGPIPE);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    g_auto(GStrv) env = runner_environment();
    int failed = posix_spawn(pid, e->options.program, NULL, &attributes, (char **)argv, env);
    posix_spawnattr_destroy(&attributes);
    return failed == 0 || error_errno(err, failed, "cannot start the embedded runner");
}

/* Waits until @pid has ended or the watcher is woken; true: it ended. */
static bool wait_for_end(Embedded *e, pid_t pid)
{
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);

    if (fd < 0)
        return errno == ESRCH;
    struct pollfd events[] = { { .fd = fd, .events = POLLIN },
                               { .fd = e->wake[0], .events = POLLIN } };
    while (poll(events, G_N_ELEMENTS(events), -1) < 0 && errno == EINTR)
        ;
    close(fd);
    if (!(events[0].revents & POLLIN))
        return false;
    /* A child of ours is reaped; an adopted one is init's. */
    (void)waitpid(pid, NULL, WNOHANG);
    return true;
}

/* false: woken meanwhile. */
static bool pause_ms(Embedded *e, int ms)
{
    struct pollfd event = { .fd = e->wake[0], .events = POLLIN };

    return poll(&event, 1, ms) == 0;
}

static bool set_pid(Embedded *e, pid_t pid)
{
    g_mutex_lock(&e->lock);
    e->pid = pid;
    bool stopping = e->stopping;
    g_mutex_unlock(&e->lock);
    return !stopping;
}

static void *watch(void *data)
{
    Embedded *e = data;
    pid_t pid = holder_of(e->lock_file);
    int pause = RESTART_PAUSE_MS;

    if (pid)
        log_line(LOG_INFO, "the embedded runner of an earlier server goes on: process %d",
                 (int)pid);
    for (;;) {
        g_auto(Error) err = ERROR_INIT;
        if (!pid) {
            exec_kill_leftovers(e->work_dir);
            e->options.lost(e->options.data);
            if (!spawn_runner(e, &pid, &err))
                log_error(&err, "no embedded runner");
        }
        int64_t started = g_get_monotonic_time();
        if (!set_pid(e, pid))
            return NULL;
        if (pid && !wait_for_end(e, pid))
            return NULL;
        if (!set_pid(e, 0))
            return NULL;
        if (pid)
            log_line(LOG_WARN, "the embedded runner ended: process %d", (int)pid);
        pid = 0;
        /* One that dies at once is not started in a tight loop. */
        bool soon = g_get_monotonic_time() - started < SOON_DEAD_US;
        pause = soon ? MIN(pause * 2, MAX_RESTART_PAUSE_MS) : RESTART_PAUSE_MS;
        if (soon) {
            exec_kill_leftovers(e->work_dir);
            e->options.lost(e->options.data);
            if (!pause_ms(e, pause))
                return NULL;
        }
    }
}

Embedded *embedded_start(const EmbeddedOptions *options, Error *err)
{
    Embedded *e = g_new0(Embedded, 1);

    e->options = *options;
    e->options.program = e->program = g_strdup(options->program);
    e->options.address_file = e->address_file = g_strdup(options->address_file);
    e->options.token_file = e->token_file = g_strdup(options->token_file);
    e->data_dir = g_canonicalize_filename(options->settings->data, NULL);
    e->lock_file = g_build_filename(e->data_dir, "run", "runner.lock", NULL);
    e->work_dir = g_build_filename(e->data_dir, "runner", NULL);
    e->slots = g_strdup_printf("%" G_GINT64_FORMAT, options->settings->runners);
    e->orphan_s = g_strdup_printf("%" G_GINT64_FORMAT, options->settings->runner_orphan_s);
    g_mutex_init(&e->lock);
    if (pipe2(e->wake, O_CLOEXEC) != 0) {
        error_errno(err, errno, "cannot make a pipe");
        e->wake[0] = e->wake[1] = -1;
        embedded_stop(e, 0);
        return NULL;
    }
    e->watcher = g_thread_new("embedded", watch, e);
    return e;
}

static void end_process(pid_t pid, int64_t grace_us)
{
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);

    if (fd < 0)
        return;
    struct pollfd event = { .fd = fd, .events = POLLIN };
    (void)kill(pid, SIGTERM);
    if (poll(&event, 1, (int)(grace_us / 1000)) == 0) {
        (void)kill(pid, SIGKILL);
        (void)poll(&event, 1, 1000);
    }
    (void)waitpid(pid, NULL, WNOHANG);
    close(fd);
}

void embedded_stop(Embedded *e, int64_t grace_us)
{
    if (!e)
        return;
    if (e->watcher) {
        g_mutex_lock(&e->lock);
        e->stopping = true;
        g_mutex_unlock(&e->lock);
        ssize_t ignored =
            write(e->wake[1], "", 1); /* wakes the watcher; there is room for a byte */
        (void)ignored;
        g_thread_join(e->watcher);
        if (e->pid)
            end_process(e->pid, grace_us);
        exec_kill_leftovers(e->work_dir);
    }
    if (e->wake[0] >= 0)
        close(e->wake[0]);
    if (e->wake[1] >= 0)
        close(e->wake[1]);
    g_mutex_clear(&e->lock);
    g_free(e->program);
    g_free(e->address_file);
    g_free(e->token_file);
    g_free(e->data_dir);
    g_free(e->lock_file);
    g_free(e->work_dir);
    g_free(e->slots);
    g_free(e->orphan_s);
    g_free(e);
}
