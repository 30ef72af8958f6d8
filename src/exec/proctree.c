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

/* The pids of all descendants of @root.  A parent may stand behind its child in the list, so look
 * until nothing is added. */
static GHashTable *find_descendants(const GArray *all, pid_t root)
{
    GHashTable *inside = g_hash_table_new(NULL, NULL);

    for (bool grown = true; grown;) {
        grown = false;
        for (guint i = 0; i < all->len; i++) {
            const ProcEntry *entry = &g_array_index(all, ProcEntry, i);
            if (entry->parent == root ||
                g_hash_table_contains(inside, GINT_TO_POINTER(entry->parent)))
                grown |= g_hash_table_add(inside, GINT_TO_POINTER(entry->pid));
        }
    }
    return inside;
}

int proctree_signal(pid_t root, int sig, bool with_root)
{
    g_autoptr(GArray) all = proctree_scan();
    g_autoptr(GHashTable) inside = find_descendants(all, root);
    int reached = 0;

    /* First: a shell whose child is gone may be done before it hears of the signal itself. */
    if (with_root && kill(root, sig) == 0)
        reached++;
    for (guint i = 0; i < all->len; i++) {
        const ProcEntry *entry = &g_array_index(all, ProcEntry, i);
        if (g_hash_table_contains(inside, GINT_TO_POINTER(entry->pid)) && !entry->zombie &&
            kill(entry->pid, sig) == 0)
            reached++;
    }
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
