/* checkpointer.c - keeps the write-ahead log short without holding up who writes.
 *
 * A checkpoint syncs the database file, which may take long; on a connection of its own it costs
 * the writer nothing.  Only when the log has grown far (no pause ever let a checkpoint finish) does
 * one make the writer wait, so that the log has a bound.
 */
#include "db/checkpointer.h"

/* In pages of 4 kB. */
enum { WORTH_A_CHECKPOINT = 1000, TOO_LONG = 32 * 1024 };

struct Checkpointer {
    Db *db;
    GThread *thread;
    GMutex mutex;
    GCond wake;
    int64_t backlog; /* 0: nothing to do */
    int64_t n_done;
    bool stopping;
};

/* 0: it is time to stop. */
static int64_t wait_for_work(Checkpointer *checkpointer)
{
    g_mutex_lock(&checkpointer->mutex);
    while (!checkpointer->backlog && !checkpointer->stopping)
        g_cond_wait(&checkpointer->wake, &checkpointer->mutex);
    int64_t backlog = checkpointer->stopping ? 0 : checkpointer->backlog;
    checkpointer->backlog = 0;
    g_mutex_unlock(&checkpointer->mutex);
    return backlog;
}

static void run(Checkpointer *checkpointer, bool wait)
{
    Db *db = checkpointer->db;

    /* A failure loses nothing: the log keeps the pages, the next commit asks again. */
    if (!db->driver->checkpoint(db->conn, wait, NULL))
        return;
    g_mutex_lock(&checkpointer->mutex);
    checkpointer->n_done++;
    g_mutex_unlock(&checkpointer->mutex);
}

static void *checkpoint(void *data)
{
    Checkpointer *checkpointer = data;

    for (int64_t backlog; (backlog = wait_for_work(checkpointer)) > 0;)
        run(checkpointer, backlog >= TOO_LONG);
    run(checkpointer, true);
    return NULL;
}

Checkpointer *checkpointer_start(Db *db)
{
    Checkpointer *checkpointer = g_new0(Checkpointer, 1);

    checkpointer->db = db;
    g_mutex_init(&checkpointer->mutex);
    g_cond_init(&checkpointer->wake);
    checkpointer->thread = g_thread_new("db-checkpoint", checkpoint, checkpointer);
    return checkpointer;
}

void checkpointer_tell(Checkpointer *checkpointer, int64_t backlog)
{
    if (backlog < WORTH_A_CHECKPOINT)
        return;
    g_mutex_lock(&checkpointer->mutex);
    checkpointer->backlog = backlog;
    g_cond_signal(&checkpointer->wake);
    g_mutex_unlock(&checkpointer->mutex);
}

int64_t checkpointer_count(Checkpointer *checkpointer)
{
    g_mutex_lock(&checkpointer->mutex);
    int64_t n = checkpointer->n_done;
    g_mutex_unlock(&checkpointer->mutex);
    return n;
}

void checkpointer_stop(Checkpointer *checkpointer)
{
    if (!checkpointer)
        return;
    g_mutex_lock(&checkpointer->mutex);
    checkpointer->stopping = true;
    g_cond_signal(&checkpointer->wake);
    g_mutex_unlock(&checkpointer->mutex);
    g_thread_join(checkpointer->thread);
    g_mutex_clear(&checkpointer->mutex);
    g_cond_clear(&checkpointer->wake);
    db_free(checkpointer->db);
    g_free(checkpointer);
}
