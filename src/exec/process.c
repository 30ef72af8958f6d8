/* process.c - vfork, watch, kill.
 *
 * vfork and not posix_spawn: the child needs prctl() before it executes.  It shares our memory
 * until then, so what it does is a short list of plain system calls.
 */
#include "exec/process.h"

#include "base/secret.h"
#include "exec/proctree.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { READ_SIZE = 65536, KILL_ROUNDS = 200, KILL_PAUSE_US = 5000, MARK_DIGITS = 32 };

struct Spawner {
    GMutex lock;
    GHashTable *leaders; /* pids of the first processes: our other children are orphans of theirs */
    char *jobs_dir;
};

Spawner *spawner_new(const char *jobs_dir)
{
    Spawner *spawner = g_new0(Spawner, 1);

    g_mutex_init(&spawner->lock);
    spawner->leaders = g_hash_table_new(NULL, NULL);
    spawner->jobs_dir = g_strdup(jobs_dir);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    return spawner;
}

void spawner_free(Spawner *spawner)
{
    if (!spawner)
        return;
    g_hash_table_unref(spawner->leaders);
    g_mutex_clear(&spawner->lock);
    g_free(spawner->jobs_dir);
    g_free(spawner);
}

/* Starting ------------------------------------------------------------------------------------- */

typedef struct Child {
    const char *const *argv;
    const char *const *env;
    const char *cwd;
    int null_fd, output_fd;
    pid_t parent;
    volatile int error; /* set by the child in our memory: errno of what failed */
} Child;

static void run_child(Child *child)
{
    sigset_t none;

    sigemptyset(&none);
    setsid();
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != child->parent)
        _exit(127); /* the runner died before that */
    signal(SIGPIPE, SIG_DFL);
    /* libcurl's sockets are not close-on-exec: a job would read the answers to the runner's requests,
     * other jobs' secrets among them. */
    if (dup2(child->null_fd, 0) < 0 || dup2(child->output_fd, 1) < 0 ||
        dup2(child->output_fd, 2) < 0 || close_range(3, ~0U, 0) < 0 ||
        (child->cwd && chdir(child->cwd) < 0)) {
        child->error = errno;
        _exit(127);
    }
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(child->argv[0], (char *const *)child->argv, (char *const *)child->env);
    child->error = errno;
    _exit(127);
}

/* No signal may be handled while the memory is shared. */
static pid_t start_child(Child *child)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = vfork();
    if (pid == 0)
        run_child(child);
    int saved = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = saved;
    return pid;
}

typedef struct Tree {
    Spawner *spawner;
    const ProcessSpec *spec;
    pid_t pid;
    int pid_fd;
    int output_fd;
    char *mark;
    char *note; /* the file that names this tree */
} Tree;

static void tree_clear(Tree *tree)
{
    if (tree->output_fd >= 0)
        close(tree->output_fd);
    if (tree->pid_fd >= 0)
        close(tree->pid_fd);
    if (tree->note)
        g_unlink(tree->note);
    g_free(tree->note);
    g_free(tree->mark);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Tree, tree_clear)

static void note_tree(Tree *tree)
{
    ProcEntry entry = { 0 };

    proctree_lookup(tree->pid, &entry);
    tree->note = g_strdup_printf("%s/%" G_GINT64_FORMAT ".pgid", tree->spawner->jobs_dir,
                                 tree->spec->job_id);
    g_autofree char *text = g_strdup_printf("%d %" G_GUINT64_FORMAT " %s\n", (int)tree->pid,
                                            (guint64)entry.started, tree->mark);
    /* Without the note the tree still dies with the runner, only its stray children may not. */
    (void)g_file_set_contents(tree->note, text, -1, NULL);
}

/* Under the spawner's lock, so that nobody takes the new child for an orphan. */
static bool start_locked(Tree *tree, Child *child, Error *err)
{
    bool started = false;

    g_mutex_lock(&tree->spawner->lock);
    tree->pid = start_child(child);
    if (tree->pid > 0 && !child->error) {
        g_hash_table_add(tree->spawner->leaders, GINT_TO_POINTER(tree->pid));
        tree->pid_fd = pidfd_open(tree->pid, 0);
        started = true;
    }
    int why = tree->pid < 0 ? errno : child->error;
    g_mutex_unlock(&tree->spawner->lock);
    if (!started && tree->pid > 0)
        waitpid(tree->pid, NULL, 0);
    return started || error_errno(err, why, "%s", child->argv[0]);
}

static bool tree_start(Tree *tree, Error *err)
{
    const ProcessSpec *spec = tree->spec;
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_errno(err, errno, "pipe");
    tree->output_fd = ends[0];
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    tree->mark = secret_hex("", MARK_DIGITS);
    g_autofree char *variable = g_strdup_printf(PROCTREE_MARK "=%s", tree->mark);
    guint n = g_strv_length((char **)spec->env);
    g_autofree const char **env = g_new0(const char *, n + 2);
    memcpy(env, spec->env, n * sizeof *env);
    env[n] = variable;
    int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    Child child = { spec->argv, env, spec->cwd, null_fd, ends[1], getpid(), 0 };
    bool ok = start_locked(tree, &child, err);
    close(ends[1]);
    close(null_fd);
    if (ok)
        note_tree(tree);
    return ok;
}

/* Ending --------------------------------------------------------------------------------------- */

/* Our children that lead no step are orphans of a step that ended.  Kills those and what they
 * started; answers how many there were. */
static int kill_orphans(Spawner *spawner)
{
    int found = 0;

    g_mutex_lock(&spawner->lock);
    g_autoptr(GArray) all = proctree_scan();
    for (guint i = 0; i < all->len; i++) {
        const ProcEntry *entry = &g_array_index(all, ProcEntry, i);
        if (entry->parent != getpid() ||
            g_hash_table_contains(spawner->leaders, GINT_TO_POINTER(entry->pid)))
            continue;
        found++;
        proctree_signal(entry->pid, SIGKILL, true);
        waitpid(entry->pid, NULL, WNOHANG);
    }
    g_mutex_unlock(&spawner->lock);
    return found;
}

/* Descendants first: while the leader lives, it adopts what they orphan. */
static void kill_tree(Tree *tree)
{
    for (int round = 0; round < KILL_ROUNDS; round++) {
        if (proctree_signal(tree->pid, SIGKILL, false) == 0)
            break;
        g_usleep(KILL_PAUSE_US);
    }
    kill(tree->pid, SIGKILL);
}

static int reap(Tree *tree)
{
    int status = 0;

    while (waitpid(tree->pid, &status, 0) < 0 && errno == EINTR)
        ;
    g_mutex_lock(&tree->spawner->lock);
    g_hash_table_remove(tree->spawner->leaders, GINT_TO_POINTER(tree->pid));
    g_mutex_unlock(&tree->spawner->lock);
    for (int round = 0; round < KILL_ROUNDS && kill_orphans(tree->spawner) > 0; round++)
        g_usleep(KILL_PAUSE_US);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Watching ------------------------------------------------------------------------------------- */

/* false: nothing more to read, now or ever. */
static bool read_output(Tree *tree, char *buffer)
{
    ssize_t n = read(tree->output_fd, buffer, READ_SIZE);

    if (n > 0) {
        tree->spec->output(tree->spec->data, buffer, (size_t)n);
        return true;
    }
    if (n == 0) {
        close(tree->output_fd);
        tree->output_fd = -1;
    }
    return false;
}

typedef struct Watch {
    ProcessEnd end;
    bool terminating;   /* SIGTERM is out */
    int64_t kill_at_us; /* when SIGKILL follows */
    bool killed;
} Watch;

static void begin_stop(Tree *tree, Watch *watch, ProcessEnd why)
{
    watch->end = why;
    watch->terminating = true;
    watch->kill_at_us = g_get_monotonic_time() + tree->spec->grace_s * G_USEC_PER_SEC;
    if (tree->spec->term == PROCESS_TERM_LEADER)
        kill(tree->pid, SIGTERM);
    else
        proctree_signal(tree->pid, SIGTERM, tree->spec->term == PROCESS_TERM_TREE);
}

/* What the clock and the control ask for; answers how long to wait for something new, in ms. */
static int decide(Tree *tree, Watch *watch)
{
    const ProcessSpec *spec = tree->spec;
    StopLevel level = control_level(spec->control);
    int64_t now = g_get_monotonic_time();

    if (!watch->terminating && level >= spec->stop_at && level != STOP_NONE)
        begin_stop(tree, watch, PROCESS_STOPPED);
    else if (!watch->terminating && spec->deadline_us && now >= spec->deadline_us)
        begin_stop(tree, watch, PROCESS_TIMED_OUT);
    if (watch->terminating && !watch->killed && (level >= STOP_ABORT || now >= watch->kill_at_us)) {
        watch->killed = true;
        kill_tree(tree);
    }
    if (watch->killed)
        return -1;
    int64_t next = watch->terminating ? watch->kill_at_us : spec->deadline_us;
    if (!next)
        return -1;
    return (int)CLAMP((next - now) / 1000 + 1, 0, 60 * 1000);
}

static void watch_tree(Tree *tree, Watch *watch)
{
    g_autofree char *buffer = g_malloc(READ_SIZE);

    for (;;) {
        int timeout_ms = decide(tree, watch);
        struct pollfd fds[] = {
            { .fd = tree->output_fd, .events = POLLIN }, /* -1 is passed over */
            { .fd = tree->pid_fd, .events = POLLIN },
            { .fd = tree->spec->control->fd, .events = POLLIN },
        };
        if (poll(fds, G_N_ELEMENTS(fds), timeout_ms) < 0)
            continue; /* EINTR: decide again */
        if (fds[2].revents)
            control_drain(tree->spec->control);
        if (fds[0].revents)
            read_output(tree, buffer);
        if (fds[1].revents)
            break;
    }
}

/* What was written before the end is still in the pipe.  Only after reap(): a background child could
 * fill it for ever. */
static void read_rest(Tree *tree)
{
    g_autofree char *buffer = g_malloc(READ_SIZE);

    while (tree->output_fd >= 0 && read_output(tree, buffer))
        ;
}

bool spawner_run(Spawner *spawner, const ProcessSpec *spec, ProcessResult *result, Error *err)
{
    g_auto(Tree) tree = { .spawner = spawner, .spec = spec, .pid_fd = -1, .output_fd = -1 };
    Watch watch = { .end = PROCESS_EXITED };

    if (!tree_start(&tree, err))
        return false;
    watch_tree(&tree, &watch);
    int code = reap(&tree);
    read_rest(&tree);
    *result = (ProcessResult){ watch.end, code };
    return true;
}

/* Leftovers ------------------------------------------------------------------------------------ */

typedef struct Note {
    pid_t pid;
    uint64_t started;
    char mark[MARK_DIGITS + 1];
} Note;

static bool belongs_to(const Note *note, const ProcEntry *entry, bool session_is_ours)
{
    return (session_is_ours && entry->session == note->pid) ||
           proctree_has_mark(entry->pid, note->mark);
}

/* One round; answers how many were found.  Session ids are not reused while a member lives, so the
 * session is the job's unless its leader is a newer process of the same pid. */
static int kill_noted(const Note *note)
{
    ProcEntry leader;
    bool leads = proctree_lookup(note->pid, &leader);
    bool ours = !leads || leader.started == note->started;
    g_autoptr(GArray) all = proctree_scan();
    int found = 0;

    for (guint i = 0; i < all->len; i++) {
        const ProcEntry *entry = &g_array_index(all, ProcEntry, i);
        if (entry->zombie || entry->pid == getpid() || !belongs_to(note, entry, ours))
            continue;
        proctree_signal(entry->pid, SIGKILL, true);
        found++;
    }
    return found;
}

void spawner_kill_leftovers(const char *jobs_dir)
{
    g_autoptr(GDir) dir = g_dir_open(jobs_dir, 0, NULL);

    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        g_autofree char *path = g_build_filename(jobs_dir, name, NULL);
        g_autofree char *text = NULL;
        Note note = { 0 };
        int pid = 0;
        unsigned long long started = 0;
        if (!g_str_has_suffix(name, ".pgid") || !g_file_get_contents(path, &text, NULL, NULL))
            continue;
        if (sscanf(text, "%d %llu %32[0-9a-f]", &pid, &started, note.mark) == 3 && pid > 1) {
            note.pid = pid;
            note.started = started;
            for (int round = 0; round < KILL_ROUNDS && kill_noted(&note) > 0; round++)
                g_usleep(KILL_PAUSE_US);
        }
        g_unlink(path);
    }
}
