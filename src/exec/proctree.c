/* proctree.c - /proc/PID/stat and /proc/PID/environ. */
#include "exec/proctree.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STAT_SIZE = 1024 };

bool proctree_lookup(pid_t pid, ProcEntry *entry)
{
    char path[64], text[STAT_SIZE];

    g_snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    if (n <= 0)
        return false;
    text[n] = '\0';
    /* The name in brackets may contain anything, so count from its end: field 3 is the state, 4 the
     * parent, 6 the session, 22 the start time. */
    char *rest = strrchr(text, ')');
    if (!rest)
        return false;
    char state = '\0';
    int parent = 0, session = 0;
    unsigned long long started = 0;
    if (sscanf(rest + 1,
               " %c %d %*d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
               &state, &parent, &session, &started) != 4)
        return false;
    *entry = (ProcEntry){ .pid = pid,
                          .parent = parent,
                          .session = session,
                          .started = started,
                          .zombie = state == 'Z' || state == 'X' };
    return true;
}

GArray *proctree_scan(void)
{
    GArray *all = g_array_new(FALSE, FALSE, sizeof(ProcEntry));
    DIR *dir = opendir("/proc");

    for (struct dirent *item; dir && (item = readdir(dir));) {
        ProcEntry entry;
        if (g_ascii_isdigit(item->d_name[0]) && proctree_lookup(atoi(item->d_name), &entry))
            g_array_append_val(all, entry);
    }
    if (dir)
        closedir(dir);
    return all;
}

/* Marks the descendants of @root in @inside, one flag an entry of @all. */
static void mark_descendants(const GArray *all, pid_t root, bool *inside)
{
    for (bool grown = true; grown;) {
        grown = false;
        for (guint i = 0; i < all->len; i++) {
            const ProcEntry *entry = &g_array_index(all, ProcEntry, i);
            bool child = entry->parent == root;
            for (guint k = 0; !child && !inside[i] && k < all->len; k++)
                child = inside[k] && g_array_index(all, ProcEntry, k).pid == entry->parent;
            if (child && !inside[i]) {
                inside[i] = true;
                grown = true;
            }
        }
    }
}

int proctree_signal(pid_t root, int sig, bool with_root)
{
    g_autoptr(GArray) all = proctree_scan();
    g_autofree bool *inside = g_new0(bool, all->len + 1);
    int reached = 0;

    mark_descendants(all, root, inside);
    for (guint i = 0; i < all->len; i++) {
        const ProcEntry *entry = &g_array_index(all, ProcEntry, i);
        if (inside[i] && !entry->zombie && kill(entry->pid, sig) == 0)
            reached++;
    }
    if (with_root && kill(root, sig) == 0)
        reached++;
    return reached;
}

bool proctree_has_mark(pid_t pid, const char *mark)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/environ", (int)pid);
    g_autofree char *wanted = g_strdup_printf(PROCTREE_MARK "=%s", mark);
    g_autofree char *environment = NULL;
    gsize n = 0;

    if (!g_file_get_contents(path, &environment, &n, NULL))
        return false;
    for (const char *p = environment; p < environment + n; p += strlen(p) + 1)
        if (g_str_equal(p, wanted))
            return true;
    return false;
}
