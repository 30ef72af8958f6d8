/* workers.c - a fixed pool behind one queue.
 *
 * Plain pthread locks here and in park.c and stream.c: thread checkers see through them. */
#include "http/workers.h"

#include <pthread.h>

struct Workers {
    void (*run)(void *item);
    pthread_mutex_t lock;
    pthread_cond_t filled;
    GQueue items;
    int n_idle;
    int n_running;
    bool ending;
    int n_threads;
    pthread_t *threads;
};

static void *worker_main(void *p)
{
    Workers *workers = p;

    pthread_mutex_lock(&workers->lock);
    for (;;) {
        while (g_queue_is_empty(&workers->items) && !workers->ending) {
            workers->n_idle++;
            pthread_cond_wait(&workers->filled, &workers->lock);
            workers->n_idle--;
        }
        void *item = g_queue_pop_head(&workers->items);
        if (!item)
            break; /* so all that was taken has been run when the last thread ends */
        pthread_mutex_unlock(&workers->lock);
        workers->run(item);
        pthread_mutex_lock(&workers->lock);
    }
    workers->n_running--;
    pthread_mutex_unlock(&workers->lock);
    return NULL;
}

Workers *workers_new(int n, void (*run)(void *item), Error *err)
{
    Workers *workers = g_new0(Workers, 1);

    workers->run = run;
    g_queue_init(&workers->items);
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->filled, NULL);
    workers->threads = g_new0(pthread_t, MAX(n, 1));
    for (int i = 0; i < MAX(n, 1); i++) {
        pthread_mutex_lock(&workers->lock);
        workers->n_running++;
        pthread_mutex_unlock(&workers->lock);
        int failed = pthread_create(&workers->threads[i], NULL, worker_main, workers);
        if (failed) {
            error_errno(err, failed, "cannot start a worker thread");
            workers_stop(workers);
            workers_free(workers);
            return NULL;
        }
        workers->n_threads++;
    }
    return workers;
}

bool workers_push(Workers *workers, void *item, bool always)
{
    pthread_mutex_lock(&workers->lock);
    bool taken = workers->n_running > 0 &&
                 (always || g_queue_get_length(&workers->items) < WORKERS_MAX_QUEUED);
    if (taken)
        g_queue_push_tail(&workers->items, item);
    if (taken && workers->n_idle > 0)
        pthread_cond_signal(&workers->filled);
    pthread_mutex_unlock(&workers->lock);
    return taken;
}

int64_t workers_queued(Workers *workers)
{
    pthread_mutex_lock(&workers->lock);
    int64_t n = g_queue_get_length(&workers->items);
    pthread_mutex_unlock(&workers->lock);
    return n;
}

void workers_stop(Workers *workers)
{
    if (!workers)
        return;
    pthread_mutex_lock(&workers->lock);
    workers->ending = true;
    pthread_cond_broadcast(&workers->filled);
    pthread_mutex_unlock(&workers->lock);
    for (int i = 0; i < workers->n_threads; i++)
        pthread_join(workers->threads[i], NULL);
}

void workers_free(Workers *workers)
{
    if (!workers)
        return;
    pthread_mutex_destroy(&workers->lock);
    pthread_cond_destroy(&workers->filled);
    g_free(workers->threads);
    g_free(workers);
}
