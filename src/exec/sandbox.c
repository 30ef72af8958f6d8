/* sandbox.c - tables of what is shown and what is hidden, and the check that it works here. */
#include "exec/sandbox.h"

#include "exec/exec.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Shown read-only where they exist; a symbolic link stays one. */
static const char *const shown[] = { "/usr",   "/etc",   "/bin",    "/sbin", "/lib",
                                     "/lib32", "/lib64", "/libx32", "/opt",  NULL };

enum { MAX_DEPTH = 8 };

typedef struct Argv {
    GPtrArray *words;
} Argv;

static void add(Argv *argv, ...) G_GNUC_NULL_TERMINATED;

static void add(Argv *argv, ...)
{
    va_list args;

    va_start(args, argv);
    for (const char *word; (word = va_arg(args, const char *));)
        g_ptr_array_add(argv->words, g_strdup(word));
    va_end(args);
}

/* What is not about processes in /proc changes the machine, and to root it is open without any
 * capability: whoever writes sys/kernel/core_pattern runs programs outside.  bubblewrap itself covers
 * only some of it. */
static void lock_proc(Argv *argv)
{
    DIR *dir = opendir("/proc");

    for (struct dirent *item; dir && (item = readdir(dir));) {
        struct stat st;
        if (item->d_name[0] == '.' || g_ascii_isdigit(item->d_name[0]) ||
            fstatat(dirfd(dir), item->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        if (!S_ISDIR(st.st_mode) && !(S_ISREG(st.st_mode) && (st.st_mode & 0222)))
            continue;
        g_autofree char *path = g_strconcat("/proc/", item->d_name, NULL);
        add(argv, "--ro-bind", path, path, NULL);
    }
    if (dir)
        closedir(dir);
}

static bool is_private(mode_t mode)
{
    return S_ISDIR(mode) ? (mode & 0005) != 0005 : S_ISREG(mode) && !(mode & 0004);
}

/* Covers what is not for everybody below @path: to a job that runs as root, even without
 * capabilities, the files of root are open. */
static void cover_private(Argv *argv, const char *path, int depth)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);

    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        g_autofree char *item = g_build_filename(path, name, NULL);
        struct stat st;
        if (lstat(item, &st) < 0)
            continue;
        if (S_ISDIR(st.st_mode) && (is_private(st.st_mode) || depth == 0))
            add(argv, "--tmpfs", item, NULL);
        else if (S_ISDIR(st.st_mode))
            cover_private(argv, item, depth - 1);
        else if (is_private(st.st_mode))
            add(argv, "--ro-bind", "/dev/null", item, NULL);
    }
}

static void add_system(Argv *argv)
{
    for (size_t i = 0; shown[i]; i++) {
        char target[PATH_MAX];
        ssize_t n = readlink(shown[i], target, sizeof target - 1);
        if (n > 0) {
            target[n] = '\0';
            add(argv, "--symlink", target, shown[i], NULL);
        } else {
            add(argv, "--ro-bind-try", shown[i], shown[i], NULL);
        }
    }
    if (geteuid() == 0)
        cover_private(argv, "/etc", MAX_DEPTH);
    add(argv, "--proc", "/proc", NULL);
    lock_proc(argv);
    add(argv, "--dev", "/dev", "--tmpfs", "/tmp", "--dir", "/var", "--tmpfs", "/var/tmp", "--dir",
        "/run", NULL);
}

/* Often a link into /run, which is not shown. */
static void add_resolver(Argv *argv)
{
    g_autofree char *real = realpath("/etc/resolv.conf", NULL);

    if (real && !g_str_has_prefix(real, "/etc/") && !g_str_has_prefix(real, "/usr/"))
        add(argv, "--ro-bind", real, real, NULL);
}

char **sandbox_argv(const SandboxSpec *spec, const char *const *command, Error *err)
{
    g_autofree char *bwrap = g_find_program_in_path("bwrap");

    if (!bwrap) {
        error_set(err, ERR_UNAVAILABLE,
                  "the sandbox needs bubblewrap, which is not installed: install it "
                  "(apt-get install bubblewrap), or choose --executor shell");
        return NULL;
    }
    Argv argv = { g_ptr_array_new() };
    add(&argv, bwrap, "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--die-with-parent",
        "--new-session", "--hostname", "penstock", NULL);
    if (geteuid() == 0)
        add(&argv, "--cap-drop", "ALL", NULL); /* else root could mount /usr writable again */
    if (!spec->network)
        add(&argv, "--unshare-net", NULL);
    add_system(&argv);
    add_resolver(&argv);
    if (spec->hidden_dir)
        add(&argv, "--tmpfs", spec->hidden_dir, NULL);
    for (size_t i = 0; spec->writable[i]; i++)
        add(&argv, "--bind", spec->writable[i], spec->writable[i], NULL);
    add(&argv, "--chdir", spec->cwd, "--", NULL);
    for (size_t i = 0; command[i]; i++)
        g_ptr_array_add(argv.words, g_strdup(command[i]));
    g_ptr_array_add(argv.words, NULL);
    return (char **)g_ptr_array_free(argv.words, FALSE);
}

bool exec_sandbox_check(Error *err)
{
    static const char *const command[] = { "/usr/bin/true", NULL };
    static const char *const nothing[] = { NULL };
    SandboxSpec spec = { .writable = nothing, .cwd = "/", .network = false };
    g_auto(GStrv) argv = sandbox_argv(&spec, command, err);
    g_autofree char *said = NULL;
    g_autoptr(GError) why = NULL;
    int status = 0;

    if (!argv)
        return false;
    if (g_spawn_sync(NULL, argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, &said, &status,
                     &why) &&
        status == 0)
        return true;
    return error_set(
        err, ERR_UNAVAILABLE,
        "the sandbox does not work on this machine (%s): allow bubblewrap to make user "
        "namespaces (kernel.unprivileged_userns_clone, AppArmor or the container's "
        "seccomp profile), or choose --executor shell",
        why ? why->message : g_strstrip(said));
}
