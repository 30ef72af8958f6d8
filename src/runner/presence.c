/* presence.c - the name's file, the beats, and the watch over the others' beats. */
#include "runner/presence.h"

#include "base/secret.h"
#include "store/servers.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { BEAT_US = 5000000, LOST_US = 60000000, IDENTITY_BYTES = 16, IDENTITY_SIZE = 64 };

struct Presence {
    const Site *site;
    int claim;           /* the name's file, locked */
    GHashTable *watched; /* of Watched, by their id */
    int64_t next_us;     /* by the monotonic clock, as all times here */
};

typedef struct Watched {
    int64_t id;
    int64_t heard_at; /* as it says itself */
    int64_t moved_us; /* when that was seen to move */
} Watched;

/* --- the name -------------------------------------------------------------------------------- */

static bool claim_file(const char *path, int *fd, Error *err)
{
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (*fd < 0)
        return error_errno(err, errno, "cannot open %s", path);
    if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
        return true;
    return errno == EWOULDBLOCK
               ? error_set(err, ERR_USAGE, "another server runs on this data folder (%s)", path)
               : error_errno(err, errno, "cannot lock %s", path);
}

/* A name that a crash left half written is nobody's. */
static bool read_identity(int fd, char identity[IDENTITY_SIZE], Error *err)
{
    ssize_t n = pread(fd, identity, IDENTITY_SIZE - 1, 0);

    if (n < 0)
        return error_errno(err, errno, "cannot read the server's name");
    identity[n] = '\0';
    char *end = strchr(identity, '\n');
    if (end && end - identity == 2 * IDENTITY_BYTES) {
        *end = '\0';
        return true;
    }
    g_autofree char *fresh = secret_hex("", 2 * IDENTITY_BYTES);
    g_autofree char *line = g_strconcat(fresh, "\n", NULL);
    if (ftruncate(fd, 0) != 0 || pwrite(fd, line, strlen(line), 0) != (ssize_t)strlen(line) ||
        fsync(fd) != 0)
        return error_errno(err, errno, "cannot write the server's name");
    g_strlcpy(identity, fresh, IDENTITY_SIZE);
    return true;
}

static bool join(Db *db, void *data, Error *err)
{
    return server_join(db, data, err);
}

Presence *presence_join(Site *site, const char *path, Error *err)
{
    int64_t now = clock_now(site->clock);
    char identity[IDENTITY_SIZE];
    ServerRow row = {
        .identity = identity, .host = g_get_host_name(), .started_at = now, .heard_at = now
    };
    int fd = -1;

    if (!claim_file(path, &fd, err) || !read_identity(fd, identity, err) ||
        !database_write(site->database, join, &row, err)) {
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    Presence *presence = g_new0(Presence, 1);
    presence->site = site;
    presence->claim = fd;
    presence->watched = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
    site->server_id = row.id;
    return presence;
}

void presence_leave(Presence *presence)
{
    if (!presence)
        return;
    g_hash_table_unref(presence->watched);
    close(presence->claim);
    g_free(presence);
}

/* --- beats ----------------------------------------------------------------------------------- */

typedef struct Beat {
    int64_t server_id;
    int64_t now_us;
} Beat;

static bool beat(Db *db, void *data, Error *err)
{
    const Beat *b = data;

    return server_beat(db, b->server_id, b->now_us, err);
}

static bool is_lost(Presence *presence, const ServerRow *server, int64_t now)
{
    Watched *watched = g_hash_table_lookup(presence->watched, &server->id);

    if (!watched) {
        watched = g_new(Watched, 1);
        *watched = (Watched){ server->id, server->heard_at, now };
        g_hash_table_insert(presence->watched, &watched->id, watched);
    }
    if (watched->heard_at != server->heard_at) {
        watched->heard_at = server->heard_at;
        watched->moved_us = now;
    }
    return now - watched->moved_us >= LOST_US;
}

static bool look(Presence *presence, int64_t now, GArray *lost, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    g_autoptr(Db) db = database_reader(presence->site->database);
    ServerRow *servers = NULL;
    size_t n = 0;

    if (!server_list(db, arena, &servers, &n, err))
        return false;
    for (size_t i = 0; i < n; i++)
        if (servers[i].id != presence->site->server_id && is_lost(presence, &servers[i], now))
            g_array_append_val(lost, servers[i].id);
    return true;
}

bool presence_round(Presence *presence, int64_t now, GArray *lost, Error *err)
{
    Beat b = { presence->site->server_id, clock_now(presence->site->clock) };

    if (now < presence->next_us)
        return true;
    presence->next_us = now + BEAT_US;
    if (database_write(presence->site->database, beat, &b, err) && look(presence, now, lost, err))
        return true;
    /* The others may have been as far from the database as this one. */
    g_hash_table_remove_all(presence->watched);
    return false;
}
