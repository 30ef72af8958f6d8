/* changes.h - which pipelines changed of late, in order: what live pages follow.
 *
 * In memory, bounded: who is too far behind is told so and looks at everything again.  A reader
 * waits by topics.h (TOPIC_PROJECT, TOPIC_PIPELINE), then reads from its cursor.  A relay tells
 * other processes.  Safe from any thread.
 */
#ifndef PENSTOCK_BASE_CHANGES_H
#define PENSTOCK_BASE_CHANGES_H

#include "base/topics.h"

#include <stddef.h>

typedef struct Changes Changes;

typedef struct Change {
    int64_t project_id;
    int64_t pipeline_id; /* it, a stage or a job of it; it may be gone */
} Change;

/* How many are kept. */
enum { CHANGES_KEPT = 4096 };

/* @epoch: tells the numbers of this process from those of another.  @topics outlives it. */
Changes *changes_new(Topics *topics, const char *epoch);
void changes_free(Changes *changes); /* accepts NULL */

/* Wakes who waits for the pipeline, its project, or project 0 (all).  NULL: nobody looks. */
void changes_note(Changes *changes, int64_t project_id, int64_t pipeline_id);

/* Where the next change will stand. */
int64_t changes_cursor(Changes *changes);

/* Up to @room changes from *@cursor on, which moves behind them; @n: how many.  false: some that came after
 * *@cursor are not kept any more; it moves to the end. */
bool changes_read(Changes *changes, int64_t *cursor, Change *out, size_t room, size_t *n);

/* A cursor as text, and back.  false: @text is none of this process. */
char *changes_cursor_text(const Changes *changes, int64_t cursor); /* owned by the caller */
bool changes_cursor_from_text(Changes *changes, const char *text, int64_t *cursor);

/* A change of another process, as its relay passed it on.  false: @text is none.  NULL: some may be
 * lost. */
bool changes_hear(Changes *changes, const char *text);

/* @relay(text, @data) passes changes on.  Set before other threads use @changes. */
void changes_relay(Changes *changes, TopicRelay relay, void *data);

#endif
