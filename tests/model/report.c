/* report.c - a failed play made small, and written down as an engine case. */
#include "report.h"

#include <string.h>

/* --- smaller --- */

static bool still_fails(const Play *play)
{
    g_autoptr(GString) fault = g_string_new(NULL);

    return !play_holds(play, fault);
}

static bool take_if_it_fails(Play *play, const Play *smaller)
{
    if (!still_fails(smaller))
        return false;
    *play = *smaller;
    return true;
}

static bool leave_out_steps(Play *play)
{
    bool done = false;

    for (int i = play->n_steps - 1; i >= 0; i--) {
        Play smaller = *play;

        memmove(&smaller.steps[i], &smaller.steps[i + 1],
                (size_t)(smaller.n_steps - i - 1) * sizeof(*smaller.steps));
        smaller.n_steps--;
        done |= take_if_it_fails(play, &smaller);
    }
    return done;
}

static unsigned without_bit(unsigned set, int bit)
{
    unsigned low = set & ((1u << bit) - 1);

    return low | (set >> (bit + 1)) << bit;
}

static Play without_job(const Play *play, int job)
{
    Play smaller = { .shape = play->shape };
    Shape *shape = &smaller.shape;

    shape->n_jobs--;
    for (int i = 0; i < shape->n_jobs; i++) {
        shape->jobs[i] = play->shape.jobs[i < job ? i : i + 1];
        shape->jobs[i].needs = without_bit(shape->jobs[i].needs, job);
    }
    for (int i = 0; i < play->n_steps; i++) {
        Step step = play->steps[i];

        if (step.job == job && step.kind != STEP_CANCEL_PIPELINE &&
            step.kind != STEP_RETRY_PIPELINE)
            continue;
        step.job = step.job == job ? 0 : step.job - (step.job > job);
        smaller.steps[smaller.n_steps++] = step;
    }
    return smaller;
}

static bool leave_out_jobs(Play *play)
{
    bool done = false;

    for (int i = play->shape.n_jobs - 1; i >= 0 && play->shape.n_jobs > 1; i--) {
        Play smaller = without_job(play, i);

        done |= take_if_it_fails(play, &smaller);
    }
    return done;
}

static void make_plainer(ShapeJob *job, int how)
{
    switch (how) {
    case 0:
        job->retry_max = 0;
        job->retry_exit_code = false;
        job->retry_reason = FAILURE_NONE;
        return;
    case 1:
        job->allows_exit_code = false;
        return;
    case 2:
        job->allow_failure = false;
        return;
    case 3:
        job->resource = false;
        return;
    case 4:
        job->when = WHEN_ON_SUCCESS;
        return;
    case 5:
        job->by_needs = false;
        job->needs = 0;
        return;
    default:
        job->bridge = false;
        job->strategy = STRATEGY_NONE;
        return;
    }
}
enum { N_PLAINER = 7 };

static bool leave_out_properties(Play *play)
{
    bool done = false;
    Play smaller = *play;

    smaller.shape.cancel_on_failure = false;
    smaller.shape.reversed = false;
    if (memcmp(&smaller, play, sizeof(smaller)) != 0)
        done |= take_if_it_fails(play, &smaller);
    for (int i = 0; i < play->shape.n_jobs; i++)
        for (int how = 0; how < N_PLAINER; how++) {
            smaller = *play;
            make_plainer(&smaller.shape.jobs[i], how);
            if (memcmp(&smaller, play, sizeof(smaller)) != 0)
                done |= take_if_it_fails(play, &smaller);
        }
    return done;
}

void report_shrink(Play *play)
{
    bool smaller = true;

    while (smaller) {
        smaller = leave_out_steps(play);
        smaller |= leave_out_jobs(play);
        smaller |= leave_out_properties(play);
    }
}

/* --- as a case --- */

static void put_needs(GString *out, const Shape *shape, const ShapeJob *job)
{
    const char *between = "";

    if (!job->by_needs)
        return;
    g_string_append(out, ", needs: [");
    for (int i = 0; i < shape->n_jobs; i++)
        if ((job->needs >> i) & 1) {
            g_string_append_printf(out, "%s%s", between, job_names[i]);
            between = ", ";
        }
    g_string_append_c(out, ']');
}

static void put_retry(GString *out, const ShapeJob *job)
{
    if (job->retry_max == 0)
        return;
    g_string_append_printf(out, ", retry: {max: %d", job->retry_max);
    if (job->retry_exit_code)
        g_string_append_printf(out, ", exit_codes: %d", RETRIED_EXIT_CODE);
    else if (job->retry_reason != FAILURE_NONE)
        g_string_append_printf(out, ", when: %s",
                               name_of(&failure_reason_names, job->retry_reason));
    g_string_append_c(out, '}');
}

static void put_job(GString *out, const Shape *shape, int index)
{
    const ShapeJob *job = &shape->jobs[index];

    g_string_append_printf(out, "  %s: {stage: %s, ", job_names[index], stage_names[job->stage]);
    if (!job->bridge)
        g_string_append(out, "script: x");
    else if (job->strategy == STRATEGY_NONE)
        g_string_append(out, "trigger: g/p");
    else
        g_string_append_printf(out, "trigger: {project: g/p, strategy: %s}",
                               name_of(&bridge_strategy_names, job->strategy));
    if (job->when != WHEN_ON_SUCCESS)
        g_string_append_printf(out, ", when: %s", name_of(&job_when_names, job->when));
    if (job->when == WHEN_DELAYED)
        g_string_append_printf(out, ", start_in: %d seconds", DELAY_S);
    if (job->allows_exit_code)
        g_string_append_printf(out, ", allow_failure: {exit_codes: %d}", ALLOWED_EXIT_CODE);
    else if (job->allow_failure || job->when == WHEN_MANUAL)
        g_string_append_printf(out, ", allow_failure: %s", job->allow_failure ? "true" : "false");
    if (job->resource)
        g_string_append(out, ", resource_group: r");
    put_retry(out, job);
    put_needs(out, shape, job);
    g_string_append(out, "}\n");
}

static void put_config(GString *out, const Shape *shape)
{
    g_string_append(out, "config:\n  stages: [");
    for (int s = 0; s < shape->n_stages; s++)
        g_string_append_printf(out, "%s%s", s > 0 ? ", " : "", stage_names[s]);
    g_string_append(out, "]\n");
    if (shape->cancel_on_failure)
        g_string_append(out, "  workflow: {auto_cancel: {on_job_failure: all}}\n");
    for (int i = 0; i < shape->n_jobs; i++)
        put_job(out, shape, shape->reversed ? shape->n_jobs - 1 - i : i);
}

static bool has_jobs(const Shape *shape, int stage)
{
    for (int i = 0; i < shape->n_jobs; i++)
        if (shape->jobs[i].stage == stage)
            return true;
    return false;
}

static void put_expect(GString *out, const Oracle *o, const char *indent)
{
    const char *between = "";

    g_string_append_printf(out, "%sexpect:\n%s  pipeline: %s\n%s  stages: {", indent, indent,
                           name_of(&status_names, o->pipeline), indent);
    for (int s = 0; s < o->shape.n_stages; s++)
        if (has_jobs(&o->shape, s)) {
            g_string_append_printf(out, "%s%s: %s", between, stage_names[s],
                                   name_of(&status_names, o->stages[s]));
            between = ", ";
        }
    g_string_append_printf(out, "}\n%s  jobs: {", indent);
    for (int i = 0; i < o->shape.n_jobs; i++)
        g_string_append_printf(out, "%s%s: %s", i > 0 ? ", " : "", job_names[i],
                               name_of(&status_names, o->runs[o->latest[i]].status));
    g_string_append(out, "}\n");
}

static const char *const event_names[N_STEP_KINDS] = {
    [STEP_RUN] = "run",
    [STEP_RUN_GRACEFULLY] = "run_gracefully",
    [STEP_SUCCEED] = "success",
    [STEP_FAIL] = "drop",
    [STEP_CANCEL] = "cancel",
    [STEP_FORCE_CANCEL] = "force_cancel",
    [STEP_TAKE_BACK] = "take_back",
    [STEP_DUE] = "enqueue_scheduled",
    [STEP_DUE_EARLY] = "enqueue_scheduled",
    [STEP_UNSCHEDULE] = "unschedule",
    [STEP_PLAY] = "play",
    [STEP_RETRY] = "retry",
    [STEP_RERUN] = "rerun",
    [STEP_ASSIGN_RESOURCE] = "enqueue_waiting_for_resource",
    [STEP_DOWNSTREAM] = "downstream_",
    [STEP_WAIT_AGAIN] = "wait_again",
    [STEP_CANCEL_PIPELINE] = "cancel",
    [STEP_RETRY_PIPELINE] = "retry",
};

/* Whether nothing came of a step that could have been turned away. */
static bool is_refused(const Step *step, const Oracle *was, const Oracle *is)
{
    bool waits = was->runs[oracle_target(was, step)].status == STATUS_PENDING;

    if ((step->kind == STEP_TAKE_BACK && waits) || step->kind == STEP_RETRY_PIPELINE ||
        was->n_runs != is->n_runs)
        return false;
    for (int i = 0; i < was->n_runs; i++)
        if (was->runs[i].status != is->runs[i].status)
            return false;
    return true;
}

static void put_step(GString *out, const Step *step)
{
    g_string_append_printf(out, "  - event: %s", event_names[step->kind]);
    if (step->kind == STEP_DOWNSTREAM)
        g_string_append(out, name_of(&status_names, step->status));
    g_string_append_c(out, '\n');
    if (step->kind == STEP_FAIL) {
        g_string_append_printf(out, "    reason: %s\n",
                               name_of(&failure_reason_names, step->reason));
        if (step->exit_code >= 0)
            g_string_append_printf(out, "    exit_code: %d\n", step->exit_code);
    }
    if (step->run > 0)
        g_string_append_printf(out, "    run: %d\n", step->run);
    if (step->kind != STEP_CANCEL_PIPELINE && step->kind != STEP_RETRY_PIPELINE)
        g_string_append_printf(out, "    jobs: [%s]\n", job_names[step->job]);
}

char *report_as_case(const Play *play)
{
    GString *out = g_string_new(NULL);
    Oracle o;

    put_config(out, &play->shape);
    oracle_start(&o, &play->shape);
    g_string_append(out, "\ninit:\n");
    put_expect(out, &o, "  ");
    g_string_append(out, play->n_steps > 0 ? "\ntransitions:\n" : "\ntransitions: []\n");
    for (int i = 0; i < play->n_steps; i++) {
        if (!oracle_takes(&o, &play->steps[i]))
            continue;
        Oracle was = o;

        oracle_step(&o, &play->steps[i]);
        if (play->steps[i].kind == STEP_DUE_EARLY && is_refused(&play->steps[i], &was, &o))
            continue; /* in a case the clock jumps */
        put_step(out, &play->steps[i]);
        if (is_refused(&play->steps[i], &was, &o))
            g_string_append(out, "    refused: true\n");
        put_expect(out, &o, "    ");
    }
    return g_string_free(out, FALSE);
}
