/* child.c - one git process: started, fed, drained, ended, reaped, all by the calling thread.
 *
 * Without gzip the body's descriptor is the child's own stdin and only output passes through here.
 * With gzip a socket pair stands between (a socket, since writing to one whose reader is gone can
 * be told not to raise SIGPIPE), and one poll() serves both ways, so that neither side can wait for
 * the other for ever.
 */
#include "repo/child.h"

#include "base/text.h"
#include "repo/store.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

enum {
    CHUNK = 64 * 1024,
    STDERR_KEPT = 4096,
    MAX_STRING = 1024 * 1024,
    KILL_AFTER_US = 2 * 1000 * 1000
};

/* --- environment ----------------------------------------------------------------------------- */

void git_env_set(GitEnv *env, const char *name, const char *value)
{
    g_ptr_array_add(env->vars, g_strconcat(name, "=", value, NULL));
}

void git_env_config(GitEnv *env, const char *key, const char *value)
{
    g_ptr_array_add(env->vars, g_strdup_printf("GIT_CONFIG_KEY_%u=%s", env->n_config, key));
    g_ptr_array_add(env->vars, g_strdup_printf("GIT_CONFIG_VALUE_%u=%s", env->n_config, value));
    env->n_config++;
}

void git_env_init(GitEnv *env, const RepoStore *store)
{
    static const char *const fixed[][2] = {
        { "HOME", "/nonexistent" },
        { "XDG_CONFIG_HOME", "/nonexistent" },
        { "LC_ALL", "C" },
        { "GIT_CONFIG_NOSYSTEM", "1" },
        { "GIT_ATTR_NOSYSTEM", "1" },
        { "GIT_TERMINAL_PROMPT", "0" },
    };
    static const char *const config[][2] = {
        { "safe.directory", "*" },
        /* What is acknowledged is on disk. */
        { "core.fsync", "all" },
        { "core.fsyncMethod", "fsync" },
        { "core.logAllRefUpdates", "false" },
        /* Larger files are streamed by git, not held. */
        { "core.bigFileThreshold", "50m" },
        { "pack.windowMemory", "100m" },
        { "pack.threads", "2" },
        { "gc.autoDetach", "false" },
        { "maintenance.auto", "false" },
        { "advice.detachedHead", "false" },
    };
    const char *path = g_getenv("PATH");
    const char *tmp = g_getenv("TMPDIR");

    env->vars = g_ptr_array_new_with_free_func(g_free);
    env->n_config = 0;
    git_env_set(env, "PATH", path ? path : "/usr/local/bin:/usr/bin:/bin");
    if (tmp)
        git_env_set(env, "TMPDIR", tmp);
    for (size_t i = 0; i < G_N_ELEMENTS(fixed); i++)
        git_env_set(env, fixed[i][0], fixed[i][1]);
    git_env_set(env, "GIT_CONFIG_GLOBAL", store_git_config(store));
    for (size_t i = 0; i < G_N_ELEMENTS(config); i++)
        git_env_config(env, config[i][0], config[i][1]);
    git_env_config(env, "core.hooksPath", store_hooks_dir(store));
}

void git_env_clear(GitEnv *env)
{
    g_clear_pointer(&env->vars, g_ptr_array_unref);
}

/* As execve() wants it.  The strings stay @env's. */
static char **env_block(const GitEnv *env, char **count)
{
    char **block = g_new0(char *, env->vars->len + 2);

    *count = g_strdup_printf("GIT_CONFIG_COUNT=%u", env->n_config);
    memcpy(block, env->vars->pdata, env->vars->len * sizeof(char *));
    block[env->vars->len] = *count;
    return block;
}

void git_end_clear(GitEnd *end)
{
    g_clear_pointer(&end->stderr_text, g_free);
}

bool git_sink_to_string(void *string, const void *bytes, size_t size)
{
    GString *s = string;

    if (s->len + size > MAX_STRING)
        return false;
    g_string_append_len(s, bytes, (gssize)size);
    return true;
}

/* --- the process ----------------------------------------------------------------------------- */

/* Our ends of what is between us and the child; -1 when closed. */
typedef struct Child {
    const GitRun *run;
    pid_t pid;
    int to_stdin; /* -1 also where the child reads the body itself */
    int from_stdout;
    int from_stderr;

    char *chunk; /* output passes through here */
    GString *stderr_tail;
    bool wrote;
    gint64 deadline_us; /* when it will be killed: 0 never */
    bool stopped;       /* by us: @why says it */
    Error why;

    z_stream z; /* with gzip only */
    bool z_ended;
    unsigned char *packed;   /* what was read of the body */
    unsigned char *unpacked; /* what is to be written */
    size_t have, written;    /* of @unpacked */
    int64_t total_unpacked;
} Child;

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* Descriptors of the child's side. */
typedef struct ChildEnds {
    int in, out, err;
} ChildEnds;

static void close_ends(ChildEnds *ends)
{
    close_fd(&ends->in);
    close_fd(&ends->out);
    close_fd(&ends->err);
}

static bool open_ends(Child *child, ChildEnds *ends, Error *err)
{
    int out[2], errors[2], in[2];

    if (pipe2(out, O_CLOEXEC) != 0)
        return error_errno(err, errno, "cannot make a pipe");
    child->from_stdout = out[0];
    ends->out = out[1];
    if (pipe2(errors, O_CLOEXEC) != 0)
        return error_errno(err, errno, "cannot make a pipe");
    child->from_stderr = errors[0];
    ends->err = errors[1];
    if (child->run->gzip && child->run->body_fd >= 0) {
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) != 0)
            return error_errno(err, errno, "cannot make a socket pair");
        child->to_stdin = in[0];
        ends->in = in[1];
        return true;
    }
    ends->in = child->run->body_fd >= 0 ? fcntl(child->run->body_fd, F_DUPFD_CLOEXEC, 3)
                                        : open("/dev/null", O_RDONLY | O_CLOEXEC);
    return ends->in >= 0 || error_errno(err, errno, "cannot open git's input");
}

static int add_files(posix_spawn_file_actions_t *files, const ChildEnds *ends, int keep_fd)
{
    int rc = posix_spawn_file_actions_adddup2(files, ends->in, 0);

    if (rc == 0)
        rc = posix_spawn_file_actions_adddup2(files, ends->out, 1);
    if (rc == 0)
        rc = posix_spawn_file_actions_adddup2(files, ends->err, 2);
    if (rc == 0 && keep_fd >= 0)
        rc = posix_spawn_file_actions_adddup2(files, keep_fd, 3);
    if (rc == 0)
        rc = posix_spawn_file_actions_addclosefrom_np(files, keep_fd >= 0 ? 4 : 3);
    return rc;
}

static bool spawn(Child *child, const ChildEnds *ends, Error *err)
{
    const GitRun *run = child->run;
    g_autofree char *count = NULL;
    g_autofree char **block = env_block(run->env, &count);
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none, all;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setpgroup(&attr, 0);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                        POSIX_SPAWN_SETSIGDEF);
    posix_spawn_file_actions_init(&files);
    int rc = add_files(&files, ends, run->keep_fd);
    if (rc == 0)
        rc =
            posix_spawnp(&child->pid, run->argv[0], &files, &attr, (char *const *)run->argv, block);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attr);
    return rc == 0 || error_errno(err, rc, "cannot start %s", run->argv[0]);
}

static bool start(Child *child, Error *err)
{
    ChildEnds ends = { -1, -1, -1 };

    bool ok = open_ends(child, &ends, err) && spawn(child, &ends, err);
    close_ends(&ends);
    return ok;
}

/* Asks the whole group to end; git takes its temporary files away.  Killed if it is still there
 * when KILL_AFTER_US are over. */
static void stop(Child *child)
{
    child->stopped = true;
    child->deadline_us = g_get_monotonic_time() + KILL_AFTER_US;
    (void)kill(-child->pid, SIGTERM); /* it may have ended already */
    close_fd(&child->to_stdin);
}

static void time_is_up(Child *child)
{
    if (child->stopped) {
        (void)kill(-child->pid, SIGKILL);
        child->deadline_us = 0;
        return;
    }
    error_set(&child->why, ERR_UNAVAILABLE, "git took longer than %" G_GINT64_FORMAT " s",
              child->run->timeout_s);
    stop(child);
}

/* --- its input, unpacked on the way ---------------------------------------------------------- */

static void stop_for_input(Child *child, ErrCode code, const char *text)
{
    error_set(&child->why, code, "%s", text);
    stop(child);
}

/* Unpacks what is in z.next_in, reading more of the body when that is used up. */
static void unpack_some(Child *child)
{
    z_stream *z = &child->z;

    if (z->avail_in == 0) {
        ssize_t n = read(child->run->body_fd, child->packed, CHUNK);
        if (n < 0 && errno == EINTR)
            return;
        if (n <= 0) {
            stop_for_input(child, n < 0 ? ERR_IO : ERR_BAD_REQUEST,
                           n < 0 ? "cannot read the request's body" : "the gzip stream is cut off");
            return;
        }
        z->next_in = child->packed;
        z->avail_in = (uInt)n;
    }
    z->next_out = child->unpacked;
    z->avail_out = CHUNK;
    int rc = inflate(z, Z_NO_FLUSH);
    if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR) {
        stop_for_input(child, ERR_BAD_REQUEST, "the gzip stream is broken");
        return;
    }
    child->z_ended = rc == Z_STREAM_END;
    child->have = CHUNK - z->avail_out;
    child->written = 0;
    child->total_unpacked += (int64_t)child->have;
    if (child->run->max_unpacked > 0 && child->total_unpacked > child->run->max_unpacked)
        stop_for_input(child, ERR_TOO_LARGE, "the unpacked request is too large");
}

static void feed(Child *child)
{
    if (child->written == child->have && !child->z_ended)
        unpack_some(child);
    if (child->to_stdin < 0)
        return;
    if (child->written < child->have) {
        ssize_t n = send(child->to_stdin, child->unpacked + child->written,
                         child->have - child->written, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0)
            child->written += (size_t)n;
        else if (n < 0 && errno != EAGAIN && errno != EINTR)
            close_fd(&child->to_stdin); /* git has read enough; its exit status tells */
    }
    if (child->written == child->have && child->z_ended)
        close_fd(&child->to_stdin);
}

/* --- its output ------------------------------------------------------------------------------ */

static void take_output(Child *child)
{
    ssize_t n = read(child->from_stdout, child->chunk, CHUNK);

    if (n < 0 && errno == EINTR)
        return;
    if (n <= 0) {
        close_fd(&child->from_stdout);
        return;
    }
    child->wrote = true;
    if (!child->stopped && !child->run->sink(child->run->data, child->chunk, (size_t)n)) {
        error_set(&child->why, ERR_IO, "the receiver of git's output went away");
        stop(child);
    }
}

static void take_errors(Child *child)
{
    ssize_t n = read(child->from_stderr, child->chunk, CHUNK);

    if (n < 0 && errno == EINTR)
        return;
    if (n <= 0) {
        close_fd(&child->from_stderr);
        return;
    }
    g_string_append_len(child->stderr_tail, child->chunk, n);
    if (child->stderr_tail->len > STDERR_KEPT)
        g_string_erase(child->stderr_tail, 0, (gssize)(child->stderr_tail->len - STDERR_KEPT));
}

static int poll_timeout_ms(const Child *child)
{
    if (child->deadline_us == 0)
        return -1;
    gint64 left_us = child->deadline_us - g_get_monotonic_time();
    return left_us <= 0 ? 0 : (int)MIN(left_us / 1000 + 1, G_MAXINT);
}

/* Until both outputs are closed. */
static void pump(Child *child)
{
    while (child->from_stdout >= 0 || child->from_stderr >= 0) {
        /* While there is nothing to write, the body is what is waited for. */
        bool hungry = child->to_stdin >= 0 && child->written == child->have && !child->z_ended &&
                      child->z.avail_in == 0;
        struct pollfd fds[] = {
            { child->from_stdout, POLLIN, 0 },
            { child->from_stderr, POLLIN, 0 },
            { hungry ? -1 : child->to_stdin, POLLOUT, 0 },
            { hungry ? child->run->body_fd : -1, POLLIN, 0 },
        };
        int n = poll(fds, G_N_ELEMENTS(fds), poll_timeout_ms(child));
        if (n == 0)
            time_is_up(child);
        if (n <= 0)
            continue;
        if (fds[0].revents)
            take_output(child);
        if (fds[1].revents)
            take_errors(child);
        if (child->to_stdin >= 0 && (fds[2].revents || fds[3].revents))
            feed(child);
    }
}

static int reap(const Child *child)
{
    int status = 0;

    while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static bool child_init(Child *child, const GitRun *run, Error *err)
{
    *child = (Child){ .run = run, .to_stdin = -1, .from_stdout = -1, .from_stderr = -1 };
    child->chunk = g_malloc(CHUNK);
    child->stderr_tail = g_string_new(NULL);
    if (run->timeout_s > 0)
        child->deadline_us = g_get_monotonic_time() + run->timeout_s * G_USEC_PER_SEC;
    if (run->gzip) {
        child->packed = g_malloc(CHUNK);
        child->unpacked = g_malloc(CHUNK);
        if (inflateInit2(&child->z, 15 + 16) != Z_OK) /* 16: gzip, and nothing else */
            return error_set(err, ERR_INTERNAL, "zlib does not start");
    }
    return true;
}

static void child_clear(Child *child)
{
    close_fd(&child->to_stdin);
    close_fd(&child->from_stdout);
    close_fd(&child->from_stderr);
    if (child->run->gzip)
        (void)inflateEnd(&child->z); /* only frees */
    g_free(child->packed);
    g_free(child->unpacked);
    g_free(child->chunk);
    g_string_free(child->stderr_tail, TRUE);
    error_clear(&child->why);
}

bool git_run(const GitRun *run, GitEnd *end, Error *err)
{
    Child child;

    bool ok = child_init(&child, run, err) && start(&child, err);
    if (ok) {
        pump(&child);
        int exit_code = reap(&child);
        ok = !child.stopped || error_move(err, &child.why);
        if (ok)
            *end = (GitEnd){ exit_code, child.wrote,
                             g_strstrip(
                                 text_valid_utf8(child.stderr_tail->str, child.stderr_tail->len)) };
    }
    child_clear(&child);
    return ok;
}
