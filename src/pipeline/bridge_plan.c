/* bridge_plan.c - reads a bridge's rows, and settles its variables, target and files. */
#include "pipeline/bridge_plan.h"

#include "access/subject.h"
#include "base/json.h"
#include "pipeline/spec.h"
#include "pipeline/stored_variables.h"
#include "store/job_specs.h"
#include "store/mirrors.h"
#include "store/pipeline_variables.h"

#include <string.h>

/* --- rows ------------------------------------------------------------------------------------ */

static bool gone(Error *failed, Error *err)
{
    return failed->code == ERR_NO_RECORD || error_move(err, failed);
}

static bool is_open(BridgePlan *plan, Db *db, int64_t job_id, bool *open, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    DownstreamPipeline link;
    Mirror mirror;

    *open = false;
    if (!job_get(db, plan->arena, job_id, &plan->bridge, &failed))
        return gone(&failed, err);
    if (plan->bridge.status != STATUS_PENDING ||
        downstream_of_bridge(db, plan->arena, job_id, &link, &failed))
        return true;
    if (failed.code != ERR_NO_RECORD)
        return error_move(err, &failed);
    error_clear(&failed);
    if (mirror_get(db, plan->arena, job_id, &mirror, &failed))
        return true;
    *open = true;
    return gone(&failed, err);
}

static bool read_spec(BridgePlan *plan, Db *db, Error *err)
{
    JobSpec row;

    if (!job_spec_get(db, plan->arena, plan->bridge.spec_id, &row, err))
        return false;
    json_t *spec = spec_from_json(row.options, err);
    if (!spec)
        return false;
    arena_defer(plan->arena, (GDestroyNotify)json_decref, spec);
    plan->spec = spec;
    plan->trigger = json_object_get(spec, "trigger");
    return true;
}

static bool read_user(BridgePlan *plan, Db *db, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;

    if (!user_get(db, plan->arena, plan->bridge.user_id, &plan->user, &failed)) {
        plan->refusal = FAILURE_BRIDGE_PERMISSIONS;
        return gone(&failed, err);
    }
    return subject_of_project(db, plan->user.id, plan->user.admin, &plan->project,
                              clock_now(plan->site->clock), &plan->subject, err);
}

static bool read_rows(BridgePlan *plan, int64_t job_id, bool *is_due, Error *err)
{
    g_autoptr(Db) db = database_reader(plan->site->database);

    if (!is_open(plan, db, job_id, is_due, err))
        return false;
    return !*is_due ||
           (pipeline_get(db, plan->arena, plan->bridge.pipeline_id, &plan->pipeline, err) &&
            project_get(db, plan->arena, plan->bridge.project_id, &plan->project, err) &&
            downstream_find(db, plan->arena, plan->pipeline.id, &plan->above, err) &&
            read_spec(plan, db, err) && read_user(plan, db, err));
}

/* --- variables ------------------------------------------------------------------------------- */

/* What a job of the pipeline has, but for what only an attempt on a runner has. */
static bool collect(BridgePlan *plan, Error *err)
{
    RepoCommit commit;
    Variables list;
    RunContext run = { .site = plan->site,
                       .project = &plan->project,
                       .pipeline = &plan->pipeline,
                       .commit = &commit,
                       .user = &plan->user,
                       .upstream = plan->above };

    if (!repo_commit(plan->site->repos, plan->project.id, plan->pipeline.sha, plan->arena, &commit,
                     err) ||
        !run_find_tag_message(&run, plan->arena, err))
        return false;
    variables_init(&list, plan->arena);
    variables_add_job(&list, &plan->bridge);
    variables_add_predefined(&list, &run);
    variables_add_spec(&list, plan->spec);
    variables_add_user(&list, &plan->user);
    g_autoptr(Db) db = database_reader(plan->site->database);
    if (!variables_add_dotenv(&list, plan->site, db, &plan->bridge, plan->spec, err) ||
        !variables_add_stored(&list, plan->site, db, &plan->project, plan->pipeline.protected, NULL,
                              err) ||
        !variables_add_given(&list, plan->site, db, plan->pipeline.id, plan->bridge.id, err))
        return false;
    variables_add_pipeline(&list, &run);
    CiStrings cycle = NULL;
    plan->known = ci_expand_values(plan->arena, variables_for_ci(&list), &cycle);
    return true;
}

/* "" where it would be too long. */
static const char *expand(BridgePlan *plan, const char *text)
{
    const char *value = ci_expand(plan->arena, text, plan->known);

    return value ? value : "";
}

/* The last of a key wins, at the place of the first. */
static void give(Variables *given, Variable variable)
{
    for (size_t i = 0; i < given->n; i++)
        if (strcmp(given->items[i].key, variable.key) == 0) {
            given->items[i] = variable;
            return;
        }
    variables_add(given, variable);
}

static bool forward(BridgePlan *plan, Error *err)
{
    Variables list;

    variables_init(&plan->given, plan->arena);
    variables_init(&list, plan->arena);
    if (json_get_bool(plan->trigger, "forward_yaml_variables", true))
        variables_add_spec(&list, plan->spec);
    for (size_t i = 0; i < list.n; i++)
        if (!list.items[i].raw)
            list.items[i].value = expand(plan, list.items[i].value);
    if (json_get_bool(plan->trigger, "forward_pipeline_variables", false)) {
        g_autoptr(Db) db = database_reader(plan->site->database);
        if (!variables_add_given(&list, plan->site, db, plan->pipeline.id, plan->bridge.id, err))
            return false;
    }
    for (size_t i = 0; i < list.n; i++)
        give(&plan->given, (Variable){ .key = list.items[i].key,
                                       .value = list.items[i].value,
                                       .file = list.items[i].file,
                                       .raw = list.items[i].raw });
    return true;
}

/* --- where to -------------------------------------------------------------------------------- */

static bool find_target(BridgePlan *plan, const char *written, Error *err)
{
    g_autoptr(Db) db = database_reader(plan->site->database);
    g_auto(Error) failed = ERROR_INIT;

    plan->refusal = FAILURE_DOWNSTREAM_PROJECT;
    if (!project_by_path(db, plan->arena, expand(plan, written), &plan->target, &failed))
        return gone(&failed, err);
    if (!subject_of_project(db, plan->user.id, plan->user.admin, &plan->target,
                            clock_now(plan->site->clock), &plan->there, err))
        return false;
    if (!access_sees(&plan->there))
        return true;
    plan->refusal = plan->target.id == plan->project.id ? FAILURE_BRIDGE_TRIGGER : FAILURE_NONE;
    return true;
}

static bool settle_target(BridgePlan *plan, Error *err)
{
    const char *project = json_get_string(plan->trigger, "project");
    const char *branch = json_get_string(plan->trigger, "branch");
    const char *strategy = json_get_string(plan->trigger, "strategy");

    plan->child = project == NULL;
    plan->strategy =
        strategy ? (BridgeStrategy)name_value(&bridge_strategy_names, strategy) : STRATEGY_NONE;
    if (plan->child) {
        plan->target = plan->project;
        plan->there = plan->subject;
        plan->ref = plan->pipeline.ref;
        return true;
    }
    if (!find_target(plan, project, err))
        return false;
    plan->ref = branch ? expand(plan, branch) : plan->target.default_branch;
    return true;
}

/* The newest pipeline of its default branch, if the user may see it. */
static bool settle_mirror(BridgePlan *plan, Error *err)
{
    g_autoptr(Db) db = database_reader(plan->site->database);
    g_auto(Error) failed = ERROR_INIT;
    const char *written = json_get_string(plan->spec, "mirror");
    Pipeline newest;

    plan->refusal = FAILURE_UPSTREAM_PROJECT;
    if (!project_by_path(db, plan->arena, expand(plan, written ? written : ""), &plan->target,
                         &failed))
        return gone(&failed, err);
    if (!subject_of_project(db, plan->user.id, plan->user.admin, &plan->target,
                            clock_now(plan->site->clock), &plan->there, err))
        return false;
    if (!access_sees(&plan->there))
        return true;
    if (!access_can(&plan->there, CAN_READ_PIPELINES)) {
        plan->refusal = FAILURE_UPSTREAM_PERMISSIONS;
        return true;
    }
    if (!pipeline_latest(db, plan->arena, plan->target.id, plan->target.default_branch, NULL,
                         &newest, &failed)) {
        plan->refusal_text = "The project has no pipeline of its default branch";
        return gone(&failed, err);
    }
    plan->refusal = FAILURE_NONE;
    plan->mirrored_id = newest.id;
    return true;
}

/* --- files and inputs ------------------------------------------------------------------------ */

/* A text may name variables; any other value is as written. */
static CiGivenInput input_of(BridgePlan *plan, const char *name, const json_t *value)
{
    g_autofree char *json = NULL;

    if (json_is_string(value))
        return (CiGivenInput){ .name = name, .value = expand(plan, json_string_value(value)) };
    json = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    return (CiGivenInput){ .name = name, .value = arena_strdup(plan->arena, json), .json = true };
}

static void settle_inputs(BridgePlan *plan)
{
    json_t *inputs = json_object_get(plan->trigger, "inputs");
    CiGivenInput *list = arena_new0(plan->arena, CiGivenInput, json_object_size(inputs));
    const char *name;
    json_t *value;

    json_object_foreach (inputs, name, value)
        list[plan->n_inputs++] = input_of(plan, name, value);
    plan->inputs = list;
}

static void put_inputs(JsonWriter *w, BridgePlan *plan, json_t *inputs)
{
    const char *name;
    json_t *value;

    if (!inputs)
        return;
    jw_key(w, "inputs");
    jw_begin_object(w);
    json_object_foreach (inputs, name, value) {
        CiGivenInput input = input_of(plan, name, value);
        if (input.json)
            jw_put_raw(w, name, input.value);
        else
            jw_put_string(w, name, input.value);
    }
    jw_end_object(w);
}

/* An include's key for where the file is: that of "project" is "file". */
static const char *location_key(const char *kind)
{
    return strcmp(kind, "project") == 0 ? "file" : kind;
}

static void put_include(JsonWriter *w, BridgePlan *plan, const json_t *item)
{
    static const char *const texts[] = { "project", "ref", "job" };
    json_t *inputs = json_object_get(item, "inputs");

    jw_begin_object(w);
    jw_put_string(w, location_key(json_get_string(item, "kind")),
                  json_get_string(item, "location"));
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        if (json_get_string(item, texts[i]))
            jw_put_string(w, texts[i], json_get_string(item, texts[i]));
    put_inputs(w, plan, inputs ? inputs : json_object_get(plan->trigger, "inputs"));
    jw_end_object(w);
}

/* A child's root file is one `include` of what the trigger includes: JSON, which is YAML. */
static void settle_content(BridgePlan *plan)
{
    const json_t *includes = json_object_get(plan->trigger, "includes");
    g_autoptr(GString) text = g_string_new(NULL);
    JsonWriter w;

    jw_init(&w, text);
    jw_begin_object(&w);
    jw_key(&w, "include");
    jw_begin_array(&w);
    for (size_t i = 0; i < json_array_size(includes); i++)
        put_include(&w, plan, json_array_get(includes, i));
    jw_end_array(&w);
    jw_end_object(&w);
    plan->content = arena_strdup(plan->arena, text->str);
}

bool bridge_plan(BridgePlan *plan, const Site *site, Arena *arena, int64_t job_id, bool *is_due,
                 Error *err)
{
    *plan = (BridgePlan){ .site = site, .arena = arena };
    if (!read_rows(plan, job_id, is_due, err))
        return false;
    if (!*is_due || plan->refusal != FAILURE_NONE)
        return true;
    if (!collect(plan, err))
        return false;
    if (!plan->trigger)
        return settle_mirror(plan, err);
    if (!settle_target(plan, err))
        return false;
    if (plan->refusal != FAILURE_NONE)
        return true;
    if (plan->child)
        settle_content(plan);
    else
        settle_inputs(plan);
    return forward(plan, err);
}
