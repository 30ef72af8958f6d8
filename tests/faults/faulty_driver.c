/* faulty_driver.c - puts a driver in front of each database's own that breaks at one chosen write.
 *
 * Linked with the server by --wrap=db_driver_of.  The test shares a small file with it (struct Points
 * below), named by PENSTOCK_FAULT_POINTS.  A write point is the start of a statement that writes, and the
 * moment before and after a commit.  Points are counted over all threads from when the test arms them;
 * at the chosen one the process dies as by `kill -9`, or the statement fails, or that one and all
 * after it. */
#include "db/db_driver.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef enum FaultMode { FAULT_KILL, FAULT_FAIL, FAULT_FAIL_ON } FaultMode;

/* The layout of the shared file: three native 64-bit integers. */
typedef struct Points {
    atomic_int_least64_t seen; /* since the test set it to 0 */
    atomic_int_least64_t at;   /* the point to break at; 0: none */
    atomic_int_least64_t mode; /* FaultMode */
} Points;

/* What the drivers' tables cannot carry: there is one of each a process, set before the first connection. */
static Points *points;
static const DbDriver *real;
static DbDriver faulty;
static DbRemote faulty_remote;
static _Thread_local bool is_committing;

static Points *share(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    void *memory =
        fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *points, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (memory == MAP_FAILED)
        g_error("cannot share %s", path);
    close(fd);
    return memory;
}

/* false: the statement has to fail. */
static bool pass_point(void)
{
    int64_t number = atomic_fetch_add(&points->seen, 1) + 1;

    if (points->at == 0 ||
        (number != points->at && (number < points->at || points->mode != FAULT_FAIL_ON)))
        return true;
    if (points->mode == FAULT_KILL)
        kill(getpid(), SIGKILL);
    return false;
}

static bool starts_with_any(const char *sql, const char *const *words)
{
    for (; *words; words++)
        if (g_str_has_prefix(sql, *words))
            return true;
    return false;
}

static bool is_write(const char *sql)
{
    static const char *const words[] = { "INSERT", "UPDATE", "DELETE", NULL };

    return starts_with_any(sql, words) ||
           (g_str_has_prefix(sql, "WITH") &&
            (strstr(sql, "INSERT ") || strstr(sql, "UPDATE ") || strstr(sql, "DELETE ")));
}

static bool fail(Error *err)
{
    return error_set(err, ERR_DB, "the write point of a test");
}

static DbStatement *start(DbConnection *conn, const char *sql, const DbArg *args, Error *err)
{
    bool commits = g_str_equal(sql, "COMMIT");

    if ((commits || is_write(sql)) && !pass_point()) {
        fail(err);
        return NULL;
    }
    DbStatement *statement = real->start(conn, sql, args, err);
    is_committing = commits && statement;
    return statement;
}

/* What fails after a commit fails too late for anybody to hear of it. */
static void finish(DbStatement *statement)
{
    real->finish(statement);
    if (is_committing)
        (void)pass_point();
    is_committing = false;
}

static bool each(DbConnection *conn, const char *sql, const DbArg *const *rows, size_t n,
                 int64_t *values, Error *err)
{
    return pass_point() ? real->each(conn, sql, rows, n, values, err) : fail(err);
}

static DbOutcome commit(DbConnection *conn, Error *err)
{
    if (!pass_point()) {
        fail(err);
        return DB_UNDONE; /* the caller rolls back */
    }
    DbOutcome outcome = real->remote->commit(conn, err);
    (void)pass_point();
    return outcome;
}

const DbDriver *__real_db_driver_of(const char *url, const char **where, Error *err);
const DbDriver *__wrap_db_driver_of(const char *url, const char **where, Error *err);

const DbDriver *__wrap_db_driver_of(const char *url, const char **where, Error *err)
{
    const char *path = g_getenv("PENSTOCK_FAULT_POINTS");
    const DbDriver *driver = __real_db_driver_of(url, where, err);

    if (!driver || !path || points)
        return points && driver ? &faulty : driver;
    points = share(path);
    real = driver;
    faulty = *driver;
    faulty.start = start;
    faulty.finish = finish;
    if (driver->each)
        faulty.each = each;
    if (driver->remote) {
        faulty_remote = *driver->remote;
        faulty_remote.commit = commit;
        faulty.remote = &faulty_remote;
    }
    return &faulty;
}
