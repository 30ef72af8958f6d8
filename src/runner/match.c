/* match.c - each runner is asked one question after the other. */
#include "runner/match.h"

#include "runner/queue.h"

static Reach reach_of(const MatchWish *wish, const Runner *runner, int64_t now_us)
{
    const bool serves[N_RUNNER_KINDS] = {
        [RUNNER_INSTANCE] = wish->project->shared_runners_enabled,
        [RUNNER_GROUP] = wish->project->group_runners_enabled,
        [RUNNER_PROJECT] = true,
    };
    const bool steps[N_REACHES] = {
        [REACH_NONE] = true,
        [REACH_PROJECT] = serves[runner->kind],
        [REACH_TAGS] = queue_tags_match(runner->tags, runner->run_untagged, wish->tags),
        [REACH_REF] = wish->protected || g_strcmp0(runner->access_level, "ref_protected") != 0,
        [REACH_ACTIVE] = !runner->paused,
        [REACH_ONLINE] =
            runner->contacted_at > 0 && now_us - runner->contacted_at < RUNNER_ONLINE_US,
    };
    Reach reach = REACH_NONE;

    while (reach + 1 < N_REACHES && steps[reach + 1])
        reach++;
    return reach;
}

bool match_best(Db *db, Arena *arena, const MatchWish *wish, int64_t now_us, int64_t at_most,
                Runner *best, Reach *reach, Error *err)
{
    RunnerFilter filter = { .usable_in_project = wish->project->id, .slice = { .limit = at_most } };
    Runner *runners = NULL;
    size_t n = 0;

    *best = (Runner){ 0 };
    *reach = REACH_NONE;
    if (!runner_list(db, arena, &filter, &runners, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        Reach this = reach_of(wish, &runners[i], now_us);
        if (this < *reach || (this == *reach && runners[i].contacted_at <= best->contacted_at))
            continue;
        *best = runners[i];
        *reach = this;
    }
    return true;
}
