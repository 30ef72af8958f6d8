/* topics.h - who waits for news of one thing: the log of a job, say.
 *
 * A waiter registers, then looks, then waits: what is told in between calls it.  Safe from any
 * thread.  In memory; a relay tells other processes, and what they tell comes in as topics_hear().
 * News say only that there is something to look at.
 */
#ifndef PENSTOCK_BASE_TOPICS_H
#define PENSTOCK_BASE_TOPICS_H

#include <stdbool.h>
#include <stdint.h>

typedef enum TopicKind {
    TOPIC_LOG, /* of a job: it grew, or the job ended */
    /* base/changes.h: some pipeline of a project changed (0: of any), or this one did. */
    TOPIC_PROJECT,
    TOPIC_PIPELINE,
    N_TOPIC_KINDS
} TopicKind;

typedef struct Topics Topics;

/* Must be short and must not call back into Topics: it runs under its lock. */
typedef void (*TopicFunc)(void *data);
typedef void (*TopicRelay)(const char *text, void *data);

Topics *topics_new(void);
void topics_free(Topics *topics); /* accepts NULL */

/* Registers one call of @func(@data) at the next news.  @data waits for one thing at a time. */
void topics_wait(Topics *topics, TopicKind kind, int64_t id, TopicFunc func, void *data);

/* Forgets @data's registration.  After it, no call for @data is under way. */
void topics_forget(Topics *topics, void *data);

/* Calls and forgets all who wait for it, then the relay. */
void topics_tell(Topics *topics, TopicKind kind, int64_t id);

/* The same without the relay. */
void topics_tell_here(Topics *topics, TopicKind kind, int64_t id);

/* News of another process, as its relay passed them on.  false: @text is none.  NULL: some may be
 * lost, so all who wait are called. */
bool topics_hear(Topics *topics, const char *text);

/* @relay(text, @data) passes news on.  Set before other threads use @topics. */
void topics_relay(Topics *topics, TopicRelay relay, void *data);

#endif
