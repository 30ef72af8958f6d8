/* pending_reason.c - the sentences, one function a status. */
#include "runner/pending_reason.h"

#include "base/clock.h"
#include "runner/match.h"
#include "runner/queue.h"
#include "store/resource_groups.h"

#include <string.h>

/* How many jobs a sentence names. */
enum { NAMED = 3 };

typedef struct Question {
    Db *db;
    Arena *arena;
    const Job *job;
    const Pipeline *pipeline;
    const Project *project;
    int64_t now_us;
} Question;

/* --- created: other jobs come first ---------------------------------------------------------- */

/* "build (running), lint (manual) and 4 more". */
static const char *name_jobs(const Question *q, const Job *jobs, size_t n, int64_t total)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (size_t i = 0; i < n; i++)
        g_string_append_printf(text, "%s%s (%s)", i > 0 ? ", " : "", jobs[i].name,
                               name_of(&status_names, (int)jobs[i].status));
    if (total > (int64_t)n)
        g_string_append_printf(text, " and %" G_GINT64_FORMAT " more", total - (int64_t)n);
    return arena_strdup(q->arena, text->str);
}

static bool reason_created(const Question *q, const char **reason, Error *err)
{
    Job *before = NULL;
    size_t n = 0;
    int64_t total = 0;

    if (!job_list_holding_back(q->db, q->arena, q->job, NAMED, &before, &n, err) ||
        !job_count_holding_back(q->db, q->job, &total, err))
        return false;
    if (n == 0)
        *reason = "its turn is being worked out";
    else if (q->job->by_needs)
        *reason = arena_printf(q->arena, "waits for the jobs that it needs: %s",
                               name_jobs(q, before, n, total));
    else
        *reason = arena_printf(q->arena, "stage %s is not reached: waits for %s", q->job->stage,
                               name_jobs(q, before, n, total));
    return true;
}

/* --- waiting_for_resource -------------------------------------------------------------------- */

static bool reason_waiting(const Question *q, const char **reason, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    ResourceGroup group;
    bool found = false;
    Job other;

    *reason = "its resource is being handed over";
    if (!resource_group_get(q->db, q->arena, q->job->resource_group_id, &group, &failed))
        return failed.code == ERR_NO_RECORD || error_move(err, &failed);
    if (resource_group_holder(q->db, q->arena, group.id, &other, &failed)) {
        *reason = arena_printf(q->arena,
                               "resource %s is held by job %s (%" G_GINT64_FORMAT
                               ") of pipeline %" G_GINT64_FORMAT,
                               group.key, other.name, other.id, other.pipeline_id);
        return true;
    }
    if (failed.code != ERR_NO_RECORD)
        return error_move(err, &failed);
    if (!resource_group_next(q->db, q->arena, &group, &other, &found, err))
        return false;
    if (found && other.id != q->job->id)
        *reason = arena_printf(q->arena,
                               "resource %s goes to job %s (%" G_GINT64_FORMAT
                               ") of pipeline %" G_GINT64_FORMAT " first (%s)",
                               group.key, other.name, other.id, other.pipeline_id,
                               name_of(&process_mode_names, (int)group.process_mode));
    return true;
}

/* --- pending: runners ------------------------------------------------------------------------ */

static const char *tags_in_words(const Question *q)
{
    g_auto(GStrv) tags = g_strsplit(q->job->tags, " ", -1);
    g_autofree char *list = g_strjoinv(", ", tags);

    return arena_strdup(q->arena, list);
}

static const char *reason_without_tags(const Question *q)
{
    return *q->job->tags ? arena_printf(q->arena, "no runner has the tags %s", tags_in_words(q))
                         : "no runner takes jobs without tags";
}

static bool reason_queued(const Question *q, const char **reason, Error *err)
{
    QueuePlace place;

    if (!queue_place(q->db, q->job, PENDING_REASON_LOOKS_AT, &place, err))
        return false;
    if (place.position > 0)
        *reason = arena_printf(
            q->arena, "position %" G_GINT64_FORMAT " of %s%" G_GINT64_FORMAT " in the queue",
            place.position, place.has_more ? "more than " : "", place.length);
    else if (place.has_more)
        *reason =
            arena_printf(q->arena, "more than %" G_GINT64_FORMAT " jobs are before it in the queue",
                         place.length);
    else
        *reason = "it is being handed to a runner";
    return true;
}

static bool reason_pending(const Question *q, const char **reason, Error *err)
{
    MatchWish wish = { q->project, q->job->tags, q->pipeline->protected };
    Runner best;
    Reach reach;

    *reason = "it is being handed to a runner";
    if (q->job->confirm_by)
        return true;
    if (!match_best(q->db, q->arena, &wish, q->now_us, PENDING_REASON_LOOKS_AT, &best, &reach, err))
        return false;
    switch (reach) {
    case REACH_NONE:
        *reason = "no runner serves this project";
        return true;
    case REACH_PROJECT:
        *reason = reason_without_tags(q);
        return true;
    case REACH_TAGS:
        *reason = "the runners that have its tags serve protected refs only";
        return true;
    case REACH_REF:
        *reason = "the runners that could run it are paused";
        return true;
    case REACH_ACTIVE:
        *reason = "no runner that could run it is online";
        return true;
    case REACH_ONLINE:
        return reason_queued(q, reason, err);
    case N_REACHES:
        break;
    }
    return true;
}

/* --- all ------------------------------------------------------------------------------------- */

static bool reason_scheduled(const Question *q, const char **reason, Error *err)
{
    char time[TIME_TEXT_SIZE];

    *reason = arena_printf(q->arena, "delayed until %s", time_to_text(q->job->scheduled_at, time));
    return true;
}

/* A bridge waits for no runner. */
static bool reason_starting(const Question *q, const char **reason, Error *err)
{
    *reason = "its pipeline is being made";
    return true;
}

bool pending_reason(Db *db, Arena *arena, const Job *job, const Pipeline *pipeline,
                    const Project *project, int64_t now_us, const char **reason, Error *err)
{
    static bool (*const reasons[N_STATUS])(const Question *, const char **, Error *) = {
        [STATUS_CREATED] = reason_created,
        [STATUS_WAITING_FOR_RESOURCE] = reason_waiting,
        [STATUS_PENDING] = reason_pending,
        [STATUS_SCHEDULED] = reason_scheduled,
    };
    Question q = { db, arena, job, pipeline, project, now_us };

    *reason = NULL;
    if (job->bridge && job->status == STATUS_PENDING)
        return reason_starting(&q, reason, err);
    return !reasons[job->status] || reasons[job->status](&q, reason, err);
}
