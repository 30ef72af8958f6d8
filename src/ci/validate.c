/* validate.c - what must hold between jobs.  The first problem is the only message. */
#include "base/text.h"
#include "ci/compiler.h"
#include "ci/rules.h"

#include <string.h>

typedef struct Validator {
    Compiler *c;
    const CiConfig *config;
    GHashTable *names; /* job name -> its number + 1 */
} Validator;

static size_t job_number(const Validator *v, const char *name)
{
    return GPOINTER_TO_SIZE(g_hash_table_lookup(v->names, name));
}

static bool report(const Validator *v, const CiJob *job, const char *text)
{
    Node at = { .file = job->file, .line = job->line, .column = 1 };

    return compiler_report(v->c, &at, "%s", text);
}

/* As compiler_excuse(), about what @job names. */
static bool excuse(const Validator *v, const CiJob *job, const char *what, const char *name)
{
    Node at = { .file = job->file, .line = job->line, .column = 1 };

    return compiler_excuse(v->c, &at, "the %s `%s` of `%s`", what, name, job->name);
}

/* Whether the job @other may be in a stage after that of @job. */
static bool is_later(const Validator *v, const CiJob *other, const CiJob *job)
{
    return !v->c->stages_are_open && other->stage_index > job->stage_index;
}

static bool check_stage(const Validator *v, const CiJob *job)
{
    if (job->stage_index >= 0)
        return true;
    g_autofree char *stages = g_strjoinv(", ", (char **)v->config->stages);
    return report(v, job,
                  arena_printf(v->c->arena,
                               "%s job: chosen stage %s does not exist; available stages are %s",
                               job->name, job->stage, stages));
}

static bool check_need(const Validator *v, const CiJob *job, const CiNeed *need)
{
    Arena *arena = v->c->arena;
    size_t number = job_number(v, need->job);

    if (g_utf8_strlen(need->job, -1) > 255)
        return report(v, job,
                      arena_printf(arena,
                                   "%s job: need `%s` name is too long (maximum is 255 characters)",
                                   job->name, need->job));
    if (number == 0)
        return need->optional || excuse(v, job, "need", need->job) ||
               report(v, job,
                      arena_printf(arena, "%s job: undefined need: %s", job->name, need->job));
    if (is_later(v, &v->config->jobs[number - 1], job))
        return report(v, job,
                      arena_printf(arena,
                                   "%s job: need %s is not defined in current or prior stages",
                                   job->name, need->job));
    return true;
}

static bool check_dependency(const Validator *v, const CiJob *job, const char *name)
{
    Arena *arena = v->c->arena;
    size_t number = job_number(v, name);

    if (number == 0)
        return excuse(v, job, "dependency", name) ||
               report(v, job,
                      arena_printf(arena, "%s job: undefined dependency: %s", job->name, name));
    return !is_later(v, &v->config->jobs[number - 1], job) ||
           report(v, job,
                  arena_printf(arena,
                               "%s job: dependency %s is not defined in current or prior stages",
                               job->name, name));
}

static bool check_dependencies(const Validator *v, const CiJob *job)
{
    for (CiStrings name = job->dependencies; name && *name; name++) {
        if (!check_dependency(v, job, *name))
            return false;
    }
    return true;
}

static bool check_duplicates(const Validator *v, const CiJob *job, const CiNeed *needs, size_t n)
{
    if (n < 2)
        return true;
    g_autoptr(GHashTable) seen = g_hash_table_new(text_hash, g_str_equal);
    g_autoptr(GHashTable) named = g_hash_table_new(text_hash, g_str_equal);
    g_autoptr(GString) list = g_string_new(NULL);

    for (size_t i = 0; i < n; i++) {
        char *name = (char *)needs[i].job;
        if (!g_hash_table_add(seen, name) && g_hash_table_add(named, name))
            g_string_append_printf(list, "%s%s", list->len ? ", " : "", name);
    }
    return list->len == 0 ||
           report(v, job,
                  arena_printf(v->c->arena, "%s has the following needs duplicated: %s.", job->name,
                               list->str));
}

static bool check_all(const Validator *v, const CiJob *job, const CiNeed *needs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!check_need(v, job, &needs[i]))
            return false;
    }
    return check_duplicates(v, job, needs, n);
}

/* Those of the job, then those of each rule. */
static bool check_needs(const Validator *v, const CiJob *job)
{
    if (!check_all(v, job, job->needs, job->n_needs))
        return false;
    for (size_t i = 0; i < job->n_rules; i++) {
        if (!check_all(v, job, job->rules[i].needs, job->rules[i].n_needs))
            return false;
    }
    return true;
}

/* A child pipeline's file must come from a job of an earlier stage. */
static bool check_trigger(const Validator *v, const CiJob *job)
{
    for (size_t i = 0; job->trigger && i < job->trigger->n_includes; i++) {
        const CiTriggerInclude *include = &job->trigger->includes[i];
        if (include->job && !check_dependency(v, job, include->job))
            return false;
    }
    return true;
}

/* The job that stops the environment of @job.  Names are compared as they are written. */
static bool check_on_stop(const Validator *v, const CiJob *job)
{
    const CiEnvironment *own = job->environment;
    size_t number = own && own->on_stop ? job_number(v, own->on_stop) : 0;
    const char *problem = NULL;

    if (!own || !own->on_stop)
        return true;
    const CiEnvironment *other = number > 0 ? v->config->jobs[number - 1].environment : NULL;
    if (number == 0)
        problem = "is not defined";
    else if (!other)
        problem = "does not have environment defined";
    else if (!g_str_equal(other->name, own->name))
        problem = "have different environment name";
    else if (!g_str_equal(other->action, "stop"))
        problem = "needs to have action stop defined";
    return !problem || excuse(v, job, "job to stop the environment,", own->on_stop) ||
           report(v, job,
                  arena_printf(v->c->arena, "%s job: on_stop job %s %s", job->name, own->on_stop,
                               problem));
}

/* Tarjan's search over needs, in the order in which GitLab's own walks them. */
typedef struct Search {
    const Validator *v;
    size_t *ids;    /* 0: not seen; G_MAXSIZE: done */
    GArray *path;   /* of size_t: Tarjan's stack */
    GArray *frames; /* of Frame: the search's own stack */
    size_t next_id;
} Search;

typedef struct Frame {
    size_t job;
    size_t need; /* the next to look at */
    size_t id;
    size_t low;
} Frame;

static bool needs_itself(const CiJob *job)
{
    for (size_t i = 0; i < job->n_needs; i++) {
        if (g_str_equal(job->needs[i].job, job->name))
            return true;
    }
    return false;
}

static bool enter(Search *s, size_t number)
{
    const CiJob *job = &s->v->config->jobs[number];
    Frame frame = { number, 0, ++s->next_id, s->next_id };

    frame.low = frame.id;
    s->ids[number] = frame.id;
    g_array_append_val(s->path, number);
    g_array_append_val(s->frames, frame);
    return !needs_itself(job) ||
           report(s->v, job,
                  arena_printf(s->v->c->arena,
                               "The pipeline has circular dependencies: self-dependency: %s",
                               job->name));
}

static bool report_cycle(const Search *s, guint from)
{
    const CiConfig *config = s->v->config;
    g_autoptr(GString) list = g_string_new(NULL);

    for (guint i = from; i < s->path->len; i++) {
        const CiJob *job = &config->jobs[g_array_index(s->path, size_t, i)];
        const Node *name = node_new_string(s->v->c->arena, job->name, NULL);
        g_string_append_printf(list, "%s%s", list->len ? ", " : "",
                               node_to_json(s->v->c->arena, name));
    }
    const CiJob *first = &config->jobs[g_array_index(s->path, size_t, from)];
    return report(s->v, first,
                  arena_printf(s->v->c->arena,
                               "The pipeline has circular dependencies: topological sort failed: "
                               "[%s]",
                               list->str));
}

/* Closes the top frame: what stands above it on the path is one component. */
static bool leave(Search *s)
{
    Frame done = g_array_index(s->frames, Frame, s->frames->len - 1);

    g_array_set_size(s->frames, s->frames->len - 1);
    if (done.low == done.id) {
        guint from = s->path->len;
        while (g_array_index(s->path, size_t, from - 1) != done.job)
            from--;
        from--;
        if (s->path->len - from > 1)
            return report_cycle(s, from);
        s->ids[done.job] = G_MAXSIZE;
        g_array_set_size(s->path, from);
    }
    if (s->frames->len > 0) {
        Frame *above = &g_array_index(s->frames, Frame, s->frames->len - 1);
        above->low = MIN(above->low, done.low);
    }
    return true;
}

static bool step(Search *s)
{
    Frame *top = &g_array_index(s->frames, Frame, s->frames->len - 1);
    const CiJob *job = &s->v->config->jobs[top->job];

    if (top->need == job->n_needs)
        return leave(s);
    size_t number = job_number(s->v, job->needs[top->need++].job);
    if (number == 0)
        return true;
    size_t id = s->ids[number - 1];
    if (id == 0)
        return enter(s, number - 1);
    if (id != G_MAXSIZE)
        top->low = MIN(top->low, id);
    return true;
}

static bool check_cycles(const Validator *v)
{
    Search s = { .v = v };
    bool ok = true;

    s.ids = g_new0(size_t, v->config->n_jobs + 1);
    s.path = g_array_new(FALSE, FALSE, sizeof(size_t));
    s.frames = g_array_new(FALSE, FALSE, sizeof(Frame));
    for (size_t i = 0; ok && i < v->config->n_jobs; i++) {
        if (s.ids[i] != 0)
            continue;
        ok = enter(&s, i);
        while (ok && s.frames->len > 0)
            ok = step(&s);
    }
    g_array_free(s.frames, TRUE);
    g_array_free(s.path, TRUE);
    g_free(s.ids);
    return ok;
}

bool validate_jobs(Compiler *c, const CiConfig *config)
{
    g_autoptr(GHashTable) names = g_hash_table_new(text_hash, g_str_equal);
    Validator v = { c, config, names };

    for (size_t i = 0; i < config->n_jobs; i++)
        g_hash_table_insert(names, (gpointer)config->jobs[i].name, GSIZE_TO_POINTER(i + 1));
    for (size_t i = 0; i < config->n_jobs; i++) {
        const CiJob *job = &config->jobs[i];
        if (!check_stage(&v, job) || !check_dependencies(&v, job) || !check_needs(&v, job) ||
            !check_trigger(&v, job) || !check_on_stop(&v, job))
            return false;
    }
    return check_cycles(&v);
}
